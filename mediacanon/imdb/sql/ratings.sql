-- Ratings: the merges of titles and episodes write them with their rows; here they are counted.

-- report
  WITH ratings AS (
       SELECT old_votes, num_votes, old_rating, average_rating, claim = 1 OR claim IS NULL AS is_kept
         FROM imdb_staging.episode_changes
        UNION ALL
       SELECT old_votes, num_votes, old_rating, average_rating, tconst IS NOT NULL
         FROM imdb_staging.title_changes)
SELECT 'ratings' AS kind,
       count(*) FILTER (WHERE is_kept AND old_votes IS NULL AND num_votes IS NOT NULL) AS inserted,
       count(*) FILTER (WHERE is_kept AND old_votes IS NOT NULL AND num_votes IS NOT NULL
                          AND (old_votes, old_rating) IS DISTINCT FROM (num_votes, average_rating)) AS updated,
       (SELECT count(*) FROM titles WHERE imdb_id IS NOT NULL AND withdrawn_at IS NULL AND num_votes IS NOT NULL)
       + (SELECT count(*) FROM show_episodes WHERE imdb_id IS NOT NULL AND num_votes IS NOT NULL)
       - count(*) FILTER (WHERE is_kept AND num_votes IS NOT NULL
                            AND (old_votes, old_rating) IS DISTINCT FROM (num_votes, average_rating)) AS unchanged,
       count(*) FILTER (WHERE old_votes IS NOT NULL AND num_votes IS NULL) AS withdrawn,
       0 AS moved,
       0 AS duplicates
  FROM ratings;

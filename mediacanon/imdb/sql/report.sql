-- What the merge did, per kind: read from the change tables before they go.

  WITH ratings AS (
       SELECT old_votes, num_votes, old_rating, average_rating, id, claim = 1 OR claim IS NULL AS is_kept
         FROM imdb_staging.episode_changes
        UNION ALL
       SELECT old_votes, num_votes, old_rating, average_rating, id, tconst IS NOT NULL
         FROM imdb_staging.title_changes)
SELECT kind.name AS kind,
       count(*) FILTER (WHERE c.tconst IS NOT NULL AND c.id IS NULL) AS inserted,
       count(*) FILTER (WHERE c.id IS NOT NULL AND c.tconst IS NOT NULL AND c.old_type = c.type) AS updated,
       (SELECT count(*) FROM titles t WHERE t.type = kind.type AND t.imdb_id IS NOT NULL AND t.withdrawn_at IS NULL)
       - count(*) FILTER (WHERE c.tconst IS NOT NULL) AS unchanged,
       count(*) FILTER (WHERE c.tconst IS NULL AND c.id IS NOT NULL) AS withdrawn,
       count(*) FILTER (WHERE c.tconst IS NOT NULL AND c.old_type <> c.type) AS moved,
       0 AS duplicates
  FROM (VALUES ('movies', 'movie'), ('shows', 'show')) AS kind (name, type)
  LEFT JOIN imdb_staging.title_changes c ON CASE WHEN c.tconst IS NULL THEN c.old_type ELSE c.type END = kind.type
 GROUP BY kind.name, kind.type

 UNION ALL
SELECT 'seasons',
       (SELECT count(*) FROM show_seasons) - $1::bigint + (SELECT count(*) FROM imdb_staging.season_removals),
       0,
       $1::bigint - (SELECT count(*) FROM imdb_staging.season_removals),
       (SELECT count(*) FROM imdb_staging.season_removals),
       0,
       0

 UNION ALL
SELECT 'episodes',
       count(*) FILTER (WHERE id IS NULL AND claim = 1),
       count(*) FILTER (WHERE id IS NOT NULL AND tconst IS NOT NULL AND claim IS NULL),
       (SELECT count(*) FROM show_episodes WHERE imdb_id IS NOT NULL)
       - count(*) FILTER (WHERE tconst IS NOT NULL AND (claim = 1 OR claim IS NULL)),
       (SELECT count(*) FROM imdb_staging.episode_removals),
       count(*) FILTER (WHERE id IS NOT NULL AND claim = 1),
       count(*) FILTER (WHERE claim > 1)
  FROM imdb_staging.episode_changes

 UNION ALL
SELECT 'ratings',
       count(*) FILTER (WHERE is_kept AND old_votes IS NULL AND num_votes IS NOT NULL),
       count(*) FILTER (WHERE is_kept AND old_votes IS NOT NULL AND num_votes IS NOT NULL
                          AND (old_votes, old_rating) IS DISTINCT FROM (num_votes, average_rating)),
       (SELECT count(*) FROM titles WHERE imdb_id IS NOT NULL AND withdrawn_at IS NULL AND num_votes IS NOT NULL)
       + (SELECT count(*) FROM show_episodes WHERE imdb_id IS NOT NULL AND num_votes IS NOT NULL)
       - count(*) FILTER (WHERE is_kept AND num_votes IS NOT NULL
                            AND (old_votes, old_rating) IS DISTINCT FROM (num_votes, average_rating)),
       count(*) FILTER (WHERE old_votes IS NOT NULL AND num_votes IS NULL),
       0,
       0
  FROM ratings

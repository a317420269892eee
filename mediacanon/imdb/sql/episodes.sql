-- Episodes: their IMDb id identifies them; their place (show, season, number) may change from day to day.

-- before
CREATE UNLOGGED TABLE imdb_staging.seasons_before AS
SELECT count(*) AS count FROM show_seasons;

-- whole
CREATE VIEW imdb_staging.episodes_before AS
SELECT e.id, e.imdb_id, e.season_id, ss.show_id, ss.season, e.episode, e.display_name, e.average_rating, e.num_votes,
       e.locked_fields
  FROM show_episodes e
  JOIN show_seasons ss ON ss.id = e.season_id
 WHERE e.imdb_id IS NOT NULL;

-- difference
-- OFFSET 0 has each episode looked up in the index: most of them will be written, and a scan reads seven million.
CREATE VIEW imdb_staging.episodes_before AS
SELECT e.id, e.imdb_id, e.season_id, ss.show_id, ss.season, e.episode, e.display_name, e.average_rating, e.num_votes,
       e.locked_fields
  FROM imdb_staging.compared c
 CROSS JOIN LATERAL (SELECT * FROM show_episodes known WHERE known.imdb_id = c.imdb_id OFFSET 0) AS e
  JOIN show_seasons ss ON ss.id = e.season_id;

-- step: finding shows
CREATE UNLOGGED TABLE imdb_staging.shows AS
SELECT t.imdb_id, s.id AS show_id
  FROM shows s
  JOIN titles t ON t.id = s.title_id
 WHERE t.imdb_id IS NOT NULL
   AND t.withdrawn_at IS NULL;  -- a withdrawn show keeps its episodes

ANALYZE imdb_staging.shows;

-- step: adopting episodes
-- Rows that the original imported carry no IMDb id: the place tells which one they are.
UPDATE show_episodes e
   SET imdb_id = placed.tconst
  FROM (SELECT old.id, min(s.tconst) AS tconst
          FROM show_episodes old
          JOIN show_seasons ss ON ss.id = old.season_id
          JOIN imdb_staging.shows sh ON sh.show_id = ss.show_id
          JOIN imdb_staging.episode s
            ON s.parenttconst = sh.imdb_id AND s.seasonnumber = ss.season AND s.episodenumber = old.episode
         WHERE old.imdb_id IS NULL
           AND NOT EXISTS (SELECT FROM show_episodes taken WHERE taken.imdb_id = s.tconst)
         GROUP BY old.id) AS placed
 WHERE e.id = placed.id;

-- step: comparing episodes
-- The table holds three kinds of row: new (id is null), changed (both), gone (tconst is null).
CREATE UNLOGGED TABLE imdb_staging.episode_changes AS
SELECT old.id,
       old.season_id AS old_season_id,
       old.locked_fields,
       old.average_rating AS old_rating,
       old.num_votes AS old_votes,
       staged.tconst,
       staged.show_id,
       next.season,
       next.episode,
       next.display_name,
       r.averagerating AS average_rating,
       r.numvotes AS num_votes,
       -- An episode that stays in its place has no claim. Of several arrivals at one place the lowest IMDb id has claim 1.
       CASE WHEN staged.tconst IS NOT NULL
             AND (old.show_id, old.season, old.episode) IS DISTINCT FROM (staged.show_id, next.season, next.episode)
            THEN row_number() OVER (PARTITION BY staged.show_id, next.season, next.episode,
                                                 (old.show_id, old.season, old.episode) IS DISTINCT FROM (staged.show_id, next.season, next.episode)
                                        ORDER BY staged.tconst)
       END AS claim
  FROM (SELECT s.tconst, sh.show_id, s.seasonnumber AS season, s.episodenumber AS episode
          FROM imdb_staging.episode s
          JOIN imdb_staging.shows sh ON sh.imdb_id = s.parenttconst
         WHERE s.seasonnumber >= 0 AND s.episodenumber >= 0) AS staged
  FULL JOIN imdb_staging.episodes_before AS old ON old.imdb_id = staged.tconst
  LEFT JOIN imdb_staging.basics b ON b.tconst = staged.tconst AND b.titletype = 'tvEpisode'
  LEFT JOIN imdb_staging.ratings r ON r.tconst = staged.tconst
 -- TMDB's name stays if IMDb has none; an edited column is locked and keeps its value.
 CROSS JOIN LATERAL
       (SELECT CASE WHEN 'season_number' = ANY (old.locked_fields) THEN old.season ELSE staged.season END AS season,
               CASE WHEN 'episode_number' = ANY (old.locked_fields) THEN old.episode ELSE staged.episode END AS episode,
               CASE WHEN 'display_name' = ANY (old.locked_fields) THEN old.display_name
                    ELSE COALESCE(b.primarytitle, old.display_name) END AS display_name) AS next
 -- The locks are looked at last, and only in rows that differ: few do.
 WHERE (old.show_id, old.season, old.episode, old.display_name, old.average_rating, old.num_votes)
       IS DISTINCT FROM
       (staged.show_id, staged.season, staged.episode, COALESCE(b.primarytitle, old.display_name), r.averagerating, r.numvotes)
   AND (old.locked_fields IS NULL
        OR (old.show_id, old.season, old.episode, old.display_name, old.average_rating, old.num_votes)
           IS DISTINCT FROM
           (staged.show_id, next.season, next.episode, next.display_name, r.averagerating, r.numvotes))
   -- Of a show that the dump does not have, by its id of today, no episode is gone; an episode may move to another show.
   -- Nor of a show that was edited since the staging: the next import compares it.
   AND (staged.tconst IS NOT NULL
        OR old.show_id IN (SELECT show_id
                             FROM imdb_staging.shows
                            WHERE imdb_id NOT IN (SELECT imdb_id FROM imdb_unsettled)))
 ORDER BY staged.show_id, next.season, next.episode;

ANALYZE imdb_staging.episode_changes;

-- step: settling places
-- An arrival meets an episode that stays: the lower IMDb id wins the place, but never against an edited number or an
-- episode made by hand.
CREATE UNLOGGED TABLE imdb_staging.contested AS
SELECT c.tconst, holder.id AS holder_id, holder.imdb_id AS holder_imdb_id,
       holder.imdb_id IS NULL OR holder.imdb_id < c.tconst OR holder.locked_fields && '{season_number,episode_number}' AS holder_wins
  FROM imdb_staging.episode_changes c
  JOIN show_seasons ss ON ss.show_id = c.show_id AND ss.season = c.season
  JOIN show_episodes holder ON holder.season_id = ss.id AND holder.episode = c.episode
 WHERE c.claim = 1
   AND NOT EXISTS (SELECT FROM imdb_staging.episode_changes leaving WHERE leaving.id = holder.id AND (leaving.claim IS NOT NULL OR leaving.tconst IS NULL));

UPDATE imdb_staging.episode_changes c
   SET claim = 2
  FROM imdb_staging.contested
 WHERE contested.tconst = c.tconst AND contested.holder_wins;

-- step: locking episodes
  WITH locked AS MATERIALIZED (
       SELECT e.id
         FROM show_episodes e
         JOIN imdb_staging.episode_changes c ON c.id = e.id
        ORDER BY e.id
          FOR NO KEY UPDATE OF e)
SELECT count(*) FROM locked;

-- step: removing episodes
CREATE UNLOGGED TABLE imdb_staging.episode_removals AS
SELECT id, old_season_id AS season_id, old_rating AS average_rating
  FROM imdb_staging.episode_changes
 WHERE id IS NOT NULL AND (tconst IS NULL OR claim > 1)
 UNION ALL
SELECT e.id, e.season_id, e.average_rating
  FROM imdb_staging.contested
  JOIN show_episodes e ON e.id = contested.holder_id
 WHERE contested.holder_wins IS NOT TRUE;

DELETE FROM show_episodes e
 USING imdb_staging.episode_removals gone
 WHERE e.id = gone.id;

-- step: inserting seasons
INSERT INTO show_seasons (show_id, season)
SELECT DISTINCT c.show_id, c.season
  FROM imdb_staging.episode_changes c
 WHERE c.claim = 1
   AND NOT EXISTS (SELECT FROM show_seasons ss WHERE ss.show_id = c.show_id AND ss.season = c.season)
   -- A show may be deleted while the import runs.
   AND EXISTS (SELECT FROM shows s WHERE s.id = c.show_id)
 ORDER BY c.show_id, c.season;

-- step: updating episodes
-- Episodes may swap places: every moving episode first takes a number that no other episode has.
UPDATE show_episodes e
   SET episode = -e.id
  FROM imdb_staging.episode_changes c
 WHERE e.id = c.id AND c.claim = 1
   -- An episode that was edited since the comparison keeps its place until the next import.
   AND e.locked_fields IS NOT DISTINCT FROM c.locked_fields;

UPDATE show_episodes e
   SET season_id = ss.id,
       episode = c.episode,
       display_name = CASE WHEN 'display_name' = ANY (e.locked_fields) THEN e.display_name ELSE c.display_name END,
       average_rating = c.average_rating,
       num_votes = c.num_votes
  FROM imdb_staging.episode_changes c
  JOIN show_seasons ss ON ss.show_id = c.show_id AND ss.season = c.season
 WHERE e.id = c.id AND c.tconst IS NOT NULL
   AND (c.claim IS NULL OR c.claim = 1 AND e.locked_fields IS NOT DISTINCT FROM c.locked_fields);

-- step: inserting episodes
INSERT INTO show_episodes (season_id, episode, display_name, imdb_id, average_rating, num_votes)
SELECT ss.id, c.episode, c.display_name, c.tconst, c.average_rating, c.num_votes
  FROM imdb_staging.episode_changes c
  JOIN show_seasons ss ON ss.show_id = c.show_id AND ss.season = c.season
 WHERE c.id IS NULL AND c.claim = 1
 ORDER BY ss.id, c.episode;

-- step: removing empty seasons
CREATE UNLOGGED TABLE imdb_staging.season_removals AS
SELECT ss.id
  FROM show_seasons ss
 WHERE ss.id IN (SELECT season_id FROM imdb_staging.episode_removals
                  UNION
                 SELECT old_season_id FROM imdb_staging.episode_changes WHERE claim = 1 AND id IS NOT NULL)
   AND NOT EXISTS (SELECT FROM show_episodes e WHERE e.season_id = ss.id);

DELETE FROM show_seasons ss
 USING imdb_staging.season_removals gone
 WHERE ss.id = gone.id;

-- step: remembering duplicates
-- An episode without a place gets one once the place is free.
INSERT INTO imdb_unsettled (imdb_id)
SELECT tconst FROM imdb_staging.episode_changes WHERE claim > 1
 UNION ALL
SELECT holder_imdb_id FROM imdb_staging.contested WHERE holder_wins IS NOT TRUE AND holder_imdb_id IS NOT NULL;

-- first step: finding places
CREATE UNLOGGED TABLE imdb_staging.shows AS
SELECT t.imdb_id, s.id AS show_id
  FROM shows s
  JOIN titles t ON t.id = s.title_id;

ANALYZE imdb_staging.shows;

-- Every row is new. In the order of places: a show's page reads few blocks.
CREATE UNLOGGED TABLE imdb_staging.episode_changes AS
SELECT NULL::integer AS id,
       NULL::real AS old_rating,
       NULL::integer AS old_votes,
       s.tconst,
       sh.show_id,
       s.seasonnumber AS season,
       s.episodenumber AS episode,
       b.primarytitle AS display_name,
       r.averagerating AS average_rating,
       r.numvotes AS num_votes,
       row_number() OVER (PARTITION BY sh.show_id, s.seasonnumber, s.episodenumber ORDER BY s.tconst) AS claim
  FROM imdb_staging.episode s
  JOIN imdb_staging.shows sh ON sh.imdb_id = s.parenttconst
  LEFT JOIN imdb_staging.basics b ON b.tconst = s.tconst AND b.titletype = 'tvEpisode'
  LEFT JOIN imdb_staging.ratings r ON r.tconst = s.tconst
 WHERE s.seasonnumber >= 0 AND s.episodenumber >= 0;

ANALYZE imdb_staging.episode_changes;

CREATE VIEW imdb_staging.episode_removals AS SELECT FROM show_episodes WHERE false;
CREATE VIEW imdb_staging.season_removals AS SELECT FROM show_seasons WHERE false;

-- first step: inserting seasons
INSERT INTO show_seasons (show_id, season)
SELECT DISTINCT show_id, season
  FROM imdb_staging.episode_changes
 ORDER BY show_id, season;

ANALYZE show_seasons;

-- first step: inserting episodes
-- A hash join keeps the order of the places. A merge join would sort seven million rows again.
SET LOCAL enable_mergejoin = off;

INSERT INTO show_episodes (season_id, episode, display_name, imdb_id, average_rating, num_votes)
SELECT ss.id, c.episode, c.display_name, c.tconst, c.average_rating, c.num_votes
  FROM imdb_staging.episode_changes c
  JOIN show_seasons ss ON ss.show_id = c.show_id AND ss.season = c.season
 WHERE c.claim = 1;

SET LOCAL enable_mergejoin = on;

-- first step: remembering duplicates
INSERT INTO imdb_unsettled (imdb_id)
SELECT tconst FROM imdb_staging.episode_changes WHERE claim > 1;

-- report
SELECT 'seasons' AS kind,
       after.count - before.count + gone.count AS inserted,
       0 AS updated,
       before.count - gone.count AS unchanged,
       gone.count AS withdrawn,
       0 AS moved,
       0 AS duplicates
  FROM imdb_staging.seasons_before AS before,
       (SELECT count(*) FROM show_seasons) AS after,
       (SELECT count(*) FROM imdb_staging.season_removals) AS gone

 UNION ALL
SELECT 'episodes',
       count(*) FILTER (WHERE id IS NULL AND claim = 1),
       count(*) FILTER (WHERE id IS NOT NULL AND tconst IS NOT NULL AND claim IS NULL),
       (SELECT count(*) FROM show_episodes WHERE imdb_id IS NOT NULL)
       - count(*) FILTER (WHERE tconst IS NOT NULL AND (claim = 1 OR claim IS NULL)),
       (SELECT count(*) FROM imdb_staging.episode_removals),
       count(*) FILTER (WHERE id IS NOT NULL AND claim = 1),
       count(*) FILTER (WHERE claim > 1)
  FROM imdb_staging.episode_changes;

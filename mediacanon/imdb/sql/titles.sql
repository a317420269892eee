-- Titles: compares the dump with the catalogue, and writes only the rows that differ.

-- whole
CREATE VIEW imdb_staging.titles_before AS
SELECT * FROM titles WHERE imdb_id IS NOT NULL;

-- difference
CREATE VIEW imdb_staging.titles_before AS
SELECT * FROM titles WHERE imdb_id IN (SELECT imdb_id FROM imdb_staging.compared);

-- step: comparing titles
-- The table holds three kinds of row: new (id is null), changed (both), gone (tconst is null).
CREATE UNLOGGED TABLE imdb_staging.title_changes AS
SELECT old.id,
       old.type AS old_type,
       old.average_rating AS old_rating,
       old.num_votes AS old_votes,
       old.withdrawn_at IS NOT NULL AS was_withdrawn,
       old.imdb_genres IS DISTINCT FROM staged.genres AS has_other_genres,
       old.imdb_id AS old_imdb_id,
       staged.tconst,
       staged.runtimeminutes AS imdb_runtime_minutes,
       new.*,
       r.averagerating AS average_rating,
       r.numvotes AS num_votes,
       staged.genres AS imdb_genres
  FROM (SELECT *
          FROM imdb_staging.basics
         WHERE titletype <> 'tvEpisode') AS staged
  FULL JOIN imdb_staging.titles_before AS old ON old.imdb_id = staged.tconst
  LEFT JOIN imdb_staging.ratings r ON r.tconst = staged.tconst
 CROSS JOIN LATERAL (
       SELECT CASE WHEN staged.titletype IN ('movie', 'tvMovie') THEN 'movie' ELSE 'show' END AS type,
              -- An edited column is locked and keeps its value.
              CASE WHEN 'display_name' = ANY (old.locked_fields) THEN old.display_name ELSE staged.primarytitle END AS display_name,
              CASE WHEN 'original_title' = ANY (old.locked_fields) THEN old.original_title ELSE staged.originaltitle END AS original_title,
              CASE WHEN 'start_year' = ANY (old.locked_fields) THEN old.start_year ELSE staged.startyear END AS start_year,
              CASE WHEN 'end_year' = ANY (old.locked_fields) THEN old.end_year ELSE staged.endyear END AS end_year,
              -- TMDB's running time stays if IMDb has none.
              CASE WHEN 'runtime_minutes' = ANY (old.locked_fields) THEN old.runtime_minutes
                   ELSE COALESCE(staged.runtimeminutes, old.runtime_minutes) END AS runtime_minutes,
              CASE WHEN 'is_adult' = ANY (old.locked_fields) THEN old.is_adult
                   ELSE staged.isadult IS NOT DISTINCT FROM '1' END AS is_adult
       ) AS new
 -- A title whose id was set by hand stays, also if the dump has it as a short, a special or a video.
 WHERE CASE WHEN staged.tconst IS NULL THEN old.withdrawn_at IS NULL AND 'imdb_id' <> ALL (old.locked_fields)
            ELSE old.id IS NULL
                 OR old.withdrawn_at IS NOT NULL
                 OR (old.type, old.display_name, old.original_title, old.start_year, old.end_year, old.runtime_minutes, old.is_adult,
                     old.average_rating, old.num_votes, old.imdb_genres)
                    IS DISTINCT FROM
                    (new.type, new.display_name, new.original_title, new.start_year, new.end_year, new.runtime_minutes, new.is_adult,
                     r.averagerating, r.numvotes, staged.genres)
       END;

ANALYZE imdb_staging.title_changes;

-- step: locking titles
-- Every writer locks titles before seasons and episodes, and by id: two of them wait for each other, and never for ever.
  WITH locked AS MATERIALIZED (
       SELECT t.id
         FROM titles t
         JOIN imdb_staging.title_changes c ON c.id = t.id
        ORDER BY t.id
          FOR NO KEY UPDATE OF t)
SELECT count(*) FROM locked;

-- step: withdrawing titles
UPDATE titles t
   SET withdrawn_at = now(), updated_at = now()
  FROM imdb_staging.title_changes c
 WHERE t.id = c.id AND c.tconst IS NULL
   AND t.imdb_id = c.old_imdb_id AND 'imdb_id' <> ALL (t.locked_fields);

-- step: updating titles
-- The locks count that hold now: people edit, and TMDB tells running times, while the import runs.
UPDATE titles t
   SET type = c.type,
       display_name = CASE WHEN 'display_name' = ANY (t.locked_fields) THEN t.display_name ELSE c.display_name END,
       original_title = CASE WHEN 'original_title' = ANY (t.locked_fields) THEN t.original_title ELSE c.original_title END,
       start_year = CASE WHEN 'start_year' = ANY (t.locked_fields) THEN t.start_year ELSE c.start_year END,
       end_year = CASE WHEN 'end_year' = ANY (t.locked_fields) THEN t.end_year ELSE c.end_year END,
       runtime_minutes = CASE WHEN 'runtime_minutes' = ANY (t.locked_fields) THEN t.runtime_minutes
                              ELSE COALESCE(c.imdb_runtime_minutes, t.runtime_minutes) END,
       is_adult = CASE WHEN 'is_adult' = ANY (t.locked_fields) THEN t.is_adult ELSE c.is_adult END,
       average_rating = c.average_rating,
       num_votes = c.num_votes,
       imdb_genres = c.imdb_genres,
       withdrawn_at = NULL,
       updated_at = now()
  FROM imdb_staging.title_changes c
 WHERE t.id = c.id AND t.imdb_id = c.tconst;

-- step: inserting titles
INSERT INTO titles (type, display_name, original_title, start_year, end_year, runtime_minutes, is_adult,
                    average_rating, num_votes, imdb_id, imdb_genres)
SELECT type, display_name, original_title, start_year, end_year, runtime_minutes, is_adult,
       average_rating, num_votes, tconst, imdb_genres
  FROM imdb_staging.title_changes
 WHERE id IS NULL
 ORDER BY tconst;

-- A title of another type leaves its old table, a show with its seasons, and enters the new one.
DELETE FROM movies m
 USING imdb_staging.title_changes c
 WHERE m.title_id = c.id AND c.tconst IS NOT NULL AND c.type = 'show';

DELETE FROM shows s
 USING imdb_staging.title_changes c
 WHERE s.title_id = c.id AND c.tconst IS NOT NULL AND c.type = 'movie';

INSERT INTO movies (title_id)
SELECT t.id
  FROM imdb_staging.title_changes c
  JOIN titles t ON t.imdb_id = c.tconst
 WHERE c.type = 'movie'
   AND NOT EXISTS (SELECT FROM movies m WHERE m.title_id = t.id)
 ORDER BY t.id;

INSERT INTO shows (title_id)
SELECT t.id
  FROM imdb_staging.title_changes c
  JOIN titles t ON t.imdb_id = c.tconst
 WHERE c.type = 'show'
   AND NOT EXISTS (SELECT FROM shows s WHERE s.title_id = t.id)
 ORDER BY t.id;

-- step: linking genres
-- The catalogue has a few thousand combinations of genres: each list is split once per combination.
CREATE UNLOGGED TABLE imdb_staging.genre_names AS
SELECT DISTINCT combination.imdb_genres, btrim(name) AS name
  FROM (SELECT DISTINCT imdb_genres FROM imdb_staging.title_changes WHERE has_other_genres) AS combination
 CROSS JOIN LATERAL string_to_table(combination.imdb_genres, ',') AS name
 WHERE btrim(name) <> '';

ANALYZE imdb_staging.genre_names;

INSERT INTO genres (name)
SELECT DISTINCT name
  FROM imdb_staging.genre_names
 WHERE name NOT IN (SELECT name FROM genres)
 ORDER BY name;

-- Custom genres are assigned by people and stay.
DELETE FROM title_genres tg
 USING imdb_staging.title_changes c, genres g
 WHERE c.has_other_genres
   AND c.tconst IS NOT NULL
   AND tg.title_id = c.id
   AND g.id = tg.genre_id
   AND NOT g.is_custom
   AND NOT EXISTS (SELECT FROM imdb_staging.genre_names n WHERE n.imdb_genres = c.imdb_genres AND n.name = g.name);

INSERT INTO title_genres (title_id, genre_id)
SELECT t.id, g.id
  FROM imdb_staging.title_changes c
  JOIN titles t ON t.imdb_id = c.tconst
  JOIN imdb_staging.genre_names n ON n.imdb_genres = c.imdb_genres
  JOIN genres g ON g.name = n.name
 WHERE c.has_other_genres
   AND NOT EXISTS (SELECT FROM title_genres tg WHERE tg.title_id = t.id AND tg.genre_id = g.id)
 ORDER BY t.id;

-- report
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
 ORDER BY kind.name;

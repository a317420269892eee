-- Alternative titles, of movies and shows.

-- step: gathering akas
DROP TABLE IF EXISTS imdb_staging.next_title_akas;
CREATE UNLOGGED TABLE imdb_staging.next_title_akas AS
SELECT l.title_id,
       a.region,
       a.language,
       CASE split_part(a.types, E'\x02', 1) WHEN 'imdbDisplay' THEN 'display' ELSE COALESCE(split_part(a.types, E'\x02', 1), 'other') END AS kind,
       string_to_array(a.attributes, E'\x02') AS attributes,
       a.title AS name
  FROM imdb_staging.akas a
  JOIN imdb_staging.listed l ON l.imdb_id = a.titleid;

-- step: folding akas
DROP TABLE IF EXISTS imdb_staging.distinct_names;
CREATE UNLOGGED TABLE imdb_staging.distinct_names AS
SELECT title_id, name, bool_and(kind = 'working') AS is_working
  FROM imdb_staging.next_title_akas
 GROUP BY title_id, name;

-- A name in another script is there by its sound, too: people type "brat" for Брат.
INSERT INTO imdb_staging.distinct_names (title_id, name, is_working)
SELECT n.title_id, string_agg(COALESCE(l.latin, c.letter), '' ORDER BY c.place), n.is_working
  FROM imdb_staging.distinct_names n,
       -- The one sound of Greek that has two letters, and is written so by everybody.
       string_to_table(replace(replace(normalize(n.name), 'ου', 'ou'), 'ού', 'ou'), NULL) WITH ORDINALITY AS c (letter, place)
  LEFT JOIN imdb_staging.letters l ON l.letter = c.letter
 WHERE n.name ~ '[\u0370-\u058f\u10a0-\u10ff\u3041-\u30ff\u3400-\u9fff\uac00-\ud7a3]'
 GROUP BY n.title_id, n.name, n.is_working;

ANALYZE imdb_staging.distinct_names;

DROP TABLE IF EXISTS imdb_staging.next_title_names;
CREATE UNLOGGED TABLE imdb_staging.next_title_names AS
SELECT title_id, fame, bool_and(is_working) AS is_working, name
  -- OFFSET keeps PostgreSQL from folding each name once more for the condition.
  FROM (SELECT n.title_id,
               l.fame,
               n.is_working,
               '| ' || fold(n.name) || ' |' AS name,
               t.search_names
          FROM imdb_staging.distinct_names n
          JOIN imdb_staging.listed l ON l.title_id = n.title_id
          JOIN titles t ON t.id = n.title_id
         WHERE n.name IS DISTINCT FROM t.display_name AND n.name IS DISTINCT FROM t.original_title
        OFFSET 0) AS folded
 WHERE strpos(search_names, name) = 0
 GROUP BY title_id, fame, name;

-- total
SELECT count(*) FROM title_akas;

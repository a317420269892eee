-- Credits: the principal cast and crew of movies and shows. A person's rows of one category are one credit.

-- step: choosing credits
INSERT INTO credit_categories (id, name, department)
SELECT (SELECT max(id) FROM credit_categories) + row_number() OVER (ORDER BY category), category, 'crew'
  FROM (SELECT DISTINCT category FROM imdb_staging.principals) AS found
 WHERE NOT EXISTS (SELECT FROM credit_categories known WHERE known.name = found.category);

DROP TABLE IF EXISTS imdb_staging.next_credits;
CREATE UNLOGGED TABLE imdb_staging.next_credits AS
SELECT l.title_id,
       substr(p.nconst, 3)::integer AS person_id,
       p.ordering::smallint AS ordinal,
       k.id AS category,
       -- IMDb repeats the category as the job of many.
       NULLIF(p.job, replace(p.category, '_', ' ')) AS job,
       -- A JSON array of texts, nearly always of one.
       CASE WHEN p.characters LIKE '["%"]'
            THEN replace(replace(replace(substr(p.characters, 3, length(p.characters) - 4), '","', E'\n'), '\"', '"'), '\\', '\')
            ELSE p.characters END AS characters
  FROM imdb_staging.principals p
  JOIN imdb_staging.listed l ON l.imdb_id = p.tconst
  JOIN credit_categories k ON k.name = p.category;

-- step: joining credits
-- A person has one row in a category, nearly always: to join the texts of the others, all rows need not be sorted.
DROP TABLE IF EXISTS imdb_staging.repeated;
CREATE UNLOGGED TABLE imdb_staging.repeated AS
SELECT title_id, person_id, category
  FROM imdb_staging.next_credits
 GROUP BY title_id, person_id, category
HAVING count(*) > 1;

ANALYZE imdb_staging.next_credits, imdb_staging.repeated;

  WITH rows AS (
       DELETE FROM imdb_staging.next_credits c
        USING imdb_staging.repeated r
        WHERE r.title_id = c.title_id AND r.person_id = c.person_id AND r.category = c.category
    RETURNING c.*)
INSERT INTO imdb_staging.next_credits
SELECT title_id, person_id, min(ordinal), category, string_agg(DISTINCT job, E'\n'),
       string_agg(characters, E'\n' ORDER BY ordinal)
  -- A damaged file may have a row twice.
  FROM (SELECT DISTINCT * FROM rows) AS row
 GROUP BY title_id, person_id, category;

-- noted
-- People of credits that come or go: their fame follows. What crew adds follows from the principals.
INSERT INTO imdb_unmerged (noun, about)
SELECT noun, about
  FROM (SELECT 'people' AS noun, person_id AS about, 'imdb_file:name.basics.tsv.gz' AS file
          FROM (SELECT title_id, person_id, category
                  FROM credits
                  JOIN imdb_staging.changed_credits USING (title_id)
                 WHERE ordinal < 10000
                 UNION ALL
                SELECT title_id, person_id, category
                  FROM imdb_staging.next_credits
                  JOIN imdb_staging.changed_credits USING (title_id)) AS credit
         GROUP BY title_id, person_id, category
        HAVING count(*) = 1
         UNION
        SELECT 'crew', title_id, 'imdb_file:title.crew.tsv.gz' FROM imdb_staging.changed_credits) AS noted
 WHERE EXISTS (SELECT FROM sync_state WHERE key = file);

-- total
SELECT count(*) FROM credits WHERE ordinal < 10000;

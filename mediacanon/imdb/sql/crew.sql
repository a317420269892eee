-- Credits: the directors and writers of movies and shows that title.principals lacks.

-- step: gathering crew
DROP TABLE IF EXISTS imdb_staging.next_credits;
CREATE UNLOGGED TABLE imdb_staging.next_credits AS
SELECT DISTINCT ON (l.title_id, listed.nconst, k.id)
       l.title_id,
       substr(listed.nconst, 3)::integer AS person_id,
       (field.first + listed.place)::smallint AS ordinal,
       k.id AS category,
       NULL::text AS job,
       NULL::text AS characters
  FROM imdb_staging.crew c
  JOIN imdb_staging.listed l ON l.imdb_id = c.tconst
 CROSS JOIN LATERAL (VALUES ('director', 10000, c.directors), ('writer', 20000, c.writers)) AS field (name, first, people)
 CROSS JOIN LATERAL string_to_table(field.people, ',') WITH ORDINALITY AS listed (nconst, place)
  JOIN credit_categories k ON k.name = field.name
 WHERE listed.nconst ~ '^nm[0-9]{7,9}$'
   AND listed.place < 10000
   AND NOT EXISTS (SELECT FROM credits known
                    WHERE known.title_id = l.title_id AND known.ordinal < 10000 AND known.category IN (6, 7)
                      AND known.person_id = substr(listed.nconst, 3)::integer AND known.category = k.id)
 ORDER BY l.title_id, listed.nconst, k.id, listed.place;

-- noted
-- As in principals.sql.
INSERT INTO imdb_unmerged (noun, about)
SELECT noun, about
  FROM (SELECT 'people' AS noun, person_id AS about, 'imdb_file:name.basics.tsv.gz' AS file
          FROM (SELECT title_id, person_id, category
                  FROM credits
                  JOIN imdb_staging.changed_credits USING (title_id)
                 WHERE ordinal >= 10000
                 UNION ALL
                SELECT title_id, person_id, category
                  FROM imdb_staging.next_credits
                  JOIN imdb_staging.changed_credits USING (title_id)) AS credit
         GROUP BY title_id, person_id, category
        HAVING count(*) = 1) AS noted
 WHERE EXISTS (SELECT FROM sync_state WHERE key = file);

-- total
SELECT count(*) FROM credits WHERE ordinal >= 10000;

-- used
SELECT count(DISTINCT title_id) FROM credits WHERE ordinal >= 10000;

-- Credits of episodes: the people and categories of an episode are arrays, a fifth of the bytes of a row each.

-- step: choosing credits of episodes
DROP TABLE IF EXISTS imdb_staging.chosen_of_episodes;
CREATE UNLOGGED TABLE imdb_staging.chosen_of_episodes AS
SELECT e.id AS episode_id,
       substr(p.nconst, 3)::integer AS person_id,
       p.ordering::smallint AS ordinal,
       p.category,
       -- As in principals.sql, with tabs between the roles of a credit: lines are between credits.
       CASE WHEN p.characters LIKE '["%"]'
            THEN replace(replace(replace(substr(p.characters, 3, length(p.characters) - 4), '","', E'\t'), '\"', '"'), '\\', '\')
            ELSE p.characters END AS characters
  FROM imdb_staging.principals p
  JOIN show_episodes e ON e.imdb_id = p.tconst;

INSERT INTO credit_categories (id, name, department)
SELECT (SELECT max(id) FROM credit_categories) + row_number() OVER (ORDER BY category), category, 'crew'
  FROM (SELECT DISTINCT category FROM imdb_staging.chosen_of_episodes) AS found
 WHERE NOT EXISTS (SELECT FROM credit_categories known WHERE known.name = found.category);

-- step: gathering credits of episodes
DROP TABLE IF EXISTS imdb_staging.next_episode_credits;
CREATE UNLOGGED TABLE imdb_staging.next_episode_credits AS
SELECT episode_id,
       array_agg(person_id ORDER BY ordinal) AS people,
       array_agg(category ORDER BY ordinal) AS categories,
       NULLIF(rtrim(string_agg(characters, E'\n' ORDER BY ordinal), E'\n'), '') AS characters
  FROM (SELECT c.episode_id, c.person_id, min(c.ordinal) AS ordinal, k.id AS category,
               COALESCE(string_agg(c.characters, E'\t' ORDER BY c.ordinal), '') AS characters
          FROM imdb_staging.chosen_of_episodes c
          JOIN credit_categories k ON k.name = c.category
         GROUP BY c.episode_id, c.person_id, k.id) AS credit
 GROUP BY episode_id;

-- updated
UPDATE episode_credits e
   SET people = n.people, categories = n.categories, characters = n.characters
  FROM imdb_staging.next_episode_credits n
 WHERE e.episode_id = n.episode_id
   AND (e.people, e.categories, e.characters) IS DISTINCT FROM (n.people, n.categories, n.characters);

-- withdrawn
DELETE FROM episode_credits e
 WHERE NOT EXISTS (SELECT FROM imdb_staging.next_episode_credits n WHERE n.episode_id = e.episode_id);

-- inserted
INSERT INTO episode_credits (episode_id, people, categories, characters)
SELECT episode_id, people, categories, characters
  FROM imdb_staging.next_episode_credits n
 WHERE NOT EXISTS (SELECT FROM episode_credits e WHERE e.episode_id = n.episode_id)
 ORDER BY episode_id;

-- total
SELECT count(*) FROM episode_credits;

-- used
SELECT count(*) FROM imdb_staging.chosen_of_episodes;

-- People who have a credit of a title or an episode, and those who had one. A null name keeps a person out, and the credits with them.

-- whole
CREATE UNLOGGED TABLE imdb_staging.known AS SELECT id FROM people;
CREATE VIEW imdb_staging.compared_credits AS SELECT title_id, person_id, category FROM credits;
CREATE UNLOGGED TABLE imdb_staging.refamed (id INTEGER);

-- difference
CREATE UNLOGGED TABLE imdb_staging.known AS SELECT id FROM people JOIN imdb_staging.compared USING (id);
-- People whose titles became better known, or left: no line of the file is needed for them.
CREATE UNLOGGED TABLE imdb_staging.refamed AS
SELECT DISTINCT person_id AS id
  FROM credits
 WHERE title_id IN (SELECT title_id FROM imdb_staging.changed_titles)
EXCEPT
SELECT id FROM imdb_staging.compared;
CREATE VIEW imdb_staging.compared_credits AS
SELECT c.title_id, c.person_id, c.category
  FROM (SELECT id FROM imdb_staging.compared UNION ALL SELECT id FROM imdb_staging.refamed) AS compared
  JOIN credits c ON c.person_id = compared.id;

-- step: gathering people
DROP TABLE IF EXISTS imdb_staging.credited;
CREATE UNLOGGED TABLE imdb_staging.credited AS
-- Fame is of all titles, and mostly of actors and directors: of two Eastwoods people mean the director. It follows from
-- the fame of the titles, not from their votes, of which each day brings other ones.
SELECT id, LEAST(sum(votes), 2147483647)::integer AS votes
  FROM (SELECT c.person_id AS id, votes_of(l.fame) / CASE WHEN c.category IN (1, 2, 6) THEN 1 ELSE 8 END AS votes
          FROM imdb_staging.compared_credits c
          LEFT JOIN imdb_staging.listed l ON l.title_id = c.title_id
         UNION ALL
        SELECT unnest(c.people), votes_of(fame_of(e.num_votes)) / 8
          FROM episode_credits c
          JOIN show_episodes e ON e.id = c.episode_id
         UNION ALL
        SELECT id, 0 FROM imdb_staging.known) AS credit
 GROUP BY id;

ANALYZE imdb_staging.credited;

DROP TABLE IF EXISTS imdb_staging.next_people;
CREATE UNLOGGED TABLE imdb_staging.next_people AS
SELECT id,
       n.birthyear::smallint AS birth_year,
       n.deathyear::smallint AS death_year,
       fame_of(c.votes) AS fame,
       n.primaryname AS name,
       n.primaryprofession AS professions,
       n.knownfortitles AS known_for
  FROM imdb_staging.names n
  JOIN imdb_staging.credited c ON c.id = substr(n.nconst, 3)::integer
 UNION ALL
SELECT id, p.birth_year, p.death_year, fame_of(c.votes), p.name, p.professions, p.known_for
  FROM imdb_staging.refamed
  JOIN people p USING (id)
  JOIN imdb_staging.credited c USING (id)
 WHERE p.withdrawn_at IS NULL;

-- A person whom the file has twice.
CREATE UNIQUE INDEX ON imdb_staging.next_people (id);

-- updated
UPDATE people p
   SET birth_year = CASE WHEN 'birth_year' = ANY (p.locked_fields) THEN p.birth_year ELSE n.birth_year END,
       death_year = CASE WHEN 'death_year' = ANY (p.locked_fields) THEN p.death_year ELSE n.death_year END,
       name = CASE WHEN 'name' = ANY (p.locked_fields) THEN p.name ELSE n.name END,
       professions = CASE WHEN 'professions' = ANY (p.locked_fields) THEN p.professions ELSE n.professions END,
       known_for = CASE WHEN 'known_for' = ANY (p.locked_fields) THEN p.known_for ELSE n.known_for END,
       fame = n.fame,
       withdrawn_at = NULL
  FROM imdb_staging.next_people n
 WHERE p.id = n.id
   AND (p.withdrawn_at IS NOT NULL
        OR (p.birth_year, p.death_year, p.fame, p.name, p.professions, p.known_for)
           IS DISTINCT FROM
           (CASE WHEN 'birth_year' = ANY (p.locked_fields) THEN p.birth_year ELSE n.birth_year END,
            CASE WHEN 'death_year' = ANY (p.locked_fields) THEN p.death_year ELSE n.death_year END,
            n.fame,
            CASE WHEN 'name' = ANY (p.locked_fields) THEN p.name ELSE n.name END,
            CASE WHEN 'professions' = ANY (p.locked_fields) THEN p.professions ELSE n.professions END,
            CASE WHEN 'known_for' = ANY (p.locked_fields) THEN p.known_for ELSE n.known_for END));

-- withdrawn
UPDATE people p
   SET withdrawn_at = now()
  FROM imdb_staging.known
 WHERE p.id = known.id AND p.withdrawn_at IS NULL AND p.id < 1000000000
   AND NOT EXISTS (SELECT FROM imdb_staging.next_people n WHERE n.id = p.id);

-- inserted
INSERT INTO people (id, birth_year, death_year, fame, name, professions, known_for)
SELECT id, birth_year, death_year, fame, name, professions, known_for
  FROM imdb_staging.next_people n
 WHERE NOT EXISTS (SELECT FROM people p WHERE p.id = n.id)
 ORDER BY id;

-- total
SELECT count(*) FROM people WHERE withdrawn_at IS NULL AND id < 1000000000;

-- MediaCanon's database: the one definition of tables, keys and indexes.
--
-- Idempotent: a start applies this file, under an advisory lock and in one transaction, if it has changed. It creates
-- missing objects, and it upgrades a database of the original MediaCanon in place with every row and id intact.
-- Runs on PostgreSQL 15 to 18. Times are UTC in `timestamp without time zone`, as the original stored them.

CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- Folds a name for search: lower case, without accents and punctuation, words one space apart, each Chinese or Japanese
-- character a word of its own. A name of punctuation alone stays as it is. Most names are plain words, for which the
-- cheap first tests suffice. Null for null without being STRICT: PostgreSQL expands such a function in place, which
-- takes half the time of a call.
CREATE OR REPLACE FUNCTION fold(value TEXT) RETURNS TEXT
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE
        WHEN value ~ '^[A-Za-z0-9]+( [A-Za-z0-9]+)*$' THEN lower(value)
        ELSE COALESCE(NULLIF(btrim(regexp_replace(
                 -- Two characters of a script without spaces are one trigram of no use, a word each is found by the index.
                 regexp_replace(
                     translate(
                         replace(replace(replace(
                             -- Removes accents, apostrophes ("what's" becomes "whats"), what joins or is not seen, and the
                             -- marks of Cyrillic, Hebrew, Arabic, the scripts of India, Thai and kana: pg_trgm takes most
                             -- of them for the end of a word, and hardly anybody types them.
                             lower(regexp_replace(normalize(value, NFKD),
                                 '[\u0300-\u036f''\u2018\u2019\u02bb`\u00b4\u00ad\u200b-\u200f\u2060-\u2064\ufe00-\ufe0f\ufeff'
                                 '\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670\u06d6-\u06dc'
                                 '\u093c\u094d\u09bc\u09cd\u0a3c\u0a4d\u0abc\u0acd\u0b3c\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca\u0e47-\u0e4e\u3099\u309a]+',
                                 '', 'g')),
                             'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'),
                         -- Final sigma, and the Arabic letters that are written in two ways.
                         'øłđðıþς' || U&'\0649\0629\06a9\06cc', 'oldditσ' || U&'\064a\0647\0643\064a'),
                     '([\u3041-\u3096\u309b-\u30fa\u30fc-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff])', ' \1 ', 'g'),
                 -- Punctuation of ASCII and Latin-1, of Hebrew, Arabic and India, general punctuation and that of Chinese and Japanese.
                 '[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u05be\u05c0\u05c3\u060c\u061b\u061f\u0964\u0965\u2000-\u206f\u3000-\u3003\u3008-\u3011\u30fb]+',
                 ' ', 'g')), ''),
             lower(value))
    END;

-- One spelling of a folded name for those that people mix: words run together, numerals as digits, without `the`, `and` and
-- what comes before a number. "The Godfather: Part II" and "godfather 2" have the key godfather2, "M*A*S*H" and "mash" mash.
-- In plpgsql, since a function of SQL is expanded in each statement that names it, and planning then takes longer than
-- searching; all in one function, since an index is built without the search path.
CREATE OR REPLACE FUNCTION name_key(folded TEXT) RETURNS TEXT
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
BEGIN
    IF NOT (folded ~ ' (and|et|und|[ivx]+|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|first|second|third|fourth|fifth)( |$)'
            OR folded ~ '^ *(one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|first|second|third|fourth|fifth) '
            OR folded ~ ' (part|pt|vol|volume|chapter|teil|partie|parte) [0-9]') THEN
        RETURN replace(CASE WHEN folded ~ '^ *the .' THEN substr(ltrim(folded), 5) ELSE folded END, ' ', '');
    END IF;
    RETURN (
        WITH numbers (word, digits) AS (
            VALUES ('one', '1'), ('two', '2'), ('three', '3'), ('four', '4'), ('five', '5'), ('six', '6'), ('seven', '7'),
                   ('eight', '8'), ('nine', '9'), ('ten', '10'), ('eleven', '11'), ('twelve', '12'), ('first', '1st'),
                   ('second', '2nd'), ('third', '3rd'), ('fourth', '4th'), ('fifth', '5th'), ('ii', '2'), ('iii', '3'), ('iv', '4'),
                   ('vi', '6'), ('vii', '7'), ('viii', '8'), ('ix', '9'), ('xi', '11'), ('xii', '12'), ('xiii', '13')),
        letters (word, digits) AS (VALUES ('i', '1'), ('v', '5'), ('x', '10')),
        words AS (
            SELECT word, place, lag(word) OVER by_place AS before, lead(word) OVER by_place AS after
              FROM regexp_split_to_table(btrim(folded), ' +') WITH ORDINALITY AS each (word, place)
            WINDOW by_place AS (ORDER BY place))
        SELECT string_agg(COALESCE(n.digits, l.digits, w.word), '' ORDER BY w.place)
          FROM words w
          LEFT JOIN numbers n ON n.word = w.word
          -- "Rocky V" and "Episode V", but neither "V for Vendetta" nor "X-Men".
          LEFT JOIN letters l ON l.word = w.word AND w.before IS NOT NULL
                             AND (w.after IS NULL OR w.before IN ('part', 'pt', 'vol', 'volume', 'chapter', 'episode'))
          LEFT JOIN numbers following ON following.word = w.after
         WHERE (w.before IS NULL AND w.after IS NULL)
            OR NOT (w.word IN ('and', 'et', 'und')
                    OR (w.word = 'the' AND w.before IS NULL)
                    OR (w.word IN ('part', 'pt', 'vol', 'volume', 'chapter', 'teil', 'partie', 'parte')
                        AND (w.after ~ '^([0-9]|[ivx]$)' OR following.digits IS NOT NULL))));
END
$$;

-- A word and what is left of it without one of its letters: two words with a common spelling are one mistake apart, a
-- letter too many, too few, a wrong one or two exchanged.
-- A loop in plpgsql takes a twelfth of a query's time, which the index would start for each word.
CREATE OR REPLACE FUNCTION spellings(word TEXT) RETURNS TEXT[]
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
DECLARE
    found TEXT[] := ARRAY[word];
BEGIN
    FOR place IN 1..length(word) LOOP
        found := found || overlay(word PLACING '' FROM place FOR 1);
    END LOOP;
    RETURN found;
END
$$;

---------------------------------------------------------------------------------------------------------------
-- The original's VARCHAR(n) columns become TEXT, since real titles are longer. The change rewrites no row.
-- It precedes the generated columns: PostgreSQL refuses to change the type of a column that they use.

DO $$
DECLARE
    wide RECORD;
BEGIN
    FOR wide IN
        SELECT table_name, string_agg(format('ALTER COLUMN %I TYPE TEXT', column_name), ', ') AS changes
          FROM information_schema.columns
         WHERE table_schema = current_schema()
           AND data_type = 'character varying'
           AND table_name IN ('titles', 'show_episodes', 'genres', 'collections', 'title_views', 'sync_state')
         GROUP BY table_name
    LOOP
        EXECUTE format('ALTER TABLE %I %s', wide.table_name, wide.changes);
    END LOOP;
END
$$;

---------------------------------------------------------------------------------------------------------------
-- Titles: movies and shows, with their facts from IMDb and TMDB.

CREATE TABLE IF NOT EXISTS titles (
    id                  SERIAL PRIMARY KEY,
    type                TEXT NOT NULL CONSTRAINT titles_type_check CHECK (type IN ('movie', 'show')),
    display_name        TEXT NOT NULL,
    start_year          INTEGER,
    end_year            INTEGER,              -- set for a finished show
    imdb_id             TEXT CONSTRAINT titles_imdb_id_key UNIQUE,  -- null: created by hand, never changed by imports
    image_url           TEXT,                 -- full URL; 'none': searched, not found; null and '': not searched yet
    tmdb_id             INTEGER,
    created_at          TIMESTAMP DEFAULT now(),
    updated_at          TIMESTAMP DEFAULT now()
);

-- Columns that the original added over time, and our own.
ALTER TABLE titles
    ADD COLUMN IF NOT EXISTS num_votes           INTEGER,
    ADD COLUMN IF NOT EXISTS average_rating      REAL,
    ADD COLUMN IF NOT EXISTS original_title      TEXT,
    ADD COLUMN IF NOT EXISTS original_language   TEXT,
    ADD COLUMN IF NOT EXISTS release_date        DATE,
    ADD COLUMN IF NOT EXISTS tmdb_popularity     REAL,
    ADD COLUMN IF NOT EXISTS runtime_minutes     INTEGER,
    ADD COLUMN IF NOT EXISTS origin_country      TEXT,
    ADD COLUMN IF NOT EXISTS needs_backfill_tmdb BOOLEAN DEFAULT true,
    ADD COLUMN IF NOT EXISTS episodes_checked_at TIMESTAMP,
    ADD COLUMN IF NOT EXISTS imdb_genres         TEXT,                  -- the last import's genres ('Comedy,Drama'): an import relinks genres only if they differ
    ADD COLUMN IF NOT EXISTS withdrawn_at        TIMESTAMP,             -- gone from IMDb's dump: out of lists and search, still reachable by id
    ADD COLUMN IF NOT EXISTS enriched_at         TIMESTAMP,             -- time of the last successful request to TMDB
    ADD COLUMN IF NOT EXISTS is_adult            BOOLEAN NOT NULL DEFAULT false,  -- IMDb's isAdult
    ADD COLUMN IF NOT EXISTS locked_fields       TEXT[] NOT NULL DEFAULT '{}';  -- columns edited by hand: no import or refresh writes them

-- Both names, folded, between bars: '| amelie | le fabuleux destin damelie poulain |'. Bars delimit names and spaces
-- delimit words, so exact, prefix and word matches are plain LIKE patterns. fold() leaves no bar in a name.
ALTER TABLE titles
    ADD COLUMN IF NOT EXISTS search_names TEXT GENERATED ALWAYS AS (
        '| ' || fold(display_name) || ' |' || COALESCE(' ' || fold(NULLIF(original_title, display_name)) || ' |', '')) STORED;

CREATE TABLE IF NOT EXISTS movies (
    id       SERIAL PRIMARY KEY,
    title_id INTEGER NOT NULL CONSTRAINT movies_title_id_key UNIQUE REFERENCES titles (id) ON DELETE CASCADE
);

CREATE TABLE IF NOT EXISTS shows (
    id       SERIAL PRIMARY KEY,
    title_id INTEGER NOT NULL CONSTRAINT shows_title_id_key UNIQUE REFERENCES titles (id) ON DELETE CASCADE
);

CREATE TABLE IF NOT EXISTS show_seasons (
    id      SERIAL PRIMARY KEY,
    show_id INTEGER NOT NULL REFERENCES shows (id) ON DELETE CASCADE,
    season  INTEGER NOT NULL,
    CONSTRAINT show_seasons_show_id_season_key UNIQUE (show_id, season)
);

CREATE TABLE IF NOT EXISTS show_episodes (
    id              SERIAL PRIMARY KEY,
    season_id       INTEGER NOT NULL REFERENCES show_seasons (id) ON DELETE CASCADE,
    episode         INTEGER NOT NULL,         -- numbers up to 97,251 exist, too large for smallint
    display_name    TEXT,
    synopsis        TEXT,
    image_url       TEXT,                     -- full URL; 'TMDB_NOT_FOUND_DO_NOT_RETRY': searched, not found; null and '': not searched yet
    air_date        DATE,
    runtime_minutes INTEGER,
    CONSTRAINT show_episodes_season_id_episode_key UNIQUE (season_id, episode)
);

ALTER TABLE show_episodes
    ADD COLUMN IF NOT EXISTS synopsis        TEXT,
    ADD COLUMN IF NOT EXISTS image_url       TEXT,
    ADD COLUMN IF NOT EXISTS air_date        DATE,
    ADD COLUMN IF NOT EXISTS runtime_minutes INTEGER,
    ADD COLUMN IF NOT EXISTS imdb_id         TEXT CONSTRAINT show_episodes_imdb_id_key UNIQUE,  -- null: created by hand, or imported by the original
    ADD COLUMN IF NOT EXISTS average_rating  REAL,
    ADD COLUMN IF NOT EXISTS num_votes       INTEGER,
    ADD COLUMN IF NOT EXISTS locked_fields   TEXT[],      -- facts edited by hand: no import or refresh writes them; null, which takes no space, means none
    ADD COLUMN IF NOT EXISTS tmdb_id         INTEGER,
    ADD COLUMN IF NOT EXISTS kind            TEXT,        -- 'finale' or 'mid_season': TMDB's words; null for every other episode
    ADD COLUMN IF NOT EXISTS tmdb_name       TEXT;        -- TMDB's name where display_name is a default one

-- IMDb's names for episodes without a name: 'Episode #3.4', 'Episode dated 5 May 1998'.
CREATE OR REPLACE FUNCTION is_default_name(name TEXT) RETURNS BOOLEAN
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN name ~ '^Episode (#[0-9]+[.][0-9]+|dated .+)$';

-- The name that an episode is shown with: IMDb's default name gives way to TMDB's, the name that a person wrote does not.
CREATE OR REPLACE FUNCTION episode_name(display_name TEXT, tmdb_name TEXT, locked_fields TEXT[]) RETURNS TEXT
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN tmdb_name IS NOT NULL AND is_default_name(display_name)
                 AND 'display_name' <> ALL (COALESCE(locked_fields, '{}')) THEN tmdb_name
                ELSE display_name END;

---------------------------------------------------------------------------------------------------------------
-- Further facts from TMDB, one row per title that it knows: lists and searches never read them. A null fact is one that
-- TMDB does not have. Addresses of images are full URLs, as in titles.

CREATE TABLE IF NOT EXISTS title_facts (
    title_id       INTEGER PRIMARY KEY REFERENCES titles (id) ON DELETE CASCADE,
    source         TEXT NOT NULL,
    fetched_at     TIMESTAMP NOT NULL,        -- time of the last successful request
    tmdb_type      TEXT NOT NULL,             -- 'movie' or 'tv': TMDB numbers them separately
    tmdb_id        INTEGER NOT NULL,          -- the facts are those of this number
    version        SMALLINT NOT NULL,         -- the extent of the facts that were requested: an older one is fetched again
    native_title   TEXT,                      -- the original title in its own script; IMDb's is often transliterated
    status         TEXT,                      -- 'Released', 'Ended', ...: TMDB's words
    homepage       TEXT,
    backdrop_url   TEXT,
    tvdb_id        INTEGER,
    wikidata_id    TEXT,
    social_ids     JSONB,                     -- {"facebook": "...", "instagram": "...", "twitter": "..."}
    franchise_id   INTEGER,                   -- franchises.id
    countries      TEXT[],                    -- producing countries
    languages      TEXT[],                    -- spoken languages
    keyword_ids    INTEGER[],                 -- tmdb_names of kind 'keyword', and so on, in TMDB's order
    company_ids    INTEGER[],
    network_ids    INTEGER[],
    certifications JSONB,                     -- {"US": "PG-13"}
    videos         JSONB                      -- trailers and teasers: [{"site", "key", "kind", "language", "is_official", "name"}]
);

CREATE TABLE IF NOT EXISTS title_texts (
    title_id INTEGER NOT NULL REFERENCES titles (id) ON DELETE CASCADE,
    language TEXT NOT NULL,                   -- 'de': the language as its main country has it; 'de-AT': as another one has it
    source   TEXT NOT NULL,                   -- 'tmdb' or 'edit'
    overview TEXT,
    tagline  TEXT,
    PRIMARY KEY (title_id, language)
);

-- Keywords, companies and networks. TMDB numbers each kind by itself.
CREATE TABLE IF NOT EXISTS tmdb_names (
    kind     TEXT NOT NULL CONSTRAINT tmdb_names_kind_check CHECK (kind IN ('keyword', 'company', 'network')),
    id       INTEGER NOT NULL,
    name     TEXT NOT NULL,
    logo_url TEXT,
    country  TEXT,
    PRIMARY KEY (kind, id)
);

-- TMDB's collections of films; those of collections/*.yaml are another thing.
CREATE TABLE IF NOT EXISTS franchises (
    id           INTEGER PRIMARY KEY,         -- TMDB's
    name         TEXT NOT NULL,
    overview     TEXT,
    poster_url   TEXT,
    backdrop_url TEXT,
    films        JSONB,                       -- [{"tmdb_id", "name", "release_date"}]; null: never requested
    fetched_at   TIMESTAMP                    -- time of the last successful request for the films
);

CREATE TABLE IF NOT EXISTS season_facts (
    season_id  INTEGER PRIMARY KEY REFERENCES show_seasons (id) ON DELETE CASCADE,
    source     TEXT NOT NULL,
    fetched_at TIMESTAMP NOT NULL,
    tmdb_id    INTEGER,
    name       TEXT,
    overview   TEXT,
    poster_url TEXT,
    air_date   DATE
);

---------------------------------------------------------------------------------------------------------------
-- Alternative titles, people and credits: IMDb's further files, for the titles that the catalogue holds.

CREATE TABLE IF NOT EXISTS title_akas (
    title_id   INTEGER NOT NULL REFERENCES titles (id) ON DELETE CASCADE,
    region     TEXT,                          -- ISO 3166-1, or IMDb's own: XWW, SUHH
    language   TEXT,                          -- ISO 639-1 or 639-3, or IMDb's own; null: that of the region
    kind       TEXT NOT NULL,                 -- 'display', 'original', 'alternative', 'working', ...; 'other': IMDb says none
    attributes TEXT[],                        -- IMDb's words: 'literal title', 'reissue title'
    name       TEXT NOT NULL
);

-- Alternative titles as search reads them: each folded name once, without the two names that titles.search_names has.
CREATE TABLE IF NOT EXISTS title_names (
    title_id   INTEGER NOT NULL REFERENCES titles (id) ON DELETE CASCADE,
    fame       SMALLINT NOT NULL,             -- the logarithm to base 2 of the title's votes
    is_working BOOLEAN NOT NULL,              -- a working title alone
    name       TEXT NOT NULL                  -- between bars: '| die wunderbare welt der amelie |'
);

-- People who have a credit. The id is the number in IMDb's id: 138 is nm0000138. People made by hand begin at 10^9.
CREATE TABLE IF NOT EXISTS people (
    id            INTEGER PRIMARY KEY,
    tmdb_id       INTEGER,
    birth_year    SMALLINT,
    death_year    SMALLINT,
    fame          SMALLINT NOT NULL DEFAULT 0,   -- the logarithm to base 2 of the votes that the fame of all titles stands for, those of actors and directors above all
    name          TEXT NOT NULL,
    professions   TEXT,                          -- IMDb's list: 'actor,producer'
    known_for     TEXT,                          -- IMDb's list, best known first: 'tt0053137,tt0031983'
    image_url     TEXT,                          -- full URL
    locked_fields TEXT[],                        -- facts edited by hand: no import writes them; null means none
    withdrawn_at  TIMESTAMP,                     -- gone from IMDb's dump: still reachable by id
    search_name   TEXT GENERATED ALWAYS AS ('| ' || fold(name) || ' |') STORED
);

-- What TMDB, or somebody who edits, says about people. An import may put another table in the place of people, so there
-- is no foreign key.
CREATE TABLE IF NOT EXISTS person_facts (
    person_id  INTEGER PRIMARY KEY,              -- people.id
    fetched_at TIMESTAMP,                        -- time of the last successful request to TMDB; null: none
    source     TEXT,                             -- of the biography: 'tmdb' or 'edit'
    biography  TEXT
);

-- Words of the names that people search for: what a mistyped word may mean. renew_name_words() fills it.
CREATE TABLE IF NOT EXISTS name_words (
    word TEXT PRIMARY KEY,
    fame SMALLINT NOT NULL                    -- that of the best known title or person with the word
);

-- Kinds of work, in the order in which credits are shown. An import adds those it does not know.
CREATE TABLE IF NOT EXISTS credit_categories (
    id         SMALLINT PRIMARY KEY,
    name       TEXT NOT NULL CONSTRAINT credit_categories_name_key UNIQUE,   -- IMDb's word
    department TEXT NOT NULL
);
INSERT INTO credit_categories (id, name, department)
VALUES (1, 'actor', 'acting'), (2, 'actress', 'acting'), (3, 'self', 'acting'), (4, 'archive_footage', 'acting'),
       (5, 'archive_sound', 'acting'), (6, 'director', 'directing'), (7, 'writer', 'writing'), (8, 'producer', 'production'),
       (9, 'composer', 'sound'), (10, 'cinematographer', 'camera'), (11, 'editor', 'editing'),
       (12, 'production_designer', 'art'), (13, 'casting_director', 'production')
    ON CONFLICT DO NOTHING;

-- One row per title, person and category. A person without a row in people is not shown.
CREATE TABLE IF NOT EXISTS credits (
    title_id   INTEGER NOT NULL REFERENCES titles (id) ON DELETE CASCADE,
    person_id  INTEGER NOT NULL,
    ordinal    SMALLINT NOT NULL,             -- title.principals' below 10000, then title.crew's: directors, 20000 and above writers
    category   SMALLINT NOT NULL,             -- credit_categories.id
    job        TEXT,                          -- IMDb's words, several between lines; null: that of the category
    characters TEXT                           -- several between lines
);
-- A key of title and ordinal would take three times as much as the index of the titles, and nobody looks for an ordinal.
ALTER TABLE credits DROP CONSTRAINT IF EXISTS credits_pkey;

-- Credits of episodes, where they are imported. No foreign key: the first import would keep the key of show_episodes for
-- it. A row of a deleted episode is not shown, and the next import deletes it.
CREATE TABLE IF NOT EXISTS episode_credits (
    episode_id INTEGER PRIMARY KEY,           -- show_episodes.id
    people     INTEGER[] NOT NULL,            -- in the order of billing
    categories SMALLINT[] NOT NULL,           -- credit_categories.id of each
    characters TEXT                           -- of each on a line, tabs between several; empty lines at the end are left out
);

---------------------------------------------------------------------------------------------------------------
-- Genres: IMDb's, and custom genres, which people assign and imports never change.

CREATE TABLE IF NOT EXISTS genres (
    id        SERIAL PRIMARY KEY,
    name      TEXT NOT NULL CONSTRAINT genres_name_key UNIQUE,
    is_custom BOOLEAN DEFAULT false
);

CREATE TABLE IF NOT EXISTS title_genres (
    title_id INTEGER NOT NULL REFERENCES titles (id) ON DELETE CASCADE,
    genre_id INTEGER NOT NULL REFERENCES genres (id) ON DELETE CASCADE,
    PRIMARY KEY (title_id, genre_id)
);

CREATE TABLE IF NOT EXISTS custom_genre_reviews (   -- titles reviewed by a person for custom genres
    title_id    INTEGER PRIMARY KEY REFERENCES titles (id) ON DELETE CASCADE,
    reviewed_at TIMESTAMP DEFAULT now()
);

INSERT INTO genres (name, is_custom)
SELECT custom.name, true
  FROM (VALUES ('Dating'), ('Cooking')) AS custom (name)
 WHERE NOT EXISTS (SELECT FROM genres WHERE genres.name = custom.name);

---------------------------------------------------------------------------------------------------------------
-- Collections, loaded from collections/*.yaml.

CREATE TABLE IF NOT EXISTS collections (
    id               SERIAL PRIMARY KEY,
    name             TEXT NOT NULL,
    slug             TEXT NOT NULL CONSTRAINT collections_slug_key UNIQUE,  -- contract: clients send source=collection-{slug}
    description      TEXT,
    strategy         TEXT NOT NULL DEFAULT 'filter',   -- filter: a query; static, llm: the rows of collection_titles
    filter_params    JSONB,
    languages        TEXT[],
    regions          TEXT[],
    pinned           BOOLEAN DEFAULT false,
    active           BOOLEAN DEFAULT true,
    engagement_count REAL DEFAULT 0,                   -- clicks of the last 7 days
    created_at       TIMESTAMP DEFAULT now(),
    updated_at       TIMESTAMP DEFAULT now()
);

CREATE TABLE IF NOT EXISTS collection_titles (
    collection_id INTEGER NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
    title_id      INTEGER NOT NULL REFERENCES titles (id) ON DELETE CASCADE,
    rank          INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (collection_id, title_id)
);

---------------------------------------------------------------------------------------------------------------
-- Engagement: views and clicks. An hourly clean-up deletes rows older than 7 days.

CREATE TABLE IF NOT EXISTS title_views (
    id        BIGSERIAL PRIMARY KEY,
    title_id  INTEGER NOT NULL REFERENCES titles (id) ON DELETE CASCADE,
    viewed_at TIMESTAMP NOT NULL DEFAULT now(),
    source    TEXT
);

ALTER TABLE title_views
    ADD COLUMN IF NOT EXISTS views INTEGER NOT NULL DEFAULT 1;  -- a batch adds one row per title and source, so a popular title is not thousands of rows

ALTER TABLE title_views RESET (autovacuum_vacuum_insert_threshold, autovacuum_vacuum_insert_scale_factor);

CREATE TABLE IF NOT EXISTS collection_clicks (
    id            BIGSERIAL PRIMARY KEY,
    collection_id INTEGER NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
    clicked_at    TIMESTAMP NOT NULL DEFAULT now()
);

ALTER TABLE collection_clicks
    ADD COLUMN IF NOT EXISTS clicks INTEGER NOT NULL DEFAULT 1;

---------------------------------------------------------------------------------------------------------------
-- The state of imports between runs (imdb_files_hash, rows of each file, the last report), and of the schema.

CREATE TABLE IF NOT EXISTS sync_state (
    key        TEXT PRIMARY KEY,
    value      TEXT NOT NULL,
    updated_at TIMESTAMP DEFAULT now()
);

---------------------------------------------------------------------------------------------------------------
-- What writes change of lists and counts. A count is made once and then corrected by the rows noted since: those whose
-- transaction its snapshot does not show. Imports note nothing (mediacanon.is_bulk): they count anew at their end.

CREATE TABLE IF NOT EXISTS noted_changes (
    xid       XID8 NOT NULL DEFAULT pg_current_xact_id(),
    noted_at  TIMESTAMP NOT NULL DEFAULT now(),
    noun      TEXT NOT NULL,                 -- title; movie, show, season, episode: a row that stats counts
    sign      SMALLINT NOT NULL,             -- -1: the row as it was, 1: as it is
    columns   TEXT[],                        -- the columns that differ; null: all, since the row is new or gone
    title     JSONB,                         -- the row of titles
    genre_ids INTEGER[] NOT NULL DEFAULT '{}'
);
ALTER TABLE noted_changes
    ADD COLUMN IF NOT EXISTS facts JSONB;    -- of the row of title_facts the columns that filters read
CREATE INDEX IF NOT EXISTS idx_noted_changes_xid ON noted_changes (xid);
-- Old rows go every minute.
ALTER TABLE noted_changes SET (autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_scale_factor = 0);

-- The counts that are asked for all the time, as of a snapshot.
CREATE TABLE IF NOT EXISTS kept_counts (
    question   TEXT PRIMARY KEY,
    counts     JSONB NOT NULL,               -- [[group, count], ...]
    snapshot   PG_SNAPSHOT NOT NULL,
    counted_at TIMESTAMP NOT NULL DEFAULT now()
);

CREATE OR REPLACE FUNCTION is_bulk() RETURNS BOOLEAN
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN COALESCE(current_setting('mediacanon.is_bulk', true), '') = 'on';

CREATE OR REPLACE FUNCTION genre_ids_of(title_id INTEGER) RETURNS INTEGER[]
    LANGUAGE sql STABLE
    RETURN ARRAY(SELECT tg.genre_id FROM title_genres tg WHERE tg.title_id = genre_ids_of.title_id ORDER BY tg.genre_id);

-- The certifications of a title as 'US:PG-13'.
CREATE OR REPLACE FUNCTION certified(certifications JSONB) RETURNS TEXT[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN ARRAY(SELECT key || ':' || value FROM jsonb_each_text(certifications));

-- The columns that filters read; of videos only that there are some.
CREATE OR REPLACE FUNCTION filtered_facts(facts title_facts) RETURNS JSONB
    LANGUAGE sql IMMUTABLE
    RETURN jsonb_strip_nulls(jsonb_build_object(
        'keyword_ids', facts.keyword_ids, 'company_ids', facts.company_ids, 'network_ids', facts.network_ids,
        'status', facts.status, 'certifications', facts.certifications,
        'videos', CASE WHEN facts.videos IS NOT NULL THEN '[]'::jsonb END));

CREATE OR REPLACE FUNCTION filtered_facts_of(title_id INTEGER) RETURNS JSONB
    LANGUAGE sql STABLE
    RETURN (SELECT filtered_facts(f) FROM title_facts f WHERE f.title_id = filtered_facts_of.title_id);

-- Rows of movies and shows count while their title is listed.
CREATE OR REPLACE FUNCTION note_listed(changed_title INTEGER, change INTEGER) RETURNS VOID
    LANGUAGE sql
    BEGIN ATOMIC
        INSERT INTO noted_changes (noun, sign)
        SELECT 'movie', change FROM movies WHERE title_id = changed_title
         UNION ALL
        SELECT 'show', change FROM shows WHERE title_id = changed_title;
    END;

-- Its look-ups are its own: a call of genre_ids_of takes as long as the insert.
CREATE OR REPLACE FUNCTION note_title() RETURNS TRIGGER LANGUAGE plpgsql AS $$
DECLARE
    before  JSONB := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
    after   JSONB := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
    genres  INTEGER[] := '{}';
    further JSONB;
    changed TEXT[];
BEGIN
    IF TG_OP = 'UPDATE' THEN
        changed := ARRAY(SELECT key
                           FROM jsonb_each(after)
                          WHERE value <> before -> key AND key NOT IN ('updated_at', 'enriched_at')
                            AND (key <> 'image_url' OR COALESCE(NEW.image_url LIKE 'http%', false) <> COALESCE(OLD.image_url LIKE 'http%', false)));
    END IF;
    IF TG_OP <> 'INSERT' THEN
        genres := ARRAY(SELECT tg.genre_id FROM title_genres tg WHERE tg.title_id = OLD.id ORDER BY tg.genre_id);
        further := (SELECT filtered_facts(f) FROM title_facts f WHERE f.title_id = OLD.id);
        INSERT INTO noted_changes (noun, sign, columns, title, genre_ids, facts)
        VALUES ('title', -1, changed, before, genres, further);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO noted_changes (noun, sign, columns, title, genre_ids, facts)
        VALUES ('title', 1, changed, after, genres, further);
    END IF;
    IF TG_OP = 'DELETE' AND OLD.withdrawn_at IS NULL THEN
        PERFORM note_listed(OLD.id, -1);
    ELSIF TG_OP = 'UPDATE' AND (NEW.withdrawn_at IS NULL) <> (OLD.withdrawn_at IS NULL) THEN
        PERFORM note_listed(NEW.id, CASE WHEN NEW.withdrawn_at IS NULL THEN 1 ELSE -1 END);
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END
$$;

-- Before each row, so that each finds the genres that the rows before it have left.
CREATE OR REPLACE FUNCTION note_genre() RETURNS TRIGGER LANGUAGE plpgsql AS $$
DECLARE
    changed_title INTEGER := CASE WHEN TG_OP = 'DELETE' THEN OLD.title_id ELSE NEW.title_id END;
    genres        INTEGER[] := genre_ids_of(changed_title);
    next          INTEGER[] := CASE WHEN TG_OP = 'DELETE' THEN array_remove(genres, OLD.genre_id)
                                    WHEN NEW.genre_id = ANY (genres) THEN genres
                                    ELSE genres || NEW.genre_id END;
BEGIN
    -- A title that is being deleted has been noted with all its genres.
    INSERT INTO noted_changes (noun, sign, columns, title, genre_ids, facts)
    SELECT 'title', noted.sign, '{genres}', to_jsonb(t), noted.ids, filtered_facts_of(t.id)
      FROM titles t
     CROSS JOIN (VALUES (-1, genres), (1, next)) AS noted (sign, ids)
     WHERE t.id = changed_title AND genres <> next;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END
$$;

-- Of all rows of a statement at once: a backfill stores the facts of hundreds of titles.
CREATE OR REPLACE FUNCTION note_fact_changes(title_ids INTEGER[], before JSONB[], after JSONB[]) RETURNS VOID
    LANGUAGE sql
    BEGIN ATOMIC
        -- A title that is being deleted has been noted with its facts.
        INSERT INTO noted_changes (noun, sign, columns, title, genre_ids, facts)
        SELECT 'title', noted.sign, one.columns, one.title, one.genre_ids, noted.facts
          FROM (SELECT given.before, given.after, to_jsonb(t) AS title, genre_ids_of(t.id) AS genre_ids,
                       ARRAY(SELECT key
                               FROM jsonb_object_keys(COALESCE(given.before, '{}') || COALESCE(given.after, '{}')) AS key
                              WHERE given.before -> key IS DISTINCT FROM given.after -> key) AS columns
                  FROM unnest(title_ids, before, after) AS given (title_id, before, after)
                  JOIN titles t ON t.id = given.title_id
                OFFSET 0) AS one
         CROSS JOIN LATERAL (VALUES (-1, one.before), (1, one.after)) AS noted (sign, facts)
         WHERE one.columns <> '{}';
    END;

CREATE OR REPLACE FUNCTION note_facts() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM note_fact_changes(array_agg(a.title_id), array_agg(NULL::jsonb), array_agg(filtered_facts(ROW(a.*)::title_facts)))
           FROM after a;
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM note_fact_changes(array_agg(b.title_id), array_agg(filtered_facts(ROW(b.*)::title_facts)), array_agg(NULL::jsonb))
           FROM before b;
    ELSE
        PERFORM note_fact_changes(array_agg(a.title_id), array_agg(filtered_facts(ROW(b.*)::title_facts)),
                                  array_agg(filtered_facts(ROW(a.*)::title_facts)))
           FROM before b JOIN after a USING (title_id);
    END IF;
    RETURN NULL;
END
$$;

-- movies, shows, show_seasons and show_episodes; the argument is the noun.
CREATE OR REPLACE FUNCTION note_counted() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO noted_changes (noun, sign) VALUES (TG_ARGV[0], CASE WHEN TG_OP = 'DELETE' THEN -1 ELSE 1 END);
    RETURN NULL;
END
$$;
CREATE OR REPLACE FUNCTION note_movie_or_show() RETURNS TRIGGER LANGUAGE plpgsql AS $$
DECLARE
    changed_title INTEGER := CASE WHEN TG_OP = 'DELETE' THEN OLD.title_id ELSE NEW.title_id END;
BEGIN
    INSERT INTO noted_changes (noun, sign)
    SELECT TG_ARGV[0], CASE WHEN TG_OP = 'DELETE' THEN -1 ELSE 1 END
      FROM titles WHERE id = changed_title AND withdrawn_at IS NULL;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER note_title AFTER INSERT ON titles
    FOR EACH ROW WHEN (NOT is_bulk()) EXECUTE FUNCTION note_title();
CREATE OR REPLACE TRIGGER note_deleted_title BEFORE DELETE ON titles
    FOR EACH ROW WHEN (NOT is_bulk()) EXECUTE FUNCTION note_title();
CREATE OR REPLACE TRIGGER note_changed_title AFTER UPDATE ON titles
    FOR EACH ROW
    WHEN ((OLD.type, OLD.display_name, OLD.original_title, OLD.start_year, OLD.end_year, OLD.num_votes, OLD.average_rating,
           OLD.original_language, OLD.origin_country, OLD.release_date, OLD.tmdb_popularity, OLD.runtime_minutes,
           OLD.withdrawn_at, OLD.image_url, OLD.imdb_id, OLD.tmdb_id, OLD.is_adult)
          IS DISTINCT FROM
          (NEW.type, NEW.display_name, NEW.original_title, NEW.start_year, NEW.end_year, NEW.num_votes, NEW.average_rating,
           NEW.original_language, NEW.origin_country, NEW.release_date, NEW.tmdb_popularity, NEW.runtime_minutes,
           NEW.withdrawn_at, NEW.image_url, NEW.imdb_id, NEW.tmdb_id, NEW.is_adult)
          AND NOT is_bulk())
    EXECUTE FUNCTION note_title();
CREATE OR REPLACE TRIGGER note_genre BEFORE INSERT OR DELETE ON title_genres
    FOR EACH ROW WHEN (NOT is_bulk()) EXECUTE FUNCTION note_genre();
DROP TRIGGER IF EXISTS note_changed_facts ON title_facts;
CREATE OR REPLACE TRIGGER note_facts AFTER INSERT ON title_facts REFERENCING NEW TABLE AS after
    FOR EACH STATEMENT WHEN (NOT is_bulk()) EXECUTE FUNCTION note_facts();
CREATE OR REPLACE TRIGGER note_deleted_facts AFTER DELETE ON title_facts REFERENCING OLD TABLE AS before
    FOR EACH STATEMENT WHEN (NOT is_bulk()) EXECUTE FUNCTION note_facts();
CREATE OR REPLACE TRIGGER note_updated_facts AFTER UPDATE ON title_facts REFERENCING OLD TABLE AS before NEW TABLE AS after
    FOR EACH STATEMENT WHEN (NOT is_bulk()) EXECUTE FUNCTION note_facts();
CREATE OR REPLACE TRIGGER note_movie AFTER INSERT OR DELETE ON movies
    FOR EACH ROW WHEN (NOT is_bulk()) EXECUTE FUNCTION note_movie_or_show('movie');
CREATE OR REPLACE TRIGGER note_show AFTER INSERT OR DELETE ON shows
    FOR EACH ROW WHEN (NOT is_bulk()) EXECUTE FUNCTION note_movie_or_show('show');
CREATE OR REPLACE TRIGGER note_season AFTER INSERT OR DELETE ON show_seasons
    FOR EACH ROW WHEN (NOT is_bulk()) EXECUTE FUNCTION note_counted('season');
CREATE OR REPLACE TRIGGER note_episode AFTER INSERT OR DELETE ON show_episodes
    FOR EACH ROW WHEN (NOT is_bulk()) EXECUTE FUNCTION note_counted('episode');

---------------------------------------------------------------------------------------------------------------
-- The views of each title, kept by triggers: crawlers look at all of them, and lists are ordered by views.

CREATE TABLE IF NOT EXISTS viewed_titles (
    title_id INTEGER PRIMARY KEY,
    views    INTEGER NOT NULL
);

CREATE OR REPLACE FUNCTION count_views() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' THEN
        DELETE FROM viewed_titles;
        RETURN NULL;
    END IF;
    -- In the order of ids: two writers wait for each other, and never for ever.
    IF TG_OP <> 'INSERT' THEN
        PERFORM FROM viewed_titles
          WHERE title_id IN (SELECT title_id FROM before)
          ORDER BY title_id
            FOR UPDATE;
        UPDATE viewed_titles v
           SET views = v.views - gone.views
          FROM (SELECT title_id, sum(views) AS views FROM before GROUP BY title_id) AS gone
         WHERE v.title_id = gone.title_id;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO viewed_titles AS v (title_id, views)
        SELECT title_id, sum(views) FROM after GROUP BY title_id ORDER BY title_id
            ON CONFLICT (title_id) DO UPDATE SET views = v.views + excluded.views;
    END IF;
    IF TG_OP <> 'INSERT' THEN
        DELETE FROM viewed_titles WHERE views = 0 AND title_id IN (SELECT title_id FROM before);
    END IF;
    RETURN NULL;
END
$$;

-- For rows that came while the triggers rested, as they do for a restore, or before there were any.
CREATE OR REPLACE FUNCTION renew_viewed_titles() RETURNS VOID LANGUAGE sql AS $$
    DELETE FROM viewed_titles;
    INSERT INTO viewed_titles SELECT title_id, sum(views) FROM title_views GROUP BY title_id;
$$;

CREATE OR REPLACE TRIGGER count_views AFTER INSERT ON title_views REFERENCING NEW TABLE AS after
    FOR EACH STATEMENT WHEN (NOT is_bulk()) EXECUTE FUNCTION count_views();
CREATE OR REPLACE TRIGGER count_changed_views AFTER UPDATE ON title_views REFERENCING OLD TABLE AS before NEW TABLE AS after
    FOR EACH STATEMENT EXECUTE FUNCTION count_views();
CREATE OR REPLACE TRIGGER count_deleted_views AFTER DELETE ON title_views REFERENCING OLD TABLE AS before
    FOR EACH STATEMENT EXECUTE FUNCTION count_views();
CREATE OR REPLACE TRIGGER count_no_views AFTER TRUNCATE ON title_views
    FOR EACH STATEMENT EXECUTE FUNCTION count_views();

SELECT renew_viewed_titles() WHERE NOT EXISTS (SELECT FROM viewed_titles);

---------------------------------------------------------------------------------------------------------------
-- IMDb ids that the next import compares, whatever the files say: their rows were changed by other hands than an
-- import's, or their lines had no effect in the last one. An import deletes the rows that its comparison has seen.

CREATE TABLE IF NOT EXISTS imdb_unsettled (
    id      BIGSERIAL PRIMARY KEY,
    imdb_id TEXT NOT NULL                    -- of a title or an episode; the show of a changed episode is here too
);

CREATE OR REPLACE FUNCTION note_unsettled() RETURNS TRIGGER LANGUAGE plpgsql AS $$
DECLARE
    ids TEXT[];
BEGIN
    CASE TG_TABLE_NAME
        WHEN 'titles' THEN
            ids := ARRAY[OLD.imdb_id, NEW.imdb_id];
        WHEN 'shows' THEN
            ids := ARRAY(SELECT imdb_id FROM titles WHERE id IN (OLD.title_id, NEW.title_id));
        WHEN 'show_seasons' THEN
            ids := ARRAY(SELECT t.imdb_id FROM shows s JOIN titles t ON t.id = s.title_id WHERE s.id IN (OLD.show_id, NEW.show_id));
        WHEN 'show_episodes' THEN
            ids := ARRAY(SELECT t.imdb_id
                           FROM show_seasons ss
                           JOIN shows s ON s.id = ss.show_id
                           JOIN titles t ON t.id = s.title_id
                          WHERE ss.id IN (OLD.season_id, NEW.season_id)) || ARRAY[OLD.imdb_id, NEW.imdb_id];
    END CASE;
    INSERT INTO imdb_unsettled (imdb_id) SELECT DISTINCT id FROM unnest(ids) AS id WHERE id IS NOT NULL;
    RETURN NULL;
END
$$;

CREATE OR REPLACE TRIGGER note_unsettled_title AFTER INSERT OR DELETE ON titles
    FOR EACH ROW WHEN (NOT is_bulk()) EXECUTE FUNCTION note_unsettled();
-- The columns that an import compares. It never empties a running time or a name that TMDB has filled.
CREATE OR REPLACE TRIGGER note_unsettled_title_change AFTER UPDATE ON titles
    FOR EACH ROW
    WHEN ((OLD.type, OLD.display_name, OLD.original_title, OLD.start_year, OLD.end_year, OLD.is_adult,
           COALESCE(OLD.runtime_minutes, NEW.runtime_minutes), OLD.average_rating, OLD.num_votes, OLD.imdb_id,
           OLD.imdb_genres, OLD.withdrawn_at, OLD.locked_fields)
          IS DISTINCT FROM
          (NEW.type, NEW.display_name, NEW.original_title, NEW.start_year, NEW.end_year, NEW.is_adult,
           NEW.runtime_minutes, NEW.average_rating, NEW.num_votes, NEW.imdb_id,
           NEW.imdb_genres, NEW.withdrawn_at, NEW.locked_fields)
          AND NOT is_bulk())
    EXECUTE FUNCTION note_unsettled();
CREATE OR REPLACE TRIGGER note_unsettled_show AFTER INSERT OR DELETE ON shows
    FOR EACH ROW WHEN (NOT is_bulk()) EXECUTE FUNCTION note_unsettled();
CREATE OR REPLACE TRIGGER note_unsettled_season AFTER INSERT OR DELETE OR UPDATE OF show_id, season ON show_seasons
    FOR EACH ROW WHEN (NOT is_bulk()) EXECUTE FUNCTION note_unsettled();
CREATE OR REPLACE TRIGGER note_unsettled_episode AFTER INSERT OR DELETE ON show_episodes
    FOR EACH ROW WHEN (NOT is_bulk()) EXECUTE FUNCTION note_unsettled();
CREATE OR REPLACE TRIGGER note_unsettled_episode_change AFTER UPDATE ON show_episodes
    FOR EACH ROW
    WHEN ((OLD.season_id, OLD.episode, COALESCE(OLD.display_name, NEW.display_name), OLD.average_rating, OLD.num_votes,
           OLD.imdb_id, OLD.locked_fields)
          IS DISTINCT FROM
          (NEW.season_id, NEW.episode, NEW.display_name, NEW.average_rating, NEW.num_votes, NEW.imdb_id, NEW.locked_fields)
          AND NOT is_bulk())
    EXECUTE FUNCTION note_unsettled();

---------------------------------------------------------------------------------------------------------------
-- Titles and people that the next import of a further file compares, whatever the file says: rows that their own follow
-- from were changed. An import deletes the rows that its comparison has seen. Only for files that were imported before.

CREATE TABLE IF NOT EXISTS imdb_unmerged (
    id    BIGSERIAL PRIMARY KEY,
    noun  TEXT NOT NULL,                     -- of the dataset: 'akas', 'crew', 'people'
    about INTEGER NOT NULL                   -- titles.id or people.id
);

-- Imports note less by themselves. The directors and writers that title.crew adds follow from those of title.principals.
CREATE OR REPLACE FUNCTION note_credits() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO imdb_unmerged (noun, about)
    SELECT DISTINCT noted.noun, noted.about
      FROM changed, LATERAL (VALUES ('people', person_id), ('crew', CASE WHEN ordinal < 10000 THEN title_id END)) AS noted (noun, about)
     WHERE noted.about IS NOT NULL
       AND EXISTS (SELECT FROM sync_state
                    WHERE key = CASE noted.noun WHEN 'crew' THEN 'imdb_file:title.crew.tsv.gz' ELSE 'imdb_file:name.basics.tsv.gz' END);
    RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER note_new_credits AFTER INSERT ON credits REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT WHEN (NOT is_bulk()) EXECUTE FUNCTION note_credits();
CREATE OR REPLACE TRIGGER note_deleted_credits AFTER DELETE ON credits REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT WHEN (NOT is_bulk()) EXECUTE FUNCTION note_credits();

CREATE OR REPLACE FUNCTION note_person() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO imdb_unmerged (noun, about)
    SELECT 'people', OLD.id FROM sync_state WHERE key = 'imdb_file:name.basics.tsv.gz';
    RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER note_deleted_person AFTER DELETE ON people
    FOR EACH ROW WHEN (NOT is_bulk()) EXECUTE FUNCTION note_person();
-- The columns that an import compares.
CREATE OR REPLACE TRIGGER note_changed_person AFTER UPDATE ON people
    FOR EACH ROW
    WHEN ((OLD.birth_year, OLD.death_year, OLD.fame, OLD.name, OLD.professions, OLD.known_for, OLD.locked_fields, OLD.withdrawn_at)
          IS DISTINCT FROM
          (NEW.birth_year, NEW.death_year, NEW.fame, NEW.name, NEW.professions, NEW.known_for, NEW.locked_fields, NEW.withdrawn_at)
          AND NOT is_bulk())
    EXECUTE FUNCTION note_person();

---------------------------------------------------------------------------------------------------------------
-- What search reads beside the names themselves.

-- The logarithm to base 2 of a number of votes. In floating point: that of numeric takes 9 us.
CREATE OR REPLACE FUNCTION fame_of(votes INTEGER) RETURNS SMALLINT
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN floor(ln(GREATEST(votes, 1)::float8) / ln(2::float8) + 1e-9)::smallint;

-- The votes that a fame stands for: the middle of those that have it.
CREATE OR REPLACE FUNCTION votes_of(fame SMALLINT) RETURNS INTEGER
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN fame > 0 THEN (3 << fame) / 2 ELSE 0 END;

-- Brings name_words to the present names. In a large catalogue only the names of titles and people that some have heard of
-- count: the others are three quarters of all names, and full of mistakes. (The body is text, since an import puts new
-- tables in the place of some of these.)
CREATE OR REPLACE FUNCTION renew_name_words() RETURNS void
    LANGUAGE sql
AS $$
    -- In the order of note_words: an import and a writer are never each other's deadlock. A word that is gone is marked in
    -- its turn, and deleted once all are locked.
    INSERT INTO name_words (word, fame)
      WITH counted AS (
           SELECT word, max(fame) AS fame
             FROM (SELECT t.search_names AS names, fame_of(t.num_votes) AS fame
                     FROM titles t
                    WHERE t.withdrawn_at IS NULL
                      AND (t.num_votes >= 100 OR t.imdb_id IS NULL OR (SELECT count(*) < 100000 FROM titles))
                    UNION ALL
                   SELECT n.name, n.fame FROM title_names n WHERE n.fame >= 7
                    UNION ALL
                   SELECT p.search_name, p.fame FROM people p WHERE p.fame >= 10 AND p.withdrawn_at IS NULL) AS named,
                  string_to_table(names, ' ') AS word
            WHERE length(word) BETWEEN 4 AND 20 AND word !~ '^[0-9]+$'
            GROUP BY word)
    SELECT word, COALESCE(c.fame, -1)
      FROM counted c
      FULL JOIN name_words w USING (word)
     WHERE c.fame IS DISTINCT FROM w.fame
     ORDER BY word
        ON CONFLICT (word) DO UPDATE SET fame = EXCLUDED.fame;
    DELETE FROM name_words WHERE fame = -1;
$$;

-- In the order of the words, so writers are no deadlock; words that are known already are not locked.
CREATE OR REPLACE FUNCTION note_words() RETURNS TRIGGER
    LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO name_words AS w (word, fame)
    SELECT DISTINCT word, fame_of(NEW.num_votes)
      FROM string_to_table(NEW.search_names, ' ') AS each (word)
     WHERE length(word) BETWEEN 4 AND 20 AND word !~ '^[0-9]+$'
       AND NOT EXISTS (SELECT FROM name_words known WHERE known.word = each.word AND known.fame >= fame_of(NEW.num_votes))
     ORDER BY word
        ON CONFLICT (word) DO UPDATE SET fame = EXCLUDED.fame WHERE w.fame < EXCLUDED.fame;
    RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER note_words AFTER INSERT ON titles
    FOR EACH ROW WHEN (NOT is_bulk()) EXECUTE FUNCTION note_words();
CREATE OR REPLACE TRIGGER note_changed_words AFTER UPDATE ON titles
    FOR EACH ROW
    WHEN ((OLD.display_name, OLD.original_title) IS DISTINCT FROM (NEW.display_name, NEW.original_title) AND NOT is_bulk())
    EXECUTE FUNCTION note_words();

-- title_names lacks the alternative titles that were the title's own names; an edit makes them alternative ones. The next
-- import compares them, also if the title has its old name again.
CREATE OR REPLACE FUNCTION note_former_names() RETURNS TRIGGER
    LANGUAGE plpgsql
AS $$
BEGIN
    INSERT INTO title_names (title_id, fame, is_working, name)
    SELECT NEW.id, fame_of(NEW.num_votes), bool_and(a.is_working), a.folded
      FROM (SELECT kind = 'working' AS is_working, '| ' || fold(name) || ' |' AS folded
              FROM title_akas
             WHERE title_id = NEW.id
            OFFSET 0) AS a
     WHERE strpos(OLD.search_names, a.folded) > 0 AND strpos(NEW.search_names, a.folded) = 0
       AND NOT EXISTS (SELECT FROM title_names n WHERE n.title_id = NEW.id AND n.name = a.folded)
     GROUP BY a.folded;
    INSERT INTO imdb_unmerged (noun, about)
    SELECT 'akas', NEW.id FROM sync_state WHERE key = 'imdb_file:title.akas.tsv.gz';
    RETURN NULL;
END
$$;
CREATE OR REPLACE TRIGGER note_former_names AFTER UPDATE ON titles
    FOR EACH ROW
    WHEN ((OLD.display_name, OLD.original_title) IS DISTINCT FROM (NEW.display_name, NEW.original_title) AND NOT is_bulk())
    EXECUTE FUNCTION note_former_names();

-- Names that an earlier fold() wrote otherwise are folded again.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM sync_state WHERE key = 'fold' AND value = '2') THEN
        PERFORM set_config('mediacanon.is_bulk', 'on', true);
        UPDATE titles SET display_name = display_name
         WHERE search_names <> '| ' || fold(display_name) || ' |' || COALESCE(' ' || fold(NULLIF(original_title, display_name)) || ' |', '');
        UPDATE people SET name = name WHERE search_name <> '| ' || fold(name) || ' |';
        PERFORM renew_name_words();
        PERFORM set_config('mediacanon.is_bulk', '', true);
        INSERT INTO sync_state (key, value) VALUES ('fold', '2')
            ON CONFLICT (key) DO UPDATE SET value = EXCLUDED.value;
    END IF;
END
$$;

---------------------------------------------------------------------------------------------------------------
-- Indexes. The keys above serve look-ups by id, by imdb_id and by parent. The original's indexes on the same leading
-- columns only cost writes, so they are dropped.

DROP INDEX IF EXISTS idx_titles_imdb_id, idx_show_seasons_show, idx_show_episodes_season, idx_title_genres_title,
                     idx_collection_titles_collection, idx_collections_active, idx_titles_type, idx_titles_display_name;

-- Search: the first index serves exact and prefix matches, the second words anywhere and typos.
CREATE INDEX IF NOT EXISTS idx_titles_search_prefix ON titles (search_names text_pattern_ops);
CREATE INDEX IF NOT EXISTS idx_titles_search_names ON titles USING gin (search_names gin_trgm_ops);
-- The same for the few well-known titles: a frequent word is found among them at once.
CREATE INDEX IF NOT EXISTS idx_titles_search_known ON titles USING gin (search_names gin_trgm_ops) WHERE num_votes >= 1000;
-- The same name in another spelling, of titles with a hundred votes and of those made by hand.
CREATE INDEX IF NOT EXISTS idx_titles_search_key ON titles
    (name_key(split_part(search_names, '|', 2)) text_pattern_ops) WHERE num_votes >= 100 OR imdb_id IS NULL;
CREATE INDEX IF NOT EXISTS idx_titles_search_original_key ON titles
    (name_key(split_part(search_names, '|', 3)) text_pattern_ops)
    WHERE (num_votes >= 100 OR imdb_id IS NULL) AND split_part(search_names, '|', 3) <> '';
CREATE INDEX IF NOT EXISTS idx_titles_original_language ON titles (original_language);
-- Look-up by TMDB's id.
CREATE INDEX IF NOT EXISTS idx_titles_tmdb_id ON titles (tmdb_id, type) WHERE tmdb_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS idx_titles_needs_backfill ON titles (needs_backfill_tmdb) WHERE needs_backfill_tmdb = true;
CREATE INDEX IF NOT EXISTS idx_collection_titles_rank ON collection_titles (collection_id, rank);
CREATE INDEX IF NOT EXISTS idx_title_views_source ON title_views (source);
CREATE INDEX IF NOT EXISTS idx_collection_clicks_collection ON collection_clicks (collection_id);
CREATE INDEX IF NOT EXISTS idx_collection_clicks_clicked_at ON collection_clicks (clicked_at);

-- Discover: one index per order, limited to the titles that discover shows (a tenth of the catalogue has a poster), so
-- a first page is the first entries of an index. The columns of the filters are included, so entries that do not match
-- are skipped without a visit to the table. The original's indexes are dropped: they lack tie-breakers and hold all titles.
DROP INDEX IF EXISTS idx_titles_popularity, idx_titles_rating, idx_titles_start_year;
DROP INDEX IF EXISTS idx_titles_num_votes;
-- The indexes of earlier versions lack is_adult, and a filter outside the index visits the table for each entry.
DO $$
DECLARE
    narrow RECORD;
BEGIN
    FOR narrow IN
        SELECT indexname
          FROM pg_indexes
         WHERE schemaname = current_schema() AND indexname ~ '^idx_titles_(discover_|by_votes$)' AND indexdef NOT LIKE '%is_adult%'
    LOOP
        EXECUTE format('DROP INDEX %I', narrow.indexname);
    END LOOP;
END
$$;
-- Most votes. It also serves the other orders' thresholds of votes.
CREATE INDEX IF NOT EXISTS idx_titles_discover_votes ON titles
    (num_votes DESC NULLS LAST, id)
    INCLUDE (type, start_year, average_rating, original_language, origin_country, runtime_minutes, is_adult)
    WHERE withdrawn_at IS NULL AND image_url LIKE 'http%';
CREATE INDEX IF NOT EXISTS idx_titles_discover_trending ON titles
    (tmdb_popularity DESC NULLS LAST, num_votes DESC NULLS LAST, id)
    INCLUDE (type, start_year, average_rating, original_language, origin_country, runtime_minutes, is_adult)
    WHERE withdrawn_at IS NULL AND image_url LIKE 'http%';
-- Top rated and hidden gems. Votes are part of the key, so entries with too few are skipped inside the index.
CREATE INDEX IF NOT EXISTS idx_titles_discover_rating ON titles
    (average_rating DESC NULLS LAST, num_votes DESC NULLS LAST, id)
    INCLUDE (type, start_year, original_language, origin_country, runtime_minutes, is_adult)
    WHERE withdrawn_at IS NULL AND image_url LIKE 'http%';
-- Newest, and any range of years.
CREATE INDEX IF NOT EXISTS idx_titles_discover_newest ON titles
    (start_year DESC NULLS LAST, release_date DESC NULLS LAST, num_votes DESC NULLS LAST, id)
    INCLUDE (type, average_rating, original_language, origin_country, runtime_minutes, is_adult)
    WHERE withdrawn_at IS NULL AND image_url LIKE 'http%';
-- A to Z, in an order that is the same on every system.
CREATE INDEX IF NOT EXISTS idx_titles_discover_name ON titles
    (lower(display_name) COLLATE "C", num_votes DESC NULLS LAST, id)
    INCLUDE (type, start_year, average_rating, original_language, origin_country, runtime_minutes, is_adult)
    WHERE withdrawn_at IS NULL AND image_url LIKE 'http%';
-- The same orders of all listed titles, with a poster or without. The first is that of lists by name and search, too:
-- most votes first, titles without votes last. (The original's index had to be read backwards.)
CREATE INDEX IF NOT EXISTS idx_titles_by_votes ON titles
    (num_votes DESC NULLS LAST, id)
    INCLUDE (type, start_year, average_rating, original_language, origin_country, runtime_minutes, is_adult)
    WHERE withdrawn_at IS NULL;
CREATE INDEX IF NOT EXISTS idx_titles_by_trend ON titles
    (tmdb_popularity DESC NULLS LAST, num_votes DESC NULLS LAST, id)
    INCLUDE (type, start_year, average_rating, original_language, origin_country, runtime_minutes, is_adult)
    WHERE withdrawn_at IS NULL;
CREATE INDEX IF NOT EXISTS idx_titles_by_rating ON titles
    (average_rating DESC NULLS LAST, num_votes DESC NULLS LAST, id)
    INCLUDE (type, start_year, original_language, origin_country, runtime_minutes, is_adult)
    WHERE withdrawn_at IS NULL;
CREATE INDEX IF NOT EXISTS idx_titles_by_year ON titles
    (start_year DESC NULLS LAST, release_date DESC NULLS LAST, num_votes DESC NULLS LAST, id)
    INCLUDE (type, average_rating, original_language, origin_country, runtime_minutes, is_adult)
    WHERE withdrawn_at IS NULL;
CREATE INDEX IF NOT EXISTS idx_titles_by_name ON titles
    (lower(display_name) COLLATE "C", num_votes DESC NULLS LAST, id)
    INCLUDE (type, start_year, average_rating, original_language, origin_country, runtime_minutes, is_adult)
    WHERE withdrawn_at IS NULL;
-- A rare language, country or running time in any order: reading and sorting its few thousand entries takes 2 ms, while
-- scanning the index of the order for twenty matches takes 50 ms.
CREATE INDEX IF NOT EXISTS idx_titles_discover_language ON titles
    (original_language, num_votes DESC NULLS LAST, id)
    INCLUDE (type, start_year, release_date, average_rating, tmdb_popularity, origin_country, runtime_minutes, is_adult)
    WHERE withdrawn_at IS NULL AND image_url LIKE 'http%';
CREATE INDEX IF NOT EXISTS idx_titles_discover_country ON titles
    (origin_country, num_votes DESC NULLS LAST, id)
    INCLUDE (type, start_year, release_date, average_rating, tmdb_popularity, original_language, runtime_minutes, is_adult)
    WHERE withdrawn_at IS NULL AND image_url LIKE 'http%';
CREATE INDEX IF NOT EXISTS idx_titles_discover_runtime ON titles
    (runtime_minutes, num_votes DESC NULLS LAST, id)
    INCLUDE (type, start_year, release_date, average_rating, tmdb_popularity, original_language, origin_country, is_adult)
    WHERE withdrawn_at IS NULL AND image_url LIKE 'http%';
-- Titles found by genre or by views: the other filters are checked without a visit to the table.
CREATE INDEX IF NOT EXISTS idx_titles_discover_id ON titles
    (id)
    INCLUDE (num_votes, type, start_year, release_date, average_rating, tmdb_popularity, original_language,
             origin_country, runtime_minutes, is_adult)
    WHERE withdrawn_at IS NULL AND image_url LIKE 'http%';
-- Shows by the days of their episodes.
CREATE INDEX IF NOT EXISTS idx_show_episodes_air_date ON show_episodes (air_date, season_id) WHERE air_date IS NOT NULL;
-- The titles of a rare genre, from the index alone; a frequent genre is checked title by title in the primary key.
DROP INDEX IF EXISTS idx_title_genres_genre;
CREATE INDEX IF NOT EXISTS idx_title_genres_by_genre ON title_genres (genre_id, title_id);
-- The clean-up goes by time, the deletion of a title by the title.
DROP INDEX IF EXISTS idx_title_views_title, idx_title_views_viewed_at, idx_title_views_recent, idx_title_views_by_title,
                     idx_title_views_counted, idx_title_views_counted_by_title;
CREATE INDEX IF NOT EXISTS idx_title_views_time ON title_views (viewed_at);
CREATE INDEX IF NOT EXISTS idx_title_views_of_title ON title_views (title_id);
CREATE INDEX IF NOT EXISTS idx_viewed_titles_views ON viewed_titles (views DESC, title_id);
-- Titles with a keyword, a company or a network, and the films of a franchise.
CREATE INDEX IF NOT EXISTS idx_title_facts_keywords ON title_facts USING gin (keyword_ids);
CREATE INDEX IF NOT EXISTS idx_title_facts_companies ON title_facts USING gin (company_ids);
CREATE INDEX IF NOT EXISTS idx_title_facts_networks ON title_facts USING gin (network_ids);
CREATE INDEX IF NOT EXISTS idx_title_facts_certified ON title_facts USING gin (certified(certifications));
CREATE INDEX IF NOT EXISTS idx_title_facts_tvdb_id ON title_facts (tvdb_id) WHERE tvdb_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS idx_title_facts_status ON title_facts (status, title_id);
CREATE INDEX IF NOT EXISTS idx_title_facts_with_video ON title_facts (title_id) WHERE videos IS NOT NULL;
-- A keyword, company or network by name.
CREATE INDEX IF NOT EXISTS idx_tmdb_names_name ON tmdb_names (kind, lower(name));
CREATE INDEX IF NOT EXISTS idx_title_facts_franchise ON title_facts (franchise_id) WHERE franchise_id IS NOT NULL;
-- The names and credits of a title, the credits of a person. One column each: PostgreSQL stores equal keys once.
CREATE INDEX IF NOT EXISTS idx_title_akas_title ON title_akas (title_id);
CREATE INDEX IF NOT EXISTS idx_credits_title ON credits (title_id);
DROP INDEX IF EXISTS idx_credits_person;
CREATE INDEX IF NOT EXISTS idx_credits_by_person ON credits (person_id);
CREATE INDEX IF NOT EXISTS idx_episode_credits_people ON episode_credits USING gin (people);
-- Alternative titles by words anywhere, those of known titles once more, and in another spelling.
CREATE INDEX IF NOT EXISTS idx_title_names_title ON title_names (title_id);
CREATE INDEX IF NOT EXISTS idx_title_names_name ON title_names USING gin (name gin_trgm_ops);
CREATE INDEX IF NOT EXISTS idx_title_names_known ON title_names USING gin (name gin_trgm_ops) WHERE fame >= 10;
CREATE INDEX IF NOT EXISTS idx_title_names_key ON title_names (name_key(split_part(name, '|', 2)) text_pattern_ops) WHERE fame >= 6;
-- What a mistyped word may mean.
CREATE INDEX IF NOT EXISTS idx_name_words_spellings ON name_words USING gin (spellings(word));
-- People by words anywhere, known people once more, and in another spelling.
DROP INDEX IF EXISTS idx_people_search_prefix;
CREATE INDEX IF NOT EXISTS idx_people_search_names ON people USING gin (search_name gin_trgm_ops);
CREATE INDEX IF NOT EXISTS idx_people_search_known ON people USING gin (search_name gin_trgm_ops) WHERE fame >= 12;
CREATE INDEX IF NOT EXISTS idx_people_search_key ON people (name_key(split_part(search_name, '|', 2)) text_pattern_ops) WHERE fame >= 10;
CREATE INDEX IF NOT EXISTS idx_people_tmdb_id ON people (tmdb_id) WHERE tmdb_id IS NOT NULL;

-- MediaCanon's database: the one definition of tables, keys and indexes.
--
-- Idempotent: a start applies this file, under an advisory lock and in one transaction, if it has changed. It creates
-- missing objects, and it upgrades a database of the original MediaCanon in place with every row and id intact.
-- Runs on PostgreSQL 15 to 18. Times are UTC in `timestamp without time zone`, as the original stored them.

CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- Folds a name for search: lower case, without accents and punctuation, words one space apart. A name of punctuation
-- alone stays as it is. Most names are plain words, for which the cheap first test suffices.
CREATE OR REPLACE FUNCTION fold(value TEXT) RETURNS TEXT
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN CASE
        WHEN value ~ '^[A-Za-z0-9]+( [A-Za-z0-9]+)*$' THEN lower(value)
        ELSE COALESCE(NULLIF(btrim(regexp_replace(
                 translate(
                     replace(replace(replace(
                         -- Removes accents and apostrophes: "what's" becomes "whats".
                         lower(regexp_replace(normalize(value, NFKD), '[\u0300-\u036f''\u2018\u2019\u02bb`\u00b4]+', '', 'g')),
                         'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'),
                     'øłđðıþ', 'olddit'),
                 -- Punctuation of ASCII and Latin-1, general punctuation and CJK punctuation.
                 '[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u2000-\u206f\u3000-\u3003\u30fb]+', ' ', 'g')), ''),
             lower(value))
    END;

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
    ADD COLUMN IF NOT EXISTS kind            TEXT;        -- 'finale' or 'mid_season': TMDB's words; null for every other episode

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
-- Engagement: views and clicks. A daily clean-up deletes rows older than 7 days.

CREATE TABLE IF NOT EXISTS title_views (
    id        BIGSERIAL PRIMARY KEY,
    title_id  INTEGER NOT NULL REFERENCES titles (id) ON DELETE CASCADE,
    viewed_at TIMESTAMP NOT NULL DEFAULT now(),
    source    TEXT
);

ALTER TABLE title_views
    ADD COLUMN IF NOT EXISTS views INTEGER NOT NULL DEFAULT 1;  -- a batch adds one row per title and source, so a popular title is not thousands of rows

-- The newest rows are counted often, and an index-only scan must visit the table for each row not vacuumed yet.
ALTER TABLE title_views
    SET (autovacuum_vacuum_insert_threshold = 1000, autovacuum_vacuum_insert_scale_factor = 0);

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

-- Rows of movies and shows count while their title is listed.
CREATE OR REPLACE FUNCTION note_listed(changed_title INTEGER, change INTEGER) RETURNS VOID
    LANGUAGE sql
    BEGIN ATOMIC
        INSERT INTO noted_changes (noun, sign)
        SELECT 'movie', change FROM movies WHERE title_id = changed_title
         UNION ALL
        SELECT 'show', change FROM shows WHERE title_id = changed_title;
    END;

CREATE OR REPLACE FUNCTION note_title() RETURNS TRIGGER LANGUAGE plpgsql AS $$
DECLARE
    genres  INTEGER[] := CASE WHEN TG_OP = 'INSERT' THEN '{}' ELSE genre_ids_of(OLD.id) END;
    changed TEXT[];
BEGIN
    IF TG_OP = 'UPDATE' THEN
        changed := ARRAY(SELECT key
                           FROM jsonb_each(to_jsonb(NEW)) AS after
                           JOIN jsonb_each(to_jsonb(OLD)) AS before USING (key)
                          WHERE after.value <> before.value AND key NOT IN ('updated_at', 'enriched_at')
                            AND (key <> 'image_url' OR COALESCE(NEW.image_url LIKE 'http%', false) <> COALESCE(OLD.image_url LIKE 'http%', false)));
    END IF;
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO noted_changes (noun, sign, columns, title, genre_ids) VALUES ('title', -1, changed, to_jsonb(OLD), genres);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO noted_changes (noun, sign, columns, title, genre_ids) VALUES ('title', 1, changed, to_jsonb(NEW), genres);
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
    INSERT INTO noted_changes (noun, sign, columns, title, genre_ids)
    SELECT 'title', noted.sign, '{genres}', to_jsonb(t), noted.ids
      FROM titles t
     CROSS JOIN (VALUES (-1, genres), (1, next)) AS noted (sign, ids)
     WHERE t.id = changed_title AND genres <> next;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
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
CREATE OR REPLACE TRIGGER note_movie AFTER INSERT OR DELETE ON movies
    FOR EACH ROW WHEN (NOT is_bulk()) EXECUTE FUNCTION note_movie_or_show('movie');
CREATE OR REPLACE TRIGGER note_show AFTER INSERT OR DELETE ON shows
    FOR EACH ROW WHEN (NOT is_bulk()) EXECUTE FUNCTION note_movie_or_show('show');
CREATE OR REPLACE TRIGGER note_season AFTER INSERT OR DELETE ON show_seasons
    FOR EACH ROW WHEN (NOT is_bulk()) EXECUTE FUNCTION note_counted('season');
CREATE OR REPLACE TRIGGER note_episode AFTER INSERT OR DELETE ON show_episodes
    FOR EACH ROW WHEN (NOT is_bulk()) EXECUTE FUNCTION note_counted('episode');

---------------------------------------------------------------------------------------------------------------
-- Indexes. The keys above serve look-ups by id, by imdb_id and by parent. The original's indexes on the same leading
-- columns only cost writes, so they are dropped.

DROP INDEX IF EXISTS idx_titles_imdb_id, idx_show_seasons_show, idx_show_episodes_season, idx_title_genres_title,
                     idx_collection_titles_collection, idx_collections_active, idx_titles_type;

CREATE INDEX IF NOT EXISTS idx_titles_display_name ON titles (display_name);
-- Search: the first index serves exact and prefix matches, the second words anywhere and typos.
CREATE INDEX IF NOT EXISTS idx_titles_search_prefix ON titles (search_names text_pattern_ops);
CREATE INDEX IF NOT EXISTS idx_titles_search_names ON titles USING gin (search_names gin_trgm_ops);
-- The same for the few well-known titles: a frequent word is found among them at once.
CREATE INDEX IF NOT EXISTS idx_titles_search_known ON titles USING gin (search_names gin_trgm_ops) WHERE num_votes >= 1000;
-- The order of lists and search: most votes first, titles without votes last. (The original's index had to be read
-- backwards, which puts titles without votes first.)
DROP INDEX IF EXISTS idx_titles_num_votes;
CREATE INDEX IF NOT EXISTS idx_titles_by_votes ON titles (num_votes DESC NULLS LAST, id);
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
-- The indexes of earlier versions lack is_adult, and a filter outside the index visits the table for each entry.
DO $$
DECLARE
    narrow RECORD;
BEGIN
    FOR narrow IN
        SELECT indexname
          FROM pg_indexes
         WHERE schemaname = current_schema() AND indexname LIKE 'idx\_titles\_discover\_%' AND indexdef NOT LIKE '%is_adult%'
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
-- The titles of a rare genre, from the index alone; a frequent genre is checked title by title in the primary key.
DROP INDEX IF EXISTS idx_title_genres_genre;
CREATE INDEX IF NOT EXISTS idx_title_genres_by_genre ON title_genres (genre_id, title_id);
-- Views of the last days: the first index counts them for all titles, the second for the titles of one page.
DROP INDEX IF EXISTS idx_title_views_title, idx_title_views_viewed_at, idx_title_views_recent, idx_title_views_by_title;
CREATE INDEX IF NOT EXISTS idx_title_views_counted ON title_views (viewed_at, title_id, views);
CREATE INDEX IF NOT EXISTS idx_title_views_counted_by_title ON title_views (title_id, viewed_at, views);
-- Titles with a keyword, a company or a network, and the films of a franchise.
CREATE INDEX IF NOT EXISTS idx_title_facts_keywords ON title_facts USING gin (keyword_ids);
CREATE INDEX IF NOT EXISTS idx_title_facts_companies ON title_facts USING gin (company_ids);
CREATE INDEX IF NOT EXISTS idx_title_facts_networks ON title_facts USING gin (network_ids);
CREATE INDEX IF NOT EXISTS idx_title_facts_franchise ON title_facts (franchise_id) WHERE franchise_id IS NOT NULL;

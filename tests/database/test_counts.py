"""Counts are corrected by what the database has noted, and are those of a count made now, whatever changes."""

import asyncio
import os
import random
from collections.abc import Awaitable, Callable

import asyncpg
import pytest

from mediacanon.database import counts
from mediacanon.database.changes import IS_BULK, Change, listening, notify_titles
from mediacanon.database.counts import STANDING, Counts, correct_counts, load_counts, tidy_counts
from mediacanon.loaders.discover import DiscoverCount, DiscoverFilter
from mediacanon.loaders.title_list import SearchCount, TitleSearch

SEED = int(os.environ.get("MEDIACANON_RANDOM_SEED", "7"))
WORDS = ("Night", "nacht", "Le Fabuleux", "100%", "a_b", "ÉTÉ", "The light")
# Each restriction alone, and some at once.
FILTERS = (
    DiscoverFilter(),
    DiscoverFilter(type="movie"),
    DiscoverFilter(genres_in=("Drama", "Comedy")),
    DiscoverFilter(genres_all=("Drama", "Comedy")),
    DiscoverFilter(genres_not_in=("Drama",)),
    DiscoverFilter(language_in=("en", "fr"), votes_min=5),
    DiscoverFilter(country_in=("US",), year_min=1990, year_max=2010),
    DiscoverFilter(rating_min=5, rating_max=7.5),
    DiscoverFilter(hides_adult=True),
    DiscoverFilter(keywords_in=("night", "7"), companies_in=("1",)),
    DiscoverFilter(certified_in=("US:G", "DE:6"), type="movie"),
    DiscoverFilter(status_in=("Ended",), has_video=True),
    DiscoverFilter(has_video=False),
    DiscoverFilter(has_poster=True),
    DiscoverFilter(has_poster=False, type="show"),
    DiscoverFilter(has_imdb_id=True),
    DiscoverFilter(has_imdb_id=False, type="movie"),
    DiscoverFilter(runtime_min=60, runtime_max=120, votes_max=90),
)
QUESTIONS = (
    *STANDING,
    *(DiscoverCount(each) for each in FILTERS),
    *(SearchCount(TitleSearch(each.lower())) for each in WORDS),
    SearchCount(TitleSearch("night", DiscoverFilter(genres_in=("Drama",)))),
)


class Changes:
    """Random changes of a small catalogue by plain SQL: whoever writes, the database notes it."""

    def __init__(self, pool: asyncpg.Pool, seed: int) -> None:
        self.pool = pool
        self.draw = random.Random(seed)

    def facts(self) -> tuple[object, ...]:
        draw = self.draw
        return (
            draw.choice(WORDS),
            draw.choice((None, 1989, 1990, 2010)),
            draw.choice((None, 1, 50, 100)),
            draw.choice((None, 4.9, 5.0, 7.5)),
            draw.choice((None, "en", "fr", "ja")),
            draw.choice((None, "US", "JP")),
            draw.choice((None, 59, 60, 120)),
            draw.choice((None, "none", "https://a/1.jpg", "https://a/2.jpg")),
        )

    async def some(self) -> int:
        return await self.pool.fetchval("SELECT id FROM titles ORDER BY random() LIMIT 1") or 0

    async def add(self, connection: asyncpg.Connection) -> None:
        noun = self.draw.choice(("movie", "show"))
        title_id = await connection.fetchval(
            "INSERT INTO titles (type, display_name, start_year, num_votes, average_rating, original_language,"
            " origin_country, runtime_minutes, image_url) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id",
            noun,
            *self.facts(),
        )
        if self.draw.random() < 0.8:
            await connection.execute(f"INSERT INTO {noun}s (title_id) VALUES ($1)", title_id)

    async def change(self, connection: asyncpg.Connection) -> None:
        await connection.execute(
            "UPDATE titles SET display_name = $2, start_year = $3, num_votes = $4, average_rating = $5,"
            " original_language = $6, origin_country = $7, runtime_minutes = $8, image_url = $9,"
            " withdrawn_at = CASE WHEN random() < 0.2 THEN now() END, is_adult = random() < 0.2,"
            " imdb_id = CASE WHEN random() < 0.5 THEN 'tt' || (9000000 + id) END WHERE id = $1",
            await self.some(),
            *self.facts(),
        )

    async def relink(self, connection: asyncpg.Connection) -> None:
        title_id = await self.some()
        await connection.execute("DELETE FROM title_genres WHERE title_id = $1 AND random() < 0.5", title_id)
        await connection.execute(
            "INSERT INTO title_genres SELECT $1, id FROM genres WHERE random() < 0.5"
            " AND EXISTS (SELECT FROM titles WHERE id = $1) ON CONFLICT DO NOTHING",
            title_id,
        )

    async def tell(self, connection: asyncpg.Connection) -> None:
        """Give a title further facts, others, or none."""
        draw = self.draw
        await connection.execute(
            "INSERT INTO title_facts (title_id, source, fetched_at, tmdb_type, tmdb_id, version, keyword_ids, company_ids,"
            " status, certifications, videos, homepage)"
            " SELECT id, 'tmdb', now(), 'movie', 1, 1, $2, $3, $4, $5, $6, 'https://a/' FROM titles WHERE id = $1"
            " ON CONFLICT (title_id) DO UPDATE SET (keyword_ids, company_ids, status, certifications, videos)"
            " = (excluded.keyword_ids, excluded.company_ids, excluded.status, excluded.certifications, excluded.videos)",
            await self.some(),
            draw.choice((None, [7, 8], [9])),
            draw.choice((None, [1], [2, 1])),
            draw.choice((None, "Ended", "Released")),
            draw.choice((None, {"US": "G"}, {"US": "R", "DE": "6"})),
            draw.choice((None, [], [{}])),
        )
        if draw.random() < 0.2:
            await connection.execute("DELETE FROM title_facts WHERE title_id = $1", await self.some())

    async def remove(self, connection: asyncpg.Connection) -> None:
        await connection.execute("DELETE FROM titles WHERE id = $1", await self.some())

    async def grow(self, connection: asyncpg.Connection) -> None:
        await connection.execute(
            "WITH season AS (INSERT INTO show_seasons (show_id, season) SELECT id, (random() * 5)::int FROM shows"
            " ORDER BY random() LIMIT 1 ON CONFLICT DO NOTHING RETURNING id)"
            " INSERT INTO show_episodes (season_id, episode) SELECT id, n FROM season, generate_series(1, 3) AS n"
        )

    async def shrink(self, connection: asyncpg.Connection) -> None:
        await connection.execute("DELETE FROM show_seasons WHERE id IN (SELECT id FROM show_seasons LIMIT 1)")

    async def one(self) -> None:
        kinds: tuple[Callable[[asyncpg.Connection], Awaitable[None]], ...] = (
            *(self.add, self.add, self.change, self.change, self.relink, self.relink),
            *(self.tell, self.tell, self.remove, self.grow, self.shrink),
        )
        async with self.pool.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            for _ in range(self.draw.randint(1, 3)):
                await self.draw.choice(kinds)(connection)
            await (transaction.rollback() if self.draw.random() < 0.1 else transaction.commit())


@pytest.fixture
async def changes(pool: asyncpg.Pool) -> Changes:
    """Give a catalogue of some titles, and its changes."""
    await pool.execute("INSERT INTO genres (name) VALUES ('Drama'), ('Comedy'), ('Horror')")
    await pool.execute("INSERT INTO tmdb_names (kind, id, name) VALUES ('keyword', 8, 'Night'), ('keyword', 9, 'Day')")
    made = Changes(pool, SEED)
    for _ in range(20):
        await made.one()
    return made


async def counted(pool: asyncpg.Pool, question: counts.Question) -> Counts:
    async with pool.acquire() as connection, connection.transaction(readonly=True):
        return await counts.count(connection, question)


async def test_corrected_counts_are_those_of_a_count_made_now(pool: asyncpg.Pool, changes: Changes):
    """Whatever is changed by whom, committed or rolled back, in however many steps."""
    known = {question: await counted(pool, question) for question in QUESTIONS}
    for number in range(60):
        await changes.one()
        for question in QUESTIONS if number % 3 else ():
            known[question] = await correct_counts(pool, question, known[question])
            expected = await counted(pool, question)
            assert known[question].by_group == expected.by_group, f"MEDIACANON_RANDOM_SEED={SEED} {number} {question}"
    assert sum(counted.total for counted in known.values()) > 50


async def test_counts_made_while_others_write_miss_nothing_and_count_nothing_twice(
    pool: asyncpg.Pool, changes: Changes
):
    """A transaction that a count did not see is in the next correction, in whatever order they commit."""
    question = DiscoverCount(DiscoverFilter(type="movie"))
    insert = "INSERT INTO titles (type, display_name, image_url) VALUES ('movie', 'x', 'https://a/1.jpg')"
    before = (await counted(pool, question)).total
    async with pool.acquire() as first, pool.acquire() as second:
        early, late = first.transaction(), second.transaction()
        await early.start()
        await first.execute(insert)
        await late.start()
        await second.execute(insert)
        await late.commit()
        known = await counted(pool, question)
        assert known.total == before + 1
        await early.commit()
        known = await correct_counts(pool, question, known)
        assert known.total == before + 2
        assert (await correct_counts(pool, question, known)).total == before + 2


async def test_kept_counts_are_true_from_the_first_question(pool: asyncpg.Pool, changes: Changes):
    """They are counted once, corrected, brought up to date, and counted again after a change that noted nothing."""
    await tidy_counts(pool)
    for _ in range(10):
        await changes.one()
    for question in STANDING:
        assert (await load_counts(pool, [question]))[0].by_group == (await counted(pool, question)).by_group
    snapshots = await pool.fetch("SELECT snapshot::text FROM kept_counts")
    await tidy_counts(pool)
    assert snapshots != await pool.fetch("SELECT snapshot::text FROM kept_counts")
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(IS_BULK)
        await connection.execute("UPDATE titles SET original_language = 'ko', withdrawn_at = NULL")
        await counts.keep_counts(connection)
    for question in STANDING:
        assert (await load_counts(pool, [question]))[0].by_group == (await counted(pool, question)).by_group


async def test_after_very_many_changes_counts_are_made_anew(pool: asyncpg.Pool, changes: Changes):
    """Reading each of them would take longer than reading the catalogue: the changes themselves are not read."""
    await tidy_counts(pool)
    known = {question: await counted(pool, question) for question in QUESTIONS}
    await pool.execute("INSERT INTO titles (type, display_name) VALUES ('movie', 'Night'), ('show', 'Night')")
    await pool.execute("UPDATE noted_changes SET sign = 0")
    many = "INSERT INTO noted_changes (noun, sign) SELECT 'season', 1 FROM generate_series(1, $1)"
    await pool.execute(many, counts.MOST_CORRECTED + 1)
    for question in QUESTIONS:
        expected = await counted(pool, question)
        assert (await correct_counts(pool, question, known[question])).by_group == expected.by_group, question
    await tidy_counts(pool)
    for question in STANDING:
        assert (await load_counts(pool, [question]))[0].by_group == (await counted(pool, question)).by_group


async def test_changes_are_forgotten_when_nobody_needs_them(pool: asyncpg.Pool, changes: Changes):
    """They go a quarter of an hour after their commit, not before; a long transaction's count from its commit."""
    noted = "SELECT count(*) FROM noted_changes"
    await pool.execute("INSERT INTO kept_counts VALUES ('of another version', '[]', pg_current_snapshot())")
    await changes.one()
    await tidy_counts(pool)
    assert await pool.fetchval(noted) > 0
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("INSERT INTO titles (type, display_name) VALUES ('movie', 'Long')")
        await pool.execute("UPDATE kept_counts SET counted_at = counted_at - interval '20 minutes'")
        await tidy_counts(pool)
        assert await pool.fetchval(noted) == 0
    await tidy_counts(pool)
    assert await pool.fetchval(noted) == 1
    await pool.execute("UPDATE kept_counts SET counted_at = counted_at - interval '20 minutes'")
    await tidy_counts(pool)
    # The horizon was set while the long transaction ran.
    assert await pool.fetchval(noted) == 1
    await pool.execute("UPDATE kept_counts SET counted_at = counted_at - interval '20 minutes'")
    await tidy_counts(pool)
    assert await pool.fetchval(noted) == 0


async def test_one_process_tidies_at_a_time(pool: asyncpg.Pool, changes: Changes):
    """Several at once do no harm."""
    await asyncio.gather(*(tidy_counts(pool) for _ in range(4)))
    for question in STANDING:
        assert (await load_counts(pool, [question]))[0].by_group == (await counted(pool, question)).by_group


@pytest.mark.parametrize(
    ("change", "tags"),
    [
        ("UPDATE titles SET display_name = 'Another'", {"titles.display_name", "titles.search_names"}),
        ("UPDATE titles SET num_votes = 7", {"titles.num_votes"}),
        ("UPDATE titles SET image_url = 'https://a/3.jpg'", {"titles.image_url"}),
        ("UPDATE titles SET image_url = 'none'", set()),
        ("UPDATE titles SET updated_at = now(), enriched_at = now()", set()),
        ("INSERT INTO title_genres SELECT titles.id, genres.id FROM titles, genres LIMIT 1", {"titles.genres"}),
        ("DELETE FROM titles", {"titles", "movie"}),
    ],
)
async def test_a_change_carries_the_columns_that_lists_depend_on(
    pool: asyncpg.Pool, database: str, change: str, tags: set[str]
):
    """A poster in the place of a poster, and the time of a change, are none of them."""
    await pool.execute("INSERT INTO titles (type, display_name) VALUES ('movie', 'A')")
    await pool.execute("INSERT INTO movies (title_id) SELECT id FROM titles")
    async with listening(database) as heard, pool.acquire() as connection:
        received: list[Change] = []
        heard.subscribe(received.append)
        async with connection.transaction():
            await connection.execute(change)
            await notify_titles(connection, [1])
            await notify_titles(connection, [1], is_stale=True)
        assert await heard.catch_up()
    of_title = frozenset({"lists", "title:1"})
    assert received == [Change(of_title | tags), Change(of_title, frozenset(tags))][: 2 if tags else 1]

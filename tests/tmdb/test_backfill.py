"""Backfill: in order, in batches, resumable, and with a truthful summary."""

import asyncio
import contextlib
from datetime import datetime

import asyncpg
import pytest

from mediacanon.database.pool import open_pool
from mediacanon.tmdb.backfill import Summary, backfill, fetch_images, reset
from mediacanon.tmdb.client import TmdbClient
from tests.fakes.tmdb import FAILURES, KEY, Fault
from tests.fakes.tmdb_catalogue import film, show
from tests.tmdb.conftest import IMAGES
from tests.tmdb.rows import add_episodes, add_title, episode_rows, title_row

FLAGGED = "SELECT count(*) FROM titles WHERE needs_backfill_tmdb"


class NotedProgress:
    """Progress that records its calls."""

    def __init__(self):
        self.total = self.done = 0
        self.unit = ""

    @contextlib.contextmanager
    def step(self, name, *, total=None, unit="bytes"):
        self.total, self.unit = total, unit
        yield self

    def advance(self, amount):
        self.done += amount


async def add_films(pool, tmdb, count: int) -> None:
    """Add films with votes 1 to `count` to TMDB and to the database."""
    for number in range(1, count + 1):
        imdb_id = f"tt9{number:06}"
        tmdb.catalogue.add_film(film(number, imdb_id))
        await add_title(pool, imdb_id, num_votes=number)


async def test_flagged_titles_are_fetched_and_the_others_left_alone(pool, client, tmdb):
    """Each flagged title has its facts afterwards; the summary and the progress count them."""
    await add_films(pool, tmdb, 250)
    done = await add_title(pool, "tt8000001", needs_backfill_tmdb=False)
    by_hand = await add_title(pool, None)
    await add_title(pool, "tt8000002")
    progress = NotedProgress()
    summary = await backfill(pool, client, image_base_url=IMAGES, progress=progress)
    assert summary == Summary(fetched=251, unknown=1, changed=251)
    assert (progress.total, progress.done, progress.unit) == (251, 251, "titles")
    assert await pool.fetchval(FLAGGED) == 0
    assert await pool.fetchval("SELECT count(*) FROM titles WHERE runtime_minutes = 97") == 250
    assert (await title_row(pool, done))["enriched_at"] is None
    assert (await title_row(pool, by_hand))["image_url"] is None
    assert len(tmdb.requests) == 501


async def test_the_most_voted_come_first_and_a_limit_is_kept(pool, client, tmdb):
    """With a limit of 10 the ten most voted titles are fetched; titles without votes come last."""
    await add_films(pool, tmdb, 30)
    await add_title(pool, "tt8000003", num_votes=None)
    summary = await backfill(pool, client, image_base_url=IMAGES, limit=10)
    assert summary.fetched == 10
    fetched = await pool.fetch("SELECT num_votes FROM titles WHERE NOT needs_backfill_tmdb")
    assert {row["num_votes"] for row in fetched} == set(range(21, 31))


async def test_the_next_run_resumes_an_interrupted_one(pool, client, tmdb):
    """A cancelled run stores the facts it has fetched; the next run fetches only the rest."""
    await add_films(pool, tmdb, 100)
    tmdb.latency = 0.01
    run = asyncio.create_task(backfill(pool, client, image_base_url=IMAGES))
    while len(tmdb.requests) < 100:
        await asyncio.sleep(0.005)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    left = await pool.fetch("SELECT imdb_id, num_votes FROM titles WHERE needs_backfill_tmdb")
    assert 0 < len(left) < 100
    tmdb.behave()
    summary = await backfill(pool, client, image_base_url=IMAGES)
    assert summary.fetched == len(left)
    # As a set: the fake may record requests of the cancelled run late.
    assert set(tmdb.requests) == {
        path for imdb_id, number in left for path in (f"/3/find/{imdb_id}", f"/3/movie/{number}")
    }


async def test_failed_titles_are_left_for_the_next_run(pool, client, tmdb):
    """One malformed reply neither stops the run nor is retried for ever."""
    await add_films(pool, tmdb, 40)
    tmdb.misbehave(Fault.HTML, path="tt9000007")
    summary = await backfill(pool, client, image_base_url=IMAGES)
    assert (summary.fetched, summary.failed) == (39, 1)
    assert await pool.fetchval("SELECT imdb_id FROM titles WHERE needs_backfill_tmdb") == "tt9000007"


async def test_a_wrong_key_stops_the_run(pool, tmdb):
    """The first 401 ends the run; the summary gives the reason."""
    await add_films(pool, tmdb, 200)
    async with TmdbClient("wrong-key", base_url=tmdb.url, per_second=0) as client:
        summary = await backfill(pool, client, image_base_url=IMAGES)
    assert "refuses the key" in str(summary)
    assert len(tmdb.requests) <= 20


async def test_the_run_waits_while_the_circuit_is_open(pool, tmdb):
    """Thirty failures in a row open the circuit; the run waits and then fetches the rest."""
    await add_films(pool, tmdb, 100)
    tmdb.misbehave(Fault.SERVER_ERROR, times=30)
    async with TmdbClient(KEY, base_url=tmdb.url, per_second=0, backoff=0.001, pause=0.2) as client:
        summary = await backfill(pool, client, image_base_url=IMAGES)
    assert summary.stopped is None
    assert summary.fetched + summary.failed == 100
    assert summary.fetched > 80


async def test_the_run_waits_as_long_as_retry_after_says(pool, tmdb):
    """A Retry-After beyond the limit of silence does not count as silence: every title is fetched."""
    await add_films(pool, tmdb, 60)
    tmdb.misbehave(Fault.BUSY_WITH_RETRY_AFTER, times=1, path="tt9000030", retry_after="1")
    tmdb.misbehave(Fault.BUSY_WITH_RETRY_AFTER, times=1, path="tt9000009", retry_after="1")
    async with TmdbClient(KEY, base_url=tmdb.url, per_second=0, pause=0.01, longest_wait=0.1) as client:
        summary = await backfill(pool, client, image_base_url=IMAGES)
    assert summary == Summary(fetched=60, changed=60)


async def test_pauses_without_end_stop_the_run(pool, tmdb):
    """A TMDB that replies to every request with 429 ends the run."""
    await add_films(pool, tmdb, 30)
    tmdb.misbehave(Fault.BUSY)
    async with (
        asyncio.timeout(60),
        TmdbClient(KEY, base_url=tmdb.url, per_second=0, backoff=0.1, pause=0.05, longest_wait=0.01) as client,
    ):
        summary = await backfill(pool, client, image_base_url=IMAGES)
    assert "asked too often" in (summary.stopped or "")
    assert (summary.fetched, summary.failed) == (0, 0)
    assert await pool.fetchval(FLAGGED) == 30


@contextlib.asynccontextmanager
async def locked_title(database: str):
    """Lock the row of one title and of titles without an id; yield a wait for the blocked process, and the lock."""
    connection = await asyncpg.connect(database)
    lock = connection.transaction()
    await lock.start()
    await connection.execute("SELECT FROM titles WHERE imdb_id = 'tt9000003' OR imdb_id IS NULL FOR UPDATE")

    async def waiting() -> int:
        sql = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        while not (pid := await connection.fetchval(sql)):
            await asyncio.sleep(0.005)
            await connection.execute("SELECT pg_stat_clear_snapshot()")
        return pid

    yield waiting, lock
    await connection.close()


@pytest.mark.parametrize("is_lost", [False, True], ids=["a-row-locked-too-long", "a-lost-connection"])
async def test_a_transient_failure_of_the_database_is_retried(database, pool, client, tmdb, caplog, is_lost):
    """The batch is stored after the retry, and TMDB gets each request once."""
    await add_films(pool, tmdb, 30)
    async with (
        await open_pool(database, size=2, command_timeout=30 if is_lost else 1) as own,
        locked_title(database) as (waiting, lock),
    ):
        run = asyncio.create_task(backfill(own, client, image_base_url=IMAGES, pauses=(0.01,) * 200))
        if is_lost:
            await pool.execute("SELECT pg_terminate_backend($1)", await waiting())
        while "The database fails" not in caplog.text and not run.done():
            await asyncio.sleep(0.005)
        await lock.rollback()
        summary = await run
    assert summary == Summary(fetched=30, changed=30)
    assert await pool.fetchval(FLAGGED) == 0
    assert len(tmdb.requests) == 60


async def test_a_lasting_failure_of_the_database_ends_the_run(database, pool, client, tmdb):
    """The summary gives the reason; titles of the lost batch keep their flags for the next run."""
    await add_films(pool, tmdb, 30)
    await add_title(pool, None)
    async with (
        await open_pool(database, size=2, command_timeout=1) as own,
        locked_title(database),
    ):
        summary = await backfill(own, client, image_base_url=IMAGES, pauses=(0.01, 0.01))
    assert str(summary).endswith("stopped: the database fails (TimeoutError): it takes too long")
    assert await pool.fetchval(FLAGGED) == 31
    assert (await backfill(pool, client, image_base_url=IMAGES)).changed == 30


@pytest.mark.parametrize("fault", FAILURES)
async def test_no_failure_clears_a_flag(pool, tmdb, fault):
    """A backfill against a failing TMDB ends, reports it, and leaves each title for the next run."""
    for number in range(30):
        tmdb.catalogue.add_film(film(100 + number, f"tt90001{number:02}"))
        await add_title(pool, f"tt90001{number:02}")
    tmdb.misbehave(fault, retry_after="0")
    async with TmdbClient(KEY, base_url=tmdb.url, per_second=0, timeout=0.1, backoff=0.001, pause=0.01) as client:
        summary = await backfill(pool, client, image_base_url=IMAGES)
    flagged = "SELECT count(*) FROM titles WHERE needs_backfill_tmdb AND enriched_at IS NULL"
    assert await pool.fetchval(flagged) == 30
    assert summary.fetched == summary.changed == 0
    assert summary.failed or summary.stopped


async def test_reset_flags_every_title(pool, client, tmdb):
    """A title whose flag is null is flagged as well; the result is the number of newly flagged titles."""
    await add_title(pool, "tt9000001", needs_backfill_tmdb=False)
    await add_title(pool, "tt9000002", needs_backfill_tmdb=None)
    await add_title(pool, "tt9000003")
    assert await reset(pool) == 2
    assert await pool.fetchval(FLAGGED) == 3


async def test_images_of_shows_come_with_their_episodes(pool, client, tmdb):
    """Shows never fetched get poster and stills; with skip_synced off all shows do."""
    tmdb.catalogue.add_show(show(70), "tt9000070", episodes=2)
    tmdb.catalogue.add_show(show(71), "tt9000071", episodes=2)
    tmdb.catalogue.add_film(film(72, "tt9000072"))
    new = await add_title(pool, "tt9000070", type="show")
    synced = await add_title(pool, "tt9000071", type="show", image_url="none", episodes_checked_at=datetime(2026, 1, 1))  # noqa: DTZ001 - the column has no zone
    movie = await add_title(pool, "tt9000072")
    for title_id in (new, synced):
        await add_episodes(pool, title_id, seasons=1, episodes=2)
    summary = await fetch_images(pool, client, image_base_url=IMAGES)
    assert (summary.fetched, summary.episodes) == (1, 2)
    assert all(row["image_url"] for row in await episode_rows(pool, new))
    assert (await title_row(pool, synced))["tmdb_id"] is None
    summary = await fetch_images(pool, client, image_base_url=IMAGES, skip_synced=False, limit=9)
    assert summary.fetched == 2
    assert (await title_row(pool, synced))["tmdb_id"] == 71
    assert (await title_row(pool, movie))["tmdb_id"] is None


async def test_an_empty_image_url_counts_as_missing(pool, client, tmdb):
    """Shows and episodes with '' as their image URL were never fetched."""
    for number in (76, 77):
        tmdb.catalogue.add_show(show(number), f"tt90000{number}", episodes=1)
    asked = {"type": "show", "episodes_checked_at": None}
    bare = await add_title(pool, "tt9000076", image_url="", **asked)
    still = await add_title(pool, "tt9000077", image_url="kept", **asked)
    await add_episodes(pool, still, seasons=1, episodes=1)
    await pool.execute("UPDATE show_episodes SET image_url = ''")
    assert (await fetch_images(pool, client, image_base_url=IMAGES)).fetched == 2
    assert (await title_row(pool, bare))["image_url"].endswith("/poster76.jpg")
    assert (await episode_rows(pool, still))[0]["image_url"].endswith("/still77s1e1.jpg")


async def test_the_next_run_fetches_the_stills_an_interrupted_one_missed(pool, client, tmdb):
    """A run stopped between a show's own facts and its episodes is resumed; a third run finds nothing to do."""
    tmdb.catalogue.add_show(show(73), "tt9000073", episodes=2)
    title_id = await add_title(pool, "tt9000073", type="show")
    await add_episodes(pool, title_id, seasons=1, episodes=2)
    tmdb.misbehave(Fault.HANG, path="/season/")
    run = asyncio.create_task(fetch_images(pool, client, image_base_url=IMAGES))
    while not any("/season/" in path for path in tmdb.requests):
        await asyncio.sleep(0.005)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert (await title_row(pool, title_id))["image_url"]
    tmdb.behave()
    summary = await fetch_images(pool, client, image_base_url=IMAGES)
    assert (summary.fetched, summary.episodes) == (1, 2)
    assert all(row["image_url"] for row in await episode_rows(pool, title_id))
    assert (await fetch_images(pool, client, image_base_url=IMAGES)).fetched == 0


async def test_failing_seasons_stop_the_run(pool, tmdb):
    """A show whose seasons keep failing does not end the silence: the run stops, and nothing counts as fetched."""
    tmdb.catalogue.add_show(show(74, seasons=8), "tt9000074", episodes=1)
    title_id = await add_title(pool, "tt9000074", type="show")
    await add_episodes(pool, title_id, seasons=8, episodes=1)
    tmdb.misbehave(Fault.SERVER_ERROR, path="/season/")
    async with (
        asyncio.timeout(60),
        TmdbClient(KEY, base_url=tmdb.url, per_second=0, backoff=0.001, failures_to_give_up=3, pause=0.1) as client,
    ):
        summary = await fetch_images(pool, client, image_base_url=IMAGES)
    assert summary.stopped
    assert (summary.fetched, summary.failed) == (0, 0)


async def test_a_removed_poster_is_not_fetched(pool, client, tmdb):
    """A poster cleared by hand is locked: the run skips the title."""
    title_id = await add_title(pool, "tt9000075", type="show", locked_fields=["image_url"])
    await fetch_images(pool, client, image_base_url=IMAGES)
    assert tmdb.requests == []
    assert (await title_row(pool, title_id))["image_url"] is None


def test_a_summary_reads_as_a_sentence():
    """The summary names every count but zeros."""
    assert str(Summary(fetched=1200, changed=3)) == "1,200 titles fetched from TMDB, 3 changed"
    assert str(Summary(failed=2, stopped="no key")).endswith("2 failed and left for the next run, stopped: no key")

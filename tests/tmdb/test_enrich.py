"""What someone who looks at a title sets in motion, and what the database holds afterwards."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest

from mediacanon.database.changes import EVERYTHING, ChangeListener
from mediacanon.database.pool import open_pool
from mediacanon.settings import Settings
from mediacanon.tmdb.client import TmdbClient
from mediacanon.tmdb.enrich import LOCK_CLASS, Enrichment, FetchedElsewhere, open_enrichment
from mediacanon.writes.title import update_title
from tests.fakes.tmdb import KEY, Fault
from tests.fakes.tmdb_catalogue import film, show
from tests.serving import title_change
from tests.tmdb.announcements import heard_from
from tests.tmdb.conftest import IMAGES, POSTER
from tests.tmdb.rows import LOCKS, add_episodes, add_title, episode_rows, title_row


async def until_idle(enrichment: Enrichment) -> None:
    """Wait for the fetches that go on after the answer."""
    while enrichment._running:
        await asyncio.wait(list(enrichment._running.values()))


async def test_a_film_gets_its_facts_and_loses_its_flag(enrichment, pool, tmdb):
    """Poster, id, language, date, popularity, country and runtime come with two requests."""
    tmdb.catalogue.add_film(film(11, "tt9000011"))
    title_id = await add_title(pool, "tt9000011")
    await enrichment.title(title_id)
    stored = await title_row(pool, title_id)
    assert stored["image_url"] == POSTER.format(11)
    assert (stored["tmdb_id"], stored["original_language"]) == (11, "da")
    assert (stored["release_date"], stored["origin_country"]) == (date(2011, 3, 4), "DK")
    assert (stored["tmdb_popularity"], stored["runtime_minutes"]) == (12.5, 97)
    assert stored["needs_backfill_tmdb"] is False
    assert stored["enriched_at"] is not None
    assert tmdb.requests == ["/3/find/tt9000011", "/3/movie/11"]


async def test_a_second_look_asks_nothing(enrichment, pool, tmdb):
    """What is there and fresh is not fetched again."""
    tmdb.catalogue.add_film(film(12, "tt9000012"))
    title_id = await add_title(pool, "tt9000012")
    await enrichment.title(title_id)
    tmdb.behave()
    await enrichment.title(title_id)
    assert tmdb.requests == []


async def test_a_missing_image_is_fetched_without_a_flag(enrichment, pool, tmdb):
    """Null and the empty string mean that nobody looked yet; one request where the id is known."""
    tmdb.catalogue.add_film(film(13, "tt9000013"))
    title_id = await add_title(pool, "tt9000013", needs_backfill_tmdb=False, image_url="", tmdb_id=13)
    await enrichment.title(title_id)
    assert (await title_row(pool, title_id))["image_url"] == POSTER.format(13)
    assert tmdb.requests == ["/3/movie/13"]


async def test_no_poster_is_remembered_with_a_sentinel(enrichment, pool, tmdb):
    """The database says 'none', and the next look does not ask again."""
    tmdb.catalogue.add_film(film(14, "tt9000014", poster_path=None))
    title_id = await add_title(pool, "tt9000014")
    await enrichment.title(title_id)
    stored = await title_row(pool, title_id)
    assert (stored["image_url"], stored["tmdb_id"]) == ("none", 14)
    tmdb.behave()
    await enrichment.title(title_id)
    assert tmdb.requests == []


async def test_a_title_tmdb_does_not_know_is_remembered(enrichment, pool, tmdb):
    """An empty find answer is an answer: sentinel, no id, no flag, everything else as it was."""
    title_id = await add_title(pool, "tt9000015", runtime_minutes=80, origin_country="FI")
    await enrichment.title(title_id)
    stored = await title_row(pool, title_id)
    assert (stored["image_url"], stored["tmdb_id"]) == ("none", None)
    assert (stored["runtime_minutes"], stored["origin_country"]) == (80, "FI")
    assert stored["needs_backfill_tmdb"] is False


async def test_what_tmdb_is_silent_about_stays(enrichment, pool, tmdb):
    """Empty and zero never overwrite what is there, a poster included."""
    silent = film(
        16,
        "tt9000016",
        poster_path=None,
        release_date="",
        runtime=0,
        popularity=0,
        original_language="",
        origin_country=[],
        production_countries=[],
    )
    tmdb.catalogue.add_film(silent)
    known = {
        "image_url": "https://image.example/own.jpg",
        "release_date": date(1999, 1, 2),
        "runtime_minutes": 80,
        "tmdb_popularity": 3.5,
        "original_language": "fi",
        "origin_country": "FI",
    }
    title_id = await add_title(pool, "tt9000016", **known)
    await enrichment.title(title_id)
    stored = await title_row(pool, title_id)
    assert {key: stored[key] for key in known} == known
    assert stored["needs_backfill_tmdb"] is False


async def test_fields_edited_by_hand_stay(enrichment, pool, tmdb):
    """Locked columns are left alone, also by a refresh; the others are not."""
    tmdb.catalogue.add_film(film(17, "tt9000017"))
    locked = ["image_url", "release_date", "runtime_minutes", "origin_country"]
    title_id = await add_title(
        pool, "tt9000017", runtime_minutes=1, release_date=date(2000, 1, 1), locked_fields=locked
    )
    await enrichment.title(title_id)
    await enrichment.refresh(title_id)
    stored = await title_row(pool, title_id)
    assert (stored["image_url"], stored["origin_country"]) == (None, None)
    assert (stored["runtime_minutes"], stored["release_date"]) == (1, date(2000, 1, 1))
    assert (stored["tmdb_id"], stored["original_language"]) == (17, "da")


async def test_a_stranger_s_facts_never_overwrite_a_right_title(enrichment, pool, tmdb):
    """A show held under a film's number: the show of that number is another, and TMDB links it to no IMDb id."""
    tmdb.catalogue.add_show(show(39), "")
    right = {"image_url": "right", "original_language": "fi", "tmdb_popularity": 3.5}
    title_id = await add_title(pool, "tt9000039", type="show", tmdb_id=39, **right)
    await enrichment.title(title_id)
    stored = await title_row(pool, title_id)
    assert {key: stored[key] for key in right} == right
    assert stored["needs_backfill_tmdb"] is False


async def test_an_id_given_by_hand_is_asked_for_at_the_next_look(enrichment, pool, tmdb):
    """The title was found under a wrong one; what TMDB links the right one to does not matter."""
    tmdb.catalogue.add_film(film(42, "tt9000042"))
    tmdb.catalogue.add_film(film(43, "tt9999999"))
    title_id = await add_title(pool, "tt9000042")
    await enrichment.title(title_id)
    await update_title(pool, title_id, {"tmdb_id": 43})
    enrichment.forget(title_change(title_id))
    await enrichment.title(title_id)
    stored = await title_row(pool, title_id)
    assert (stored["tmdb_id"], stored["image_url"]) == (43, POSTER.format(43))


async def test_a_poster_taken_away_is_not_looked_for_at_every_look(enrichment, pool, tmdb):
    """Cleared by hand and locked it is no reason to ask."""
    title_id = await add_title(
        pool,
        "tt9000018",
        needs_backfill_tmdb=False,
        locked_fields=["image_url"],
        enriched_at=datetime.now(UTC).replace(tzinfo=None),
    )
    assert await enrichment.title(title_id) is False
    assert tmdb.requests == []


async def test_a_title_made_by_hand_only_loses_its_flag(enrichment, pool, tmdb):
    """Without an IMDb id there is nothing to look up and no sentinel to leave."""
    title_id = await add_title(pool, None)
    await enrichment.title(title_id)
    stored = await title_row(pool, title_id)
    assert (stored["needs_backfill_tmdb"], stored["image_url"]) == (False, None)
    assert tmdb.requests == []


async def test_the_answer_does_not_wait_longer_than_told(enrichment, pool, tmdb):
    """Looking returns while TMDB still thinks; what it says is stored all the same."""
    tmdb.catalogue.add_film(film(18, "tt9000018"))
    title_id = await add_title(pool, "tt9000018")
    with tmdb.thinking():
        await enrichment.title(title_id, wait=0)
        assert (await title_row(pool, title_id))["image_url"] is None
    await until_idle(enrichment)
    assert (await title_row(pool, title_id))["image_url"] == POSTER.format(18)


async def test_what_is_only_old_is_fetched_behind_the_readers_back(enrichment, pool, tmdb):
    """A stale title answers at once and is fetched in the background."""
    tmdb.catalogue.add_film(film(19, "tt9000019"))
    long_ago = datetime.now(UTC).replace(tzinfo=None) - timedelta(days=40)
    title_id = await add_title(pool, "tt9000019", needs_backfill_tmdb=False, image_url="old", enriched_at=long_ago)
    with tmdb.thinking():
        await enrichment.title(title_id)
        assert (await title_row(pool, title_id))["image_url"] == "old"
    await until_idle(enrichment)
    assert (await title_row(pool, title_id))["image_url"] == POSTER.format(19)


@pytest.mark.parametrize("ids", [{"imdb_id": "tt9000044"}, {"imdb_id": None, "tmdb_id": 44}], ids=["imdb", "tmdb"])
@pytest.mark.parametrize("asked_at", [None, datetime(2020, 1, 1)], ids=["never", "long-ago"])  # noqa: DTZ001 - the column has no zone
async def test_what_tmdb_was_not_asked_about_lately_is_old(enrichment, pool, tmdb, ids, asked_at):
    """Whichever id it is known by, and however lately an import has touched it; nobody waits."""
    tmdb.catalogue.add_film(film(44, "tt9000044"))
    title_id = await add_title(pool, **ids, needs_backfill_tmdb=False, image_url="old", enriched_at=asked_at)
    assert await enrichment.title(title_id) is False
    await until_idle(enrichment)
    assert (await title_row(pool, title_id))["image_url"] == POSTER.format(44)


async def test_many_readers_cause_one_fetch(enrichment, pool, tmdb):
    """Fifty looks at the same moment are two requests."""
    tmdb.catalogue.add_film(film(20, "tt9000020"))
    tmdb.latency = 0.05
    title_id = await add_title(pool, "tt9000020")
    await asyncio.gather(*(enrichment.title(title_id) for _ in range(50)))
    assert tmdb.requests == ["/3/find/tt9000020", "/3/movie/20"]


async def test_many_workers_cause_one_fetch(database, pool, client, tmdb):
    """Looks in four workers at the same moment are two requests, and all four see the result."""
    tmdb.catalogue.add_film(film(21, "tt9000021"))
    tmdb.latency = 0.05
    title_id = await add_title(pool, "tt9000021")

    async def worker() -> str:
        async with await open_pool(database, size=2) as own, await open_pool(database) as locks:
            enrichment = Enrichment(own, client, locks=locks, image_base_url=IMAGES, wait=30)
            await enrichment.title(title_id)
            return (await title_row(own, title_id))["image_url"]

    seen = await asyncio.gather(*(worker() for _ in range(4)))
    assert seen == [POSTER.format(21)] * 4
    assert tmdb.requests == ["/3/find/tt9000021", "/3/movie/21"]


async def test_a_title_fetched_elsewhere_for_too_long_is_left_to_the_other(enrichment, pool, tmdb, monkeypatch):
    """Looks end with what there is, a refresh says so; no failure is remembered, the next look fetches."""
    monkeypatch.setattr("mediacanon.tmdb.enrich.LOCK_TIMEOUT", "50ms")
    tmdb.catalogue.add_film(film(46, "tt9000046"))
    title_id = await add_title(pool, "tt9000046")
    async with pool.acquire() as other, other.transaction():
        await other.execute("SELECT pg_advisory_xact_lock($1, $2)", LOCK_CLASS, title_id)
        await enrichment.title(title_id)
        with pytest.raises(FetchedElsewhere, match="fetched already"):
            await enrichment.refresh(title_id)
    assert tmdb.requests == []
    assert (await title_row(pool, title_id))["needs_backfill_tmdb"] is True
    await enrichment.title(title_id)
    assert (await title_row(pool, title_id))["tmdb_id"] == 46


async def test_no_connection_of_the_pool_is_held_while_tmdb_thinks(database, client, pool, tmdb):
    """With TMDB hanging a pool of one connection still answers."""
    tmdb.misbehave(Fault.HANG)
    title_id = await add_title(pool, "tt9000022")
    async with await open_pool(database, size=1) as only, await open_pool(database) as locks:
        enrichment = Enrichment(only, client, locks=locks, image_base_url=IMAGES)
        await enrichment.title(title_id, wait=0)
        while not tmdb.requests:
            await asyncio.sleep(0.01)
        assert await only.fetchval("SELECT 1", timeout=5) == 1
        await enrichment.close()


async def test_failures_are_remembered(enrichment, pool, tmdb):
    """A title that failed is left alone for a while, other titles are not."""
    tmdb.catalogue.add_film(film(24, "tt9000024"))
    tmdb.misbehave(Fault.HTML, path="tt9000023")
    failing = await add_title(pool, "tt9000023")
    await enrichment.title(failing)
    await enrichment.title(failing)
    assert tmdb.requests == ["/3/find/tt9000023"]
    other = await add_title(pool, "tt9000024")
    await enrichment.title(other)
    assert (await title_row(pool, other))["tmdb_id"] == 24


async def test_failures_are_forgotten_in_time(database, pool, client, tmdb):
    """After its time a failed title is tried again."""
    title_id = await add_title(pool, "tt9000025")
    tmdb.misbehave(Fault.HTML)
    async with await open_pool(database, size=2) as locks:
        enrichment = Enrichment(pool, client, locks=locks, image_base_url=IMAGES, wait=30, remember_failures=0)
        await enrichment.title(title_id)
        await enrichment.title(title_id)
    assert tmdb.requests == ["/3/find/tt9000025"] * 2


async def test_closing_stops_everything(enrichment, pool, tmdb):
    """A fetch under way ends, its lock is free, and its title keeps its flag."""
    tmdb.misbehave(Fault.HANG)
    title_id = await add_title(pool, "tt9000028")
    await enrichment.title(title_id, wait=0)
    enrichment.queue([title_id])
    while not tmdb.requests:
        await asyncio.sleep(0.01)
    await enrichment.close()
    assert not enrichment._running
    assert (await title_row(pool, title_id))["needs_backfill_tmdb"] is True
    assert await pool.fetchval(LOCKS) == 0


async def test_a_change_is_announced_once_and_only_if_something_changed(enrichment, pool, database, tmdb):
    """Every worker hears which title changed; one that is found as it was is dated without a word."""
    tmdb.catalogue.add_film(film(29, "tt9000029"))
    title_id = await add_title(pool, "tt9000029")
    async with heard_from(database) as heard:
        await enrichment.title(title_id)
        await pool.execute("UPDATE titles SET enriched_at = enriched_at - interval '1 year'")
        before = await title_row(pool, title_id)
        await enrichment.title(title_id)
        await until_idle(enrichment)
        after = await title_row(pool, title_id)
        assert await heard() == [{"tags": ["lists", f"title:{title_id}"]}]
    assert after["enriched_at"] > before["enriched_at"]
    assert after["updated_at"] == before["updated_at"]


async def test_without_a_key_there_is_no_enrichment(database, pool):
    """No key: nothing to look or list with, and no connection opened for it."""
    async with open_enrichment(Settings(), pool, database, ChangeListener()) as enrichment:
        assert enrichment is None


async def test_a_title_that_needs_nothing_is_left_alone_until_it_changes(enrichment, pool, tmdb):
    """Looks cost no statement for a while; whatever is announced of the title ends that."""
    tmdb.catalogue.add_film(film(38, "tt9000038"))
    title_id = await add_title(pool, "tt9000038")
    assert await enrichment.title(title_id) is True
    assert await enrichment.title(title_id) is False
    await pool.execute("UPDATE titles SET image_url = NULL WHERE id = $1", title_id)
    assert await enrichment.title(title_id) is False
    enrichment.forget(title_change(title_id))
    assert await enrichment.title(title_id) is True
    enrichment.forget(EVERYTHING)
    assert not enrichment._complete._until


async def test_settings_reach_the_client(database, pool, tmdb):
    """Key, address and limits come from the settings."""
    tmdb.catalogue.add_film(film(33, "tt9000033"))
    title_id = await add_title(pool, "tt9000033")
    settings = Settings.from_environment(
        {"TMDB_API_KEY": KEY, "TMDB_BASE_URL": tmdb.url, "TMDB_WAIT": "30", "TMDB_RATE": "0"}
    )
    async with open_enrichment(settings, pool, database, ChangeListener()) as enrichment:
        await enrichment.title(title_id)
    assert (await title_row(pool, title_id))["tmdb_id"] == 33


async def test_a_dead_tmdb_costs_readers_nothing(database, pool, tmdb):
    """Once TMDB is left alone a look neither asks nor waits, and later looks may ask again."""
    tmdb.misbehave(Fault.SERVER_ERROR)
    ids = [await add_title(pool, f"tt91000{number}") for number in range(10, 15)]
    async with (
        TmdbClient(KEY, base_url=tmdb.url, per_second=0, backoff=0.001, failures_to_give_up=3) as client,
        await open_pool(database, size=1) as locks,
    ):
        enrichment = Enrichment(pool, client, locks=locks, image_base_url=IMAGES, wait=30)
        await asyncio.gather(*(enrichment.title(title_id) for title_id in ids))
        assert len(tmdb.requests) == 3
        assert len(enrichment._failed._until) == 1


async def test_a_pause_that_tmdb_asked_for_costs_readers_nothing(enrichment, pool, client, tmdb):
    """The look that met it ends, holding no lock; later ones neither ask nor wait, and no title counts as failed."""
    tmdb.misbehave(Fault.BUSY_WITH_RETRY_AFTER, retry_after="60")
    first, second = await add_title(pool, "tt9100020"), await add_title(pool, "tt9100021")
    await enrichment.title(first)
    assert await enrichment.title(second) is False
    assert tmdb.requests == ["/3/find/tt9100020"]
    assert not enrichment._failed._until
    assert await pool.fetchval(LOCKS) == 0


async def test_a_show_gets_its_facts_and_its_episodes(enrichment, pool, tmdb):
    """One look at a show with two seasons: find, show, two seasons."""
    tmdb.catalogue.add_show(show(34, seasons=2), "tt9000034", episodes=3)
    title_id = await add_title(pool, "tt9000034", type="show")
    await add_episodes(pool, title_id, seasons=2, episodes=3)
    await enrichment.title(title_id)
    stored = await title_row(pool, title_id)
    assert (stored["tmdb_id"], stored["runtime_minutes"]) == (34, 42)
    assert stored["episodes_checked_at"] is not None
    episodes = await episode_rows(pool, title_id)
    assert episodes[5]["image_url"] == "https://image.tmdb.org/t/p/w400/still34s2e3.jpg"
    assert len(tmdb.requests) == 4


async def test_a_show_tmdb_lists_as_a_film_gets_no_episodes_of_a_stranger(enrichment, pool, tmdb):
    """The film's poster and facts, and no episodes of the show that has the film's number."""
    tmdb.catalogue.add_film(film(35, "tt9000035"))
    tmdb.catalogue.add_show(show(35), "tt9000036", episodes=1)
    title_id = await add_title(pool, "tt9000035", type="show")
    await add_episodes(pool, title_id, seasons=1, episodes=1)
    for _ in range(2):
        await enrichment.title(title_id)
    await enrichment.refresh(title_id)
    stored = await title_row(pool, title_id)
    assert (stored["tmdb_id"], stored["original_language"]) == (35, "da")
    assert (await episode_rows(pool, title_id))[0]["image_url"] is None
    assert not any("season" in path for path in tmdb.requests)

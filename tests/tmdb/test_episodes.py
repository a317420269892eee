"""Episodes: one request per season, names only where absent, long seasons, sentinels, and the day between checks."""

from datetime import date

import pytest

from mediacanon.errors import UpstreamUnavailable
from mediacanon.loaders.season import load_seasons_with_episodes_by_show_id
from mediacanon.tmdb.episodes import MAX_SINGLE_REQUESTS, SeasonScope, enrich_episodes
from mediacanon.vocabulary import NO_STILL
from tests.fakes.tmdb import Fault
from tests.fakes.tmdb_catalogue import episode, show
from tests.serving import title_change
from tests.tmdb.conftest import IMAGES
from tests.tmdb.rows import add_episodes, add_title, episode_rows, title_row

STILL = "https://image.tmdb.org/t/p/w400/still{}s{}e{}.jpg"


@pytest.fixture
def enrich(pool, client):
    """Return a function that enriches the episodes of a show."""

    async def run(title_id: int, tmdb_id: int = 50, **scope: SeasonScope) -> int:
        return await enrich_episodes(pool, client, title_id=title_id, tmdb_id=tmdb_id, image_base_url=IMAGES, **scope)

    return run


async def add_show(pool, *, seasons: int, episodes: int) -> int:
    title_id = await add_title(pool, "tt9000050", type="show", tmdb_id=50)
    await add_episodes(pool, title_id, seasons=seasons, episodes=episodes)
    return title_id


async def test_thirty_seasons_take_thirty_one_requests(enrichment, pool, tmdb):
    """A known show of 30 seasons and 660 episodes: its details and one request per season."""
    tmdb.catalogue.add_show(show(50, seasons=30), "tt9000050", episodes=22)
    title_id = await add_show(pool, seasons=30, episodes=22)
    await enrichment.title(title_id)
    assert len(tmdb.requests) == 31
    rows = await episode_rows(pool, title_id)
    assert [row["image_url"] for row in rows] == [STILL.format(50, row["season"], row["episode"]) for row in rows]


async def test_an_episode_gets_still_date_runtime_synopsis_and_name(enrich, pool, tmdb):
    """Every fact of the season's reply is stored."""
    tmdb.catalogue.add_show(show(50), "tt9000050", episodes=1)
    title_id = await add_show(pool, seasons=1, episodes=1)
    assert await enrich(title_id) == 1
    (row,) = await episode_rows(pool, title_id)
    assert row["image_url"] == STILL.format(50, 1, 1)
    assert (row["air_date"], row["runtime_minutes"]) == (date(2015, 2, 2), 44)
    assert row["synopsis"] == "What happens in part 1."
    assert row["display_name"] == "Part 1 of season 1"
    assert (await title_row(pool, title_id))["episodes_checked_at"] is not None


async def test_names_are_filled_only_where_absent(enrich, pool, tmdb):
    """IMDb's name and an edited name stay."""
    tmdb.catalogue.add_show(show(50), "tt9000050", episodes=2)
    title_id = await add_show(pool, seasons=1, episodes=2)
    await pool.execute("UPDATE show_episodes SET display_name = 'Ours' WHERE episode = 1")
    await enrich(title_id)
    names = [row["display_name"] for row in await episode_rows(pool, title_id)]
    assert names == ["Ours", "Part 2 of season 1"]


async def test_a_default_name_gives_way_to_a_real_one(enrich, pool, tmdb):
    """IMDb's default name is shown where TMDB has its own one, where a person wrote it, and until TMDB has a name."""
    tmdb.catalogue.add_show(show(50), "tt9000050", episodes=5)
    theirs = ("The Storm", "The Port", "Episode 3", "The Pier", "The Boat")
    tmdb.catalogue.add_season(50, 1, [episode(50, 1, number, name=name) for number, name in enumerate(theirs, 1)])
    title_id = await add_show(pool, seasons=1, episodes=6)
    names = (
        "Episode #1.1",
        "Episode dated 5 May 1998",
        "Episode #1.3",
        "Episode #1.4",
        "Episode #1.5 (2)",
        "Episode #1.6",
    )
    await pool.executemany("UPDATE show_episodes SET display_name = $2 WHERE episode = $1", [*enumerate(names, 1)])
    await pool.execute("UPDATE show_episodes SET locked_fields = '{display_name}' WHERE episode = 4")

    async def shown() -> list[str | None]:
        [seasons] = await load_seasons_with_episodes_by_show_id(pool, [await pool.fetchval("SELECT id FROM shows")])
        return [row.display_name for row in seasons[0].episodes]

    assert await shown() == [*names]
    await enrich(title_id)
    assert await shown() == ["The Storm", "The Port", *names[2:]]
    assert [row["display_name"] for row in await episode_rows(pool, title_id)] == [*names]
    # IMDb has a name, TMDB changes one and forgets none.
    await pool.execute("UPDATE show_episodes SET display_name = 'Storm' WHERE episode = 1")
    tmdb.catalogue.add_season(50, 1, [episode(50, 1, number, name=f"Episode {number}") for number in (1, 2, 3)])
    await enrich(title_id, scope=SeasonScope.ALL)
    assert await shown() == ["Storm", "The Port", *names[2:]]


async def test_facts_edited_by_hand_stay(enrich, enrichment, pool, tmdb):
    """Edited and removed facts are neither written nor fetched; the others are filled."""
    tmdb.catalogue.add_show(show(50), "tt9000050", episodes=1)
    title_id = await add_show(pool, seasons=1, episodes=1)
    mine = {"display_name": None, "synopsis": None, "image_url": None, "air_date": date(2000, 1, 1)}
    await pool.execute("UPDATE show_episodes SET air_date = $1, locked_fields = $2", mine["air_date"], list(mine))
    assert await enrich(title_id) == 1
    (row,) = await episode_rows(pool, title_id)
    assert {fact: row[fact] for fact in mine} == mine
    assert row["runtime_minutes"] == 44
    await pool.execute(
        "UPDATE titles SET episodes_checked_at = NULL, image_url = 'x', needs_backfill_tmdb = false, enriched_at = now()"
    )
    tmdb.requests.clear()
    await enrichment.title(title_id)
    assert tmdb.requests == []


async def test_empty_values_overwrite_nothing(enrich, pool, tmdb):
    """Null, "" and 0 are unknown: synopsis and image stay; a missing still gets the sentinel."""
    empty = {"overview": "", "air_date": None, "runtime": None, "still_path": None, "name": ""}
    tmdb.catalogue.add_show(show(50), "tt9000050")
    tmdb.catalogue.add_season(50, 1, [episode(50, 1, number, **empty) for number in (1, 2)])
    title_id = await add_show(pool, seasons=1, episodes=2)
    await pool.execute("UPDATE show_episodes SET synopsis = 'Ours', image_url = 'kept' WHERE episode = 1")
    await enrich(title_id)
    first, second = await episode_rows(pool, title_id)
    assert (first["synopsis"], first["image_url"]) == ("Ours", "kept")
    assert (second["synopsis"], second["image_url"]) == (None, NO_STILL)
    assert second["display_name"] is None


async def test_missing_stills_are_tried_again_after_a_day(enrichment, pool, tmdb):
    """Within 24 hours no request is sent; afterwards the still replaces the sentinel."""
    tmdb.catalogue.add_show(show(50), "tt9000050")
    tmdb.catalogue.add_season(50, 1, [episode(50, 1, 1, still_path=None)])
    title_id = await add_show(pool, seasons=1, episodes=1)
    await enrichment.title(title_id)
    tmdb.behave()
    tmdb.catalogue.add_season(50, 1, [episode(50, 1, 1)])
    await enrichment.title(title_id)
    assert tmdb.requests == []
    await pool.execute("UPDATE titles SET episodes_checked_at = now() - INTERVAL '25 hours'")
    enrichment.forget(title_change(title_id))
    await enrichment.title(title_id)
    assert (await episode_rows(pool, title_id))[0]["image_url"] == STILL.format(50, 1, 1)


async def test_complete_seasons_are_not_fetched(enrich, pool, tmdb):
    """Only seasons with an incomplete episode cost a request."""
    tmdb.catalogue.add_show(show(50, seasons=3), "tt9000050", episodes=2)
    title_id = await add_show(pool, seasons=3, episodes=2)
    await enrich(title_id)
    tmdb.behave()
    await pool.execute(
        "UPDATE show_episodes SET air_date = NULL WHERE id = "
        "(SELECT e.id FROM show_episodes e JOIN show_seasons s ON s.id = season_id"
        "  WHERE season = 2 LIMIT 1)"
    )
    assert await enrich(title_id) == 1
    assert tmdb.requests == ["/3/tv/50/season/2"]


@pytest.fixture
async def complete(enrichment, pool, tmdb):
    """Return a complete running show of three seasons, for whose episodes TMDB has other facts by now."""
    tmdb.catalogue.add_show(show(50, seasons=3), "tt9000050", episodes=2)
    title_id = await add_show(pool, seasons=3, episodes=2)
    await enrichment.title(title_id)
    tmdb.behave()
    new = {"name": "Renamed", "still_path": "/new.jpg", "runtime": 50, "overview": "New."}
    for season in (1, 2, 3):
        tmdb.catalogue.add_season(50, season, [episode(50, season, number, **new) for number in (1, 2)])
    return title_id


async def test_a_refresh_fetches_every_season(enrichment, pool, tmdb, complete):
    """Complete seasons are fetched as well; names and locked facts stay."""
    await pool.execute("UPDATE show_episodes SET synopsis = 'Mine', locked_fields = '{synopsis}' WHERE episode = 2")
    await enrichment.refresh(complete)
    assert sorted(tmdb.requests) == ["/3/tv/50", *(f"/3/tv/50/season/{number}" for number in (1, 2, 3))]
    rows = await episode_rows(pool, complete)
    assert {(row["image_url"], row["runtime_minutes"]) for row in rows} == {(f"{IMAGES}/w400/new.jpg", 50)}
    assert [row["synopsis"] for row in rows] == ["New.", "Mine"] * 3
    assert rows[0]["display_name"] == "Part 1 of season 1"


@pytest.mark.parametrize("end_year", [None, 1999])
async def test_a_running_show_s_newest_season_is_fetched_with_its_stale_facts(
    enrichment, pool, tmdb, complete, end_year
):
    """The fetch runs in the background; for a finished show only the facts are fetched."""
    await pool.execute("UPDATE titles SET enriched_at = now() - INTERVAL '40 days', end_year = $1", end_year)
    enrichment.forget(title_change(complete))
    assert await enrichment.title(complete) is False
    await enrichment._fetches.join()
    assert tmdb.requests == ["/3/tv/50", *(["/3/tv/50/season/3"] if end_year is None else [])]
    images = [row["image_url"] for row in await episode_rows(pool, complete)]
    assert images[:4] == [STILL.format(50, season, number) for season in (1, 2) for number in (1, 2)]
    assert (images[5] == f"{IMAGES}/w400/new.jpg") is (end_year is None)


async def test_seasons_tmdb_keeps_as_one_are_found_by_absolute_number(enrich, pool, tmdb):
    """Our S2E1 of a show with 3 episodes a season is TMDB's S1E4."""
    tmdb.catalogue.add_show(show(50, seasons=1), "tt9000050", episodes=9)
    title_id = await add_show(pool, seasons=3, episodes=3)
    await enrich(title_id)
    images = [row["image_url"] for row in await episode_rows(pool, title_id)]
    assert images == [STILL.format(50, 1, number) for number in range(1, 10)]
    assert len(tmdb.requests) == 3


@pytest.mark.parametrize("theirs", [(), (4, 5, 6)], ids=["empty", "counted-on"])
async def test_a_later_season_without_our_numbers_is_read_from_season_one(enrich, pool, tmdb, theirs):
    """TMDB's season is empty or numbered otherwise; no single episode is requested."""
    tmdb.catalogue.add_show(show(50, seasons=1), "tt9000050", episodes=6)
    tmdb.catalogue.add_season(50, 2, [episode(50, 2, number) for number in theirs])
    title_id = await add_show(pool, seasons=2, episodes=3)
    await enrich(title_id)
    images = [row["image_url"] for row in await episode_rows(pool, title_id)]
    assert images == [STILL.format(50, 1, number) for number in range(1, 7)]
    assert len(tmdb.requests) == 2


async def test_absolute_numbers_are_found_when_season_one_is_complete(enrich, pool, tmdb):
    """A later season that needs season 1 has it fetched, although it is complete."""
    tmdb.catalogue.add_show(show(50, seasons=1), "tt9000050", episodes=3)
    title_id = await add_show(pool, seasons=1, episodes=3)
    await enrich(title_id)
    await pool.execute(
        "WITH season AS (INSERT INTO show_seasons (show_id, season) SELECT id, 2 FROM shows"
        " RETURNING id) INSERT INTO show_episodes (season_id, episode)"
        " SELECT season.id, number FROM season, generate_series(1, 2) AS number"
    )
    tmdb.catalogue.add_season(50, 1, [episode(50, 1, number) for number in range(1, 5)])
    await enrich(title_id)
    images = [row["image_url"] for row in await episode_rows(pool, title_id)][3:]
    assert images == [STILL.format(50, 1, 4), NO_STILL]


async def test_an_episode_missing_in_its_season_is_requested_alone(enrich, pool, tmdb):
    """The number of single requests is bounded, and an episode unknown to TMDB is not requested again."""
    tmdb.catalogue.add_show(show(50), "tt9000050", episodes=2)
    tmdb.catalogue.replies["/3/tv/50/season/1/episode/3"] = episode(50, 1, 3)
    title_id = await add_show(pool, seasons=1, episodes=40)
    await enrich(title_id)
    assert len(tmdb.requests) == 1 + MAX_SINGLE_REQUESTS
    rows = await episode_rows(pool, title_id)
    assert rows[2]["image_url"] == STILL.format(50, 1, 3)
    assert {row["image_url"] for row in rows[3:]} == {NO_STILL}
    tmdb.behave()
    await enrich(title_id)
    assert tmdb.requests == ["/3/tv/50/season/1"]


async def test_a_show_without_seasons_at_tmdb_counts_as_checked(enrich, pool, tmdb):
    """All 404: the episodes get the sentinel, and the show is marked."""
    title_id = await add_show(pool, seasons=2, episodes=2)
    await enrich(title_id)
    rows = await episode_rows(pool, title_id)
    assert {row["image_url"] for row in rows} == {NO_STILL}
    assert (await title_row(pool, title_id))["episodes_checked_at"] is not None


async def test_a_failing_season_leaves_the_others(enrich, pool, tmdb):
    """The other seasons are stored, the failure is raised, and the show is not marked as checked."""
    tmdb.catalogue.add_show(show(50, seasons=3), "tt9000050", episodes=2)
    tmdb.misbehave(Fault.HTML, path="/season/2")
    title_id = await add_show(pool, seasons=3, episodes=2)
    with pytest.raises(UpstreamUnavailable):
        await enrich(title_id)
    images = [row["image_url"] for row in await episode_rows(pool, title_id)]
    assert [bool(image) for image in images] == [True, True, False, False, True, True]
    assert (await title_row(pool, title_id))["episodes_checked_at"] is None


async def test_a_failing_season_one_leaves_long_seasons_unknown(enrich, pool, tmdb):
    """Without a reply for season 1 nothing is stored for absolute numbers."""
    tmdb.catalogue.add_show(show(50, seasons=1), "tt9000050", episodes=4)
    tmdb.catalogue.add_season(50, 3, [])
    tmdb.misbehave(Fault.SERVER_ERROR, path="/season/1")
    title_id = await add_show(pool, seasons=3, episodes=2)
    with pytest.raises(UpstreamUnavailable):
        await enrich(title_id)
    assert {row["image_url"] for row in await episode_rows(pool, title_id)} == {None}


async def test_episodes_without_change_are_not_written(enrich, pool, tmdb):
    """A fetch without new facts writes no row."""
    tmdb.catalogue.add_show(show(50), "tt9000050")
    tmdb.catalogue.add_season(50, 1, [episode(50, 1, 1, overview="")])
    title_id = await add_show(pool, seasons=1, episodes=1)
    await enrich(title_id)
    versions = "SELECT xmin FROM show_episodes"
    before = await pool.fetchval(versions)
    assert await enrich(title_id) == 0
    assert await pool.fetchval(versions) == before


async def test_episodes_of_an_old_tmdb_id_are_not_stored(pool, enrich, tmdb):
    """A title that got another TMDB id while its seasons were fetched keeps its episodes as they are."""
    tmdb.catalogue.add_show(show(50, seasons=1), "tt9000050", episodes=2)
    title_id = await add_show(pool, seasons=1, episodes=2)
    await pool.execute("UPDATE titles SET tmdb_id = 51 WHERE id = $1", title_id)
    before = await episode_rows(pool, title_id)
    assert await enrich(title_id, 50) == 0
    assert await episode_rows(pool, title_id) == before
    assert (await title_row(pool, title_id))["episodes_checked_at"] is None

"""Seasons: created, renumbered, deleted with their episodes."""

import asyncio

import pytest

from mediacanon.errors import BadArgument, Conflict, NotFound


@pytest.fixture
async def show_id(writes):
    """Give the id of a show without seasons, which differs from its title's id."""
    await writes.create_movie({"display_name": "Before"})
    return await writes.create_show({"display_name": "Show"})


async def test_a_season_is_created(pool, writes, published, show_id):
    """A season belongs to its show, and workers are notified of the show's title; number 0 is allowed."""
    title_id = await pool.fetchval("SELECT title_id FROM shows")
    await published()
    season_id = await writes.create_season(show_id, 0)
    assert tuple(await pool.fetchrow("SELECT id, show_id, season FROM show_seasons")) == (season_id, show_id, 0)
    assert await published() == [{"tags": ["lists", f"title:{title_id}"]}]


async def test_a_taken_number_conflicts(writes, counts, show_id):
    """A number in use is refused for a new and a renumbered season of the same show only."""
    await writes.create_season(show_id, 1)
    second = await writes.create_season(show_id, 2)
    with pytest.raises(Conflict, match="seasonNumber"):
        await writes.create_season(show_id, 1)
    with pytest.raises(Conflict, match="seasonNumber"):
        await writes.update_season(second, 1)
    await writes.create_season(await writes.create_show({"display_name": "Another"}), 1)
    assert (await counts())["show_seasons"] == 3


async def test_of_two_created_at_once_one_conflicts(writes, counts, show_id):
    """Of two concurrent creations of one number, one conflicts."""
    outcomes = await asyncio.gather(*(writes.create_season(show_id, 1) for _ in range(2)), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict", "int"]
    assert (await counts())["show_seasons"] == 1


async def test_a_season_is_renumbered(pool, writes, published, show_id):
    """The number changes, the id stays, and workers are notified."""
    season_id = await writes.create_season(show_id, 1)
    await published()
    await writes.update_season(season_id, 7)
    assert tuple(await pool.fetchrow("SELECT id, season FROM show_seasons")) == (season_id, 7)
    assert await published() == [{"tags": ["lists", f"title:{await pool.fetchval('SELECT title_id FROM shows')}"]}]


async def test_the_episodes_of_a_renumbered_season_keep_its_number(pool, writes, show_id):
    """Renumbering adds one lock to the episodes' other locks; the same number again locks nothing."""
    season_id = await writes.create_season(show_id, 1)
    for number in (1, 2):
        await writes.create_episode(season_id, {"episode_number": number})
    locks = "SELECT locked_fields FROM show_episodes ORDER BY episode"
    await writes.update_season(season_id, 1)
    assert [row[0] for row in await pool.fetch(locks)] == [None, None]
    await writes.update_episode(await pool.fetchval("SELECT min(id) FROM show_episodes"), {"display_name": "x"})
    for number in (7, 8):
        await writes.update_season(season_id, number)
    assert [row[0] for row in await pool.fetch(locks)] == [["display_name", "season_number"], ["season_number"]]


@pytest.mark.parametrize("number", [-1, 2**31])
async def test_numbers_out_of_range_are_refused(writes, show_id, number):
    """Season numbers outside PostgreSQL's integers and below 0 are refused."""
    with pytest.raises(BadArgument, match="seasonNumber must be from 0 to 2,147,483,647"):
        await writes.create_season(show_id, number)
    with pytest.raises(BadArgument, match="seasonNumber"):
        await writes.update_season(1, number)


@pytest.mark.parametrize("unknown", [404, -1, 2**31, 2**63 - 1])
async def test_an_unknown_show_or_season_is_not_found(writes, unknown):
    """Any 64-bit id is accepted and not found."""
    with pytest.raises(NotFound, match=f"There is no show {unknown}"):
        await writes.create_season(unknown, 1)
    with pytest.raises(NotFound, match=f"There is no season {unknown}"):
        await writes.update_season(unknown, 1)
    assert await writes.delete_season(unknown) is False


async def test_deleting_a_season_deletes_its_episodes(pool, writes, published, counts, show_id):
    """A deletion takes the season's episodes; the show and its other seasons stay."""
    gone, stays = [await writes.create_season(show_id, number) for number in (1, 2)]
    for season_id in (gone, stays):
        await writes.create_episode(season_id, {"episode_number": 1})
    await published()
    assert await writes.delete_season(gone) is True
    assert await pool.fetchval("SELECT season_id FROM show_episodes") == stays
    assert await counts() == {"titles": 2, "movies": 1, "shows": 1, "show_seasons": 1, "show_episodes": 1}
    assert len(await published()) == 1
    assert await writes.delete_season(gone) is False

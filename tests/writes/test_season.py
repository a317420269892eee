"""Seasons: created, renumbered, deleted with their episodes."""

import asyncio

import pytest

from mediacanon.errors import BadArgument, Conflict, NotFound


@pytest.fixture
async def show_id(writes):
    """Give a show without seasons, whose number is not its title's."""
    await writes.create_movie({"display_name": "Before"})
    return await writes.create_show({"display_name": "Show"})


async def test_a_season_is_created(pool, writes, announced, show_id):
    """It belongs to its show, and workers hear of the show's title; 0 holds specials."""
    title_id = await pool.fetchval("SELECT title_id FROM shows")
    await announced()
    season_id = await writes.create_season(show_id, 0)
    assert tuple(await pool.fetchrow("SELECT id, show_id, season FROM show_seasons")) == (season_id, show_id, 0)
    assert await announced() == [{"tags": ["lists", f"title:{title_id}"]}]


async def test_a_taken_number_conflicts(writes, counts, show_id):
    """Neither a new season nor a renumbered one may take it; another show's number is free."""
    await writes.create_season(show_id, 1)
    second = await writes.create_season(show_id, 2)
    with pytest.raises(Conflict, match="seasonNumber"):
        await writes.create_season(show_id, 1)
    with pytest.raises(Conflict, match="seasonNumber"):
        await writes.update_season(second, 1)
    await writes.create_season(await writes.create_show({"display_name": "Another"}), 1)
    assert (await counts())["show_seasons"] == 3


async def test_of_two_created_at_once_one_conflicts(writes, counts, show_id):
    """A number is given once."""
    outcomes = await asyncio.gather(*(writes.create_season(show_id, 1) for _ in range(2)), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict", "int"]
    assert (await counts())["show_seasons"] == 1


async def test_a_season_is_renumbered(pool, writes, announced, show_id):
    """Its number changes, its id stays, and workers hear of it."""
    season_id = await writes.create_season(show_id, 1)
    await announced()
    await writes.update_season(season_id, 7)
    assert tuple(await pool.fetchrow("SELECT id, season FROM show_seasons")) == (season_id, 7)
    assert await announced() == [{"tags": ["lists", f"title:{await pool.fetchval('SELECT title_id FROM shows')}"]}]


async def test_the_episodes_of_a_renumbered_season_keep_its_number(pool, writes, show_id):
    """It is locked once, beside what was locked before; the same number again locks nothing."""
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
    """A number is one that a season can have."""
    with pytest.raises(BadArgument, match="seasonNumber must be from 0 to 2,147,483,647"):
        await writes.create_season(show_id, number)
    with pytest.raises(BadArgument, match="seasonNumber"):
        await writes.update_season(1, number)


@pytest.mark.parametrize("unknown", [404, -1, 2**31, 2**63 - 1])
async def test_an_unknown_show_or_season_is_not_found(writes, unknown):
    """Whatever the number, it is no crash."""
    with pytest.raises(NotFound, match=f"There is no show {unknown}"):
        await writes.create_season(unknown, 1)
    with pytest.raises(NotFound, match=f"There is no season {unknown}"):
        await writes.update_season(unknown, 1)
    assert await writes.delete_season(unknown) is False


async def test_deleting_a_season_deletes_its_episodes(pool, writes, announced, counts, show_id):
    """The show and its other seasons stay."""
    gone, stays = [await writes.create_season(show_id, number) for number in (1, 2)]
    for season_id in (gone, stays):
        await writes.create_episode(season_id, {"episode_number": 1})
    await announced()
    assert await writes.delete_season(gone) is True
    assert await pool.fetchval("SELECT season_id FROM show_episodes") == stays
    assert await counts() == {"titles": 2, "movies": 1, "shows": 1, "show_seasons": 1, "show_episodes": 1}
    assert len(await announced()) == 1
    assert await writes.delete_season(gone) is False

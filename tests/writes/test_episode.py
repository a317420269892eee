"""Episodes: created, changed, deleted."""

import datetime as dt

import pytest

from mediacanon.errors import BadArgument, Conflict, NotFound
from mediacanon.loaders.season import load_episodes_by_id

ALL_FACTS = {
    "episode_number": 97_251,
    "display_name": "Pilot",
    "synopsis": "First line.\n\tSecond line.",
    "image_url": "https://image.example/s.jpg",
    "air_date": dt.date(2026, 1, 2),
    "runtime_minutes": 42,
}


@pytest.fixture
async def season_id(writes):
    """Give the id of a season without episodes, which equals neither its show's id nor its title's."""
    await writes.create_movie({"display_name": "Before"})
    show_id = await writes.create_show({"display_name": "Show"})
    await writes.delete_season(await writes.create_season(show_id, 1))
    return await writes.create_season(show_id, 2)


async def stored(pool, episode_id):
    row = await pool.fetchrow("SELECT episode AS episode_number, * FROM show_episodes WHERE id = $1", episode_id)
    return {name: row[name] for name in ALL_FACTS}


async def test_an_episode_is_created_with_every_fact(pool, writes, published, season_id):
    """Each fact is stored in its column, and workers are notified of the show's title."""
    await published()
    episode_id = await writes.create_episode(season_id, ALL_FACTS)
    assert await stored(pool, episode_id) == ALL_FACTS
    assert await pool.fetchval("SELECT season_id FROM show_episodes") == season_id
    assert await published() == [{"tags": ["lists", f"title:{await pool.fetchval('SELECT title_id FROM shows')}"]}]


async def test_an_update_leaves_clears_and_sets(pool, writes, published, season_id):
    """An absent fact stays, None clears, a value is stored."""
    episode_id = await writes.create_episode(season_id, ALL_FACTS)
    await published()
    await writes.update_episode(episode_id, {"episode_number": 3, "synopsis": None})
    assert await stored(pool, episode_id) == ALL_FACTS | {"episode_number": 3, "synopsis": None}
    assert len(await published()) == 1


async def locked(pool, episode_id):
    return await pool.fetchval("SELECT locked_fields FROM show_episodes WHERE id = $1", episode_id)


async def test_changed_facts_are_locked(pool, writes, season_id):
    """A new episode has no locks; each changed fact is locked until `unlock` names it."""
    episode_id = await writes.create_episode(season_id, {"episode_number": 1, "display_name": "Pilot"})
    assert await locked(pool, episode_id) is None
    await writes.update_episode(episode_id, {"display_name": "Pilot", "synopsis": None})
    assert await locked(pool, episode_id) is None
    await writes.update_episode(episode_id, {"episode_number": 2, "synopsis": "x"})
    await writes.update_episode(episode_id, {"display_name": None})
    assert await locked(pool, episode_id) == ["display_name", "episode_number", "synopsis"]
    await writes.update_episode(episode_id, {"synopsis": "y"}, unlock=["display_name", "synopsis"])
    assert await locked(pool, episode_id) == ["episode_number", "synopsis"]
    await writes.update_episode(episode_id, {}, unlock=["episode_number", "synopsis", "season_number"])
    assert await locked(pool, episode_id) is None
    with pytest.raises(BadArgument, match=r"unlock must name .*; 'episode' is none"):
        await writes.update_episode(episode_id, {}, unlock=["episode"])


async def test_the_shown_name_sent_back_is_no_edit(pool, writes, season_id):
    """TMDB's name in the place of a default one stays TMDB's; the default name is an edit if a client writes it."""
    episode_id = await writes.create_episode(season_id, {"episode_number": 1, "display_name": "Episode #2.1"})
    await pool.execute("UPDATE show_episodes SET tmdb_name = 'The Storm'")
    [row] = await load_episodes_by_id(pool, [episode_id])
    assert row.display_name == "The Storm"
    await writes.update_episode(episode_id, {"display_name": "The Storm", "synopsis": "x"})
    assert await locked(pool, episode_id) == ["synopsis"]
    assert (await stored(pool, episode_id))["display_name"] == "Episode #2.1"
    await writes.update_episode(episode_id, {"display_name": "Episode #2.1"})
    assert await locked(pool, episode_id) == ["display_name", "synopsis"]
    [row] = await load_episodes_by_id(pool, [episode_id])
    assert row.display_name == "Episode #2.1"


async def test_clearing_a_still_that_was_never_found_changes_nothing(pool, writes, season_id):
    """Clearing an image sentinel neither locks the fact nor removes the sentinel."""
    episode_id = await writes.create_episode(season_id, {"episode_number": 1})
    await pool.execute("UPDATE show_episodes SET image_url = 'TMDB_NOT_FOUND_DO_NOT_RETRY'")
    await writes.update_episode(episode_id, {"image_url": None})
    assert await locked(pool, episode_id) is None
    assert (await stored(pool, episode_id))["image_url"] == "TMDB_NOT_FOUND_DO_NOT_RETRY"


async def test_a_taken_number_conflicts(pool, writes, counts, season_id):
    """A number in use is refused for a new and a renumbered episode; the rest of the update is rolled back."""
    await writes.create_episode(season_id, {"episode_number": 1})
    second = await writes.create_episode(season_id, {"episode_number": 2})
    with pytest.raises(Conflict, match="episodeNumber"):
        await writes.create_episode(season_id, {"episode_number": 1})
    with pytest.raises(Conflict, match="episodeNumber"):
        await writes.update_episode(second, {"episode_number": 1, "display_name": "x"})
    assert (await stored(pool, second))["display_name"] is None
    assert (await counts())["show_episodes"] == 2


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({}, "episodeNumber is required"),
        ({"episode_number": -1}, "episodeNumber must be from 0"),
        ({"episode_number": 2**31}, "episodeNumber must be from 0"),
        ({"episode_number": 1, "display_name": "x" * 501}, "displayName must be 1 to 500 characters"),
        ({"episode_number": 1, "synopsis": "a\x00b"}, "synopsis must be 1 to 10,000 characters"),
        ({"episode_number": 1, "image_url": "none"}, "imageUrl must be an http or https address"),
        ({"episode_number": 1, "runtime_minutes": -1}, "runtimeMinutes must be from 0"),
    ],
)
async def test_wrong_facts_are_refused(writes, counts, season_id, facts, message):
    """The message names the argument and its rule; nothing is created."""
    with pytest.raises(BadArgument, match=message):
        await writes.create_episode(season_id, facts)
    assert "show_episodes" not in await counts()


async def test_a_number_cannot_be_cleared(writes, season_id):
    """An episode number is required, so it cannot be cleared."""
    episode_id = await writes.create_episode(season_id, {"episode_number": 1})
    with pytest.raises(BadArgument, match="episodeNumber is required"):
        await writes.update_episode(episode_id, {"episode_number": None})


@pytest.mark.parametrize("unknown", [404, -1, 2**31, 2**63 - 1])
async def test_an_unknown_season_or_episode_is_not_found(writes, unknown):
    """Any 64-bit id is accepted and not found."""
    with pytest.raises(NotFound, match=f"There is no season {unknown}"):
        await writes.create_episode(unknown, {"episode_number": 1})
    with pytest.raises(NotFound, match=f"There is no episode {unknown}"):
        await writes.update_episode(unknown, {"display_name": "x"})
    assert await writes.delete_episode(unknown) is False


async def test_an_episode_is_deleted(pool, writes, published, season_id):
    """A deletion removes one episode; the second returns False and publishes nothing."""
    gone, stays = [await writes.create_episode(season_id, {"episode_number": number}) for number in (1, 2)]
    await published()
    assert await writes.delete_episode(gone) is True
    assert await pool.fetchval("SELECT id FROM show_episodes") == stays
    assert len(await published()) == 1
    assert await writes.delete_episode(gone) is False
    assert await published() == []

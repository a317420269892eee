"""Credits of episodes: of the episode, in the cast of its show, and in the work of people."""

from collections.abc import Sequence

import asyncpg
import pytest

from mediacanon.loaders.credit import (
    CreditsOf,
    load_credit_counts_by_episode,
    load_credit_counts_by_person,
    load_credit_counts_by_title,
    load_credits_by_episode,
    load_credits_by_person,
    load_credits_by_title,
)
from mediacanon.writes import Writes

ANN, BEA, CID, DAN = 1, 2, 3, 4
ACTOR, ACTRESS, DIRECTOR = 1, 2, 6
EVERYTHING = {"limit": 50}


@pytest.fixture
async def show(pool: asyncpg.Pool) -> tuple[int, Sequence[int]]:
    """Give the title of a show and its three episodes; IMDb bills Ann first, Bea is in all of them, Dan in one."""
    writes = Writes(pool)
    show_id = await writes.create_show({"display_name": "Show"})
    season = await writes.create_season(show_id, 1)
    episodes = [await writes.create_episode(season, {"episode_number": number}) for number in (1, 2, 3)]
    await pool.execute("UPDATE show_episodes SET air_date = make_date(2000 + episode, 1, 1) WHERE episode < 3")
    title_id = await pool.fetchval("SELECT title_id FROM shows")
    await pool.executemany(
        "INSERT INTO people (id, name) VALUES ($1, $2)", [(ANN, "Ann"), (BEA, "Bea"), (CID, "Cid"), (DAN, "Dan")]
    )
    await pool.executemany(
        "INSERT INTO credits (title_id, person_id, ordinal, category, job, characters) VALUES ($1, $2, $3, $4, $5, $6)",
        [(title_id, ANN, 1, ACTRESS, None, "Eve"), (title_id, CID, 2, DIRECTOR, "creator", None)],
    )
    await pool.executemany(
        "INSERT INTO episode_credits (episode_id, people, categories, characters) VALUES ($1, $2, $3, $4)",
        [
            (
                episodes[0],
                [BEA, ANN, DAN, CID],
                [ACTRESS, ACTRESS, ACTOR, DIRECTOR],
                "Ida\tIda's Twin\nEve (young)\nGuest",
            ),
            (episodes[1], [BEA, ANN, DAN], [ACTRESS, ACTRESS, DIRECTOR], "Ida\tIda's Twin"),
            (episodes[2], [BEA], [ACTRESS], "Ida"),
            (episodes[2] + 1, [ANN], [ACTRESS], "Of a deleted episode"),
        ],
    )
    return title_id, episodes


async def test_a_show_s_cast_is_by_the_number_of_episodes(pool: asyncpg.Pool, show: tuple[int, Sequence[int]]) -> None:
    """With the years; the roles are those that IMDb tells of the show, else the usual ones; one credit for each work."""
    title_id, _ = show
    [rows] = await load_credits_by_title(pool, [CreditsOf(title_id, **EVERYTHING)])
    told = [
        (row.person.name, row.category, row.job, row.characters, row.episode_count, row.first_year, row.last_year)
        for row in rows
    ]
    assert told == [
        ("Bea", "actress", None, ["Ida", "Ida's Twin"], 3, 2001, 2002),
        ("Ann", "actress", None, ["Eve"], 2, 2001, 2002),
        ("Dan", "actor", None, ["Guest"], 1, 2001, 2001),
        ("Cid", "director", "creator", [], 1, 2001, 2001),
        ("Dan", "director", None, [], 1, 2002, 2002),
    ]
    assert [row.position for row in rows] == [1, 2, 3, 4, 5]
    [part] = await load_credits_by_title(pool, [CreditsOf(title_id, ("acting",), limit=1, offset=1)])
    assert part == [rows[1]]
    assert await load_credit_counts_by_title(pool, [CreditsOf(title_id), CreditsOf(title_id, ("acting",))]) == [5, 3]


async def test_without_credits_of_episodes_the_billing_decides(
    pool: asyncpg.Pool, show: tuple[int, Sequence[int]]
) -> None:
    """Nobody has a number of episodes then."""
    await pool.execute("TRUNCATE episode_credits")
    [rows] = await load_credits_by_title(pool, [CreditsOf(show[0], **EVERYTHING)])
    assert [(row.person.name, row.episode_count) for row in rows] == [("Ann", None), ("Cid", None)]


async def test_an_episode_has_its_people_in_order(pool: asyncpg.Pool, show: tuple[int, Sequence[int]]) -> None:
    """The cast, then the crew; each question gets its part, an unknown episode nothing."""
    title_id, episodes = show
    asked = [CreditsOf(episodes[1], **EVERYTHING), CreditsOf(episodes[0], **EVERYTHING), CreditsOf(77, **EVERYTHING)]
    second, first, unknown = await load_credits_by_episode(pool, [*asked])
    assert [(row.person.name, row.category, row.characters) for row in first] == [
        ("Bea", "actress", ["Ida", "Ida's Twin"]),
        ("Ann", "actress", ["Eve (young)"]),
        ("Dan", "actor", ["Guest"]),
        ("Cid", "director", []),
    ]
    assert {(row.title_id, row.episode_count) for row in first} == {(title_id, None)}
    assert ([row.person.name for row in second], unknown) == (["Bea", "Ann", "Dan"], [])
    assert await load_credit_counts_by_episode(pool, asked) == [3, 4, 0]


async def test_a_guest_has_the_show_among_the_work(pool: asyncpg.Pool, show: tuple[int, Sequence[int]]) -> None:
    """One entry for each kind of work, of one credited by the show as well the same; withdrawn titles are in no list."""
    asked = [CreditsOf(person, **EVERYTHING) for person in (DAN, ANN, CID)]
    dan, ann, cid = await load_credits_by_person(pool, asked)
    assert [(row.category, row.episode_count, row.characters) for row in dan] == [
        ("actor", 1, ["Guest"]),
        ("director", 1, []),
    ]
    assert [(row.category, row.episode_count, row.characters) for row in ann] == [("actress", 2, ["Eve"])]
    assert [(row.category, row.episode_count, row.job) for row in cid] == [("director", 1, "creator")]
    assert await load_credit_counts_by_person(pool, asked) == [2, 1, 1]
    await pool.execute("UPDATE titles SET withdrawn_at = now()")
    assert await load_credits_by_person(pool, asked) == [[], [], []]

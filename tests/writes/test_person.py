"""People: edited facts are stored, locked and shown at once; what is no fact is refused."""

import asyncpg
import httpx
import pytest

from mediacanon.database.pool import open_pool
from mediacanon.errors import BadArgument, NotFound
from mediacanon.loaders.search import load_people_by_rank
from tests.serving import app_of, ask, client_of

ALL_FACTS = {
    "name": "Ada M. Marlowe",
    "birth_year": 1931,
    "death_year": 456,
    "image_url": "https://image.example/a.png",
    "professions": ["actress", "art_department"],
    "biography": "First line.\nSecond line.",
}
UPDATE = """
mutation ($id: Int!, $input: PersonChanges!) {
  updatePerson(id: $id, input: $input) {
    personId name birthYear deathYear imageUrl professions biography lockedFields
  }
}
"""
ADA = 206


@pytest.fixture
async def ada(pool: asyncpg.Pool) -> int:
    """Give the id of a person."""
    await pool.execute("INSERT INTO people (id, name, birth_year, professions) VALUES ($1, 'Ada', 1930, 'actor')", ADA)
    return ADA


async def stored(pool: asyncpg.Pool) -> dict[str, object]:
    row = await pool.fetchrow("SELECT * FROM people LEFT JOIN person_facts ON person_id = id")
    return {name: row[name] for name in ALL_FACTS}


async def test_an_update_leaves_clears_sets_and_locks(pool, writes, published, ada):
    """An absent fact stays, None clears, a value is stored; what changed is locked, and workers hear of the person."""
    await writes.update_person(ada, ALL_FACTS)
    assert await published() == [{"tags": ["person:206"]}]
    assert await stored(pool) == ALL_FACTS | {"professions": "actress,art_department"}
    assert await pool.fetchval("SELECT locked_fields FROM people") == sorted(ALL_FACTS)
    assert await pool.fetchval("SELECT source FROM person_facts") == "edit"
    await writes.update_person(ada, {"biography": None, "professions": [], "image_url": None}, ["name", "biography"])
    left = await stored(pool)
    assert (left["biography"], left["professions"], left["image_url"], left["birth_year"]) == (None, None, None, 1931)
    # A fact that is changed again is locked, whatever `unlock` names.
    assert await pool.fetchval("SELECT locked_fields FROM people") == sorted(ALL_FACTS.keys() - {"name"})


async def test_the_same_value_locks_nothing(pool, writes, ada):
    """An editor that sends all facts locks those that it changed."""
    await writes.update_person(ada, {"name": "Ada", "birth_year": 1930, "professions": ["actor"], "biography": None})
    assert await pool.fetchval("SELECT locked_fields FROM people") is None
    assert await pool.fetchval("SELECT count(*) FROM person_facts") == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": None}, "name is required"),
        ({"name": "x" * 201}, "name must be 1 to 200 characters"),
        ({"birth_year": 0}, "birthYear must be a year from 1 to 2100"),
        ({"death_year": 99_999}, "deathYear must be a year from 1 to 2100"),
        ({"image_url": "javascript:alert(1)"}, "imageUrl must be an http or https address"),
        ({"professions": ["Actor"]}, "professions must be up to 10 of IMDb's words"),
        ({"professions": ["actor"] * 11}, "professions must be up to 10"),
        ({"biography": "a\0"}, "biography must be 1 to 10,000 characters"),
    ],
)
async def test_what_is_no_fact_is_refused(pool, writes, ada, changes, message):
    """The message names the argument, and nothing is stored."""
    with pytest.raises(BadArgument, match=message):
        await writes.update_person(ada, {"biography": "Good.", **changes})
    assert (await stored(pool))["name"] == "Ada"
    assert await pool.fetchval("SELECT count(*) FROM person_facts") == 0


async def test_unknown_people_and_locks_are_refused(writes, ada):
    """Nothing is created by a change."""
    with pytest.raises(NotFound, match="There is no person 5"):
        await writes.update_person(5, {"name": "x"})
    with pytest.raises(BadArgument, match="unlock must name facts among"):
        await writes.update_person(ada, {}, ["fame"])


async def test_an_edit_is_on_every_page_at_once(demo_database: str):
    """Of two servers: the person, the casts of titles, filters by the person, GraphQL, REST and the search by name."""
    apps = [app_of(demo_database) for _ in range(2)]
    id_ = 99_000_001
    async with client_of(apps[0]) as one, client_of(apps[1]) as other, await open_pool(demo_database, size=1) as pool:
        title = await pool.fetchval("SELECT title_id FROM credits WHERE person_id = $1 AND ordinal < 5 LIMIT 1", id_)
        movie = await pool.fetchrow("SELECT m.id, s.id AS show FROM titles t LEFT JOIN movies m ON m.title_id = t.id"
                                    " LEFT JOIN shows s ON s.title_id = t.id WHERE t.id = $1", title)  # fmt: skip
        page = f"/movies/{movie['id']}" if movie["id"] else f"/shows/{movie['show']}"
        paths = (f"/people/{id_}", f"/api/people/{id_}", page, f"/api/titles/{title}/credits?per_page=100")
        filtered = f"/discover?people={id_}"
        for name in ("Ada Marlowe the First", "Ada <Second>"):
            for path in (*paths, filtered):
                assert name not in (await other.get(path)).text
            given = {"name": name, "imageUrl": "https://image.example/a.png"}
            changed = (await ask(one, UPDATE, id=id_, input=given))["data"]["updatePerson"]
            assert (changed["name"], changed["lockedFields"]) == (name, ["image_url", "name"])
            for path in paths:
                for client in (one, other):
                    text = (await client.get(path)).text
                    assert (name.replace("<", "&lt;").replace(">", "&gt;") if "/api" not in path else name) in text
                    assert "https://image.example/a.png" in text
            for client in (one, other):
                assert name.replace("<", "&lt;").replace(">", "&gt;") in (await client.get(filtered)).text
        for name in ("Bea Lindgren", "Cid Lindgren"):
            for client in (one, other):
                assert name not in (await client.get("/titles?q=lindgren")).text
            await ask(one, UPDATE, id=id_, input={"name": name})
            for client in (one, other):
                assert name in (await client.get("/titles?q=lindgren")).text
        await ask(one, UPDATE, id=id_, input={"name": "Ada <Second>"})
        assert [row.person_id for row in await load_people_by_rank(pool, "ada second", limit=5)][:1] == [id_]


async def test_rest_replaces_the_facts(client: httpx.AsyncClient):
    """PUT clears the facts that it leaves out; refusals are those of other nouns."""
    path = "/api/people/99000001"
    facts = {"name": "Ada", "birth_year": 1931, "professions": ["actress"], "biography": "Long ago."}
    answer = await client.put(path, json=facts)
    assert answer.status_code == 200
    assert answer.json() == {"person_id": 99000001, "imdb_id": "nm99000001", **facts}
    assert (await client.get(path)).json().items() >= facts.items()
    shorter = (await client.put(path, json={"name": "Ada", "professions": []})).json()
    assert "biography" not in shorter
    assert shorter["professions"] == []
    for body, status, message in (
        ({}, 400, "name required"),
        ({"name": "A", "professions": "actor"}, 400, "professions must be a list"),
        ({"name": "A", "professions": [1]}, 400, "professions must be a text"),
        ({"name": "A", "professions": [["actor"]]}, 400, "professions must be a text"),
        ({"name": "A", "birth_year": 0}, 400, "birth_year must be a year from 1 to 2100"),
    ):
        refused = await client.put(path, json=body)
        assert (refused.status_code, refused.json()["error"]) == (status, message)
    assert (await client.put("/api/people/5", json={"name": "A"})).status_code == 404

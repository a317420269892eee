"""The whole catalogue: its counts agree with its rows."""

from collections import Counter

import asyncpg
import pytest

from tests.serving import app_of, ask, client_of


@pytest.fixture(scope="module")
async def titles(demo: str) -> list[asyncpg.Record]:
    """Give language, country and genres of every title in lists."""
    connection = await asyncpg.connect(demo)
    try:
        return await connection.fetch(
            "SELECT t.original_language, t.origin_country,"
            "       ARRAY(SELECT g.name FROM title_genres tg JOIN genres g ON g.id = tg.genre_id"
            "              WHERE tg.title_id = t.id) AS genres"
            "  FROM titles t WHERE t.withdrawn_at IS NULL"
        )
    finally:
        await connection.close()


@pytest.mark.parametrize(("field", "column"), [("languages", "original_language"), ("countries", "origin_country")])
async def test_codes_are_counted_most_titles_first(demo_client, titles, field: str, column: str):
    """Each code with the number of its titles; ties are in the order of the codes."""
    counts = Counter(title[column] for title in titles if title[column] is not None)
    wanted = [{"code": code, "count": counts[code]} for code in sorted(counts, key=lambda code: (-counts[code], code))]
    assert len(wanted) > 3
    assert (await ask(demo_client, f"{{ {field} {{ code count }} }}"))["data"][field] == wanted


async def test_genres_are_counted_by_name(demo_client, titles):
    """Each genre with the number of its titles, also a genre without titles."""
    counts = Counter(genre for title in titles for genre in title["genres"])
    found = (await ask(demo_client, "{ genres { name count } }"))["data"]["genres"]
    assert [each["name"] for each in found] == sorted(each["name"] for each in found)
    assert {each["name"]: each["count"] for each in found if each["count"]} == counts
    assert len(counts) > 10


async def test_custom_genres_are_marked(demo_database: str):
    """A genre that a person created is custom, one of IMDb is not."""
    async with client_of(app_of(demo_database)) as client:
        connection = await asyncpg.connect(demo_database)
        await connection.execute("INSERT INTO genres (name, is_custom) VALUES ('Cosy', true)")
        await connection.close()
        answer = await ask(client, "{ genres { name isCustom } }")
    assert "errors" not in answer
    custom = {each["name"]: each["isCustom"] for each in answer["data"]["genres"]}
    assert (custom["Cosy"], custom["Drama"]) == (True, False)


async def test_everything_is_counted(demo_client, demo: str):
    """Movies, shows, seasons and episodes each have their own count."""
    connection = await asyncpg.connect(demo)
    tables = {"movies": "movies", "shows": "shows", "seasons": "show_seasons", "episodes": "show_episodes"}
    wanted = {name: await connection.fetchval(f"SELECT count(*) FROM {table}") for name, table in tables.items()}
    await connection.close()
    found = (await ask(demo_client, "{ stats { movies shows seasons episodes lastImportAt } }"))["data"]["stats"]
    assert found.pop("lastImportAt").endswith("Z")
    assert found == wanted
    assert len(set(wanted.values())) == 4

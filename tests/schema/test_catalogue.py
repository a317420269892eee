"""The catalogue as a whole: what it counts is there, title by title."""

from collections import Counter

import asyncpg
import pytest

from tests.serving import ask


@pytest.fixture(scope="module")
async def titles(demo: str) -> list[asyncpg.Record]:
    """Give language, country and genres of every title that lists show."""
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
    """Each code that a title has with its titles, those that tie in the order of their codes."""
    counts = Counter(title[column] for title in titles if title[column] is not None)
    wanted = [{"code": code, "count": counts[code]} for code in sorted(counts, key=lambda code: (-counts[code], code))]
    assert len(wanted) > 3
    assert (await ask(demo_client, f"{{ {field} {{ code count }} }}"))["data"][field] == wanted


async def test_genres_are_counted_by_name(demo_client, titles):
    """Each genre with its titles, also one that no title has."""
    counts = Counter(genre for title in titles for genre in title["genres"])
    found = (await ask(demo_client, "{ genres { name count } }"))["data"]["genres"]
    assert [each["name"] for each in found] == sorted(each["name"] for each in found)
    assert {each["name"]: each["count"] for each in found if each["count"]} == counts
    assert len(counts) > 10

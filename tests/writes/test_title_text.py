"""Texts that people write: stored in their language, locked in every language until they are unlocked."""

import pytest

from mediacanon.errors import BadArgument


@pytest.fixture
async def title_id(writes):
    """Give the id of a title with a German plot."""
    return await writes.create_title("movie", {"display_name": "T", "overview": "Handlung.", "text_language": "de"})


async def texts(pool, title_id):
    rows = await pool.fetch("SELECT language, overview, tagline, source FROM title_texts WHERE title_id = $1", title_id)
    return {row[0]: tuple(row)[1:] for row in rows}


async def locked(pool, title_id):
    return await pool.fetchval("SELECT locked_fields FROM titles WHERE id = $1", title_id)


async def test_a_text_is_stored_in_its_language_and_locked(pool, writes, published, title_id):
    """A new title has no lock; the same text again changes nothing; null clears one text and leaves the other."""
    assert (await texts(pool, title_id), await locked(pool, title_id)) == ({"de": ("Handlung.", None, "edit")}, [])
    await writes.update_title(title_id, {"overview": "Handlung.", "text_language": "de"})
    assert await locked(pool, title_id) == []
    await published()
    await writes.update_title(title_id, {"overview": "Plot.\nMore.", "tagline": "Wait."})
    assert await texts(pool, title_id) == {
        "de": ("Handlung.", None, "edit"),
        "en": ("Plot.\nMore.", "Wait.", "edit"),
    }
    assert await locked(pool, title_id) == ["overview", "tagline"]
    assert await published() == [{"tags": ["lists", f"title:{title_id}"]}]
    await writes.update_title(title_id, {"overview": None, "display_name": "New"}, unlock=["tagline"])
    assert (await texts(pool, title_id))["en"] == (None, "Wait.", "edit")
    assert await locked(pool, title_id) == ["display_name", "overview"]


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("overview", " \n", "overview must be 1 to 10,000 characters, not all blank"),
        ("overview", "x" * 10_001, "overview must be 1 to 10,000 characters"),
        ("overview", "a\0b", "overview must be 1 to 10,000 characters"),
        ("tagline", "two\nlines", "tagline must be 1 to 500 characters of one line"),
        ("tagline", "x" * 501, "tagline must be 1 to 500 characters"),
    ],
)
async def test_an_impossible_text_changes_nothing(pool, writes, title_id, name, value, words):
    """Neither the text nor the facts beside it."""
    with pytest.raises(BadArgument, match=words):
        await writes.update_title(title_id, {"display_name": "Other", name: value})
    assert await pool.fetchval("SELECT display_name FROM titles WHERE id = $1", title_id) == "T"
    assert list(await texts(pool, title_id)) == ["de"]

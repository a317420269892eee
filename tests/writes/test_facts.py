"""The rules of facts at their limits, and the values that PostgreSQL stores."""

import random

import pytest

from mediacanon.errors import BadArgument
from mediacanon.writes.title import TITLE_FACTS

FACTS = {fact.name: fact for fact in TITLE_FACTS}
RIGHT = {
    "display_name": ["x", "x" * 500, "🎬" * 500, "Robert'); DROP TABLE titles;--", "%_\\$1{}", "\u3000a\xa0"],
    "start_year": [1870, 2100],
    "imdb_id": ["tt0000001", "tt1234567890"],
    "tmdb_id": [1, 2**31 - 1],
    "image_url": ["http://a", "https://image.tmdb.org/t/p/w500/x.jpg?y=1#z", "https://xn--9ca.example/ü.jpg"],
    "original_language": ["en"],
    "origin_country": ["US"],
    "runtime_minutes": [0, 2**31 - 1],
}
WRONG = {
    "display_name": ["", " ", "\u3000", "x" * 501, "a\x00b", "a\nb", "a\x85", "\ud800", "x\udfff"],
    "start_year": [1869, 2101, 0, -1, 2**31, 2**64],
    "imdb_id": [
        "",
        "tt123456",
        "tt12345678901",
        "nm0000001",
        "tt0000001\n",
        " tt0000001",
        "tt\uff10\uff19\uff10\uff13\uff17\uff14\uff17",
        "tt\x00",
    ],
    "tmdb_id": [0, -1, 2**31],
    "image_url": [
        "",
        "none",
        "TMDB_NOT_FOUND_DO_NOT_RETRY",
        "/poster.jpg",
        "//host/poster.jpg",
        "ftp://host/x",
        "javascript:alert(1)",
        "data:image/png;base64,AA",
        "https://",
        "https:///x",
        "http://[",
        "https://host/a b",
        "https://host/\x00",
        'https://host/"onerror=',
        "https://host/<script>",
        "https://host/\ud800",
        "https://host/" + "x" * 2_000,
    ],
    "original_language": ["", "EN", "eng", "e\x00", "en\n"],
    "origin_country": ["", "us", "USA"],
    "runtime_minutes": [-1, 2**31],
}


@pytest.mark.parametrize("name", RIGHT)
async def test_valid_values_are_stored_unchanged(pool, writes, name):
    """Every valid value comes back from the database unchanged."""
    for value in RIGHT[name]:
        title_id = await writes.create_title("movie", {"display_name": "x", name: value})
        assert await pool.fetchval(f"SELECT {name} FROM titles WHERE id = $1", title_id) == value


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in WRONG.items() for value in values])
def test_invalid_values_are_refused_with_the_rule(name, value):
    """The message begins with the argument and states its rule, without the value."""
    with pytest.raises(BadArgument) as refused:
        FACTS[name].check(value)
    assert refused.value.message.startswith(f"{FACTS[name].argument} must be ")
    assert len(refused.value.message) < 100


async def test_names_that_no_index_can_hold_are_refused(writes, counts):
    """Names that are too long for an index entry, since no compression shortens them, are refused."""
    chance = random.Random(1)
    wide = [chr(code) for code in range(0x20000, 0x2A000)]
    names = ["".join(chance.choices(wide, k=500)) for _ in range(2)]
    with pytest.raises(BadArgument, match="displayName and originalTitle are too long together"):
        await writes.create_title("movie", {"display_name": names[0], "original_title": names[1]})
    assert await counts() == {}


def test_arguments_are_named_as_in_graphql():
    """A fact's argument has its GraphQL name."""
    assert FACTS["original_language"].argument == "originalLanguage"

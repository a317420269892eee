"""Tables of shapes: paths, kinds, constants, and the schema that belongs to them."""

import orjson
import pytest

from mediacanon.rest_compat.tmdb_v3.shapes import Kind, image_path, listed, nested, schema_of, shape, shaped

DEEP = shape("id=tmdbId:whole name:text")
TABLE = """
    id=tmdbId:whole text=a.b:text text_or_null=a.b:text? name:text minutes:whole? rating:number is_adult:truth
    country:one poster:image video=false none=null list=[] word="x" size=0
    deep=a.deep:deep all=a.all:all length:length
"""
OF = shape(TABLE, deep=nested(DEEP), all=listed(DEEP), length=Kind(len, {"type": "integer"}))
EMPTY = {
    **dict.fromkeys(("tmdbId", "a", "name", "minutes", "rating", "is_adult", "country", "poster")),
}


def test_every_key_is_there_without_a_fact():
    """Null, an empty text, an empty list and 0 stand for nothing; a kind of one's own reads the whole object."""
    assert shaped(OF, EMPTY) == {
        "id": 0,
        "text": "",
        "text_or_null": None,
        "name": "",
        "minutes": None,
        "rating": 0,
        "is_adult": False,
        "country": [],
        "poster": None,
        "video": False,
        "none": None,
        "list": [],
        "word": "x",
        "size": 0,
        "deep": None,
        "all": [],
        "length": 8,
    }


def test_facts_are_read_at_their_paths():
    """Nested objects and lists have shapes of their own."""
    facts = {
        **EMPTY,
        "tmdbId": 5,
        "a": {"b": "B", "deep": {"tmdbId": 1, "name": "D"}, "all": [{"tmdbId": 2, "name": None}]},
        "country": "US",
        "poster": "https://image.tmdb.org/t/p/original/p.jpg",
    }
    found = shaped(OF, facts)
    assert (found["id"], found["text"], found["country"], found["poster"]) == (5, "B", ["US"], "/p.jpg")
    assert (found["deep"], found["all"]) == ({"id": 1, "name": "D"}, [{"id": 2, "name": ""}])


def test_a_schema_requires_every_key():
    """It is JSON, and closed."""
    schema = schema_of(OF)
    assert schema["required"] == list(schema["properties"]) == list(OF)
    assert schema["additionalProperties"] is False
    assert schema["properties"]["video"] == {"const": False}
    assert orjson.dumps(schema)


@pytest.mark.parametrize("table", ["a:nothing", "a=b:nothing", "a=", "a=b"])
def test_an_unknown_kind_stops_the_start(table: str):
    """A table is read when the server starts."""
    with pytest.raises((KeyError, ValueError)):
        shape(table)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("https://image.tmdb.org/t/p/w500/a.jpg", "/a.jpg"),
        ("https://mirror.test/t/p/original/a-b.png", "/a-b.png"),
        ("https://elsewhere.test/a.jpg", None),
        ("", None),
        (None, None),
    ],
)
def test_an_image_of_another_site_has_no_path(url: str | None, path: str | None):
    """Clients put TMDB's address before it."""
    assert image_path(url) == path

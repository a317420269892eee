"""Further facts: each one absent, null, empty, of a wrong type, and bounded; recorded replies give theirs."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediacanon.tmdb.facts import COLUMNS, MAX_VIDEOS, NAMES, NOTHING, parse_facts
from tests.fakes.tmdb_catalogue import film, show
from tests.tmdb.test_replies import ANYTHING, RECORDED

VIDEO = {"site": "YouTube", "key": "abc_-1", "type": "Trailer", "iso_639_1": "en", "official": True, "name": "One"}
RELEASES = [
    {"iso_3166_1": "US", "release_dates": [{"certification": "", "type": 3}, {"certification": "PG", "type": 4}]},
    {"iso_3166_1": "DE", "release_dates": [{"certification": "16", "type": 4}, {"certification": "12", "type": 3}]},
    {"iso_3166_1": "FR", "release_dates": [{"certification": "", "type": 3}]},
]
COLLECTION = {"id": 9, "name": "The Films", "poster_path": "/p.jpg", "backdrop_path": None}
RICH_FILM = film(
    7,
    "tt9000007",
    backdrop_path="/b.jpg",
    homepage="https://film.example/",
    tagline="Wait  for\nit",
    belongs_to_collection=COLLECTION,
    production_companies=[{"id": 3, "name": "Makers", "logo_path": "/l.png", "origin_country": "DK"}],
    external_ids={"wikidata_id": "Q42", "tvdb_id": 5, "facebook_id": "film", "twitter_id": ""},
    keywords={"keywords": [{"id": 1, "name": "harbour"}, {"id": 2, "name": "storm"}]},
    release_dates={"results": RELEASES},
    videos={"results": [VIDEO, VIDEO | {"type": "Clip"}]},
)
RICH_SHOW = show(
    8,
    networks=[{"id": 49, "name": "Channel", "logo_path": None, "origin_country": "US"}],
    keywords={"results": [{"id": 1, "name": "harbour"}]},
    content_ratings={"results": [{"iso_3166_1": "US", "rating": "TV-MA"}, {"iso_3166_1": "DE", "rating": ""}]},
)


def changed(reply: dict[str, Any], path: list[str], value: object) -> dict[str, Any]:
    """Return a copy of a reply with another value at a path."""
    key, *rest = path
    return reply | {key: changed(reply.get(key) or {}, rest, value) if rest else value}


def without(reply: dict[str, Any], path: list[str]) -> dict[str, Any]:
    """Return a copy of a reply that lacks the key at a path."""
    key, *rest = path
    if rest:
        return reply | {key: without(reply.get(key) or {}, rest)}
    return {name: value for name, value in reply.items() if name != key}


FACTS = {
    **{name: list(path) for name, (path, _) in {**COLUMNS["movie"], **NAMES["movie"]}.items() if name != "social_ids"},
    "franchise_id": ["belongs_to_collection"],
}


def test_every_fact_of_a_film_is_read():
    """One column for each fact, with paths of images, and the names beside them."""
    facts = parse_facts(RICH_FILM, "movie", ["en"])
    assert facts.columns == {
        "native_title": "A Film",
        "status": "Released",
        "homepage": "https://film.example/",
        "backdrop_url": "/b.jpg",
        "tvdb_id": 5,
        "wikidata_id": "Q42",
        "social_ids": {"facebook": "film"},
        "franchise_id": 9,
        "countries": ["SE"],
        "languages": ["da"],
        "keyword_ids": [1, 2],
        "company_ids": [3],
        "certifications": {"US": "PG", "DE": "12"},
        "videos": [
            {
                "site": "YouTube",
                "key": "abc_-1",
                "kind": "trailer",
                "language": "en",
                "is_official": True,
                "name": "One",
            }
        ],
    }
    assert facts.texts == {"en": {"overview": "A Film: a wish that is hard to fulfil.", "tagline": "Wait for it"}}
    assert [(name.kind, name.name) for name in facts.names] == [
        ("company", "Makers"),
        ("keyword", "harbour"),
        ("keyword", "storm"),
    ]
    assert facts.franchise is not None
    assert facts.franchise.name == "The Films"


def test_a_show_has_networks_and_ratings():
    """The lists of shows have other keys than those of films."""
    columns = parse_facts(RICH_SHOW, "tv", ["en"]).columns
    assert (columns["network_ids"], columns["keyword_ids"]) == ([49], [1])
    assert columns["certifications"] == {"US": "TV-MA"}


@pytest.mark.parametrize("name", FACTS)
@pytest.mark.parametrize(("value", "expected"), [(None, None), ("", None), ([], None)], ids=["null", "text", "list"])
def test_a_fact_that_tmdb_does_not_have_is_cleared(name, value, expected):
    """Null and empty values of the right type clear the fact; an empty value of another type leaves it."""
    columns = parse_facts(changed(RICH_FILM, FACTS[name], value), "movie", ["en"]).columns
    known = parse_facts(RICH_FILM, "movie", ["en"]).columns
    assert columns.get(name, expected) is None
    assert {other: columns[other] for other in known if other != name} == {
        other: value for other, value in known.items() if other != name
    }


@pytest.mark.parametrize("name", FACTS)
def test_an_absent_fact_is_left_out(name):
    """The stored value stays."""
    columns = parse_facts(without(RICH_FILM, FACTS[name]), "movie", ["en"]).columns
    assert columns.keys() == parse_facts(RICH_FILM, "movie", ["en"]).columns.keys() - {name}


@pytest.mark.parametrize("name", FACTS)
@pytest.mark.parametrize(
    "value", [True, 1.5, {"0": 1}, [7], [{"id": "x", "name": [], "iso_3166_1": 1, "iso_639_1": 1}]]
)
def test_a_fact_of_a_wrong_type_costs_that_fact_alone(name, value):
    """Neither the title nor another fact is refused."""
    if name == "videos" and isinstance(value, list) and isinstance(value[0], dict):
        value = [{"type": "Trailer", "site": 5}]
    if name == "certifications" and isinstance(value, list) and isinstance(value[0], dict):
        value = [{"iso_3166_1": "US", "release_dates": "soon"}]
    if name == "franchise_id" and isinstance(value, dict):
        value = {"id": "9", "name": "The Films"}
    columns = parse_facts(changed(RICH_FILM, FACTS[name], value), "movie", ["en"]).columns
    assert columns.keys() == parse_facts(RICH_FILM, "movie", ["en"]).columns.keys() - {name}


@pytest.mark.parametrize("part", ["external_ids", "keywords", "release_dates", "videos", "translations"])
@pytest.mark.parametrize("value", [None, "", [], 5, {}])
def test_a_part_that_is_no_reply_leaves_its_facts_out(part, value):
    """The reply itself is read all the same."""
    facts = parse_facts(RICH_FILM | {part: value}, "movie", ["en", "de"])
    assert facts.columns["backdrop_url"] == "/b.jpg"
    assert facts.texts["en"]["overview"]


@pytest.mark.parametrize(
    ("languages", "found"),
    [
        (["en"], {"en", "da"}),
        (["en", "de"], {"en", "da", "de"}),
        (["fr"], {"en", "da"}),
        (["fr-CA", "pt-BR"], {"en", "da", "fr-CA", "pt-BR"}),
        (["pt"], {"en", "da"}),
    ],
)
def test_texts_are_read_in_the_languages_asked_for(languages, found):
    """English and the original language are always read; a language of another country stands for no other."""
    codes = ["da-DK", "de-DE", "de-AT", "fr-CA", "pt-BR", "sv-SE"]
    translations = [
        {"iso_639_1": code[:2], "iso_3166_1": code[3:], "data": {"overview": f"In {code}", "tagline": ""}}
        for code in codes
    ]
    odd = [{"iso_639_1": 5, "iso_3166_1": "DE", "data": None}, {"iso_639_1": "de", "iso_3166_1": "DE", "data": []}]
    reply = RICH_FILM | {"translations": {"translations": [*translations, *odd]}}
    texts = parse_facts(reply, "movie", languages).texts
    assert texts.keys() == found
    assert texts["da"] == {"overview": "In da-DK", "tagline": None}


def test_lists_and_texts_are_bounded():
    """A reply of any length makes a row of bounded length."""
    reply = RICH_FILM | {
        "overview": "x" * 50_000,
        "videos": {"results": [VIDEO] * 100},
        "keywords": {"keywords": [{"id": number, "name": "k" * 5_000} for number in range(1, 5_000)]},
        "backdrop_path": f"/{'b' * 5_000}.jpg",
        "homepage": f"https://film.example/{'h' * 5_000}",
        "external_ids": {"tvdb_id": 2**40, "wikidata_id": "42", "facebook_id": "f" * 5_000},
    }
    facts = parse_facts(reply, "movie", ["en"])
    assert len(facts.texts["en"]["overview"] or "") == 10_000
    assert len(facts.columns["videos"]) == MAX_VIDEOS
    assert len(facts.columns["keyword_ids"]) == 100
    assert len(facts.names[-1].name) == 500
    assert {facts.columns[name] for name in ("backdrop_url", "homepage", "tvdb_id", "wikidata_id")} == {None}
    assert facts.columns["social_ids"] is None


@given(reply=st.dictionaries(st.sampled_from(sorted({*RICH_FILM, *RICH_SHOW})), ANYTHING))
def test_no_reply_is_refused_for_a_further_fact(reply):
    """Any JSON gives facts that are JSON."""
    for media_type in ("movie", "tv"):
        facts = parse_facts(reply, media_type, ["en", "de"])
        with contextlib.suppress(UnicodeEncodeError):
            assert json.dumps(dict(facts.columns))


@pytest.mark.skipif(not RECORDED.is_dir(), reason="no recorded replies at hand")
@pytest.mark.parametrize(
    ("part", "media_type", "files"),
    [
        ("external_ids", "movie", ["c-eg/movies/external_ids.json", "jdrouet/movie-external-ids.json"]),
        ("keywords", "movie", ["c-eg/movies/keywords.json", "jdrouet/movie-keywords.json"]),
        ("release_dates", "movie", ["c-eg/movies/release_dates.json", "jdrouet/movie-release-dates.json"]),
        ("translations", "movie", ["c-eg/movies/translations.json", "jdrouet/movie-translations.json"]),
        ("videos", "movie", ["c-eg/movies/videos.json", "jdrouet/movie-videos.json"]),
        ("content_ratings", "tv", ["c-eg/tv_series/content_ratings.json", "jdrouet/tv-content-ratings.json"]),
        ("external_ids", "tv", ["c-eg/tv_series/external_ids.json"]),
        ("keywords", "tv", ["c-eg/tv_series/keywords.json", "jdrouet/tv-keywords.json"]),
        ("translations", "tv", ["c-eg/tv_series/translations.json"]),
        ("videos", "tv", ["c-eg/tv_series/videos.json"]),
    ],
)
def test_recorded_parts_are_accepted(part, media_type, files):
    """Each recorded reply of a part gives facts when it comes with a title's reply."""
    for file in files:
        reply = json.loads((RECORDED / file).read_text())
        facts = parse_facts({part: reply, "original_language": "de"}, media_type, ["en", "fr"])
        assert facts != NOTHING
        assert facts.columns or set(facts.texts) == {"de", "fr", "en"}

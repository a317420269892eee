"""Parsing of TMDB's replies: every recorded reply, and arbitrary JSON."""

import contextlib
import gzip
import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mediacanon.tmdb.facts import NOTHING
from mediacanon.tmdb.replies import (
    MalformedReply,
    parse_details,
    parse_episode,
    parse_find_results,
    parse_franchise,
    parse_season,
)
from tests.fakes.tmdb_catalogue import FIND_KEYS_OF_SHOW, episode, film, find_result, season_of, show

SHARED = Path(os.environ.get("MEDIACANON_SHARED", Path(__file__).parents[3] / "shared"))
RECORDED = SHARED / "data" / "tmdb"
KEYS = st.sampled_from(
    [
        "id",
        "imdb_id",
        "poster_path",
        "movie_results",
        "tv_results",
        "episodes",
        "episode_number",
        "runtime",
        "popularity",
        "release_date",
        "origin_country",
        "production_countries",
        "external_ids",
        "episode_run_time",
    ]
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(KEYS | st.text(), inner),
    max_leaves=20,
)


def recorded(pattern: str) -> list[Path]:
    """Return the recorded replies; none if the folder is missing."""
    return sorted(RECORDED.glob(pattern))


def parse_movie(reply: object) -> object:
    return parse_details(reply, "movie")


def parse_show(reply: object) -> object:
    return parse_details(reply, "tv")


PARSERS = [parse_find_results, parse_movie, parse_show, parse_season, parse_episode, parse_franchise]


@pytest.mark.skipif(not RECORDED.is_dir(), reason="no recorded replies at hand")
@pytest.mark.parametrize(
    ("parse", "patterns"),
    [
        (parse_find_results, ["c-eg/find/*.json"]),
        (parse_movie, ["c-eg/movies/details*", "c-eg/movies/latest*", "jdrouet/movie-[dl][ea]t*"]),
        (parse_show, ["c-eg/tv_series/details*", "c-eg/tv_series/latest*", "jdrouet/tv-[dl][ea]t*"]),
        (parse_season, ["c-eg/tv_seasons/details*.json", "jdrouet/tv-season-details.json"]),
        (parse_episode, ["c-eg/tv_episodes/details*.json", "jdrouet/tv-episode-details.json"]),
        (parse_franchise, ["c-eg/collections/details.json", "jdrouet/collection-details.json"]),
    ],
    ids=["find", "film", "show", "season", "episode", "franchise"],
)
def test_every_recorded_reply_is_accepted(parse, patterns):
    """Replies of different years and recorders all parse."""
    files = [file for pattern in patterns for file in recorded(pattern)]
    assert files
    for file in files:
        parse(json.loads(file.read_text()))


def exchanges() -> Iterator[tuple[str, object]]:
    """Yield path and reply of each recorded HTTP exchange."""
    for file in recorded("subliminal/*.yaml"):
        for exchange in yaml.safe_load(file.read_text())["interactions"]:
            body = exchange["response"]["body"]["string"]
            reply = json.loads(gzip.decompress(body) if isinstance(body, bytes) else body)
            yield urlsplit(exchange["request"]["uri"]).path, reply


@pytest.mark.skipif(not RECORDED.is_dir(), reason="no recorded replies at hand")
def test_recorded_exchanges_are_accepted():
    """Films, shows and episodes; a search result has the form of a find result."""
    seen = Counter()
    for path, reply in exchanges():
        match path.split("/")[2:]:
            case ["movie", tmdb_id]:
                assert parse_details(reply, "movie").tmdb_id == int(tmdb_id)
            case ["tv", tmdb_id]:
                details = parse_details(reply, "tv")
                assert (details.tmdb_id, details.imdb_id) == (int(tmdb_id), reply["external_ids"]["imdb_id"])
            case ["tv", _, "season", _, "episode", number]:
                assert parse_episode(reply).number == int(number)
            case ["search", kind]:
                key = {"movie": "movie_results", "tv": "tv_results"}[kind]
                found = parse_find_results({key: reply["results"]})
                assert len(found.movies + found.shows) == len(reply["results"])
        seen[path.split("/")[2]] += 1
    assert seen.keys() == {"movie", "tv", "search"}


@pytest.mark.skipif(not RECORDED.is_dir(), reason="no recorded replies at hand")
@pytest.mark.parametrize("parse", PARSERS, ids=lambda parse: parse.__name__)
def test_no_recorded_reply_crashes_a_parser(parse):
    """A reply of any endpoint is a dataclass or MalformedReply."""
    replies = [json.loads(file.read_text()) for file in recorded("**/*.json")]
    for reply in [*replies, *(reply for _, reply in exchanges())]:
        with contextlib.suppress(MalformedReply):
            parse(reply)


@pytest.mark.skipif(not RECORDED.is_dir(), reason="no recorded replies at hand")
@pytest.mark.parametrize("parse", PARSERS, ids=lambda parse: parse.__name__)
def test_the_body_of_a_recorded_error_is_no_reply(parse):
    """An error's body with status 200 is refused."""
    names = ["errors/*.json", "jdrouet/invalid-api-key.json", "jdrouet/resource-not-found.json"]
    files = [file for name in names for file in recorded(name)]
    assert files
    for file in files:
        with pytest.raises(MalformedReply):
            parse(json.loads(file.read_text()))


@pytest.mark.skipif(not RECORDED.is_dir(), reason="no recorded replies at hand")
def test_every_real_film_is_accepted():
    """Some 28,000 replies to /3/movie/{id} give the facts they hold."""
    with gzip.open(RECORDED / "movies.jsonl.gz") as lines:
        films = [json.loads(line) for line in lines]
    for reply in films:
        details = parse_details(reply, "movie")
        assert details.poster_path == reply["poster_path"]
        assert details.runtime_minutes == (reply["runtime"] or None)
        assert str(details.release_date or "") == reply["release_date"]
        assert details.imdb_id == reply["imdb_id"]


@pytest.mark.parametrize("parse", PARSERS, ids=lambda parse: parse.__name__)
@given(reply=ANYTHING)
def test_no_json_crashes_a_parser(parse, reply):
    """Any JSON is a dataclass or MalformedReply."""
    with contextlib.suppress(MalformedReply):
        parse(reply)


def test_empty_values_count_as_unknown():
    """TMDB's forms of unknown are "", 0, null, empty lists and absent keys."""
    empty = {"release_date": "", "runtime": 0, "poster_path": None, "popularity": 0}
    details = parse_details(
        film(1, "", **empty, origin_country=[], production_countries=[], original_language=""),
        "movie",
    )
    assert replace(details, further=NOTHING) == parse_details({"id": 1}, "movie")
    assert (details.release_date, details.runtime_minutes, details.poster_path) == (None,) * 3


def test_the_country_falls_back_to_the_first_producing_country():
    """Older replies have no origin_country."""
    reply = film(1, "tt9000001")
    assert parse_details(reply, "movie").origin_country == "DK"
    del reply["origin_country"]
    assert parse_details(reply, "movie").origin_country == "SE"


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "1"},
        {"id": None},
        {"id": 1.5},
        {"id": True},
        {"id": 2**31},
        {"poster_path": 5},
        {"release_date": 2011},
        {"runtime": "97"},
        {"popularity": []},
        {"origin_country": "DK"},
        {"production_countries": ["SE"], "origin_country": []},
        {"original_language": {}},
    ],
)
def test_a_wrong_type_is_refused(wrong):
    """One value of the wrong type makes the whole reply malformed."""
    with pytest.raises(MalformedReply):
        parse_details(film(1, "tt9000001", **wrong), "movie")


def test_useless_values_of_the_right_type_are_dropped():
    """An impossible date, text that is no path and a number out of range are unknown."""
    odd = {"release_date": "2011-02-30", "poster_path": '"><script>', "runtime": 2**40}
    details = parse_details(film(1, "tt9000001", popularity=1e300, **odd), "movie")
    assert details.release_date is details.poster_path is details.runtime_minutes is None
    assert details.popularity is None


def test_a_find_reply_lists_films_and_shows():
    """Both lists, with the show's country, which a film's result does not have."""
    reply = {"movie_results": [], "tv_results": [find_result(show(7), FIND_KEYS_OF_SHOW, "tv")]}
    (match,) = parse_find_results(reply).shows
    assert (match.tmdb_id, match.origin_country) == (7, "PT")
    assert match.release_date == date(2015, 9, 1)


def test_a_reply_of_another_form_is_not_an_empty_one():
    """An object without the expected lists is malformed; it does not mean "not found"."""
    for parse in (parse_find_results, parse_season):
        with pytest.raises(MalformedReply):
            parse({"success": True})


def test_a_season_is_read_by_number():
    """Episodes are stored under TMDB's numbers, empty texts are unknown, zero bytes are dropped."""
    odd = episode(7, 1, 4, name="", overview="a\0b")
    season = parse_season(season_of(7, 1, [episode(7, 1, 2), odd]))
    assert list(season.episodes) == [2, 4]
    assert season.episodes[4].name is None
    assert season.episodes[4].synopsis == "ab"

"""Reading TMDB's answers: all that were ever recorded, and anything at all."""

import contextlib
import gzip
import json
import os
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mediacanon.tmdb.replies import (
    MalformedReply,
    parse_details,
    parse_episode,
    parse_found,
    parse_season,
)
from tests.fakes.tmdb_catalogue import FOUND_SHOW, episode, film, found, season_of, show

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
    """Return recorded answers, none where there is no folder of them."""
    return sorted(RECORDED.glob(pattern))


def parse_movie(answer: object) -> object:
    return parse_details(answer, "movie")


def parse_show(answer: object) -> object:
    return parse_details(answer, "tv")


PARSERS = [parse_found, parse_movie, parse_show, parse_season, parse_episode]


@pytest.mark.skipif(not RECORDED.is_dir(), reason="no recorded answers at hand")
@pytest.mark.parametrize(
    ("parse", "patterns"),
    [
        (parse_found, ["c-eg/find/*.json"]),
        (parse_movie, ["c-eg/movies/details*", "c-eg/movies/latest*", "jdrouet/movie-[dl][ea]t*"]),
        (parse_show, ["c-eg/tv_series/details*", "c-eg/tv_series/latest*", "jdrouet/tv-[dl][ea]t*"]),
        (parse_season, ["c-eg/tv_seasons/details*.json", "jdrouet/tv-season-details.json"]),
        (parse_episode, ["c-eg/tv_episodes/details*.json", "jdrouet/tv-episode-details.json"]),
    ],
    ids=["find", "film", "show", "season", "episode"],
)
def test_every_recorded_answer_is_accepted(parse, patterns):
    """Answers of different years and recorders all parse."""
    files = [file for pattern in patterns for file in recorded(pattern)]
    assert files
    for file in files:
        parse(json.loads(file.read_text()))


def exchanges() -> Iterator[tuple[str, object]]:
    """Yield path and answer of each recorded HTTP exchange."""
    for file in recorded("subliminal/*.yaml"):
        for exchange in yaml.safe_load(file.read_text())["interactions"]:
            body = exchange["response"]["body"]["string"]
            answer = json.loads(gzip.decompress(body) if isinstance(body, bytes) else body)
            yield urlsplit(exchange["request"]["uri"]).path, answer


@pytest.mark.skipif(not RECORDED.is_dir(), reason="no recorded answers at hand")
def test_whole_recorded_exchanges_are_accepted():
    """Films, shows and episodes; what a search lists has the form of what find lists."""
    seen = Counter()
    for path, answer in exchanges():
        match path.split("/")[2:]:
            case ["movie", tmdb_id]:
                assert parse_details(answer, "movie").tmdb_id == int(tmdb_id)
            case ["tv", tmdb_id]:
                details = parse_details(answer, "tv")
                assert (details.tmdb_id, details.imdb_id) == (int(tmdb_id), answer["external_ids"]["imdb_id"])
            case ["tv", _, "season", _, "episode", number]:
                assert parse_episode(answer).number == int(number)
            case ["search", kind]:
                key = {"movie": "movie_results", "tv": "tv_results"}[kind]
                found = parse_found({key: answer["results"]})
                assert len(found.movies + found.shows) == len(answer["results"])
        seen[path.split("/")[2]] += 1
    assert seen.keys() == {"movie", "tv", "search"}


@pytest.mark.skipif(not RECORDED.is_dir(), reason="no recorded answers at hand")
@pytest.mark.parametrize("parse", PARSERS, ids=lambda parse: parse.__name__)
def test_no_recorded_answer_whatever_makes_parsing_crash(parse):
    """Of any endpoint: a reply or MalformedReply, nothing else."""
    answers = [json.loads(file.read_text()) for file in recorded("**/*.json")]
    for answer in [*answers, *(answer for _, answer in exchanges())]:
        with contextlib.suppress(MalformedReply):
            parse(answer)


@pytest.mark.skipif(not RECORDED.is_dir(), reason="no recorded answers at hand")
@pytest.mark.parametrize("parse", PARSERS, ids=lambda parse: parse.__name__)
def test_the_body_of_a_recorded_error_is_no_reply(parse):
    """Should one ever come with status 200, it is refused."""
    names = ["errors/*.json", "jdrouet/invalid-api-key.json", "jdrouet/resource-not-found.json"]
    files = [file for name in names for file in recorded(name)]
    assert files
    for file in files:
        with pytest.raises(MalformedReply):
            parse(json.loads(file.read_text()))


@pytest.mark.skipif(not RECORDED.is_dir(), reason="no recorded answers at hand")
def test_every_real_film_is_accepted():
    """Some 28,000 answers to /3/movie/{id}, their facts where they have some."""
    with gzip.open(RECORDED / "movies.jsonl.gz") as lines:
        films = [json.loads(line) for line in lines]
    for answer in films:
        details = parse_details(answer, "movie")
        assert details.poster_path == answer["poster_path"]
        assert details.runtime_minutes == (answer["runtime"] or None)
        assert str(details.release_date or "") == answer["release_date"]
        assert details.imdb_id == answer["imdb_id"]


@pytest.mark.parametrize("parse", PARSERS, ids=lambda parse: parse.__name__)
@given(answer=ANYTHING)
def test_no_json_whatever_makes_parsing_crash(parse, answer):
    """A reply or MalformedReply, nothing else."""
    with contextlib.suppress(MalformedReply):
        parse(answer)


def test_empty_values_count_as_unknown():
    """TMDB says unknown with "", 0, null, empty lists and absent keys."""
    empty = {"release_date": "", "runtime": 0, "poster_path": None, "popularity": 0}
    details = parse_details(
        film(1, "", **empty, origin_country=[], production_countries=[], original_language=""),
        "movie",
    )
    assert details == parse_details({"id": 1}, "movie")
    assert (details.release_date, details.runtime_minutes, details.poster_path) == (None,) * 3


def test_the_country_falls_back_to_the_first_that_produced():
    """Older answers have no origin_country."""
    answer = film(1, "tt9000001")
    assert parse_details(answer, "movie").origin_country == "DK"
    del answer["origin_country"]
    assert parse_details(answer, "movie").origin_country == "SE"


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
    """One value of the wrong type is enough to doubt the whole answer."""
    with pytest.raises(MalformedReply):
        parse_details(film(1, "tt9000001", **wrong), "movie")


def test_values_of_the_right_type_and_no_use_are_dropped():
    """An impossible date, a path that is none and a number no column holds are unknown."""
    odd = {"release_date": "2011-02-30", "poster_path": '"><script>', "runtime": 2**40}
    details = parse_details(film(1, "tt9000001", popularity=1e300, **odd), "movie")
    assert details.release_date is details.poster_path is details.runtime_minutes is None
    assert details.popularity is None


def test_a_find_answer_lists_films_and_shows():
    """Both lists, with the show's country, which a film's result does not have."""
    answer = {"movie_results": [], "tv_results": [found(show(7), FOUND_SHOW, "tv")]}
    (match,) = parse_found(answer).shows
    assert (match.tmdb_id, match.origin_country) == (7, "PT")
    assert match.release_date == date(2015, 9, 1)


def test_an_answer_of_another_kind_is_not_an_empty_one():
    """An object without the lists asked for is broken; it does not say that nothing was found."""
    for parse in (parse_found, parse_season):
        with pytest.raises(MalformedReply):
            parse({"success": True})


def test_a_season_is_read_by_number():
    """Episodes stand under TMDB's numbers, empty texts are unknown, zero bytes are dropped."""
    odd = episode(7, 1, 4, name="", overview="a\0b")
    season = parse_season(season_of(7, 1, [episode(7, 1, 2), odd]))
    assert list(season.episodes) == [2, 4]
    assert season.episodes[4].name is None
    assert season.episodes[4].synopsis == "ab"

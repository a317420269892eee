"""Texts that people type are read as they mean them."""

import pytest

from mediacanon.loaders.search_text import MOST_WORDS, PastedId, Reading, pasted_id, readings_of, required_words


@pytest.mark.parametrize(
    ("text", "pasted"),
    [
        ("tt0903747", PastedId("imdb", "title", "tt0903747")),
        ("  TT0903747 ", PastedId("imdb", "title", "tt0903747")),
        ("imdb:tt0903747", PastedId("imdb", "title", "tt0903747")),
        ("Breaking Bad {imdb-tt0903747}", PastedId("imdb", "title", "tt0903747")),
        ("https://m.imdb.com/title/tt0903747/?ref_=nv_sr_1", PastedId("imdb", "title", "tt0903747")),
        ("https://www.imdb.com/name/nm0000158/", PastedId("imdb", "person", "nm0000158")),
        ("tmdb:movie:603", PastedId("tmdb", "movie", "603")),
        ("tmdb:603", PastedId("tmdb", None, "603")),
        ("https://www.themoviedb.org/tv/1396-breaking-bad", PastedId("tmdb", "show", "1396")),
        ("https://www.themoviedb.org/person/31", PastedId("tmdb", "person", "31")),
        ("tvdb:81189", PastedId("tvdb", "show", "81189")),
        ("Breaking Bad {tvdb-81189}", PastedId("tvdb", "show", "81189")),
        ("https://thetvdb.com/dereferrer/series/81189", PastedId("tvdb", "show", "81189")),
        ("http://thetvdb.com/?tab=series&id=81189", PastedId("tvdb", "show", "81189")),
        ("https://thetvdb.com/series/breaking-bad", None),
        ("attt0903747", None),
        ("tt1", None),
        ("tt09037471234567", None),
        ("butter", None),
        ("movie 603", None),
        (f"{'a' * 300} tt0903747", None),
    ],
)
def test_pasted_ids_are_ids(text: str, pasted: PastedId | None):
    """Ids and addresses of IMDb, TMDB and TVDB, also inside of names of files; nothing else."""
    assert pasted_id(text) == pasted


@pytest.mark.parametrize(
    ("folded", "further"),
    [
        ("dune", []),
        ("dune 2021", [Reading(("dune",), 2021)]),
        ("2021 dune", [Reading(("dune",), 2021)]),
        ("2012", []),
        ("1984 1984", [Reading(("1984",), 1984)]),
        ("2012 2009", [Reading(("2009",), 2012), Reading(("2012",), 2009)]),
        ("the office us", [Reading(("the", "office"), country="US")]),
        ("dark germany", [Reading(("dark",), country="DE")]),
        ("chernobyl series", [Reading(("chernobyl",), kind="show")]),
        ("film amelie", [Reading(("amelie",), kind="movie")]),
        ("dark season 2", [Reading(("dark",), kind="show")]),
        ("dark s02e03", [Reading(("dark",), kind="show")]),
        ("dune movie 2021", [Reading(("dune", "2021"), kind="movie"), Reading(("dune",), 2021, kind="movie")]),
        ("shameless uk series", [Reading(("shameless",), country="GB", kind="show")]),
        ("movie", []),
        ("us", []),
    ],
)
def test_words_beside_a_name_are_understood(folded: str, further: list[Reading]):
    """The text as it stands comes first; a year, a country or a kind is told by no lone word."""
    assert readings_of(folded) == [Reading(tuple(folded.split())), *further]


def test_readings_are_few():
    """Whatever is typed."""
    years = " ".join(map(str, range(1960, 1999)))
    assert len(readings_of(f"keepers {years} us uk movie series s01e01")) <= 4
    assert readings_of("") == [Reading(())]


@pytest.mark.parametrize(
    ("words", "required"),
    [
        ("the lord of the rings", ["lord", "of", "rings"]),
        ("the", ["the"]),
        ("神 隠", ["神 隠"]),
        ("akira ア キ ラ 2", ["akira", "ア キ ラ", "2"]),
        ("a " * 20 + "b " * 20, ["b"] * MOST_WORDS),
    ],
)
def test_words_that_a_name_must_have(words: str, required: list[str]):
    """Articles are not, runs of Chinese and Japanese are phrases, and there are eight at most."""
    assert required_words(words.split()) == required

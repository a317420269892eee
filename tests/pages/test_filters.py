"""Template filters and functions."""

from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import URL

from mediacanon.pages.filters import (
    as_offered,
    changed,
    count,
    country_name,
    duration,
    escaped_all,
    flag,
    hue,
    language_name,
    poster_lines,
    thousands,
    toggled,
    years,
)


def test_numbers_are_written_for_people():
    """Thousands are separated, and a noun is in the plural unless there is one."""
    assert (thousands(1234567), thousands(0), thousands(None)) == ("1,234,567", "0", "")
    assert (count(0, "title"), count(1, "title"), count(1234, "title")) == ("0 titles", "1 title", "1,234 titles")
    assert (duration(125), duration(120), duration(45), duration(None)) == ("2 h 5 min", "2 h", "45 min", "")


@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))))
def test_texts_are_escaped_at_once_as_one_by_one(texts: list[str]):
    """Any texts that PostgreSQL can hold, none at all as well."""
    assert escaped_all(texts) == [escape(text) for text in texts]


def test_years_are_those_of_the_type():
    """A movie has one year; a show has a range, open while it runs."""
    assert years({"type": "show", "startYear": 2008, "endYear": 2013}) == "2008–2013"
    assert years({"type": "show", "startYear": 2019, "endYear": None}) == "2019–"
    assert years({"type": "movie", "startYear": 1999, "endYear": None}) == "1999"
    assert years({"type": "movie", "startYear": None}) == ""


def test_codes_have_names():
    """A code without a name stands for itself, and has no flag."""
    assert [language_name(code) for code in ("en", "ko", "cn", "xx", "zz9")] == [
        "English", "Korean", "Cantonese", "xx", "zz9"
    ]  # fmt: skip
    assert (country_name("DE"), country_name("??")) == ("Germany", "??")
    assert (flag("DE"), flag("XKX"), flag("")) == ("🇩🇪", "", "")


@pytest.mark.parametrize("name", [language_name, country_name, flag])
def test_codes_of_clients_are_remembered_within_bounds(name):
    """Clients put any text into ?lang=: the names are bounded in number, and their codes in length."""
    for number in range(1500):
        name(f"c {number}")
    assert name.__wrapped__.cache_info().currsize <= 1000
    before = name.__wrapped__.cache_info()
    assert name("x" * 60_000) in ("x" * 60_000, "")
    assert name.__wrapped__.cache_info() == before


def test_a_changed_address_keeps_the_other_parameters():
    """One parameter changes, empty ones are left out, and the list starts at its first page."""
    url = URL("http://x/titles?q=a+b&type=show&page=3")
    assert changed(url, type="movie") == "/titles?q=a+b&type=movie"
    assert changed(url, type=None) == "/titles?q=a+b"
    assert changed(url, page=4) == "/titles?q=a+b&type=show&page=4"
    assert changed(URL("http://x/titles?page=3")) == "/titles"


def test_a_toggled_value_is_added_or_removed():
    """The other values of the list stay in their order."""
    url = URL("http://x/discover?genre=drama,Crime&page=2")
    assert toggled(url, "genre", ["Drama", "Crime"], "War") == "/discover?genre=Drama,Crime,War"
    assert toggled(url, "genre", ["Drama", "Crime"], "Drama") == "/discover?genre=Crime"
    assert toggled(url, "genre", ["Drama"], "Drama") == "/discover"


def test_genres_of_an_address_are_those_offered():
    """A chip is lit by any spelling of its genre; a word for several genres or none stays a word."""
    words = ["sci-fi", "Science Fiction", "drama", "Sci-Fi & Fantasy", "Nope"]
    assert as_offered(words, ["Drama", "Fantasy", "Sci-Fi"]) == ["Sci-Fi", "Drama", "Sci-Fi & Fantasy", "Nope"]


def test_a_drawn_poster_has_a_hue_and_few_lines():
    """A name always has the same hue; a long name is cut."""
    assert hue("a") == hue("a") != hue("b")
    lines = poster_lines("The Very Long Name of a Film That Never Ends and Goes On and On")
    assert len(lines) == 4
    assert lines[-1].endswith("…")

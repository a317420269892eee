"""The controlled vocabulary: values that several layers, clients and databases rely on."""

import sys

import pytest

from mediacanon.vocabulary import (
    CONTROL,
    MAX_BIGINT,
    MAX_INTEGER,
    MIN_BIGINT,
    MIN_INTEGER,
    NO_IMAGE,
    TITLE_TYPES,
    DiscoverSort,
    control_characters,
)

CHARACTERS = "".join(map(chr, range(sys.maxunicode + 1)))
CONTROLS = {*range(0x20), *range(0x7F, 0xA0), *range(0xD800, 0xE000)}


def test_names_and_spellings_of_sort_orders_are_the_contract() -> None:
    """Clients send them: upper case in GraphQL, lower case in addresses."""
    assert {sort.name: sort.value for sort in DiscoverSort} == {
        "MOST_RATED": "most_rated",
        "TRENDING": "trending",
        "POPULAR": "popular",
        "TOP_RATED": "top_rated",
        "NEWEST": "newest",
        "HIDDEN_GEMS": "hidden_gems",
        "A_TO_Z": "a-z",
    }


def test_stored_words_are_those_of_existing_databases() -> None:
    """Databases hold these title types and sentinels."""
    assert TITLE_TYPES == ("movie", "show")
    assert {"", "none", "TMDB_NOT_FOUND_DO_NOT_RETRY"} == NO_IMAGE


def test_bounds_are_those_of_32_and_64_bits() -> None:
    """PostgreSQL's integer and bigint."""
    assert (MIN_INTEGER, MAX_INTEGER) == (-2_147_483_648, 2_147_483_647)
    assert (MIN_BIGINT, MAX_BIGINT) == (-9_223_372_036_854_775_808, 9_223_372_036_854_775_807)


@pytest.mark.parametrize("allowed", ["", "\n", "\t\n\r"])
def test_control_characters_are_c0_c1_and_surrogates(allowed: str) -> None:
    """Every code point is tried; the allowed ones are no match."""
    found = control_characters(allowed=allowed).findall(CHARACTERS)
    assert set(map(ord, found)) == CONTROLS - set(map(ord, allowed))
    assert len(CONTROL.findall(CHARACTERS)) == len(CONTROLS)

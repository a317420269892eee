"""The controlled vocabulary: values that several layers, clients and databases rely on."""

import json
import os
import re
import sys
from pathlib import Path

import pytest

from mediacanon.vocabulary import (
    CONTROL,
    MAX_BIGINT,
    MAX_INTEGER,
    MIN_BIGINT,
    MIN_INTEGER,
    NO_IMAGE,
    TITLE_STATUSES,
    TITLE_TYPES,
    DiscoverSort,
    certifications_of,
    certified_at_most,
    control_characters,
    country_names,
    title_status,
)

SHARED = Path(os.environ.get("MEDIACANON_SHARED") or Path(__file__).parents[2] / "shared")
# Not rated, refused, banned.
NO_AUDIENCE = {"NR", "UR", "Unrated", "RC", "Banned", "-"}
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


def test_certifications_are_in_order_and_known_once() -> None:
    """A country's words are distinct; ages among them only grow from step to step."""
    known = {country: steps for country in country_names() if (steps := certifications_of(country))}
    assert len(known) > 20
    for country, steps in known.items():
        words = [word for step in steps for word in step]
        assert len(words) == len(set(words)), country
        ages = [max(found) for step in steps if (found := [int(age) for age in re.findall(r"[0-9]+", " ".join(step))])]
        assert ages == sorted(ages), country
        assert certified_at_most(country, words[-1]) == tuple(f"{country}:{word}" for word in words)


@pytest.mark.parametrize("kind", ["movie", "tv"])
def test_certifications_are_in_tmdb_s_order(kind: str) -> None:
    """Every word of TMDB's list that stands for an audience is known, in the order of the list."""
    recorded = SHARED / "data" / "tmdb" / "jdrouet" / f"certification-{kind}-list.json"
    if not recorded.exists():
        pytest.skip("needs the recorded replies of TMDB")
    for country, given in json.loads(recorded.read_text())["certifications"].items():
        steps = certifications_of(country)
        listed = [each["certification"] for each in sorted(given, key=lambda each: each["order"])]
        words = [word for word in listed if word not in NO_AUDIENCE]
        # Provinces have lists of their own, which no title's certification names.
        if len(country) == 2:
            found = [at for word in words for at, step in enumerate(steps) if word in step]
            assert len(found) == len(words), (country, words)
            assert found == sorted(found), (country, words)


@pytest.mark.parametrize(
    ("country", "word", "expected"),
    [
        ("US", "PG", ("US:TV-Y", "US:TV-Y7", "US:G", "US:TV-G", "US:PG", "US:TV-PG")),
        ("usa", " tv-y7 ", ("US:TV-Y", "US:TV-Y7")),
        ("DE", "6", ("DE:0", "DE:6")),
        ("US", "12", ("US:12",)),
        ("XX", "odd", ("XX:odd",)),
    ],
)
def test_at_most_has_every_younger_certification(country: str, word: str, expected: tuple[str, ...]) -> None:
    """Of movies and shows; a word without an order stands for itself."""
    assert certified_at_most(country, word) == expected


def test_statuses_are_understood_in_any_case() -> None:
    """Blanks, hyphens and underscores are alike; an unknown word stays."""
    for status in TITLE_STATUSES:
        for word in (status.upper(), status.lower().replace(" ", "-"), status.replace(" ", "_"), f" {status} "):
            assert title_status(word) == status
    assert [title_status(word) for word in ("cancelled", "returning", "Done")] == [
        "Canceled",
        "Returning Series",
        "Done",
    ]

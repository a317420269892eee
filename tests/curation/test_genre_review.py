"""The review file: written for people, and parsed after any edit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediacanon.curation.genre_review import Mistake, Review, TitleToReview, format_reviews, parse_reviews

ISLAND = TitleToReview(
    title_id=7,
    display_name="Love\nIsland | [8] GENRES: x",
    start_year=2015,
    type="show",
    num_votes=12345,
    average_rating=5.6,
    original_language="en",
    origin_country="GB",
    genres=["Game-Show", "Reality-TV"],
    custom_genres=["Cooking", "Dating"],
)
UNKNOWN = TitleToReview(
    title_id=9,
    display_name="?",
    start_year=None,
    type="movie",
    num_votes=None,
    average_rating=None,
    original_language=None,
    origin_country=None,
    genres=[],
    custom_genres=[],
)


def mistakes(text: str) -> list[tuple[int, str]]:
    """Return the mistakes of a file: line and message."""
    return [(one.line, one.message) for one in parse_reviews(text).mistakes]


def test_a_title_is_shown_with_its_known_facts():
    """A title has the original's line (id, name, year, type, votes, rating, language/country, genres), then GENRES."""
    lines = format_reviews([ISLAND, UNKNOWN], ["Cooking", "Dating"]).split("\n")
    assert lines[5:] == [
        "[7] Love Island | [8] GENRES: x (2015) | show | 12,345 | 5.6 | en/GB | Game-Show, Reality-TV",
        "GENRES: Cooking, Dating",
        "",
        "[9] ? | movie | - | - | -/- | -",
        "GENRES:",
        "",
    ]
    assert all(line.startswith("#") for line in lines[:4])
    assert "Cooking, Dating" in lines[1]


def test_an_unedited_file_is_read_back():
    """An unedited file holds the titles' present custom genres, even with syntax of the file in a name."""
    file = parse_reviews(format_reviews([ISLAND, UNKNOWN], ["Cooking"]))
    assert file.mistakes == []
    assert file.reviews == [Review(7, 6, ("Cooking", "Dating"), 7), Review(9, 9, (), 10)]


@pytest.mark.parametrize(
    ("typed", "genres"),
    [
        ("GENRES: dating,COOKING", ("dating", "COOKING")),
        ("genres :Dating, ,Dating,", ("Dating",)),
        ("  GENRES:   Home   Makeover  ", ("Home Makeover",)),
        ("GENRES:", ()),
        ("GENRES: none", ()),
        ("Genres: NONE,", ()),
    ],
)
def test_genres_are_read_as_people_type_them(typed, genres):
    """Capitals, spaces and repetitions do not matter; `none` and an empty list are the same."""
    [review] = parse_reviews(f"[1] x\n{typed}").reviews
    assert review.genres == genres


def test_files_of_other_editors_are_read():
    """A byte order mark, carriage returns, tabs and indentation are accepted."""
    file = parse_reviews("\ufeff# header\r\n\r\n\t[ 1 ] A | show\r\n\tGENRES:\tDating\r\n")
    assert (file.reviews, file.mistakes) == ([Review(1, 3, ("Dating",), 4)], [])


def test_each_mistake_is_reported_once_with_its_line():
    """A file with several mistakes yields one message with its line for each."""
    text = """GENRES: Dating
[1] Without genres
[x2] No id
GENRES: Dating
[3
GENRES: Cooking
[4] Fine
GENRES: Cooking
GENRES: Dating
[4] Again
GENRES: none
[5] Both
GENRES: none, Dating
what is this
[99999999999999999999999] Too large
GENRES:
[6] Last"""
    assert mistakes(text) == [
        (1, "GENRES without a title above it"),
        (2, "title 1 has no line GENRES"),
        (3, "[x2] is no title's id"),
        (9, "GENRES without a title above it"),
        (10, "title 4 stands in line 7 already"),
        (13, "none and Dating exclude each other"),
        (14, "neither a title ([id] ...) nor GENRES: 'what is this'"),
        (15, "[99999999999999999999999] is no title's id"),
        (17, "title 6 has no line GENRES"),
    ]


@given(st.text(alphabet=st.sampled_from("[]0123456789٣GENRES:#,| \n\r\t\0abc²")) | st.text())
def test_any_text_is_read(text):
    """Any text yields reviews and mistakes, never an exception, and no title is reviewed twice."""
    file = parse_reviews(text)
    ids = [review.title_id for review in file.reviews]
    assert len(ids) == len(set(ids))
    assert all(isinstance(one, Mistake) and one.line > 0 for one in file.mistakes)

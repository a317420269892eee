"""Numbers of genres: TMDB's, and our own for those that it lacks."""

import pytest

from mediacanon.execution.variables import Unreadable
from mediacanon.rest_compat.tmdb_v3.genres import FIRST_OWN, genre, genres, word_of
from mediacanon.vocabulary import CUSTOM_GENRES, IMDB_GENRES, genres_named

KNOWN = (*IMDB_GENRES, *CUSTOM_GENRES)


@pytest.mark.parametrize("type_", ["movie", "show"])
def test_every_genre_has_a_number_that_leads_back(type_: str):
    """Numbers of our own are distinct and lie above TMDB's; a word names at least the genres with its number."""
    own = [genre(name, type_).id for name in KNOWN if genre(name, type_).id >= FIRST_OWN]
    assert len(own) == len(set(own)) > 5
    for name in KNOWN:
        assert name in genres_named(word_of(str(genre(name, type_).id), type_), KNOWN)


def test_a_genre_of_two_names_is_sent_once():
    """TMDB has action and adventure of shows under one number."""
    assert [each.id for each in genres(["Action", "Adventure", "Sci-Fi"], "show")] == [10759, 10765]
    assert [each.name for each in genres(["Action", "Sci-Fi"], "movie")] == ["Action", "Science Fiction"]


@pytest.mark.parametrize("number", ["1", "", "x", "10759"])
def test_an_unknown_number_is_unreadable(number: str):
    """A number of shows is none of movies."""
    with pytest.raises(Unreadable):
        word_of(number, "movie")

"""Structured data for search engines."""

import json

from mediacanon.pages.json_ld import structured_data

EMPTY = dict.fromkeys(
    (
        "originalTitle",
        "imageUrl",
        "releaseDate",
        "startYear",
        "runtimeMinutes",
        "originalLanguage",
        "originCountry",
        "averageRating",
        "numVotes",
        "imdbId",
    )
) | {"genres": []}


def test_no_name_ends_the_script_element():
    """The JSON holds no character that HTML would read, and the name is unchanged."""
    name = "</script><script>alert(1)</script><!-- & \u2028"
    text = structured_data({**EMPTY, "type": "movie", "displayName": name}, "http://x/movies/1")
    assert "<" not in text
    assert json.loads(text) == {
        "@context": "https://schema.org",
        "@type": "Movie",
        "name": name,
        "url": "http://x/movies/1",
    }


def test_facts_have_the_names_of_schema_org():
    """A show has no duration; a rating without votes is left out; a year stands in for a missing date."""
    show = {
        **EMPTY,
        "type": "show",
        "displayName": "Dark Water",
        "originalTitle": "Dunkles Wasser",
        "startYear": 2017,
        "runtimeMinutes": 50,
        "originCountry": "DE",
        "averageRating": 8.1,
        "numVotes": 0,
        "imdbId": "tt1234567",
    }
    assert json.loads(structured_data(show, "http://x/shows/1", numberOfSeasons=3)) == {
        "@context": "https://schema.org",
        "@type": "TVSeries",
        "name": "Dark Water",
        "alternateName": "Dunkles Wasser",
        "url": "http://x/shows/1",
        "datePublished": "2017",
        "countryOfOrigin": {"@type": "Country", "name": "DE"},
        "sameAs": "https://www.imdb.com/title/tt1234567/",
        "numberOfSeasons": 3,
    }

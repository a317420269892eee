"""Posters, cards and episodes as HTML: every text escaped, every address below the base path."""

import re
import textwrap

import pytest

from mediacanon.pages.cards import Cards, episode_list
from mediacanon.pages.filters import poster_lines
from mediacanon.settings import Settings
from mediacanon.tmdb.image_urls import image_addresses

HOSTILE = "\"><script>alert('&amp;')</script>"
ESCAPED = "&quot;&gt;&lt;script&gt;alert(&#x27;&amp;amp;&#x27;)&lt;/script&gt;"
CARDS = Cards(image_addresses(Settings()))


def title(**changed: object) -> dict[str, object]:
    """Return a title as the documents of pages select it."""
    facts = {"displayName": "A Night", "type": "movie", "startYear": 2011, "endYear": None, "imageUrl": None}
    return {**facts, "averageRating": 7.5, "movieId": 47, "showId": None, **changed}


def cards(*titles: dict[str, object], base: str = "", source: str = "", around: str = "") -> str:
    """Return the cards on a page below a base path."""
    return CARDS.cards({"base": base}, titles, source, around)


def test_a_card_leads_to_its_title():
    """A movie, a show, a title that is neither; below the base path, with the source of the view."""
    found = cards(title(), title(movieId=None, showId=8, type="show"), title(movieId=None), base="/media", source="x-y")
    assert re.findall(r'href="([^"]*)"', found) == [
        "/media/movies/47?source=x-y",
        "/media/shows/8?source=x-y",
        "/media/titles?source=x-y",
    ]
    assert found.count('<span class="badge">Show</span>') == 1
    assert cards(title(), title(), around="li").count("</li>") == 2


@pytest.mark.parametrize("fact", ["displayName", "imageUrl"])
def test_no_text_of_a_title_ends_an_attribute_or_an_element(fact: str):
    """Names and addresses of images are anybody's."""
    found = cards(title(**{fact: HOSTILE}))
    assert "<script>" not in found
    assert ESCAPED in found


def test_a_card_without_facts():
    """No year, no rating, no poster: the drawn one is there."""
    found = cards(title(startYear=None, averageRating=None))
    assert "★" not in found
    assert "<img" not in found
    assert found.count("<svg") == 1


def test_images_are_below_the_base_path_where_this_server_proxies_them():
    """The address of another server stays."""
    proxied = Cards(image_addresses(Settings(image_cache_mb=10)))
    at_tmdb = title(imageUrl="https://image.tmdb.org/t/p/w500/abc.jpg")
    assert 'src="/media/images/poster/w342/abc.jpg"' in proxied.cards({"base": "/media"}, [at_tmdb])
    assert 'src="https://image.tmdb.org/t/p/w342/abc.jpg"' in cards(at_tmdb, base="/media")
    assert 'loading="lazy"' not in proxied.poster({"base": ""}, at_tmdb, is_lazy=False)


def test_an_episode_has_its_facts_escaped():
    """An unnamed one is told by its number; what is unknown is left out."""
    known = {"episodeId": 5, "episodeNumber": 1, "displayName": HOSTILE, "synopsis": HOSTILE, "airDate": "2011-03-04"}
    bare = {"episodeId": 6, "episodeNumber": 2, "displayName": None, "synopsis": None, "airDate": None}
    rated = {"averageRating": 8.0, "numVotes": 1}
    found = episode_list({"episodes": [{**known, **rated}, {**bare, "averageRating": None, "numVotes": None}]})
    assert "<script>" not in found
    assert found.count(ESCAPED) == 2
    assert "1 vote<" in found
    assert "<bdi>Episode 2</bdi>" in found
    assert found.count("<time") == found.count("★") == 1


@pytest.mark.parametrize(
    "name",
    [
        "",
        "A",
        "A B",
        "x" * 40,
        "Spider-Man: No Way",
        " a  b ",
        "The Very Long Name of a Film That Never Ends and More",
        "a\tb",
        "Ω" * 15,
        "one two three four five six seven eight nine ten eleven twelve",
        "a\u00a0b c",
        "fifteen letters",
        "exactly 15 chars and",
    ],
)
def test_the_quick_way_wraps_as_the_slow_one(name: str):
    """Drawn posters have the lines that textwrap gives."""
    assert poster_lines(name) == textwrap.wrap(name, 15, max_lines=4, placeholder="…")

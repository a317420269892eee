"""Look-up: the choice among TMDB's films and shows for a title of ours."""

from dataclasses import replace

import pytest

from mediacanon.tmdb.lookup import TitleFacts, TitleToFind, choose, look_up, poster_of
from mediacanon.tmdb.replies import FindResults, Match
from tests.fakes.tmdb_catalogue import film, show


def match(media_type, tmdb_id, poster="/p.jpg"):
    return Match(
        media_type=media_type,
        tmdb_id=tmdb_id,
        poster_path=poster,
        original_language=None,
        release_date=None,
        popularity=None,
        origin_country=None,
    )


FILM, OTHER_FILM = match("movie", 1, "/film.jpg"), match("movie", 2)
SHOW, OTHER_SHOW = match("tv", 3, "/show.jpg"), match("tv", 4)
WANTED = TitleToFind(
    title_id=1, type="movie", imdb_id="tt9000001", tmdb_id=None, is_tmdb_id_locked=False, has_image=False
)


@pytest.mark.parametrize(
    ("title_type", "movies", "shows", "chosen"),
    [
        ("movie", (FILM, OTHER_FILM), (SHOW,), FILM),
        ("show", (FILM,), (SHOW, OTHER_SHOW), SHOW),
        ("show", (FILM, OTHER_FILM), (), FILM),
        ("movie", (), (SHOW, OTHER_SHOW), SHOW),
        ("movie", (), (), None),
    ],
    ids=["film", "show", "show-listed-as-film", "film-listed-as-show", "nothing"],
)
def test_the_own_type_comes_first_then_films_then_shows(title_type, movies, shows, chosen):
    """The first result of the title's type, else of the other type."""
    assert choose(FindResults(movies=movies, shows=shows), title_type) == chosen


def test_a_missing_poster_is_taken_from_the_other_kind():
    """The chosen result keeps its facts; its poster may come from the first film or show."""
    bare = replace(SHOW, poster_path=None)
    assert poster_of(FindResults(movies=(FILM,), shows=(bare,)), bare) == "/film.jpg"
    assert poster_of(FindResults(movies=(), shows=(bare,)), bare) is None
    assert poster_of(FindResults(movies=(FILM,), shows=(SHOW,)), SHOW) == "/show.jpg"


async def test_a_known_id_takes_one_request(client, tmdb):
    """A right TMDB id makes the find request unnecessary."""
    tmdb.catalogue.add_film(film(1, "tt9000001"))
    facts = await look_up(client, replace(WANTED, tmdb_id=1))
    assert (facts.media_type, facts.tmdb_id, facts.poster_path) == ("movie", 1, "/poster1.jpg")
    assert tmdb.requests == ["/3/movie/1"]


@pytest.mark.parametrize("title_type", ["movie", "show"])
async def test_an_id_of_another_title_is_not_trusted(client, tmdb, title_type):
    """A TMDB id that is linked to another IMDb id is looked up anew."""
    tmdb.catalogue.add_film(film(1, "tt9999999"))
    tmdb.catalogue.add_show(show(1), "tt9999999")
    tmdb.catalogue.add_film(film(5, "tt9000001"))
    facts = await look_up(client, replace(WANTED, type=title_type, tmdb_id=1))
    assert (facts.media_type, facts.tmdb_id) == ("movie", 5)


@pytest.mark.parametrize("title_type", ["movie", "show"])
async def test_an_id_without_an_imdb_id_is_not_trusted(client, tmdb, title_type):
    """Details without an IMDb id belong to another title; only a find result counts."""
    tmdb.catalogue.add_film(film(1, ""))
    tmdb.catalogue.add_show(show(1), "")
    wanted = replace(WANTED, type=title_type, tmdb_id=1, has_image=True)
    assert await look_up(client, wanted) == TitleFacts()
    tmdb.catalogue.add_film(film(5, "tt9000001"))
    assert (await look_up(client, wanted)).tmdb_id == 5


async def test_an_edited_id_is_trusted(client, tmdb):
    """Any link to an IMDb id is ignored, and a missing poster is not taken from another title."""
    tmdb.catalogue.add_film(film(1, "tt9999999"))
    tmdb.catalogue.add_film(film(2, "", poster_path=None))
    tmdb.catalogue.add_film(film(5, "tt9000001"))
    given = replace(WANTED, is_tmdb_id_locked=True)
    assert (await look_up(client, replace(given, tmdb_id=1))).poster_path == "/poster1.jpg"
    facts = await look_up(client, replace(given, tmdb_id=2))
    assert (facts.tmdb_id, facts.original_language, facts.poster_path) == (2, "da", None)
    assert tmdb.requests == ["/3/movie/1", "/3/movie/2"]


async def test_a_known_id_is_enough_without_an_imdb_id(client, tmdb):
    """A title with a TMDB id alone has the facts under that id."""
    tmdb.catalogue.add_film(film(1, "tt9999999"))
    facts = await look_up(client, replace(WANTED, imdb_id=None, tmdb_id=1))
    assert (facts.tmdb_id, facts.poster_path) == (1, "/poster1.jpg")


async def test_a_deleted_id_is_looked_up_anew(client, tmdb):
    """TMDB merges and deletes ids."""
    tmdb.catalogue.add_film(film(5, "tt9000001"))
    assert (await look_up(client, replace(WANTED, tmdb_id=1))).tmdb_id == 5


async def test_the_details_of_a_film_listed_as_show_are_the_shows(client, tmdb):
    """A result's details are requested under its own media type instead of ours."""
    tmdb.catalogue.add_show(show(6), "tt9000001")
    tmdb.catalogue.add_film(film(6, "tt9999999"))
    facts = await look_up(client, WANTED)
    assert (facts.media_type, facts.original_language, facts.origin_country) == ("tv", "pt", "PT")


async def test_a_find_result_without_details_is_used_as_it_is(client, tmdb):
    """Details may be deleted while find still lists the title."""
    tmdb.catalogue.add_film(film(7, "tt9000001"))
    del tmdb.catalogue.replies["/3/movie/7"]
    facts = await look_up(client, WANTED)
    assert (facts.tmdb_id, facts.poster_path, facts.runtime_minutes) == (7, "/poster7.jpg", None)


async def test_a_poster_is_searched_only_for_a_title_without_one(client, tmdb):
    """With an image, details without a poster suffice; without one, find is requested too."""
    tmdb.catalogue.add_film(film(8, "tt9000001", poster_path=None))
    tmdb.catalogue.add_show(show(9), "tt9000001")
    await look_up(client, replace(WANTED, tmdb_id=8, has_image=True))
    assert tmdb.requests == ["/3/movie/8"]
    facts = await look_up(client, replace(WANTED, tmdb_id=8))
    assert (facts.media_type, facts.tmdb_id, facts.poster_path) == ("movie", 8, "/poster9.jpg")


async def test_an_unknown_title_has_no_facts(client, tmdb):
    """No IMDb id and no TMDB id, or an id that TMDB does not list: no facts."""
    assert await look_up(client, replace(WANTED, imdb_id=None)) == TitleFacts()
    assert await look_up(client, WANTED) == TitleFacts()

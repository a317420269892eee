"""TMDB's paths: every key with its type, appended parts, errors with their codes, and the traps of real clients."""

import re

import httpx
import pytest

from mediacanon.rest_compat.tmdb_v3.dialect import TMDB
from mediacanon.rest_compat.tmdb_v3.parts import PARTS, SEASON_PARTS, SIMILAR

TEXT, WHOLE, NUMBER, TRUTH, LIST = (str,), (int,), (int, float), (bool,), (list,)
TEXT_OR_NULL, WHOLE_OR_NULL, OBJECT_OR_NULL = (str, type(None)), (int, type(None)), (dict, type(None))
RATED = {"vote_average": NUMBER, "vote_count": WHOLE}
SHARED = {
    "adult": TRUTH,
    "backdrop_path": TEXT_OR_NULL,
    "id": WHOLE,
    "original_language": TEXT,
    "overview": TEXT,
    "popularity": NUMBER,
    "poster_path": TEXT_OR_NULL,
    **RATED,
}
MOVIE = {**SHARED, "original_title": TEXT, "release_date": TEXT, "title": TEXT, "video": TRUTH}
SHOW = {**SHARED, "first_air_date": TEXT, "name": TEXT, "origin_country": LIST, "original_name": TEXT}
FULL = {
    "genres": LIST,
    "homepage": TEXT,
    "origin_country": LIST,
    "production_companies": LIST,
    "production_countries": LIST,
    "spoken_languages": LIST,
    "status": TEXT,
    "tagline": TEXT,
}
EPISODE = {
    "air_date": TEXT_OR_NULL,
    "episode_number": WHOLE,
    "episode_type": TEXT,
    "id": WHOLE,
    "name": TEXT,
    "overview": TEXT,
    "production_code": TEXT,
    "runtime": WHOLE_OR_NULL,
    "season_number": WHOLE,
    "show_id": WHOLE,
    "still_path": TEXT_OR_NULL,
    **RATED,
}
SEASON = {
    "air_date": TEXT_OR_NULL,
    "id": WHOLE,
    "name": TEXT,
    "overview": TEXT,
    "poster_path": TEXT_OR_NULL,
    "season_number": WHOLE,
    "vote_average": NUMBER,
}
PERSON = {
    "adult": TRUTH,
    "gender": WHOLE,
    "id": WHOLE,
    "known_for_department": TEXT,
    "name": TEXT,
    "original_name": TEXT,
    "popularity": NUMBER,
    "profile_path": TEXT_OR_NULL,
}
PAGE = {"page": WHOLE, "results": LIST, "total_pages": WHOLE, "total_results": WHOLE}
IDS = dict.fromkeys(("imdb_id", "wikidata_id", "facebook_id", "instagram_id", "twitter_id"), TEXT_OR_NULL)
FURTHER_IDS = {**dict.fromkeys(("freebase_mid", "freebase_id"), TEXT_OR_NULL), "tvrage_id": WHOLE_OR_NULL}
# path -> its keys and their types
KEYS = {
    "movie/{movie}": {
        **MOVIE,
        **FULL,
        "belongs_to_collection": OBJECT_OR_NULL,
        "budget": WHOLE,
        "imdb_id": TEXT_OR_NULL,
        "revenue": WHOLE,
        "runtime": WHOLE,
    },
    "tv/{show}": {
        **SHOW,
        **FULL,
        "created_by": LIST,
        "episode_run_time": LIST,
        "in_production": TRUTH,
        "languages": LIST,
        "last_air_date": TEXT_OR_NULL,
        "last_episode_to_air": OBJECT_OR_NULL,
        "networks": LIST,
        "next_episode_to_air": OBJECT_OR_NULL,
        "number_of_episodes": WHOLE,
        "number_of_seasons": WHOLE,
        "seasons": LIST,
        "type": TEXT,
    },
    "tv/{show}/season/1": {**SEASON, "_id": TEXT, "episodes": LIST, "networks": LIST},
    "tv/{show}/season/1/episode/1": {**EPISODE, "crew": LIST, "guest_stars": LIST},
    "movie/{movie}/external_ids": {"id": WHOLE, **IDS},
    "tv/{show}/external_ids": {"id": WHOLE, **IDS, **FURTHER_IDS, "tvdb_id": WHOLE_OR_NULL},
    "movie/{movie}/credits": {"id": WHOLE, "cast": LIST, "crew": LIST},
    "tv/{show}/season/1/episode/1/credits": {"id": WHOLE, "cast": LIST, "crew": LIST, "guest_stars": LIST},
    "movie/{movie}/images": {"id": WHOLE, "backdrops": LIST, "logos": LIST, "posters": LIST},
    "tv/{show}/season/1/episode/1/images": {"id": WHOLE, "stills": LIST},
    "movie/{movie}/watch/providers": {"id": WHOLE, "results": (dict,)},
    "movie/{movie}/similar": {"id": WHOLE, **PAGE},
    "discover/movie": PAGE,
    "movie/now_playing": {**PAGE, "dates": (dict,)},
    "collection/77": {
        "id": WHOLE,
        "name": TEXT,
        "overview": TEXT,
        "poster_path": TEXT_OR_NULL,
        "backdrop_path": TEXT_OR_NULL,
        "parts": LIST,
    },
}
# path of a list in an answer -> the keys of its entries
ENTRIES = {
    ("discover/movie", "results"): {**MOVIE, "genre_ids": LIST},
    ("discover/tv", "results"): {**SHOW, "genre_ids": LIST},
    ("trending/movie/day", "results"): {**MOVIE, "genre_ids": LIST, "media_type": TEXT},
    ("collection/77", "parts"): {**MOVIE, "genre_ids": LIST, "media_type": TEXT},
    ("tv/{show}/season/1", "episodes"): {**EPISODE, "crew": LIST, "guest_stars": LIST},
    ("tv/{show}", "seasons"): {**SEASON, "episode_count": WHOLE},
    ("movie/{movie}/credits", "cast"): {
        **PERSON,
        "cast_id": WHOLE,
        "character": TEXT,
        "credit_id": TEXT,
        "order": WHOLE,
    },
    ("movie/{movie}/credits", "crew"): {**PERSON, "credit_id": TEXT, "department": TEXT, "job": TEXT},
    ("tv/{show}/aggregate_credits", "cast"): {**PERSON, "order": WHOLE, "roles": LIST, "total_episode_count": WHOLE},
    ("movie/{movie}/videos", "results"): {
        **dict.fromkeys(("id", "iso_3166_1", "iso_639_1", "key", "name", "published_at", "site", "type"), TEXT),
        "official": TRUTH,
        "size": WHOLE,
    },
    ("movie/{movie}/images", "posters"): {
        "aspect_ratio": NUMBER,
        "file_path": TEXT,
        "height": WHOLE,
        "iso_639_1": TEXT_OR_NULL,
        "vote_average": NUMBER,
        "vote_count": WHOLE,
        "width": WHOLE,
    },
    ("movie/{movie}/keywords", "keywords"): {"id": WHOLE, "name": TEXT},
    ("movie/{movie}/release_dates", "results"): {"iso_3166_1": TEXT, "release_dates": LIST},
    ("movie/{movie}/alternative_titles", "titles"): {"iso_3166_1": TEXT, "title": TEXT, "type": TEXT},
    ("movie/{movie}/translations", "translations"): {
        **dict.fromkeys(("english_name", "iso_3166_1", "iso_639_1", "name"), TEXT),
        "data": (dict,),
    },
    ("genre/movie/list", "genres"): {"id": WHOLE, "name": TEXT},
    ("movie/changes", "results"): {"id": WHOLE, "adult": TRUTH},
}
NOT_FOUND = {
    "success": False,
    "status_code": 34,
    "status_message": "The resource you requested could not be found.",
}


async def ask(tmdb: httpx.AsyncClient, path: str, movie: dict, show: dict) -> dict:
    """Return the answer at a path."""
    response = await tmdb.get(path.format(movie=movie["id"], show=show["id"]))
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/json; charset=utf-8"
    found: dict = response.json()
    return found


def wrong(found: dict, types: dict) -> dict:
    """Return the keys that are missing, further, or of a wrong type; in Python a boolean is a whole number."""
    return {
        key: found.get(key, "missing")
        for key in found.keys() | types.keys()
        if key not in found or type(found[key]) not in types.get(key, ())
    }


@pytest.mark.parametrize("path", KEYS)
async def test_every_key_is_there_with_its_type(tmdb: httpx.AsyncClient, movie: dict, show: dict, path: str):
    """No key is missing, none is further."""
    assert wrong(await ask(tmdb, path, movie, show), KEYS[path]) == {}


@pytest.mark.parametrize(("path", "key"), ENTRIES)
async def test_every_key_of_an_entry_is_there(tmdb: httpx.AsyncClient, movie: dict, show: dict, path: str, key: str):
    """Of each entry of a list, which is not empty."""
    entries = (await ask(tmdb, path, movie, show))[key]
    assert entries
    for each in entries:
        assert wrong(each, ENTRIES[path, key]) == {}


async def test_values_are_those_of_the_catalogue(tmdb: httpx.AsyncClient, movie: dict):
    """Rating and votes are IMDb's; images are paths; codes have their names."""
    query = "{title(by: {tmdb: {type: movie, id: %d}}) {imdbId averageRating numVotes displayName runtimeMinutes}}"
    response = await tmdb.post("http://mediacanon.test/graphql", json={"query": query % movie["id"]})
    title = response.json()["data"]["title"]
    assert (movie["imdb_id"], movie["vote_average"], movie["vote_count"], movie["title"], movie["runtime"]) == (
        *(title["imdbId"], title["averageRating"], title["numVotes"], title["displayName"]),
        title["runtimeMinutes"],
    )
    assert (movie["backdrop_path"], movie["original_title"]) == ("/back.jpg", "Die Eule")
    assert re.fullmatch(r"/[\w-]+\.jpg", movie["poster_path"])
    assert movie["belongs_to_collection"]["id"] == 77
    assert movie["production_companies"] == [
        {"id": 901, "logo_path": "/owl.png", "name": "Owl Films", "origin_country": "GB"}
    ]
    assert movie["production_countries"] == [
        {"iso_3166_1": "GB", "name": "United Kingdom"},
        {"iso_3166_1": "US", "name": "United States of America"},
    ]
    assert movie["spoken_languages"][1] == {"english_name": "German", "iso_639_1": "de", "name": "Deutsch"}


async def test_a_language_chooses_texts_and_names(tmdb: httpx.AsyncClient, movie: dict):
    """A text that is no language is ignored."""
    german = (await tmdb.get(f"movie/{movie['id']}?language=de-DE")).json()
    assert (german["title"], german["overview"], german["tagline"]) == (
        "Die Eule des Kesslers",
        "Eine Eule.",
        "Schuhu!",
    )
    assert (await tmdb.get(f"movie/{movie['id']}?language=xx-yy&region=US&api_key=k")).json() == movie


async def test_the_same_paths_stand_at_3(tmdb: httpx.AsyncClient, movie: dict):
    """Programs that let one set a host name alone ask there."""
    assert (await tmdb.get(f"http://mediacanon.test/3/movie/{movie['id']}")).json() == movie
    assert (await tmdb.get("http://mediacanon.test/3")).json() == NOT_FOUND


async def test_find_has_five_lists(tmdb: httpx.AsyncClient, movie: dict, show: dict):
    """A title, an episode and a person are in the list of their kind; another source finds nothing.

    Numbers of seasons and episodes may begin with a zero.
    """
    person = (await tmdb.get(f"movie/{movie['id']}/credits")).json()["cast"][0]
    person_id = (await tmdb.get(f"person/{person['id']}")).json()["imdb_id"]
    episode = (await tmdb.get(f"tv/{show['id']}/season/1/episode/2/external_ids")).json()
    assert (await tmdb.get(f"tv/{show['id']}/season/01/episode/02/external_ids")).json() == episode
    show_id = (await tmdb.get(f"tv/{show['id']}/external_ids")).json()["imdb_id"]
    for id_, kind, keys in (
        (movie["imdb_id"], "movie", {"id": movie["id"], "media_type": "movie"}),
        (show_id, "tv", {"id": show["id"], "media_type": "tv"}),
        (person_id, "person", {"id": person["id"], "media_type": "person"}),
        (
            episode["imdb_id"],
            "tv_episode",
            {"id": 9002, "show_id": show["id"], "season_number": 1, "episode_number": 2, "media_type": "tv_episode"},
        ),
    ):
        found = (await tmdb.get(f"find/{id_}?external_source=imdb_id")).json()
        assert found.keys() == {f"{each}_results" for each in ("movie", "person", "tv", "tv_episode", "tv_season")}
        assert [key for key, entries in found.items() if entries] == [f"{kind}_results"]
        assert found[f"{kind}_results"][0].items() >= keys.items()
        for other in (f"find/{id_}?external_source=tvdb_id", "find/tt0000001", "find/x?external_source=imdb_id"):
            assert not any((await tmdb.get(other)).json().values())
    by_tvdb = (await tmdb.get("find/8123?external_source=tvdb_id")).json()
    assert by_tvdb == (await tmdb.get(f"find/{show_id}?external_source=imdb_id")).json()
    for source in ("imdb_id", "freebase_id", ""):
        assert not any((await tmdb.get(f"find/8123?external_source={source}")).json().values())


@pytest.mark.parametrize("kind", ["movie", "tv"])
async def test_every_part_may_be_appended(tmdb: httpx.AsyncClient, movie: dict, show: dict, kind: str):
    """Each is its answer without the id of the title; unknown names are ignored."""
    whole = {"movie": movie, "tv": show}[kind]
    names = list(dict.fromkeys(part.name for part in (*PARTS, *SIMILAR) if kind in part.kinds))
    found = (await tmdb.get(f"{kind}/{whole['id']}?append_to_response={','.join(names[:19])},nonsense")).json()
    found |= (await tmdb.get(f"{kind}/{whole['id']}?append_to_response={','.join(names[19:])}")).json()
    for name in names:
        alone = (await tmdb.get(f"{kind}/{whole['id']}/{name}")).json()
        assert alone.pop("id") == whole["id"]
        assert found.pop(name) == alone
    assert found == whole


async def test_seasons_and_their_parts_may_be_appended(tmdb: httpx.AsyncClient, show: dict):
    """A season is whole, with its id; one that is not there is left out."""
    names = ["season/1", "season/99", *(f"season/1/{part.name}" for part in SEASON_PARTS)]
    found = (await tmdb.get(f"tv/{show['id']}?append_to_response={','.join(names)}")).json()
    assert found.keys() - show.keys() == {*names} - {"season/99"}
    season = found["season/1"]
    assert season == (await tmdb.get(f"tv/{show['id']}/season/1")).json()
    assert (season["id"], season["name"], season["poster_path"]) == (4001, "Season 1", "/season.jpg")
    assert [each["id"] for each in season["episodes"]][:2] == [9001, 9002]
    assert found["season/1/images"]["posters"][0]["file_path"] == "/season.jpg"
    assert (await tmdb.get(f"tv/{show['id']}/season/2")).json()["id"] == 0


async def test_kodi_asks_by_an_imdb_id(tmdb: httpx.AsyncClient, movie: dict):
    """A movie is not found as a show."""
    assert (await tmdb.get(f"movie/{movie['imdb_id']}")).json() == movie
    assert (await tmdb.get(f"tv/{movie['imdb_id']}")).json() == NOT_FOUND


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        *((path, 404, 34) for path in ("movie/1", "movie/abc", "movie/0", "tv/99999999999", "nothing", "account/1")),
        *((path, 404, 34) for path in ("tv/{show}/season/99", "tv/{show}/season/1/episode/9999", "movie/{show}")),
        *((path, 404, 34) for path in ("movie/nm0000138", "person/tt0133093", "person/", "tv/{show}/season/x")),
        *((path, 404, 34) for path in ("person/1", "collection/1", "movie/{movie}/nothing", "trending/movie/year")),
        *((f"discover/movie?page={page}", 400, 22) for page in ("0", "501", "x", "-1", "1.5")),
        ("movie/{movie}?append_to_response=" + ",".join(map(str, range(21))), 400, 27),
        ("search/movie", 422, 5),
        ("search/multi?query=", 422, 5),
        ("discover/movie?primary_release_date.gte=1999", 400, 23),
        ("movie/changes?start_date=2020-02-30", 400, 23),
        ("movie/changes?start_date=2020-01-01&end_date=2020-01-16", 422, 20),
        ("movie/changes?start_date=2020-01-02&end_date=2020-01-01", 422, 20),
        ("discover/movie?with_genres=1,2,3,4,5,6", 200, None),
        ("discover/movie?with_genres=18,35,80,99,16,37", 400, 18),
    ],
)
async def test_errors_have_tmdbs_codes(
    tmdb: httpx.AsyncClient, movie: dict, show: dict, path: str, status: int, code: int | None
):
    """The body has the three keys, and scripts of every site may read it."""
    response = await tmdb.get(path.format(movie=movie["id"], show=show["id"]))
    assert (response.status_code, response.json().get("status_code")) == (status, code)
    assert response.headers["access-control-allow-origin"] == "*"
    if code:
        assert response.json().keys() == {"success", "status_code", "status_message"}
    assert (await tmdb.head(path.format(movie=movie["id"], show=show["id"]))).status_code == status


async def test_another_method_has_its_code(tmdb: httpx.AsyncClient, movie: dict):
    """Ratings of users are not taken."""
    response = await tmdb.post(f"movie/{movie['id']}")
    assert (response.status_code, response.json()["status_code"]) == (405, 42)


async def test_a_title_without_a_number_is_nowhere(tmdb_database: str, tmdb: httpx.AsyncClient):
    """Not by its IMDb id, not in a list, and no id of ours stands for it."""
    import asyncpg

    connection = await asyncpg.connect(tmdb_database)
    imdb_id, name = await connection.fetchrow(
        "SELECT imdb_id, display_name FROM titles WHERE tmdb_id IS NULL AND type = 'movie' AND imdb_id IS NOT NULL LIMIT 1"
    )
    numbers = {row[0] for row in await connection.fetch("SELECT tmdb_id FROM titles WHERE tmdb_id IS NOT NULL")}
    await connection.close()
    assert (await tmdb.get(f"movie/{imdb_id}")).json() == NOT_FOUND
    assert not any((await tmdb.get(f"find/{imdb_id}")).json().values())
    assert name not in [each["title"] for each in (await tmdb.get(f"search/movie?query={name}")).json()["results"]]
    listed = (await tmdb.get("discover/movie")).json()
    for page in range(1, listed["total_pages"] + 1):
        assert {each["id"] for each in (await tmdb.get(f"discover/movie?page={page}")).json()["results"]} <= numbers


async def test_all_numbers_of_genres_and_languages_are_in_the_lists(tmdb: httpx.AsyncClient):
    """tmdbapis looks each up."""
    languages = {each["iso_639_1"] for each in (await tmdb.get("configuration/languages")).json()}
    for kind in ("movie", "tv"):
        genres = {each["id"] for each in (await tmdb.get(f"genre/{kind}/list")).json()["genres"]}
        for page in (1, 2, 3):
            for each in (await tmdb.get(f"discover/{kind}?page={page}")).json()["results"]:
                assert set(each["genre_ids"]) <= genres
                assert each["original_language"] in languages


async def test_pages_hold_every_title_once(tmdb: httpx.AsyncClient):
    """Twenty on each but the last; behind the last there is an empty page."""
    first = (await tmdb.get("tv/popular")).json()
    seen = []
    for page in range(1, first["total_pages"] + 1):
        results = (await tmdb.get(f"tv/popular?page={page}")).json()["results"]
        assert len(results) == 20 or page == first["total_pages"]
        seen += [each["id"] for each in results]
    assert len(seen) == len(set(seen)) == first["total_results"]
    beyond = (await tmdb.get(f"tv/popular?page={first['total_pages'] + 1}")).json()
    assert (beyond["results"], beyond["page"]) == ([], first["total_pages"] + 1)


async def test_titles_alike_end_after_their_page(tmdb: httpx.AsyncClient, movie: dict, show: dict):
    """A client that asks until a page is empty comes to an end."""
    for path in (f"movie/{movie['id']}/similar", f"tv/{show['id']}/recommendations"):
        first, second = [(await tmdb.get(f"{path}?page={page}")).json() for page in (1, 2)]
        assert first["results"]
        assert second == {**first, "page": 2, "results": []}
        assert (await tmdb.get(f"{path}?page=501")).json()["status_code"] == 22


async def test_filters_of_discover_narrow(tmdb: httpx.AsyncClient, movie: dict):
    """A comma joins by and, a bar by or; bounds are inclusive; what is not known finds nothing."""

    async def found(query: str, kind: str = "movie") -> list[dict]:
        results: list[dict] = (await tmdb.get(f"discover/{kind}?{query}")).json()["results"]
        return results

    both, either = await found("with_genres=18,35"), await found("with_genres=18|35&without_genres=16")
    assert both
    assert all({18, 35} <= set(each["genre_ids"]) for each in both)
    assert either
    assert all({18, 35} & set(each["genre_ids"]) and 16 not in each["genre_ids"] for each in either)
    fantasy = await found("with_genres=10765", "tv")
    assert fantasy
    assert all(10765 in each["genre_ids"] for each in fantasy)
    for query in (
        "with_keywords=901,902",
        "with_keywords=902|77777",
        "with_companies=901",
        "with_keywords=901&x=&year=",
    ):
        assert [each["id"] for each in await found(query)] == [movie["id"]], query
    days = await found("primary_release_date.gte=1990-02-03&release_date.lte=1999-12-31&vote_count.gte=10")
    assert days
    assert all("1990-02-03" <= each["release_date"] <= "1999-12-31" for each in days)
    rated = await found("vote_average.gte=7&vote_average.lte=8&sort_by=vote_average.desc", "tv")
    ratings = [each["vote_average"] for each in rated]
    assert ratings == sorted(ratings, reverse=True)
    assert 7 <= min(ratings) <= max(ratings) <= 8
    for query in (
        *("with_cast=500", "certification=PG", "with_genres=1", "with_genres=1|2", "with_keywords=901,3"),
        *("vote_average.gte=11", "with_original_language=qq", "with_status=9"),
    ):
        assert await found(query) == [], query
    assert [each["id"] for each in await found("with_cast=&sort_by=nonsense&with_genres=")] == [
        each["id"] for each in await found("")
    ]


async def test_lists_by_days(tmdb: httpx.AsyncClient):
    """Dates of the range are in the answer, and those of the movies lie between; episodes air within a week."""
    for path in ("movie/now_playing", "movie/upcoming"):
        found = (await tmdb.get(path)).json()
        assert found["results"]
        dates = found["dates"]
        assert all(dates["minimum"] <= each["release_date"] <= dates["maximum"] for each in found["results"])
    for each in (await tmdb.get("tv/on_the_air")).json()["results"]:
        show = (await tmdb.get(f"tv/{each['id']}")).json()
        days = [one["air_date"] for one in (show["last_episode_to_air"], show["next_episode_to_air"]) if one]
        assert days


async def test_searches_find_by_name(tmdb: httpx.AsyncClient, movie: dict, show: dict):
    """Titles, people and collections; a year narrows; pages of twenty; a slash in a name is one."""
    title = movie["title"]
    year = movie["release_date"][:4]
    for path in (
        f"search/movie?query={title}",
        f"search/multi?query={title}",
        f"search/movie?query={title}&year={year}",
    ):
        assert (await tmdb.get(path)).json()["results"][0]["id"] == movie["id"]
    assert (await tmdb.get(f"search/movie?query={title}&primary_release_year=1890")).json()["results"] == []
    assert (await tmdb.get(f"search/tv?query={show['name']}")).json()["results"][0]["name"] == show["name"]
    name = (await tmdb.get(f"movie/{movie['id']}/credits")).json()["cast"][0]["name"]
    people = (await tmdb.get(f"search/person?query={name}")).json()["results"]
    assert people[0]["name"] == name
    assert people[0]["known_for"][0]["media_type"] in {"movie", "tv"}
    found = (await tmdb.get(f"search/multi?query={name}")).json()["results"]
    assert {each["media_type"] for each in found} >= {"person", "movie"}
    assert name in [each["name"] for each in found if each["media_type"] == "person"]
    assert [each["id"] for each in (await tmdb.get("search/collection?query=tinker")).json()["results"]] == [77]
    many = [(await tmdb.get(f"search/movie?query=the&page={page}")).json() for page in (1, 2, 3, 4)]
    assert len(many[0]["results"]) == 20 > len(many[2]["results"])
    assert many[3]["results"] == []
    ids = [each["id"] for page in many for each in page["results"]]
    assert len(ids) == len(set(ids)) == many[0]["total_results"]
    assert (await tmdb.get("search/movie?query=%2F")).status_code == 200
    assert (await tmdb.get("search/movie?query=%00")).json()["results"] == []


async def test_a_search_tells_namesakes_apart(namesakes: httpx.AsyncClient):
    """By year and by kind, also where more titles of the name are better known than a search has hits."""
    for path in ("movie?query=homestead&primary_release_year=1999", "tv?query=homestead"):
        found = (await namesakes.get(f"/3/search/{path}")).json()
        assert [each["id"] for each in found["results"]] == [1999]


async def test_a_person_has_all_credits(tmdb: httpx.AsyncClient, movie: dict, show: dict):
    """Roles and jobs, on movies, on shows and on both; parts may be appended."""
    cast = (await tmdb.get(f"movie/{movie['id']}/credits")).json()["cast"][0]
    names = "movie_credits,tv_credits,combined_credits,external_ids,images"
    person = (await tmdb.get(f"person/{cast['id']}?append_to_response={names}")).json()
    assert (person["name"], person["imdb_id"]) == (cast["name"], person["external_ids"]["imdb_id"])
    role = next(each for each in person["movie_credits"]["cast"] if each["id"] == movie["id"])
    assert (role["character"], role["title"]) == (cast["character"], movie["title"])
    assert "media_type" not in role
    assert person["profile_path"] == cast["profile_path"] == "/face.jpg" == person["images"]["profiles"][0]["file_path"]
    combined = person["combined_credits"]
    assert len(combined["cast"]) == len(person["movie_credits"]["cast"]) + len(person["tv_credits"]["cast"])
    assert {each["media_type"] for each in combined["cast"]} <= {"movie", "tv"}
    assert (await tmdb.get(f"person/{person['imdb_id']}")).json()["id"] == cast["id"]


async def test_a_collection_has_the_films_that_the_catalogue_lacks(tmdb: httpx.AsyncClient, movie: dict):
    """In order of release, each by TMDB's number."""
    parts = (await tmdb.get("collection/77")).json()["parts"]
    assert [(each["id"], each["title"]) for each in parts] == [(movie["id"], movie["title"]), (5, "Another Owl")]
    assert (await tmdb.get("movie/5")).status_code == 404
    assert (await tmdb.get("collection/77/images")).json()["posters"][0]["file_path"] == "/set.jpg"


async def test_changes_are_those_of_a_day_or_of_a_range(tmdb: httpx.AsyncClient):
    """The demo was made just now."""
    found = (await tmdb.get("tv/changes")).json()
    assert found["total_results"] == len(found["results"]) or len(found["results"]) == 100
    assert (await tmdb.get("tv/changes?start_date=2020-01-01&end_date=2020-01-02")).json()["results"] == []


async def test_parts_have_what_the_catalogue_knows(tmdb: httpx.AsyncClient, movie: dict, show: dict):
    """Ids, certifications, videos, names and texts."""
    names = "external_ids,release_dates,releases,videos,trailers,keywords,alternative_titles,translations"
    found = (await tmdb.get(f"movie/{movie['id']}?append_to_response={names}")).json()
    assert found["external_ids"] == {
        "imdb_id": movie["imdb_id"],
        "wikidata_id": "Q1",
        "facebook_id": "owl",
        "instagram_id": None,
        "twitter_id": "owl_x",
    }
    rated = {each["iso_3166_1"]: each["release_dates"][0] for each in found["release_dates"]["results"]}
    assert {code: each["certification"] for code, each in rated.items()} == {"US": "PG-13", "DE": "12"}
    assert rated["US"]["release_date"] == f"{movie['release_date']}T00:00:00.000Z"
    assert [each["iso_3166_1"] for each in found["releases"]["countries"]] == ["DE", "US"]
    assert [(each["key"], each["type"]) for each in found["videos"]["results"]] == [("abc", "Trailer")]
    assert found["trailers"]["youtube"][0]["source"] == "abc"
    assert [each["name"] for each in found["keywords"]["keywords"]] == ["owl", "tinker"]
    german = next(each for each in found["translations"]["translations"] if each["iso_639_1"] == "de")
    assert german["data"]["title"] == "Die Eule des Kesslers"
    assert german["data"]["overview"] == "Eine Eule."
    countries = {each["iso_639_1"]: each["iso_3166_1"] for each in found["translations"]["translations"]}
    assert countries == {"de": "DE", "en": "US"}
    assert "Die Eule des Kesslers" in [each["title"] for each in found["alternative_titles"]["titles"]]
    assert (await tmdb.get(f"tv/{show['id']}/external_ids")).json()["tvdb_id"] == 8123


async def test_seerr_finds_a_role_of_everybody(tmdb: httpx.AsyncClient, show: dict):
    """It reads `roles[0]` without a test."""
    found = (await tmdb.get(f"tv/{show['id']}/aggregate_credits")).json()
    assert all(each["roles"][0]["credit_id"] for each in found["cast"])
    assert all(each["jobs"][0]["job"] for each in found["crew"])


async def test_keys_of_clients_are_in_no_log(tmdb: httpx.AsyncClient, movie: dict, caplog: pytest.LogCaptureFixture):
    """Neither of a good answer nor of an error."""
    with caplog.at_level("DEBUG"):
        for path in (f"movie/{movie['id']}", "nothing", "discover/movie?page=0"):
            glue = "&" if "?" in path else "?"
            await tmdb.get(f"{path}{glue}api_key=secret-key", headers={"authorization": "Bearer secret-token"})
    assert "secret" not in "".join(
        str(vars(record)) for record in caplog.records if record.name.startswith("mediacanon")
    )


async def test_an_edit_is_in_an_answer_with_its_parts_at_once(client: httpx.AsyncClient):
    """The stored answer carries the tags of all its parts."""
    found = (await client.get("/3/discover/movie")).json()["results"][0]
    path = f"/3/movie/{found['id']}?append_to_response=external_ids,similar"
    imdb_id = (await client.get(path)).json()["imdb_id"]
    movie_id = (await client.get(f"/api/lookup?imdb={imdb_id}")).json()["found"][0]["title"]["movie_id"]
    for name in ("Edited", "Edited again"):
        changed = await client.put(f"/api/movies/{movie_id}", json={"display_name": name, "imdb_id": imdb_id})
        assert changed.status_code == 200
        for _ in range(2):
            assert (await client.get(path)).json()["imdb_id"] == imdb_id
            assert (await client.get("/3/movie/" + imdb_id)).json()["original_title"] is not None


async def test_an_edited_name_is_the_english_one(client: httpx.AsyncClient):
    """IMDb knows another name in the United States, and one in Swedish: the edit is of the first, and not in its list."""
    facts = {"display_name": "The Letter, Edited", "imdb_id": "tt99101132", "start_year": 2023}
    path = "/3/tv/tt99101132"
    before = (await client.get(path)).json()
    found = (await client.get("/api/lookup?imdb=tt99101132")).json()["found"][0]["title"]
    assert (await client.put(f"/api/shows/{found['show_id']}", json=facts)).status_code == 200
    for language in ("", "?language=en-US", "?language=en"):
        assert (await client.get(path + language)).json()["name"] == "The Letter, Edited" != before["name"]
    assert (await client.get(f"{path}?language=sv-SE")).json()["name"] == before["original_name"]
    by_plex = (await client.get("/plex/shows/library/metadata/tt99101132")).json()["MediaContainer"]["Metadata"][0]
    assert by_plex["title"] == "The Letter, Edited"
    titles = (await client.get(f"{path}/alternative_titles")).json()["results"]
    assert "The Letter, Edited" not in [each["title"] for each in titles]


def test_every_row_has_a_name_of_its_own():
    """OpenAPI tells operations apart by it."""
    names = [row.operation for row in TMDB.endpoints]
    assert len(set(names)) == len(names)

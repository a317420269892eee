"""Random requests get the same responses with caches as without."""

import asyncio
import os
import random
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from mediacanon.cache.results import ResultCache
from mediacanon.writes.engagement import EngagementBuffer
from tests.serving import app_of, client_of

# MEDIACANON_RANDOM_REQUESTS=2000 sends more, MEDIACANON_RANDOM_SEED repeats a run.
REQUESTS = int(os.environ.get("MEDIACANON_RANDOM_REQUESTS", "400"))
SEED = int(os.environ.get("MEDIACANON_RANDOM_SEED", random.SystemRandom().randrange(10**9)))
# Requests between two writes.
QUIET = 25
WORDS = ("the", "light", "a", "of", "xyz", "2011", "é", "%", "")
SORTS = ("popular", "top_rated", "newest", "a-z", "most_rated", "trending", "hidden_gems", "nothing")
GENRES = ("Drama", "Comedy", "Action", "Nothing")
FACTS = "titleId displayName startYear averageRating numVotes genres"

Choices = random.Random
Request = tuple[str, dict[str, Any]]


def _get(path: str, **query: object) -> Request:
    return "GET", {"url": path, "params": query}


def _graphql(query: str) -> Request:
    return "POST", {"url": "/graphql", "json": {"query": query}}


def _by_id(draw: Choices) -> Request:
    kind = draw.choice(("titles", "movies", "shows", "shows/{}/ratings", "shows/{}/seasons", "seasons", "episodes"))
    id_ = draw.choice((draw.randint(1, 12), draw.randint(1, 900), 0, 10**9))
    return _get(f"/api/{kind}".replace("{}", str(id_)) if "{}" in kind else f"/api/{kind}/{id_}")


def _list(draw: Choices) -> Request:
    kind = draw.choice(("titles", "movies", "shows"))
    return _get(f"/api/{kind}", q=draw.choice(WORDS), page=draw.randint(1, 3), per_page=draw.choice((1, 2, 5)))


def _discover(draw: Choices) -> Request:
    year = draw.randint(1980, 2020)
    return _get("/api/discover", sort=draw.choice(SORTS), genre=draw.choice(GENRES), year_min=year, limit=5)


def _search(draw: Choices) -> Request:
    return _get("/api/search", q=draw.choice(WORDS), limit=draw.randint(1, 5))


def _other(draw: Choices) -> Request:
    imdb = f"tt990000{draw.randint(1, 30):02}"
    return draw.choice(
        (
            _get("/api/collections"),
            _get("/api/collections/nothing"),
            _get("/api/lookup", imdb=imdb),
            _get("/lists"),
            _get("/graphql", query="{ stats { movies shows seasons episodes } }"),
        )
    )


def _page(draw: Choices) -> Request:
    id_ = draw.randint(1, 40)
    path = draw.choice(("/", "/titles", "/titles?q={}", "/discover?sort={}", "/people/{}", "/movies/{}", "/shows/{}"))
    given: object = draw.choice(SORTS) if "sort" in path else draw.choice(WORDS) if "q=" in path else id_
    return _get(path.format(quote(str(given))))


def _dialect(draw: Choices) -> Request:
    word, imdb = draw.choice(WORDS), f"tt990000{draw.randint(1, 30):02}"
    return draw.choice(
        (
            _get(f"/tmdb/3/search/{draw.choice(('movie', 'tv', 'multi', 'person'))}", query=word),
            _get(f"/tmdb/3/{draw.choice(('movie/popular', 'tv/top_rated', 'discover/movie', 'trending/all/day'))}"),
            _get(f"/tmdb/3/find/{imdb}", external_source="imdb_id"),
            _get("/omdb", **draw.choice(({"t": word}, {"s": word}, {"i": imdb}))),
            _get(f"/stremio/catalog/{draw.choice(('movie', 'series'))}/search/search={quote(word or 'a')}.json"),
            _get(f"/stremio/catalog/{draw.choice(('movie', 'series'))}/top.json"),
            _get(f"/lists/{draw.choice(('radarr', 'sonarr'))}/discover/trending.json"),
            _get(f"/ratings/v1/ratings/{imdb}"),
            _get("/api/people", q=word),
            _get(f"/api/titles/{draw.randint(1, 15)}/{draw.choice(('credits', 'names'))}"),
        )
    )


def _graphql_list(draw: Choices) -> Request:
    totals = draw.choice(("", "total totalPages", "languages { code count }" if draw.random() < 0.1 else "total"))
    arguments = f'query: "{draw.choice(WORDS)}", page: {draw.randint(1, 2)}, perPage: {draw.choice((1, 3))}'
    return _graphql(f"{{ titles({arguments}) {{ {totals} items {{ {FACTS} }} }} }}")


def _graphql_discover(draw: Choices) -> Request:
    genre, year = draw.choice(GENRES), draw.choice((1990, 2000))
    arguments = f'filter: {{ genresIn: ["{genre}"], yearMin: {year} }}, perPage: {draw.choice((1, 4))}'
    return _graphql(f"{{ discover({arguments}) {{ total items {{ {FACTS} }} }} }}")


def _graphql_by_id(draw: Choices) -> Request:
    id_ = draw.randint(1, 15)
    below = draw.choice((FACTS, "similar { titleId }", "nothing", "show { seasons { episodes { displayName } } }"))
    return _graphql(f"{{ title(id: {id_}) {{ titleId {below} }} }}")


KINDS: tuple[Callable[[Choices], Request], ...] = (
    *(_by_id, _by_id, _list, _discover, _search, _other, _graphql_list, _graphql_discover, _graphql_by_id),
    *(_page, _page, _dialect, _dialect, _dialect),
)


async def _ask(client: httpx.AsyncClient, request: Request) -> tuple[int, str, str | None, bytes]:
    method, options = request
    response = await client.request(method, headers={"x-request-id": "random"}, **options)
    return response.status_code, response.headers["content-type"], response.headers.get("etag"), response.content


async def _write(client: httpx.AsyncClient, draw: Choices) -> None:
    body = {"display_name": f"The {draw.choice(WORDS)} light {draw.randint(1, 99)}", "start_year": 2011}
    path = f"/api/titles/{draw.randint(1, 15)}"
    if draw.random() < 0.3:
        _, options = _graphql(
            f'mutation {{ updatePerson(id: {draw.randint(1, 40)}, input: {{ name: "The {draw.choice(WORDS)}" }}) {{ name }} }}'
        )
        assert (await client.post(**options)).status_code == 200
    elif draw.random() < 0.2:
        assert (await client.delete(path)).status_code in (200, 204, 404)
    else:
        assert (await client.put(path, json=body)).status_code in (200, 404)


async def test_random_requests_get_the_same_responses_with_caches_and_without(
    demo_database: str, monkeypatch: pytest.MonkeyPatch
):
    """The first response, the cached one and the uncached one are the same bytes, also after writes of another worker."""
    # Views change the order of lists while responses are compared.
    monkeypatch.setattr(EngagementBuffer, "record", lambda *_, **__: None)
    draw = random.Random(SEED)
    cached, plain = app_of(demo_database), app_of(demo_database, MEDIACANON_RESPONSE_CACHE_MB="0")
    plain.services.result_cache = ResultCache(most=0)
    most = most_results = 0
    async with client_of(cached) as with_caches, client_of(plain) as without:
        for number in range(REQUESTS):
            if number % QUIET == QUIET - 1:
                await _write(without, draw)
            request = draw.choice(KINDS)(draw)
            first = await _ask(with_caches, request)
            again, expected = await asyncio.gather(_ask(with_caches, request), _ask(without, request))
            assert first == again == expected, f"MEDIACANON_RANDOM_SEED={SEED}, request {number}: {request}"
            most = max(most, cached.services.response_cache.count)
            most_results = max(most_results, len(cached.services.result_cache._results))
        assert most > 3
        assert most_results
        assert plain.services.response_cache.count == len(plain.services.result_cache._results) == 0

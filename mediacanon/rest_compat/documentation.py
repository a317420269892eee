"""The documentation page: the table, with a request for each endpoint and its real answer from this catalogue."""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import orjson
from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import Response

from mediacanon.cache.responses import CachedResponse, ResponseCache, cache_key
from mediacanon.errors import MediaCanonError
from mediacanon.execution.executor import Execution
from mediacanon.http.conditional import conditional
from mediacanon.rest_compat.anywatch.endpoints import ENDPOINTS
from mediacanon.rest_compat.documents import document_text
from mediacanon.rest_compat.handler import JSON, RestApi
from mediacanon.rest_compat.openapi import build_openapi
from mediacanon.schema.context import Context

OPENAPI = "/api/openapi.json"
HTML = "text/html"
# What an empty catalogue is asked for.
NOWHERE: Mapping[str, object] = {
    **dict.fromkeys(("title", "movie", "show", "season", "episode"), 1),
    "imdb": "tt0133093",
    "collection": "top-drama-movies",
}
SHOWN_ENTRIES = 1


class Documentation:
    """The page at /api and the OpenAPI file, by path."""

    def __init__(
        self,
        execution: Execution,
        environment: Environment,
        *,
        api: RestApi,
        new_context: Callable[[Request], Context],
        response_cache: ResponseCache,
        headers: Mapping[str, str],
    ) -> None:
        self._execution = execution
        self._api = api
        self._new_context = new_context
        self._cache = response_cache
        self._headers = headers
        self._template = environment.get_template("api.html")
        self._examples = execution.prepare_trusted(document_text("examples"), name="examples.graphql")
        self._openapi = orjson.dumps(build_openapi(execution.schema, api.resources))
        api.pages = {"/api": self.page, "/api/": self.page, OPENAPI: self.openapi}

    async def openapi(self, request: Request) -> Response:
        """Answer with the description."""
        headers = {"access-control-allow-origin": "*", "vary": "Accept-Encoding"}
        return conditional(request, self._openapi, media_type=JSON, headers=headers)

    async def page(self, request: Request) -> CachedResponse:
        """Answer with the page: a list, of every example's answer."""
        return await self._cache.get_or_create(cache_key(request.scope, by_origin=True), partial(self._make, request))

    async def _make(self, request: Request) -> CachedResponse:
        data = await self._execution.run(self._examples, {}, self._new_context(request))
        names = _names_in(data)
        reads = [row for row in ENDPOINTS if row.is_read]
        answers = await asyncio.gather(*(self._ask(request, row.example.format_map(names)) for row in reads))
        by_path = {row.path: answer for row, answer in zip(reads, answers, strict=True)}
        endpoints = [
            {
                "row": row,
                "request": row.example.format_map(names),
                "body": _pretty(row.body) if row.body else "",
                "answer": by_path.get(row.path if row.is_read else row.like, ""),
            }
            for row in ENDPOINTS
        ]
        text = self._template.render(endpoints=endpoints, openapi=OPENAPI, url=request.url)
        return CachedResponse(
            body=text.encode(),
            media_type=f"{HTML}; charset=utf-8",
            headers=self._headers,
            route="/api",
        )

    async def _ask(self, request: Request, target: str) -> str:
        try:
            return _pretty(_cut(orjson.loads(await self._api.ask(request, target))))
        except MediaCanonError as error:
            return _pretty({"error": error.message})


def _names_in(data: Mapping[str, Any]) -> dict[str, object]:
    """Return the ids that examples ask for: of the best known movie and show, and of the first collection."""
    movie: Mapping[str, Any] = next(iter(data["movies"]["items"]), {})
    show: Mapping[str, Any] = next((title["show"] for title in data["shows"]["items"] if title["show"]), {})
    season: Mapping[str, Any] = next(iter(show.get("seasons", ())), {})
    episode: Mapping[str, Any] = next(iter(season.get("episodes", ())), {})
    found = {
        "title": movie.get("titleId"),
        "movie": movie.get("movieId"),
        "imdb": movie.get("imdbId"),
        "show": show.get("showId"),
        "season": season.get("seasonId"),
        "episode": episode.get("episodeId"),
        "collection": next((collection["slug"] for collection in data["collections"]), None),
    }
    return {name: NOWHERE[name] if value is None else value for name, value in found.items()}


def _cut(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return an answer with its lists cut short."""
    if isinstance(value, dict):
        return {name: _cut(one) for name, one in value.items()}
    if isinstance(value, list):
        shown = [_cut(one) for one in value[:SHOWN_ENTRIES]]
        return shown if len(value) <= SHOWN_ENTRIES or isinstance(value[0], str) else [*shown, "…"]
    return value


def _pretty(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()

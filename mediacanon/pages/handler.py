"""Renders pages: path and query string become variables, the document runs, the template shows exactly its data."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any

from jinja2 import Environment, Template
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from mediacanon import paths
from mediacanon.cache.responses import LIST_TAGS, CachedResponse, ResponseCache, cache_key
from mediacanon.database.changes import tag_of
from mediacanon.errors import MediaCanonError, NotFound
from mediacanon.execution.executor import Execution
from mediacanon.execution.variables import BoundDocument, bind_document
from mediacanon.http.exchange import request_id
from mediacanon.pages.add import AddTitle
from mediacanon.pages.environment import HTML, SECURITY
from mediacanon.pages.page import LENIENCY, PAGES, Page, sort_in_graphql
from mediacanon.pages.sitemap import Sitemap
from mediacanon.schema.context import Context

STATUS_TEXT = {404: "There is no such page here.", 405: "This page is only for reading."}


@dataclass(frozen=True, slots=True)
class Rendering:
    """A page ready to answer: its row, document and template."""

    page: Page
    document: BoundDocument
    template: Template

    def is_asked(self, request: Request) -> bool:
        """Return whether the request's query string wants this page among those at its path."""
        when = self.page.when
        return not when or any(request.query_params.get(name) for name in when)


class Pages:
    """All pages, each at its path. Raises ValueError for a document that does not fit the schema."""

    def __init__(
        self,
        execution: Execution,
        environment: Environment,
        *,
        new_context: Callable[[Request], Context],
        response_cache: ResponseCache,
    ) -> None:
        self._execution = execution
        self._environment = environment
        self._new_context = new_context
        self._cache = response_cache
        self._add = AddTitle(execution, environment, new_context=new_context)
        self._sitemap = Sitemap(new_context=new_context)

    def routes(self) -> list[BaseRoute]:
        """Return the route of every page."""
        return [
            *(self._route(path, list(pages)) for path, pages in groupby(PAGES, key=lambda page: page.path)),
            Route("/search", _search),
            *self._add.routes(),
            *self._sitemap.routes(),
        ]

    def _route(self, path: str, pages: Sequence[Page]) -> Route:
        renderings = [self._rendering(page) for page in pages]

        async def answer(request: Request) -> CachedResponse:
            return await self._answer(request, next(each for each in renderings if each.is_asked(request)))

        return Route(path, answer, methods=["GET"])

    def _rendering(self, page: Page) -> Rendering:
        name = f"{page.name}.graphql"
        document = bind_document(self._execution, (paths.TEMPLATES / name).read_text(), name=name)
        return Rendering(page, document, self._environment.get_template(f"{page.name}.html"))

    async def _answer(self, request: Request, rendering: Rendering) -> CachedResponse:
        context = self._new_context(request)
        make = partial(self._make, request, rendering, context)
        key = cache_key(request.scope, by_origin=True)
        if rendering.page.is_kept and not request.url.query and context.carousels:
            return await self._cache.get_version(key, await context.carousels.current(), make)
        return await self._cache.get_or_create(key, make)

    async def _make(self, request: Request, rendering: Rendering, context: Context) -> CachedResponse:
        query = request.query_params
        given = {name: query.getlist(name) for name in query} | {n: [str(v)] for n, v in request.path_params.items()}
        if "sort" in given:
            given["sort"] = [sort_in_graphql(sort) for sort in given["sort"]]
        variables = rendering.document.read(given, LENIENCY).variables
        if not request.path_params.keys() <= variables.keys():
            raise NotFound
        data = await self._execution.run(rendering.document.document, variables, context)
        found: dict[str, Any] | None = data[rendering.page.found] if rendering.page.found else {}
        if found is None:
            asked = request.path_params.get("id") or query.get(str(rendering.page.found))
            raise NotFound(f"There is no {rendering.page.found} {asked} in this catalogue.")
        body = rendering.template.render(data, url=request.url, asked=variables).encode()
        # What is similar to a title may change without it: that strip may be as old as answers get.
        title_id = found.get("titleId")
        return CachedResponse(
            body=body,
            media_type=f"{HTML}; charset=utf-8",
            headers=SECURITY,
            tags=LIST_TAGS if title_id is None else frozenset({tag_of("title", title_id)}),
            route=rendering.page.path,
            view=title_id,
            click=found.get("slug"),
        )

    def error(self, request: Request, error: Exception) -> Response:
        """Return the page that says what went wrong."""
        known: int | None = getattr(error, "status_code", None) or getattr(error, "http_status", None)
        status = known or 500
        message = error.message if isinstance(error, MediaCanonError) else STATUS_TEXT.get(status)
        text = self._environment.get_template("error.html").render(
            status=status,
            message=message or "Something went wrong here; the log has it.",
            request_id=request_id(request) if status >= 500 else "",  # noqa: PLR2004 - the server's own faults
            url=request.url,
        )
        headers = {**SECURITY, **(getattr(error, "headers", None) or {})}
        return Response(text, status_code=status, media_type=HTML, headers=headers)


async def _search(request: Request) -> Response:
    """Lead to the titles, where /search was known to be."""
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"/titles{query}", status_code=308)

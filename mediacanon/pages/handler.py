"""Renders pages: path and query string become variables, the document runs, the template shows its data."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from http import HTTPStatus
from itertools import groupby
from typing import Any

from jinja2 import Template
from starlette.datastructures import URL
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from mediacanon.cache.responses import CachedResponse, ResponseCache, cache_key
from mediacanon.database.changes import tag_of
from mediacanon.errors import MediaCanonError, NotFound
from mediacanon.execution.executor import Execution
from mediacanon.execution.variables import BoundDocument
from mediacanon.http.exchange import request_id
from mediacanon.http.proxies import base_path
from mediacanon.pages.add import AddTitle
from mediacanon.pages.documents import bind_page_document
from mediacanon.pages.environment import HTML, PageEnvironment
from mediacanon.pages.names import CHAIN, NAMED, NAMES, name_chain, show_names
from mediacanon.pages.page import LENIENCY, PAGES, Page, is_id, sort_in_graphql
from mediacanon.pages.people import PERSON_IDS, person_ids
from mediacanon.pages.sitemap import Sitemap
from mediacanon.pages.typed_text import normalise
from mediacanon.schema.context import Context
from mediacanon.vocabulary import country_code

# A variable of the documents whose pages show a certification.
COUNTRY = "country"
MESSAGES = {
    404: "There is no page at this address.",
    405: "This page is read-only.",
    500: "The server has logged an unexpected error.",
}


@dataclass(frozen=True)
class BoundPage:
    """A row of the page table with its document and its template, which are read when it is first asked."""

    page: Page
    execution: Execution
    environment: PageEnvironment

    @cached_property
    def document(self) -> BoundDocument:
        """The document. Raises ValueError for one that does not fit the schema."""
        return bind_page_document(self.execution, self.page.name)

    @cached_property
    def template(self) -> Template:
        """The template."""
        return self.environment.get_template(f"{self.page.name}.html")

    def matches(self, request: Request) -> bool:
        """Return whether the query string selects this page among those at its path."""
        when = self.page.when
        return not when or any(normalise(request.query_params.get(name, "")) for name in when)

    def variables(self, request: Request) -> dict[str, Any]:
        """Return the variables of a request. Raises NotFound for a path that holds no id."""
        if not is_id(request.path_params.get("id", "1")):
            raise NotFound
        query = request.query_params
        texts = {name: query.getlist(name) for name in query} | {n: [t] for n, t in request.path_params.items()}
        if "sort" in texts:
            texts["sort"] = [sort_in_graphql(sort) for sort in texts["sort"]]
        if "q" in texts:
            texts["q"] = [normalise(text) for text in texts["q"]]
        variables = self.document.read(texts, LENIENCY).variables
        if COUNTRY in self.document.defaults:
            variables[COUNTRY] = country_code(variables.get(COUNTRY) or self.environment.country)
        if NAMES in self.document.defaults:
            variables[NAMES] = name_chain(variables.get(NAMES, ()))
            variables[NAMED] = bool(variables[NAMES])
        if PERSON_IDS in self.document.defaults:
            variables[PERSON_IDS] = person_ids(variables)
        if not request.path_params.keys() <= variables.keys():
            raise NotFound
        return variables

    def subject(self, data: Mapping[str, Any], request: Request) -> Mapping[str, Any]:
        """Return the object that the page is about, empty for a list. Raises NotFound if it is null."""
        name = self.page.subject
        if name is None:
            return {}
        subject: Mapping[str, Any] | None = data[name]
        if subject is None:
            key = request.path_params.get("id") or request.query_params.get(name)
            raise NotFound(f"There is no {name} {key} in this catalogue.")
        return subject


class Pages:
    """All pages, each at its path."""

    def __init__(
        self,
        execution: Execution,
        environment: PageEnvironment,
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
        bound_pages = [BoundPage(page, self._execution, self._environment) for page in pages]

        async def answer(request: Request) -> CachedResponse:
            return await self._answer(request, next(each for each in bound_pages if each.matches(request)))

        return Route(path, answer, methods=["GET"])

    async def _answer(self, request: Request, bound: BoundPage) -> CachedResponse:
        context = self._new_context(request)
        make = partial(self._make, request, bound, context)
        key = cache_key(request.scope, by_origin=True)
        if bound.page.is_versioned and not request.url.query and context.carousels:
            return await self._cache.get_version(key, await context.carousels.current(), make)
        return await self._cache.get_or_create(key, make)

    async def _make(self, request: Request, bound: BoundPage, context: Context) -> CachedResponse:
        variables = bound.variables(request)
        data = await self._execution.run(bound.document.document, variables, context)
        if variables.get(NAMED):
            show_names(data)
        subject = bound.subject(data, request)
        title_id = subject.get("titleId")
        return CachedResponse(
            body=bound.template.render(
                data,
                url=_printed_url(request),
                base=base_path(request.scope),
                variables=variables,
                **{CHAIN: ",".join(variables.get(NAMES, ()))},
            ).encode(),
            media_type=f"{HTML}; charset=utf-8",
            headers=self._environment.headers,
            tags=context.loaders.list_tags if title_id is None else _title_tags(data) | context.loaders.person_tags,
            route=bound.page.path,
            view=title_id,
            click=subject.get("slug"),
        )

    def error(self, request: Request, error: Exception) -> Response:
        """Return the page of an error."""
        status: int = getattr(error, "status_code", None) or getattr(error, "http_status", None) or 500
        phrase = HTTPStatus(status).phrase.capitalize()
        text = self._environment.get_template("error.html").render(
            status=status,
            phrase=phrase,
            message=error.message if isinstance(error, MediaCanonError) else MESSAGES.get(status, f"{phrase}."),
            request_id=request_id(request) if status >= 500 else "",  # noqa: PLR2004 - the server's own faults
            url=request.url,
            base=base_path(request.scope),
        )
        headers = {**self._environment.headers, **(getattr(error, "headers", None) or {})}
        return Response(text, status_code=status, media_type=HTML, headers=headers)


def _printed_url(request: Request) -> URL:
    """Return the address that a page prints, without `source`: the key of a cached page leaves it out."""
    before, _, last = request.url.query.rpartition("&")
    if last.startswith("source="):
        # The rest stays as it was sent.
        return request.url.replace(query=before)
    return request.url.remove_query_params("source") if "source" in request.query_params else request.url


def _title_tags(data: Mapping[str, Any]) -> frozenset[str]:
    """Return the tags of all titles in the data of a page."""
    found: set[int] = set()
    _add_title_ids(data, found)
    return frozenset(tag_of("title", each) for each in found)


def _add_title_ids(data: Any, found: set[int]) -> None:  # noqa: ANN401 - any JSON
    """Add the ids of all titles in the data of a page."""
    if data.__class__ is dict:
        if (id_ := data.get("titleId")).__class__ is int:
            found.add(id_)
        data = data.values()
    # Most values of a long page are the plain ones of its episodes: classes are compared twice as fast as isinstance.
    for each in data:
        if each.__class__ is dict or each.__class__ is list:
            _add_title_ids(each, found)


async def _search(request: Request) -> Response:
    """Redirect /search, an address of earlier versions, to the titles."""
    query = f"?{request.url.query}" if request.url.query else ""
    return RedirectResponse(f"{base_path(request.scope)}/titles{query}", status_code=308)

"""Files for crawlers: robots.txt, and sitemap.xml with every movie and show in parts of at most 50,000 addresses."""

import datetime as dt
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from mediacanon.errors import NotFound
from mediacanon.loaders import Loaders
from mediacanon.loaders.sitemap import LastIds
from mediacanon.pages.page import is_id
from mediacanon.schema.context import Context

XML = "application/xml"
# The protocol's limit for one file; https://www.sitemaps.org/protocol.html
PER_PAGE = 50_000
PER_CHUNK = 5_000
NAMESPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
ROBOTS = """User-agent: *
Disallow: {path}graphql
Disallow: {path}api/
Sitemap: {base}sitemap.xml
"""


class Kind(NamedTuple):
    """A kind of page in the sitemap: its greatest id, and the loader of a range of its ids."""

    last_id: Callable[[LastIds], int]
    between: Callable[[Loaders, int, int], Awaitable[list[tuple[int, dt.datetime]]]]

    def pages(self, last: LastIds) -> range:
        """Return the numbers of its sitemaps."""
        return range(1, -(-self.last_id(last) // PER_PAGE) + 1)


KINDS = {
    "movies": Kind(
        lambda last: last.movie_id,
        lambda loaders, first, last: loaders.movies_between(first, last, hides_adult=loaders.hides_adult),
    ),
    "shows": Kind(
        lambda last: last.show_id,
        lambda loaders, first, last: loaders.shows_between(first, last, hides_adult=loaders.hides_adult),
    ),
}


class Sitemap:
    """Serves robots.txt, the index of sitemaps and each sitemap."""

    def __init__(self, *, new_context: Callable[[Request], Context]) -> None:
        self._new_context = new_context

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/robots.txt", self.robots),
            Route("/sitemap.xml", self.index),
            Route("/sitemap-{kind}-{number}.xml", self.page),
        ]

    async def robots(self, request: Request) -> Response:
        """Return the rules for crawlers."""
        return PlainTextResponse(ROBOTS.format(base=request.base_url, path=request.base_url.path))

    async def index(self, request: Request) -> Response:
        """Return the list of sitemaps."""
        last = await self._new_context(request).loaders.last_ids()
        entries = "".join(
            f"<sitemap><loc>{request.base_url}sitemap-{name}-{number}.xml</loc></sitemap>\n"
            for name, kind in KINDS.items()
            for number in kind.pages(last)
        )
        return Response(f"{HEAD}<sitemapindex {NAMESPACE}>\n{entries}</sitemapindex>\n", media_type=XML)

    async def page(self, request: Request) -> Response:
        """Stream a sitemap, loaded a chunk at a time. Raises NotFound for a sitemap that the index does not list."""
        name, text = request.path_params["kind"], request.path_params["number"]
        if name not in KINDS or not is_id(text):
            raise NotFound
        number = int(text)
        loaders = self._new_context(request).loaders
        if number not in KINDS[name].pages(await loaders.last_ids()):
            raise NotFound
        return StreamingResponse(_entries(loaders, name, number, str(request.base_url)), media_type=XML)


async def _entries(loaders: Loaders, name: str, number: int, base: str) -> AsyncIterator[str]:
    yield f"{HEAD}<urlset {NAMESPACE}>\n"
    for first in range((number - 1) * PER_PAGE + 1, number * PER_PAGE + 1, PER_CHUNK):
        rows = await KINDS[name].between(loaders, first, first + PER_CHUNK - 1)
        yield "".join(
            f"<url><loc>{base}{name}/{id_}</loc><lastmod>{changed:%Y-%m-%d}</lastmod></url>\n" for id_, changed in rows
        )
    yield "</urlset>\n"

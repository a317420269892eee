"""Files for crawlers: robots.txt, and sitemap.xml with all titles and people, 50,000 addresses a part at most."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from mediacanon.errors import NotFound
from mediacanon.loaders import Loaders
from mediacanon.loaders.sitemap import PER_PART, Entry
from mediacanon.pages.page import is_id
from mediacanon.schema.context import Context

XML = "application/xml"
PER_CHUNK = 5_000
NAMESPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
ROBOTS = """User-agent: *
Disallow: {path}graphql
Disallow: {path}api/
Sitemap: {base}sitemap.xml
"""


class Kind(NamedTuple):
    """A kind of page in the sitemap: the loaders of the numbers of its parts, and of a range of its ids."""

    parts: Callable[[Loaders], Awaitable[list[int]]]
    between: Callable[[Loaders, int, int], Awaitable[list[Entry]]]


KINDS = {
    "movies": Kind(
        lambda loaders: loaders.movie_parts(),
        lambda loaders, first, last: loaders.movies_between(first, last, hides_adult=loaders.hides_adult),
    ),
    "shows": Kind(
        lambda loaders: loaders.show_parts(),
        lambda loaders, first, last: loaders.shows_between(first, last, hides_adult=loaders.hides_adult),
    ),
    "people": Kind(
        lambda loaders: loaders.person_parts(),
        lambda loaders, first, last: loaders.people_between(first, last, hides_adult=loaders.hides_adult),
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
        loaders = self._new_context(request).loaders
        entries = [
            f"<sitemap><loc>{request.base_url}sitemap-{name}-{number}.xml</loc></sitemap>\n"
            for name, kind in KINDS.items()
            for number in await kind.parts(loaders)
        ]
        return Response(f"{HEAD}<sitemapindex {NAMESPACE}>\n{''.join(entries)}</sitemapindex>\n", media_type=XML)

    async def page(self, request: Request) -> Response:
        """Stream a sitemap, loaded a chunk at a time. Raises NotFound for a sitemap that the index does not list."""
        name, text = request.path_params["kind"], request.path_params["number"]
        if name not in KINDS or not is_id(text):
            raise NotFound
        number = int(text)
        loaders = self._new_context(request).loaders
        if number not in await KINDS[name].parts(loaders):
            raise NotFound
        return StreamingResponse(_entries(loaders, name, number, str(request.base_url)), media_type=XML)


async def _entries(loaders: Loaders, name: str, number: int, base: str) -> AsyncIterator[str]:
    yield f"{HEAD}<urlset {NAMESPACE}>\n"
    for first in range((number - 1) * PER_PART + 1, number * PER_PART + 1, PER_CHUNK):
        rows = await KINDS[name].between(loaders, first, first + PER_CHUNK - 1)
        yield "".join(
            f"<url><loc>{base}{name}/{id_}</loc>{f'<lastmod>{changed}</lastmod>' if changed else ''}</url>\n"
            for id_, changed in rows
        )
    yield "</urlset>\n"

"""For search engines: robots.txt, and sitemap.xml with every movie and show on pages of at most 50,000 addresses."""

from collections.abc import AsyncIterator, Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from mediacanon.errors import NotFound
from mediacanon.loaders import Loaders
from mediacanon.schema.context import Context

XML = "application/xml"
# The protocol's limit for one file; https://www.sitemaps.org/protocol.html
PER_PAGE = 50_000
PER_CHUNK = 5_000
NAMESPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
ROBOTS = """User-agent: *
Disallow: /graphql
Disallow: /api/
Sitemap: {base}sitemap.xml
"""
# kind -> the question for a range of its ids, and which of the last ids is its own
KINDS = {"movies": ("movies_between", "movie_id"), "shows": ("shows_between", "show_id")}


class Sitemap:
    """Answers robots.txt, the index of sitemaps and each of them."""

    def __init__(self, *, new_context: Callable[[Request], Context]) -> None:
        self._new_context = new_context

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/robots.txt", self.robots),
            Route("/sitemap.xml", self.index),
            Route("/sitemap-{kind}-{number:int}.xml", self.page),
        ]

    async def robots(self, request: Request) -> Response:
        """Answer what crawlers may read."""
        return PlainTextResponse(ROBOTS.format(base=request.base_url))

    async def index(self, request: Request) -> Response:
        """Answer the list of sitemaps."""
        last = await self._new_context(request).loaders.last_ids()
        entries = "".join(
            f"<sitemap><loc>{request.base_url}sitemap-{kind}-{number}.xml</loc></sitemap>\n"
            for kind, (_, last_id) in KINDS.items()
            for number in range(1, -(-getattr(last, last_id) // PER_PAGE) + 1)
        )
        return Response(f"{HEAD}<sitemapindex {NAMESPACE}>\n{entries}</sitemapindex>\n", media_type=XML)

    async def page(self, request: Request) -> Response:
        """Answer a sitemap, read and sent a chunk at a time. Raises NotFound for one that the index does not list."""
        kind, number = request.path_params["kind"], request.path_params["number"]
        loaders = self._new_context(request).loaders
        if kind not in KINDS or not 1 <= number <= -(-getattr(await loaders.last_ids(), KINDS[kind][1]) // PER_PAGE):
            raise NotFound
        return StreamingResponse(_entries(loaders, kind, number, str(request.base_url)), media_type=XML)


async def _entries(loaders: Loaders, kind: str, number: int, base: str) -> AsyncIterator[str]:
    ask = getattr(loaders, KINDS[kind][0])
    yield f"{HEAD}<urlset {NAMESPACE}>\n"
    for first in range((number - 1) * PER_PAGE + 1, number * PER_PAGE + 1, PER_CHUNK):
        rows = await ask(first, first + PER_CHUNK - 1)
        yield "".join(
            f"<url><loc>{base}{kind}/{id_}</loc><lastmod>{changed:%Y-%m-%d}</lastmod></url>\n" for id_, changed in rows
        )
    yield "</urlset>\n"

"""Services that requests share for as long as the server runs."""

import hmac
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext, suppress
from functools import partial

import asyncpg
from starlette.applications import Starlette
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from mediacanon.cache.carousels import CarouselCache
from mediacanon.cache.responses import CachedResponse, ResponseCache
from mediacanon.cache.results import ResultCache
from mediacanon.database.changes import listening
from mediacanon.database.pool import UNREACHABLE, open_pool
from mediacanon.database.readiness import check_readiness
from mediacanon.database.replica import open_reads
from mediacanon.errors import Forbidden, MediaCanonError, Unauthorized
from mediacanon.http.exchange import Exchange, request_id
from mediacanon.http.origin import host_name, is_allowed_host, is_cross_site, is_from_browser
from mediacanon.image_proxy import build_image_proxy
from mediacanon.loaders import Loaders, share_loaders
from mediacanon.loaders.carousel import CarouselRow, load_carousels, renew_carousels
from mediacanon.loaders.dataloader import closing_loaders
from mediacanon.schema.context import Context
from mediacanon.settings import Settings
from mediacanon.telemetry.logs import AccessLog
from mediacanon.telemetry.metrics import Metrics, load_last_import
from mediacanon.tmdb.enrich import Enrichment, open_enrichment
from mediacanon.writes import Writes
from mediacanon.writes.engagement import EngagementBuffer


class Server:
    """What requests share: the pool, and the context made of it."""

    pool: asyncpg.Pool
    reads: asyncpg.Pool
    carousels: CarouselCache[CarouselRow]
    enrichment: Enrichment | None

    def __init__(self, settings: Settings, dsn: str) -> None:
        self.settings = settings
        self.dsn = dsn
        self.images = build_image_proxy(settings)
        self.engagement = EngagementBuffer()
        self.response_cache = ResponseCache(most_bytes=int(settings.response_cache_mb * 1_000_000))
        self.result_cache = ResultCache()
        self.last_import = 0.0
        self.counts = Metrics()
        self.access_log = AccessLog(settings)
        self._watch()

    def _watch(self) -> None:
        watch = self.counts.watch
        # The pool comes later than this.
        watch("database_connections", "Open connections to the database.", lambda: self.pool.get_size())  # noqa: PLW0108
        watch("database_connections_idle", "Those that nobody uses.", lambda: self.pool.get_idle_size())  # noqa: PLW0108
        watch("response_cache", "Answers kept in memory.", lambda: self.response_cache.count)
        watch("hot_answers_bytes", "What they take.", lambda: self.response_cache.size)
        watch("tmdb_titles_under_way", "Titles that TMDB is asked about.", self._tmdb_under_way)
        watch(
            "tmdb_pause_seconds",
            "How long TMDB is left alone.",
            lambda: self.enrichment.seconds_to_wait if self.enrichment else 0,
            of_all="livemax",
        )
        watch("engagement_waiting", "Views and clicks to be written.", lambda: self.engagement.waiting)
        watch(
            "last_import_timestamp_seconds", "When the last import ended.", lambda: self.last_import, of_all="livemax"
        )

    def _tmdb_under_way(self) -> int:
        return self.enrichment.under_way if self.enrichment else 0

    @asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[None]:
        """Keep what requests share while the server runs."""
        async with (
            await self._open_pool() as self.pool,
            listening(self.dsn) as events,
            open_reads(self.settings, self.pool, events) as self.reads,
            CarouselCache(
                partial(load_carousels, self.reads),
                events,
                renew=partial(renew_carousels, self.reads),
                built=self.response_cache.drop_lists,
            ) as self.carousels,
            open_enrichment(self.settings, self.pool, self.dsn, events) as self.enrichment,
            self.images.opened() if self.images else nullcontext(),
            self.response_cache.invalidated_by(events),
            self.result_cache.invalidated_by(events),
            self.engagement.writing_to(self.pool),
            self.counts.reading(),
            self.access_log.writing(),
            closing_loaders(share_loaders(self.reads)) as self.shared_loaders,
        ):
            yield

    async def _open_pool(self) -> asyncpg.Pool:
        pooler = self.settings.database_pooler_url
        return await open_pool(pooler or self.dsn, size=self.settings.pool_size, is_pooled=pooler is not None)

    def new_context(self, request: Request) -> Context:
        """Return a fresh context: its loaders remember nothing of other requests."""
        return Context(
            Loaders(self.reads, self.result_cache, self.shared_loaders),
            Writes(self.pool),
            request_id(request),
            self.carousels,
            partial(self.denial, request),
            enrichment=self.enrichment,
        )

    def denial(self, request: Request) -> MediaCanonError | None:
        """Return why a request may not write, None: it may."""
        if is_cross_site(request):
            return Forbidden("A page of another site may read, not write.")
        match self.settings.writes:
            case "off":
                return Forbidden("This server takes no writes.")
            case "token":
                scheme, _, given = request.headers.get("authorization", "").partition(" ")
                is_known = hmac.compare_digest(given.strip().encode("latin-1"), str(self.settings.write_token).encode())
                return None if is_known and scheme.lower() == "bearer" else Unauthorized()
        if is_from_browser(request) and not is_allowed_host(request, self.settings.hosts):
            return Forbidden(
                f"Browsers may write here once MEDIACANON_ALLOWED_HOSTS lists {host_name(request) or 'the Host'}."
            )
        return None

    async def healthz(self, _: Request) -> Response:
        """Answer that the process lives."""
        return JSONResponse({"status": "ok"}, headers={"cache-control": "no-store"})

    async def readyz(self, _: Request) -> Response:
        """Answer whether requests can be served, and why not."""
        is_ready, found = await check_readiness(self.pool)
        return JSONResponse(found, status_code=200 if is_ready else 503, headers={"cache-control": "no-store"})

    async def metrics(self, _: Request) -> Response:
        """Answer with what Prometheus wants to know."""
        with suppress(*UNREACHABLE):
            self.last_import = await load_last_import(self.pool)
        return self.counts.answer()

    def finished(self, exchange: Exchange) -> None:
        """Log and count a request that is over, and whose view or click it was."""
        self.access_log.note(exchange)
        self.counts.finished(exchange)
        seen: CachedResponse | None = exchange.scope.get("answer")
        if seen is not None and (seen.view or seen.click) and exchange.scope["method"] == "GET":
            self.engagement.record(title_id=seen.view, source=_source(exchange.scope), slug=seen.click)


def _source(scope: Scope) -> str | None:
    return HTTPConnection(scope).query_params.get("source") if b"source=" in scope["query_string"] else None

"""Services that requests share for as long as the server runs: pools, caches, enrichment, logs and metrics."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext, suppress
from functools import partial

import asyncpg
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from mediacanon.cache.carousels import CAROUSELS, CarouselCache
from mediacanon.cache.responses import CachedResponse, ResponseCache
from mediacanon.cache.results import ResultCache
from mediacanon.cache.shared import Purges
from mediacanon.database.changes import listening
from mediacanon.database.counts import tidying
from mediacanon.database.pool import UNREACHABLE, open_pool
from mediacanon.database.readiness import check_readiness
from mediacanon.database.replica import open_reads
from mediacanon.http.exchange import Exchange, request_id
from mediacanon.http.origin import WritePolicy
from mediacanon.image_proxy import build_image_proxy
from mediacanon.loaders import Loaders, share_loaders
from mediacanon.loaders.carousel import CarouselRow, renew_carousels
from mediacanon.loaders.dataloader import closing_loaders
from mediacanon.loaders.posters import PosterRule
from mediacanon.loaders.stats import load_last_import_time
from mediacanon.schema.context import Context
from mediacanon.settings import Settings
from mediacanon.telemetry.logs import AccessLog
from mediacanon.telemetry.metrics import Metrics
from mediacanon.tmdb.enrich import Enrichment, open_enrichment
from mediacanon.writes import Writes
from mediacanon.writes.engagement import EngagementBuffer

# Seconds that a probe waits for the database, a free connection of the pool included.
PROBE_SECONDS = 2.0


class Services:
    """The services of one server, open during its `lifespan`, and the context made of them for each request."""

    pool: asyncpg.Pool
    reads: asyncpg.Pool
    carousels: CarouselCache[CarouselRow]
    enrichment: Enrichment | None

    def __init__(self, settings: Settings, dsn: str) -> None:
        self.settings = settings
        self.dsn = dsn
        self.write_policy = WritePolicy(settings.writes, settings.write_token, settings.allowed_hosts)
        self.images = build_image_proxy(settings)
        self.engagement = EngagementBuffer()
        self.response_cache = ResponseCache(
            most_bytes=int(settings.response_cache_mb * 1_000_000), shared_max_age=settings.shared_max_age
        )
        self.result_cache = ResultCache()
        self.last_import = 0.0
        self.counts = Metrics()
        self.access_log = AccessLog(settings)
        self.poster_rule = PosterRule.of(settings)
        self._watch()

    def _watch(self) -> None:
        watch = self.counts.watch
        # The pool is opened later than this.
        watch("database_connections", "Open connections to the database.", lambda: self.pool.get_size())  # noqa: PLW0108
        watch("database_connections_idle", "Idle connections to the database.", lambda: self.pool.get_idle_size())  # noqa: PLW0108
        watch("response_cache_entries", "Entries of the response cache.", lambda: self.response_cache.count)
        watch("response_cache_bytes", "Estimated bytes of the response cache.", lambda: self.response_cache.size)
        watch("tmdb_titles_under_way", "Titles that are being fetched from TMDB.", self._tmdb_under_way)
        watch(
            "tmdb_pause_seconds",
            "Seconds until TMDB is asked again.",
            lambda: self.enrichment.seconds_to_wait if self.enrichment else 0,
            of_all="livemax",
        )
        watch("engagement_waiting", "Views and clicks not written yet.", lambda: self.engagement.waiting)
        watch("last_import_timestamp_seconds", "End of the last import.", lambda: self.last_import, of_all="livemax")

    def _tmdb_under_way(self) -> int:
        return self.enrichment.under_way if self.enrichment else 0

    @asynccontextmanager
    async def lifespan(self, _: object = None) -> AsyncIterator[None]:
        """Keep the services open while the server runs."""
        async with (
            await self._open_pool() as self.pool,
            listening(self.dsn) as changes,
            open_reads(self.settings, self.pool, changes) as self.reads,
            CarouselCache(
                self._build_carousels,
                changes,
                renew=partial(renew_carousels, self.reads),
                built=partial(self.response_cache.drop, {CAROUSELS}),
            ) as self.carousels,
            open_enrichment(self.settings, self.pool, self.dsn, changes) as self.enrichment,
            self.images.opened() if self.images else nullcontext(),
            self.response_cache.invalidated_by(changes),
            Purges(self.settings.purge_urls).following(changes),
            self.result_cache.invalidated_by(changes),
            self.engagement.writing_to(self.pool),
            tidying(self.pool),
            self.counts.reading(),
            self.access_log.writing(),
            closing_loaders(
                share_loaders(self.reads, is_pooled=self.settings.database_pooler_url is not None)
            ) as self.shared_loaders,
        ):
            yield

    async def _build_carousels(self) -> list[CarouselRow]:
        loaders = Loaders(self.reads, self.result_cache, poster_rule=self.poster_rule)
        return await loaders.carousels(has_poster=await loaders.poster_filter())

    async def _open_pool(self) -> asyncpg.Pool:
        pooler = self.settings.database_pooler_url
        return await open_pool(pooler or self.dsn, size=self.settings.pool_size, is_pooled=pooler is not None)

    def new_context(self, request: Request, *, lists_adult: bool = False) -> Context:
        """Return a fresh context: its loaders hold nothing of other requests.

        `lists_adult` is the rule of a face for adult titles where the operator has not set one.
        """
        adult = self.settings.adult or ("show" if lists_adult else "hide")
        return Context(
            Loaders(
                self.reads,
                self.result_cache,
                self.shared_loaders,
                hides_adult=adult == "hide",
                poster_rule=self.poster_rule,
            ),
            Writes(self.pool),
            request_id(request),
            self.carousels,
            partial(self.write_policy.denial, request),
            enrichment=self.enrichment,
            passthrough=self.enrichment.passthrough if self.enrichment else None,
        )

    async def healthz(self, _: Request) -> Response:
        """Answer 200: the process lives."""
        return JSONResponse({"status": "ok"}, headers={"cache-control": "no-store"})

    async def readyz(self, _: Request) -> Response:
        """Answer 200 if requests can be served, else 503 with the reason."""
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                is_ready, found = await check_readiness(self.pool)
        except TimeoutError:
            is_ready, found = False, {"database": "busy", "schema": "unknown", "catalogue": "unknown"}
        return JSONResponse(found, status_code=200 if is_ready else 503, headers={"cache-control": "no-store"})

    async def metrics(self, _: Request) -> Response:
        """Answer with all metrics in the format of Prometheus."""
        with suppress(*UNREACHABLE, TimeoutError):
            async with asyncio.timeout(PROBE_SECONDS):
                self.last_import = await load_last_import_time(self.pool)
        return self.counts.answer()

    def finished(self, exchange: Exchange) -> None:
        """Log and count a request that is over, and record the view or click it counts as."""
        self.access_log.note(exchange)
        self.counts.finished(exchange)
        seen = exchange.viewed
        if isinstance(seen, CachedResponse) and (seen.view or seen.click) and exchange.scope["method"] == "GET":
            self.engagement.record(title_id=seen.view, source=_source(exchange.scope), slug=seen.click)


def _source(scope: Scope) -> str | None:
    return HTTPConnection(scope).query_params.get("source") if b"source=" in scope["query_string"] else None

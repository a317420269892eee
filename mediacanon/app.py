"""The server: schema, documents and pages built once, a pool for as long as it runs, a context for each request."""

import hmac
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, nullcontext, suppress
from functools import partial
from typing import Any

import asyncpg
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Scope

from mediacanon import paths
from mediacanon.cache import CarouselCache, KeptAnswers
from mediacanon.catalog_events import listening
from mediacanon.compression import Compression
from mediacanon.database.pool import UNREACHABLE, explained, open_pool
from mediacanon.database.readiness import check_readiness
from mediacanon.database.replica import open_reads
from mediacanon.errors import Forbidden, MediaCanonError, Unauthorized
from mediacanon.execution import Execution
from mediacanon.graphql_http import GraphQLEndpoint
from mediacanon.hot_answers import HotAnswer, HotAnswers, HotAnswersFirst
from mediacanon.http import (
    Exchange,
    RequestIds,
    host_name,
    is_at_home,
    is_cross_site,
    is_from_browser,
    request_id,
)
from mediacanon.images import PATH as IMAGE_PATH
from mediacanon.images import build_image_proxy
from mediacanon.loaders import Loaders, share_loaders
from mediacanon.loaders.carousel import CarouselRow, load_carousels, renew_carousels
from mediacanon.loaders.together import closing_loaders
from mediacanon.logs import AccessLog
from mediacanon.metrics import Metrics, labels_of, load_last_import
from mediacanon.pages.environment import SECURITY, build_environment
from mediacanon.pages.explorer import Explorer
from mediacanon.pages.handler import Pages
from mediacanon.pages.refresh import Refresh
from mediacanon.rate_limit import RateLimit
from mediacanon.rest_compat.documentation import Documentation
from mediacanon.rest_compat.handler import ApiFirst, RestApi
from mediacanon.schema.context import Context
from mediacanon.schema.root import build_schema
from mediacanon.settings import Settings
from mediacanon.static_files import HashedFiles
from mediacanon.tmdb.enrich import Enrichment, open_enrichment
from mediacanon.writes import Writes
from mediacanon.writes.engagement import EngagementBuffer

log = logging.getLogger(__name__)


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
        self.hot_answers = HotAnswers(most_bytes=int(settings.hot_answers_mb * 1_000_000))
        self.kept_answers = KeptAnswers()
        self.last_import = 0.0
        self.counts = Metrics()
        self.access_log = AccessLog(settings)
        self._watch()

    def _watch(self) -> None:
        watch = self.counts.watch
        # The pool comes later than this.
        watch("database_connections", "Open connections to the database.", lambda: self.pool.get_size())  # noqa: PLW0108
        watch("database_connections_idle", "Those that nobody uses.", lambda: self.pool.get_idle_size())  # noqa: PLW0108
        watch("hot_answers", "Answers kept in memory.", lambda: self.hot_answers.count)
        watch("hot_answers_bytes", "What they take.", lambda: self.hot_answers.size)
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
                built=self.hot_answers.drop_lists,
            ) as self.carousels,
            open_enrichment(self.settings, self.pool, self.dsn, events) as self.enrichment,
            self.images.opened() if self.images else nullcontext(),
            self.hot_answers.told_by(events),
            self.kept_answers.told_by(events),
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
            Loaders(self.reads, self.kept_answers, self.shared_loaders),
            Writes(self.pool),
            request_id(request),
            self.carousels,
            partial(self.refusal, request),
            enrichment=self.enrichment,
        )

    def refusal(self, request: Request) -> MediaCanonError | None:
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
        if is_from_browser(request) and not is_at_home(request, self.settings.hosts):
            return Forbidden(f"Browsers may write here once MEDIACANON_HOSTS lists {host_name(request) or 'the Host'}.")
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
        seen: HotAnswer | None = exchange.scope.get("answer")
        if seen is not None and (seen.view or seen.click) and exchange.scope["method"] == "GET":
            self.engagement.record(title_id=seen.view, source=_source(exchange.scope), slug=seen.click)


def _source(scope: Scope) -> str | None:
    return HTTPConnection(scope).query_params.get("source") if b"source=" in scope["query_string"] else None


class Application(Starlette):
    """Starlette with middleware around all of it: kept answers and the API pass nothing else."""

    def __init__(self, outermost: Sequence[Middleware], **options: Any) -> None:  # noqa: ANN401 - Starlette's own
        super().__init__(**options)
        self._outermost = outermost

    def build_middleware_stack(self) -> ASGIApp:
        """Return the app that answers, once."""
        app = super().build_middleware_stack()
        for each in reversed(self._outermost):
            app = each.cls(app, *each.args, **each.kwargs)
        return app


def build_app(settings: Settings, dsn: str) -> Starlette:
    """Return the server over the database at `dsn`, whose schema is up to date.

    Raises ValueError for a document of ours that does not fit the schema: such a server does not start.
    """
    server = Server(settings, dsn)
    execution = Execution(build_schema())
    environment = build_environment(settings)
    pages = Pages(
        execution,
        environment,
        new_context=server.new_context,
        hot_answers=server.hot_answers,
    )
    graphql = GraphQLEndpoint(execution, new_context=server.new_context, explorer=Explorer(environment))

    rest = RestApi(
        execution,
        new_context=server.new_context,
        hot_answers=server.hot_answers,
    )
    Documentation(
        execution,
        environment,
        api=rest,
        new_context=server.new_context,
        hot_answers=server.hot_answers,
        headers=SECURITY,
    )

    async def fail(request: Request, error: Exception) -> Response:
        known = explained(error) or error
        if not isinstance(known, (MediaCanonError, HTTPException)):
            log.error("request %s: %s %s", request_id(request), request.method, request.url.path, exc_info=error)
        return pages.error(request, known)

    outermost = [
        Middleware(RequestIds, finished=server.finished),
        *([Middleware(RateLimit, per_minute=settings.rate_limit)] if settings.rate_limit else []),
        Middleware(HotAnswersFirst, answers=server.hot_answers),
        Middleware(ApiFirst, api=rest),
    ]
    app = Application(
        outermost,
        routes=[
            # The most asked for first: the routes are tried in turn.
            Route("/graphql", graphql),
            Route("/api", rest),
            Route("/healthz", server.healthz),
            Route("/readyz", server.readyz),
            Route("/metrics", server.metrics),
            *([Route(IMAGE_PATH, server.images.answer)] if server.images else []),
            Mount("/static", HashedFiles(directory=paths.STATIC)),
            *pages.routes(),
            *Refresh(execution, new_context=server.new_context).routes(),
        ],
        middleware=[Middleware(Compression)],
        exception_handlers={MediaCanonError: fail, HTTPException: fail, Exception: fail},
        lifespan=server.lifespan,
    )
    server.counts.count_by(labels_of(app.routes, {id(resource): resource.path for resource in rest.resources}))
    app.state.server = server
    return app

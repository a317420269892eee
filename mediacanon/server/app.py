"""The application: one composition of middleware, dialects, GraphQL and pages, from the outside in."""

import logging
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from functools import partial

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from mediacanon import paths
from mediacanon.cache.middleware import ResponseCacheMiddleware
from mediacanon.cache.persisted_queries import PersistedQueries
from mediacanon.database.pool import translate_error
from mediacanon.errors import MediaCanonError
from mediacanon.execution.executor import Execution
from mediacanon.graphql_http import GraphQLEndpoint
from mediacanon.http.compression import Compression
from mediacanon.http.cors import ALLOW_ANY_ORIGIN
from mediacanon.http.exchange import RequestIds, request_id
from mediacanon.http.proxies import TrustedProxies, route_path
from mediacanon.http.rate_limit import RateLimit
from mediacanon.http.static_files import HashedFiles
from mediacanon.image_proxy import IMAGES
from mediacanon.image_proxy import PATH as IMAGE_PATH
from mediacanon.pages.environment import PageEnvironment, build_environment
from mediacanon.pages.explorer import Explorer
from mediacanon.pages.handler import Pages
from mediacanon.pages.refresh import Refresh
from mediacanon.rest_compat.anywatch.dialect import ANYWATCH
from mediacanon.rest_compat.apps import Apps
from mediacanon.rest_compat.dialect import Dialect
from mediacanon.rest_compat.documentation import Documentation
from mediacanon.rest_compat.handler import RestApi
from mediacanon.rest_compat.header_parameters import HeaderParameters
from mediacanon.rest_compat.lists.dialect import LISTS
from mediacanon.rest_compat.omdb.dialect import OMDB
from mediacanon.rest_compat.plex.dialect import PLEX
from mediacanon.rest_compat.poster.dialect import POSTER
from mediacanon.rest_compat.radarr.dialect import RADARR
from mediacanon.rest_compat.ratings.dialect import RATINGS
from mediacanon.rest_compat.stremio.dialect import STREMIO
from mediacanon.rest_compat.tmdb_v3.dialect import TMDB
from mediacanon.schema.costs import COSTS
from mediacanon.schema.root import build_schema
from mediacanon.server.services import Services
from mediacanon.settings import Settings
from mediacanon.telemetry.logs import quoted_path
from mediacanon.tmdb.image_urls import image_addresses

log = logging.getLogger(__name__)

DIALECTS = (ANYWATCH, LISTS, STREMIO, PLEX, OMDB, TMDB, RATINGS, RADARR, POSTER)


@dataclass(frozen=True, slots=True)
class Application:
    """The server as an ASGI application, and the services it runs on."""

    services: Services
    asgi: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or run the lifespan."""
        await self.asgi(scope, receive, send)


class PrefixRouter:
    """Dispatches by the first segment of the path, before Starlette's routing: that costs a tenth of the request."""

    def __init__(self, apps: Mapping[str, ASGIApp], *, default: ASGIApp) -> None:
        self._apps = apps
        self._default = default

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Have the app of the prefix answer, or the default."""
        app = self._default
        if scope["type"] == "http":
            path = route_path(scope)
            end = path.find("/", 1)
            app = self._apps.get(path if end < 0 else path[:end], app)
        return app(scope, receive, send)


def build_app(settings: Settings, dsn: str) -> Application:
    """Return the server over the database at `dsn`, whose schema is up to date."""
    services = Services(settings, dsn)
    execution = Execution(build_schema(), costs=COSTS)
    environment = build_environment(settings)
    starlette = _build_starlette(services, execution, environment)
    app: ASGIApp = PrefixRouter(_build_dialects(services, execution, environment), default=starlette)
    app = ResponseCacheMiddleware(app, services.response_cache)
    app = HeaderParameters(app, {each.prefix: each.headers for each in _served(settings) if each.headers})
    if settings.rate_limit:
        app = RateLimit(app, per_minute=settings.rate_limit)
    app = RequestIds(app, finished=services.finished)
    return Application(services, TrustedProxies(app, networks=settings.trusted_proxies, base=settings.base_path))


def _served(settings: Settings) -> list[Dialect]:
    """Return the dialects that are on."""
    return [each for each in DIALECTS if each is ANYWATCH or each.prefix.removeprefix("/") in settings.dialects]


def _build_dialects(services: Services, execution: Execution, environment: PageEnvironment) -> dict[str, ASGIApp]:
    """Return the REST APIs with their documentation, by prefix."""
    dialects = _served(services.settings)
    images = image_addresses(services.settings) if services.images else None
    apis = [
        RestApi(
            execution,
            dialect,
            new_context=partial(services.new_context, lists_adult=dialect.lists_adult),
            response_cache=services.response_cache,
            images=images,
        )
        for dialect in dialects
    ]
    for api in apis:
        Documentation(execution, environment, api=api, dialects=dialects, headers=environment.headers)
    return {prefix: api for api in apis for prefix in (api.dialect.prefix, *api.dialect.also_at)}


def _build_starlette(services: Services, execution: Execution, environment: PageEnvironment) -> Starlette:
    """Return the part of the server behind Starlette's routing: GraphQL, probes, images, static files and pages."""
    pages = Pages(execution, environment, new_context=services.new_context, response_cache=services.response_cache)
    persisted = PersistedQueries(services.settings.data_dir / "persisted_queries")
    graphql = GraphQLEndpoint(
        execution, new_context=services.new_context, explorer=Explorer(environment), persisted=persisted
    )

    apps = Apps(environment, dialects=_served(services.settings), headers=environment.headers)

    async def fail(request: Request, error: Exception) -> Response:
        known = translate_error(error) or error
        if not isinstance(known, (MediaCanonError, HTTPException)):
            path = quoted_path(request.url.path)
            log.error("request %s: %s %s", request_id(request), request.method, path, exc_info=error)
        response = pages.error(request, known)
        if route_path(request.scope).startswith(IMAGES):
            response.headers.update(ALLOW_ANY_ORIGIN)
        return response

    return Starlette(
        routes=[
            # By frequency: the routes are tried in turn.
            Route("/graphql", graphql),
            Route("/healthz", services.healthz),
            Route("/readyz", services.readyz),
            Route("/metrics", services.metrics),
            *([Route(IMAGE_PATH, services.images.answer)] if services.images else []),
            Route("/apps", apps.page),
            Mount("/static", HashedFiles(directory=paths.STATIC)),
            *pages.routes(),
            *Refresh(execution, new_context=services.new_context).routes(),
        ],
        middleware=[Middleware(Compression)],
        exception_handlers={MediaCanonError: fail, HTTPException: fail, Exception: fail},
        lifespan=services.lifespan,
    )

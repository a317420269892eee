"""The application: one composition of middleware, dialects, GraphQL and pages."""

import logging
from collections.abc import Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from mediacanon import paths
from mediacanon.cache.responses import ResponseCacheMiddleware
from mediacanon.database.pool import translate_error
from mediacanon.errors import MediaCanonError
from mediacanon.execution.executor import Execution
from mediacanon.graphql_http import GraphQLEndpoint
from mediacanon.http.compression import Compression
from mediacanon.http.exchange import RequestIds, request_id
from mediacanon.http.rate_limit import RateLimit
from mediacanon.http.static_files import HashedFiles
from mediacanon.image_proxy import PATH as IMAGE_PATH
from mediacanon.pages.environment import SECURITY, build_environment
from mediacanon.pages.explorer import Explorer
from mediacanon.pages.handler import Pages
from mediacanon.pages.refresh import Refresh
from mediacanon.rest_compat.documentation import Documentation
from mediacanon.rest_compat.handler import ApiFirst, RestApi
from mediacanon.schema.root import build_schema
from mediacanon.server.services import Server
from mediacanon.settings import Settings
from mediacanon.telemetry.metrics import labels_of

log = logging.getLogger(__name__)


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
        response_cache=server.response_cache,
    )
    graphql = GraphQLEndpoint(execution, new_context=server.new_context, explorer=Explorer(environment))

    rest = RestApi(
        execution,
        new_context=server.new_context,
        response_cache=server.response_cache,
    )
    Documentation(
        execution,
        environment,
        api=rest,
        new_context=server.new_context,
        response_cache=server.response_cache,
        headers=SECURITY,
    )

    async def fail(request: Request, error: Exception) -> Response:
        known = translate_error(error) or error
        if not isinstance(known, (MediaCanonError, HTTPException)):
            log.error("request %s: %s %s", request_id(request), request.method, request.url.path, exc_info=error)
        return pages.error(request, known)

    outermost = [
        Middleware(RequestIds, finished=server.finished),
        *([Middleware(RateLimit, per_minute=settings.rate_limit)] if settings.rate_limit else []),
        Middleware(ResponseCacheMiddleware, answers=server.response_cache),
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

"""One handler for all endpoints: request -> variables -> document -> data -> shape -> JSON."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from mediacanon.cache.responses import LIST_TAGS, CachedResponse, ResponseCache, cache_key
from mediacanon.database.changes import tag_of
from mediacanon.errors import BadArgument, MediaCanonError, NotFound
from mediacanon.execution.executor import Execution
from mediacanon.http.compression import Compression
from mediacanon.http.exchange import exchange_of, request_id
from mediacanon.rest_compat.parameters import read_body, read_id, read_query
from mediacanon.rest_compat.routing import BoundEndpoint, Resource, make_resources
from mediacanon.rest_compat.serializer import in_snake_case, pick, project
from mediacanon.schema.context import Context

log = logging.getLogger(__name__)

JSON = "application/json"
ROOT = "/api"
LARGEST_BODY = 64 * 1024

# Every site may read; CORS says nothing on writes, so that no browser lets another site write.
READ = {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "ETag, X-Request-Id",
    "vary": "Accept-Encoding",
}
PREFLIGHT = {
    "access-control-allow-methods": "GET, HEAD, OPTIONS",
    "access-control-allow-headers": "If-None-Match, X-Request-Id",
    "access-control-max-age": "86400",
}


class WrongMethod(BadArgument):
    """This method is not allowed here."""

    http_status = 405


class TooLarge(BadArgument):
    """The body is too large."""

    http_status = 413


class WrongMediaType(BadArgument):
    """Send application/json."""

    http_status = 415


class RestApi:
    """Answers /api and all below it. Raises ValueError for a document that does not fit the schema."""

    def __init__(
        self,
        execution: Execution,
        *,
        new_context: Callable[[Request], Context],
        response_cache: ResponseCache,
    ) -> None:
        self._execution = execution
        self._new_context = new_context
        self._cache = response_cache
        # What stands beside the endpoints, by path.
        self.pages: Mapping[str, Callable[[Request], Awaitable[ASGIApp]]] = {}
        self.resources = make_resources(execution)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if exchange := exchange_of(scope):
            exchange.route = ROOT
        request = Request(scope, receive)
        resource = self._find(request)
        try:
            response = await self._respond(request, resource)
        except Exception as error:  # noqa: BLE001 - whatever it is, the answer is JSON
            response = _refusal(request, error, resource)
        if not isinstance(response, CachedResponse):
            response = Compression(response)
        await response(scope, receive, send)

    async def ask(self, request: Request, target: str) -> bytes:
        """Return what a GET of `target` is answered with, on behalf of a request. Raises what kept it from that."""
        path, _, query = target.partition("?")
        scope = {**request.scope, "path": path, "query_string": query.encode()}
        asking = Request({name: scope[name] for name in ("type", "method", "path", "query_string", "headers")})
        resource = self._find(asking)
        if resource is None:
            raise NotFound
        return (await self._make(asking, resource.endpoints["GET"])).body

    def _find(self, request: Request) -> Resource | None:
        path = request.scope["path"]
        for resource in self.resources:
            found = resource.pattern.fullmatch(path)
            if found:
                request.scope["path_params"] = found.groupdict()
                if exchange := exchange_of(request.scope):
                    exchange.route = resource.path
                return resource
        return None

    async def _respond(self, request: Request, resource: Resource | None) -> ASGIApp:
        method = "GET" if request.method == "HEAD" else request.method
        if resource is None:
            return await self._page(request, method)
        if method == "OPTIONS":
            return _options(resource.methods, is_read="GET" in resource.endpoints)
        ready = resource.endpoints.get(method)
        if ready is None:
            raise WrongMethod
        if not ready.row.is_read:
            return await self._write(request, ready)
        return await self._read(request, ready)

    async def _page(self, request: Request, method: str) -> ASGIApp:
        page = self.pages.get(request.scope["path"])
        if page is None:
            raise NotFound
        if method == "OPTIONS":
            return _options("GET, HEAD, OPTIONS", is_read=True)
        if method != "GET":
            raise WrongMethod
        return await page(request)

    async def _read(self, request: Request, ready: BoundEndpoint) -> CachedResponse:
        if not ready.row.is_hot:
            return await self._make(request, ready)
        return await self._cache.get_or_create(cache_key(request.scope), partial(self._make, request, ready))

    async def _make(self, request: Request, ready: BoundEndpoint) -> CachedResponse:
        query, row = request.query_params, ready.row
        given = {name: query.getlist(name) for name in query}
        given |= {name: [request.path_params[name]] for name in ready.path_names if name != "id"}
        variables = read_query(row, ready.types, given)
        if "id" in ready.path_names:
            variables["id"] = read_id(request.path_params["id"])
        for name in ready.required - variables.keys():
            if name not in ready.path_names:
                raise BadArgument(f"{name} required")
            variables[name] = ""
        data = await self._execution.run(ready.document, variables, self._new_context(request))
        answer = project(data, row.answer, ready.shape)
        if answer is None and row.is_list:
            answer = []
        if answer is None:
            raise NotFound
        for name in row.lists:
            answer.setdefault(name, [])
        return CachedResponse(
            body=orjson.dumps(answer),
            media_type=JSON,
            headers=READ,
            tags=frozenset({tag_of("title", answer[row.about])}) if row.about else LIST_TAGS,
            route=ready.row.path,
            view=answer[row.view] if row.view else None,
            click=pick(answer, row.click) if row.click else None,
        )

    async def _write(self, request: Request, ready: BoundEndpoint) -> Response:
        context = self._new_context(request)
        # A request that may not write is refused before anything it holds is looked at.
        _ = context.writes
        variables: dict[str, Any] = {}
        if "id" in ready.path_names:
            variables["id"] = read_id(request.path_params["id"])
        if ready.other_types:
            variables |= read_body(ready.row, ready.other_types, await _body(request))
        data = await self._execution.run(ready.document, variables, context)
        if not ready.row.answer:
            return Response(status_code=ready.row.status)
        answer = project(data, ready.row.answer, ready.shape) | dict.fromkeys(ready.row.nulls)
        return Response(orjson.dumps(answer), status_code=ready.row.status, media_type=JSON)


def _options(methods: str, *, is_read: bool) -> Response:
    cors = {**READ, **PREFLIGHT} if is_read else {}
    return Response(status_code=204, headers={"allow": methods, **cors})


async def _body(request: Request) -> bytes:
    """Return the body. Raises TooLarge, and WrongMediaType for what says that it is something else than JSON."""
    media_type = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    if media_type != JSON:
        raise WrongMediaType
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            raise TooLarge(f"A body may have {LARGEST_BODY // 1024} KiB")
    return bytes(body)


def _refusal(request: Request, error: Exception, resource: Resource | None) -> Response:
    """Return what went wrong as JSON with its true status."""
    headers = READ if request.method in ("GET", "HEAD") else {}
    match error:
        case NotFound():
            status, message = 404, "Not found"
        case WrongMethod():
            status, message = 405, error.message
            headers = {**headers, "allow": resource.methods if resource else "GET, HEAD"}
        case MediaCanonError():
            status, message = error.http_status, in_snake_case(error.message)
        case _:
            log.error("request %s: %s %s", request_id(request), request.method, request.url.path, exc_info=error)
            status, message = 500, f"Something went wrong here; the log has it under request {request_id(request)}."
    if status == 401:  # noqa: PLR2004 - Unauthorized
        headers = {**headers, "www-authenticate": "Bearer"}
    return Response(orjson.dumps({"error": message}), status_code=status, media_type=JSON, headers=headers)

"""The handler of every endpoint: request -> variables -> document -> data -> serializer -> JSON."""

import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from mediacanon.cache.responses import CachedResponse, ResponseCache, cache_key
from mediacanon.errors import BadArgument, MediaCanonError, NotFound, WrongMediaType, WrongMethod
from mediacanon.execution.documents import PreparedDocument
from mediacanon.execution.executor import Execution
from mediacanon.execution.variables import Texts
from mediacanon.http.body import read_body
from mediacanon.http.compression import Compression
from mediacanon.http.content_encoding import decode
from mediacanon.http.cors import preflight_headers, read_headers
from mediacanon.http.exchange import exchange_of, request_id
from mediacanon.http.proxies import route_path
from mediacanon.loaders.descriptors import ANY_CHANGE
from mediacanon.rest_compat.dialect import Dialect
from mediacanon.rest_compat.endpoint import Data, Endpoint, Variables
from mediacanon.rest_compat.parameters import query_texts, read_facts, read_id, read_query
from mediacanon.rest_compat.routing import BoundEndpoint, Resource, make_resources
from mediacanon.rest_compat.serializer import pick, project, schema_names
from mediacanon.schema.context import Context
from mediacanon.telemetry.logs import quoted_path

log = logging.getLogger(__name__)

JSON = "application/json"
LARGEST_BODY = 64 * 1024
READ_METHODS = ("GET", "HEAD", "OPTIONS")

# CORS has no headers on writes: no browser lets another site write.
VARY = {"vary": "Accept-Encoding"}
CORS = read_headers(expose=("ETag", "X-Request-Id"))


class RestApi:
    """Answers the paths below the prefix of one dialect.

    Raises ValueError for a document that does not fit the schema.
    """

    def __init__(
        self,
        execution: Execution,
        dialect: Dialect,
        *,
        new_context: Callable[[Request], Context],
        response_cache: ResponseCache,
    ) -> None:
        self.dialect = dialect
        self._execution = execution
        self._new_context = new_context
        self.cache = response_cache
        # Documentation beside the endpoints, by path.
        self.pages: Mapping[str, Callable[[Request], Awaitable[ASGIApp]]] = {}
        self.resources = make_resources(execution, dialect)
        self._names = schema_names(execution.schema)
        self._read_headers = {**(CORS if dialect.allows_any_origin else {}), **VARY}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if exchange := exchange_of(scope):
            exchange.route = self.dialect.prefix
        request = Request(scope, receive)
        resource = self._find(request)
        try:
            response = await self._respond(request, resource)
        except Exception as error:  # noqa: BLE001 - the response to any error is JSON
            response = self._refuse(request, error, resource)
        if not isinstance(response, CachedResponse):
            response = Compression(response)
        await response(scope, receive, send)

    async def ask(self, request: Request, target: str) -> bytes:
        """Return the body of the response to GET `target`, on behalf of a request. Raises the error of that request."""
        path, _, query = target.partition("?")
        scope = {**request.scope, "path": path, "query_string": query.encode()}
        asking = Request({name: scope[name] for name in ("type", "method", "path", "query_string", "headers")})
        resource = self._find(asking)
        if resource is None:
            raise NotFound
        bound, texts = self._choose(asking, resource, "GET")
        return (await self._make(asking, bound, texts)).body

    async def run(self, request: Request, document: PreparedDocument) -> Data:
        """Return the data of a document without variables, on behalf of a request."""
        return await self._execution.run(document, {}, self._new_context(request))

    def _find(self, request: Request) -> Resource | None:
        path = route_path(request.scope)
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
            return self._options(request, resource.methods, is_read="GET" in resource.endpoints)
        if method not in resource.endpoints:
            raise WrongMethod
        bound, texts = self._choose(request, resource, method)
        if not bound.row.is_read:
            return await self._write(request, bound)
        return await self._read(request, bound, texts)

    def _choose(self, request: Request, resource: Resource, method: str) -> tuple[BoundEndpoint, Texts]:
        """Return the endpoint of a request, and the texts of the query string by parameter."""
        rows = resource.endpoints[method]
        names = (name for each in rows for name in each.query_names)
        texts = query_texts(request.scope["query_string"], names, ignores_case=self.dialect.ignores_case)
        bound = rows[0] if len(rows) == 1 else resource.endpoint(method, texts)
        if bound is None:
            raise BadArgument(f"Give one of {', '.join(name for each in rows for name in each.row.when)}")
        return bound, texts

    async def _page(self, request: Request, method: str) -> ASGIApp:
        page = self.pages.get(route_path(request.scope))
        if page is None:
            raise NotFound
        if method == "OPTIONS":
            return self._options(request, ", ".join(READ_METHODS), is_read=True)
        if method != "GET":
            raise WrongMethod
        return await page(request)

    async def _read(self, request: Request, bound: BoundEndpoint, texts: Texts) -> CachedResponse:
        make = partial(self._make, request, bound, texts)
        if not bound.row.is_cached:
            return await make()
        return await self.cache.get_or_create(cache_key(request.scope), make)

    async def _make(self, request: Request, bound: BoundEndpoint, texts: Texts) -> CachedResponse:
        row, path = bound.row, request.path_params
        if bound.path_texts:
            texts = {**texts, **{name: [path[name]] for name in bound.path_texts}}
        variables, can_match = read_query(self.dialect, bound, texts)
        if bound.has_id:
            variables["id"] = read_id(self.dialect, path["id"])
        if not can_match:
            return self._response(row, _empty_answer(bound, variables), ANY_CHANGE)
        for name in bound.document.required - variables.keys():
            if name not in bound.path_names:
                raise BadArgument(f"{name} required")
            variables[name] = ""
        context = self._new_context(request)
        data = await self._load(bound, variables, context)
        answer = project(data, row.answer, bound.serializer)
        if answer is None and row.is_list:
            answer = []
        if answer is None:
            raise NotFound
        for name in row.always_present:
            answer.setdefault(name, [])
        return self._response(row, answer, context.loaders.list_tags)

    async def _load(self, bound: BoundEndpoint, variables: dict[str, Any], context: Context) -> Data:
        if bound.row.load is None:
            return await self._execution.run(bound.document.document, variables, context)

        async def run(variables: Variables) -> Data:
            return await self._execution.run(bound.document.document, variables, context)

        return await bound.row.load(run, {**bound.document.defaults, **variables})

    def _response(self, row: Endpoint, answer: Any, list_tags: frozenset[str]) -> CachedResponse:  # noqa: ANN401 - any JSON
        return CachedResponse(
            body=orjson.dumps(answer),
            media_type=self.dialect.media_type,
            headers=self._read_headers,
            tags=frozenset(tag.format_map(answer) for tag in row.tags) if row.tags else list_tags,
            route=row.path,
            view=answer[row.view] if row.view else None,
            click=pick(answer, row.click) if row.click else None,
        )

    async def _write(self, request: Request, bound: BoundEndpoint) -> Response:
        context, row = self._new_context(request), bound.row
        # A request that may not write is refused before its body is read.
        _ = context.writes
        variables: dict[str, Any] = {}
        if "id" in bound.path_names:
            variables["id"] = read_id(self.dialect, request.path_params["id"])
        if bound.other_types:
            variables |= read_facts(self.dialect, row, bound.other_types, await _json_body(request))
        data = await self._execution.run(bound.document.document, variables, context)
        if not row.answer:
            return Response(status_code=row.status)
        answer = project(data, row.answer, bound.serializer) | dict.fromkeys(row.always_null)
        return Response(orjson.dumps(answer), status_code=row.status, media_type=self.dialect.media_type)

    def _options(self, request: Request, methods: str, *, is_read: bool) -> Response:
        is_open = is_read and self.dialect.allows_any_origin
        requested = request.headers.get("access-control-request-headers")
        preflight = preflight_headers(methods=READ_METHODS, requested=requested)
        cors = {**self._read_headers, **preflight} if is_open else {}
        return Response(status_code=204, headers={"allow": methods, **cors})

    def _refuse(self, request: Request, error: Exception, resource: Resource | None) -> Response:
        """Return the error as JSON with its status."""
        headers = self._read_headers if request.method in ("GET", "HEAD") else {}
        if isinstance(error, MediaCanonError):
            status = error.http_status
            message = self.dialect.messages.get(type(error)) or self.dialect.spelled(error.message, self._names)
        else:
            path = quoted_path(request.url.path)
            log.error("request %s: %s %s", request_id(request), request.method, path, exc_info=error)
            status = 500
            message = f"Something went wrong here; the log has it under request {request_id(request)}."
        if isinstance(error, WrongMethod):
            headers = {**headers, "allow": resource.methods if resource else "GET, HEAD"}
        if status == 401:  # noqa: PLR2004 - Unauthorized
            headers = {**headers, "www-authenticate": "Bearer"}
        return Response(
            orjson.dumps(self.dialect.error(status, message)),
            status_code=self.dialect.status(status),
            media_type=self.dialect.media_type,
            headers=headers,
        )


def _empty_answer(bound: BoundEndpoint, variables: Variables) -> dict[str, Any]:
    """Return the answer to a question that nothing matches. Raises NotFound where the row has none."""
    if not bound.row.empty:
        raise NotFound
    known = {f"${name}": value for name, value in {**bound.document.defaults, **variables}.items()}
    return {key: known.get(value, value) if isinstance(value, str) else value for key, value in bound.row.empty.items()}


async def _json_body(request: Request) -> bytes:
    """Return the body, decoded. Raises TooLarge, and WrongMediaType for another type than JSON; none counts as JSON."""
    media_type = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    if media_type != JSON:
        raise WrongMediaType
    body = await read_body(request, most_bytes=LARGEST_BODY)
    return decode(body, request.headers.get("content-encoding", ""), most_bytes=LARGEST_BODY)

"""/graphql: GraphQL over HTTP by the audits of graphql-http, persisted queries, and the explorer for browsers.

Strawberry's own view passes those audits too, but parses and validates every request anew and has no place for
persisted queries, entity tags, limits and the cost budget: `docs/decisions/005-graphql-over-http.md`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import orjson
from graphql import ExecutionResult
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from mediacanon.cache.persisted_queries import PersistedQueries, key_of
from mediacanon.errors import BadArgument, Forbidden, MediaCanonError, NotAcceptable, WrongMediaType, WrongMethod
from mediacanon.execution.documents import PreparedDocument
from mediacanon.execution.errors import format_error
from mediacanon.execution.executor import Execution
from mediacanon.http import cors
from mediacanon.http.accept import quality_values
from mediacanon.http.body import read_body
from mediacanon.http.conditional import conditional
from mediacanon.http.content_encoding import decode
from mediacanon.http.exchange import request_id
from mediacanon.http.memo import memoised
from mediacanon.http.origin import is_cross_site
from mediacanon.schema.context import Context

RESPONSE = "application/graphql-response+json"
JSON = "application/json"
ANY = ("application/*", "*/*")
MAX_BODY_BYTES = 256 * 1024
# Windows tools begin a text in UTF-8 with it.
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
# Query strings whose parsed form is remembered: their number, and the bytes of one.
MOST_MEMOISED = 500
LONGEST_MEMOISED = 4_000

METHODS = ("GET", "HEAD", "POST", "OPTIONS")
CORS = cors.read_headers(vary="Accept")


@dataclass(frozen=True, slots=True)
class GraphQLRequest:
    """The parameters of a GraphQL request, by the names of GraphQL over HTTP."""

    query: str | None
    operation_name: str | None
    variables: dict[str, Any] | None
    extensions: dict[str, Any] | None


def _persisted_key(request: GraphQLRequest) -> str | None:
    """Return the hash in a request, None without one. Raises BadArgument for a malformed hash and for a wrong one."""
    persisted = (request.extensions or {}).get("persistedQuery")
    if persisted is None:
        return None
    if (
        not isinstance(persisted, dict)
        or persisted.get("version") != 1
        or not isinstance(persisted.get("sha256Hash"), str)
    ):
        raise BadArgument("persistedQuery must have version 1 and a sha256Hash")
    key: str = persisted["sha256Hash"]
    if request.query is not None and key_of(request.query) != key:
        raise BadArgument("The sha256Hash is not the query's")
    return key


class GraphQLEndpoint:
    """ASGI application of /graphql; `new_context` gives each request its own context."""

    def __init__(
        self,
        execution: Execution,
        *,
        new_context: Callable[[Request], Context],
        explorer: Callable[[Request], Response],
        persisted: PersistedQueries,
    ) -> None:
        self._execution = execution
        self._new_context = new_context
        self._explorer = explorer
        self._persisted = persisted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond to a request of any method."""
        response = await self.respond(Request(scope, receive))
        await response(scope, receive, send)

    async def respond(self, request: Request) -> Response:
        """Return the response to a query, or the explorer for a browser that opens the page."""
        if request.method == "OPTIONS":
            requested = request.headers.get("access-control-request-headers")
            preflight = cors.preflight_headers(methods=METHODS, requested=requested)
            return Response(status_code=204, headers={**CORS, **preflight})
        if request.method not in METHODS:
            return _error_response(WrongMethod("Queries go by GET or POST, mutations by POST."), JSON, allow=METHODS)
        if _wants_page(request):
            return self._explorer(request)
        try:
            media_type = _media_type(_accepted(request))
        except NotAcceptable as error:
            return _error_response(error, JSON)
        try:
            return await self._execute(request, media_type)
        except MediaCanonError as error:
            return _error_response(error, media_type)

    async def _execute(self, request: Request, media_type: str) -> Response:
        is_get = request.method in ("GET", "HEAD")
        parsed = _parse_query_string(request.scope["query_string"]) if is_get else await _parse_body(request)
        key = _persisted_key(parsed)
        text = await self._persisted.get(key) if key and parsed.query is None else parsed.query
        if text is None and key:
            response = _response({"errors": [_not_persisted()]}, 200, media_type)
            # The same request succeeds as soon as any client has sent the query.
            response.headers["cache-control"] = "no-store"
            return response
        if not text:
            raise BadArgument("query is missing")
        prepared = self._execution.prepare(text)
        if key and parsed.query is not None and not prepared.errors:
            await self._persisted.add(parsed.query)
        self._check_method(request, prepared, parsed.operation_name, is_get=is_get)
        result = await self._execution.execute(
            prepared,
            context=self._new_context(request),
            variables=parsed.variables,
            operation_name=parsed.operation_name,
        )
        body, status = _body(result, request_id(request))
        if is_get and status == HTTPStatus.OK:
            return conditional(request, orjson.dumps(body), media_type=media_type, headers=CORS)
        return _response(body, status, media_type)

    @staticmethod
    def _check_method(request: Request, prepared: PreparedDocument, name: str | None, *, is_get: bool) -> None:
        if prepared.is_query(name):
            return
        if is_get:
            raise WrongMethod("Mutations go by POST.")
        if is_cross_site(request):
            raise Forbidden("A page of another site may read, not write.")


# Clients repeat their query strings, and parsing one takes longer than running many a query.
@memoised(most=MOST_MEMOISED, longest=LONGEST_MEMOISED)
def _parse_query_string(query_string: bytes) -> GraphQLRequest:
    given = QueryParams(query_string)
    return _parse_request(
        {
            "query": given.get("query"),
            "operationName": given.get("operationName"),
            "variables": _parse_json(given["variables"], "variables") if given.get("variables") else None,
            "extensions": _parse_json(given["extensions"], "extensions") if given.get("extensions") else None,
        }
    )


async def _parse_body(request: Request) -> GraphQLRequest:
    media_type, _, parameters = request.headers.get("content-type", "").partition(";")
    if media_type.strip().lower() != JSON:
        raise WrongMediaType
    if _charset(parameters) not in ("utf-8", "utf8"):
        raise WrongMediaType("Send application/json in UTF-8.")
    body = await read_body(request, most_bytes=MAX_BODY_BYTES)
    body = decode(body, request.headers.get("content-encoding", ""), most_bytes=MAX_BODY_BYTES)
    given = _parse_json(body.removeprefix(BYTE_ORDER_MARK), "The body")
    if isinstance(given, list):
        raise BadArgument("Send one operation at a time: batching is off.")
    if not isinstance(given, dict):
        raise BadArgument("The body must be a JSON object.")
    return _parse_request(given)


def _charset(parameters: str) -> str:
    """Return the charset among the parameters of a media type, UTF-8 without one; other parameters mean nothing."""
    for parameter in parameters.lower().split(";"):
        name, _, value = parameter.partition("=")
        if name.strip() == "charset":
            return value.strip().strip('"')
    return "utf-8"


def _parse_json(text: str | bytes, source: str) -> Any:  # noqa: ANN401 - any JSON
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadArgument(f"{source} must be JSON: {error}") from None


def _parse_request(given: Mapping[str, Any]) -> GraphQLRequest:
    parameters: dict[str, tuple[type, str]] = {
        "query": (str, "a string"),
        "operationName": (str, "a string"),
        "variables": (dict, "an object"),
        "extensions": (dict, "an object"),
    }
    for name, (class_, described) in parameters.items():
        if given.get(name) is not None and not isinstance(given[name], class_):
            raise BadArgument(f"{name} must be {described}")
    # Clients send an empty text in place of an absent one.
    return GraphQLRequest(*(None if given.get(name) == "" else given.get(name) for name in parameters))


def _body(result: ExecutionResult, id_: str) -> tuple[dict[str, Any], int]:
    """Return the body and the status of a result: 400 for a request that never ran."""
    if not result.errors:
        return {"data": result.data}, 200
    errors = [format_error(error, id_) for error in result.errors]
    if result.data is None and all(error.path is None for error in result.errors):
        return {"errors": errors}, 400
    return {"errors": errors, "data": result.data}, 200


def _response(body: Mapping[str, Any], status: int, media_type: str) -> Response:
    """Return a response; as application/json it is 200 also for a request that never ran, as old clients expect."""
    status = status if media_type == RESPONSE else 200
    return Response(orjson.dumps(body), status_code=status, media_type=media_type, headers=CORS)


def _error_response(error: MediaCanonError, media_type: str, *, allow: Sequence[str] = ("POST",)) -> Response:
    headers = {**CORS, "allow": ", ".join(allow)} if error.http_status == HTTPStatus.METHOD_NOT_ALLOWED else CORS
    body = {"errors": [{"message": error.message, "extensions": {"code": error.code}}]}
    return Response(orjson.dumps(body), status_code=error.http_status, media_type=media_type, headers=headers)


def _not_persisted() -> dict[str, Any]:
    # Clients look for exactly this message and code, then send the query beside its hash.
    return {"message": "PersistedQueryNotFound", "extensions": {"code": "PERSISTED_QUERY_NOT_FOUND"}}


def _accepted(request: Request) -> Mapping[str, float]:
    return quality_values(request.headers.get("accept", "*/*"))


def _media_type(accepted: Mapping[str, float]) -> str:
    """Return the preferred media type, of equals the one that the client names first. Raises NotAcceptable."""
    order = list(accepted)
    # The most specific range decides about each of our media types.
    matches = [(kind, next((each for each in (kind, *ANY) if each in accepted), None)) for kind in (JSON, RESPONSE)]
    weighed = [(accepted[by], -order.index(by), kind) for kind, by in matches if by is not None and accepted[by] > 0]
    if not weighed:
        raise NotAcceptable(f"The answer is {RESPONSE} or {JSON}.")
    return max(weighed, key=lambda each: each[:2])[2]


def _wants_page(request: Request) -> bool:
    if request.method not in ("GET", "HEAD") or not _accepted(request).get("text/html"):
        return False
    return not request.query_params.keys() & {"query", "extensions"}

"""/graphql: GraphQL over HTTP as graphql-http's audits have it, persisted queries, and the explorer for browsers.

Strawberry's own view passes those audits too, but parses and validates every request anew and has no place for
persisted queries, entity tags, limits and the cost budget: `docs/decisions/005-graphql-over-http.md`.
"""

import hashlib
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from typing import Any

import orjson
from graphql import ExecutionResult
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from mediacanon.errors import BadArgument, Forbidden, MediaCanonError
from mediacanon.execution.documents import PreparedDocument
from mediacanon.execution.errors import format_error
from mediacanon.execution.executor import Execution
from mediacanon.http.conditional import conditional
from mediacanon.http.exchange import request_id
from mediacanon.http.origin import is_cross_site
from mediacanon.schema.context import Context

RESPONSE = "application/graphql-response+json"
JSON = "application/json"
ANY = ("application/*", "*/*")
# RFC 9110, section 12.4.2.
WEIGHT = re.compile(r"q=(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)")
LARGEST_BODY = 256 * 1024
PERSISTED_CHARACTERS = 1_000_000
# What an entry takes beside its text: its hash and its place.
PERSISTED_OVERHEAD = 300
# Bytes of a query string whose meaning is remembered.
LONGEST_REMEMBERED = 4_000

METHODS = ("GET", "HEAD", "POST", "OPTIONS")
CORS = {"access-control-allow-origin": "*", "vary": "Accept"}
PREFLIGHT = {
    **CORS,
    "access-control-allow-methods": ", ".join(METHODS),
    "access-control-allow-headers": "Content-Type, Accept, If-None-Match, X-Request-Id",
    "access-control-max-age": "86400",
}


class BadRequest(BadArgument):
    """The request is not GraphQL over HTTP."""


class WrongMediaType(BadRequest):
    """Send application/json."""

    http_status = 415


class TooLarge(BadRequest):
    """The request is too large."""

    http_status = 413


class WrongMethod(BadRequest):
    """Mutations go by POST."""

    http_status = 405


class NotAcceptable(BadRequest):
    """The answer is application/graphql-response+json or application/json."""

    http_status = 406


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks to run."""

    query: str | None
    operation_name: str | None
    variables: dict[str, Any] | None
    extensions: dict[str, Any] | None


class PersistedQueries:
    """Documents by their SHA-256, registered by clients (Apollo's APQ), the least used forgotten."""

    def __init__(self) -> None:
        self._texts: OrderedDict[str, str] = OrderedDict()
        self._characters = 0

    def resolve(self, asked: Asked) -> str | None:
        """Return the text to run; None when only an unknown hash was sent. Raises BadRequest for a false hash."""
        key = _persisted_key(asked)
        if key is None:
            return asked.query
        if asked.query is None:
            if key in self._texts:
                self._texts.move_to_end(key)
            return self._texts.get(key)
        if hashlib.sha256(asked.query.encode()).hexdigest() != key:
            raise BadRequest("The sha256Hash is not the query's")
        return asked.query

    def register(self, asked: Asked) -> None:
        """Remember a text that was resolved and can run, where its hash was sent beside it."""
        key = _persisted_key(asked)
        if key is None or asked.query is None or key in self._texts:
            return
        self._texts[key] = asked.query
        self._characters += PERSISTED_OVERHEAD + len(asked.query)
        while self._characters > PERSISTED_CHARACTERS:
            _, forgotten = self._texts.popitem(last=False)
            self._characters -= PERSISTED_OVERHEAD + len(forgotten)


def _persisted_key(asked: Asked) -> str | None:
    """Return the hash that a request names its query by. Raises BadRequest for what is none."""
    wanted = (asked.extensions or {}).get("persistedQuery")
    if wanted is None:
        return None
    if not isinstance(wanted, dict) or wanted.get("version") != 1 or not isinstance(wanted.get("sha256Hash"), str):
        raise BadRequest("persistedQuery must have version 1 and a sha256Hash")
    key: str = wanted["sha256Hash"]
    return key


class GraphQLEndpoint:
    """Answers /graphql; `new_context` gives each request its own."""

    def __init__(
        self,
        execution: Execution,
        *,
        new_context: Callable[[Request], Context],
        explorer: Callable[[Request], Response],
    ) -> None:
        self._execution = execution
        self._new_context = new_context
        self._explorer = explorer
        self._persisted = PersistedQueries()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request of any method."""
        response = await self.answer(Request(scope, receive))
        await response(scope, receive, send)

    async def answer(self, request: Request) -> Response:
        """Answer a query, or the explorer to a browser that asks for a page."""
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=PREFLIGHT)
        if request.method not in METHODS:
            return _refusal(WrongMethod("Queries go by GET or POST, mutations by POST."), JSON, allow=METHODS)
        if _wants_page(request):
            return self._explorer(request)
        try:
            media_type = _media_type(_accepted(request))
        except NotAcceptable as error:
            return _refusal(error, JSON)
        try:
            return await self._answer(request, media_type)
        except MediaCanonError as error:
            return _refusal(error, media_type)

    async def _answer(self, request: Request, media_type: str) -> Response:
        is_get = request.method in ("GET", "HEAD")
        asked = _asked_by_query_string(request) if is_get else await _asked_by_body(request)
        text = self._persisted.resolve(asked)
        if text is None and asked.extensions and "persistedQuery" in asked.extensions:
            answer = _answer({"errors": [_not_persisted()]}, 200, media_type)
            # The same request is answered as soon as somebody has sent the query.
            answer.headers["cache-control"] = "no-store"
            return answer
        if not text:
            raise BadRequest("query is missing")
        prepared = self._execution.prepare(text)
        if not prepared.errors:
            self._persisted.register(asked)
        self._check_method(request, prepared, asked.operation_name, is_get=is_get)
        result = await self._execution.execute(
            prepared,
            context=self._new_context(request),
            variables=asked.variables,
            operation_name=asked.operation_name,
        )
        body, status = _body(result, request_id(request))
        if is_get and status == HTTPStatus.OK:
            return conditional(request, orjson.dumps(body), media_type=media_type, headers=CORS)
        return _answer(body, status, media_type)

    @staticmethod
    def _check_method(request: Request, prepared: PreparedDocument, name: str | None, *, is_get: bool) -> None:
        if prepared.is_query(name):
            return
        if is_get:
            raise WrongMethod
        if is_cross_site(request):
            raise Forbidden("A page of another site may read, not write.")


def _asked_by_query_string(request: Request) -> Asked:
    query_string: bytes = request.scope["query_string"]
    return _remembered(query_string) if len(query_string) <= LONGEST_REMEMBERED else _read(query_string)


def _read(query_string: bytes) -> Asked:
    given = QueryParams(query_string)
    return _asked(
        {
            "query": given.get("query"),
            "operationName": given.get("operationName"),
            "variables": _json(given["variables"], "variables") if given.get("variables") else None,
            "extensions": _json(given["extensions"], "extensions") if given.get("extensions") else None,
        }
    )


# Clients ask the same again and again, and taking the text apart takes longer than running many a query.
_remembered = lru_cache(maxsize=500)(_read)


async def _asked_by_body(request: Request) -> Asked:
    media_type, _, parameters = request.headers.get("content-type", "").partition(";")
    if media_type.strip().lower() != JSON:
        raise WrongMediaType
    charset = parameters.strip().lower()
    if charset.startswith("charset=") and charset.removeprefix("charset=").strip('"') not in ("utf-8", "utf8"):
        raise WrongMediaType("Send application/json in UTF-8.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY:
            raise TooLarge(f"A request may have {LARGEST_BODY // 1024} KiB.")
    given = _json(bytes(body), "The body")
    if isinstance(given, list):
        raise BadRequest("Send one operation at a time: batching is off.")
    if not isinstance(given, dict):
        raise BadRequest("The body must be a JSON object.")
    return _asked(given)


def _json(text: str | bytes, what: str) -> Any:  # noqa: ANN401 - any JSON
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"{what} must be JSON: {error}") from None


def _asked(given: Mapping[str, Any]) -> Asked:
    kinds: dict[str, tuple[type, str]] = {
        "query": (str, "a string"),
        "operationName": (str, "a string"),
        "variables": (dict, "an object"),
        "extensions": (dict, "an object"),
    }
    for name, (kind, wanted) in kinds.items():
        if given.get(name) is not None and not isinstance(given[name], kind):
            raise BadRequest(f"{name} must be {wanted}")
    return Asked(*(given.get(name) for name in kinds))


def _body(result: ExecutionResult, id_: str) -> tuple[dict[str, Any], int]:
    """Return the answer and its status, 400 for what never ran."""
    if not result.errors:
        return {"data": result.data}, 200
    errors = [format_error(error, id_) for error in result.errors]
    if result.data is None and all(error.path is None for error in result.errors):
        return {"errors": errors}, 400
    return {"errors": errors, "data": result.data}, 200


def _answer(body: Mapping[str, Any], status: int, media_type: str) -> Response:
    """Return a response; with application/json what never ran is 200 too, as clients of old expect."""
    status = status if media_type == RESPONSE else 200
    return Response(orjson.dumps(body), status_code=status, media_type=media_type, headers=CORS)


def _refusal(error: MediaCanonError, media_type: str, *, allow: Sequence[str] = ("POST",)) -> Response:
    headers = {**CORS, "allow": ", ".join(allow)} if error.http_status == HTTPStatus.METHOD_NOT_ALLOWED else CORS
    body = {"errors": [{"message": error.message, "extensions": {"code": error.code}}]}
    return Response(orjson.dumps(body), status_code=error.http_status, media_type=media_type, headers=headers)


def _not_persisted() -> dict[str, Any]:
    # Clients look for exactly this message and code, then send the query beside its hash.
    return {"message": "PersistedQueryNotFound", "extensions": {"code": "PERSISTED_QUERY_NOT_FOUND"}}


def _accepted(request: Request) -> Mapping[str, float]:
    return _media_ranges(request.headers.get("accept", "*/*"))


@lru_cache(maxsize=100)
def _media_ranges(accept: str) -> Mapping[str, float]:
    """Return the media types of an Accept header in their order, each with its weight from 0 to 1."""
    ranges: dict[str, float] = {}
    for each in accept.lower().split(","):
        kind, _, parameters = each.partition(";")
        weights = [text for text in parameters.replace(" ", "").split(";") if text.startswith("q=")]
        ranges.setdefault(kind.strip(), _weight(weights[0]) if weights else 1.0)
    return ranges


def _weight(text: str) -> float:
    found = WEIGHT.fullmatch(text)
    return float(found[1]) if found else 1.0


def _media_type(accepted: Mapping[str, float]) -> str:
    """Return the media type that is preferred; of equals the one named first. Raises NotAcceptable."""
    order = list(accepted)
    # For each of ours what names it most closely tells.
    named = [(kind, next((each for each in (kind, *ANY) if each in accepted), None)) for kind in (JSON, RESPONSE)]
    weighed = [(accepted[by], -order.index(by), kind) for kind, by in named if by is not None and accepted[by] > 0]
    if not weighed:
        raise NotAcceptable
    return max(weighed, key=lambda each: each[:2])[2]


def _wants_page(request: Request) -> bool:
    if request.method not in ("GET", "HEAD") or not _accepted(request).get("text/html"):
        return False
    return not request.query_params.keys() & {"query", "extensions"}

"""The handler of every endpoint: request -> variables -> document -> data -> serializer -> JSON."""

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, cast
from urllib.parse import unquote

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
from mediacanon.http.proxies import route_path, sent_path
from mediacanon.loaders.descriptors import ANY_CHANGE
from mediacanon.rest_compat.addresses import Addresses
from mediacanon.rest_compat.dialect import Dialect
from mediacanon.rest_compat.endpoint import Data, Endpoint, Variables
from mediacanon.rest_compat.parameters import (
    NO_SPELLINGS,
    body_texts,
    query_texts,
    read_facts,
    read_id,
    read_parameters,
)
from mediacanon.rest_compat.routing import READ_METHODS, BoundEndpoint, Resource, make_resources
from mediacanon.rest_compat.serializer import pick, project, schema_names
from mediacanon.rest_compat.upstream import Upstream
from mediacanon.schema.context import Context
from mediacanon.telemetry.logs import quoted_path

log = logging.getLogger(__name__)

JSON = "application/json"
LARGEST_BODY = 64 * 1024
# Parts of its scope that a request on behalf of another has.
ASKING = ("type", "method", "headers", "scheme", "server", "root_path", "app_root_path")
MAX_AGE = "public, max-age={}, stale-while-revalidate=86400, stale-if-error=604800"
_SLASHES = re.compile("/{2,}")
_QUERY_FOLDER = re.compile(r"(?P<prefix>/[^/]+)/(?P<query>[^/=]*=[^/]*)(?P<rest>/.*)")

# CORS has no headers on writes: no browser lets another site write.
CORS = read_headers(expose=("ETag", "X-Request-Id"))


@dataclass(slots=True)
class Answer:
    """The JSON of a response, the facts it is made of, and the tags that invalidate it."""

    json: Any
    facts: Any
    tags: frozenset[str]
    # It is that of the upstream server, with everything that the request names.
    is_fetched: bool = False


class RestApi:
    """Answers the paths below the prefix of one dialect."""

    def __init__(
        self,
        execution: Execution,
        dialect: Dialect,
        *,
        new_context: Callable[[Request], Context],
        response_cache: ResponseCache,
        images: Callable[[str, str, str], str] | None = None,
    ) -> None:
        self.dialect = dialect
        self._addresses = Addresses(images)
        self._execution = execution
        self._new_context = new_context
        self.cache = response_cache
        # Documentation beside the endpoints, by path.
        self.pages: Mapping[str, Callable[[Request], Awaitable[ASGIApp]]] = {}
        self.resources = make_resources(execution, dialect)
        self._names = schema_names(execution.schema)
        vary = {"vary": ", ".join(("Accept-Encoding", *dialect.headers))}
        self._read_headers = {**(CORS if dialect.allows_any_origin else {}), **vary}

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

    async def ask(self, request: Request, target: str, body: bytes = b"") -> bytes:
        """Return the body of the response to `target`, on behalf of a request: to a POST with a body, else to GET.

        Raises the error of that request.
        """
        path, _, query = target.partition("?")
        sent = {"path": unquote(path), "raw_path": path.encode(), "query_string": query.encode()}
        asking = Request({**{name: request.scope[name] for name in ASKING if name in request.scope}, **sent})
        resource = self._find(asking)
        if resource is None:
            raise NotFound
        bound, texts = self._choose(asking, resource, "POST" if body else "GET")
        return (await self._make(asking, bound, {**texts, **body_texts(body)} if body else texts)).body

    async def run(self, request: Request, document: PreparedDocument) -> Data:
        """Return the data of a document without variables, on behalf of a request."""
        return await self._execution.run(document, {}, self._new_context(request))

    def _find(self, request: Request) -> Resource | None:
        path = self.dialect.own_path((sent_path if self.dialect.matches_sent_path else route_path)(request.scope))
        request.scope["path_query"] = b""
        if self.dialect.merges_slashes:
            path = _SLASHES.sub("/", path).rstrip("/")
        elif path == f"{self.dialect.prefix}/":
            path = self.dialect.prefix
        folder = _QUERY_FOLDER.fullmatch(path) if self.dialect.has_query_folder else None
        if folder:
            path = folder["prefix"] + folder["rest"]
            request.scope["path_query"] = folder["query"].encode()
        request.scope["path_below_folder"] = path
        found = self._match(path)
        if found is None:
            return None
        resource, request.scope["path_params"] = found
        if exchange := exchange_of(request.scope):
            exchange.route = resource.path
        return resource

    def _match(self, path: str) -> tuple[Resource, dict[str, str]] | None:
        for resource in self.resources:
            found = resource.pattern.fullmatch(path)
            if found:
                return resource, self._path_params(found.groupdict())
        return None

    def _path_params(self, params: dict[str, str]) -> dict[str, str]:
        if not self.dialect.matches_sent_path:
            return params
        return {name: text if name in self.dialect.path_queries else unquote(text) for name, text in params.items()}

    async def _respond(self, request: Request, resource: Resource | None) -> ASGIApp:
        method = "GET" if request.method == "HEAD" else request.method
        if resource is None or (not request.scope["query_string"] and resource.path in self.pages):
            return await self._page(request, method)
        if method == "OPTIONS":
            return self._options(request, resource.methods, reads=resource.read_methods)
        if method not in resource.endpoints:
            raise WrongMethod
        bound, texts = self._choose(request, resource, method)
        if not bound.row.is_read:
            return await self._write(request, bound)
        if bound.row.reads_body:
            made = await self._make(request, bound, {**texts, **body_texts(await _json_body(request))})
            return Response(made.body, made.status, made.headers, made.media_type)
        return await self._read(request, bound, texts)

    def _choose(self, request: Request, resource: Resource, method: str) -> tuple[BoundEndpoint, Texts]:
        """Return the endpoint of a request, and the texts of the query string by parameter."""
        rows, params = resource.endpoints[method], request.path_params
        in_path = [params[name].encode() for name in self.dialect.path_queries if name in params]
        query = b"&".join(filter(None, (*in_path, request.scope["path_query"], request.scope["query_string"])))
        spellings = resource.spellings if self.dialect.ignores_case else NO_SPELLINGS
        texts = query_texts(query, spellings, skips_empty=not self.dialect.is_strict)
        bound = rows[0] if len(rows) == 1 else resource.endpoint(method, texts)
        if bound is None:
            raise BadArgument(f"Give one of {', '.join(name for each in rows for name in each.row.when)}")
        return bound, texts

    async def _page(self, request: Request, method: str) -> ASGIApp:
        path = request.scope["path_below_folder"]
        page = self.pages.get(path)
        if page is None:
            return await self._fetched(request, path, method)
        if method == "OPTIONS":
            return self._options(request, ", ".join(READ_METHODS), reads=READ_METHODS)
        if method != "GET":
            raise WrongMethod
        return await page(request)

    async def _fetched(self, request: Request, path: str, method: str) -> CachedResponse:
        """Return the response of the upstream server to a path that the table lacks. Raises NotFound for none."""
        upstream, json = self.dialect.upstream, None
        if upstream and method == "GET":
            texts = query_texts(request.scope["query_string"])
            json = await upstream.fetch(self._new_context(request), path, texts)
        if json is None:
            raise NotFound
        body = orjson.dumps(json)
        return CachedResponse(
            body=body, media_type=self.dialect.media_type, headers=self._read_headers, tags=ANY_CHANGE
        )

    async def _read(self, request: Request, bound: BoundEndpoint, texts: Texts) -> CachedResponse:
        make = partial(self._make, request, bound, texts)
        if not bound.row.is_cached:
            return await make()
        key = cache_key(request.scope, by_origin=self._addresses.names_server(bound.row))
        return await self.cache.get_or_create(key, make)

    async def _make(self, request: Request, bound: BoundEndpoint, texts: Texts) -> CachedResponse:
        row, context, path = bound.row, self._new_context(request), request.scope["path_below_folder"]
        if not row.waits:
            context.enrichment = None
        answer = await self._answer(bound, path, request.path_params, texts, context)
        if not answer.is_fetched:
            answer.json = self._addresses.put(request, row, answer.json)
            if row.appends:
                others = {name: given for name, given in texts.items() if name != row.appends}
                await self._append(answer, path, texts.get(row.appends, ()), others, context)
        return self._response(row, answer, texts)

    def _answer(
        self, bound: BoundEndpoint, path: str, params: Mapping[str, str], texts: Texts, context: Context
    ) -> Awaitable[Answer]:
        """Return the answer of the catalogue; where it lacks one that of the upstream server, if there is one."""
        own, upstream = self._own_answer(bound, params, texts, context), self.dialect.upstream
        return _own_or_fetched(own, upstream, path, texts, context) if upstream else own

    async def _append(self, answer: Answer, path: str, names: Sequence[str], texts: Texts, context: Context) -> None:
        """Add the answers of those paths below an answer's own that are named between commas; others are ignored."""
        # The answer has waited for missing facts of its title: the others need not.
        context.enrichment = None
        named = dict.fromkeys(name.strip() for text in names for name in text.split(","))
        asked = {name: found for name in named if name and (found := self._match(f"{path}/{name}"))}
        others = await asyncio.gather(
            *(self._appended(f"{path}/{name}", *found, texts, context) for name, found in asked.items())
        )
        parts = {name: part for name, part in zip(asked, others, strict=True) if part}
        answer.json = {**answer.json, **{name: part.json for name, part in parts.items()}}
        answer.tags = answer.tags.union(*(part.tags for part in parts.values()))

    async def _appended(
        self, path: str, resource: Resource, params: Mapping[str, str], texts: Texts, context: Context
    ) -> Answer | None:
        bound = resource.endpoint("GET", texts)
        if bound is None:
            return None
        try:
            answer = await self._answer(bound, path, params, texts, context)
        except NotFound:
            return None
        answer.json = {key: value for key, value in answer.json.items() if key not in bound.row.alone}
        return answer

    async def _own_answer(
        self, bound: BoundEndpoint, path: Mapping[str, str], texts: Texts, context: Context
    ) -> Answer:
        row = bound.row
        if bound.path_texts:
            texts = {**texts, **{name: [path[name]] for name in bound.path_texts}}
        for check in row.checks:
            if check.refuses(texts):
                raise check.error(check.message)
        variables, can_match = read_parameters(self.dialect, bound, path, texts)
        if not can_match:
            empty = _empty_answer(bound, variables, texts)
            return Answer(empty, empty, ANY_CHANGE)
        data = await self._load(bound, variables, texts, context)
        answer = project(data, row.answer, bound.serializer)
        if answer is None and row.is_list:
            answer = []
        facts, answer = answer, _arranged(row, answer, texts)
        for name in row.always_present:
            answer.setdefault(name, [])
        tags = context.loaders.list_tags
        if row.tags:
            tags = context.loaders.person_tags.union(tag.format_map(facts) for tag in row.tags)
        return Answer(answer, facts, tags)

    def _load(self, bound: BoundEndpoint, variables: dict[str, Any], texts: Texts, context: Context) -> Awaitable[Data]:
        run = partial(self._execution.run, bound.document.document, context=context)
        if bound.row.load is None:
            return run(variables)
        return bound.row.load(run, {**bound.document.defaults, **variables}, texts)

    def _response(self, row: Endpoint, answer: Answer, texts: Texts) -> CachedResponse:
        facts = answer.facts
        body, media_type = (b"", "text/plain") if row.redirects else self._written(answer.json, texts)
        headers = self._read_headers
        if row.max_age:
            headers = {**headers, "cache-control": MAX_AGE.format(row.max_age)}
        if row.redirects:
            headers = {**headers, "location": answer.json}
        return CachedResponse(
            body=body,
            media_type=media_type,
            status=302 if row.redirects else row.status,
            headers=headers,
            tags=answer.tags,
            route=row.path,
            view=facts[row.view] if row.view else None,
            click=pick(facts, row.click) if row.click else None,
        )

    def _written(self, answer: Any, texts: Texts) -> tuple[bytes, str]:  # noqa: ANN401 - any JSON
        """Return the body and the media type of an answer or an error."""
        if self.dialect.write:
            return self.dialect.write(answer, texts)
        return orjson.dumps(answer), self.dialect.media_type

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

    def _options(self, request: Request, methods: str, *, reads: Sequence[str]) -> Response:
        is_open = reads and self.dialect.allows_any_origin
        requested = request.headers.get("access-control-request-headers")
        preflight = preflight_headers(methods=reads, requested=requested)
        cors = {**self._read_headers, **preflight} if is_open else {}
        return Response(status_code=204, headers={"allow": methods, **cors})

    def _refuse(self, request: Request, error: Exception, resource: Resource | None) -> Response:
        """Return the error as JSON with its status."""
        reads = resource.read_methods if resource else READ_METHODS
        headers = self._read_headers if request.method in reads and request.method != "OPTIONS" else {}
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
        texts = query_texts(request.scope["query_string"])
        body, media_type = self._written(self.dialect.error(status, message), texts)
        return Response(body, status_code=self.dialect.status(status), media_type=media_type, headers=headers)


async def _own_or_fetched(
    own: Awaitable[Answer], upstream: Upstream, path: str, texts: Texts, context: Context
) -> Answer:
    found = None
    with suppress(NotFound):
        found = await own
    if found is None or upstream.lacks(found.json):
        fetched = await upstream.fetch(context, path, texts)
        found = found if fetched is None else Answer(fetched, fetched, ANY_CHANGE, is_fetched=True)
    if found is None:
        raise NotFound
    return found


def _arranged(row: Endpoint, answer: Any, texts: Texts) -> Any:  # noqa: ANN401 - any JSON
    """Return the answer as the row arranges it. Raises NotFound where there is none."""
    if answer is not None and row.arrange:
        answer = row.arrange(answer, texts)
    if answer is None:
        raise NotFound(row.not_found(texts)) if row.not_found else NotFound
    return answer


def _empty_answer(bound: BoundEndpoint, variables: Variables, texts: Texts) -> dict[str, Any]:
    """Return the answer to a question that nothing matches. Raises NotFound where the row has none."""
    if not bound.row.empty:
        return cast("dict[str, Any]", _arranged(bound.row, None, texts))
    known = {f"${name}": value for name, value in {**bound.document.defaults, **variables}.items()}
    return {key: known.get(value, value) if isinstance(value, str) else value for key, value in bound.row.empty.items()}


async def _json_body(request: Request) -> bytes:
    """Return the body, decoded. Raises TooLarge, and WrongMediaType for another type than JSON; none counts as JSON."""
    media_type = request.headers.get("content-type", JSON).partition(";")[0].strip().lower()
    if media_type != JSON:
        raise WrongMediaType
    body = await read_body(request, most_bytes=LARGEST_BODY)
    return decode(body, request.headers.get("content-encoding", ""), most_bytes=LARGEST_BODY)

"""The documentation page of a dialect: its table, with a request for each endpoint and its real answer, and OpenAPI."""

import asyncio
import re
from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from typing import Any

import orjson
from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import Response

from mediacanon.cache.responses import CachedResponse, cache_key
from mediacanon.errors import MediaCanonError
from mediacanon.execution.documents import PreparedDocument
from mediacanon.execution.executor import Execution
from mediacanon.http.conditional import conditional
from mediacanon.http.cors import read_headers
from mediacanon.http.proxies import base_path
from mediacanon.loaders.descriptors import ANY_CHANGE
from mediacanon.rest_compat.dialect import Dialect
from mediacanon.rest_compat.documents import EXAMPLES, document_text
from mediacanon.rest_compat.endpoint import Data
from mediacanon.rest_compat.handler import JSON, RestApi
from mediacanon.rest_compat.openapi import HTML, build_openapi
from mediacanon.rest_compat.parameters import query_texts

TEMPLATE, CONFIGURE = "api.html", "configure.html"
# ISO 639-1, with a country or without.
_LANGUAGE = re.compile(r"[a-z]{2}(?:-[A-Z]{2})?")
MOST_LANGUAGES = 10
SHOWN_ENTRIES = 1


class Documentation:
    """The page at the prefix of a dialect and the OpenAPI file below it, by path."""

    def __init__(
        self,
        execution: Execution,
        environment: Environment,
        *,
        api: RestApi,
        dialects: Sequence[Dialect],
        headers: Mapping[str, str],
    ) -> None:
        self._execution = execution
        self._environment = environment
        self._api = api
        self._dialect = dialect = api.dialect
        self._dialects = dialects
        self._headers = headers
        configured = {dialect.configuration.path: self.configure} if dialect.configuration else {}
        api.pages = {
            **configured,
            dialect.prefix: self.page,
            f"{dialect.prefix}/": self.page,
            dialect.openapi_path: self.openapi,
        }

    @cached_property
    def _examples(self) -> PreparedDocument:
        text = document_text(self._dialect.documents, EXAMPLES)
        return self._execution.prepare_trusted(text, name=f"{EXAMPLES}.graphql")

    @cached_property
    def _openapi(self) -> bytes:
        return orjson.dumps(build_openapi(self._execution.schema, self._dialect, self._api.resources))

    async def _described(self) -> bytes:
        """Return the OpenAPI file. It binds every endpoint, which takes up to half a second: beside the loop."""
        return await asyncio.to_thread(lambda: self._openapi)

    async def openapi(self, request: Request) -> Response:
        """Answer with the OpenAPI file."""
        text = await self._described()
        return conditional(request, text, media_type=JSON, headers=read_headers(vary="Accept-Encoding"))

    async def page(self, request: Request) -> CachedResponse:
        """Answer with the page: a list, since it holds the answers of all examples."""
        return await self._api.cache.get_or_create(
            cache_key(request.scope, by_origin=True), partial(self._make, request)
        )

    async def configure(self, request: Request) -> Response:
        """Answer with the page of choices, and with the address that those of the query or of the folder lead to."""
        configuration = self._dialect.configuration
        assert configuration  # noqa: S101 - the page is registered with one
        data = await self._api.run(request, self._examples)
        options = configuration.options(data)
        texts = query_texts(request.scope["path_query"] + b"&" + request.scope["query_string"])
        given = {name for text in texts.get("catalogs", ()) for name in text.split(",")}
        chosen = [value for value, _ in options if value in given]
        languages = ",".join(_LANGUAGE.findall(",".join(texts.get("languages", ())))[:MOST_LANGUAGES])
        parts = {"catalogs": ",".join(chosen), "languages": languages}
        folder = "&".join(f"{name}={text}" for name, text in parts.items() if text)
        address = f"{self._dialect.prefix}/{folder}/{configuration.installed}"
        base = base_path(request.scope)
        install_link = request.url.replace(scheme=configuration.scheme, path=base + address, query="")
        text = self._environment.get_template(CONFIGURE).render(
            dialect=self._dialect,
            options=options,
            chosen=chosen,
            languages=languages,
            folder=folder,
            address=address,
            install_link=install_link,
            url=request.url,
            base=base,
        )
        return conditional(request, text.encode(), media_type=f"{HTML}; charset=utf-8", headers=self._headers)

    async def _make(self, request: Request) -> CachedResponse:
        await self._described()
        data = await self._api.run(request, self._examples)
        text = self._environment.get_template(TEMPLATE).render(
            dialect=self._dialect,
            dialects=self._dialects,
            endpoints=await self._endpoints(request, data),
            addresses=self._dialect.addresses(data),
            url=request.url,
            base=base_path(request.scope),
        )
        return CachedResponse(
            body=text.encode(),
            media_type=f"{HTML}; charset=utf-8",
            headers=self._headers,
            tags=ANY_CHANGE,
            route=self._dialect.prefix,
        )

    async def _endpoints(self, request: Request, data: Data) -> list[dict[str, Any]]:
        """Return the rows with their request, body and answer; a write shows the answer of the read like it."""
        names, rows = self._dialect.examples(data), self._dialect.endpoints
        requests = {row.operation: row.example.format_map(names) for row in rows}
        bodies = {row.operation: _filled(row.body, names) for row in rows}
        reads = [row for row in rows if row.is_read]
        answers = await asyncio.gather(
            *(
                self._ask(request, requests[row.operation] or row.path, bodies[row.operation] if row.reads_body else {})
                for row in reads
            )
        )
        by_row = {row.operation: answer for row, answer in zip(reads, answers, strict=True)}
        by_path = {row.path: answer for row, answer in zip(reads, answers, strict=True)}
        return [
            {
                "row": row,
                "request": requests[row.operation],
                "body": _pretty(bodies[row.operation]) if row.body else "",
                "answer": by_row[row.operation] if row.is_read else by_path.get(row.example_of, ""),
            }
            for row in rows
        ]

    async def _ask(self, request: Request, target: str, question: Mapping[str, Any]) -> str:
        try:
            body = await self._api.ask(request, target, orjson.dumps(question) if question else b"")
            return _pretty(_shortened(orjson.loads(body))) if body else ""
        except MediaCanonError as error:
            return _pretty(self._dialect.error(error.http_status, error.message))


def _filled(value: Any, names: Mapping[str, object]) -> Any:  # noqa: ANN401 - any JSON
    """Return a body with the names of the examples in its texts."""
    if isinstance(value, Mapping):
        return {name: _filled(one, names) for name, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, names) for one in value]
    return value.format_map(names) if isinstance(value, str) else value


def _shortened(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return an answer with the first entries of its lists."""
    if isinstance(value, dict):
        return {name: _shortened(one) for name, one in value.items()}
    if isinstance(value, list):
        shown = [_shortened(one) for one in value[:SHOWN_ENTRIES]]
        return shown if len(value) <= SHOWN_ENTRIES or isinstance(value[0], str) else [*shown, "…"]
    return value


def _pretty(value: object) -> str:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()

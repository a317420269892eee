"""The documentation page of a dialect: its table, with a request for each endpoint and its real answer, and OpenAPI."""

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import orjson
from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import Response

from mediacanon.cache.responses import CachedResponse, cache_key
from mediacanon.errors import MediaCanonError
from mediacanon.execution.executor import Execution
from mediacanon.http.conditional import conditional
from mediacanon.http.cors import read_headers
from mediacanon.http.proxies import base_path
from mediacanon.loaders.descriptors import ANY_CHANGE
from mediacanon.rest_compat.dialect import Dialect
from mediacanon.rest_compat.documents import EXAMPLES, document_text
from mediacanon.rest_compat.endpoint import Data
from mediacanon.rest_compat.handler import JSON, RestApi
from mediacanon.rest_compat.openapi import build_openapi

HTML = "text/html"
TEMPLATE = "api.html"
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
        self._api = api
        self._dialect = dialect = api.dialect
        self._dialects = dialects
        self._headers = headers
        self._template = environment.get_template(TEMPLATE)
        examples = document_text(dialect.documents, EXAMPLES)
        self._examples = execution.prepare_trusted(examples, name=f"{EXAMPLES}.graphql")
        self._openapi = orjson.dumps(build_openapi(execution.schema, dialect, api.resources))
        api.pages = {
            dialect.prefix: self.page,
            f"{dialect.prefix}/": self.page,
            dialect.openapi_path: self.openapi,
        }

    async def openapi(self, request: Request) -> Response:
        """Answer with the OpenAPI file."""
        return conditional(request, self._openapi, media_type=JSON, headers=read_headers(vary="Accept-Encoding"))

    async def page(self, request: Request) -> CachedResponse:
        """Answer with the page: a list, since it holds the answers of all examples."""
        return await self._api.cache.get_or_create(
            cache_key(request.scope, by_origin=True), partial(self._make, request)
        )

    async def _make(self, request: Request) -> CachedResponse:
        data = await self._api.run(request, self._examples)
        text = self._template.render(
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
        reads = [row for row in rows if row.is_read]
        answers = await asyncio.gather(*(self._ask(request, requests[row.operation]) for row in reads))
        by_row = {row.operation: answer for row, answer in zip(reads, answers, strict=True)}
        by_path = {row.path: answer for row, answer in zip(reads, answers, strict=True)}
        return [
            {
                "row": row,
                "request": requests[row.operation],
                "body": _pretty(row.body) if row.body else "",
                "answer": by_row[row.operation] if row.is_read else by_path.get(row.example_of, ""),
            }
            for row in rows
        ]

    async def _ask(self, request: Request, target: str) -> str:
        try:
            return _pretty(_shortened(orjson.loads(await self._api.ask(request, target))))
        except MediaCanonError as error:
            return _pretty(self._dialect.error(error.http_status, error.message))


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

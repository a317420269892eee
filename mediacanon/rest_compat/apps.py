"""The page that says how to point a program at this server, made from the dialects' own steps."""

from collections.abc import Mapping, Sequence

from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import Response

from mediacanon.http.conditional import conditional
from mediacanon.http.proxies import base_path
from mediacanon.rest_compat.dialect import Dialect
from mediacanon.rest_compat.openapi import HTML

TEMPLATE = "apps.html"


class Apps:
    """Answers with the programs of all dialects that are on."""

    def __init__(self, environment: Environment, *, dialects: Sequence[Dialect], headers: Mapping[str, str]) -> None:
        self._template = environment.get_template(TEMPLATE)
        self._dialects = dialects
        self._headers = headers

    async def page(self, request: Request) -> Response:
        """Answer with the page; its addresses are below the one that it was asked at."""
        text = self._template.render(dialects=self._dialects, url=request.url, base=base_path(request.scope))
        return conditional(request, text.encode(), media_type=f"{HTML}; charset=utf-8", headers=self._headers)

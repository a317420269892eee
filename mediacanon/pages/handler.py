"""Renders pages: path and query string become variables, the document runs, the template shows exactly its data."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from graphql import GraphQLInputType
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mediacanon import paths
from mediacanon.errors import MediaCanonError, NotFound
from mediacanon.execution import Execution, Prepared
from mediacanon.http import conditional, request_id
from mediacanon.pages.filters import FILTERS, FUNCTIONS
from mediacanon.pages.page import PAGES, Page
from mediacanon.schema.context import Context
from mediacanon.text_variables import read_variables, variable_types

log = logging.getLogger(__name__)

HTML = "text/html"
SECURITY = {
    "content-security-policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self' data: https://image.tmdb.org; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "strict-origin-when-cross-origin",
}
STATUS_TEXT = {404: "There is no such page here."}


def build_environment() -> Environment:
    """Return the templates' environment: escaping everything, undefined names are errors."""
    environment = Environment(
        loader=FileSystemLoader(paths.TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS)
    environment.globals.update(FUNCTIONS)
    return environment


@dataclass(frozen=True, slots=True)
class Rendering:
    """A page ready to answer: its row, document, variable types and template."""

    page: Page
    document: Prepared
    types: dict[str, GraphQLInputType]
    template: Template


class Pages:
    """All pages, each at its path. Raises ValueError for a document that does not fit the schema."""

    def __init__(
        self, execution: Execution, environment: Environment, *, new_context: Callable[[Request], Context]
    ) -> None:
        self._execution = execution
        self._environment = environment
        self._new_context = new_context

    def routes(self) -> list[Route]:
        """Return the route of every page."""
        return [self._route(page) for page in PAGES]

    def _route(self, page: Page) -> Route:
        name = f"{page.name}.graphql"
        document = self._execution.prepare_own((paths.TEMPLATES / name).read_text(), name=name)
        operation = document.operation()
        types = variable_types(self._execution.schema, operation) if operation else {}
        template = self._environment.get_template(f"{page.name}.html")
        rendering = Rendering(page, document, types, template)

        async def answer(request: Request) -> Response:
            return await self._answer(request, rendering)

        return Route(page.path, answer, methods=["GET"], name=page.name)

    async def _answer(self, request: Request, rendering: Rendering) -> Response:
        query = request.query_params
        given = {name: query.getlist(name) for name in query} | {n: [str(v)] for n, v in request.path_params.items()}
        variables = read_variables(rendering.types, given)
        if not request.path_params.keys() <= variables.keys():
            raise NotFound
        data = await self._execution.run(rendering.document, variables, self._new_context(request))
        found = rendering.page.found
        if found and data[found] is None:
            raise NotFound(f"There is no {found} {request.path_params['id']} in this catalogue.")
        text = rendering.template.render(data, url=request.url, asked=variables)
        return conditional(request, text.encode(), media_type=HTML, headers=SECURITY)

    def error(self, request: Request, error: Exception) -> Response:
        """Return the page that says what went wrong."""
        known: int | None = getattr(error, "status_code", None) or getattr(error, "http_status", None)
        status = known or 500
        message = error.message if isinstance(error, MediaCanonError) else STATUS_TEXT.get(status)
        text = self._environment.get_template("error.html").render(
            status=status,
            message=message or "Something went wrong here; the log has it.",
            request_id=request_id(request) if status >= 500 else "",  # noqa: PLR2004 - the server's own faults
            url=request.url,
        )
        return Response(text, status_code=status, media_type=HTML, headers=SECURITY)

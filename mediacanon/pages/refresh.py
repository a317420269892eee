"""The button that refreshes a movie or a show from TMDB, and the notice of its outcome."""

from collections.abc import Awaitable, Callable
from functools import cached_property, partial

from graphql import GraphQLInt
from starlette.datastructures import URL, QueryParams
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from mediacanon.errors import NotFound, UpstreamUnavailable
from mediacanon.execution.documents import PreparedDocument
from mediacanon.execution.executor import Execution
from mediacanon.execution.variables import read_variables
from mediacanon.http.proxies import base_path
from mediacanon.loaders import Loaders
from mediacanon.loaders.movie import MovieRow
from mediacanon.loaders.show import ShowRow
from mediacanon.pages.documents import bind_page_document
from mediacanon.pages.names import CHAIN, NAMES, name_chain, query_of
from mediacanon.pages.page import LENIENCY, is_id
from mediacanon.schema.context import Context

# kind in the address -> the loader of its rows
ROWS: dict[str, Callable[[Loaders, int], Awaitable[MovieRow | ShowRow | None]]] = {
    "movies": lambda loaders, id_: loaders.movie_by_id.load(id_),
    "shows": lambda loaders, id_: loaders.show_by_id.load(id_),
}
# `refresh` in the address of the redirect -> the notice on the page
NOTICES = {
    "done": "Refreshed from TMDB.",
    "unknown": "TMDB has no entry for this title.",
    "unreachable": "TMDB does not respond, so nothing has changed. Try again in a few minutes.",
}


def refresh_notice(url: URL) -> str:
    """Return the notice of the refresh that redirected to a page, the empty text without one."""
    return NOTICES.get(QueryParams(url.query).get("refresh", ""), "")


class Refresh:
    """Handles the button's form, which needs no JavaScript, and redirects to the page."""

    def __init__(self, execution: Execution, *, new_context: Callable[[Request], Context]) -> None:
        self._execution = execution
        self._new_context = new_context

    @cached_property
    def _document(self) -> PreparedDocument:
        return bind_page_document(self._execution, "refresh").document

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route(f"/{kind}/{{id}}/refresh", partial(self._answer, kind), methods=["POST"], name=f"refresh {kind}")
            for kind in ROWS
        ]

    async def _answer(self, kind: str, request: Request) -> Response:
        """Refresh the title and redirect to its page. Raises NotFound, or the denial of a client that may not write."""
        text = request.path_params["id"]
        if not is_id(text):
            raise NotFound
        id_ = read_variables({"id": GraphQLInt}, {"id": [text]}, LENIENCY).variables.get("id")
        context = self._new_context(request)
        # The root field of the page's document would wait for TMDB first.
        row = await ROWS[kind](context.loaders, id_) if id_ is not None else None
        if row is None:
            raise NotFound
        outcome = await self._refresh(row.title_id, context)
        chain = ",".join(name_chain(request.query_params.get(NAMES, "").split(",")))
        query = query_of({CHAIN: chain}, f"refresh={outcome}")
        return RedirectResponse(f"{base_path(request.scope)}/{kind}/{id_}{query}", status_code=303)

    async def _refresh(self, title_id: int, context: Context) -> str:
        """Return the outcome: a key of NOTICES."""
        try:
            data = await self._execution.run(self._document, {"titleId": title_id}, context)
        except UpstreamUnavailable:
            return "unreachable"
        return "unknown" if data["refresh"]["tmdbId"] is None else "done"

"""The button that asks TMDB anew about a movie or a show, and how the page tells what came of it."""

from collections.abc import Callable
from functools import partial

from graphql import GraphQLInt
from starlette.datastructures import URL, QueryParams
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from mediacanon import paths
from mediacanon.errors import NotFound, UpstreamUnavailable
from mediacanon.execution.executor import Execution
from mediacanon.execution.variables import read_variables
from mediacanon.pages.page import LENIENCY
from mediacanon.schema.context import Context

# kind in the address -> the question for one of them by its id
KINDS = {"movies": "movie_by_id", "shows": "show_by_id"}
# `refresh` in the address that it leads back to -> what the page says
NOTICES = {
    "done": "Refreshed with what TMDB knows.",
    "unknown": "TMDB knows nothing of this title.",
    "unreachable": "TMDB cannot be reached now; this is what was known before. Try again in a few minutes.",
}


def refresh_notice(url: URL) -> str:
    """Return what a page says of the refresh that led to it, nothing where none did."""
    return NOTICES.get(QueryParams(url.query).get("refresh", ""), "")


class Refresh:
    """Takes the button's form, which works without JavaScript, and leads back to the page."""

    def __init__(self, execution: Execution, *, new_context: Callable[[Request], Context]) -> None:
        text = (paths.TEMPLATES / "refresh.graphql").read_text()
        self._document = execution.prepare_trusted(text, name="refresh.graphql")
        self._execution = execution
        self._new_context = new_context

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route(f"/{kind}/{{id}}/refresh", partial(self._answer, kind), methods=["POST"], name=f"refresh {kind}")
            for kind in KINDS
        ]

    async def _answer(self, kind: str, request: Request) -> Response:
        """Refresh the title and lead to its page. Raises NotFound, or the denial of who may not write."""
        id_ = read_variables({"id": GraphQLInt}, {"id": [request.path_params["id"]]}, LENIENCY).variables.get("id")
        context = self._new_context(request)
        # The page's own question would first wait for what the title lacks.
        row = await getattr(context.loaders, KINDS[kind]).load(id_) if id_ is not None else None
        if row is None:
            raise NotFound
        outcome = await self._refresh(row.title_id, context)
        return RedirectResponse(f"/{kind}/{id_}?refresh={outcome}", status_code=303)

    async def _refresh(self, title_id: int, context: Context) -> str:
        """Return what came of it: a key of NOTICES."""
        try:
            data = await self._execution.run(self._document, {"titleId": title_id}, context)
        except UpstreamUnavailable:
            return "unreachable"
        return "unknown" if data["refresh"]["tmdbId"] is None else "done"

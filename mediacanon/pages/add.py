"""/add: a form that creates a movie or a show, with what is wrong said where it is wrong."""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from mediacanon import paths
from mediacanon.errors import BadArgument, Conflict, Forbidden, MediaCanonError
from mediacanon.execution.executor import Execution
from mediacanon.http.origin import is_cross_site
from mediacanon.pages.environment import HTML, SECURITY
from mediacanon.schema.context import Context
from mediacanon.vocabulary import IMDB_ID, MAX_INTEGER

LARGEST_FORM = 64 * 1024
# field of NewTitle -> how the form calls it
LABELS = {
    "displayName": "Name",
    "originalTitle": "Original name",
    "startYear": "Year",
    "endYear": "Last year",
    "runtimeMinutes": "Running time",
    "imdbId": "IMDb id",
    "originalLanguage": "Language",
    "originCountry": "Country",
    "imageUrl": "Poster",
}
_NAMES = re.compile(r"\b(" + "|".join(LABELS) + r")\b")


class TooLarge(BadArgument):
    """The form is too large."""

    http_status = 413


class AddTitle:
    """Shows the form, and creates what it was filled in with."""

    def __init__(
        self, execution: Execution, environment: Environment, *, new_context: Callable[[Request], Context]
    ) -> None:
        text = (paths.TEMPLATES / "add.graphql").read_text()
        self._document = execution.prepare_trusted(text, name="add.graphql")
        self._template = environment.get_template("add.html")
        self._execution = execution
        self._new_context = new_context

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [Route("/add", self.show, methods=["GET"]), Route("/add", self.create, methods=["POST"])]

    async def show(self, request: Request) -> Response:
        """Answer the empty form, or why this catalogue cannot be written to."""
        return self._form(request, {"type": "movie"}, None)

    async def create(self, request: Request) -> Response:
        """Create the title and lead to its page; or show the form again. Raises Forbidden for a form elsewhere."""
        if is_cross_site(request):
            raise Forbidden("A form of another site cannot write here.")
        given = await _read_form(request)
        try:
            type_, facts = _facts(given)
            variables = {"isMovie": type_ == "movie", "isShow": type_ == "show", "facts": facts}
            data = await self._execution.run(self._document, variables, self._new_context(request))
        except (BadArgument, Conflict) as error:
            return self._form(request, given, error)
        return RedirectResponse(_address(data), status_code=303)

    def _form(self, request: Request, given: Mapping[str, str], error: MediaCanonError | None) -> Response:
        message = error.message if error else ""
        # Who comes from another site's link may write all the same: what they send next comes from this page.
        denial = None if is_cross_site(request) else self._new_context(request).denial()
        text = self._template.render(
            url=request.url,
            given=given,
            field=_field_of(message),
            message=_NAMES.sub(lambda name: LABELS[name[0]], message),
            labels=LABELS,
            denial=denial,
        )
        status = error.http_status if error else 200
        return Response(text, status_code=status, media_type=HTML, headers={**SECURITY, "cache-control": "no-store"})


async def _read_form(request: Request) -> dict[str, str]:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_FORM:
            raise TooLarge
    try:
        return {name: value.strip() for name, value in parse_qsl(body.decode())}
    except UnicodeDecodeError:
        raise BadArgument("The form must be UTF-8") from None


def _facts(given: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    """Return the type and the facts that were filled in. Raises BadArgument naming what cannot be one."""
    type_ = given.get("type")
    if type_ not in ("movie", "show"):
        raise BadArgument("type must be movie or show")
    if not given.get("displayName"):
        raise BadArgument("displayName is required")
    filled = {name: given[name] for name in LABELS if given.get(name)}
    return type_, {name: READERS[name](name, text) if name in READERS else text for name, text in filled.items()}


def _number(name: str, text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        raise BadArgument(f"{name} must be a number") from None
    if abs(number) > MAX_INTEGER:
        raise BadArgument(f"{name} must be a smaller number")
    return number


def _imdb_id(name: str, text: str) -> str:
    if not IMDB_ID.fullmatch(text):
        raise BadArgument(f"{name} must look like tt0903747")
    return text


# What is not read as text: GraphQL's own words for what these cannot be are for programs.
READERS: dict[str, Callable[[str, str], Any]] = {
    "startYear": _number,
    "endYear": _number,
    "runtimeMinutes": _number,
    "imdbId": _imdb_id,
}


def _field_of(message: str) -> str:
    """Return the field that a message is about: the first one it names, else none."""
    found = _NAMES.search(message)
    return found[0] if found else ""


def _address(data: Mapping[str, Any]) -> str:
    if movie := data.get("createMovie"):
        return f"/movies/{movie['movieId']}"
    return f"/shows/{data['createShow']['showId']}"

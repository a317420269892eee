"""/add: a form that creates a movie or a show, with what is wrong said where it is wrong."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from mediacanon import paths
from mediacanon.errors import BadArgument, Conflict, Forbidden, MediaCanonError
from mediacanon.execution import Execution
from mediacanon.http import is_cross_site
from mediacanon.pages.environment import HTML, SECURITY
from mediacanon.schema.context import Context

LARGEST_FORM = 64 * 1024
NUMBERS = ("startYear", "endYear", "runtimeMinutes")
TEXTS = ("displayName", "originalTitle", "imdbId", "imageUrl", "originalLanguage", "originCountry", "releaseDate")
# what a message names -> the field it is shown at; others are shown above the form
CONFLICTS = {"IMDb": "imdbId", "TMDB": "tmdbId"}


class TooLarge(BadArgument):
    """The form is too large."""

    http_status = 413


class AddTitle:
    """Shows the form, and creates what it was filled in with."""

    def __init__(
        self, execution: Execution, environment: Environment, *, new_context: Callable[[Request], Context]
    ) -> None:
        text = (paths.TEMPLATES / "add.graphql").read_text()
        self._document = execution.prepare_own(text, name="add.graphql")
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
        text = self._template.render(
            url=request.url,
            given=given,
            field=_field_of(message),
            message=message,
            refusal=self._new_context(request).refusal,
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
    facts: dict[str, Any] = {name: given[name] for name in TEXTS if given.get(name)}
    if "displayName" not in facts:
        raise BadArgument("displayName is required")
    for name in NUMBERS:
        if given.get(name):
            facts[name] = _number(name, given[name])
    return type_, facts


def _number(name: str, text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        raise BadArgument(f"{name} must be a number") from None
    if abs(number) >= 2**31:
        raise BadArgument(f"{name} must be a smaller number")
    return number


def _field_of(message: str) -> str:
    """Return the field that a message is about: the one it names."""
    names = ("type", *TEXTS, *NUMBERS)
    named = next((name for name in names if name in message), None)
    return named or next((field for word, field in CONFLICTS.items() if word in message), "")


def _address(data: Mapping[str, Any]) -> str:
    if movie := data.get("createMovie"):
        return f"/movies/{movie['movieId']}"
    return f"/shows/{data['createShow']['showId']}"

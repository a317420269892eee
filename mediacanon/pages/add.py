"""/add: a form that creates a movie or a show, and names each mistake at its field."""

import re
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from mediacanon.errors import BadArgument, Conflict, MediaCanonError
from mediacanon.execution.documents import PreparedDocument
from mediacanon.execution.executor import Execution
from mediacanon.http.body import read_body
from mediacanon.http.origin import cross_site_denial, is_cross_site
from mediacanon.http.proxies import base_path
from mediacanon.pages.documents import bind_page_document
from mediacanon.pages.environment import HTML, PageEnvironment
from mediacanon.pages.typed_text import normalise
from mediacanon.schema.context import Context
from mediacanon.vocabulary import IMDB_ID, MAX_INTEGER, TITLE_TYPES

LARGEST_FORM = 64 * 1024
# ASCII digits, as GraphQL has them, and few enough to read at once.
WHOLE = re.compile(r"-?[0-9]{1,400}")
# field of NewTitle -> its label in the form
FACT_LABELS = {
    "displayName": "Name",
    "originalTitle": "Original name",
    "startYear": "Year",
    "endYear": "Final year",
    "runtimeMinutes": "Running time",
    "imdbId": "IMDb id",
    "originalLanguage": "Language",
    "originCountry": "Country",
    "imageUrl": "Poster",
}
LABELS = {"type": "Type", **FACT_LABELS}
_NAMES = re.compile(r"\b(" + "|".join(LABELS) + r")\b")


class AddTitle:
    """Shows the form, and creates the title it describes."""

    def __init__(
        self, execution: Execution, environment: PageEnvironment, *, new_context: Callable[[Request], Context]
    ) -> None:
        self._environment = environment
        self._headers = {**environment.headers, "cache-control": "no-store"}
        self._execution = execution
        self._new_context = new_context

    @cached_property
    def _document(self) -> PreparedDocument:
        return bind_page_document(self._execution, "add").document

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [Route("/add", self.show, methods=["GET"]), Route("/add", self.create, methods=["POST"])]

    async def show(self, request: Request) -> Response:
        """Return the empty form, or the reason why this catalogue takes no writes."""
        return self._form(request, {"type": "movie"}, None)

    async def create(self, request: Request) -> Response:
        """Create the title and redirect to its page, or show the form again with the mistake.

        Raises Forbidden for a form on another site.
        """
        if denial := cross_site_denial(request):
            raise denial
        given = await _read_form(request)
        try:
            type_, facts = _facts(given)
            variables = {"isMovie": type_ == "movie", "isShow": type_ == "show", "facts": facts}
            data = await self._execution.run(self._document, variables, self._new_context(request))
        except (BadArgument, Conflict) as error:
            return self._form(request, given, error)
        return RedirectResponse(base_path(request.scope) + _address(data), status_code=303)

    def _form(self, request: Request, given: Mapping[str, str], error: MediaCanonError | None) -> Response:
        message = error.message if error else ""
        # A visitor who follows a link on another site may write: the form is then sent from this page.
        denial = None if is_cross_site(request) else self._new_context(request).denial()
        text = self._environment.get_template("add.html").render(
            url=request.url,
            base=base_path(request.scope),
            given=given,
            field=_field_of(message),
            message=_NAMES.sub(lambda name: LABELS[name[0]], message),
            labels=LABELS,
            denial=denial,
        )
        status = error.http_status if error else 200
        return Response(text, status_code=status, media_type=HTML, headers=self._headers)


async def _read_form(request: Request) -> dict[str, str]:
    body = await read_body(request, most_bytes=LARGEST_FORM)
    try:
        return {name: normalise(value) for name, value in parse_qsl(body.decode())}
    except UnicodeDecodeError:
        raise BadArgument("The form must be UTF-8") from None


def _facts(given: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    """Return the type and the facts of a form. Raises BadArgument naming the field of a malformed value."""
    type_ = given.get("type")
    if type_ not in TITLE_TYPES:
        raise BadArgument("type must be movie or show")
    if not given.get("displayName"):
        raise BadArgument("displayName is required")
    texts = {name: given[name] for name in FACT_LABELS if given.get(name)}
    return type_, {name: READERS[name](name, text) if name in READERS else text for name, text in texts.items()}


def _number(name: str, text: str) -> int:
    if not WHOLE.fullmatch(text):
        raise BadArgument(f"{name} must be a number")
    number = int(text)
    if abs(number) > MAX_INTEGER:
        raise BadArgument(f"{name} must be a smaller number")
    return number


def _imdb_id(name: str, text: str) -> str:
    if not IMDB_ID.fullmatch(text):
        raise BadArgument(f"{name} must look like tt0903747")
    return text


# Facts that GraphQL does not read as text. Its own messages about them are written for programs.
READERS: dict[str, Callable[[str, str], Any]] = {
    "startYear": _number,
    "endYear": _number,
    "runtimeMinutes": _number,
    "imdbId": _imdb_id,
}


def _field_of(message: str) -> str:
    """Return the first field that a message names, empty if it names none."""
    match = _NAMES.search(message)
    return match[0] if match else ""


def _address(data: Mapping[str, Any]) -> str:
    if movie := data.get("createMovie"):
        return f"/movies/{movie['movieId']}"
    return f"/shows/{data['createShow']['showId']}"

"""Request ids, and the exchange of a request and its response."""

import re

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from mediacanon.http.exchange import Exchange, RequestIds, exchange_of, request_id


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Send the request's id as the body."""
    if scope["path"] == "/broken":
        raise ValueError("broken")
    await PlainTextResponse(request_id(Request(scope)), status_code=202)(scope, receive, send)


async def ask(path: str = "/", headers: list[tuple[str, str]] | None = None) -> tuple[httpx.Response, list[Exchange]]:
    """Return the response of `echo` behind the middleware, and the finished exchanges."""
    finished: list[Exchange] = []
    transport = httpx.ASGITransport(RequestIds(echo, finished=finished.append), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://mediacanon.test") as client:
        return await client.get(path, headers=headers), finished


async def test_every_request_has_an_id_of_its_own():
    """The response carries the id that the handler sees."""
    responses = [(await ask())[0] for _ in range(3)]
    ids = [response.headers["x-request-id"] for response in responses]
    assert [response.text for response in responses] == ids
    assert len(set(ids)) == 3
    assert all(re.fullmatch("[0-9a-f]{16}", id_) for id_ in ids)


@pytest.mark.parametrize(
    ("given", "is_kept"),
    [("abc-1_2.3", True), ("x" * 64, True), ("x" * 65, False), ("", False), ("a b", False), ("<b>", False)],
)
async def test_a_well_formed_id_of_a_proxy_is_kept(given: str, *, is_kept: bool):
    """Any other is replaced, since ids go into logs and pages."""
    response, _ = await ask(headers=[("x-request-id", given)])
    assert (response.text == given) == is_kept
    assert response.headers.get_list("x-request-id") == [response.text]


async def test_an_exchange_knows_its_response():
    """Status, size of the body and duration are there at the end."""
    response, [exchange] = await ask()
    assert (exchange.status, exchange.size) == (202, len(response.content))
    assert exchange.seconds > 0
    assert exchange.id == response.text
    assert exchange_of(exchange.scope) is exchange


async def test_an_exchange_that_fails_is_finished_with_500():
    """The exception goes on to the server."""
    response, [exchange] = await ask("/broken")
    assert response.status_code == exchange.status == 500


def test_outside_the_middleware_there_is_no_id():
    """A handler that is called alone sees the empty text."""
    assert request_id(Request({"type": "http", "headers": []})) == ""


@pytest.mark.parametrize(("given", "sent"), [(None, "no-cache"), ("no-store", "no-store"), ("public", "public")])
async def test_every_response_says_how_long_it_may_be_stored(given: str | None, sent: str):
    """Caches store a response without Cache-Control by rules of their own, an error as well."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        headers = {"cache-control": given} if given else None
        await PlainTextResponse("", status_code=404, headers=headers)(scope, receive, send)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(RequestIds(app)), base_url="http://a.test") as client:
        assert (await client.get("/")).headers.get_list("cache-control") == [sent]

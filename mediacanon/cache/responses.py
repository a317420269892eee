"""Answers that are asked for often, kept as the bytes that were sent, and never given once they are stale.

An answer is dropped by what changed: one about a single title by changes of that title, a list by any change.
Before a kept answer is given, all that was committed until then has been heard (`ChangeListener.catch_up`), whoever
committed it, through whatever worker: `docs/decisions/006-hot-answers.md`.

Who makes an answer keeps it under its request and sends it; `ResponseCacheMiddleware` gives it to the next one who asks.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from starlette.types import ASGIApp, Receive, Scope, Send

from mediacanon.database.changes import Change, ChangeListener
from mediacanon.http.compression import SMALLEST, compress, preferred_encoding
from mediacanon.http.conditional import entity_tag, has_tag

Headers = list[tuple[bytes, bytes]]

# Views grow old by themselves, and titles that wait for TMDB are asked about anew.
LONGEST_AGE = 300.0
# What an answer costs beside its bytes.
OVERHEAD = 2_000
# A longer address is not worth keeping an answer under.
LONGEST_ADDRESS = 500
# All below it is the same at any address; the documentation page itself tells its own.
API = "/api/"
SOURCE = b"source="


class Asked(NamedTuple):
    """What an answer is kept under. Pages tell their own address, so that each origin has its own."""

    scheme: str
    host: bytes
    path: str
    query: bytes

    @property
    def size(self) -> int:
        """How long the address is."""
        return len(self.host) + len(self.path) + len(self.query)


def cache_key(scope: Scope) -> Asked:
    """Return what a request asks for; where it comes from (`source` alone) makes no other answer."""
    path, query = scope["path"], scope["query_string"]
    if query.startswith(SOURCE) and b"&" not in query:
        query = b""
    if path.startswith(API) and path != API:
        return Asked("", b"", path, query)
    host = next((value for name, value in scope["headers"] if name == b"host"), b"")
    return Asked(scope["scheme"], host, path, query)


@dataclass(slots=True, kw_only=True)
class CachedResponse:
    """An answer as bytes, an ASGI app that sends them; whose view and click it is."""

    body: bytes
    media_type: str
    headers: Mapping[str, str] = field(default_factory=dict)
    # The title it is about; None: a list, which any change may change.
    about: int | None = None
    view: int | None = None
    click: str | None = None
    # What made it, by which requests are counted.
    endpoint: object = None
    kept_at: float = 0.0
    tag: str = ""
    _heads: Headers = field(default_factory=list)
    # As they were asked for: encoding -> head and body.
    _versions: dict[str | None, tuple[Headers, bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.tag = self.tag or entity_tag(self.body)
        heads = {"etag": self.tag, "cache-control": "no-cache", **self.headers, "vary": "Accept-Encoding"}
        self._heads = [(name.encode(), value.encode()) for name, value in heads.items()]

    @property
    def size(self) -> int:
        """Bytes it is reckoned with: compressed versions together are smaller than the body."""
        return 2 * len(self.body) + OVERHEAD

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's
        """Send the bytes, compressed as the client likes it, or word that it has them already."""
        scope["endpoint"], scope["answer"] = self.endpoint or scope.get("endpoint"), self
        accepted = known = b""
        for name, value in scope["headers"]:
            if name == b"accept-encoding":
                accepted = value
            elif name == b"if-none-match":
                known = value
        if known and has_tag(known.decode("latin-1"), self.tag):
            await send({"type": "http.response.start", "status": 304, "headers": self._heads})
            await send({"type": "http.response.body"})
            return
        headers, body = self._version(accepted)
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    def _version(self, accepted: bytes) -> tuple[Headers, bytes]:
        encoding = preferred_encoding(accepted.decode("latin-1")) if len(self.body) >= SMALLEST else None
        known = self._versions.get(encoding)
        if known is None:
            body = compress(self.body, encoding) if encoding else self.body
            about = {"content-type": self.media_type, "content-length": str(len(body))}
            if encoding:
                about["content-encoding"] = encoding
            headers = [*self._heads, *((name.encode(), value.encode()) for name, value in about.items())]
            known = self._versions[encoding] = headers, body
        return known


class Making(NamedTuple):
    """An answer that is being made, begun in this generation."""

    generation: int
    task: asyncio.Future[CachedResponse]


class ResponseCache:
    """The kept answers, the least used forgotten."""

    def __init__(self, *, most_bytes: int, longest_age: float = LONGEST_AGE) -> None:
        self._answers: OrderedDict[Asked, CachedResponse] = OrderedDict()
        self._by_title: dict[int | None, set[Asked]] = {}
        self._making: dict[Asked, Making] = {}
        self._bytes = 0
        self._most_bytes = most_bytes
        self._longest_age = longest_age
        self._events: ChangeListener | None = None
        # Rises with each change: an answer that was begun before one is not kept.
        self.generation = 0

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self._answers)

    @property
    def size(self) -> int:
        """Bytes they are reckoned with."""
        return self._bytes

    @asynccontextmanager
    async def invalidated_by(self, events: ChangeListener) -> AsyncIterator[None]:
        """Keep answers while the block runs; outside of it none are."""
        self._events = events
        stop = events.subscribe(self.drop)
        try:
            yield
        finally:
            stop()
            self._events = None
            self._drop_all()

    async def get(self, key: Asked) -> CachedResponse | None:
        """Return a kept answer that is as fresh as one made now; None where there is none."""
        if self._events is None or key not in self._answers or not await self._events.catch_up():
            return None
        answer = self._answers.get(key)
        if answer is None:
            return None
        if time.monotonic() - answer.kept_at > self._longest_age:
            self._forget(key)
            return None
        self._answers.move_to_end(key)
        return answer

    async def made(self, key: Asked, make: Callable[[], Coroutine[Any, Any, CachedResponse]]) -> CachedResponse:
        """Return the answer that is made now, or by another who was asked since the last change; keep it.

        Raises what kept it from being made, by whomever: it is as fresh as a failure of one's own.
        """
        if self._events is None or not self._most_bytes:
            return await make()
        making = None
        if key in self._making and await self._events.catch_up():
            if key in self._answers:
                return self._answers[key]
            making = self._making.get(key)
        if making is None or making.generation != self.generation:
            making = self._begin(key, make)
        # One who gives up waiting takes nothing from the others.
        return await asyncio.shield(making.task)

    def _begin(self, key: Asked, make: Callable[[], Coroutine[Any, Any, CachedResponse]]) -> Making:
        making = Making(self.generation, asyncio.ensure_future(make()))
        self._making[key] = making
        making.task.add_done_callback(lambda _: self._finish(key, making))
        return making

    def _finish(self, key: Asked, making: Making) -> None:
        """Keep what was made, also where all who asked for it have left."""
        if self._making.get(key) is making:
            del self._making[key]
        if not making.task.cancelled() and not making.task.exception():
            self.keep(key, making.task.result(), making.generation)

    def keep(self, key: Asked, answer: CachedResponse, generation: int) -> None:
        """Keep an answer, unless something changed since the `generation` at which it was begun."""
        if self._events is None or generation != self.generation or answer.size > self._most_bytes:
            return
        if key.size > LONGEST_ADDRESS:
            return
        if key in self._answers:
            self._forget(key)
        answer.kept_at = time.monotonic()
        self._answers[key] = answer
        self._by_title.setdefault(answer.about, set()).add(key)
        self._bytes += answer.size
        while self._bytes > self._most_bytes:
            self._forget(next(iter(self._answers)))

    def drop(self, change: Change) -> None:
        """Drop what a change makes stale."""
        if change.kind == "engagement":
            self.drop_lists()
            return
        self.generation += 1
        if change.kind == "titles":
            for title_id in (None, *change.title_ids):
                self._drop_about(title_id)
        else:
            self._drop_all()

    def drop_lists(self) -> None:
        """Drop all that is not about a single title."""
        self.generation += 1
        self._drop_about(None)

    def _drop_about(self, title_id: int | None) -> None:
        for key in tuple(self._by_title.get(title_id, ())):
            self._forget(key)

    def _drop_all(self) -> None:
        self._answers.clear()
        self._by_title.clear()
        self._bytes = 0

    def _forget(self, key: Asked) -> None:
        answer = self._answers.pop(key)
        self._bytes -= answer.size
        keys = self._by_title[answer.about]
        keys.discard(key)
        if not keys:
            del self._by_title[answer.about]


class ResponseCacheMiddleware:
    """Middleware: gives what is kept before anything else looks at the request."""

    def __init__(self, app: ASGIApp, answers: ResponseCache) -> None:
        self.app = app
        self._answers = answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with what is kept, or have the answer made."""
        app: ASGIApp | None = None
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD"):
            app = await self._answers.get(cache_key(scope))
        await (app or self.app)(scope, receive, send)

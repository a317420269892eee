"""Response cache: serves stored bytes, and never a stale response.

A response carries the tags of the rows it depends on; a change invalidates the responses that share a tag with it.
Before a hit is served, the worker has received every change that was committed until then (`ChangeListener.catch_up`),
by any worker: `docs/decisions/006-response-cache.md`.

A list that a change of TMDB or a visitor makes `stale` is served for LONGEST_STALE seconds at most, while it is made
anew in the background: `docs/freshness.md`.

A handler makes a response, stores it under the key of its request and sends it; `cache/middleware.py` serves the next
request of the same key.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from itertools import islice
from typing import Any, NamedTuple

from cachetools import Cache, LRUCache
from starlette.types import Receive, Scope, Send

from mediacanon.cache.shared import shared_headers
from mediacanon.cache.single_flight import SingleFlight
from mediacanon.database.changes import Change, ChangeListener
from mediacanon.http.compression import SMALLEST, compress, preferred_encoding
from mediacanon.http.conditional import entity_tag, has_tag
from mediacanon.http.exchange import exchange_of

log = logging.getLogger(__name__)

Headers = list[tuple[bytes, bytes]]
Make = Callable[[], Coroutine[Any, Any, "CachedResponse"]]

# Seconds: views leave the last seven days by themselves, and titles that lack facts of TMDB are asked for again.
MAX_AGE = 300.0
# Estimated overhead of an entry in bytes.
OVERHEAD = 2_000
# Characters: a response under a longer key is not stored.
LONGEST_KEY = 500
# Responses stored by version, one for each address of the server that clients use.
MOST_VERSIONED = 32
# Seconds a request waits for the new version of a response before it gets the stale one (RFC 5861).
STALE_WHILE_REVALIDATE = 0.3
# Seconds since a list was made: after the first, a stale one is made anew while it is served; after the second, it is
# not served.
FRESH_ENOUGH, LONGEST_STALE = 2.0, 10.0
# Lists made anew at the same time.
RENEWALS = 2
# Changes remembered. A response that was begun before the oldest of them is not stored.
MOST_CHANGES = 1_000
SOURCE = b"source="


class CacheKey(NamedTuple):
    """The key of a response. Scheme and host are empty in the key of a response that is the same at any origin."""

    scheme: str
    host: bytes
    path: str
    query: bytes

    @property
    def size(self) -> int:
        """Length of the address in characters."""
        return len(self.host) + len(self.path) + len(self.query)


def cache_key(scope: Scope, *, by_origin: bool = False) -> CacheKey:
    """Return the key of a request. A response that prints its own address is stored `by_origin`.

    `source` at the end of the query makes no difference to a response. A path with escapes counts as it was sent, too:
    some dialects tell an escaped slash from a slash.
    """
    path, query = scope["path"], scope["query_string"]
    sent = scope.get("raw_path") or b""
    if b"%" in sent:
        path = f"{path}?{sent.decode('latin-1')}"
    before, _, last = query.rpartition(b"&")
    if last.startswith(SOURCE):
        query = before
    if not by_origin:
        return CacheKey("", b"", path, query)
    host = next((value for name, value in scope["headers"] if name == b"host"), b"")
    return CacheKey(scope["scheme"], host, path, query)


@dataclass(slots=True, kw_only=True)
class CachedResponse:
    """A response as bytes, and an ASGI app that sends them."""

    body: bytes
    media_type: str
    headers: Mapping[str, str] = field(default_factory=dict)
    tags: frozenset[str]
    status: int = 200
    # The title whose view, and the collection whose click, this response counts as.
    view: int | None = None
    click: str | None = None
    # The route that metrics count a request by.
    route: str = ""
    # When it was begun: it shows every change that was committed before.
    made_at: float = 0.0
    tag: str = ""
    # The tags that a change can make stale: of columns and lists, not of titles.
    list_tags: tuple[str, ...] = field(default=(), init=False)
    _heads: Headers = field(default_factory=list)
    # Content encoding -> head and body.
    _versions: dict[str | None, tuple[Headers, bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.tag = self.tag or entity_tag(self.body)
        self.list_tags = tuple(tag for tag in self.tags if ":" not in tag)
        # The body of a redirect is empty at every address: its tag would hold when the way has changed.
        tag = {"etag": self.tag} if self.status == HTTPStatus.OK else {}
        heads = {**tag, "cache-control": "no-cache", "vary": "Accept-Encoding", **self.headers}
        self._heads = [(name.encode(), value.encode()) for name, value in heads.items()]

    def share(self, max_age: int) -> None:
        """Let shared caches store this response for so many seconds, 0 for none."""
        shared = {name.encode(): value.encode() for name, value in shared_headers(self.tags, max_age).items()}
        self._heads = [*(head for head in self._heads if head[0] not in shared), *shared.items()]

    @property
    def size(self) -> int:
        """Estimated bytes in memory: the compressed versions together are smaller than the body."""
        return 2 * len(self.body) + OVERHEAD

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's
        """Send the bytes in the encoding that the client prefers, or 304 where it has them already."""
        if exchange := exchange_of(scope):
            exchange.route, exchange.viewed = self.route or exchange.route, self
        accepted = known = b""
        for name, value in scope["headers"]:
            if name == b"accept-encoding":
                accepted = value
            elif name == b"if-none-match":
                known = known + b"," + value if known else value
        if known and self.status == HTTPStatus.OK and has_tag(known.decode("latin-1"), self.tag):
            await send({"type": "http.response.start", "status": 304, "headers": self._heads})
            await send({"type": "http.response.body"})
            return
        headers, body = self._version(accepted)
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
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


class _Entries(LRUCache[CacheKey, CachedResponse]):
    """The stored responses, indexed by their tags."""

    def __init__(self, most_bytes: int) -> None:
        super().__init__(most_bytes, getsizeof=lambda response: response.size)
        self._by_tag: dict[str, set[CacheKey]] = {}

    def __setitem__(self, key: CacheKey, response: CachedResponse) -> None:
        self.pop(key, None)
        super().__setitem__(key, response)
        for tag in response.tags:
            self._by_tag.setdefault(tag, set()).add(key)

    def __delitem__(self, key: CacheKey) -> None:
        # An eviction comes this way, too.
        for tag in Cache.__getitem__(self, key).tags:
            keys = self._by_tag[tag]
            keys.discard(key)
            if not keys:
                del self._by_tag[tag]
        super().__delitem__(key)

    def clear(self) -> None:
        super().clear()
        self._by_tag.clear()

    def drop(self, tags: Iterable[str]) -> None:
        """Remove the responses that carry one of these tags."""
        for key in {key for tag in tags for key in self._by_tag.get(tag, ())}:
            del self[key]


class _Begun(NamedTuple):
    """A response, and the number of changes that had been received when it was begun."""

    response: CachedResponse
    generation: int


class _Versioned(NamedTuple):
    """A response, and the version of the data it shows."""

    version: object
    response: CachedResponse


class ResponseCache:
    """The stored responses, bounded in bytes; the least recently used is evicted."""

    def __init__(
        self,
        *,
        most_bytes: int,
        max_age: float = MAX_AGE,
        patience: float = STALE_WHILE_REVALIDATE,
        shared_max_age: int = 0,
    ) -> None:
        self._entries = _Entries(most_bytes)
        self._versioned: LRUCache[CacheKey, _Versioned] = LRUCache(MOST_VERSIONED)
        self._flights: SingleFlight[CacheKey, _Begun] = SingleFlight(outlives_callers=True)
        self._renewals: SingleFlight[CacheKey, CachedResponse] = SingleFlight(outlives_callers=True)
        self._behind: SingleFlight[CacheKey, None] = SingleFlight(outlives_callers=True)
        self._max_age = max_age
        self._patience = patience
        self._shared_max_age = shared_max_age
        self._changes: ChangeListener | None = None
        # The number of changes received, and the last of them.
        self.generation = 0
        self._recent: deque[Change] = deque(maxlen=MOST_CHANGES)
        # The time of the last change that made the lists with a tag stale, and of the last of all.
        self._stale: LRUCache[str, float] = LRUCache(MOST_CHANGES)
        self._last_stale = -1.0

    @property
    def count(self) -> int:
        """Number of entries."""
        return len(self._entries)

    @property
    def size(self) -> int:
        """Estimated bytes of all entries."""
        return int(self._entries.currsize)

    @asynccontextmanager
    async def invalidated_by(self, changes: ChangeListener) -> AsyncIterator[None]:
        """Store responses while the block runs; outside of it none are."""
        self._changes = changes
        stop = changes.subscribe(self.invalidate)
        try:
            yield
        finally:
            stop()
            self._changes = None
            self._entries.clear()
            self._versioned.clear()
            await self._flights.close()
            await self._renewals.close()
            await self._behind.close()

    async def lookup(self, scope: Scope) -> CachedResponse | None:
        """Return the fresh stored response of a request, None where there is none."""
        key = cache_key(scope)
        if key not in self._entries:
            key = cache_key(scope, by_origin=True)
        return await self.get(key)

    async def get(self, key: CacheKey) -> CachedResponse | None:
        """Return a stored response as fresh as one made now, or a list that may be stale; None if there is none."""
        if self._changes is None or key not in self._entries or not await self._changes.catch_up():
            return None
        response = self._entries.get(key)
        if response is None:
            return None
        age = time.monotonic() - response.made_at
        if age > self._max_age or (age > LONGEST_STALE and self.is_stale(response)):
            del self._entries[key]
            return None
        return response

    def is_stale(self, response: CachedResponse) -> bool:
        """Return whether a change has made a list stale since it was begun."""
        made_at = response.made_at
        return self._last_stale >= made_at and any(self._stale.get(tag, -1.0) >= made_at for tag in response.list_tags)

    def renew(self, scope: Scope, response: CachedResponse, make: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Have a stale list made anew in the background, each one once at a time; do nothing for other responses."""
        if (
            time.monotonic() - response.made_at > FRESH_ENOUGH
            and len(self._behind) < RENEWALS
            and self.is_stale(response)
        ):
            self._behind.start(cache_key(scope), make)

    async def get_or_create(self, key: CacheKey, make: Make) -> CachedResponse:
        """Return the response of `make` and store it; concurrent callers share it where no change has come between.

        Raises the exception of `make`, of any of these callers: it is as fresh as one's own.
        """
        if self._changes is None or not self._entries.maxsize:
            return await self._shared(make)
        if key in self._flights:
            if not await self._changes.catch_up():
                return await self._shared(make)
            if (known := self._entries.get(key)) is not None and not self.is_stale(known):
                return known
        received = self.generation
        while True:
            begun = await self._flights.do(key, partial(self._make, key, make))
            if not self._is_changed(begun.response.tags, begun.generation, received):
                return begun.response

    async def _make(self, key: CacheKey, make: Make) -> _Begun:
        generation, began = self.generation, time.monotonic()
        response = await self._shared(make)
        response.made_at = began
        self.store(key, response, generation)
        return _Begun(response, generation)

    async def _shared(self, make: Make) -> CachedResponse:
        response = await make()
        if self._shared_max_age:
            response.share(self._shared_max_age)
        return response

    def _is_changed(self, tags: AbstractSet[str], since: int, until: int) -> bool:
        """Return whether a change with one of the tags came after the first `since` and is among the first `until`."""
        if since >= until:
            return False
        oldest = self.generation - len(self._recent)
        if since < oldest:
            return True
        return any(change.touches(tags) for change in islice(self._recent, since - oldest, until - oldest))

    def store(self, key: CacheKey, response: CachedResponse, generation: int) -> None:
        """Store a response, unless a change with one of its tags came since the `generation` at which it was begun."""
        if self._changes is None or self._is_changed(response.tags, generation, self.generation):
            return
        if key.size > LONGEST_KEY or response.size > self._entries.maxsize:
            return
        self._entries[key] = response

    async def get_version(self, key: CacheKey, version: object, make: Make) -> CachedResponse:
        """Return the response that shows this version of its data; the stale one while a new one takes too long.

        Tags do not matter here: the caller knows the version, and that it is fresh.
        """
        known = self._versioned.get(key)
        if known and known.version is version:
            return known.response
        renew = partial(self._renew, key, version, make)
        if known is None:
            return await self._renewals.do(key, renew)
        renewal = self._renewals.start(key, renew)
        await asyncio.wait([renewal], timeout=self._patience)
        return known.response if not renewal.done() or renewal.exception() else renewal.result()

    async def _renew(self, key: CacheKey, version: object, make: Make) -> CachedResponse:
        response = await self._shared(make)
        if key.size <= LONGEST_KEY:
            self._versioned[key] = _Versioned(version, response)
        return response

    def invalidate(self, change: Change) -> None:
        """Drop the responses that a change invalidates, and note the lists that it makes stale."""
        self.generation += 1
        self._recent.append(change)
        now = time.monotonic()
        if change.stale:
            self._last_stale = now
        for tag in change.stale:
            self._stale[tag] = now
        if change.is_everything:
            self._entries.clear()
        else:
            self._entries.drop(change.tags)

    def drop(self, tags: AbstractSet[str]) -> None:
        """Drop the responses that carry one of these tags."""
        self.invalidate(Change(frozenset(tags)))

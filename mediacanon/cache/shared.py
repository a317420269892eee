"""Shared caches in front of the servers: the responses they may store, and those they must forget.

A response names its tags in Cache-Tag and Surrogate-Key, as Fastly, Cloudflare and Varnish's xkey read them. A change
of the catalogue sends its tags to the caches, with the method PURGE.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import httpx

from mediacanon.database.changes import ALL, Change, ChangeListener
from mediacanon.http.retries import backoff
from mediacanon.settings import proxy_for

log = logging.getLogger(__name__)

# Characters of tags in a header: Varnish takes 8 KB, many proxies no more for a whole head.
LONGEST_TAGS = 4_000
# Tags to be purged together; beyond, everything is purged.
MOST_TAGS = 2_000
# Seconds until tags are purged again: a response under way may show the row of before and arrive after the purge.
AGAIN = 1.0
# Seconds that a cache has for a purge, and the first and longest pause between two attempts.
PATIENCE = 5.0
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 10.0


def shared_headers(tags: AbstractSet[str], max_age: int) -> dict[str, str]:
    """Return the headers that let shared caches store a response for `max_age` seconds; none if its tags are too long.

    Then it may be served for as long again while it is fetched anew (RFC 5861).
    """
    named = sorted({*tags, ALL})
    if not max_age or len(" ".join(named)) > LONGEST_TAGS:
        return {}
    return {
        "cache-control": f"public, s-maxage={max_age}, stale-while-revalidate={max_age}",
        "cache-tag": ",".join(named),
        "surrogate-key": " ".join(named),
    }


class Purges:
    """The purges of the caches at `urls`, one after the other; a failed one is tried again until it succeeds."""

    def __init__(self, urls: Sequence[str]) -> None:
        self._urls = urls
        # Tags that have changed, and tags that are purged once more.
        self._changed: set[str] = set()
        self._repeated: set[str] = set()
        self._has_tags = asyncio.Event()

    @asynccontextmanager
    async def following(self, changes: ChangeListener) -> AsyncIterator[None]:
        """Purge changed responses while the block runs."""
        if not self._urls:
            yield
            return
        stop = changes.subscribe(self._note)
        task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            stop()
            task.cancel()
            await asyncio.wait([task])

    def _note(self, change: Change) -> None:
        self._add(self._changed, change.tags)

    def _add(self, pending: set[str], tags: AbstractSet[str]) -> None:
        pending |= tags
        if ALL in pending or len(pending) > MOST_TAGS:
            pending.clear()
            pending.add(ALL)
        if pending:
            self._has_tags.set()

    async def _run(self) -> None:
        clients = [httpx.AsyncClient(timeout=PATIENCE, proxy=proxy_for(url), trust_env=False) for url in self._urls]
        try:
            while True:
                await self._has_tags.wait()
                self._has_tags.clear()
                changed, repeated = self._changed, self._repeated
                self._changed, self._repeated = set(), set()
                for url, client in zip(self._urls, clients, strict=True):
                    await _purge(client, url, changed | repeated)
                if changed:
                    asyncio.get_running_loop().call_later(AGAIN, self._add, self._repeated, changed)
        finally:
            await asyncio.gather(*(client.aclose() for client in clients))


async def _purge(client: httpx.AsyncClient, url: str, tags: AbstractSet[str]) -> None:
    """Purge the responses with these tags, retried until the cache has done it."""
    for headers in _headers({ALL} if ALL in tags else tags):
        for attempt, pause in enumerate(backoff(FIRST_PAUSE, LONGEST_PAUSE)):
            try:
                (await client.request("PURGE", url, headers=headers)).raise_for_status()
                break
            except httpx.HTTPError as error:
                if not attempt:
                    host = urlsplit(url).netloc.rpartition("@")[2]
                    log.warning("The shared cache %s was not purged, and is tried again: %s", host, _reason(error))
                await asyncio.sleep(pause)


def _reason(error: httpx.HTTPError) -> str:
    """Return the reason of a failure without the URL, which may hold a password."""
    return f"status {error.response.status_code}" if isinstance(error, httpx.HTTPStatusError) else type(error).__name__


def _headers(tags: Iterable[str]) -> Iterator[dict[str, str]]:
    """Yield the headers of the purges of these tags, each of them short enough."""
    pending: list[str] = []
    length = 0
    for tag in sorted(tags):
        if pending and length + len(tag) > LONGEST_TAGS:
            yield _named(pending)
            pending, length = [], 0
        pending.append(tag)
        length += len(tag) + 1
    yield _named(pending)


def _named(tags: Sequence[str]) -> dict[str, str]:
    return {"cache-tag": ",".join(tags), "surrogate-key": " ".join(tags)}

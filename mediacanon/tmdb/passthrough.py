"""Pass-through: TMDB's replies to questions that the catalogue cannot answer, so that many programs share one key.

A reply is requested once for all who ask at the same time, in the turn of all requests of this process, and kept in
memory for a day. TMDB's terms allow six months. Only reads of public data pass: the key may belong to a person, whose
account and sessions are not for everybody.
"""

import asyncio
import logging
import re
from collections.abc import Mapping
from functools import partial
from typing import Any

import orjson
from cachetools import TLRUCache

from mediacanon.cache.single_flight import SingleFlight
from mediacanon.errors import UpstreamUnavailable
from mediacanon.tmdb.client import TmdbClient

log = logging.getLogger(__name__)

# Seconds: a reply, and the knowledge that TMDB has none.
TTL, TTL_MISSING = 86_400.0, 3_600.0
MOST_BYTES = 32_000_000
# Estimated overhead of a reply in bytes.
OVERHEAD = 500
# Seconds that a caller waits; the request goes on.
WAIT = 8.0
# Beyond so many requests under way one more would come too late.
MOST_PENDING = 100
MOST_PARAMETERS, LONGEST_TEXT = 40, 500
_NOUNS = "movie|tv|person|collection|company|network|keyword|review|credit|find|search|discover|trending|genre"
_PUBLIC = re.compile(rf"/(?:{_NOUNS}|certification|watch|configuration)(?:/[A-Za-z0-9_-]{{1,100}}){{0,8}}")
_PRIVATE = re.compile(r"/(?:account_states|rating)(?:/|$)")
_NAME = re.compile(r"[a-z0-9_.]{1,50}")
# Credentials, and JSONP.
_DROPPED = frozenset({"api_key", "session_id", "guest_session_id", "request_token", "access_token", "callback"})

Key = tuple[str, tuple[tuple[str, str], ...]]


class Passthrough:
    """Fetches and keeps replies of TMDB over a client, whose limits they share."""

    def __init__(self, client: TmdbClient, *, most_bytes: int = MOST_BYTES, wait: float = WAIT) -> None:
        self._client = client
        self._wait = wait
        # Path and parameters -> the reply; empty: TMDB has none.
        self._kept: TLRUCache[Key, bytes] = TLRUCache(
            most_bytes,
            ttu=lambda _, body, now: now + (TTL if body else TTL_MISSING),
            getsizeof=lambda body: OVERHEAD + len(body),
        )
        self._flights: SingleFlight[Key, bytes] = SingleFlight(outlives_callers=True)

    async def fetch(self, path: str, params: Mapping[str, str]) -> Any:  # noqa: ANN401 - any JSON
        """Return TMDB's JSON at a path such as /movie/603; None where it has none, gives none in time, or may not.

        Credentials among the parameters are dropped. Never raises because of TMDB.
        """
        if not _PUBLIC.fullmatch(path) or _PRIVATE.search(path):
            return None
        asked = {name: text for name, text in params.items() if name not in _DROPPED}
        is_sane = all(_NAME.fullmatch(name) and len(text) <= LONGEST_TEXT for name, text in asked.items())
        if not is_sane or len(asked) > MOST_PARAMETERS:
            return None
        key = path, tuple(sorted(asked.items()))
        body = self._kept.get(key)
        if body is None:
            body = await self._wait_for(key)
        return orjson.loads(body) if body else None

    async def close(self) -> None:
        """Cancel every request."""
        await self._flights.close()

    async def _wait_for(self, key: Key) -> bytes:
        """Return the body of a reply, empty for none."""
        is_busy = key not in self._flights and len(self._flights) >= MOST_PENDING
        if is_busy or not self._client.is_available:
            return b""
        task = self._flights.start(key, partial(self._request, key))
        done, _ = await asyncio.wait({task}, timeout=self._wait)
        return task.result() if done else b""

    async def _request(self, key: Key) -> bytes:
        path, params = key
        try:
            reply = await self._client.reply(path, dict(params))
        except UpstreamUnavailable as error:
            log.debug("TMDB has not answered %s: %s", path, error)
            return b""
        body = b"" if reply is None else orjson.dumps(reply)
        if OVERHEAD + len(body) <= self._kept.maxsize:
            self._kept[key] = body
        return body

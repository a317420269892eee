"""Asks TMDB: find by IMDb id, movie, show, season, episode; within its limits, patiently."""

import asyncio
import logging
import random
from collections.abc import Callable, Mapping
from functools import partial
from http import HTTPStatus
from types import TracebackType
from typing import Self, TypeVar

import httpx
import orjson

from mediacanon.errors import UpstreamUnavailable
from mediacanon.http.retries import retry_after
from mediacanon.tmdb.pacing import CircuitBreaker, RequestPacer
from mediacanon.tmdb.replies import (
    IMDB_ID,
    Details,
    EpisodeDetails,
    Found,
    Kind,
    MalformedReply,
    Season,
    parse_details,
    parse_episode,
    parse_found,
    parse_season,
)
from mediacanon.tmdb.transport import TmdbTransport

T = TypeVar("T")
log = logging.getLogger(__name__)

# TMDB allows about 50 requests a second and 20 connections per address.
REQUESTS_PER_SECOND = 40.0
CONNECTIONS = 20
RETRIES = 2
RETRIES_WHEN_BUSY = 5
FAILURES_TO_GIVE_UP = 8
PAUSE_SECONDS = 60.0
# Seconds: a question sits out a pause of that length, holding what it holds; of a longer one whoever asks is told.
LONGEST_WAIT = 2.0


class InvalidApiKey(UpstreamUnavailable):
    """TMDB refuses the key: check TMDB_API_KEY."""


class CircuitOpen(UpstreamUnavailable):
    """TMDB has not answered lately and is left alone for a minute."""


class Throttled(CircuitOpen):
    """TMDB is asked too often and wants to be left alone for a while."""


class _BusyError(Exception):
    """TMDB asks for a pause of so many seconds; None: of no certain length."""

    def __init__(self, retry_after: float | None) -> None:
        self.retry_after = retry_after


class _AttemptError(Exception):
    """Worth another attempt."""


class TmdbClient:
    """A conversation with TMDB; one a process, so that its limits hold.

    Every question raises UpstreamUnavailable (InvalidApiKey, CircuitOpen, MalformedReply are its kinds)
    when no usable answer was had; None and empty answers are TMDB's own.
    """

    def __init__(  # noqa: PLR0913 - limits, each with its default
        self,
        key: str,
        *,
        base_url: str = "https://api.themoviedb.org",
        per_second: float = REQUESTS_PER_SECOND,
        connections: int = CONNECTIONS,
        timeout: float = 5.0,
        backoff: float = 0.5,
        failures_to_give_up: int = FAILURES_TO_GIVE_UP,
        pause: float = PAUSE_SECONDS,
        longest_wait: float = LONGEST_WAIT,
    ) -> None:
        self._http = TmdbTransport(key, base_url=f"{base_url}/3", connections=connections, timeout=timeout)
        self._backoff = backoff
        self._rate = RequestPacer(per_second)
        self.pause = pause
        self._longest_wait = longest_wait
        self._breaker = CircuitBreaker(failures=failures_to_give_up, pause=pause)
        self._key_refused = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    @property
    def is_key_refused(self) -> bool:
        """Whether TMDB has said the key is wrong: nothing more will be asked."""
        return self._key_refused

    @property
    def seconds_to_wait(self) -> float:
        """How long TMDB is left alone, after too many failures or because it said so; 0: it may be asked."""
        return max(self._breaker.seconds_left, self._rate.seconds_held)

    @property
    def may_ask(self) -> bool:
        """Whether a question would be sent right now."""
        return not self._key_refused and not self.seconds_to_wait

    async def find(self, imdb_id: str) -> Found:
        """Return what TMDB lists under an IMDb id; nothing for an id of another form."""
        if not IMDB_ID.fullmatch(imdb_id):
            return Found()
        params = {"external_source": "imdb_id"}
        found = await self._ask(f"/find/{imdb_id}", parse_found, params)
        if found is None:
            # TMDB answers unknown ids with empty lists; a 404 here comes from somebody else.
            raise MalformedReply
        return found

    async def details(self, kind: Kind, tmdb_id: int) -> Details | None:
        """Return a movie or show in full, with its IMDb id; None: TMDB has no such id."""
        # A show's answer names its IMDb id only when asked for.
        params = {"append_to_response": "external_ids"} if kind == "tv" else {}
        return await self._ask(f"/{kind}/{tmdb_id}", partial(parse_details, kind=kind), params)

    async def season(self, tmdb_id: int, season: int) -> Season | None:
        """Return all episodes of a season of a show; None: TMDB has no such season."""
        return await self._ask(f"/tv/{tmdb_id}/season/{season}", parse_season)

    async def episode(self, tmdb_id: int, season: int, episode: int) -> EpisodeDetails | None:
        """Return one episode; None: TMDB has no such episode."""
        path = f"/tv/{tmdb_id}/season/{season}/episode/{episode}"
        return await self._ask(path, parse_episode)

    async def _ask(self, path: str, parse: Callable[[object], T], params: Mapping[str, str] | None = None) -> T | None:
        """Return the parsed answer, None for a 404, after as many attempts as are decent."""
        failed = busy = 0
        while True:
            await self._turn()
            try:
                answer = await self._attempt(path, params or {})
                reply = None if answer is None else parse(answer)
            except _BusyError as error:
                busy += 1
                self._rate.hold(error.retry_after or self._pause_after(busy))
                if busy > RETRIES_WHEN_BUSY:
                    self._breaker.failed()
                    raise UpstreamUnavailable("TMDB is asked too often") from None
            except _AttemptError as error:
                failed += 1
                self._breaker.failed()
                if failed > RETRIES:
                    raise UpstreamUnavailable(f"TMDB does not answer: {error}") from None
                await asyncio.sleep(self._pause_after(failed))
            except UpstreamUnavailable:
                self._breaker.failed()
                raise
            else:
                self._breaker.succeeded()
                return reply

    async def _turn(self) -> None:
        """Return when a request may be sent; a long wait in the queue may end with no."""
        self._refuse()
        while not await self._rate.wait():
            self._refuse()
        self._refuse()

    def _refuse(self) -> None:
        if self._key_refused:
            raise InvalidApiKey
        if self._breaker.seconds_left:
            raise CircuitOpen
        if self._rate.seconds_held > self._longest_wait:
            raise Throttled

    async def _attempt(self, path: str, params: Mapping[str, str]) -> object:
        """Send one request and return its JSON; None for TMDB's own 404."""
        try:
            response = await self._http.get(path, params)
        except (httpx.HTTPError, TimeoutError) as error:
            raise _AttemptError(type(error).__name__) from None
        match response.status_code:
            case HTTPStatus.OK:
                return _json(response)
            case HTTPStatus.NOT_FOUND:
                # The 404 page of something in between is no word of TMDB's.
                if not isinstance(_json(response), dict):
                    raise MalformedReply
                return None
            case HTTPStatus.UNAUTHORIZED:
                self._turn_off()
                raise InvalidApiKey
            case HTTPStatus.TOO_MANY_REQUESTS:
                raise _BusyError(retry_after(response.headers))
            case status if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise _AttemptError(f"status {status}")
            case status:
                raise UpstreamUnavailable(f"TMDB answers with status {status}")

    def _turn_off(self) -> None:
        if not self._key_refused:
            self._key_refused = True
            log.error("TMDB refuses the key in TMDB_API_KEY: posters and synopses are off until restart")

    def _pause_after(self, attempts: int) -> float:
        """Return seconds: doubling with every attempt, jittered so that nobody marches in step."""
        jitter = random.uniform(0.5, 1.5)  # noqa: S311 - no secret
        return float(self._backoff * 2 ** (attempts - 1) * jitter)


def _json(response: httpx.Response) -> object:
    try:
        return orjson.loads(response.content)
    except orjson.JSONDecodeError:
        raise MalformedReply from None

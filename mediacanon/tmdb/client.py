"""Client of TMDB: find by IMDb id, movie, show, season, episode and person, within TMDB's limits and with retries."""

import asyncio
import logging
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from types import TracebackType
from typing import Self, TypeVar

import httpx
import orjson

from mediacanon.errors import UpstreamUnavailable
from mediacanon.http import retries
from mediacanon.tmdb.languages import normalized
from mediacanon.tmdb.pacing import CircuitBreaker, RequestPacer
from mediacanon.tmdb.replies import (
    IMDB_ID,
    Details,
    EpisodeDetails,
    FindResults,
    FranchiseDetails,
    MalformedReply,
    MediaType,
    PersonDetails,
    Season,
    parse_details,
    parse_episode,
    parse_find_results,
    parse_franchise,
    parse_person,
    parse_season,
)
from mediacanon.tmdb.transport import Reply, TmdbTransport

T = TypeVar("T")
log = logging.getLogger(__name__)

# TMDB allows about 50 requests a second and 20 connections per address.
REQUESTS_PER_SECOND = 40.0
CONNECTIONS = 20
# Replies that come with that for a movie or show, in one request.
APPENDED: dict[MediaType, str] = {
    "movie": "external_ids,keywords,release_dates,videos",
    "tv": "content_ratings,external_ids,keywords,videos",
}
RETRIES = 2
RETRIES_WHEN_BUSY = 5
FAILURES_TO_GIVE_UP = 8
PAUSE_SECONDS = 60.0
# Seconds: a request waits for the end of a pause of that length, holding its connection or lock; a longer pause is an
# error.
LONGEST_WAIT = 2.0


class InvalidApiKey(UpstreamUnavailable):
    """TMDB refuses the key: check TMDB_API_KEY."""


class CircuitOpen(UpstreamUnavailable):
    """TMDB has not answered lately and is left alone for a minute."""


class Throttled(CircuitOpen):
    """TMDB is asked too often and wants to be left alone for a while."""


class _BusyError(Exception):
    """TMDB asks for a pause in seconds; None: of no certain length."""

    def __init__(self, retry_after: float | None) -> None:
        self.retry_after = retry_after


class _AttemptError(Exception):
    """A failed attempt that is worth a retry."""


class TmdbClient:
    """A client of TMDB; one per process, so that its limits hold.

    Every request raises UpstreamUnavailable (InvalidApiKey, CircuitOpen and MalformedReply are its kinds) if TMDB gave
    no usable reply; None and empty results are TMDB's own.
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
        languages: Sequence[str] = ("en",),
    ) -> None:
        self._http = TmdbTransport(key, base_url=f"{base_url}/3", connections=connections, timeout=timeout)
        self._backoff = backoff
        self._pacer = RequestPacer(per_second)
        self.pause = pause
        self._longest_wait = longest_wait
        self._breaker = CircuitBreaker(failures=failures_to_give_up, pause=pause)
        self._key_refused = False
        self._last_failure = "no reason known"
        self._languages = list(dict.fromkeys(tag for language in languages if (tag := normalized(language))))
        self._append = {media_type: _appended(parts, self._languages) for media_type, parts in APPENDED.items()}

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
        """True after TMDB refused the key: no further request is sent."""
        return self._key_refused

    @property
    def seconds_to_wait(self) -> float:
        """Seconds until the next request may be sent, after many failures or a 429; 0: now."""
        return max(self._breaker.seconds_left, self._pacer.seconds_held)

    @property
    def is_available(self) -> bool:
        """True if a request would be sent right now."""
        return not self._key_refused and not self.seconds_to_wait

    async def find(self, imdb_id: str) -> FindResults:
        """Return the titles and people TMDB lists under an IMDb id; none for an id of another form."""
        if not IMDB_ID.fullmatch(imdb_id):
            return FindResults()
        params = {"external_source": "imdb_id"}
        results = await self._request(f"/find/{imdb_id}", parse_find_results, params)
        if results is None:
            # TMDB answers unknown ids with empty lists; a 404 here comes from a server in between.
            raise MalformedReply
        return results

    async def details(self, media_type: MediaType, tmdb_id: int) -> Details | None:
        """Return a movie or show in full, with its IMDb id and its further facts; None: TMDB has no such id."""
        parse = partial(parse_details, media_type=media_type, languages=self._languages)
        return await self._request(f"/{media_type}/{tmdb_id}", parse, self._append[media_type])

    async def season(self, tmdb_id: int, season: int) -> Season | None:
        """Return all episodes of a season of a show; None: TMDB has no such season."""
        return await self._request(f"/tv/{tmdb_id}/season/{season}", parse_season)

    async def episode(self, tmdb_id: int, season: int, episode: int) -> EpisodeDetails | None:
        """Return one episode; None: TMDB has no such episode."""
        path = f"/tv/{tmdb_id}/season/{season}/episode/{episode}"
        return await self._request(path, parse_episode)

    async def franchise(self, franchise_id: int) -> FranchiseDetails | None:
        """Return a franchise with its films; None: TMDB has no such collection."""
        return await self._request(f"/collection/{franchise_id}", parse_franchise)

    async def person(self, tmdb_id: int) -> PersonDetails | None:
        """Return a person; None: TMDB has no such person."""
        return await self._request(f"/person/{tmdb_id}", parse_person)

    async def reply(self, path: str, params: Mapping[str, str]) -> object:
        """Return the JSON of a reply to any path as it is; None: TMDB has nothing there."""
        return await self._request(path, _as_it_is, params)

    async def _request(
        self, path: str, parse: Callable[[object], T], params: Mapping[str, str] | None = None
    ) -> T | None:
        """Return the parsed reply, None for a 404, after a bounded number of attempts."""
        failed = busy = 0
        after_failure, when_busy = self._pauses(), self._pauses()
        while True:
            await self._wait_for_turn()
            try:
                reply = await self._attempt(path, params or {})
                parsed = None if reply is None else parse(reply)
            except _BusyError as error:
                busy += 1
                pause = next(when_busy)
                self._pacer.hold(error.retry_after or pause)
                if busy > RETRIES_WHEN_BUSY:
                    self._breaker.failed()
                    raise UpstreamUnavailable("TMDB is asked too often") from None
            except _AttemptError as error:
                failed += 1
                self._last_failure = str(error)
                self._breaker.failed()
                if failed > RETRIES:
                    raise UpstreamUnavailable(f"TMDB does not answer: {error}") from None
                await asyncio.sleep(next(after_failure))
            except UpstreamUnavailable as error:
                self._last_failure = str(error)
                self._breaker.failed()
                raise
            else:
                self._breaker.succeeded()
                return parsed

    async def _wait_for_turn(self) -> None:
        """Return when a request may be sent; raise if it may not, also after a wait in the queue."""
        self._check_available()
        while not await self._pacer.wait():
            self._check_available()
        self._check_available()

    def _check_available(self) -> None:
        if self._key_refused:
            raise InvalidApiKey
        if self._breaker.seconds_left:
            raise CircuitOpen(f"{CircuitOpen().message.rstrip('.')}: {self._last_failure}")
        if self._pacer.seconds_held > self._longest_wait:
            raise Throttled

    async def _attempt(self, path: str, params: Mapping[str, str]) -> object:
        """Send one request and return its JSON; None for TMDB's own 404."""
        try:
            response = await self._http.get(path, params)
        except (httpx.HTTPError, TimeoutError) as error:
            raise _AttemptError(_reason(error)) from None
        match response.status_code:
            case HTTPStatus.OK:
                return _json(response)
            case HTTPStatus.NOT_FOUND:
                # TMDB's own 404 is JSON; a proxy's error page says nothing about the id.
                if not isinstance(_json(response), dict):
                    raise MalformedReply
                return None
            case HTTPStatus.UNAUTHORIZED:
                self._turn_off()
                raise InvalidApiKey
            case HTTPStatus.TOO_MANY_REQUESTS:
                raise _BusyError(retries.retry_after(response.headers))
            case status if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise _AttemptError(f"status {status}")
            case status:
                raise UpstreamUnavailable(f"TMDB answers with status {status}")

    def _turn_off(self) -> None:
        if not self._key_refused:
            self._key_refused = True
            log.error("TMDB refuses the key in TMDB_API_KEY: posters and synopses are off until restart")

    def _pauses(self) -> Iterator[float]:
        """Yield the pauses between attempts in seconds, with jitter: concurrent requests must not retry at once."""
        for pause in retries.backoff(self._backoff, PAUSE_SECONDS):
            yield pause * random.uniform(0.5, 1.5)  # noqa: S311 - no secret


def _appended(parts: str, languages: Sequence[str]) -> dict[str, str]:
    """Return the parameters for appended replies: English texts are in every reply, others in its translations."""
    if set(languages) <= {"en"}:
        return {"append_to_response": parts}
    codes = dict.fromkeys(["en", *(language.partition("-")[0] for language in languages), "null"])
    return {"append_to_response": f"{parts},translations", "include_video_language": ",".join(codes)}


def _as_it_is(reply: object) -> object:
    if not isinstance(reply, dict | list):
        raise MalformedReply
    return reply


def _json(response: Reply) -> object:
    try:
        return orjson.loads(response.content)
    except orjson.JSONDecodeError:
        raise MalformedReply from None


def _reason(error: Exception) -> str:
    """Return the reason of a failed attempt. Of most exceptions only the name: a text may quote the key's header."""
    name = type(error).__name__
    return f"{name}: {error}" if isinstance(error, httpx.ConnectError | httpx.ProxyError) and str(error) else name

"""Stills, synopses, air dates and runtimes of a show's episodes: one request a season."""

import asyncio
from collections import defaultdict
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeVar

import asyncpg

from mediacanon.database.changes import notify_title
from mediacanon.errors import UpstreamUnavailable
from mediacanon.tmdb.client import TmdbClient
from mediacanon.tmdb.replies import EpisodeDetails, Season

T = TypeVar("T")

NO_STILL = "TMDB_NOT_FOUND_DO_NOT_RETRY"
STILL_SIZE = "w400"
AT_ONCE = 5
# For episodes a season's answer lacks: TMDB knows few of them, we may have hundreds.
MOST_SINGLE_REQUESTS = 10


def _lacks(column: str, nothing: str) -> str:
    """Return the SQL that tells whether an episode lacks a fact; what a person took away it does not lack."""
    return f"({nothing} AND '{column}' <> ALL (COALESCE(e.locked_fields, '{{}}')))"


LACKS = {
    "image_url": f"COALESCE(e.image_url, '') IN ('', '{NO_STILL}')",
    "air_date": "e.air_date IS NULL",
    "synopsis": "e.synopsis IS NULL",
    "runtime_minutes": "e.runtime_minutes IS NULL",
}
LACKS_SOMETHING = f"({' OR '.join(_lacks(column, nothing) for column, nothing in LACKS.items())})"

EPISODES_OF_SHOW = f"""
SELECT e.id AS episode_id, s.season, e.episode AS number, {LACKS_SOMETHING} AS is_lacking,
       {_lacks("image_url", "COALESCE(e.image_url, '') = ''")} AS is_new
  FROM shows w
  JOIN show_seasons s ON s.show_id = w.id
  JOIN show_episodes e ON e.season_id = s.id
 WHERE w.title_id = $1::integer
 ORDER BY s.season, e.episode
"""


def _unless_locked(column: str, value: str) -> str:
    """Return the SQL of a column's next value: what a person entered stays."""
    return f"CASE WHEN '{column}' = ANY (e.locked_fields) THEN e.{column} ELSE {value} END AS {column}"


NEXT_FACTS = {
    "image_url": f"COALESCE(f.image_url, NULLIF(e.image_url, ''), '{NO_STILL}')",
    "air_date": "COALESCE(f.air_date, e.air_date)",
    "runtime_minutes": "COALESCE(f.runtime_minutes, e.runtime_minutes)",
    "synopsis": "COALESCE(f.synopsis, e.synopsis)",
    "display_name": "COALESCE(NULLIF(e.display_name, ''), f.name, e.display_name)",
}

STORE_EPISODES = f"""
UPDATE show_episodes e
   SET image_url = next.image_url, air_date = next.air_date, runtime_minutes = next.runtime_minutes,
       synopsis = next.synopsis, display_name = next.display_name
  FROM (SELECT e.id, {", ".join(_unless_locked(column, value) for column, value in NEXT_FACTS.items())}
          FROM unnest($1::integer[], $2::text[], $3::date[], $4::integer[], $5::text[], $6::text[])
               AS f (episode_id, image_url, air_date, runtime_minutes, synopsis, name)
          JOIN show_episodes e ON e.id = f.episode_id
         ORDER BY e.id
           FOR UPDATE OF e) AS next
 WHERE e.id = next.id
   AND (e.image_url, e.air_date, e.runtime_minutes, e.synopsis, e.display_name)
       IS DISTINCT FROM
       (next.image_url, next.air_date, next.runtime_minutes, next.synopsis, next.display_name)
RETURNING e.id AS episode_id
"""

EPISODES_CHECKED = "UPDATE titles SET episodes_checked_at = now() WHERE id = $1::integer RETURNING id AS title_id"


@dataclass(frozen=True, slots=True)
class OurEpisode:
    """An episode of ours: whether it lacks something, and whether its still was never asked for."""

    episode_id: int
    season: int
    number: int
    is_lacking: bool
    is_new: bool


class SeasonScope(Enum):
    """Which seasons of a show are asked for; those with an episode that lacks something in any case."""

    LACKING = "those alone"
    NEWEST = "the newest as well"
    ALL = "all of them"


@dataclass(slots=True)
class Answers:
    """What TMDB said by our episode id (None: it does not know it), and the first failure."""

    episodes: dict[int, EpisodeDetails | None] = field(default_factory=dict)
    failure: UpstreamUnavailable | None = None


async def enrich_episodes(
    pool: asyncpg.Pool,
    client: TmdbClient,
    *,
    title_id: int,
    tmdb_id: int,
    image_base_url: str,
    extent: SeasonScope = SeasonScope.LACKING,
) -> int:
    """Fetch and store what the episodes of a show lack, and what is new of those asked for; return how many changed.

    Raises UpstreamUnavailable where a season could not be had; the others are stored all the same,
    and the show is not marked as checked.
    """
    rows = await pool.fetch(EPISODES_OF_SHOW, title_id)
    answers = await EpisodeFetch(client, tmdb_id, (OurEpisode(**row) for row in rows)).run(extent)
    columns = [_columns(*item, image_base_url) for item in answers.episodes.items()]
    async with pool.acquire() as connection, connection.transaction():
        changed = await _store(connection, columns)
        if changed:
            await notify_title(connection, title_id)
        if not answers.failure:
            await connection.execute(EPISODES_CHECKED, title_id)
    if answers.failure:
        raise answers.failure
    return changed


async def _store(connection: asyncpg.pool.PoolConnectionProxy, columns: list[tuple[object, ...]]) -> int:
    if not columns:
        return 0
    return len(await connection.fetch(STORE_EPISODES, *zip(*columns, strict=True)))


def _columns(episode_id: int, details: EpisodeDetails | None, image_base_url: str) -> tuple[object, ...]:
    if details is None:
        return (episode_id, None, None, None, None, None)
    still = details.still_path and f"{image_base_url}/{STILL_SIZE}{details.still_path}"
    return (
        episode_id,
        still,
        details.air_date,
        details.runtime_minutes,
        details.synopsis,
        details.name,
    )


class EpisodeFetch:
    """One round of questions about the episodes of one show."""

    def __init__(self, client: TmdbClient, tmdb_id: int, episodes: Iterable[OurEpisode]) -> None:
        self._client = client
        self._tmdb_id = tmdb_id
        self._at_once = asyncio.Semaphore(AT_ONCE)
        self._seasons: dict[int, list[OurEpisode]] = defaultdict(list)
        for episode in episodes:
            self._seasons[episode.season].append(episode)
        self._replies: dict[int, Season | None] = {}
        self.answers = Answers()

    async def run(self, extent: SeasonScope) -> Answers:
        """Return what TMDB says of the seasons that are asked for, and what failed."""
        asked = [number for number in self._seasons if self._is_within(extent, number)]
        await self._ask_seasons(asked)
        for number in asked:
            if reply := self._replies.get(number):
                self._note(self._seasons[number], reply)
        await self._read_as_one_long_season()
        await self._ask_singly()
        return self.answers

    def _is_within(self, extent: SeasonScope, number: int) -> bool:
        return (
            extent is SeasonScope.ALL
            or (extent is SeasonScope.NEWEST and number == max(self._seasons))
            or any(episode.is_lacking for episode in self._seasons[number])
        )

    async def _ask_seasons(self, numbers: Iterable[int]) -> None:
        client, tmdb_id = self._client, self._tmdb_id
        calls = {number: client.season(tmdb_id, number) for number in numbers}
        replies = await self._together(calls)
        self._replies |= {number: reply if self._is_ours(number, reply) else None for number, reply in replies.items()}

    def _is_ours(self, number: int, reply: Season | None) -> bool:
        """Return whether a season of TMDB's is that of ours: a later one without any number of ours is not."""
        return number <= 1 or reply is None or any(one.number in reply.episodes for one in self._seasons[number])

    def _note(self, ours: list[OurEpisode], reply: Season | None, *, first: int = 0) -> None:
        episodes = reply.episodes if reply else {}
        self.answers.episodes |= {one.episode_id: episodes.get(first + one.number) for one in ours}

    async def _read_as_one_long_season(self) -> None:
        """Look for seasons TMDB lacks, or counts otherwise, in its season 1, under absolute numbers."""
        missing = [number for number, reply in self._replies.items() if reply is None]
        if any(number > 1 for number in missing) and 1 not in self._replies:
            await self._ask_seasons([1])
        if 1 not in self._replies:
            missing = [number for number in missing if number < 1]
        for number in missing:
            before = [n for n in self._seasons if 0 < n < number]
            first = sum(len(self._seasons[n]) for n in before)
            reply = self._replies.get(1) if number > 1 else None
            self._note(self._seasons[number], reply, first=first)

    async def _ask_singly(self) -> None:
        """Ask for new episodes that a season's answer lacks."""
        unknown = [
            episode
            for number, reply in self._replies.items()
            if reply
            for episode in self._seasons.get(number, ())
            if episode.is_new and episode.number not in reply.episodes
        ]
        calls = {
            one.episode_id: self._client.episode(self._tmdb_id, one.season, one.number)
            for one in unknown[:MOST_SINGLE_REQUESTS]
        }
        self.answers.episodes |= await self._together(calls)

    async def _together(self, calls: dict[int, Coroutine[None, None, T]]) -> dict[int, T]:
        """Return the answers that were had, few calls at a time; the first failure is noted."""

        async def one(key: int, call: Coroutine[None, None, T]) -> tuple[int, T] | None:
            async with self._at_once:
                try:
                    return key, await call
                except UpstreamUnavailable as failure:
                    self.answers.failure = self.answers.failure or failure
                    return None

        results = await asyncio.gather(*(one(key, call) for key, call in calls.items()))
        return dict(result for result in results if result)

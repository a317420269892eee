"""Enrichment of a show's seasons and episodes: names, images, texts, air dates and times, one request per season."""

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
from mediacanon.tmdb.store import POSTER_SIZE, unless_locked
from mediacanon.vocabulary import NO_STILL

T = TypeVar("T")

STILL_SIZE = "w400"
CONCURRENT_REQUESTS = 5
# For episodes that a season's reply lacks: TMDB knows few of them, we may have hundreds.
MAX_SINGLE_REQUESTS = 10


def _lacks(column: str, is_missing: str) -> str:
    """Return the SQL condition that an episode lacks a fact; a locked fact is never lacking."""
    return f"({is_missing} AND '{column}' <> ALL (COALESCE(e.locked_fields, '{{}}')))"


MISSING_FACTS = {
    "image_url": f"COALESCE(e.image_url, '') IN ('', '{NO_STILL}')",
    "air_date": "e.air_date IS NULL",
    "synopsis": "e.synopsis IS NULL",
    "runtime_minutes": "e.runtime_minutes IS NULL",
}
LACKS_SOMETHING = f"({' OR '.join(_lacks(column, is_missing) for column, is_missing in MISSING_FACTS.items())})"

# TMDB's number came later than the other facts: no reader waits for it.
LACKS_ID = "e.tmdb_id IS NULL"

EPISODES_OF_SHOW = f"""
SELECT e.id AS episode_id, s.id AS season_id, s.season, e.episode AS number,
       {LACKS_SOMETHING} OR {LACKS_ID} AS is_lacking,
       {_lacks("image_url", "COALESCE(e.image_url, '') = ''")} AS is_new
  FROM shows w
  JOIN show_seasons s ON s.show_id = w.id
  JOIN show_episodes e ON e.season_id = s.id
 WHERE w.title_id = $1::integer
 ORDER BY s.season, e.episode
"""

NEXT_FACTS = {
    "image_url": f"COALESCE(f.image_url, NULLIF(e.image_url, ''), '{NO_STILL}')",
    "air_date": "COALESCE(f.air_date, e.air_date)",
    "runtime_minutes": "COALESCE(f.runtime_minutes, e.runtime_minutes)",
    "synopsis": "COALESCE(f.synopsis, e.synopsis)",
    "display_name": "COALESCE(NULLIF(e.display_name, ''), f.name, e.display_name)",
    # TMDB names episodes without a name by their number.
    "tmdb_name": """CASE WHEN is_default_name(e.display_name)
                         THEN COALESCE(CASE WHEN f.name !~ '^Episode [0-9]+$' THEN f.name END, e.tmdb_name) END""",
    "tmdb_id": "COALESCE(f.tmdb_id, e.tmdb_id)",
    "kind": "CASE WHEN f.tmdb_id IS NULL THEN e.kind ELSE f.kind END",
}

STORE_EPISODES = f"""
UPDATE show_episodes e
   SET {", ".join(f"{column} = next.{column}" for column in NEXT_FACTS)}
  FROM (SELECT e.id, {", ".join(unless_locked("e", column, value) for column, value in NEXT_FACTS.items())}
          FROM unnest($1::integer[], $2::text[], $3::date[], $4::integer[], $5::text[], $6::text[], $7::integer[],
                      $8::text[])
               AS f (episode_id, image_url, air_date, runtime_minutes, synopsis, name, tmdb_id, kind)
          JOIN show_episodes e ON e.id = f.episode_id
         ORDER BY e.id
           FOR UPDATE OF e) AS next
 WHERE e.id = next.id
   AND ({", ".join(f"e.{column}" for column in NEXT_FACTS)})
       IS DISTINCT FROM
       ({", ".join(f"next.{column}" for column in NEXT_FACTS)})
RETURNING e.id AS episode_id
"""

# Returns the seasons that show something new.
STORE_SEASONS = """
WITH next AS (
    SELECT new.*, (old.tmdb_id, old.name, old.overview, old.poster_url, old.air_date) IS DISTINCT FROM
                  (new.tmdb_id, new.name, new.overview, new.poster_url, new.air_date) AS differs
      FROM unnest($1::integer[], $2::integer[], $3::text[], $4::text[], $5::text[], $6::date[])
           AS new (season_id, tmdb_id, name, overview, poster_url, air_date)
      JOIN show_seasons s ON s.id = new.season_id
      LEFT JOIN season_facts old ON old.season_id = new.season_id
), stored AS (
    INSERT INTO season_facts (season_id, source, fetched_at, tmdb_id, name, overview, poster_url, air_date)
    SELECT season_id, 'tmdb', now(), tmdb_id, name, overview, poster_url, air_date FROM next
    ON CONFLICT (season_id) DO UPDATE
       SET source = excluded.source, fetched_at = excluded.fetched_at, tmdb_id = excluded.tmdb_id,
           name = excluded.name, overview = excluded.overview, poster_url = excluded.poster_url,
           air_date = excluded.air_date
)
SELECT season_id FROM next WHERE differs
"""

# Every writer locks a title before its episodes.
LOCK_TITLE = "SELECT tmdb_id FROM titles WHERE id = $1::integer FOR NO KEY UPDATE"
EPISODES_CHECKED = "UPDATE titles SET episodes_checked_at = now() WHERE id = $1::integer RETURNING id AS title_id"


@dataclass(frozen=True, slots=True)
class OurEpisode:
    """An episode of the catalogue. `is_lacking`: a fact is missing; `is_new`: its still was never looked up."""

    episode_id: int
    season_id: int
    season: int
    number: int
    is_lacking: bool
    is_new: bool


class SeasonScope(Enum):
    """The seasons of a show to fetch; a season with an episode that lacks a fact is always in the scope."""

    LACKING = "lacking seasons"
    NEWEST = "lacking seasons and the newest"
    ALL = "all seasons"


@dataclass(slots=True)
class FetchedEpisodes:
    """TMDB's details by our episode id, None for an unknown one; its seasons by our season id; the first failure."""

    details: dict[int, EpisodeDetails | None] = field(default_factory=dict)
    seasons: dict[int, Season] = field(default_factory=dict)
    failure: UpstreamUnavailable | None = None


async def enrich_episodes(
    pool: asyncpg.Pool,
    client: TmdbClient,
    *,
    title_id: int,
    tmdb_id: int,
    image_base_url: str,
    scope: SeasonScope = SeasonScope.LACKING,
) -> int:
    """Fetch the seasons in the scope and store the facts of their episodes; return the number of changed episodes.

    Raises UpstreamUnavailable if a season failed; the other seasons are stored all the same, and the show is not marked
    as checked.
    """
    rows = await pool.fetch(EPISODES_OF_SHOW, title_id)
    fetched = await EpisodeFetch(client, tmdb_id, (OurEpisode(**row) for row in rows)).run(scope)
    columns = [_columns(*item, image_base_url) for item in fetched.details.items()]
    seasons = [_season_columns(*item, image_base_url) for item in fetched.seasons.items()]
    async with pool.acquire() as connection, connection.transaction():
        if await connection.fetchval(LOCK_TITLE, title_id) != tmdb_id:
            # The title got another TMDB id meanwhile: these episodes are another show's.
            return 0
        changed = await _store(connection, STORE_EPISODES, columns)
        if changed + await _store(connection, STORE_SEASONS, seasons):
            await notify_title(connection, title_id)
        if not fetched.failure:
            await connection.execute(EPISODES_CHECKED, title_id)
    if fetched.failure:
        raise fetched.failure
    return changed


async def _store(
    connection: asyncpg.pool.PoolConnectionProxy, statement: str, columns: list[tuple[object, ...]]
) -> int:
    if not columns:
        return 0
    return len(await connection.fetch(statement, *zip(*columns, strict=True)))


def _season_columns(season_id: int, season: Season, image_base_url: str) -> tuple[object, ...]:
    poster = season.poster_path and f"{image_base_url}/{POSTER_SIZE}{season.poster_path}"
    return (season_id, season.tmdb_id, season.name, season.overview, poster, season.air_date)


def _columns(episode_id: int, details: EpisodeDetails | None, image_base_url: str) -> tuple[object, ...]:
    if details is None:
        return (episode_id, None, None, None, None, None, None, None)
    still = details.still_path and f"{image_base_url}/{STILL_SIZE}{details.still_path}"
    return (
        episode_id,
        still,
        details.air_date,
        details.runtime_minutes,
        details.synopsis,
        details.name,
        details.tmdb_id,
        details.kind,
    )


class EpisodeFetch:
    """One fetch of the episodes of one show."""

    def __init__(self, client: TmdbClient, tmdb_id: int, episodes: Iterable[OurEpisode]) -> None:
        self._client = client
        self._tmdb_id = tmdb_id
        self._concurrency = asyncio.Semaphore(CONCURRENT_REQUESTS)
        self._seasons: dict[int, list[OurEpisode]] = defaultdict(list)
        for episode in episodes:
            self._seasons[episode.season].append(episode)
        self._replies: dict[int, Season | None] = {}
        self._fetched = FetchedEpisodes()

    async def run(self, scope: SeasonScope) -> FetchedEpisodes:
        """Return the details of the seasons in the scope, and the first failure."""
        numbers = [number for number in self._seasons if self._is_within(scope, number)]
        await self._fetch_seasons(numbers)
        for number in numbers:
            if reply := self._replies.get(number):
                self._note(self._seasons[number], reply)
                self._fetched.seasons[self._seasons[number][0].season_id] = reply
        await self._read_as_one_long_season()
        await self._fetch_single_episodes()
        return self._fetched

    def _is_within(self, scope: SeasonScope, number: int) -> bool:
        return (
            scope is SeasonScope.ALL
            or (scope is SeasonScope.NEWEST and number == max(self._seasons))
            or any(episode.is_lacking for episode in self._seasons[number])
        )

    async def _fetch_seasons(self, numbers: Iterable[int]) -> None:
        client, tmdb_id = self._client, self._tmdb_id
        requests = {number: client.season(tmdb_id, number) for number in numbers}
        replies = await self._gather(requests)
        self._replies |= {number: reply if self._is_ours(number, reply) else None for number, reply in replies.items()}

    def _is_ours(self, number: int, reply: Season | None) -> bool:
        """Return whether TMDB's season is ours: a later season that shares no episode number with ours is not."""
        return number <= 1 or reply is None or any(ours.number in reply.episodes for ours in self._seasons[number])

    def _note(self, ours: list[OurEpisode], reply: Season | None, *, first: int = 0) -> None:
        theirs = reply.episodes if reply else {}
        self._fetched.details |= {episode.episode_id: theirs.get(first + episode.number) for episode in ours}

    async def _read_as_one_long_season(self) -> None:
        """Find seasons that TMDB lacks or numbers otherwise in its season 1, under absolute numbers."""
        missing = [number for number, reply in self._replies.items() if reply is None]
        if any(number > 1 for number in missing) and 1 not in self._replies:
            await self._fetch_seasons([1])
        if 1 not in self._replies:
            missing = [number for number in missing if number < 1]
        for number in missing:
            before = [n for n in self._seasons if 0 < n < number]
            first = sum(len(self._seasons[n]) for n in before)
            reply = self._replies.get(1) if number > 1 else None
            self._note(self._seasons[number], reply, first=first)

    async def _fetch_single_episodes(self) -> None:
        """Fetch new episodes that a season's reply lacks, one request each."""
        unknown = [
            episode
            for number, reply in self._replies.items()
            if reply
            for episode in self._seasons.get(number, ())
            if episode.is_new and episode.number not in reply.episodes
        ]
        requests = {
            episode.episode_id: self._client.episode(self._tmdb_id, episode.season, episode.number)
            for episode in unknown[:MAX_SINGLE_REQUESTS]
        }
        self._fetched.details.update(await self._gather(requests))

    async def _gather(self, requests: dict[int, Coroutine[None, None, T]]) -> dict[int, T]:
        """Return the successful replies by key, with bounded concurrency; note the first failure."""

        async def send(key: int, request: Coroutine[None, None, T]) -> tuple[int, T] | None:
            async with self._concurrency:
                try:
                    return key, await request
                except UpstreamUnavailable as failure:
                    self._fetched.failure = self._fetched.failure or failure
                    return None

        replies = await asyncio.gather(*(send(key, request) for key, request in requests.items()))
        return dict(reply for reply in replies if reply)

"""Counts over the catalogue: made once, then corrected by the changes that the database has noted since.

A question is one SELECT with groups. `load_counts` reads the catalogue for it, `correct_counts` reads the rows of
`noted_changes` that the snapshot of the known counts does not show: the same groups and conditions, over the titles as
they were (minus one) and as they are (plus one). So the counts are exact, and cost no walk through the catalogue after
a change; after very many they are made anew. The questions in STANDING stay in the database: an import answers them,
`tidy_counts` brings them up to date.

On a standby, snapshots miss transactions in progress: counts made there have none, and are made anew after a change.
Kept counts have the snapshot of the primary server.
"""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any, Protocol

import asyncpg
import orjson
from asyncpg.pool import PoolConnectionProxy

from mediacanon.database.changes import TITLES as TITLES_TAG
from mediacanon.database.pool import PLAN_FOR_THESE_VALUES, UNREACHABLE

log = logging.getLogger(__name__)

Connection = asyncpg.Connection | PoolConnectionProxy
Group = tuple[Any, ...]

# The rows that a count reads, with a join to genres in the place of {genres}.
LISTED = "titles t {genres}"
NOTED = "noted_changes c CROSS JOIN jsonb_populate_record(NULL::titles, c.title) AS t {genres}"
GENRES_OF_TITLE = "JOIN title_genres tg ON tg.title_id = t.id"
GENRES_NOTED = "CROSS JOIN unnest(c.genre_ids) AS tg (genre_id)"
# {snapshot} is the parameter with a snapshot.
SINCE = (
    "c.xid >= pg_snapshot_xmin({snapshot}::text::pg_snapshot)"
    " AND NOT pg_visible_in_snapshot(c.xid, {snapshot}::text::pg_snapshot)"
)

# More changes take longer to read than the catalogue: those of a statement that someone ran over all titles.
MOST_CORRECTED = 50_000
IS_LONG = f"""(
       SELECT count(*) > {MOST_CORRECTED}
         FROM (SELECT FROM noted_changes c WHERE {SINCE} LIMIT {MOST_CORRECTED + 1}) AS since)"""

# The snapshot of a statement, null on a standby.
SNAPSHOT = "CASE WHEN pg_is_in_recovery() THEN NULL ELSE pg_current_snapshot()::text END AS snapshot"
# One row at least: the snapshot is the one that the counts are made with.
COUNTED = f"""
SELECT {SNAPSHOT}, {{is_long}} AS is_long, counted.*
  FROM (VALUES (1)) AS one (row)
  LEFT JOIN ({{select}}) AS counted ON true
"""

KEPT_COUNTS = "SELECT counts::text, snapshot::text FROM kept_counts WHERE question = $1::text"
KEEP = """
INSERT INTO kept_counts (question, counts, snapshot) VALUES ($1::text, $2::text::jsonb, $3::text::pg_snapshot)
    ON CONFLICT (question) {unless}
"""
REPLACE = "DO UPDATE SET counts = excluded.counts, snapshot = excluded.snapshot, counted_at = now()"
# Seconds between two tidyings.
MINUTE = 60.0
# An arbitrary number that no other lock uses.
TIDY_LOCK = 7_305_010
LOCK = "SELECT pg_try_advisory_xact_lock($1::bigint)"
# Changes go once every server has had a quarter of an hour to hear of them, counted from their commit: they are in a
# snapshot of that age, which is kept under this name.
HORIZON = "horizon"
# Of another version: their snapshots would keep every change.
DROP_OTHERS = "DELETE FROM kept_counts WHERE question <> ALL ($1::text[])"
FORGET = """
DELETE FROM noted_changes c
 USING kept_counts h
 WHERE h.question = 'horizon' AND h.counted_at < now() - interval '15 minutes'
   AND pg_visible_in_snapshot(c.xid, h.snapshot)
   AND NOT EXISTS (SELECT FROM kept_counts k WHERE NOT pg_visible_in_snapshot(c.xid, k.snapshot))
"""
MOVE_HORIZON = """
INSERT INTO kept_counts (question, counts, snapshot) VALUES ('horizon', '[]', pg_current_snapshot())
    ON CONFLICT (question) DO UPDATE SET snapshot = excluded.snapshot, counted_at = now()
 WHERE kept_counts.counted_at < now() - interval '15 minutes'
"""


# Nouns in noted_changes beside `title`; changes carry them as tags.
COUNTED_NOUNS = ("movie", "show", "season", "episode")
IS_LISTED = "t.withdrawn_at IS NULL"
_COLUMN = re.compile(r"\b[tf]\.(\w+)")


def tags_of_sql(*conditions: str) -> frozenset[str]:
    """Return the tags of SQL about a title `t` and its facts `f`: of titles that come or go, of each named column."""
    columns = {name for text in conditions for name in _COLUMN.findall(text)} - {"id", "title_id"}
    if any("genre_id" in text for text in conditions):
        columns.add("genres")
    return frozenset({TITLES_TAG, *(f"{TITLES_TAG}.{name}" for name in columns)})


@dataclass(frozen=True, slots=True)
class Counts:
    """Numbers of titles by group, a tuple of the question's group values; the snapshot they were made with."""

    by_group: Mapping[Group, int]
    snapshot: str | None

    @property
    def total(self) -> int:
        """The sum over all groups."""
        return sum(self.by_group.values())

    def plus(self, changes: "Counts") -> "Counts":
        """Return the counts after some changes; groups that have become empty are left out."""
        by_group = dict(self.by_group)
        for group, change in changes.by_group.items():
            by_group[group] = by_group.get(group, 0) + change
            if not by_group[group]:
                del by_group[group]
        return Counts(by_group, changes.snapshot)


class Question(Protocol):
    """A question that counts answer; a hashable value."""

    @property
    def kept_as(self) -> str | None:
        """The name of its row in `kept_counts`, None if it is not kept."""

    @property
    def tags(self) -> frozenset[str]:
        """The tags of the changes that may change the answer."""

    async def select(self, connection: Connection, snapshot: str | None) -> tuple[str, list[Any]]:
        """Return a SELECT of the groups and their numbers, and its parameters; with a snapshot of the changes since."""


@dataclass(frozen=True, slots=True)
class Cube:
    """The number of listed titles by some facts at once; `with_genres`: once under each of its genres."""

    groups: tuple[str, ...]
    with_genres: bool = False

    @property
    def kept_as(self) -> str:
        """The facts: counts by other facts, of another version, are another question's."""
        return ", ".join(self.groups)

    @property
    def tags(self) -> frozenset[str]:
        """The tags of its columns."""
        return tags_of_sql(IS_LISTED, *self.groups)

    async def select(self, connection: Connection, snapshot: str | None) -> tuple[str, list[Any]]:  # noqa: ARG002 - no genre has to be looked up
        """Return the SELECT."""
        return select_counts(self.groups, [IS_LISTED], [], snapshot, with_genres=self.with_genres)


@dataclass(frozen=True, slots=True)
class Rows:
    """The numbers of movies, shows, seasons and episodes, by noun; a withdrawn movie or show does not count."""

    kept_as: str = "rows"
    tags: frozenset[str] = frozenset(COUNTED_NOUNS)

    async def select(self, connection: Connection, snapshot: str | None) -> tuple[str, list[Any]]:  # noqa: ARG002 - the protocol's
        """Return the SELECT."""
        if snapshot is None:
            return ROWS, []
        return NOTED_ROWS.format(snapshot="$1"), [snapshot]


ROWS = """
SELECT 'movie' AS noun, count(*) AS number
  FROM movies m JOIN titles t ON t.id = m.title_id WHERE t.withdrawn_at IS NULL
 UNION ALL
SELECT 'show', count(*) FROM shows s JOIN titles t ON t.id = s.title_id WHERE t.withdrawn_at IS NULL
 UNION ALL
SELECT 'season', count(*) FROM show_seasons
 UNION ALL
SELECT 'episode', count(*) FROM show_episodes
"""
NOTED_ROWS = f"""
SELECT c.noun, sum(c.sign) AS number
  FROM noted_changes c
 WHERE NOT {IS_LONG} AND {SINCE} AND c.noun <> 'title'
 GROUP BY c.noun
"""

IS_SHOWN = "COALESCE(t.image_url LIKE 'http%', false)"
# The known titles of search.
IS_KNOWN = "COALESCE(t.num_votes >= 1000, false)"
BY_LANGUAGE = Cube(("t.type", IS_SHOWN, "t.is_adult", "t.original_language"))
BY_COUNTRY = Cube(("t.type", IS_SHOWN, "t.is_adult", "t.origin_country"))
BY_GENRE = Cube(("t.type", IS_SHOWN, "t.is_adult", "tg.genre_id"), with_genres=True)
BY_POSTER = Cube((IS_SHOWN, IS_KNOWN))
ROW_NUMBERS = Rows()
STANDING: tuple[Question, ...] = (BY_LANGUAGE, BY_COUNTRY, BY_GENRE, BY_POSTER, ROW_NUMBERS)


def select_counts(
    groups: Sequence[str],
    conditions: Sequence[str],
    parameters: Sequence[Any],
    snapshot: str | None,
    *,
    with_genres: bool = False,
) -> tuple[str, list[Any]]:
    """Return a SELECT of groups and numbers over titles, or over the changes of titles noted since a snapshot."""
    source, number, values, where = LISTED, "count(*)", list(parameters), list(conditions)
    join = GENRES_OF_TITLE
    if snapshot is not None:
        values.append(snapshot)
        source, number, join = NOTED, "sum(c.sign)", GENRES_NOTED
        noted = [each.format(snapshot=f"${len(values)}") for each in (f"NOT {IS_LONG}", SINCE)]
        where = [*noted, "c.noun = 'title'", *where]
    columns = [*(f"{group} AS g{place}" for place, group in enumerate(groups)), f"{number} AS number"]
    grouped = f" GROUP BY {', '.join(str(place + 1) for place in range(len(groups)))}" if groups else ""
    source = source.format(genres=join if with_genres else "")
    return f"SELECT {', '.join(columns)} FROM {source} WHERE {' AND '.join(where)}{grouped}", values


async def load_counts(pool: asyncpg.Pool, questions: Sequence[Question]) -> list[Counts]:
    """Return the answer to each question: the kept one with the changes since, or else counted."""
    return [await _load(pool, question) for question in questions]


async def _load(pool: asyncpg.Pool, question: Question) -> Counts:
    async with pool.acquire() as connection:
        if question.kept_as and (kept := await connection.fetchrow(KEPT_COUNTS, question.kept_as)):
            return await _correct(connection, question, _read(kept))
        async with connection.transaction(readonly=True):
            return await count(connection, question)


async def correct_counts(pool: asyncpg.Pool, question: Question, known: Counts) -> Counts:
    """Return the counts with the changes since their snapshot."""
    async with pool.acquire() as connection:
        return await _correct(connection, question, known)


async def _correct(connection: Connection, question: Question, known: Counts) -> Counts:
    sql, parameters = await question.select(connection, known.snapshot)
    is_long = IS_LONG.format(snapshot=f"${len(parameters)}")
    records = await connection.fetch(COUNTED.format(select=sql, is_long=is_long), *parameters)
    if records[0]["is_long"]:
        async with connection.transaction(readonly=True):
            return await count(connection, question)
    return known.plus(_counts(records))


async def count(connection: Connection, question: Question) -> Counts:
    """Return the answer to a question by reading the catalogue; in a transaction."""
    sql, parameters = await question.select(connection, None)
    await connection.execute(PLAN_FOR_THESE_VALUES)
    return await _counted(connection, sql, parameters)


async def _counted(connection: Connection, sql: str, parameters: Sequence[Any]) -> Counts:
    return _counts(await connection.fetch(COUNTED.format(select=sql, is_long="false"), *parameters))


def _counts(records: Sequence[asyncpg.Record]) -> Counts:
    by_group = {tuple(group): int(number) for _, _, *group, number in map(tuple, records) if number}
    return Counts(by_group, records[0]["snapshot"])


async def keep_counts(connection: Connection) -> None:
    """Answer the standing questions and keep the answers, in the transaction of a change that noted nothing."""
    for question in STANDING:
        await _keep(connection, question, await _counted(connection, *await question.select(connection, None)))


@asynccontextmanager
async def tidying(pool: asyncpg.Pool) -> AsyncIterator[None]:
    """Tidy the counts now and every minute while the block runs."""
    task = asyncio.create_task(_keep_tidying(pool), name="counts")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _keep_tidying(pool: asyncpg.Pool) -> None:
    while True:
        try:
            await tidy_counts(pool)
        except (*UNREACHABLE, asyncpg.PostgresError, TimeoutError) as error:
            # Every question is answered without them, only later.
            log.debug("The counts were not tidied: %s", error)
        await asyncio.sleep(MINUTE)


async def tidy_counts(pool: asyncpg.Pool) -> None:
    """Bring the kept counts up to date and delete the changes that no server needs any more.

    One process at a time does so; the others do nothing.
    """
    async with pool.acquire() as connection, connection.transaction():
        if not await connection.fetchval(LOCK, TIDY_LOCK):
            return
        for question in STANDING:
            # Locked before it is corrected: an import puts new counts in its place.
            kept = await connection.fetchrow(f"{KEPT_COUNTS} FOR UPDATE", question.kept_as)
            if kept is None:
                await _keep(connection, question, await count(connection, question), unless="DO NOTHING")
            else:
                await _keep(connection, question, await _correct(connection, question, _read(kept)))
        await connection.execute(DROP_OTHERS, [HORIZON, *(question.kept_as for question in STANDING)])
        await connection.execute(FORGET)
        await connection.execute(MOVE_HORIZON)


async def _keep(connection: Connection, question: Question, counts: Counts, *, unless: str = REPLACE) -> None:
    rows = [[list(group), number] for group, number in counts.by_group.items()]
    await connection.execute(KEEP.format(unless=unless), question.kept_as, orjson.dumps(rows).decode(), counts.snapshot)


def _read(kept: asyncpg.Record) -> Counts:
    return Counts({tuple(group): number for group, number in orjson.loads(kept["counts"])}, kept["snapshot"])

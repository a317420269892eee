"""Similar titles: of the same type, with the same genres and a close rating, most voted first.

They are chosen among the best known titles of a type, which the result cache keeps: people know these, few changes
touch them, and a choice among them takes no statement.
"""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Protocol

import asyncpg

from mediacanon.database.counts import IS_LISTED, IS_LONG, SINCE, SNAPSHOT
from mediacanon.loaders.dataloader import DataLoader
from mediacanon.loaders.discover import DiscoverTitleRow, load_discover_titles_by_id
from mediacanon.loaders.title import TitleRow, and_has_poster, and_not_adult

MOST_SIMILAR = 12
# Titles of a type that are compared.
MOST_KNOWN = 1500
CLOSE_RATING = 1.0


class KnownKey(NamedTuple):
    """Which titles: a type, whether adult ones are left out, and whether only those with a poster are wanted."""

    type: str
    hides_adult: bool
    has_poster: bool | None


class KnownTitle(NamedTuple):
    """A known title; `place` 0 is the most voted."""

    place: int
    title_id: int
    rating: float


# Of a title without a rating, close to none.
UNRATED = -math.inf


@dataclass(frozen=True, slots=True)
class Known:
    """The best known titles of a key, by genres; the fewest votes among them, 0 where none are left over.

    Genres are a number: each has a bit.
    """

    # Not in `repr`, which tells the result cache a size: there are eight keys.
    bits: Mapping[str, int] = field(repr=False)
    by_genres: Mapping[int, Sequence[KnownTitle]] = field(repr=False)
    fewest_votes: int
    snapshot: str | None

    def similar(self, title: TitleRow) -> tuple[int, ...]:
        """Return the ids of at most twelve: most genres in common first, then a close rating, then votes."""
        given = sum(self.bits.get(genre, 0) for genre in title.genres)
        by_shared: dict[int, list[KnownTitle]] = defaultdict(list)
        for genres, titles in self.by_genres.items():
            if shared := (genres & given).bit_count():
                by_shared[shared] += titles
        found: list[int] = []
        rating = UNRATED if title.average_rating is None else title.average_rating
        for _, titles in sorted(by_shared.items(), reverse=True):
            found += [one.title_id for one in _closest_first(sorted(titles), rating) if one.title_id != title.title_id]
            if len(found) >= MOST_SIMILAR:
                break
        return tuple(found[:MOST_SIMILAR])


def _closest_first(titles: list[KnownTitle], rating: float) -> list[KnownTitle]:
    """Return titles in the order of votes with those of a close rating first, and those without a rating last."""
    if rating == UNRATED:
        return titles
    # Ratings have one decimal.
    lowest, highest = rating - CLOSE_RATING - 0.05, rating + CLOSE_RATING + 0.05
    close = [one for one in titles if lowest < one.rating < highest]
    others = [one for one in titles if not lowest < one.rating < highest]
    return close + sorted(others, key=lambda one: one.rating == UNRATED) if others else close


KNOWN = """
SELECT {snapshot},
       ARRAY(SELECT known
               FROM (SELECT t.id, t.num_votes, t.average_rating,
                            ARRAY(SELECT g.name FROM title_genres tg JOIN genres g ON g.id = tg.genre_id
                                   WHERE tg.title_id = t.id) AS genres
                       FROM titles t
                      WHERE t.type = $1::text AND {conditions}
                      ORDER BY t.num_votes DESC NULLS LAST, t.id
                      LIMIT {limit}) AS known) AS titles
"""
# Whether a change since the snapshot may concern the titles with so many votes.
CHANGED = f"""
SELECT {SNAPSHOT},
       {IS_LONG.format(snapshot="$1")}
       OR EXISTS(SELECT
                FROM noted_changes c
               WHERE {SINCE.format(snapshot="$1")}
                 AND c.noun = 'title' AND c.title ->> 'type' = $2::text
                 AND COALESCE((c.title ->> 'num_votes')::integer, 0) >= $3::integer
                 AND (c.columns IS NULL OR c.columns && $4::text[])) AS is_changed
"""
READ_COLUMNS = ["type", "num_votes", "average_rating", "withdrawn_at", "is_adult", "image_url", "genres"]


async def load_known_titles(pool: asyncpg.Pool, keys: Sequence[KnownKey]) -> list[Known]:
    """Return the best known titles of each key."""
    return [await _load(pool, key) for key in keys]


async def _load(pool: asyncpg.Pool, key: KnownKey) -> Known:
    conditions = f"{IS_LISTED} {and_not_adult(hides_adult=key.hides_adult)} {and_has_poster(has_poster=key.has_poster)}"
    sql = KNOWN.format(snapshot=SNAPSHOT, conditions=conditions, limit=MOST_KNOWN)
    [(snapshot, titles)] = await pool.fetch(sql, key.type)
    bits: dict[str, int] = {}
    by_genres: dict[int, list[KnownTitle]] = defaultdict(list)
    for place, (title_id, _, rating, genres) in enumerate(titles):
        known_as = sum(bits.setdefault(genre, 1 << len(bits)) for genre in genres)
        by_genres[known_as].append(KnownTitle(place, title_id, UNRATED if rating is None else rating))
    fewest_votes = titles[-1][1] or 0 if len(titles) == MOST_KNOWN else 0
    return Known(bits, by_genres, fewest_votes, snapshot)


async def correct_known_titles(pool: asyncpg.Pool, key: KnownKey, known: Known) -> Known:
    """Return the same titles where no change since concerns them, else those of now."""
    found = await pool.fetchrow(CHANGED, known.snapshot, key.type, known.fewest_votes, READ_COLUMNS)
    if found is None or found["is_changed"]:
        return await _load(pool, key)
    return replace(known, snapshot=found["snapshot"])


async def load_lists_of_titles(pool: asyncpg.Pool, lists: Sequence[tuple[int, ...]]) -> list[list[DiscoverTitleRow]]:
    """Return the titles of each list of ids, without unknown ids."""
    ids = list({id_ for each in lists for id_ in each})
    rows = await load_discover_titles_by_id(pool, ids) if ids else []
    by_id = {row.title_id: row for row in rows if row is not None}
    return [[by_id[id_] for id_ in each if id_ in by_id] for each in lists]


class Similar(Protocol):
    """The loaders that this module asks: the filter of posters, the known titles, and titles of a list by id."""

    @property
    def hides_adult(self) -> bool:
        """Whether adult titles are left out."""

    @property
    def known_titles(self) -> DataLoader[KnownKey, Known]:
        """The best known titles."""

    @property
    def titles_by_ids(self) -> DataLoader[tuple[int, ...], list[DiscoverTitleRow]]:
        """The titles of a list by their ids."""

    async def poster_filter(self) -> bool | None:
        """Return whether only titles with a poster are wanted."""


async def load_similar_titles(loaders: Similar, title: TitleRow) -> list[DiscoverTitleRow]:
    """Return at most twelve titles like another one."""
    key = KnownKey(title.type, loaders.hides_adult, await loaders.poster_filter())
    return await loaders.titles_by_ids.load((await loaders.known_titles.load(key)).similar(title))

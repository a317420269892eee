"""Similar titles: of the same type, with the same genres and a close rating, most voted first.

They are chosen among the best known titles of a type, which the result cache keeps: people know these, few changes
touch them, and a choice among them takes no statement.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple, Protocol

import asyncpg

from mediacanon.database.counts import IS_LISTED, SINCE
from mediacanon.loaders.dataloader import DataLoader
from mediacanon.loaders.discover import DiscoverTitleRow
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
    rating: float | None


@dataclass(frozen=True, slots=True)
class Known:
    """The best known titles of a key by their genres; the fewest votes among them, 0 where none are left over."""

    # Not in `repr`, which tells the result cache a size: there are eight keys.
    by_genres: Mapping[frozenset[str], Sequence[KnownTitle]] = field(repr=False)
    fewest_votes: int
    snapshot: str | None

    def similar(self, title: TitleRow) -> list[int]:
        """Return the ids of at most twelve: most genres in common first, then a close rating, then votes."""
        by_shared: dict[int, list[KnownTitle]] = defaultdict(list)
        for genres, titles in self.by_genres.items():
            if shared := len(genres.intersection(title.genres)):
                by_shared[shared] += titles
        found: list[int] = []
        for _, titles in sorted(by_shared.items(), reverse=True):
            in_order = sorted(titles, key=lambda one: (_distance(one.rating, title.average_rating), one.place))
            found += [one.title_id for one in in_order if one.title_id != title.title_id]
            if len(found) >= MOST_SIMILAR:
                break
        return found[:MOST_SIMILAR]


def _distance(rating: float | None, given: float | None) -> int:
    """Return 0 for close ratings, 1 for others, 2 where one is unknown; ratings have one decimal."""
    if rating is None or given is None:
        return 2
    return int(round(abs(rating - given), 1) > CLOSE_RATING)


_SNAPSHOT = "CASE WHEN pg_is_in_recovery() THEN NULL ELSE pg_current_snapshot()::text END AS snapshot"
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
SELECT {_SNAPSHOT},
       EXISTS(SELECT
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
    sql = KNOWN.format(snapshot=_SNAPSHOT, conditions=conditions, limit=MOST_KNOWN)
    [(snapshot, titles)] = await pool.fetch(sql, key.type)
    by_genres: dict[frozenset[str], list[KnownTitle]] = defaultdict(list)
    for place, (title_id, _, rating, genres) in enumerate(titles):
        by_genres[frozenset(genres)].append(KnownTitle(place, title_id, rating))
    fewest_votes = titles[-1][1] or 0 if len(titles) == MOST_KNOWN else 0
    return Known(by_genres, fewest_votes, snapshot)


async def correct_known_titles(pool: asyncpg.Pool, key: KnownKey, known: Known) -> Known:
    """Return the same titles where no change since concerns them, else those of now."""
    found = await pool.fetchrow(CHANGED, known.snapshot, key.type, known.fewest_votes, READ_COLUMNS)
    if found is None or found["is_changed"]:
        return await _load(pool, key)
    return replace(known, snapshot=found["snapshot"])


class Similar(Protocol):
    """The loaders that this module asks: the filter of posters, the known titles, and titles of a list by id."""

    @property
    def hides_adult(self) -> bool:
        """Whether adult titles are left out."""

    @property
    def known_titles(self) -> DataLoader[KnownKey, Known]:
        """The best known titles."""

    @property
    def discover_title_by_id(self) -> DataLoader[int, DiscoverTitleRow | None]:
        """Titles of a list by id."""

    async def poster_filter(self) -> bool | None:
        """Return whether only titles with a poster are wanted."""


async def load_similar_titles(loaders: Similar, title: TitleRow) -> list[DiscoverTitleRow]:
    """Return at most twelve titles like another one."""
    key = KnownKey(title.type, loaders.hides_adult, await loaders.poster_filter())
    ids = (await loaders.known_titles.load(key)).similar(title)
    rows = await loaders.discover_title_by_id.load_many(ids)
    return [row for row in rows if row is not None]

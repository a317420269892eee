"""Totals and distributions over the whole catalogue, derived from counts; the frequent ones from kept counts."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, Protocol

import asyncpg

from mediacanon.database.counts import (
    BY_COUNTRY,
    BY_GENRE,
    BY_LANGUAGE,
    COUNTED_NOUNS,
    ROW_NUMBERS,
    Counts,
    Cube,
    Group,
    Question,
)
from mediacanon.loaders.dataloader import DataLoader
from mediacanon.loaders.discover import DiscoverCount, DiscoverFilter, genre_ids
from mediacanon.loaders.title import as_moment
from mediacanon.loaders.title_list import CountRow, SearchCount, TitleSearch


class Counting(Protocol):
    """The loaders that these functions ask: a pool, and counts by question."""

    @property
    def pool(self) -> asyncpg.Pool:
        """The pool to read from."""

    @property
    def counts(self) -> DataLoader[Question, Counts]:
        """The counts by question."""


@dataclass(frozen=True, slots=True)
class StatsRow:
    """Counts of the catalogue; `last_import_at` is None before the first import."""

    movies: int
    shows: int
    seasons: int
    episodes: int
    last_import_at: str | None


@dataclass(frozen=True, slots=True)
class GenreRow:
    """A genre and the number of its titles."""

    name: str
    is_custom: bool
    count: int


@dataclass(frozen=True, slots=True)
class ChoicesRow:
    """Genres by name and countries by code, each with at least one title."""

    genres: list[str]
    countries: list[str]


LAST_IMPORT_AT = f"SELECT {as_moment('updated_at')} FROM sync_state WHERE key = 'last_import'"
# The end of the last complete import in seconds since 1970, the unit of Prometheus' timestamps.
LAST_IMPORT = "SELECT extract(epoch FROM updated_at)::float8 FROM sync_state WHERE key = 'last_import'"
GENRES = "SELECT id, name, COALESCE(is_custom, false) AS is_custom FROM genres ORDER BY name"


def stats_row(counts: Counts, last_import_at: str | None) -> StatsRow:
    """Return the counts of rows by noun as a row."""
    movies, shows, seasons, episodes = (counts.by_group.get((noun,), 0) for noun in COUNTED_NOUNS)
    return StatsRow(movies, shows, seasons, episodes, last_import_at)


async def load_stats(loaders: Counting) -> StatsRow:
    """Return the catalogue's counts."""
    return stats_row(await loaders.counts.load(ROW_NUMBERS), await loaders.pool.fetchval(LAST_IMPORT_AT))


async def load_last_import_time(pool: asyncpg.Pool) -> float:
    """Return the end of the last import in seconds since 1970, 0 before the first one."""
    return float(await pool.fetchval(LAST_IMPORT) or 0)


async def load_genres(loaders: Counting) -> list[GenreRow]:
    """Return all genres by name."""
    counts = _summed(await loaders.counts.load(BY_GENRE))
    records = await loaders.pool.fetch(GENRES)
    return [GenreRow(genre["name"], genre["is_custom"], counts.get(genre["id"], 0)) for genre in records]


async def load_languages(loaders: Counting) -> list[CountRow]:
    """Return the languages of the catalogue, most titles first."""
    return _by_count(_summed(await loaders.counts.load(BY_LANGUAGE)))


async def load_countries(loaders: Counting) -> list[CountRow]:
    """Return the countries of the catalogue, most titles first."""
    return _by_count(_summed(await loaders.counts.load(BY_COUNTRY)))


async def load_choices(loaders: Counting, *, hides_adult: bool = False, has_poster: bool | None = True) -> ChoicesRow:
    """Return the genres of listed titles, and the countries of titles that discover shows."""
    by_genre = _summed(await loaders.counts.load(BY_GENRE), lambda group: not (hides_adult and group[2]))
    countries = _summed(await loaders.counts.load(BY_COUNTRY), lambda group: group[1] or not has_poster)
    genres = [genre["name"] for genre in await loaders.pool.fetch(GENRES) if by_genre.get(genre["id"])]
    return ChoicesRow(genres, sorted(code for code in countries if code is not None))


async def load_discover_total(loaders: Counting, filter_: DiscoverFilter) -> int:
    """Return the number of titles on all pages of a filter, which includes the conditions of the sort order."""
    kept = await _kept_total(loaders, filter_)
    return (await loaders.counts.load(DiscoverCount(filter_))).total if kept is None else kept


async def load_search_total(loaders: Counting, search: TitleSearch) -> int:
    """Return the number of titles that match a search."""
    if search.query:
        # Counted in all languages at once.
        counts = _summed(await loaders.counts.load(SearchCount(search.in_any_language)))
        codes = search.filter.language_in
        return sum(number for code, number in counts.items() if not codes or code in codes)
    kept = await _kept_total(loaders, search.filter)
    return (await loaders.counts.load(SearchCount(search))).total if kept is None else kept


async def load_search_languages(loaders: Counting, search: TitleSearch) -> list[CountRow]:
    """Return the known languages of the titles that match a search, whatever languages it has itself; most first."""
    search = search.in_any_language
    if not search.query and not _given(search.filter):
        is_wanted = partial(_is_wanted, search.filter)
        return _by_count(_summed(await loaders.counts.load(BY_LANGUAGE), is_wanted))
    return _by_count(_summed(await loaders.counts.load(SearchCount(search))))


# fields of a filter beside those of every group -> the kept counts with their totals; no field at all is among them
CUBES: dict[frozenset[str], Cube] = {
    frozenset(): BY_LANGUAGE,
    frozenset({"language_in"}): BY_LANGUAGE,
    frozenset({"country_in"}): BY_COUNTRY,
    frozenset({"genres_in"}): BY_GENRE,
    frozenset({"genres_all"}): BY_GENRE,
}


OF_EVERY_GROUP = ("type", "has_poster", "hides_adult")


async def _kept_total(loaders: Counting, filter_: DiscoverFilter) -> int | None:
    """Return the total that kept counts hold of a filter, None if they hold none.

    A title counts once under each of its genres, so two genres cannot be added.
    """
    given = _given(filter_)
    cube = CUBES.get(given)
    if cube is None:
        return None
    values = {value for name in given for value in getattr(filter_, name)}
    if cube is BY_GENRE:
        async with loaders.pool.acquire() as connection:
            by_word = await genre_ids(connection, values)
        values = {id_ for ids in by_word.values() for id_ in ids}
        if len(values) > 1 or len(by_word) > 1:
            return None

    def is_wanted(group: Group) -> bool:
        return _is_wanted(filter_, group) and (not given or group[-1] in values)

    return sum(_summed(await loaders.counts.load(cube), is_wanted).values())


def _is_wanted(filter_: DiscoverFilter, group: Group) -> bool:
    """Return whether a filter finds a group by the facts that every group begins with."""
    type_, shown, is_adult, _ = group
    is_hidden = filter_.hides_adult and is_adult
    return filter_.type in (None, type_) and filter_.has_poster in (None, shown) and not is_hidden


_UNSET = DiscoverFilter()


def _given(filter_: DiscoverFilter) -> frozenset[str]:
    names = (field.name for field in fields(filter_) if field.name not in OF_EVERY_GROUP)
    return frozenset(name for name in names if getattr(filter_, name) != getattr(_UNSET, name))


def _summed(counts: Counts, is_wanted: Callable[[Group], bool] = lambda _: True) -> dict[Any, int]:
    """Return the numbers by the last value of their groups."""
    found: dict[Any, int] = {}
    for group, number in counts.by_group.items():
        if is_wanted(group):
            found[group[-1]] = found.get(group[-1], 0) + number
    return found


def _by_count(counts: dict[str | None, int]) -> list[CountRow]:
    known = ((code, number) for code, number in counts.items() if code is not None)
    return [CountRow(code, number) for code, number in sorted(known, key=lambda each: (-each[1], each[0]))]

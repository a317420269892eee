"""Everything that reads the catalogue: `Loaders` is the index of all questions one can ask it.

One `Loaders` belongs to one request, which asks no key twice; what requests ask by key at the same moment is one
statement (`together`). Each loader comes into being when it is first asked, since a request asks few of them.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any, cast

import asyncpg

from mediacanon.cache.results import ResultCache
from mediacanon.loaders import (
    carousel,
    choices,
    collection,
    discover,
    movie,
    season,
    show,
    similar,
    sitemap,
    stats,
    title,
    title_list,
)
from mediacanon.loaders.dataloader import BatchLoader, DataLoader
from mediacanon.loaders.discover import DiscoverFilter, DiscoverTitleRow
from mediacanon.loaders.movie import MovieRow
from mediacanon.loaders.search import load_titles_by_rank
from mediacanon.loaders.season import EpisodeRow, SeasonRow, WholeSeasonRow
from mediacanon.loaders.show import ShowRow
from mediacanon.loaders.title import TitleRow

Load = Callable[[asyncpg.Pool, Any], Coroutine[Any, Any, Sequence[Any]]]

# attribute of Loaders -> the function that answers a batch of keys
BATCHES: dict[str, Load] = {
    "title_by_id": title.load_titles_by_id,
    "title_by_imdb_id": title.load_titles_by_imdb_id,
    "title_by_tmdb_id": title.load_titles_by_tmdb_id,
    "movie_by_id": movie.load_movies_by_id,
    "movie_by_title_id": movie.load_movies_by_title_id,
    "show_by_id": show.load_shows_by_id,
    "show_by_title_id": show.load_shows_by_title_id,
    "episode_count_by_show_id": show.load_episode_counts_by_show_id,
    "season_by_id": season.load_seasons_by_id,
    "whole_season_by_id": season.load_whole_seasons_by_id,
    "seasons_by_show_id": season.load_seasons_by_show_id,
    "whole_seasons_by_show_id": season.load_whole_seasons_by_show_id,
    "episode_by_id": season.load_episodes_by_id,
    "episode_by_imdb_id": season.load_episodes_by_imdb_id,
    "discover_count_by_filter": discover.load_discover_counts_by_filter,
    "similar_titles_by_title_id": similar.load_similar_titles_by_title_id,
}


# What takes longer for each key than it takes to ask: nobody waits for another's.
DEAR = frozenset({"discover_count_by_filter", "similar_titles_by_title_id"})


def share_loaders(pool: asyncpg.Pool) -> dict[str, BatchLoader[Any, Any]]:
    """Return the questions by key that all requests over a pool ask together."""
    return {name: BatchLoader(partial(load, pool)) for name, load in BATCHES.items() if name not in DEAR}


class Loaders:
    """The questions of one request, by key as loaders, lists as methods."""

    title_by_id: DataLoader[int, TitleRow | None]
    title_by_imdb_id: DataLoader[str, TitleRow | None]
    title_by_tmdb_id: DataLoader[tuple[str, int], TitleRow | None]
    movie_by_id: DataLoader[int, MovieRow | None]
    movie_by_title_id: DataLoader[int, MovieRow | None]
    show_by_id: DataLoader[int, ShowRow | None]
    show_by_title_id: DataLoader[int, ShowRow | None]
    episode_count_by_show_id: DataLoader[int, int]
    season_by_id: DataLoader[int, SeasonRow | None]
    whole_season_by_id: DataLoader[int, WholeSeasonRow | None]
    seasons_by_show_id: DataLoader[int, list[SeasonRow]]
    whole_seasons_by_show_id: DataLoader[int, list[WholeSeasonRow]]
    episode_by_id: DataLoader[int, EpisodeRow | None]
    episode_by_imdb_id: DataLoader[str, EpisodeRow | None]
    discover_count_by_filter: DataLoader[DiscoverFilter, int]
    similar_titles_by_title_id: DataLoader[int, list[DiscoverTitleRow]]

    def __init__(
        self,
        pool: asyncpg.Pool,
        kept: ResultCache | None = None,
        shared: Mapping[str, BatchLoader[Any, Any]] | None = None,
    ) -> None:
        self._pool = pool
        self._kept = kept
        self._shared = shared or {}

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - the attributes above say what
        """Make the loader or bind the list question that is asked for first."""
        made: Any
        if name in BATCHES:
            made = DataLoader(partial(self._begin_kept, name) if self._keeps(name) else self._shared_loader(name).ask)
        elif question := LISTS.get(name):
            ask = partial(question, self._pool)
            made = partial(self._one_kept, name, ask) if self._keeps(name) else ask
        else:
            raise AttributeError(name)
        setattr(self, name, made)
        return made

    def _keeps(self, name: str) -> bool:
        return self._kept is not None and name in KEPT

    async def _one_kept(self, name: str, ask: Callable[..., Coroutine[Any, Any, Any]], *arguments: Any) -> Any:  # noqa: ANN401 - the question's own
        kept = cast("ResultCache", self._kept)
        return await kept.get((name, arguments), partial(ask, *arguments))

    def _shared_loader(self, name: str) -> BatchLoader[Any, Any]:
        return self._shared.get(name) or BatchLoader(partial(BATCHES[name], self._pool))

    def _begin_kept(self, name: str, key: object, _: object) -> "asyncio.Future[Any]":
        return asyncio.ensure_future(self._one_kept(name, partial(self._load_one, name), key))

    async def _load_one(self, name: str, key: object) -> Any:  # noqa: ANN401 - the question's own
        [value] = await BATCHES[name](self._pool, [key])
        return value


# What goes over the whole catalogue: asked once until it changes.
KEPT = frozenset(
    {
        "title_counts_by_search",
        "discover_count_by_filter",
        "choices",
        "stats",
        "genres",
        "languages",
        "countries",
    }
)

# attribute of Loaders -> the function that answers with a list or a whole
LISTS: dict[str, Callable[..., Coroutine[Any, Any, Any]]] = {
    "titles_by_search": title_list.load_titles_by_search,
    "title_counts_by_search": title_list.load_title_counts_by_search,
    "titles_by_rank": load_titles_by_rank,
    "collections": collection.load_active_collections,
    "collection": collection.load_collection,
    "collection_titles": collection.load_collection_titles,
    "collection_title_count": collection.load_collection_title_count,
    "carousels": carousel.load_carousels,
    "discover_titles": discover.load_discover_titles,
    "choices": choices.load_choices,
    "last_ids": sitemap.load_last_ids,
    "movies_between": sitemap.load_movies_between,
    "shows_between": sitemap.load_shows_between,
    "stats": stats.load_stats,
    "genres": stats.load_genres,
    "languages": stats.load_languages,
    "countries": stats.load_countries,
}

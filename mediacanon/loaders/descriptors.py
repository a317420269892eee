"""Descriptors for the class `Loaders`: each of its lines is one question whose keys, arguments and rows mypy knows.

class Loaders(RequestLoaders):
title_by_id = batched(load_titles_by_id)            # await loaders.title_by_id.load(47)
titles_by_search = query(load_titles_by_search)     # await loaders.titles_by_search(search, limit=20, offset=0)
stats = derived(load_stats)                         # await loaders.stats()
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

import asyncpg

from mediacanon.cache.results import ResultCache
from mediacanon.database.changes import ENGAGEMENT, LISTS, tag_of
from mediacanon.loaders.dataloader import BatchLoader, DataLoader
from mediacanon.loaders.posters import PosterRule

Key = TypeVar("Key")
Value = TypeVar("Value")
Arguments = ParamSpec("Arguments")
Owner = TypeVar("Owner")
# The tags of a list that any change of the catalogue may change, views included.
ANY_CHANGE = frozenset({LISTS, ENGAGEMENT})
DEFAULT_RULE = PosterRule()
PERSON = "person:"
# Noun of a tag -> the attribute of rows with its id.
NOUNS = {"title": "title_id", "person": "person_id"}


class RequestLoaders:
    """The loaders of one request: the pool they read from, the result cache and the batch loaders of the server.

    Without a result cache every result is loaded; without batch loaders a request shares no batch. `tags` are those of
    the changes that the lists and counts loaded so far depend on: of the columns their statements name, and of each
    title they show.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        results: ResultCache | None = None,
        shared: Mapping[str, BatchLoader[Any, Any]] | None = None,
        *,
        hides_adult: bool = False,
        poster_rule: PosterRule = DEFAULT_RULE,
    ) -> None:
        self.pool = pool
        self.results = results
        self.shared = shared or {}
        # Whether lists, searches and totals leave adult titles out.
        self.hides_adult = hides_adult
        self.poster_rule = poster_rule
        self.tags: set[str] = set()
        self._catching_up: asyncio.Future[bool] | None = None
        self.shields = False

    def depend(self, tags: Iterable[str], rows: Sequence[object] = ()) -> None:
        """Note the tags of a list, and of the titles and people among its rows."""
        self.tags.update(tags)
        if not rows:
            return
        for noun, attribute in NOUNS.items():
            ids = {getattr(row, attribute, None) for row in rows}
            self.tags.update(tag_of(noun, id_) for id_ in ids if isinstance(id_, int))

    @property
    def list_tags(self) -> frozenset[str]:
        """The tags of a response with these lists; those of any change if no loader noted any."""
        return frozenset(self.tags) or ANY_CHANGE

    @property
    def person_tags(self) -> frozenset[str]:
        """The tags of the people that the response shows."""
        return frozenset(tag for tag in self.tags if tag.startswith(PERSON))

    def depend_on_people(self, ids: Iterable[int]) -> None:
        """Note the tags of people that the response shows."""
        self.tags.update(tag_of("person", id_) for id_ in ids)

    def catch_up(self, results: ResultCache) -> Awaitable[bool]:
        """Receive every change that was committed before the first call; return whether that is certain."""
        if self._catching_up is None:
            self._catching_up = asyncio.ensure_future(results.catch_up())
        # Other questions of the request wait for it, too.
        return asyncio.shield(self._catching_up)

    @contextmanager
    def shared_by_tasks(self) -> Iterator[None]:
        """Let tasks that are cancelled one by one wait for the same loads, which end when the block is cancelled."""
        self.shields = True
        for loader in self._data_loaders():
            loader.shields = True
        try:
            yield
        except asyncio.CancelledError:
            for loader in self._data_loaders():
                loader.cancel()
            raise

    def clear(self) -> None:
        """Drop every loaded value: after a write, reads must see it."""
        self._catching_up = None
        for loader in self._data_loaders():
            loader.clear()

    def _data_loaders(self) -> list[DataLoader[Any, Any]]:
        return [each for each in vars(self).values() if isinstance(each, DataLoader)]


class batched(Generic[Key, Value]):  # noqa: N801 - a descriptor, as property is
    """A question by key: `load` returns the value of each key in their order.

    A request's loader is created when it is first used, since a request uses few of them. With `correct` the result
    cache holds the value of each key, and corrects it by the changes since. `tags` are those that the value of a key
    depends on; without it that is any change of a list. With `is_title` the value is a title, a movie or a show, on
    which it depends as well. Not `shared`: keys are not batched across requests, because one key costs more than a
    round trip, so a slow key would delay the others.
    """

    def __init__(
        self,
        load: Callable[[asyncpg.Pool, Sequence[Key]], Coroutine[Any, Any, Sequence[Value]]],
        *,
        correct: Callable[[asyncpg.Pool, Key, Value], Coroutine[Any, Any, Value]] | None = None,
        tags: Callable[[Key], Iterable[str]] | None = None,
        is_title: bool = False,
        shared: bool = True,
    ) -> None:
        self.load = load
        self.correct = correct
        self.tags = tags
        self.is_title = is_title
        self.is_shared = shared

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, loaders: None, owner: type) -> Self: ...

    @overload
    def __get__(self, loaders: RequestLoaders, owner: type) -> DataLoader[Key, Value]: ...

    def __get__(self, loaders: RequestLoaders | None, owner: type) -> Self | DataLoader[Key, Value]:
        if loaders is None:
            return self
        if self.tags is None:
            loaders.depend(ANY_CHANGE)
        # The instance's attribute of this name takes precedence from now on.
        loader = vars(loaders)[self.name] = DataLoader(self._loading(loaders), shields=loaders.shields)
        return loader

    def batch_loader(self, pool: asyncpg.Pool) -> BatchLoader[Key, Value]:
        """Return a loader that batches keys over a pool."""
        return BatchLoader(partial(self.load, pool))

    def _loading(self, loaders: RequestLoaders) -> Callable[[Key, object], asyncio.Future[Value]]:
        if self.correct is not None:
            return partial(self._load_corrected, loaders)
        batch_loader: BatchLoader[Key, Value] = loaders.shared.get(self.name) or self.batch_loader(loaders.pool)
        return batch_loader.load if self.tags is None else partial(self._load_noted, loaders, batch_loader.load)

    def _load_noted(
        self, loaders: RequestLoaders, load: Callable[[Key, object], asyncio.Future[Value]], key: Key, caller: object
    ) -> asyncio.Future[Value]:
        if self.tags:
            loaders.tags.update(self.tags(key))
        future = load(key, caller)
        if self.is_title:
            # Called before whoever awaits the future goes on.
            future.add_done_callback(partial(_depend_on_title, loaders))
        return future

    def _load_corrected(self, loaders: RequestLoaders, key: Key, _: object) -> asyncio.Future[Value]:
        if self.tags:
            loaders.depend(self.tags(key))
        make = partial(self._load_one, loaders.pool, key)
        if loaders.results is None:
            return asyncio.ensure_future(make())
        correct = partial(self.correct, loaders.pool, key) if self.correct else None
        caught_up = loaders.catch_up(loaders.results)
        return asyncio.ensure_future(loaders.results.get((self.name, key), make, correct, caught_up))

    async def _load_one(self, pool: asyncpg.Pool, key: Key) -> Value:
        [value] = await self.load(pool, [key])
        return value


def _depend_on_title(loaders: RequestLoaders, loaded: asyncio.Future[Any]) -> None:
    if not loaded.cancelled() and not loaded.exception() and (row := loaded.result()) is not None:
        loaders.tags.add(tag_of("title", row.title_id))


class derived(Generic[Owner, Arguments, Value]):  # noqa: N801 - a descriptor, as property is
    """A question with arguments, answered by asking others of the loaders."""

    def __init__(self, load: Callable[Concatenate[Owner, Arguments], Coroutine[Any, Any, Value]]) -> None:
        self.load = load

    @overload
    def __get__(self, loaders: None, owner: type) -> Self: ...

    @overload
    def __get__(self, loaders: RequestLoaders, owner: type) -> Callable[Arguments, Coroutine[Any, Any, Value]]: ...

    def __get__(
        self, loaders: RequestLoaders | None, owner: type
    ) -> Self | Callable[Arguments, Coroutine[Any, Any, Value]]:
        return self if loaders is None else partial(self.load, loaders)  # type: ignore[arg-type]  # the class that has it


class query(Generic[Arguments, Value]):  # noqa: N801 - a descriptor, as property is
    """A question with arguments, loaded each time it is called.

    `tags` returns those that its rows' choice and order depend on; without it they depend on any change of a list.
    """

    def __init__(
        self,
        load: Callable[Concatenate[asyncpg.Pool, Arguments], Coroutine[Any, Any, Value]],
        *,
        tags: Callable[Arguments, Iterable[str]] = lambda *_, **__: ANY_CHANGE,
    ) -> None:
        self.load = load
        self.tags = tags

    @overload
    def __get__(self, loaders: None, owner: type) -> Self: ...

    @overload
    def __get__(self, loaders: RequestLoaders, owner: type) -> Callable[Arguments, Coroutine[Any, Any, Value]]: ...

    def __get__(
        self, loaders: RequestLoaders | None, owner: type
    ) -> Self | Callable[Arguments, Coroutine[Any, Any, Value]]:
        return self if loaders is None else partial(self._load, loaders)

    async def _load(self, loaders: RequestLoaders, *args: Arguments.args, **kwargs: Arguments.kwargs) -> Value:
        found = await self.load(loaders.pool, *args, **kwargs)
        loaders.depend(self.tags(*args, **kwargs), found if isinstance(found, list) else ())
        return found

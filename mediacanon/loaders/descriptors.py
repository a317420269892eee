"""Descriptors for the class `Loaders`: each of its lines is one question whose keys, arguments and rows mypy knows.

class Loaders(RequestLoaders):
title_by_id = batched(load_titles_by_id)            # await loaders.title_by_id.load(47)
stats = cached(load_stats)                          # await loaders.stats()
titles_by_search = query(load_titles_by_search)     # await loaders.titles_by_search(search, limit=20, offset=0)
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

import asyncpg

from mediacanon.cache.results import ResultCache
from mediacanon.loaders.dataloader import BatchLoader, DataLoader

Key = TypeVar("Key")
Value = TypeVar("Value")
Arguments = ParamSpec("Arguments")


class RequestLoaders:
    """The loaders of one request: the pool they read from, the result cache and the batch loaders of the server.

    Without a result cache every result is loaded; without batch loaders a request shares no batch.
    """

    def __init__(
        self,
        pool: asyncpg.Pool,
        results: ResultCache | None = None,
        shared: Mapping[str, BatchLoader[Any, Any]] | None = None,
        *,
        hides_adult: bool = False,
    ) -> None:
        self.pool = pool
        self.results = results
        self.shared = shared or {}
        # Whether lists, searches and totals leave adult titles out.
        self.hides_adult = hides_adult

    def clear(self) -> None:
        """Drop every loaded value: after a write, reads must see it."""
        for loader in vars(self).values():
            if isinstance(loader, DataLoader):
                loader.clear()


class batched(Generic[Key, Value]):  # noqa: N801 - a descriptor, as property is
    """A question by key: `load` returns the value of each key in their order.

    A request's loader is created when it is first used, since a request uses few of them. `cached`: the result cache
    holds the value of each key. Not `shared`: keys are not batched across requests, because one key costs more than a
    round trip, so a slow key would delay the others.
    """

    def __init__(
        self,
        load: Callable[[asyncpg.Pool, Sequence[Key]], Coroutine[Any, Any, Sequence[Value]]],
        *,
        cached: bool = False,
        shared: bool = True,
    ) -> None:
        self.load = load
        self.is_cached = cached
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
        # The instance's attribute of this name takes precedence from now on.
        loader = vars(loaders)[self.name] = DataLoader(self._loading(loaders))
        return loader

    def batch_loader(self, pool: asyncpg.Pool) -> BatchLoader[Key, Value]:
        """Return a loader that batches keys over a pool."""
        return BatchLoader(partial(self.load, pool))

    def _loading(self, loaders: RequestLoaders) -> Callable[[Key, object], asyncio.Future[Value]]:
        if self.is_cached and loaders.results is not None:
            return partial(self._load_cached, loaders.pool, loaders.results)
        batch_loader: BatchLoader[Key, Value] = loaders.shared.get(self.name) or self.batch_loader(loaders.pool)
        return batch_loader.load

    def _load_cached(self, pool: asyncpg.Pool, results: ResultCache, key: Key, _: object) -> asyncio.Future[Value]:
        return asyncio.ensure_future(results.get((self.name, key), partial(self._load_one, pool, key)))

    async def _load_one(self, pool: asyncpg.Pool, key: Key) -> Value:
        [value] = await self.load(pool, [key])
        return value


class query(Generic[Arguments, Value]):  # noqa: N801 - a descriptor, as property is
    """A question with arguments, loaded each time it is called."""

    def __init__(self, load: Callable[Concatenate[asyncpg.Pool, Arguments], Coroutine[Any, Any, Value]]) -> None:
        self.load = load

    @overload
    def __get__(self, loaders: None, owner: type) -> Self: ...

    @overload
    def __get__(self, loaders: RequestLoaders, owner: type) -> Callable[Arguments, Coroutine[Any, Any, Value]]: ...

    def __get__(
        self, loaders: RequestLoaders | None, owner: type
    ) -> Self | Callable[Arguments, Coroutine[Any, Any, Value]]:
        return self if loaders is None else self._bind(loaders)

    def _bind(self, loaders: RequestLoaders) -> Callable[Arguments, Coroutine[Any, Any, Value]]:
        return partial(self.load, loaders.pool)


class cached(query[Arguments, Value]):  # noqa: N801 - a descriptor, as property is
    """A question over the whole catalogue, whose result the result cache holds for each set of arguments."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def _bind(self, loaders: RequestLoaders) -> Callable[Arguments, Coroutine[Any, Any, Value]]:
        load, results = super()._bind(loaders), loaders.results
        if results is None:
            return load

        async def load_cached(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Value:
            key = self.name, args, frozenset(kwargs.items())
            value: Value = await results.get(key, partial(load, *args, **kwargs))
            return value

        return load_cached

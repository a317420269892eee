"""The run of a compiled operation: all its resolvers in one task.

A resolver's coroutine runs until it waits; most never do, because an earlier one has loaded the row. Those that wait
for one future go on together when it is done, in the same turn of the event loop, so that loaders batch what they ask
for next. A task for each would take longer than most resolvers.
"""

import asyncio
import types
from collections.abc import Callable, Coroutine, Generator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import strawberry
from strawberry.types.field import StrawberryField

from mediacanon.execution.codegen import Bailout, Read

Data = dict[str, Any]


@dataclass(frozen=True, slots=True, eq=False)
class CompiledField:
    """A field that is no plain leaf: how it gets its value, and how the value is completed."""

    key: str
    # Returns the value for a source; a coroutine where it `is_awaited`.
    value: Callable[["Run", Any], Any]
    is_awaited: bool
    # The reader of a value without resolvers below, else None.
    read: Read | None
    complete: Callable[["Run", Any], Any]


class Run:
    """One run of an operation, with the context and the variables of its request."""

    __slots__ = ("_error", "_ready", "_waiting", "_watched", "_woken", "context", "variables")

    def __init__(self, context: object, variables: Mapping[str, Any]) -> None:
        self.context = context
        self.variables = variables
        # Resolvers to go on with, with their field and the data for its value, and those that wait, by their future.
        self._ready: list[tuple[Coroutine[Any, Any, Any], CompiledField, Data]] = []
        self._waiting: dict[asyncio.Future[Any], list[tuple[Coroutine[Any, Any, Any], CompiledField, Data]]] = {}
        self._error: BaseException | None = None
        # Done when one of several futures is, and those that do this: asyncio.wait would look at all of them each time.
        self._woken: asyncio.Future[None] | None = None
        self._watched: set[asyncio.Future[Any]] = set()

    async def data(self, fields: tuple[CompiledField, ...]) -> Data:
        """Return the data of root fields. Raises the first error, when all other resolvers have ended."""
        found: Data = dict.fromkeys(field.key for field in fields)
        try:
            self.start(fields, None, found)
        except Exception as error:  # noqa: BLE001 - graphql-core meets it again
            self._fail(error)
        while self._ready or self._waiting:
            if not self._ready:
                for future in await self._wait():
                    self._ready += self._waiting.pop(future)
            ready, self._ready = self._ready, []
            for coroutine, field, data in ready:
                self._step(coroutine, field, data)
        if self._error is not None:
            task = asyncio.current_task()
            if isinstance(self._error, asyncio.CancelledError) and task and not task.cancelling():
                # A time limit within a resolver ended it, or a loader closed.
                raise Bailout from self._error
            raise self._error
        return found

    def start(self, fields: tuple[CompiledField, ...], source: object, data: Data) -> None:
        """Put the values of an object's fields into its data, now or when their resolvers have ended."""
        for field in fields:
            value = field.value(self, source)
            if field.is_awaited:
                # After the functions beside it and below them, as graphql-core does.
                self._ready.append((value, field, data))
            else:
                data[field.key] = field.complete(self, value) if field.read is None else field.read(value)

    def _step(self, coroutine: Coroutine[Any, Any, Any], field: CompiledField, data: Data) -> None:
        """Run a resolver until it waits or ends."""
        try:
            future = coroutine.send(None)
        except StopIteration as ended:
            if self._error is None:
                self._complete(field, ended.value, data)
        except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - graphql-core meets it again
            self._fail(error)
        else:
            if future is None:
                # A bare turn of the loop: asyncio.sleep(0).
                loop = asyncio.get_running_loop()
                future = loop.create_future()
                loop.call_soon(_finish, future)
            # The protocol between tasks and futures: whoever receives a future says so.
            future._asyncio_future_blocking = False  # noqa: SLF001
            self._waiting.setdefault(future, []).append((coroutine, field, data))

    def _complete(self, field: CompiledField, value: object, data: Data) -> None:
        try:
            data[field.key] = field.complete(self, value) if field.read is None else field.read(value)
        except Exception as error:  # noqa: BLE001 - graphql-core meets it again
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        self._error = self._error or error

    async def _wait(self) -> list[asyncio.Future[Any]]:
        """Return the futures that are done, at least one. A cancellation passes on to all of them."""
        while not (done := [future for future in self._waiting if future.done()]):
            try:
                await _end(next(iter(self._waiting)) if len(self._waiting) == 1 else self._first_end())
            except asyncio.CancelledError as error:
                self._fail(error)
                for future in self._waiting:
                    future.cancel()
            except Exception:  # noqa: BLE001, S110 - the resolvers of the future meet it
                pass
        return done

    def _first_end(self) -> asyncio.Future[None]:
        """Return a future that is done when one of those is that resolvers wait for."""
        self._woken = asyncio.get_running_loop().create_future()
        for future in self._waiting.keys() - self._watched:
            future.add_done_callback(self._wake)
        self._watched |= self._waiting.keys()
        return self._woken

    def _wake(self, _: asyncio.Future[Any]) -> None:
        if self._woken is not None and not self._woken.done():
            self._woken.set_result(None)


class RunInfo(strawberry.Info):
    """Strawberry's view of a field in a run, most often asked for the context alone; `raw` belongs to no run."""

    def __init__(self, run: Run, field: StrawberryField, raw: Any) -> None:  # noqa: ANN401 - graphql-core's, incomplete
        self._run, self._field, self._compiled = run, field, raw

    @property
    def context(self) -> Any:  # noqa: ANN401 - Strawberry's
        """The context of the request."""
        return self._run.context

    @cached_property
    def _raw_info(self) -> Any:  # type: ignore[override]  # noqa: ANN401 - as above
        return self._compiled._replace(context=self._run.context, variable_values=self._run.variables)


@types.coroutine
def _end(future: asyncio.Future[Any]) -> Generator[asyncio.Future[Any], None, None]:
    """Wait until a future is done, as `await` does, with no result."""
    future._asyncio_future_blocking = True  # noqa: SLF001 - the protocol between tasks and futures
    yield future


def _finish(future: asyncio.Future[Any]) -> None:
    if not future.done():
        future.set_result(None)

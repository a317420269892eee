"""How long work tells how far it is: steps that may run side by side, each with an optional total."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Step(Protocol):
    """A piece of work under way."""

    def advance(self, amount: int) -> None:
        """Tell that `amount` more units are done."""


class Progress(Protocol):
    """Whoever wants to know how far the work is."""

    def step(self, name: str, *, total: int | None = None, unit: str = "bytes") -> AbstractContextManager[Step]:
        """Open a step of `total` units (None: unknown); it is over when the context ends."""


class _SilentStep:
    def advance(self, amount: int) -> None:
        """Tell nobody."""


class SilentProgress:
    """Nobody wants to know."""

    @contextmanager
    def step(
        self,
        name: str,  # noqa: ARG002 - the protocol's
        *,
        total: int | None = None,  # noqa: ARG002 - the protocol's
        unit: str = "bytes",  # noqa: ARG002 - the protocol's
    ) -> Iterator[Step]:
        """Open a step that reports to nobody."""
        yield _SilentStep()

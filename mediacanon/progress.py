"""Progress of long work: named steps that may run side by side, each with an optional total."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol


class Step(Protocol):
    """A step under way."""

    def advance(self, amount: int) -> None:
        """Report `amount` more units as done."""


class Progress(Protocol):
    """A receiver of progress reports, such as a terminal."""

    def step(self, name: str, *, total: int | None = None, unit: str = "bytes") -> AbstractContextManager[Step]:
        """Open a step of `total` units (None: unknown). The step ends with the context."""


class _SilentStep:
    def advance(self, amount: int) -> None:
        """Ignore the report."""


class SilentProgress:
    """Progress without a receiver."""

    @contextmanager
    def step(
        self,
        name: str,  # noqa: ARG002 - the protocol's
        *,
        total: int | None = None,  # noqa: ARG002 - the protocol's
        unit: str = "bytes",  # noqa: ARG002 - the protocol's
    ) -> Iterator[Step]:
        """Open a step whose reports are ignored."""
        yield _SilentStep()

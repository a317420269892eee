"""The report of an import."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from mediacanon.imdb.merge import ChangeCounts
from mediacanon.imdb.stage import MalformedRow


@dataclass(slots=True)
class Report:
    """The result of an import; `changes` is empty if the files were those of the last import."""

    is_unchanged: bool = False
    changes: list[ChangeCounts] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)
    # Rows that name a person who is not in name.basics, or has no name there.
    dangling: dict[str, int] = field(default_factory=dict)
    examples: list[MalformedRow] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)
    # Further files whose last import was not long enough ago.
    resting: list[str] = field(default_factory=list)

    @contextmanager
    def timed(self, step: str) -> Iterator[None]:
        """Add the duration of the block to the seconds of `step`."""
        started = time.perf_counter()
        yield
        self.seconds[step] = self.seconds.get(step, 0) + time.perf_counter() - started

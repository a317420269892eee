"""Progress of long commands: bars on a terminal, plain lines at intervals everywhere else."""

import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.progress import TaskID
    from rich.text import Text

    from mediacanon.progress import Progress, Step

SECONDS_BETWEEN_LINES = 10.0
UNITS = ("bytes", "kB", "MB", "GB", "TB")
THOUSAND = 1000


@contextmanager
def progress_for(stream: TextIO | None, *, every: float = SECONDS_BETWEEN_LINES) -> Iterator["Progress"]:
    """Yield the progress of the work inside the block, shown on `stream`.

    A terminal shows bars, with log lines above them. Any other stream gets a line per step about every `every` seconds.
    A closed stream, or a pipe without a reader, does not stop the work.
    """
    from rich.console import Console

    from mediacanon.progress import SilentProgress

    if stream is None:  # Python's standard error if the program was started with it closed
        yield SilentProgress()
        return
    console = Console(file=stream)
    if console.is_terminal and not console.is_dumb_terminal:
        with _bars(console) as bars, _logging_above(console, stream):
            yield BarProgress(bars)
    else:
        yield LineProgress(stream, every=every)


def amount(done: float, total: float | None, unit: str) -> str:
    """Return an amount and its total: `1.5 of 3.0 MB`, `1,200 of 3,000 titles`; without a total `1.5 MB`."""
    if unit != "bytes":
        return f"{done:,.0f} {unit}" if total is None else f"{done:,.0f} of {total:,.0f} {unit}"
    power, biggest = 0, max(done, total or 0)
    while biggest >= THOUSAND and power < len(UNITS) - 1:
        biggest /= THOUSAND
        power += 1
    digits = 1 if power else 0
    shown = [f"{value / THOUSAND**power:,.{digits}f}" for value in (done, total) if value is not None]
    return f"{' of '.join(shown)} {UNITS[power]}"


def duration(seconds: float) -> str:
    """Return `45 s`, `3:20 min`, `1:02:03 h`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes:02}:{rest:02} h"
    return f"{minutes}:{rest:02} min" if minutes else f"{rest} s"


class LineProgress:
    """Writes a line when a step begins, about every `every` seconds, and when it is done."""

    def __init__(self, stream: TextIO, *, every: float) -> None:
        self._stream = stream
        self._every = every

    @contextmanager
    def step(self, name: str, *, total: int | None = None, unit: str = "bytes") -> Iterator["Step"]:
        """Open a step of `total` units. A failed step has no last line."""
        self.write(f"{name}: {amount(total, None, unit)}" if total else name)
        step = _LineStep(self, name, total=total, unit=unit, every=self._every)
        yield step
        self.write(f"{name}: done, {amount(step.done, None, unit)} in {duration(step.elapsed)}")

    def write(self, line: str) -> None:
        """Write a line with the time. A pipe without a reader is replaced by the null device."""
        try:
            print(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {line}", file=self._stream, flush=True)
        except BrokenPipeError:
            # The interpreter flushes the buffer at exit, and would complain about a broken pipe.
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, self._stream.fileno())
            os.close(null)


class _LineStep:
    def __init__(self, lines: LineProgress, name: str, *, total: int | None, unit: str, every: float) -> None:
        self.done = 0
        self._lines = lines
        self._name = name
        self._total = total
        self._unit = unit
        self._every = every
        self._started = self._reported = time.monotonic()

    @property
    def elapsed(self) -> float:
        """Seconds since the step began."""
        return time.monotonic() - self._started

    def advance(self, amount: int) -> None:
        """Report `amount` more units as done."""
        self.done += amount
        now = time.monotonic()
        if now - self._reported >= self._every:
            self._reported = now
            self._lines.write(f"{self._name}: {self._status()}")

    def _status(self) -> str:
        elapsed = self.elapsed
        rate = self.done / elapsed if elapsed else 0.0
        parts = [amount(self.done, self._total, self._unit), f"{amount(rate, None, self._unit)}/s"]
        if self._total and rate:
            parts.insert(0, f"{self.done / self._total:.0%}")
            parts.append(f"{duration((self._total - self.done) / rate)} left")
        return ", ".join(parts)


class BarProgress:
    """Draws a bar per step with amount, rate and time left."""

    def __init__(self, bars: "Bars") -> None:
        self._bars = bars

    @contextmanager
    def step(self, name: str, *, total: int | None = None, unit: str = "bytes") -> Iterator["Step"]:
        """Open a step of `total` units. The bar of a failed step is removed."""
        task = self._bars.add_task(name, total=total, unit=unit)
        try:
            yield _BarStep(self._bars, task)
        except BaseException:
            self._bars.remove_task(task)
            raise
        done = next(one.completed for one in self._bars.tasks if one.id == task)
        self._bars.update(task, total=done, completed=done)


class _BarStep:
    def __init__(self, bars: "Bars", task: "TaskID") -> None:
        self._bars = bars
        self._task = task

    def advance(self, amount: int) -> None:
        """Report `amount` more units as done."""
        self._bars.advance(self._task, amount)


def _bars(console: "Console") -> "Bars":
    from rich import progress
    from rich.text import Text

    class Amounts(progress.ProgressColumn):
        """Amount, total and rate."""

        def render(self, task: progress.Task) -> "Text":
            unit = task.fields["unit"]
            speed = task.finished_speed or task.speed
            done = amount(task.completed, None if task.finished else task.total, unit)
            return Text(f"{done}, {amount(speed, None, unit)}/s" if speed else done)

    return progress.Progress(
        progress.TextColumn("{task.description}"),
        progress.BarColumn(bar_width=24),
        Amounts(),
        progress.TimeRemainingColumn(compact=True, elapsed_when_finished=True),
        console=console,
    )


@contextmanager
def _logging_above(console: "Console", stream: TextIO) -> Iterator[None]:
    """Write log lines for `stream` through the console, which keeps the bars below them."""
    from rich.file_proxy import FileProxy

    handlers = [one for one in logging.getLogger().handlers if isinstance(one, logging.StreamHandler)]
    redirected = [one for one in handlers if one.stream is stream]
    for handler in redirected:
        handler.setStream(FileProxy(console, stream))
    try:
        yield
    finally:
        for handler in redirected:
            handler.setStream(stream)

"""How far a long command is: bars on a terminal, a plain line now and then everywhere else."""

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
    """Give what tells the reader of `stream` how far the work inside the block is.

    A terminal shows bars; log lines that go there appear above them. Elsewhere a line about every `every`
    seconds per step; when nobody reads them (any more), the work goes on in silence.
    """
    from rich.console import Console

    from mediacanon.progress import SilentProgress

    if stream is None:  # what a program that was started with a closed standard error has for it
        yield SilentProgress()
        return
    console = Console(file=stream)
    if console.is_terminal and not console.is_dumb_terminal:
        with _bars(console) as bars, _logging_above(console, stream):
            yield BarProgress(bars)
    else:
        yield LineProgress(stream, every=every)


def amount(done: float, total: float | None, unit: str) -> str:
    """Return how much of how much: `1.5 of 3.0 MB`, `1,200 of 3,000 titles`; without a total `1.5 MB`."""
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
        """Open a step of `total` units; one that failed gets no last line."""
        self.write(f"{name}: {amount(total, None, unit)}" if total else name)
        step = _LineStep(self, name, total=total, unit=unit, every=self._every)
        yield step
        self.write(f"{name}: done, {amount(step.done, None, unit)} in {duration(step.elapsed)}")

    def write(self, line: str) -> None:
        """Write a line with the time; a stream that nobody reads is left alone from then on."""
        try:
            print(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {line}", file=self._stream, flush=True)
        except BrokenPipeError:
            # What is left in the buffer must go somewhere, or the interpreter complains when it ends.
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._stream.fileno())
            os.close(nowhere)


class _LineStep:
    def __init__(self, lines: LineProgress, name: str, *, total: int | None, unit: str, every: float) -> None:
        self.done = 0
        self._lines = lines
        self._name = name
        self._total = total
        self._unit = unit
        self._every = every
        self._started = self._told = time.monotonic()

    @property
    def elapsed(self) -> float:
        """Seconds since the step began."""
        return time.monotonic() - self._started

    def advance(self, amount: int) -> None:
        """Tell that `amount` more units are done."""
        self.done += amount
        now = time.monotonic()
        if now - self._told >= self._every:
            self._told = now
            self._lines.write(f"{self._name}: {self._far()}")

    def _far(self) -> str:
        elapsed = self.elapsed
        rate = self.done / elapsed if elapsed else 0.0
        told = [amount(self.done, self._total, self._unit), f"{amount(rate, None, self._unit)}/s"]
        if self._total and rate:
            told.insert(0, f"{self.done / self._total:.0%}")
            told.append(f"{duration((self._total - self.done) / rate)} left")
        return ", ".join(told)


class BarProgress:
    """Draws a bar per step: how much, how fast, how long still."""

    def __init__(self, bars: "Bars") -> None:
        self._bars = bars

    @contextmanager
    def step(self, name: str, *, total: int | None = None, unit: str = "bytes") -> Iterator["Step"]:
        """Open a step of `total` units; the bar of a failed one goes."""
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
        """Tell that `amount` more units are done."""
        self._bars.advance(self._task, amount)


def _bars(console: "Console") -> "Bars":
    from rich import progress
    from rich.text import Text

    class Amounts(progress.ProgressColumn):
        """How much of how much, and how fast."""

        def render(self, task: progress.Task) -> "Text":
            unit = task.fields["unit"]
            speed = task.finished_speed or task.speed
            told = amount(task.completed, None if task.finished else task.total, unit)
            return Text(f"{told}, {amount(speed, None, unit)}/s" if speed else told)

    return progress.Progress(
        progress.TextColumn("{task.description}"),
        progress.BarColumn(bar_width=24),
        Amounts(),
        progress.TimeRemainingColumn(compact=True, elapsed_when_finished=True),
        console=console,
    )


@contextmanager
def _logging_above(console: "Console", stream: TextIO) -> Iterator[None]:
    """Send what is logged to `stream` through the console, which keeps its bars below it."""
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

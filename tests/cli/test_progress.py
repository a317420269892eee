"""Progress in lines: their content and their intervals."""

import io

import pytest

from cli.progress import amount, duration, progress_for


@pytest.mark.parametrize(
    ("done", "total", "unit", "text"),
    [
        (0, None, "bytes", "0 bytes"),
        (999, None, "bytes", "999 bytes"),
        (1_500_000, 3_000_000, "bytes", "1.5 of 3.0 MB"),
        (12_345, 215_000_000, "bytes", "0.0 of 215.0 MB"),
        (1 << 60, None, "bytes", "1,152,921.5 TB"),
        (1200, 3000, "titles", "1,200 of 3,000 titles"),
        (7.4, None, "titles", "7 titles"),
    ],
)
def test_amounts_have_readable_units(done: float, total: float | None, unit: str, text: str) -> None:
    """Bytes are scaled to the unit of the larger figure, other units are not."""
    assert amount(done, total, unit) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.4, "0 s"), (59.6, "1:00 min"), (200, "3:20 min"), (3723, "1:02:03 h")]
)
def test_durations_have_readable_units(seconds: float, text: str) -> None:
    """Durations are in seconds, minutes or hours."""
    assert duration(seconds) == text


def lines(*, every: float, total: int | None) -> list[str]:
    """Return the lines of a step of three thousand titles, without their times."""
    stream = io.StringIO()
    with progress_for(stream, every=every) as progress, progress.step("Work", total=total, unit="titles") as step:
        for _ in range(3):
            step.advance(1000)
    return [line[20:] for line in stream.getvalue().splitlines()]


def test_a_line_has_percentage_amount_rate_and_time_left() -> None:
    """The last line has the final amount."""
    first, *middle, last = lines(every=0, total=4000)
    assert first == "Work: 4,000 titles"
    assert [line.split(",")[0] for line in middle] == ["Work: 25%", "Work: 50%", "Work: 75%"]
    assert "1,000 of 4,000 titles" in middle[0]
    assert "titles/s" in middle[0]
    assert middle[0].endswith(" left")
    assert last.startswith("Work: done, 3,000 titles in ")


def test_without_a_total_nothing_is_guessed() -> None:
    """Without a total a line has neither percentage nor time left."""
    first, middle, *_ = lines(every=0, total=None)
    assert first == "Work"
    assert middle.startswith("Work: 1,000 titles, ")
    assert "left" not in middle


def test_lines_are_rare() -> None:
    """A step that ends within the interval has its first and its last line only."""
    assert len(lines(every=3600, total=4000)) == 2


def test_a_closed_standard_error_is_no_obstacle() -> None:
    """A program started with `2>&-` has None for the stream."""
    with progress_for(None) as progress, progress.step("Work") as step:
        step.advance(1)

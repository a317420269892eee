"""The report of an import as tables for people."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from mediacanon.imdb.report import Report

KINDS = ("inserted", "updated", "unchanged", "withdrawn", "moved", "duplicates", "skipped")


def print_report(report: "Report") -> None:
    """Print changes per kind, rows per file, seconds per step, and malformed rows."""
    click.echo("\n".join(report_lines(report)))


def report_lines(report: "Report") -> Iterator[str]:
    """Yield the lines of the report."""
    if report.resting:
        yield f"Not due yet: {', '.join(report.resting)}. Without --scheduled they are imported, too."
    if report.is_unchanged:
        yield "Nothing changed: the files are those of the last import."
        return
    yield from table(
        ("kind", *KINDS),
        [(one.kind, *(f"{getattr(one, column):,}" for column in KINDS)) for one in report.changes],
    )
    yield ""
    yield from table(
        ("file", "rows", "malformed", "dangling"),
        [
            (file, f"{rows:,}", f"{report.skipped.get(file, 0):,}", f"{report.dangling.get(file, 0):,}")
            for file, rows in report.rows.items()
        ],
    )
    yield ""
    seconds = [*report.seconds.items(), ("together", sum(report.seconds.values()))]
    yield from table(("step", "seconds"), [(step, f"{value:,.1f}") for step, value in seconds])
    if report.examples:
        yield ""
        yield "Malformed rows were skipped. The first of them:"
        yield from (f"  {row}" for row in report.examples)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table: the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    for first, *others in (header, *rows):
        cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))]
        yield "  ".join(cells).rstrip()

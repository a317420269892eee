r"""Staging: streams a dataset file raw into its staging table, without a Python object per row.

A thread decompresses the file and cuts it into chunks of whole lines; each chunk is one COPY. PostgreSQL is the only
judge of a row. A refused chunk is sent again up to the refused line, and then from the next line on, so a malformed row
costs one more COPY and is reported with its line number.

COPY reads CSV with a quote character that no row may contain, which turns all quoting and escaping off: quotes and
backslashes in names are stored unchanged, and `\N` is null.
"""

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NoReturn

import asyncpg
from isal import igzip, isal_zlib

from mediacanon.errors import ImportRefused
from mediacanon.imdb import datasets
from mediacanon.imdb.datasets import STAGING_SCHEMA, Dataset
from mediacanon.progress import Progress

# 4 MiB keeps the process under 100 MB with two files in flight; larger chunks were not faster.
CHUNK_BYTES = 4 << 20
LONGEST_LINE = 1 << 20
# One malformed row in a thousand is normal dirt; a larger share means a file of another format.
MALFORMED_SHARE = 1 / 1000
# Beyond it the rest of the file is not read.
MALFORMED_LIMIT = 20_000
MALFORMED_SHOWN = 10
MALFORMED_KEPT = 1000
SHOWN_CHARACTERS = 100
GZIP_MAGIC = b"\x1f\x8b"
# A control character that IMDb's files never contain: as the quote character it turns quoting off.
QUOTE = b"\x01"
# Lines that COPY would take for a quote or for the end of the data instead of refusing them.
_SWALLOWED = re.compile(rb"^(?:\\\.\r?|[^\n]*\x01[^\n]*)(?:\n|\Z)", re.MULTILINE)
_COPY_LINE = re.compile(r"^COPY \w+, line (\d+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class MalformedRow:
    """A skipped row: its file and line, the reason, and the beginning of its text."""

    file: str
    line: int
    reason: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}: {self.text}"


@dataclass(slots=True)
class Staged:
    """The result of staging one file: rows read, without the header, and rows skipped."""

    dataset: Dataset
    rows: int = 0
    skipped: int = 0
    examples: list[MalformedRow] = field(default_factory=list)

    def skip(self, line: int, reason: str, row: bytes) -> None:
        """Count a malformed row and keep the first ones as examples. Raises ImportRefused after too many."""
        self.skipped += 1
        # Chunks arrive in any order, so more rows are kept than shown; the first of them are shown.
        if len(self.examples) < MALFORMED_KEPT:
            text = row.decode(errors="replace").rstrip("\r\n")[:SHOWN_CHARACTERS]
            self.examples.append(MalformedRow(self.dataset.file, line, reason, text))
        if self.skipped >= MALFORMED_LIMIT:
            self.refuse()

    def refuse(self) -> None:
        """Raise ImportRefused with the share of malformed rows and the first of them."""
        shown = "".join(f"\n  {row}" for row in self.examples[:MALFORMED_SHOWN])
        counted = f"{self.skipped:,} of {self.rows:,} rows are malformed"
        raise ImportRefused(f"{self.dataset.file}: {counted}, more than one in a thousand:{shown}")


class LineChunks:
    """The lines of a dataset file after its header, in chunks of whole lines."""

    def __init__(self, path: Path, dataset: Dataset) -> None:
        self._path = path
        self._dataset = dataset
        self._file: BinaryIO | None = None

    @property
    def position(self) -> int:
        """Compressed bytes of the file that have been read so far."""
        return self._file.tell() if self._file and not self._file.closed else 0

    def __iter__(self) -> Iterator[bytes]:
        """Yield the chunks. Raises ImportRefused for a missing, empty or truncated file, or another format."""
        try:
            with self._path.open("rb") as self._file:
                if (magic := self._file.peek(2)[:2]) != GZIP_MAGIC:
                    fault = "empty" if not magic else "no gzip file"
                    raise ImportRefused(f"{self._path} is {fault}")
                with igzip.GzipFile(fileobj=self._file) as lines:  # type: ignore[no-untyped-call]  # isal types it not
                    yield from self._chunks(lines)
        except FileNotFoundError:
            raise ImportRefused(f"{self._path} is missing") from None
        except EOFError:
            raise ImportRefused(f"{self._path} is truncated: its compressed data ends early") from None
        except (OSError, isal_zlib.error) as error:  # type: ignore[misc]  # isal types its class as an instance
            raise ImportRefused(f"{self._path} cannot be read: {error}") from None

    def _chunks(self, lines: igzip.GzipFile) -> Iterator[bytes]:
        header: bytes = lines.readline(LONGEST_LINE)  # type: ignore[no-untyped-call]  # as above
        if tuple(header.decode(errors="replace").rstrip("\r\n").split("\t")) != self._dataset.header:
            expected = " ".join(self._dataset.header)
            found = header.decode(errors="replace").strip()[: 2 * SHOWN_CHARACTERS]
            raise ImportRefused(f"{self._path} has another header than expected ({expected}): {found!r}")
        rest = b""
        while block := lines.read(CHUNK_BYTES):
            end = block.rfind(b"\n") + 1
            if not end and len(rest) > LONGEST_LINE:
                raise ImportRefused(f"{self._path} holds a line longer than {LONGEST_LINE:,} bytes")
            if end:
                yield rest + block[:end]
                rest = block[end:]
            else:
                rest += block
        if rest:
            # The last line may lack its newline, but not a column: then the file was cut inside the row.
            if rest.count(b"\t") != len(self._dataset.header) - 1:
                raise ImportRefused(f"{self._path} is truncated: it ends inside a row")
            yield rest + b"\n"


async def stage(connections: Sequence[asyncpg.Connection], folder: Path, progress: Progress) -> list[Staged]:
    """Fill the staging tables from the files in `folder`, with the chunks spread over the connections.

    Each chunk is committed by itself: only the import uses the staging tables. Raises ImportRefused if a file is
    malformed.
    """
    # At most one chunk per connection waits, so memory stays bounded whatever the file's size.
    chunks: asyncio.Queue[tuple[Staged, int, bytes]] = asyncio.Queue(len(connections))
    copying = [asyncio.create_task(_copy_chunks(connection, chunks)) for connection in connections]
    reading = asyncio.create_task(_read_files(folder, chunks, progress))
    try:
        # The first failure ends the staging; copiers run until they are cancelled.
        await asyncio.wait([reading, *copying], return_when=asyncio.FIRST_COMPLETED)
        for copier in copying:
            if copier.done():
                copier.result()
        return await reading
    finally:
        for task in (reading, *copying):
            task.cancel()
        await asyncio.gather(reading, *copying, return_exceptions=True)


async def _read_files(
    folder: Path, chunks: asyncio.Queue[tuple[Staged, int, bytes]], progress: Progress
) -> list[Staged]:
    """Put the chunks of all files into the queue; return the results once every chunk is in the database."""
    staged = [Staged(dataset) for dataset in datasets.ALL]
    for file in staged:
        path = folder / file.dataset.file
        lines = LineChunks(path, file.dataset)
        reported = 0
        with progress.step(f"Staging {path.name}", total=path.stat().st_size) as step:
            iterator = iter(lines)
            while chunk := await asyncio.to_thread(next, iterator, b""):
                first_line = file.rows + 2  # the header is line 1
                file.rows += chunk.count(b"\n")
                await chunks.put((file, first_line, chunk))
                step.advance(lines.position - reported)
                reported = lines.position
            step.advance(path.stat().st_size - reported)
    await chunks.join()
    for file in staged:
        file.examples.sort(key=lambda row: row.line)
        del file.examples[MALFORMED_SHOWN:]
        if not file.rows:
            raise ImportRefused(f"{folder / file.dataset.file} has no rows")
        if file.skipped > file.rows * MALFORMED_SHARE:
            file.refuse()
    return staged


async def _copy_chunks(connection: asyncpg.Connection, chunks: asyncio.Queue[tuple[Staged, int, bytes]]) -> NoReturn:
    while True:
        staged, first_line, chunk = await chunks.get()
        for line, lines in _without_swallowed(chunk, first_line, staged):
            await _copy_lines(connection, line, lines, staged)
        chunks.task_done()


async def _copy_lines(connection: asyncpg.Connection, line: int, lines: bytes, staged: Staged) -> None:
    while lines:
        refusal = await _refusal(connection, lines, staged.dataset)
        if refusal is None:
            return
        bad, reason = refusal
        start, end = _line_bounds(lines, bad)
        if start and (worse := await _refusal(connection, lines[:start], staged.dataset)):
            # PostgreSQL did not name the first malformed line; the lines before it come first.
            bad, reason = worse
            start, end = _line_bounds(lines, bad)
            await _copy_lines(connection, line, lines[:start], staged)
        staged.skip(line + bad, reason, lines[start:end])
        lines = lines[end:]
        line += bad + 1


async def _refusal(connection: asyncpg.Connection, chunk: bytes, dataset: Dataset) -> tuple[int, str] | None:
    """COPY the chunk; return None, or the line (from 0) that PostgreSQL refused and its reason."""
    try:
        await connection.copy_to_table(
            dataset.table,
            schema_name=STAGING_SCHEMA,
            source=memoryview(chunk),  # type: ignore[arg-type]  # bytes would be taken for a path
            columns=dataset.columns,
            format="csv",
            delimiter="\t",
            quote=QUOTE.decode(),
            null="\\N",
            where=dataset.wanted,
        )
    except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
        return _refused_line(chunk, error), str(error)
    return None


def _refused_line(chunk: bytes, error: asyncpg.PostgresError) -> int:
    # COPY decodes text ahead of the rows, so the line in the message of an encoding error is wrong.
    if isinstance(error, asyncpg.CharacterNotInRepertoireError):
        nul = chunk.find(b"\0")
        try:
            chunk.decode()
        except UnicodeDecodeError as broken:
            return chunk.count(b"\n", 0, broken.start if nul < 0 else min(nul, broken.start))
        return chunk.count(b"\n", 0, max(nul, 0))
    match = _COPY_LINE.search(error.context or "")
    if match is None:
        raise error
    return int(match[1]) - 1


def _line_bounds(chunk: bytes, number: int) -> tuple[int, int]:
    """Return the start and the end of line `number` (from 0), its newline included."""
    start = 0
    for _ in range(number):
        start = chunk.index(b"\n", start) + 1
    return start, chunk.index(b"\n", start) + 1


def _without_swallowed(chunk: bytes, line: int, staged: Staged) -> Iterator[tuple[int, bytes]]:
    """Yield the runs between lines that COPY would misread, each with the number of its first line."""
    if QUOTE not in chunk and b"\n\\." not in chunk and not chunk.startswith(b"\\."):
        yield line, chunk
        return
    position = 0
    for match in _SWALLOWED.finditer(chunk):
        run = chunk[position : match.start()]
        yield line, run
        line += run.count(b"\n")
        staged.skip(line, "a control character", match.group())
        line += 1
        position = match.end()
    yield line, chunk[position:]

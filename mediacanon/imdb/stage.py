r"""Staging: streams a dataset file raw into its staging table, without a Python object per row.

A thread decompresses the file and cuts it into chunks of whole lines; each chunk is one COPY. PostgreSQL is the only
judge of a row. A refused chunk is sent again up to the refused line, and then from the next line on, so a malformed row
costs one more COPY and is reported with its line number.

COPY reads CSV with a quote character that no row may contain, which turns all quoting and escaping off: quotes and
backslashes in names are stored unchanged, and `\N` is null.
"""

import asyncio
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import asyncpg
from isal import igzip, isal_zlib

from mediacanon.errors import ImportRefused
from mediacanon.imdb.datasets import STAGING_SCHEMA, Dataset
from mediacanon.imdb.difference import Chosen, all_lines
from mediacanon.progress import Progress

# Larger chunks were not faster; 4 MiB took 40 MB more.
CHUNK_BYTES = 1 << 20
LONGEST_LINE = 1 << 20
# Lines of one key stay in one chunk, up to so many: a thousand names of a film, if need be.
MOST_OF_A_KEY = 10_000
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

# Chooses the lines to stage out of a file's chunks.
Choice = Callable[[Dataset, Iterator[bytes]], Iterator[Chosen]]


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
    keys: list[bytes] = field(default_factory=list)  # of the skipped rows

    def skip(self, line: int, reason: str, row: bytes) -> None:
        """Count a malformed row and keep the first ones as examples. Raises ImportRefused after too many."""
        self.skipped += 1
        self.keys.append(row.rstrip(b"\r\n").partition(b"\t")[0][:SHOWN_CHARACTERS])
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
        self.position = 0  # compressed bytes of the file that have been read so far

    def __iter__(self) -> Iterator[bytes]:
        """Yield the chunks. Raises ImportRefused for a missing, empty or truncated file, or another format."""
        try:
            with self._path.open("rb") as file:
                if (magic := file.peek(2)[:2]) != GZIP_MAGIC:
                    fault = "empty" if not magic else "no gzip file"
                    raise ImportRefused(f"{self._path} is {fault}")
                with igzip.GzipFile(fileobj=file) as lines:  # type: ignore[no-untyped-call]  # isal types it not
                    for chunk in self._chunks(lines):
                        self.position = file.tell()
                        yield chunk
        except FileNotFoundError:
            raise ImportRefused(f"{self._path} is missing") from None
        except EOFError:
            raise ImportRefused(f"{self._path} is truncated: its compressed data ends early") from None
        except (OSError, isal_zlib.error) as error:  # type: ignore[misc]  # isal types its class as an instance
            raise ImportRefused(f"{self._path} cannot be read: {error}") from None

    def _chunks(self, lines: igzip.GzipFile) -> Iterator[bytes]:
        read: Callable[[int], bytes] = lines.read
        readline: Callable[[int], bytes] = lines.readline
        header = readline(LONGEST_LINE)
        if tuple(header.decode(errors="replace").rstrip("\r\n").split("\t")) != self._dataset.header:
            expected = " ".join(self._dataset.header)
            found = header.decode(errors="replace").strip()[: 2 * SHOWN_CHARACTERS]
            raise ImportRefused(f"{self._path} has another header than expected ({expected}): {found!r}")
        following = b""
        while (block := read(CHUNK_BYTES)) or following:
            chunk = [following, block, readline(LONGEST_LINE)]
            if len(chunk[-1]) == LONGEST_LINE and not chunk[-1].endswith(b"\n"):
                raise ImportRefused(f"{self._path} holds a line longer than {LONGEST_LINE:,} bytes")
            key = (block[block.rfind(b"\n") + 1 :] + chunk[-1]).partition(b"\t")[0] + b"\t"
            following = readline(LONGEST_LINE)
            while following.startswith(key) and len(chunk) < MOST_OF_A_KEY:
                chunk.append(following)
                following = readline(LONGEST_LINE)
            if not (following or chunk[-1].endswith(b"\n")):
                chunk.append(self._end(b"".join(chunk)))
            yield b"".join(chunk)

    def _end(self, chunk: bytes) -> bytes:
        """Return the newline that the last line lacks, if it does. Raises ImportRefused if it lacks a column, too."""
        last = chunk[chunk.rfind(b"\n") + 1 :]
        if last and last.count(b"\t") != len(self._dataset.header) - 1:
            raise ImportRefused(f"{self._path} is truncated: it ends inside a row")
        return b"\n" if last else b""


async def stage(
    connections: Sequence[asyncpg.Connection],
    folder: Path,
    progress: Progress,
    files: Sequence[Dataset],
    choice: Choice = lambda _, chunks: all_lines(chunks),
) -> list[Staged]:
    """Fill the staging tables from `files` in `folder`, with the chunks spread over the connections.

    Each chunk is committed by itself: only the import uses the staging tables. Raises ImportRefused if a file is
    malformed.
    """
    # At most one chunk per connection waits, so memory stays bounded whatever the file's size.
    chunks: asyncio.Queue[tuple[Staged, Chosen]] = asyncio.Queue(len(connections))
    copying = [asyncio.create_task(_copy_chunks(connection, chunks)) for connection in connections]
    staged = [Staged(dataset) for dataset in files]
    reading = asyncio.create_task(_read_files(folder, staged, choice, chunks, progress))
    try:
        # The first failure ends the staging; copiers run until they are cancelled.
        await asyncio.wait([reading, *copying], return_when=asyncio.FIRST_COMPLETED)
        for copier in copying:
            if copier.done():
                copier.result()
        await reading
        return staged
    finally:
        for task in (reading, *copying):
            task.cancel()
        await asyncio.gather(reading, *copying, return_exceptions=True)


async def _read_files(
    folder: Path,
    staged: Sequence[Staged],
    choice: Choice,
    chunks: asyncio.Queue[tuple[Staged, Chosen]],
    progress: Progress,
) -> None:
    """Put the chosen lines of all files into the queue; return once every line is in the database."""
    for file in staged:
        path = folder / file.dataset.file
        lines = LineChunks(path, file.dataset)
        reported = 0
        with progress.step(f"Staging {path.name}", total=path.stat().st_size) as step:
            iterator = choice(file.dataset, iter(lines))
            while chosen := await asyncio.to_thread(next, iterator, None):
                file.rows += chosen.rows
                if chosen.lines:
                    await chunks.put((file, chosen))
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


async def _copy_chunks(connection: asyncpg.Connection, chunks: asyncio.Queue[tuple[Staged, Chosen]]) -> NoReturn:
    while True:
        staged, chosen = await chunks.get()
        for numbers, lines in _without_swallowed(chosen, staged):
            await _copy_lines(connection, numbers, lines, staged)
        chunks.task_done()


async def _copy_lines(connection: asyncpg.Connection, numbers: Sequence[int], lines: bytes, staged: Staged) -> None:
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
            await _copy_lines(connection, numbers, lines[:start], staged)
        staged.skip(numbers[bad], reason, lines[start:end])
        lines = lines[end:]
        numbers = numbers[bad + 1 :]


async def _refusal(connection: asyncpg.Connection, chunk: bytes, dataset: Dataset) -> tuple[int, str] | None:
    """COPY the chunk; return None, or the line (from 0) that PostgreSQL refused and its reason."""
    try:
        await copy_lines(connection, dataset.table, chunk, where=dataset.wanted)
    except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
        return _refused_line(chunk, error), str(error)
    return None


async def copy_lines(connection: asyncpg.Connection, table: str, lines: bytes, *, where: str | None = None) -> None:
    """COPY lines, which have all columns of the staging table in its order."""
    await connection.copy_to_table(
        table,
        schema_name=STAGING_SCHEMA,
        source=memoryview(lines),  # type: ignore[arg-type]  # bytes would be taken for a path
        format="csv",
        delimiter="\t",
        quote=QUOTE.decode(),
        null="\\N",
        where=where,
    )


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


def _without_swallowed(chosen: Chosen, staged: Staged) -> Iterator[tuple[Sequence[int], bytes]]:
    """Yield the runs between lines that COPY would misread, each with the numbers of its lines."""
    chunk, numbers = chosen.lines, chosen.numbers
    if QUOTE not in chunk and b"\n\\." not in chunk and not chunk.startswith(b"\\."):
        yield numbers, chunk
        return
    position = 0
    for match in _SWALLOWED.finditer(chunk):
        run = chunk[position : match.start()]
        yield numbers, run
        numbers = numbers[run.count(b"\n") :]
        staged.skip(numbers[0], "a control character", match.group())
        numbers = numbers[1:]
        position = match.end()
    yield numbers, chunk[position:]

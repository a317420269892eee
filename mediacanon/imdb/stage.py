r"""Streams a dataset file into its staging table, raw: no Python object per row.

The file is decompressed in a thread and cut into chunks of whole lines; each chunk is one COPY of its own.
PostgreSQL is the only judge of a row: a chunk it refuses is sent again up to the line it complained of and
then from the next one on, so a malformed row costs one more COPY and is reported with its line number.

COPY reads CSV with a quote character that no row may contain, which turns all quoting and escaping off:
quotes and backslashes in names arrive as they are, and `\N` is null.
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
# One malformed row in a thousand is dirt; more is another file than we think.
MALFORMED_SHARE = 1 / 1000
# A file this broken is not read to its end.
MALFORMED_LIMIT = 20_000
MALFORMED_SHOWN = 10
MALFORMED_KEPT = 1000
SHOWN_CHARACTERS = 100
GZIP_MAGIC = b"\x1f\x8b"
# A control character that IMDb's files never hold stands for "no quoting".
QUOTE = b"\x01"
# What COPY would take for a quote or for the end of the data instead of refusing it.
_SWALLOWED = re.compile(rb"^(?:\\\.\r?|[^\n]*\x01[^\n]*)(?:\n|\Z)", re.MULTILINE)
_COPY_LINE = re.compile(r"^COPY \w+, line (\d+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class MalformedRow:
    """A row that was skipped: where it stands, what is wrong with it, and how it begins."""

    file: str
    line: int
    reason: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}: {self.text}"


@dataclass(slots=True)
class Staged:
    """What staging one file came to: rows read (the header not counted) and rows skipped."""

    dataset: Dataset
    rows: int = 0
    skipped: int = 0
    examples: list[MalformedRow] = field(default_factory=list)

    def skip(self, line: int, reason: str, row: bytes) -> None:
        """Count a malformed row; keep the first few to be shown. Raises ImportRefused after too many."""
        self.skipped += 1
        # Chunks arrive in any order: more are kept than are shown, the first of them are.
        if len(self.examples) < MALFORMED_KEPT:
            text = row.decode(errors="replace").rstrip("\r\n")[:SHOWN_CHARACTERS]
            self.examples.append(MalformedRow(self.dataset.file, line, reason, text))
        if self.skipped >= MALFORMED_LIMIT:
            self.refuse()

    def refuse(self) -> None:
        """Raise ImportRefused that names the share of malformed rows and shows the first ones."""
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
        """How many bytes of the file have been read so far, as stored on disk."""
        return self._file.tell() if self._file and not self._file.closed else 0

    def __iter__(self) -> Iterator[bytes]:
        """Yield the chunks. Raises ImportRefused for a missing, empty, truncated or foreign file."""
        try:
            with self._path.open("rb") as self._file:
                if (magic := self._file.peek(2)[:2]) != GZIP_MAGIC:
                    what = "empty" if not magic else "no gzip file"
                    raise ImportRefused(f"{self._path} is {what}")
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
            wanted = " ".join(self._dataset.header)
            got = header.decode(errors="replace").strip()[: 2 * SHOWN_CHARACTERS]
            raise ImportRefused(f"{self._path} has another header than expected ({wanted}): {got!r}")
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
            # A last line without its newline is fine when it is whole, else the file was cut inside a row.
            if rest.count(b"\t") != len(self._dataset.header) - 1:
                raise ImportRefused(f"{self._path} is truncated: it ends inside a row")
            yield rest + b"\n"


async def stage(connections: Sequence[asyncpg.Connection], folder: Path, progress: Progress) -> list[Staged]:
    """Fill the staging tables from the files in `folder`, chunks spread over the connections.

    Each chunk is committed by itself: staging tables are nobody's but the import's.
    Raises ImportRefused when a file is not what it should be.
    """
    # As many chunks wait as can be taken at once: memory stays bounded whatever the file's size.
    chunks: asyncio.Queue[tuple[Staged, int, bytes]] = asyncio.Queue(len(connections))
    copying = [asyncio.create_task(_copy_chunks(connection, chunks)) for connection in connections]
    reading = asyncio.create_task(_read_files(folder, chunks, progress))
    try:
        # Whoever fails first ends it; the copiers never end by themselves.
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
    """Hand out the lines of all files; return what they came to when every chunk is in the database."""
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
            # The line named was not the first bad one; go on with those before it.
            bad, reason = worse
            start, end = _line_bounds(lines, bad)
            await _copy_lines(connection, line, lines[:start], staged)
        staged.skip(line + bad, reason, lines[start:end])
        lines = lines[end:]
        line += bad + 1


async def _refusal(connection: asyncpg.Connection, chunk: bytes, dataset: Dataset) -> tuple[int, str] | None:
    """COPY the chunk; return None, or which line (from 0) PostgreSQL refuses and why."""
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
    # Text is decoded ahead of the rows, so for an encoding error the line in the message is not the one.
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
    """Return where line `number` (from 0) starts and ends, its newline included."""
    start = 0
    for _ in range(number):
        start = chunk.index(b"\n", start) + 1
    return start, chunk.index(b"\n", start) + 1


def _without_swallowed(chunk: bytes, line: int, staged: Staged) -> Iterator[tuple[int, bytes]]:
    """Yield the runs of lines between those that COPY would misread, each with its first line's number."""
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

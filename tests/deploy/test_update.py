"""`deploy/update`: a new version is put in place, and a bad one is taken back, on a checkout of its own."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from mediacanon import paths

ROOT = paths.PACKAGE.parent
VERSIONED = ("mediacanon", "cli", "templates", "collections", "deploy", "schema.sql", ".gitignore")
NOT_VERSIONED = shutil.ignore_patterns("__pycache__", "vendor")

pytestmark = pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")

START = 'nohup "{root}/.venv/bin/mediacanon" serve >>"{root}/server.log" 2>&1 & echo $! >"{root}/pid.log"'
STOP = 'pid=$(cat "{root}/pid.log"); kill "$pid" && while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done'


class Installation:
    """A checkout whose program is this Python with the checkout's code, and the repository it came from."""

    def __init__(self, folder: Path, dsn: str) -> None:
        self.origin, self.root = folder / "origin", folder / "installed"
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self._make_origin()
        subprocess.run(["git", "clone", "--quiet", self.origin, self.root], check=True)
        programs = self.root / ".venv" / "bin"
        programs.mkdir(parents=True)
        (programs / "python").symlink_to(sys.executable)
        program = programs / "mediacanon"
        program.write_text(f'#!/bin/sh\nPYTHONPATH="{self.root}" exec "{sys.executable}" -P -B -m cli "$@"\n')
        program.chmod(0o755)
        env_file = folder / "env"
        env_file.write_text(f'# settings\nPORT={self.port}\nDATABASE_URL="{dsn}"\n')
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "MEDIACANON_ENV": str(env_file),
            "MEDIACANON_SETUP": "true",
            "MEDIACANON_START": f'"{self.root}/deploy/with-env" bash -c ' + repr(START.format(root=self.root)),
            "MEDIACANON_STOP": STOP.format(root=self.root),
            "MEDIACANON_PATIENCE": "60",
        }

    def _make_origin(self) -> None:
        self.origin.mkdir()
        for name in VERSIONED:
            source, target = ROOT / name, self.origin / name
            if source.is_dir():
                shutil.copytree(source, target, ignore=NOT_VERSIONED)
            else:
                shutil.copy(source, target)
        self._git("init", "--quiet")
        self.publish("first version")

    def _git(self, *arguments: str) -> str:
        who = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
        ran = subprocess.run(["git", *who, *arguments], cwd=self.origin, check=True, capture_output=True, text=True)
        return ran.stdout.strip()

    def publish(self, message: str) -> str:
        """Commit what the origin's files are, and return the commit."""
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message", message)
        return self._git("rev-parse", "HEAD")

    def run(self, command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a shell command as the operator would."""
        return subprocess.run(
            ["bash", "-c", command], env=self.environment | environment, capture_output=True, text=True, check=False
        )

    def update(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the script of the installed version."""
        return self.run(" ".join([f'"{self.root}/deploy/update"', *arguments]), **environment)

    def start(self) -> None:
        """Start the first version and wait for it."""
        assert self.run(self.environment["MEDIACANON_START"]).returncode == 0
        waited = self.run(f'"{self.root}/deploy/with-env" "{self.root}/deploy/wait-ready"')
        assert waited.returncode == 0, waited.stderr + (self.root / "server.log").read_text()

    def page(self) -> str:
        """Return what the server at the port says now."""
        return httpx.get(f"http://127.0.0.1:{self.port}/", trust_env=False).text


@pytest.fixture
def installation(tmp_path: Path, database: str) -> Iterator[Installation]:
    """Give a running installation."""
    installed = Installation(tmp_path, database)
    installed.start()
    yield installed
    installed.run(installed.environment["MEDIACANON_STOP"])


def test_an_update_serves_the_new_version(installation: Installation):
    """The new page is served by a new process; a second update finds nothing to do."""
    home = installation.origin / "templates" / "home.html"
    home.write_text(home.read_text() + "<!-- second version -->")
    installation.publish("second version")
    assert "second version" not in installation.page()
    updated = installation.update()
    assert updated.returncode == 0, updated.stderr
    assert updated.stderr.endswith(" serves\n")
    again = installation.update()
    assert (again.returncode, "already at" in again.stderr) == (0, True)


@pytest.mark.parametrize(
    ("file", "fault"),
    [("cli/serve.py", "raise SystemExit('broken')\n"), ("schema.sql", "SELECT this is no SQL;\n")],
)
def test_an_update_that_does_not_come_up_is_taken_back(installation: Installation, file: str, fault: str):
    """A server that ends, or a migration that fails: the old version serves again and the exit code says so."""
    broken = installation.origin / file
    broken.write_text(fault + broken.read_text())
    home = installation.origin / "templates" / "home.html"
    home.write_text(home.read_text() + "<!-- second version -->")
    installation.publish("broken")
    updated = installation.update(MEDIACANON_PATIENCE="20")
    assert updated.returncode == 1, updated.stderr
    assert updated.stderr.endswith(" serves again\n")
    assert "second version" not in installation.page()
    assert installation.run(f'git -C "{installation.root}" status --porcelain').stdout == ""


def test_a_backup_is_restored_with_the_old_version(installation: Installation, tmp_path: Path):
    """What the new version's migration did to the database is undone with it."""
    schema = installation.origin / "schema.sql"
    schema.write_text(schema.read_text() + "\nCREATE TABLE afterthought (id integer);\n")
    broken = installation.origin / "cli" / "serve.py"
    broken.write_text("raise SystemExit('broken')\n" + broken.read_text())
    installation.publish("broken")
    updated = installation.update("--backup", str(tmp_path / "before.dump"), MEDIACANON_PATIENCE="20")
    assert updated.returncode == 1, updated.stderr
    asked = installation.run(
        f'"{installation.root}/deploy/with-env" "{installation.root}/.venv/bin/mediacanon" db psql '
        "-Atc \"SELECT to_regclass('afterthought') IS NULL\""
    )
    assert asked.stdout.strip() == "t", asked.stderr


def test_changes_of_ones_own_are_not_overwritten(installation: Installation):
    """The update refuses before it stops anything."""
    (installation.root / "schema.sql").write_text("-- mine\n")
    refused = installation.update()
    assert refused.returncode == 2
    assert "has changes of its own" in refused.stderr
    assert "MediaCanon" in installation.page()


def test_an_unknown_revision_stops_nothing(installation: Installation):
    """The update refuses before it stops anything."""
    refused = installation.update("v99")
    assert (refused.returncode, "there is no revision v99" in refused.stderr) == (2, True)
    assert "MediaCanon" in installation.page()

"""`deploy/update`: installs a new version, and rolls back a broken one, on a checkout of its own."""

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
    """A checkout that runs on this Python, and the repository that it was cloned from."""

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
        author = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
        done = subprocess.run(["git", *author, *arguments], cwd=self.origin, check=True, capture_output=True, text=True)
        return done.stdout.strip()

    def publish(self, message: str) -> str:
        """Commit the files of the origin and return the commit."""
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message", message)
        return self._git("rev-parse", "HEAD")

    def run(self, command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a shell command in the installation's environment."""
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
        """Return the start page of the server."""
        return httpx.get(f"http://127.0.0.1:{self.port}/", trust_env=False, timeout=60).text


@pytest.fixture
def installation(tmp_path: Path, database: str) -> Iterator[Installation]:
    """Yield a running installation."""
    installed = Installation(tmp_path, database)
    installed.start()
    yield installed
    installed.run(installed.environment["MEDIACANON_STOP"])


def test_an_update_serves_the_new_version(installation: Installation):
    """The new page is served; a second update has nothing to do."""
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
def test_an_update_that_does_not_become_ready_is_rolled_back(installation: Installation, file: str, fault: str):
    """After a crash or a failed migration the old version serves again, and the exit code is 1."""
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
    """The rollback undoes the migration of the new version."""
    schema = installation.origin / "schema.sql"
    schema.write_text(schema.read_text() + "\nCREATE TABLE afterthought (id integer);\n")
    broken = installation.origin / "cli" / "serve.py"
    broken.write_text("raise SystemExit('broken')\n" + broken.read_text())
    installation.publish("broken")
    updated = installation.update("--backup", str(tmp_path / "before.dump"), MEDIACANON_PATIENCE="20")
    assert updated.returncode == 1, updated.stderr
    done = installation.run(
        f'"{installation.root}/deploy/with-env" "{installation.root}/.venv/bin/mediacanon" db psql '
        "-Atc \"SELECT to_regclass('afterthought') IS NULL\""
    )
    assert done.stdout.strip() == "t", done.stderr


def test_uncommitted_changes_are_not_overwritten(installation: Installation):
    """The update refuses before it stops anything."""
    (installation.root / "schema.sql").write_text("-- mine\n")
    refused = installation.update()
    assert refused.returncode == 2
    assert "has uncommitted changes" in refused.stderr
    assert "MediaCanon" in installation.page()


def test_an_unknown_revision_stops_nothing(installation: Installation):
    """The update refuses before it stops anything."""
    refused = installation.update("v99")
    assert (refused.returncode, "there is no revision v99" in refused.stderr) == (2, True)
    assert "MediaCanon" in installation.page()

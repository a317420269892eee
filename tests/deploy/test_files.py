"""The files of deploy/ are valid for launchd, systemd, shells and compose."""

import contextlib
import dataclasses
import os
import plistlib
import re
import shutil
import socket
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import yaml

from mediacanon import paths
from mediacanon.settings import Settings

ROOT = paths.PACKAGE.parent
DEPLOY = ROOT / "deploy"
SCRIPTS = ("update", "with-env", "with-log", "wait-ready")
UNITS = sorted(path.name for path in (DEPLOY / "systemd").iterdir())
SERVICES = [name for name in UNITS if name.endswith(".service")]

needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")


@pytest.mark.parametrize("label", ["com.mediacanon.server", "com.mediacanon.tunnel"])
def test_launch_agents_carry_the_label_of_their_file(label: str):
    """launchd identifies an agent by its label, and restarts both."""
    agent = plistlib.loads((DEPLOY / "launchd" / f"{label}.plist").read_bytes())
    assert agent["Label"] == label
    assert agent["RunAtLoad"] is agent["KeepAlive"] is True
    assert all(Path(word).is_absolute() for word in agent["ProgramArguments"][:1])


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_are_valid(script: str):
    """bash parses each script, shellcheck (if installed) finds nothing, and each is executable."""
    path = DEPLOY / script
    assert os.access(path, os.X_OK)
    subprocess.run(["bash", "-n", path], check=True)
    if shutil.which("shellcheck"):
        subprocess.run(["shellcheck", path], check=True)


@needs_systemd
@pytest.mark.parametrize("unit", UNITS)
def test_systemd_accepts_every_unit(unit: str, tmp_path: Path):
    """`systemd-analyze verify` finds no fault, with the programs at the paths of the unit."""
    for name in UNITS:
        text = (DEPLOY / "systemd" / name).read_text().replace("/opt/mediacanon", str(tmp_path))
        (tmp_path / name).write_text(text)
        for program in re.findall(r"^Exec\w+=(\S+)", text, re.MULTILINE):
            Path(program).parent.mkdir(parents=True, exist_ok=True)
            Path(program).write_text("#!/bin/sh\n")
            Path(program).chmod(0o755)
    command = ["systemd-analyze", "verify", "--man=no", str(tmp_path / unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    faults = [line for line in done.stderr.splitlines() if str(tmp_path) in line or "mediacanon" in line]
    assert (done.returncode, faults) == (0, [])


@needs_systemd
@pytest.mark.parametrize("unit", SERVICES)
def test_services_are_sandboxed(unit: str):
    """systemd rates the exposure of each service, from 0 to 10, at most 2.5."""
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=25", str(DEPLOY / "systemd" / unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "offline" in done.stderr:
        pytest.skip("this systemd cannot rate a unit that is not loaded")
    assert done.returncode == 0, done.stdout.splitlines()[-1]


def test_compose_has_a_private_database():
    """The server waits for the database, whose port is not published; the password has no default."""
    composed = yaml.safe_load((DEPLOY / "container" / "compose.yaml").read_text())
    services = composed["services"]
    assert services["server"]["depends_on"]["database"] == {"condition": "service_healthy"}
    assert "ports" not in services["database"]
    assert services["server"]["ports"] == ["127.0.0.1:${PORT:-8080}:8080"]
    assert services["database"]["environment"]["POSTGRES_PASSWORD"].startswith("${POSTGRES_PASSWORD:?")
    build = composed["x-mediacanon"]["build"]
    assert (DEPLOY / "container" / build["context"]).resolve() == ROOT
    assert (ROOT / build["dockerfile"]).exists()


def test_compose_passes_every_setting_and_closes_writes():
    """HOST, PORT and the data folder are the image's; a password of any characters stays outside of the URL."""
    composed = yaml.safe_load((DEPLOY / "container" / "compose.yaml").read_text())
    passed = composed["x-mediacanon"]["environment"]
    settings = {field.metadata["env"] for field in dataclasses.fields(Settings)}
    assert set(passed) == settings - {"HOST", "PORT", "MEDIACANON_DATA_DIR"} | {"PGPASSWORD"}
    assert passed["MEDIACANON_WRITES"] == "${MEDIACANON_WRITES:-off}"
    assert "PASSWORD" not in passed["DATABASE_URL"]
    written = [name for name, value in passed.items() if value is not None]
    assert written == ["DATABASE_URL", "PGPASSWORD", "MEDIACANON_WRITES"]


def test_launchds_log_is_bounded(tmp_path: Path):
    """A service's output goes into a file that is set aside at a size; the exit code is the command's."""
    for agent in (DEPLOY / "launchd").glob("*.plist"):
        described = plistlib.loads(agent.read_bytes())
        assert described["ProgramArguments"][0] == "/opt/mediacanon/deploy/with-log"
        assert not {"StandardOutPath", "StandardErrorPath"} & described.keys()
    log = tmp_path / "server.log"
    talk = "for n in $(seq 1 3000); do echo line $n; done; echo the end >&2; exit 7"
    environment = {"PATH": os.environ["PATH"], "MEDIACANON_WITH_LOG_BYTES": "2000"}
    done = subprocess.run([DEPLOY / "with-log", log, "bash", "-c", talk], env=environment, check=False)
    assert done.returncode == 7
    deadline, text = time.monotonic() + 30, ""
    while "the end" not in text and time.monotonic() < deadline:
        time.sleep(0.05)
        # It is set aside meanwhile, and then there is none for a moment.
        with contextlib.suppress(FileNotFoundError):
            text = log.read_text()
    assert text.endswith("the end\n")
    assert {one.name for one in tmp_path.iterdir()} == {"server.log", "server.log.old"}
    assert all(one.stat().st_size < 2100 for one in tmp_path.iterdir())


def test_every_file_that_the_container_copies_exists():
    """A COPY of a missing file would fail only when the image is built."""
    text = (DEPLOY / "container" / "Containerfile").read_text()
    copied = [word for line in re.findall(r"^COPY (?!--)(.+)$", text, re.MULTILINE) for word in line.split()[:-1]]
    assert copied
    assert [word for word in copied if not (ROOT / word).exists()] == []


def test_the_tunnel_leads_to_the_server_alone():
    """The last ingress rule refuses all other requests."""
    tunnel = yaml.safe_load((DEPLOY / "cloudflared" / "config.example.yml").read_text())
    assert [rule["service"] for rule in tunnel["ingress"]] == ["http://127.0.0.1:8080", "http_status:404"]


def test_the_example_settings_turn_writes_off():
    """A tunnel makes loopback public, which the server cannot detect: both examples have the setting."""
    assert re.findall(r"^MEDIACANON_WRITES=(\w+)$", (DEPLOY / "env.example").read_text(), re.MULTILINE) == ["off"]
    assert "MEDIACANON_WRITES=token or off" in (DEPLOY / "cloudflared" / "config.example.yml").read_text()


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("DATABASE_URL=postgresql://u@/m?host=/run&port=1", "postgresql://u@/m?host=/run&port=1"),
        ('DATABASE_URL="a $HOME `b`"', "a $HOME `b`"),
        ("DATABASE_URL='quoted'", "quoted"),
        ("# DATABASE_URL=no", ""),
    ],
)
def test_the_environment_file_is_parsed_like_systemds(tmp_path: Path, line: str, value: str):
    """No command of the file is run, and no variable expanded."""
    file = tmp_path / "env"
    file.write_text(line)
    command = [DEPLOY / "with-env", "bash", "-c", 'printf %s "${DATABASE_URL:-}"']
    environment = {"PATH": os.environ["PATH"], "MEDIACANON_ENV": str(file)}
    assert subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout == value


def test_the_example_has_existing_settings_only():
    """Each NAME of env.example is a setting of MediaCanon."""
    names = re.findall(r"^#?([A-Z_]+)=", (DEPLOY / "env.example").read_text(), re.MULTILINE)
    assert set(names) <= {field.metadata["env"] for field in dataclasses.fields(Settings)}


@pytest.fixture
def wait_ready(tmp_path: Path) -> Path:
    """Return the script in a folder like an installation."""
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    # A symbolic link would start in another environment; the script needs the standard library only.
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    script = tmp_path / "deploy" / "wait-ready"
    script.parent.mkdir()
    shutil.copy(DEPLOY / "wait-ready", script)
    return script


@pytest.mark.parametrize(
    ("host", "listens_at"),
    [("", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("localhost", "127.0.0.1"), ("::", "::1"), ("::1", "::1")],
)
def test_the_server_is_waited_for_where_it_listens(wait_ready: Path, host: str, listens_at: str):
    """The script uses HOST; for a wildcard address it asks on loopback."""
    requests = []

    class Ready(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            requests.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    class Server(HTTPServer):
        address_family = socket.AF_INET6 if ":" in listens_at else socket.AF_INET

    try:
        server = Server((listens_at, 0), Ready)
    except OSError:
        pytest.skip(f"this machine has no {listens_at}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environment = {**os.environ, "HOST": host, "PORT": str(server.server_port)}
    done = subprocess.run([wait_ready, "5"], env=environment, capture_output=True, text=True, check=False)
    server.shutdown()
    server.server_close()
    assert (done.returncode, done.stderr, requests) == (0, "", ["/readyz"])

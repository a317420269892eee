"""The files of deploy/ are what launchd, systemd, shells and compose take."""

import os
import plistlib
import re
import shutil
import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import yaml

from mediacanon import paths

ROOT = paths.PACKAGE.parent
DEPLOY = ROOT / "deploy"
SCRIPTS = ("update", "with-env", "wait-ready")
UNITS = sorted(path.name for path in (DEPLOY / "systemd").iterdir())
SERVICES = [name for name in UNITS if name.endswith(".service")]

needs_systemd = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")


@pytest.mark.parametrize("label", ["com.mediacanon.server", "com.mediacanon.tunnel"])
def test_launch_agents_carry_the_label_of_their_file(label: str):
    """launchd finds them by it; both come back when they end."""
    agent = plistlib.loads((DEPLOY / "launchd" / f"{label}.plist").read_bytes())
    assert agent["Label"] == label
    assert agent["RunAtLoad"] is agent["KeepAlive"] is True
    assert all(Path(word).is_absolute() for word in agent["ProgramArguments"][:1])


@pytest.mark.parametrize("script", SCRIPTS)
def test_scripts_are_whole(script: str):
    """bash reads them, shellcheck where it is installed finds nothing, and they may be run."""
    path = DEPLOY / script
    assert os.access(path, os.X_OK)
    subprocess.run(["bash", "-n", path], check=True)
    if shutil.which("shellcheck"):
        subprocess.run(["shellcheck", path], check=True)


@needs_systemd
@pytest.mark.parametrize("unit", UNITS)
def test_systemd_accepts_every_unit(unit: str, tmp_path: Path):
    """`systemd-analyze verify` has nothing to say about any, with the programs where they are said to be."""
    for name in UNITS:
        text = (DEPLOY / "systemd" / name).read_text().replace("/opt/mediacanon", str(tmp_path))
        (tmp_path / name).write_text(text)
        for program in re.findall(r"^Exec\w+=(\S+)", text, re.MULTILINE):
            Path(program).parent.mkdir(parents=True, exist_ok=True)
            Path(program).write_text("#!/bin/sh\n")
            Path(program).chmod(0o755)
    command = ["systemd-analyze", "verify", "--man=no", str(tmp_path / unit)]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    complaints = [line for line in said.stderr.splitlines() if str(tmp_path) in line or "mediacanon" in line]
    assert (said.returncode, complaints) == (0, [])


@needs_systemd
@pytest.mark.parametrize("unit", SERVICES)
def test_services_are_sandboxed(unit: str):
    """systemd's own rating of what a taken-over service could reach, 0 to 10: at most 2.5."""
    command = ["systemd-analyze", "security", "--offline=true", "--threshold=25", str(DEPLOY / "systemd" / unit)]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    if "offline" in said.stderr:
        pytest.skip("this systemd cannot rate a unit that is not loaded")
    assert said.returncode == 0, said.stdout.splitlines()[-1]


def test_compose_brings_a_database_and_lets_nobody_else_in():
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


def test_every_file_that_the_container_copies_exists():
    """A COPY of what is not there would fail on somebody else's machine."""
    text = (DEPLOY / "container" / "Containerfile").read_text()
    copied = [word for line in re.findall(r"^COPY (?!--)(.+)$", text, re.MULTILINE) for word in line.split()[:-1]]
    assert copied
    assert [word for word in copied if not (ROOT / word).exists()] == []


def test_the_tunnel_leads_to_the_server_and_nowhere_else():
    """Ingress rules end with one that refuses."""
    tunnel = yaml.safe_load((DEPLOY / "cloudflared" / "config.example.yml").read_text())
    assert [rule["service"] for rule in tunnel["ingress"]] == ["http://127.0.0.1:8080", "http_status:404"]


def test_a_service_closes_writes_until_somebody_opens_them():
    """A tunnel makes loopback public, which the server cannot see: the examples of both say what is to be set."""
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
def test_the_environment_file_is_read_as_systemd_reads_it(tmp_path: Path, line: str, value: str):
    """Nothing in it is run or expanded."""
    file = tmp_path / "env"
    file.write_text(line)
    command = [DEPLOY / "with-env", "bash", "-c", 'printf %s "${DATABASE_URL:-}"']
    environment = {"PATH": os.environ["PATH"], "MEDIACANON_ENV": str(file)}
    assert subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout == value


def test_the_example_names_only_settings_there_are():
    """Each NAME of env.example is one of MediaCanon's."""
    import dataclasses

    from mediacanon.settings import Settings

    names = re.findall(r"^#?([A-Z_]+)=", (DEPLOY / "env.example").read_text(), re.MULTILINE)
    assert set(names) <= {field.metadata["env"] for field in dataclasses.fields(Settings)}


@pytest.fixture
def wait_ready(tmp_path: Path) -> Path:
    """Give the script as it lies in an installation."""
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    # A link would leave its own environment; nothing but the standard library is needed.
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
    """HOST says where; one that stands for every address is asked on this machine."""
    asked = []

    class Ready(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
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
    said = subprocess.run([wait_ready, "5"], env=environment, capture_output=True, text=True, check=False)
    server.shutdown()
    server.server_close()
    assert (said.returncode, said.stderr, asked) == (0, "", ["/readyz"])

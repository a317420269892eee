"""The start of the server: socket, log, database and demo, and one line for each reason not to start."""

import contextlib
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from mediacanon.errors import WrongSetting
from mediacanon.server.start import _listen, _warn_of_open_writes
from mediacanon.settings import Settings
from tests.server.processes import PROGRAM, serving
from tests.serving import run_program

NO_DATABASE = "postgresql://127.0.0.1:1/none"


async def test_the_first_run_needs_nothing(data_root: Path, tmp_path: Path):
    """An empty folder becomes a database with the demo. The second run keeps it, and PostgreSQL stops each time."""
    folder = data_root / "first run"
    for _ in range(2):
        async with serving(tmp_path, "--demo", MEDIACANON_DATA_DIR=str(folder)) as server:
            async with httpx.AsyncClient(base_url=server.address, timeout=60) as client:
                assert "<strong>600</strong> movies" in (await client.get("/")).text
            assert await server.end(signal.SIGTERM) == 0
        assert not (folder / "postgres" / "cluster" / "postmaster.pid").exists()


async def test_a_taken_port_is_one_line(data_root: Path):
    """The line names the address, and no database is started."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        folder = data_root / "taken"
        code, output = await run_program(*PROGRAM, "--port", port, MEDIACANON_DATA_DIR=str(folder))
    assert code == 1
    assert output.startswith(f"Error: Cannot listen on 127.0.0.1:{port}")
    assert output.count("\n") == 1
    assert not folder.exists()


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="the system does not list the owners of sockets")
async def test_a_taken_port_names_its_owner():
    """The line has the process id and the command line of the process that listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, output = await run_program(*PROGRAM, "--port", port, DATABASE_URL=NO_DATABASE)
    assert code == 1
    assert f"127.0.0.1:{port}: Address already in use by process {os.getpid()} (" in output
    assert output.count("\n") == 1


@contextlib.contextmanager
def listening(host: str) -> Iterator[list[socket.socket]]:
    """Yield the sockets that a server with this HOST listens on."""
    with contextlib.ExitStack() as stack:
        yield _listen(Settings.from_environment({"HOST": host, "PORT": "0"}), stack)


def reaches(address: str, port: int) -> bool:
    """Return whether a client can connect to an address."""
    try:
        socket.create_connection((address, port), timeout=5).close()
    except OSError:
        return False
    return True


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="the system has no IPv6")
@pytest.mark.parametrize(
    ("host", "reached", "number"),
    [
        ("::", {"127.0.0.1", "::1"}, 1),
        ("[::]", {"127.0.0.1", "::1"}, 1),
        ("[::1]", {"::1"}, 1),
        ("127.0.0.1", {"127.0.0.1"}, 1),
        ("0.0.0.0,::", {"127.0.0.1", "::1"}, 2),
        ("127.0.0.1, [::1]", {"127.0.0.1", "::1"}, 2),
    ],
)
def test_addresses_of_every_kind_are_listened_on(host: str, reached: set[str], number: int):
    """`::` serves both families; several addresses share one port."""
    with listening(host) as sockets:
        ports = {each.getsockname()[1] for each in sockets}
        assert (len(sockets), len(ports)) == (number, 1)
        assert {each for each in ("127.0.0.1", "::1") if reaches(each, *ports)} == reached


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_a_server_answers_on_all_its_addresses(demo_database: str, tmp_path: Path, workers: str):
    """A client of the first and of the second address is served, by one process and by several."""
    hosts = {"HOST": "127.0.0.1,127.0.0.2", "DATABASE_URL": demo_database, "MEDIACANON_DATA_DIR": str(tmp_path)}
    async with serving(tmp_path, "--workers", workers, **hosts) as server, httpx.AsyncClient(timeout=60) as client:
        assert server.address.startswith("http://127.0.0.1:")
        for address in (server.address, server.address.replace("127.0.0.1", "127.0.0.2")):
            assert (await client.get(f"{address}/healthz")).status_code == 200


@pytest.mark.parametrize("host", ["192.0.2.1", "media..lan", "no-such-name.invalid", "127.0.0.1,192.0.2.1", "[::1"])
def test_an_address_of_no_kind_is_one_line(host: str):
    """The line names the address and HOST; another port would not help."""
    with pytest.raises(WrongSetting, match=r"^Cannot listen on ") as raised, listening(host):
        pass
    assert "HOST must be an address of this machine" in str(raised.value)
    assert "--port" not in str(raised.value)


async def test_an_unreachable_database_is_one_line():
    """The line names the database without its password."""
    url = "postgresql://someone:hush-hush@127.0.0.1:1/catalogue"
    code, output = await run_program(*PROGRAM, "--port", "0", DATABASE_URL=url)
    assert code == 1
    assert "127.0.0.1" in output
    assert "hush-hush" not in output
    assert output.startswith("Error: ")
    assert output.count("\n") == 1


async def test_a_log_file_that_cannot_be_written_is_one_line(tmp_path: Path):
    """The line names the setting."""
    (tmp_path / "file").touch()
    log_file = str(tmp_path / "file" / "log")
    code, output = await run_program(*PROGRAM, MEDIACANON_LOG_FILE=log_file, DATABASE_URL=NO_DATABASE)
    assert code == 1
    assert output.startswith(f"Error: MEDIACANON_LOG_FILE {log_file} cannot be written: ")
    assert output.count("\n") == 1


async def test_a_renamed_setting_is_one_line():
    """A variable of an earlier version is refused with its new name."""
    code, output = await run_program(*PROGRAM, MEDIACANON_HOSTS="media.lan", DATABASE_URL=NO_DATABASE)
    assert (code, output) == (1, "Error: MEDIACANON_HOSTS is now MEDIACANON_ALLOWED_HOSTS\n")


@pytest.mark.parametrize(
    ("host", "writes", "is_warned"),
    [
        ("0.0.0.0", "open", True),
        ("127.0.0.1,::", "open", True),
        ("0.0.0.0", "off", False),
        ("127.0.0.1", "open", False),
    ],
)
def test_open_writes_beyond_this_machine_are_warned_of(
    caplog: pytest.LogCaptureFixture, host: str, writes: str, is_warned: bool
):
    """The warning names the risk and the setting that prevents it."""
    _warn_of_open_writes(Settings.from_environment({"HOST": host, "MEDIACANON_WRITES": writes}))
    assert ("may change and delete titles" in caplog.text) == is_warned
    assert ("MEDIACANON_WRITES=token or off" in caplog.text) == is_warned

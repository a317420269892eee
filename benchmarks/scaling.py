"""Measures arrangements of servers, standbys and a shared cache: `python -m benchmarks.scaling FOLDER [--seconds 15]`.

FOLDER is a data folder with a catalogue in MediaCanon's own PostgreSQL. Eight readers ask in a closed loop for shows,
movies and lists, a few titles much more often than the rest. One machine holds everything, so the rates say little; the
processor time per request of each part says how many requests a core of its own would serve.

The cache is Varnish with deploy/varnish/mediacanon.vcl (Debian: varnish and varnish-modules).
"""

import asyncio
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import click
import httpx

from benchmarks.http import processor_seconds, program
from benchmarks.living import LISTS, MOVIES, READERS, SHOWS, Changer, Ids, load_ids
from mediacanon.database.account import server_account
from mediacanon.database.binaries import find_binaries
from mediacanon.database.cluster import SUPERUSER
from mediacanon.database.embedded import EmbeddedPostgres
from mediacanon.database.own_database import OWNER
from mediacanon.database.pool import open_pool

CONFIGURATION = Path(__file__).parents[1] / "deploy" / "varnish" / "mediacanon.vcl"
MAX_AGE = "30"
# The share of the most popular titles falls with this power.
POPULARITY = 5


@dataclass(slots=True)
class Arrangement:
    """Running parts: the addresses that readers ask in turn, and the process ids of each kind of part."""

    addresses: list[str]
    parts: dict[str, list[int]] = field(default_factory=dict)


@contextmanager
def standby(primary: str, folder: Path) -> Iterator[tuple[str, int]]:
    """Yield the URL and the process id of a streaming standby, which is removed afterwards."""
    account = server_account(None)
    programs = find_binaries(account).folder
    sockets = parse_qs(urlsplit(primary).query)["host"][0]
    place = folder / "cluster"
    account.take(folder)
    copy = [programs / "pg_basebackup", "-h", sockets, "-p", "5432", "-U", SUPERUSER, "-D", place, "-R", "-c", "fast"]
    made = account.run(copy)
    if made.returncode:
        sys.exit(made.stderr.decode())
    options = f"-c unix_socket_directories='{folder}' -c cluster_name=standby"
    control = [programs / "pg_ctl", "-D", place, "-w", "-o", options]
    account.run(["/bin/sh", "-c", '"$@" </dev/null >/dev/null 2>&1', "sh", *control, "start"])
    try:
        pid = int((place / "postmaster.pid").read_text().split("\n")[0])
        yield primary.replace(quote(sockets, safe=""), quote(str(folder), safe="")), pid
    finally:
        account.run([*control, "-m", "fast", "stop"])


@contextmanager
def varnish(port: int, servers: list[str]) -> Iterator[int]:
    """Yield the process id of Varnish before these two servers."""
    text = CONFIGURATION.read_text()
    for number, address in zip(("8080", "8081"), servers, strict=True):
        text = text.replace(f'"{number}"', f'"{address.rpartition(":")[2]}"')
    with tempfile.TemporaryDirectory(prefix="varnish-") as folder:
        Path(folder, "vcl").write_text(text)
        command = ["varnishd", "-F", "-j", "none", "-n", f"{folder}/state", "-f", f"{folder}/vcl"]
        with subprocess.Popen(
            [*command, "-a", f"127.0.0.1:{port}", "-s", "malloc,256m"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            time.sleep(3)
            yield process.pid
            process.terminate()


def free_port() -> int:
    """Return a port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@contextmanager
def arranged(dsn: str, primary: int, *, servers: int, standbys: int, has_cache: bool) -> Iterator[Arrangement]:
    """Yield running servers, each with the standbys, behind a cache or not."""
    with ExitStack() as opened:
        made = Arrangement([], {"server": [], "primary": [primary], "standby": [], "cache": []})
        port = free_port()
        environment: dict[str, str] = {"DATABASE_URL": dsn}
        if has_cache:
            purge = {"MEDIACANON_SHARED_MAX_AGE": MAX_AGE, "MEDIACANON_PURGE_URL": f"http://127.0.0.1:{port}"}
            environment |= purge
        urls = []
        for _ in range(standbys):
            folder = Path(opened.enter_context(tempfile.TemporaryDirectory(prefix="s", dir="/var/lib/mediacanon")))
            url, pid = opened.enter_context(standby(dsn, folder))
            urls.append(url)
            made.parts["standby"].append(pid)
        if urls:
            environment["DATABASE_REPLICA_URL"] = ",".join(urls)
        for _ in range(servers):
            serve = [sys.executable, "-m", "cli", "serve", "--port", "0"]
            server, address = opened.enter_context(program(serve, r"serves (http://\S+)", **environment))
            made.addresses.append(address)
            made.parts["server"].append(server)
        if has_cache:
            made.parts["cache"].append(opened.enter_context(varnish(port, made.addresses)))
            made.addresses = [f"http://127.0.0.1:{port}"]
        yield made


class PopularReader:
    """Reads popular titles more often than others, and lists, in a closed loop."""

    def __init__(self, clients: list[httpx.AsyncClient], ids: Ids, seed: int) -> None:
        self.clients = clients
        self.ids = ids
        self.draw = random.Random(seed)
        self.count = self.hits = 0

    def _popular(self, ids: list[int]) -> int:
        return ids[int(len(ids) * self.draw.random() ** POPULARITY)]

    async def read(self, until: float) -> None:
        """Read until a time."""
        while time.perf_counter() < until:
            luck = self.draw.random()
            if luck < SHOWS:
                path = f"/api/shows/{self._popular(self.ids.shows)}"
            elif luck < MOVIES:
                path = f"/movies/{self._popular(self.ids.movies)}"
            else:
                path = self.draw.choice(LISTS)
            response = await self.clients[self.count % len(self.clients)].get(path)
            if response.status_code not in (200, 404):
                sys.exit(f"{path}: {response.status_code} {response.text[:200]}")
            self.count += 1
            self.hits += len(response.headers.get("x-varnish", "").split()) > 1


async def seen_after(clients: list[httpx.AsyncClient], ids: Ids) -> float:
    """Return the worst milliseconds from the end of an edit until every address shows it."""

    async def name_at(client: httpx.AsyncClient, path: str) -> object:
        return (await client.get(path)).json()["title"]["display_name"]

    worst = 0.0
    for number, movie in enumerate(ids.movies[:10]):
        path = f"/api/movies/{movie}"
        stored = (await clients[0].get(path)).json()["title"]
        facts = {name: stored[name] for name in ("imdb_id", "start_year", "image_url") if stored.get(name)}
        await clients[0].put(path, json={**facts, "display_name": f"Seen {number}"})
        began = time.perf_counter()
        for client in clients:
            while await name_at(client, path) != f"Seen {number}":
                pass
        worst = max(worst, 1000 * (time.perf_counter() - began))
    return worst


@asynccontextmanager
async def clients_of(addresses: list[str]) -> AsyncIterator[list[httpx.AsyncClient]]:
    """Yield a client of each address."""
    async with AsyncExitStack() as opened:
        yield [await opened.enter_async_context(httpx.AsyncClient(base_url=url, timeout=60)) for url in addresses]


async def measure(name: str, made: Arrangement, dsn: str, seconds: float) -> None:
    """Print a line while nothing changes and one with five edits a second."""
    async with (
        await open_pool(dsn, size=2) as pool,
        clients_of(made.addresses) as clients,
        clients_of(made.addresses[:1]) as [one],
    ):
        ids = await load_ids(pool)
        changer = Changer(one, pool, ids)
        for change, label in ((None, "still"), (changer.edit, "5 edits")):
            readers = [PopularReader(clients, ids, number) for number in range(READERS)]
            await asyncio.gather(*(reader.read(time.perf_counter() + seconds / 3) for reader in readers))
            for reader in readers:
                reader.count = reader.hits = 0
            before = {part: sum(map(processor_seconds, pids)) for part, pids in made.parts.items()}
            async with changer.changing(change, 5):
                await asyncio.gather(*(reader.read(time.perf_counter() + seconds) for reader in readers))
            count, hits = sum(reader.count for reader in readers), sum(reader.hits for reader in readers)
            used = " ".join(
                f"{part} {1000 * (sum(map(processor_seconds, pids)) - before[part]) / count:5.2f}"
                for part, pids in made.parts.items()
                if pids
            )
            print(
                f"{name:34}{label:8}{count / seconds:7.0f} req/s  hits {hits / count:4.0%}  ms a request: {used}",
                flush=True,
            )
        print(f"{name:34}an edit is seen after {await seen_after(clients, ids):.0f} ms at worst", flush=True)


ARRANGEMENTS = {
    "one server": {"servers": 1, "standbys": 0, "has_cache": False},
    "one server, a standby": {"servers": 1, "standbys": 1, "has_cache": False},
    "one server, two standbys": {"servers": 1, "standbys": 2, "has_cache": False},
    "two servers, a standby": {"servers": 2, "standbys": 1, "has_cache": False},
    "two servers, a standby, Varnish": {"servers": 2, "standbys": 1, "has_cache": True},
}


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--seconds", default=15.0, show_default=True, help="Seconds for each line.")
def main(folder: Path, *, seconds: float) -> None:
    """Measure the arrangements over the catalogue in FOLDER."""
    postgres = EmbeddedPostgres(folder)
    dsn = postgres.start()
    try:
        pid = int(next(folder.rglob("postmaster.pid")).read_text().split("\n")[0])
        for name, parts in ARRANGEMENTS.items():
            with arranged(dsn.replace(f"//{OWNER}@", f"//{SUPERUSER}@"), pid, **parts) as made:
                asyncio.run(measure(name, made, dsn, seconds))
    finally:
        postgres.stop()


if __name__ == "__main__":
    main()

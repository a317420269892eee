"""Measures the server against floors of the same run: `python -m benchmarks.http [--data-dir FOLDER] [--workers 2]`.

Each request is sent over 16 connections, details of 16 titles in turn. Its floor is a bare Starlette endpoint that
serves the same bytes. /graphql is also measured against a hand-written endpoint that fetches the same rows and returns
the same JSON. Processor time per request is that of the server process, which other programs on the machine disturb
less than they disturb the rates.
"""

import asyncio
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import astuple, dataclass
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen

import asyncpg
import click
import orjson

from benchmarks.documents import MOVIE, SHOW
from mediacanon.database.embedded import EmbeddedPostgres
from mediacanon.settings import default_data_dir

TICKS = os.sysconf("SC_CLK_TCK")
# Number of turns of each server.
TURNS = 5
# Number of titles requested in turn: the most voted ones, and the shows nearest to 220 episodes, the size of the show
# that other servers were measured with.
SPREAD = 16
SHOW_IDS = """
SELECT ss.show_id FROM show_seasons ss JOIN show_episodes e ON e.season_id = ss.id
 GROUP BY ss.show_id ORDER BY abs(count(*) - 220), count(DISTINCT ss.id) DESC, ss.show_id LIMIT $1
"""
MOVIE_IDS = "SELECT m.id FROM movies m JOIN titles t ON t.id = m.title_id ORDER BY t.num_votes DESC NULLS LAST LIMIT $1"
TITLE_IDS = "SELECT id FROM titles ORDER BY num_votes DESC NULLS LAST LIMIT $1"


@dataclass(frozen=True, slots=True)
class Target:
    """The requests of one kind, and the requests with the same result to the hand-written floor, if it has them."""

    name: str
    paths: tuple[str, ...]
    by_hand: tuple[str, ...] = ()


def graphql(document: str, id_: int) -> str:
    """Return the path of a GraphQL query by GET."""
    return f"/graphql?query={quote(' '.join(document.split()))}&variables={quote(orjson.dumps({'id': id_}))}"


def targets(shows: list[int], movies: list[int], titles: list[int]) -> list[Target]:
    """Return every kind of request to measure."""

    def each(path: str, ids: list[int]) -> tuple[str, ...]:
        return tuple(path.format(id_) for id_ in ids)

    return [
        Target("graphql show", tuple(graphql(SHOW, id_) for id_ in shows), each("/show/{}", shows)),
        Target("graphql movie", tuple(graphql(MOVIE, id_) for id_ in movies), each("/movie/{}", movies)),
        Target("rest show", each("/api/shows/{}", shows)),
        Target("rest movie", each("/api/movies/{}", movies)),
        Target("rest title", each("/api/titles/{}", titles)),
        Target("rest titles q=matrix", ("/api/titles?q=matrix&per_page=20",)),
        Target("rest titles q=th", ("/api/titles?q=th",)),
        Target("rest discover drama", ("/api/discover?genre=Drama&type=movie&sort=top_rated&limit=50",)),
        Target("rest discover popular", ("/api/discover?sort=popular&limit=20",)),
        Target("rest carousels", ("/api/discover/carousels",)),
        Target("rest collections", ("/api/collections",)),
        Target("rest collection", ("/api/collections/top-crime-shows",)),
        Target("page home", ("/",)),
        Target("page discover", ("/discover",)),
        Target("page show", each("/shows/{}", shows)),
        Target("page movie", each("/movies/{}", movies)),
        Target("page titles", ("/titles?q=night",)),
    ]


@contextmanager
def database(data_dir: Path | None) -> Iterator[str]:
    """Yield the URL of the catalogue in a data folder, or of a new demo catalogue."""
    with ExitStack() as stack:
        if data_dir is None:
            parent = default_data_dir() if os.geteuid() == 0 else None
            if parent:
                parent.mkdir(parents=True, exist_ok=True)
            data_dir = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-", dir=parent)))
            data_dir.chmod(0o755)
            run = [sys.executable, "-m", "cli", "demo", "--data-dir", str(data_dir)]
            subprocess.run(run, check=True, stdout=subprocess.DEVNULL)
        cluster = EmbeddedPostgres(data_dir)
        stack.callback(cluster.stop)
        yield cluster.start()


async def ids(dsn: str) -> tuple[list[int], ...]:
    """Return the ids of the requested shows, movies and titles."""
    connection = await asyncpg.connect(dsn)
    try:
        return tuple(
            [[row[0] for row in await connection.fetch(query, SPREAD)] for query in (SHOW_IDS, MOVIE_IDS, TITLE_IDS)]
        )
    finally:
        await connection.close()


@contextmanager
def program(command: list[str], pattern: str, **environment: str) -> Iterator[tuple[int, str]]:
    """Yield the pid and the address of a server; `pattern` finds the address in its output."""
    # A file, not a pipe: after the address the output is not read any more, and servers log each request.
    with tempfile.NamedTemporaryFile("w+") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env={**os.environ, **environment})
        try:
            while not (found := re.search(pattern, Path(output.name).read_text())):
                if process.poll() is not None:
                    sys.exit(f"{command} did not start:\n{Path(output.name).read_text()}")
                time.sleep(0.05)
            yield process.pid, found[1]
        finally:
            process.terminate()
            process.wait()


def floor(factory: str, **environment: str) -> AbstractContextManager[tuple[int, str]]:
    """Run a floor server while the block runs; yield its pid and address."""
    command = [sys.executable, "-m", "uvicorn", "--factory", f"benchmarks.floor:{factory}", "--port", "0"]
    return program([*command, "--no-access-log"], r"running on (http://\S+)", **environment)


def family(pid: int) -> list[int]:
    """Return the pids of a process and all its descendants."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:  # it has just ended
        return []
    return [pid, *(each for child in children for each in family(int(child)))]


def processor_seconds(pid: int) -> float:
    """Return the processor time that a server and its workers have used, without PostgreSQL's."""
    total = 0
    for each in family(pid):
        with suppress(OSError):
            fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
            total += int(fields[11]) + int(fields[12])
    return total / TICKS


@dataclass(frozen=True, slots=True)
class Server:
    """A server and the paths to request in turn."""

    pid: int
    address: str
    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """Requests a second, the 99th percentile in milliseconds, microseconds of processor time per request."""

    per_second: float
    p99: float
    microseconds: float
    status: int
    size: int


def measure(server: Server, *, seconds: float, connections: int) -> Figures:
    """Run the load generator against a server; return its figures."""
    command = [sys.executable, "-m", "benchmarks.load", server.address, str(seconds), str(connections), *server.paths]
    before = processor_seconds(server.pid)
    found = orjson.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    microseconds = 1e6 * (processor_seconds(server.pid) - before) / found["requests"]
    return Figures(found["per_second"], found["p99_ms"], microseconds, found["status"], found["bytes"])


def measure_in_turns(servers: list[Server], *, seconds: float, connections: int) -> list[Figures]:
    """Return the median figures of each server, measured in turns, since the speed of a machine varies."""
    for server in servers:
        measure(server, seconds=0.5, connections=connections)
    rounds = [
        [measure(server, seconds=seconds / TURNS, connections=connections) for server in servers] for _ in range(TURNS)
    ]
    return [
        Figures(*(statistics.median(values) for values in zip(*map(astuple, turns), strict=True)))
        for turns in zip(*rounds, strict=True)
    ]


def compare(target: Target, dsn: str, pid: int, address: str, *, seconds: float, connections: int) -> str:
    """Return the line of a target: its own figures and the ratios to its floors."""
    own = Server(pid, address, target.paths)
    with ExitStack() as stack:
        bodies = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for number, path in enumerate(target.paths):
            with urlopen(address + path) as answer:  # noqa: S310 - our own server
                (bodies / str(number)).write_bytes(answer.read())
        same = tuple(f"/{number}" for number in range(len(target.paths)))
        servers = [own, Server(*stack.enter_context(floor("bare", FLOOR_BODIES=str(bodies))), same)]
        if target.by_hand:
            servers.append(Server(*stack.enter_context(floor("hand_written", DATABASE_URL=dsn)), target.by_hand))
        found, bare, *hands = measure_in_turns(servers, seconds=seconds, connections=connections)
    line = (
        f"{target.name:24}{found.status:>5.0f}{found.size:>9,.0f}{found.per_second:>10,.0f}{found.p99:>9.1f}"
        f"{found.microseconds:>9,.0f}{found.per_second / bare.per_second:>8.0%}"
        f"{bare.microseconds / found.microseconds:>8.0%}"
    )
    for hand in hands:
        line += f"{found.microseconds / hand.microseconds:>10.2f} x by hand ({hand.per_second:,.0f}/s)"
    return line


@click.command()
@click.option("--data-dir", type=click.Path(file_okay=False, path_type=Path), help="A catalogue [a new demo].")
@click.option("--seconds", default=5.0, show_default=True, help="Seconds for each request.")
@click.option("--connections", default=16, show_default=True, help="Number of concurrent connections.")
@click.option("--only", default="", help="Only targets whose name contains this.")
@click.option("--cold", is_flag=True, help="Turn the response cache off.")
@click.option("--workers", default=1, show_default=True, help="Processes of the server.")
def main(*, data_dir: Path | None, seconds: float, connections: int, only: str, cold: bool, workers: int) -> None:
    """Measure every kind of request, each as a ratio to a floor of the same run."""
    with database(data_dir) as dsn:
        serve = [sys.executable, "-m", "cli", "serve", "--port", "0", "--db", dsn]
        if workers > 1:
            serve += ["--workers", str(workers)]
        print(
            f"{'request':24}{'':>5}{'bytes':>9}{'req/s':>10}{'p99 ms':>9}{'cpu us':>9}{'of bare':>8}{'by cpu':>8}",
            flush=True,
        )
        environment = {"MEDIACANON_RESPONSE_CACHE_MB": "0"} if cold else {}
        with program(serve, r"serves (http://\S+)", **environment) as (pid, address):
            for target in targets(*asyncio.run(ids(dsn))):
                if only in target.name:
                    print(compare(target, dsn, pid, address, seconds=seconds, connections=connections), flush=True)


if __name__ == "__main__":
    main()

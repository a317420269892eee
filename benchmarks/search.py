"""Measures searches: `python -m benchmarks.search postgresql://... [--queries 500]`.

It measures the ranked search, the first page of the titles whose name contains a text, and their count with the
languages. The queries are names of the catalogue's own titles as people type them, half of them well known,
alternative titles and people: whole names, beginnings, one word, words in another order, with the year, with a typo.
Each query runs once before it is measured. The floor of the same run is the loading of twenty titles by id.
"""

import asyncio
import random
import statistics
import time
from collections.abc import Awaitable, Callable

import asyncpg
import click

from mediacanon.database.counts import load_counts
from mediacanon.database.pool import open_pool
from mediacanon.loaders.search import load_by_rank
from mediacanon.loaders.title import load_titles_by_id
from mediacanon.loaders.title_list import SearchCount, TitleSearch, load_titles_by_search

LIMIT = 20
NAMES = """
(SELECT display_name, start_year FROM titles WHERE num_votes > 5000 AND withdrawn_at IS NULL ORDER BY id LIMIT 20000)
UNION ALL
(SELECT display_name, start_year FROM titles WHERE withdrawn_at IS NULL ORDER BY id LIMIT 20000)
UNION ALL
(SELECT name, NULL FROM title_akas LIMIT 10000)
UNION ALL
(SELECT name, NULL FROM people WHERE fame >= 10 LIMIT 10000)
"""


def with_typo(name: str, chance: random.Random) -> str:
    """Return the name with two of its letters exchanged."""
    place = chance.randrange(1, max(2, len(name) - 2))
    return name[:place] + name[place + 1 : place + 2] + name[place : place + 1] + name[place + 2 :]


def in_another_order(name: str, chance: random.Random) -> str:
    """Return the name with its words shuffled."""
    words = name.split()
    chance.shuffle(words)
    return " ".join(words)


# kind -> the query for a name and its year
KINDS: dict[str, Callable[[str, int | None, random.Random], str]] = {
    "whole name": lambda name, _, __: name,
    "beginning": lambda name, _, chance: name[: chance.randrange(3, max(4, len(name)))],
    "a word": lambda name, _, chance: chance.choice(name.split()),
    "other order": lambda name, _, chance: in_another_order(name, chance),
    "with the year": lambda name, year, _: f"{name} {year or ''}",
    "with a typo": lambda name, _, chance: with_typo(name, chance),
}


# name -> the search for a query
SEARCHES: dict[str, Callable[[asyncpg.Pool, str], Awaitable[object]]] = {
    "ranked": lambda pool, query: load_by_rank(pool, query, limit=LIMIT),
    "titles": lambda pool, query: load_titles_by_search(pool, TitleSearch(query), limit=LIMIT, offset=0),
    "counts": lambda pool, query: load_counts(pool, [SearchCount(TitleSearch(query))]),
}


async def milliseconds(run_once: Callable[[], Awaitable[object]]) -> float:
    """Return the milliseconds of one run."""
    started = time.perf_counter()
    await run_once()
    return 1000 * (time.perf_counter() - started)


async def measure(pool: asyncpg.Pool, name_of_search: str, count: int) -> None:
    """Print the times of a search by kind of query, and for all queries."""
    chance, search = random.Random(42), SEARCHES[name_of_search]
    names = chance.sample(await pool.fetch(NAMES), count)
    times: dict[str, list[float]] = {kind: [] for kind in KINDS}
    for number, (name, year) in enumerate(names):
        kind = list(KINDS)[number % len(KINDS)]
        query = KINDS[kind](name, year, chance)
        await search(pool, query)
        times[kind].append(await milliseconds(lambda query=query: search(pool, query)))
    ids = [row[0] for row in await pool.fetch("SELECT id FROM titles ORDER BY num_votes DESC NULLS LAST LIMIT 20")]
    floor = statistics.median([await milliseconds(lambda: load_titles_by_id(pool, ids)) for _ in range(200)])
    print(f"{name_of_search:16}{'median':>8}{'95 %':>8}{'worst':>8}{'of floor':>10}")
    times["all"] = [each for found in times.values() for each in found]
    for kind, found in times.items():
        found.sort()
        median = statistics.median(found)
        print(f"{kind:16}{median:>8.1f}{found[int(0.95 * len(found))]:>8.1f}{found[-1]:>8.1f}{median / floor:>9.1f}x")


async def run(dsn: str, count: int) -> None:
    """Measure over one connection."""
    async with await open_pool(dsn, size=1) as pool:
        print("Milliseconds")
        for name in SEARCHES:
            await measure(pool, name, count)


@click.command()
@click.argument("dsn")
@click.option("--queries", default=500, show_default=True, help="Number of queries.")
def main(dsn: str, queries: int) -> None:
    """Measure the searches over the catalogue at DSN."""
    asyncio.run(run(dsn, queries))


if __name__ == "__main__":
    main()

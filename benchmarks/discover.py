"""Measures discover: `python -m benchmarks.discover postgresql://... [--enrich]`.

Seven orders times no filter, each one and many pairs of them: the first page of twenty and the total, asked of a
warm database as the server asks. `--enrich` first gives an imported catalogue invented posters, languages,
countries, dates, popularity and views: the files of `benchmarks.generate` have none of those.
"""

import asyncio
import itertools
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import fields, replace

import asyncpg
import click

from mediacanon.database.pool import open_pool
from mediacanon.loaders.discover import DiscoverFilter, DiscoverSort, load_discover_count, load_discover_titles

ROUNDS = 3
DISTINCT = 60

# Posters for all with more than 1,000 votes and a fifth of the others; languages fall off steeply, and a tenth of the
# countries are not those of the language; views go to the most voted and to every fortieth title.
ENRICH = f"""
SELECT setseed(0.42);
CREATE TEMP TABLE known AS
SELECT id, start_year, num_votes, random() AS day, random() AS luck,
       floor(power(random(), 3) * {DISTINCT})::int AS language,
       floor(power(random(), 3) * {DISTINCT})::int AS abroad
  FROM titles
 WHERE num_votes > 1000 OR random() < 0.2;
UPDATE titles
   SET image_url = 'https://image.tmdb.org/t/p/w500/' || md5(known.id::text) || '.jpg',
       original_language = CASE WHEN language < 5 THEN 'en' ELSE chr(97 + language / 26) || chr(97 + language % 26) END,
       origin_country = CASE WHEN luck < 0.1 THEN 'X' || chr(65 + abroad % 26)
                             WHEN language < 3 THEN 'US'
                             ELSE chr(65 + language / 26) || chr(65 + language % 26) END,
       release_date = make_date(known.start_year, 1 + floor(day * 12)::int, 1 + floor(luck * 28)::int),
       tmdb_popularity = ln(coalesce(known.num_votes, 0) + 1) * luck * luck * 10
  FROM known
 WHERE known.id = titles.id;
INSERT INTO title_views (title_id, viewed_at)
SELECT id, now() - random() * interval '7 days'
  FROM (SELECT id, row_number() OVER (ORDER BY num_votes DESC NULLS LAST) AS rank FROM known) AS ranked
 CROSS JOIN generate_series(1, (8000 / (rank + 20))::int + (id % 40 = 0)::int);
"""
TABLES = ("titles", "title_genres", "title_views")

SINGLE = [
    DiscoverFilter(type="movie"),
    DiscoverFilter(type="show"),
    DiscoverFilter(genres_in=("Drama",)),
    DiscoverFilter(genres_in=("Film-Noir",)),
    DiscoverFilter(genres_in=("Dating",)),
    DiscoverFilter(genres_all=("Comedy", "Horror")),
    DiscoverFilter(genres_not_in=("Drama", "Comedy")),
    DiscoverFilter(language_in=("en",)),
    DiscoverFilter(language_in=("ko",)),
    DiscoverFilter(language_in=("ne", "mn")),
    DiscoverFilter(country_in=("US",)),
    DiscoverFilter(country_in=("JP", "KR")),
    DiscoverFilter(year_min=2020),
    DiscoverFilter(year_max=1930),
    DiscoverFilter(year_min=1994, year_max=1994),
    DiscoverFilter(rating_min=8.5),
    DiscoverFilter(rating_max=3),
    DiscoverFilter(votes_min=100_000),
    DiscoverFilter(votes_max=50),
    DiscoverFilter(runtime_min=240),
    DiscoverFilter(runtime_max=60),
]


def pairs() -> list[DiscoverFilter]:
    """Return every two single filters as one, where they are about different things."""
    names = [field.name for field in fields(DiscoverFilter)]
    unset = DiscoverFilter()
    found = []
    for one, two in itertools.combinations(SINGLE, 2):
        given = [{name for name in names if getattr(each, name) != getattr(unset, name)} for each in (one, two)]
        if not given[0] & given[1]:
            found.append(replace(one, **{name: getattr(two, name) for name in given[1]}))
    return found


def described(asked: DiscoverFilter) -> str:
    """Return what a filter restricts, short."""
    unset = DiscoverFilter()
    values = {field.name: getattr(asked, field.name) for field in fields(asked)}
    return " ".join(f"{name}={value}" for name, value in values.items() if value != getattr(unset, name)) or "-"


async def milliseconds(ask: Callable[[], Awaitable[object]]) -> float:
    """Return the median of some runs, after one that warms."""
    await ask()
    runs = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        await ask()
        runs.append((time.perf_counter() - begin) * 1000)
    return statistics.median(runs)


async def measure(pool: asyncpg.Pool, sort: DiscoverSort, filters: list[DiscoverFilter]) -> list[tuple[float, str]]:
    """Return the milliseconds of a page for each filter in an order."""
    return [
        (await milliseconds(lambda each=each: load_discover_titles(pool, each, sort, limit=20)), described(each))
        for each in filters
    ]


async def measure_totals(pool: asyncpg.Pool, filters: list[DiscoverFilter]) -> list[tuple[float, str]]:
    """Return the milliseconds of the total for each filter."""
    return [
        (
            await milliseconds(lambda each=each: load_discover_count(pool, each, DiscoverSort.MOST_RATED)),
            described(each),
        )
        for each in filters
    ]


def report(name: str, found: list[tuple[float, str]], slowest: int) -> None:
    """Print one row, and the slowest questions below it."""
    times = sorted(milliseconds for milliseconds, _ in found)
    at = lambda share: times[min(int(len(times) * share), len(times) - 1)]  # noqa: E731 - two uses, one line
    over = sum(each > 25 for each in times)
    print(f"{name:12} {len(times):5} {at(0.5):8.1f} {at(0.95):8.1f} {times[-1]:8.1f} {over:8}", flush=True)
    for each, text in sorted(found, reverse=True)[:slowest]:
        print(f"    {each:8.1f}  {text}")


async def enrich(url: str) -> None:
    """Invent what TMDB and people would add, and have the tables vacuumed."""
    connection = await asyncpg.connect(url)
    await connection.execute(ENRICH)
    for table in TABLES:
        await connection.execute(f"VACUUM ANALYZE {table}")
    await connection.close()


async def run(url: str, *, slowest: int) -> None:
    """Print the table."""
    filters = [DiscoverFilter(), *SINGLE, *pairs()]
    print(f"{'':12} {'asked':>5} {'median':>8} {'95 %':>8} {'worst':>8} {'> 25 ms':>8}   (milliseconds)")
    async with await open_pool(url, size=1) as pool:
        pages = []
        for sort in DiscoverSort:
            found = await measure(pool, sort, filters)
            report(sort.value, found, slowest)
            pages += found
        report("all orders", pages, 0)
        report("totals", await measure_totals(pool, filters), slowest)


@click.command()
@click.argument("url")
@click.option("--enrich", "is_enriched", is_flag=True, help="First invent posters, languages, views ... (minutes).")
@click.option("--slowest", default=0, help="How many of the slowest to name in each order.")
def main(url: str, *, is_enriched: bool, slowest: int) -> None:
    """Measure discover on the database at URL."""
    if is_enriched:
        asyncio.run(enrich(url))
    asyncio.run(run(url, slowest=slowest))


if __name__ == "__main__":
    main()

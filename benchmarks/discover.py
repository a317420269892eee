"""Measures discover: `python -m benchmarks.discover postgresql://... [--enrich]`.

It runs seven orders times no filter, every single filter and many pairs of filters, each with the first page of twenty
and the total, on a warm database with the server's statements. `--enrich` first adds invented posters, languages,
countries, dates, popularity and views to an imported catalogue, since the files of `benchmarks.generate` lack them.
"""

import asyncio
import itertools
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, fields, replace
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import click

from mediacanon.database.counts import load_counts
from mediacanon.database.pool import open_pool
from mediacanon.loaders.discover import DiscoverCount, DiscoverFilter, load_discover_titles
from mediacanon.vocabulary import DiscoverSort

ROUNDS = 3
LIMIT = 25
SHARES = (0.5, 0.95, 1)
# In order of frequency; each country belongs to the language at the same place.
LANGUAGES = (
    "en en en en en fr ja es de ko it zh hi pt ru sv da tr pl nl ta te ml th no fi cs hu el fa ar he id tl ro uk "
    "sr bn mr kn is et lv lt ka sk bg hr ca eu gl ga cy mk sq hy az kk mn ne"
)
COUNTRIES = (
    "US GB US CA AU FR JP ES DE KR IT CN IN BR RU SE DK TR PL NL IN IN IN TH NO FI CZ HU GR IR EG IL ID PH RO UA "
    "RS BD IN IN IS EE LV LT GE SK BG HR ES ES ES IE GB MK AL AM AZ KZ MN NP"
)

# Every title with more than 1,000 votes and a fifth of the others get a poster. The frequency of languages falls off
# steeply, and a tenth of the countries do not match the language. Some 20,000 views go to the most voted titles and to
# every eightieth title.
ENRICH = f"""
SELECT setseed(0.42);
CREATE TEMP TABLE known AS
SELECT id, start_year, num_votes, random() AS day, random() AS luck,
       1 + floor(power(random(), 3) * {len(LANGUAGES.split())})::int AS language,
       1 + floor(power(random(), 3) * {len(COUNTRIES.split())})::int AS abroad
  FROM titles
 WHERE num_votes > 1000 OR random() < 0.2;
UPDATE titles
   SET image_url = 'https://image.tmdb.org/t/p/w500/' || md5(known.id::text) || '.jpg',
       original_language = (string_to_array('{LANGUAGES}', ' '))[language],
       origin_country = (string_to_array('{COUNTRIES}', ' '))[CASE WHEN luck < 0.1 THEN abroad ELSE language END],
       release_date = make_date(known.start_year, 1 + floor(day * 12)::int, 1 + floor(luck * 28)::int),
       tmdb_popularity = ln(coalesce(known.num_votes, 0) + 1) * luck * luck * 10
  FROM known
 WHERE known.id = titles.id;
INSERT INTO title_genres (title_id, genre_id)
SELECT known.id, genres.id
  FROM known, genres
 WHERE genres.name = 'Dating' AND known.id % 800 = 1
    ON CONFLICT DO NOTHING;
INSERT INTO title_views (title_id, viewed_at)
SELECT id, now() - random() * interval '7 days'
  FROM (SELECT id, row_number() OVER (ORDER BY num_votes DESC NULLS LAST) AS rank FROM known) AS ranked
 CROSS JOIN generate_series(1, (2500 / (rank + 20))::int + (id % 80 = 0)::int);
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


@dataclass(frozen=True, slots=True)
class Times:
    """The median times of one query in milliseconds: by the clock and of the server's processor."""

    wall: float
    processor: float
    text: str


def pairs() -> list[DiscoverFilter]:
    """Return every pair of single filters on different facts, merged into one filter."""
    unset = DiscoverFilter()
    given = [{name: value for name, value in vars_of(each).items() if value != vars_of(unset)[name]} for each in SINGLE]
    facts = [{name.split("_")[0] for name in each} for each in given]
    return [
        replace(unset, **given[one], **given[two])
        for one, two in itertools.combinations(range(len(SINGLE)), 2)
        if not facts[one] & facts[two]
    ]


def vars_of(filter_: DiscoverFilter) -> dict[str, Any]:
    """Return the fields of a filter with their values."""
    return {field.name: getattr(filter_, field.name) for field in fields(filter_)}


def described(filter_: DiscoverFilter) -> str:
    """Return the restrictions of a filter in one line."""
    unset = vars_of(DiscoverFilter())
    return " ".join(f"{name}={value}" for name, value in vars_of(filter_).items() if value != unset[name]) or "-"


class Stopwatch:
    """Times queries by the clock and by the processor time of the connection's server process."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool
        self._server = Path()

    async def start(self) -> None:
        """Find the server process."""
        self._server = Path(f"/proc/{await self.pool.fetchval('SELECT pg_backend_pid()')}/schedstat")

    def _processor(self) -> float:
        """Return the milliseconds of processor time that the server has used; 0 on systems without /proc."""
        return int(self._server.read_text().split()[0]) / 1e6 if self._server.exists() else 0.0

    async def measure(self, text: str, query: Callable[[], Awaitable[object]]) -> Times:
        """Return the medians of some runs, after one run that warms the caches."""
        await query()
        runs = []
        for _ in range(ROUNDS):
            begin, computed = time.perf_counter(), self._processor()
            await query()
            runs.append(((time.perf_counter() - begin) * 1000, self._processor() - computed))
        walls, processors = zip(*runs, strict=True)
        return Times(statistics.median(walls), statistics.median(processors), text)


def report(name: str, found: list[Times], slowest: int) -> None:
    """Print one row, and the slowest queries below it."""
    walls, processors = (sorted(getattr(each, kind) for each in found) for kind in ("wall", "processor"))
    cells = [f"{times[int((len(times) - 1) * share)]:8.1f}" for times in (walls, processors) for share in SHARES]
    over = (sum(each > LIMIT for each in times) for times in (walls, processors))
    print(f"{name:12} {len(found):5}", *cells, *(f"{each:6}" for each in over), flush=True)
    for each in sorted(found, key=lambda times: -times.processor)[:slowest]:
        print(f"    {each.wall:8.1f} {each.processor:8.1f}  {each.text}")


async def enrich(url: str) -> None:
    """Add invented facts of TMDB and invented views, and vacuum the tables."""
    connection = await asyncpg.connect(url)
    await connection.execute(ENRICH)
    for table in TABLES:
        await connection.execute(f"VACUUM ANALYZE {table}")
    await connection.close()


async def run(url: str, *, slowest: int, has_poster: bool | None) -> None:
    """Measure every order and every filter, and print the table."""
    filters = [replace(each, has_poster=has_poster) for each in (DiscoverFilter(), *SINGLE, *pairs())]
    print("Milliseconds: by the clock (median, 95 %, worst), of the server's processor time (the same), and how many")
    print(f"queries took more than {LIMIT} of each.")
    async with await open_pool(url, size=1) as pool:
        watch = Stopwatch(pool)
        await watch.start()
        pages = []
        for sort in DiscoverSort:
            found = [
                await watch.measure(described(each), partial(load_discover_titles, pool, each, sort, limit=20))
                for each in filters
            ]
            report(sort.value, found, slowest)
            pages += found
        report("all orders", pages, 0)
        totals = [
            await watch.measure(described(each), partial(load_counts, pool, [DiscoverCount(each)])) for each in filters
        ]
        report("totals", totals, slowest)


@click.command()
@click.argument("url")
@click.option("--enrich", "is_enriched", is_flag=True, help="First invent posters, languages, views ... (minutes).")
@click.option("--slowest", default=0, help="Number of slowest queries to list in each order.")
@click.option("--posterless", is_flag=True, help="Titles without a poster, too.")
def main(url: str, *, is_enriched: bool, slowest: int, posterless: bool) -> None:
    """Measure discover on the database at URL."""
    if is_enriched:
        asyncio.run(enrich(url))
    asyncio.run(run(url, slowest=slowest, has_poster=None if posterless else True))


if __name__ == "__main__":
    main()

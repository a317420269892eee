r"""IMDb's files that MediaCanon imports: their names, headers and staging tables, in one readable place.

Format: gzip, UTF-8, tab-separated, one header line, `\N` for null, no quoting, sorted by id as text
(https://developer.imdb.com/non-commercial-datasets/).
"""

from dataclasses import dataclass
from typing import Literal

STAGING_SCHEMA = "imdb_staging"

ColumnType = Literal["TEXT", "TEXT NOT NULL", "INTEGER", "REAL"]


@dataclass(frozen=True, slots=True)
class Dataset:
    """One file: its name, its columns in the order of the file, and which rows are of interest."""

    file: str
    table: str
    types: dict[str, ColumnType]
    wanted: str | None = None  # a condition on the staging table's columns; None: every row
    checks: tuple[str, ...] = ()

    @property
    def header(self) -> tuple[str, ...]:
        """The names in the file's first line."""
        return tuple(self.types)

    @property
    def columns(self) -> tuple[str, ...]:
        """The staging table's columns: the header's names in lower case."""
        return tuple(name.lower() for name in self.types)

    @property
    def create_table(self) -> str:
        """The statement that creates the staging table; what its types and checks refuse is a malformed row."""
        columns = [f"{name.lower()} {kind}" for name, kind in self.types.items()]
        checks = [f"CHECK ({check})" for check in self.checks]
        return f"CREATE UNLOGGED TABLE {STAGING_SCHEMA}.{self.table} ({', '.join(columns + checks)})"


# One cheap comparison per row: an id has at least seven digits. NULL would pass a check, so keys say NOT NULL.
_IS_ID = "tconst LIKE 'tt_______%'"

BASICS = Dataset(
    file="title.basics.tsv.gz",
    table="basics",
    types={
        "tconst": "TEXT NOT NULL",
        "titleType": "TEXT NOT NULL",
        "primaryTitle": "TEXT NOT NULL",
        "originalTitle": "TEXT",
        "isAdult": "TEXT",  # a year in some rows of the full file
        "startYear": "INTEGER",
        "endYear": "INTEGER",
        "runtimeMinutes": "INTEGER",
        "genres": "TEXT",
    },
    wanted="titletype IN ('movie', 'tvMovie', 'tvSeries', 'tvMiniSeries', 'tvEpisode')",
    checks=(_IS_ID, "primarytitle <> ''"),
)
EPISODE = Dataset(
    file="title.episode.tsv.gz",
    table="episode",
    types={
        "tconst": "TEXT NOT NULL",
        "parentTconst": "TEXT NOT NULL",
        "seasonNumber": "INTEGER",
        "episodeNumber": "INTEGER",
    },
    checks=(_IS_ID,),
)
RATINGS = Dataset(
    file="title.ratings.tsv.gz",
    table="ratings",
    types={"tconst": "TEXT NOT NULL", "averageRating": "REAL", "numVotes": "INTEGER"},
    checks=(_IS_ID, "averagerating BETWEEN 0 AND 10", "numvotes >= 0"),
)
ALL = (BASICS, EPISODE, RATINGS)

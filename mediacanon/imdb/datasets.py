r"""IMDb's datasets that MediaCanon imports: files, headers, staging tables, and the catalogue's tables they fill.

Format: gzip, UTF-8, tab-separated, one header line, `\N` for null, no quoting, sorted by id as text
(https://developer.imdb.com/non-commercial-datasets/).

Download, staging, merge, bulk load and report follow from this list. A further dataset is a `Dataset` in ALL and its
`sql/{noun}.sql`, whose sections `merge.py` describes.
"""

from dataclasses import dataclass
from typing import Literal

STAGING_SCHEMA = "imdb_staging"

ColumnType = Literal["TEXT", "TEXT NOT NULL", "INTEGER", "REAL"]


@dataclass(frozen=True, slots=True)
class Dataset:
    """One file: its name, its columns in the order of the file, the rows to import and their place in the catalogue."""

    file: str
    noun: str  # names sql/{noun}.sql, and the report's row for the skipped rows of the file
    table: str  # the staging table
    types: dict[str, ColumnType]
    key: tuple[str, ...] = ("tconst",)  # unique in the file
    fills: tuple[str, ...] = ()  # tables of the catalogue that no earlier dataset fills
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
    def staging_table(self) -> str:
        """The staging table's name with its schema."""
        return f"{STAGING_SCHEMA}.{self.table}"

    @property
    def create_table(self) -> str:
        """The statement that creates the staging table. A row that its types or checks refuse is malformed."""
        columns = [f"{name.lower()} {kind}" for name, kind in self.types.items()]
        checks = [f"CHECK ({check})" for check in self.checks]
        return f"CREATE UNLOGGED TABLE {self.staging_table} ({', '.join(columns + checks)})"

    @property
    def drop_repeated(self) -> str:
        """The statement that deletes repeated keys from the staging table: the first row of the file stays."""
        is_same = " AND ".join(f"again.{column} = first.{column}" for column in self.key)
        return f"""
        DELETE FROM {self.staging_table} again
         USING {self.staging_table} first
         WHERE {is_same} AND again.ctid > first.ctid
        """


# One cheap comparison per row: an id has at least seven digits. NULL would pass a check, so keys say NOT NULL.
_IS_ID = "tconst LIKE 'tt_______%'"

BASICS = Dataset(
    file="title.basics.tsv.gz",
    noun="titles",
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
    fills=("titles", "movies", "shows", "title_genres"),
    wanted="titletype IN ('movie', 'tvMovie', 'tvSeries', 'tvMiniSeries', 'tvEpisode')",
    checks=(_IS_ID, "primarytitle <> ''"),
)
EPISODE = Dataset(
    file="title.episode.tsv.gz",
    noun="episodes",
    table="episode",
    types={
        "tconst": "TEXT NOT NULL",
        "parentTconst": "TEXT NOT NULL",
        "seasonNumber": "INTEGER",
        "episodeNumber": "INTEGER",
    },
    fills=("show_seasons", "show_episodes"),
    checks=(_IS_ID,),
)
RATINGS = Dataset(
    file="title.ratings.tsv.gz",
    noun="ratings",
    table="ratings",
    types={"tconst": "TEXT NOT NULL", "averageRating": "REAL", "numVotes": "INTEGER"},
    checks=(_IS_ID, "averagerating BETWEEN 0 AND 10", "numvotes >= 0"),
)
# In the order of the merge: a dataset follows the datasets whose rows it refers to.
ALL = (BASICS, EPISODE, RATINGS)

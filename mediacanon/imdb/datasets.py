r"""IMDb's datasets that MediaCanon imports: files, headers, staging tables, and the catalogue's tables they fill.

Format: gzip, UTF-8, tab-separated, one header line, `\N` for null, no quoting, sorted by id as text
(https://developer.imdb.com/non-commercial-datasets/).

Download, staging, merge, bulk load and report follow from this list. A further dataset is a `Dataset` in ALL and its
`sql/{noun}.sql`, whose sections `merge.py` describes.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
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
    parent: str | None = None  # the second column, if it names the title whose rows are compared together
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
    def is_unique(self) -> bool:
        """True if the file has one row for each id."""
        return len(self.key) == 1

    @property
    def staging_table(self) -> str:
        """The staging table's name with its schema."""
        return f"{STAGING_SCHEMA}.{self.table}"

    @property
    def create_table(self) -> str:
        """The statement that creates the staging table. A row that its types or checks refuse is malformed.

        Autovacuum would read a table that is dropped minutes later.
        """
        columns = [f"{name.lower()} {kind}" for name, kind in self.types.items()]
        parts = ", ".join([*columns, *(f"CHECK ({check})" for check in self.checks)])
        return f"CREATE UNLOGGED TABLE {self.staging_table} ({parts}) WITH (autovacuum_enabled = false)"

    @property
    def drop_repeated(self) -> str:
        """The statement that deletes repeated keys from the staging table: the first row of the file stays."""
        is_same = " AND ".join(f"again.{column} = first.{column}" for column in self.key)
        return f"""
        DELETE FROM {self.staging_table} again
         USING {self.staging_table} first
         WHERE {is_same} AND again.ctid > first.ctid
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class FurtherDataset(Dataset):
    """A file that is imported after the others, by itself, into a table and those that are made of its rows."""

    order: str  # of the rows in new tables
    among: str = "true"  # a condition: the rows of the table that belong to the file
    reads: tuple[str, ...] = ()  # the nouns whose rows its merge reads: when one of them changes, it is merged again
    about: Literal["titles", "episodes", "people"] = "titles"
    listed_columns: str = "title_id"  # of the listing: when one of a title's changes, its rows are compared
    option: str = ""  # the word that selects it, where its file is another dataset's as well
    # Bytes in the database for each byte of the compressed file: while it is imported, and for good. Measured.
    disk: tuple[int, int]

    @property
    def name(self) -> str:
        """The word that selects it: `title.akas`."""
        return self.option or self.file.removesuffix(".tsv.gz")

    @property
    def has_names(self) -> bool:
        """True if its merge makes names for search."""
        return "title_names" in self.fills

    @property
    def table_filled(self) -> str:
        """The table of the catalogue that it fills first."""
        return self.fills[0]


# One cheap comparison per row: an id has at least seven digits. NULL would pass a check, so keys say NOT NULL.
_IS_ID = "tconst LIKE 'tt_______%'"
# The number behind nm is a person's id: PostgreSQL refuses a row where there is none.
_IS_PERSON = "nconst LIKE 'nm_______%' AND substr(nconst, 3)::integer BETWEEN 0 AND 999999999"

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
    parent="parenttconst",
    wanted="seasonnumber >= 0 AND episodenumber >= 0",  # one episode in five has no number
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

# IMDb has a name in seven languages for each episode without one, half of the file's rows: "Folge #1.2", "Folge vom
# 3. Mai 2001". (COPY fails on more than eight patterns, and a regular expression takes several times as long.)
_BEGINS_SO = "LIKE ANY ('{Episod_ %,Épisode %,Episódio %,Folge %,एपिसोड %,エピソード%}')"
_GOES_ON_SO = "LIKE ANY ('{% #%.%,% dat%,% vom %,% fechado %,% दिनांक %,%日付%}')"

AKAS = FurtherDataset(
    file="title.akas.tsv.gz",
    noun="akas",
    table="akas",
    types={
        "titleId": "TEXT NOT NULL",
        "ordering": "INTEGER",
        "title": "TEXT NOT NULL",
        "region": "TEXT",
        "language": "TEXT",
        "types": "TEXT",
        "attributes": "TEXT",
        "isOriginalTitle": "TEXT",
    },
    key=("titleid", "ordering"),
    fills=("title_akas", "title_names"),
    order="title_id",
    listed_columns="title_id, fame, names",
    disk=(5, 3),
    wanted=f"types IS NOT NULL OR attributes IS NOT NULL OR NOT (title {_BEGINS_SO} AND title {_GOES_ON_SO})",
    checks=("titleid LIKE 'tt_______%'", "title <> ''"),
)
PRINCIPALS = FurtherDataset(
    file="title.principals.tsv.gz",
    noun="principals",
    table="principals",
    types={
        "tconst": "TEXT NOT NULL",
        "ordering": "INTEGER",
        "nconst": "TEXT NOT NULL",
        "category": "TEXT NOT NULL",
        "job": "TEXT",
        "characters": "TEXT",
    },
    key=("tconst", "ordering"),
    fills=("credits",),
    order="title_id, ordinal",
    among="ordinal < 10000",
    disk=(3, 1),
    checks=(_IS_ID, _IS_PERSON, "ordering BETWEEN 0 AND 9999", "category <> ''"),
)
# The same file once more, staged once for both.
EPISODE_CREDITS = replace(
    PRINCIPALS,
    noun="episode_credits",
    option="episode.credits",
    about="episodes",
    fills=("episode_credits",),
    order="episode_id",
    among="true",
    disk=(12, 3),
)
CREW = FurtherDataset(
    file="title.crew.tsv.gz",
    noun="crew",
    table="crew",
    types={"tconst": "TEXT NOT NULL", "directors": "TEXT", "writers": "TEXT"},
    fills=("credits",),
    order="title_id, ordinal",
    among="ordinal >= 10000",
    reads=("principals",),
    disk=(2, 1),
    wanted="directors IS NOT NULL OR writers IS NOT NULL",
    checks=(_IS_ID,),
)
NAMES = FurtherDataset(
    file="name.basics.tsv.gz",
    noun="people",
    table="names",
    types={
        "nconst": "TEXT NOT NULL",
        "primaryName": "TEXT",
        "birthYear": "INTEGER",
        "deathYear": "INTEGER",
        "primaryProfession": "TEXT",
        "knownForTitles": "TEXT",
    },
    key=("nconst",),
    fills=("people",),
    order="id",
    about="people",
    listed_columns="title_id, fame",
    reads=("principals", "episode_credits", "crew"),
    disk=(10, 5),
    wanted="primaryname <> ''",
    checks=(_IS_PERSON, "birthyear BETWEEN -9999 AND 9999", "deathyear BETWEEN -9999 AND 9999"),
)
# Imported after the others, one file at a time, each in a transaction of its own. A dataset follows the datasets whose
# rows it reads: crew adds the people that principals lacks, and only credited people are kept.
FURTHER = (AKAS, PRINCIPALS, CREW, NAMES)
# With those that are imported on request alone.
EVERY_FURTHER = (AKAS, PRINCIPALS, EPISODE_CREDITS, CREW, NAMES)


def further_files(names: Collection[str]) -> list[FurtherDataset]:
    """Return the further files of these names, such as `title.akas`, in their order."""
    return [dataset for dataset in EVERY_FURTHER if dataset.name in names]

"""The demo's files: IMDb's format, and the same bytes every time."""

import gzip
from collections import Counter
from pathlib import Path

import pytest

from mediacanon.imdb.demo import write_demo_files
from tests.imdb.demo.conftest import A_HANDFUL

HEADERS = {
    "title.basics.tsv.gz": "tconst titleType primaryTitle originalTitle isAdult startYear endYear "
    "runtimeMinutes genres",
    "title.episode.tsv.gz": "tconst parentTconst seasonNumber episodeNumber",
    "title.ratings.tsv.gz": "tconst averageRating numVotes",
}
FURTHER_HEADERS = {
    "title.akas.tsv.gz": "titleId ordering title region language types attributes isOriginalTitle",
    "title.principals.tsv.gz": "tconst ordering nconst category job characters",
    "title.crew.tsv.gz": "tconst directors writers",
    "name.basics.tsv.gz": "nconst primaryName birthYear deathYear primaryProfession knownForTitles",
}
EVERY_HEADER = HEADERS | FURTHER_HEADERS


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[list[str]]]:
    """Return the rows of each file, with the header first."""
    folder = tmp_path_factory.mktemp("demo")
    write_demo_files(folder)
    return {
        name: [line.split("\t") for line in gzip.decompress((folder / name).read_bytes()).decode().splitlines()]
        for name in EVERY_HEADER
    }


def test_same_seed_writes_same_bytes(tmp_path: Path) -> None:
    """Two runs write files that are equal byte by byte, compressed as they are."""
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        write_demo_files(tmp_path / folder)
    for name in EVERY_HEADER:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_files_have_imdbs_headers_and_no_ragged_row(files: dict[str, list[list[str]]]) -> None:
    """Header lines are IMDb's; every row has as many columns, and none of them is empty."""
    for name, header in EVERY_HEADER.items():
        assert files[name][0] == header.split()
        assert {len(row) for row in files[name]} == {len(header.split())}
        assert all(all(row) for row in files[name])


def test_rows_are_sorted_by_id_as_text(files: dict[str, list[list[str]]]) -> None:
    """Ids of eight and nine digits are mixed, in the order of text, each once per file."""
    for name in HEADERS:
        ids = [row[0] for row in files[name][1:]]
        assert ids == sorted(set(ids))
    assert {len(row[0]) for row in files["title.basics.tsv.gz"][1:]} == {10, 11}


def test_ids_are_out_of_imdb_s_range(files: dict[str, list[list[str]]]) -> None:
    """IMDb is at 40 million: a later import never writes over an invented title."""
    for name in HEADERS:
        assert min(int(row[0].removeprefix("tt")) for row in files[name][1:]) > 90_000_000


def test_keys_are_shared_between_files(files: dict[str, list[list[str]]]) -> None:
    """Every episode and rating belongs to a title; every parent is a show."""
    types = {row[0]: row[1] for row in files["title.basics.tsv.gz"][1:]}
    episodes = files["title.episode.tsv.gz"][1:]
    assert {types[row[0]] for row in episodes} == {"tvEpisode"}
    assert {types[row[1]] for row in episodes} == {"tvSeries", "tvMiniSeries"}
    assert all(row[0] in types for row in files["title.ratings.tsv.gz"][1:])


def test_people_and_names_show_what_real_files_have(files: dict[str, list[list[str]]]) -> None:
    """Every script, working titles, machine-made names, a busy actor, namesakes, two roles, people nobody knows."""
    akas, principals, crew, people = (files[name][1:] for name in FURTHER_HEADERS)
    assert set("Хぁ灯守등ὁحשผქह") - set("ぁὁ") <= {letter for row in akas for letter in row[2]}
    kinds = Counter(row[5] for row in akas)
    assert min(kinds[kind] for kind in ("working", "alternative", "imdbDisplay", "original")) >= A_HANDFUL
    assert sum(row[2].startswith("Folge #") for row in akas) == 40
    busy = Counter(row[2] for row in principals)
    assert busy["nm99000001"] > 100
    assert any(Counter(row[1] for row in people)[name] > 1 for name in {row[1] for row in people})
    assert any(row[5].count('","') for row in principals)
    assert busy["nm99999999"] > 0
    assert "nm99999999" not in {row[0] for row in people}
    named = {(row[0], one) for row in crew for one in f"{row[1]},{row[2]}".split(",")}
    assert {(row[0], row[2]) for row in principals if row[3] in ("director", "writer")} < named
    assert {row[0] for row in principals} < {row[0] for row in files["title.basics.tsv.gz"]}


def test_every_type_of_row_is_there(files: dict[str, list[list[str]]]) -> None:
    """The files hold types that the import takes and types that it ignores."""
    types = Counter(row[1] for row in files["title.basics.tsv.gz"][1:])
    assert types["movie"] + types["tvMovie"] == 600
    assert types["tvSeries"] + types["tvMiniSeries"] == 120
    assert types["tvEpisode"] > 4000
    for few in ("tvMovie", "tvMiniSeries", "short", "videoGame"):
        assert types[few] >= A_HANDFUL


def test_nulls_quotes_and_odd_names_appear(files: dict[str, list[list[str]]]) -> None:
    """The quirks of real files appear: nulls, unbalanced quotes, a backslash."""
    rows = files["title.basics.tsv.gz"][1:]
    films = [row for row in rows if row[1] == "movie"]
    assert any(row[5] == "\\N" for row in films)
    assert any(row[7] == "\\N" for row in films)
    names = {row[2] for row in films}
    assert any(name.count('"') % 2 for name in names)
    assert any("\\" in name for name in names)
    assert {"?", "Ö"} <= names
    assert max(map(len, names)) > 240


def test_ratings_span_the_scale(files: dict[str, list[list[str]]]) -> None:
    """Ratings have one decimal and go from 1.0 to 10.0; votes from a few to millions."""
    ratings = files["title.ratings.tsv.gz"][1:]
    values = {row[1] for row in ratings}
    assert {"1.0", "10.0"} <= values
    assert all(1 <= float(value) <= 10 and value[-2] == "." for value in values)
    votes = sorted(int(row[2]) for row in ratings)
    assert votes[0] < 10
    assert votes[-1] > 1_000_000

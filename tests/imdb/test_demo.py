"""The demo catalogue: IMDb's format, the same every time, and something to show for everything."""

import gzip
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from mediacanon.errors import Conflict
from mediacanon.imdb.demo import DEMO_SEED, build_demo_catalogue, load_demo, write_demo_files
from mediacanon.imdb.demo.catalogue import NO_POSTER, NO_STILL, DemoCatalogue, DemoTitle
from mediacanon.imdb.demo.titles import GENRES, LANGUAGES
from mediacanon.imdb.demo.words import TONGUES, phrases

HEADERS = {
    "title.basics.tsv.gz": "tconst titleType primaryTitle originalTitle isAdult startYear endYear "
    "runtimeMinutes genres",
    "title.episode.tsv.gz": "tconst parentTconst seasonNumber episodeNumber",
    "title.ratings.tsv.gz": "tconst averageRating numVotes",
}
A_HANDFUL = 5


@pytest.fixture(scope="module")
def catalogue() -> DemoCatalogue:
    return build_demo_catalogue(DEMO_SEED)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[list[str]]]:
    """Give the rows of each file, the header first."""
    folder = tmp_path_factory.mktemp("demo")
    write_demo_files(folder)
    return {
        name: [line.split("\t") for line in gzip.decompress((folder / name).read_bytes()).decode().splitlines()]
        for name in HEADERS
    }


@pytest.fixture
async def connection(demo: str) -> AsyncIterator[asyncpg.Connection]:
    opened = await asyncpg.connect(demo)
    yield opened
    await opened.close()


def is_collectable(title: DemoTitle) -> bool:
    has_poster = title.image_url not in (None, NO_POSTER)
    return has_poster and title.average_rating is not None and (title.num_votes or 0) >= 5000


def episode_ratings(catalogue: DemoCatalogue, imdb_id: str) -> list[float | None]:
    return [e.average_rating for e in catalogue.episodes if e.show_id == imdb_id]


# ---- the files


def test_same_seed_writes_same_bytes(tmp_path: Path) -> None:
    """Two runs write files that are equal byte by byte, compressed as they are."""
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        write_demo_files(tmp_path / folder)
    for name in HEADERS:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_another_seed_invents_another_catalogue_around_the_landmarks() -> None:
    """The seed changes names and ratings, not the dozen titles that documentation names."""
    one, two = ({title.imdb_id: title for title in build_demo_catalogue(seed).titles} for seed in (1, 2))
    assert {title.name for title in one.values()} != {title.name for title in two.values()}
    for imdb_id in [f"tt9900000{n}" for n in range(1, 7)] + [f"tt9910000{n}" for n in range(1, 7)]:
        assert one[imdb_id].name == two[imdb_id].name
        assert one[imdb_id].num_votes == two[imdb_id].num_votes


def test_files_have_imdbs_headers_and_no_ragged_row(files: dict[str, list[list[str]]]) -> None:
    """Header lines are IMDb's; every row has as many columns, and none of them is empty."""
    for name, header in HEADERS.items():
        assert files[name][0] == header.split()
        assert {len(row) for row in files[name]} == {len(header.split())}
        assert all(all(row) for row in files[name])


def test_rows_are_sorted_by_id_as_text(files: dict[str, list[list[str]]]) -> None:
    """Ids of eight and nine digits are mixed, in the order of text, each once in a file."""
    for name in HEADERS:
        ids = [row[0] for row in files[name][1:]]
        assert ids == sorted(set(ids))
    assert {len(row[0]) for row in files["title.basics.tsv.gz"][1:]} == {10, 11}


def test_ids_are_none_that_imdb_gives(files: dict[str, list[list[str]]]) -> None:
    """IMDb is at 40 million: what is invented never stays on a real title that a later import brings."""
    for name in HEADERS:
        assert min(int(row[0].removeprefix("tt")) for row in files[name][1:]) > 90_000_000


def test_keys_are_shared_between_files(files: dict[str, list[list[str]]]) -> None:
    """Every episode and rating belongs to a title; every parent is a show."""
    types = {row[0]: row[1] for row in files["title.basics.tsv.gz"][1:]}
    episodes = files["title.episode.tsv.gz"][1:]
    assert {types[row[0]] for row in episodes} == {"tvEpisode"}
    assert {types[row[1]] for row in episodes} == {"tvSeries", "tvMiniSeries"}
    assert all(row[0] in types for row in files["title.ratings.tsv.gz"][1:])


def test_every_type_of_row_is_there(files: dict[str, list[list[str]]]) -> None:
    """What the importer takes and what it ignores both appear."""
    types = Counter(row[1] for row in files["title.basics.tsv.gz"][1:])
    assert types["movie"] + types["tvMovie"] == 600
    assert types["tvSeries"] + types["tvMiniSeries"] == 120
    assert types["tvEpisode"] > 4000
    for few in ("tvMovie", "tvMiniSeries", "short", "videoGame"):
        assert types[few] >= A_HANDFUL


def test_nulls_quotes_and_odd_names_appear(files: dict[str, list[list[str]]]) -> None:
    """The quirks of real files are there to be met: nulls, unbalanced quotes, a backslash."""
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


# ---- the catalogue


@pytest.mark.parametrize("is_show", [False, True])
def test_every_genre_has_a_handful_for_a_collection(catalogue: DemoCatalogue, *, is_show: bool) -> None:
    """With 5,000 votes, a rating and a poster, each genre has five movies and five shows."""
    genres = Counter(
        genre
        for title in catalogue.titles
        if title.is_show == is_show and is_collectable(title)
        for genre in title.genres
    )
    assert set(genres) == set(GENRES)
    assert min(genres.values()) >= A_HANDFUL


@pytest.mark.parametrize("is_show", [False, True])
def test_every_language_has_a_handful(catalogue: DemoCatalogue, *, is_show: bool) -> None:
    """Each of eleven languages has five movies and five shows."""
    languages = Counter(t.original_language for t in catalogue.titles if t.is_show == is_show)
    assert set(languages) == set(LANGUAGES) == {"en", *TONGUES}
    assert min(languages.values()) >= A_HANDFUL


@pytest.mark.parametrize("is_show", [False, True])
@pytest.mark.parametrize("is_korean", [False, True])
def test_dating_collections_are_filled(catalogue: DemoCatalogue, *, is_show: bool, is_korean: bool) -> None:
    """The custom genre of four collections has titles, Korean and other, movies and shows."""
    assert any(
        title.custom_genre == "Dating" and is_collectable(title)
        for title in catalogue.titles
        if title.is_show == is_show and (title.original_language == "ko") == is_korean
    )


def test_every_decade_has_movies(catalogue: DemoCatalogue) -> None:
    """Movies are from 1920 to 2026, with a handful in every decade."""
    years = [t.start_year for t in catalogue.titles if not t.is_show and t.start_year]
    assert min(years) >= 1920
    assert max(years) == 2026
    decades = Counter(year // 10 for year in years)
    assert all(decades[decade] >= A_HANDFUL for decade in range(192, 203))


def test_foreign_titles_keep_their_original_name(catalogue: DemoCatalogue) -> None:
    """A foreign title's original name is in its own script, and most are shown in English."""
    foreign = [t for t in catalogue.titles if t.original_language != "en"]
    renamed = [t for t in foreign if t.name.display != t.name.original]
    assert len(renamed) > len(foreign) / 2
    for language, (low, high) in {"ja": ("\u3040", "\u9fff"), "ru": ("Ѐ", "ӿ")}.items():
        names = [t.name.original for t in foreign if t.original_language == language]
        assert all(any(low <= letter <= high for letter in name) for name in names)


def test_every_tongue_combines_freely() -> None:
    """Each language has a hundred names and more to give, all phrases with their English."""
    for tongue in TONGUES.values():
        heads, tails = phrases(tongue.heads), phrases(tongue.tails)
        assert len(set(heads)) * len(set(tails)) > 100
        assert all(phrase.original and phrase.english for phrase in heads + tails)


def test_some_names_come_back_in_another_year(catalogue: DemoCatalogue) -> None:
    """Three movies are called like older or newer ones; nothing else shares a name."""
    years = defaultdict(set)
    for title in catalogue.titles:
        years[title.name.display].add((title.start_year, title.imdb_id))
    shared = [entries for entries in years.values() if len(entries) > 1]
    assert len(shared) == 3
    assert all(len({year for year, _ in entries}) == len(entries) for entries in shared)


def test_shows_have_all_shapes(catalogue: DemoCatalogue) -> None:
    """From one season to twelve, from three episodes to 25, one of 300, specials, running shows."""
    seasons: dict[str, Counter[int]] = defaultdict(Counter)
    for episode in catalogue.episodes:
        seasons[episode.show_id][episode.season] += 1
    assert len(seasons) == 120
    lengths = {len(set(counts) - {0}) for counts in seasons.values()}
    assert {1, 12} <= lengths
    sizes = sorted({size for counts in seasons.values() for size in counts.values()})
    assert sizes[0] == 3
    assert sizes[-2:] == [25, 300]
    assert [show for show, counts in seasons.items() if 0 in counts] == ["tt99100004"]
    running = [t for t in catalogue.titles if t.title_type == "tvSeries" and t.end_year is None]
    assert A_HANDFUL <= len(running) < 60


def test_heat_maps_tell_stories(catalogue: DemoCatalogue) -> None:
    """Harbour Lights ends with its best episode; The Quiet Orchard loses three points."""
    lights = [rating or 0 for rating in episode_ratings(catalogue, "tt99100001")]
    assert lights[-1] == max(lights) > 9.5
    orchard = [rating or 0 for rating in episode_ratings(catalogue, "tt99100002")]
    assert sum(orchard[:10]) / 10 - sum(orchard[-6:]) / 6 > 3


def test_only_what_has_not_aired_is_unrated(catalogue: DemoCatalogue) -> None:
    """Episodes have ratings, but for the last two of a running show."""
    ratings = episode_ratings(catalogue, "tt99100005")
    assert ratings[-2:] == [None, None]
    assert all(ratings[:-2])
    running = {t.imdb_id for t in catalogue.titles if t.is_show and t.end_year is None}
    assert {e.show_id for e in catalogue.episodes if e.average_rating is None} <= running


# ---- the database


async def test_import_takes_everything_it_should(connection: asyncpg.Connection, catalogue: DemoCatalogue) -> None:
    """Every movie, show and episode arrives through the import; the rest does not."""
    counts = await connection.fetchrow(
        "SELECT (SELECT count(*) FROM movies) AS movies, (SELECT count(*) FROM shows) AS shows,"
        " (SELECT count(*) FROM titles) AS titles, (SELECT count(*) FROM show_episodes) AS episodes"
    )
    assert dict(counts) == {
        "movies": 600,
        "shows": 120,
        "titles": 720,
        "episodes": len(catalogue.episodes),
    }


async def test_a_landmark_arrives_whole(connection: asyncpg.Connection) -> None:
    """IMDb's columns and TMDB's are filled, the original name in its own letters."""
    row = await connection.fetchrow("SELECT * FROM titles WHERE imdb_id = 'tt99000004'")
    assert row["display_name"] == "Seven Umbrellas for Seoul"
    assert row["original_title"] == "서울을 위한 일곱 개의 우산"
    assert row["num_votes"] == 688_240
    assert (row["original_language"], row["origin_country"]) == ("ko", "KR")
    assert row["image_url"] == "https://image.tmdb.org/t/p/w500/demo-tt99000004.jpg"
    assert row["tmdb_id"] > 90_000_000
    assert row["needs_backfill_tmdb"] is False


async def test_posters_and_stills_are_found_missing_and_not_looked_for(
    connection: asyncpg.Connection,
) -> None:
    """Most titles and episodes have a picture; each sentinel and null appear as well."""
    posters = await connection.fetch(
        "SELECT CASE WHEN image_url LIKE 'https://%' THEN 'url' ELSE image_url END AS kind,"
        " count(*) FROM titles GROUP BY 1"
    )
    kinds = {row["kind"]: row["count"] for row in posters}
    assert set(kinds) == {"url", NO_POSTER, None}
    assert 0.8 < kinds["url"] / 720 < 0.95
    stills = await connection.fetch(
        "SELECT DISTINCT CASE WHEN image_url LIKE 'https://%' THEN 'url' ELSE image_url END AS kind FROM show_episodes"
    )
    assert {row["kind"] for row in stills} == {"url", NO_STILL, None}


@pytest.mark.parametrize(
    "condition",
    [
        pytest.param("num_votes >= 1000", id="top_rated"),
        pytest.param("tmdb_popularity > 0", id="trending"),
        pytest.param("release_date > '2024-01-01'", id="newest"),
        pytest.param("average_rating >= 7.5 AND num_votes > 100 AND num_votes < 10000", id="hidden_gems"),
        pytest.param("EXISTS (SELECT FROM title_views WHERE title_id = titles.id)", id="popular"),
    ],
)
@pytest.mark.parametrize("kind", ["movie", "show"])
async def test_every_sort_has_something_to_show(connection: asyncpg.Connection, condition: str, kind: str) -> None:
    """Each order of the discover page finds a handful of titles with a poster."""
    found = await connection.fetchval(
        f"SELECT count(*) FROM titles WHERE image_url LIKE 'https://%' AND type = $1::text AND {condition}",
        kind,
    )
    assert found >= A_HANDFUL


async def test_custom_genres_are_assigned_and_reviewed(connection: asyncpg.Connection) -> None:
    """Custom genres are assigned as a person would, to titles marked as reviewed."""
    rows = await connection.fetch(
        "SELECT genres.name, count(*), count(reviewed.title_id) AS reviewed FROM genres"
        " JOIN title_genres ON title_genres.genre_id = genres.id"
        " LEFT JOIN custom_genre_reviews AS reviewed USING (title_id)"
        " WHERE genres.is_custom GROUP BY genres.name"
    )
    assert {row["name"] for row in rows} == {"Cooking", "Dating"}
    assert all(row["count"] == row["reviewed"] >= 20 for row in rows)


async def test_episodes_have_what_tmdb_would_add(connection: asyncpg.Connection) -> None:
    """Every episode has a date and a running time, most a synopsis."""
    row = await connection.fetchrow(
        "SELECT count(*), count(air_date) AS dated, count(runtime_minutes) AS timed,"
        " count(synopsis) AS told, count(average_rating) AS rated, count(imdb_id) AS known"
        " FROM show_episodes"
    )
    assert row["count"] == row["dated"] == row["timed"] == row["known"]
    assert row["told"] > 0.8 * row["count"]
    assert row["rated"] > 0.95 * row["count"]


async def test_loading_twice_is_refused(demo_database: str) -> None:
    """A database with titles is left alone."""
    connection = await asyncpg.connect(demo_database)
    try:
        before = await connection.fetchval("SELECT max(updated_at) FROM titles")
        with pytest.raises(Conflict, match="titles already"):
            await load_demo(demo_database)
        assert await connection.fetchval("SELECT max(updated_at) FROM titles") == before
    finally:
        await connection.close()


async def test_shared_demo_cannot_be_written_to(connection: asyncpg.Connection) -> None:
    """A test that forgets to ask for its own database fails instead of disturbing others."""
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        await connection.execute("DELETE FROM title_views")

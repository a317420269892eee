"""Ranked search: a fixed set of queries finds the intended titles first, and its success rate is printed."""

import random
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import asyncpg
import pytest

from mediacanon.database.pool import open_pool
from mediacanon.loaders.search import SEARCH_SETTINGS, load_by_rank, load_titles_by_rank
from mediacanon.loaders.search_candidates import Group, Key, arguments, candidates, candidates_by_likeness
from mediacanon.loaders.search_spelling import FOLDED_AND_SPELLINGS

KEEPERS, SATELLITES, GARDEN, SEOUL = "tt99000001", "tt99000002", "tt99000003", "tt99000004"
PIER, CARTOGRAPHER = "tt99000005", "tt99000006"
HARBOUR, ORCHARD, TIDE, VALE, GLASS, BUS = (f"tt9910000{number}" for number in range(1, 7))

# query -> the first title and its tier
DEMO = {
    # exact names, in any case, with and without accents and punctuation
    "The Lighthouse Keepers": (KEEPERS, "NAME"),
    "the lighthouse keepers": (KEEPERS, "NAME"),
    "THE LIGHTHOUSE KEEPERS": (KEEPERS, "NAME"),
    "  the   lighthouse keepers ": (KEEPERS, "NAME"),
    "Paper Satellites": (SATELLITES, "NAME"),
    "paper satellites!": (SATELLITES, "NAME"),
    "Pàpér Sätellïtes": (SATELLITES, "NAME"),
    "The Garden of November": (GARDEN, "NAME"),
    "Seven Umbrellas for Seoul": (SEOUL, "NAME"),
    "Midnight at Pier Nineteen": (PIER, "NAME"),
    "The Cartographer's Apprentice": (CARTOGRAPHER, "NAME"),
    "the cartographers apprentice": (CARTOGRAPHER, None),
    "Harbour Lights": (HARBOUR, "NAME"),
    "harbour lights": (HARBOUR, "NAME"),
    "The Quiet Orchard": (ORCHARD, "NAME"),
    "Morning Tide": (TIDE, "NAME"),
    "Inspector Vale's Last Train": (VALE, "NAME"),
    "inspector vale’s last train": (VALE, "NAME"),
    "Glass Mountains": (GLASS, "NAME"),
    "Heartbeat Bus Stop": (BUS, "NAME"),
    # original names
    "Le Jardin de novembre": (GARDEN, "ORIGINAL_TITLE"),
    "le jardin de novembre": (GARDEN, "ORIGINAL_TITLE"),
    "서울을 위한 일곱 개의 우산": (SEOUL, "ORIGINAL_TITLE"),
    "심쿵 정류장": (BUS, "ORIGINAL_TITLE"),
    # prefixes, as people type
    "the lighth": (KEEPERS, "PREFIX"),
    "the lighthouse": (KEEPERS, "PREFIX"),
    "paper sat": (SATELLITES, "PREFIX"),
    "harbour l": (HARBOUR, "PREFIX"),
    "the quiet o": (ORCHARD, "PREFIX"),
    "midnight at p": (PIER, "PREFIX"),
    "seven umb": (SEOUL, "PREFIX"),
    "inspector v": (VALE, "PREFIX"),
    "glass moun": (GLASS, "PREFIX"),
    "heartb": (BUS, "PREFIX"),
    "morning ti": (TIDE, "PREFIX"),
    "심쿵": (BUS, "PREFIX"),
    "le jardin de nov": (GARDEN, "PREFIX"),
    # words in any order, whole or as prefixes
    "lighthouse keepers": (KEEPERS, "SPELLING"),
    "keepers lighthouse": (KEEPERS, "WORDS"),
    "keepers": (KEEPERS, "WORDS"),
    "satellites paper": (SATELLITES, "WORDS"),
    "garden november": (GARDEN, "WORDS"),
    "umbrellas seoul": (SEOUL, "WORDS"),
    "pier nineteen": (PIER, "WORDS"),
    "apprentice": (CARTOGRAPHER, "WORDS"),
    "vale train": (VALE, "WORDS"),
    "last train": (VALE, "WORDS"),
    "mountains glass": (GLASS, "WORDS"),
    "heartbeat stop": (BUS, "WORDS"),
    # with the year
    "the lighthouse keepers 2011": (KEEPERS, "NAME"),
    "lighthouse keepers 2011": (KEEPERS, "SPELLING"),
    "2019 paper satellites": (SATELLITES, "NAME"),
    "harbour lights 2008": (HARBOUR, "NAME"),
    "midnight at pier nineteen 1947": (PIER, "NAME"),
    "glass mountains 2023": (GLASS, "NAME"),
    # one or two typos
    "the lighthose keepers": (KEEPERS, "SIMILAR"),
    "the lighthouse keeprs": (KEEPERS, "SIMILAR"),
    "lighthuose keepers": (KEEPERS, "SIMILAR"),
    "paper satelites": (SATELLITES, "SIMILAR"),
    "papr satellites": (SATELLITES, "SIMILAR"),
    "garden of novenber": (GARDEN, "SIMILAR"),
    "seven umbrelas for seoul": (SEOUL, "SIMILAR"),
    "midnigth at pier nineteen": (PIER, "SIMILAR"),
    "cartographer apprentise": (CARTOGRAPHER, "SIMILAR"),
    "harbor lights": (HARBOUR, "ALTERNATIVE_TITLE"),
    "harbour ligths": (HARBOUR, "SIMILAR"),
    "the quite orchard": (ORCHARD, "SIMILAR"),
    "inspecter vale": (VALE, "SIMILAR"),
    "glass mountians": (GLASS, "SIMILAR"),
    "hartbeat bus stop": (BUS, "SIMILAR"),
}


@pytest.fixture(scope="module")
async def catalogue(demo: str):
    """Give a pool on the demo catalogue."""
    async with await open_pool(demo, size=2) as pool:
        yield pool


async def missed(pool: asyncpg.Pool, expected: dict[str, tuple[str, str | None]]) -> list[str]:
    """Return the queries whose first title, or its tier, is not the expected one."""
    wrong = []
    for query, (imdb_id, reason) in expected.items():
        found = await load_titles_by_rank(pool, query, limit=5)
        first = (found[0].title.imdb_id, found[0].matched_on) if found else ("nothing", None)
        if first[0] != imdb_id or reason not in (None, first[1]):
            wrong.append(f"{query!r}: {first}, not {(imdb_id, reason)}")
    return wrong


async def test_queries_find_the_intended_titles(catalogue: asyncpg.Pool):
    """All fixed queries over the demo have the right first hit and tier."""
    assert len(DEMO) >= 60
    wrong = await missed(catalogue, DEMO)
    print(f"search: {len(DEMO) - len(wrong)} of {len(DEMO)} first hits are right")
    assert wrong == []


@pytest.mark.parametrize(
    "query", ["", "   ", "!!!", "%", "_", "\\", "'; DROP TABLE titles; --", "a" * 10_000, "\u0301", "🎬"]
)
async def test_odd_queries_are_no_error(catalogue: asyncpg.Pool, query: str):
    """Any text can be searched for."""
    assert isinstance(await load_titles_by_rank(catalogue, query, limit=5), list)


async def test_wildcards_are_ordinary_characters(catalogue: asyncpg.Pool):
    """A percent sign matches a percent sign."""
    assert await load_titles_by_rank(catalogue, "100%zzzz", limit=5) == []


async def test_short_queries_find_the_most_voted(catalogue: asyncpg.Pool):
    """One letter finds titles with a word that begins with it, most voted first."""
    found = await load_titles_by_rank(catalogue, "h", limit=10)
    assert len(found) == 10
    for each in found:
        assert any(
            word.startswith("h")
            for word in f"{each.title.display_name} {each.title.original_title} {each.matched_name}".casefold().split()
        )


async def test_long_names_are_whole_names(demo_database: str):
    """A name of many words is found as a whole name, not as the prefix of another."""
    long = "The Keeper of the Seven Lanterns of the Old Northern Harbour, and What the Tide Brought Back"
    longer = f"{long}: {'A Chronicle of Storms, ' * 8}Told Once"
    short = " ".join(long.split()[:8])
    async with await open_pool(demo_database, size=2) as pool:
        await pool.execute(
            "INSERT INTO titles (type, display_name, num_votes)"
            " SELECT 'movie', name, votes FROM unnest($1::text[], $2::integer[]) AS named (name, votes)",
            [long, longer, short],
            [2_000, 90_000, 5_000_000],
        )
        for name in (long, longer, short):
            found = await load_titles_by_rank(pool, name, limit=5)
            assert (found[0].title.display_name, found[0].matched_on) == (name, "NAME")


async def test_a_name_counts_against_votes(pool: asyncpg.Pool):
    """Name, spelling, original name, beginning, words, typo: of two, the much better known comes first."""
    titles = [
        ("Amber Lantern", None, 10_000, "NAME"),
        ("Amber-Lantern!", None, 9_000, "NAME"),
        ("Okänd", "Amber Lantern", 8_000, "ORIGINAL_TITLE"),
        ("The Amber Lantern", None, 9_500, "SPELLING"),
        ("Amber Lantern II", None, 60_000, "PREFIX"),
        ("The Lantern of Amber", None, 90_000, "WORDS"),
        ("Amber Lanterns at Sea", None, 50_000, "PREFIX"),
        ("Amber Lanturn", None, 20_000, "SIMILAR"),
    ]
    insert = "INSERT INTO titles (type, display_name, original_title, num_votes) VALUES ('movie', $1, $2, $3)"
    await pool.executemany(insert, [title[:3] for title in titles])
    hits = await load_titles_by_rank(pool, "amber lantern", limit=10)
    assert [(hit.title.display_name, hit.matched_on) for hit in hits] == [
        (name, reason) for name, _, _, reason in titles
    ]
    await pool.execute(insert, "Amber Lantern Returns", None, 3_000_000)
    hits = await load_titles_by_rank(pool, "amber lantern", limit=10)
    assert [hit.title.display_name for hit in hits[:2]] == ["Amber Lantern Returns", "Amber Lantern"]


async def test_the_very_name_is_among_the_first_two(pool: asyncpg.Pool):
    """However unknown the title is, and whatever the text might mean besides."""
    await pool.execute(
        "INSERT INTO titles (type, display_name, num_votes)"
        " SELECT 'movie', name, votes FROM unnest($1::text[], $2::integer[]) AS named (name, votes)",
        ["The Dark Night", "The Dark Knight", "The Dark Knight Rises", "Dark Nights"],
        [12, 2_500_000, 1_600_000, 900_000],
    )
    hits = await load_titles_by_rank(pool, "the dark night", limit=5)
    assert [hit.title.display_name for hit in hits[:2]] == ["The Dark Knight", "The Dark Night"]


async def test_words_are_found_by_their_prefixes_alone(pool: asyncpg.Pool):
    """Long words too, although the index finds them anywhere in a word."""
    names = ["House of Glass", "The Glass Houses", "Lighthouse Glass", "Eyeglass House", "Glasshouse"]
    await pool.execute("INSERT INTO titles (type, display_name) SELECT 'movie', unnest($1::text[])", names)
    for query, held in (
        ("house", ["House of Glass", "The Glass Houses", "Eyeglass House"]),
        ("glass house", ["House of Glass", "The Glass Houses", "Glasshouse"]),
        ("of house glass", ["House of Glass"]),
        ("houses the glas", ["The Glass Houses"]),
    ):
        hits = await load_titles_by_rank(pool, query, limit=50)
        assert {hit.title.display_name for hit in hits if hit.matched_on != "SIMILAR"} == set(held)


async def test_every_part_is_found_by_an_index(catalogue: asyncpg.Pool):
    """No statement scans all titles, names, people or credits."""
    groups = [Group(["the", "quiet"], is_known=True), Group(["神 隠"], is_known=False, year=2001)]
    plan = await plan_of(
        catalogue, candidates(hides_adult=True), *arguments(groups, [Key("orchard", is_beginning=True)], [158])
    )
    assert "Seq Scan" not in plan
    assert {
        "idx_titles_search_names",
        "idx_titles_search_known",
        "idx_titles_search_key",
        "idx_titles_search_original_key",
        "idx_title_names_name",
        "idx_title_names_known",
        "idx_title_names_key",
        "idx_people_search_names",
        "idx_people_search_known",
        "idx_people_search_key",
        "idx_credits_by_person",
    } <= set(re.findall(r"idx_\w+", plan))


async def test_an_index_finds_names_like_a_text(catalogue: asyncpg.Pool):
    """Among known titles and people."""
    plan = await plan_of(catalogue, candidates_by_likeness(hides_adult=False), "quite orchard")
    assert "idx_people_search_known" in plan
    assert "Seq Scan" not in plan


async def test_an_index_finds_what_words_mean(catalogue: asyncpg.Pool):
    """The vocabulary is not read whole."""
    plan = await plan_of(catalogue, FOLDED_AND_SPELLINGS, "the quite orchrad", "")
    assert "idx_name_words_spellings" in plan
    assert "Seq Scan on" not in plan


async def plan_of(pool: asyncpg.Pool, statement: str, *arguments: object) -> str:
    """Return the plan of a statement with sequential scans disabled."""
    async with pool.acquire() as connection, connection.transaction(readonly=True):
        await connection.execute(f"{SEARCH_SETTINGS}; SET LOCAL enable_seqscan = off")
        return "\n".join(line for (line,) in await connection.fetch(f"EXPLAIN {statement}", *arguments))


async def test_withdrawn_titles_are_not_found(demo_database: str):
    """A title that IMDb lists no more is not searched."""
    async with await open_pool(demo_database, size=2) as pool:
        await pool.execute("UPDATE titles SET withdrawn_at = now() WHERE imdb_id = $1", KEEPERS)
        found = await load_titles_by_rank(pool, "the lighthouse keepers", limit=5)
        assert KEEPERS not in [each.title.imdb_id for each in found]


YEARS = " ".join(str(year) for year in range(1960, 1996))
TYPED = (
    YEARS,
    f"keepers {YEARS}",
    "2012 2009",
    "1984 (1984)",
    "lighthose keeprs 1999",
    "zzzzqqqq xxxxwwww",
    "zzzzqqqq 2001 2002",
    "the",
    "%_\\ | ||",
    "a " * 150,
    "é" * 300,
    "🎀",
    "a🎀b🎀c 千 ก",
)


@pytest.mark.parametrize("text", TYPED, ids=lambda text: text[:20])
async def test_whatever_is_typed_takes_six_statements_at_most(demo_pool: asyncpg.Pool, text: str):
    """Settings and the transaction apart; random texts of words and years among them."""
    draw = random.Random(text)
    words = [*text.split()[:10], "2011", "1999", "keepers", "the", "of", "lighthose", "19", "3000"]
    async with demo_pool.acquire() as connection:
        statements: list[str] = []
        logger = partial(_note, statements)
        connection.add_query_logger(logger)
        lone = _Lone(connection)
        for typed in (text, *(" ".join(draw.choices(words, k=draw.randint(1, 12))) for _ in range(3))):
            statements.clear()
            await load_titles_by_rank(lone, typed, limit=20)
            assert 1 <= len(statements) <= 6, typed
        connection.remove_query_logger(logger)


def _note(statements: list[str], record: asyncpg.connection.LoggedQuery) -> None:
    # asyncpg looks types up the first time it meets them.
    if (
        record.query.lstrip().startswith(("SELECT", "WITH", "("))
        and "pg_catalog" not in record.query
        and "'jit'" not in record.query
    ):
        statements.append(record.query)


class _Lone:
    """A pool of one connection."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self.connection = connection
        self.fetch = connection.fetch

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[asyncpg.Connection]:
        yield self.connection


async def test_the_last_two_years_narrow_a_text(demo_pool: asyncpg.Pool):
    """A film is found by its year also after a year that is no film's."""
    for text in ("harbour lights 2008", "2008 harbour lights"):
        [first, *_] = await load_titles_by_rank(demo_pool, text, limit=5)
        assert first.title.imdb_id == HARBOUR, text


async def test_words_of_new_and_renamed_titles_are_known_at_once(pool: asyncpg.Pool):
    """A typo in the name of a title that was added or renamed a moment ago is corrected."""
    added = await pool.fetchval(
        "INSERT INTO titles (type, display_name, num_votes) VALUES ('movie', 'Zephyrs over Quillon', 900) RETURNING id"
    )
    [hit] = await load_titles_by_rank(pool, "zehpyrs over quilon", limit=5)
    assert (hit.title_id, hit.matched_on) == (added, "SIMILAR")
    await pool.execute("UPDATE titles SET display_name = 'Marrowick' WHERE id = $1", added)
    [hit] = await load_titles_by_rank(pool, "marorwick", limit=5)
    assert (hit.title_id, hit.matched_on) == (added, "SIMILAR")


async def test_an_id_finds_a_title_a_show_by_its_episode_and_a_person(demo_pool: asyncpg.Pool):
    """An unknown id finds nothing, and kinds that were not asked for are left out."""
    episode, show = await demo_pool.fetchrow(
        "SELECT e.imdb_id, s.title_id FROM show_episodes e JOIN show_seasons ss ON ss.id = e.season_id"
        " JOIN shows s ON s.id = ss.show_id WHERE e.imdb_id IS NOT NULL LIMIT 1"
    )
    person = await demo_pool.fetchval("SELECT id FROM people ORDER BY fame DESC, id LIMIT 1")
    for text, found in (
        (KEEPERS, ("ID", KEEPERS)),
        (f"https://www.imdb.com/title/{KEEPERS}/", ("ID", KEEPERS)),
        ("tt0000001", None),
    ):
        hits = await load_by_rank(demo_pool, text, limit=5)
        assert [(hit.matched_on, hit.title.imdb_id) for hit in hits if hit.title] == ([found] if found else [])
    [hit] = await load_by_rank(demo_pool, episode, limit=5)
    assert hit.title.title_id == show
    [hit] = await load_by_rank(demo_pool, f"nm{person:07}", limit=5)
    assert (hit.person_id, hit.matched_on) == (person, "ID")
    assert await load_by_rank(demo_pool, f"nm{person:07}", limit=5, kinds=("title",)) == []
    assert await load_by_rank(demo_pool, KEEPERS, limit=5, kinds=("person",)) == []


async def test_a_pasted_id_of_ten_digits_is_nobody(demo_pool: asyncpg.Pool):
    """Whatever number follows nm, no error is raised."""
    for text in ("nm2147483648", "nm9999999999", "https://www.imdb.com/name/nm9999999999/"):
        assert await load_by_rank(demo_pool, text, limit=5) == []


async def test_an_alternative_title_is_found_after_an_edit_of_the_name(pool: asyncpg.Pool):
    """Also where it was the name until then, and once however often the name is edited."""
    id_ = await pool.fetchval("INSERT INTO titles (type, display_name) VALUES ('movie', 'Amélie') RETURNING id")
    await pool.execute("INSERT INTO title_akas (title_id, kind, name) VALUES ($1, 'display', 'Amelie')", id_)
    for name in ("Paris", "Amelie", "Montmartre"):
        await pool.execute("UPDATE titles SET display_name = $2 WHERE id = $1", id_, name)
        assert [each.title_id for each in await load_titles_by_rank(pool, "amelie", limit=5)] == [id_]
    assert await pool.fetch("SELECT name, is_working FROM title_names") == [("| amelie |", False)]

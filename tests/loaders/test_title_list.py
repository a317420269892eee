"""Lists of titles by name: pages make up the whole match in order, and one count serves all languages."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from mediacanon.database.pool import open_pool
from mediacanon.loaders import Loaders
from mediacanon.loaders.discover import DiscoverFilter
from mediacanon.loaders.search_candidates import IS_KNOWN
from mediacanon.loaders.title_list import TitleSearch, load_titles_by_search
from tests.conftest import own_database

PAGE = 7
IN_ORDER = """
SELECT id FROM titles t WHERE display_name ILIKE $1 AND {} ORDER BY num_votes DESC NULLS LAST, display_name, id"""


# Two letters and more, the middle of words, short and long words, punctuation, and a text in no name.
TEXTS = ("an", "the", "of the", "ght", "LIGHTHOUSE", "e lighthouse k", "garden", "-", "nobody calls a film that")
# Ties in votes, unknown votes, and unknown languages.
MESS = """
UPDATE titles SET num_votes = num_votes / 1000 * 1000 WHERE id % 3 = 0;
UPDATE titles SET num_votes = NULL WHERE id % 7 = 0;
UPDATE titles SET original_language = NULL WHERE id % 5 = 0;
"""


@pytest.fixture(scope="module")
async def mess(cluster: str, demo_template: str) -> AsyncIterator[asyncpg.Pool]:
    """Give a pool of one connection to a catalogue with ties and gaps."""
    async with own_database(cluster, template=demo_template) as dsn, await open_pool(dsn, size=1) as pool:
        await pool.execute(MESS)
        yield pool


async def pages(pool: asyncpg.Pool, search: TitleSearch) -> list[list[int]]:
    """Return the ids of every page up to the first that is not full."""
    found: list[list[int]] = []
    while not found or len(found[-1]) == PAGE:
        rows = await load_titles_by_search(pool, search, limit=PAGE, offset=PAGE * len(found))
        found.append([row.title_id for row in rows])
    return found


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize(
    ("only", "condition"),
    [
        (DiscoverFilter(), "true"),
        (DiscoverFilter(type="show"), "type = 'show'"),
        (DiscoverFilter(votes_max=2000), "num_votes <= 2000"),
    ],
)
async def test_pages_are_the_whole_match_in_order(mess: asyncpg.Pool, text: str, only: DiscoverFilter, condition):
    """Pages of known titles, the page where they end, and pages of the other titles."""
    wanted = [row[0] for row in await mess.fetch(IN_ORDER.format(condition), f"%{text}%")]
    found = await pages(mess, TitleSearch(text, only))
    assert [title_id for page in found for title_id in page] == wanted


async def test_a_page_of_known_titles_is_one_statement(mess: asyncpg.Pool):
    """A page that they do not fill takes a second statement."""
    search = TitleSearch("the")
    known = await mess.fetchval(f"SELECT count(*) FROM titles WHERE display_name ILIKE '%the%' AND {IS_KNOWN}")
    statements: list[str] = []
    async with mess.acquire() as connection:
        connection.add_query_logger(lambda record: statements.append(record.query))
    for offset, expected in ((0, 1), (known - PAGE, 1), (known - PAGE + 1, 2)):
        statements.clear()
        assert len(await load_titles_by_search(mess, search, limit=PAGE, offset=offset)) == PAGE
        assert sum("LIMIT" in statement for statement in statements) == expected


async def test_one_count_serves_every_filter_of_languages(mess: asyncpg.Pool):
    """Titles of an unknown language are counted in the total, and are not among the languages."""
    loaders, search = Loaders(mess), TitleSearch("the")
    held = "SELECT count(*) FROM titles WHERE display_name ILIKE '%the%'"
    assert await mess.fetchval(f"{held} AND original_language IS NULL") > 0
    assert await loaders.search_total(search) == await mess.fetchval(held)
    statements: list[str] = []
    async with mess.acquire() as connection:
        connection.add_query_logger(lambda record: statements.append(record.query))
    for languages in (("en",), ("fr", "en"), ("xx",)):
        one = TitleSearch("the", DiscoverFilter(language_in=languages))
        found = await loaders.search_total(one)
        assert not any("count(*) AS number" in statement for statement in statements)
        assert found == await mess.fetchval(f"{held} AND original_language = ANY($1)", list(languages))
    counts = await loaders.search_languages(search)
    assert [each.count for each in counts] == sorted((each.count for each in counts), reverse=True)
    assert None not in {each.code for each in counts}

"""Lists cost the same number of SQL statements however long they are.

One does not: the titles of all collections, each of which is a search of its own. Its price in limits.py says so.
"""

import asyncpg
import pytest

from mediacanon.database.pool import open_pool
from mediacanon.execution import Execution
from mediacanon.loaders import Loaders
from mediacanon.schema.context import Context
from mediacanon.schema.root import build_schema
from mediacanon.writes import Writes

TITLE = "displayName genres ids { imdb }"
EPISODE = "displayName averageRating ids { imdb }"
LISTS = {
    "titles": f"titles(type: show, perPage: $n) {{ total items {{ {TITLE} }} }}",
    "titles with movies": f"titles(type: movie, perPage: $n) {{ items {{ movie {{ movieId title {{ {TITLE} }} }} }} }}",
    "titles with shows": f"titles(type: show, perPage: $n) {{ items {{ show {{ showId title {{ {TITLE} }} }} }} }}",
    "seasons": "titles(type: show, perPage: $n) { items { show { seasons { seasonNumber averageRating } } } }",
    "episodes": f"titles(type: show, perPage: $n) {{ items {{ show {{ seasons {{ episodes {{ {EPISODE} }} }} }} }} }}",
    "episode counts": "titles(type: show, perPage: $n) { items { show { episodeCount } } }",
    "similar": f"titles(type: show, perPage: $n) {{ items {{ similar {{ {TITLE} }} }} }}",
    "search": f'search(query: "the", limit: $n) {{ matchedOn title {{ {TITLE} }} }}',
}


@pytest.fixture(scope="module")
async def asked(demo: str):
    """Give a function that runs a document and returns its data and the statements it took."""
    execution = Execution(build_schema())
    async with await open_pool(demo, size=1) as pool:

        async def run(query: str, **variables: object) -> tuple[dict, list[str]]:
            statements: list[str] = []
            # The pool has one connection, and it keeps its logger as long as it is held by nobody else.
            async with pool.acquire() as connection:
                inner: asyncpg.Connection = connection._con
            inner.add_query_logger(lambda record: statements.append(record.query))
            try:
                prepared = execution.prepare_own(query, name="test")
                data = await execution.run(prepared, variables, Context(Loaders(pool), Writes(pool)))
            finally:
                inner._query_loggers.clear()
            # Handing a connection back to the pool cleans it with a statement of its own.
            return data, [text for text in statements if "pg_advisory_unlock_all" not in text]

        yield run


@pytest.fixture
def counted(asked):
    """Give a function that runs a document and returns its data and how many statements it took."""

    async def run(query: str, **variables: object) -> tuple[dict, int]:
        data, statements = await asked(query, **variables)
        return data, len(statements)

    return run


async def test_long_look_ups_take_no_more_statements(counted):
    """3 ids and 500 cost the same, whatever they stand for."""
    query = f"query ($ids: [ExternalId!]!) {{ lookup(ids: $ids) {{ found {{ title {{ {TITLE} }} }} missing }} }}"
    imdb, tmdb = ([f"tt{n:08}" for n in range(99000001, 99000251)], [f"movie:{n}" for n in range(1, 251)])
    few = [imdb[0], imdb[-1], tmdb[0]]
    await counted(query, ids=few)
    assert (await counted(query, ids=imdb + tmdb))[1] == (await counted(query, ids=few))[1] <= 8


@pytest.mark.parametrize("name", LISTS)
async def test_long_lists_take_no_more_statements(counted, name: str):
    """2 and 50 cost the same, and few."""
    query = f"query ($n: Int!) {{ {LISTS[name]} }}"
    await counted(query, n=1)  # asyncpg looks types up the first time it meets them
    few, statements_for_few = await counted(query, n=2)
    many, statements_for_many = await counted(query, n=50)
    assert len(str(many)) > 5 * len(str(few))
    assert statements_for_many == statements_for_few <= 8


@pytest.mark.parametrize(
    "field", ["titles", 'titles(query: "the")', "discover", 'discover(filter: {genresIn: ["Drama"]}, sort: POPULAR)']
)
async def test_a_page_past_the_end_is_not_searched_for(asked, field: str):
    """Of page 2,000,000,000 nothing but the total is asked; the last page is as it was."""
    name, _, arguments = field.rstrip(")").partition("(")
    query = f"query ($page: Int!) {{ {name}({arguments} page: $page, perPage: 1) {{ total items {{ displayName }} }} }}"
    first, statements = await asked(query, page=1)
    assert any("OFFSET" in text for text in statements)
    total = first[name]["total"]
    beyond, statements = await asked(query, page=2_000_000_000)
    assert beyond == {name: {"total": total, "items": []}}
    assert not any("OFFSET" in text for text in statements)
    assert len((await asked(query, page=total))[0][name]["items"]) == 1
    assert (await asked(query, page=total + 1))[0] == beyond

"""A list takes the same number of SQL statements, however long it is.

The titles of all collections are the exception: each collection is a search of its own, and has a weight in costs.py.
"""

import asyncpg
import pytest

from mediacanon.database.pool import open_pool
from mediacanon.execution.executor import Execution
from mediacanon.loaders import Loaders
from mediacanon.loaders.dataloader import MAX_OWN_BATCH
from mediacanon.schema.context import Context
from mediacanon.schema.costs import COSTS
from mediacanon.schema.root import build_schema
from mediacanon.writes import Writes

TITLE = "displayName genres ids { imdb }"
EPISODE = "displayName averageRating ids { imdb }"
# Statements of transactions, and of returning a connection to the pool.
AROUND = ("BEGIN", "SET LOCAL", "COMMIT", "SELECT pg_advisory_unlock_all")
LISTS = {
    "titles": f"titles(type: show, perPage: $n) {{ total items {{ {TITLE} }} }}",
    "languages of titles": f"titles(perPage: $n) {{ items {{ {TITLE} }} languages {{ code count }} }}",
    "discover with totals": f"discover(perPage: $n) {{ total totalPages items {{ {TITLE} }} }}",
    "carousels": f"carousels(perPage: $n) {{ total items {{ name titles {{ {TITLE} }} }} }}",
    "titles with movies": f"titles(type: movie, perPage: $n) {{ items {{ movie {{ movieId title {{ {TITLE} }} }} }} }}",
    "titles with shows": f"titles(type: show, perPage: $n) {{ items {{ show {{ showId title {{ {TITLE} }} }} }} }}",
    "seasons": "titles(type: show, perPage: $n) { items { show { seasons { seasonNumber averageRating } } } }",
    "episodes": f"titles(type: show, perPage: $n) {{ items {{ show {{ seasons {{ episodes {{ {EPISODE} }} }} }} }} }}",
    "episode counts": "titles(type: show, perPage: $n) { items { show { episodeCount } } }",
    "facts of TMDB": (
        "titles(perPage: $n) { items { overview { text } tagline { text } backdrop status videos { name } ids { tvdb }"
        " keywords { name } companies { name } networks { name } certifications { rating } franchise { name } } }"
    ),
    "names": 'titles(perPage: $n) { items { names { name } name(languages: ["de-AT", "ja"]) { text language } } }',
    "names in discover": 'discover(perPage: $n) { items { name(languages: ["fr"]) { text } } }',
    "credits": (
        "titles(perPage: $n) { items { cast: credits(departments: [ACTING], perPage: 3) { total items { person { name"
        " knownFor { displayName } credits(perPage: 2) { total items { title { displayName } } } } } }"
        " crew: credits(perPage: 5) { items { job person { name } } } } }"
    ),
    "people": 'people(query: "a", limit: $n) { name knownFor { displayName } credits { items { category } } }',
    "similar": f"titles(type: show, perPage: $n) {{ items {{ similar {{ {TITLE} }} }} }}",
    "search to episodes": (
        f'search(query: "the", limit: $n) {{ title {{ show {{ seasons {{ episodes {{ {EPISODE} }} }} }} }} }}'
    ),
    "search": f'search(query: "the", limit: $n) {{ matchedOn title {{ {TITLE} }} }}',
}

# A search takes four: its settings, the folded text, the candidates, and the titles.
# Discover also asks how many titles have a poster: a kept count and the changes since.
MOST = {"search to episodes": 8, "people": 6, "facts of TMDB": 6, "discover with totals": 6, "credits": 9}


@pytest.fixture(scope="module")
async def run_document(demo_with_collections: str):
    """Give a function that runs a document and returns its data and its statements without AROUND."""
    execution = Execution(build_schema(), costs=COSTS)
    async with await open_pool(demo_with_collections, size=1) as pool:

        async def run(query: str, **variables: object) -> tuple[dict, list[str]]:
            statements: list[str] = []
            # The pool has one connection, which keeps its logger between requests.
            async with pool.acquire() as connection:
                inner: asyncpg.Connection = connection._con
            inner.add_query_logger(lambda record: statements.append(record.query))
            try:
                prepared = execution.prepare_trusted(query, name="test")
                data = await execution.run(prepared, variables, Context(Loaders(pool), Writes(pool)))
            finally:
                inner._query_loggers.clear()
            return data, [text for text in statements if not text.startswith(AROUND)]

        yield run


@pytest.fixture
def counted(run_document):
    """Give a function that runs a document and returns its data and the number of its statements."""

    async def run(query: str, **variables: object) -> tuple[dict, int]:
        data, statements = await run_document(query, **variables)
        return data, len(statements)

    return run


async def test_long_look_ups_take_no_more_statements(counted):
    """3 ids and 500 take as many statements, for every kind of id."""
    query = f"query ($ids: [ExternalId!]!) {{ lookup(ids: $ids) {{ found {{ title {{ {TITLE} }} }} missing }} }}"
    imdb, tmdb = ([f"tt{n:08}" for n in range(99000001, 99000251)], [f"movie:{n}" for n in range(1, 251)])
    few = [imdb[0], imdb[-1], tmdb[0]]
    await counted(query, ids=few)
    assert (await counted(query, ids=imdb + tmdb))[1] == (await counted(query, ids=few))[1] <= 5


async def test_long_look_ups_of_episodes_take_no_more_statements(counted):
    """10 ids and 500 take as many statements, with season and show of each episode."""
    query = """query ($ids: [ExternalId!]!) { lookup(ids: $ids) { found {
        title { displayName } episode { displayName season { seasonNumber show { showId title { displayName } } } } } } }"""
    many = [f"tt{number}" for number in range(92_000_001, 92_000_501)]
    data, _ = await counted(query, ids=many)
    episodes = data["lookup"]["found"]
    assert len({episode["episode"]["season"]["show"]["showId"] for episode in episodes}) > 1
    await counted(query, ids=many[:10])
    assert (await counted(query, ids=many[:10]))[1] == (await counted(query, ids=many))[1] <= 5


@pytest.mark.parametrize("name", LISTS)
async def test_long_lists_take_no_more_statements(counted, name: str):
    """2 items and 50 take as many statements, and few."""
    query = f"query ($n: Int!) {{ {LISTS[name]} }}"
    await counted(query, n=2)  # asyncpg looks types up the first time it meets them
    few, statements_for_few = await counted(query, n=2)
    many, statements_for_many = await counted(query, n=50)
    assert len(str(many)) > 5 * len(str(few))
    assert statements_for_many == statements_for_few <= MOST.get(name, 5)


async def test_facts_of_many_seasons_take_few_statements(counted):
    """Those of 50 shows: one for the shows with one season, which are ahead by a turn, and one for all others."""
    fields = "name overview airDate poster ids { tmdb }"
    query = (
        f"query ($n: Int!) {{ titles(type: show, perPage: $n) {{ items {{ show {{ seasons {{ {fields} }} }} }} }} }}"
    )
    data, statements = await counted(query, n=50)
    assert sum(len(title["show"]["seasons"]) for title in data["titles"]["items"]) > 100
    assert statements <= 5


async def test_credits_of_episodes_come_by_the_batch(counted):
    """As many statements for a batch of episodes as for one: a part of the credits, and their number."""
    query = """query ($n: Int!) { titles(type: show, perPage: $n) { items { show { seasons { episodes {
        credits(perPage: 2) { total items { category person { name } title { displayName } } } } } } } } }"""
    for shows in (1, 1, 20):
        data, statements = await counted(query, n=shows)
    episodes = sum(len(season["episodes"]) for title in data["titles"]["items"] for season in title["show"]["seasons"])
    assert episodes > 500
    # The episodes of shows with one season are ahead by a turn.
    assert statements <= 4 + 2 * (1 - -episodes // MAX_OWN_BATCH)


@pytest.mark.parametrize(
    "field", ["titles", 'titles(query: "the")', "discover", 'discover(filter: {genresIn: ["Drama"]}, sort: POPULAR)']
)
async def test_a_page_past_the_end_is_not_searched_for(run_document, field: str):
    """For page 2,000,000,000 only the total is loaded; the last page is loaded as usual."""
    name, _, arguments = field.rstrip(")").partition("(")
    query = f"query ($page: Int!) {{ {name}({arguments} page: $page, perPage: 1) {{ total items {{ displayName }} }} }}"
    first, statements = await run_document(query, page=1)
    assert any("OFFSET" in text for text in statements)
    total = first[name]["total"]
    beyond, statements = await run_document(query, page=2_000_000_000)
    assert beyond == {name: {"total": total, "items": []}}
    assert not any("OFFSET" in text for text in statements)
    assert len((await run_document(query, page=total))[0][name]["items"]) == 1
    assert (await run_document(query, page=total + 1))[0] == beyond

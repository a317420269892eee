"""Collections and carousels in GraphQL."""

from functools import partial

import pytest

from mediacanon.cache.carousels import CarouselCache
from mediacanon.database.changes import ChangeListener
from mediacanon.errors import BadArgument
from mediacanon.loaders import Loaders
from mediacanon.loaders.carousel import load_carousels, renew_carousels
from mediacanon.schema.context import Context
from mediacanon.schema.root import build_schema
from mediacanon.writes import Writes
from tests.serving import certain

SCHEMA = build_schema()
COLLECTION = """
id name slug description strategy pinned active engagementCount languages regions
titles(page: 1, perPage: 5) { items { titleId displayName genres ids { imdb } } total page perPage totalPages }
"""
CAROUSELS = """query ($page: Int! = 1, $perPage: Int! = 10) { carousels(page: $page, perPage: $perPage) {
  items { name slug description collectionId engagementCount totalCount titles { titleId imageUrl averageRating } }
  total page perPage totalPages } }"""


@pytest.fixture
def run(demo_pool):
    """Give a function that runs a document as one request."""

    async def execute(document, *, carousels=None, **variables):
        context = Context(Loaders(demo_pool), Writes(demo_pool), carousels=carousels)
        return await SCHEMA.execute(document, variables, context_value=context)

    return execute


@pytest.fixture
def ask(run):
    """Give a function that runs a document which must succeed and returns its data."""

    async def answer(document, **variables):
        result = await run(document, **variables)
        assert result.errors is None, result.errors
        return result.data

    return answer


async def test_all_collections_are_listed(ask):
    """Each has all its facts."""
    found = (await ask(f"{{ collections {{ {COLLECTION} }} }}"))["collections"]
    assert len(found) == 47
    drama = next(one for one in found if one["slug"] == "top-drama-movies")
    assert (drama["name"], drama["strategy"], drama["active"]) == ("Top Drama Movies", "filter", True)
    assert (drama["languages"], drama["regions"]) == (["en"], ["global"])
    assert drama["titles"]["perPage"] == len(drama["titles"]["items"]) == 5
    assert drama["titles"]["totalPages"] == -(-drama["titles"]["total"] // 5)


async def test_a_collection_is_found_by_slug_or_id(ask):
    """A list is in its order; an unknown collection is null and no error."""
    document = f"query ($slug: String, $id: Int) {{ collection(slug: $slug, id: $id) {{ {COLLECTION} }} }}"
    hand = (await ask(document, slug="hand"))["collection"]
    assert hand == (await ask(document, id=901))["collection"]
    assert hand == (await ask(document, slug="nope", id=901))["collection"]
    assert [title["titleId"] for title in hand["titles"]["items"]] == [1, 2, 3, 4, 5]
    assert (hand["titles"]["total"], hand["titles"]["totalPages"]) == (7, 2)
    assert (await ask(document, slug="nope"))["collection"] is None
    assert (await ask(document, slug="a\x00b"))["collection"] is None


async def test_pages_of_a_collection_end(ask):
    """The default is 100 titles; a page past the end is empty."""
    document = "query ($page: Int!) { collection(id: 901) { titles(page: $page) { items { titleId } perPage } } }"
    assert len((await ask(document, page=1))["collection"]["titles"]["items"]) == 7
    assert (await ask(document, page=2))["collection"]["titles"] == {"items": [], "perPage": 100}


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("{ collection { id } }", "Give slug or id"),
        ("{ collections { titles(page: 0) { page } } }", "page must be 1 or more"),
        ("{ collections { titles(perPage: 101) { page } } }", "perPage must be from 1 to 100"),
        ("{ carousels(page: 0) { page } }", "page must be 1 or more"),
        ("{ carousels(perPage: 0) { page } }", "perPage must be from 1 to 50"),
        ("{ carousels(perPage: 51) { page } }", "perPage must be from 1 to 50"),
    ],
)
async def test_arguments_out_of_bounds_are_refused(run, document, words):
    """The message gives the bounds."""
    error = (await run(document)).errors[0].original_error
    assert isinstance(error, BadArgument)
    assert words in error.message


async def test_pages_of_carousels_are_all_carousels(ask, demo_pool):
    """All pages together are all carousels in order; the last page is shorter, and pages past the end are empty."""
    rows = await load_carousels(demo_pool)
    pages = [(await ask(CAROUSELS, page=page, perPage=7))["carousels"] for page in range(1, 10)]
    assert [one["slug"] for page in pages for one in page["items"]] == [row.slug for row in rows]
    assert {(page["total"], page["perPage"], page["totalPages"]) for page in pages} == {
        (len(rows), 7, -(-len(rows) // 7))
    }
    first = pages[0]["items"][0]
    assert [title["titleId"] for title in first["titles"]] == [title.title_id for title in rows[0].titles]
    assert pages[-1]["items"] == []


async def test_cached_carousels_are_served(ask, demo_pool):
    """The response shows the snapshot of the cache, which agrees with the loaders."""
    built = await ask(CAROUSELS)
    async with CarouselCache(
        partial(load_carousels, demo_pool), ChangeListener(certain), renew=partial(renew_carousels, demo_pool)
    ) as cache:
        rows = await cache.current()
        assert await ask(CAROUSELS, carousels=cache) == built
        assert await cache.current() is rows

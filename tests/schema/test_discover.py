"""`discover` as clients ask it."""

from collections.abc import Callable
from typing import Any

import pytest

from mediacanon.execution import Execution
from mediacanon.schema.context import Context
from mediacanon.schema.root import build_schema

EXECUTION = Execution(build_schema())
Ask = Callable[..., Any]

PAGE = """
query ($filter: TitleFilter, $sort: DiscoverSort, $page: Int, $perPage: Int) {
  discover(filter: $filter, sort: $sort, page: $page, perPage: $perPage) {
    items { titleId type displayName originalTitle startYear endYear releaseDate imageUrl movieId showId averageRating
            numVotes tmdbPopularity originalLanguage genres engagementCount ids { imdb tmdb } imdbId tmdbId }
    page perPage total totalPages
  }
}
"""


@pytest.fixture
def ask(make_context: Callable[[], Context]) -> Ask:
    """Give what runs a document and returns its data and the messages of its errors."""

    async def run(text: str = PAGE, **variables: object) -> tuple[Any, list[str]]:
        answer = await EXECUTION.execute(EXECUTION.prepare(text), context=make_context(), variables=variables)
        return answer.data and answer.data["discover"], [error.message for error in answer.errors or ()]

    return run


async def test_default_is_the_most_voted_twenty(ask: Ask) -> None:
    """Without arguments the first page of twenty comes, most votes first, and its total counts all pages."""
    page, errors = await ask()
    assert not errors
    votes = [title["numVotes"] for title in page["items"]]
    assert len(votes) == page["perPage"] == 20
    assert votes == sorted(votes, reverse=True)
    assert page["total"] > 20
    assert page["totalPages"] == -(-page["total"] // 20)

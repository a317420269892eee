"""Search: titles ranked for a text that a person typed."""

import enum
from typing import Annotated, cast

import strawberry

from mediacanon.schema.context import Info
from mediacanon.schema.enrichment import queue_enrichment
from mediacanon.schema.pagination import check_page
from mediacanon.schema.title import Title

MOST_HITS = 50


@strawberry.enum(description="Why a search found a title.")
class MatchedOn(enum.Enum):
    """The tiers of search, best first."""

    NAME = strawberry.enum_value("NAME", description="The name is what was asked for.")
    ORIGINAL_TITLE = strawberry.enum_value("ORIGINAL_TITLE", description="The original title is what was asked for.")
    PREFIX = strawberry.enum_value("PREFIX", description="A name begins with what was asked for.")
    WORDS = strawberry.enum_value("WORDS", description="A name has all the words, or words that begin so.")
    SIMILAR = strawberry.enum_value("SIMILAR", description="A name is like it, but for a typo or two.")


@strawberry.type(description="A title that a search found.")
class SearchHit:
    """A title and the tier it was found in."""

    title: Title = strawberry.field(description="The title.")
    matched_on: MatchedOn = strawberry.field(description="Why it was found.")


@strawberry.type
class SearchQueries:
    """The root field of search."""

    @strawberry.field(
        description="What a person typed, best match first: exact names, beginnings, words, then typos; "
        "popular titles first among equals. A year among the words is understood."
    )
    @staticmethod
    async def search(
        info: Info,
        query: Annotated[str, strawberry.argument(description="What was typed.")],
        limit: Annotated[int, strawberry.argument(description="How many hits, 1 to 50.")] = 20,
    ) -> list[SearchHit]:
        """Load the best titles."""
        check_page(1, limit, most=MOST_HITS, size="limit")
        hits = await info.context.loaders.titles_by_rank(
            query, limit=limit, hides_adult=info.context.loaders.hides_adult
        )
        queue_enrichment(info, [hit.title for hit in hits])
        return cast("list[SearchHit]", hits)

"""Search: titles and people ranked for a text that a person typed."""

import enum
from typing import Annotated, cast

import strawberry

from mediacanon.loaders.search import RankedPerson, RankedTitle
from mediacanon.loaders.search_text import Told
from mediacanon.schema.context import Info
from mediacanon.schema.enrichment import queue_enrichment
from mediacanon.schema.ids import TitleType
from mediacanon.schema.pagination import check_page
from mediacanon.schema.person import Person
from mediacanon.schema.title import Title

MOST_HITS = 50


@strawberry.enum(description="Why a search found a title or a person.")
class MatchedOn(enum.Enum):
    """The reasons of a match, nearest first."""

    ID = strawberry.enum_value("ID", description="Its id, or its address at IMDb or TMDB, is what was asked for.")
    NAME = strawberry.enum_value("NAME", description="The name is what was asked for.")
    ORIGINAL_TITLE = strawberry.enum_value("ORIGINAL_TITLE", description="The original title is what was asked for.")
    SPELLING = strawberry.enum_value(
        "SPELLING",
        description="The name is what was asked for, in another spelling: numerals, words run together, `and` or `&`.",
    )
    ALTERNATIVE_TITLE = strawberry.enum_value(
        "ALTERNATIVE_TITLE", description="A title in another country or language is what was asked for."
    )
    PERSON = strawberry.enum_value("PERSON", description="It is a title of the person who was asked for.")
    PREFIX = strawberry.enum_value("PREFIX", description="A name begins with what was asked for.")
    WORDS = strawberry.enum_value("WORDS", description="A name has all the words, or words that begin so.")
    SIMILAR = strawberry.enum_value("SIMILAR", description="A name is like it, but for a typo or two.")


@strawberry.enum(description="What a search looks for.")
class SearchKind(enum.Enum):
    """Kinds of hits."""

    TITLE = strawberry.enum_value("title", description="Movies and shows.")
    PERSON = strawberry.enum_value("person", description="People.")


@strawberry.type(description="A title or a person that a search found.")
class SearchHit:
    """A title or a person, and the reason of the match."""

    title: Title | None = strawberry.field(description="The title; null for a person.")
    person_id: strawberry.Private[int | None]
    matched_on: MatchedOn = strawberry.field(description="Why it was found.")
    matched_name: str | None = strawberry.field(
        description="The alternative title that matched, or the person; null for the title's own names."
    )

    @strawberry.field(description="The person; null for a title.")
    @staticmethod
    async def person(root: strawberry.Parent[RankedTitle | RankedPerson], info: Info) -> Person | None:
        """Load the person."""
        if root.person_id is None:
            return None
        return cast("Person | None", await info.context.loaders.person_by_id.load(root.person_id))


@strawberry.type
class SearchQueries:
    """The root field of search."""

    @strawberry.field(
        description="What a person typed, best match first: a name, an alternative title, a part of one, with typos "
        "or in another spelling; a person, and their titles; a pasted id or address. Famous ones come first among "
        "equals. A year, a country, `movie`, `series` or `season 2` among the words are understood."
    )
    @staticmethod
    async def search(
        info: Info,
        query: Annotated[str, strawberry.argument(description="What was typed.")],
        limit: Annotated[int, strawberry.argument(description="How many hits, 1 to 50.")] = 20,
        kinds: Annotated[
            list[SearchKind] | None, strawberry.argument(description="What to look for; null: titles.")
        ] = None,
        type: Annotated[TitleType | None, strawberry.argument(description="Only titles of this type.")] = None,
        year: Annotated[
            int | None,
            strawberry.argument(description="Titles of this year come first, as if the text told it; others stay."),
        ] = None,
    ) -> list[SearchHit]:
        """Load the best titles and people."""
        check_page(1, limit, most=MOST_HITS, size="limit")
        wanted = tuple(cast("str", kind.value) for kind in kinds or [SearchKind.TITLE])
        hits = await info.context.loaders.ranked(
            query,
            limit=limit,
            hides_adult=info.context.loaders.hides_adult,
            kinds=wanted,
            told=Told(cast("str | None", type and type.value), year),
        )
        queue_enrichment(info, [hit.title for hit in hits if isinstance(hit, RankedTitle)])
        return cast("list[SearchHit]", hits)

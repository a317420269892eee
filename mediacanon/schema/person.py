"""People, and root fields about them."""

import datetime as dt
from typing import TYPE_CHECKING, Annotated, cast

import strawberry

from mediacanon.errors import BadArgument
from mediacanon.loaders.person import PersonRow, imdb_number
from mediacanon.schema.context import Info
from mediacanon.schema.credit import CreditPage, Departments, PersonSide, load_credits
from mediacanon.schema.enrichment import enriched_person
from mediacanon.schema.ids import one_of
from mediacanon.schema.images import ProfileSize, in_size
from mediacanon.schema.pagination import Page, PerPage, check_page
from mediacanon.schema.scalars import ImdbPersonId

if TYPE_CHECKING:
    from mediacanon.schema.title import Title

MOST_PEOPLE = 50
LONGEST_NAME = 200


@strawberry.type(description="A person who worked on a title.")
class Person:
    """A person's facts."""

    person_id: int = strawberry.field(description="Our id, the same for ever.")
    name: str = strawberry.field(description="The name, in Latin letters.")
    imdb_id: ImdbPersonId | None = strawberry.field(description="IMDb's id.")
    tmdb_id: int | None = strawberry.field(description="TMDB's id of the person.")
    birth_year: int | None = strawberry.field(description="Year of birth; IMDb has years before Christ as positive.")
    death_year: int | None = strawberry.field(description="Year of death.")
    professions: list[str] = strawberry.field(description="IMDb's words, up to three: actor, art_department.")
    is_withdrawn: bool = strawberry.field(description="Whether IMDb lists the person no more.")
    image_url: str | None = strawberry.field(description="The picture's address, at TMDB 632 pixels high.")
    locked_fields: list[str] = strawberry.field(description="Facts edited by hand, which no import changes.")

    @strawberry.field(description="The picture's address at TMDB in a size of its; one from elsewhere as it is.")
    @staticmethod
    def picture(
        root: strawberry.Parent[PersonRow],
        size: Annotated[ProfileSize, strawberry.argument(description="The size.")] = ProfileSize.H632,
    ) -> str | None:
        """Return the picture's address in a size."""
        return in_size(root.image_url, size)

    @strawberry.field(
        description="The life of the person, from TMDB in English; null until somebody has looked at the person by id."
    )
    @staticmethod
    async def biography(root: strawberry.Parent[PersonRow], info: Info) -> str | None:
        """Load the biography."""
        facts = await info.context.loaders.facts_by_person_id.load(root.person_id)
        return facts.biography if facts else None

    @strawberry.field(description="When TMDB last told about the person.")
    @staticmethod
    async def enriched_at(root: strawberry.Parent[PersonRow], info: Info) -> dt.datetime | None:
        """Load the time."""
        facts = await info.context.loaders.facts_by_person_id.load(root.person_id)
        return cast("dt.datetime | None", facts.fetched_at) if facts else None

    @strawberry.field(description="The titles of this catalogue that IMDb knows the person for, at most 4.")
    @staticmethod
    async def known_for(
        root: strawberry.Parent[PersonRow], info: Info
    ) -> list[Annotated["Title", strawberry.lazy("mediacanon.schema.title")]]:
        """Load the titles."""
        loaders = info.context.loaders
        rows = await loaders.title_by_imdb_id.load_many(root.known_for_ids)
        shown = [row for row in rows if row and not (loaders.hides_adult and row.is_adult)]
        return cast("list[Title]", shown)

    @strawberry.field(description="The person's work, one entry for each kind of work on a title, the latest first.")
    @staticmethod
    async def credits(
        root: strawberry.Parent[PersonRow],
        info: Info,
        departments: Departments = None,
        page: Page = 1,
        per_page: PerPage = 20,
    ) -> CreditPage | None:
        """Load a page of credits."""
        return await load_credits(info, PersonSide, root.person_id, departments, page=page, per_page=per_page)


@strawberry.input(one_of=True, description="Names a person by exactly one id.")
class PersonBy:
    """A person's ids."""

    id: strawberry.Maybe[int] = strawberry.field(description="Our id.")
    imdb_id: strawberry.Maybe[ImdbPersonId] = strawberry.field(description="IMDb's id.")
    tmdb_id: strawberry.Maybe[int] = strawberry.field(description="TMDB's id.")


@strawberry.type
class PersonQueries:
    """Root fields about people."""

    @strawberry.field(description="A person, by our id or by any other id; null where there is none.")
    @staticmethod
    async def person(
        info: Info,
        id: Annotated[int | None, strawberry.argument(description="Our id of the person.")] = None,
        by: Annotated[PersonBy | None, strawberry.argument(description="Or another id.")] = None,
    ) -> Person | None:
        """Load a person by one id."""
        loaders, named = info.context.loaders, one_of(id, by, PersonBy)
        if named.tmdb_id:
            row = await loaders.person_by_tmdb_id.load(named.tmdb_id.value)
        else:
            number = named.id.value if named.id else imdb_number(cast("strawberry.Some[str]", named.imdb_id).value)
            row = await loaders.person_by_id.load(number)
        row = await enriched_person(info, row)
        loaders.depend_on_people([row.person_id] if row else [])
        return cast("Person | None", row)

    @strawberry.field(
        description="People by name, as a person types it, best match first: a whole name, its beginning, its words in "
        "any order, with typos; famous people first among equals."
    )
    @staticmethod
    async def people(
        info: Info,
        query: Annotated[str, strawberry.argument(description="What was typed.")],
        limit: Annotated[int, strawberry.argument(description="How many people, 1 to 50.")] = 20,
    ) -> list[Person]:
        """Load people by name."""
        check_page(1, limit, most=MOST_PEOPLE, size="limit")
        if len(query) > LONGEST_NAME:
            raise BadArgument(f"query may have at most {LONGEST_NAME} characters")
        return cast("list[Person]", await info.context.loaders.people_by_rank(query, limit=limit))

"""Mutations of people."""

from typing import Annotated, cast

import strawberry

from mediacanon.schema.context import Info
from mediacanon.schema.mutation_results import changes_of, fresh_loaders, present
from mediacanon.schema.person import Person
from mediacanon.vocabulary import LAST_YEAR


@strawberry.input(
    description="What to change of a person. A field that is absent stays, null clears it; what changes is locked: "
    "neither an import nor TMDB writes it again."
)
class PersonChanges:
    """A person to change."""

    name: strawberry.Maybe[str] = strawberry.field(
        description="The name, 1 to 200 characters; it cannot be cleared. Searches find it at once."
    )
    birth_year: strawberry.Maybe[int | None] = strawberry.field(description=f"Year of birth, 1 to {LAST_YEAR}.")
    death_year: strawberry.Maybe[int | None] = strawberry.field(description=f"Year of death, 1 to {LAST_YEAR}.")
    image_url: strawberry.Maybe[str | None] = strawberry.field(description="The http or https address of a picture.")
    professions: strawberry.Maybe[list[str] | None] = strawberry.field(
        description="Up to ten of IMDb's words: actor, art_department."
    )
    biography: strawberry.Maybe[str | None] = strawberry.field(
        description="The life of the person, at most 10,000 characters."
    )
    unlock: strawberry.Maybe[list[str]] = strawberry.field(
        description="Names out of lockedFields which imports and TMDB may write again."
    )


@strawberry.type
class PersonMutations:
    """Root fields that change people."""

    @strawberry.mutation(description="Change a person.")
    @staticmethod
    async def update_person(
        info: Info,
        id: Annotated[int, strawberry.argument(description="Our id of the person.")],
        input: Annotated[PersonChanges, strawberry.argument(description="What to change.")],
    ) -> Person:
        """Change a person and load it."""
        await info.context.writes.update_person(id, *changes_of(input))
        return cast("Person", present(await fresh_loaders(info).person_by_id.load(id)))

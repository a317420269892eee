"""Choices: the genres and countries that discover's filter offers."""

from typing import cast

import strawberry

from mediacanon.schema.context import Info


@strawberry.type(description="What discover can be narrowed by, without counts: it costs little.")
class Choices:
    """Names and codes with at least one title."""

    genres: list[str] = strawberry.field(description="Names of the genres, by name.")
    countries: list[str] = strawberry.field(description="ISO 3166-1 codes of the countries of origin, by code.")


@strawberry.type
class ChoiceQueries:
    """The root field of choices."""

    @strawberry.field(description="What discover can be narrowed by.")
    @staticmethod
    async def choices(info: Info) -> Choices:
        """Load the choices."""
        loaders = info.context.loaders
        has_poster = await loaders.poster_filter()
        return cast("Choices", await loaders.choices(hides_adult=loaders.hides_adult, has_poster=has_poster))

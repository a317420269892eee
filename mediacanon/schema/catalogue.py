"""The catalogue as a whole: its counts, genres, languages and countries."""

import datetime as dt
from typing import cast

import strawberry

from mediacanon.schema.context import Info
from mediacanon.schema.title import CodeCount


@strawberry.type(description="What the catalogue holds.")
class Stats:
    """Counts of the catalogue."""

    movies: int = strawberry.field(description="How many movies.")
    shows: int = strawberry.field(description="How many shows.")
    seasons: int = strawberry.field(description="How many seasons.")
    episodes: int = strawberry.field(description="How many episodes.")
    last_import_at: dt.datetime | None = strawberry.field(description="When IMDb's dump was last imported.")


@strawberry.type(description="A genre.")
class Genre:
    """A genre and the number of its titles."""

    name: str = strawberry.field(description="Its name.")
    is_custom: bool = strawberry.field(description="Whether people assign it, not IMDb.")
    count: int = strawberry.field(description="How many titles have it.")


@strawberry.type
class CatalogueQueries:
    """Root fields about the whole catalogue."""

    @strawberry.field(description="What the catalogue holds.")
    @staticmethod
    async def stats(info: Info) -> Stats:
        """Count the catalogue."""
        return cast("Stats", await info.context.loaders.stats())

    @strawberry.field(description="All genres by name.")
    @staticmethod
    async def genres(info: Info) -> list[Genre]:
        """Load the genres."""
        return cast("list[Genre]", await info.context.loaders.genres())

    @strawberry.field(description="The original languages, most titles first.")
    @staticmethod
    async def languages(info: Info) -> list[CodeCount]:
        """Load the languages."""
        return cast("list[CodeCount]", await info.context.loaders.languages())

    @strawberry.field(description="The countries of origin, most titles first.")
    @staticmethod
    async def countries(info: Info) -> list[CodeCount]:
        """Load the countries."""
        return cast("list[CodeCount]", await info.context.loaders.countries())

"""Movie."""

from typing import Annotated, cast

import strawberry

from mediacanon.schema.context import Info
from mediacanon.schema.title import Ids, Title


@strawberry.type(description="A movie.")
class Movie:
    """A movie and its title."""

    movie_id: int = strawberry.field(description="Our id of the movie, the same for ever.")
    title_id: int = strawberry.field(description="Our id of its title.")
    ids: Ids = strawberry.field(description="The movie's ids in other catalogues.")
    title: Title = strawberry.field(description="Its title, with all facts.")


@strawberry.type
class MovieQueries:
    """Root fields about movies."""

    @strawberry.field(description="The movie with our id; null where there is none.")
    @staticmethod
    async def movie(
        info: Info, id: Annotated[int, strawberry.argument(description="Our id of the movie.")]
    ) -> Movie | None:
        """Load a movie."""
        return cast("Movie | None", await info.context.loaders.movie_by_id.load(id))

"""Movie: the type and its root field."""

from typing import Annotated, cast

import strawberry

from mediacanon.loaders.movie import MovieRow
from mediacanon.schema.context import Info
from mediacanon.schema.enrichment import enriched
from mediacanon.schema.ids import Ids, WorkBy, one_of, work_title_by
from mediacanon.schema.title import Title


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

    @strawberry.field(description="A movie, by our id or by any of its ids; null where there is none.")
    @staticmethod
    async def movie(
        info: Info,
        id: Annotated[int | None, strawberry.argument(description="Our id of the movie.")] = None,
        by: Annotated[WorkBy | None, strawberry.argument(description="Or one of its other ids.")] = None,
    ) -> Movie | None:
        """Load a movie by one of its ids."""
        loaders, named = info.context.loaders, one_of(id, by, WorkBy)
        if named.id:
            row = await loaders.movie_by_id.load(named.id.value)
        else:
            title = await work_title_by(info, named, "movie")
            row = MovieRow(title.movie_id, title.title_id, title) if title and title.movie_id else None
        return cast("Movie | None", await enriched(info, row, lambda row: loaders.movie_by_id.load(row.movie_id)))

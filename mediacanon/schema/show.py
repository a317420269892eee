"""Show: the type and its root field."""

from typing import Annotated, cast

import strawberry

from mediacanon.schema.context import Info
from mediacanon.schema.enrichment import enriched
from mediacanon.schema.ids import Ids, WorkBy, one_of, work_id_by
from mediacanon.schema.season import Season, load_seasons
from mediacanon.schema.title import Title


@strawberry.type(description="A show.")
class Show:
    """A show, its title and its seasons."""

    show_id: int = strawberry.field(description="Our id of the show, the same for ever.")
    title_id: int = strawberry.field(description="Our id of its title.")
    ids: Ids = strawberry.field(description="The show's ids in other catalogues.")
    title: Title = strawberry.field(description="Its title, with all facts.")
    is_series_finished: bool = strawberry.field(description="Whether the series has ended.")

    @strawberry.field(description="Its seasons by number.")
    @staticmethod
    async def seasons(root: strawberry.Parent["Show"], info: Info) -> list[Season]:
        """Load the seasons of all requested shows, with all their episodes if selected: two statements."""
        return cast("list[Season]", await load_seasons(info, root.show_id))

    @strawberry.field(description="How many episodes it has in all seasons.")
    @staticmethod
    async def episode_count(root: strawberry.Parent["Show"], info: Info) -> int:
        """Count the episodes."""
        return await info.context.loaders.episode_count_by_show_id.load(root.show_id)


@strawberry.type
class ShowQueries:
    """Root fields about shows."""

    @strawberry.field(description="A show, by our id or by any of its ids; null where there is none.")
    @staticmethod
    async def show(
        info: Info,
        id: Annotated[int | None, strawberry.argument(description="Our id of the show.")] = None,
        by: Annotated[WorkBy | None, strawberry.argument(description="Or one of its other ids.")] = None,
    ) -> Show | None:
        """Load a show by one of its ids."""
        found = await work_id_by(info, one_of(id, by, WorkBy), "show")
        loaders = info.context.loaders
        row = await loaders.show_by_id.load(found) if found is not None else None
        return cast("Show | None", await enriched(info, row, lambda row: loaders.show_by_id.load(row.show_id)))

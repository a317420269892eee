"""Show: the type and its root field."""

from typing import Annotated, cast

import strawberry

from mediacanon.loaders.show import ShowRow
from mediacanon.schema.context import Info
from mediacanon.schema.enrichment import enriched
from mediacanon.schema.ids import Ids, WorkBy, one_of, work_title_by
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

    @strawberry.field(description="Its season of a number; null where there is none.")
    @staticmethod
    async def season(
        root: strawberry.Parent["Show"],
        info: Info,
        number: Annotated[int, strawberry.argument(description="The number; 0 holds specials.")],
    ) -> Season | None:
        """Find it among the seasons, which are loaded together."""
        seasons = await load_seasons(info, root.show_id)
        return cast("Season | None", next((each for each in seasons if each.season_number == number), None))

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
        loaders, named = info.context.loaders, one_of(id, by, WorkBy)
        if named.id:
            row = await loaders.show_by_id.load(named.id.value)
        else:
            title = await work_title_by(info, named, "show")
            row = ShowRow(title.show_id, title.title_id, title) if title and title.show_id else None
        return cast("Show | None", await enriched(info, row, lambda row: loaders.show_by_id.load(row.show_id)))

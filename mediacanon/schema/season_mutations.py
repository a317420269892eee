"""Mutations of seasons and episodes."""

import datetime as dt
from typing import Annotated, cast

import strawberry

from mediacanon.schema.context import Info
from mediacanon.schema.mutation_results import changes_of, facts_of, fresh_loaders, present
from mediacanon.schema.season import Episode, Season, load_season


@strawberry.input
class EpisodeFacts:
    """The facts that a client may give to a new or a changed episode: absent leaves a fact, null clears it."""

    display_name: strawberry.Maybe[str | None] = strawberry.field(description="Its name, at most 500 characters.")
    synopsis: strawberry.Maybe[str | None] = strawberry.field(
        description="What happens in it, at most 10,000 characters."
    )
    image_url: strawberry.Maybe[str | None] = strawberry.field(description="The http or https address of a still.")
    air_date: strawberry.Maybe[dt.date | None] = strawberry.field(description="When it was first shown.")
    runtime_minutes: strawberry.Maybe[int | None] = strawberry.field(description="Running time in minutes, 0 or more.")


@strawberry.input(description="The facts of an episode to create; those left out it does not have.")
class NewEpisode(EpisodeFacts):
    """An episode to create."""

    episode_number: int = strawberry.field(description="Its number in the season, 0 or more.")


@strawberry.input(
    description="What to change of an episode. A field that is absent stays, null clears it; what changes is locked: "
    "no import or refresh writes it again."
)
class EpisodeChanges(EpisodeFacts):
    """An episode to change."""

    episode_number: strawberry.Maybe[int] = strawberry.field(
        description="Its number in the season, 0 or more; it cannot be cleared."
    )
    unlock: strawberry.Maybe[list[str]] = strawberry.field(
        description="Facts, such as display_name, which imports and refreshes may write again; season_number is "
        "locked where its season was given another number."
    )


SeasonId = Annotated[int, strawberry.argument(description="Our id of the season.")]
SeasonNumber = Annotated[int, strawberry.argument(description="Its number, 0 or more; 0 holds specials.")]
EpisodeId = Annotated[int, strawberry.argument(description="Our id of the episode.")]


async def _load_season(info: Info, season_id: int) -> Season:
    fresh_loaders(info)
    return cast("Season", present(await load_season(info, season_id)))


async def _load_episode(info: Info, episode_id: int) -> Episode:
    return cast("Episode", present(await fresh_loaders(info).episode_by_id.load(episode_id)))


@strawberry.type
class SeasonMutations:
    """Root fields that change seasons and episodes."""

    @strawberry.mutation(description="Create a season, still without episodes.")
    @staticmethod
    async def create_season(
        info: Info,
        show_id: Annotated[int, strawberry.argument(description="Our id of its show.")],
        season_number: SeasonNumber,
    ) -> Season:
        """Create a season and load it."""
        return await _load_season(info, await info.context.writes.create_season(show_id, season_number))

    @strawberry.mutation(description="Give a season another number, which its episodes keep through imports.")
    @staticmethod
    async def update_season(info: Info, id: SeasonId, season_number: SeasonNumber) -> Season:
        """Change a season and load it."""
        await info.context.writes.update_season(id, season_number)
        return await _load_season(info, id)

    @strawberry.mutation(description="Delete a season and its episodes. Answers its id, null: there was none.")
    @staticmethod
    async def delete_season(info: Info, id: SeasonId) -> int | None:
        """Delete a season."""
        return id if await info.context.writes.delete_season(id) else None

    @strawberry.mutation(description="Create an episode.")
    @staticmethod
    async def create_episode(
        info: Info,
        season_id: Annotated[int, strawberry.argument(description="Our id of its season.")],
        input: Annotated[NewEpisode, strawberry.argument(description="Its facts.")],
    ) -> Episode:
        """Create an episode and load it."""
        return await _load_episode(info, await info.context.writes.create_episode(season_id, facts_of(input)))

    @strawberry.mutation(description="Change an episode.")
    @staticmethod
    async def update_episode(
        info: Info,
        id: EpisodeId,
        input: Annotated[EpisodeChanges, strawberry.argument(description="What to change.")],
    ) -> Episode:
        """Change an episode and load it."""
        await info.context.writes.update_episode(id, *changes_of(input))
        return await _load_episode(info, id)

    @strawberry.mutation(description="Delete an episode. Answers its id, null: there was none.")
    @staticmethod
    async def delete_episode(info: Info, id: EpisodeId) -> int | None:
        """Delete an episode."""
        return id if await info.context.writes.delete_episode(id) else None

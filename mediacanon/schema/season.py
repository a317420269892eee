"""Season and Episode: types, and root fields by id."""

import datetime as dt
import enum
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, cast

import strawberry

from mediacanon.loaders.season import SeasonRow, SeasonWithEpisodesRow
from mediacanon.schema.context import Info
from mediacanon.schema.costs import EPISODES, OF_ROW, TOO_MANY_EPISODES
from mediacanon.schema.credit import EpisodeCredits
from mediacanon.schema.enrichment import enriched, enriched_through
from mediacanon.schema.ids import EpisodeBy, Ids, one_of
from mediacanon.schema.images import PosterSize, StillSize, in_size
from mediacanon.schema.scalars import ImdbId
from mediacanon.schema.selection import is_selected

if TYPE_CHECKING:
    from mediacanon.schema.show import Show


AnySeason = SeasonRow | SeasonWithEpisodesRow


async def load_season(info: Info, season_id: int) -> AnySeason | None:
    """Return a season, with its episodes if the query selects them. Raises as `charge_seasons` does."""
    loaders = info.context.loaders
    season: AnySeason | None
    if is_selected(info, "episodes"):
        season = await loaders.season_with_episodes_by_id.load(season_id)
    else:
        season = await loaders.season_by_id.load(season_id)
    charge_seasons(info, [season] if season else [])
    return season


async def load_seasons(info: Info, show_id: int) -> Sequence[AnySeason]:
    """Return the seasons of a show, with their episodes if the query selects them. Raises as `charge_seasons` does."""
    loaders = info.context.loaders
    seasons: Sequence[AnySeason]
    if is_selected(info, "episodes"):
        seasons = await loaders.seasons_with_episodes_by_show_id.load(show_id)
    else:
        seasons = await loaders.seasons_by_show_id.load(show_id)
    charge_seasons(info, seasons)
    return seasons


def charge_seasons(info: Info, seasons: Sequence[AnySeason]) -> None:
    """Charge seasons to the budget of a client document. Raises BadArgument if they have too many episodes."""
    if budget := info.context.budget:
        raw: Any = info._raw_info  # noqa: SLF001 - Strawberry's own view of the selection costs a conversion of it all
        episodes = sum(len(season.episodes) for season in seasons)
        budget.charge(raw, items=len(seasons), lists={EPISODES: episodes}, advice=TOO_MANY_EPISODES)


@strawberry.enum(description="What an episode is in its season; TMDB's words.")
class EpisodeKind(enum.Enum):
    """The kinds of episodes that are not ordinary."""

    FINALE = strawberry.enum_value("finale", description="The last episode of a season.")
    MID_SEASON = strawberry.enum_value("mid_season", description="The last episode before a break.")


@strawberry.type(description="An episode of a season.")
class Episode:
    """An episode's facts."""

    episode_id: int = strawberry.field(description="Our id of the episode; it stays when the episode is renumbered.")
    season_id: int = strawberry.field(description="Our id of its season.")
    episode_number: int = strawberry.field(description="Its number in the season.")
    display_name: str | None = strawberry.field(description="Its name.")
    synopsis: str | None = strawberry.field(description="What happens in it, from TMDB.")
    image_url: str | None = strawberry.field(description="The address of a still at TMDB, 400 pixels wide.")
    air_date: dt.date | None = strawberry.field(description="When it was first shown.")
    runtime_minutes: int | None = strawberry.field(description="Running time in minutes.")
    ids: Ids = strawberry.field(description="The episode's ids in other catalogues.")
    imdb_id: ImdbId | None = strawberry.field(description="IMDb's id of the episode.")
    average_rating: float | None = strawberry.field(description="IMDb's rating, 1 to 10 with one decimal.")
    num_votes: int | None = strawberry.field(description="How many people rated it at IMDb.")
    credits: EpisodeCredits

    @strawberry.field(
        description="The still's address at TMDB in a size of its; one from elsewhere as it is.", metadata=OF_ROW
    )
    @staticmethod
    def still(
        root: strawberry.Parent["Episode"],
        size: Annotated[StillSize, strawberry.argument(description="The size.")] = StillSize.W400,
    ) -> str | None:
        """Return the still's address in a size."""
        return in_size(root.image_url, size)

    @strawberry.field(description="Its kind; null for an ordinary episode.", metadata=OF_ROW)
    @staticmethod
    def kind(root: strawberry.Parent[Any]) -> EpisodeKind | None:
        """Return the kind."""
        return EpisodeKind(root.kind) if root.kind else None

    @strawberry.field(description="The season it belongs to.")
    @staticmethod
    async def season(root: strawberry.Parent["Episode"], info: Info) -> "Season":
        """Load the season, with its episodes if they are selected."""
        return cast("Season", await load_season(info, root.season_id))


@strawberry.type(description="A season of a show.")
class Season:
    """A season and its episodes."""

    season_id: int = strawberry.field(description="Our id of the season.")
    show_id: int = strawberry.field(description="Our id of its show.")
    season_number: int = strawberry.field(description="Its number; 0 holds specials.")
    is_season_finished: bool = strawberry.field(description="Whether the series is finished or a later season exists.")
    average_rating: float | None = strawberry.field(
        description="The mean rating of its rated episodes, to one decimal."
    )
    episode_count: int = strawberry.field(description="How many episodes it has.")
    episodes: list[Episode] = strawberry.field(description="Its episodes by number.")

    ids: Ids = strawberry.field(description="The season's ids in other catalogues.")
    name: str | None = strawberry.field(description="Its name at TMDB.")
    overview: str | None = strawberry.field(description="What it is about, from TMDB.")
    air_date: dt.date | None = strawberry.field(description="When it was first shown.")

    @strawberry.field(description="The poster's address at TMDB in a size of its.")
    @staticmethod
    def poster(
        root: strawberry.Parent[Any],
        size: Annotated[PosterSize, strawberry.argument(description="The size.")] = PosterSize.W500,
    ) -> str | None:
        """Return the poster's address in a size."""
        return in_size(root.poster_url, size)

    @strawberry.field(description="The show it belongs to.")
    @staticmethod
    async def show(
        root: strawberry.Parent["Season"], info: Info
    ) -> Annotated["Show", strawberry.lazy("mediacanon.schema.show")]:
        """Load the show."""
        return cast("Show", await info.context.loaders.show_by_id.load(root.show_id))


@strawberry.type
class SeasonQueries:
    """Root fields about seasons and episodes."""

    @strawberry.field(description="The season with our id; null where there is none.")
    @staticmethod
    async def season(
        info: Info, id: Annotated[int, strawberry.argument(description="Our id of the season.")]
    ) -> Season | None:
        """Load a season, with its episodes if they are selected."""
        row = await load_season(info, id)
        return cast("Season | None", await enriched(info, row, lambda row: load_season(info, row.season_id)))

    @strawberry.field(description="An episode, by our id or IMDb's; null where there is none.")
    @staticmethod
    async def episode(
        info: Info,
        id: Annotated[int | None, strawberry.argument(description="Our id of the episode.")] = None,
        by: Annotated[EpisodeBy | None, strawberry.argument(description="Or its id at IMDb.")] = None,
    ) -> Episode | None:
        """Load an episode by one of its ids."""
        loaders, named = info.context.loaders, one_of(id, by, EpisodeBy)
        if named.id:
            row = await loaders.episode_by_id.load(named.id.value)
        else:
            row = await loaders.episode_by_imdb_id.load(cast("strawberry.Some[ImdbId]", named.imdb_id).value)
        found = await enriched_through(
            info,
            row,
            parent=lambda row: loaders.season_by_id.load(row.season_id),
            reload=lambda row: loaders.episode_by_id.load(row.episode_id),
        )
        return cast("Episode | None", found)

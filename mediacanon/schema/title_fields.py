"""Fields that Title and DiscoverTitle share, each with its type and description; the order is that of each type."""

import datetime as dt
from typing import Annotated, Protocol

import strawberry

from mediacanon.schema.costs import OF_ROW
from mediacanon.schema.ids import Ids
from mediacanon.schema.ids import TitleType as Kind
from mediacanon.schema.images import PosterSize, in_size
from mediacanon.schema.scalars import ImdbId

Type = Annotated[Kind, strawberry.field(description="Movie or show.")]
DisplayName = Annotated[str, strawberry.field(description="The name people know it by.")]
OriginalTitle = Annotated[str | None, strawberry.field(description="The name in its own language.")]
StartYear = Annotated[int | None, strawberry.field(description="Year of release, of a show the first.")]
EndYear = Annotated[int | None, strawberry.field(description="The last year of a show that has ended.")]
ReleaseDate = Annotated[dt.date | None, strawberry.field(description="First release, of a show the first episode.")]
TitleIds = Annotated[Ids, strawberry.field(description="The title's ids in other catalogues.")]
TitleImdbId = Annotated[ImdbId | None, strawberry.field(description="IMDb's id.")]
TitleTmdbId = Annotated[int | None, strawberry.field(description="TMDB's id among the titles of this type.")]
MovieId = Annotated[int | None, strawberry.field(description="Our id of the movie, where the title is one.")]
ShowId = Annotated[int | None, strawberry.field(description="Our id of the show, where the title is one.")]
ImageUrl = Annotated[str | None, strawberry.field(description="The poster's address at TMDB, 500 pixels wide.")]
NumVotes = Annotated[int | None, strawberry.field(description="How many people rated it at IMDb.")]
AverageRating = Annotated[float | None, strawberry.field(description="IMDb's rating, 1 to 10 with one decimal.")]
TmdbPopularity = Annotated[
    float | None, strawberry.field(description="TMDB's popularity: the higher the more in demand.")
]
OriginalLanguage = Annotated[str | None, strawberry.field(description="ISO 639-1 code of the original language.")]
IsAdult = Annotated[bool, strawberry.field(description="Whether IMDb or a person has marked it as for adults only.")]
Genres = Annotated[list[str], strawberry.field(description="Names of the genres, by name.")]


class Pictured(Protocol):
    """A row with a poster."""

    image_url: str | None


def poster(
    root: strawberry.Parent[Pictured],
    size: Annotated[PosterSize, strawberry.argument(description="The size.")] = PosterSize.W500,
) -> str | None:
    """Return the poster's address in a size."""
    return in_size(root.image_url, size)


Poster = Annotated[
    str | None,
    strawberry.field(
        resolver=poster,
        description="The poster's address at TMDB in a size of its; one from elsewhere as it is.",
        metadata=OF_ROW,
    ),
]

"""Discover: what there is to watch, filtered and in one of seven orders."""

import datetime as dt
import enum
from functools import partial
from typing import Annotated, cast

import strawberry

from mediacanon import vocabulary
from mediacanon.loaders.discover import DiscoverQuery, with_sort_rules
from mediacanon.schema.context import Info
from mediacanon.schema.filter import TitleFilter, discover_filter
from mediacanon.schema.ids import Ids, TitleType
from mediacanon.schema.images import PosterSize, in_size
from mediacanon.schema.scalars import ImdbId
from mediacanon.schema.title import Page, PerPage, check_page, is_past_the_end


@strawberry.enum(description="The orders of discover; titles that tie come by votes, then by our id.")
class DiscoverSort(enum.Enum):
    """The seven orders."""

    MOST_RATED = strawberry.enum_value(vocabulary.DiscoverSort.MOST_RATED, description="Most votes first.")
    TRENDING = strawberry.enum_value(vocabulary.DiscoverSort.TRENDING, description="Most popular at TMDB first.")
    POPULAR = strawberry.enum_value(
        vocabulary.DiscoverSort.POPULAR, description="Most viewed here in the last 7 days first."
    )
    TOP_RATED = strawberry.enum_value(
        vocabulary.DiscoverSort.TOP_RATED,
        description="Best rated first; only titles with 1,000 votes, unless votesMin or ratingMin is given.",
    )
    NEWEST = strawberry.enum_value(
        vocabulary.DiscoverSort.NEWEST, description="Latest year first, then latest release."
    )
    HIDDEN_GEMS = strawberry.enum_value(
        vocabulary.DiscoverSort.HIDDEN_GEMS,
        description="Best rated first, of those rated 7.5 or better by more than 100 and fewer than 10,000 people.",
    )
    A_TO_Z = strawberry.enum_value(vocabulary.DiscoverSort.A_TO_Z, description="By name, upper and lower case alike.")


@strawberry.type(description="A movie or a show as lists show it.")
class DiscoverTitle:
    """A title's facts for a list."""

    title_id: int = strawberry.field(description="Our id of the title, the same for ever.")
    type: TitleType = strawberry.field(description="Movie or show.")
    display_name: str = strawberry.field(description="The name people know it by.")
    original_title: str | None = strawberry.field(description="The name in its own language.")
    start_year: int | None = strawberry.field(description="Year of release, of a show the first.")
    end_year: int | None = strawberry.field(description="The last year of a show that has ended.")
    release_date: dt.date | None = strawberry.field(description="First release, of a show the first episode.")
    image_url: str | None = strawberry.field(description="The poster's address at TMDB, 500 pixels wide.")
    movie_id: int | None = strawberry.field(description="Our id of the movie, where the title is one.")
    show_id: int | None = strawberry.field(description="Our id of the show, where the title is one.")
    average_rating: float | None = strawberry.field(description="IMDb's rating, 1 to 10 with one decimal.")
    num_votes: int | None = strawberry.field(description="How many people rated it at IMDb.")
    tmdb_popularity: float | None = strawberry.field(description="TMDB's popularity: the higher the more in demand.")
    original_language: str | None = strawberry.field(description="ISO 639-1 code of the original language.")
    genres: list[str] = strawberry.field(description="Names of the genres, by name.")
    engagement_count: int = strawberry.field(description="How often it was viewed here in the last 7 days.")
    ids: Ids = strawberry.field(description="The title's ids in other catalogues.")
    imdb_id: ImdbId | None = strawberry.field(description="IMDb's id.")
    tmdb_id: int | None = strawberry.field(description="TMDB's id among the titles of this type.")

    @strawberry.field(description="The poster's address at TMDB in a size of its; one from elsewhere as it is.")
    @staticmethod
    def poster(
        root: strawberry.Parent["DiscoverTitle"],
        size: Annotated[PosterSize, strawberry.argument(description="The size.")] = PosterSize.W500,
    ) -> str | None:
        """Name the poster in a size."""
        return in_size(root.image_url, size)


async def count_discovered(info: Info, question: DiscoverQuery) -> int:
    """Return how many titles answer a question: one count serves all orders that ask for nothing else."""
    return await info.context.loaders.discover_count_by_filter.load(with_sort_rules(*question))


@strawberry.type(description="A page of titles to discover.")
class DiscoverPage:
    """Titles with their total."""

    items: list[DiscoverTitle] = strawberry.field(description="The titles of this page.")
    page: int = strawberry.field(description="The number of this page, from 1.")
    per_page: int = strawberry.field(description="How many titles a full page has.")
    question: strawberry.Private[DiscoverQuery]

    @strawberry.field(description="How many titles there are on all pages.")
    @staticmethod
    async def total(root: strawberry.Parent["DiscoverPage"], info: Info) -> int:
        """Count the whole match."""
        return await count_discovered(info, root.question)

    @strawberry.field(description="How many pages there are.")
    @staticmethod
    async def total_pages(root: strawberry.Parent["DiscoverPage"], info: Info) -> int:
        """Count the pages of the whole match."""
        return -(-await count_discovered(info, root.question) // root.per_page)


@strawberry.type
class DiscoverQueries:
    """Root fields about discovering titles."""

    @strawberry.field(description="What there is to watch: titles with a poster, filtered, in one of seven orders.")
    @staticmethod
    async def discover(
        info: Info,
        filter: Annotated[TitleFilter | None, strawberry.argument(description="What to restrict it to.")] = None,
        sort: Annotated[DiscoverSort, strawberry.argument(description="The order.")] = DiscoverSort.MOST_RATED,
        page: Page = 1,
        per_page: PerPage = 20,
    ) -> DiscoverPage:
        """Load a page of titles to discover."""
        check_page(page, per_page)
        question = discover_filter(filter), vocabulary.DiscoverSort[sort.name]
        offset, loaders = (page - 1) * per_page, info.context.loaders
        if await is_past_the_end(offset, partial(count_discovered, info, question)):
            rows = []
        else:
            rows = await loaders.discover_titles(*question, limit=per_page, offset=offset)
        return DiscoverPage(items=cast("list[DiscoverTitle]", rows), page=page, per_page=per_page, question=question)

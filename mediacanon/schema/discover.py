"""Discover: titles filtered and in one of seven sort orders."""

import enum
from functools import partial
from typing import Annotated, cast

import strawberry

from mediacanon import vocabulary
from mediacanon.loaders.discover import DiscoverQuery, with_sort_rules
from mediacanon.schema import title_facts, title_fields, title_names
from mediacanon.schema.context import Info
from mediacanon.schema.filter import TitleFilter, discover_filter
from mediacanon.schema.pagination import ListPage, Page, PerPage, check_page, load_page


@strawberry.enum(description="The orders of discover; titles that tie come by votes, then by our id.")
class DiscoverSort(enum.Enum):
    """The sort orders of the vocabulary, described."""

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
    type: title_fields.Type
    display_name: title_fields.DisplayName
    original_title: title_fields.OriginalTitle
    start_year: title_fields.StartYear
    end_year: title_fields.EndYear
    release_date: title_fields.ReleaseDate
    image_url: title_fields.ImageUrl
    movie_id: title_fields.MovieId
    show_id: title_fields.ShowId
    average_rating: title_fields.AverageRating
    num_votes: title_fields.NumVotes
    tmdb_popularity: title_fields.TmdbPopularity
    original_language: title_fields.OriginalLanguage
    origin_country: str | None = strawberry.field(description="ISO 3166-1 code of the country of origin.")
    is_adult: title_fields.IsAdult
    genres: title_fields.Genres
    engagement_count: int = strawberry.field(description="How often it was viewed here in the last 7 days.")
    ids: title_fields.TitleIds
    imdb_id: title_fields.TitleImdbId
    tmdb_id: title_fields.TitleTmdbId
    tvdb_id: title_facts.TvdbId
    poster: title_fields.Poster
    name: title_names.NameIn
    overview: title_facts.Overview
    native_title: title_facts.NativeTitle
    backdrop: title_facts.Backdrop


async def count_discovered(query: DiscoverQuery, info: Info) -> int:
    """Return the number of matching titles; sort orders without conditions of their own share one count."""
    return await info.context.loaders.discover_total(with_sort_rules(*query))


@strawberry.type(description="A page of titles to discover.")
class DiscoverPage(ListPage[DiscoverTitle]):
    """Titles with their total."""


@strawberry.type
class DiscoverQueries:
    """The root field of discover."""

    @strawberry.field(
        description="What there is to watch, filtered, in one of seven orders: titles with a poster, unless hasPoster "
        "says otherwise."
    )
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
        query = (
            await discover_filter(filter, info, is_discover=True),
            vocabulary.DiscoverSort[sort.name],
        )
        load, count = partial(info.context.loaders.discover_titles, *query), partial(count_discovered, query)
        rows = await load_page(info, load, count, page=page, per_page=per_page)
        return DiscoverPage(items=cast("list[DiscoverTitle]", rows), page=page, per_page=per_page, count=count)

"""Discover: what there is to watch, filtered and in one of seven orders."""

import dataclasses
import datetime as dt
import enum
from typing import Annotated, Any, cast

import strawberry

from mediacanon.errors import BadArgument
from mediacanon.loaders import discover as loader
from mediacanon.loaders.discover import DiscoverFilter, Question
from mediacanon.schema.context import Info
from mediacanon.schema.ids import Ids, TitleType
from mediacanon.schema.scalars import ImdbId
from mediacanon.schema.title import Page, PerPage, check_page

LONGEST_LIST = 50
# Each genre that all must have is a join of its own; IMDb gives a title at most three.
MOST_GENRES_ALL = 5
LONGEST_NAME = 100
HIGHEST_RATING = 10
LIST_LIMITS = {
    "genres_in": LONGEST_LIST,
    "genres_all": MOST_GENRES_ALL,
    "genres_not_in": LONGEST_LIST,
    "language_in": LONGEST_LIST,
    "country_in": LONGEST_LIST,
}


def _option(description: str) -> Any:  # noqa: ANN401 - dataclasses.field is typed so
    return strawberry.field(description=description, default=None)


@strawberry.input(
    description="What titles are restricted to: all that is given must hold, and an empty list restricts nothing. "
    "Bounds are inclusive; a title without the fact is outside of them."
)
class TitleFilter:
    """The filter of lists of titles."""

    type: TitleType | None = _option("Only movies or only shows.")
    genres_in: list[str] | None = _option("With one of these genres, by their exact names; at most 50.")
    genres_all: list[str] | None = _option("With each of these genres; at most 5.")
    genres_not_in: list[str] | None = _option("With none of these genres; at most 50.")
    language_in: list[str] | None = _option("With one of these original languages, ISO 639-1 codes; at most 50.")
    country_in: list[str] | None = _option("From one of these countries, ISO 3166-1 codes; at most 50.")
    year_min: int | None = _option("The earliest year of release, of a show the first.")
    year_max: int | None = _option("The latest year of release, of a show the first.")
    rating_min: float | None = _option("The lowest rating, 0 to 10.")
    rating_max: float | None = _option("The highest rating, 0 to 10.")
    votes_min: int | None = _option("The fewest votes.")
    votes_max: int | None = _option("The most votes.")
    runtime_min: int | None = _option("The shortest running time in minutes.")
    runtime_max: int | None = _option("The longest running time in minutes.")


@strawberry.enum(description="The orders of discover; titles that tie come by votes, then by our id.")
class DiscoverSort(enum.Enum):
    """The seven orders."""

    MOST_RATED = strawberry.enum_value("MOST_RATED", description="Most votes first.")
    TRENDING = strawberry.enum_value("TRENDING", description="Most popular at TMDB first.")
    POPULAR = strawberry.enum_value("POPULAR", description="Most viewed here in the last 7 days first.")
    TOP_RATED = strawberry.enum_value(
        "TOP_RATED",
        description="Best rated first; only titles with 1,000 votes, unless votesMin or ratingMin is given.",
    )
    NEWEST = strawberry.enum_value("NEWEST", description="Latest year first, then latest release.")
    HIDDEN_GEMS = strawberry.enum_value(
        "HIDDEN_GEMS",
        description="Best rated first, of those rated 7.5 or better by more than 100 and fewer than 10,000 people.",
    )
    A_TO_Z = strawberry.enum_value("A_TO_Z", description="By name, upper and lower case alike.")


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


@strawberry.type(description="A page of titles to discover.")
class DiscoverPage:
    """Titles with their total."""

    items: list[DiscoverTitle] = strawberry.field(description="The titles of this page.")
    page: int = strawberry.field(description="The number of this page, from 1.")
    per_page: int = strawberry.field(description="How many titles a full page has.")
    question: strawberry.Private[Question]

    @strawberry.field(description="How many titles there are on all pages.")
    @staticmethod
    async def total(root: strawberry.Parent["DiscoverPage"], info: Info) -> int:
        """Count the whole match."""
        return await info.context.loaders.discover_count_by_question.load(root.question)

    @strawberry.field(description="How many pages there are.")
    @staticmethod
    async def total_pages(root: strawberry.Parent["DiscoverPage"], info: Info) -> int:
        """Count the pages of the whole match."""
        count = await info.context.loaders.discover_count_by_question.load(root.question)
        return -(-count // root.per_page)


def discover_filter(given: TitleFilter | None) -> DiscoverFilter:
    """Return the loaders' filter. Raises BadArgument for a list too long, a text no name has, a rating no title has."""
    if given is None:
        return DiscoverFilter()
    asked = {field.name: getattr(given, field.name) for field in dataclasses.fields(DiscoverFilter)}
    asked = {name: value for name, value in asked.items() if value is not None}
    for name, most in LIST_LIMITS.items():
        if name in asked:
            asked[name] = _checked_list(name, asked[name], most)
    for name in ("rating_min", "rating_max"):
        if not 0 <= asked.get(name, 0) <= HIGHEST_RATING:
            raise BadArgument(f"{_in_graphql(name)} must be from 0 to {HIGHEST_RATING}")
    if "type" in asked:
        asked["type"] = asked["type"].name
    return DiscoverFilter(**asked)


def _checked_list(name: str, values: list[str], most: int) -> tuple[str, ...]:
    if len(values) > most:
        raise BadArgument(f"{_in_graphql(name)} may have at most {most} entries")
    if not all(value.isprintable() and len(value) <= LONGEST_NAME for value in values):
        raise BadArgument(f"{_in_graphql(name)} wants names of at most {LONGEST_NAME} printable characters")
    return tuple(values)


def _in_graphql(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


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
        question = discover_filter(filter), loader.DiscoverSort[sort.name]
        rows = await info.context.loaders.discover_titles(*question, limit=per_page, offset=(page - 1) * per_page)
        return DiscoverPage(items=cast("list[DiscoverTitle]", rows), page=page, per_page=per_page, question=question)

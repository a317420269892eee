"""Title: what a movie and a show have in common, and the lists of titles."""

import datetime as dt
import enum
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, cast

import strawberry

from mediacanon.errors import BadArgument
from mediacanon.loaders.discover import DiscoverFilter
from mediacanon.loaders.title_list import MatchCounts, TitleSearch
from mediacanon.schema.context import Info
from mediacanon.schema.enrichment import enriched, note_shown
from mediacanon.schema.filter import TitleFilter, discover_filter
from mediacanon.schema.ids import Ids, TitleBy, TitleType, one_of, title_by
from mediacanon.schema.images import PosterSize, in_size
from mediacanon.schema.scalars import ImdbId

if TYPE_CHECKING:
    from mediacanon.schema.discover import DiscoverTitle
    from mediacanon.schema.movie import Movie
    from mediacanon.schema.show import Show

MOST_PER_PAGE = 100
LONGEST_QUERY = 200


@strawberry.type(description="A movie or a show.")
class Title:
    """A title's facts."""

    title_id: int = strawberry.field(description="Our id, the same for ever.")
    type: TitleType = strawberry.field(description="Movie or show.")
    display_name: str = strawberry.field(description="The name people know it by.")
    original_title: str | None = strawberry.field(description="The name in its own language.")
    start_year: int | None = strawberry.field(description="Year of release, of a show the first.")
    end_year: int | None = strawberry.field(description="The last year of a show that has ended.")
    ids: Ids = strawberry.field(description="The title's ids in other catalogues.")
    imdb_id: ImdbId | None = strawberry.field(description="IMDb's id.")
    tmdb_id: int | None = strawberry.field(description="TMDB's id among the titles of this type.")
    image_url: str | None = strawberry.field(description="The poster's address at TMDB, 500 pixels wide.")
    num_votes: int | None = strawberry.field(description="How many people rated it at IMDb.")
    average_rating: float | None = strawberry.field(description="IMDb's rating, 1 to 10 with one decimal.")
    original_language: str | None = strawberry.field(description="ISO 639-1 code of the original language.")
    origin_country: str | None = strawberry.field(description="ISO 3166-1 code of the country of origin.")
    release_date: dt.date | None = strawberry.field(description="First release, of a show the first episode.")
    runtime_minutes: int | None = strawberry.field(description="Running time in minutes, of a show per episode.")
    tmdb_popularity: float | None = strawberry.field(description="TMDB's popularity: the higher the more in demand.")
    genres: list[str] = strawberry.field(description="Names of the genres, by name.")
    created_at: dt.datetime = strawberry.field(description="When the title entered this catalogue.")
    updated_at: dt.datetime = strawberry.field(description="When one of its facts last changed.")
    enriched_at: dt.datetime | None = strawberry.field(description="When TMDB last told about it.")
    is_withdrawn: bool = strawberry.field(description="Whether IMDb lists it no more; lists leave it out.")
    locked_fields: list[str] = strawberry.field(description="Facts edited by hand, which no import changes.")
    movie_id: int | None = strawberry.field(description="Our id of the movie, where the title is one.")
    show_id: int | None = strawberry.field(description="Our id of the show, where the title is one.")

    @strawberry.field(description="The poster's address at TMDB in a size of its; one from elsewhere as it is.")
    @staticmethod
    def poster(
        root: strawberry.Parent["Title"],
        size: Annotated[PosterSize, strawberry.argument(description="The size.")] = PosterSize.W500,
    ) -> str | None:
        """Name the poster in a size."""
        return in_size(root.image_url, size)

    @strawberry.field(description="The movie, where the title is one.")
    @staticmethod
    async def movie(
        root: strawberry.Parent["Title"], info: Info
    ) -> Annotated["Movie", strawberry.lazy("mediacanon.schema.movie")] | None:
        """Load the movie of the title."""
        found = await info.context.loaders.movie_by_title_id.load(root.title_id) if root.movie_id else None
        return cast("Movie | None", found)

    @strawberry.field(description="The show, where the title is one.")
    @staticmethod
    async def show(
        root: strawberry.Parent["Title"], info: Info
    ) -> Annotated["Show", strawberry.lazy("mediacanon.schema.show")] | None:
        """Load the show of the title."""
        found = await info.context.loaders.show_by_title_id.load(root.title_id) if root.show_id else None
        return cast("Show | None", found)

    @strawberry.field(
        description="More like this, at most 12: known titles that share most of its genres, rated much the same first."
    )
    @staticmethod
    async def similar(
        root: strawberry.Parent["Title"], info: Info
    ) -> list[Annotated["DiscoverTitle", strawberry.lazy("mediacanon.schema.discover")]]:
        """Load what is like the title."""
        return cast("list[DiscoverTitle]", await info.context.loaders.similar_titles_by_title_id.load(root.title_id))


@strawberry.type(description="How many titles have a code.")
class CodeCount:
    """A language or country with its count."""

    code: str = strawberry.field(description="The ISO code.")
    count: int = strawberry.field(description="How many titles have it.")


async def count_titles(info: Info, search: TitleSearch) -> int:
    """Return how many titles match."""
    counts: MatchCounts = await info.context.loaders.title_counts_by_search(search.counted)
    return counts.total(search.filter.language_in)


@strawberry.type(description="A page of titles.")
class TitlePage:
    """Titles with their total."""

    items: list[Title] = strawberry.field(description="The titles of this page.")
    page: int = strawberry.field(description="The number of this page, from 1.")
    per_page: int = strawberry.field(description="How many titles a full page has.")
    search: strawberry.Private[TitleSearch]

    @strawberry.field(description="How many titles there are on all pages.")
    @staticmethod
    async def total(root: strawberry.Parent["TitlePage"], info: Info) -> int:
        """Count the whole match."""
        return await count_titles(info, root.search)

    @strawberry.field(description="How many pages there are.")
    @staticmethod
    async def total_pages(root: strawberry.Parent["TitlePage"], info: Info) -> int:
        """Count the pages of the whole match."""
        return -(-await count_titles(info, root.search) // root.per_page)

    @strawberry.field(description="The languages of the whole match, without its own language filter; most first.")
    @staticmethod
    async def languages(root: strawberry.Parent["TitlePage"], info: Info) -> list[CodeCount]:
        """Count the languages of the match."""
        counts = await info.context.loaders.title_counts_by_search(root.search.in_any_language)
        return cast("list[CodeCount]", counts.languages)


@strawberry.enum(description="Why a search found a title.")
class MatchedOn(enum.Enum):
    """The tiers of search, best first."""

    NAME = strawberry.enum_value("NAME", description="The name is what was asked for.")
    ORIGINAL_TITLE = strawberry.enum_value("ORIGINAL_TITLE", description="The original title is what was asked for.")
    PREFIX = strawberry.enum_value("PREFIX", description="A name begins with what was asked for.")
    WORDS = strawberry.enum_value("WORDS", description="A name has all the words, or words that begin so.")
    SIMILAR = strawberry.enum_value("SIMILAR", description="A name is like it, but for a typo or two.")


@strawberry.type(description="A title that a search found.")
class SearchHit:
    """A title and why it was found."""

    title: Title = strawberry.field(description="The title.")
    matched_on: MatchedOn = strawberry.field(description="Why it was found.")


# PostgreSQL goes through all titles before a page; from here on the total, which is kept, is asked for first.
FAR = 1_000
Page = Annotated[int, strawberry.argument(description="Which page, from 1.")]
PerPage = Annotated[int, strawberry.argument(description="How many on a page, 1 to 100.")]


def check_page(page: int, per_page: int, *, most: int = MOST_PER_PAGE, size: str = "perPage") -> None:
    """Raise BadArgument unless page and size are within bounds; `size` is what the argument is called."""
    if page < 1:
        raise BadArgument("page must be 1 or more")
    if not 1 <= per_page <= most:
        raise BadArgument(f"{size} must be from 1 to {most}")


def narrowed(asked: DiscoverFilter, type_: str | None, language: str | None) -> DiscoverFilter:
    """Return a filter that wants a type and a language as well. Raises BadArgument where it wants another one."""
    if type_ is not None:
        if asked.type not in (None, type_):
            raise BadArgument("type and filter.type contradict each other")
        asked = replace(asked, type=type_)
    if language is not None:
        if asked.language_in and language not in asked.language_in:
            raise BadArgument("language and filter.languageIn contradict each other")
        asked = replace(asked, language_in=(language,))
    return asked


async def is_past_the_end(offset: int, count: Callable[[], Awaitable[int]]) -> bool:
    """Return whether a page far behind begins after the last title of all: then it need not be looked for."""
    return offset >= FAR and offset >= await count()


@strawberry.type
class TitleQueries:
    """Root fields about titles."""

    @strawberry.field(description="A title, by our id or by any of its ids; null where there is none.")
    @staticmethod
    async def title(
        info: Info,
        id: Annotated[int | None, strawberry.argument(description="Our id of the title.")] = None,
        by: Annotated[TitleBy | None, strawberry.argument(description="Or one of its other ids.")] = None,
    ) -> Title | None:
        """Load a title by one of its ids."""
        row = await title_by(info, one_of(id, by, TitleBy))
        loaders = info.context.loaders
        return cast("Title | None", await enriched(info, row, lambda row: loaders.title_by_id.load(row.title_id)))

    @strawberry.field(description="Titles whose name holds a text, most voted first; all titles without one.")
    @staticmethod
    async def titles(  # noqa: PLR0913, PLR0917 - clients name them
        info: Info,
        query: Annotated[
            str | None, strawberry.argument(description="A part of the name; upper and lower case are one.")
        ] = None,
        type: Annotated[TitleType | None, strawberry.argument(description="Only movies or only shows.")] = None,
        language: Annotated[str | None, strawberry.argument(description="Only titles in this language.")] = None,
        filter: Annotated[
            TitleFilter | None,
            strawberry.argument(
                description="What else to restrict it to: everything given must hold, and what cannot is refused."
            ),
        ] = None,
        page: Page = 1,
        per_page: PerPage = 20,
    ) -> TitlePage:
        """Load a page of titles."""
        check_page(page, per_page)
        if query and len(query) > LONGEST_QUERY:
            raise BadArgument(f"query may have at most {LONGEST_QUERY} characters")
        asked = narrowed(discover_filter(filter), type and type.name, language)
        search = TitleSearch(query=query, filter=asked)
        offset, loaders = (page - 1) * per_page, info.context.loaders
        if await is_past_the_end(offset, partial(count_titles, info, search)):
            rows = []
        else:
            rows = await loaders.titles_by_search(search, limit=per_page, offset=offset)
        note_shown(info, rows)
        return TitlePage(items=cast("list[Title]", rows), page=page, per_page=per_page, search=search)

    @strawberry.field(
        description="What a person typed, best match first: exact names, beginnings, words, then typos; "
        "popular titles first among equals. A year among the words is understood."
    )
    @staticmethod
    async def search(
        info: Info,
        query: Annotated[str, strawberry.argument(description="What was typed.")],
        limit: Annotated[int, strawberry.argument(description="How many hits, 1 to 50.")] = 20,
    ) -> list[SearchHit]:
        """Search ranked."""
        check_page(1, limit, most=50, size="limit")
        hits = await info.context.loaders.titles_by_rank(query, limit=limit)
        note_shown(info, [hit.title for hit in hits])
        return cast("list[SearchHit]", hits)

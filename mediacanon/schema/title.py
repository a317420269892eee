"""Title: the facts that movies and shows have in common, and the lists of titles."""

import datetime as dt
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Annotated, cast

import strawberry

from mediacanon.errors import BadArgument
from mediacanon.loaders.discover import DiscoverFilter
from mediacanon.loaders.title_list import TitleSearch
from mediacanon.schema import title_facts, title_fields, title_names
from mediacanon.schema.context import Info
from mediacanon.schema.credit import TitleCredits
from mediacanon.schema.enrichment import enriched, queue_enrichment
from mediacanon.schema.filter import TitleFilter, discover_filter
from mediacanon.schema.ids import TitleBy, TitleType, one_of, title_by
from mediacanon.schema.pagination import ListPage, Page, PerPage, check_page, load_page
from mediacanon.vocabulary import language_code

if TYPE_CHECKING:
    from mediacanon.loaders.title import TitleRow
    from mediacanon.schema.discover import DiscoverTitle
    from mediacanon.schema.movie import Movie
    from mediacanon.schema.show import Show

LONGEST_QUERY = 200


@strawberry.type(description="A movie or a show.")
class Title:
    """A title's facts."""

    title_id: int = strawberry.field(description="Our id, the same for ever.")
    type: title_fields.Type
    display_name: title_fields.DisplayName
    original_title: title_fields.OriginalTitle
    start_year: title_fields.StartYear
    end_year: title_fields.EndYear
    ids: title_fields.TitleIds
    imdb_id: title_fields.TitleImdbId
    tmdb_id: title_fields.TitleTmdbId
    tvdb_id: title_facts.TvdbId
    image_url: title_fields.ImageUrl
    num_votes: title_fields.NumVotes
    average_rating: title_fields.AverageRating
    original_language: title_fields.OriginalLanguage
    origin_country: str | None = strawberry.field(description="ISO 3166-1 code of the country of origin.")
    release_date: title_fields.ReleaseDate
    runtime_minutes: int | None = strawberry.field(description="Running time in minutes, of a show per episode.")
    tmdb_popularity: title_fields.TmdbPopularity
    is_adult: title_fields.IsAdult
    genres: title_fields.Genres
    created_at: dt.datetime = strawberry.field(description="When the title entered this catalogue.")
    updated_at: dt.datetime = strawberry.field(description="When one of its facts last changed.")
    enriched_at: dt.datetime | None = strawberry.field(description="When TMDB last told about it.")
    is_withdrawn: bool = strawberry.field(description="Whether IMDb lists it no more; lists leave it out.")
    locked_fields: list[str] = strawberry.field(description="Facts edited by hand, which no import changes.")
    movie_id: title_fields.MovieId
    show_id: title_fields.ShowId
    poster: title_fields.Poster
    overview: title_facts.Overview
    tagline: title_facts.Tagline
    texts: title_facts.Texts
    native_title: title_facts.NativeTitle
    backdrop: title_facts.Backdrop
    status: title_facts.Status
    homepage: title_facts.Homepage
    countries: title_facts.Countries
    spoken_languages: title_facts.SpokenLanguages
    certifications: title_facts.Certifications
    certification: title_facts.CertificationIn
    videos: title_facts.Videos
    keywords: title_facts.Keywords
    companies: title_facts.Companies
    networks: title_facts.Networks
    franchise: title_facts.FranchiseOf
    names: title_names.Names
    name: title_names.NameIn
    credits: TitleCredits

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
        """Load similar titles."""
        return cast("list[DiscoverTitle]", await info.context.loaders.similar_titles(cast("TitleRow", root)))


@strawberry.type(description="How many titles have a code.")
class CodeCount:
    """A language or country with its count."""

    code: str = strawberry.field(description="The ISO code.")
    count: int = strawberry.field(description="How many titles have it.")


async def count_titles(search: TitleSearch, info: Info) -> int:
    """Return the number of matching titles."""
    return await info.context.loaders.search_total(search)


@strawberry.type(description="A page of titles.")
class TitlePage(ListPage[Title]):
    """Titles with their total and languages."""

    search: strawberry.Private[TitleSearch]

    @strawberry.field(description="The languages of the whole match, without its own language filter; most first.")
    @staticmethod
    async def languages(root: strawberry.Parent["TitlePage"], info: Info) -> list[CodeCount]:
        """Count the languages of the match."""
        return cast("list[CodeCount]", await info.context.loaders.search_languages(root.search))


def narrowed(given: DiscoverFilter, type_: str | None, language: str | None) -> DiscoverFilter:
    """Return a filter restricted to a type and a language as well. Raises BadArgument if it has another one."""
    if type_ is not None:
        if given.type not in (None, type_):
            raise BadArgument("type and filter.type contradict each other")
        given = replace(given, type=type_)
    if language is not None:
        if given.language_in and language_code(language) not in given.language_in:
            raise BadArgument("language and filter.languageIn contradict each other")
        given = replace(given, language_in=(language,))
    return given


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
        given = await discover_filter(filter, info)
        search = TitleSearch(query=query, filter=narrowed(given, type and type.name, language))
        load, count = partial(info.context.loaders.titles_by_search, search), partial(count_titles, search)
        rows = await load_page(info, load, count, page=page, per_page=per_page)
        queue_enrichment(info, rows)
        return TitlePage(items=cast("list[Title]", rows), page=page, per_page=per_page, count=count, search=search)

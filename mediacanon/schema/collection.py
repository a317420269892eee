"""Collections, and carousels of their best titles."""

import enum
from functools import partial
from typing import Annotated, cast

import strawberry

from mediacanon.cache.carousels import CAROUSELS
from mediacanon.database.changes import tag_of
from mediacanon.errors import BadArgument
from mediacanon.loaders.carousel import shown_carousels
from mediacanon.loaders.collection import FILTER, MOST_TITLES, CollectionRow
from mediacanon.schema.context import Info
from mediacanon.schema.discover import DiscoverTitle, count_discovered
from mediacanon.schema.pagination import ListPage, Page, PageNumber, PerPage, check_page, load_page, pages

MOST_CAROUSELS = 50


@strawberry.enum(description="Where the titles of a collection come from.")
class CollectionStrategy(enum.Enum):
    """The three strategies."""

    filter = strawberry.enum_value("filter", description="Whatever fits a filter, best first.")
    static = strawberry.enum_value("static", description="A list that somebody made, in its order.")
    llm = strawberry.enum_value("llm", description="A list that a language model made, in its order.")


@strawberry.type(description="A page of a collection's titles.")
class CollectionPage(ListPage[DiscoverTitle]):
    """Titles with their total."""


async def _count(collection: CollectionRow, info: Info) -> int:
    """Return the number of titles; discover counts the matches of a filter, and that count is cached."""
    loaders = info.context.loaders
    if collection.strategy == FILTER:
        has_poster = await loaders.poster_filter()
        return await count_discovered(
            collection.query_hiding(is_adult=loaders.hides_adult, has_poster=has_poster), info
        )
    return await loaders.collection_title_count(collection, hides_adult=loaders.hides_adult)


@strawberry.type(description="Titles that belong together.")
class Collection:
    """A collection and its titles."""

    id: int = strawberry.field(description="Our id, the same for ever.")
    name: str = strawberry.field(description="Its name.")
    slug: str = strawberry.field(description="Its name in addresses, and in the source of views: collection-{slug}.")
    description: str | None = strawberry.field(description="What it holds, in a sentence or two.")
    strategy: CollectionStrategy = strawberry.field(description="Where its titles come from.")
    pinned: bool = strawberry.field(description="Whether it comes before all that are not.")
    active: bool = strawberry.field(description="Whether it is shown.")
    engagement_count: float = strawberry.field(description="How often its titles were clicked in the last 7 days.")
    languages: list[str] = strawberry.field(description="ISO 639 codes of the languages it is for.")
    regions: list[str] = strawberry.field(description="ISO 3166-1 codes of the countries it is for, or global.")

    @strawberry.field(description="Its titles; a filter's own limit may make pages smaller than asked for.")
    @staticmethod
    async def titles(
        root: strawberry.Parent[CollectionRow], info: Info, page: Page = 1, per_page: PerPage = MOST_TITLES
    ) -> CollectionPage:
        """Load a page of the titles."""
        check_page(page, per_page)
        size = min(per_page, root.most_titles)
        loaders, count = info.context.loaders, partial(_count, root)
        has_poster = await loaders.poster_filter()
        load = partial(loaders.collection_titles, root, hides_adult=loaders.hides_adult, has_poster=has_poster)
        rows = await load_page(info, load, count, page=page, per_page=size)
        return CollectionPage(items=cast("list[DiscoverTitle]", rows), page=page, per_page=size, count=count)


@strawberry.type(description="A collection's best titles, to scroll through.")
class Carousel:
    """The best titles of a collection with the strategy filter."""

    name: str = strawberry.field(description="The collection's name.")
    slug: str = strawberry.field(description="The collection's slug.")
    description: str | None = strawberry.field(description="What the collection holds, in a sentence or two.")
    collection_id: int = strawberry.field(description="Our id of the collection.")
    engagement_count: float = strawberry.field(description="How often its titles were clicked in the last 7 days.")
    total_count: int = strawberry.field(
        description="How many titles with a rating and 5,000 votes it has, and with a poster where those are required."
    )
    titles: list[DiscoverTitle] = strawberry.field(description="The best rated 30 of them.")


@strawberry.type(description="A page of carousels.")
class CarouselPage:
    """Carousels with their total. No ListPage: all carousels are in memory, so totals need no resolver."""

    items: list[Carousel] = strawberry.field(description="The carousels of this page.")
    page: PageNumber
    per_page: int = strawberry.field(description="How many carousels a full page has.")
    total: int = strawberry.field(description="How many carousels there are on all pages.")
    total_pages: int = strawberry.field(description="How many pages there are.")


@strawberry.type
class CollectionQueries:
    """Root fields about collections."""

    @strawberry.field(description="The collections: pinned first, then those that are clicked most.")
    @staticmethod
    async def collections(info: Info) -> list[Collection]:
        """Load the active collections."""
        return cast("list[Collection]", await info.context.loaders.collections())

    @strawberry.field(
        description="The collection with a slug, or else with our id; null where there is none that is active."
    )
    @staticmethod
    async def collection(
        info: Info,
        slug: Annotated[str | None, strawberry.argument(description="The collection's slug.")] = None,
        id: Annotated[int | None, strawberry.argument(description="Our id, asked for where no slug fits.")] = None,
    ) -> Collection | None:
        """Load a collection."""
        if slug is None and id is None:
            raise BadArgument("Give slug or id")
        # PostgreSQL refuses NUL and halves of surrogate pairs in a text; no slug has them.
        known = slug if slug and slug.isprintable() else None
        return cast("Collection | None", await info.context.loaders.collection(slug=known, collection_id=id))

    @strawberry.field(description="The best of each collection, shows and movies taking turns.")
    @staticmethod
    async def carousels(
        info: Info,
        page: Page = 1,
        per_page: Annotated[int, strawberry.argument(description="How many on a page, 1 to 50.")] = 10,
    ) -> CarouselPage:
        """Return a page of the cached carousels, or load them without a cache."""
        check_page(page, per_page, most=MOST_CAROUSELS)
        cache = info.context.carousels
        loaders = info.context.loaders
        carousels = await (cache.current() if cache else loaders.carousels(has_poster=await loaders.poster_filter()))
        rows = shown_carousels(carousels, hides_adult=loaders.hides_adult)
        shown = rows[(page - 1) * per_page : page * per_page]
        titles = (tag_of("title", title.title_id) for row in shown for title in row.titles)
        info.context.loaders.depend({CAROUSELS, *titles})
        return CarouselPage(
            items=cast("list[Carousel]", shown),
            page=page,
            per_page=per_page,
            total=len(rows),
            total_pages=pages(len(rows), per_page),
        )

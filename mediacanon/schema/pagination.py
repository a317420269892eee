"""Pagination: the arguments `page` and `perPage`, and the type of a page."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Generic, Protocol, TypeVar

import strawberry

from mediacanon.errors import BadArgument
from mediacanon.schema.context import Info

Item = TypeVar("Item")
Row = TypeVar("Row")

MOST_PER_PAGE = 100
# PostgreSQL walks through every title before a page: from this offset on, the cached total is compared first.
FAR = 1_000
Page = Annotated[int, strawberry.argument(description="Which page, from 1.")]
PerPage = Annotated[int, strawberry.argument(description="How many on a page, 1 to 100.")]
PageNumber = Annotated[int, strawberry.field(description="The number of this page, from 1.")]
Count = Callable[[Info], Awaitable[int]]


@strawberry.type
class ListPage(Generic[Item]):
    """A page of a list of titles; `count` returns the length of the list, and is called for totals alone."""

    items: list[Item] = strawberry.field(description="The titles of this page.")
    page: PageNumber
    per_page: int = strawberry.field(description="How many titles a full page has.")
    count: strawberry.Private[Count]

    @strawberry.field(description="How many titles there are on all pages.")
    @staticmethod
    async def total(root: strawberry.Parent["ListPage[Any]"], info: Info) -> int:
        """Count the list."""
        return await root.count(info)

    @strawberry.field(description="How many pages there are.")
    @staticmethod
    async def total_pages(root: strawberry.Parent["ListPage[Any]"], info: Info) -> int:
        """Count the pages of the list."""
        return pages(await root.count(info), root.per_page)


def pages(total: int, per_page: int) -> int:
    """Return the number of pages that a list of `total` items fills."""
    return -(-total // per_page)


def check_page(page: int, per_page: int, *, most: int = MOST_PER_PAGE, size: str = "perPage") -> None:
    """Raise BadArgument unless page and size are within bounds; `size` is the name of the size argument."""
    if page < 1:
        raise BadArgument("page must be 1 or more")
    if not 1 <= per_page <= most:
        raise BadArgument(f"{size} must be from 1 to {most}")


class LoadItems(Protocol[Row]):
    """A question bound to its arguments, which loads a part of a list."""

    def __call__(self, *, limit: int, offset: int) -> Awaitable[list[Row]]:
        """Return at most `limit` rows from `offset` on."""


async def load_page(info: Info, load: LoadItems[Row], count: Count, *, page: int, per_page: int) -> list[Row]:
    """Return the rows of a page. A page far behind the end is empty without a search for it."""
    offset = (page - 1) * per_page
    if offset >= FAR and offset >= await count(info):
        return []
    return await load(limit=per_page, offset=offset)

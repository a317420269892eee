"""The page table: which path shows which template, over the document of the same name beside it."""

from dataclasses import dataclass

from mediacanon.execution.variables import Leniency

# Unreadable parameters are absent ones.
LENIENCY = Leniency(trims=True, repeats=True, splits=True)


@dataclass(frozen=True, slots=True)
class Page:
    """A page; `name` is that of its template and document.

    `found` is the field without which it is a 404, and whose view or click is counted. Of several pages at one path
    the first one answers of whose `when` the query string has a parameter. One that `is_kept`, being dear to
    make, is rendered anew only with new carousels.
    """

    path: str
    name: str
    found: str | None = None
    when: tuple[str, ...] = ()
    is_kept: bool = False


PAGES = (
    Page("/", "home"),
    Page("/discover", "collection", found="collection", when=("collection",)),
    Page("/discover", "browse", when=("genre", "country", "lang", "type", "sort")),
    Page("/discover", "discover", is_kept=True),
    Page("/titles", "titles"),
    Page("/movies/{id}", "movie", found="movie"),
    Page("/shows/{id}", "show", found="show"),
)

# sort in the address -> how it reads; in GraphQL these are MOST_RATED ... A_TO_Z
SORTS = {
    "most_rated": "Most votes",
    "top_rated": "Top rated",
    "trending": "Trending",
    "popular": "Popular here",
    "newest": "Newest",
    "hidden_gems": "Hidden gems",
    "a-z": "A to Z",
}


def sort_in_graphql(sort: str) -> str:
    """Return the name in GraphQL of an order as addresses have it."""
    return sort.strip().upper().replace("-", "_TO_")

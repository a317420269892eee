"""The page table: the path of each page, and the name of its template and document."""

import re
from dataclasses import dataclass

from mediacanon.execution.variables import Leniency
from mediacanon.pages.names import NAMED
from mediacanon.pages.people import PERSON_IDS
from mediacanon.vocabulary import MAX_INTEGER, PEOPLE_PARAMETERS, SPELLINGS, DiscoverSort

# Unreadable parameters are absent ones.
LENIENCY = Leniency(
    trims=True,
    repeats=True,
    splits=True,
    bounds={"page": (1, MAX_INTEGER)},
    spellings=SPELLINGS,
    parameters={NAMED: (), PERSON_IDS: ()},
)
# A path names a thing by one spelling of its number: ASCII digits, no leading zero, no more than 32 bits take.
_ID = re.compile(r"[1-9][0-9]{0,9}")


@dataclass(frozen=True, slots=True)
class Page:
    """A page; `name` is that of its template and its document.

    `subject` is the root field that the page is about: null means 404, and its view or click is counted. A page with
    `when` needs one of these parameters in the query string; of several pages at a path the first match is shown. A
    page that `is_versioned` is slow to render: it is rendered anew with each new snapshot of the carousels, and clients
    get the stale page meanwhile.
    """

    path: str
    name: str
    subject: str | None = None
    when: tuple[str, ...] = ()
    is_versioned: bool = False


# Parameters of discover's address; without any it shows the carousels.
FILTERED = ("genre", "country", "lang", "type", "sort", "keyword", "company", "network", *PEOPLE_PARAMETERS)

PAGES = (
    Page("/", "home"),
    Page("/discover", "collection", subject="collection", when=("collection",)),
    Page("/discover", "browse", when=FILTERED),
    Page("/discover", "discover", is_versioned=True),
    Page("/titles", "search", when=("q",)),
    Page("/titles", "titles"),
    Page("/movies/{id}", "movie", subject="movie"),
    Page("/shows/{id}", "show", subject="show"),
    Page("/people/{id}", "person", subject="person"),
)

# sort in the address -> its label, in the order of the menu
SORTS = {
    DiscoverSort.MOST_RATED.value: "Most votes",
    DiscoverSort.TOP_RATED.value: "Top rated",
    DiscoverSort.TRENDING.value: "Trending",
    DiscoverSort.POPULAR.value: "Popular here",
    DiscoverSort.NEWEST.value: "Newest",
    DiscoverSort.HIDDEN_GEMS.value: "Hidden gems",
    DiscoverSort.A_TO_Z.value: "A to Z",
}


def is_id(text: str) -> bool:
    """Return whether a text of a path is the number of a thing, as links spell it."""
    return _ID.fullmatch(text) is not None


def sort_in_graphql(sort: str) -> str:
    """Return the name in GraphQL of a sort order in an address."""
    return sort.strip().upper().replace("-", "_TO_")

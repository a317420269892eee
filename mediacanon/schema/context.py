"""What every resolver of one request shares."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import strawberry
from graphql import GraphQLResolveInfo

from mediacanon.cache.carousels import CarouselCache
from mediacanon.errors import MediaCanonError
from mediacanon.loaders import Loaders
from mediacanon.loaders.carousel import CarouselRow
from mediacanon.tmdb.enrich import Enrichment
from mediacanon.writes import Writes


class Budget(Protocol):
    """The cost that one run may still add."""

    def charge(self, info: GraphQLResolveInfo[Any], *, items: int, lists: Mapping[str, int], advice: str) -> None:
        """Charge the items of a field and the lists below them. Raises BadArgument when the budget is spent."""


@dataclass(slots=True)
class Context:
    """One request: the questions it may ask, the changes it may make, its id in the log; carousels built before it."""

    loaders: Loaders
    changes: Writes
    request_id: str = ""
    carousels: CarouselCache[CarouselRow] | None = None
    # Tells why this request may not write, None: it may. Asked by who writes alone: most requests only read.
    denial: Callable[[], MediaCanonError | None] = lambda: None
    # Asks TMDB for what a title lacks; None: there is no key.
    enrichment: Enrichment | None = None
    # What a stranger's query may bring of seasons, None: as many as there are.
    budget: Budget | None = None

    @property
    def writes(self) -> Writes:
        """The changes it may make: every mutation goes through here. Raises the denial where it may make none."""
        if (denial := self.denial()) is not None:
            raise denial
        return self.changes


Info = strawberry.Info[Context, None]

"""Context: the state that all resolvers of one request share."""

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
from mediacanon.tmdb.passthrough import Passthrough
from mediacanon.writes import Writes


class Budget(Protocol):
    """The cost that one run may still add."""

    def charge(self, info: GraphQLResolveInfo[Any], *, items: int, lists: Mapping[str, int], advice: str) -> None:
        """Charge the items of a field and the lists below them. Raises BadArgument when the budget is spent."""


@dataclass(slots=True)
class Context:
    """One request: its loaders, its writes, its id in the log, and services of the server that it uses."""

    loaders: Loaders
    unchecked_writes: Writes
    request_id: str = ""
    carousels: CarouselCache[CarouselRow] | None = None
    # Returns the reason why this request may not write, None if it may. Called by mutations only: most requests read.
    denial: Callable[[], MediaCanonError | None] = lambda: None
    # Fetches missing facts from TMDB; None without a key.
    enrichment: Enrichment | None = None
    # Has TMDB's own answers for the dialect of its API; None where the operator wants none.
    passthrough: Passthrough | None = None
    # Limits the seasons of a client document; None for a trusted document.
    budget: Budget | None = None

    @property
    def writes(self) -> Writes:
        """The writes of this request, which every mutation goes through. Raises the denial if it may not write."""
        if (denial := self.denial()) is not None:
            raise denial
        return self.unchecked_writes


Info = strawberry.Info[Context, None]

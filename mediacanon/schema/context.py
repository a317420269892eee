"""What every resolver of one request shares."""

from collections.abc import Callable
from dataclasses import dataclass

import strawberry

from mediacanon.cache import CarouselCache
from mediacanon.errors import MediaCanonError
from mediacanon.loaders import Loaders
from mediacanon.loaders.carousel import CarouselRow
from mediacanon.schema.limits import Budget
from mediacanon.tmdb.enrich import Enrichment
from mediacanon.writes import Writes


@dataclass(slots=True)
class Context:
    """One request: the questions it may ask, the changes it may make, its id in the log; carousels built before it."""

    loaders: Loaders
    changes: Writes
    request_id: str = ""
    carousels: CarouselCache[CarouselRow] | None = None
    # Tells why this request may not write, None: it may. Asked by who writes alone: most requests only read.
    refusal: Callable[[], MediaCanonError | None] = lambda: None
    # Asks TMDB for what a title lacks; None: there is no key.
    enrichment: Enrichment | None = None
    # What a stranger's query may bring of seasons, None: as many as there are.
    budget: Budget | None = None

    @property
    def writes(self) -> Writes:
        """The changes it may make: every mutation goes through here. Raises the refusal where it may make none."""
        if (refusal := self.refusal()) is not None:
            raise refusal
        return self.changes


Info = strawberry.Info[Context, None]

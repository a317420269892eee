"""The rule for titles without a poster: lists show them in a catalogue that TMDB was hardly asked about."""

from dataclasses import dataclass
from typing import Protocol, Self

from mediacanon.database.counts import BY_POSTER, Counts, Question
from mediacanon.loaders.dataloader import DataLoader
from mediacanon.settings import Settings

# Of a hundred known titles so many must have a poster, where no key of TMDB is set.
FEWEST_PER_HUNDRED = 1


@dataclass(frozen=True, slots=True)
class PosterRule:
    """The operator's choice for titles without a poster: show, hide or auto; `has_key`: TMDB can be asked."""

    posterless: str = "auto"
    has_key: bool = False

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Return the rule of an operator's settings."""
        return cls(settings.posterless, has_key=settings.tmdb_api_key is not None)

    def wants_poster(self, counts: Counts) -> bool:
        """Return whether lists that state no filter of posters leave out the titles without, by counts of BY_POSTER.

        With `auto` they show them where no title has a poster, and where no key is set and fewer than one in a hundred
        of the known titles have one. Posters only ever become more during a backfill, so the answer changes once.
        """
        if self.posterless != "auto":
            return self.posterless == "hide"
        by_group = counts.by_group
        if not sum(number for (is_shown, _), number in by_group.items() if is_shown):
            return False
        shown, others = by_group.get((True, True), 0), by_group.get((False, True), 0)
        return self.has_key or 100 * shown >= FEWEST_PER_HUNDRED * (shown + others)


class Posters(Protocol):
    """The loaders that this module asks: the rule, and counts by question."""

    @property
    def poster_rule(self) -> PosterRule:
        """The rule."""

    @property
    def counts(self) -> DataLoader[Question, Counts]:
        """The counts by question."""


async def load_poster_filter(loaders: Posters) -> bool | None:
    """Return `has_poster` for the filter of lists that state none: True, or None where titles without are shown."""
    rule = loaders.poster_rule
    counts = await loaders.counts.load(BY_POSTER) if rule.posterless == "auto" else Counts({}, None)
    return True if rule.wants_poster(counts) else None

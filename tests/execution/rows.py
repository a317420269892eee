"""Rows of the vault's schema: named tuples, slotted dataclasses, and classes that may hold more than their fields."""

from dataclasses import dataclass
from typing import Any, NamedTuple


@dataclass(frozen=True, slots=True)
class VenueRow:
    name: Any
    seats: Any
    first_year: Any


class PersonRow(NamedTuple):
    name: Any
    born: Any
    films: Any = ()


@dataclass(frozen=True, slots=True)
class FilmRow:
    id: Any
    name: Any
    title: Any
    year: Any
    votes: Any
    rating: Any
    is_lost: Any
    medium: Any
    rank: Any
    premiere: Any
    restored: Any
    imdb: Any
    secret: Any
    facts: Any
    tags: Any
    premieres: Any
    grid: Any
    rows: Any
    director: Any
    cast: Any
    prints: Any
    lead: Any
    venues: Any
    extra: Any
    credit: Any
    place: Any
    sequel: Any
    parts: Any
    reels: Any

    @property
    def tagline(self) -> str:
        """Fails for a film without a name, as a property may."""
        if self.name is None:
            raise LookupError("no name, no tagline")
        return f"{self.name}!"


@dataclass(frozen=True)
class OpenFilmRow(FilmRow):
    """A row with room for more than its fields."""


@dataclass
class Unslotted:
    """A person on whom Strawberry may have written a type."""

    name: Any
    born: Any
    films: Any = ()

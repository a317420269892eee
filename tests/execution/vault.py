"""A small schema with every kind of type, over rows in which every value may be wrong."""

import asyncio
import dataclasses
import datetime as dt
import enum
import random
from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Annotated, NewType

import strawberry
from graphql import GraphQLError, Undefined
from strawberry.scalars import JSON
from strawberry.schema.config import StrawberryConfig

from mediacanon.schema.scalars import CONFIG, ImdbId
from tests.execution.rows import FilmRow, OpenFilmRow, PersonRow, Unslotted, VenueRow

Secret = NewType("Secret", str)
SCALARS = CONFIG.scalar_map | {
    Secret: strawberry.scalar(name="Secret", serialize=lambda value: None if isinstance(value, str | int) else value)
}


class Later:
    """A value to await, any number of times."""

    def __init__(self, value: object) -> None:
        self.value = value

    def __await__(self):
        yield from asyncio.sleep(0).__await__()
        if isinstance(self.value, Exception):
            raise self.value
        return self.value


class Reel:
    """An iterable that is no list."""

    def __init__(self, *frames: object) -> None:
        self.frames = frames

    def __iter__(self) -> Iterator[object]:
        return iter(self.frames)


class Shouted(str):
    """Text of a class of its own."""

    __slots__ = ()


@strawberry.enum
class Medium(enum.Enum):
    film = "film"
    tape = "tape"


@strawberry.enum
class Rank(enum.Enum):
    LOW = 1
    HIGH = 2


@strawberry.interface
class Printed:
    """Its rows are Strawberry's own instances."""

    name: str
    year: int | None


@strawberry.type
class Poster(Printed):
    width: int | None


@strawberry.type
class Lobbycard(Printed):
    number: int

    @strawberry.field
    def caption(self) -> str:
        return f"{self.name}, {self.number}"


@strawberry.interface
class Venue:
    """Its rows are plain; each type recognises its own."""

    name: str


@strawberry.type
class Cinema(Venue):
    seats: int | None

    @classmethod
    def is_type_of(cls, value: object, _info: object) -> bool:
        return isinstance(value, VenueRow) and value.seats is not None


@strawberry.type
class Festival(Venue):
    first_year: int | None

    @classmethod
    def is_type_of(cls, value: object, _info: object) -> bool:
        return isinstance(value, VenueRow) and value.seats is None


@strawberry.type
class Person:
    name: str
    born: dt.date | None
    films: list[Annotated["Film", strawberry.lazy("tests.execution.vault")]]


@strawberry.type
class Film:
    id: strawberry.ID
    name: str | None
    title: str
    tagline: str | None
    year: int | None
    votes: int
    rating: float | None
    is_lost: bool | None
    medium: Medium | None
    rank: Rank | None
    premiere: dt.date | None
    restored: dt.datetime
    imdb: ImdbId | None
    secret: Secret | None
    facts: JSON | None
    tags: list[str]
    premieres: list[dt.date | None] | None
    grid: list[list[int | None]] | None
    rows: list[list[float]]
    director: Person | None
    cast: list[Person]
    prints: list[Printed] | None
    lead: Poster | None
    venues: list[Venue | None]
    extra: Annotated[Poster | Lobbycard, strawberry.union("Extra")] | None
    credit: Annotated[Person | Poster, strawberry.union("Credit")] | None
    place: Annotated[Cinema | Poster, strawberry.union("Place")] | None
    sequel: Annotated["Film", strawberry.lazy("tests.execution.vault")] | None
    parts: list[Annotated["Film", strawberry.lazy("tests.execution.vault")] | None] | None
    reels: list[list[Annotated["Film", strawberry.lazy("tests.execution.vault")]]] | None

    @strawberry.field
    @staticmethod
    async def note(root: strawberry.Parent["Film"], about: str = "all") -> str:
        await asyncio.sleep(0)
        return f"{about}: {root.year}"

    @strawberry.field
    @staticmethod
    def review(root: strawberry.Parent["Film"]) -> str:
        if root.votes == 1:
            raise GraphQLError("not reviewed", extensions={"code": "NOT_FOUND"})
        return "good"

    @strawberry.field
    @staticmethod
    async def remakes(
        root: strawberry.Parent["Film"],
    ) -> list[Annotated["Film", strawberry.lazy("tests.execution.vault")]]:
        await asyncio.sleep(0)
        return root.parts

    @strawberry.field
    @staticmethod
    async def maker(root: strawberry.Parent["Film"]) -> Person | None:
        return root.director


ODD: list[Callable[[], object]] = [
    *[lambda: None] * 4,
    lambda: RuntimeError("lost reel"),
    lambda: GraphQLError("censored", extensions={"code": "CUT"}),
    lambda: Later("later"),
    lambda: Later(None),
    lambda: Later(RuntimeError("never")),
    lambda: Undefined,
    lambda: "tape",
    lambda: Shouted("film"),
    lambda: 1,
    lambda: 2**40,
    lambda: float("nan"),
    lambda: float("inf"),
    lambda: -(2**31) - 1,
    lambda: -0.0,
    lambda: True,
    lambda: dt.datetime.fromisoformat("2024-02-29T12:30:00.537"),
    lambda: dt.date(1927, 1, 10),
    lambda: Rank.HIGH,
    lambda: Medium.tape,
    lambda: b"nitrate",
    lambda: {"name": "Metropolis"},
    lambda: Reel("a", "b"),
    lambda: ("a", "b"),
    lambda: strawberry.cast(Person, Unslotted("Thea", None)),
    lambda: Unslotted("Thea", None),
    lambda: (frame for frame in (1, 2)),
    lambda: [Later(3), None, RuntimeError("torn")],
    lambda: [[1, None], [2.0]],
    lambda: PersonRow("Thea", None),
    lambda: Poster(name="M", year=1931, width=None),
    lambda: strawberry.cast(Lobbycard, Poster(name="M", year=1931, width=1)),
    lambda: Later(PersonRow("Fritz", dt.date(1890, 12, 5))),
]


class Vault:
    """Makes the same rows from the same seed; one in `oddity` values is not of its type, none for 0."""

    def __init__(self, seed: int, oddity: int) -> None:
        self._random = random.Random(seed)
        self._oddity = oddity

    def _or_odd(self, make: Callable[[], object]) -> object:
        value = make()
        if self._oddity and self._random.randrange(self._oddity) == 0:
            return self._random.choice(ODD)()
        return value

    def _list(self, make: Callable[[], object], most: int = 3) -> list[object]:
        return [self._or_odd(make) for _ in range(self._random.randrange(most + 1))]

    def person(self, depth: int = 1) -> PersonRow:
        """Make a person with films."""
        values = (lambda: "Thea", lambda: dt.date(1888, 12, 27), lambda: self.films(depth + 1))
        return PersonRow(*(self._or_odd(make) for make in values))

    def printed(self) -> Printed:
        """Make a poster or a lobby card."""
        if self._random.randrange(2):
            return Poster(name=self._or_odd(lambda: "M"), year=self._or_odd(lambda: 1931), width=12)
        return Lobbycard(name="M", year=1931, number=self._or_odd(lambda: 4))

    def venue(self) -> VenueRow:
        """Make a cinema or a festival."""
        seats = self._random.choice([None, 700])
        return VenueRow(self._or_odd(lambda: "Ufa-Palast"), seats, self._or_odd(lambda: 1932))

    async def wait(self) -> None:
        """Let other coroutines run first."""
        await asyncio.sleep(0)

    def odd_film(self) -> object:
        """Make a film, or any odd value."""
        return self._or_odd(self.film)

    def films(self, depth: int = 0) -> list[object]:
        """Make a list of films."""
        return self._list(lambda: self.film(depth))

    def film(self, depth: int = 0) -> FilmRow:
        """Make a film with all around it."""
        deeper = depth < 2
        valid: dict[str, Callable[[], object]] = {
            "id": lambda: f"f{depth}",
            "name": lambda: self._random.choice(["Metropolis", None, "M"]),
            "title": lambda: "Metropolis",
            "year": lambda: self._random.choice([1927, None]),
            "votes": lambda: self._random.choice([1, 180_000]),
            "rating": lambda: self._random.choice([8.3, 8, None]),
            "is_lost": lambda: False,
            "medium": lambda: self._random.choice(["film", "tape", Medium.tape, None]),
            "rank": lambda: self._random.choice([1, Rank.HIGH, None]),
            "premiere": lambda: dt.date(1927, 1, 10),
            "restored": lambda: "2010-02-12 20:15:00.0005",
            "imdb": lambda: "tt0017136",
            "secret": lambda: 2.5,
            "facts": lambda: {"reels": [1, 2]},
            "tags": lambda: self._list(lambda: "silent"),
            "premieres": lambda: self._list(lambda: self._random.choice([dt.date(1927, 3, 13), None])),
            "grid": lambda: self._list(lambda: self._list(lambda: 5)),
            "rows": lambda: self._list(lambda: self._list(lambda: 2.5)),
            "director": lambda: self.person(depth) if deeper else None,
            "cast": lambda: self._list(lambda: self.person(depth)) if deeper else [],
            "prints": lambda: self._list(self.printed),
            "lead": lambda: Poster(name="M", year=1931, width=12),
            "venues": lambda: self._list(self.venue),
            "extra": self.printed,
            "credit": self.printed,
            "place": lambda: self._random.choice(
                [None, VenueRow("Gloria", 900, None), Poster(name="M", year=1931, width=1)]
            ),
            "sequel": lambda: self.film(depth + 1) if deeper else None,
            "parts": lambda: self.films(depth + 1) if deeper else [],
            "reels": lambda: self._list(lambda: self.films(depth + 1), 2) if deeper else None,
        }
        class_ = self._random.choice([FilmRow, FilmRow, FilmRow, OpenFilmRow])
        return class_(*(self._or_odd(valid[field.name]) for field in fields(FilmRow)))


class Studio(Vault):
    """A context whose rows are valid."""

    def __init__(self) -> None:
        super().__init__(seed=3, oddity=0)


@strawberry.type
class Query:
    studio: str

    @strawberry.field
    @staticmethod
    def film(info: strawberry.Info) -> Film | None:
        return info.context.film()

    @strawberry.field
    @staticmethod
    async def films(info: strawberry.Info) -> list[Film]:
        await asyncio.sleep(0)
        return info.context.films()

    @strawberry.field
    @staticmethod
    async def slow_film(info: strawberry.Info, rank: Rank | None = Rank.LOW, name: str = "M") -> Film | None:
        await info.context.wait()
        found = info.context.odd_film()
        return dataclasses.replace(found, rank=rank, tags=[name]) if isinstance(found, FilmRow) else found

    @strawberry.field
    @staticmethod
    async def prints(info: strawberry.Info, first: int = 2) -> list[Printed]:
        return [info.context.printed() for _ in range(first)]

    @strawberry.field
    @staticmethod
    async def extra(info: strawberry.Info) -> Annotated[Poster | Lobbycard, strawberry.union("Extra")] | None:
        return info.context.printed()

    @strawberry.field
    @staticmethod
    async def venues(info: strawberry.Info) -> list[Venue]:
        return [info.context.venue(), info.context.venue()]


ROOTS = {
    "studio": [""],
    "film": [""],
    "films": [""],
    "slowFilm": ["", "(rank: HIGH)", '(name: "Nosferatu", rank: null)'],
    "prints": ["", "(first: 3)"],
    "extra": [""],
    "venues": [""],
}
SCHEMA = strawberry.Schema(Query, types=[Festival], config=StrawberryConfig(scalar_map=SCALARS))

"""The filter of lists of titles: the input of `discover` and `titles`, checked and passed to the loaders."""

import dataclasses
from typing import Any

import strawberry
from strawberry.utils.str_converters import to_camel_case

from mediacanon.errors import BadArgument
from mediacanon.loaders.discover import DiscoverFilter
from mediacanon.schema.ids import TitleType

LONGEST_LIST = 50
# Each genre of genresAll is a join of its own; IMDb gives a title at most three.
MOST_GENRES_ALL = 5
LONGEST_NAME = 100
HIGHEST_RATING = 10
LIST_LIMITS = {
    "genres_in": LONGEST_LIST,
    "genres_all": MOST_GENRES_ALL,
    "genres_not_in": LONGEST_LIST,
    "language_in": LONGEST_LIST,
    "country_in": LONGEST_LIST,
}


def _option(description: str) -> Any:  # noqa: ANN401 - dataclasses.field is typed so
    return strawberry.field(description=description, default=None)


@strawberry.input(
    description="What titles are restricted to: all that is given must hold, and an empty list restricts nothing. "
    "Bounds are inclusive; a title without the fact is outside of them."
)
class TitleFilter:
    """The filter of lists of titles."""

    type: TitleType | None = _option("Only movies or only shows.")
    genres_in: list[str] | None = _option(
        "With one of these genres, by any spelling of their names or TMDB's names; at most 50."
    )
    genres_all: list[str] | None = _option("With each of these genres; at most 5.")
    genres_not_in: list[str] | None = _option("With none of these genres; at most 50.")
    language_in: list[str] | None = _option(
        "With one of these original languages, ISO 639-1 codes or English names in any case; at most 50."
    )
    country_in: list[str] | None = _option(
        "From one of these countries, ISO 3166-1 codes or English names in any case; at most 50."
    )
    year_min: int | None = _option("The earliest year of release, of a show the first.")
    year_max: int | None = _option("The latest year of release, of a show the first.")
    rating_min: float | None = _option("The lowest rating, 0 to 10.")
    rating_max: float | None = _option("The highest rating, 0 to 10.")
    votes_min: int | None = _option("The fewest votes.")
    votes_max: int | None = _option("The most votes.")
    runtime_min: int | None = _option("The shortest running time in minutes.")
    runtime_max: int | None = _option("The longest running time in minutes.")


def discover_filter(given: TitleFilter | None, *, hides_adult: bool) -> DiscoverFilter:
    """Return the loaders' filter. Raises BadArgument for a long list, an impossible name or an impossible rating."""
    if given is None:
        return DiscoverFilter(hides_adult=hides_adult)
    restrictions: dict[str, Any] = {field.name: getattr(given, field.name) for field in dataclasses.fields(given)}
    restrictions = {name: value for name, value in restrictions.items() if value is not None}
    for name, most in LIST_LIMITS.items():
        if name in restrictions:
            restrictions[name] = _checked_list(name, restrictions[name], most)
    for name in ("rating_min", "rating_max"):
        if not 0 <= restrictions.get(name, 0) <= HIGHEST_RATING:
            raise BadArgument(f"{to_camel_case(name)} must be from 0 to {HIGHEST_RATING}")
    if "type" in restrictions:
        restrictions["type"] = restrictions["type"].name
    return DiscoverFilter(**restrictions, hides_adult=hides_adult)


def _checked_list(name: str, values: list[str], most: int) -> tuple[str, ...]:
    if len(values) > most:
        raise BadArgument(f"{to_camel_case(name)} may have at most {most} entries")
    if not all(value.isprintable() and len(value) <= LONGEST_NAME for value in values):
        raise BadArgument(f"{to_camel_case(name)} wants names of at most {LONGEST_NAME} printable characters")
    return tuple(values)

"""The filter of lists of titles: the input of `discover` and `titles`, checked and passed to the loaders."""

import dataclasses
import datetime as dt
from typing import Any

import strawberry
from strawberry.utils.str_converters import to_camel_case

from mediacanon.errors import BadArgument
from mediacanon.loaders.discover import DiscoverFilter
from mediacanon.schema.context import Info
from mediacanon.schema.ids import TitleType
from mediacanon.vocabulary import DEFAULT_COUNTRY, TITLE_STATUSES, certified_at_most

LONGEST_LIST = 50
# Each entry is a join of its own; IMDb gives a title at most three genres.
MOST_OF_ALL = 5
LONGEST_NAME = 100
HIGHEST_RATING = 10
LIST_LIMITS = {
    "genres_in": LONGEST_LIST,
    "genres_all": MOST_OF_ALL,
    "genres_not_in": LONGEST_LIST,
    "language_in": LONGEST_LIST,
    "country_in": LONGEST_LIST,
    "keywords_in": LONGEST_LIST,
    "keywords_all": MOST_OF_ALL,
    "companies_in": LONGEST_LIST,
    "companies_all": MOST_OF_ALL,
    "networks_in": LONGEST_LIST,
    "networks_all": MOST_OF_ALL,
    "status_in": LONGEST_LIST,
    "people_in": LONGEST_LIST,
    "cast_in": LONGEST_LIST,
    "directed_by": LONGEST_LIST,
    "written_by": LONGEST_LIST,
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
    keywords_in: list[str] | None = _option(
        "With one of these keywords of TMDB, by name in any case or by TMDB's number; at most 50."
    )
    companies_in: list[str] | None = _option("By one of these companies, likewise; at most 50.")
    networks_in: list[str] | None = _option("First shown by one of these networks, likewise; at most 50.")
    keywords_all: list[str] | None = _option("With each of these keywords; at most 5.")
    companies_all: list[str] | None = _option("By each of these companies; at most 5.")
    networks_all: list[str] | None = _option("First shown by each of these networks; at most 5.")
    status_in: list[str] | None = _option(
        f"With one of these statuses, TMDB's words in any case: {', '.join(TITLE_STATUSES)}."
    )
    certification_max: str | None = _option(
        "Certified for this audience or a younger one, in the word of certificationCountry: PG-13. A title without a "
        "certification there is left out; where the order of a country's words is unknown, only the word itself counts."
    )
    certification_country: str | None = _option("The country of certificationMax, US if it is left out.")
    has_video: bool | None = _option("Only with a trailer or teaser, or only without.")
    has_poster: bool | None = strawberry.field(
        description="Only with a poster, or only without; null: both. Left out: both, but in `discover` the rule of "
        "the server, which shows titles without a poster only in a catalogue that TMDB was hardly asked about.",
        default=strawberry.UNSET,
    )
    has_imdb_id: bool | None = _option("Only with an IMDb id, or only without.")
    has_tmdb_id: bool | None = _option("Only titles whose id at TMDB is known, or only others.")
    released_from: dt.date | None = _option("The earliest day of first release, of a show of its first episode.")
    released_until: dt.date | None = _option("The latest day of first release.")
    airs_from: dt.date | None = _option("Shows with an episode that is first shown on this day or later.")
    airs_until: dt.date | None = _option("Shows with an episode that is first shown on this day or earlier.")
    changed_from: dt.datetime | None = _option("Changed at this moment or later.")
    changed_until: dt.datetime | None = _option("Changed at this moment or earlier.")
    people_in: list[int] | None = _option("With one of these people, by our ids, in the cast or the crew; at most 50.")
    cast_in: list[int] | None = _option("With one of these people in the cast; at most 50.")
    directed_by: list[int] | None = _option("Directed by one of these people; at most 50.")
    written_by: list[int] | None = _option("Written by one of these people; at most 50.")


async def discover_filter(given: TitleFilter | None, info: Info, *, is_discover: bool = False) -> DiscoverFilter:
    """Return the loaders' filter. Raises BadArgument for a long list, an impossible name or an impossible rating.

    `is_discover`: a filter without `hasPoster` leaves titles without a poster to the server's rule.
    """
    loaders = info.context.loaders
    given = given or TitleFilter()
    if given.has_poster is strawberry.UNSET:
        given = dataclasses.replace(given, has_poster=await loaders.poster_filter() if is_discover else None)
    restrictions: dict[str, Any] = {field.name: getattr(given, field.name) for field in dataclasses.fields(given)}
    restrictions = {name: value for name, value in restrictions.items() if value is not None}
    for name, most in LIST_LIMITS.items():
        if name in restrictions:
            restrictions[name] = _checked_list(name, restrictions[name], most)
    for name in ("rating_min", "rating_max"):
        if not 0 <= restrictions.get(name, 0) <= HIGHEST_RATING:
            raise BadArgument(f"{to_camel_case(name)} must be from 0 to {HIGHEST_RATING}")
    word, country = (restrictions.pop(name, "") for name in ("certification_max", "certification_country"))
    if word:
        if not f"{word}{country}".isprintable():
            raise BadArgument("certificationMax and certificationCountry want printable characters")
        restrictions["certified_in"] = certified_at_most(country or DEFAULT_COUNTRY, word)
    if "type" in restrictions:
        restrictions["type"] = restrictions["type"].name
    _join_airs(restrictions)
    return DiscoverFilter(**restrictions, hides_adult=loaders.hides_adult)


def _join_airs(restrictions: dict[str, Any]) -> None:
    """Join the bounds of an episode's day: they are those of one episode."""
    airs = [restrictions.pop(name, None) for name in ("airs_from", "airs_until")]
    if any(airs):
        restrictions["airs_within"] = airs[0] or dt.date.min, airs[1] or dt.date.max


def _checked_list(name: str, values: list[str] | list[int], most: int) -> tuple[str | int, ...]:
    if len(values) > most:
        raise BadArgument(f"{to_camel_case(name)} may have at most {most} entries")
    names = [value for value in values if isinstance(value, str)]
    if not all(value.isprintable() and len(value) <= LONGEST_NAME for value in names):
        raise BadArgument(f"{to_camel_case(name)} wants names of at most {LONGEST_NAME} printable characters")
    return tuple(values)

"""Alternative titles: all of a title, and the one that a person reads first."""

from typing import Annotated, Protocol, cast

import strawberry

from mediacanon.imdb.regions import NEVER_INSTEAD, codes_of, language_of, main_region
from mediacanon.loaders.name import DisplayNames, NameRow
from mediacanon.schema.context import Info
from mediacanon.schema.title_facts import asked_tags
from mediacanon.tmdb.languages import MAIN_COUNTRIES

NameLanguages = Annotated[
    list[str],
    strawberry.argument(
        description="ISO 639-1 codes in order of preference, with a country if it matters: de-AT, which de follows."
    ),
]


class Named(Protocol):
    """A row of a title."""

    title_id: int
    display_name: str
    original_title: str | None
    original_language: str | None


@strawberry.type(description="A name of a title: the original, the one of a country, or another one.")
class TitleName:
    """An alternative title."""

    name: str = strawberry.field(description="The name.")
    region: str | None = strawberry.field(
        description="ISO 3166-1 code of the country, or IMDb's own, such as XWW (world-wide) and SUHH (Soviet Union)."
    )
    language: str | None = strawberry.field(
        description="IMDb's code of the language, mostly null: then the country tells it."
    )
    kind: str = strawberry.field(
        description="IMDb's word: original, display (as the country shows it), alternative, working, tv, dvd, "
        "festival, video; other without one."
    )
    attributes: list[str] = strawberry.field(description="IMDb's remarks: literal title, reissue title.")


@strawberry.type(description="The name of a title in the first language that has one.")
class LocalName:
    """A chosen name."""

    text: str = strawberry.field(description="The name.")
    language: str | None = strawberry.field(
        description="The language that won, as it was asked for; null for the name that people know it by elsewhere."
    )
    region: str | None = strawberry.field(description="The country whose name it is; null for an original title.")


async def names(root: strawberry.Parent[Named], info: Info) -> list[TitleName]:
    """Load the names of a title."""
    return cast("list[TitleName]", await info.context.loaders.names_by_title_id.load(root.title_id))


async def name(
    root: strawberry.Parent[Named],
    info: Info,
    languages: NameLanguages = ["en"],  # noqa: B006 - a GraphQL default
) -> LocalName | None:
    """Load the name in the first language that has one."""
    tags = asked_tags(languages)
    codes = [codes_of(tag.partition("-")[0]) for tag in tags]
    asked = DisplayNames(
        title_id=root.title_id,
        regions=frozenset(region for regions, _ in codes for region in regions)
        | {country for tag in tags if (country := tag.partition("-")[2])},
        languages=frozenset(code for _, spoken in codes for code in spoken),
    )
    return chosen(root, tags, await info.context.loaders.display_names.load(asked))


def chosen(title: Named, tags: list[str], rows: list[NameRow]) -> LocalName:
    """Return the name in the first language that has one, else the display name.

    A tag with a country takes that country's name; one without takes the name of the language's main country, else the
    original title if it is in the language, else the name of another country.
    """
    for tag in tags:
        language, _, country = tag.partition("-")
        # The first of a country's names wins.
        theirs = {row.region: row for row in reversed(rows) if language_of(row.region, row.language) == language}
        if row := theirs.get(country or MAIN_COUNTRIES.get(language) or main_region(language)):
            return LocalName(text=row.name, language=tag, region=row.region)
        if country:
            continue
        if title.original_language == language and title.original_title:
            return LocalName(text=title.original_title, language=tag, region=None)
        if others := [row for region, row in theirs.items() if region != NEVER_INSTEAD.get(language)]:
            return LocalName(text=others[-1].name, language=tag, region=others[-1].region)
    return LocalName(text=title.display_name, language=None, region=None)


Names = Annotated[
    list[TitleName],
    strawberry.field(
        resolver=names, description="Its names: the original, then those of countries by code, working titles last."
    ),
]
# Null for refused arguments, which cost no other field of the title.
NameIn = Annotated[
    LocalName | None,
    strawberry.field(
        resolver=name,
        description="Its name in the first language that has one: as the country shows it, else the original title if "
        "that is in the language, else the next language, and at last the display name.",
    ),
]

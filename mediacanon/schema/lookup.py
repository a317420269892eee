"""`lookup`: the titles, episodes and people of many ids of other catalogues, in one call."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, TypeVar, cast

import strawberry

from mediacanon.errors import MOST_QUOTED, BadArgument
from mediacanon.loaders import Loaders
from mediacanon.loaders.dataloader import DataLoader
from mediacanon.loaders.person import PersonRow, imdb_number
from mediacanon.loaders.season import EpisodeRow
from mediacanon.loaders.title import TitleRow
from mediacanon.schema.context import Info
from mediacanon.schema.person import Person
from mediacanon.schema.scalars import NUMBERED_ID, TMDB_PERSON, TVDB_SHOW, ExternalId, external_id_fault
from mediacanon.schema.season import Episode
from mediacanon.schema.title import Title
from mediacanon.vocabulary import IMDB_ID, IMDB_PERSON_ID

Key = TypeVar("Key")
Row = TypeVar("Row")

MOST_IDS = 500


@strawberry.type(description="What an external id stands for: a title, an episode or a person.")
class Found:
    """An id and its entity: the field of its noun."""

    id: ExternalId = strawberry.field(description="The id as it was asked for.")
    title: Title | None = strawberry.field(description="The title, where it is one.")
    episode: Episode | None = strawberry.field(description="The episode, where it is one.")
    person: Person | None = strawberry.field(description="The person, where it is one.")


@strawberry.type(description="A malformed id.")
class InvalidId:
    """An id that is none of IMDb's, TMDB's or TVDB's."""

    id: str = strawberry.field(description="The id as it was asked for, its first 100 characters.")
    reason: str = strawberry.field(description="What is wrong with it.")


@strawberry.type(description="The answer to a look-up of many ids.")
class Lookup:
    """Found, missing and invalid ids, each in the order of the request."""

    found: list[Found] = strawberry.field(description="The known ids with what they stand for.")
    missing: list[ExternalId] = strawberry.field(description="The ids that nothing here has.")
    invalid: list[InvalidId] = strawberry.field(description="The malformed ids; the others are looked up all the same.")


@dataclass(frozen=True, slots=True)
class FoundRow:
    """An id and its row, in the attribute of its noun."""

    id: str
    title: TitleRow | None = None
    episode: EpisodeRow | None = None
    person: PersonRow | None = None


@strawberry.type
class LookupQueries:
    """The root field over external ids."""

    @strawberry.field(description="What up to 500 ids of other catalogues stand for, in one call.")
    @staticmethod
    async def lookup(
        info: Info,
        ids: Annotated[
            list[ExternalId],
            strawberry.argument(
                description="IMDb's ids of titles, episodes, people, TMDB's as `movie:603`, `show:1396`, `person:31`, "
                "TVDB's of shows as `tvdb:81189`."
            ),
        ],
    ) -> Lookup:
        """Look the ids up: one statement each for the kinds of IMDb, of TMDB and of TVDB."""
        if len(ids) > MOST_IDS:
            raise BadArgument(f"ids may hold at most {MOST_IDS}")
        faults = {each: external_id_fault(each) for each in ids}
        distinct = [each for each, fault in faults.items() if fault is None]
        invalid = [InvalidId(id=each[:MOST_QUOTED], reason=fault) for each, fault in faults.items() if fault]
        found = await find(info.context.loaders, distinct)
        missing = [each for each in distinct if each not in found]
        rows = [found[each] for each in distinct if each in found]
        return Lookup(found=cast("list[Found]", rows), missing=missing, invalid=invalid)


async def find(loaders: Loaders, ids: Sequence[str]) -> Mapping[str, FoundRow]:
    """Return the row of each id that is known."""
    imdb = {each: each for each in ids if IMDB_ID.fullmatch(each)}
    keys = {each: (key[1], int(key[2])) for each in ids if (key := NUMBERED_ID.fullmatch(each))}
    persons = {each: number for each, (kind, number) in keys.items() if kind == TMDB_PERSON}
    tvdb = {each: number for each, (kind, number) in keys.items() if kind == TVDB_SHOW}
    tmdb = {each: key for each, key in keys.items() if each not in persons and each not in tvdb}
    titles = await _known(imdb, lambda: loaders.title_by_imdb_id)
    titles |= await _known(tmdb, lambda: loaders.title_by_tmdb_id)
    titles |= await _known(tvdb, lambda: loaders.show_by_tvdb_id)
    others = {each: each for each in imdb if each not in titles}
    episodes = await _known(others, lambda: loaders.episode_by_imdb_id)
    named = {each: imdb_number(each) for each in ids if IMDB_PERSON_ID.fullmatch(each)}
    people = await _known(named, lambda: loaders.person_by_id)
    people |= await _known(persons, lambda: loaders.person_by_tmdb_id)
    loaders.depend_on_people(row.person_id for row in people.values())
    return {
        **{each: FoundRow(each, title=row) for each, row in titles.items()},
        **{each: FoundRow(each, episode=row) for each, row in episodes.items()},
        **{each: FoundRow(each, person=row) for each, row in people.items()},
    }


async def _known(keys: Mapping[str, Key], loader: Callable[[], DataLoader[Key, Row | None]]) -> dict[str, Row]:
    """Return the row of each id that has one, by the keys of the ids; without any there is nothing to wait for."""
    rows = await loader().load_many(keys.values()) if keys else ()
    return {each: row for each, row in zip(keys, rows, strict=True) if row is not None}

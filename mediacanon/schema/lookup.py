"""`lookup`: what many ids of other catalogues stand for, in one call."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, cast

import strawberry

from mediacanon.errors import BadArgument
from mediacanon.schema.context import Info
from mediacanon.schema.scalars import TMDB_KEY, ExternalId
from mediacanon.schema.season import Episode
from mediacanon.schema.title import Title
from mediacanon.vocabulary import IMDB_ID

MOST_IDS = 500


@strawberry.type(description="What an external id stands for: a title or an episode.")
class Found:
    """An id and its entity."""

    id: ExternalId = strawberry.field(description="The id as it was asked for.")
    title: Title | None = strawberry.field(description="The title, where it is one.")
    episode: Episode | None = strawberry.field(description="The episode, where it is one.")


@strawberry.type(description="The answer to a look-up of many ids.")
class Lookup:
    """Found and missing ids, each in the order of asking."""

    found: list[Found] = strawberry.field(description="The known ids with what they stand for.")
    missing: list[ExternalId] = strawberry.field(description="The ids that nothing here has.")


@dataclass(frozen=True, slots=True)
class FoundRow:
    """An id and its row."""

    id: str
    title: Any
    episode: Any


@strawberry.type
class LookupQueries:
    """Root fields over external ids."""

    @strawberry.field(description="What up to 500 ids of other catalogues stand for, in one call.")
    @staticmethod
    async def lookup(
        info: Info,
        ids: Annotated[
            list[ExternalId],
            strawberry.argument(description="IMDb's ids of titles and episodes, TMDB's as `movie:603` or `show:1396`."),
        ],
    ) -> Lookup:
        """Look the ids up: one statement for IMDb's titles, one for its episodes, one for TMDB's titles."""
        if len(ids) > MOST_IDS:
            raise BadArgument(f"ids may hold at most {MOST_IDS}")
        rows = await _rows(info, list(dict.fromkeys(ids)))
        found = [row for row in rows if row.title or row.episode]
        missing = [row.id for row in rows if not (row.title or row.episode)]
        return Lookup(found=cast("list[Found]", found), missing=cast("list[ExternalId]", missing))


async def _rows(info: Info, ids: Sequence[str]) -> list[FoundRow]:
    loaders = info.context.loaders
    imdb = [each for each in ids if IMDB_ID.fullmatch(each)]
    tmdb = {each: (key[1], int(key[2])) for each in ids if (key := TMDB_KEY.fullmatch(each))}
    titles: dict[str, Any] = dict(zip(imdb, await loaders.title_by_imdb_id.load_many(imdb), strict=True))
    titles |= dict(zip(tmdb, await loaders.title_by_tmdb_id.load_many(list(tmdb.values())), strict=True))
    others = [each for each in imdb if titles[each] is None]
    episodes = dict(zip(others, await loaders.episode_by_imdb_id.load_many(others), strict=True))
    return [FoundRow(each, titles[each], episodes.get(each)) for each in ids]

"""Enrichment in resolvers: a field of one entity waits a moment for TMDB, a list queues its titles."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol, TypeVar

from mediacanon.errors import UpstreamUnavailable
from mediacanon.loaders.person import PersonRow
from mediacanon.loaders.title import TitleRow
from mediacanon.schema.context import Info


class TitlePart(Protocol):
    """A row that carries the id of its title: a title, movie, show or season."""

    @property
    def title_id(self) -> int:
        """Our id of the title."""


Row = TypeVar("Row")
Part = TypeVar("Part", bound=TitlePart)


async def enriched(info: Info, row: Part | None, reload: Callable[[Part], Awaitable[Part | None]]) -> Part | None:
    """Return a row, loaded again if TMDB was asked about its title."""
    if row is None or not await _enrich(info, row.title_id):
        return row
    return await reload(row)


async def enriched_person(info: Info, row: PersonRow | None) -> PersonRow | None:
    """Return a person, loaded again if TMDB was asked about them."""
    enrichment = info.context.enrichment
    if row is None or enrichment is None or not await enrichment.person(row.person_id):
        return row
    info.context.loaders.clear()
    return await info.context.loaders.person_by_id.load(row.person_id)


async def enriched_through(
    info: Info,
    row: Row | None,
    parent: Callable[[Row], Awaitable[TitlePart | None]],
    reload: Callable[[Row], Awaitable[Row | None]],
) -> Row | None:
    """Return a row as `enriched` does; `parent` loads the row that carries its title's id, None if it was deleted."""
    if row is None or info.context.enrichment is None:
        return row
    part = await parent(row)
    if part is None or not await _enrich(info, part.title_id):
        return row
    return await reload(row)


async def _enrich(info: Info, title_id: int) -> bool:
    """Wait a moment for TMDB's facts of a title; return whether rows have to be loaded again."""
    enrichment = info.context.enrichment
    if enrichment is None or not await enrichment.title(title_id):
        return False
    info.context.loaders.clear()
    return True


def queue_enrichment(info: Info, titles: Sequence[TitleRow]) -> None:
    """Queue the titles of a list that lack a poster or that TMDB was never asked about."""
    if enrichment := info.context.enrichment:
        enrichment.queue(one.title_id for one in titles if one.image_url is None or one.enriched_at is None)


async def refresh(info: Info, title_id: int) -> None:
    """Fetch a title's facts from TMDB anew. Raises NotFound, UpstreamUnavailable, or the denial of a write."""
    _ = info.context.writes
    enrichment = info.context.enrichment
    if enrichment is None:
        raise UpstreamUnavailable("This server has no key for TMDB: nothing can be refreshed")
    await enrichment.refresh(title_id)
    info.context.loaders.clear()

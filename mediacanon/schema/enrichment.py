"""Enrichment as resolvers use it: a single entity waits a moment for TMDB, lists only tell what they showed."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol, TypeVar

from mediacanon.errors import UpstreamUnavailable
from mediacanon.loaders.season import EpisodeRow, SeasonRow, WholeSeasonRow
from mediacanon.loaders.title import TitleRow
from mediacanon.schema.context import Info
from mediacanon.schema.mutation_results import fresh_loaders


class OfTitle(Protocol):
    """A row that says which title it is of."""

    @property
    def title_id(self) -> int:
        """Our id of the title."""


Row = TypeVar("Row", bound=OfTitle | SeasonRow | WholeSeasonRow | EpisodeRow)


async def enriched(info: Info, row: Row | None, load_again: Callable[[Row], Awaitable[Row | None]]) -> Row | None:
    """Return a row, loaded again where something was missing and TMDB may have told it by now."""
    enrichment = info.context.enrichment
    if enrichment is None or row is None:
        return row
    title_id = await _title_id(info, row)
    if title_id is None or not await enrichment.title(title_id):
        return row
    fresh_loaders(info)
    return await load_again(row)


async def _title_id(info: Info, row: OfTitle | SeasonRow | WholeSeasonRow | EpisodeRow) -> int | None:
    """Return the title that an entity belongs to, None where it was deleted meanwhile."""
    loaders = info.context.loaders
    found: Any = row
    if isinstance(found, EpisodeRow):
        found = await loaders.season_by_id.load(found.season_id)
    if isinstance(found, SeasonRow | WholeSeasonRow):
        found = await loaders.show_by_id.load(found.show_id)
    return None if found is None else found.title_id


def note_shown(info: Info, titles: Sequence[TitleRow]) -> None:
    """Have titles without a poster, or that TMDB was never asked about, looked up when nobody waits."""
    if enrichment := info.context.enrichment:
        enrichment.queue(one.title_id for one in titles if one.image_url is None or one.enriched_at is None)


async def refresh(info: Info, title_id: int) -> None:
    """Ask TMDB anew about a title. Raises NotFound or UpstreamUnavailable, or the refusal of who may not write."""
    _ = info.context.writes
    enrichment = info.context.enrichment
    if enrichment is None:
        raise UpstreamUnavailable("This server has no key for TMDB: nothing can be refreshed")
    await enrichment.refresh(title_id)
    fresh_loaders(info)

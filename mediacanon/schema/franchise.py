"""Root fields about franchises, TMDB's collections of films."""

from typing import Annotated, cast

import strawberry

from mediacanon.errors import BadArgument
from mediacanon.loaders.franchise import FranchiseRow
from mediacanon.schema.context import Info
from mediacanon.schema.pagination import check_page
from mediacanon.schema.title_facts import Franchise

MOST_FRANCHISES = 50
LONGEST_NAME = 200


@strawberry.type
class FranchiseQueries:
    """Root fields about franchises."""

    @strawberry.field(description="The films under TMDB's id of a collection; null where none is known.")
    @staticmethod
    async def franchise(
        info: Info, tmdb_id: Annotated[int, strawberry.argument(description="TMDB's id of the collection.")]
    ) -> Franchise | None:
        """Load a franchise; its films are fetched from TMDB in the background where they are missing or old."""
        row = await info.context.loaders.franchise_by_id.load(tmdb_id)
        if row and (enrichment := info.context.enrichment):
            enrichment.queue_franchise(row.tmdb_id, row.fetched_at)
        return cast("Franchise | None", row)

    @strawberry.field(description="Franchises whose name has all words of a text, the closest first.")
    @staticmethod
    async def franchises(
        info: Info,
        query: Annotated[str, strawberry.argument(description="Words of the name.")],
        limit: Annotated[int, strawberry.argument(description="How many franchises, 1 to 50.")] = 20,
    ) -> list[Franchise]:
        """Load franchises by name."""
        check_page(1, limit, most=MOST_FRANCHISES, size="limit")
        if len(query) > LONGEST_NAME:
            raise BadArgument(f"query may have at most {LONGEST_NAME} characters")
        loaders = info.context.loaders
        found = await loaders.franchise_by_id.load_many(await loaders.franchises_by_name(query, limit=limit))
        return cast("list[Franchise]", [row for row in found if isinstance(row, FranchiseRow)])

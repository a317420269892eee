"""The schema: every root field, gathered from the nouns."""

from typing import Any

import strawberry

from mediacanon.schema.catalogue import CatalogueQueries
from mediacanon.schema.movie import MovieQueries
from mediacanon.schema.scalars import CONFIG
from mediacanon.schema.season import SeasonQueries
from mediacanon.schema.show import ShowQueries
from mediacanon.schema.title import TitleQueries


@strawberry.type(description="Everything one can ask.")
class Query(TitleQueries, MovieQueries, ShowQueries, SeasonQueries, CatalogueQueries):
    """The root of all queries."""


def build_schema(**options: Any) -> strawberry.Schema:  # noqa: ANN401 - strawberry.Schema's own options
    """Return the schema; `options` go to strawberry.Schema."""
    return strawberry.Schema(Query, config=CONFIG, **options)

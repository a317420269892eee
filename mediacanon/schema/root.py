"""The schema: the root fields of every noun."""

import strawberry

from mediacanon.schema.catalogue import CatalogueQueries
from mediacanon.schema.choices import ChoiceQueries
from mediacanon.schema.collection import CollectionQueries
from mediacanon.schema.discover import DiscoverQueries
from mediacanon.schema.franchise import FranchiseQueries
from mediacanon.schema.lookup import LookupQueries
from mediacanon.schema.movie import MovieQueries
from mediacanon.schema.person import PersonQueries
from mediacanon.schema.person_mutations import PersonMutations
from mediacanon.schema.scalars import CONFIG
from mediacanon.schema.search import SearchQueries
from mediacanon.schema.season import SeasonQueries
from mediacanon.schema.season_mutations import SeasonMutations
from mediacanon.schema.show import ShowQueries
from mediacanon.schema.title import TitleQueries
from mediacanon.schema.title_mutations import MovieMutations, ShowMutations, TitleMutations


@strawberry.type(description="Everything one can ask.")
class Query(
    TitleQueries,
    SearchQueries,
    LookupQueries,
    MovieQueries,
    ShowQueries,
    SeasonQueries,
    PersonQueries,
    FranchiseQueries,
    CatalogueQueries,
    DiscoverQueries,
    ChoiceQueries,
    CollectionQueries,
):
    """The root of all queries."""


@strawberry.type(name="Mutation", description="Everything one can change; each change is one transaction.")
class Mutations(TitleMutations, MovieMutations, ShowMutations, SeasonMutations, PersonMutations):
    """The root of all mutations."""


def build_schema() -> strawberry.Schema:
    """Return the schema."""
    return strawberry.Schema(Query, Mutations, config=CONFIG)

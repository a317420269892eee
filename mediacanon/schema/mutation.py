"""Every root field that changes something, gathered from the nouns."""

import strawberry

from mediacanon.schema.season_changes import SeasonMutations
from mediacanon.schema.title_changes import MovieMutations, ShowMutations, TitleMutations


@strawberry.type(name="Mutation", description="Everything one can change; each change is one transaction.")
class Mutations(TitleMutations, MovieMutations, ShowMutations, SeasonMutations):
    """The root of all mutations."""

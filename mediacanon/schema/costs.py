"""Costs of fields, in the words of the GraphQL cost directives (ibm.github.io/graphql-specs/cost-spec.html)."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldCosts:
    """The costs of a schema's fields. Keys name a field as `Type.field`."""

    # Cost of a field beside its value. Without a weight, a resolver of a scalar costs 1 and any other field nothing.
    weights: Mapping[str, int]
    # Length of a list without a slicing argument, and of all lists that `assumed_sizes` does not name.
    assumed_sizes: Mapping[str, int]
    assumed_size: int
    # Arguments that give the length of a list, and fields of an object that are the list its field's argument slices.
    slicing_arguments: tuple[str, ...]
    sized_fields: tuple[str, ...]


# The metadata of a field that a function of the row answers: compiled code calls it, without a resolver.
OF_ROW = {"of_row": True}
SLICING_ARGUMENTS = ("perPage", "limit", "ids")
SIZED_FIELDS = ("items", "found")
# The means of real shows, carousels and collections, rounded up.
EPISODES = "Season.episodes"
ASSUMED_SIZES = {
    EPISODES: 25,
    "Carousel.titles": 30,
    "Query.collections": 50,
    "Title.similar": 12,
    "Title.certifications": 20,
    "Title.networks": 2,
    "Title.names": 40,
    "Person.knownFor": 4,
}
ASSUMED_SIZE = 10
TOO_MANY_EPISODES = "these shows have more episodes than most. Ask for fewer of them at once, or season by season"
# Each of these fields takes SQL statements of its own. Totals and distributions go over all matches, up to the whole
# catalogue.
WEIGHTS = {
    "Collection.titles": 100,
    "CollectionPage.total": 100,
    "CollectionPage.totalPages": 100,
    "Title.similar": 100,
    "Franchise.titles": 10,
    "Franchise.missing": 10,
    "TitlePage.total": 1_000,
    "TitlePage.totalPages": 1_000,
    "TitlePage.languages": 1_000,
    "DiscoverPage.total": 1_000,
    "DiscoverPage.totalPages": 1_000,
}
COSTS = FieldCosts(
    weights=WEIGHTS,
    assumed_sizes=ASSUMED_SIZES,
    assumed_size=ASSUMED_SIZE,
    slicing_arguments=SLICING_ARGUMENTS,
    sized_fields=SIZED_FIELDS,
)

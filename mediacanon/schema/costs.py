"""Costs of fields: weights, assumed sizes and slicing arguments (the words of the GraphQL cost directives)."""

# Arguments that say how long a list gets, and lists inside the answer to a field that has one.
SLICING_ARGUMENTS = ("perPage", "limit", "ids")
SIZED_FIELDS = ("items", "found")
# Lists without such an argument: the mean of real shows, rounded up; ten for any other.
EPISODES = "Season.episodes"
ASSUMED_SIZES = {EPISODES: 25, "Carousel.titles": 30, "Query.collections": 50, "Title.similar": 12}
ASSUMED_SIZE = 10
# Fields that take statements of their own, each of them, and what they cost beside what is in them.
# Totals and distributions go over all that match, up to the whole catalogue.
WEIGHTS = {
    "Collection.titles": 100,
    "CollectionPage.total": 100,
    "CollectionPage.totalPages": 100,
    "Title.similar": 100,
    "TitlePage.total": 1_000,
    "TitlePage.totalPages": 1_000,
    "TitlePage.languages": 1_000,
    "DiscoverPage.total": 1_000,
    "DiscoverPage.totalPages": 1_000,
}

"""The GraphQL documents of the HTTP benchmark."""

SHOW = """query ($id: Int!) { show(id: $id) { title { displayName startYear endYear } seasons { seasonNumber episodes {
episodeId episodeNumber displayName synopsis airDate runtimeMinutes averageRating numVotes } } } }"""
MOVIE = """query ($id: Int!) { movie(id: $id) { movieId title {
displayName startYear averageRating numVotes runtimeMinutes genres } } }"""

"""How years, IMDb's ids and missing images are written, for all that read, write and describe them."""

import re

# The first films are of the 1870s; announced ones lie a few years ahead.
FIRST_YEAR, LAST_YEAR = 1870, 2100
IMDB_ID = re.compile(r"tt[0-9]{7,10}")
# What the database keeps for "looked for, not found"; none of it ever leaves the server.
NO_IMAGE = frozenset({"", "none", "TMDB_NOT_FOUND_DO_NOT_RETRY"})

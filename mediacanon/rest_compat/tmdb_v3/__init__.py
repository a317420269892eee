"""TMDB's API of version 3: the catalogue for programs that were written for themoviedb.org."""

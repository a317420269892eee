"""The imdb layer."""

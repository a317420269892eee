"""The tmdb layer."""

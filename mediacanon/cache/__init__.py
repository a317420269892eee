"""Caches of the server: responses, results and carousels, each invalidated by tags."""

"""Ratings: those of a title and of every episode, as programs for ratings alone ask for them."""

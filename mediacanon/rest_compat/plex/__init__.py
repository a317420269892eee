"""Plex: two metadata providers, of movies and of shows, for Plex Media Server."""

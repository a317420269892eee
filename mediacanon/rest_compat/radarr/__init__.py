"""Radarr's metadata: the row of ratings that Seerr reads."""

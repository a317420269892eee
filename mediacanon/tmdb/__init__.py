"""TMDB: the client, typed replies, look-up of titles, lazy enrichment, and the backfill in bulk."""

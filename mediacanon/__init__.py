"""MediaCanon: an open movie and TV metadata server over IMDb's dumps and TMDB's API."""

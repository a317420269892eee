"""IMDb: downloads its files, stages them raw and merges them into the catalogue; an invented demo catalogue."""

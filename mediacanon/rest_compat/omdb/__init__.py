"""OMDb: one path for details, searches and seasons by IMDb id or name."""

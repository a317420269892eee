"""Stremio: catalogues and details as an add-on of Stremio's protocol."""

"""Posters by IMDb id: an address that programs can build by themselves."""

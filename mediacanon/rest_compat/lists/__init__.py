"""Lists: collections and discover as the custom import lists of Radarr and Sonarr."""

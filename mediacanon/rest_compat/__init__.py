"""The rest_compat layer."""

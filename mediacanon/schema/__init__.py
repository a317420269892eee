"""The schema layer."""

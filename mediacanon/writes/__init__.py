"""The writes layer."""

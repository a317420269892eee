"""Files that people edit: collections, and the review of genres."""

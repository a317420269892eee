"""Finds the files that ship beside the code: in a checkout at its top, in a wheel under `_data`."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
_SHIPPED = PACKAGE / "_data"
_ROOT = _SHIPPED if _SHIPPED.is_dir() else PACKAGE.parent

SCHEMA_SQL = _ROOT / "schema.sql"
TEMPLATES = _ROOT / "templates"
COLLECTIONS = _ROOT / "collections"
STATIC = PACKAGE / "static"
IMPORT_SQL = PACKAGE / "imdb" / "sql"

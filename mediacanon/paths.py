"""Paths of the files that ship with the code: at the top of a checkout, under `_data` in a wheel."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
_SHIPPED = PACKAGE / "_data"
_ROOT = _SHIPPED if _SHIPPED.is_dir() else PACKAGE.parent

SCHEMA_SQL = _ROOT / "schema.sql"
TEMPLATES = _ROOT / "templates"
COLLECTIONS = _ROOT / "collections"
STATIC = PACKAGE / "static"
IMPORT_SQL = PACKAGE / "imdb" / "sql"

"""The listing of an import: the titles whose lines the further files are read for, in the order of the files.

It is a table of the staging schema and a file of the same lines: IMDb's id, our id, fame, and a hash of the names. The
file is kept with each imported one. The next import compares the two: a title's rows also follow from its arrival, its
id, its fame and its names.
"""

from collections.abc import Iterator
from pathlib import Path

import asyncpg

from mediacanon.database.staging import STAGING_SCHEMA
from mediacanon.imdb.imported_files import hash_file

# Ids that stand in a line of text as they are: SQL by hand may store others.
CREATE_LISTED = f"""
CREATE UNLOGGED TABLE {STAGING_SCHEMA}.listed AS
SELECT imdb_id, id AS title_id, fame_of(num_votes) AS fame, hashtextextended(search_names, 0) AS names
  FROM titles
 WHERE withdrawn_at IS NULL AND imdb_id ~ '^[!-[\\]-~]+$'
 ORDER BY imdb_id COLLATE "C";

ANALYZE {STAGING_SCHEMA}.listed
"""
LISTED = f'SELECT imdb_id, title_id, fame, names FROM {STAGING_SCHEMA}.listed ORDER BY imdb_id COLLATE "C"'
BLOCK_BYTES = 1 << 18


async def write_listing(connection: asyncpg.Connection, file: Path) -> str:
    """Write the lines of the table `listed` into `file`; return the file's SHA-256 in hexadecimal."""
    await connection.copy_from_query(LISTED, output=file)
    return hash_file(file).hex()


def listing_lines(file: Path) -> Iterator[bytes]:
    """Yield the lines of a listing in chunks."""
    with file.open("rb") as lines:
        while block := lines.read(BLOCK_BYTES):
            yield block + lines.readline()

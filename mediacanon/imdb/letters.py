"""The sound of letters in other scripts, for the names that people type in Latin letters."""

from collections.abc import Iterator

import asyncpg
from anyascii import anyascii

from mediacanon.database.staging import STAGING_SCHEMA

# Greek, Cyrillic and Armenian; Georgian; kana; Chinese; Korean. The others are written without vowels, or with marks
# that nobody writes in Latin letters.
SCRIPTS = ((0x370, 0x58F), (0x10A0, 0x10FF), (0x3041, 0x30FF), (0x3400, 0x9FFF), (0xAC00, 0xD7A3))
CREATE_LETTERS = f"CREATE UNLOGGED TABLE {STAGING_SCHEMA}.letters (letter TEXT, latin TEXT)"


async def stage_letters(connection: asyncpg.Connection) -> None:
    """Fill the staging table of letters: each letter of SCRIPTS and its sound in Latin letters."""
    await connection.execute(CREATE_LETTERS)
    await connection.copy_records_to_table("letters", schema_name=STAGING_SCHEMA, records=_letters())


def _letters() -> Iterator[tuple[str, str]]:
    for first, last in SCRIPTS:
        for letter in map(chr, range(first, last + 1)):
            # The mark of a long vowel in katakana has no sound of its own.
            if letter.isalpha():
                yield letter, anyascii(letter)

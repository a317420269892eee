"""Texts of titles in languages: a text that a person wrote is locked in every language."""

from collections.abc import Mapping

from mediacanon.database.changes import Connection
from mediacanon.writes.facts import NAME, TEXT, Fact, check_facts, differing

TEXT_FACTS = (Fact("overview", TEXT), Fact("tagline", NAME))
DEFAULT_LANGUAGE = "en"
NO_TEXTS: Mapping[str, object] = {fact.name: None for fact in TEXT_FACTS}

TEXTS_TO_UPDATE = "SELECT overview, tagline FROM title_texts WHERE title_id = $1::integer AND language = $2::text"
STORE_TEXTS = """
INSERT INTO title_texts (title_id, language, source, overview, tagline)
VALUES ($1::integer, $2::text, 'edit', $3::text, $4::text)
    ON CONFLICT (title_id, language) DO UPDATE
   SET source = excluded.source, overview = excluded.overview, tagline = excluded.tagline
"""


async def change_texts(connection: Connection, title_id: int, changes: Mapping[str, object]) -> list[str]:
    """Store the given texts in their language; return the names of those that differ from the stored ones.

    The caller has locked the title. Raises BadArgument for an invalid text.
    """
    check_facts(TEXT_FACTS, changes)
    if not changes.keys() & NO_TEXTS.keys():
        return []
    language = changes.get("text_language", DEFAULT_LANGUAGE)
    stored = await connection.fetchrow(TEXTS_TO_UPDATE, title_id, language) or NO_TEXTS
    changed = differing(TEXT_FACTS, stored, changes)
    if changed:
        values = [changed.get(fact.name, stored[fact.name]) for fact in TEXT_FACTS]
        await connection.execute(STORE_TEXTS, title_id, language, *values)
    return [*changed]

"""The sound of a text in another script, in Latin letters: it finds names that the catalogue has in those alone."""

import re

from anyascii import anyascii

from mediacanon.loaders.search_text import LONGEST_QUERY

# anyascii begins each syllable of Korean and Chinese with a capital: SongGangHo.
_SYLLABLE = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SYLLABIC = re.compile(r"^[\u3400-\u9fff\uac00-\ud7a3]{2,4}$")


def sound_of(text: str) -> str:
    """Return a text in Latin letters, empty for one that is in them anyway; the Greek ou is written so by everybody."""
    if text.isascii():
        return ""
    # A picture has a name of many letters.
    return anyascii(text.replace("\u03bf\u03c5", "ou").replace("\u03bf\u03cd", "ou"))[:LONGEST_QUERY]


def spaced(sound: str) -> str:
    """Return a sound in lower case, its syllables as words."""
    return _SYLLABLE.sub(" ", sound).lower()


def family_name_last(text: str, sound: str) -> str:
    """Return the sound of a Chinese or Korean name as it is written in the West, folded; empty for any other text."""
    if not _SYLLABIC.match(text.strip()):
        return ""
    family, *given = _SYLLABLE.split(sound)
    return f"{''.join(given)} {family}".lower()

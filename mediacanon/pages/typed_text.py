"""Text as people type it, in the one form that is searched and stored."""

import unicodedata

# Format characters are invisible: soft hyphens, zero-width spaces, marks of direction. Joiners shape words.
JOINERS = "\u200c\u200d"


def normalise(text: str) -> str:
    """Return a text composed (NFC), with single spaces and without invisible characters."""
    visible = (
        each for each in unicodedata.normalize("NFC", text) if each in JOINERS or unicodedata.category(each) != "Cf"
    )
    return " ".join("".join(visible).split()).strip(JOINERS)

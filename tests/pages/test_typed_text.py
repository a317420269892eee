"""Text as people type it."""

import pytest

from mediacanon.pages.typed_text import normalise


@pytest.mark.parametrize(
    ("typed", "normal"),
    [
        ("Poke\u0301mon", "Pok\u00e9mon"),
        ("  The\t\tWire\n", "The Wire"),
        ("The\u00a0Wire\u3000", "The Wire"),
        ("\ufeffThe\u200b W\u00adire\u202e", "The Wire"),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"),
        ("\u200b\u200d \t", ""),
    ],
)
def test_text_has_one_form(typed: str, normal: str):
    """Composed, single spaces, no invisible characters; joiners inside words stay, they shape the letters."""
    assert normalise(typed) == normal

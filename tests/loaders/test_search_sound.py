"""Texts in other scripts sound like names in Latin letters."""

import pytest

from mediacanon.loaders.search_sound import family_name_last, sound_of, spaced


@pytest.mark.parametrize(
    ("text", "sound", "words", "western"),
    [
        ("Tom Hanks", "", "", ""),
        ("Квентин Тарантино", "Kventin Tarantino", "kventin tarantino", ""),
        ("Οι φύλακες του φάρου", "Oi fylakes tou farou", "oi fylakes tou farou", ""),
        ("송강호", "SongGangHo", "song gang ho", "gangho song"),
        ("章子怡", "ZhangZiYi", "zhang zi yi", "ziyi zhang"),
        ("オブリビオン", "oburibion", "oburibion", ""),
    ],
)
def test_sounds(text: str, sound: str, words: str, western: str):
    """Korean and Chinese names are syllables, whose first is the family name."""
    assert sound_of(text) == sound
    assert spaced(sound) == words
    assert family_name_last(text, sound) == western

"""The words of the demo's names."""

from mediacanon.imdb.demo.words import TONGUES, phrases


def test_every_tongue_combines_freely() -> None:
    """Each language has more than a hundred names, and every phrase has its English form."""
    for tongue in TONGUES.values():
        heads, tails = phrases(tongue.heads), phrases(tongue.tails)
        assert len(set(heads)) * len(set(tails)) > 100
        assert all(phrase.original and phrase.english for phrase in heads + tails)

"""Memoised readers: bounded in entries, and in the length of a key."""

from mediacanon.http.memo import memoised


def test_a_text_is_read_once():
    """The last texts keep their values; the oldest is read again once it is evicted."""
    texts: list[str] = []

    @memoised(most=2, longest=10)
    def length(text: str) -> int:
        texts.append(text)
        return len(text)

    assert [length(text) for text in ("a", "bb", "a", "ccc", "bb")] == [1, 2, 1, 3, 2]
    assert texts == ["a", "bb", "ccc", "bb"]


def test_a_long_text_is_no_key():
    """A text over the limit is read anew each time, and evicts nothing."""
    texts: list[str] = []

    @memoised(most=1, longest=10)
    def length(text: str) -> int:
        texts.append(text)
        return len(text)

    assert [length(text) for text in ("a", "b" * 11, "b" * 11, "a")] == [1, 11, 11, 1]
    assert texts == ["a", "b" * 11, "b" * 11]
    assert length.__wrapped__.cache_info().currsize == 1

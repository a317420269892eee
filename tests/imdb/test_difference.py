"""The difference of sorted files, against sets of lines."""

import itertools
import random
from collections.abc import Iterator

import pytest

from mediacanon.imdb.difference import (
    NotSorted,
    SortedKeys,
    ahead,
    all_lines,
    differing_keys,
    differing_lines,
    lines_of,
)


def file_of(chance: random.Random, keys: list[int]) -> list[bytes]:
    """Return lines with these keys; few texts, so that files agree in most lines."""
    return [b"tt%07d\t%s" % (key, b"x" * chance.choice([3, 40, 40, 40, 700])) for key in sorted(keys)]


def chunks_of(chance: random.Random, lines: list[bytes]) -> Iterator[bytes]:
    """Yield the lines in chunks of any size."""
    while lines:
        count = chance.choice([1, 7, 200])
        yield b"".join(line + b"\n" for line in lines[:count])
        lines = lines[count:]


def key_of(line: bytes) -> bytes:
    """Return a line's first column."""
    return line.split(b"\t")[0]


@pytest.mark.parametrize("seed", range(30))
def test_the_differing_keys_are_those_of_the_lines_in_one_file_alone(seed: int) -> None:
    """Whatever the chunks, and also for files that are empty, equal or have nothing in common."""
    chance = random.Random(seed)
    keys = chance.sample(range(2000), chance.choice([0, 1, 300]))
    old = file_of(chance, keys)
    new = [line for line in old if chance.random() < chance.choice([1, 0.98, 0.5])]
    new = sorted({*new, *file_of(chance, chance.sample(range(2000), chance.choice([0, 1, 30])))}, key=key_of)
    new = list({key_of(line): line for line in new}.values())
    expected = {key_of(line) for line in {*old} ^ {*new}}
    found = [
        key for keys in differing_keys(ahead(chunks_of(chance, old)), ahead(chunks_of(chance, new))) for key in keys
    ]
    assert set(found) == expected
    assert found == sorted(found)


@pytest.mark.parametrize("seed", range(10))
def test_a_file_without_order_has_every_difference_too(seed: int) -> None:
    """More keys may come than differ, never fewer."""
    chance = random.Random(seed)
    old = file_of(chance, chance.sample(range(500), 100))
    new = [*old[:50], *file_of(chance, chance.sample(range(500), 5)), *old[60:]]
    chance.shuffle(new)
    found = {key for keys in differing_keys(chunks_of(chance, old), chunks_of(chance, new)) for key in keys}
    assert {key_of(line) for line in {*old} ^ {*new}} <= found


@pytest.mark.parametrize("seed", range(10))
def test_the_lines_of_keys_and_of_parents_come_with_their_numbers(seed: int) -> None:
    """Keys that the file lacks are passed over; a key may have several lines."""
    chance = random.Random(seed)
    lines = sorted(b"tt%04d\ttt%d\t%d" % (chance.randrange(300), chance.randrange(9), n) for n in range(400))
    keys = sorted({b"tt%04d" % chance.randrange(300) for _ in range(40)})
    parents = {b"tt3", b"tt77"}
    chosen = list(lines_of(chunks_of(chance, lines), SortedKeys(keys), is_unique=False, parents=parents))
    expected = [
        (number, line)
        for number, line in enumerate(lines, 2)
        if key_of(line) in keys or line.split(b"\t")[1] in parents
    ]
    found = [line for one in chosen for line in zip(one.numbers, one.lines.splitlines(), strict=True)]
    assert found == expected
    assert sum(one.rows for one in chosen) == sum(one.rows for one in all_lines(chunks_of(chance, lines))) == 400


@pytest.mark.parametrize(
    "chunks",
    [[b"b\t1\na\t1\n"], [b"b\t1\n", b"a\t1\n"], [b"a\t1\na\t2\n"], [b"a\t1\n", b"a\t2\n"]],
    ids=["disorder", "disorder-of-chunks", "repeated", "repeated-across-chunks"],
)
def test_a_file_out_of_order_is_not_believed(chunks: list[bytes]) -> None:
    """Also a key that is there twice, where it may be there once."""
    with pytest.raises(NotSorted):
        list(lines_of(chunks, SortedKeys([b"a"]), is_unique=True))


def test_the_lines_of_one_key_may_have_any_order() -> None:
    """10 stands before 2, as IMDb numbers them."""
    chunks = [b"a\t2\na\t10\n", b"a\t11\nb\t1\n"]
    assert (
        b"".join(one.lines for one in lines_of(chunks, SortedKeys([b"a"]), is_unique=False)) == b"a\t2\na\t10\na\t11\n"
    )


def with_lines_of(chance: random.Random, keys: list[int]) -> list[bytes]:
    """Return up to four lines for each key; few texts."""
    numbered = [(key, n) for key in sorted(keys) for n in range(chance.choice([1, 1, 4]))]
    return [b"tt%07d\t%d\t%s" % (key, n, b"x" * chance.choice([3, 40, 40, 700])) for key, n in numbered]


@pytest.mark.parametrize("seed", range(30))
def test_all_lines_of_a_key_come_when_one_differs(seed: int) -> None:
    """Wherever a chunk ends, with the lines of wanted keys; keys that nobody knows are passed over."""
    chance = random.Random(seed)
    old = with_lines_of(chance, chance.sample(range(600), chance.choice([0, 1, 300])))
    kept = [line for line in old if chance.random() < chance.choice([1, 0.98, 0.5])]
    new = sorted({*kept, *with_lines_of(chance, chance.sample(range(600), chance.choice([0, 1, 30])))})
    wanted = sorted(b"tt%07d" % key for key in chance.sample(range(600), 20))
    known = [line for line in with_lines_of(chance, list(range(0, 600, 2))) if chance.random() < 0.9]
    differing = {key_of(line) for line in {*old} ^ {*new}}
    for among in (None, {*map(key_of, known)}):
        seen = among and SortedKeys([], chunks_of(chance, known))
        found = [
            *differing_lines(ahead(chunks_of(chance, old)), chunks_of(chance, new), SortedKeys(wanted), seen or None)
        ]
        expected = differing if among is None else differing & among
        assert {key for keys, _ in found for key in keys} == expected
        lines = [line for _, one in found for line in zip(one.numbers, one.lines.splitlines(), strict=True)]
        assert lines == [(n, line) for n, line in enumerate(new, 2) if key_of(line) in {*expected, *wanted}]
        assert sum(one.rows for _, one in found) == len(new)


@pytest.mark.parametrize("seed", range(20))
def test_a_new_file_out_of_order_is_not_compared(seed: int) -> None:
    """Two of its lines have changed places, or two of its stretches."""
    chance = random.Random(seed)
    old = with_lines_of(chance, list(range(300)))
    at, other = sorted(chance.sample(range(len(old) - 9), 2))
    size = chance.choice([1, 9])
    new = [*old[:at], *old[other : other + size], *old[at + size : other], *old[at : at + size], *old[other + size :]]
    if [*map(key_of, new)] != sorted(map(key_of, new)):
        with pytest.raises(NotSorted):
            list(differing_lines(chunks_of(chance, old), chunks_of(chance, new), SortedKeys([])))


def test_a_key_without_end_fills_no_memory() -> None:
    """A file of one key is read as a whole instead."""
    endless = itertools.repeat(b"tt0000001\t1\n" * 100_000)
    with pytest.raises(NotSorted):
        next(differing_lines(iter([b"tt0000001\t1\n"]), endless, SortedKeys([])))

"""The difference of two sorted files, read side by side.

A file is an iterator of chunks, each of whole lines. A line is known by its key, its first column; several lines may
share one. Equal stretches are compared as blocks of bytes: Python handles a line only where the files differ.

`differing_keys` needs no order to be right, only to be short: it pairs equal lines, and every other line's key comes.
`differing_lines` needs the order, and checks it where the files differ: the rest has the order of the old file.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain

# Bytes of the first comparison after a line that differs, doubled while all is equal.
FIRST_STEP = 512
# Bytes of chunks that one key goes through; no title has so many names.
MOST_HELD = 1 << 24
# Lines among which the last one of a key is looked for first: most have a few.
MOST_AT_ONCE = 32


class NotSorted(Exception):  # noqa: N818 - the finding that ends a shortcut, not an error
    """The lines of a file are not in the order of their keys, or name one twice that may be there once."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Lines out of a chunk of `rows` lines, with their numbers in the file; the header is line 1."""

    rows: int
    numbers: Sequence[int]
    lines: bytes


def differing_keys(old: Iterator[bytes], new: Iterator[bytes]) -> Iterator[list[bytes]]:
    """Yield the keys of the lines that only one of the files has, in their order; a key may come twice.

    They come in lists, one for each chunk that has been read to its end; a list may be empty.
    """
    a, i = next(old, b""), 0
    b, j = next(new, b""), 0
    keys: list[bytes] = []
    while a and b:
        equal = _equal_lines(a, i, b, j)
        i, j = i + equal, j + equal
        if i < len(a) and j < len(b):
            key, other = _key_at(a, i), _key_at(b, j)
            keys.append(min(key, other))
            if key <= other:
                i = a.index(b"\n", i) + 1
            if other <= key:
                j = b.index(b"\n", j) + 1
        if i == len(a):
            a, i = next(old, b""), 0
        if j == len(b):
            b, j = next(new, b""), 0
            yield keys
            keys = []
    yield keys
    for rest, chunks in ((a[i:], old), (b[j:], new)):
        for chunk in (rest, *chunks) if rest else ():
            yield [_key_of(line) for line in chunk.split(b"\n")[:-1]]


def _equal_lines(a: bytes, i: int, b: bytes, j: int) -> int:
    """Return the length of the equal lines that begin at `i` and `j`."""
    longest = min(len(a) - i, len(b) - j)
    equal, step, is_growing = 0, FIRST_STEP, True
    while step and equal < longest:
        if a[i + equal : i + equal + step] == b[j + equal : j + equal + step]:
            equal = min(equal + step, longest)
        else:
            is_growing = False
        step = step * 2 if is_growing else step // 2
    return max(a.rfind(b"\n", i, i + equal) + 1 - i, 0)


def _key_at(chunk: bytes, start: int) -> bytes:
    end = chunk.index(b"\n", start)
    tab = chunk.find(b"\t", start, end)
    return chunk[start : tab if tab >= 0 else end]


def all_lines(chunks: Iterable[bytes]) -> Iterator[Chosen]:
    """Yield every line."""
    first = 2
    for chunk in chunks:
        rows = chunk.count(b"\n")
        yield Chosen(rows, range(first, first + rows), chunk)
        first += rows


class SortedKeys:
    """Keys in their order, which are read along with a file of the same order: a list, or that of lines."""

    def __init__(self, keys: Sequence[bytes], lines: Iterator[bytes] | None = None) -> None:
        self._keys = keys
        self._chunks = lines or iter(())
        self._at = 0

    def between(self, first: bytes, last: bytes) -> Sequence[bytes]:
        """Return the keys from `first` to `last`, both included. The next call asks for no smaller ones than `last`."""
        while (not self._keys or self._keys[-1] <= last) and (chunk := next(self._chunks, b"")):
            self._keys = [*self._keys[self._at :], *map(_key_of, chunk.split(b"\n")[:-1])]
            self._at = 0
        start = bisect_left(self._keys, first, self._at)
        self._at = bisect_left(self._keys, last, start)
        return self._keys[start : bisect_right(self._keys, last, self._at)]


def lines_of(
    chunks: Iterable[bytes], keys: SortedKeys | None, *, is_unique: bool, parents: Collection[bytes] = ()
) -> Iterator[Chosen]:
    """Yield the lines of the given keys, or of all, and those with one of `parents` in their second column.

    Raises NotSorted.
    """
    first, last_key = 2, b""
    for chunk in chunks:
        lines = chunk.split(b"\n")[:-1]
        first_key = _key_of(lines[0])
        if first_key < last_key or (is_unique and first_key == last_key) or not _are_sorted(lines):
            raise NotSorted
        last_key = _key_of(lines[-1])
        if keys is None:
            yield Chosen(len(lines), range(first, first + len(lines)), chunk)
        else:
            places = [*_places(lines, keys.between(first_key, last_key), is_unique=is_unique)]
            if parents:
                theirs = (place for place, line in enumerate(lines) if (line + b"\t").split(b"\t", 2)[1] in parents)
                places = sorted({*places, *theirs})
            chosen = [lines[place] for place in places]
            yield Chosen(len(lines), [first + place for place in places], b"\n".join([*chosen, b""]))
        first += len(lines)


def _places(lines: Sequence[bytes], keys: Iterable[bytes], *, is_unique: bool) -> Iterator[int]:
    """Yield the places of the keys' lines in sorted lines. Raises NotSorted for a second line of a unique key."""
    place = 0
    for key in keys:
        start = bisect_left(lines, key, place)
        # The byte after the tab, which follows a key.
        place = bisect_left(lines, key + b"\n", start, min(start + MOST_AT_ONCE, len(lines)))
        if place == start + MOST_AT_ONCE:
            place = bisect_left(lines, key + b"\n", place)
        if is_unique and place > start + 1:
            raise NotSorted
        yield from range(start, place)


def differing_lines(
    old: Iterator[bytes], new: Iterator[bytes], keys: SortedKeys, among: SortedKeys | None = None
) -> Iterator[tuple[list[bytes], Chosen]]:
    """Yield the keys whose lines differ, with all lines that they have in `new`, and the lines of `keys`.

    The old file is sorted. Keys that are not `among` the given ones are passed over. Raises NotSorted.
    """
    old, first, last_key = _whole_keys(old), 2, b""
    a, i = next(old, b""), 0
    for b in _whole_keys(new):
        j, differing, key_before = 0, list[bytes](), last_key
        while j < len(b):
            if i == len(a):
                a, i = next(old, b""), 0
            equal, key = _equal_lines(a, i, b, j), _key_at(b, j)
            if equal:
                _check_order(last_key, key)
                i, j = i + equal, j + equal
                last_key = _key_at(b, _line_before(b, j))
            elif i < len(a) and (gone := _key_at(a, i)) < key:
                differing.append(gone)
                i = _end_of_key(a, i)
            else:
                _check_order(last_key, key)
                differing.append(key)
                i = _end_of_key(a, i) if i < len(a) and _key_at(a, i) == key else i
                j, last_key = _end_of_key(b, j), key
        # Its further lines in the old file: the new one goes on with another key.
        if i < len(a) and _key_at(a, i) == last_key:
            differing.append(last_key)
            i = _end_of_key(a, i)
        differing = _known(differing, among, key_before)
        chosen = _lines_at(b, {*differing, *keys.between(key_before, last_key)}, first)
        yield differing, chosen
        first += chosen.rows
    for chunk in chain([a[i:]] if a[i:] else [], old):
        yield _known([_key_of(line) for line in chunk.split(b"\n")[:-1]], among, last_key), Chosen(0, (), b"")


def _known(keys: list[bytes], among: SortedKeys | None, first: bytes) -> list[bytes]:
    """Return the keys, sorted and larger than `first`, that are among the given ones."""
    if among is None or not keys:
        return keys
    known = {*among.between(first, keys[-1])}
    return [key for key in keys if key in known]


def _check_order(last_key: bytes, key: bytes) -> None:
    if key < last_key:
        raise NotSorted


def _whole_keys(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield chunks that end with the last line of a key, as most do already.

    Raises NotSorted for a key with more lines than memory is meant for.
    """
    held = next(chunks, b"")
    for chunk in chunks:
        if _key_at(held, _line_before(held, len(held))) == _key_at(chunk, 0):
            held += chunk
            if len(held) > MOST_HELD:
                raise NotSorted
        else:
            yield held
            held = chunk
    if held:
        yield held


def _lines_at(chunk: bytes, keys: Collection[bytes], first: int) -> Chosen:
    """Return the lines of some keys in sorted lines, of which the first has the number `first`."""
    found, numbers, counted, number = [], list[int](), 0, first
    for key in sorted(keys):
        start = _place_of(chunk, key)
        if start < len(chunk) and _key_at(chunk, start) == key:
            lines = chunk[start : _end_of_key(chunk, start)]
            number, counted = number + chunk.count(b"\n", counted, start), start
            numbers += range(number, number + lines.count(b"\n"))
            found.append(lines)
    return Chosen(number - first + chunk.count(b"\n", counted), numbers, b"".join(found))


def _place_of(chunk: bytes, key: bytes) -> int:
    """Return the start of the first line of a key, or of a larger one, in sorted lines."""
    low, high = 0, len(chunk)
    while low < high:
        middle = max(low, chunk.rfind(b"\n", low, (low + high) // 2) + 1)
        if _key_at(chunk, middle) < key:
            low = chunk.index(b"\n", middle) + 1
        else:
            high = middle
    return low


def _line_before(chunk: bytes, end: int) -> int:
    """Return the start of the line that ends before `end`."""
    return chunk.rfind(b"\n", 0, end - 1) + 1


def _end_of_key(chunk: bytes, start: int) -> int:
    """Return the end of the lines that have the key of the line at `start`, and follow it."""
    key, end = _key_at(chunk, start), chunk.index(b"\n", start) + 1
    while end < len(chunk) and _key_at(chunk, end) == key:
        end = chunk.index(b"\n", end) + 1
    return end


def _key_of(line: bytes) -> bytes:
    return line.partition(b"\t")[0]


def _are_sorted(lines: list[bytes]) -> bool:
    """Return whether the lines are in the order of their keys. Lines of one key may have any order."""
    if lines == sorted(lines):
        return True
    keys = [_key_of(line) for line in lines]
    return keys == sorted(keys)


def ahead(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the chunks; a thread reads the next one meanwhile."""
    # Never joined: a generator may be left halfway, and a join while garbage is collected can block for ever.
    thread = ThreadPoolExecutor(1)
    coming = thread.submit(next, chunks, b"")
    while chunk := coming.result():
        coming = thread.submit(next, chunks, b"")
        yield chunk
    thread.shutdown(wait=False)

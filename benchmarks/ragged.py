"""Writes millions of text rows from arrays of token numbers, without a Python object per row."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
from isal import isal_zlib

Numbers = npt.NDArray[np.int32]

# A chunk's working arrays stay in the processor's caches; larger ones were slower.
ROWS_A_CHUNK = 1 << 15
FAST = 1
GZIP = 31  # the window bits for a gzip header, whose time is 0


class Tokens:
    """A growing list of byte strings, identified by their numbers; number 0 is the empty string."""

    def __init__(self) -> None:
        self._tokens: list[bytes] = [b""]

    def add(self, tokens: Iterable[str]) -> int:
        """Append tokens and return the number of the first one; the others follow in order."""
        first = len(self._tokens)
        self._tokens.extend(token.encode() for token in tokens)
        return first

    def arrays(self) -> tuple[npt.NDArray[np.uint8], Numbers, Numbers]:
        """Return all bytes in one array, and the start and the length of each token in it."""
        lengths = np.fromiter(map(len, self._tokens), np.int32, len(self._tokens))
        starts = np.cumsum(lengths, dtype=np.int32) - lengths
        return np.frombuffer(b"".join(self._tokens), np.uint8), starts, lengths


def write_rows(path: Path, header: Sequence[str], tokens: Tokens, pieces: Sequence[Numbers | int]) -> int:
    """Write a gzip file of tab-separated rows and return their number.

    Each piece holds one token number per row, or one number for all rows. A row is the tokens of its pieces in order,
    which include tabs and newlines. The same pieces give the same bytes.
    """
    pool, starts, lengths = tokens.arrays()
    count = max(len(piece) for piece in pieces if not isinstance(piece, int))
    gzip = isal_zlib.compressobj(FAST, isal_zlib.DEFLATED, GZIP)
    with path.open("wb") as file:
        file.write(gzip.compress(("\t".join(header) + "\n").encode()))
        for first in range(0, count, ROWS_A_CHUNK):
            rows = min(ROWS_A_CHUNK, count - first)
            numbers = np.empty((rows, len(pieces)), np.int32)
            for column, piece in enumerate(pieces):
                numbers[:, column] = piece if isinstance(piece, int) else piece[first : first + rows]
            file.write(gzip.compress(_gather(pool, starts, lengths, numbers.ravel())))
        file.write(gzip.flush())
    return count


def _gather(pool: npt.NDArray[np.uint8], starts: Numbers, lengths: Numbers, numbers: Numbers) -> bytes:
    """Return the tokens `numbers`, concatenated."""
    sizes = lengths[numbers]
    ends = np.cumsum(sizes, dtype=np.int32)
    # Byte i of the output is byte i + (start in the pool - start in the output) of the pool.
    index = np.repeat(starts[numbers] - (ends - sizes), sizes)
    index += np.arange(len(index), dtype=np.int32)
    chosen: npt.NDArray[np.uint8] = pool[index]
    return chosen.tobytes()

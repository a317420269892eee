"""Reading rows by unpacking gives the same values as reading their attributes, for rows of any class."""

from typing import Any, NamedTuple

import asyncpg
import pytest

from mediacanon.execution.codegen import is_plain_class
from mediacanon.execution.records import rows_reader
from mediacanon.loaders.records import named_by_position


class Pair(NamedTuple):
    """A row of two values, with a property beside them."""

    number: int
    name: str

    @property
    def ids(self) -> int:
        """A property that is no value of the row."""
        return -self.number


class Shouting(Pair):
    """A row that redefines a value."""

    @property
    def name(self) -> str:
        """The name in capitals."""
        return self[1].upper()


class Backwards(NamedTuple):
    """A row that iterates in another order than its fields."""

    number: int
    name: str

    def __iter__(self) -> Any:
        return iter((self[1], self[0]))


@named_by_position
class PairRecord(asyncpg.Record):
    """The same as PostgreSQL's record."""

    __slots__ = ()

    number: int
    name: str


TEXT = "{'number': o.number, 'name': (v if (v := o.name) else None)}"


def reader_of(text: str, *classes: type) -> tuple[Any, list[object]]:
    """Return a reader of rows of these classes, and a list of the rows that it read one by one."""
    singly: list[object] = []
    names: dict[str, Any] = {}
    exec(f"def read(o):\n return {text}", names)  # noqa: S102 - the text is the test's

    def read(row: object) -> object:
        singly.append(row)
        return names["read"](row)

    return rows_reader(text, lambda: read, set(classes), names), singly


def test_rows_of_one_class_are_unpacked():
    """Rows of one class are unpacked from the second list on; other lists are read row by row, to the same values."""
    read, singly = reader_of(TEXT, Pair)
    rows = [Pair(1, "one"), Pair(2, "two")]
    wanted = [{"number": 1, "name": "one"}, {"number": 2, "name": "two"}]
    assert read(rows) == wanted
    assert read(rows) == wanted
    assert len(singly) == 2
    assert read([]) == []
    assert read([Pair(1, "one"), Shouting(2, "two")]) == [wanted[0], {"number": 2, "name": "TWO"}]


@pytest.mark.parametrize(
    ("text", "row", "wanted"),
    [
        ("{'ids': o.ids}", Pair(1, "one"), {"ids": -1}),
        (TEXT, Shouting(1, "one"), {"number": 1, "name": "ONE"}),
        (TEXT, Backwards(1, "one"), {"number": 1, "name": "one"}),
    ],
)
def test_rows_that_cannot_be_unpacked_are_read_by_attribute(text: str, row: Any, wanted: dict[str, Any]):
    """Properties, classes derived from a row and rows with another order are read by attribute."""
    read, singly = reader_of(text, type(row))
    for _ in range(3):
        assert read([row, row]) == [wanted, wanted]
    assert len(singly) == 6


async def test_records_are_rows(pool: asyncpg.Pool):
    """PostgreSQL's records are read by name, are of a plain class, and are unpacked."""
    rows = await pool.fetch("SELECT 1, 'one' UNION ALL SELECT 2, NULL", record_class=PairRecord)
    assert [(row.number, row.name) for row in rows] == [(1, "one"), (2, None)]
    assert is_plain_class(PairRecord)
    read, singly = reader_of(TEXT, PairRecord)
    for _ in range(2):
        assert read(rows) == [{"number": 1, "name": "one"}, {"number": 2, "name": None}]
    assert len(singly) == 2

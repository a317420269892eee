"""Endpoint: one row of the table of a dialect."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Names = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One method of one path."""

    method: str
    path: str
    document: str
    summary: str
    # What of the data is the answer: a path of fields, or paths by key; `#` counts the list there.
    answer: str | Mapping[str, str] = ""
    status: int = 200
    # Lists at the top of the answer that stay when empty, and keys that are null: all others are absent then.
    lists: Names = ()
    nulls: Names = ()
    is_list: bool = False
    # A parameter outside of its bounds, and a number that is none, is as if absent.
    bounds: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    # How a parameter's words are called in GraphQL.
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    # What to ask for where a parameter holds no word that GraphQL knows: for those left out it counts as absent.
    otherwise: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    # What to ask for where a number is above the bounds that a title can have.
    beyond: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    # Variables that are not called as their parameters, and lists that may not have more entries.
    reads: Mapping[str, Names] = field(default_factory=dict)
    most: Mapping[str, int] = field(default_factory=dict)
    # Whose view, whose click the answer is: keys of it.
    view: str = ""
    click: str = ""
    # Whether answers are kept, and by which key of the answer one is about a single title.
    is_hot: bool = False
    about: str = ""
    # A write that replaces all its facts: what is absent is cleared.
    replaces: bool = False
    # What the documentation page asks for, and the endpoint whose answer looks like this one's.
    example: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)
    like: str = ""

    @property
    def is_read(self) -> bool:
        """Whether it changes nothing."""
        return self.method == "GET"

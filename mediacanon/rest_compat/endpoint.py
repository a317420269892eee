"""Endpoint: one row of the table of a dialect."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

Names = tuple[str, ...]
Variables = Mapping[str, Any]
Data = dict[str, Any]
Run = Callable[[Variables], Awaitable[Data]]
Load = Callable[[Run, Variables], Awaitable[Data]]

# As a fallback: no title matches, so the answer is the empty one of the row, and no statement runs.
NO_MATCH: Final = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One method of one path, over one document."""

    method: str
    path: str
    document: str
    summary: str
    # The name of the operation, where several rows share a document.
    name: str = ""
    # The row answers requests with one of these parameters; of the rows at a path, the first that fits.
    when: Names = ()
    # The part of the data that is the answer: a path of fields, or paths by key. `#` counts the list there.
    answer: str | Mapping[str, str] = ""
    # Reads the data where one run of the document is not enough.
    load: Load | None = None
    status: int = 200
    # Lists at the top of the answer that stay when empty, and keys that are null.
    always_present: Names = ()
    always_null: Names = ()
    # The answer is a list, empty where the data has none.
    is_list: bool = False
    bounds: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    # Variable -> word of the parameter -> name in GraphQL.
    enum_names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    # Variable -> its value, or NO_MATCH, where the text is unreadable; without a fallback the variable is absent.
    fallbacks: Mapping[str, Any] = field(default_factory=dict)
    # The same, where a number lies above its bounds.
    out_of_range: Mapping[str, Any] = field(default_factory=dict)
    # The answer to NO_MATCH; a text `$name` stands for that variable. Without one the answer is "not found".
    empty: Mapping[str, Any] = field(default_factory=dict)
    # Variable -> its parameters, where those have other names; () for a variable that no parameter sets.
    parameters: Mapping[str, Names] = field(default_factory=dict)
    # Lists between commas, and the most entries they may have.
    max_items: Mapping[str, int] = field(default_factory=dict)
    # Keys of the answer: the title whose view, and the collection whose click, it counts as.
    view: str = ""
    click: str = ""
    # Whether the response cache stores answers, and the tags that invalidate one, formatted from the answer.
    # Without tags, the answer is a list: any change of a title invalidates it.
    is_cached: bool = False
    tags: Names = ()
    # A write that replaces all facts: an absent fact is cleared.
    replaces: bool = False
    # The request on the documentation page. A write shows the answer of the endpoint at `example_of`.
    example: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)
    example_of: str = ""

    @property
    def is_read(self) -> bool:
        """Tell whether the endpoint changes nothing."""
        return self.method == "GET"

    @property
    def operation(self) -> str:
        """The name of the operation in OpenAPI and on the documentation page."""
        return self.name or self.document

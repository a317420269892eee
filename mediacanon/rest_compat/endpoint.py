"""Endpoint: one row of the table of a dialect."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from mediacanon.errors import BadArgument

Names = tuple[str, ...]
Variables = Mapping[str, Any]
Texts = Mapping[str, Sequence[str]]
Data = dict[str, Any]
Run = Callable[[Variables], Awaitable[Data]]
Arrange = Callable[[Any, Texts], Any]
Load = Callable[[Run, Variables, Texts], Awaitable[Data]]


class Check(NamedTuple):
    """A refusal by the texts of the parameters: the test for it, its message and its error."""

    refuses: Callable[[Texts], bool]
    message: str
    error: type[BadArgument] = BadArgument


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
    # It answers requests with all of these parameters.
    needs: Names = ()
    # Parameters that `arrange` reads beside the variables.
    texts: Names = ()
    # The part of the data that is the answer: a path of fields, paths by key, or paths of which the first that leads to
    # a value counts. `#` counts the list there.
    answer: str | Mapping[str, str] | Names = ""
    # Refuse a request before its document runs, in this order.
    checks: tuple[Check, ...] = ()
    # The parameter with names of paths below this one, between commas: the answer of each becomes a key of this one's.
    appends: str = ""
    # Keys that the answer lacks where another row appends it.
    alone: Names = ()
    # Makes the answer from the JSON of that part and the texts of the parameters, and the JSON Schema of what it makes.
    arrange: Arrange | None = None
    schema: Mapping[str, Any] = field(default_factory=dict)
    # The message where there is no answer, from the texts of the parameters.
    not_found: Callable[[Texts], str] | None = None
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
    # Variable -> its value in every request, or the function that returns it.
    constants: Mapping[str, Any] = field(default_factory=dict)
    # Variable -> the function that returns its value for a text, where its type does not tell; see `Leniency.readers`.
    readers: Mapping[str, Callable[[str], Any]] = field(default_factory=dict)
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
    # The answer is an address, to which the response leads with 302.
    redirects: bool = False
    # Keys of addresses in the answer -> their kind: `file` for a path of this server, else the kind of an image.
    addresses: Mapping[str, str] = field(default_factory=dict)
    # Seconds for which clients may store the answer, 0 to ask every time; a day longer while they fetch a new one.
    max_age: int = 0
    # A POST that changes nothing: the JSON object in its body has parameters, read as those of a query string. Its
    # answer is never cached.
    reads_body: bool = False
    # A look at one title waits a moment for its missing facts.
    waits: bool = True
    # A write that replaces all facts: an absent fact is cleared.
    replaces: bool = False
    # The request on the documentation page. A write shows the answer of the endpoint at `example_of`.
    example: str = ""
    body: Mapping[str, Any] = field(default_factory=dict)
    example_of: str = ""

    @property
    def is_read(self) -> bool:
        """Tell whether the endpoint changes nothing."""
        return self.method == "GET" or self.reads_body

    @property
    def operation(self) -> str:
        """The name of the operation in OpenAPI and on the documentation page."""
        return self.name or self.document

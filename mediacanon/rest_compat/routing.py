"""Routing: endpoints bound to their documents, by path and method.

An endpoint parses and validates its document when it is first asked: all of them would take a server's start a second.
"""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from graphql import GraphQLInputType

from mediacanon.execution.executor import Execution
from mediacanon.execution.variables import BoundDocument, Leniency, bind_document
from mediacanon.rest_compat.dialect import Dialect
from mediacanon.rest_compat.documents import document_text
from mediacanon.rest_compat.endpoint import Endpoint
from mediacanon.rest_compat.serializer import Serializer, document_serializer

READ_METHODS = ("GET", "HEAD", "OPTIONS")
_PARAMETER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class BoundEndpoint:
    """An endpoint of a dialect, with its document and its serializer."""

    row: Endpoint
    dialect: Dialect
    execution: Execution

    @cached_property
    def document(self) -> BoundDocument:
        """The document, parsed and validated. Raises ValueError for one that does not fit the schema."""
        name = self.row.document
        return bind_document(self.execution, document_text(self.dialect.documents, name), name=f"{name}.graphql")

    @cached_property
    def serializer(self) -> Serializer:
        """The serializer of the document's answers."""
        return document_serializer(self.dialect, self.execution.schema, self.document.node, self.document.operation)

    @cached_property
    def leniency(self) -> Leniency:
        """How freely the endpoint reads its parameters."""
        return self.dialect.leniency_of(self.row)

    @cached_property
    def path_names(self) -> tuple[str, ...]:
        """The parameters in the path."""
        return tuple(_PARAMETER.findall(self.row.path))

    @cached_property
    def has_id(self) -> bool:
        """True if the path holds an id."""
        return "id" in self.path_names

    @cached_property
    def path_texts(self) -> tuple[str, ...]:
        """The parameters in the path that are texts: neither the id nor query strings."""
        return tuple(name for name in self.path_names if name != "id" and name not in self.dialect.path_queries)

    def is_in_path(self, variable: str) -> bool:
        """Tell whether the path alone sets a variable."""
        parameters = self.leniency.parameters_of(variable)
        return bool(parameters) and set(parameters) <= set(self.path_names)

    @cached_property
    def other_types(self) -> dict[str, GraphQLInputType]:
        """The variables of the query string or the body."""
        return {name: type_ for name, type_ in self.document.types.items() if name not in self.path_names}

    @cached_property
    def query_names(self) -> tuple[str, ...]:
        """The parameters in the query string."""
        names = [name for variable in self.other_types for name in self.leniency.parameters_of(variable)]
        return tuple(name for name in (*names, *self.row.needs, *self.row.texts) if name not in self.path_names)


@dataclass(frozen=True)
class Resource:
    """The endpoints of a path, by method, each in the order of the table."""

    path: str
    pattern: re.Pattern[str]
    endpoints: Mapping[str, Sequence[BoundEndpoint]]

    @cached_property
    def spellings(self) -> dict[str, str]:
        """The parameters of all endpoints by their lower case."""
        return {name.lower(): name for rows in self.endpoints.values() for each in rows for name in each.query_names}

    @property
    def methods(self) -> str:
        """The value of the header Allow."""
        also = ("HEAD", "OPTIONS") if "GET" in self.endpoints else ("OPTIONS",)
        return ", ".join((*self.endpoints, *also))

    @property
    def read_methods(self) -> tuple[str, ...]:
        """The methods with which a script of any site may ask; none for a path that is only written to."""
        reads = [method for method, rows in self.endpoints.items() if rows[0].row.is_read]
        also = READ_METHODS[1:] if "GET" in reads else READ_METHODS[2:]
        return (*reads, *also) if reads else ()

    def endpoint(self, method: str, given: Collection[str]) -> BoundEndpoint | None:
        """Return the endpoint that answers a request with the `given` parameters; None where there is none."""
        for bound in self.endpoints[method]:
            row = bound.row
            if (not row.when or any(name in given for name in row.when)) and all(name in given for name in row.needs):
                return bound
        return None


def make_resources(execution: Execution, dialect: Dialect) -> list[Resource]:
    """Return the table by path, in the order to match them: a path without parameters, then the longer one."""
    by_path: dict[str, dict[str, list[BoundEndpoint]]] = {}
    for row in dialect.endpoints:
        methods = by_path.setdefault(row.path, {})
        methods.setdefault(row.method, []).append(BoundEndpoint(row, dialect, execution))
    in_order = sorted(by_path, key=lambda path: ("{" in path, -path.count("/")))
    return [Resource(path, _pattern(path), by_path[path]) for path in in_order]


def _pattern(path: str) -> re.Pattern[str]:
    """Return the pattern of a path. A parameter at its end matches the whole rest, so that it can be refused."""
    *before, last = _PARAMETER.split(path)
    # Literals stand at even places, names of parameters at odd ones.
    parts = [f"(?P<{part}>[^/]*)" if number % 2 else re.escape(part) for number, part in enumerate(before)]
    if before and not last:
        parts[-1] = f"(?P<{before[-1]}>.*)"
    return re.compile("".join(parts) + re.escape(last), re.DOTALL)

"""Routing: endpoints bound to their documents, by path and method."""

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

_PARAMETER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class BoundEndpoint:
    """An endpoint with its document, parsed and validated, and its serializer."""

    row: Endpoint
    document: BoundDocument
    leniency: Leniency
    serializer: Serializer

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
        """The parameters in the path beside the id."""
        return tuple(name for name in self.path_names if name != "id")

    @cached_property
    def other_types(self) -> dict[str, GraphQLInputType]:
        """The variables of the query string or the body."""
        return {name: type_ for name, type_ in self.document.types.items() if name not in self.path_names}

    @cached_property
    def query_names(self) -> tuple[str, ...]:
        """The parameters in the query string."""
        names = [name for variable in self.other_types for name in self.leniency.parameters_of(variable)]
        return tuple(name for name in names if name not in self.path_names)


@dataclass(frozen=True, slots=True)
class Resource:
    """The endpoints of a path, by method, each in the order of the table."""

    path: str
    pattern: re.Pattern[str]
    endpoints: Mapping[str, Sequence[BoundEndpoint]]

    @property
    def methods(self) -> str:
        """The value of the header Allow."""
        also = ("HEAD", "OPTIONS") if "GET" in self.endpoints else ("OPTIONS",)
        return ", ".join((*self.endpoints, *also))

    def endpoint(self, method: str, given: Collection[str]) -> BoundEndpoint | None:
        """Return the endpoint that answers a request with the `given` parameters; None where there is none."""
        for bound in self.endpoints[method]:
            if not bound.row.when or any(name in given for name in bound.row.when):
                return bound
        return None


def bind_endpoint(execution: Execution, dialect: Dialect, row: Endpoint) -> BoundEndpoint:
    """Return an endpoint ready to answer. Raises ValueError for a document that does not fit the schema."""
    bound = bind_document(execution, document_text(dialect.documents, row.document), name=f"{row.document}.graphql")
    return BoundEndpoint(
        row,
        bound,
        dialect.leniency_of(row),
        document_serializer(dialect, execution.schema, bound.node, bound.operation),
    )


def make_resources(execution: Execution, dialect: Dialect) -> list[Resource]:
    """Return the table by path, in the order to match them: a path without parameters, then the longer one."""
    by_path: dict[str, dict[str, list[BoundEndpoint]]] = {}
    for row in dialect.endpoints:
        methods = by_path.setdefault(row.path, {})
        methods.setdefault(row.method, []).append(bind_endpoint(execution, dialect, row))
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

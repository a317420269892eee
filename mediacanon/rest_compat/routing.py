"""Routing: endpoints bound to their documents, by path and method."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from graphql import GraphQLInputType

from mediacanon.execution.documents import PreparedDocument
from mediacanon.execution.executor import Execution
from mediacanon.execution.variables import variable_types
from mediacanon.rest_compat.anywatch.endpoints import ENDPOINTS
from mediacanon.rest_compat.documents import document_text
from mediacanon.rest_compat.endpoint import Endpoint
from mediacanon.rest_compat.parameters import required_variables
from mediacanon.rest_compat.serializer import Serializer, document_shape

_PARAMETER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class BoundEndpoint:
    """An endpoint with its document, parsed and validated, and the variables it wants."""

    row: Endpoint
    document: PreparedDocument
    types: Mapping[str, GraphQLInputType]
    required: frozenset[str]
    shape: Serializer

    @cached_property
    def path_names(self) -> tuple[str, ...]:
        """The parameters in the path."""
        return tuple(_PARAMETER.findall(self.row.path))

    @cached_property
    def other_types(self) -> dict[str, GraphQLInputType]:
        """The variables that the query string or the body gives."""
        return {name: type_ for name, type_ in self.types.items() if name not in self.path_names}


@dataclass(frozen=True, slots=True)
class Resource:
    """The endpoints of a path, by method."""

    path: str
    pattern: re.Pattern[str]
    endpoints: Mapping[str, BoundEndpoint]

    @property
    def methods(self) -> str:
        """What Allow says."""
        also = ("HEAD", "OPTIONS") if "GET" in self.endpoints else ("OPTIONS",)
        return ", ".join((*self.endpoints, *also))


def bind_endpoint(execution: Execution, row: Endpoint) -> BoundEndpoint:
    """Return an endpoint ready to answer. Raises ValueError for a document that does not fit the schema."""
    document = execution.prepare_trusted(document_text(row.document), name=f"{row.document}.graphql")
    operation = document.operation()
    if operation is None or document.document is None:
        raise ValueError(f"{row.document}.graphql must hold one operation")
    return BoundEndpoint(
        row,
        document,
        variable_types(execution.schema, operation),
        required_variables(operation),
        document_shape(execution.schema, document.document, operation),
    )


def make_resources(execution: Execution) -> list[Resource]:
    """Return the table by path, in the order to match them: a path without parameters, then the longer one."""
    by_path: dict[str, dict[str, BoundEndpoint]] = {}
    for row in ENDPOINTS:
        by_path.setdefault(row.path, {})[row.method] = bind_endpoint(execution, row)
    in_order = sorted(by_path, key=lambda path: ("{" in path, -path.count("/")))
    return [Resource(path, _pattern(path), by_path[path]) for path in in_order]


def _pattern(path: str) -> re.Pattern[str]:
    """Return what matches a path; a parameter at its end takes all that is left, so that it can be refused."""
    last = re.sub(r"\{(\w+)\}$", r"(?P<\1>.*)", path)
    return re.compile(_PARAMETER.sub(r"(?P<\1>[^/]*)", last), re.DOTALL)

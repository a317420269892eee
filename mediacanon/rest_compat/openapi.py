"""OpenAPI 3.1 of the REST interface, generated from the table, the documents and the schema."""

from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

from graphql import (
    GraphQLInputType,
    GraphQLOutputType,
    GraphQLSchema,
    SelectionSetNode,
    get_nullable_type,
    is_enum_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)

from mediacanon.rest_compat.anywatch.rules import RULES
from mediacanon.rest_compat.endpoint import Endpoint
from mediacanon.rest_compat.handler import JSON
from mediacanon.rest_compat.routing import BoundEndpoint, Resource
from mediacanon.rest_compat.serializer import OPTIONAL_LISTS, fragments_of, selected_fields, snake_case

Schema = dict[str, Any]

SCALARS: dict[str, Schema] = {
    "Int": {"type": "integer"},
    "Float": {"type": "number"},
    "Boolean": {"type": "boolean"},
    "String": {"type": "string"},
    "Date": {"type": "string", "format": "date"},
    "DateTime": {"type": "string", "format": "date-time"},
    "ImdbId": {"type": "string"},
    "ExternalId": {"type": "string"},
}
SOURCE = "Where the viewer came from; `collection-{slug}` counts as a click of that collection."
REFUSALS = {
    400: "A parameter or the body is wrong",
    401: "Writing needs the token",
    403: "This server, or a browser on another site, may not write",
    404: "Not found",
    405: "The path has no such method",
    409: "It is already there, or somebody else is changing the same",
    413: "The body is too large",
    415: "The body is not JSON",
    429: "Too many requests; Retry-After says when to try again",
    503: "The database cannot be reached, or the answer took too long",
}
ERROR = {"$ref": "#/components/responses/Error"}


def build_openapi(schema: GraphQLSchema, resources: list[Resource]) -> Schema:
    """Return the description of every endpoint: parameters, body, answers and errors."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "MediaCanon",
            "version": version("mediacanon"),
            "description": "Movies, shows, seasons and episodes. Fields without a value are absent.",
        },
        "paths": {
            resource.path: {method.lower(): _operation(schema, ready) for method, ready in resource.endpoints.items()}
            for resource in sorted(resources, key=lambda each: each.path)
        },
        "components": {
            "responses": {
                "Error": {
                    "description": "What went wrong",
                    "content": {
                        JSON: {
                            "schema": {
                                "type": "object",
                                "properties": {"error": {"type": "string"}},
                                "required": ["error"],
                            }
                        }
                    },
                }
            }
        },
    }


def _operation(schema: GraphQLSchema, ready: BoundEndpoint) -> Schema:
    row = ready.row
    operation: Schema = {
        "operationId": row.document,
        "summary": row.summary,
        "parameters": [*_path_parameters(ready), *(_query_parameters(ready) if row.is_read else ())],
        "responses": {str(row.status): _answer(schema, ready)}
        | {str(status): {**ERROR, "description": REFUSALS[status]} for status in _refusals(ready)},
    }
    if row.is_read:
        operation["responses"]["304"] = {"description": "If-None-Match names the entity tag of this answer"}
    elif ready.other_types:
        body = {"schema": _body(ready), "example": dict(row.body)}
        operation["requestBody"] = {"required": True, "content": {JSON: body}}
    return operation


def _refusals(ready: BoundEndpoint) -> list[int]:
    found = {429, 503}
    if not ready.row.is_read:
        found |= {401, 403, 409}
        found |= {400, 413, 415} if ready.other_types else set()
    if "id" in ready.path_names or ready.required - set(ready.path_names) or ready.row.most:
        found |= {400}
    if ready.path_names and not ready.row.is_list and ready.row.answer:
        found |= {404}
    return sorted(found)


def _path_parameters(ready: BoundEndpoint) -> Iterator[Schema]:
    for name in ready.path_names:
        kind = {"type": "integer", "format": "int64"} if name == "id" else {"type": "string", "minLength": 1}
        yield {"name": name, "in": "path", "required": True, "schema": kind}


def _query_parameters(ready: BoundEndpoint) -> Iterator[Schema]:
    row = ready.row
    for variable, type_ in ready.other_types.items():
        for name in row.reads.get(variable, (variable,)):
            if name not in ready.path_names:
                yield {
                    "name": name,
                    "in": "query",
                    "required": variable in ready.required,
                    "schema": _parameter(row, name, type_),
                }
    if row.view:
        yield {"name": "source", "in": "query", "description": SOURCE, "schema": {"type": "string"}}


def _parameter(row: Endpoint, name: str, type_: GraphQLInputType) -> Schema:
    """Return what a parameter should be; where others are as if absent, any text is allowed beside it."""
    named: Any = get_nullable_type(type_)
    if is_list_type(named):
        return {"type": "string", **RULES.get(name, {})}
    if is_enum_type(named):
        return {"anyOf": [{"enum": list(row.words.get(name) or named.values)}, {"type": "string"}]}
    if named.name in ("Int", "Float"):
        low, high = row.bounds.get(name, (None, None))
        bounds = {"minimum": low, "maximum": high} if low is not None else {}
        return {"anyOf": [{**SCALARS[named.name], **bounds}, {"type": "string"}]}
    return {"type": "string", "minLength": 1} if is_non_null_type(type_) else {"type": "string"}


def _body(ready: BoundEndpoint) -> Schema:
    properties = {}
    for name, type_ in ready.other_types.items():
        named: Any = get_nullable_type(type_)
        kind = {"enum": list(named.values)} if is_enum_type(named) else {**SCALARS[named.name], **RULES.get(name, {})}
        properties[name] = kind if name in ready.required else _or_nothing(kind)
    required = [name for name in properties if name in ready.required]
    return {"type": "object", "properties": properties, "required": required}


def _or_nothing(kind: Schema) -> Schema:
    """Return the schema of a fact that may be left out, null, or the empty text, which says the same."""
    if "minLength" in kind:
        kind = {**kind, "minLength": 0, "pattern": f"^$|{kind['pattern']}"}
    return {**kind, "type": [kind["type"], "null"]}


def _answer(schema: GraphQLSchema, ready: BoundEndpoint) -> Schema:
    row = ready.row
    if not row.answer:
        return {"description": "Nothing is left"}
    shape = _Shapes(schema, ready).of_answer()
    for name in row.nulls:
        shape["properties"][name] = {"type": ["boolean", "null"], "description": "null: GET tells"}
    shape.setdefault("required", []).extend(row.nulls)
    answer: Schema = {"description": row.summary, "content": {JSON: {"schema": shape}}}
    if row.is_read:
        answer["headers"] = {"ETag": {"schema": {"type": "string"}}}
    return answer


class _Shapes:
    """The JSON Schemas of what a document selects."""

    def __init__(self, schema: GraphQLSchema, ready: BoundEndpoint) -> None:
        self._row = ready.row
        operation = ready.document.operation()
        if operation is None or ready.document.document is None:
            raise ValueError(f"{ready.row.document}.graphql holds no operation")
        self._root: Any = schema.get_root_type(operation.operation)
        self._selected: SelectionSetNode | None = operation.selection_set
        self._fragments = fragments_of(ready.document.document)

    def of_answer(self) -> Schema:
        """Return the schema of the answer that the row takes out of the data."""
        if isinstance(self._row.answer, str):
            shape = self._at(self._row.answer)
            lists = [name for name in self._row.lists if name not in shape.get("required", ())]
            return {**shape, "required": [*shape["required"], *lists]} if lists else shape
        properties = {name: self._at(path) for name, path in self._row.answer.items()}
        return {"type": "object", "properties": properties, "required": list(properties)}

    def _at(self, path: str) -> Schema:
        type_, selected = self._root, self._selected
        for name in path.removeprefix("#").split("."):
            type_, selected = selected_fields(get_nullable_type(type_), selected, self._fragments)[name]
        return {"type": "integer"} if path.startswith("#") else self._of(type_, selected)

    def _of(self, type_: GraphQLOutputType, selected: SelectionSetNode | None) -> Schema:
        named: Any = get_nullable_type(type_)
        if is_list_type(named):
            return {"type": "array", "items": self._of(named.of_type, selected)}
        if is_enum_type(named):
            return {"enum": list(named.values)}
        if not is_object_type(named):
            return dict(SCALARS[named.name])
        fields = selected_fields(named, selected, self._fragments)
        return {
            "type": "object",
            "properties": {snake_case(name): self._of(*field) for name, field in fields.items()},
            "required": [snake_case(name) for name, (kind, _) in fields.items() if _is_always_there(name, kind)],
            "additionalProperties": False,
        }


def _is_always_there(name: str, type_: GraphQLOutputType) -> bool:
    return is_non_null_type(type_) and not (name in OPTIONAL_LISTS and is_list_type(get_nullable_type(type_)))

"""OpenAPI 3.1 of a dialect, generated from its table, its documents and the schema."""

from collections.abc import Iterator, Mapping, Sequence
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

from mediacanon.rest_compat.dialect import Dialect, Null
from mediacanon.rest_compat.endpoint import Endpoint
from mediacanon.rest_compat.handler import JSON
from mediacanon.rest_compat.routing import BoundEndpoint, Resource
from mediacanon.rest_compat.serializer import fragments_of, selected_fields, type_name

Schema = dict[str, Any]

SCALARS: dict[str, Schema] = {
    "Int": {"type": "integer"},
    "Float": {"type": "number"},
    "Boolean": {"type": "boolean"},
    "String": {"type": "string"},
    "Date": {"type": "string", "format": "date"},
    "DateTime": {"type": "string", "format": "date-time"},
    "ImdbId": {"type": "string"},
    "ImdbPersonId": {"type": "string"},
    "ExternalId": {"type": "string"},
}
JSON_NAMES = {str: "string", bool: "boolean", int: "integer", float: "number", list: "array", dict: "object"}
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
    422: "A parameter is missing or wrong",
    429: "Too many requests; Retry-After says when to try again",
    503: "The database cannot be reached, or the answer took too long",
}
HTML = "text/html"
ERROR = {"$ref": "#/components/responses/Error"}


def build_openapi(schema: GraphQLSchema, dialect: Dialect, resources: list[Resource]) -> Schema:
    """Return the description of every endpoint: parameters, body, answers and errors."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "MediaCanon", "version": version("mediacanon"), "description": dialect.description},
        "paths": {
            resource.path: {
                method.lower(): _operation(schema, dialect, rows) for method, rows in resource.endpoints.items()
            }
            for resource in sorted(resources, key=lambda each: each.path)
        },
        "components": {
            "responses": {
                "Error": {
                    "description": "What went wrong",
                    "content": {JSON: {"schema": _schema_of(dialect.error(400, "text"))}},
                }
            }
        },
    }


def _schema_of(value: object) -> Schema:
    """Return the schema of JSON like a value."""
    schema: Schema = {"type": JSON_NAMES[type(value)]}
    if isinstance(value, dict):
        schema |= {"properties": {name: _schema_of(one) for name, one in value.items()}, "required": list(value)}
    if isinstance(value, list) and value:
        schema |= {"items": _schema_of(value[0])}
    return schema


def _operation(schema: GraphQLSchema, dialect: Dialect, rows: Sequence[BoundEndpoint]) -> Schema:
    """Return the operation of a path and a method: of one row, or of the rows that share it by `when`."""
    bound, row = rows[0], rows[0].row
    operation: Schema = {
        "operationId": row.operation,
        "summary": row.summary,
        "parameters": _parameters(dialect, rows),
        "responses": {str(302 if row.redirects else row.status): _answer(schema, dialect, rows)}
        | {
            str(dialect.status(status)): {**ERROR, "description": REFUSALS[status]}
            for status in _refusals(dialect, bound)
        },
    }
    if row.is_read and not row.reads_body:
        operation["responses"]["304"] = {"description": "If-None-Match names the entity tag of this answer"}
    elif bound.other_types:
        body = {"schema": (_question if row.reads_body else _body)(dialect, bound), "example": dict(row.body)}
        operation["requestBody"] = {"required": True, "content": {JSON: body}}
    return operation


def _refusals(dialect: Dialect, bound: BoundEndpoint) -> list[int]:
    found = {429, 503, *(check.error.http_status for check in bound.row.checks)}
    if not bound.row.is_read:
        found |= {401, 403, 409}
        found |= {400, 413, 415} if bound.other_types else set()
    elif bound.row.reads_body:
        found |= {400, 413, 415}
    has_ids = "id" in bound.path_names or bound.row.max_items
    if dialect.is_strict or has_ids or bound.document.required - set(bound.path_names):
        found |= {400}
    if bound.path_names and not bound.row.is_list and bound.row.answer != "":
        found |= {404}
    # A dialect that reports an error in a good response describes the good one.
    return sorted(status for status in found if dialect.status(status) != bound.row.status)


def _parameters(dialect: Dialect, rows: Sequence[BoundEndpoint]) -> list[Schema]:
    """Return the parameters of all rows, each once; a row among several can do without those of the others."""
    found: dict[str, Schema] = {}
    for bound in rows:
        query = _query_parameters(dialect, bound) if bound.row.is_read and not bound.row.reads_body else ()
        for parameter in (*_path_parameters(dialect, bound), *query):
            found.setdefault(parameter["name"], parameter)
    if len(rows) > 1:
        for parameter in found.values():
            parameter["required"] = parameter["in"] == "path"
    return list(found.values())


def _path_parameters(dialect: Dialect, bound: BoundEndpoint) -> Iterator[Schema]:
    for name in bound.path_names:
        kind: Schema = {"type": "string", "minLength": 1}
        if name == "id":
            kind = {"type": "integer", "format": "int64"}
        elif dialect.is_strict and name in bound.row.enum_names:
            kind = {"enum": list(bound.row.enum_names[name])}
        yield {"name": name, "in": "path", "required": True, "schema": kind}


def _query_parameters(dialect: Dialect, bound: BoundEndpoint) -> Iterator[Schema]:
    row = bound.row
    for variable, type_ in bound.other_types.items():
        for name in bound.leniency.parameters_of(variable):
            if name not in bound.path_names:
                yield {
                    "name": name,
                    "in": "query",
                    "required": variable in bound.document.required and variable not in row.constants,
                    "schema": _parameter(dialect, row, name, type_),
                }
    for name in (*row.needs, *row.texts):
        if name not in bound.path_names and name not in bound.other_types:
            schema = {"type": "string", **dialect.rules.get(name, {})}
            yield {"name": name, "in": "query", "required": name in row.needs, "schema": schema}
    if row.view:
        yield {"name": "source", "in": "query", "description": SOURCE, "schema": {"type": "string"}}


def _parameter(dialect: Dialect, row: Endpoint, name: str, type_: GraphQLInputType) -> Schema:
    """Return the schema of a parameter; a lenient dialect takes any text beside the values of the type."""
    if "type" in dialect.rules.get(name, {}):
        return dict(dialect.rules[name])
    named: Any = get_nullable_type(type_)
    refuses = dialect.status(400) >= 400  # noqa: PLR2004 - else a wrong value has a good response
    needs_text = dialect.is_strict or (refuses and is_non_null_type(type_) and not is_list_type(named))
    text: Schema = {"type": "string", **({"minLength": 1} if needs_text else {})}
    if is_enum_type(named):
        kind: Schema = {"enum": list(row.enum_names.get(name) or named.values)}
    elif type_name(named) in ("Int", "Float", "Boolean") and not is_list_type(named):
        low, high = row.bounds.get(name, (None, None))
        kind = {**SCALARS[named.name], **({"minimum": low, "maximum": high} if low is not None else {})}
    else:
        return {**text, **dialect.rules.get(name, {})} if is_list_type(named) else text
    return kind if dialect.is_strict else {"anyOf": [kind, {"type": "string"}]}


def _question(dialect: Dialect, bound: BoundEndpoint) -> Schema:
    """Return the schema of a body that asks: as the query string of a lenient dialect, it may have any value."""
    properties = {
        parameter["name"]: {"anyOf": [parameter["schema"], {"description": "counts as absent"}]}
        for parameter in _query_parameters(dialect, bound)
    }
    return {"type": "object", "properties": properties, "required": sorted(bound.document.required)}


def _body(dialect: Dialect, bound: BoundEndpoint) -> Schema:
    properties = {}
    for name, type_ in bound.other_types.items():
        named: Any = get_nullable_type(type_)
        rules = dialect.rules.get(name, {})
        scalar = {"type": "array"} if is_list_type(named) else SCALARS.get(named.name, {})
        kind = {"enum": list(named.values)} if is_enum_type(named) else {**scalar, **rules}
        properties[name] = kind if name in bound.document.required else _or_nothing(kind)
    required = [name for name in properties if name in bound.document.required]
    return {"type": "object", "properties": properties, "required": required}


def _or_nothing(kind: Schema) -> Schema:
    """Return the schema of a fact that may be left out, null, or the empty text, which says the same."""
    if "minLength" in kind:
        kind = {**kind, "minLength": 0, "pattern": f"^$|{kind['pattern']}"}
    return {**kind, "type": [kind["type"], "null"]}


def _answer(schema: GraphQLSchema, dialect: Dialect, rows: Sequence[BoundEndpoint]) -> Schema:
    row = rows[0].row
    if not row.answer and not row.schema:
        return {"description": "Nothing is left"}
    if row.redirects:
        return {"description": row.summary, "headers": {"Location": {"schema": {"type": "string"}}}}
    shapes = [_row_answer(schema, dialect, bound) for bound in rows]
    content = {JSON: {"schema": shapes[0] if len(shapes) == 1 else {"anyOf": shapes}}}
    if row.path == dialect.prefix:
        # Without a query the documentation is there.
        content[HTML] = {"schema": {"type": "string"}}
    answer: Schema = {"description": row.summary, "content": content}
    if row.is_read and not row.reads_body:
        answer["headers"] = {"ETag": {"schema": {"type": "string"}}}
    return answer


def _row_answer(schema: GraphQLSchema, dialect: Dialect, bound: BoundEndpoint) -> Schema:
    shape = _Shapes(schema, dialect, bound).of_answer()
    for name in bound.row.always_null:
        shape["properties"][name] = {"type": ["boolean", "null"], "description": "null: GET tells"}
    shape.setdefault("required", []).extend(bound.row.always_null)
    return shape


class _Shapes:
    """The JSON Schemas of the parts of a document's data."""

    def __init__(self, schema: GraphQLSchema, dialect: Dialect, bound: BoundEndpoint) -> None:
        self._row, self._dialect = bound.row, dialect
        operation = bound.document.operation
        self._root: Any = schema.get_root_type(operation.operation)
        self._selected: SelectionSetNode | None = operation.selection_set
        self._fragments = fragments_of(bound.document.node)

    def of_answer(self) -> Schema:
        """Return the schema of the part of the data that is the row's answer, or of the answer made from it."""
        if self._row.schema:
            return dict(self._row.schema)
        if not isinstance(self._row.answer, Mapping):
            shape = self._at(self._row.answer if isinstance(self._row.answer, str) else self._row.answer[0])
            lists = [name for name in self._row.always_present if name not in shape.get("required", ())]
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
        rule = self._dialect.values.get(type_name(type_))
        if rule:
            return dict(rule.schema)
        if is_list_type(named):
            return {"type": "array", "items": self._of(named.of_type, selected)}
        if is_enum_type(named):
            return {"enum": list(named.values)}
        if not is_object_type(named):
            return dict(SCALARS[named.name])
        fields, key = selected_fields(named, selected, self._fragments), self._dialect.key
        return {
            "type": "object",
            "properties": {key(name): self._field(*field) for name, field in fields.items()},
            "required": [key(name) for name, (kind, _) in fields.items() if self._is_always_there(name, kind)],
            "additionalProperties": False,
        }

    def _field(self, type_: GraphQLOutputType, selected: SelectionSetNode | None) -> Schema:
        shape, null = self._of(type_, selected), self._dialect.null
        if null is Null.OMIT or is_non_null_type(type_):
            return shape
        return {"anyOf": [shape, {"type": "null"} if null is Null.KEEP else {"const": null}]}

    def _is_always_there(self, name: str, type_: GraphQLOutputType) -> bool:
        if name in self._dialect.always_optional and is_list_type(get_nullable_type(type_)):
            return False
        return is_non_null_type(type_) or self._dialect.null is not Null.OMIT

"""One reader of texts: types decide the values, a leniency decides how freely they are read."""

from typing import Any

import pytest
from graphql import GraphQLSchema, OperationDefinitionNode, build_schema, parse

from mediacanon.execution.executor import Execution
from mediacanon.execution.variables import (
    Leniency,
    OutOfRange,
    TooMany,
    Unreadable,
    bind_document,
    read_variables,
    variable_types,
)
from mediacanon.schema.costs import COSTS
from mediacanon.schema.root import build_schema as build_own_schema

SCHEMA = build_schema("enum Sort { UP DOWN } scalar Id type Query { a(b: Boolean, f: Float): Int }")
PAGE = Leniency(trims=True, repeats=True, splits=True)
CLAMPING = Leniency(clamps=True, bounds={"page": (1, 2**31 - 1), "rating": (0, 10)})
STRICT = Leniency(repeats=True, splits=True, skips_empty=False, bounds={"page": (1, 500), "rating": (0, 10)})


def types_of(declared: str, schema: GraphQLSchema = SCHEMA) -> dict[str, Any]:
    """Return the variable types of a declaration."""
    [operation] = parse(f"query ({declared}) {{ a }}").definitions
    assert isinstance(operation, OperationDefinitionNode)
    return variable_types(schema, operation)


def read(declared: str, leniency: Leniency, **texts: str | list[str]) -> tuple[dict[str, Any], dict[str, Unreadable]]:
    """Return variables and unreadable ones of texts."""
    given = {name: [text] if isinstance(text, str) else text for name, text in texts.items()}
    return read_variables(types_of(declared), given, leniency)


@pytest.mark.parametrize(
    ("declared", "text", "value"),
    [
        ("$x: Int", "7", 7),
        ("$x: Int!", "+7", 7),
        ("$x: Int", "-7", -7),
        ("$x: Float", "1e-3", 0.001),
        ("$x: Float", ".5", 0.5),
        ("$x: Boolean", "TRUE", True),
        ("$x: Boolean", "0", False),
        ("$x: Sort", "UP", "UP"),
        ("$x: String", "a, b ", "a, b "),
        ("$x: [String!]", "a, b", ["a, b"]),
        ("$x: [Int!]", "7", [7]),
        ("$x: Id", "any", "any"),
    ],
)
def test_the_type_decides_the_value(declared: str, text: str, value: object):
    """A text is read as it stands where the leniency says nothing else."""
    assert read(declared, Leniency(), x=text) == ({"x": value}, {})


@pytest.mark.parametrize(
    ("declared", "text", "wanted"),
    [
        ("$x: Int", "x", "a whole number"),
        ("$x: Int", "1_0", "a whole number"),
        ("$x: Int", "٣", "a whole number"),
        ("$x: Int", "1.0", "a whole number"),
        ("$x: Int", "2147483648", "a whole number"),
        ("$x: Int", "9" * 400, "a whole number"),
        ("$x: Int", "9" * 5000, "a whole number"),
        ("$x: Float", "nan", "a number"),
        ("$x: Float", "1e999", "a number"),
        ("$x: Boolean", "yes", "true or false"),
        ("$x: Sort", "up", "one of UP, DOWN"),
    ],
)
def test_a_text_of_another_type_is_unreadable(declared: str, text: str, wanted: str):
    """The reason names the values that the type has."""
    variables, unreadable = read(declared, Leniency(), x=text)
    assert (variables, str(unreadable["x"])) == ({}, wanted)


def test_a_page_trims_splits_and_collects():
    """Spaces do not count, commas and repetitions make lists, an empty text is absent."""
    found = read("$id: Int, $genre: [String!], $q: String", PAGE, id=" 7 ", genre=[" a , b,", "", "c"], q="  ")
    assert found == ({"id": 7, "genre": ["a", "b", "c"]}, {})


def test_the_first_text_counts_where_a_parameter_may_not_repeat():
    """A lenient dialect ignores the others."""
    assert read("$id: Int, $genre: [String!]", Leniency(), id=["1", "2"], genre=["a", "b"])[0] == {
        "id": 1,
        "genre": ["a"],
    }


@pytest.mark.parametrize(
    ("page", "rating", "found"),
    [
        ("9" * 30, "-1", {"page": 2**31 - 1, "rating": 0}),
        ("5", "9.5", {"page": 5, "rating": 9.5}),
        ("0", "10", {"rating": 10}),
    ],
)
def test_clamping_brings_numbers_within_range(page: str, rating: str, found: dict[str, Any]):
    """A number beyond 32 bits is the largest one, one below its bounds the lowest; a page 0 stays unreadable."""
    assert read("$page: Int, $rating: Float", CLAMPING, page=page, rating=rating)[0] == found


def test_a_number_above_its_bounds_is_out_of_range():
    """No title has it, whatever the leniency: a caller can tell it from a text that is no number."""
    for leniency in (CLAMPING, STRICT):
        assert isinstance(read("$rating: Float", leniency, rating="10.01")[1]["rating"], OutOfRange)
        assert not isinstance(read("$rating: Float", leniency, rating="high")[1]["rating"], OutOfRange)


def test_a_strict_reader_refuses_empty_texts_and_entries():
    """An empty text is no value of any type but a text."""
    _, unreadable = read("$page: Int, $rating: Float, $genre: [String!]", STRICT, page="", rating="-0.1", genre="a,,b")
    assert {name: str(error) for name, error in unreadable.items()} == {
        "page": "a whole number from 1 to 500",
        "rating": "a number from 0 to 10",
        "genre": "a list of names between commas",
    }


def test_parameters_may_have_other_names_than_their_variable():
    """Two parameters set one list; a variable without a parameter cannot be set."""
    leniency = Leniency(parameters={"ids": ("imdb", "tmdb"), "page": ()}, max_items={"ids": 3})
    found = read("$ids: [Id!], $page: Int", leniency, imdb="a,b", tmdb=" c ", page="7", ids="d")
    assert found == ({"ids": ["a", "b", "c"]}, {})
    _, unreadable = read("$ids: [Id!]", leniency, imdb="a,b", tmdb="c,d")
    assert isinstance(unreadable["ids"], TooMany)


def test_words_of_an_enum_may_differ_from_graphql():
    """The name in GraphQL is then no word of the parameter."""
    leniency = Leniency(enum_names={"sort": {"up": "UP"}})
    assert read("$sort: Sort", leniency, sort="up")[0] == {"sort": "UP"}
    assert str(read("$sort: Sort", leniency, sort="UP")[1]["sort"]) == "one of up"


def test_a_leniency_rules_out_texts_that_match_nothing():
    """Texts and entries of lists have a rule each."""
    leniency = Leniency(accepts_text=str.isascii, accepts_entry=str.islower)
    variables, unreadable = read("$q: String, $genre: [String!]", leniency, q="ä", genre="A")
    assert (variables, sorted(unreadable)) == ({}, ["genre", "q"])


def test_a_bound_document_knows_types_defaults_and_required_variables():
    """All of them come from its declaration."""
    execution = Execution(build_own_schema(), costs=COSTS)
    text = "query ($id: Int!, $page: Int! = 2, $q: String) { title(id: $id) { titleId } titles(query: $q, page: $page) { page } }"
    bound = bind_document(execution, text, name="own.graphql")
    assert sorted(bound.types) == ["id", "page", "q"]
    assert (bound.required, bound.defaults) == ({"id"}, {"page": 2})
    assert bound.read({"id": ["5"], "other": ["x"]}, PAGE).variables == {"id": 5}


@pytest.mark.parametrize("text", ["query A { stats { movies } } query B { stats { movies } }", "{ nope }"])
def test_a_document_must_be_one_operation_of_the_schema(text: str):
    """A server with another document does not start; the error names the file."""
    with pytest.raises(ValueError, match=r"own\.graphql"):
        bind_document(Execution(build_own_schema(), costs=COSTS), text, name="own.graphql")

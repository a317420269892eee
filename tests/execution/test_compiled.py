"""Compiled execution: the same responses as graphql-core's, and nothing interpreted but resolvers."""

import asyncio
import dataclasses
import gc
import json
import weakref
from collections.abc import Callable

import pytest
import strawberry
from graphql import GraphQLField, MiddlewareManager, execute, get_named_type, is_leaf_type
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strawberry.schema.config import StrawberryConfig

from mediacanon.execution.compiled import CompiledExecutor
from mediacanon.schema.root import build_schema
from tests.execution import vault
from tests.execution.conftest import WHOLE_SHOW, compile_document
from tests.execution.documents import documents, flag_values

SCHEMA = vault.SCHEMA._schema
REAL_SCHEMA = build_schema()._schema
# graphql-core cancels the siblings of a field that failed, some of them before they began.
pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore:coroutine .* was never awaited"),
]
GENERATED = settings(
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


class CountingExecutor(CompiledExecutor):
    """Records the fields that graphql-core executed."""

    executed: list[str] = []  # noqa: RUF012 - emptied by each test that reads it

    def execute_field(self, parent_type: object, source: object, details: list, *rest: object) -> object:
        self.executed.append(details[0].node.name.value)
        return super().execute_field(parent_type, source, details, *rest)


def ids(first: int, last: int) -> list[str]:
    return [f"(id: {number})" for number in range(first, last + 1)]


# Root fields of the real schema, with arguments each may be given.
REAL_ROOTS = {
    "title": [*ids(1, 8), "", '(by: {imdbId: "tt0000000"})', "(id: 999999)"],
    "movie": ids(1, 4),
    "show": ids(1, 8),
    "season": ids(1, 8),
    "episode": ids(1, 8),
    "titles": ["", "(perPage: 3)", "(page: 2, perPage: 4)", "(type: show)", "(page: 0)"],
    "search": ['(query: "the")', '(query: "a", limit: 3)'],
    "stats": [""],
    "genres": [""],
    "languages": [""],
    "countries": [""],
    "choices": [""],
    "lookup": [
        '(ids: ["tt99000001", "tt99100001", "movie:603", "tt0000000", "tt99000001"])',
        # Some of them are episodes.
        f"(ids: {json.dumps([f'tt{number}' for number in range(92_000_001, 92_000_013)])})",
        '(ids: ["nonsense", "tt99000001", "movie:9999999999"])',
        "(ids: [])",
    ],
    "discover": ["(perPage: 3)", "(page: 0)"],
    "person": ["(id: 99000001)", '(by: {imdbId: "nm99000002"})', "(by: {tmdbId: 1})", ""],
    "people": ['(query: "marlowe a", limit: 2)', '(query: "a", limit: 99)'],
    "franchise": ["(tmdbId: 90)", "(tmdbId: 0)"],
    "franchises": ['(query: "the")', '(query: "a", limit: 99)'],
    "collections": [""],
    "collection": ['(slug: "top-drama-movies")', "(id: 901)", '(slug: "nope")', ""],
    "carousels": ["(perPage: 2)", "(page: 2, perPage: 1)", "(page: 0)"],
}
# Arguments of fields below them.
REAL_ARGUMENTS = {
    "Show.season": ["(number: 1)", "(number: 99)"],
    "Title.certification": ['(country: "US")'],
    "Title.name": ['(languages: ["de-AT", "ja"])', '(languages: ["nonsense"])'],
    "Title.credits": ["(perPage: 2)", "(departments: [ACTING, WRITING], page: 2, perPage: 3)", "(page: 0)"],
    "Person.credits": ["(perPage: 2)", "(departments: [DIRECTING])"],
    "Title.poster": ["", "(size: W92)", "(size: ORIGINAL)"],
    "DiscoverTitle.poster": ["", "(size: W185)"],
    "Episode.still": ["", "(size: W92)", "(size: ORIGINAL)"],
    "Collection.titles": ["(perPage: 2)", "(page: 2, perPage: 3)", "(page: 0)"],
}


def everything(field: GraphQLField, levels: int = 3) -> str:
    """Return a selection of all fields, so many levels deep, with every argument they may be given."""
    type_ = get_named_type(field.type)
    if is_leaf_type(type_):
        return ""
    texts = []
    for name, below in type_.fields.items():
        if levels or is_leaf_type(get_named_type(below.type)):
            for number, arguments in enumerate(REAL_ARGUMENTS.get(f"{type_.name}.{name}", [""])):
                texts.append(f"{name}{number}: {name}{arguments} {everything(below, levels - 1)}")
    return f"{{ __typename {' '.join(texts)} }}"


@settings(GENERATED, max_examples=100)
@given(
    text=documents(SCHEMA, vault.ROOTS),
    seed=st.integers(0, 1 << 16),
    oddity=st.sampled_from([0, 5, 40, 200]),
    flags=st.tuples(flag_values, flag_values),
)
def test_generated_documents_have_the_same_result_to_the_letter(
    assert_same_result: Callable, text: str, seed: int, oddity: int, flags: tuple[dict, dict]
) -> None:
    """Data, order of keys and errors are graphql-core's, cold and compiled, for any rows and variables."""
    document, compiled = compile_document(text)

    async def run() -> None:
        for number, variables in ((seed, flags[0]), (seed, flags[0]), (seed + 1, flags[1]), (seed + 2, flags[0])):
            await assert_same_result(
                SCHEMA, document, compiled, lambda n=number: vault.Vault(n, oddity), variable_values=variables
            )

    asyncio.run(run())


FILM = vault.Studio().film()


class OneOddValue:
    """A context with one film in which one value is odd."""

    def __init__(self, name: str, value: object) -> None:
        self._film = dataclasses.replace(FILM, **{name: value})

    def film(self) -> object:
        return self._film

    def films(self) -> list[object]:
        return [self._film, self._film]


FIELDS = {
    "id": "id", "name": "name tagline", "title": "title", "year": "year", "votes": "votes", "rating": "rating",
    "is_lost": "isLost", "medium": "medium", "rank": "rank", "premiere": "premiere", "restored": "restored",
    "imdb": "imdb",
    "secret": "secret", "facts": "facts", "tags": "tags", "premieres": "premieres", "grid": "grid", "rows": "rows",
    "director": "director { __typename ... @include(if: true) { name } }", "cast": "cast { __typename born }",
    "prints": "prints { __typename name }", "venues": "venues { __typename name }",
    "lead": "lead { __typename }",
    "credit": "credit { __typename }", "extra": "extra { __typename ... on Poster { year } }", "place": "place { __typename }",
    "sequel": "sequel { __typename }", "parts": "parts { __typename }", "reels": "reels { __typename }",
}  # fmt: skip


@pytest.mark.parametrize("name", FIELDS)
async def test_every_odd_value_has_the_same_result_in_every_field(assert_same_result: Callable, name: str) -> None:
    """Each value of a wrong type, alone, in a list and in a list of lists, is completed as by graphql-core."""
    document, compiled = compile_document(f"{{ film {{ {FIELDS[name]} }} films {{ note {FIELDS[name]} late: note }} }}")
    for odd in vault.ODD:
        for wrap in (lambda value: value, lambda value: [value], lambda value: [[value]]):
            await assert_same_result(
                SCHEMA, document, compiled, lambda odd=odd, wrap=wrap: OneOddValue(name, wrap(odd()))
            )


@settings(GENERATED, max_examples=60)
@given(text=documents(REAL_SCHEMA, REAL_ROOTS, REAL_ARGUMENTS), flags=st.tuples(flag_values, flag_values))
async def test_generated_documents_over_the_catalogue_have_the_same_result(
    assert_same_result: Callable, make_context: Callable, text: str, flags: tuple[dict, dict]
) -> None:
    """The real schema over real rows responds as graphql-core does, cold and compiled."""
    document, compiled = compile_document(text, REAL_SCHEMA)
    for variables in (flags[0], flags[0], flags[1]):
        await assert_same_result(REAL_SCHEMA, document, compiled, make_context, variable_values=variables)


@pytest.mark.parametrize("root", REAL_ROOTS)
async def test_every_root_field_has_the_same_result(
    assert_same_result: Callable, make_context: Callable, root: str
) -> None:
    """Each root field, with each of its arguments and every field below, responds as graphql-core, cold and compiled."""
    assert REAL_SCHEMA.query_type.fields.keys() == REAL_ROOTS.keys()
    for arguments in REAL_ROOTS[root]:
        document, compiled = compile_document(
            f"{{ {root}{arguments} {everything(REAL_SCHEMA.query_type.fields[root])} }}", REAL_SCHEMA
        )
        for _ in range(3):
            await assert_same_result(REAL_SCHEMA, document, compiled, make_context)


async def test_only_resolvers_are_interpreted(assert_same_result: Callable, make_context: Callable) -> None:
    """Of a whole show graphql-core executes the two fields with resolvers."""
    document, compiled = compile_document(WHOLE_SHOW, REAL_SCHEMA)
    result = await assert_same_result(REAL_SCHEMA, document, compiled, make_context)
    assert result.data["show"]["seasons"][0]["episodes"]
    CountingExecutor.executed.clear()
    await execute(
        REAL_SCHEMA, document, context_value=make_context(), executor_class=CountingExecutor, compiled=compiled
    )
    assert CountingExecutor.executed == ["show", "seasons"]


@pytest.mark.parametrize(("arguments", "interpreted"), [("(size: W342)", False), ("", False), ("(size: $size)", True)])
async def test_functions_of_a_row_are_called_by_compiled_code(
    assert_same_result: Callable, make_context: Callable, arguments: str, interpreted: bool
) -> None:
    """With arguments that the document states; one from a variable is graphql-core's."""
    parameters = "($size: PosterSize! = W92)" if "$" in arguments else ""
    text = f"query Q{parameters} {{ discover(perPage: 5) {{ items {{ poster{arguments} displayName }} }} }}"
    document, compiled = compile_document(text, REAL_SCHEMA)
    for _ in range(2):
        result = await assert_same_result(REAL_SCHEMA, document, compiled, make_context)
    assert all(title["poster"] for title in result.data["discover"]["items"])
    CountingExecutor.executed.clear()
    await execute(
        REAL_SCHEMA, document, context_value=make_context(), executor_class=CountingExecutor, compiled=compiled
    )
    assert ("poster" in CountingExecutor.executed) == interpreted


@pytest.mark.parametrize(
    ("text", "interpreted"),
    [
        ("{ films { title parts { title grid extra { ... on Poster { width } } } } }", {"films"}),
        ("{ films { title maker { name } parts { title } } }", {"films", "maker"}),
        ("{ films { parts { title note } year } }", {"films", "parts", "note"}),
        ("{ films { lead { name width } } }", {"films"}),
        ("{ prints { __typename name ... on Poster { width } } }", {"prints"}),
        ("{ films { director { name films { medium premiere restored imdb facts } } } }", {"films"}),
        ("{ films { venues { name } title } }", {"films", "venues"}),
        ("{ __typename films { __typename } }", {"films"}),
    ],
)
async def test_plain_fields_are_compiled_around_everything_else(text: str, interpreted: set[str]) -> None:
    """Compiled code reads valid rows, except resolvers, the fields above them, and types with an `is_type_of`."""
    document, compiled = compile_document(text)
    CountingExecutor.executed.clear()
    result = await execute(
        SCHEMA, document, context_value=vault.Studio(), executor_class=CountingExecutor, compiled=compiled
    )
    assert not result.errors
    assert set(CountingExecutor.executed) == interpreted


async def test_compiled_code_keeps_no_request_alive(make_context: Callable) -> None:
    """The executor of a request is freed at its end, though its compiled code stays."""
    document, compiled = compile_document(WHOLE_SHOW, REAL_SCHEMA)

    class Executor(CompiledExecutor):
        made: list[weakref.ref] = []  # noqa: RUF012 - this class is this test's

        def __init__(self, *args: object, **options: object) -> None:
            super().__init__(*args, **options)
            self.made.append(weakref.ref(self))

    await execute(REAL_SCHEMA, document, context_value=make_context(), executor_class=Executor, compiled=compiled)
    gc.collect()
    assert [reference() for reference in Executor.made] == [None]


async def test_middleware_sees_every_field() -> None:
    """With middleware, graphql-core executes every field."""
    document, compiled = compile_document("{ films { title parts { title } } }")
    seen = []

    def look(resolve: Callable, source: object, info: object, **arguments: object) -> object:
        seen.append(info.field_name)
        return resolve(source, info, **arguments)

    for _ in range(2):
        seen.clear()
        await execute(
            SCHEMA,
            document,
            context_value=vault.Studio(),
            middleware=MiddlewareManager(look),
            executor_class=CompiledExecutor,
            compiled=compiled,
        )
        assert "title" in seen


def backwards(source: object, name: str) -> object:
    return getattr(source, name)[::-1]


@strawberry.interface
class Clip:
    name: str

    @classmethod
    def resolve_type(cls, _value: object, info: object, _type: object) -> str:
        return "Trailer" if info.field_name == "clips" else "Teaser"


@strawberry.type
class Trailer(Clip):
    seconds: int


@strawberry.type
class Teaser(Clip):
    seconds: int


@strawberry.type
class Reels:
    clips: list[Clip]


@strawberry.type
class ClipQuery:
    @strawberry.field
    @staticmethod
    def reels(info: strawberry.Info) -> list[Reels]:
        return info.context


@pytest.mark.parametrize("config", [StrawberryConfig(default_resolver=backwards), StrawberryConfig()])
async def test_rules_of_a_schemas_own_are_kept(assert_same_result: Callable, config: StrawberryConfig) -> None:
    """Attributes with another default resolver, and types resolved by their position, are left to graphql-core."""
    schema = strawberry.Schema(ClipQuery, types=[Trailer, Teaser], config=config)._schema
    document, compiled = compile_document("{ reels { clips { __typename name } } }", schema)
    rows = [Reels(clips=[Trailer(name="ab", seconds=9), Trailer(name="cd", seconds=5)])]
    for _ in range(2):
        result = await assert_same_result(schema, document, compiled, lambda: rows)
        assert not result.errors

"""Compiled execution answers as graphql-core does, in bounded memory, and does run compiled."""

import asyncio
import dataclasses
import gc
import json
import weakref
from collections.abc import Callable, Iterator

import pytest
import strawberry
from graphql import (
    DocumentNode,
    GraphQLField,
    GraphQLSchema,
    MiddlewareManager,
    execute,
    get_named_type,
    is_leaf_type,
    parse,
    validate,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from strawberry.schema.config import StrawberryConfig

from mediacanon.execution.codegen import is_plain_class
from mediacanon.execution.compiled import CompiledExecutor
from mediacanon.execution.plans import MAX_SPECIALIZATIONS, MOST_FIELDS, CompiledDocument
from mediacanon.loaders.movie import MovieRow
from mediacanon.loaders.season import EpisodeRow, SeasonRow, WholeSeasonRow
from mediacanon.loaders.show import ShowRow
from mediacanon.loaders.title import IdsRow, TitleRow
from mediacanon.schema.root import build_schema
from tests.execution import vault
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

WHOLE_SHOW = """query ($episodes: Boolean = true) { show(id: 1) { showId title { ...Facts } seasons { seasonNumber
  episodes @include(if: $episodes) { episodeNumber airDate ids { imdb } } } } }
  fragment Facts on Title { displayName type genres averageRating createdAt }"""


@pytest.fixture(autouse=True)
def _leave_no_coroutine_behind() -> Iterator[None]:
    """Let what was never awaited be found here and not in another test."""
    yield
    gc.collect()


class CountingExecutor(CompiledExecutor):
    """Tells which fields graphql-core executed."""

    executed: list[str] = []  # noqa: RUF012 - emptied by each test that reads it

    def execute_field(self, parent_type: object, source: object, details: list, *rest: object) -> object:
        self.executed.append(details[0].node.name.value)
        return super().execute_field(parent_type, source, details, *rest)


class Studio(vault.Vault):
    """A context whose rows are valid."""

    def __init__(self) -> None:
        super().__init__(seed=3, oddity=0)


def prepare(text: str, schema: GraphQLSchema = SCHEMA) -> tuple[DocumentNode, CompiledDocument]:
    document = parse(text)
    assert not validate(schema, document)
    return document, CompiledDocument(document)


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
        "(ids: [])",
    ],
    "discover": ["(perPage: 3)", "(page: 0)"],
    "collections": [""],
    "collection": ['(slug: "top-drama-movies")', "(id: 901)", '(slug: "nope")', ""],
    "carousels": ["(perPage: 2)", "(page: 2, perPage: 1)", "(page: 0)"],
}
# Arguments of fields below them.
REAL_ARGUMENTS = {
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
def test_generated_documents_are_answered_to_the_letter(
    assert_same_answer: Callable, text: str, seed: int, oddity: int, flags: tuple[dict, dict]
) -> None:
    """Data, order of keys and errors are the interpreter's, plan cold or warm, whatever rows and variables."""
    document, plans = prepare(text)

    async def run() -> None:
        for number, variables in ((seed, flags[0]), (seed, flags[0]), (seed + 1, flags[1]), (seed + 2, flags[0])):
            await assert_same_answer(
                SCHEMA, document, plans, lambda n=number: vault.Vault(n, oddity), variable_values=variables
            )

    asyncio.run(run())


FILM = Studio().film()


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
async def test_every_odd_value_is_answered_to_the_letter_in_every_field(
    assert_same_answer: Callable, name: str
) -> None:
    """Each value that no type expects, alone, in a list and in a list of lists, is what graphql-core makes of it."""
    document, plans = prepare(f"{{ film {{ {FIELDS[name]} }} films {{ note {FIELDS[name]} late: note }} }}")
    for odd in vault.ODD:
        for wrap in (lambda value: value, lambda value: [value], lambda value: [[value]]):
            await assert_same_answer(SCHEMA, document, plans, lambda odd=odd, wrap=wrap: OneOddValue(name, wrap(odd())))


@pytest.mark.parametrize("row", [EpisodeRow, SeasonRow, WholeSeasonRow, TitleRow, IdsRow, MovieRow, ShowRow])
def test_rows_are_told_by_their_class(row: type) -> None:
    """A plan looks at the first row of a class and then lets all of them pass."""
    assert is_plain_class(row)


@settings(GENERATED, max_examples=60)
@given(text=documents(REAL_SCHEMA, REAL_ROOTS, REAL_ARGUMENTS), flags=st.tuples(flag_values, flag_values))
async def test_generated_documents_over_the_catalogue_are_answered_to_the_letter(
    assert_same_answer: Callable, make_context: Callable, text: str, flags: tuple[dict, dict]
) -> None:
    """The real schema over real rows answers as the interpreter does, plan cold or warm."""
    document, plans = prepare(text, REAL_SCHEMA)
    for variables in (flags[0], flags[0], flags[1]):
        await assert_same_answer(REAL_SCHEMA, document, plans, make_context, variable_values=variables)


@pytest.mark.parametrize("root", REAL_ROOTS)
async def test_every_root_field_is_answered_to_the_letter(
    assert_same_answer: Callable, make_context: Callable, root: str
) -> None:
    """With each of its arguments and all that needs none below, plan cold or warm."""
    assert REAL_SCHEMA.query_type.fields.keys() == REAL_ROOTS.keys()
    for arguments in REAL_ROOTS[root]:
        document, plans = prepare(
            f"{{ {root}{arguments} {everything(REAL_SCHEMA.query_type.fields[root])} }}", REAL_SCHEMA
        )
        for _ in range(3):
            await assert_same_answer(REAL_SCHEMA, document, plans, make_context)


async def test_only_resolvers_are_interpreted(assert_same_answer: Callable, make_context: Callable) -> None:
    """Of a whole show graphql-core executes two fields, the two with resolvers."""
    document, plans = prepare(WHOLE_SHOW, REAL_SCHEMA)
    answer = await assert_same_answer(REAL_SCHEMA, document, plans, make_context)
    assert answer.data["show"]["seasons"][0]["episodes"]
    CountingExecutor.executed.clear()
    await execute(REAL_SCHEMA, document, context_value=make_context(), executor_class=CountingExecutor, plans=plans)
    assert CountingExecutor.executed == ["show", "seasons"]


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
    """Valid rows are read by plan but for resolvers, what leads to them, and types that tell for themselves."""
    document, plans = prepare(text)
    CountingExecutor.executed.clear()
    result = await execute(SCHEMA, document, context_value=Studio(), executor_class=CountingExecutor, plans=plans)
    assert not result.errors
    assert set(CountingExecutor.executed) == interpreted


async def test_plans_do_not_grow_with_requests(assert_same_answer: Callable, make_context: Callable) -> None:
    """Once a document ran twice with each answer to its conditions, running it again adds nothing."""
    document, plans = prepare(WHOLE_SHOW, REAL_SCHEMA)
    sizes = []
    for _ in range(5):
        for episodes in (True, False):
            await assert_same_answer(REAL_SCHEMA, document, plans, make_context, variable_values={"episodes": episodes})
        sizes.append(plans.size)
    assert len(set(sizes[1:])) == 1


async def test_plans_are_bounded_by_conditions(assert_same_answer: Callable) -> None:
    """A document with a thousand combinations of conditions is planned for a few and answered for all."""
    flags = [f"f{number}" for number in range(10)]
    fields = " ".join(f"{flag}: title @include(if: ${flag})" for flag in flags)
    document, plans = prepare(f"query ({', '.join(f'${flag}: Boolean!' for flag in flags)}) {{ films {{ {fields} }} }}")
    for number in range(100):
        variables = {flag: bool(number >> bit & 1) for bit, flag in enumerate(flags)}
        await assert_same_answer(SCHEMA, document, plans, Studio, variable_values=variables)
    assert plans.size.variants == MAX_SPECIALIZATIONS


async def test_plans_are_bounded_by_fields(assert_same_answer: Callable) -> None:
    """Fragments that unfold into millions of fields are planned up to a bound and answered."""
    levels = 9
    below = "{name}: sequel {{ ...F{next} }}"
    texts = [
        f"fragment F{n} on Film {{ title {' '.join(below.format(name=name, next=n + 1) for name in 'abc')} }}"
        for n in range(levels)
    ]
    document, plans = prepare(" ".join(["{ film { ...F0 } }", *texts, f"fragment F{levels} on Film {{ year }}"]))
    for _ in range(2):
        await assert_same_answer(SCHEMA, document, plans, Studio)
    assert plans.size.fields <= MOST_FIELDS + 4


async def test_documents_deeper_than_planning_goes_are_answered(assert_same_answer: Callable) -> None:
    """A selection that nests deeper than any row is answered, though its plan could not be made."""
    levels = 300
    texts = [f"fragment F{n} on Film {{ title sequel {{ ...F{n + 1} }} }}" for n in range(levels)]
    document = parse(" ".join(["{ film { ...F0 } }", *texts, f"fragment F{levels} on Film {{ year }}"]))
    plans = CompiledDocument(document)
    answer = await assert_same_answer(SCHEMA, document, plans, Studio)
    assert answer.data["film"]["sequel"]


async def test_a_plan_keeps_no_request_alive(make_context: Callable) -> None:
    """What a request carried is gone with it, though its plans stay."""
    document, plans = prepare(WHOLE_SHOW, REAL_SCHEMA)

    class Executor(CompiledExecutor):
        made: list[weakref.ref] = []  # noqa: RUF012 - this class is this test's

        def __init__(self, *args: object, **options: object) -> None:
            super().__init__(*args, **options)
            self.made.append(weakref.ref(self))

    await execute(REAL_SCHEMA, document, context_value=make_context(), executor_class=Executor, plans=plans)
    gc.collect()
    assert [reference() for reference in Executor.made] == [None]


async def test_operations_of_one_document_share_no_conditions(assert_same_answer: Callable) -> None:
    """The same variable name decides in each operation for itself."""
    document, plans = prepare(
        "query A($on: Boolean = true) { films { ...Part } } query B($on: Boolean = false) { films { year ...Part } } "
        "query C($on: Boolean!, $off: Boolean!) { films { ...Part year @skip(if: $off) } } "
        "fragment Part on Film { title rating @include(if: $on) }"
    )
    options = [
        {"operation_name": "A"},
        {"operation_name": "B"},
        {"operation_name": "B", "variable_values": {"on": True}},
    ]
    options += [{"operation_name": "C", "variable_values": {"on": on, "off": not on}} for on in (True, False)]
    for option in options * 2:
        await assert_same_answer(SCHEMA, document, plans, Studio, **option)


async def test_a_condition_that_is_null_is_the_interpreters_error(assert_same_answer: Callable) -> None:
    """A null given for a condition with a default is reported, cold and warm, and spoils nothing for later."""
    document, plans = prepare("query ($on: Boolean = true) { films { title parts { year @include(if: $on) } } }")
    for variables in ({"on": None}, {"on": None}, {}, {"on": False}, {"on": None}):
        await assert_same_answer(SCHEMA, document, plans, Studio, variable_values=variables)


async def test_middleware_sees_every_field() -> None:
    """Where middleware looks at fields, nothing is compiled."""
    document, plans = prepare("{ films { title parts { title } } }")
    seen = []

    def look(resolve: Callable, source: object, info: object, **arguments: object) -> object:
        seen.append(info.field_name)
        return resolve(source, info, **arguments)

    for _ in range(2):
        seen.clear()
        await execute(
            SCHEMA,
            document,
            context_value=Studio(),
            middleware=MiddlewareManager(look),
            executor_class=CompiledExecutor,
            plans=plans,
        )
        assert "title" in seen


async def test_plans_of_another_document_are_not_used() -> None:
    """CompiledDocument handed in with a document they do not belong to change nothing."""
    document, _ = prepare("{ films { title } }")
    _, plans = prepare("{ films { year } }")
    result = await execute(SCHEMA, document, context_value=Studio(), executor_class=CompiledExecutor, plans=plans)
    assert set(result.data["films"][0]) == {"title"}
    assert plans.size.variants == 0


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
async def test_rules_of_a_schemas_own_are_kept(assert_same_answer: Callable, config: StrawberryConfig) -> None:
    """Attributes read in another way and types told by where they stand are graphql-core's to decide."""
    schema = strawberry.Schema(ClipQuery, types=[Trailer, Teaser], config=config)._schema
    document, plans = prepare("{ reels { clips { __typename name } } }", schema)
    rows = [Reels(clips=[Trailer(name="ab", seconds=9), Trailer(name="cd", seconds=5)])]
    for _ in range(2):
        answer = await assert_same_answer(schema, document, plans, lambda: rows)
        assert not answer.errors

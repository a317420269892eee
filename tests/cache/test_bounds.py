"""No cache grows without a bound on the number of entries and on the size of keys and values."""

import ast
import collections
import functools
import gc
import json
import re
import urllib.parse
from collections.abc import Iterator

import cachetools
import httpx
import pytest

from mediacanon import paths
from mediacanon.cache.results import LARGEST_RESULT, LONGEST_KEY, ResultCache

BY_IMDB = "query ($a: ImdbId!) { movie(by: {imdbId: $a}) { movieId } }"
BY_ID = "query ($a: Int!) { movie(id: $a) { movieId } }"
LOOKUP = "query ($a: [ExternalId!]!) { lookup(ids: $a) { invalid { id reason } } }"
# A long text, and one that nothing else has.
LONG, MARK = 10_000, "markedforthistest"
# Decorators of functools in the source: their keys are classes and seconds. Texts are memoised by `http.memo`.
FUNCTOOLS = {
    # Tables without a key.
    ("imdb/regions.py", "_languages_by_region"),
    *(
        ("rest_compat/tmdb_v3/codes.py", name)
        for name in ("certifications", "countries", "jobs", "languages", "primary_translations", "timezones")
    ),
    ("vocabulary.py", "_country_words"),
    ("vocabulary.py", "_language_words"),
    ("vocabulary.py", "country_names"),
    ("vocabulary.py", "language_names"),
    ("execution/codegen.py", "is_plain_class"),
    ("telemetry/logs.py", "_local"),
    ("telemetry/logs.py", "_utc_second"),
    # Statements with and without adult titles, and the shades of ratings.
    ("loaders/search_candidates.py", "candidates"),
    ("loaders/search_candidates.py", "candidates_by_likeness"),
    ("pages/charts.py", "shade"),
    # Its caller bounds the length of a path.
    ("telemetry/logs.py", "_quoted"),
}


def _cached_functions() -> Iterator[tuple[str, str, str]]:
    for file in sorted(paths.PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            for decorator in getattr(node, "decorator_list", ()):
                yield str(file.relative_to(paths.PACKAGE)), node.name, ast.unparse(decorator)


def test_no_function_is_cached_without_a_bound():
    """`functools.cache` is unbounded, and `lru_cache` bounds no key: texts are memoised with a bound on both."""
    found = {
        (file, name)
        for file, name, decorator in _cached_functions()
        if re.match(r"(functools[.])?(cache|lru_cache)\b", decorator)
    }
    assert found == FUNCTOOLS
    for file in sorted(paths.PACKAGE.rglob("*.py")):
        assert not re.search(r"maxsize=None|[^_\w]Cache\(math[.]inf", file.read_text(encoding="utf-8")), file


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("GET", "/api/lookup?imdb=TEXT", None),
        ("GET", "/lists/radarr/top_rated?TEXT=1", None),
        ("POST", "/graphql", {"query": "TEXT"}),
        ("POST", "/graphql", {"query": "{ TEXT }"}),
        ("POST", "/graphql", {"query": '{ movie(by: {imdbId: "TEXT"}) { movieId } }'}),
        ("POST", "/graphql", {"query": '{ movie(id: "TEXT") { movieId } }'}),
        ("POST", "/graphql", {"query": BY_IMDB, "variables": {"a": "TEXT"}}),
        ("POST", "/graphql", {"query": BY_ID, "variables": {"a": {"x": "TEXT"}}}),
        ("POST", "/graphql", {"query": BY_ID, "variables": {"a": ["TEXT", ["TEXT"] * 9]}}),
        ("POST", "/graphql", {"query": LOOKUP, "variables": {"a": ["TEXT"]}}),
        ("POST", "/graphql", {"query": "{ TEXT: titles(type: movie, filter: {type: show}) { total } }"}),
        ("POST", "/graphql", {"query": "{ TEXT: stats { TEXT } }"}),
        ("POST", "/graphql", {"query": "{ stats { ...TEXT } }"}),
        ("POST", "/graphql", {"query": "{ title(TEXT: 1) @TEXT { titleId } }"}),
        ("POST", "/graphql", {"query": "query ($TEXT: TEXT!) { title(id: $TEXT) { titleId } }"}),
        ("POST", "/graphql", {"query": "query ($TEXT: Int!) { title(id: $TEXT) { titleId } }"}),
        ("POST", "/graphql", {"query": "{ titles(type: TEXT) { total } }"}),
        ("POST", "/graphql", {"query": "{ stats { __typename } }", "operationName": "TEXT"}),
    ],
)
async def test_messages_quote_at_most_100_characters_of_a_request(
    demo_client: httpx.AsyncClient, method: str, target: str, body: dict[str, object] | None
):
    """A message holds the beginning of a long text, as it was sent: aB is no name of ours."""
    text = "aB" * 2_500
    content = json.dumps(body).replace("TEXT", text) if body else None
    headers = {"content-type": "application/json"} if body else {}
    response = await demo_client.request(method, target.replace("TEXT", text), content=content, headers=headers)
    assert len(response.content) < 1_000
    assert "a_b" not in response.text
    assert max(len(each) for each in re.findall("(?:aB?)+", response.text) or [""]) <= 101


def _texts_in_memory(mark: str) -> int:
    """Return how many containers hold a long text with a mark; the collector does not track those of texts alone."""
    found, seen, left = 0, set[int](), gc.get_objects()
    while left:
        one = left.pop()
        for each in gc.get_referents(one):
            if isinstance(each, str | bytes):
                found += len(each) > LONG and (mark if isinstance(each, str) else mark.encode()) in each
            elif isinstance(each, dict | tuple | list) and not gc.is_tracked(each) and id(each) not in seen:
                seen.add(id(each))
                left.append(each)
    return found


def _cache_entries() -> dict[str, float]:
    """Return the size of all caches of each kind together, of functions by name."""
    sizes = collections.Counter[str]()
    for each in gc.get_objects():
        if isinstance(each, cachetools.Cache):
            sizes[type(each).__name__] += each.currsize
        elif isinstance(each, functools._lru_cache_wrapper) and each.__module__.startswith("mediacanon"):
            sizes[f"{each.__module__}.{each.__qualname__}"] += each.cache_info().currsize
    return dict(sizes)


async def test_ids_of_60000_letters_leave_nothing_in_memory(
    demo_client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
):
    """Distinct ones in REST and GraphQL are answered as invalid; no cache holds any, and none grows by them."""
    caplog.set_level("WARNING", "httpx")

    async def look_up(numbers: range) -> None:
        for number in numbers:
            id_ = f"{number}{MARK}" + "a" * 60_000
            answers = [
                await demo_client.get("/api/lookup", params={"imdb": id_}),
                await demo_client.post("/graphql", json={"query": LOOKUP, "variables": {"a": [id_]}}),
            ]
            texts = [answer.text for answer in answers]
            assert all("no external id" in text and len(text) < 1_000 for text in texts)

    await look_up(range(3))
    gc.collect()
    before = _cache_entries()
    await look_up(range(3, 33))
    # The client of this test parses its addresses with it.
    urllib.parse.urlsplit.cache_clear()
    gc.collect()
    assert _texts_in_memory(MARK) == 0
    grown = {name: (size, now) for name, now in _cache_entries().items() if now > (size := before.get(name, 0))}
    assert grown == {}


async def test_results_of_large_keys_and_values_are_not_stored(certain_changes):
    """A long key and a large result are computed each time; many smaller ones evict the oldest by their size."""
    cache = ResultCache(most=100)
    asked: list[str] = []

    async def make(result: str) -> str:
        asked.append(result[:9])
        return result

    async with cache.invalidated_by(certain_changes):
        for key, result in (("k" * LONGEST_KEY, "long"), ("large", "r" * LARGEST_RESULT), ("a", "b")):
            for _ in range(2):
                assert await cache.get(key, functools.partial(make, result)) == result
        assert asked == ["long"] * 2 + ["r" * 9] * 2 + ["b"]
        for number in range(300):
            await cache.get(number, functools.partial(make, f"{number}" + "x" * 200_000))
        stored = [number for number in range(300) if number in cache._results]
        assert stored == list(range(300 - len(stored), 300))
        assert 40 < len(stored) < 50


@pytest.fixture
def certain_changes():
    """Give a stand-in of the listener: no change comes, and all have been received."""

    class Changes:
        def subscribe(self, _: object) -> object:
            return lambda: None

        async def catch_up(self) -> bool:
            return True

    return Changes()

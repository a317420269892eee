"""The index of questions: its types, its caches, and the life of a request's loaders."""

import asyncio
import textwrap
from pathlib import Path
from types import SimpleNamespace

import asyncpg
import pytest

from mediacanon.loaders import Loaders, share_loaders
from mediacanon.loaders.dataloader import DataLoader
from mediacanon.loaders.descriptors import ANY_CHANGE, RequestLoaders, batched, derived, query

POOL: asyncpg.Pool = None


class Results:
    """A result cache that keeps everything."""

    def __init__(self) -> None:
        self.entries: dict[object, object] = {}
        self.times_caught_up = 0

    async def catch_up(self):
        self.times_caught_up += 1
        return True

    async def get(self, key, make, correct, caught_up):
        assert await caught_up
        if key not in self.entries:
            self.entries[key] = await make()
        return self.entries[key]


CALLS: list[object] = []


async def double_keys(_, keys):
    """Record the batch, and double its keys."""
    CALLS.append(list(keys))
    return [2 * key for key in keys]


async def double_number(_, number: int, *, plus: int = 0):
    """Record the arguments, and double the number."""
    CALLS.append((number, plus))
    return 2 * number + plus


async def correct_key(_, __, known: int):
    """Return the value as it is."""
    return known


async def load_titles(_):
    """Return rows of which one is no title."""
    return [SimpleNamespace(title_id=47), SimpleNamespace(title_id=48), "title"]


async def sum_doubles(loaders, *numbers: int):
    """Ask another question of the same loaders."""
    return sum(await loaders.corrected_double_by_key.load_many(numbers))


async def load_titles_by_key(_, keys):
    """Return a title for each even key, none for an odd one."""
    return [None if key % 2 else SimpleNamespace(title_id=10 * key) for key in keys]


class Index(RequestLoaders):
    """Each kind of question."""

    double_by_key = batched(double_keys)
    noted_double_by_key = batched(double_keys, tags=lambda key: [f"noted:{key}"])
    title_by_key = batched(load_titles_by_key, tags=lambda _: ["titles"], is_title=True)
    corrected_double_by_key = batched(double_keys, correct=correct_key, tags=lambda key: [f"key:{key}"], shared=False)
    double = query(double_number, tags=lambda number, *, plus=0: [f"number:{number + plus}"])
    titles = query(load_titles)
    sum_of_doubles = derived(sum_doubles)


@pytest.fixture
def calls() -> list[object]:
    """Give the calls of the test."""
    CALLS.clear()
    return CALLS


async def test_a_loader_is_created_when_it_is_first_used(calls: list[object]):
    """A request pays for the loaders that it uses, and has one of each."""
    loaders = Index(POOL)
    assert not any(isinstance(each, DataLoader) for each in vars(loaders).values())
    assert loaders.double_by_key is loaders.double_by_key
    assert await loaders.double_by_key.load_many([1, 2, 1]) == [2, 4, 2]
    assert calls == [[1, 2]]


async def test_cleared_loaders_load_again(calls: list[object]):
    """After a write no loaded value is served, by loaders that were read before either."""
    loaders = Index(POOL)
    loader = loaders.double_by_key
    assert await loader.load(1) == await loader.load(1) == 2
    loaders.clear()
    assert await loader.load(1) == await loaders.double_by_key.load(1) == 2
    assert calls == [[1], [1]]


async def test_a_task_that_is_cancelled_leaves_the_load_to_the_others(calls: list[object]):
    """graphql-core cancels the resolvers beside one that fails: their load ends only with the whole request."""
    gate = asyncio.Event()

    async def wait_for_gate(_, keys):
        CALLS.append(list(keys))
        await gate.wait()
        return [2 * key for key in keys]

    class Gated(RequestLoaders):
        double_by_key = batched(wait_for_gate)

    async def request(loaders: Gated) -> None:
        with loaders.shared_by_tasks():
            cancelled, waiting = (asyncio.ensure_future(loaders.double_by_key.load(1)) for _ in range(2))
            while not calls:
                await asyncio.sleep(0)
            cancelled.cancel()
            await asyncio.sleep(0)
            gate.set()
            assert await waiting == 2
            gate.clear()
            await loaders.double_by_key.load(2)

    loaders = Gated(POOL)
    task = asyncio.ensure_future(request(loaders))
    while len(calls) < 2:
        await asyncio.sleep(0)
    left = loaders.double_by_key.load(2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await left
    assert calls == [[1], [2]]


async def test_a_query_is_loaded_each_time(calls: list[object]):
    """Its arguments are those of the function."""
    loaders = Index(POOL, Results())
    assert [await loaders.double(1), await loaders.double(1, plus=3)] == [2, 5]
    assert calls == [(1, 0), (1, 3)]


async def test_corrected_questions_are_loaded_once_for_all_requests(calls: list[object]):
    """Each key has an entry of its own; questions derived from them share it."""
    results = Results()
    for _ in range(2):
        loaders = Index(POOL, results)
        assert await loaders.corrected_double_by_key.load_many([1, 2]) == [2, 4]
        assert await loaders.sum_of_doubles(1, 2) == 6
    assert calls == [[1], [2]]
    assert len(results.entries) == 2


async def test_a_request_catches_up_once_and_again_after_a_write():
    """Its questions are as of its beginning; what follows a write sees it."""
    results = Results()
    loaders = Index(POOL, results)
    assert await loaders.sum_of_doubles(1, 2) == 6
    assert await loaders.corrected_double_by_key.load(3) == 6
    assert results.times_caught_up == 1
    loaders.clear()
    assert await loaders.corrected_double_by_key.load(1) == 2
    assert results.times_caught_up == 2


async def test_without_a_result_cache_a_request_loads_once(calls: list[object]):
    """Commands and tests have none."""
    for _ in range(2):
        loaders = Index(POOL)
        assert [await loaders.corrected_double_by_key.load(1) for _ in range(2)] == [2, 2]
    assert calls == [[1], [1]]


async def test_loaders_note_the_tags_of_what_they_loaded():
    """Those of a question or a key, of each title among its rows; without any those of any change."""
    loaders = Index(POOL)
    assert loaders.list_tags == ANY_CHANGE
    await loaders.double(1, plus=3)
    await loaders.corrected_double_by_key.load(2)
    assert loaders.list_tags == {"number:4", "key:2"}
    await loaders.titles()
    assert loaders.list_tags == {"number:4", "key:2", "title:47", "title:48", *ANY_CHANGE}
    by_key = Index(POOL)
    assert await by_key.noted_double_by_key.load_many([1, 2]) == [2, 4]
    assert by_key.list_tags == {"noted:1", "noted:2"}
    assert [title and title.title_id for title in await by_key.title_by_key.load_many([1, 2, 4])] == [None, 20, 40]
    assert by_key.list_tags == {"noted:1", "noted:2", "titles", "title:20", "title:40"}
    await by_key.double_by_key.load(1)
    assert by_key.list_tags > ANY_CHANGE


def test_expensive_keys_are_not_shared():
    """A batch of one would delay the requests of the others."""
    shared = share_loaders(POOL).keys()
    all_batched = {name for name, each in vars(Loaders).items() if isinstance(each, batched)}
    assert all_batched - shared == {"counts", "known_titles"}


WELL_TYPED = """
    reveal_type(await loaders.movie_by_id.load(1))
    reveal_type(await loaders.show_by_title_id.load_many([1]))
    reveal_type(await loaders.stats())
    reveal_type(await loaders.ranked("heat", limit=3))
"""
REVEALED = [
    "mediacanon.loaders.movie.MovieRow | None",
    "list[mediacanon.loaders.show.ShowRow | None]",
    "mediacanon.loaders.stats.StatsRow",
    "list[mediacanon.loaders.search.RankedTitle | mediacanon.loaders.search.RankedPerson]",
]
ILL_TYPED = {
    "loaders.titel_by_id": '"Loaders" has no attribute "titel_by_id"',
    "loaders.sttas()": '"Loaders" has no attribute "sttas"',
    'loaders.title_by_id.load("tt0113277")': 'Argument 1 to "load" of "DataLoader" has incompatible type "str"',
    "loaders.title_by_tmdb_id.load(603)": 'Argument 1 to "load" of "DataLoader" has incompatible type "int"',
    'loaders.ranked("heat", most=3)': 'Unexpected keyword argument "most"',
    "loaders.movies_between(1)": "Too few arguments",
    "loaders.search_total(1)": 'has incompatible type "int"; expected "TitleSearch"',
    "loaders.stats(1)": "Too many arguments",
}


def test_questions_are_checked_by_mypy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Rows have their types; a misspelt question, a wrong key and a wrong argument are errors of their lines."""
    api = pytest.importorskip("mypy.api")
    # mypy finds its configuration, and the package, in the working directory.
    monkeypatch.chdir(Path(__file__).parents[2])
    ill_typed = textwrap.indent("\n".join(ILL_TYPED), "    ")
    module = tmp_path / "requests.py"
    module.write_text(
        f"from mediacanon.loaders import Loaders\n\nasync def ask(loaders: Loaders) -> None:{WELL_TYPED}{ill_typed}\n"
    )
    report, crash, _ = api.run(["--no-pretty", str(module)])
    lines = [line.partition(".py:")[2] for line in report.splitlines()]
    notes = [line for line in lines if " note: Revealed type is " in line]
    assert [line.partition('is "')[2].rstrip('"') for line in notes] == REVEALED, report + crash
    first = len(REVEALED) + 4
    for number, (statement, message) in enumerate(ILL_TYPED.items(), first):
        assert any(line.startswith(f"{number}: error: ") and message in line for line in lines), (statement, report)

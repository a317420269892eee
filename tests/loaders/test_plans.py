"""The plans of loaders by key: an index can serve each of them, whatever the size of the catalogue."""

import importlib
import pkgutil
import re

import pytest

import mediacanon.loaders
from mediacanon.database.migrate import connected

BY_KEY = re.compile(r"(unnest|ANY) ?\(\$1")
# Tables of a few hundred rows are read whole.
LARGE = (
    "titles",
    "movies",
    "shows",
    "show_seasons",
    "show_episodes",
    "title_genres",
    "title_views",
    "viewed_titles",
    "title_akas",
    "credits",
    "people",
)


def statements_by_key() -> dict[str, str]:
    """Return the statements of all loaders that take keys as their first parameter."""
    modules = [
        importlib.import_module(f"mediacanon.loaders.{module.name}")
        for module in pkgutil.iter_modules(mediacanon.loaders.__path__)
    ]
    constants = {f"{module.__name__}.{name}": value for module in modules for name, value in vars(module).items()}
    return {
        name: value
        for name, value in constants.items()
        if isinstance(value, str) and BY_KEY.search(value) and value.lstrip().startswith(("SELECT", "WITH"))
    }


def test_the_look_up_by_tmdb_id_is_among_them():
    """The list of statements is found by their form, so it must hold a known one."""
    assert any("tmdb_id" in statement for statement in statements_by_key().values())
    assert len(statements_by_key()) > 10


@pytest.mark.parametrize("name", sorted(statements_by_key()))
async def test_a_loader_by_key_needs_no_sequential_scan(demo: str, name: str):
    """With sequential scans disabled none remains: the planner falls back on one where no index can serve."""
    async with connected(demo) as connection:
        await connection.execute("SET enable_seqscan = off")
        statement = statements_by_key()[name]
        if "{" in statement:
            pytest.skip("its conditions are built for each request")
        await connection.execute(f"SET plan_cache_mode = force_generic_plan; PREPARE by_key AS {statement}")
        nulls = ", ".join(["NULL"] * max(int(number) for number in re.findall(r"\$(\d+)", statement)))
        plan = await connection.fetch(f"EXPLAIN EXECUTE by_key ({nulls})")
    scanned = re.findall(r"Seq Scan on (\w+)", "\n".join(line[0] for line in plan))
    assert not set(scanned) & set(LARGE)

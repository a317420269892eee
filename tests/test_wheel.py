"""The wheel holds every file of the server: installed alone, it serves from any folder."""

import asyncio
import sys
import zipfile
from pathlib import Path

import httpx
import pytest

from mediacanon import paths
from tests.server.processes import serving

CHECKOUT = paths.PACKAGE.parent


@pytest.fixture(scope="module")
async def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel and return a folder with its content alone."""
    folder = tmp_path_factory.mktemp("wheel")
    build = "import hatchling.build, sys; print(hatchling.build.build_wheel(sys.argv[1]))"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", build, str(folder), cwd=CHECKOUT, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    with zipfile.ZipFile(folder / output.decode().split()[-1]) as wheel:
        wheel.extractall(folder / "site")
    return folder / "site"


async def test_a_wheel_serves_pages_from_any_folder(installed: Path, demo_database: str, tmp_path: Path):
    """Pages, static files and the explorer come from the wheel."""
    program = (sys.executable, "-P", "-m", "cli", "serve")
    environment = {"PYTHONPATH": str(installed), "DATABASE_URL": demo_database}
    async with serving(tmp_path, program=program, cwd=tmp_path, **environment) as server:
        async with httpx.AsyncClient(base_url=server.address, headers={"accept": "text/html"}, timeout=60) as client:
            for path in ("/", "/titles", "/movies/1", "/shows/1", "/graphql", "/static/style.css"):
                assert (await client.get(path)).status_code == 200
        assert await server.end() == 0


def test_a_wheel_ships_every_file(installed: Path):
    """Templates, documents, schema, collections, import SQL and static files."""
    shipped = {path.relative_to(installed).as_posix() for path in installed.rglob("*") if path.is_file()}
    wanted = {f"mediacanon/_data/{path.relative_to(CHECKOUT).as_posix()}" for path in paths.TEMPLATES.iterdir()}
    wanted |= {f"mediacanon/_data/collections/{path.name}" for path in paths.COLLECTIONS.iterdir()}
    wanted |= {"mediacanon/_data/schema.sql", "mediacanon/static/style.css", "mediacanon/imdb/sql/titles.sql"}
    assert wanted <= shipped
    assert not any("tests/" in name or "benchmarks/" in name for name in shipped)

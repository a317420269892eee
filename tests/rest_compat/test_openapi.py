"""The OpenAPI file says what the server does: schemathesis believes it and finds nothing else."""

import os
import sys
from pathlib import Path

from tests.rest_compat.conftest import with_collections
from tests.serving import app_of, run_program, served

HERE = Path(__file__).parent


async def test_schemathesis_finds_nothing_that_the_description_does_not_say(demo_database: str, tmp_path: Path):
    """No 5xx, no undocumented status or type, no answer beside its schema, no wrong data taken, no right data refused."""
    async with served(app_of(await with_collections(demo_database))) as address:
        status, output = await run_program(
            *(str(Path(sys.executable).parent / "schemathesis"), "run", f"{address}/api/openapi.json"),
            *("--checks", "all", "--max-examples", "10", "--max-time", "30", "--continue-on-failure"),
            *("--generation-deterministic", "--no-color", "--warnings", "off"),
            SCHEMATHESIS_HOOKS="schemathesis_hooks",
            PYTHONPATH=os.pathsep.join((str(HERE), os.environ.get("PYTHONPATH", ""))),
        )
    assert status == 0, output

"""The pages that every check visits, and two checkers: axe-core and the Nu HTML checker."""

import asyncio
import json
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"
VNU = ROOT / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"
ARTIFACTS = ROOT / "tests" / "artifacts"
JAVA = shutil.which("java")

# name -> path; {movie}, {show} and {daily} stand for landmarks of the demo
PAGES = {
    "home": "/",
    "discover": "/discover",
    "browse": "/discover?genre=Drama,Crime&type=show&country=GB",
    "nothing": "/discover?genre=War,Musical,News",
    "collection": "/discover?collection=top-drama-shows",
    "titles": "/titles?q=the",
    "movie": "{movie}",
    "show": "{show}",
    "daily": "{daily}",
    "person": "/people/99000001",
    "add": "/add",
    "missing": "/movies/99999999",
}


async def axe_findings(page) -> list[str]:
    """Return the violations that axe-core finds in the page as it stands."""
    await page.add_script_tag(path=AXE)
    report = await page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
    return [
        f"{each['id']}: {node['html'][:160]} {node['failureSummary'][:300]}"
        for each in report["violations"]
        for node in each["nodes"]
    ]


async def html_errors(files: list[Path]) -> list[str]:
    """Return the errors that the Nu HTML checker finds in files."""
    process = await asyncio.create_subprocess_exec(
        *(str(JAVA), "-jar", str(VNU), "--format", "json", "--errors-only", *map(str, files)),
        stderr=asyncio.subprocess.PIPE,
    )
    _, output = await process.communicate()
    return [
        f"{each['url']}:{each.get('lastLine')}: {each['message']} {each.get('extract', '')}"
        for each in json.loads(output)["messages"]
    ]

"""The rooms of the code base: files in their place, one layer contract, documents that name real files, plain words."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "mediacanon"

# The ground, and two faces of one file each. Every other module stands in a package.
ROOT_MODULES = {
    *("__init__", "errors", "settings", "paths", "vocabulary", "progress"),
    *("graphql_http", "image_proxy"),
}
LONGEST_FILE = 400
VAGUE_NAMES = {"manager", "helper", "helpers", "utils", "util", "common", "base", "data", "misc"}

# Folders of tests for something other than a package of the same name.
FREE_FOLDERS = {"browser", "deploy"}
# Tests of a promise that several modules keep together, by folder below tests/.
SPANNING = {
    "": {"adult", "further_filters", "graphql_docs", "house", "posterless", "spellings", "wheel"},
    "cache": {"bounds", "freshness", "transparency"},
    "cli": {"commands"},
    "database": {"disk_full", "pgbouncer", "recovery"},
    "imdb": {"merge_edits", "two_ways"},
    "loaders": {"plans", "statements"},
    "pages": {"title_facts"},
    "rest_compat": {
        *("client", "contract", "demo_examples", "deviations", "engagement", "lookup", "people", "recorded_examples"),
    },
    "schema": {"mutations", "query_counts"},
    "search": {"queries"},
    "server": {"chaos"},
}

# Names that were replaced by the field's terms; `git log -S` has their history.
OLD_NAMES = (
    # Caches and changes.
    *("HotAnswer", "HotAnswers", "HotAnswersFirst", "hot_answers", "KeptAnswers", "KeptPages", "CatalogEvents"),
    *("CatalogChange", "catalog_events", "told_by", "announce_title", "announce_titles", "announce_removal"),
    "ApiFirst",
    # Loaders.
    *("SharedLoader", "BATCHES", "DEAR", "KEPT", "FEW_KEYS", "MOST_TOGETHER"),
    # The engine.
    *("plan_source", "Unplannable", "GivenUp", "is_settled", "SETTLED", "ObjectPlan", "DirectOperation"),
    *("RememberedDocuments", "prepare_own", "stranger's document", "PRICES", "SIZE_ARGUMENTS", "PAGE_LISTS"),
    *("Reckoning", "pay_for", "answer_of", "text_variables"),
    # HTTP and dialects.
    *("is_hot", "is_at_home", "GatheringTransport", "labels_of", "∄"),
    # TMDB, tray, database.
    *("LeftAlone", "Extent", "Inquiry", "WrongKey", "NotAnswering", "AskedToWait", "leash"),
    *("told_in_one_line", "leave_as_it_is", "_take_seat"),
)
# One mechanism each: text that only its file may contain.
MECHANISMS = {
    "popitem(last=False)": set[str](),  # cachetools.LRUCache
    "OrderedDict": set[str](),
    "request.stream()": {"mediacanon/http/body.py"},
}

OPENING = re.compile(r"^(what|how|whether|who|where|which|those|whose)\b", re.IGNORECASE)
CLAUSE = re.compile(r"\b(what|whatever|whoever)\b", re.IGNORECASE)
PRONOUN = re.compile(r"\b(nobody|somebody|anybody|those (who|that)|who)\b", re.IGNORECASE)

IN_BACKTICKS = re.compile(r"`([^`\s]+)`")
LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)\s]*)?\)")
FILE_NAME = re.compile(r"[\w./-]+\.(py|sql|graphql|html|md|js|css|toml|yaml|yml|json|lock)|[\w./-]+/")
DOCUMENTS = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])


def python_files(*folders: str) -> list[Path]:
    """Return the Python files below folders of the checkout."""
    return sorted(file for folder in folders for file in (ROOT / folder).rglob("*.py"))


def test_the_root_of_the_package_holds_the_ground_alone():
    """A new subject gets a package, not a module in the root."""
    assert {file.stem for file in PACKAGE.glob("*.py")} == ROOT_MODULES


def test_files_are_short_and_named_after_a_subject():
    """No file exceeds 400 lines, and no module has a name that fits any content."""
    files = python_files("mediacanon", "cli")
    assert [str(file) for file in files if file.stem in VAGUE_NAMES] == []
    lengths = {str(file): len(file.read_text(encoding="utf-8").splitlines()) for file in files}
    assert {file: length for file, length in lengths.items() if length > LONGEST_FILE} == {}


def has_module(test: Path) -> bool:
    """Return whether the module or package that a test file is named after exists."""
    folder = test.parent.relative_to(ROOT / "tests")
    package = ROOT if folder.parts[:1] in (("cli",), ("benchmarks",)) else PACKAGE
    module = package / folder / test.stem.removeprefix("test_")
    return module.with_suffix(".py").exists() or module.is_dir()


def folder_of(test: Path) -> str:
    """Return the first folder of a test file below tests/, empty for a file in tests/ itself."""
    return test.relative_to(ROOT / "tests").parts[0] if test.parent != ROOT / "tests" else ""


def is_spanning(test: Path) -> bool:
    """Return whether a test file is on the list of tests for several modules."""
    folder = folder_of(test)
    return folder in FREE_FOLDERS or test.stem.removeprefix("test_") in SPANNING.get(folder, set())


def test_tests_mirror_the_tree():
    """Every test file has the module of its name, or is listed as a test of several modules."""
    tests = sorted((ROOT / "tests").rglob("test_*.py"))
    lost = [test for test in tests if not has_module(test) and not is_spanning(test)]
    assert [str(test.relative_to(ROOT)) for test in lost] == []


def test_the_list_of_spanning_tests_is_true():
    """Every entry of the list is a test file without a module of its name."""
    found = {
        (folder_of(test), test.stem.removeprefix("test_"))
        for test in (ROOT / "tests").rglob("test_*.py")
        if not has_module(test)
    }
    assert {(folder, name) for folder, names in SPANNING.items() for name in names} - found == set()


def contract() -> dict[str, list[str]]:
    """Return the layer contract of pyproject.toml: names by row, from the top."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    [layers] = [
        one
        for one in settings["tool"]["importlinter"]["contracts"]
        if one["type"] == "layers" and one.get("containers") == ["mediacanon"]
    ]
    assert layers["exhaustive"] is True
    return {row: row.split(" | ") for row in layers["layers"]}


def test_the_layer_contract_covers_every_package():
    """Every package and module is in one row, and neighbours in a row may not import each other."""
    rows = contract()
    assert [row for row in rows if ":" in row or "(" in row] == []
    names = [name for row in rows.values() for name in row]
    packages = {folder.name for folder in PACKAGE.iterdir() if (folder / "__init__.py").exists()}
    assert len(names) == len(set(names))
    assert set(names) == packages | ROOT_MODULES - {"__init__"}


def test_the_documents_show_the_layers_of_the_contract():
    """The picture of CONTRIBUTING and the table of the architecture have the contract's rows in its order."""
    rows = [set(names) for names in contract().values()]
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    picture = re.findall(r"^    mediacanon\.([a-z_| ]+)$", contributing, re.MULTILINE)
    assert [set(row.split(" | ")) for row in picture] == rows
    architecture = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = architecture.partition("| layer |")[2].partition("\n\n")[0]
    shown = [set(IN_BACKTICKS.findall(line.split("|")[1])) for line in table.splitlines()[2:]]
    assert shown == [{"cli"}, *rows]


def named_files(document: Path) -> Iterator[str]:
    """Yield the files that a document links to, and the paths in backticks that look like files of the checkout."""
    text = document.read_text(encoding="utf-8")
    yield from (str((document.parent / link).resolve().relative_to(ROOT)) for link in LINK.findall(text))
    top = {entry.name for entry in ROOT.iterdir()} | {entry.name for entry in PACKAGE.iterdir()}
    for name in IN_BACKTICKS.findall(text):
        if FILE_NAME.fullmatch(name) and "/" in name and name.partition("/")[0] in top:
            yield name


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: file.name)
def test_documents_name_files_that_exist(document: Path):
    """Every link to a file and every path in backticks leads to a file of the checkout."""
    missing = [name for name in named_files(document) if not any((at / name).exists() for at in (ROOT, PACKAGE))]
    assert missing == []


def test_old_names_do_not_come_back():
    """A replaced name is in no module."""
    pattern = re.compile(r"(?<!\w)(" + "|".join(map(re.escape, OLD_NAMES)) + r")(?!\w)")
    found = {
        str(file.relative_to(ROOT)): sorted(set(names))
        for file in python_files("mediacanon", "cli")
        if (names := pattern.findall(file.read_text(encoding="utf-8")))
    }
    assert found == {}


def test_no_sum_is_added_to_across_an_await():
    """`self.n += await f()` reads n before the wait, and loses what others add meanwhile."""
    lost = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for file in sorted([*PACKAGE.rglob("*.py"), *(ROOT / "cli").rglob("*.py")])
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.AugAssign)
        and not isinstance(node.target, ast.Name)
        and any(isinstance(part, ast.Await) for part in ast.walk(node.value))
    ]
    assert not lost


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_a_mechanism_stands_in_one_file(mechanism: str):
    """The LRU and the reader of a body are written once and used everywhere."""
    files = {
        str(file.relative_to(ROOT))
        for file in python_files("mediacanon", "cli")
        if mechanism in file.read_text(encoding="utf-8")
    }
    assert files == MECHANISMS[mechanism]


def first_paragraphs(*folders: str) -> list[str]:
    """Return the place and the first paragraph of every docstring, in one line each."""
    found = []
    for file in python_files(*folders):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                text = ast.get_docstring(node)
                if text:
                    first = " ".join(text.partition("\n\n")[0].split())
                    found.append(f"{file.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}: {first}")
    return found


@pytest.mark.parametrize("folders", [("mediacanon", "cli"), ("benchmarks", "tests")], ids="+".join)
@pytest.mark.parametrize(
    ("pattern", "share"),
    [(OPENING, 0.01), (CLAUSE, 0.02), (PRONOUN, 0.01)],
    ids=["opens with What, How or Who", "a clause with what", "nobody, those who"],
)
def test_docstrings_name_their_subject(folders: tuple[str, ...], pattern: re.Pattern[str], share: float):
    """A docstring begins with its subject, not with an interrogative, and uses nouns instead of pronouns."""
    paragraphs = first_paragraphs(*folders)
    hits = [one for one in paragraphs if pattern.search(one.partition(": ")[2])]
    assert len(hits) < share * len(paragraphs), "\n".join(hits)

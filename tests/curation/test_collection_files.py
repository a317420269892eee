"""The collections' YAML files: the shipped ones are valid, and each problem of an invalid one is reported."""

import csv
import os
import re
from pathlib import Path

import pytest

from mediacanon.curation.collection_files import NamedTitle, Problem, read_collection_files
from mediacanon.paths import COLLECTIONS

SHARED = Path(os.environ.get("MEDIACANON_SHARED") or Path(__file__).parents[2] / "shared")
CONTRACT = SHARED / "contract" / "collections.csv"

RIGHT = """\
slug: right
name: Right
strategy: filter
filter: {genre: Drama}
"""
STATIC = "slug: wrong\nname: Wrong\nstrategy: static\n"


def read(folder, **files):
    """Write files and return the parsed content of their folder."""
    for name, text in files.items():
        (folder / f"{name}.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_collection_files(folder)


def test_shipped_files_are_valid():
    """All 46 files are read without a problem; each has a description of one or two sentences."""
    files = read_collection_files()
    assert files.problems == ()
    assert len(files.collections) == 46
    assert {one.slug for one in files.collections} == files.names
    for one in files.collections:
        assert re.fullmatch(r"[^.]{20,}\.( [^.]+\.)?", one.description), one.slug
    assert len({one.description for one in files.collections}) == 46


@pytest.mark.skipif(not CONTRACT.exists(), reason="the original's list is not here")
def test_shipped_files_are_the_originals():
    """Every key has the value of the original's list."""
    with CONTRACT.open() as lines:
        expected = {row.pop("slug"): row for row in csv.DictReader(lines)}
    collections = read_collection_files().collections
    filters = ("type", "genre", "lang", "sort", "min_votes", "limit")
    found = {
        one.slug: {
            "name": one.name,
            "strategy": one.strategy,
            **{key: str(one.filter.get(key, "")) for key in filters},
            "languages": ",".join(one.languages),
            "regions": ",".join(one.regions),
            "pinned": str(one.pinned).lower(),
        }
        for one in collections
    }
    assert found == expected


def test_korean_collections_filter_by_language():
    """The Korean collections filter by language, since no import assigns a genre `Korean`."""
    korean = {one.slug: dict(one.filter) for one in read_collection_files().collections if "korean" in one.slug}
    assert len(korean) == 4
    assert {keys["lang"] for keys in korean.values()} == {"ko"}
    assert {keys.get("genre") for keys in korean.values()} == {None, "Dating"}


def test_folder_holds_no_python():
    """The folder has no .py file, which would shadow the standard library's module."""
    assert {path.suffix for path in COLLECTIONS.iterdir()} == {".yaml", ".md"}


def test_every_key_is_read(tmp_path):
    """Every key of a filter and every form of a listed title is read; surrounding blanks are trimmed."""
    files = read(
        tmp_path,
        one="slug: one\nname: ' One '\ndescription: |\n  Two\n  lines.\nstrategy: filter\npinned: true\n"
        "languages: [en, 'no']\nregions: [global, US]\nfilter: {type: show, genre: Sci-Fi, lang: ko, country: KR, "
        "sort: a-z, year_min: 1990, rating_min: 7, min_votes: 0, limit: 1, keyword: heist, company: Acme, network: One, "
        "status: returning series, certification_max: tv-pg, certification_country: usa, has_video: false}\n",
        two="slug: two\nname: Two\nstrategy: llm\ntitles:\n- tt0000001\n- {title: Dune, year: 2021, type: movie}\n"
        "- title: '300'\n",
    )
    assert files.problems == ()
    one, two = files.collections
    assert (one.name, one.description, one.pinned) == ("One", "Two\nlines.", True)
    assert (one.languages, one.regions) == (("en", "no"), ("global", "US"))
    assert len(one.filter) == 16
    assert (one.filter["status"], one.filter["certification_country"]) == ("Returning Series", "US")
    assert two.titles == ("tt0000001", NamedTitle("Dune", 2021, "movie"), NamedTitle("300"))
    assert [str(title) for title in two.titles] == ["tt0000001", "Dune (2021, movie)", "300"]


FILTER = "slug: wrong\nname: Wrong\nstrategy: filter\n"


@pytest.mark.parametrize(
    ("text", "line", "key", "words"),
    [
        ("", 0, "", "is empty"),
        ("# nothing\n", 0, "", "is empty"),
        ("just words", 1, "", "must be a mapping"),
        ("- a\n- b\n", 1, "", "must be a mapping"),
        ("slug: [wrong\nname: x\n", 2, "", "is no YAML"),
        ("slug: wrong\n\tname: x\n", 2, "", "is no YAML"),
        (f"{FILTER}---\nslug: other\n", 4, "", "is no YAML"),
        (b"slug: \xff\xfe\n", 0, "", "is no YAML"),
        (b"slug: a\x00b\n", 0, "", "is no YAML"),
        ("[" * 5000, 0, "", "is nested too deeply"),
        (f"{FILTER}filter: {{genre: *nowhere}}\n", 4, "", "is no YAML"),
        (f"{FILTER}filter: &me {{genre: *me}}\n", 4, "filter.genre", "must be 1 to 200 characters"),
        (f"{FILTER}filter: {{genre: !!python/object:os.system x}}\n", 4, "filter.genre", "must be 1 to 200"),
        ("name: Wrong\nstrategy: filter\nfilter: {genre: Drama}\n", 1, "slug", "is missing"),
        ("slug: wrong\nstrategy: filter\nfilter: {genre: Drama}\n", 1, "name", "is missing"),
        ("slug: wrong\nname: Wrong\nfilter: {genre: Drama}\n", 1, "strategy", "is missing"),
        (
            "slug: other\nname: x\nstrategy: filter\nfilter: {genre: Drama}\n",
            1,
            "slug",
            "must be the file's name, wrong",
        ),
        ("slug: Not This\nname: x\nstrategy: filter\nfilter: {genre: Drama}\n", 1, "slug", "must be lower-case words"),
        (f"{FILTER}nmae: x\nfilter: {{genre: Drama}}\n", 4, "nmae", "is no key here; did you mean name?"),
        (f"{FILTER}quux: x\nfilter: {{genre: Drama}}\n", 4, "quux", "is no key here; known are slug, name,"),
        (f"{FILTER}? [a]\n: b\nfilter: {{genre: Drama}}\n", 4, "?", "is no key here"),
        (f"{FILTER}name: again\nfilter: {{genre: Drama}}\n", 4, "name", "is there already, in line 2"),
        (f"{FILTER}filter:\n  genre: Drama\n  typ: show\n", 6, "filter.typ", "is no key here; did you mean type?"),
        (f"{FILTER}filter:\n  type: movvie\n", 5, "filter.type", "not 'movvie'; did you mean movie?"),
        (f"{FILTER}filter:\n  genre: Dramma\n", 5, "filter.genre", "not 'Dramma'; did you mean Drama?"),
        (f"{FILTER}filter:\n  genre: Quux\n", 5, "filter.genre", "must be the name of a genre, not 'Quux'"),
        (f"{FILTER}filter:\n  genre: sci-fi & fantasy\n", 5, "filter.genre", "means Sci-Fi or Fantasy"),
        (f"{FILTER}filter:\n  lang: qq\n", 5, "filter.lang", "must be a language code such as en, not 'qq'"),
        (f"{FILTER}filter:\n  country: Jappan\n", 5, "filter.country", "did you mean Japan?"),
        (f"{FILTER}filter:\n  sort: best\n", 5, "filter.sort", "must be one of most_rated, trending,"),
        (f"{FILTER}filter:\n  lang: no\n", 5, "filter.lang", "YAML reads no as text only in quotes"),
        (f"{FILTER}filter:\n  lang: englisch\n", 5, "filter.lang", "did you mean English?"),
        (f"{FILTER}filter:\n  country: usq\n", 5, "filter.country", "must be a country code such as US"),
        (f"{FILTER}filter:\n  min_votes: many\n", 5, "filter.min_votes", "must be a number of votes, not 'many'"),
        (f"{FILTER}filter:\n  min_votes: true\n", 5, "filter.min_votes", "must be a number of votes"),
        (f"{FILTER}filter:\n  min_votes: 99999999999\n", 5, "filter.min_votes", "must be a number of votes"),
        (f"{FILTER}filter:\n  rating_min: .nan\n", 5, "filter.rating_min", "must be a rating from 0 to 10"),
        (f"{FILTER}filter:\n  limit: 101\n", 5, "filter.limit", "must be a number from 1 to 100"),
        (f"{FILTER}filter:\n  limit: 10.0\n", 5, "filter.limit", "must be a number from 1 to 100"),
        (f"{FILTER}filter:\n  year_min: 1066\n", 5, "filter.year_min", "must be a year from"),
        (f"{FILTER}filter:\n  genre:\n", 5, "filter.genre", "is empty"),
        (f"{FILTER}filter:\n  genre: [Drama]\n", 5, "filter.genre", "must be 1 to 200 characters"),
        (f"{FILTER}filter:\n  status: Releasd\n", 5, "filter.status", "not 'Releasd'; did you mean Released?"),
        (f"{FILTER}filter:\n  has_video: often\n", 5, "filter.has_video", "must be true or false"),
        (f"{FILTER}filter:\n  certification_max: PG-14\n", 5, "filter", "must be a certification of US: TV-Y,"),
        (f"{FILTER}filter:\n  certification_country: US\n", 5, "filter", "has no meaning without certification_max"),
        (f"{FILTER}filter: Drama\n", 4, "filter", "must be a mapping"),
        (f"{FILTER}filter: {{}}\n", 4, "filter", "is required for strategy filter"),
        (FILTER, 1, "filter", "is required for strategy filter"),
        (f"{FILTER}filter: {{genre: Drama}}\ntitles: [tt0000001]\n", 5, "titles", "has no meaning for strategy filter"),
        (f"{FILTER}filter: {{genre: Drama}}\npinned: yesterday\n", 5, "pinned", "must be true or false"),
        (f"{FILTER}filter: {{genre: Drama}}\npinned: !!bool x\n", 5, "pinned", "must be true or false"),
        (f'{FILTER}filter:\n  rating_min: !!float ""\n', 5, "filter.rating_min", "must be a rating from 0 to 10"),
        (f'{FILTER}filter:\n  limit: !!int ""\n', 5, "filter.limit", "must be a number from 1 to 100"),
        (f"{FILTER}filter: {{genre: Drama}}\nlanguages: en\n", 5, "languages", "must be a list of language codes"),
        (f"{FILTER}filter: {{genre: Drama}}\nname: {'x' * 201}\n", 5, "name", "is there already"),
        (f'{FILTER}filter: {{genre: Drama}}\ndescription: "a\\0b"\n', 5, "description", "must be 1 to 2000 characters"),
        (
            f'{FILTER}filter: {{genre: Drama}}\ndescription: "\\ud800"\n',
            5,
            "description",
            "must be 1 to 2000 characters",
        ),
        (f"{FILTER}filter: {{genre: Drama}}\ndescription: 2020-01-01\n", 5, "description", "as text only in quotes"),
        (f"{FILTER}filter: {{genre: Drama}}\ndescription: 2020-99-99\n", 5, "description", "must be 1 to 2000"),
        (STATIC, 1, "titles", "is required for strategy static"),
        (f"{STATIC}titles: []\n", 4, "titles", "is required for strategy static"),
        (f"{STATIC}titles: [tt0000001]\nfilter: {{genre: Drama}}\n", 5, "filter", "has no meaning for strategy static"),
        (f"{STATIC}titles: [nm0000001]\n", 4, "titles[1]", "must be an IMDb id such as tt0903747, not 'nm0000001'"),
        (f"{STATIC}titles:\n- title: Dune\n", 5, "titles", "must be IMDb ids; only the strategy llm takes names"),
        (f"{STATIC}titles: [{', '.join(f'tt{n:07}' for n in range(1001))}]\n", 4, "titles", "has 1001 entries"),
    ],
)
def test_each_problem_is_reported(tmp_path, text, line, key, words):
    """A problem names file, line, key and reason; the valid file beside it is still read."""
    files = read(tmp_path, wrong=text, right=RIGHT)
    assert [one.slug for one in files.collections] == ["right"]
    assert files.names == {"right", "wrong"}
    reported = [problem for problem in files.problems if problem.key == key and words in problem.message]
    assert reported, [str(problem) for problem in files.problems]
    assert (reported[0].file, reported[0].line) == ("wrong.yaml", line)


def test_words_become_the_spelling_of_the_catalogue(tmp_path):
    """Case, TMDB's names and English names are understood; a custom genre is one that the caller names."""
    right = "slug: right\nname: Right\nstrategy: filter\nfilter: {type: %s, genre: %s, lang: %s, country: %s}\n"
    for genre, name in (("sci-fi", "Sci-Fi"), ("Science Fiction", "Sci-Fi"), ("dating", "Dating"), ("heist", "Heist")):
        (tmp_path / "right.yaml").write_text(right % ("Movie", genre, "KO", "kr"))
        files = read_collection_files(tmp_path, genres=["Heist"])
        assert files.problems == ()
        assert files.collections[0].filter == {"type": "movie", "genre": name, "lang": "ko", "country": "KR"}
    (tmp_path / "right.yaml").write_text(right % ("TV", "Heist", "Korean", "South Korea"))
    assert [problem.key for problem in read_collection_files(tmp_path).problems] == ["filter.genre"]


def test_all_problems_are_reported_at_once(tmp_path):
    """One check lists every problem of a file, one line each."""
    files = read(tmp_path, wrong="slug: wrong\nnam: x\nstrategy: filter\nfilter: {typ: show, limit: 0}\n")
    assert [str(problem) for problem in files.problems] == [
        "wrong.yaml:2: nam: is no key here; did you mean name?",
        "wrong.yaml:4: filter.typ: is no key here; did you mean type?",
        "wrong.yaml:4: filter.limit: must be a number from 1 to 100, not '0'",
        "wrong.yaml:1: name: is missing",
    ]


def test_a_malformed_entry_is_lost_and_not_its_file(tmp_path):
    """The rest of each list is read; each lost entry is a problem with line and reason."""
    files = read(
        tmp_path,
        one="slug: one\nname: One\nstrategy: llm\nlanguages: [en, englisch]\nregions: [Mars]\ntitles:\n- nm1\n"
        "- tt0000001\n- tt0000001\n- {titel: Dune}\n- {title: Dune}\n",
        two="slug: two\nname: Two\nstrategy: static\ntitles: [nm0000001]\n",
    )
    [one] = files.collections
    assert (one.languages, one.regions, one.titles) == (("en",), (), ("tt0000001", NamedTitle("Dune")))
    assert [str(problem) for problem in files.problems] == [
        "one.yaml:4: languages[2]: must be a language code such as en, not 'englisch'; did you mean English?",
        "one.yaml:5: regions[1]: must be global or a country code such as US, not 'Mars'; did you mean RS?",
        "one.yaml:7: titles[1]: must be an IMDb id such as tt0903747, not 'nm1'",
        "one.yaml:9: titles[3]: repeats entry 2",
        "one.yaml:10: titles[4].titel: is no key here; did you mean title?",
        "one.yaml:10: titles[4].title: is missing",
        "two.yaml:4: titles: is required for strategy static",
        "two.yaml:4: titles[1]: must be an IMDb id such as tt0903747, not 'nm0000001'",
    ]


def test_other_files_are_ignored(tmp_path):
    """Files of editors and of macOS are no collections, nor is README.md."""
    for name in (".right.yaml", "._right.yaml", ".#right.yaml", "#right.yaml#", "~right.yaml", "right~.yaml"):
        (tmp_path / name).write_text("{")
    for name in ("README.md", "right.yaml~", "right.yaml.bak", ".right.yaml.swp"):
        (tmp_path / name).write_text("{")
    (tmp_path / "folder.yaml").mkdir()
    files = read(tmp_path, right=RIGHT)
    assert [one.slug for one in files.collections] == ["right"]
    assert files.names == {"folder", "right"}
    assert files.problems == (Problem("folder.yaml", "Is a directory"),)


def test_every_suffix_of_yaml_is_read(tmp_path):
    """Two files of one name are one collection: the second is a problem."""
    for number, suffix in enumerate(("yml", "YAML", "YML", "yaml")):
        (tmp_path / f"c{number}.{suffix}").write_text(RIGHT.replace("right", f"c{number}"))
    (tmp_path / "c3.yml").write_text(RIGHT.replace("right", "c3"))
    files = read_collection_files(tmp_path)
    assert [one.slug for one in files.collections] == ["c0", "c1", "c2", "c3"]
    assert files.problems == (Problem("c3.yml", "is there already, as c3.yaml"),)


def test_a_missing_folder_is_a_problem(tmp_path):
    """A missing folder is a problem with its path, not an exception."""
    files = read_collection_files(tmp_path / "nowhere")
    assert (files.collections, files.names) == ((), frozenset())
    assert str(files.problems[0]) == f"{tmp_path / 'nowhere'}: No such file or directory"


def test_people_of_a_filter_are_ids_of_imdb(tmp_path: Path):
    """One, or a list of up to 50; a malformed entry makes the file unusable: the filter would be another one."""
    head = "slug: {0}\nname: N\nstrategy: filter\nfilter: {{ {1} }}\n"
    for name, value in {
        "one": "directed_by: nm0000233",
        "two": "cast: [nm0000233, nm0000206]",
        "none": "people: []",
        "title": "written_by: tt0000233",
        "half": "people: [nm0000233, Ann]",
        "many": f"people: [{', '.join(f'nm{n:07}' for n in range(51))}]",
    }.items():
        (tmp_path / f"{name}.yaml").write_text(head.format(name, value))
    files = read_collection_files(tmp_path)
    assert {each.slug: dict(each.filter) for each in files.collections} == {
        "one": {"directed_by": ("nm0000233",)},
        "two": {"cast": ("nm0000233", "nm0000206")},
    }
    assert [f"{each.file} {each.key}: {each.message}" for each in files.problems] == [
        "half.yaml filter.people[2]: must be an IMDb id of a person such as nm0000206, not 'Ann'",
        "many.yaml filter.people: has 51 entries; 50 is the limit",
        "none.yaml filter.people: is empty; it must be a list of IMDb ids of people",
        "title.yaml filter.written_by: must be an IMDb id of a person such as nm0000206, not 'tt0000233'",
    ]

"""Names, people and credits in GraphQL: what the files say, from both sides, in the reader's language."""

from collections.abc import Callable

import asyncpg
import pytest

from mediacanon.database.pool import open_pool
from mediacanon.errors import BadArgument
from mediacanon.execution.executor import Execution
from mediacanon.loaders import Loaders
from mediacanon.schema.context import Context
from mediacanon.schema.costs import COSTS
from mediacanon.schema.root import build_schema
from mediacanon.writes import Writes

KEEPERS, SATELLITES, HARBOUR, SEOUL = "tt99000001", "tt99000002", "tt99100001", "tt99000004"


@pytest.fixture(scope="module")
def execution() -> Execution:
    """Give the execution of our schema."""
    return Execution(build_schema(), costs=COSTS)


@pytest.fixture(scope="module")
def ask(execution: Execution, make_context: Callable[[], Context]):
    """Give a function that runs a document on the demo catalogue."""

    async def run(query: str, **variables: object) -> dict:
        return await execution.run(execution.prepare_trusted(query, name="test"), variables, make_context())

    return run


@pytest.mark.parametrize(
    ("imdb_id", "languages", "won"),
    [
        (KEEPERS, ["de-AT", "de"], ("Die Leuchtturmhüter", "de-AT", "AT")),
        (KEEPERS, ["de"], ("Die Leuchtturmwärter", "de", "DE")),
        # The Swiss see the German name; Canada's French name is asked for, or nobody's.
        (KEEPERS, ["de-CH", "fr"], ("Die Leuchtturmwärter", "de", "DE")),
        (KEEPERS, ["fr-CA"], ("Les Gardiens de phare", "fr-CA", "CA")),
        (KEEPERS, ["fr-FR"], ("Les Gardiens du phare", "fr", "FR")),
        # France uses the English title, and Canada's does not stand in for it.
        (SATELLITES, ["fr"], ("Paper Satellites", "fr", "FR")),
        (HARBOUR, ["fr-CA", "es", "el"], ("Les Lumières du port", "fr", "FR")),
        # IMDb's own codes of Chinese; the transliterated name is none that Japan shows.
        (KEEPERS, ["zh"], ("灯塔守护者", "zh", "CN")),
        (KEEPERS, ["zh-HK"], ("守燈塔的人", "zh-HK", "HK")),
        (KEEPERS, ["ja"], ("灯台守", "ja", "JP")),
        (KEEPERS, ["nl", "he"], ("Vuurtorenwachters", "nl", "BE")),
        (KEEPERS, ["hi"], ("प्रकाशस्तंभ के रखवाले", "hi", "IN")),
        # The original is in the language that was asked for.
        (SEOUL, ["da", "ko"], ("서울을 위한 일곱 개의 우산", "ko", "KR")),
        (HARBOUR, ["en-GB"], ("Harbor Lights", "en", "US")),
        (KEEPERS, ["en-GB", "en"], ("The Lighthouse Keepers", "en", None)),
        # A name without a kind is its country's unless IMDb remarks on it; a display name comes first.
        (HARBOUR, ["pl"], ("Światła portu", "pl", "PL")),
        (HARBOUR, ["cs", "uk"], ("Вогні гавані", "uk", "UA")),
        (HARBOUR, ["ru"], ("Огни гавани", "ru", "RU")),
        # Nothing in the languages: the name that people know it by. A working title is nobody's.
        (KEEPERS, ["da", "sw"], ("The Lighthouse Keepers", None, None)),
        (KEEPERS, [], ("The Lighthouse Keepers", None, None)),
    ],
)
async def test_the_first_language_that_has_a_name_wins(ask, imdb_id: str, languages: list[str], won: tuple):
    """A country's own name, then the language's in its main country, then the original; which one is told."""
    query = "query ($id: ImdbId!, $l: [String!]!) { title(by: {imdbId: $id}) { name(languages: $l) { text language region } } }"
    found = (await ask(query, id=imdb_id, l=languages))["title"]["name"]
    assert (found["text"], found["language"], found["region"]) == won


async def test_names_come_in_a_useful_order(ask):
    """The original first, display names by region, working titles last; kinds and remarks are told."""
    query = "query ($id: ImdbId!) { title(by: {imdbId: $id}) { names { name region language kind attributes } } }"
    names = (await ask(query, id=KEEPERS))["title"]["names"]
    assert [name["kind"] for name in names][:2] == ["original", "display"]
    assert names[-1] == {"name": "Blue Lamp", "region": "US", "language": None, "kind": "working", "attributes": []}
    display = [name["region"] for name in names if name["kind"] == "display"]
    assert display == sorted(display)
    assert {"reissue title", "recut version"} in [set(name["attributes"]) for name in names]
    with pytest.raises(BadArgument, match="languages must be codes"):
        await ask('{ title(by: {imdbId: "tt99000001"}) { name(languages: ["german"]) { text } } }')


async def test_credits_are_the_same_from_both_sides(ask):
    """The cast comes first in the order of billing, pages are parts of the whole, the person has the same credit."""
    query = """query ($id: ImdbId!, $page: Int!) { title(by: {imdbId: $id}) { titleId
        all: credits(perPage: 100) { total totalPages items { position category department characters job person { personId } } }
        part: credits(perPage: 4, page: $page) { total totalPages items { position person { personId } } }
        cast: credits(departments: [ACTING]) { total items { department } }
        crew: credits(departments: [DIRECTING, WRITING]) { items { category } } } }"""
    title = (await ask(query, id=HARBOUR, page=2))["title"]
    everybody = title["all"]["items"]
    assert [one["position"] for one in everybody] == list(range(1, title["all"]["total"] + 1))
    departments = [one["department"] for one in everybody]
    cast = departments.count("ACTING")
    assert departments[:cast] == ["ACTING"] * cast
    assert title["cast"] == {"total": cast, "items": [{"department": "ACTING"}] * cast}
    assert {one["category"] for one in title["crew"]["items"]} == {"director", "writer"}
    assert [one["person"]["personId"] for one in title["part"]["items"]] == [
        one["person"]["personId"] for one in everybody[4:8]
    ]
    assert title["part"]["totalPages"] == -(-len(everybody) // 4)
    assert all(one["characters"] for one in everybody[:cast])
    first = everybody[0]
    query = "query ($id: Int!) { person(id: $id) { credits(perPage: 100) { items { category characters title { titleId } } } } }"
    theirs = (await ask(query, id=first["person"]["personId"]))["person"]["credits"]["items"]
    mine = [
        one for one in theirs if one["title"]["titleId"] == title["titleId"] and one["category"] == first["category"]
    ]
    assert [one["characters"] for one in mine] == [first["characters"]]


async def test_a_person_is_found_by_any_id_and_by_name(ask):
    """The facts are IMDb's; the filmography begins with the latest title; known titles are those of the catalogue."""
    facts = "personId imdbId name birthYear deathYear professions isWithdrawn knownFor { displayName numVotes }"
    by_id = (await ask(f"{{ person(id: 99000001) {{ {facts} }} }}"))["person"]
    assert (by_id["imdbId"], by_id["name"], by_id["professions"]) == (
        "nm99000001",
        "Ada Marlowe",
        ["actress", "soundtrack"],
    )
    votes = [title["numVotes"] for title in by_id["knownFor"]]
    assert votes == sorted(votes, reverse=True)
    assert len(votes) == 4
    assert (await ask(f'{{ person(by: {{imdbId: "nm99000001"}}) {{ {facts} }} }}'))["person"] == by_id
    assert (await ask("{ person(by: {tmdbId: 4}) { name } }")) == {"person": None}
    pages = await ask("{ person(id: 99000001) { credits(perPage: 100) { total items { title { startYear } } } } }")
    years = [one["title"]["startYear"] or 9999 for one in pages["person"]["credits"]["items"]]
    assert years == sorted(years, reverse=True)
    assert pages["person"]["credits"]["total"] > 100
    found = (await ask('{ people(query: "MARLOWE, ada", limit: 5) { name } }'))["people"]
    assert {one["name"] for one in found} == {"Ada Marlowe"}
    assert (await ask('{ people(query: "zoe") { name } }'))["people"][0]["name"].startswith("Zoë")
    assert (await ask('{ people(query: "50%_ \\\\") { name } }'))["people"] == []
    with pytest.raises(BadArgument, match="one looks like nm0000138"):
        await ask("query ($id: ImdbPersonId!) { person(by: {imdbId: $id}) { name } }", id="tt99000001")


async def test_withdrawn_and_hidden_titles_are_in_no_filmography(execution: Execution, demo_database: str):
    """The count agrees; a title of adults is hidden where lists hide it, and its own credits stay."""
    async with await open_pool(demo_database, size=1) as pool:
        query = "{ person(id: 99000001) { credits(perPage: 3) { total items { title { titleId } } } } }"

        async def filmography(*, hides_adult: bool) -> tuple[int, list[int]]:
            context = Context(Loaders(pool, hides_adult=hides_adult), Writes(pool))
            data = await execution.run(execution.prepare_trusted(query, name="test"), {}, context)
            found = data["person"]["credits"]
            return found["total"], [one["title"]["titleId"] for one in found["items"]]

        total, [first, second, third] = await filmography(hides_adult=True)
        await pool.execute("UPDATE titles SET withdrawn_at = now() WHERE id = $1", first)
        await pool.execute("UPDATE titles SET is_adult = true WHERE id = $1", second)
        assert (await filmography(hides_adult=True))[0] == total - 2
        assert (await filmography(hides_adult=True))[1][0] == third
        assert (await filmography(hides_adult=False))[0] == total - 1
        await pool.execute("UPDATE people SET tmdb_id = 4, withdrawn_at = now() WHERE id = 99000001")
        context = Context(Loaders(pool), Writes(pool))
        known = '{ person(by: {tmdbId: 4}) { tmdbId isWithdrawn } people(query: "ada marlowe") { personId } }'
        data = await execution.run(execution.prepare_trusted(known, name="test"), {}, context)
        assert data["person"] == {"tmdbId": 4, "isWithdrawn": True}
        assert {"personId": 99000001} not in data["people"]


async def test_lists_are_filtered_by_people(ask, demo_pool: asyncpg.Pool):
    """In any role, in the cast, as director or writer; the totals agree, and combined filters must all hold."""
    person = await demo_pool.fetchval(
        "SELECT person_id FROM credits c JOIN people p ON p.id = c.person_id GROUP BY 1"
        " HAVING count(*) FILTER (WHERE category = 6) > 0 AND count(*) FILTER (WHERE category < 6) > 1 ORDER BY 1 LIMIT 1"
    )
    kinds = {"peopleIn": "true", "castIn": "category < 6", "directedBy": "category = 6", "writtenBy": "category = 7"}
    for name, condition in kinds.items():
        query = f"query ($p: [Int!]) {{ titles(filter: {{{name}: $p}}, perPage: 100) {{ total items {{ titleId }} }} discover(filter: {{{name}: $p}}) {{ total }} }}"
        data = await ask(query, p=[person])
        wanted = await demo_pool.fetch(
            f"SELECT DISTINCT title_id FROM credits WHERE person_id = $1 AND {condition}", person
        )
        assert {title["titleId"] for title in data["titles"]["items"]} == {row[0] for row in wanted}
        assert data["titles"]["total"] == len(wanted) >= data["discover"]["total"]
    both = await ask(f"{{ titles(filter: {{castIn: [99000001], directedBy: [{person}]}}) {{ items {{ titleId }} }} }}")
    in_both = "SELECT count(*) FROM credits a JOIN credits b USING (title_id) WHERE a.person_id = 99000001 AND b.person_id = $1 AND b.category = 6"
    assert len(both["titles"]["items"]) == await demo_pool.fetchval(in_both, person)
    with pytest.raises(BadArgument, match="castIn may have at most 50 entries"):
        await ask("query ($p: [Int!]) { titles(filter: {castIn: $p}) { total } }", p=list(range(51)))

"""Mutations as a client sends them: their results and their errors."""

import pytest
import strawberry
from graphql import GraphQLInputObjectType, GraphQLObjectType

from mediacanon.errors import BadArgument, Conflict, NotFound
from mediacanon.loaders import Loaders
from mediacanon.schema.context import Context
from mediacanon.schema.root import Mutations, Query
from mediacanon.schema.scalars import CONFIG
from mediacanon.writes import Writes
from tests import serving

SCHEMA = strawberry.Schema(Query, mutation=Mutations, config=CONFIG)

CREATE_MOVIE = "mutation ($input: NewTitle!) { createMovie(input: $input) { movieId title { %s } } }"
UPDATE_MOVIE = "mutation ($id: Int!, $input: TitleChanges!) { updateMovie(id: $id, input: $input) { title { %s } } }"
SHOW_WITH_EPISODES = "seasons { seasonNumber episodeCount isSeasonFinished episodes { episodeNumber displayName } }"


@pytest.fixture
def run(pool):
    """Give a function that runs a document as one request and returns its result."""

    async def execute(document, **variables):
        context = Context(Loaders(pool), Writes(pool))
        return await SCHEMA.execute(document, variables, context_value=context)

    return execute


@pytest.fixture
def ask(run):
    """Give a function that runs a document which must succeed and returns its data."""

    async def answer(document, **variables):
        result = await run(document, **variables)
        assert result.errors is None, result.errors
        return result.data

    return answer


@pytest.fixture
def refused(run):
    """Give a function that runs a document which must fail and returns the one cause."""

    async def cause(document, **variables):
        result = await run(document, **variables)
        (error,) = result.errors
        return error.original_error

    return cause


async def test_a_movie_is_created_with_its_title(ask):
    """The result is the stored entity with all given facts, ids and times."""
    given = {
        "displayName": "Amélie",
        "originalTitle": "Le Fabuleux Destin d'Amélie Poulain",
        "startYear": 2001,
        "imdbId": "tt9000001",
        "tmdbId": 194,
        "imageUrl": "https://image.example/p.jpg",
        "originalLanguage": "fr",
        "originCountry": "FR",
        "releaseDate": "2001-04-25",
        "runtimeMinutes": 122,
    }
    data = await ask(CREATE_MOVIE % f"titleId type endYear createdAt lockedFields {' '.join(given)}", input=given)
    title = data["createMovie"]["title"]
    assert title.pop("titleId") > 0
    assert title.pop("createdAt").endswith("Z")
    assert title == given | {"type": "movie", "endYear": None, "lockedFields": []}


async def test_a_title_is_created_alone(ask):
    """It has neither a movie nor a show."""
    document = (
        'mutation { createTitle(type: show, input: {displayName: "x"}) { type movieId showId movie { movieId } } }'
    )
    data = await ask(document)
    assert data["createTitle"] == {"type": "show", "movieId": None, "showId": None, "movie": None}


async def test_a_show_grows_season_by_season(ask):
    """In one request every result includes the effects of the mutations before it."""
    show = (await ask('mutation { createShow(input: {displayName: "Show"}) { showId } }'))["createShow"]["showId"]
    seasons = await ask(
        """mutation ($show: Int!) {
             first: createSeason(showId: $show, seasonNumber: 1) { seasonId isSeasonFinished }
             second: createSeason(showId: $show, seasonNumber: 2) { seasonId isSeasonFinished episodes { episodeId } }
        }""",
        show=show,
    )
    data = await ask(
        f"""mutation ($show: Int!, $season: Int!) {{
             before: updateShow(id: $show, input: {{}}) {{ episodeCount {SHOW_WITH_EPISODES} }}
             createEpisode(seasonId: $season, input: {{episodeNumber: 1, displayName: "Pilot"}}) {{ seasonId }}
             season: updateSeason(id: $season, seasonNumber: 3) {{ seasonNumber episodes {{ displayName }} }}
             after: updateShow(id: $show, input: {{endYear: 2024}}) {{
               isSeriesFinished episodeCount {SHOW_WITH_EPISODES}
             }}
        }}""",
        show=show,
        season=seasons["second"]["seasonId"],
    )
    first = {"seasonNumber": 1, "episodeCount": 0, "isSeasonFinished": True, "episodes": []}
    assert seasons["second"]["episodes"] == []
    assert data["before"] == {
        "episodeCount": 0,
        "seasons": [first, first | {"seasonNumber": 2, "isSeasonFinished": False}],
    }
    assert data["createEpisode"]["seasonId"] == seasons["second"]["seasonId"]
    assert data["season"] == {"seasonNumber": 3, "episodes": [{"displayName": "Pilot"}]}
    episodes = [{"episodeNumber": 1, "displayName": "Pilot"}]
    third = {"seasonNumber": 3, "episodeCount": 1, "isSeasonFinished": True, "episodes": episodes}
    assert data["after"] == {"isSeriesFinished": True, "episodeCount": 1, "seasons": [first, third]}


async def test_an_update_leaves_absent_facts_and_clears_null_ones(ask):
    """Absent, null and value are distinct, in variables and in the document alike."""
    given = {"displayName": "Old", "startYear": 2001, "endYear": 2002, "originalLanguage": "fr"}
    movie = (await ask(CREATE_MOVIE % "titleId", input=given))["createMovie"]["movieId"]
    fields = " ".join(given)
    data = await ask(UPDATE_MOVIE % (fields + " lockedFields"), id=movie, input={"displayName": "New", "endYear": None})
    expected = given | {"displayName": "New", "endYear": None}
    assert data["updateMovie"]["title"] == expected | {"lockedFields": ["display_name", "end_year"]}
    data = await ask(
        f"""mutation ($id: Int!, $none: Int) {{
             updateMovie(id: $id, input: {{startYear: $none, originalLanguage: null, unlock: ["end_year"]}}) {{
               title {{ {fields} lockedFields }}
             }}
        }}""",
        id=movie,
    )
    assert data["updateMovie"]["title"] == expected | {
        "originalLanguage": None,
        "lockedFields": ["display_name", "original_language"],
    }


async def test_texts_are_written_in_a_language(ask):
    """The answer has the text, and the language that every spelling of it stands for."""
    fields = 'overview(languages: ["de"]) { text language } tagline { text language } lockedFields'
    given = {"displayName": "Old", "overview": "Handlung.", "textLanguage": "de_DE"}
    created = (await ask(CREATE_MOVIE % fields, input=given))["createMovie"]
    german = {"text": "Handlung.", "language": "de"}
    assert created["title"] == {"overview": german, "tagline": None, "lockedFields": []}
    changed = await ask(UPDATE_MOVIE % fields, id=created["movieId"], input={"tagline": "Wait."})
    expected = {"overview": german, "tagline": {"text": "Wait.", "language": "en"}, "lockedFields": ["tagline"]}
    assert changed["updateMovie"]["title"] == expected


async def test_an_episode_is_updated(ask):
    """Absent stays, null clears, a value is set."""
    show = (await ask('mutation { createShow(input: {displayName: "Show"}) { showId } }'))["createShow"]["showId"]
    document = "mutation ($show: Int!) { createSeason(showId: $show, seasonNumber: 1) { seasonId } }"
    season = (await ask(document, show=show))["createSeason"]["seasonId"]
    given = {"episodeNumber": 1, "displayName": "Pilot", "synopsis": "It begins.", "airDate": "2026-01-02"}
    fields = " ".join(given)
    created = await ask(
        f"""mutation ($season: Int!, $input: NewEpisode!) {{
             createEpisode(seasonId: $season, input: $input) {{ episodeId {fields} }}
        }}""",
        season=season,
        input=given,
    )
    episode = created["createEpisode"].pop("episodeId")
    assert created["createEpisode"] == given
    data = await ask(
        f"mutation ($id: Int!, $input: EpisodeChanges!) {{ updateEpisode(id: $id, input: $input) {{ {fields} }} }}",
        id=episode,
        input={"episodeNumber": 2, "synopsis": None},
    )
    assert data["updateEpisode"] == given | {"episodeNumber": 2, "synopsis": None}


async def test_updates_in_one_request_each_return_the_stored_facts(ask):
    """No result is from before the write."""
    title = (await ask('mutation { createTitle(type: movie, input: {displayName: "0"}) { titleId } }'))["createTitle"]
    data = await ask(
        """mutation ($id: Int!) {
             a: updateTitle(id: $id, input: {displayName: "A"}) { displayName }
             b: updateTitle(id: $id, input: {displayName: "B"}) { displayName }
        }""",
        id=title["titleId"],
    )
    assert data == {"a": {"displayName": "A"}, "b": {"displayName": "B"}}


@pytest.mark.parametrize("kind", ["Title", "Movie", "Show", "Season", "Episode"])
async def test_a_deletion_returns_the_id_and_then_null(ask, kind):
    """Deleting an unknown entity is no error."""
    await ask('mutation { createMovie(input: {displayName: "Before"}) { movieId } }')
    show = (await ask('mutation { createShow(input: {displayName: "Show"}) { showId titleId } }'))["createShow"]
    movie = (await ask('mutation { createMovie(input: {displayName: "After"}) { movieId } }'))["createMovie"]
    document = "mutation ($show: Int!) { createSeason(showId: $show, seasonNumber: 1) { seasonId } }"
    season = (await ask(document, show=show["showId"]))["createSeason"]
    document = "mutation ($season: Int!) { createEpisode(seasonId: $season, input: {episodeNumber: 1}) { episodeId } }"
    episode = (await ask(document, season=season["seasonId"]))["createEpisode"]
    ids = show | movie | season | episode
    known = ids[f"{kind.lower()}Id"]
    document = f"mutation ($id: Int!) {{ delete{kind}(id: $id) }}"
    assert await ask(document, id=known) == {f"delete{kind}": known}
    assert await ask(document, id=known) == {f"delete{kind}": None}
    assert await ask(f"query ($id: Int!) {{ found: {kind.lower()}(id: $id) {{ __typename }} }}", id=known) == {
        "found": None
    }


async def test_a_view_returns_the_id_of_the_title(ask, pool):
    """It is counted with its source."""
    title = (await ask('mutation { createTitle(type: movie, input: {displayName: "x"}) { titleId } }'))["createTitle"]
    data = await ask('mutation ($id: Int!) { recordView(titleId: $id, source: "web") }', id=title["titleId"])
    assert data == {"recordView": title["titleId"]}
    assert tuple(await pool.fetchrow("SELECT title_id, source FROM title_views")) == (title["titleId"], "web")


UNKNOWN = [
    "updateTitle(id: 404, input: {}) { titleId }",
    "updateMovie(id: 404, input: {}) { movieId }",
    "updateShow(id: 404, input: {}) { showId }",
    "updateSeason(id: 404, seasonNumber: 1) { seasonId }",
    "updateEpisode(id: 404, input: {}) { episodeId }",
    "createSeason(showId: 404, seasonNumber: 1) { seasonId }",
    "createEpisode(seasonId: 404, input: {episodeNumber: 1}) { episodeId }",
    "recordView(titleId: 404)",
]


@pytest.mark.parametrize("mutation", UNKNOWN)
async def test_unknown_entities_are_not_found(refused, mutation):
    """The message gives the noun and the id."""
    error = await refused(f"mutation {{ {mutation} }}")
    assert isinstance(error, NotFound)
    assert error.message.endswith(" 404")


WRONG = [
    ('createMovie(input: {displayName: " "}) { movieId }', "displayName must be 1 to 500 characters"),
    (r'createMovie(input: {displayName: "a\u0000b"}) { movieId }', "displayName must be"),
    ('createShow(input: {displayName: "x", startYear: 1492}) { showId }', "startYear must be a year from 1870"),
    ('createTitle(type: movie, input: {displayName: "x", imageUrl: "none"}) { titleId }', "imageUrl must be an http"),
    ('createTitle(type: movie, input: {displayName: "x", imdbId: "nm1"}) { titleId }', "is no IMDb id"),
    ("createSeason(showId: 1, seasonNumber: -1) { seasonId }", "seasonNumber must be from 0"),
    ("createEpisode(seasonId: 1, input: {episodeNumber: -1}) { episodeId }", "episodeNumber must be from 0"),
    ("updateTitle(id: 1, input: {tmdbId: 0}) { titleId }", "tmdbId must be from 1"),
    ('updateTitle(id: 1, input: {unlock: ["x"]}) { titleId }', "unlock must name facts"),
    ('updateTitle(id: 1, input: {textLanguage: "deutsch"}) { titleId }', "textLanguage must be a code such as de"),
    ('updateEpisode(id: 1, input: {unlock: ["x"]}) { episodeId }', "unlock must name facts"),
    *(
        (
            f"createEpisode(seasonId: 1, input: {{episodeNumber: 1, airDate: {day}}}) {{ episodeId }}",
            "is no day; one looks",
        )
        for day in (
            '"20010425"',
            '"2024-W05-1"',
            '"2001-02-30"',
            '"2001-04-25T00:00"',
            '" 2001-04-25"',
            '"٢٠٠١-٠٤-٢٥"',
            "20010425",
            "true",
        )
    ),
    (r'recordView(titleId: 1, source: "\n")', "source must be 1 to 100 characters"),
]


@pytest.mark.parametrize(("mutation", "message"), WRONG)
async def test_wrong_arguments_are_refused_by_name(refused, ask, mutation, message):
    """The message gives the argument and its rule; nothing is created."""
    error = await refused(f"mutation {{ {mutation} }}")
    assert isinstance(error, BadArgument)
    assert message in error.message
    assert (await ask("{ titles { total } }"))["titles"]["total"] == 0


@pytest.mark.parametrize("day", ["2001-4-25", 20010425, 2001.5, ["2001-04-25"], {}])
async def test_days_in_variables_have_one_form(demo_client, day):
    """It is the form of the document, and the message is ours."""
    query = (
        "mutation ($day: Date) { createEpisode(seasonId: 1, input: {episodeNumber: 1, airDate: $day}) { episodeId } }"
    )
    error = (await serving.ask(demo_client, query, day=day))["errors"][0]
    assert "is no day; one looks like 2008-01-20" in error["message"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize("value", ["a\x00b", "\ud800", "x" * 100_000])
async def test_hostile_text_in_variables_is_refused(refused, value):
    """A text that PostgreSQL cannot store never reaches it."""
    assert isinstance(await refused(CREATE_MOVIE % "titleId", input={"displayName": value}), BadArgument)


UNACCEPTABLE = [
    "deleteTitle(id: 2147483648)",
    "updateTitle(id: 1, input: {displayName: null}) { titleId }",
    "updateEpisode(id: 1, input: {episodeNumber: null}) { episodeId }",
    "createMovie(input: {startYear: 2001}) { movieId }",
    'createMovie(input: {displayName: "x", startYear: 2147483648}) { movieId }',
    'createMovie(input: {displayName: "x", releaseDate: "2001-02-30"}) { movieId }',
    'createTitle(type: game, input: {displayName: "x"}) { titleId }',
]


@pytest.mark.parametrize("mutation", UNACCEPTABLE)
async def test_values_against_the_schema_never_run(run, mutation):
    """Numbers beyond 32 bits, nulls and names of other types are errors of validation: no data at all."""
    result = await run(f"mutation {{ {mutation} }}")
    assert result.data is None
    assert result.errors


async def test_taken_values_conflict(refused, ask):
    """The IMDb id of a title is unique, and the message names the argument."""
    given = {"displayName": "x", "imdbId": "tt9000001"}
    await ask(CREATE_MOVIE % "titleId", input=given)
    error = await refused(CREATE_MOVIE % "titleId", input=given)
    assert isinstance(error, Conflict)
    assert error.message == "A title with this imdbId is already there"


async def test_a_failing_mutation_leaves_the_others_in_effect(run, ask):
    """Each is a transaction of its own: those before and after it are committed."""
    result = await run(
        """mutation {
             first: createMovie(input: {displayName: "First", imdbId: "tt9000001"}) { movieId }
             second: deleteMovie(id: 404)
             third: recordView(titleId: 404)
        }"""
    )
    assert [type(error.original_error) for error in result.errors] == [NotFound]
    assert (await ask("{ titles { items { displayName } } }"))["titles"]["items"] == [{"displayName": "First"}]


def test_every_mutation_argument_and_input_field_is_described():
    """The explorer shows a description for each."""
    types = SCHEMA._schema.type_map.values()
    inputs = {each.name: each for each in types if isinstance(each, GraphQLInputObjectType)}
    root = SCHEMA._schema.mutation_type
    assert isinstance(root, GraphQLObjectType)
    assert len(root.fields) == 18
    nameless = [name for name, field in root.fields.items() if not field.description]
    nameless += [
        f"{name}({arg})" for name, field in root.fields.items() for arg, it in field.args.items() if not it.description
    ]
    for name in ("NewTitle", "TitleChanges", "NewEpisode", "EpisodeChanges"):
        assert inputs[name].description
        nameless += [f"{name}.{field}" for field, it in inputs[name].fields.items() if not it.description]
    assert nameless == []

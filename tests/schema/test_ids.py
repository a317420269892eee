"""Entities by any of their ids, one or five hundred at once."""

import asyncpg
import pytest

from tests.serving import ask


@pytest.fixture(scope="module")
async def ids(demo: str) -> dict[str, int]:
    """Give our and TMDB's ids of a movie, a show and an episode of the demo."""
    connection = await asyncpg.connect(demo)
    movie = await connection.fetchrow(
        "SELECT m.id AS movie, t.id AS title, t.tmdb_id AS tmdb FROM titles t JOIN movies m ON m.title_id = t.id"
        " WHERE t.imdb_id = 'tt99000001'"
    )
    show = await connection.fetchrow(
        "SELECT s.id AS show, t.tmdb_id AS tmdb, e.id AS episode, e.imdb_id AS imdb FROM titles t"
        " JOIN shows s ON s.title_id = t.id JOIN show_seasons ss ON ss.show_id = s.id"
        " JOIN show_episodes e ON e.season_id = ss.id"
        " WHERE t.imdb_id = 'tt99100001' AND ss.season = 1 AND e.episode = 1"
    )
    await connection.close()
    return {**dict(movie), "show": show["show"], "show_tmdb": show["tmdb"], **{k: show[k] for k in ("episode", "imdb")}}


async def test_entities_have_their_ids_in_other_catalogues(demo_client, demo: str, ids):
    """Title, movie, show and episode have them; and a title leads to its movie or show."""
    query = (
        "{{ movie(id: {movie}) {{ titleId ids {{ imdb tmdb }} }} show(id: {show}) {{ titleId ids {{ imdb tmdb }} }}"
        " episode(id: {episode}) {{ ids {{ imdb tmdb }} }} film: title(id: {title}) {{"
        " ids {{ imdb tmdb }} movie {{ movieId titleId }} show {{ showId }} }} }}"
    ).format(**ids)
    data = (await ask(demo_client, query))["data"]
    film = {"imdb": "tt99000001", "tmdb": ids["tmdb"]}
    assert data["movie"] == {"titleId": ids["title"], "ids": film}
    assert data["show"]["ids"] == {"imdb": "tt99100001", "tmdb": ids["show_tmdb"]}
    assert data["episode"]["ids"]["imdb"] == ids["imdb"]
    assert data["film"] == {"ids": film, "movie": {"movieId": ids["movie"], "titleId": ids["title"]}, "show": None}
    series = f"{{ title(id: {data['show']['titleId']}) {{ movie {{ movieId }} show {{ showId titleId }} }} }}"
    assert (await ask(demo_client, series))["data"]["title"] == {
        "movie": None,
        "show": {"showId": ids["show"], "titleId": data["show"]["titleId"]},
    }


async def test_every_id_names_the_same_entity(demo_client, ids):
    """Our id, IMDb's and TMDB's lead to one title, movie, show and episode."""
    names = {
        f"a: title(id: {ids['title']})",
        'b: title(by: {imdbId: "tt99000001"})',
        f"c: title(by: {{tmdb: {{type: movie, id: {ids['tmdb']}}}}})",
    }
    data = (await ask(demo_client, "{ " + " ".join(f"{name} {{ titleId }}" for name in names) + " }"))["data"]
    assert [each["titleId"] for each in data.values()] == [ids["title"]] * 3
    query = (
        '{{ a: movie(id: {movie}) {{ movieId }} b: movie(by: {{imdbId: "tt99000001"}}) {{ movieId }}'
        " c: movie(by: {{tmdbId: {tmdb}}}) {{ movieId }} }}"
    ).format(**ids)
    assert {each["movieId"] for each in (await ask(demo_client, query))["data"].values()} == {ids["movie"]}
    query = (
        '{{ a: show(id: {show}) {{ showId }} b: show(by: {{imdbId: "tt99100001"}}) {{ showId }}'
        " c: show(by: {{tmdbId: {show_tmdb}}}) {{ showId }} }}"
    ).format(**ids)
    assert {each["showId"] for each in (await ask(demo_client, query))["data"].values()} == {ids["show"]}
    query = (
        "{{ a: episode(id: {episode}) {{ episodeId season {{ seasonNumber show {{ showId }} }} }}"
        ' b: episode(by: {{imdbId: "{imdb}"}}) {{ episodeId season {{ seasonNumber show {{ showId }} }} }} }}'
    ).format(**ids)
    data = (await ask(demo_client, query))["data"]
    assert (
        data["a"]
        == data["b"]
        == {
            "episodeId": ids["episode"],
            "season": {"seasonNumber": 1, "show": {"showId": ids["show"]}},
        }
    )


@pytest.mark.parametrize("field", ["title", "movie", "show", "season", "episode"])
async def test_unknown_ids_are_null(demo_client, field: str):
    """An unknown id is no error."""
    for value in (0, -1, 2**31 - 1):
        assert await ask(demo_client, f"{{ {field}(id: {value}) {{ __typename }} }}") == {"data": {field: None}}


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("{ title { titleId } }", "Give either id or by"),
        ('{ movie(id: 1, by: {imdbId: "tt99000001"}) { movieId } }', "Give either id or by"),
        ('{ movie(by: {id: 1, imdbId: "tt99000001"}) { movieId } }', "exactly one"),
        ("{ show(by: {}) { showId } }", "exactly one"),
        ('{ title(by: {imdbId: "nm0000001"}) { titleId } }', "no IMDb id"),
        ('{ title(by: {imdbId: "tt99000001\\n"}) { titleId } }', "no IMDb id"),
        ("{ lookup(ids: [603]) { missing } }", "603 is no text"),
        ("{ title(id: 2147483648) { titleId } }", "Int cannot represent"),
    ],
)
async def test_malformed_ids_are_refused(demo_client, query: str, message: str):
    """The error is the client's, and its message says why."""
    error = (await ask(demo_client, query))["errors"][0]
    assert message in error["message"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"


LOOKUP = "query ($ids: [ExternalId!]!) { lookup(ids: $ids) { found { id title { displayName } episode { episodeId } } missing } }"


async def test_lookup_separates_found_from_missing(demo_client, ids):
    """Titles and episodes by the ids of both catalogues, in the order of the request, each once."""
    given = ["tt99000001", "tt0000001", f"movie:{ids['tmdb']}", ids["imdb"], "show:2147483647", "tt99000001"]
    answer = (await ask(demo_client, LOOKUP, ids=given))["data"]["lookup"]
    keepers = {"title": {"displayName": "The Lighthouse Keepers"}, "episode": None}
    assert answer["found"] == [
        {"id": given[0], **keepers},
        {"id": given[2], **keepers},
        {"id": given[3], "title": None, "episode": {"episodeId": ids["episode"]}},
    ]
    assert answer["missing"] == ["tt0000001", "show:2147483647"]


async def test_a_malformed_id_spoils_no_other(demo_client, ids):
    """It is invalid, with its reason, in the order of the request and each once; the others are found or missing."""
    query = "query ($ids: [ExternalId!]!) { lookup(ids: $ids) { found { id } missing invalid { id reason } } }"
    given = ["", ids["imdb"], "movie:0", "tt0000001", "movie:9999999999", "tt99000001\n", "x" * 300, "movie:0"]
    answer = (await ask(demo_client, query, ids=given))["data"]["lookup"]
    assert answer["found"] == [{"id": ids["imdb"]}]
    assert answer["missing"] == ["tt0000001"]
    form, range_ = (
        "no external id; they look like tt0903747, nm0000138, movie:603, show:1396, person:31 or tvdb:81189",
        "the numbers of TMDB and TVDB end at 2147483647",
    )
    invalid = {"": form, "movie:0": form, "movie:9999999999": range_, "tt99000001\n": form, "x" * 100: form}
    assert answer["invalid"] == [{"id": id_, "reason": reason} for id_, reason in invalid.items()]


async def test_lookup_is_bounded(demo_client):
    """500 ids are accepted, 501 refused."""
    ids = [f"tt{9_000_000 + number}" for number in range(501)]
    answer = (await ask(demo_client, LOOKUP, ids=ids[:500]))["data"]["lookup"]
    assert len(answer["found"]) + len(answer["missing"]) == 500
    assert "at most 500" in (await ask(demo_client, LOOKUP, ids=ids))["errors"][0]["message"]


async def test_tvdbs_id_names_a_show_wherever_ids_are_taken(client, connection):
    """GraphQL, search, Plex and names of files know it; it names no movie, and of two shows the known one has it."""
    shows = await connection.fetch(
        "SELECT t.id, t.imdb_id, s.id AS show_id FROM titles t JOIN shows s ON s.title_id = t.id"
        " WHERE t.num_votes > 0 ORDER BY t.num_votes DESC LIMIT 2"
    )
    await connection.execute(
        "UPDATE title_facts SET tvdb_id = 81189 WHERE title_id = ANY($1)", [each["id"] for each in shows]
    )
    known = shows[0]
    data = (
        await ask(
            client,
            "{ show(by: {tvdbId: 81189}) { showId title { tvdbId ids { tvdb } } } title(by: {tvdbId: 81189}) { titleId }"
            ' movie(by: {tvdbId: 81189}) { movieId } lookup(ids: ["tvdb:81189", "tvdb:7"]) { found { title { titleId } } missing }'
            ' search(query: "Any {tvdb-81189}") { matchedOn title { titleId } } }',
        )
    )["data"]
    assert data == {
        "show": {"showId": known["show_id"], "title": {"tvdbId": 81189, "ids": {"tvdb": 81189}}},
        "title": {"titleId": known["id"]},
        "movie": None,
        "lookup": {"found": [{"title": {"titleId": known["id"]}}], "missing": ["tvdb:7"]},
        "search": [{"matchedOn": "ID", "title": {"titleId": known["id"]}}],
    }
    for hint in ({"guid": "tvdb://81189"}, {"filename": "Any {tvdb-81189}/s01e01.mkv"}):
        answer = await client.post("/plex/shows/library/metadata/matches", json={"type": 2, "title": "Other", **hint})
        assert [each["ratingKey"] for each in answer.json()["MediaContainer"]["Metadata"]] == [known["imdb_id"]]
    found = (await client.get("/api/lookup?tvdb=tvdb:81189,tvdb:7")).json()
    assert ([each["title"]["title_id"] for each in found["found"]], found["missing"]) == ([known["id"]], ["tvdb:7"])
    listed = (await client.get("/lists/sonarr/discover/most_rated.json?limit=500")).json()
    assert [each["imdbId"] for each in listed if each.get("tvdbId") == 81189] == [each["imdb_id"] for each in shows]

"""Enrichment through the server while TMDB answers, fails or hangs: the responses and the stored facts."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from starlette.applications import Starlette

from tests.fakes.tmdb import FAILURES, KEY, FakeTmdb, Fault
from tests.fakes.tmdb_catalogue import film, show
from tests.imdb.catalogue import run_import
from tests.imdb.files import title, write
from tests.serving import app_of, ask, client_of
from tests.tmdb.rows import LOCKS, add_episodes, add_title, episode_rows, title_row

POSTER = "https://image.tmdb.org/t/p/w500/poster{}.jpg"
TITLE = "query ($id: Int!) { title(id: $id) { displayName imageUrl runtimeMinutes enrichedAt } }"
REFRESH = "mutation ($id: Int!) { refresh(titleId: $id) { imageUrl enrichedAt } }"


@pytest.fixture
def tmdb() -> Iterator[FakeTmdb]:
    """Give a fake TMDB without titles and without faults."""
    with FakeTmdb() as fake:
        yield fake


def app_with(dsn: str, tmdb: FakeTmdb, *, wait: float = 30) -> Starlette:
    """Return a server with a key."""
    return app_of(dsn, TMDB_API_KEY=KEY, TMDB_BASE_URL=tmdb.url, TMDB_WAIT=str(wait), TMDB_RATE="0")


async def response_of(app: Starlette, title_id: int) -> dict[str, Any]:
    """Return a title from the GraphQL response of a freshly started server."""
    async with client_of(app) as client:
        answer = await ask(client, TITLE, id=title_id)
    assert "errors" not in answer
    return answer["data"]["title"]


async def test_facts_that_arrive_in_time_are_in_the_response(database: str, pool: asyncpg.Pool, tmdb: FakeTmdb) -> None:
    """The first response has the new facts, and they are stored."""
    tmdb.catalogue.add_film(film(1, "tt9200001"))
    title_id = await add_title(pool, "tt9200001")
    seen = await response_of(app_with(database, tmdb), title_id)
    assert (seen["imageUrl"], seen["runtimeMinutes"]) == (POSTER.format(1), 97)
    assert seen["enrichedAt"]
    stored = await title_row(pool, title_id)
    assert (stored["tmdb_id"], stored["needs_backfill_tmdb"]) == (1, False)


@pytest.mark.parametrize("fault", FAILURES)
async def test_a_failing_tmdb_is_no_error(database: str, pool: asyncpg.Pool, tmdb: FakeTmdb, fault: Fault) -> None:
    """The response has the stored facts, which stay; once TMDB works again the title is complete."""
    tmdb.catalogue.add_film(film(2, "tt9200002"))
    title_id = await add_title(pool, "tt9200002", display_name="As it is")
    before = await title_row(pool, title_id)
    tmdb.misbehave(fault)
    seen = await response_of(app_with(database, tmdb, wait=0.1), title_id)
    assert seen == {"displayName": "As it is", "imageUrl": None, "runtimeMinutes": None, "enrichedAt": None}
    assert await title_row(pool, title_id) == before
    tmdb.behave()
    assert (await response_of(app_with(database, tmdb), title_id))["imageUrl"] == POSTER.format(2)


async def test_a_hanging_tmdb_delays_no_response_for_long(database: str, pool: asyncpg.Pool, tmdb: FakeTmdb) -> None:
    """Page and GraphQL respond before TMDB does, and a complete title is not delayed at all."""
    tmdb.misbehave(Fault.HANG)
    wanting = await add_title(pool, "tt9200003")
    whole = await add_title(pool, "tt9200004", needs_backfill_tmdb=False, image_url=POSTER.format(4))
    await pool.execute("UPDATE titles SET enriched_at = now() WHERE id = $1", whole)
    app = app_with(database, tmdb, wait=0.05)
    async with client_of(app) as client:
        answer = await ask(client, TITLE, id=wanting)
        movie_id = await pool.fetchval("SELECT id FROM movies WHERE title_id = $1", wanting)
        page = await client.get(f"/movies/{movie_id}")
        other = await ask(client, TITLE, id=whole)
        assert wanting in app.services.enrichment._fetches
        assert len(app.services.enrichment._fetches) == 1
    assert answer["data"]["title"]["imageUrl"] is None
    assert page.status_code == 200
    assert other["data"]["title"]["imageUrl"] == POSTER.format(4)
    assert await pool.fetchval(LOCKS) == 0


async def test_late_facts_are_in_the_next_response(database: str, pool: asyncpg.Pool, tmdb: FakeTmdb) -> None:
    """The fetch continues after the response."""
    tmdb.catalogue.add_film(film(5, "tt9200005"))
    title_id = await add_title(pool, "tt9200005")
    app = app_with(database, tmdb, wait=0)
    async with client_of(app) as client:
        with tmdb.thinking():
            first = await ask(client, TITLE, id=title_id)
        await app.services.enrichment._fetches.join()
        second = await ask(client, TITLE, id=title_id)
    assert first["data"]["title"]["imageUrl"] is None
    assert second["data"]["title"]["imageUrl"] == POSTER.format(5)


async def test_late_facts_are_in_every_servers_next_response(database: str, pool: asyncpg.Pool, tmdb: FakeTmdb) -> None:
    """Both servers evict their cached responses of the title and of lists."""
    tmdb.catalogue.add_film(film(5, "tt9200005"))
    title_id = await add_title(pool, "tt9200005")
    apps = [app_with(database, tmdb, wait=0) for _ in range(2)]
    paths = ("/api/movies/1", f"/api/titles/{title_id}", "/api/titles?q=title")
    async with client_of(apps[0]) as one, client_of(apps[1]) as other:
        with tmdb.thinking():
            for path in paths * 2:
                answers = await asyncio.gather(one.get(path), other.get(path))
                assert [answer.status_code for answer in answers] == [200, 200]
                assert not any("image_url" in answer.text for answer in answers)
        for app in apps:
            await app.services.enrichment._fetches.join()
        for path in paths:
            for client in (other, one):
                assert "poster5.jpg" in (await client.get(path)).text


async def test_late_stills_are_in_every_servers_next_response(
    database: str, pool: asyncpg.Pool, tmdb: FakeTmdb
) -> None:
    """A server without a key evicts its cached response too, although the show itself did not change."""
    tmdb.catalogue.add_show(show(8), "tt9200008", episodes=2)
    title_id = await add_title(pool, "tt9200008", type="show")
    await response_of(app_with(database, tmdb), title_id)
    await add_episodes(pool, title_id, seasons=1, episodes=2)
    await pool.execute("UPDATE titles SET episodes_checked_at = NULL WHERE id = $1", title_id)
    app = app_with(database, tmdb, wait=0)
    path = f"/api/shows/{await pool.fetchval('SELECT id FROM shows WHERE title_id = $1', title_id)}"
    async with client_of(app) as one, client_of(app_of(database)) as other:
        with tmdb.thinking():
            for _ in range(2):
                answers = await asyncio.gather(one.get(path), other.get(path))
                assert not any("still8s1e1" in answer.text for answer in answers)
        await app.services.enrichment._fetches.join()
        for client in (other, one):
            assert "still8s1e1" in (await client.get(path)).text


async def test_two_servers_fetch_a_title_once(database: str, pool: asyncpg.Pool, tmdb: FakeTmdb) -> None:
    """Both respond to a request at the same time: TMDB gets two requests, and both responses have the result."""
    tmdb.catalogue.add_film(film(6, "tt9200006"))
    tmdb.latency = 0.05
    title_id = await add_title(pool, "tt9200006")
    seen = await asyncio.gather(*(response_of(app_with(database, tmdb), title_id) for _ in range(2)))
    assert [one["imageUrl"] for one in seen] == [POSTER.format(6)] * 2
    assert tmdb.requests == ["/3/find/tt9200006", "/3/movie/6"]


FILM_QUERIES = {
    "title": 'title(by: { imdbId: "tt9200007" }) { imageUrl }',
    "title by another id of TMDB": "title(by: { tmdb: { type: movie, id: 999 } }) { imageUrl }",
    "movie": 'movie(by: { imdbId: "tt9200007" }) { title { imageUrl } }',
    "movie by another id of TMDB": "movie(by: { tmdbId: 999 }) { title { imageUrl } }",
}


@pytest.mark.parametrize("name", FILM_QUERIES)
async def test_a_film_is_fetched_by_any_id(database: str, pool: asyncpg.Pool, tmdb: FakeTmdb, name: str) -> None:
    """Even by an id that the response of TMDB corrects."""
    tmdb.catalogue.add_film(film(7, "tt9200007"))
    await add_title(pool, "tt9200007", tmdb_id=999)
    async with client_of(app_with(database, tmdb)) as client:
        answer = await ask(client, f"{{ {FILM_QUERIES[name]} }}")
    assert POSTER.format(7) in str(answer)


EPISODE_QUERIES = {
    "show": "show(id: $show) { seasons { episodes { still } } }",
    "season": "season(id: $season) { episodes { still } }",
    "episode": "episode(id: $episode) { still }",
}


@pytest.mark.parametrize("name", EPISODE_QUERIES)
async def test_stills_come_with_a_show_a_season_and_an_episode(
    database: str, pool: asyncpg.Pool, tmdb: FakeTmdb, name: str
) -> None:
    """Each of them fetches the whole show, and the response has the still."""
    tmdb.catalogue.add_show(show(8), "tt9200008", episodes=1)
    title_id = await add_title(pool, "tt9200008", type="show")
    await add_episodes(pool, title_id, seasons=1, episodes=1)
    (stored,) = await episode_rows(pool, title_id)
    ids = {
        "show": await pool.fetchval("SELECT id FROM shows WHERE title_id = $1", title_id),
        "season": stored["season_id"],
        "episode": stored["id"],
    }
    async with client_of(app_with(database, tmdb)) as client:
        answer = await ask(client, f"query (${name}: Int!) {{ {EPISODE_QUERIES[name]} }}", **{name: ids[name]})
    assert "https://image.tmdb.org/t/p/w400/still8s1e1.jpg" in str(answer)


async def test_stills_have_all_of_tmdb_s_sizes(database: str, pool: asyncpg.Pool) -> None:
    """The size is part of TMDB's address; other addresses and null are returned unchanged."""
    title_id = await add_title(pool, None, type="show")
    await add_episodes(pool, title_id, seasons=1, episodes=1)
    (stored,) = await episode_rows(pool, title_id)
    query = "query ($id: Int!) { episode(id: $id) { still small: still(size: W92) full: still(size: ORIGINAL) } }"

    async def stills(image_url: str | None) -> list[str | None]:
        await pool.execute("UPDATE show_episodes SET image_url = $1", image_url)
        async with client_of(app_of(database)) as client:
            return list((await ask(client, query, id=stored["id"]))["data"]["episode"].values())

    at_tmdb, elsewhere = "https://image.tmdb.org/t/p/{}/a.jpg", "https://example.org/w400/a.jpg"
    assert await stills(at_tmdb.format("w400")) == [at_tmdb.format(size) for size in ("w400", "w92", "original")]
    assert await stills(elsewhere) == [elsewhere] * 3
    assert await stills("TMDB_NOT_FOUND_DO_NOT_RETRY") == [None] * 3


async def test_pages_show_facts_that_arrive_in_time(database: str, pool: asyncpg.Pool, tmdb: FakeTmdb) -> None:
    """The first response of a movie's page has the poster."""
    tmdb.catalogue.add_film(film(9, "tt9200009"))
    title_id = await add_title(pool, "tt9200009")
    movie_id = await pool.fetchval("SELECT id FROM movies WHERE title_id = $1", title_id)
    async with client_of(app_with(database, tmdb)) as client:
        page = await client.get(f"/movies/{movie_id}")
    assert "/poster9.jpg" in page.text


LISTS = {
    "titles": "titles { items { displayName } }",
    "search": 'search(query: "Title") { title { displayName } }',
}


@pytest.mark.parametrize("name", LISTS)
async def test_titles_of_lists_are_fetched_in_the_background(
    database: str, pool: asyncpg.Pool, tmdb: FakeTmdb, name: str
) -> None:
    """The list does not wait; titles without a poster and titles never enriched are fetched, others are not."""
    tmdb.catalogue.add_film(film(10, "tt9200010"))
    tmdb.catalogue.add_film(film(18, "tt9200018"))
    wanting = await add_title(pool, "tt9200010")
    never_enriched = await add_title(pool, "tt9200018", image_url="theirs", needs_backfill_tmdb=False)
    enriched_at = await pool.fetchval("SELECT now()::timestamp")
    await add_title(pool, "tt9200011", image_url=POSTER.format(11), needs_backfill_tmdb=False, enriched_at=enriched_at)
    app = app_with(database, tmdb)
    async with client_of(app) as client:
        await ask(client, f"{{ {LISTS[name]} }}")
        while app.services.enrichment._queued:
            await asyncio.sleep(0.01)
    assert (await title_row(pool, wanting))["image_url"] == POSTER.format(10)
    assert (await title_row(pool, never_enriched))["image_url"] == POSTER.format(18)
    assert {path.rpartition("/")[2] for path in tmdb.requests} == {"tt9200010", "10", "tt9200018", "18"}


async def test_without_a_key_nothing_is_fetched_and_refresh_fails(
    database: str, pool: asyncpg.Pool, tmdb: FakeTmdb
) -> None:
    """The response has the stored facts."""
    title_id = await add_title(pool, "tt9200012")
    async with client_of(app_of(database, TMDB_BASE_URL=tmdb.url)) as client:
        seen = await ask(client, TITLE, id=title_id)
        refused = await ask(client, REFRESH, id=title_id)
    assert seen["data"]["title"]["imageUrl"] is None
    assert refused["errors"][0]["extensions"]["code"] == "UPSTREAM_UNAVAILABLE"
    assert "key" in refused["errors"][0]["message"]
    assert tmdb.requests == []


async def test_refresh_fetches_new_facts(database: str, pool: asyncpg.Pool, tmdb: FakeTmdb) -> None:
    """Even for a fresh title; an unknown title is NOT_FOUND."""
    tmdb.catalogue.add_film(film(13, "tt9200013"))
    title_id = await add_title(pool, "tt9200013")
    async with client_of(app_with(database, tmdb)) as client:
        first = await ask(client, TITLE, id=title_id)
        tmdb.catalogue.add_film(film(13, "tt9200013", poster_path="/poster14.jpg"))
        second = await ask(client, REFRESH, id=title_id)
        unknown = await ask(client, REFRESH, id=404)
    assert second["data"]["refresh"]["imageUrl"] == POSTER.format(14)
    assert second["data"]["refresh"]["enrichedAt"] > first["data"]["title"]["enrichedAt"]
    assert unknown["errors"][0]["extensions"]["code"] == "NOT_FOUND"


@pytest.mark.parametrize("fault", [Fault.UNAUTHORIZED, Fault.HTML, Fault.WRONG_TYPES, Fault.SERVER_ERROR])
async def test_a_failing_refresh_is_an_error_and_changes_nothing(
    database: str, pool: asyncpg.Pool, tmdb: FakeTmdb, fault: Fault
) -> None:
    """The error is UPSTREAM_UNAVAILABLE and does not contain the key."""
    title_id = await add_title(pool, "tt9200015", needs_backfill_tmdb=False, image_url=POSTER.format(15))
    before = await title_row(pool, title_id)
    tmdb.misbehave(fault)
    async with client_of(app_with(database, tmdb)) as client:
        answer = await ask(client, REFRESH, id=title_id)
    assert answer["errors"][0]["extensions"]["code"] == "UPSTREAM_UNAVAILABLE"
    assert KEY not in str(answer)
    assert await title_row(pool, title_id) == before


async def test_a_client_without_writes_cannot_refresh(database: str, pool: asyncpg.Pool, tmdb: FakeTmdb) -> None:
    """A read still fetches missing facts."""
    tmdb.catalogue.add_film(film(17, "tt9200017"))
    title_id = await add_title(pool, "tt9200017")
    settings = {"TMDB_API_KEY": KEY, "TMDB_BASE_URL": tmdb.url, "TMDB_WAIT": "30", "MEDIACANON_WRITES": "off"}
    async with client_of(app_of(database, **settings)) as client:
        refused = await ask(client, REFRESH, id=title_id)
        assert tmdb.requests == []
        seen = await ask(client, TITLE, id=title_id)
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert seen["data"]["title"]["imageUrl"] == POSTER.format(17)


async def test_an_import_keeps_the_facts_of_tmdb_and_people(
    database: str, pool: asyncpg.Pool, tmdb: FakeTmdb, tmp_path: Path
) -> None:
    """Poster, country and date stay, so does a running time edited by hand, through enrichment and import alike."""
    tmdb.catalogue.add_film(film(16, "tt9200016"))
    write(tmp_path, titles=[title("tt9200016", name="Before")])
    await run_import(database, tmp_path)
    title_id = await pool.fetchval("SELECT id FROM titles WHERE imdb_id = 'tt9200016'")
    change = "mutation ($id: Int!) { updateTitle(id: $id, input: { runtimeMinutes: 123 }) { titleId } }"
    async with client_of(app_with(database, tmdb)) as client:
        await ask(client, change, id=title_id)
        seen = await ask(client, TITLE, id=title_id)
    assert seen["data"]["title"]["runtimeMinutes"] == 123
    enriched = await title_row(pool, title_id)
    write(tmp_path, titles=[title("tt9200016", name="After", runtime=45)])
    await run_import(database, tmp_path)
    imported = await title_row(pool, title_id)
    changed = {name for name in imported if imported[name] != enriched[name]}
    assert changed <= {"display_name", "original_title", "search_names", "updated_at"}
    assert (imported["display_name"], imported["runtime_minutes"]) == ("After", 123)
    assert imported["image_url"] == POSTER.format(16)


async def test_posters_have_all_of_tmdb_s_sizes(demo_database: str) -> None:
    """The size is part of TMDB's address; other addresses and null are returned unchanged."""
    query = "query ($id: Int!) { title(id: $id) { poster small: poster(size: W92) full: poster(size: ORIGINAL) } }"
    connection = await asyncpg.connect(demo_database)
    title_id = await connection.fetchval("SELECT min(id) FROM titles")

    async def posters(client: httpx.AsyncClient, image_url: str | None) -> list[str | None]:
        await connection.execute("UPDATE titles SET image_url = $1 WHERE id = $2", image_url, title_id)
        return list((await ask(client, query, id=title_id))["data"]["title"].values())

    elsewhere = "https://example.org/w500/a.jpg"
    async with client_of(app_of(demo_database)) as client:
        assert await posters(client, POSTER.format(1)) == [
            POSTER.format(1),
            POSTER.format(1).replace("w500", "w92"),
            POSTER.format(1).replace("w500", "original"),
        ]
        assert await posters(client, elsewhere) == [elsewhere] * 3
        assert await posters(client, "none") == [None] * 3
    await connection.close()

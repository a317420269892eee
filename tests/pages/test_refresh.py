"""The refresh button, pressed without JavaScript."""

import asyncio
import re
from collections.abc import Iterator

import asyncpg
import httpx
import pytest
from starlette.applications import Starlette

from mediacanon.database.changes import EVERYTHING
from mediacanon.tmdb.facts import FACTS_VERSION
from tests.fakes.tmdb import KEY, FakeTmdb, Fault
from tests.fakes.tmdb_catalogue import film, show
from tests.serving import app_of, client_of
from tests.tmdb.rows import add_title, title_row

FORM = re.compile(r'<form method="post" action="([^"]+)"><button>Refresh')
NOTICE = re.compile(r'role="status">([^<]+)<')
ELSEWHERE = ({"sec-fetch-site": "cross-site"}, {"origin": "https://elsewhere.example"})


@pytest.fixture
def tmdb() -> Iterator[FakeTmdb]:
    """Give a stand-in for TMDB without titles or faults."""
    with FakeTmdb() as fake:
        yield fake


def app_with(dsn: str, tmdb: FakeTmdb, **settings: str) -> Starlette:
    """Return a server with a key of TMDB."""
    quick = {"TMDB_WAIT": "30", "TMDB_RATE": "0", "MEDIACANON_ALLOWED_HOSTS": "mediacanon.test"}
    return app_of(dsn, TMDB_API_KEY=KEY, TMDB_BASE_URL=tmdb.url, **quick, **settings)


async def pressed(client: httpx.AsyncClient, path: str) -> tuple[str, str]:
    """Press the button of a page; return the page after the redirect and its notice."""
    form = FORM.search((await client.get(path)).text)
    assert form
    answer = await client.post(form[1], headers={"origin": "http://mediacanon.test", "sec-fetch-site": "same-origin"})
    assert answer.status_code == 303
    text = (await client.get(answer.headers["location"])).text
    return text, NOTICE.findall(text)[0]


async def test_a_foreign_host_name_refreshes_nothing(database: str, pool: asyncpg.Pool, tmdb: FakeTmdb):
    """DNS rebinding gets no further than in writes."""
    tmdb.catalogue.add_film(film(1, "tt9300001"))
    await add_title(pool, "tt9300001", type="movie")
    async with client_of(app_with(database, tmdb)) as client:
        headers = {"host": "evil.example:8080", "sec-fetch-site": "same-origin"}
        assert (await client.post("/movies/1/refresh", headers=headers)).status_code == 403


@pytest.mark.parametrize("kind", ["movies", "shows"])
async def test_the_button_brings_what_is_new(database: str, pool: asyncpg.Pool, tmdb: FakeTmdb, kind: str):
    """The page shows the new facts, a notice, and the date of the refresh."""
    number = {"movies": "movie", "shows": "show"}[kind]
    known = {
        "movies": lambda **new: tmdb.catalogue.add_film(film(1, "tt9300001", **new)),
        "shows": lambda **new: tmdb.catalogue.add_show(show(1, **new), "tt9300001"),
    }[kind]
    known()
    title_id = await add_title(pool, "tt9300001", type=number)
    async with client_of(app_with(database, tmdb)) as client:
        assert "poster1.jpg" in (await client.get(f"/{kind}/1")).text
        known(poster_path="/newer.jpg")
        text, notice = await pressed(client, f"/{kind}/1")
        enriched_at = (await title_row(pool, title_id))["enriched_at"]
        assert "newer.jpg" in (await client.get(f"/{kind}/1")).text
        named = await client.post(f"/{kind}/1/refresh?names=de,xyz,fr", headers={"sec-fetch-site": "same-origin"})
        assert named.headers["location"] == f"/{kind}/1?names=de,fr&refresh=done"
    assert "newer.jpg" in text
    assert notice.startswith("Refreshed")
    assert re.search(rf'Updated from TMDB on <time datetime="{enriched_at:%Y-%m-%dT%H:%M:%S}Z">{enriched_at:%F}<', text)


async def test_a_refresh_that_brings_nothing_new_is_dated_all_the_same(
    database: str, pool: asyncpg.Pool, tmdb: FakeTmdb
):
    """The cached page had the older date."""
    tmdb.catalogue.add_film(film(1, "tt9300004"))
    title_id = await add_title(pool, "tt9300004", type="movie")
    app = app_with(database, tmdb)
    async with client_of(app) as client:
        await client.get("/movies/1")
        await pool.execute("UPDATE titles SET enriched_at = now() - interval '1 hour' WHERE id = $1", title_id)
        app.services.response_cache.invalidate(EVERYTHING)
        async with asyncio.timeout(20):
            while not app.services.response_cache.count:
                before = (await client.get("/movies/1")).text
        await pressed(client, "/movies/1")
        after = (await client.get("/movies/1")).text
    enriched_at = (await title_row(pool, title_id))["enriched_at"]
    assert f'datetime="{enriched_at:%Y-%m-%dT%H:%M:%S}Z"' in after
    assert f'datetime="{enriched_at:%Y-%m-%dT%H:%M:%S}Z"' not in before


async def test_an_unreachable_tmdb_changes_nothing(database: str, pool: asyncpg.Pool, tmdb: FakeTmdb):
    """The notice says so, and the page is as before."""
    title_id = await add_title(pool, "tt9300002", display_name="As it was", needs_backfill_tmdb=False, image_url="none")
    await pool.execute("UPDATE titles SET enriched_at = now() WHERE id = $1", title_id)
    before = await title_row(pool, title_id)
    tmdb.misbehave(Fault.SERVER_ERROR)
    async with client_of(app_with(database, tmdb)) as client:
        text, notice = await pressed(client, "/movies/1")
    assert "does not respond" in notice
    assert "As it was" in text
    assert await title_row(pool, title_id) == before


async def test_a_title_without_an_entry_at_tmdb_says_so(database: str, pool: asyncpg.Pool, tmdb: FakeTmdb):
    """The notice and the line with the date say so."""
    await add_title(pool, "tt9300003")
    async with client_of(app_with(database, tmdb)) as client:
        text, notice = await pressed(client, "/movies/1")
    assert "TMDB has no entry" in notice
    assert "Not found at TMDB on <time" in text


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"TMDB_API_KEY": KEY, "MEDIACANON_WRITES": "off"},
        {"TMDB_API_KEY": KEY, "MEDIACANON_WRITES": "token", "MEDIACANON_WRITE_TOKEN": "secret"},
    ],
)
async def test_without_a_key_or_the_right_to_write_there_is_no_button(
    database: str, pool: asyncpg.Pool, tmdb: FakeTmdb, settings: dict[str, str]
):
    """The date of the last refresh is shown; a form that is sent anyway causes no request to TMDB."""
    title_id = await add_title(pool, "tt9300004", tmdb_id=4, needs_backfill_tmdb=False, image_url="none")
    await pool.execute("UPDATE titles SET enriched_at = now() WHERE id = $1", title_id)
    # A view of a title without its further facts would fetch them.
    await pool.execute(
        "INSERT INTO title_facts (title_id, source, fetched_at, tmdb_type, tmdb_id, version)"
        " VALUES ($1, 'tmdb', now(), 'movie', 4, $2)",
        title_id,
        FACTS_VERSION,
    )
    async with client_of(app_of(database, TMDB_BASE_URL=tmdb.url, **settings)) as client:
        text = (await client.get("/movies/1")).text
        answer = await client.post("/movies/1/refresh")
    assert not FORM.search(text)
    assert "Updated from TMDB on <time" in text
    assert answer.status_code == {"off": 403, "token": 401}.get(settings.get("MEDIACANON_WRITES", ""), 303)
    assert tmdb.requests == []


@pytest.mark.parametrize("headers", ELSEWHERE)
async def test_another_site_may_link_to_the_button_not_press_it(
    database: str, pool: asyncpg.Pool, tmdb: FakeTmdb, headers: dict[str, str]
):
    """The page is the same for every client; a form of another site is refused without a request to TMDB."""
    await add_title(pool, "tt9300005", needs_backfill_tmdb=False, image_url="none")
    await pool.execute("UPDATE titles SET enriched_at = now()")
    async with client_of(app_with(database, tmdb)) as client:
        assert FORM.search((await client.get("/movies/1", headers=headers)).text)
        assert (await client.post("/movies/1/refresh", headers=headers)).status_code == 403
    assert tmdb.requests == []


@pytest.mark.parametrize("path", ["/movies/2", "/shows/1", "/movies/abc", "/movies/" + "9" * 5000, "/titles/1"])
async def test_an_unknown_title_cannot_be_refreshed(database: str, pool: asyncpg.Pool, tmdb: FakeTmdb, path: str):
    """404, without a request to TMDB."""
    await add_title(pool, "tt9300006")
    async with client_of(app_with(database, tmdb)) as client:
        assert (await client.post(f"{path}/refresh")).status_code == 404
    assert tmdb.requests == []


async def test_only_known_outcomes_are_shown(database: str, pool: asyncpg.Pool):
    """Any other text in the address is ignored."""
    await add_title(pool, "tt9300007")
    async with client_of(app_of(database)) as client:
        assert not NOTICE.search((await client.get("/movies/1?refresh=%3Cb%3Eanything")).text)

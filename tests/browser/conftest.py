"""A real browser on a real server: Debian's chromium through Playwright."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from functools import partial

import pytest
from playwright.async_api import Browser, Page, Route, async_playwright

from mediacanon.database.pool import open_pool
from mediacanon.loaders.search import load_titles_by_rank
from mediacanon.writes.collection import load_collections
from tests.conftest import create_database
from tests.serving import app_of, served

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
POSTERS = "https://image.tmdb.org/**"
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def collected_template(cluster: str, demo_template: str) -> str:
    """Give the name of a database that holds the demo catalogue and the collections that ship with it."""

    async def build() -> str:
        dsn = await create_database(cluster, template=demo_template)
        async with await open_pool(dsn, size=1) as pool:
            await load_collections(pool, search=partial(load_titles_by_rank, pool))
        return dsn.partition("?")[0].rpartition("/")[2]

    return asyncio.run(build())


@pytest.fixture(scope="session")
async def site(cluster: str, collected_template: str) -> AsyncIterator[str]:
    """Give the address of a server over the demo catalogue with collections; tests only read from it."""
    async with served(app_of(await create_database(cluster, template=collected_template))) as address:
        yield address


@pytest.fixture
async def own_site(cluster: str, collected_template: str) -> AsyncIterator[str]:
    """Give the address of a server over a catalogue of the test's own, for writes."""
    async with served(app_of(await create_database(cluster, template=collected_template))) as address:
        yield address


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Give a browser that all tests share."""
    if not CHROMIUM:
        pytest.skip("needs chromium")
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        await started.close()


class Visit:
    """A page, its requests to other hosts, and the messages of its console."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.foreign_requests: list[str] = []
        self.posters: list[str] = []
        self.messages: list[str] = []
        page.on("request", lambda request: self._note_request(request.url, address))
        page.on("console", lambda message: self._note_message(message.type, message.text))
        page.on("pageerror", lambda error: self.messages.append(str(error)))

    def _note_request(self, url: str, address: str) -> None:
        if url.startswith(POSTERS.rstrip("*")):
            self.posters.append(url)
        elif not url.startswith((address, "data:", "blob:", "about:")):
            self.foreign_requests.append(url)

    def _note_message(self, kind: str, text: str) -> None:
        # The demo's posters do not exist; a failed poster is no fault of the page.
        if kind in ("error", "warning") and "Failed to load resource" not in text:
            self.messages.append(text)


async def refuse(route: Route) -> None:
    """Abort a request that would leave the machine."""
    await route.abort()


@pytest.fixture
async def visits(browser: Browser):
    """Give a function that opens a fresh window on a site; nothing leaves the machine."""
    contexts = []

    async def open_window(address: str, **options) -> Visit:
        context = await browser.new_context(base_url=address, **{"viewport": {"width": 1440, "height": 900}, **options})
        contexts.append(context)
        await context.route(POSTERS, refuse)
        page = await context.new_page()
        page.set_default_timeout(60_000)
        return Visit(page, address)

    yield open_window
    for context in contexts:
        await context.close()


@pytest.fixture
async def visit(visits, site: str) -> Visit:
    """Give a fresh window on the site, 1440 pixels wide."""
    return await visits(site)

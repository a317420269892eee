"""The explorer in a real browser: offline, with examples that work."""

import pytest

from mediacanon import paths
from tests.serving import IS_CI

pytestmark = pytest.mark.skipif(
    not (IS_CI or (paths.STATIC / "vendor" / "graphiql.min.js").is_file()),
    reason="npm did not bring the explorer's files",
)


async def operation_is(page, name: str) -> None:
    """Wait until GraphiQL has read the editor and knows which operation to run."""
    await page.wait_for_function("name => localStorage.getItem('graphiql:operationName') === name", arg=name)


async def test_a_query_typed_is_answered(visit):
    """Type a query, run it, see the answer; nothing leaves the machine."""
    page = visit.page
    await page.goto("/graphql")
    editor = page.locator(".graphiql-query-editor .CodeMirror")
    await editor.get_by_text("MostVoted").wait_for()
    await editor.click()
    await page.keyboard.press("Control+A")
    await page.keyboard.insert_text("query Typed { stats { movies shows } }")
    await operation_is(page, "Typed")
    await page.keyboard.press("Control+Enter")
    result = page.locator(".result-window")
    await result.get_by_text('"movies"').wait_for()
    assert "600" in await result.inner_text()
    assert visit.strangers == []
    assert visit.complaints == []


async def test_the_three_examples_work(visit):
    """Each tab that is open at the start answers without an error."""
    page = visit.page
    await page.goto("/graphql")
    tabs = page.locator(".graphiql-tab-button")
    await tabs.nth(2).wait_for()
    assert await tabs.count() == 3
    for number, name in enumerate(("MostVoted", "Search", "ShowWithEpisodes")):
        await tabs.nth(number).click()
        await operation_is(page, name)
        async with page.expect_response(lambda response: response.request.method == "POST") as answer:
            await page.locator(".graphiql-execute-button").click()
        body = await (await answer.value).json()
        assert "errors" not in body
        assert all(body["data"].values())


async def test_documentation_and_history_are_there(visit):
    """The docs explorer shows our descriptions; what was run is remembered."""
    page = visit.page
    await page.goto("/graphql")
    await page.get_by_label("Show Documentation Explorer").click()
    docs = page.locator(".graphiql-doc-explorer")
    await docs.get_by_text("Query", exact=True).first.click()
    await docs.get_by_text("What people typed", exact=False).or_(docs.get_by_text("search")).first.wait_for()
    await page.locator(".graphiql-execute-button").click()
    await page.get_by_label("Show History").click()
    await page.locator(".graphiql-history-item").first.wait_for()
    assert visit.complaints == []


async def test_the_explorer_is_dark_where_that_is_preferred(browser, site):
    """Dark mode follows the system."""
    shades = {}
    for scheme in ("light", "dark"):
        context = await browser.new_context(base_url=site, color_scheme=scheme)
        page = await context.new_page()
        await page.goto("/graphql")
        await page.locator(".graphiql-container").wait_for()
        shades[scheme] = await page.evaluate(
            "getComputedStyle(document.querySelector('.graphiql-container')).backgroundColor"
        )
        await context.close()
    assert shades["light"] != shades["dark"]

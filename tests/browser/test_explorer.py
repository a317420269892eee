"""The explorer in a real browser, offline."""

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


async def test_a_typed_query_is_answered(visit):
    """Its result is shown, and nothing leaves the machine."""
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
    assert visit.foreign_requests == []
    assert visit.messages == []


async def test_the_three_examples_work(visit):
    """Each of the initial tabs runs without an error."""
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
    """The documentation shows our descriptions; the history lists the query that ran."""
    page = visit.page
    await page.goto("/graphql")
    await page.get_by_label("Show Documentation Explorer").click()
    docs = page.locator(".graphiql-doc-explorer")
    await docs.get_by_text("Query", exact=True).first.click()
    await docs.get_by_text("What people typed", exact=False).or_(docs.get_by_text("search")).first.wait_for()
    await page.locator(".graphiql-execute-button").click()
    await page.get_by_label("Show History").click()
    await page.locator(".graphiql-history-item").first.wait_for()
    assert visit.messages == []


async def test_the_explorer_follows_the_color_scheme(browser, site):
    """Dark mode is that of the system."""
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

"""Pages as a person uses them."""

import re

import pytest

from tests.browser.documents import AXE, axe_findings
from tests.serving import IS_CI


async def open_show(page, name: str = "Harbour Lights") -> None:
    """Search for a show and open it."""
    await page.goto(f"/titles?q={name}")
    await page.get_by_role("link", name=name).first.click()
    await page.get_by_role("heading", name="Episode ratings").wait_for()


async def test_a_search_suggests_while_one_types(visit):
    """Typing opens a list, arrows choose from it, Enter leads to the title; axe has nothing against it."""
    page = visit.page
    await page.goto("/")
    box = page.get_by_role("combobox", name="Search titles")
    # At once: letter by letter a slow machine is shown suggestions for the first ones, too.
    await box.fill("lighthous")
    option = page.get_by_role("option").first
    await option.wait_for()
    assert "The Lighthouse Keepers" in await option.inner_text()
    assert await box.get_attribute("aria-expanded") == "true"
    await box.press("ArrowDown")
    assert await option.get_attribute("aria-selected") == "true"
    assert await box.get_attribute("aria-activedescendant") == await option.get_attribute("id")
    await box.press("Enter")
    await page.wait_for_url(re.compile(r"/movies/\d+$"))
    assert "The Lighthouse Keepers" in await page.title()
    assert visit.complaints == []


async def test_escape_closes_the_suggestions_and_enter_searches(visit):
    """What was typed is searched for, whatever was suggested."""
    page = visit.page
    await page.goto("/titles")
    box = page.get_by_role("combobox", name="Search titles")
    await box.press_sequentially("quiet orch")
    await page.get_by_role("option").first.wait_for()
    await box.press("Escape")
    assert await page.get_by_role("option").count() == 0
    await box.press("Enter")
    await page.wait_for_url("**/titles?q=quiet+orch")
    assert await page.get_by_role("link", name="The Quiet Orchard").count() == 1


@pytest.mark.skipif(not (IS_CI or AXE.is_file()), reason="npm did not bring axe-core")
async def test_open_suggestions_are_accessible(visits, site):
    """axe-core has nothing against the open list."""
    visit = await visits(site, bypass_csp=True)
    await visit.page.goto("/titles")
    await visit.page.get_by_role("combobox", name="Search titles").press_sequentially("the")
    await visit.page.get_by_role("option").first.wait_for()
    assert await axe_findings(visit.page) == []


async def test_chips_toggle_and_combine(visit):
    """Each chip narrows what is there, stands in the address, and comes off again; paging and back keep them."""
    page = visit.page
    await page.goto("/discover")
    await page.get_by_role("link", name="Drama", exact=True).click()
    await page.wait_for_url("**/discover?genre=Drama")
    await page.get_by_role("link", name="Shows", exact=True).click()
    await page.get_by_role("link", name="Top rated", exact=True).click()
    await page.get_by_role("link", name="Crime", exact=True).click()
    await page.wait_for_url("**/discover?genre=Drama,Crime&type=show&sort=top_rated")
    cards = page.locator(".grid .card")
    assert await cards.count() > 1
    assert all(
        path.startswith("/shows/") for path in await cards.evaluate_all("all => all.map(a => a.getAttribute('href'))")
    )
    assert await page.locator(".chip[aria-current]").all_inner_texts() == ["Shows", "Top rated", "Crime", "Drama"]
    await page.get_by_role("link", name="Drama", exact=True).click()
    await page.wait_for_url("**/discover?genre=Crime&type=show&sort=top_rated")
    await page.get_by_text("Country").click()
    await page.get_by_role("link", name="United Kingdom").click()
    await page.wait_for_url("**country=GB**")
    await page.get_by_role("link", name="Clear all filters").click()
    await page.wait_for_url("**/discover")
    assert visit.complaints == []


async def test_carousels_scroll_and_lead_to_their_collection(visit):
    """A row scrolls sideways and snaps; its name opens the collection; a card tells where it was found."""
    page = visit.page
    await page.goto("/discover")
    strip = page.locator(".strip").first
    assert await strip.evaluate("strip => getComputedStyle(strip).scrollSnapType") in ("x", "x proximity")
    assert await strip.evaluate("strip => { strip.scrollBy(400, 0); return strip.scrollLeft > 0 }")
    name = await page.locator(".carousel h2").first.inner_text()
    await page.locator(".carousel h2 a").first.click()
    await page.get_by_role("heading", name=name, level=1).wait_for()
    assert "?source=collection-" in await page.locator(".grid .card").first.get_attribute("href")


async def test_the_heat_map_says_which_episode_is_pointed_at(visit):
    """Hovering and tabbing name the episode with its votes; following a cell unfolds its season."""
    page = visit.page
    await open_show(page)
    cells = page.locator(".heat td a")
    assert await cells.count() == 58
    note = page.locator(".heat-note")
    await cells.nth(0).hover()
    assert re.fullmatch(r"[\d.]+ Season 1, episode 1, .+, [\d,]+ votes", await note.inner_text())
    await cells.nth(0).focus()
    await page.keyboard.press("Tab")
    assert "Season 1, episode 2" in await note.inner_text()
    last = cells.last
    target = (await last.get_attribute("href"))[1:]
    assert not await page.locator(f"[id={target}]").is_visible()
    await last.focus()
    await page.keyboard.press("Enter")
    await page.locator(f"[id={target}]").wait_for(state="visible")
    assert visit.complaints == []


async def test_the_heat_map_is_a_table_for_screen_readers(visit):
    """It has a caption and headers for rows and columns; every cell is named in full."""
    page = visit.page
    await open_show(page)
    table = page.get_by_role("table", name="Ratings of all episodes")
    assert await table.get_by_role("rowheader").count() == 5
    assert await table.get_by_role("columnheader").count() == 14
    assert await table.get_by_role("link", name=re.compile(r"Season 5, episode 14, .* votes$")).count() == 1
    assert await page.get_by_role("img", name=re.compile("^S1 .*S5 ")).count() == 1


async def test_a_title_is_added(visits, own_site):
    """What is wrong is said where it is wrong, and what was typed stays; then the new title's page opens."""
    visit = await visits(own_site)
    page = visit.page
    await page.goto("/add")
    await page.get_by_label("A show").check()
    await page.get_by_label("Name", exact=True).fill("Signals from the Attic")
    await page.get_by_label("Year", exact=True).fill("2020")
    await page.get_by_label("Last year").fill("2010")
    await page.get_by_role("button", name="Add it").click()
    wrong = page.locator("[aria-invalid]")
    assert await wrong.get_attribute("name") == "endYear"
    assert await page.get_by_label("Name", exact=True).input_value() == "Signals from the Attic"
    assert await page.get_by_label("A show").is_checked()
    await wrong.fill("2024")
    await page.get_by_role("button", name="Add it").click()
    await page.wait_for_url(re.compile(r"/shows/\d+$"))
    assert await page.get_by_role("heading", level=1).inner_text() == "Signals from the Attic 2020–2024"
    assert visit.strangers == []


async def test_everything_works_without_javascript(visits, own_site):
    """Search, chips, the heat map's links and adding need no script."""
    page = (await visits(own_site, java_script_enabled=False)).page
    await page.goto("/")
    await page.get_by_label("Search the catalogue").fill("harbour lights")
    await page.get_by_role("button", name="Search").click()
    await page.get_by_role("link", name="Harbour Lights").first.click()
    await page.locator(".heat td a").last.click()
    await page.wait_for_url("**#episode-*")
    await page.goto("/discover")
    await page.get_by_role("link", name="Horror", exact=True).click()
    await page.wait_for_url("**/discover?genre=Horror")
    await page.goto("/add")
    await page.get_by_label("Name", exact=True).fill("Without a Script")
    await page.get_by_role("button", name="Add it").click()
    await page.wait_for_url(re.compile(r"/movies/\d+$"))


async def test_posters_that_do_not_come_leave_the_drawn_ones(visit):
    """Only what is near is asked for; what fails is gone, and the drawing under it has the name."""
    page = visit.page
    await page.goto("/discover")
    asked = page.locator(".poster").first
    await page.wait_for_function("poster => !poster.querySelector('img')", arg=await asked.element_handle())
    assert await asked.locator("text").count() > 0
    assert 0 < len(visit.posters) < await page.locator(".poster").count()


async def test_the_keyboard_reaches_the_content_at_once(visit):
    """The first Tab stop skips the header."""
    page = visit.page
    await page.goto("/discover")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    assert await page.evaluate("document.activeElement.id") == "main"

"""Pages in use."""

import re

import pytest

from tests.browser.documents import AXE, axe_findings
from tests.serving import IS_CI


async def open_show(page, name: str = "Harbour Lights") -> None:
    """Search for a show and open it, to the end of its page: the browser shows the beginning while the rest arrives."""
    await page.goto(f"/titles?q={name}")
    await page.get_by_role("link", name=name).first.click()
    await page.get_by_role("heading", name="Episode ratings").wait_for()
    await page.wait_for_load_state()


async def test_a_search_suggests_titles_while_typing(visit):
    """Typing opens a list, arrows select an option, Enter opens its title."""
    page = visit.page
    await page.goto("/")
    box = page.get_by_role("combobox", name="Search titles")
    # In one step: letter by letter, a slow machine shows suggestions for the first letters, too.
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
    assert visit.messages == []


async def test_escape_closes_the_suggestions_and_enter_searches(visit):
    """The search is for the typed text, not for a suggestion."""
    page = visit.page
    await page.goto("/titles")
    box = page.get_by_role("combobox", name="Search titles")
    await box.fill("quiet orch")
    await page.get_by_role("option").first.wait_for()
    await box.press("Escape")
    assert await page.get_by_role("option").count() == 0
    await box.press("Enter")
    await page.wait_for_url("**/titles?q=quiet+orch")
    assert await page.get_by_role("link", name="The Quiet Orchard").count() == 1


async def test_keys_of_a_composition_choose_no_suggestion(visit):
    """Enter and arrows belong to the input method until the composition ends; then they choose and open."""
    page = visit.page
    await page.goto("/titles")
    box = page.get_by_role("combobox", name="Search titles")
    await box.fill("lighthous")
    await page.get_by_role("option").first.wait_for()
    devtools = await page.context.new_cdp_session(page)
    # New suggestions follow each input a moment later, and take back a choice made before.
    mark = "all => all.forEach(option => option.dataset.old = true)"
    new_option = page.locator("[role=option]:not([data-old])").first
    await page.get_by_role("option").evaluate_all(mark)
    await devtools.send("Input.imeSetComposition", {"text": "e", "selectionStart": 1, "selectionEnd": 1})
    await new_option.wait_for()
    for key in ("ArrowDown", "ArrowUp", "ArrowDown", "Enter"):
        # An input method hides the key from the page behind the code 229.
        pressed = {"type": "rawKeyDown", "key": key, "code": key, "windowsVirtualKeyCode": 229}
        await devtools.send("Input.dispatchKeyEvent", pressed)
        assert await page.locator("[aria-selected=true]").count() == 0
    assert page.url.endswith("/titles")
    await page.get_by_role("option").evaluate_all(mark)
    await devtools.send("Input.insertText", {"text": "e"})
    assert await box.input_value() == "lighthouse"
    await new_option.wait_for()
    await box.press("ArrowDown")
    await box.press("Enter")
    await page.wait_for_url(re.compile(r"/movies/\d+$"))


@pytest.mark.skipif(not (IS_CI or AXE.is_file()), reason="npm did not bring axe-core")
async def test_open_suggestions_are_accessible(visits, site):
    """axe-core finds no violation in the open list."""
    visit = await visits(site, bypass_csp=True)
    await visit.page.goto("/titles")
    await visit.page.get_by_role("combobox", name="Search titles").fill("the")
    await visit.page.get_by_role("option").first.wait_for()
    assert await axe_findings(visit.page) == []


async def test_chips_toggle_and_combine(visit):
    """Each chip narrows the list, is part of the address, and can be removed again."""
    page = visit.page
    await page.goto("/discover")
    await page.get_by_role("link", name="Drama", exact=True).click()
    await page.wait_for_url("**/discover?genre=Drama")
    # Each page is awaited: its predecessor has links of the same names.
    await page.get_by_role("link", name="Shows", exact=True).click()
    await page.wait_for_url("**/discover?genre=Drama&type=show")
    await page.get_by_role("link", name="Top rated", exact=True).click()
    await page.wait_for_url("**/discover?genre=Drama&type=show&sort=top_rated")
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
    assert visit.messages == []


async def test_carousels_scroll_and_lead_to_their_collection(visit):
    """A row scrolls sideways and snaps; its name opens the collection; a card names the collection as source."""
    page = visit.page
    await page.goto("/discover")
    strip = page.locator(".strip").first
    assert await strip.evaluate("strip => getComputedStyle(strip).scrollSnapType") in ("x", "x proximity")
    assert await strip.evaluate("strip => { strip.scrollBy(400, 0); return strip.scrollLeft > 0 }")
    name = await page.locator(".carousel h2").first.inner_text()
    await page.locator(".carousel h2 a").first.click()
    await page.get_by_role("heading", name=name, level=1).wait_for()
    assert "?source=collection-" in await page.locator(".grid .card").first.get_attribute("href")


async def test_the_heat_map_names_the_episode_under_the_pointer(visit):
    """Hover and focus name the episode and its votes; a cell leads to its episode in the opened season."""
    page = visit.page
    await open_show(page)
    cells = page.locator(".heat td a")
    assert await cells.count() == 58
    note = page.locator(".heat-note")
    assert await note.is_visible()
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
    assert visit.messages == []


async def test_a_tap_on_the_heat_map_leads_to_its_episode(visits, site):
    """On a phone the episode stands in the upper half of the screen."""
    page = (await visits(site, viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)).page
    await open_show(page)
    cell = page.get_by_role("link", name=re.compile("Season 3, episode 11,"))
    episode = page.locator(f"[id={(await cell.get_attribute('href'))[1:]}]")
    await cell.tap()
    await episode.wait_for(state="visible")
    await page.wait_for_function(
        "li => { const top = li.getBoundingClientRect().top; return top >= 0 && top < innerHeight / 2; }",
        arg=await episode.element_handle(),
    )


async def test_the_heat_map_is_a_table_for_screen_readers(visit):
    """It has a caption and headers for rows and columns; every cell has a full name."""
    page = visit.page
    await open_show(page)
    table = page.get_by_role("table", name="Episode ratings, one row per season")
    assert await table.get_by_role("rowheader").count() == 5
    assert await table.get_by_role("columnheader").count() == 14
    assert await table.get_by_role("link", name=re.compile(r"Season 5, episode 14, .* votes$")).count() == 1
    assert await page.get_by_role("img", name=re.compile("^S1 .*S5 ")).count() == 1


async def test_a_title_is_added(visits, own_site):
    """A mistake is shown at its field and the input stays; then the page of the new title opens."""
    visit = await visits(own_site)
    page = visit.page
    await page.goto("/add")
    await page.get_by_label("Show", exact=True).check()
    await page.get_by_label("Name", exact=True).fill("Signals from the Attic")
    await page.get_by_label("Year", exact=True).fill("2020")
    await page.get_by_label("Final year").fill("2010")
    await page.get_by_role("button", name="Add title").click()
    wrong = page.locator("[aria-invalid]")
    assert await wrong.get_attribute("name") == "endYear"
    assert await page.get_by_label("Name", exact=True).input_value() == "Signals from the Attic"
    assert await page.get_by_label("Show", exact=True).is_checked()
    await wrong.fill("2024")
    await page.get_by_role("button", name="Add title").click()
    await page.wait_for_url(re.compile(r"/shows/\d+$"))
    assert await page.get_by_role("heading", level=1).inner_text() == "Signals from the Attic 2020–2024"
    assert visit.foreign_requests == []


async def test_everything_works_without_javascript(visits, own_site):
    """Search, chips, the links of the heat map and the form need no script."""
    page = (await visits(own_site, java_script_enabled=False)).page
    await page.goto("/")
    await page.get_by_label("Search the catalogue").fill("harbour lights")
    await page.get_by_role("button", name="Search").click()
    await page.get_by_role("link", name="Harbour Lights").first.click()
    await page.wait_for_load_state()
    await page.locator(".heat td a").last.click()
    await page.wait_for_url("**#episode-*")
    await page.goto("/discover")
    await page.get_by_role("link", name="Horror", exact=True).click()
    await page.wait_for_url("**/discover?genre=Horror")
    await page.goto("/add")
    await page.get_by_label("Name", exact=True).fill("Without a Script")
    await page.get_by_role("button", name="Add title").click()
    await page.wait_for_url(re.compile(r"/movies/\d+$"))


async def test_a_failed_poster_leaves_the_drawn_one(visit):
    """Only posters near the viewport are requested; under a failed one the drawing shows the name."""
    page = visit.page
    await page.goto("/discover")
    poster = page.locator(".poster").first
    await page.wait_for_function("poster => !poster.querySelector('img')", arg=await poster.element_handle())
    assert await poster.locator("text").count() > 0
    assert 0 < len(visit.posters) < await page.locator(".poster").count()


async def test_the_keyboard_reaches_the_content_at_once(visit):
    """The first Tab stop is a link past the header."""
    page = visit.page
    await page.goto("/discover")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    await page.wait_for_function("document.activeElement.id === 'main'")

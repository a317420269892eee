"""The menu: its lines and its enabled items in each state."""

import datetime as dt
from dataclasses import replace

from mediacanon.tray.menu import SEPARATOR, Action, Counts, Item, State, menu_of, title_of

STARTING = State(address="http://127.0.0.1:8080")
RUNNING = replace(
    STARTING,
    condition="running",
    is_ready=True,
    counts=Counts(600, 120, 6418, dt.datetime(2026, 11, 23, 4, 30, tzinfo=dt.UTC)),
    starts_at_login=False,
)


def item(state: State, action: Action) -> Item:
    """Return the item of an action."""
    return next(item for item in menu_of(state) if item.action is action)


def labels(state: State) -> list[str]:
    """Return the labels of the items."""
    return [item.label for item in menu_of(state)]


def test_a_running_server_offers_everything():
    """The address is first, Quit is last, counts and the last import are between."""
    assert labels(RUNNING) == [
        "http://127.0.0.1:8080",
        "Discover",
        "GraphQL explorer",
        "API docs",
        "-",
        "Server: running",
        "600 movies, 120 shows, 6,418 episodes",
        "Last import: 2026-11-23 04:30",
        "-",
        "Import now",
        "View log",
        "Start at login",
        "-",
        "Quit",
    ]
    assert all(item.is_enabled for item in menu_of(RUNNING) if item.action)


def test_a_click_on_the_icon_opens_the_address():
    """The address is the only default item, in every state."""
    for state in (STARTING, RUNNING):
        assert [item.action for item in menu_of(state) if item.is_default] == [Action.OPEN]


def test_pages_wait_for_the_server():
    """Before the server is ready the address and Quit are enabled, the pages are not."""
    enabled = {item.action for item in menu_of(STARTING) if item.action and item.is_enabled}
    assert enabled == {Action.OPEN, Action.IMPORT, Action.LOG, Action.QUIT}


def test_status_lines_cannot_be_chosen():
    """Lines without an action are disabled."""
    status = [item for item in menu_of(RUNNING) if not item.action and item is not SEPARATOR]
    assert len(status) == 3
    assert not any(item.is_enabled for item in status)


def test_one_import_at_a_time():
    """During an import the item is disabled, and a line shows the progress."""
    importing = replace(RUNNING, is_importing=True, import_line="Import: title.basics 34%")
    assert not item(importing, Action.IMPORT).is_enabled
    assert "Import: title.basics 34%" in labels(importing)


def test_the_result_of_the_last_import_stays():
    """After the import its result is a line, and the next one can be started."""
    ended = replace(RUNNING, import_line="Import: done")
    assert item(ended, Action.IMPORT).is_enabled
    assert "Import: done" in labels(ended)


def test_an_empty_catalogue_says_so():
    """Before the first import the menu says so instead of a date."""
    empty = replace(RUNNING, counts=Counts(0, 0, 0, None))
    assert "Nothing imported yet" in labels(empty)


def test_start_at_login_is_ticked_or_not_or_absent():
    """The checkbox shows the state; a system without start at login has no such item."""
    assert item(RUNNING, Action.LOGIN).is_checked is False
    assert item(replace(RUNNING, starts_at_login=True), Action.LOGIN).is_checked is True
    assert "Start at login" not in labels(STARTING)


def test_the_tooltip_names_the_fault():
    """The tooltip has the condition and the address."""
    broken = replace(STARTING, condition="database unreachable")
    assert title_of(broken) == "MediaCanon: database unreachable, http://127.0.0.1:8080"

"""The menu as a pure function of the state, without icon, process or clock."""

import datetime as dt
from dataclasses import dataclass
from enum import Enum


class Action(Enum):
    """The action of an item. The value of a page is its path."""

    OPEN = "/"
    DISCOVER = "/discover"
    EXPLORER = "/graphql"
    API = "/api"
    IMPORT = "import"
    LOG = "log"
    LOGIN = "login"
    QUIT = "quit"

    @property
    def is_page(self) -> bool:
        """True for an action that opens a page of the server."""
        return self.value.startswith("/")


@dataclass(frozen=True, slots=True)
class Counts:
    """Counts of the catalogue; `last_import_at` is None before the first import."""

    movies: int
    shows: int
    episodes: int
    last_import_at: dt.datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The state that the menu shows.

    `condition` describes the server in a few words, `import_line` the progress of an import or the result of the last
    one. `starts_at_login` is None where the system has no start at login.
    """

    address: str
    condition: str = "starting"
    is_ready: bool = False
    counts: Counts | None = None
    is_importing: bool = False
    import_line: str | None = None
    starts_at_login: bool | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """A line of the menu. Without an action it only informs; `is_checked` is None for an item without a checkbox."""

    label: str
    action: Action | None = None
    is_enabled: bool = True
    is_checked: bool | None = None

    @property
    def is_default(self) -> bool:
        """True for the item that a click on the icon performs."""
        return self.action is Action.OPEN


SEPARATOR = Item("-")


def menu_of(state: State) -> list[Item]:
    """Return the lines of the menu, top to bottom."""
    status = [_info(f"Server: {state.condition}"), *_catalogue(state.counts)]
    if state.import_line:
        status.append(_info(state.import_line))
    return [
        Item(state.address, Action.OPEN),
        Item("Discover", Action.DISCOVER, state.is_ready),
        Item("GraphQL explorer", Action.EXPLORER, state.is_ready),
        Item("API docs", Action.API, state.is_ready),
        SEPARATOR,
        *status,
        SEPARATOR,
        Item("Importing …" if state.is_importing else "Import now", Action.IMPORT, not state.is_importing),
        Item("View log", Action.LOG),
        *_login(state.starts_at_login),
        SEPARATOR,
        Item("Quit", Action.QUIT),
    ]


def title_of(state: State) -> str:
    """Return the icon's tooltip."""
    return f"MediaCanon: {state.condition}, {state.address}"


def _info(label: str) -> Item:
    return Item(label, is_enabled=False)


def _catalogue(counts: Counts | None) -> list[Item]:
    if counts is None:
        return []
    last = counts.last_import_at
    return [
        _info(f"{counts.movies:,} movies, {counts.shows:,} shows, {counts.episodes:,} episodes"),
        _info(f"Last import: {last:%Y-%m-%d %H:%M}" if last else "Nothing imported yet"),
    ]


def _login(starts_at_login: bool | None) -> list[Item]:
    if starts_at_login is None:
        return []
    return [Item("Start at login", Action.LOGIN, is_checked=starts_at_login)]

"""The menu as a function of what is known: no icon, no process, no clock."""

import datetime as dt
from dataclasses import dataclass
from enum import Enum


class Action(Enum):
    """What an item does; those that open a page hold its path."""

    OPEN = "/"
    DISCOVER = "/discover"
    EXPLORER = "/graphql"
    API = "/api"
    IMPORT = "import"
    LOGS = "logs"
    LOGIN = "login"
    QUIT = "quit"

    @property
    def is_page(self) -> bool:
        """Whether it opens a page of the server."""
        return self.value.startswith("/")


@dataclass(frozen=True, slots=True)
class Counts:
    """What the catalogue holds; `last_import_at` is None before the first import."""

    movies: int
    shows: int
    episodes: int
    last_import_at: dt.datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """All the menu depends on.

    `condition` says how the server is in a few words, `import_line` how far an import is or how the last one
    ended; `starts_at_login` is None where that cannot be arranged.
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
    """A line of the menu: without an action it only tells; `is_checked` is None for what cannot be checked."""

    label: str
    action: Action | None = None
    is_enabled: bool = True
    is_checked: bool | None = None

    @property
    def is_default(self) -> bool:
        """Whether a click on the icon itself means this."""
        return self.action is Action.OPEN


SEPARATOR = Item("-")


def menu_of(state: State) -> list[Item]:
    """Return the lines of the menu, top to bottom."""
    telling = [_told(f"Server: {state.condition}"), *_catalogue(state.counts)]
    if state.import_line:
        telling.append(_told(state.import_line))
    return [
        Item(state.address, Action.OPEN),
        Item("Discover", Action.DISCOVER, state.is_ready),
        Item("GraphQL explorer", Action.EXPLORER, state.is_ready),
        Item("API docs", Action.API, state.is_ready),
        SEPARATOR,
        *telling,
        SEPARATOR,
        Item("Importing …" if state.is_importing else "Import now", Action.IMPORT, not state.is_importing),
        Item("View logs", Action.LOGS),
        *_login(state.starts_at_login),
        SEPARATOR,
        Item("Quit", Action.QUIT),
    ]


def title_of(state: State) -> str:
    """Return what the icon says when pointed at."""
    return f"MediaCanon: {state.condition}, {state.address}"


def _told(label: str) -> Item:
    return Item(label, is_enabled=False)


def _catalogue(counts: Counts | None) -> list[Item]:
    if counts is None:
        return []
    last = counts.last_import_at
    return [
        _told(f"{counts.movies:,} movies, {counts.shows:,} shows, {counts.episodes:,} episodes"),
        _told(f"Last import: {last:%Y-%m-%d %H:%M}" if last else "Nothing imported yet"),
    ]


def _login(starts_at_login: bool | None) -> list[Item]:
    if starts_at_login is None:
        return []
    return [Item("Start at login", Action.LOGIN, is_checked=starts_at_login)]

"""Completes pystray's X11 icon: clicks, a menu, and docking at a panel that starts later.

pystray 0.19 offers no interface for these, so this module uses its private names. docs/decisions/012 has the reasons.
"""
# ruff: noqa: SLF001

import contextlib
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from typing import Any

from PIL import Image, ImageDraw, ImageFont
from Xlib import X, display
from Xlib.error import ConnectionClosedError
from Xlib.protocol.event import ClientMessage

from mediacanon.tray.application import Tray
from mediacanon.tray.menu import SEPARATOR, Action, Item, menu_of

log = logging.getLogger(__name__)

LEFT_BUTTON = 1
# Seconds between requests to dock, and their number.
DOCK_INTERVAL, MAX_DOCK_REQUESTS = 1.0, 30
ROW_HEIGHT, SEPARATOR_HEIGHT, MARGIN = 26, 9, 12
FONT_SIZE = 14
BACKGROUND, TEXT, DISABLED, HIGHLIGHT = "#ffffff", "#1d2433", "#8a90a0", "#ffdfae"


class MainLoop:
    """Runs functions of other threads on the icon's main loop.

    pystray lets those threads use the loop's connection. With python-xlib 0.33 that can hang: the loop waits for events
    that another thread has read already. So they wake the loop with a message over a connection of their own.
    """

    def __init__(self, icon: Any) -> None:  # noqa: ANN401 - pystray has no types
        self._icon = icon
        self._calls: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._wakeup = display.Display()
        self.atom = self._wakeup.intern_atom("_MEDIACANON_CALL")
        self._window = self._wakeup.create_resource_object("window", icon._window.id)

    def call(self, function: Callable[[], None]) -> None:
        """Schedule a function on the main loop."""
        self._calls.put(function)
        message = ClientMessage(client_type=self.atom, window=self._window, data=(32, [0] * 5))
        self._window.send_event(message, event_mask=X.NoEventMask)
        self._wakeup.flush()

    def run_calls(self) -> None:
        """Run the scheduled functions, and flush the connection: pystray leaves new titles in its buffer."""
        while not self._calls.empty():
            self._calls.get()()
        self._icon._display.flush()


class Docking:
    """Requests docking until the panel embeds the icon: a panel that is just starting loses some requests."""

    def __init__(self, icon: Any, main_loop: MainLoop) -> None:  # noqa: ANN401 - pystray has no types
        self._show = icon._show
        self._main_loop = main_loop
        self._root = icon._display.screen().root.id
        self._is_docked = False
        icon._message_handlers[X.ReparentNotify] = self._moved

    def request(self) -> None:
        """Request docking at the current panel, also if the icon is docked elsewhere. Call it on the main loop."""
        self._is_docked = False
        self._request(MAX_DOCK_REQUESTS)

    def _request(self, times: int) -> None:
        if not self._is_docked:
            self._show()
            if times > 1:
                retry = threading.Timer(DOCK_INTERVAL, self._request_again, (times - 1,))
                retry.daemon = True
                retry.start()

    def _request_again(self, times: int) -> None:
        # The display may be gone, with the tray about to end.
        with contextlib.suppress(ConnectionClosedError):
            self._main_loop.call(partial(self._request, times))

    def _moved(self, event: Any) -> None:  # noqa: ANN401 - Xlib has no types
        self._is_docked = event.parent.id != self._root


def complete(icon: Any, tray: Tray) -> Callable[[Callable[[], None]], None]:  # noqa: ANN401 - pystray has no types
    """Add clicks (left: the address, others: the menu) and late docking to pystray's X11 icon.

    Returns a function that runs others on the icon's main loop.
    """

    def pressed(event: Any) -> None:  # noqa: ANN401 - Xlib has no types
        if event.detail == LEFT_BUTTON:
            tray.actions.put(Action.OPEN)
        else:
            threading.Thread(target=_show_menu, args=(tray, event.root_x, event.root_y), daemon=True).start()

    # pystray 0.19 selects no button events, so clicks never reach its handler.
    icon._window.change_attributes(event_mask=X.ExposureMask | X.StructureNotifyMask | X.ButtonPressMask)
    icon._message_handlers[X.ButtonPress] = pressed
    # pystray reads this attribute before its main loop has set it.
    icon._thread = threading.main_thread()
    # A new panel announces itself to the root window (freedesktop's system tray protocol).
    icon._display.screen().root.change_attributes(event_mask=X.StructureNotifyMask)
    main_loop = MainLoop(icon)
    icon._show = Docking(icon, main_loop).request
    handlers = {main_loop.atom: main_loop.run_calls, icon._display.intern_atom("MANAGER"): icon._show}
    icon._message_handlers[X.ClientMessage] = lambda event: handlers.get(event.client_type, lambda: None)()
    if not icon._get_systray_manager():
        log.warning("No panel shows tray icons yet; the server is at %s.", tray.state.address)
    # The first event may come late: send the buffered requests now.
    icon._display.flush()
    return main_loop.call


@dataclass(frozen=True, slots=True)
class Layout:
    """Positions of the menu's items. `tops` has one entry more than `items`: the bottom."""

    items: list[Item]
    tops: list[int]
    width: int

    def item_at(self, x: int, y: int) -> Item | None:
        """Return the enabled item at a point, None elsewhere."""
        if not 0 <= x < self.width:
            return None
        rows = zip(self.items, self.tops, self.tops[1:], strict=False)
        found = next((item for item, top, bottom in rows if top <= y < bottom), None)
        return found if found and found.action and found.is_enabled else None


def layout_of(items: list[Item]) -> Layout:
    """Return the positions of the items."""
    tops = [0]
    for item in items:
        tops.append(tops[-1] + (SEPARATOR_HEIGHT if item is SEPARATOR else ROW_HEIGHT))
    width = max(_font().getlength(_text(item)) for item in items)
    return Layout(items, tops, round(width) + 2 * MARGIN)


def draw(layout: Layout, hovered: Item | None) -> Image.Image:
    """Return an image of the menu with the hovered item highlighted."""
    image = Image.new("RGB", (layout.width, layout.tops[-1]), BACKGROUND)
    pen = ImageDraw.Draw(image)
    for item, top in zip(layout.items, layout.tops, strict=False):
        if item is SEPARATOR:
            middle = top + SEPARATOR_HEIGHT // 2
            pen.line([0, middle, layout.width, middle], fill=DISABLED)
            continue
        if item == hovered:
            pen.rectangle([0, top, layout.width, top + ROW_HEIGHT - 1], fill=HIGHLIGHT)
        colour = TEXT if item.action and item.is_enabled else DISABLED
        pen.text((MARGIN, top + ROW_HEIGHT // 2), _text(item), fill=colour, font=_font(), anchor="lm")
    return image


def _font() -> Any:  # noqa: ANN401 - one of two classes
    return ImageFont.load_default(FONT_SIZE)


def _text(item: Item) -> str:
    marks = {None: "", True: "[x] ", False: "[  ] "}
    return marks[item.is_checked] + item.label.replace("…", "...")


def _show_menu(tray: Tray, x: int, y: int) -> None:
    try:
        item = _Popup(menu_of(tray.state), x, y).choose()
    except Exception as error:  # a lost display must not end the tray
        log.debug("no menu", exc_info=error)
        return
    if item and item.action:
        tray.actions.put(item.action)


class _Popup:
    """A menu window on a connection of its own, which grabs the pointer until a click."""

    def __init__(self, items: list[Item], x: int, y: int) -> None:
        self._layout = layout_of(items)
        self._display = display.Display()
        screen = self._display.screen()
        width, height = self._layout.width, self._layout.tops[-1]
        self._window = screen.root.create_window(
            max(0, min(x, screen.width_in_pixels - width)),
            max(0, min(y, screen.height_in_pixels - height)),
            width,
            height,
            0,
            screen.root_depth,
            override_redirect=True,
            event_mask=X.ExposureMask | X.ButtonPressMask | X.PointerMotionMask,
        )
        self._window.set_wm_name("MediaCanon menu")
        self._graphics = self._window.create_gc()

    def choose(self) -> Item | None:
        """Show the menu and return the clicked item, None for a click elsewhere."""
        mask = X.ButtonPressMask | X.PointerMotionMask
        self._window.map()
        self._window.grab_pointer(False, mask, X.GrabModeAsync, X.GrabModeAsync, X.NONE, X.NONE, X.CurrentTime)
        hovered: Item | None = None
        try:
            while True:
                event = self._display.next_event()
                if event.type == X.Expose:
                    self._paint(hovered)
                elif event.type in (X.ButtonPress, X.MotionNotify):
                    item = self._layout.item_at(event.event_x, event.event_y)
                    if event.type == X.ButtonPress:
                        return item
                    if item != hovered:
                        hovered = item
                        self._paint(hovered)
        finally:
            self._display.close()

    def _paint(self, hovered: Item | None) -> None:
        self._window.put_pil_image(self._graphics, 0, 0, draw(self._layout, hovered))
        self._display.flush()

"""What pystray leaves out on plain X11: clicks, a menu, and panels that come later."""
# ruff: noqa: SLF001 - there is no other way to it than pystray's own names

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
# Seconds between asking a panel for a place, and how often it is asked.
BETWEEN_ASKING, MOST_ASKED = 1.0, 30
ROW, RULE, MARGIN = 26, 9, 12
FONT_SIZE = 14
PAPER, INK, FAINT, CHOSEN = "#ffffff", "#1d2433", "#8a90a0", "#ffdfae"


class MainLoop:
    """Runs on the icon's main loop what other threads want of it.

    pystray lets them use the loop's connection, which python-xlib 0.33 does not survive every time: the loop
    waits for events that were already read. So they ring over a connection of their own.
    """

    def __init__(self, icon: Any) -> None:  # noqa: ANN401 - pystray has no types
        self._icon = icon
        self._calls: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._bell = display.Display()
        self.atom = self._bell.intern_atom("_MEDIACANON_CALL")
        self._window = self._bell.create_resource_object("window", icon._window.id)

    def call(self, function: Callable[[], None]) -> None:
        """Have the main loop call a function, soon."""
        self._calls.put(function)
        message = ClientMessage(client_type=self.atom, window=self._window, data=(32, [0] * 5))
        self._window.send_event(message, event_mask=X.NoEventMask)
        self._bell.flush()

    def run_calls(self) -> None:
        """Call what was asked for, and send what that leaves in the buffer: pystray leaves titles there."""
        while not self._calls.empty():
            self._calls.get()()
        self._icon._display.flush()


class Docking:
    """Asks the panel for a place until it gives one: panels that have just begun forget some who ask."""

    def __init__(self, icon: Any, main_loop: MainLoop) -> None:  # noqa: ANN401 - pystray has no types
        self._show = icon._show
        self._main_loop = main_loop
        self._root = icon._display.screen().root.id
        self._is_docked = False
        icon._message_handlers[X.ReparentNotify] = self._moved

    def ask(self) -> None:
        """Ask whoever takes icons now for a place, wherever the icon has one yet. Call it on the main loop."""
        self._is_docked = False
        self._ask(MOST_ASKED)

    def _ask(self, times: int) -> None:
        if not self._is_docked:
            self._show()
            if times > 1:
                again = threading.Timer(BETWEEN_ASKING, self._ask_later, (times - 1,))
                again.daemon = True
                again.start()

    def _ask_later(self, times: int) -> None:
        # The display may be gone by now, and the tray about to end.
        with contextlib.suppress(ConnectionClosedError):
            self._main_loop.call(partial(self._ask, times))

    def _moved(self, event: Any) -> None:  # noqa: ANN401 - Xlib has no types
        self._is_docked = event.parent.id != self._root


def complete(icon: Any, tray: Tray) -> Callable[[Callable[[], None]], None]:  # noqa: ANN401 - pystray has no types
    """Give pystray's X11 icon clicks (left: the address, others: the menu), and a panel that comes late.

    Returns what calls a function on the icon's main loop.
    """

    def pressed(event: Any) -> None:  # noqa: ANN401 - Xlib has no types
        if event.detail == LEFT_BUTTON:
            tray.actions.put(Action.OPEN)
        else:
            threading.Thread(target=_offer, args=(tray, event.root_x, event.root_y), daemon=True).start()

    # pystray 0.19 asks for no button events, so clicks never reach its handler.
    icon._window.change_attributes(event_mask=X.ExposureMask | X.StructureNotifyMask | X.ButtonPressMask)
    icon._message_handlers[X.ButtonPress] = pressed
    # It compares with its main loop's thread before that has begun.
    icon._thread = threading.main_thread()
    # Whoever takes icons from now on says so to everybody (freedesktop's system tray protocol).
    icon._display.screen().root.change_attributes(event_mask=X.StructureNotifyMask)
    main_loop = MainLoop(icon)
    icon._show = Docking(icon, main_loop).ask
    handlers = {main_loop.atom: main_loop.run_calls, icon._display.intern_atom("MANAGER"): icon._show}
    icon._message_handlers[X.ClientMessage] = lambda event: handlers.get(event.client_type, lambda: None)()
    if not icon._get_systray_manager():
        log.warning("No panel here takes icons yet; the server is at %s.", tray.state.address)
    # What was asked so far must not wait in the buffer for the first event.
    icon._display.flush()
    return main_loop.call


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the lines of a menu are: `tops` has one more than there are items, the bottom."""

    items: list[Item]
    tops: list[int]
    width: int

    def item_at(self, x: int, y: int) -> Item | None:
        """Return the item at a point that does something, None elsewhere."""
        if not 0 <= x < self.width:
            return None
        rows = zip(self.items, self.tops, self.tops[1:], strict=False)
        found = next((item for item, top, bottom in rows if top <= y < bottom), None)
        return found if found and found.action and found.is_enabled else None


def layout_of(items: list[Item]) -> Layout:
    """Return where each item goes."""
    tops = [0]
    for item in items:
        tops.append(tops[-1] + (RULE if item is SEPARATOR else ROW))
    width = max(_font().getlength(_text(item)) for item in items)
    return Layout(items, tops, round(width) + 2 * MARGIN)


def draw(layout: Layout, chosen: Item | None) -> Image.Image:
    """Return the menu as it looks with an item under the pointer."""
    image = Image.new("RGB", (layout.width, layout.tops[-1]), PAPER)
    pen = ImageDraw.Draw(image)
    for item, top in zip(layout.items, layout.tops, strict=False):
        if item is SEPARATOR:
            pen.line([0, top + RULE // 2, layout.width, top + RULE // 2], fill=FAINT)
            continue
        if item == chosen:
            pen.rectangle([0, top, layout.width, top + ROW - 1], fill=CHOSEN)
        ink = INK if item.action and item.is_enabled else FAINT
        pen.text((MARGIN, top + ROW // 2), _text(item), fill=ink, font=_font(), anchor="lm")
    return image


def _font() -> Any:  # noqa: ANN401 - one of two classes
    return ImageFont.load_default(FONT_SIZE)


def _text(item: Item) -> str:
    marks = {None: "", True: "[x] ", False: "[  ] "}
    return marks[item.is_checked] + item.label.replace("…", "...")


def _offer(tray: Tray, x: int, y: int) -> None:
    try:
        item = _Popup(menu_of(tray.state), x, y).choose()
    except Exception as error:  # a display that goes away is no reason to end the tray
        log.debug("no menu", exc_info=error)
        return
    if item and item.action:
        tray.actions.put(item.action)


class _Popup:
    """A window with the menu, over a connection of its own, that has the pointer until a button is pressed."""

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
        """Show the menu and return what was clicked, None for a click elsewhere."""
        mask = X.ButtonPressMask | X.PointerMotionMask
        self._window.map()
        self._window.grab_pointer(False, mask, X.GrabModeAsync, X.GrabModeAsync, X.NONE, X.NONE, X.CurrentTime)
        under: Item | None = None
        try:
            while True:
                event = self._display.next_event()
                if event.type == X.Expose:
                    self._paint(under)
                elif event.type in (X.ButtonPress, X.MotionNotify):
                    item = self._layout.item_at(event.event_x, event.event_y)
                    if event.type == X.ButtonPress:
                        return item
                    if item != under:
                        under = item
                        self._paint(under)
        finally:
            self._display.close()

    def _paint(self, chosen: Item | None) -> None:
        self._window.put_pil_image(self._graphics, 0, 0, draw(self._layout, chosen))
        self._display.flush()

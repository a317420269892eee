"""The icon, by pystray: a menu where the desktop has one, our own on plain X11, a template image on macOS.

pystray looks for a display while it is imported, so it is imported only when there is to be an icon.
"""

import importlib
import logging
import signal
import sys
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import PIL.Image
from PIL.Image import Image

from mediacanon import paths
from mediacanon.errors import MediaCanonError
from mediacanon.tray.application import Tray
from mediacanon.tray.menu import SEPARATOR, Action, Item, State, menu_of, title_of

log = logging.getLogger(__name__)

Call = Callable[[Callable[[], None]], None]

NO_DISPLAY = "There is no display for an icon here; `mediacanon serve` runs the server without one."
# The colours of icon.png in its red channel: background and letter.
DARK, LIGHT = 0x1D, 0xFF


def run_icon(tray: Tray) -> None:
    """Show the icon until Quit, SIGTERM or Ctrl-C, then stop what the tray started. Call it on the main thread.

    Raises MediaCanonError where there is no display.
    """
    icon, call = _new_icon(tray)
    _listen_to_signals(tray)
    # pystray waits for the thread that it starts; ours may wait for a display that is gone, and must not be waited for.
    watcher = threading.Thread(target=_watch, args=(icon, tray, call), daemon=True)
    try:
        icon.run(setup=lambda _: watcher.start())
    finally:
        tray.stop()


def _new_icon(tray: Tray) -> tuple[Any, Call]:
    """Return the icon, and what calls a function on the thread that may touch it."""
    try:
        pystray = importlib.import_module("pystray")
        menu = pystray.Menu(lambda: [_menu_item(pystray, item, tray) for item in menu_of(tray.state)])
        icon = pystray.Icon("mediacanon", _image(), title_of(tray.state), menu)
    except Exception as error:  # each backend fails in its own way
        log.debug("no icon", exc_info=error)
        raise MediaCanonError(NO_DISPLAY) from None
    # Told in words of ours, once.
    logging.getLogger("pystray").setLevel(logging.CRITICAL)
    if not icon.HAS_MENU:
        # Xlib is installed only where X11 is.
        return icon, importlib.import_module("mediacanon.tray.x11").complete(icon, tray)
    return icon, lambda function: function()


def _menu_item(pystray: Any, item: Item, tray: Tray) -> Any:  # noqa: ANN401 - pystray has no types
    if item is SEPARATOR:
        return pystray.Menu.SEPARATOR

    def perform() -> None:
        if item.action:
            tray.actions.put(item.action)

    checked = None if item.is_checked is None else lambda _: bool(item.is_checked)
    return pystray.MenuItem(item.label, perform, checked=checked, default=item.is_default, enabled=item.is_enabled)


def _image() -> Image:
    image = PIL.Image.open(paths.STATIC / "icon.png").convert("RGBA")
    return template_of(image) if sys.platform == "darwin" else image


def template_of(image: Image) -> Image:
    """Return the letter alone, black on nothing: what macOS colours to suit its menu bar."""
    letter = image.getchannel("R").point(lambda red: max(0, red - DARK) * 255 // (LIGHT - DARK))
    black = PIL.Image.new("L", image.size)
    return PIL.Image.merge("RGBA", (black, black, black, letter))


def _watch(icon: Any, tray: Tray, call: Call) -> None:  # noqa: ANN401 - pystray has no types
    def appear() -> None:
        icon.visible = True
        if sys.platform == "darwin":
            icon._icon_image.setTemplate_(True)  # noqa: SLF001 - pystray offers no way to say so

    def tell(state: State) -> None:
        icon.title = title_of(state)
        icon.update_menu()

    call(appear)
    try:
        tray.watch(lambda state: call(partial(tell, state)))
    finally:
        call(icon.stop)


def _listen_to_signals(tray: Tray) -> None:
    """Let SIGTERM and Ctrl-C quit; a terminal that closes, or sleep, does not.

    On macOS the main loop runs no Python, so a signal ends us at once there: the children notice, and stop.
    """
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if sys.platform != "darwin":
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: tray.actions.put(Action.QUIT))

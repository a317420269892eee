"""The icon, shown by pystray: with the desktop's menu, or MediaCanon's own on plain X11; a template image on macOS.

pystray connects to the display at import, so it is imported only to show an icon.
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

# Runs a function on the icon's main loop.
Call = Callable[[Callable[[], None]], None]

NO_DISPLAY = "There is no display to show an icon on; `mediacanon serve` runs the server without an icon."
# The red channel of icon.png: background and letter.
DARK, LIGHT = 0x1D, 0xFF


def run_icon(tray: Tray) -> None:
    """Show the icon until Quit, SIGTERM or Ctrl-C, then stop the tray. Call it on the main thread.

    Raises MediaCanonError without a display.
    """
    icon, call = _new_icon(tray)
    _handle_signals(tray)
    # A thread of its own: pystray joins the thread of `setup`, and the watcher may block on a display that is gone.
    watcher = threading.Thread(target=_watch, args=(icon, tray, call), daemon=True)
    try:
        icon.run(setup=lambda _: watcher.start())
    finally:
        tray.stop()


def _new_icon(tray: Tray) -> tuple[Any, Call]:
    """Return the icon, and the function that runs others on its main loop."""
    try:
        pystray = importlib.import_module("pystray")
        menu = pystray.Menu(lambda: [_menu_item(pystray, item, tray) for item in menu_of(tray.state)])
        icon = pystray.Icon("mediacanon", _image(), title_of(tray.state), menu)
    except Exception as error:  # each backend raises errors of its own
        log.debug("no icon", exc_info=error)
        raise MediaCanonError(NO_DISPLAY) from None
    # pystray logs a traceback whenever there is no panel; `x11` logs one line.
    logging.getLogger("pystray").setLevel(logging.CRITICAL)
    if not icon.HAS_MENU:
        # Xlib is installed on Linux only.
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
    """Return a template image: the letter in black, all else transparent. macOS colours it like its menu bar."""
    letter = image.getchannel("R").point(lambda red: max(0, red - DARK) * 255 // (LIGHT - DARK))
    black = PIL.Image.new("L", image.size)
    return PIL.Image.merge("RGBA", (black, black, black, letter))


def _watch(icon: Any, tray: Tray, call: Call) -> None:  # noqa: ANN401 - pystray has no types
    def appear() -> None:
        icon.visible = True
        if sys.platform == "darwin":
            icon._icon_image.setTemplate_(True)  # noqa: SLF001 - pystray has no option for it

    def update(state: State) -> None:
        icon.title = title_of(state)
        icon.update_menu()

    call(appear)
    try:
        tray.watch(lambda state: call(partial(update, state)))
    finally:
        call(icon.stop)


def _handle_signals(tray: Tray) -> None:
    """Quit on SIGTERM and Ctrl-C, ignore SIGHUP.

    On macOS the main loop runs no Python code, so signals keep their default action: the process ends, and its
    children stop by their lifeline.
    """
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    if sys.platform != "darwin":
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: tray.actions.put(Action.QUIT))

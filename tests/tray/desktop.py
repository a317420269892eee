"""A desktop for the tray's tests: a display, a panel with a tray, and hands that click."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx

NEEDED = ("Xvfb", "trayer", "xdotool", "xwininfo", "import")
ICON = "mediacanonSystemTrayIcon"
# Seconds for what takes a moment on a machine that does nothing else.
PATIENCE = 60
MISSING = [program for program in NEEDED if not shutil.which(program)]


async def until(holds: Callable[[], object], what: str) -> None:
    """Return once something holds; a minute without it is a failure that says what did not happen."""
    try:
        async with asyncio.timeout(PATIENCE):
            while not holds():
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(what) from None


def children_of(pid: int) -> dict[int, str]:
    """Return the living children of a process with their command lines, as Linux tells them."""
    found = {}
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError, IndexError, ValueError):
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            if parent == pid and command:
                found[int(folder.name)] = command
    return found


class Desktop:
    """A display of its own; `folder` is for what is opened on it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.opened = folder / "opened"
        read, write = os.pipe()
        # Without -noreset it begins anew, and forgets who is about to come, whenever the last one leaves.
        self._display = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write), "-screen", "0", "1024x700x24", "-nolisten", "tcp", "-noreset"],
            pass_fds=[write],
            stderr=subprocess.DEVNULL,
        )
        os.close(write)
        with os.fdopen(read) as number:
            self.environment = {"DISPLAY": f":{number.readline().strip()}", "HOME": str(folder)}
        self.panel: subprocess.Popen[bytes] | None = None
        browser = folder / "browser"
        browser.write_text(f'#!/bin/sh\necho "$1" >>"{self.opened}"\n')
        browser.chmod(0o755)
        self.environment |= {"BROWSER": f"{browser} %s", "PATH": os.environ["PATH"]}

    def show_panel(self) -> None:
        """Start the panel."""
        command = ["trayer", "--edge", "top", "--align", "left", "--widthtype", "request"]
        self.panel = subprocess.Popen(command, env=self.environment, stderr=subprocess.DEVNULL)
        self.find("--class", "trayer")

    def kill_panel(self) -> None:
        """End the panel as a crash would."""
        self.panel.kill()
        self.panel.wait()

    def run(self, *command: str) -> str:
        """Return what a program on this display prints."""
        return subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=True, timeout=PATIENCE
        ).stdout

    def find(self, *by: str) -> str:
        """Return the id of a visible window, once there is one."""
        # Asked anew each time: a search that met a window as it went is known to wait for ever.
        search = ["xdotool", "search", "--onlyvisible", *by]
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            found = subprocess.run(search, env=self.environment, check=False, capture_output=True, text=True)
            if found.stdout:
                return found.stdout.split()[0]
            time.sleep(0.1)
        there = self.run("xwininfo", "-root", "-tree")
        raise AssertionError(f"there is no window {by}, but these:\n{there}")

    def click(self, window: str, *, button: int = 1, x: int = 8, y: int = 8) -> None:
        """Click at a point of a window."""
        self.run("xdotool", "mousemove", "--window", window, str(x), str(y), "click", str(button))

    def parent_of(self, window: str) -> str:
        """Return the line that xwininfo says about the window around a window."""
        tree = self.run("xwininfo", "-id", window, "-tree")
        return next(line.strip() for line in tree.splitlines() if "Parent window" in line)

    def screenshot(self, name: str) -> Path:
        """Return a picture of the display, kept under tests/artifacts."""
        file = Path(__file__).parents[1] / "artifacts" / name
        file.parent.mkdir(exist_ok=True)
        self.run("import", "-window", "root", str(file))
        return file

    def close(self) -> None:
        """End the panel and the display."""
        if self.panel:
            self.kill_panel()
        self._display.terminate()
        self._display.wait()


class ForgetfulPanel(threading.Thread):
    """A panel by freedesktop's protocol that forgets the first `times` that ask it for a place.

    It takes over from whoever took icons before.
    """

    def __init__(self, desktop: Desktop, times: int) -> None:
        super().__init__(daemon=True)
        from Xlib import X, display
        from Xlib.protocol.event import ClientMessage

        self.asked, self._left = 0, times
        self._display = display.Display(desktop.environment["DISPLAY"])
        root = self._display.screen().root
        self._window = root.create_window(0, 0, 40, 40, 0, X.CopyFromParent)
        self._window.map()
        selection = self._display.intern_atom("_NET_SYSTEM_TRAY_S0")
        self._window.set_selection_owner(selection, X.CurrentTime)
        taken = ClientMessage(
            client_type=self._display.intern_atom("MANAGER"),
            window=root,
            data=(32, [X.CurrentTime, selection, self._window.id, 0, 0]),
        )
        root.send_event(taken, event_mask=X.StructureNotifyMask)
        self._display.flush()
        self.start()

    @property
    def window(self) -> str:
        """The window that icons have their place in, as xwininfo writes it."""
        return hex(self._window.id)

    def run(self) -> None:
        """Give places until the display is gone."""
        asks = self._display.intern_atom("_NET_SYSTEM_TRAY_OPCODE")
        with contextlib.suppress(Exception):
            while True:
                event = self._display.next_event()
                if getattr(event, "client_type", None) == asks:
                    self.asked += 1
                    self._left -= 1
                    if self._left < 0:
                        icon = self._display.create_resource_object("window", event.data[1][2])
                        icon.reparent(self._window, 0, 0)
                        icon.map()
                        self._display.flush()


class RunningTray:
    """`mediacanon tray` in a process of its own."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self.process = process
        self.port = port

    def server(self) -> int | None:
        """Return the pid of its server."""
        children = children_of(self.process.pid)
        return next((pid for pid, command in children.items() if "leash serve" in command), None)

    def is_ready(self) -> bool:
        """Whether its server serves."""
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/readyz", trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    async def wait_until_ready(self) -> None:
        """Return once its server serves."""
        await until(self.is_ready, "the server does not serve")

    async def ended(self) -> int:
        """Return the exit code once it has ended."""
        async with asyncio.timeout(40):
            return await self.process.wait()

    async def end(self) -> None:
        """Quit it, should it still run."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
            await self.ended()


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


@contextlib.asynccontextmanager
async def tray_on(desktop: Desktop, *arguments: str, port: int = 0, **environment: str) -> AsyncIterator[RunningTray]:
    """Give a tray on a desktop, quit at the end."""
    port = port or free_port()
    log = desktop.folder / "tray.out"
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "cli", "tray", "--port", str(port), *arguments),
            stdout=output,
            stderr=output,
            env={"MEDIACANON_DATA_DIR": str(desktop.folder / "data")} | desktop.environment | environment,
        )
    tray = RunningTray(process, port)
    try:
        yield tray
    finally:
        await tray.end()

"""A desktop for the tray's tests: a display, a panel, and a mouse."""

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
# Seconds for steps that take a moment on an idle machine.
TIMEOUT = 60
MISSING = [program for program in NEEDED if not shutil.which(program)]


async def until(holds: Callable[[], object], failure: str) -> None:
    """Return once the condition holds; after a minute fail with the message."""
    try:
        async with asyncio.timeout(TIMEOUT):
            while not holds():
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(failure) from None


def children_of(pid: int) -> dict[int, str]:
    """Return the children of a process with their command lines, from Linux' /proc."""
    found = {}
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(OSError, IndexError, ValueError):
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            if parent == pid and command:
                found[int(folder.name)] = command
    return found


class Desktop:
    """A display of its own; `folder` holds the files of its programs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.opened = folder / "opened"
        read, write = os.pipe()
        # Without -noreset the server resets when its last client leaves, and drops clients that are connecting.
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
        """Kill the panel, like a crash."""
        self.panel.kill()
        self.panel.wait()

    def run(self, *command: str) -> str:
        """Return the output of a program on this display."""
        return subprocess.run(
            command, env=self.environment, capture_output=True, text=True, check=True, timeout=TIMEOUT
        ).stdout

    def find(self, *by: str) -> str:
        """Return the id of a visible window, once there is one."""
        # A new search each time: one that meets a window as it closes is known to hang.
        search = ["xdotool", "search", "--onlyvisible", *by]
        deadline = time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            found = subprocess.run(search, env=self.environment, check=False, capture_output=True, text=True)
            if found.stdout:
                return found.stdout.split()[0]
            time.sleep(0.1)
        tree = self.run("xwininfo", "-root", "-tree")
        raise AssertionError(f"there is no window {by}; the windows are:\n{tree}")

    def click(self, window: str, *, button: int = 1, x: int = 8, y: int = 8) -> None:
        """Click at a point of a window."""
        self.run("xdotool", "mousemove", "--window", window, str(x), str(y), "click", str(button))

    def parent_of(self, window: str) -> str:
        """Return xwininfo's line on the parent of a window."""
        tree = self.run("xwininfo", "-id", window, "-tree")
        return next(line.strip() for line in tree.splitlines() if "Parent window" in line)

    def screenshot(self, name: str) -> Path:
        """Return a screenshot of the display, kept under tests/artifacts."""
        file = Path(__file__).parents[1] / "artifacts" / name
        file.parent.mkdir(exist_ok=True)
        self.run("import", "-window", "root", str(file))
        return file

    def close(self) -> None:
        """End the panel and the display."""
        if self.panel:
            self.kill_panel()
        self._display.terminate()
        try:
            self._display.wait(TIMEOUT)
        except subprocess.TimeoutExpired:
            # Xvfb is known to hang at its end.
            self._display.kill()
            self._display.wait()


class ForgetfulPanel(threading.Thread):
    """A panel by freedesktop's protocol that ignores the first `times` requests to dock.

    It takes over from the panel before.
    """

    def __init__(self, desktop: Desktop, times: int) -> None:
        super().__init__(daemon=True)
        from Xlib import X, display
        from Xlib.protocol.event import ClientMessage

        self.requests, self._ignored = 0, times
        self._display = display.Display(desktop.environment["DISPLAY"])
        root = self._display.screen().root
        self._window = root.create_window(0, 0, 40, 40, 0, X.CopyFromParent)
        self._window.map()
        selection = self._display.intern_atom("_NET_SYSTEM_TRAY_S0")
        self._window.set_selection_owner(selection, X.CurrentTime)
        announcement = ClientMessage(
            client_type=self._display.intern_atom("MANAGER"),
            window=root,
            data=(32, [X.CurrentTime, selection, self._window.id, 0, 0]),
        )
        root.send_event(announcement, event_mask=X.StructureNotifyMask)
        self._display.flush()
        self.start()

    @property
    def window(self) -> str:
        """The window in which icons are docked, as xwininfo writes it."""
        return hex(self._window.id)

    def run(self) -> None:
        """Dock icons until the display is gone."""
        opcode = self._display.intern_atom("_NET_SYSTEM_TRAY_OPCODE")
        with contextlib.suppress(Exception):
            while True:
                event = self._display.next_event()
                if getattr(event, "client_type", None) == opcode:
                    self.requests += 1
                    if self.requests > self._ignored:
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
        """Return the process id of its server."""
        children = children_of(self.process.pid)
        return next((pid for pid, command in children.items() if "lifeline serve" in command), None)

    def is_ready(self) -> bool:
        """Return true if its server is ready."""
        try:
            return httpx.get(f"http://127.0.0.1:{self.port}/readyz", trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    async def wait_until_ready(self) -> None:
        """Return once its server serves."""
        await until(self.is_ready, "the server does not serve")

    async def ended(self) -> int:
        """Return the exit code once it has ended."""
        async with asyncio.timeout(2 * TIMEOUT):
            return await self.process.wait()

    async def end(self) -> None:
        """Quit it if it still runs."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
            await self.ended()


def free_port() -> int:
    """Return an unused port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


@contextlib.asynccontextmanager
async def tray_on(desktop: Desktop, *arguments: str, port: int = 0, **environment: str) -> AsyncIterator[RunningTray]:
    """Yield a tray on a desktop, and quit it at the end."""
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

"""The icon on a real display with a real panel: docked, clicked, its menu used, quit, killed."""

import asyncio
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import PIL.Image
import pytest

from mediacanon import paths
from mediacanon.tray.icon import template_of
from mediacanon.tray.menu import Action, State, menu_of
from tests.serving import app_of, run_program, served
from tests.tray.desktop import ICON, MISSING, TIMEOUT, Desktop, ForgetfulPanel, RunningTray, free_port, tray_on, until

needs_desktop = pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}")


@pytest.fixture
def desktop(tmp_path: Path) -> Iterator[Desktop]:
    """Yield a display without a panel."""
    made = Desktop(tmp_path)
    yield made
    made.close()


@pytest.fixture
def panelled(desktop: Desktop) -> Desktop:
    """Return a display with a panel."""
    desktop.show_panel()
    return desktop


def choose(desktop: Desktop, action: Action) -> None:
    """Choose an item of the menu that a right click opens."""
    from mediacanon.tray.x11 import SEPARATOR_HEIGHT, layout_of

    desktop.click(desktop.find("--classname", ICON), button=3)
    menu = desktop.find("--name", "MediaCanon menu")
    height = int(desktop.run("xdotool", "getwindowgeometry", "--shell", menu).split("HEIGHT=")[1].split()[0])
    # Measured from the bottom, for the number of status lines above varies.
    items = menu_of(State(address="", is_ready=True, starts_at_login=False))
    layout = layout_of(items)
    place = next(number for number, item in enumerate(items) if item.action is action)
    desktop.click(menu, x=20, y=height - (layout.tops[-1] - layout.tops[place]) + SEPARATOR_HEIGHT)


def living() -> set[int]:
    """Return the process ids of all processes."""
    return {int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()}


def opened(desktop: Desktop) -> list[str]:
    """Return the URLs that the browser was started with."""
    return desktop.opened.read_text().split() if desktop.opened.exists() else []


async def test_without_a_display_there_is_one_line(tmp_path: Path):
    """The line names the alternative, and no server is started."""
    command = [sys.executable, "-m", "cli", "tray", "--data-dir", str(tmp_path / "data")]
    code, output = await run_program("env", "-u", "DISPLAY", *command)
    assert (code, output.count("\n")) == (1, 1)
    assert output.startswith("Error: There is no display")
    assert not (tmp_path / "data").exists()


async def test_a_random_port_is_refused():
    """The tray needs the address before the server starts."""
    code, output = await run_program(sys.executable, "-m", "cli", "tray", "--port", "0")
    assert (code, output.count("\n")) == (1, 1)
    assert "PORT is 0" in output


def test_on_macos_the_icon_is_the_letter_alone():
    """The letter is black and all else transparent: the menu bar colours it."""
    template = template_of(PIL.Image.open(paths.STATIC / "icon.png").convert("RGBA"))
    assert template.getpixel((56, 128)) == (0, 0, 0, 255)
    assert template.getpixel((128, 30))[3] == 0


@needs_desktop
async def test_the_icon_is_docked_and_a_click_opens_the_address(panelled: Desktop, demo_database: str):
    """The icon is visible in the panel, and a click opens the server in the browser."""
    async with tray_on(panelled, DATABASE_URL=demo_database) as tray:
        icon = panelled.find("--classname", ICON)
        assert "root window" not in panelled.parent_of(icon)
        await tray.wait_until_ready()
        picture = PIL.Image.open(panelled.screenshot("tray-icon.png")).convert("RGB").crop((0, 0, 40, 40))
        # Resampled to the panel's size, no pixel has exactly the letter's colour.
        assert any(r > 200 and 130 < g < 210 and b < 110 for _, (r, g, b) in picture.getcolors(2000))
        panelled.click(icon)
        await until(lambda: opened(panelled), "nothing was opened")
        assert opened(panelled) == [f"http://127.0.0.1:{tray.port}/"]


@needs_desktop
async def test_docking_is_retried(desktop: Desktop, demo_database: str):
    """Requests to a panel end once it docks the icon, and begin again with the next panel."""

    async def is_docked_in(panel: ForgetfulPanel) -> None:
        await until(lambda: panel.requests > 3, "docking was not requested again")
        icon = desktop.find("--classname", ICON)
        await until(lambda: panel.window in desktop.parent_of(icon), "the icon is not docked")
        requests = 0
        async with asyncio.timeout(TIMEOUT):
            while panel.requests > requests:
                requests = panel.requests
                await asyncio.sleep(2.5)

    first = ForgetfulPanel(desktop, times=3)
    async with tray_on(desktop, DATABASE_URL=demo_database) as tray:
        await is_docked_in(first)
        await is_docked_in(ForgetfulPanel(desktop, times=3))
        await tray.wait_until_ready()


@needs_desktop
async def test_the_menu_opens_pages_and_starts_at_login(panelled: Desktop, demo_database: str):
    """MediaCanon's own menu works on plain X11, where pystray has none."""
    async with tray_on(panelled, DATABASE_URL=demo_database) as tray:
        await tray.wait_until_ready()
        name = panelled.find("--name", "MediaCanon: running")
        panelled.click(name, button=3)
        menu = panelled.find("--name", "MediaCanon menu")
        panelled.screenshot("tray-menu.png")
        panelled.click(menu, x=20, y=60)
        await until(lambda: opened(panelled), "nothing was opened")
        assert opened(panelled) == [f"http://127.0.0.1:{tray.port}/discover"] or opened(panelled) == [
            f"http://127.0.0.1:{tray.port}/graphql"
        ]
        choose(panelled, Action.LOGIN)
        entry = panelled.folder / ".config" / "autostart" / "mediacanon-tray.desktop"
        await until(entry.exists, "no autostart entry was written")
        assert f"DATABASE_URL={demo_database}" in entry.read_text().replace("%%", "%")


@needs_desktop
async def test_quit_leaves_no_process_behind(panelled: Desktop, data_root: Path):
    """The server and its PostgreSQL stop in order before the tray ends."""
    folder = data_root / "tray"
    async with tray_on(panelled, "--data-dir", str(folder)) as tray:
        await tray.wait_until_ready()
        server = tray.server()
        assert (folder / "postgres" / "cluster" / "postmaster.pid").exists()
        choose(panelled, Action.QUIT)
        assert await tray.ended() == 0
    assert server not in living()
    assert not (folder / "postgres" / "cluster" / "postmaster.pid").exists()
    assert "Traceback" not in (panelled.folder / "tray.out").read_text()


@needs_desktop
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_signals_quit_the_tray(panelled: Desktop, demo_database: str, number: signal.Signals):
    """SIGTERM and Ctrl-C stop the server and end the tray with exit code 0."""
    async with tray_on(panelled, DATABASE_URL=demo_database) as tray:
        await tray.wait_until_ready()
        server = tray.server()
        tray.process.send_signal(number)
        assert await tray.ended() == 0
    assert server not in living()


@needs_desktop
async def test_a_killed_server_is_restarted(panelled: Desktop, demo_database: str):
    """After kill -9 a new process serves the same address."""
    async with tray_on(panelled, DATABASE_URL=demo_database) as tray:
        await tray.wait_until_ready()
        first = tray.server()
        os.kill(first, signal.SIGKILL)
        await until(lambda: tray.server() not in (None, first), "no server was started")
        await tray.wait_until_ready()


@needs_desktop
async def test_a_killed_tray_takes_its_server_along(panelled: Desktop, data_root: Path):
    """After kill -9 of the tray the server stops in order with its PostgreSQL, and the next tray serves."""
    folder, port = data_root / "killed tray", free_port()
    async with tray_on(panelled, "--data-dir", str(folder), port=port) as tray:
        await tray.wait_until_ready()
        server = tray.server()
        tray.process.kill()
        await tray.ended()
        await until(lambda: server not in living(), "the server outlives its tray")
    assert not (folder / "postgres" / "cluster" / "postmaster.pid").exists()
    async with tray_on(panelled, "--data-dir", str(folder), port=port) as tray:
        await tray.wait_until_ready()


@needs_desktop
async def test_a_server_of_another_process_is_left_alone(panelled: Desktop, demo: str):
    """The tray starts no server beside it, and does not stop it on Quit."""
    async with served(app_of(demo)) as address, httpx.AsyncClient(base_url=address, timeout=60) as client:
        async with tray_on(panelled, port=client.base_url.port, DATABASE_URL=demo) as tray:
            assert await shown_as_running(panelled)
            assert tray.server() is None
        assert (await client.get("/readyz")).status_code == 200


async def shown_as_running(desktop: Desktop) -> bool:
    """Return whether the tooltip says that the server runs, without blocking the event loop that serves."""
    return bool(await asyncio.to_thread(desktop.find, "--name", "MediaCanon: running"))


@needs_desktop
async def test_a_panel_may_come_late_and_come_back(desktop: Desktop, demo_database: str):
    """Without a panel there is one line; the icon docks at the first panel, and at the next one after a crash."""
    async with tray_on(desktop, DATABASE_URL=demo_database) as tray:
        await tray.wait_until_ready()
        desktop.show_panel()
        assert "root window" not in desktop.parent_of(desktop.find("--classname", ICON))
        desktop.kill_panel()
        desktop.show_panel()
        icon = desktop.find("--classname", ICON)
        await until(lambda: "root window" not in desktop.parent_of(icon), "the icon does not come back")
        assert isinstance(tray, RunningTray)
    output = (desktop.folder / "tray.out").read_text()
    assert output.count("\n") == 1
    assert "No panel shows tray icons yet" in output

"""The tray without its icon: children, state and what each action does, on one thread that beats."""

import contextlib
import logging
import time
import webbrowser
from collections.abc import Callable, Sequence
from dataclasses import replace
from queue import Empty, SimpleQueue
from threading import Thread

from mediacanon.errors import MediaCanonError, WrongSetting
from mediacanon.settings import Settings
from mediacanon.tray.import_run import ImportRun
from mediacanon.tray.login import LoginEntry
from mediacanon.tray.menu import Action, Counts, State
from mediacanon.tray.status import ServerStatus
from mediacanon.tray.supervisor import LEASHED, Supervisor

log = logging.getLogger(__name__)

BEAT = 2.0
# Counting a whole catalogue costs the database more than saying that it is there.
SECONDS_BETWEEN_COUNTS = 60.0
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - what is listened on, not listening


def address_of(settings: Settings) -> str:
    """Return where a browser on this machine finds the server."""
    if settings.port == 0:
        raise WrongSetting("The tray needs a port of its own choice: PORT is 0.")
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"http://{EVERYWHERE.get(settings.host, host)}:{settings.port}"


class Tray:
    """Keeps the server running, and does what the menu says; `options` are those of `serve` and `sync` alike."""

    def __init__(
        self, settings: Settings, *, serve: Sequence[str], sync: Sequence[str], login: LoginEntry | None
    ) -> None:
        self.log_file = settings.data_dir / "tray.log"
        self.actions: SimpleQueue[Action] = SimpleQueue()
        self.state = State(address=address_of(settings), starts_at_login=login.is_there if login else None)
        self._status = ServerStatus(self.state.address)
        self._server = Supervisor((*LEASHED, "serve", *serve), self.log_file)
        self._sync = (*LEASHED, "sync", *sync)
        self._import: ImportRun | None = None
        self._login = login
        self._counted = float("-inf")

    def watch(self, show: Callable[[State], None]) -> None:
        """Look after the server and do what is asked for, until that is Quit; `show` is told each new state."""
        shown: State | None = None
        while (action := self._next_action()) is not Action.QUIT:
            if action:
                self._perform(action)
            self._beat(time.monotonic())
            if self.state != shown:
                shown = self.state
                show(shown)

    def stop(self) -> None:
        """Stop what was started: the import first, for it uses the same database."""
        if self._import:
            self._import.stop()
        self._server.stop()

    def _next_action(self) -> Action | None:
        # The first beat comes at once.
        patience = BEAT if self._counted > float("-inf") or self._server.pid else 0.001
        with contextlib.suppress(Empty):
            return self.actions.get(timeout=patience)
        return None

    def _beat(self, now: float) -> None:
        found = self._status.readiness()
        condition = self._server.tend(now, is_served=found is not None)
        is_ready = found is not None and found["database"] == found["schema"] == "ok"
        run = self._import
        is_importing = run is not None and run.is_running
        # What an import brought is counted when it ends.
        is_over = self.state.is_importing and not is_importing
        self.state = replace(
            self.state,
            condition=_condition(found) if found else condition,
            is_ready=is_ready,
            counts=self._counts(now, is_due=is_over) if is_ready else self.state.counts,
            is_importing=is_importing,
            import_line=run.line if run else None,
            starts_at_login=self._login.is_there if self._login else None,
        )

    def _counts(self, now: float, *, is_due: bool) -> Counts | None:
        if not is_due and now - self._counted < SECONDS_BETWEEN_COUNTS:
            return self.state.counts
        self._counted = now
        return self._status.counts() or self.state.counts

    def _perform(self, action: Action) -> None:
        try:
            if action.is_page:
                _open(self.state.address + action.value)
            elif action is Action.LOGS:
                _open(self.log_file.as_uri())
            elif action is Action.LOGIN and self._login:
                self._login.toggle()
            elif action is Action.IMPORT and not self.state.is_importing:
                self._import = ImportRun(self._sync, self.log_file)
        except (OSError, MediaCanonError) as error:
            log.warning("%s: %s", action.name.lower(), error)


def _condition(found: dict[str, str]) -> str:
    wrong = [f"{part} {state}" for part, state in found.items() if state not in ("ok", "unknown")]
    return ", ".join(wrong) or "running"


def _open(url: str) -> None:
    """Show an address in the browser; some browsers return only when they are closed."""
    Thread(target=webbrowser.open, args=[url], daemon=True).start()

"""The tray without its icon: child processes, state and actions, on one thread with a polling loop."""

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
from mediacanon.tray.supervisor import WITH_LIFELINE, Supervisor

log = logging.getLogger(__name__)

POLL_INTERVAL = 2.0
# Counting a catalogue costs the database far more than a readiness check.
COUNT_INTERVAL = 60.0
# A server that listens on all addresses is reached on this machine.
WILDCARDS = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "[::1]"}  # noqa: S104 - compared, not bound


def address_of(settings: Settings) -> str:
    """Return the server's URL for a browser on this machine."""
    if settings.port == 0:
        raise WrongSetting("PORT is 0; the tray needs a fixed port.")
    host = settings.hosts[0]
    return f"http://{WILDCARDS.get(host, f'[{host}]' if ':' in host else host)}:{settings.port}"


class Tray:
    """Keeps the server running and performs the actions of the menu.

    `serve` and `sync` are the options for these two commands; `login` is None where the system has no start at login.
    """

    def __init__(
        self, settings: Settings, *, serve: Sequence[str], sync: Sequence[str], login: LoginEntry | None
    ) -> None:
        self.log_file = settings.data_dir / "tray.log"
        self.actions: SimpleQueue[Action] = SimpleQueue()
        self.state = State(address=address_of(settings), starts_at_login=login.is_there if login else None)
        self._status = ServerStatus(self.state.address)
        self._server = Supervisor((*WITH_LIFELINE, "serve", *serve), self.log_file)
        self._sync = (*WITH_LIFELINE, "sync", *sync)
        self._import: ImportRun | None = None
        self._login = login
        self._counted_at = float("-inf")

    def watch(self, show: Callable[[State], None]) -> None:
        """Supervise the server and perform actions until Quit; `show` is called with each new state."""
        shown: State | None = None
        while (action := self._next_action()) is not Action.QUIT:
            if action:
                self._perform(action)
            self._poll(time.monotonic())
            if self.state != shown:
                shown = self.state
                show(shown)

    def stop(self) -> None:
        """Stop the child processes: first the import, which may use the server's database."""
        if self._import:
            self._import.stop()
        self._server.stop()

    def _next_action(self) -> Action | None:
        # The first poll is immediate.
        timeout = POLL_INTERVAL if self._counted_at > float("-inf") or self._server.pid else 0.001
        with contextlib.suppress(Empty):
            return self.actions.get(timeout=timeout)
        return None

    def _poll(self, now: float) -> None:
        readiness = self._status.readiness()
        condition = self._server.supervise(now, is_served=readiness is not None)
        is_ready = readiness is not None and readiness["database"] == readiness["schema"] == "ok"
        run = self._import
        is_importing = run is not None and run.is_running
        # An import that has just ended changed the counts.
        has_imported = self.state.is_importing and not is_importing
        self.state = replace(
            self.state,
            condition=_condition(readiness) if readiness else condition,
            is_ready=is_ready,
            counts=self._counts(now, is_due=has_imported) if is_ready else self.state.counts,
            is_importing=is_importing,
            import_line=run.line if run else None,
            starts_at_login=self._login.is_there if self._login else None,
        )

    def _counts(self, now: float, *, is_due: bool) -> Counts | None:
        if not is_due and now - self._counted_at < COUNT_INTERVAL:
            return self.state.counts
        self._counted_at = now
        return self._status.counts() or self.state.counts

    def _perform(self, action: Action) -> None:
        try:
            if action.is_page:
                _open(self.state.address + action.value)
            elif action is Action.LOG:
                _open(self.log_file.as_uri())
            elif action is Action.LOGIN and self._login:
                self._login.toggle()
            elif action is Action.IMPORT and not self.state.is_importing:
                self._import = ImportRun(self._sync, self.log_file)
        except (OSError, MediaCanonError) as error:
            log.warning("%s: %s", action.name.lower(), error)


def _condition(readiness: dict[str, str]) -> str:
    faults = [f"{part} {state}" for part, state in readiness.items() if state not in ("ok", "unknown")]
    return ", ".join(faults) or "running"


def _open(url: str) -> None:
    """Open a URL in the browser, on a thread: some browsers block their caller until they are closed."""
    Thread(target=webbrowser.open, args=[url], daemon=True).start()

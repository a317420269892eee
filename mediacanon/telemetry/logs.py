"""Where the log goes and what its lines look like: standard error, and a rotated file that several processes share.

Requests are by far the most of it: `AccessLog` makes their lines itself and hands many over at once.
"""

import asyncio
import fcntl
import logging
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache
from http import HTTPStatus
from logging.handlers import RotatingFileHandler
from pathlib import Path
from urllib.parse import quote

import orjson

from mediacanon.http.exchange import Exchange
from mediacanon.settings import Settings

LARGEST_FILE = 10_000_000
OLD_FILES = 5
# httpx tells the address of every request, and TMDB's holds the key; uvicorn tells what we tell.
QUIET = ("httpx", "httpcore", "uvicorn")
HUMAN = "%(asctime)s %(levelname)s %(message)s"
# Requests whose lines wait to be written together, and the seconds that the first of them waits at most.
MOST_WAITING = 64
PAUSE = 0.1

# Asked every few seconds by whoever watches; the log would hold little else.
PROBES = ("/healthz", "/readyz")

access = logging.getLogger("mediacanon.access")


class HumanLines(logging.Formatter):
    """Time, level and message; the traceback on lines of its own."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as a line, requests as they are."""
        return record.getMessage() if record.name == access.name else super().format(record)


class JsonLines(logging.Formatter):
    """An object a line: time, level, logger, message, the traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON, requests as they are."""
        if record.name == access.name:
            return record.getMessage()
        line = {
            "time": _utc(record.created),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "process": record.process,
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return orjson.dumps(line, default=str).decode()


class SharedFile(RotatingFileHandler):
    """A log file that one of the processes writing to it rotates, and the others then open anew."""

    def shouldRollover(self, record: logging.LogRecord) -> bool:  # noqa: ARG002, N802 - their name
        """Return whether the file is full, once it is certain that it is the one at its path."""
        if not self._is_current():
            self._open_anew()
        return self.stream is not None and os.fstat(self.stream.fileno()).st_size >= self.maxBytes

    def doRollover(self) -> None:  # noqa: N802 - their name
        """Rotate the files, unless another process has just done it."""
        with Path(f"{self.baseFilename}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if self._is_current():
                super().doRollover()
            else:
                self._open_anew()

    def _is_current(self) -> bool:
        if self.stream is None:
            return False
        try:
            return os.fstat(self.stream.fileno()).st_ino == os.stat(self.baseFilename).st_ino  # noqa: PTH116 - for each line
        except FileNotFoundError:
            return False

    def _open_anew(self) -> None:
        if self.stream is not None:
            self.stream.close()
        self.stream = self._open()


def start_logging(settings: Settings) -> None:
    """Send the log where the settings say. Raises OSError for a file that cannot be written."""
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    if settings.log_file:
        settings.log_file.parent.mkdir(parents=True, exist_ok=True)
        handlers.append(SharedFile(settings.log_file, maxBytes=LARGEST_FILE, backupCount=OLD_FILES, encoding="utf-8"))
    for handler in handlers:
        handler.setFormatter(JsonLines() if settings.log_format == "json" else HumanLines(HUMAN))
    logging.basicConfig(level=logging.INFO, handlers=handlers, force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


class AccessLog:
    """A line for each request and what was answered; never its query string or headers, which may hold secrets.

    One line by itself costs more than many an answer, so that they are gathered for a tenth of a second.
    """

    def __init__(self, settings: Settings) -> None:
        self._line = _json_line if settings.log_format == "json" else _human_line
        self._lines: list[str] = []

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        """Leave no line unwritten when the block ends."""
        try:
            yield
        finally:
            self.write()

    def note(self, exchange: Exchange) -> None:
        """Log a request that is over, unless it is a probe that found all well."""
        is_probe = exchange.scope["path"] in PROBES and exchange.status == HTTPStatus.OK
        if is_probe or not access.isEnabledFor(logging.INFO):
            return
        if not self._lines:
            asyncio.get_running_loop().call_later(PAUSE, self.write)
        self._lines.append(self._line(exchange, time.time()))
        if len(self._lines) >= MOST_WAITING:
            self.write()

    def write(self) -> None:
        """Write what waits."""
        if self._lines:
            lines, self._lines = "\n".join(self._lines), []
            access.handle(access.makeRecord(access.name, logging.INFO, "", 0, lines, (), None))


def _human_line(exchange: Exchange, now: float) -> str:
    scope = exchange.scope
    method, path, id_ = scope["method"], _quoted(scope["path"]), exchange.id
    what = f"{method} {path} {exchange.status} {exchange.size} B {exchange.seconds * 1000:.1f} ms {id_}"
    return f"{_local(int(now))},{int(now % 1 * 1000):03} INFO {what}"


def _json_line(exchange: Exchange, now: float) -> str:
    scope, milliseconds = exchange.scope, round(exchange.seconds * 1000, 1)
    method, path, id_ = scope["method"], _quoted(scope["path"]), exchange.id
    line = {
        "time": _utc(now),
        "level": "INFO",
        "logger": access.name,
        "message": f"{method} {path} {exchange.status} {exchange.size} B {milliseconds} ms {id_}",
        "process": os.getpid(),
        "request_id": id_,
        "client": scope["client"][0] if scope.get("client") else None,
        "method": method,
        "path": path,
        "status": exchange.status,
        "bytes": exchange.size,
        "milliseconds": milliseconds,
    }
    return orjson.dumps(line).decode()


@lru_cache(maxsize=1)
def _local(second: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(second))


@lru_cache(maxsize=1)
def _utc_second(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))


def _utc(now: float) -> str:
    return f"{_utc_second(int(now))}.{int(now % 1 * 1000):03}Z"


@lru_cache(maxsize=1000)
def _quoted(path: str) -> str:
    # Quoted again: a decoded path may hold line ends.
    return quote(path)

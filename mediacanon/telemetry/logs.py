"""Logging: lines for people or JSON lines, on standard error and in a rotated file that several processes share.

Most lines are requests: `AccessLog` formats them itself and writes them in batches.
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

MAX_FILE_BYTES = 10_000_000
ROTATED_FILES = 5
# httpx logs the URL of every request, and TMDB's URLs hold the key; uvicorn repeats our lines.
QUIET = ("httpx", "httpcore", "uvicorn")
HUMAN = "%(asctime)s %(levelname)s %(message)s"
# A batch of access lines is written at this size, or when its first line is this many seconds old.
MAX_BATCH = 64
MAX_DELAY = 0.1

# Health checks come every few seconds: their lines would be most of the log.
PROBES = ("/healthz", "/readyz")

# Characters of a path in a line; a target may have thousands.
LONGEST_PATH = 500

access = logging.getLogger("mediacanon.access")


class HumanLines(logging.Formatter):
    """Formats records as time, level and message, with the traceback on the following lines."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as a line. Access lines are formatted already."""
        return record.getMessage() if record.name == access.name else super().format(record)


class JsonLines(logging.Formatter):
    """Formats records as one JSON object a line: time, level, logger, message, process, traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON. Access lines are formatted already."""
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
    """A log file that several processes write to: one of them rotates it, the others reopen it.

    Each record is a single write() in append mode, so that lines of several processes do not mix.
    """

    def shouldRollover(self, record: logging.LogRecord) -> bool:  # noqa: ARG002, N802 - logging's name
        """Return true for a full file. A file that another process has rotated is reopened first."""
        if not self._is_current():
            self._reopen()
        return self.stream is not None and os.fstat(self.stream.fileno()).st_size >= self.maxBytes

    def doRollover(self) -> None:  # noqa: N802 - logging's name
        """Rotate the files, unless another process has just rotated them."""
        with Path(f"{self.baseFilename}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if self._is_current():
                super().doRollover()
            else:
                self._reopen()

    def _is_current(self) -> bool:
        if self.stream is None:
            return False
        try:
            return os.fstat(self.stream.fileno()).st_ino == os.stat(self.baseFilename).st_ino  # noqa: PTH116 - runs for each record
        except FileNotFoundError:
            return False

    def _reopen(self) -> None:
        if self.stream is not None:
            self.stream.close()
        self.stream = self._open()


def start_logging(settings: Settings) -> None:
    """Log to standard error and to the file of the settings. Raises OSError for a file that cannot be written."""
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    if settings.log_file:
        settings.log_file.parent.mkdir(parents=True, exist_ok=True)
        handlers.append(
            SharedFile(settings.log_file, maxBytes=MAX_FILE_BYTES, backupCount=ROTATED_FILES, encoding="utf-8")
        )
    for handler in handlers:
        handler.setFormatter(JsonLines() if settings.log_format == "json" else HumanLines(HUMAN))
    logging.basicConfig(level=logging.INFO, handlers=handlers, force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


class AccessLog:
    """Access log: a line per request, without its query string and headers, which may hold secrets.

    Lines are batched, for writing one costs more than many a response.
    """

    def __init__(self, settings: Settings) -> None:
        self._line = _json_line if settings.log_format == "json" else _human_line
        self._lines: list[str] = []

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[None]:
        """Write the last batch when the block ends."""
        try:
            yield
        finally:
            self.write()

    def note(self, exchange: Exchange) -> None:
        """Log a completed request, except a health check that succeeded."""
        is_probe = exchange.scope["path"] in PROBES and exchange.status == HTTPStatus.OK
        if is_probe or not access.isEnabledFor(logging.INFO):
            return
        if not self._lines:
            asyncio.get_running_loop().call_later(MAX_DELAY, self.write)
        self._lines.append(self._line(exchange, time.time()))
        if len(self._lines) >= MAX_BATCH:
            self.write()

    def write(self) -> None:
        """Write the lines of the current batch."""
        if self._lines:
            lines, self._lines = "\n".join(self._lines), []
            access.handle(access.makeRecord(access.name, logging.INFO, "", 0, lines, (), None))


def _human_line(exchange: Exchange, now: float) -> str:
    scope = exchange.scope
    method, path, id_ = scope["method"], quoted_path(scope["path"]), exchange.id
    message = f"{method} {path} {exchange.status} {exchange.size} B {exchange.seconds * 1000:.1f} ms {id_}"
    return f"{_local(int(now))},{int(now % 1 * 1000):03} INFO {message}"


def _json_line(exchange: Exchange, now: float) -> str:
    scope, milliseconds = exchange.scope, round(exchange.seconds * 1000, 1)
    method, path, id_ = scope["method"], quoted_path(scope["path"]), exchange.id
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


def quoted_path(path: str) -> str:
    """Return a path for a line of the log: without line breaks, which would forge lines, and of bounded length."""
    return _quoted(path) if len(path) <= LONGEST_PATH else _shortened(path)


@lru_cache(maxsize=1000)
def _quoted(path: str) -> str:
    quoted = quote(path)
    return quoted if len(quoted) <= LONGEST_PATH else f"{quoted[:LONGEST_PATH]}..."


def _shortened(path: str) -> str:
    return f"{quote(path[:LONGEST_PATH])[:LONGEST_PATH]}..."

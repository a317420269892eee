"""Where the log goes and what its lines look like: standard error, and a rotated file that several processes share.

What a record has beside its message is given as `extra={"details": {...}}`; JSON lines hold it, human ones do not.
"""

import fcntl
import logging
import os
import sys
import time
from logging.handlers import RotatingFileHandler
from pathlib import Path
from urllib.parse import quote

import orjson

from mediacanon.http import Exchange
from mediacanon.settings import Settings

LARGEST_FILE = 10_000_000
OLD_FILES = 5
# httpx tells the address of every request, and TMDB's holds the key; uvicorn tells what we tell.
QUIET = ("httpx", "httpcore", "uvicorn")
HUMAN = "%(asctime)s %(levelname)s %(message)s"


ACCESS = "%s %s %s %s B %.1f ms %s"

access = logging.getLogger("mediacanon.access")


class JsonLines(logging.Formatter):
    """An object a line: time, level, logger, message, the details of the record, the traceback."""

    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON."""
        line = {
            "time": self.formatTime(record, "%Y-%m-%dT%H:%M:%S") + f".{int(record.msecs):03}Z",
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "process": record.process,
            **getattr(record, "details", {}),
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
        handler.setFormatter(JsonLines() if settings.log_format == "json" else logging.Formatter(HUMAN))
    logging.basicConfig(level=logging.INFO, handlers=handlers, force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def log_access(exchange: Exchange) -> None:
    """Log a request and what was answered; never its query string or headers, which may hold secrets."""
    scope, milliseconds = exchange.scope, exchange.seconds * 1000
    # Quoted again: a decoded path may hold line ends.
    method, path, id_ = scope["method"], quote(scope["path"]), scope["state"]["request_id"]
    details = {
        "request_id": id_,
        "client": scope["client"][0] if scope.get("client") else None,
        "method": method,
        "path": path,
        "status": exchange.status,
        "bytes": exchange.size,
        "milliseconds": round(milliseconds, 1),
    }
    access.info(ACCESS, method, path, exchange.status, exchange.size, milliseconds, id_, extra={"details": details})

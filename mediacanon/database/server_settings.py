"""The settings of our own PostgreSQL, sized for a catalogue of 10 GB on a small machine."""

import os
from collections.abc import Mapping
from pathlib import Path

_MB = 1024 * 1024
# Parallel queries allocate shared memory in /dev/shm, where containers often have only 64 MB.
_ROOMY_SHM = 1024 * _MB
_CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")

# Part of the socket's name; no TCP port is opened.
PORT = "5432"
SOCKET = f".s.PGSQL.{PORT}"

FIXED = {
    "listen_addresses": "",
    "port": PORT,
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "work_mem": "16MB",
    "huge_pages": "off",
    # Imports write a lot at once; one checkpoint in 15 minutes keeps full-page images few.
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    # Allows a standby later; compared with minimal it costs WAL for bulk loads.
    "wal_level": "replica",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # One file per weekday, overwritten after a week: the log stays bounded.
    "logging_collector": "on",
    "log_directory": "../log",
    "log_filename": "postgresql-%a.log",
    "log_rotation_age": "1d",
    "log_rotation_size": "0",
    "log_truncate_on_rotation": "on",
    "log_line_prefix": "%m [%p] %q%d ",
}


def memory() -> int:
    """Return the memory limit of this process in bytes: the machine's memory or its container's limit."""
    sizes = [os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")]
    for limit in map(Path, _CGROUP_LIMITS):
        try:
            sizes.append(int(limit.read_text()))
        except (OSError, ValueError):  # no such cgroup, or "max"
            continue
    return min(sizes)


def sized(total: int) -> dict[str, str]:
    """Return the settings that grow with `total` bytes of memory."""
    return {
        "shared_buffers": _megabytes(total // 8, least=128, most=1024),
        "effective_cache_size": _megabytes(total // 2, least=256, most=64 * 1024),
        "maintenance_work_mem": _megabytes(total // 16, least=64, most=512),
    }


def shared_memory() -> dict[str, str]:
    """Return the setting that moves parallel queries off /dev/shm where /dev/shm is small; else no setting."""
    shm = Path("/dev/shm")  # noqa: S108 - only its size is read
    if not shm.is_dir():
        return {}
    size = os.statvfs(shm)
    roomy = size.f_blocks * size.f_frsize >= _ROOMY_SHM
    return {} if roomy else {"dynamic_shared_memory_type": "sysv"}


def server_settings(sockets: Path, overrides: Mapping[str, str]) -> dict[str, str]:
    """Return all settings of a server whose socket is in `sockets`; `overrides` win."""
    quoted = str(sockets).replace('"', '""')
    place = {"unix_socket_directories": f'"{quoted}"'}
    return FIXED | sized(memory()) | shared_memory() | place | dict(overrides)


def configuration(settings: Mapping[str, str]) -> bytes:
    """Return `settings` as PostgreSQL's configuration file reads them."""
    lines = ["# Rewritten at every start; your own settings belong into postgresql.auto.conf."]
    lines += [f"{name} = '{_escaped(value)}'" for name, value in settings.items()]
    return os.fsencode("\n".join(lines) + "\n")


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("'", "''")


def _megabytes(size: int, *, least: int, most: int) -> str:
    return f"{min(max(size // _MB, least), most)}MB"

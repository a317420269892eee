"""Every setting of MediaCanon in one frozen object; the only place that reads the environment.

A field's `metadata["env"]` names its environment variable. Command-line options override the environment
through `Settings.from_environment(port="9000")`. Both take the same spelling, so a wrong value has one error message.
"""

import dataclasses
import difflib
import ipaddress
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from mediacanon.errors import WrongSetting
from mediacanon.vocabulary import DEFAULT_COUNTRY, FURTHER_FILES, FURTHER_OPTIONS, country_names

LARGEST_PORT = 65535
# Writes are open to all clients, limited to clients with the token, or off.
WRITES = ("open", "token", "off")
# Variables of earlier versions. An ignored setting would change the server silently, so it is refused.
RENAMED = {
    "MEDIACANON_HOT_ANSWERS_MB": "MEDIACANON_RESPONSE_CACHE_MB",
    "MEDIACANON_HOSTS": "MEDIACANON_ALLOWED_HOSTS",
}
HOST_NAME = re.compile(r"[a-z0-9_-]+([.][a-z0-9_-]+)*")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
LOOPBACK: tuple[Network, ...] = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1"))
BASE_PATH = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[A-Za-z0-9._~-]+){1,10}")
# The sources of frame-ancestors in a Content-Security-Policy, with keywords in or without quotes.
FRAME_KEYWORDS = {word: f"'{word.strip(chr(39))}'" for word in ("none", "self", "'none'", "'self'")}
FRAME_SOURCE = re.compile(r"\*|https?:|(?:https?://)?(?:\*\.)?[A-Za-z0-9.\[\]_-]+(?::(?:[0-9]+|\*))?")
LANGUAGE = re.compile(r"[a-z]{2}(-[A-Z]{2})?")
# Texts of a title are stored in so many languages.
MAX_LANGUAGES = 20
LOG_FORMATS = ("human", "json")
ADULT = ("hide", "show")
SWITCH = ("on", "off")
# APIs of other programs, each below the path of its name. The pages use the API at /api: it is always there.
DIALECTS = ("lists", "omdb", "plex", "poster", "radarr", "ratings", "stremio", "tmdb")
POSTERLESS = ("auto", "show", "hide")
POSTGRES_SCHEMES = ("postgresql", "postgres")
QUOTES = ("'", '"')
CONTROL_CHARACTER = re.compile(r"[\x00-\x1f\x7f]")
BEARER = "bearer "


def default_data_dir() -> Path:
    """Return the folder for the database and downloads: this system's place for the data of programs, per user."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "mediacanon"
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return Path("/var/lib/mediacanon")
    xdg = _cleaned(os.environ.get("XDG_DATA_HOME") or "")
    return Path(xdg or Path.home() / ".local" / "share") / "mediacanon"


def _cleaned(raw: str) -> str:
    """Return a value without the blanks and the pair of quotes around it.

    Files of settings with Windows' line ends leave a carriage return, and `podman --env-file` leaves the quotes.
    """
    value = raw.strip()
    is_quoted = len(value) > 1 and value[0] == value[-1] and value[0] in QUOTES
    return value[1:-1] if is_quoted else value


def _printable(value: str) -> str:
    # A login entry cannot hold a control character.
    if CONTROL_CHARACTER.search(value):
        raise ValueError
    return value


def format_value(value: object) -> str:
    """Return a setting's value as its variable spells it: `Settings.from_environment` reads the same value again."""
    match value:
        case frozenset() | tuple():
            # An empty list of networks is no list at all.
            text = ",".join(sorted(map(str, value))) or "none"
        case _:
            text = str(value)
    return text if text == _cleaned(text) else f'"{text}"'


def _addresses(value: str) -> str:
    """Return names and addresses, between commas, without the brackets that URLs put around IPv6."""
    hosts = [host.strip() for host in value.split(",") if host.strip()]
    if not hosts:
        raise ValueError
    return ",".join(host[1:-1] if host[0] == "[" and host[-1] == "]" else host for host in hosts)


def _text(value: str) -> str:
    return value.strip()


def _token(value: str) -> str:
    """Return a secret of an Authorization header, also from a copy of the whole header's value."""
    token = value.strip()
    if token.lower().startswith(BEARER):
        token = token[len(BEARER) :].strip()
    # HTTP headers have no agreed encoding beyond ASCII.
    if not (token and token.isascii() and token.isprintable()):
        raise ValueError
    return token


def _whole(least: int, most: int = sys.maxsize) -> Callable[[str], int]:
    """Return the reader of a whole number within these bounds."""

    def parse(value: str) -> int:
        number = int(value)
        if not least <= number <= most:
            raise ValueError
        return number

    return parse


def _not_negative(value: str) -> float:
    number = float(value)
    if not 0 <= number < float("inf"):
        raise ValueError
    return number


def _one_of(words: tuple[str, ...]) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in words:
            raise ValueError
        return value

    return parse


def _host_names(value: str) -> frozenset[str]:
    names = frozenset(name.strip().lower() for name in value.split(",") if name.strip())
    if not all(HOST_NAME.fullmatch(name) for name in names):
        raise ValueError
    return names


def _networks(value: str) -> tuple[Network, ...]:
    if value.strip().lower() == "none":
        return ()
    return tuple(ipaddress.ip_network(network, strict=False) for network in value.replace(",", " ").split())


def _country(value: str) -> str:
    code = value.strip().upper()
    if code not in country_names():
        raise ValueError
    return code


def _languages(value: str) -> tuple[str, ...]:
    languages = tuple(dict.fromkeys(code.strip() for code in value.split(",") if code.strip()))
    if not languages or len(languages) > MAX_LANGUAGES or not all(map(LANGUAGE.fullmatch, languages)):
        raise ValueError
    return tuple(sorted(languages))


def _imdb_files(value: str) -> tuple[str, ...]:
    files = {name.strip().removesuffix(".tsv.gz") for name in value.split(",") if name.strip()}
    if files == {"none"}:
        return ()
    if not files <= {*FURTHER_FILES, *FURTHER_OPTIONS}:
        raise ValueError
    return tuple(sorted(files))


def _base_path(value: str) -> str:
    path = value.strip().rstrip("/")
    if path and not BASE_PATH.fullmatch(path):
        raise ValueError
    return path


def _frame_ancestors(value: str) -> str:
    sources = [FRAME_KEYWORDS.get(source.lower(), source) for source in value.replace(",", " ").split()]
    if not all(source in FRAME_KEYWORDS.values() or FRAME_SOURCE.fullmatch(source) for source in sources):
        raise ValueError
    if "'none'" in sources and len(sources) > 1:
        raise ValueError
    return " ".join(sources)


def _web_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError
    return value.rstrip("/")


def _postgres_url(value: str) -> str:
    if urlsplit(value).scheme not in POSTGRES_SCHEMES:
        raise ValueError
    return value


def _postgres_urls(value: str) -> tuple[str, ...]:
    return tuple(map(_postgres_url, re.split(r"\s*,\s*(?=postgres)|\s+", value.strip())))


def _web_urls(value: str) -> tuple[str, ...]:
    return tuple(map(_web_url, value.replace(",", " ").split()))


def _dialects(value: str) -> tuple[str, ...]:
    names = tuple(sorted(set(value.replace(",", " ").lower().split()) - {"none"}))
    if not set(names) <= set(DIALECTS):
        raise ValueError
    return names


def _folder(value: str) -> Path:
    return Path(value).expanduser().absolute()


def _setting(env: str, parse: Callable[[str], Any], wanted: str, **default: Any) -> Any:  # noqa: ANN401 - dataclasses.field is typed so
    return field(metadata={"env": env, "parse": parse, "wanted": wanted}, **default)


def environment_with(**variables: str) -> dict[str, str]:
    """Return the environment of a child process: this process's variables, and the given ones."""
    return {**os.environ, **variables}


def proxy_for(url: str) -> str | None:
    """Return the proxy's URL for requests to `url`, None for none: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY."""
    parts = urlsplit(url)
    if proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy


def share_metrics(folder: Path) -> None:
    """Have the child processes started from now on keep their metrics in files of `folder`, which they share.

    Prometheus' client reads the variable when it is imported, so this process keeps its own metrics in memory.
    """
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)


def shared_metrics() -> Path | None:
    """Return the folder that the parent of this process has chosen in `share_metrics`."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    return Path(folder) if folder else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The operator's settings. The defaults suit one person on one machine."""

    # Between commas: see `hosts`.
    host: str = _setting("HOST", _addresses, "host names or addresses, separated by commas", default="127.0.0.1")
    port: int = _setting("PORT", _whole(0, LARGEST_PORT), "a port from 0 to 65535", default=8080)
    # Database URLs hold passwords: their values appear in no message.
    database_url: str | None = _setting(
        "DATABASE_URL", _postgres_url, "postgresql://user@host/database", default=None, repr=False
    )
    database_replica_urls: tuple[str, ...] = _setting(
        "DATABASE_REPLICA_URL",
        _postgres_urls,
        "postgresql://user@host/database",
        default=(),
        repr=False,
    )
    database_pooler_url: str | None = _setting(
        "DATABASE_POOLER_URL", _postgres_url, "postgresql://user@host/database", default=None, repr=False
    )
    data_dir: Path = _setting("MEDIACANON_DATA_DIR", _folder, "a folder", default_factory=default_data_dir)
    tmdb_api_key: str | None = _setting("TMDB_API_KEY", _token, "a TMDB v3 key or v4 token", default=None, repr=False)
    tmdb_base_url: str = _setting("TMDB_BASE_URL", _web_url, "an http(s) URL", default="https://api.themoviedb.org")
    tmdb_image_base_url: str = _setting(
        "TMDB_IMAGE_BASE_URL", _web_url, "an http(s) URL", default="https://image.tmdb.org/t/p"
    )
    tmdb_wait: float = _setting("TMDB_WAIT", _not_negative, "seconds a page waits for TMDB, from 0", default=1.5)
    tmdb_rate: float = _setting("TMDB_RATE", _not_negative, "requests per second, 0 for no limit", default=40.0)
    tmdb_languages: tuple[str, ...] = _setting(
        "TMDB_LANGUAGES", _languages, "languages between commas, such as en,de,pt-BR", default=("en",)
    )
    tmdb_passthrough: str = _setting("MEDIACANON_TMDB_PASSTHROUGH", _one_of(SWITCH), "on or off", default="off")
    country: str = _setting("MEDIACANON_COUNTRY", _country, "an ISO 3166-1 code such as US", default=DEFAULT_COUNTRY)
    image_cache_mb: float = _setting(
        "MEDIACANON_IMAGE_CACHE_MB", _not_negative, "megabytes, 0 to link to TMDB's images", default=0.0
    )
    response_cache_mb: float = _setting(
        "MEDIACANON_RESPONSE_CACHE_MB", _not_negative, "megabytes per worker, 0 for no cache", default=64.0
    )
    shared_max_age: int = _setting("MEDIACANON_SHARED_MAX_AGE", _whole(0), "seconds, 0 for no shared cache", default=0)
    purge_urls: tuple[str, ...] = _setting(
        "MEDIACANON_PURGE_URL", _web_urls, "http(s) URLs of shared caches, between commas", default=(), repr=False
    )
    imdb_base_url: str = _setting("IMDB_BASE_URL", _web_url, "an http(s) URL", default="https://datasets.imdbws.com")
    dialects: tuple[str, ...] = _setting(
        "MEDIACANON_DIALECTS", _dialects, f"some of {', '.join(DIALECTS)} between commas, or none", default=DIALECTS
    )
    imdb_files: tuple[str, ...] = _setting(
        "MEDIACANON_IMDB_FILES",
        _imdb_files,
        f"files between commas, of {', '.join((*FURTHER_FILES, *FURTHER_OPTIONS))}, or none",
        default=tuple(sorted(FURTHER_FILES)),
    )
    imdb_further_days: float = _setting("MEDIACANON_IMDB_FURTHER_DAYS", _not_negative, "days from 0", default=7.0)
    # None: hidden everywhere but in the contract's endpoints.
    adult: str | None = _setting("MEDIACANON_ADULT", _one_of(ADULT), "hide or show", default=None)
    posterless: str = _setting("MEDIACANON_POSTERLESS", _one_of(POSTERLESS), "auto, show or hide", default="auto")
    log_file: Path | None = _setting("MEDIACANON_LOG_FILE", _folder, "a file", default=None)
    log_format: str = _setting("MEDIACANON_LOG_FORMAT", _one_of(LOG_FORMATS), "human or json", default="human")
    pool_size: int = _setting("MEDIACANON_POOL_SIZE", _whole(1), "a number of connections from 1", default=10)

    # Above the 60 s of nginx and the 90 s of cloudflared: a connection that a proxy keeps must not be closed here.
    keep_alive: int = _setting("MEDIACANON_KEEP_ALIVE", _whole(1), "seconds from 1", default=120)
    writes: str = _setting("MEDIACANON_WRITES", _one_of(WRITES), "open, token or off", default="open")
    write_token: str | None = _setting("MEDIACANON_WRITE_TOKEN", _token, "a secret in ASCII", default=None, repr=False)
    allowed_hosts: frozenset[str] = _setting(
        "MEDIACANON_ALLOWED_HOSTS", _host_names, "host names without ports, separated by commas", default=frozenset()
    )
    trusted_proxies: tuple[Network, ...] = _setting(
        "MEDIACANON_TRUSTED_PROXIES", _networks, "networks or addresses between commas, or none", default=LOOPBACK
    )
    base_path: str = _setting("MEDIACANON_BASE_PATH", _base_path, "a path such as /media", default="")
    frame_ancestors: str = _setting(
        "MEDIACANON_FRAME_ANCESTORS", _frame_ancestors, "none, self, or sites between commas", default="'none'"
    )
    rate_limit: int = _setting("MEDIACANON_RATE_LIMIT", _whole(0), "requests a minute, 0 for no limit", default=0)

    @property
    def hosts(self) -> tuple[str, ...]:
        """The names and addresses to listen on."""
        return tuple(self.host.split(","))

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None, **overrides: str | None) -> Self:
        """Return the settings: defaults, then the environment, then `overrides` by field name.

        Empty and absent values count as not set. Blanks and a pair of quotes around a value are not part of it.
        Raises WrongSetting with the variable, its value unless it is a secret, and the accepted values; for a variable
        of an earlier version with its new name.
        """
        environment = os.environ if environment is None else environment
        _refuse_renamed(environment)
        values: dict[str, Any] = {}
        for setting in dataclasses.fields(cls):
            raw = overrides.get(setting.name) or environment.get(setting.metadata["env"]) or ""
            value = _cleaned(raw)
            if not value.strip():
                continue
            try:
                values[setting.name] = setting.metadata["parse"](_printable(value))
            except ValueError:
                shown = f"is {raw!r}" if setting.repr else "is not usable"
                message = f"{setting.metadata['env']} {shown}; it must be {setting.metadata['wanted']}"
                raise WrongSetting(message) from None
        settings = cls(**values)
        if settings.writes == "token" and not settings.write_token:
            raise WrongSetting("MEDIACANON_WRITES is 'token'; MEDIACANON_WRITE_TOKEN must be the token")
        if not settings.database_url and (settings.database_replica_urls or settings.database_pooler_url):
            raise WrongSetting("DATABASE_REPLICA_URL and DATABASE_POOLER_URL need a DATABASE_URL beside them")
        return settings

    def as_environment(self) -> dict[str, str]:
        """Return the environment variables from which the same settings are read; defaults are left out."""
        values = ((setting, getattr(self, setting.name)) for setting in dataclasses.fields(self))
        return {
            setting.metadata["env"]: format_value(value)
            for setting, value in values
            if value is not None and value != setting.default
        }


def _refuse_renamed(names: Iterable[str]) -> None:
    for name in names:
        if name in RENAMED:
            raise WrongSetting(f"{name} is now {RENAMED[name]}")


def override_environment(assignments: Iterable[str]) -> None:
    """Set settings, each `NAME=VALUE`, for this process and its children.

    Raises WrongSetting for an unknown name, with the nearest known one, and for a name of an earlier version.
    """
    known = [setting.metadata["env"] for setting in dataclasses.fields(Settings)]
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        _refuse_renamed([name])
        if not equals or name not in known:
            nearest = difflib.get_close_matches(name.upper(), known, n=1)
            hint = f"; did you mean {nearest[0]}?" if nearest else f"; known are {', '.join(known)}"
            raise WrongSetting(f"--set wants NAME=VALUE with the name of a setting, not {name!r}{hint}")
        os.environ[name] = value

"""How values read on a page: numbers, running times, names of languages and countries, addresses of static files."""

import hashlib
import textwrap
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any
from urllib.parse import parse_qsl, urlencode

from babel import Locale, UnknownLocaleError
from starlette.datastructures import URL

from mediacanon import paths

_ENGLISH = Locale("en")
_REGIONAL_INDICATOR_A = 0x1F1E6
_COUNTRY_CODE_LENGTH = 2
POSTER_LINE = 15
# More than there are; whoever asks may name others without end.
MOST_CODES = 1000


def thousands(number: int | None) -> str:
    """Return 1,234,567; nothing for None."""
    return "" if number is None else f"{number:,}"


def duration(minutes: int | None) -> str:
    """Return 2 h 5 min, 45 min or 2 h; nothing for None."""
    if not minutes:
        return ""
    hours, rest = divmod(minutes, 60)
    return " ".join(f"{count} {unit}" for count, unit in ((hours, "h"), (rest, "min")) if count)


def years(title: Mapping[str, Any]) -> str:
    """Return the year of a movie, the first and last year of a show, nothing where it is unknown."""
    start, end = title.get("startYear"), title.get("endYear")
    if not start:
        return ""
    if title.get("type") != "show" or start == end:
        return str(start)
    return f"{start}–{end or ''}"  # noqa: RUF001 - the dash of year ranges


@lru_cache(MOST_CODES)
def language_name(code: str) -> str:
    """Return the English name of an ISO 639 code, the code itself where it has none."""
    return _ENGLISH.languages.get(code) or _newer_name(code)


def _newer_name(code: str) -> str:
    # TMDB still says cn for Cantonese; others may be retired codes that Babel knows as locales.
    if code == "cn":
        return "Cantonese"
    try:
        return Locale.parse(code).get_language_name("en") or code
    except (UnknownLocaleError, ValueError):
        return code


@lru_cache(MOST_CODES)
def country_name(code: str) -> str:
    """Return the English name of an ISO 3166-1 code, the code itself where it has none."""
    return _ENGLISH.territories.get(code) or code


@lru_cache(MOST_CODES)
def flag(code: str) -> str:
    """Return a country's flag as an emoji; nothing for what is no country code."""
    if len(code) != _COUNTRY_CODE_LENGTH or not code.isascii() or not code.isalpha():
        return ""
    return "".join(chr(_REGIONAL_INDICATOR_A + ord(letter) - ord("A")) for letter in code.upper())


@cache
def static(name: str) -> str:
    """Return the address of a file under /static, with its hash, so that browsers may keep it for ever."""
    digest = hashlib.blake2b((paths.STATIC / name).read_bytes(), digest_size=6).hexdigest()
    return f"/static/{name}?v={digest}"


def changed(url: URL, **parameters: object) -> str:
    """Return a page's own address with other parameters, those without a value left out, from the first page on."""
    kept = {name: value for name, value in parse_qsl(url.query) if name != "page"} | parameters
    query = urlencode({name: value for name, value in kept.items() if value not in (None, "")}, safe=",")
    return f"{url.path}?{query}" if query else url.path


def toggled(url: URL, name: str, value: str) -> str:
    """Return a page's own address with a value added to a parameter that holds several, or taken out of it."""
    known = [part for key, text in parse_qsl(url.query) if key == name for part in text.split(",") if part]
    chosen = [part for part in known if part != value] if value in known else [*known, value]
    return changed(url, **{name: ",".join(chosen)})


def hue(name: str) -> int:
    """Return a colour for a name, 0 to 359 degrees, the same each time."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=2).digest()) % 360


def poster_lines(name: str) -> list[str]:
    """Return a name in at most four lines that fit on a drawn poster."""
    return textwrap.wrap(name, POSTER_LINE, max_lines=4, placeholder="…")


FILTERS = {
    "poster_lines": poster_lines,
    "thousands": thousands,
    "duration": duration,
    "years": years,
    "language_name": language_name,
    "country_name": country_name,
    "flag": flag,
    "hue": hue,
}
FUNCTIONS = {"static": static, "changed": changed, "toggled": toggled}

"""Template filters and functions: numbers, running times, names of languages and countries, addresses of pages."""

import hashlib
import re
import textwrap
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any
from unicodedata import bidirectional
from urllib.parse import parse_qsl, urlencode

from babel import Locale, UnknownLocaleError
from jinja2 import pass_context
from jinja2.runtime import Context
from starlette.datastructures import URL

from mediacanon import paths
from mediacanon.http.memo import memoised
from mediacanon.pages.names import query_of
from mediacanon.vocabulary import genres_named

_ENGLISH = Locale("en")
_REGIONAL_INDICATOR_A = 0x1F1E6
_COUNTRY_CODE_LENGTH = 2
POSTER_LINE, POSTER_LINES = 15, 4
OWN_PATH = re.compile(r"/(?!/)")
_TURNING = frozenset({"R", "AL", "AN", "RLE", "RLO", "LRE", "LRO", "RLI", "LRI", "FSI"})
# More than there are: clients put codes of their own into addresses.
MOST_CODES, LONGEST_CODE = 1000, 10


def thousands(number: int | None) -> str:
    """Return 1,234,567; the empty text for None."""
    return "" if number is None else f"{number:,}"


def count(number: int, noun: str) -> str:
    """Return 1 title, or 1,234 titles."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def duration(minutes: int | None) -> str:
    """Return 2 h 5 min, 45 min or 2 h; the empty text for None."""
    if not minutes:
        return ""
    hours, rest = divmod(minutes, 60)
    return " ".join(f"{count} {unit}" for count, unit in ((hours, "h"), (rest, "min")) if count)


def years(title: Mapping[str, Any]) -> str:
    """Return the year of a movie or the first and last year of a show; the empty text if unknown."""
    start, end = title.get("startYear"), title.get("endYear")
    if not start:
        return ""
    if title.get("type") != "show" or start == end:
        return str(start)
    return f"{start}–{end or ''}"  # noqa: RUF001 - the dash of year ranges


@memoised(most=MOST_CODES, longest=LONGEST_CODE)
def language_name(code: str) -> str:
    """Return the English name of an ISO 639 code, the code itself if it has none."""
    return _ENGLISH.languages.get(code) or _newer_name(code)


def _newer_name(code: str) -> str:
    # TMDB uses cn for Cantonese. Babel knows retired codes as locales only.
    if code == "cn":
        return "Cantonese"
    try:
        return Locale.parse(code).get_language_name("en") or code
    except (UnknownLocaleError, ValueError):
        return code


@memoised(most=MOST_CODES, longest=LONGEST_CODE)
def country_name(code: str) -> str:
    """Return the English name of an ISO 3166-1 code, the code itself if it has none."""
    return _ENGLISH.territories.get(code) or code


@memoised(most=MOST_CODES, longest=LONGEST_CODE)
def flag(code: str) -> str:
    """Return a country's flag as an emoji, the empty text for any other code."""
    if len(code) != _COUNTRY_CODE_LENGTH or not code.isascii() or not code.isalpha():
        return ""
    return "".join(chr(_REGIONAL_INDICATOR_A + ord(letter) - ord("A")) for letter in code.upper())


@memoised(most=100, longest=100)
def static(name: str) -> str:
    """Return the address of a file under /static with its hash, which lets browsers cache it for ever."""
    digest = hashlib.blake2b((paths.STATIC / name).read_bytes(), digest_size=6).hexdigest()
    return f"/static/{name}?v={digest}"


def changed(url: URL, **parameters: object) -> str:
    """Return a page's own address with other parameters, at the first page unless `page` is given.

    A parameter without a value is left out.
    """
    merged = {name: value for name, value in parse_qsl(url.query) if name != "page"} | parameters
    query = urlencode({name: value for name, value in merged.items() if value not in (None, "")}, safe=",")
    return f"{url.path}?{query}" if query else url.path


def toggled(url: URL, name: str, values: Sequence[str], value: str) -> str:
    """Return a page's own address with a value added to the values of a parameter, or removed from them."""
    toggled_values = [each for each in values if each != value] if value in values else [*values, value]
    return changed(url, **{name: ",".join(toggled_values)})


def as_offered(words: Sequence[str], genres: Sequence[str]) -> list[str]:
    """Return the genres of an address as the catalogue spells them; a word for none or for several stays."""
    found = ((word, genres_named(word, genres)) for word in words)
    return list(dict.fromkeys(names[0] if len(names) == 1 else word for word, names in found))


def hue(name: str) -> int:
    """Return the hue of a name in degrees, 0 to 359."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=2).digest()) % 360


def poster_lines(name: str) -> list[str]:
    """Return a name in at most four lines that fit a drawn poster."""
    words = name.split(" ")
    if "-" in name or not name.isprintable() or not all(1 <= len(word) <= POSTER_LINE for word in words):
        return _wrapped(name)
    lines = [words[0]]
    for word in words[1:]:
        if len(lines[-1]) + len(word) < POSTER_LINE:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines if len(lines) <= POSTER_LINES else _wrapped(name)


def _wrapped(name: str) -> list[str]:
    """Return the lines of any name: textwrap takes ten times as long as most names need."""
    return textwrap.wrap(name, POSTER_LINE, max_lines=POSTER_LINES, placeholder="…")


def isolated(name: str) -> str:
    """Return a name that turns no text after it, for a place without markup: a title, a label.

    Names with right-to-left letters or overrides stand between the marks of an isolate.
    """
    if name.isascii() or not any(bidirectional(each) in _TURNING for each in name):
        return name
    return f"\u2068{name}\u2069"


def escaped_all(texts: Sequence[str]) -> list[str]:
    """Return texts for HTML, escaped at once, which takes a third of the time of one by one.

    PostgreSQL stores no text with the separator, U+0000.
    """
    return escape("\0".join(texts)).split("\0") if texts else []


FILTERS = {
    "as_offered": as_offered,
    "isolated": isolated,
    "poster_lines": poster_lines,
    "thousands": thousands,
    "duration": duration,
    "years": years,
    "language_name": language_name,
    "country_name": country_name,
    "flag": flag,
    "hue": hue,
}


@pass_context
def link(context: Context, address: str) -> str:
    """Return the address of a path of this server below its base path; addresses of other servers stay."""
    return f"{context['base']}{address}" if OWN_PATH.match(address) else address


@pass_context
def page_link(context: Context, address: str) -> str:
    """Return `link` to a page that shows titles, with their names in the languages of this page."""
    path, _, query = address.partition("?")
    return link(context, path + query_of(context, query))


@pass_context
def static_link(context: Context, name: str) -> str:
    """Return `static` below the base path."""
    return f"{context['base']}{static(name)}"


FUNCTIONS = {
    "count": count,
    "static": static_link,
    "link": link,
    "page_link": page_link,
    "changed": changed,
    "toggled": toggled,
}

"""Languages, countries, jobs and certifications as TMDB's configuration lists them, in its words."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from babel.core import get_global

from mediacanon.vocabulary import certifications_of, country_names, language_names

NO_LANGUAGE = "xx"
# TMDB's word where CLDR has another.
_COUNTRIES = {"US": "United States of America"}
# The name of a language in itself; TMDB leaves many out, too.
_OWN_NAMES = dict(
    each.split(" ", 1)
    for each in """
ar العربية|bg български език|bn বাংলা|ca Català|cn 广州话 / 廣州話|cs Český|cy Cymraeg|da Dansk|de Deutsch|
el ελληνικά|en English|es Español|et Eesti|eu euskera|fa فارسی|fi suomi|fr Français|ga Gaeilge|gl Galego|
he עִבְרִית|hi हिन्दी|hr Hrvatski|hu Magyar|id Bahasa indonesia|is Íslenska|it Italiano|ja 日本語|ka ქართული|
ko 한국어/조선말|lt Lietuvių|lv Latviešu|nl Nederlands|no Norsk|pl Polski|pt Português|ro Română|ru Русский|
sk Slovenčina|sl Slovenščina|sq shqip|sr Srpski|sv svenska|ta தமிழ்|te తెలుగు|th ภาษาไทย|tr Türkçe|
uk Український|ur اردو|vi Tiếng Việt|xx No Language|zh 普通话
""".replace("\n", "").split("|")
)
# GraphQL's department -> TMDB's; IMDb's category -> TMDB's department and job, or the one of an actor.
DEPARTMENTS = {
    "ACTING": "Acting",
    "DIRECTING": "Directing",
    "WRITING": "Writing",
    "PRODUCTION": "Production",
    "CAMERA": "Camera",
    "SOUND": "Sound",
    "ART": "Art",
    "EDITING": "Editing",
    "CREW": "Crew",
}
JOBS = {
    "director": ("DIRECTING", "Director"),
    "writer": ("WRITING", "Writer"),
    "producer": ("PRODUCTION", "Producer"),
    "casting_director": ("PRODUCTION", "Casting"),
    "composer": ("SOUND", "Original Music Composer"),
    "cinematographer": ("CAMERA", "Director of Photography"),
    "editor": ("EDITING", "Editor"),
    "production_designer": ("ART", "Production Design"),
    **dict.fromkeys(("actor", "actress", "self", "archive_footage", "archive_sound"), ("ACTING", "Actor")),
}
IMAGES = {
    "base_url": "http://image.tmdb.org/t/p/",
    "secure_base_url": "https://image.tmdb.org/t/p/",
    "backdrop_sizes": ["w300", "w780", "w1280", "original"],
    "logo_sizes": ["w45", "w92", "w154", "w185", "w300", "w500", "original"],
    "poster_sizes": ["w92", "w154", "w185", "w342", "w500", "w780", "original"],
    "profile_sizes": ["w45", "w185", "h632", "original"],
    "still_sizes": ["w92", "w185", "w300", "original"],
}


def is_language(code: str | None) -> bool:
    """Return whether a code is among the languages of the configuration."""
    return code is not None and len(code) == 2 and code in language_names()  # noqa: PLR2004 - ISO 639-1


def language(code: str) -> dict[str, str]:
    """Return a language; its own name is empty where it is not known here."""
    return {"iso_639_1": code, "english_name": language_names().get(code, code), "name": _OWN_NAMES.get(code, "")}


def country_name(code: str) -> str:
    """Return the English name of a country, the code for an unknown one."""
    return _COUNTRIES.get(code) or country_names().get(code, code)


@cache
def languages() -> list[dict[str, str]]:
    """Return all languages by code."""
    return [language(code) for code in sorted(language_names()) if is_language(code)]


@cache
def countries() -> list[dict[str, str]]:
    """Return all countries by code."""
    return [
        {"iso_3166_1": code, "english_name": country_name(code), "native_name": name}
        for code, name in sorted(country_names().items())
    ]


@cache
def primary_translations() -> list[str]:
    """Return the languages with their main countries, such as de-DE."""
    likely = {
        code: get_global("likely_subtags").get(code, "") for code in map(str, language_names()) if is_language(code)
    }
    return sorted({f"{code}-{tags[-2:]}" for code, tags in likely.items() if tags[-2:].isalpha()})


@cache
def timezones() -> list[dict[str, Any]]:
    """Return the time zones of each country."""
    zones: dict[str, list[str]] = {}
    for zone, code in sorted(get_global("zone_territories").items()):
        zones.setdefault(code, []).append(zone)
    return [{"iso_3166_1": code, "zones": names} for code, names in sorted(zones.items())]


@cache
def jobs() -> list[dict[str, Any]]:
    """Return the jobs of each department."""
    named = dict.fromkeys(JOBS.values())
    return [
        {"department": name, "jobs": [job for department, job in named if department == key]}
        for key, name in DEPARTMENTS.items()
    ]


@cache
def certifications() -> Mapping[str, list[dict[str, Any]]]:
    """Return the certifications of each country whose order is known."""
    known = {code: certifications_of(code) for code in country_names()}
    return {
        code: [
            {"certification": word, "meaning": "", "order": order}
            for order, step in enumerate(steps, start=1)
            for word in step
        ]
        for code, steps in sorted(known.items())
        if steps
    }

"""Tags of languages: 'de' is German as its main country has it, 'de-AT' as another one has it.

TMDB has a translation for a language and a country. One of another country never stands for that of the main one: in
Canada a film has another French name than in France.
"""

import re

# TMDB's code for "no language".
NO_LANGUAGE = "xx"
TAG = re.compile(r"(?P<language>[a-z]{2})(-(?P<country>[A-Z]{2}))?")
# The main country of each language that TMDB has for several countries; of any other language each country is its main
# one.
MAIN_COUNTRIES = {
    "ar": "SA",
    "ca": "ES",
    "de": "DE",
    "en": "US",
    "es": "ES",
    "fr": "FR",
    "it": "IT",
    "ko": "KR",
    "ms": "MY",
    "nl": "NL",
    "pt": "PT",
    "ro": "RO",
    "sv": "SE",
    "ta": "IN",
    "zh": "CN",
}


def language_tag(language: str | None, country: str | None) -> str | None:
    """Return the tag of a language and a country; None for codes of another form."""
    tag = f"{language}-{country}" if country else language or ""
    if not TAG.fullmatch(tag):
        return None
    is_main = not country or MAIN_COUNTRIES.get(language or "", country) == country
    return language if is_main else tag


def normalized(tag: str) -> str | None:
    """Return a tag such as 'de', 'DE' or 'de_at' in the form of this module; None for any other text."""
    language, _, country = tag.strip().replace("_", "-").partition("-")
    return language_tag(language.lower(), country.upper())


def preferred(asked: list[str]) -> list[str]:
    """Return languages in the order in which they are tried: 'de-AT' is followed by 'de'."""
    return list(dict.fromkeys(tag for each in asked for tag in (each, each.partition("-")[0])))

"""Languages of IMDb's regions: nine names in ten tell their region alone."""

import functools

from babel.core import get_global

from mediacanon.http.memo import memoised
from mediacanon.vocabulary import country_names

MOST_LANGUAGES, LONGEST_CODE = 1000, 10

# Regions of several languages: a name there is in one of them only where IMDb tells the language.
SEVERAL_LANGUAGES = frozenset(
    {
        *("BE", "BO", "CA", "CH", "CY", "FI", "HK", "IE", "IN", "LU", "MY", "NG", "PH", "PK", "SG", "XEU", "XWW", "ZA"),
    }
)
# IMDb's own codes: of countries that are gone, and of languages.
_OWN_REGIONS = {
    "CSHH": "cs",
    "DDDE": "de",
    "SUHH": "ru",
    "XKO": "ko",
    "XKV": "sq",
    "XWG": "de",
    "XYU": "sr",
    "YUCS": "sr",
}
_OWN_LANGUAGES = {"cmn": "zh", "yue": "zh", "qbn": "nl"}
# A name of another country that does not stand for the one of the main country: France often keeps the English title.
NEVER_INSTEAD = {"fr": "CA"}


@functools.cache
def _languages_by_region() -> dict[str, str]:
    likely = get_global("likely_subtags").items()
    known = {tag.removeprefix("und_"): subtags.partition("_")[0] for tag, subtags in likely if tag.startswith("und_")}
    # CLDR leaves out the regions where English is likely.
    regions = {region: known.get(region, "en") for region in country_names()}
    return {each: language for each, language in (regions | _OWN_REGIONS).items() if each not in SEVERAL_LANGUAGES}


def language_of(region: str | None, language: str | None) -> str | None:
    """Return the ISO 639-1 code of a name's language; None where neither the name nor its region tells it."""
    if language:
        return _OWN_LANGUAGES.get(language, language)
    return _languages_by_region().get(region or "")


@memoised(most=MOST_LANGUAGES, longest=LONGEST_CODE)
def main_region(language: str) -> str | None:
    """Return the region where most people speak a language, such as BR for pt; None for an unknown language."""
    return get_global("likely_subtags").get(language, "").rpartition("_")[2] or None


@memoised(most=MOST_LANGUAGES, longest=LONGEST_CODE)
def codes_of(language: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the regions whose names are in a language, and IMDb's codes of the language."""
    regions = tuple(sorted(region for region, spoken in _languages_by_region().items() if spoken == language))
    return regions, (language, *(code for code, spoken in _OWN_LANGUAGES.items() if spoken == language))

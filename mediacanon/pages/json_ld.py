"""Structured data for search engines and link previews: schema.org's Movie and TVSeries as JSON-LD."""

from collections.abc import Mapping
from typing import Any

import orjson
from markupsafe import Markup

# Inside <script> only these characters could end the element or start a comment.
_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}
TYPES = {"movie": "Movie", "show": "TVSeries"}


def structured_data(title: Mapping[str, Any], address: str, **more: object) -> Markup:
    """Return a title as JSON-LD, escaped for a script element. Facts without a value are left out."""
    facts = {
        "@context": "https://schema.org",
        "@type": TYPES[title["type"]],
        "name": title["displayName"],
        "alternateName": _alternate_name(title),
        "url": address,
        "image": title["imageUrl"],
        "datePublished": title["releaseDate"] or (str(title["startYear"]) if title["startYear"] else None),
        "duration": f"PT{title['runtimeMinutes']}M" if title["runtimeMinutes"] and title["type"] == "movie" else None,
        "genre": title["genres"],
        "inLanguage": title["originalLanguage"],
        "countryOfOrigin": {"@type": "Country", "name": title["originCountry"]} if title["originCountry"] else None,
        "aggregateRating": _rating(title),
        "sameAs": f"https://www.imdb.com/title/{title['imdbId']}/" if title["imdbId"] else None,
        **more,
    }
    text = orjson.dumps({name: value for name, value in facts.items() if value not in (None, [])}).decode()
    for character, escape in _ESCAPES.items():
        text = text.replace(character, escape)
    return Markup(text)  # noqa: S704 - escaped above for a script element


def _alternate_name(title: Mapping[str, Any]) -> str | None:
    original: str | None = title["originalTitle"]
    return original if original != title["displayName"] else None


def _rating(title: Mapping[str, Any]) -> dict[str, Any] | None:
    if title["averageRating"] is None or not title["numVotes"]:
        return None
    return {
        "@type": "AggregateRating",
        "ratingValue": title["averageRating"],
        "ratingCount": title["numVotes"],
        "bestRating": 10,
        "worstRating": 1,
    }

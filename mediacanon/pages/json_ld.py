"""What search engines and link previews read of a title: schema.org's Movie and TVSeries as JSON-LD."""

from collections.abc import Mapping
from typing import Any

import orjson
from markupsafe import Markup

# Inside <script> only these could end it or start a comment.
_ESCAPES = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"}
TYPES = {"movie": "Movie", "show": "TVSeries"}


def structured_data(title: Mapping[str, Any], address: str, **more: object) -> Markup:
    """Return a title as a JSON-LD block that no name can break out of; facts it has not are left out."""
    facts = {
        "@context": "https://schema.org",
        "@type": TYPES[title["type"]],
        "name": title["displayName"],
        "alternateName": _other_name(title),
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
    return Markup(text)  # noqa: S704 - escaped for where it stands, a script element


def _other_name(title: Mapping[str, Any]) -> str | None:
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

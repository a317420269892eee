"""Names of titles in the reader's languages: `?names=de-AT,en` on every page that shows titles."""

from collections.abc import Iterable, Mapping
from typing import Any

from jinja2.runtime import Context

from mediacanon.tmdb.languages import normalized

# The variables of the documents: the languages, and whether there are any.
NAMES, NAMED = "names", "named"
# The languages as templates have them: between commas, empty without any.
CHAIN = "name_languages"
MOST_LANGUAGES = 5


def name_chain(texts: Iterable[str]) -> list[str]:
    """Return the languages of an address in order, at most five; a text that is no language is left out."""
    tags = (normalized(text) for text in texts)
    return list(dict.fromkeys(filter(None, tags)))[:MOST_LANGUAGES]


def show_names(data: Any) -> None:  # noqa: ANN401 - any JSON
    """Put the chosen name of every title in the data of a page in the place of its display name."""
    if isinstance(data, dict):
        if "displayName" in data and data.get("name"):
            data["displayName"] = data["name"]["text"]
        data = data.values()
    for each in data:
        if isinstance(each, dict | list):
            show_names(each)


def query_of(context: Context | Mapping[str, Any], given: str = "") -> str:
    """Return the query string of a page's link to another page: its languages, then the given parameters."""
    chain = context.get(CHAIN)
    query = "&".join(filter(None, (chain and f"{NAMES}={chain}", given)))
    return f"?{query}" if query else ""

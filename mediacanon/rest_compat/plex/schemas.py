"""JSON Schemas of Plex's documents."""

from typing import Any

from mediacanon.rest_compat.plex.keys import IDENTIFIERS

Schema = dict[str, Any]

TEXT = {"type": "string", "minLength": 1}
COUNT = {"type": "integer", "minimum": 0}
URL = {"type": "string", "pattern": "^https?://"}
DAY = {"type": "string", "format": "date"}
KEY = {"type": "string", "pattern": "^[A-Za-z0-9_-]+$"}
PATH = {"type": "string", "pattern": "^/library/metadata/[A-Za-z0-9_-]+(/children)?$"}
GUID = {
    "type": "string",
    "pattern": f"^({'|'.join(IDENTIFIERS.values())})://(movie|show|season|episode)/[A-Za-z0-9_-]+$",
}
TYPE = {"enum": ["movie", "show", "season", "episode"]}


def _object(properties: Schema, *optional: str) -> Schema:
    """Return the schema of an object whose keys are all there but the optional ones."""
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _list(items: Schema, **more: Any) -> Schema:  # noqa: ANN401 - keywords of JSON Schema
    return {"type": "array", "items": items, **more}


TAGS = _list(_object({"tag": TEXT}), minItems=1)
IMAGE = _object({"type": {"enum": ["coverPoster", "background", "snapshot"]}, "url": URL, "alt": TEXT})
RATING = _object(
    {
        "image": {"const": "imdb://image.rating"},
        "type": {"const": "audience"},
        "value": {"type": "number", "minimum": 0, "maximum": 10},
    }
)
ROLE = _object({"tag": TEXT, "order": COUNT, "role": TEXT}, "role")
OUTER_ID = _object({"id": {"type": "string", "pattern": "^(imdb://tt[0-9]+|(tmdb|tvdb)://[0-9]+)$"}})
ABOVE = {"RatingKey": KEY, "Key": PATH, "Guid": GUID, "Type": TYPE, "Title": TEXT, "Thumb": URL, "Art": URL}
NEEDED = {"ratingKey": KEY, "key": PATH, "guid": GUID, "type": TYPE, "title": TEXT}
# Plex needs a day as well; a title without a year has none.
OPTIONAL = {
    "originallyAvailableAt": DAY,
    "year": COUNT,
    "index": COUNT,
    "parentIndex": COUNT,
    "duration": COUNT,
    **dict.fromkeys(("summary", "originalTitle", "tagline", "studio", "contentRating"), TEXT),
    "isAdult": {"const": True},
    "thumb": URL,
    "art": URL,
    **{f"{prefix}{name}": schema for prefix in ("parent", "grandparent") for name, schema in ABOVE.items()},
    "Image": _list(IMAGE, minItems=1),
    "Guid": _list(OUTER_ID, minItems=1),
    "Rating": _list(RATING, minItems=1),
    "Role": _list(ROLE, minItems=1),
    **dict.fromkeys(("Genre", "Country", "Studio", "Network", "Director", "Writer", "Producer"), TAGS),
    "Similar": _list(_object({"guid": GUID, "tag": TEXT}), minItems=1),
}
ITEM = _object(NEEDED | OPTIONAL, *OPTIONAL)
CHILDREN = _object({"size": COUNT, "Metadata": _list(ITEM)})
ITEM_WITH_CHILDREN = _object(NEEDED | OPTIONAL | {"Children": CHILDREN}, *OPTIONAL, "Children")


def _container(name: str, items: Schema) -> Schema:
    about = {"offset": COUNT, "totalSize": COUNT, "identifier": {"enum": list(IDENTIFIERS.values())}, "size": COUNT}
    return _object({"MediaContainer": _object({**about, name: _list(items)})})


METADATA = _container("Metadata", ITEM_WITH_CHILDREN)
IMAGES = _container("Image", IMAGE)
PROVIDER = _object(
    {
        "MediaProvider": _object(
            {
                "identifier": {"type": "string", "pattern": r"^tv\.plex\.agents\.custom\.[A-Za-z0-9.]+$"},
                "title": TEXT,
                "version": TEXT,
                "Types": _list(_object({"type": COUNT, "Scheme": _list(_object({"scheme": TEXT}))})),
                "Feature": _list(_object({"type": {"enum": ["metadata", "match"]}, "key": TEXT})),
            }
        )
    }
)

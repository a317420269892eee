"""Value rules of the contract, as JSON Schema, and its texts of denial."""

from collections.abc import Mapping
from typing import Any

from mediacanon import vocabulary

# What a body's facts, and parameters that are not read leniently, must be: as JSON Schema.
_CONTROL = r"\x00-\x1f\x7f-\x9f"
_NAME = {
    "minLength": 1,
    "maxLength": 500,
    "pattern": rf"^[^{_CONTROL}]*[^{_CONTROL}\s][^{_CONTROL}]*$",
}
# As the writes check it.
_ADDRESS = rf"https?://[A-Za-z0-9-]+([.][A-Za-z0-9-]+)*(:[0-9]{{1,5}})?([/?#][^\s\x20{_CONTROL}\"<>\\^`{{|}}]*)?"
_IMDB_ID = vocabulary.IMDB_ID.pattern
_YEAR = {"minimum": vocabulary.FIRST_YEAR, "maximum": vocabulary.LAST_YEAR}
_NUMBER = {"minimum": 0, "maximum": 2**31 - 1}
RULES: Mapping[str, Mapping[str, Any]] = {
    "display_name": _NAME,
    "start_year": _YEAR,
    "end_year": _YEAR,
    "imdb_id": {"pattern": f"^({_IMDB_ID})?$"},
    "image_url": {"maxLength": 2000, "pattern": f"^({_ADDRESS})?$"},
    "season_number": _NUMBER,
    "episode_number": _NUMBER,
    "imdb": {"pattern": f"^({_IMDB_ID}(,{_IMDB_ID}){{0,249}})?$"},
    "tmdb": {"pattern": "^((movie|show):[1-9][0-9]{0,8}(,(movie|show):[1-9][0-9]{0,8}){0,249})?$"},
}

# What the contract has clients read where a body lacks these.
REFUSALS = {"type": "Type must be 'movie' or 'show'", "display_name": "display_name required"}

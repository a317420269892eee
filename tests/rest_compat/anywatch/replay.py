"""Comparison of the recorded answers with the server's, and the deviations that are right, with their reasons."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

SENTINELS = ("none", "TMDB_NOT_FOUND_DO_NOT_RETRY", "")
WRITTEN = ("POST", "PUT")


@dataclass(frozen=True)
class Example:
    method: str
    path: str
    status: int
    json: Any = None
    text: str | None = None
    body: Any = None
    content_type: str | None = None
    cache_control: str | None = None

    @property
    def request_body(self) -> bytes | None:
        """The body of the request: a text that is no JSON stands for itself."""
        if self.body is None:
            return None
        return (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode()


@dataclass(frozen=True)
class Deviation:
    """A deviation by section 4 of the contract: status and error of the server, or keys that are not compared."""

    reason: str
    status: int | None = None
    error: str | None = None
    ignored: frozenset[str] = frozenset()
    has_more: bool = False
    # Carousels that the record lacks; they move the recorded ones down.
    pushes: int = 0


AS_RECORDED = Deviation("as recorded")
CONFLICT = Deviation("5: a duplicate is a conflict, in words of our own", status=409)
METHOD = Deviation("7: 405 with Allow and JSON", status=405, error="This method is not allowed here.")
KOREAN = Deviation("9: Korean collections filter by language and have titles", ignored=frozenset({"titles", "total"}))
CAROUSELS = Deviation("9: the four Korean collections may stand among the carousels", pushes=4)
ECHO = frozenset({"type", "created_at", "updated_at", "season_id"})
# (method, path, recorded status) -> the deviation
DEVIATIONS: dict[tuple[str, str, int], Deviation] = {
    ("PATCH", "/api/titles/5", 405): METHOD,
    ("DELETE", "/api/titles", 405): METHOD,
    ("GET", "/api/movies", 400): METHOD,
    ("GET", "/api/shows", 400): METHOD,
    ("PUT", "/api/seasons/1", 405): METHOD,
    ("GET", "/api/nope", 404): Deviation("7: unknown paths answer JSON", status=404, error="Not found"),
    ("GET", "/api/collections/top-korean-shows", 200): KOREAN,
    ("GET", "/api/discover/carousels", 200): CAROUSELS,
    ("GET", "/api/discover/carousels?page=2&per_page=3", 200): CAROUSELS,
    ("GET", "/api/discover/carousels?page=99", 200): CAROUSELS,
    ("GET", "/api/discover/carousels?per_page=0", 200): CAROUSELS,
    ("GET", "/api/discover/carousels?per_page=51&page=x", 200): CAROUSELS,
    ("POST", "/api/titles", 500): CONFLICT,
    ("POST", "/api/shows/10/seasons", 500): CONFLICT,
    ("POST", "/api/seasons/56/episodes", 500): CONFLICT,
    ("POST", "/api/shows/999999/seasons", 500): Deviation("5: an unknown parent", status=404, error="Not found"),
    ("PUT", "/api/titles/999999", 200): Deviation("6: nothing is there to change", status=404, error="Not found"),
    ("PUT", "/api/titles/5", 200): Deviation("6: the whole entity, no zeros", ignored=ECHO, has_more=True),
    ("PUT", "/api/episodes/981", 200): Deviation("6: the whole entity, no zeros", ignored=ECHO, has_more=True),
}
# 10: titles that tie came in any order. Sort order -> the field it sorts by
ORDERED_BY = {
    "most_rated": "num_votes",
    "trending": "tmdb_popularity",
    "popular": "engagement_count",
    "top_rated": "average_rating",
    "newest": "start_year",
    "hidden_gems": "average_rating",
    "a-z": "display_name",
}
# The day of the record: facts written by the examples are newer.
RECORDED = "2026-11-23"


def examples(path: Path) -> list[Example]:
    """Return the recorded requests with their answers, in order."""
    return [Example(**json.loads(line)) for line in path.read_text().splitlines()]


def compare(example: Example, response: httpx.Response, deviation: Deviation = AS_RECORDED) -> list[str]:
    """Return the differences between an answer and the recorded one."""
    where = f"{example.method} {example.path}"
    wanted_status = deviation.status or example.status
    if response.status_code != wanted_status:
        return [f"{where}: {wanted_status} != {response.status_code} {response.text[:100]}"]
    if wanted_status == 204:
        return [] if not response.content else [f"{where}: a body"]
    if response.headers["content-type"] != "application/json":
        return [f"{where}: {response.headers['content-type']}"]
    if wanted_status >= 400:
        error = deviation.error or (example.json["error"] if deviation is AS_RECORDED else None)
        return [] if error is None or response.json() == {"error": error} else [f"{where}: {response.text}"]
    wanted, found = expected(example), response.json()
    if deviation.pushes:
        return [f"{where} {each}" for each in _carousels(wanted, found, deviation.pushes)]
    if isinstance(wanted, dict):
        wanted = {name: one for name, one in wanted.items() if name not in deviation.ignored}
        more = found.keys() - wanted.keys() if deviation.has_more else deviation.ignored
        found = {name: one for name, one in found.items() if name not in more}
    return [f"{where} {each}" for each in differences(wanted, found, order=ordered_by(example.path))]


def expected(example: Example) -> Any:
    """Return the recorded answer without the faults of every answer of the original: null lists and sentinels."""
    if example.text == "null\n":
        return []
    return cleaned(example.json)


def cleaned(value: Any, key: str = "") -> Any:
    """Return JSON with null lists empty and sentinels absent."""
    if isinstance(value, dict):
        return {
            name: cleaned(one, name)
            for name, one in value.items()
            if not (name == "image_url" and one in SENTINELS) and name != "description"
        }
    if isinstance(value, list):
        return [cleaned(one) for one in value]
    return [] if value is None and key in ("titles", "languages", "carousels") else value


def ordered_by(path: str) -> str:
    """Return the field that orders the titles of an answer."""
    if path.startswith("/api/collections/"):
        return "average_rating"
    asked = parse_qs(urlsplit(path).query).get("sort", ["most_rated"])[0]
    return ORDERED_BY.get(asked, "num_votes")


def differences(wanted: Any, found: Any, *, order: str, where: str = "") -> list[str]:
    """Return the differences between two answers; `order` is the field that sorts their titles."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        names = sorted({*wanted, *found} - {"description"})
        return [each for name in names for each in _member(name, wanted, found, order, where)]
    if isinstance(wanted, list) and isinstance(found, list):
        return _list(wanted, found, order, where)
    return [] if wanted == found else [f"{where}: {wanted!r} != {found!r}"]


def _carousels(wanted: dict, found: dict, pushes: int) -> list[str]:
    """Compare pages of carousels by slug: the order of the shared ones, and the number of others."""
    ours, theirs = ({one["slug"]: one for one in page["carousels"]} for page in (found, wanted))
    new = [slug for slug in ours if slug not in theirs]
    problems = []
    if len(theirs.keys() - ours.keys()) > pushes or len(new) > pushes:
        problems.append(f"{sorted(ours)} instead of {sorted(theirs)}")
    if not 0 <= found["total"] - wanted["total"] <= pushes:
        problems.append(f"total: {wanted['total']} != {found['total']}")
    both = [
        {**page, "total": 0, "carousels": [one for slug, one in own.items() if slug in others]}
        for page, own, others in ((wanted, theirs, ours), (found, ours, theirs))
    ]
    return problems + differences(*both, order="average_rating")


def _list(wanted: list, found: list, order: str, where: str) -> list[str]:
    if len(wanted) != len(found):
        return [f"{where}: {len(wanted)} != {len(found)} entries"]
    key, order = ("code", "count") if where.endswith("languages") else ("title_id", order)
    if wanted and isinstance(wanted[0], dict) and key in wanted[0] and order in wanted[0]:
        return _tied(wanted, found, key, order, where)
    pairs = enumerate(zip(wanted, found, strict=True))
    return [each for number, pair in pairs for each in differences(*pair, order=order, where=f"{where}[{number}]")]


def _tied(wanted: list, found: list, key: str, order: str, where: str) -> list[str]:
    """Compare lists whose ties have any order: the page may even end inside a tie."""
    values = [one.get(order) for one in wanted]
    if values != [one.get(order) for one in found]:
        return [f"{where}: not in the order of {order}"]
    ours, theirs = ({one[key]: one for one in each} for each in (found, wanted))
    strangers = [id_ for id_ in theirs.keys() ^ ours.keys() if {**theirs, **ours}[id_].get(order) != values[-1]]
    shared = theirs.keys() & ours.keys()
    found_differences = [
        each for id_ in shared for each in differences(theirs[id_], ours[id_], order=order, where=f"{where}[{id_}]")
    ]
    return [f"{where}: {strangers} are not in both"] * bool(strangers) + found_differences


def _member(name: str, wanted: dict, found: dict, order: str, where: str) -> list[str]:
    where = f"{where}.{name}"
    if name not in wanted:
        # 9: collections have languages and regions
        return [] if name in ("languages", "regions") else [f"{where}: {found[name]!r} is new"]
    if name not in found:
        return [f"{where}: {wanted[name]!r} is missing"]
    # 8: computed where the original has null
    if name == "is_season_finished" and wanted[name] is None:
        return []
    if name in ("created_at", "updated_at") and wanted[name] >= RECORDED:
        return [] if found[name] >= RECORDED else [f"{where}: {found[name]} is old"]
    return differences(wanted[name], found[name], order=order, where=where)

"""Match: the titles that fit the hints of Plex about a file, surest first: an id, then the name with the year."""

import re
from collections.abc import Mapping
from typing import Any

from mediacanon.rest_compat.endpoint import Data, Run, Texts, Variables
from mediacanon.rest_compat.plex.keys import IDENTIFIERS, Ask, country_of, is_set, number_of, read_key, text_of
from mediacanon.rest_compat.plex.rules import Item, container, items_of, with_children

MOVIE, SHOW, SEASON, EPISODE = 1, 2, 3, 4
TYPES = {"movie": (MOVIE,), "show": (SHOW, SEASON, EPISODE)}
# The reasons of a hit whose name is the one asked for.
EXACT = ("ID", "NAME", "ORIGINAL_TITLE", "SPELLING", "ALTERNATIVE_TITLE")
# Hits among which a person chooses.
MOST_HITS = 20
_OWN = re.compile(rf"(?:{'|'.join(map(re.escape, IDENTIFIERS.values()))})://[a-z]+/(?P<key>.*)")
_GUID = re.compile(r"imdb://(?P<imdb>tt[0-9]{7,10})|(?P<source>tmdb|tvdb)://(?P<number>[0-9]{1,9})")
_IN_NAME = re.compile(
    r"(?<![A-Za-z0-9])(?P<imdb>tt[0-9]{7,10})(?![A-Za-z0-9])|\{(?P<source>tmdb|tvdb)-(?P<number>[0-9]{1,9})\}"
)


class Match:
    """Loads the titles of one kind that fit; for a season or an episode, its show with all episodes."""

    def __init__(self, kind: str) -> None:
        self._kind = kind

    async def __call__(self, run: Run, variables: Variables, texts: Texts) -> Data:
        """Return the data of the best source that has a title."""
        ask = Ask(run, variables, texts)
        type_ = number_of(texts, "type", TYPES[self._kind][0])
        if type_ not in TYPES[self._kind]:
            return {}
        found = await self._by_id(ask, type_, texts)
        if found is None and variables["name"]:
            # The year of a season or an episode is not that of its show.
            year = number_of(texts, "year") if type_ in (MOVIE, SHOW) else None
            hits = (await ask("Name", kind=self._kind, year=year))["search"]
            found = {"search": self._ranked(hits, year, texts)}
        if found is None or "show" in found:
            return found or {}
        [hits] = [hits["found"] if isinstance(hits, dict) else hits for hits in found.values()]
        title = hits[0]["title"] if hits else None
        if title and (type_ in (SEASON, EPISODE) or (type_ == SHOW and is_set(texts, "includeChildren"))):
            return await ask("Show", id=title["showId"])
        return found

    async def _by_id(self, ask: Ask, type_: int, texts: Texts) -> Data | None:
        ids = []
        if key := _own_key(self._kind, texts):
            if key["id"]:
                return await self._by_own_id(ask, int(key["id"]))
            ids.append(key["imdb"])
        # The TMDB id or TVDB id of a season or an episode is no id of a show.
        if (guid := _GUID.fullmatch(text_of(texts, "guid"))) and (guid["imdb"] or type_ in (MOVIE, SHOW)):
            ids.append(self._outer_id(guid))
        # A person who chooses may type an id as the title.
        for name in ("filename", "Media.0.Part.0.file", "title"):
            ids += [self._outer_id(each) for each in _IN_NAME.finditer(text_of(texts, name))]
        found = (await ask("Ids", ids=ids))["lookup"]["found"] if ids else []
        fitting = [each for each in found if self._fits(each["title"]) or (type_ == EPISODE and each["episode"])]
        return {"lookup": {"found": fitting[:1]}} if fitting else None

    def _outer_id(self, found: re.Match[str]) -> str:
        """Return the id that `lookup` takes; TMDB numbers the titles of each kind."""
        return found["imdb"] or f"{self._kind if found['source'] == 'tmdb' else 'tvdb'}:{found['number']}"

    async def _by_own_id(self, ask: Ask, id_: int) -> Data | None:
        data = await ask(self._kind.capitalize(), id=id_)
        if self._kind == "show":
            return data if data["show"] else None
        return {"search": [{"matchedOn": None, **data["movie"]}]} if data["movie"] else None

    def _fits(self, title: Mapping[str, Any] | None) -> bool:
        return title is not None and title[f"{self._kind}Id"] is not None

    def _ranked(self, hits: list[Item], year: int | None, texts: Texts) -> list[Item]:
        """Return hits of the kind, exact names and near years first; those a year off, if there are any.

        With another year, Plex takes an exact name alone; without one no name that is merely like it, and never a title
        of a person of that name: a person may choose among all.
        """
        is_manual = is_set(texts, "manual")
        unsure = () if is_manual else ("PERSON",) if year else ("PERSON", "SIMILAR")
        fitting = [hit for hit in hits if self._fits(hit["title"]) and hit["matchedOn"] not in unsure]
        if year:
            near = [hit for hit in fitting if abs((hit["title"]["startYear"] or 0) - year) <= 1]
            exact = fitting if is_manual else [hit for hit in fitting if _is_exact(hit)]
            fitting = near or exact
        return sorted(
            fitting, key=lambda hit: (not _is_exact(hit), abs((hit["title"]["startYear"] or 0) - year) if year else 0)
        )[:MOST_HITS]


def _is_exact(hit: Item) -> bool:
    return hit["matchedOn"] in EXACT


def _own_key(kind: str, texts: Texts) -> re.Match[str] | None:
    guid = _OWN.fullmatch(text_of(texts, "guid"))
    return read_key(guid["key"], kind) if guid else None


def matches(kind: str, found: Any, texts: Texts) -> Item:  # noqa: ANN401 - hits, or a show with its episodes
    """Return the best match, or the best for a person to choose from."""
    country = country_of(texts)
    if isinstance(found, dict):
        items = _below(found, texts, country)
    else:
        items = [(items_of(hit.get("episode", hit), country)[0], []) for hit in found]
    most = MOST_HITS if is_set(texts, "manual") else 1
    return container(kind, [with_children(item, below, texts) for item, below in items[:most]], {})


def _below(show: Mapping[str, Any], texts: Texts, country: str) -> list[tuple[Item, list[Item]]]:
    """Return the show, or its season or episode that is asked for, with the items below."""
    item, seasons, episodes = items_of(show, country)
    type_, key = number_of(texts, "type", SHOW), _own_key("show", texts)
    below = {each["index"]: [one for one in episodes if one["parentIndex"] == each["index"]] for each in seasons}
    if type_ == SHOW:
        return [(item, seasons)]
    index, parent = number_of(texts, "index"), number_of(texts, "parentIndex")
    if type_ == SEASON:
        wanted = int(key["season"]) if key and key["season"] else index
        return [(season, below[wanted]) for season in seasons if season["index"] == wanted]
    if key and key["episode"]:
        parent, index = int(key["season"]), int(key["episode"])
    if index is not None and parent is not None:
        return [(one, []) for one in below.get(parent, []) if one["index"] == index]
    day = text_of(texts, "date")
    return [(one, []) for one in episodes if day and one.get("originallyAvailableAt") == day]

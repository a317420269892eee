"""Rules of the providers: items of Plex with those above them, containers, and pages."""

from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from typing import Any

from mediacanon.rest_compat.endpoint import Texts
from mediacanon.rest_compat.plex.keys import (
    IDENTIFIERS,
    KEY,
    UNPREFIXED,
    country_of,
    is_set,
    number_of,
    text_of,
    work_key,
)
from mediacanon.vocabulary import country_names

# Entries of a page without a size, and the most on one.
PAGE, LARGEST_PAGE = 20, 1_000
METADATA = "/library/metadata"
# Facts of parent and grandparent that an item has.
ABOVE = ("ratingKey", "guid", "type", "title", "thumb", "art")
MILLISECONDS = 60_000

Facts = Mapping[str, Any]
Item = dict[str, Any]
Arrange = Callable[[Any, Texts], Item | None]


def _item(type_: str, key: str, title: str, **more: Any) -> Item:  # noqa: ANN401 - any JSON
    """Return an item of its known facts, with its images and its year."""
    found: Item = {
        "ratingKey": key,
        "key": f"{METADATA}/{key}" + ("/children" if type_ in ("show", "season") else ""),
        "guid": f"{IDENTIFIERS['movie' if type_ == 'movie' else 'show']}://{type_}/{key}",
        "type": type_,
        "title": title,
        **{name: value for name, value in more.items() if value not in (None, "", [])},
    }
    if "originallyAvailableAt" in found:
        found.setdefault("year", int(found["originallyAvailableAt"][:4]))
    kinds = {"thumb": "snapshot" if type_ == "episode" else "coverPoster", "art": "background"}
    images = [{"type": kind, "url": found[name], "alt": title} for name, kind in kinds.items() if name in found]
    return found | ({"Image": images} if images else {})


def _text(facts: Facts, name: str) -> str | None:
    found: str | None = facts[name]["text"] if name in facts else None
    return found


def _tags(names: Sequence[str]) -> list[Item]:
    return [{"tag": name} for name in dict.fromkeys(names)]


def _ratings(facts: Facts) -> list[Item]:
    rating = facts.get("averageRating")
    return [] if rating is None else [{"image": "imdb://image.rating", "type": "audience", "value": rating}]


def _guids(**ids: object) -> list[Item]:
    return [{"id": f"{name}://{id_}"} for name, id_ in ids.items() if id_]


def _title(title: Facts, country: str) -> Item:
    """Return a movie or a show, with its details where they are among the facts."""
    name, start = _text(title, "name") or title["displayName"], title.get("startYear")
    original, certification = title.get("originalTitle"), title.get("certification")
    prefix = "" if country == UNPREFIXED else f"{country.lower()}/"
    return _item(
        title["type"],
        work_key(title, title["ids"].get("imdb")),
        name,
        originalTitle=None if original == name else original,
        # Plex needs a day.
        originallyAvailableAt=title.get("releaseDate") or (f"{start}-01-01" if start else None),
        year=start,
        summary=_text(title, "overview"),
        contentRating=f"{prefix}{certification}" if certification else None,
        thumb=title.get("poster"),
        art=title.get("backdrop"),
        Guid=_guids(**title["ids"]),
        Rating=_ratings(title),
        **(_details(title) if "genres" in title else {}),
    )


def _details(title: Facts) -> Item:
    companies = [company["name"] for company in title["companies"]]
    countries = title["countries"] or [code for code in [title.get("originCountry")] if code]
    producers = [each for each in _credits(title, "producers") if each["category"] == "producer"]
    return {
        "tagline": _text(title, "tagline"),
        "isAdult": title["isAdult"] or None,
        "duration": title.get("runtimeMinutes", 0) * MILLISECONDS or None,
        "studio": companies[0] if companies else None,
        "Genre": _tags(title["genres"]),
        "Country": _tags([_country(code) for code in countries]),
        "Studio": _tags(companies),
        "Network": _tags([network["name"] for network in title.get("networks", ())]),
        "Role": [
            {
                "tag": each["person"]["name"],
                "order": each["position"],
                **({"role": " / ".join(each["characters"])} if each["characters"] else {}),
            }
            for each in _credits(title, "cast")
        ],
        "Director": _tags([each["person"]["name"] for each in _credits(title, "directors")]),
        "Writer": _tags([each["person"]["name"] for each in _credits(title, "writers")]),
        "Producer": _tags([each["person"]["name"] for each in producers]),
        "Similar": [
            {"guid": f"{IDENTIFIERS[each['type']]}://{each['type']}/{work_key(each, each.get('imdbId'))}"}
            | {"tag": each["displayName"]}
            for each in title["similar"]
        ],
    }


def _country(code: str) -> str:
    return "United States of America" if code == "US" else country_names().get(code, code)


def _credits(title: Facts, name: str) -> list[Item]:
    page = title.get(name)
    return page["items"] if page else []


def _above(prefix: str, item: Item) -> Item:
    """Return the facts of an item above as the items below it have them: `parentTitle`."""
    said = {f"{prefix}{name[0].upper()}{name[1:]}": item[name] for name in ABOVE if name in item}
    return said | {f"{prefix}Key": f"{METADATA}/{item['ratingKey']}"}


def _season(season: Facts, show: Item) -> Item:
    number = season["seasonNumber"]
    days = [each["airDate"] for each in season.get("episodes", ()) if "airDate" in each]
    return _item(
        "season",
        f"{show['ratingKey']}-s{number}",
        season.get("name") or (f"Season {number}" if number else "Specials"),
        originallyAvailableAt=season.get("airDate") or min(days, default=show.get("originallyAvailableAt")),
        summary=season.get("overview"),
        contentRating=show.get("contentRating"),
        thumb=season.get("poster") or show.get("thumb"),
        art=show.get("art"),
        index=number,
        Guid=_guids(**season["ids"]),
        **_above("parent", show),
    )


def _episode(episode: Facts, season: Item, show: Item) -> Item:
    number, imdb_id = episode["episodeNumber"], episode.get("imdbId")
    return _item(
        "episode",
        imdb_id or f"{season['ratingKey']}e{number}",
        episode.get("displayName") or f"Episode {number}",
        originallyAvailableAt=episode.get("airDate") or season.get("originallyAvailableAt"),
        summary=episode.get("synopsis"),
        contentRating=show.get("contentRating"),
        duration=episode.get("runtimeMinutes", 0) * MILLISECONDS or None,
        thumb=episode.get("still"),
        art=show.get("art"),
        index=number,
        parentIndex=season["index"],
        Guid=_guids(imdb=imdb_id),
        Rating=_ratings(episode),
        **_above("parent", season),
        **_above("grandparent", show),
    )


def items_of(facts: Facts, country: str) -> tuple[Item, list[Item], list[Item]]:
    """Return the item of a movie, show, season or episode, and those one and two levels below it."""
    if "title" in facts:
        title, children, grandchildren = _title(facts["title"], country), [], []
        for each in facts.get("seasons", ()):
            season = _season(each, title)
            children.append(season)
            # A show by itself has only the days of its episodes.
            grandchildren += [_episode(one, season, title) for one in each["episodes"] if "episodeNumber" in one]
        return title, children, grandchildren
    of_season = facts.get("season", facts)
    show = _title(of_season["show"]["title"], country)
    season = _season(of_season, show)
    if "episodeNumber" in facts:
        return _episode(facts, season, show), [], []
    return season, [_episode(each, season, show) for each in facts["episodes"]], []


def _items_by_key(facts: Facts, texts: Texts) -> tuple[Item, list[Item], list[Item]] | None:
    """Return the items of the answer to a key; None for an episode that its season does not have."""
    item, children, grandchildren = items_of(facts, country_of(texts))
    key = KEY.fullmatch(text_of(texts, "ratingKey"))
    if key is None or key["episode"] is None:
        return item, children, grandchildren
    found = next((each for each in children if each["index"] == int(key["episode"])), None)
    return (found, [], []) if found else None


def with_children(item: Item, children: list[Item], texts: Texts) -> Item:
    """Return an item of a show or season with those below it, where they are asked for."""
    if not is_set(texts, "includeChildren") or item["type"] not in ("show", "season"):
        return item
    return item | {"Children": {"size": len(children), "Metadata": children}}


def container(kind: str, items: Sequence[Item], texts: Texts, name: str = "Metadata") -> Item:
    """Return a page of items in Plex's envelope."""
    start = number_of(texts, "X-Plex-Container-Start") or 0
    size = min(number_of(texts, "X-Plex-Container-Size", PAGE) or 0, LARGEST_PAGE)
    shown = items[start : start + size]
    about = {"offset": start, "totalSize": len(items), "identifier": IDENTIFIERS[kind], "size": len(shown)}
    return {"MediaContainer": {**about, name: shown}}


def provider(kind: str) -> Arrange:
    """Return the rule of the registration document of a provider."""
    identifier = IDENTIFIERS[kind]
    types = [1] if kind == "movie" else [2, 3, 4]
    document = {
        "identifier": identifier,
        "title": f"MediaCanon {kind.capitalize()}s",
        "version": version("mediacanon"),
        "Types": [{"type": type_, "Scheme": [{"scheme": identifier}]} for type_ in types],
        "Feature": [
            {"type": "metadata", "key": METADATA},
            {"type": "match", "key": f"{METADATA}/matches"},
        ],
    }
    return lambda _, __: {"MediaProvider": document}


def metadata(kind: str, facts: Facts, texts: Texts) -> Item | None:
    """Return the item of a key, None if there is none."""
    found = _items_by_key(facts, texts)
    return found and container(kind, [with_children(found[0], found[1], texts)], {})


def children(facts: Facts, texts: Texts) -> Item | None:
    """Return a page of the seasons of a show, or of the episodes of a season."""
    found = _items_by_key(facts, texts)
    return found and container("show", found[1], texts)


def grandchildren(facts: Facts, texts: Texts) -> Item | None:
    """Return a page of all episodes of a show; there are none of a season."""
    found = _items_by_key(facts, texts)
    return found and container("show", found[2], texts)


def images(kind: str, facts: Facts, texts: Texts) -> Item | None:
    """Return the images of an item."""
    found = _items_by_key(facts, texts)
    return found and container(kind, found[0].get("Image", []), {}, "Image")


def extras(kind: str, facts: Facts, texts: Texts) -> Item | None:
    """Return no extras: Plex plays files, and trailers are pages of other sites."""
    return _items_by_key(facts, texts) and container(kind, [], {})

"""Invents the alternative titles of the demo: by region and language, in the scripts of the world."""

import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from mediacanon.imdb.demo.catalogue import DemoEpisode, DemoTitle
from mediacanon.imdb.demo.words import TONGUES, phrases

# Shares of titles: with a name in a language of another country, with a working title.
FOREIGN_NAME, WORKING = 0.35, 0.08
# The region of a display title, and the language where IMDb gives it.
REGIONS: dict[str, tuple[str, str | None]] = {
    "fr": ("FR", None),
    "es": ("ES", None),
    "de": ("DE", None),
    "it": ("IT", None),
    "ja": ("JP", "ja"),
    "ko": ("KR", None),
    "hi": ("IN", "hi"),
    "ru": ("RU", None),
    "sv": ("SE", None),
    "da": ("DK", None),
}
# The names that IMDb makes for an episode without one, after the original: region, language, name.
MACHINE_MADE = (
    ("PT", "pt", "Episódio"),
    ("IN", "hi", "एपिसोड"),
    ("FR", "fr", "Épisode"),
    ("IT", "it", "Episodio"),
    ("DE", "de", "Folge"),
    ("JP", "ja", "エピソード"),
    ("ES", "es", "Episodio"),
)
PLAIN_EPISODES = 40


class Aka(NamedTuple):
    """A row of title.akas after its title and its number."""

    name: str
    region: str | None = None
    language: str | None = None
    types: str | None = "imdbDisplay"
    attributes: str | None = None


# Display titles of the landmarks; the documentation and the tests name them.
LANDMARKS = {
    "tt99000001": (
        Aka("Die Leuchtturmwärter", "DE"),
        Aka("Die Leuchtturmhüter", "AT"),
        Aka("Les Gardiens du phare", "FR"),
        Aka("Les Gardiens de phare", "CA", "fr"),
        Aka("The Lighthouse Keepers", "CA", "en"),
        Aka("Los guardianes del faro", "ES"),
        Aka("Latarnicy", "PL"),
        Aka("Хранители маяка", "RU"),
        Aka("Хранителі маяка", "UA"),
        Aka("Οι φύλακες του φάρου", "GR"),
        Aka("灯台守", "JP", "ja"),
        Aka("Tôdaimori", "JP", "ja", "alternative", "transliterated title"),
        Aka("守燈塔的人", "HK", "yue"),
        Aka("灯塔守护者", "CN", "cmn"),
        Aka("등대지기들", "KR"),
        Aka("حراس المنارة", "EG"),
        Aka("שומרי המגדלור", "IL"),
        Aka("ผู้เฝ้าประภาคาร", "TH"),
        Aka("प्रकाशस्तंभ के रखवाले", "IN", "hi"),
        Aka("შუქურის მცველები", "GE"),
        Aka("Vuurtorenwachters", "BE", "nl"),
        Aka("Blue Lamp", "US", None, "working"),
        Aka("The Lighthouse Keepers: Restored", "GB", None, None, "reissue title\x02recut version"),
    ),
    "tt99000002": (
        Aka("Papiersatelliten", "DE"),
        Aka("Paper Satellites", "FR"),
        Aka("Les Satellites de papier", "CA", "fr"),
        Aka("Satélites de papel", "ES"),
        Aka("Бумажные спутники", "RU"),
        Aka("ペーパー・サテライト", "JP", "ja"),
        Aka("The Lighthouse Keepers 2", "US", None, "working"),
    ),
    "tt99100001": (
        Aka("Hafenlichter", "DE"),
        Aka("Les Lumières du port", "FR"),
        Aka("Огни гавани", "RU"),
        Aka("港の灯", "JP", "ja"),
        Aka("Φώτα του λιμανιού", "GR"),
        Aka("Harbor Lights", "US"),
        Aka("Światła portu", "PL", types=None),
        Aka("Вогні гавані", "UA", types=None),
        Aka("Огни порта", "RU", types=None),
        Aka("Světla přístavu", "CZ", types=None, attributes="informal title"),
    ),
}


def build_akas(titles: Sequence[DemoTitle], episodes: Sequence[DemoEpisode], seed: int) -> dict[str, list[Aka]]:
    """Return the rows of each title and episode; the first of each title is its original."""
    chooser = random.Random(f"names of {seed}")  # noqa: S311 - inventing names, not secrets
    akas = {title.imdb_id: list(_of_title(chooser, title)) for title in titles}
    plain = [episode for episode in episodes if episode.name.startswith("Episode ")][:PLAIN_EPISODES]
    for episode in plain:
        numbered = f"#{episode.season}.{episode.episode}"
        made = [Aka(f"{word} {numbered}", region, language, None) for region, language, word in MACHINE_MADE]
        akas[episode.imdb_id] = [Aka(f"Episode {numbered}", types="original"), *made]
    return akas


def _of_title(chooser: random.Random, title: DemoTitle) -> Iterator[Aka]:
    yield Aka(title.name.original, types="original")
    if title.name.original != title.name.display:
        yield Aka(title.name.display, "US")
        yield Aka(title.name.original, title.origin_country)
    if title.imdb_id in LANDMARKS:
        yield from LANDMARKS[title.imdb_id]
        return
    for language, (region, named) in REGIONS.items():
        if language == title.original_language or chooser.random() >= FOREIGN_NAME / 2:
            continue
        tongue = TONGUES[language]
        head, tail = chooser.choice(phrases(tongue.heads)), chooser.choice(phrases(tongue.tails))
        first, second = (tail, head) if tongue.is_tail_first else (head, tail)
        yield Aka(f"{first.original}{tongue.gap}{second.original}", region, named)
        if first.romanised:
            yield Aka(f"{first.romanised} {second.romanised}", region, named, "alternative", "transliterated title")
    if chooser.random() < WORKING:
        yield Aka(f"Untitled {title.genres[0]} Project", "US", None, "working")

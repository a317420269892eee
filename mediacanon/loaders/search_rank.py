"""The rank of a find: the nearness of its name to the text, against its fame.

Votes count by their logarithm to base 10, so each step of 1 is worth ten times the votes: a film with the very name
comes before a film that ten times as many people know and whose name only begins so.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import asyncpg

from mediacanon.loaders.search_candidates import CREDITED, KEY, LIKENESS, NAME, ORIGINAL, PERSON, TITLE, WORKING_NAME
from mediacanon.loaders.search_text import Reading, beginning_of, required_words

MATCHED_ON = (
    "ID",
    "NAME",
    "ORIGINAL_TITLE",
    "SPELLING",
    "ALTERNATIVE_TITLE",
    "PERSON",
    "PREFIX",
    "WORDS",
    "SIMILAR",
)

# What is taken off the logarithm of the votes.
EXACT, SPELLING, BEGINNING, WHOLE_WORDS, SOME_WORDS = 0.0, 0.4, 1.8, 2.3, 3.2
BY_KIND = {TITLE: 0.0, ORIGINAL: 0.2, NAME: 0.6, WORKING_NAME: 2.0, PERSON: 0.8}
# The end of a word is missing, too.
INSIDE_A_WORD = 0.4
# A name that is ten times as long as the text.
LONGER = 0.8
MISTAKE = 2.5
BY_SOUND = 2.5
# Of a likeness from 0.5 to 1, and of votes then: equally famous names differ more than equally like ones.
BY_LIKENESS, LEAST_LIKE, VOTES_OF_LIKE = 10.0, 13.0, 0.5
# Words left out of a name, and what they say: the right year, the right country, the right kind.
LEFT_OUT, RIGHT_YEAR, NEAR_YEAR, WRONG_YEAR = 1.0, 2.5, 0.5, -1.5
RIGHT_COUNTRY, WRONG_COUNTRY, RIGHT_KIND, WRONG_KIND = 1.6, -1.0, 0.5, -0.6
# A title of a person, and each one after it.
OF_PERSON, NEXT_OF_PERSON = 0.3, 0.05


@dataclass(frozen=True, slots=True)
class Wanted:
    """A text that is looked for: a reading of the typed one, less likely by `penalty`."""

    reading: Reading
    penalty: float = 0.0
    is_corrected: bool = False
    # Whether names with its words are looked for, not only its spellings.
    has_words: bool = True
    name: str = field(init=False)
    words: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.reading.name)
        object.__setattr__(self, "words", tuple(map(beginning_of, required_words(self.reading.words))))


@dataclass(frozen=True, slots=True)
class Found:
    """A title or a person that was found; `name` is the folded name that matched."""

    kind: str
    id: int
    score: float
    matched_on: str
    name: str = ""
    by_kind: str = TITLE
    is_exact: bool = False
    is_whole: bool = False
    # Of a title.
    type: str | None = None


@dataclass(slots=True)
class Ranking:
    """The best match of each title and person."""

    wanted: list[Wanted]
    best: dict[tuple[str, int], Found] = field(default_factory=dict)

    @property
    def top_score(self) -> float:
        """The score of the best."""
        return max((found.score for found in self.best.values()), default=-math.inf)

    def add(self, records: Iterable[asyncpg.Record]) -> None:
        """Add the finds, and keep the best match of each title and person."""
        credited = 0
        for record in records:
            kind = record["kind"]
            if kind == CREDITED:
                found = self._of_person(record, credited)
                credited += 1
            elif record["found"] == LIKENESS:
                votes = VOTES_OF_LIKE * math.log10((record["votes"] or 0) + 1)
                score = BY_LIKENESS * record["likeness"] - LEAST_LIKE + votes
                name = record["names"].split("|")[1].strip()
                found = Found(_noun(kind), record["id"], score, "SIMILAR", name, kind, type=record["type"])
            else:
                found = self._named(record)
            before = self.best.get((found.kind, found.id)) if found else None
            # What is only like the text was found by more than that already.
            if found and (before is None or (found.score > before.score and record["found"] != LIKENESS)):
                self.best[found.kind, found.id] = found

    def _named(self, record: asyncpg.Record) -> Found | None:
        """Return the nearest of the names to any of the wanted texts."""
        kind, place = record["kind"], record["place"]
        votes = math.log10((record["votes"] or 0) + 1) - BY_KIND[kind]
        if record["found"] == KEY:
            wanted = [self.wanted[abs(place) - 1]]
        else:
            wanted = [each for each in self.wanted if each.has_words]
        best: Found | None = None
        for number, folded in enumerate(filter(None, map(str.strip, record["names"].split("|")))):
            for each in wanted:
                near = _nearness(kind, folded, each, is_key=record["found"] == KEY, is_beginning=(place or 0) < 0)
                if near is None:
                    continue
                penalty, matched_on = near
                score = votes - penalty - each.penalty - BY_KIND[ORIGINAL] * number + _told(record, each.reading)
                if each.is_corrected:
                    matched_on = "SIMILAR"
                elif matched_on in ("NAME", "SPELLING") and kind in (NAME, WORKING_NAME):
                    matched_on = "ALTERNATIVE_TITLE"
                elif matched_on == "NAME" and (number or kind == ORIGINAL):
                    matched_on = "ORIGINAL_TITLE"
                if best is None or score > best.score:
                    is_exact = kind in (TITLE, ORIGINAL) and folded == self.wanted[0].reading.name
                    is_whole = penalty <= SPELLING
                    best = Found(
                        _noun(kind), record["id"], score, matched_on, folded, kind, is_exact, is_whole, record["type"]
                    )
        return best

    def _of_person(self, record: asyncpg.Record, place: int) -> Found | None:
        person = self.best.get((PERSON, int(record["names"])))
        if person is None:
            return None
        score = person.score - OF_PERSON - NEXT_OF_PERSON * place
        return Found(TITLE, record["id"], score, "PERSON", person.name, PERSON, type=record["type"])

    def people(self, most: int, least: float) -> list[int]:
        """Return the best people whose whole name was meant."""
        found = [each for each in self.best.values() if each.kind == PERSON and each.score >= least]
        return [each.id for each in sorted(found, key=lambda each: -each.score)[:most]]

    def sorted(self, kinds: Sequence[str], limit: int, type_: str | None = None) -> list[Found]:
        """Return the best, of titles those of the type, one with the very name among the first two."""
        fitting = [each for each in self.best.values() if each.kind in kinds and type_ in (None, each.type or type_)]
        ranked = sorted(fitting, key=lambda each: (-each.score, each.id))
        named = next((place for place, each in enumerate(ranked) if each.is_exact), 0)
        if named > 1:
            ranked.insert(1, ranked.pop(named))
        return ranked[:limit]


def _noun(kind: str) -> str:
    return PERSON if kind == PERSON else TITLE


def _nearness(kind: str, folded: str, wanted: Wanted, *, is_key: bool, is_beginning: bool) -> tuple[float, str] | None:
    """Return the distance of a name from a text, and the reason of the match; None without a match."""
    name = wanted.name
    if folded == name:
        return EXACT, "NAME"
    if is_key and not is_beginning:
        return SPELLING, "SPELLING"
    length = LONGER * (1 - len(name) / max(len(folded), len(name)))
    if is_key or folded.startswith(name):
        # The first name of a person tells no more than the last.
        near = WHOLE_WORDS if kind == PERSON else BEGINNING
        is_whole = folded.startswith(f"{name} ")
        return near + length + (0 if is_whole else INSIDE_A_WORD), "PREFIX"
    spaced = f" {folded} "
    if not all(word in spaced for word in wanted.words):
        return None
    are_whole = all(f"{word} " in spaced for word in wanted.words)
    near = BEGINNING if folded.endswith(f" {name}") else WHOLE_WORDS if are_whole else SOME_WORDS
    return near + length, "WORDS"


def _told(record: asyncpg.Record, reading: Reading) -> float:
    """Return the score of the words beside a name: whether they tell year, country and kind of the title."""
    if not reading.is_narrowed:
        return 0.0
    told = -LEFT_OUT
    if reading.year:
        apart = abs((record["start_year"] or 0) - reading.year)
        told += RIGHT_YEAR if apart == 0 else NEAR_YEAR if apart == 1 else WRONG_YEAR
    if reading.country and record["origin_country"]:
        told += RIGHT_COUNTRY if record["origin_country"] == reading.country else WRONG_COUNTRY
    if reading.kind:
        told += RIGHT_KIND if record["type"] == reading.kind else WRONG_KIND
    return told

"""Writes the further files of a generated catalogue: alternative titles, cast, crew and people.

Shares, scripts and quirks follow the public files: 4.6 names a title, of which machine-made names of episodes are half;
8.2 rows of cast and crew a title, at most ten people of the cast; crew names a few people more; some are missing.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.dump import EPISODES, LARGEST_ID, LOW, SHOWS, Catalogue, Dump, Mask, build_ids, rows_of
from benchmarks.ragged import Numbers, write_rows
from mediacanon.imdb.datasets import AKAS, CREW, NAMES, PRINCIPALS

PEOPLE = 15_100_000
# Rows of cast and crew by kind of title: shows, films, episodes, others.
MEAN_CREDITS = {"show": 10, "film": 14, "episode": 7.75, "other": 7}
MEAN_NAMES = {"show": 5, "film": 8, "episode": 2, "other": 2.5}
FILMS = (2, 3)
MOST_NAMES, MOST_CREDITS = 63, 25
MOST_CAST = 10
CAST_SHARE = 0.55
MISSING_PERSON, RECAST = 0.005, 0.004
FURTHER_IN_CREW = 0.03

CAST = ("actor",) * 11 + ("actress",) * 8 + ("self",)
CREW_ORDER = (
    *("director", "writer", "writer", "producer", "producer", "composer", "cinematographer", "editor"),
    *("production_designer", "casting_director"),
)
JOBS = {
    "writer": (r"\N", r"\N", "screenplay", "story", "novel", "created by", 'play "Othello"'),
    "producer": ("producer", "producer", "executive producer", r"\N"),
}
FIRST_NAMES = [
    "Anna",
    "Ben",
    "Carla",
    "David",
    "Elena",
    "Frank",
    "Giulia",
    "Hugo",
    "Ines",
    "Jan",
    "Karin",
    "Luis",
    "Maria",
    "Nils",
    "Olga",
    "Paul",
    "Rosa",
    "Sam",
    "Tina",
    "Uwe",
    "Vera",
    "Will",
    "Yara",
    "Zoe",
    "José",
    "Noël",
    "Björn",
    "Søren",
    "Łukasz",
    "Zoë",
    "Jean-Luc",
    "Mary-Ann",
]
PROFESSIONS = (
    "actor",
    "actress",
    "actor,producer",
    "director,writer",
    "writer",
    "producer,production_manager",
    "composer,music_department,soundtrack",
    "editor,editorial_department",
    "miscellaneous",
    r"\N",
)
# Region, language, types, attributes and mark of a name, and the script it is in; frequent ones several times.
LATIN = (
    *([r"US.\N.imdbDisplay.\N.0", r"GB.\N.imdbDisplay.\N.0", r"FR.\N.imdbDisplay.\N.0", r"DE.\N.imdbDisplay.\N.0"] * 4),
    *([r"CA.fr.imdbDisplay.\N.0", r"CA.en.imdbDisplay.\N.0", r"ES.\N.imdbDisplay.\N.0", r"IT.\N.imdbDisplay.\N.0"] * 2),
    *[r"BR.\N.imdbDisplay.\N.0", r"PL.\N.imdbDisplay.\N.0", r"FI.sv.imdbDisplay.\N.0", r"XWW.en.imdbDisplay.\N.0"],
    *[r"TR.tr.imdbDisplay.\N.0", r"XYU.\N.\N.reissue_title.0", r"US.\N.working.\N.0", r"AT.\N.alternative.\N.0"],
    *[r"DDDE.\N.\N.literal_title.0", r"HU.\N.\N.informal_title.0", r"XEU.en.festival.\N.0", r"US.\N.dvd.\N.0"],
    "US.\\N.\\N.reissue title\x02recut version.0",
)
SCRIPTS = {
    "Хранители маяка;Сад без окон;Тишина за рекой;Мост": (r"RU.\N.imdbDisplay.\N.0", r"SUHH.ru.imdbDisplay.\N.0"),
    "灯台守;海辺の記憶;図書館の猫;ガラスの庭": (r"JP.ja.imdbDisplay.\N.0", r"JP.ja.alternative.\N.0"),
    "守燈塔的人;長夜": ("HK.yue.imdbDisplay.\\N.0", "CN.cmn.imdbDisplay.\\N.0"),
    "Οι φύλακες του φάρου;Ο κήπος": (r"GR.\N.imdbDisplay.\N.0",),
    "등대지기들;안개 속의 정원": (r"KR.\N.imdbDisplay.\N.0",),
    "حراس المنارة": (r"EG.\N.imdbDisplay.\N.0",),
    "שומרי המגדלור": (r"IL.\N.imdbDisplay.\N.0",),
    "ผู้เฝ้าประภาคาร": (r"TH.\N.imdbDisplay.\N.0",),
}
NOT_LATIN = 0.06
# The names that IMDb makes for an episode without one.
MACHINE_MADE = ("Episode", "Episódio", "एपिसोड", "Épisode", "Episodio", "Folge", "エピソード", "Episodio")
MACHINE_REGIONS = (
    *("\\N.\\N.original.\\N.1", "PT.pt.\\N.\\N.0", "IN.hi.\\N.\\N.0", "FR.fr.\\N.\\N.0", "IT.it.\\N.\\N.0"),
    *("DE.de.\\N.\\N.0", "JP.ja.\\N.\\N.0", "ES.es.\\N.\\N.0"),
)
PLAIN = 12 * 40


def _columns(cell: str) -> str:
    """Return the last five columns of a name, with the newline."""
    return "\t" + "\t".join(part.replace("_", " ") for part in cell.split(".")) + "\n"


class FurtherDump(Dump):
    """Writes all seven files of a catalogue."""

    def __init__(self, catalogue: Catalogue, *, seed: int, scale: float, next_day: bool) -> None:
        super().__init__(catalogue, seed=seed)
        random_of = np.random.default_rng([seed, 4])
        self._people = build_ids(random_of, max(100, int(PEOPLE * scale)))
        self._nm = self._tokens.add(f"nm{number:03d}" for number in range(LARGEST_ID * 2 // LOW))
        self._null = self._tokens.add(["\\N"])
        self._comma = self._tokens.add([","])
        self._next_day = next_day

    def write(self, folder: Path) -> dict[str, int]:
        """Write the files into `folder` and return the number of rows of each."""
        rows = super().write(folder)
        rows[AKAS.file] = self._write_akas(folder / AKAS.file)
        rows |= self._write_credits(folder)
        rows[NAMES.file] = self._write_names(folder / NAMES.file)
        return rows

    def _means(self, means: dict[str, float]) -> npt.NDArray[np.float32]:
        kinds = self._catalogue.kinds
        mean = np.full(len(kinds), means["other"], np.float32)
        for kind, which in (("show", SHOWS), ("film", FILMS), ("episode", (EPISODES,))):
            mean[np.isin(kinds, which)] = means[kind]
        return mean

    def _expanded(self, counts: Numbers) -> tuple[Numbers, Numbers]:
        """Return for each row the number of its title and its place in the title, from 0."""
        titles = np.repeat(np.arange(len(counts), dtype=np.int32), counts)
        firsts = np.cumsum(counts, dtype=np.int64) - counts
        return titles, (np.arange(len(titles)) - np.repeat(firsts, counts)).astype(np.int32)

    def _write_akas(self, path: Path) -> int:
        random_of = np.random.default_rng([self._seed, 5])
        counts = 1 + np.minimum(random_of.geometric(1 / self._means(MEAN_NAMES)), MOST_NAMES - 1).astype(np.int32)
        plain = self._plain
        counts = np.where(plain >= 0, len(MACHINE_MADE), counts - 1).astype(np.int32)
        counts = np.maximum(counts, 1)
        titles, place = self._expanded(counts)
        # The rows of a title are in the order of their numbers as text: 1, 10, 11, 2.
        as_text = np.zeros((MOST_NAMES + 1, MOST_NAMES), np.int32)
        for count in range(1, MOST_NAMES + 1):
            as_text[count, :count] = sorted(range(1, count + 1), key=str)
        number = as_text[counts[titles], place]
        is_plain = plain[titles] >= 0
        is_original = (number == 1) & ~is_plain
        latin = self._tokens.add(map(_columns, LATIN))
        columns = latin + random_of.integers(0, len(LATIN), len(titles), np.int32)
        original = self._tokens.add([_columns("\\N.\\N.original.\\N.1")])
        machine = self._tokens.add(map(_columns, MACHINE_REGIONS))
        columns = np.where(is_original, original, columns)
        columns = np.where(is_plain, machine + place % len(MACHINE_MADE), columns)
        # A name: the title's own in a third of the rows, other words, or another script.
        luck = random_of.random(len(titles), np.float32)
        is_other = (luck > 0.4) & ~is_original & ~is_plain
        is_foreign = (luck > 1 - NOT_LATIN) & is_other
        pieces = [np.where(is_other | is_plain, 0, piece[titles]) for piece in self._names]
        vocabulary = self._tokens.add(self._vocabulary())
        following = self._tokens.add(f" {word}" for word in self._vocabulary())
        for piece, first in ((0, vocabulary), (1, following)):
            word = first + (self._words_known * random_of.random(len(titles)) ** 3).astype(np.int32)
            pieces[piece] = np.where(is_other, word, pieces[piece])
        numbered = [f"{word} #{at // 40 + 1}.{at % 40 + 1}" for word in MACHINE_MADE for at in range(PLAIN)]
        made = self._tokens.add(numbered)
        machine_name = made + (place % len(MACHINE_MADE)) * PLAIN + plain[titles]
        pieces[0] = np.where(is_plain, machine_name, pieces[0])
        scripts = [
            (name, _columns(cell)) for names, cells in SCRIPTS.items() for name in names.split(";") for cell in cells
        ]
        foreign, foreign_columns = self._tokens.add(n for n, _ in scripts), self._tokens.add(c for _, c in scripts)
        chosen = (len(scripts) * random_of.random(len(titles)) ** 2).astype(np.int32)
        pieces = [np.where(is_foreign, 0, piece) for piece in pieces]
        pieces[0] = np.where(is_foreign, foreign + chosen, pieces[0])
        columns = np.where(is_foreign, foreign_columns + chosen, columns)
        ids = self._catalogue.ids[titles]
        parts = [*self._id(ids), self._number + number, self._tab, *pieces, columns]
        return write_rows(path, AKAS.header, self._tokens, rows_of(parts, self._catalogue.is_listed[titles]))

    def _write_credits(self, folder: Path) -> dict[str, int]:
        random_of = np.random.default_rng([self._seed, 6])
        spread = random_of.random(self._total, np.float32) * 2 * self._means(MEAN_CREDITS)
        counts = np.clip(spread + 0.5, 0, MOST_CREDITS).astype(np.int32)
        titles, place = self._expanded(counts)
        cast = np.minimum(np.ceil(counts * CAST_SHARE), MOST_CAST).astype(np.int32)[titles]
        in_crew = np.clip(place - cast, 0, len(CREW_ORDER) - 1)
        is_cast = place < cast
        person = self._drawn(random_of, len(titles))
        if self._next_day:
            changes = np.random.default_rng([self._seed, 7])
            is_recast = (changes.random(self._total, np.float32) < RECAST)[titles] & (place == 1)
            person = np.where(is_recast, self._drawn(changes, len(titles)), person)
        actors = self._tokens.add(f"\t{category}" for category in CAST)
        crew = self._tokens.add(f"\t{category}" for category in CREW_ORDER)
        category = np.where(
            is_cast, actors + random_of.integers(0, len(CAST), len(titles), np.int32), crew + in_crew
        ).astype(np.int32)
        pieces = [
            *self._id(self._catalogue.ids[titles]),
            self._number + place + 1,
            self._tab,
            *self._person(person),
            category,
            self._jobs(random_of, np.where(is_cast, -1, in_crew)),
            *self._characters(random_of, is_cast),
            self._newline,
        ]
        kept = rows_of(pieces, self._catalogue.is_listed[titles])
        written = write_rows(folder / PRINCIPALS.file, PRINCIPALS.header, self._tokens, kept)
        named = {
            "directors": [self._first(titles, person, ~is_cast & (in_crew == 0))],
            "writers": [self._first(titles, person, ~is_cast & (in_crew == at)) for at in (1, 2)],
        }
        return {PRINCIPALS.file: written, CREW.file: self._write_crew(folder / CREW.file, random_of, named)}

    def _first(self, titles: Numbers, person: Numbers, chosen: Mask) -> Numbers:
        """Return a chosen person of each title, -1 for a title without one."""
        found = np.full(self._total, -1, np.int32)
        found[titles[chosen]] = person[chosen]
        return found

    def _write_crew(self, path: Path, random_of: np.random.Generator, named: dict[str, list[Numbers]]) -> int:
        pieces: list[Numbers | int] = [*self._id(self._catalogue.ids)]
        for people in named.values():
            further = np.where(
                random_of.random(self._total, np.float32) < FURTHER_IN_CREW, self._drawn(random_of, self._total), -1
            )
            is_empty = np.ones(self._total, bool)
            pieces.append(self._tab)
            for each in (*people, further):
                high, low = self._person(np.maximum(each, 0))
                has = each >= 0
                pieces += [
                    np.where(has & ~is_empty, self._comma, 0).astype(np.int32),
                    np.where(has, high, 0).astype(np.int32),
                    np.where(has, low, 0).astype(np.int32),
                ]
                is_empty &= ~has
            pieces.append(np.where(is_empty, self._null, 0).astype(np.int32))
        pieces.append(self._newline)
        return write_rows(path, CREW.header, self._tokens, rows_of(pieces, self._catalogue.is_listed))

    def _drawn(self, random_of: np.random.Generator, count: int) -> Numbers:
        """Return people by number; few have many credits."""
        return (len(self._people) * random_of.random(count) ** 2.5).astype(np.int32)

    def _person(self, numbers: Numbers) -> tuple[Numbers, Numbers]:
        ids = self._people[(numbers.astype(np.int64) * 7_919 % len(self._people)).astype(np.int32)]
        return self._nm + ids // LOW, self._low + ids % LOW

    def _jobs(self, random_of: np.random.Generator, in_crew: Numbers) -> Numbers:
        jobs = np.full(len(in_crew), self._tokens.add(["\t\\N"]), np.int32)
        for category, words in JOBS.items():
            first = self._tokens.add(f"\t{word}" for word in words)
            is_theirs = np.isin(in_crew, [at for at, name in enumerate(CREW_ORDER) if name == category])
            jobs[is_theirs] = first + random_of.integers(0, len(words), int(is_theirs.sum()), np.int32)
        return jobs

    def _characters(self, random_of: np.random.Generator, is_cast: Mask) -> list[Numbers]:
        """Return the pieces of the last column: a JSON array, of two names or with an escaped quote now and then."""
        count = len(is_cast)
        words = self._vocabulary()
        opening = self._tokens.add(f'\t["{word}' for word in words)
        following = self._tokens.add(f" {word}" for word in words)
        endings = self._tokens.add(['"]', '"]', ' \\"Ace\\""]', '","Another"]', ' (2008-)"]'])
        has = is_cast & (random_of.random(count, np.float32) < 0.9)
        luck = random_of.random(count, np.float32)
        ending = np.searchsorted(np.array([0.49, 0.98, 0.983, 0.99]), luck).astype(np.int32)
        second = random_of.random(count, np.float32) < 0.5
        first_word = opening + (self._words_known * random_of.random(count) ** 2).astype(np.int32)
        second_word = following + (self._words_known * random_of.random(count) ** 2).astype(np.int32)
        return [
            np.where(has, first_word, self._tokens.add(["\t\\N"])).astype(np.int32),
            np.where(has & second, second_word, 0).astype(np.int32),
            np.where(has, endings + ending, 0).astype(np.int32),
        ]

    def _write_names(self, path: Path) -> int:
        random_of = np.random.default_rng([self._seed, 8])
        count = len(self._people)
        first = self._tokens.add(f"\t{name}" for name in FIRST_NAMES)
        last = self._tokens.add(f" {word}" for word in self._vocabulary())
        born = self._numbers_of_years(random_of, count, 0.35)
        died = self._numbers_of_years(random_of, count, 0.17)
        professions = self._tokens.add(f"\t{each}" for each in PROFESSIONS)
        surname = last + (self._words_known * random_of.random(count) ** 1.5).astype(np.int32)
        mononym = random_of.random(count, np.float32) < 0.014
        known = [self._catalogue.ids[(self._total * random_of.random(count) ** 2).astype(np.int32)] for _ in range(3)]
        pieces: list[Numbers | int] = [
            self._nm + self._people // LOW,
            self._low + self._people % LOW,
            first + random_of.integers(0, len(FIRST_NAMES), count, np.int32),
            np.where(mononym, 0, surname).astype(np.int32),
            born,
            died,
            professions + (len(PROFESSIONS) * random_of.random(count) ** 1.5).astype(np.int32),
            self._tab,
        ]
        for at, ids in enumerate(known):
            pieces += [*([self._comma] if at else []), *self._id(ids)]
        pieces.append(self._newline)
        is_there = random_of.random(count, np.float32) >= MISSING_PERSON
        return write_rows(path, NAMES.header, self._tokens, rows_of(pieces, is_there))

    def _numbers_of_years(self, random_of: np.random.Generator, count: int, share: float) -> Numbers:
        """Return years for a share of the people; a few lived long ago, with leading zeros in their years."""
        years = random_of.integers(1880, 2010, count, np.int32)
        ancient = self._tokens.add(["\t0037", "\t0004", "\t1564"])
        is_known = random_of.random(count, np.float32) < share
        is_ancient = random_of.random(count, np.float32) < 0.0002
        year = np.where(is_ancient, ancient + years % 3, self._number + years)
        return np.where(is_known, year, self._number).astype(np.int32)

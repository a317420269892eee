"""A generated catalogue, and IMDb's three main files of it.

At scale 1.0 the files have as many rows as the public dump: 11.9 M basics, 9.2 M episodes, 1.6 M ratings. Shares of
types, nulls, lengths of names and keys shared between the files follow the dump; names are invented. Rows are sorted by
id as text. The same scale and seed give the same bytes; the next day's catalogue is the same a day later.
"""

import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from benchmarks.ragged import Numbers, Tokens, write_rows
from mediacanon.imdb.datasets import BASICS, EPISODE, RATINGS

Mask = npt.NDArray[np.bool_]


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# Rows in the public dump by type, and the share of them with a rating.
KINDS = {
    "tvSeries": (290_000, 0.35),
    "tvMiniSeries": (65_000, 0.35),
    "movie": (720_000, 0.5),
    "tvMovie": (150_000, 0.15),
    "short": (1_050_000, 0.15),
    "video": (320_000, 0.15),
    "tvSpecial": (55_000, 0.15),
    "videoGame": (45_000, 0.15),
    "tvShort": (10_500, 0.15),
    "tvEpisode": (9_200_000, 0.09),
}
SHOWS = (0, 1)
EPISODES = 9
FEWEST = 10

GENRES = _words(
    "Drama Comedy Documentary Action Romance Thriller Crime Horror Adventure Family Animation "
    "Reality-TV Talk-Show Mystery Fantasy Sci-Fi History Music Biography Game-Show Sport News "
    "War Western Musical Adult Short Film-Noir"
)
FREQUENT_WORDS = _words(
    "the of and a in to love man night life house day world girl last time dark blood city "
    "dead story big little black white lost great heart home one two king queen secret war "
    "death dream red blue green moon sun star fire water road river sea island summer winter "
    "spring autumn boy woman family father mother brother sister friend enemy game show hour "
    "news talk week morning evening best new old young good bad crime murder detective doctor "
    "school train plane ship space monster ghost witch magic dragon knight castle forest "
    "mountain desert storm rain snow wind dog cat horse wolf bear lion return revenge rise "
    "fall beginning end final second third chapter part pilot finale special christmas party "
    "wedding child machine code zero forever never always without beyond above between inside "
    "outside under over back"
)
SYLLABLES = _words(
    "ka ri mo ta se lu ni po da ve ro shi an el or in ur ba ge hi jo ke ma no pu qui ra so ti "
    "va we xa ya zo br ch dr fl gr kr pl sh st th tr å é ö ü"
)
WORDS = 30_000

LARGEST_ID = 40_000_000
SEVEN_DIGITS = 10_000_000
LOW = 10_000  # an id is written in two parts, high and low, of at most four digits each
THOUSAND = 1_000
MOST_VOTES = 3_000_000
# Mean and standard deviation of log10 of real votes: a third are above 100, a seventieth above 10,000.
VOTES_MAGNITUDE = (1.46, 1.16)
THIS_YEAR = 2026
LONGEST_RUNTIME = 240
EPISODES_A_SEASON = 22
SHOWS_WITH_EPISODES = 0.7
LARGEST_NUMBER = 10_000  # of a season or an episode

# The changes of a day, as shares of all rows; the public dump changes as much or less.
RENAMED = 0.01
REVOTED = 0.1
ADDED = 0.0005
REMOVED = 0.0002
RENUMBERED = 0.0002
# The share of episodes and ratings whose title is missing from the basics, which every dump has.
MISSING = 0.001


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Arrays with one value per title, in the order of the ids as text."""

    ids: Numbers
    kinds: Numbers
    parents: Numbers  # id of an episode's show, 0 for others
    seasons: Numbers  # 0: unknown
    episodes: Numbers
    ratings: Numbers  # tenths
    votes: Numbers
    is_listed: Mask  # in any of today's files
    is_rated: Mask
    is_renamed: Mask


def build_catalogue(scale: float, *, seed: int, next_day: bool) -> Catalogue:
    """Return the catalogue of a day; the next day's catalogue differs by the changes of a day."""
    counts = [max(FEWEST, int(count * scale)) for count, _ in KINDS.values()]
    total = sum(counts)
    random_of = np.random.default_rng([seed, 1])
    ids = build_ids(random_of, total)
    kinds = np.repeat(np.arange(len(KINDS), dtype=np.int32), counts)
    random_of.shuffle(kinds)
    parents, seasons, episodes = _numbering(random_of, ids, kinds)
    shares = np.array([share for _, share in KINDS.values()], np.float32)
    is_rated = random_of.random(total, np.float32) < shares[kinds]
    ratings = np.rint(10 + 90 * random_of.random(total, np.float32) ** 0.6).astype(np.int32)
    votes = np.minimum(5 + 10 ** random_of.normal(*VOTES_MAGNITUDE, total), MOST_VOTES).astype(np.int32)

    # Both days draw the same random numbers, so the second day differs only by the changes.
    changes = np.random.default_rng([seed, 2])
    fate = changes.random(total)
    is_renamed = changes.random(total, np.float32) < RENAMED
    is_revoted = changes.random(total, np.float32) < REVOTED
    is_renumbered = changes.random(total) < RENUMBERED
    if next_day:
        votes = votes + np.where(is_revoted, changes.integers(1, 500, total, np.int32), 0)
        tenths = np.clip(ratings + changes.integers(-1, 2, total, np.int32), 10, 100)
        ratings = np.where(is_revoted, tenths, ratings)
        episodes = np.where(is_renumbered & (episodes > 0), episodes + LARGEST_NUMBER // 2, episodes)
    is_listed = fate >= REMOVED if next_day else (fate < 1 - ADDED)
    is_renamed &= next_day
    return Catalogue(ids, kinds, parents, seasons, episodes, ratings, votes, is_listed, is_rated, is_renamed)


def build_ids(random_of: np.random.Generator, total: int) -> Numbers:
    """Return distinct ids of seven and eight digits, sorted as text."""
    largest_gap = max(1, 2 * LARGEST_ID // total - 1)
    ids = np.cumsum(random_of.integers(1, largest_gap + 1, total, np.int32), dtype=np.int32)
    # Sorted as text, 1000000 comes directly before 10000000.
    as_text = np.where(ids < SEVEN_DIGITS, ids.astype(np.int64) * 20, ids.astype(np.int64) * 2 + 1)
    return ids[np.argsort(as_text)]


def _numbering(random_of: np.random.Generator, ids: Numbers, kinds: Numbers) -> tuple[Numbers, Numbers, Numbers]:
    """Return the show, the season and the number of each episode; one episode in five has no number.

    A few shows have thousands of episodes, many shows have none.
    """
    shows = random_of.permutation(ids[np.isin(kinds, SHOWS)])
    shows = shows[: max(1, int(len(shows) * SHOWS_WITH_EPISODES))]
    rows = np.flatnonzero(kinds == EPISODES)
    chosen = (len(shows) * random_of.random(len(rows)) ** 2).astype(np.int32)
    order = np.argsort(chosen, kind="stable")
    by_show = chosen[order]
    firsts = np.flatnonzero(np.r_[True, np.diff(by_show) > 0])
    rank = np.arange(len(rows)) - np.repeat(firsts, np.diff(np.r_[firsts, len(rows)]))
    # One episode in ten thousand repeats the number before it, as in the public dump.
    rank -= random_of.random(len(rows)) < 1 / 10_000
    rank = np.maximum(rank, 0)
    is_numbered = random_of.random(len(rows), np.float32) >= 0.2
    parents, seasons, episodes = (np.zeros(len(ids), np.int32) for _ in range(3))
    parents[rows] = shows[chosen]
    seasons[rows[order]] = np.where(is_numbered, rank // EPISODES_A_SEASON + 1, 0)
    episodes[rows[order]] = np.where(is_numbered, rank % EPISODES_A_SEASON + 1, 0)
    return parents, seasons, episodes


class Dump:
    """Writes the three files of a catalogue."""

    def __init__(self, catalogue: Catalogue, *, seed: int) -> None:
        self._catalogue = catalogue
        self._total = len(catalogue.ids)
        self._seed = seed
        self._words_known = WORDS
        self._tokens = Tokens()
        self._high = self._tokens.add(f"tt{number:03d}" for number in range(LARGEST_ID * 2 // LOW))
        self._low = self._tokens.add(f"{number:04d}" for number in range(LOW))
        self._tab, self._newline = self._tokens.add(["\t"]), self._tokens.add(["\n"])
        # Numbers after a tab; token 0 of them stands for null.
        self._number = self._tokens.add(["\t\\N", *(f"\t{number}" for number in range(1, LARGEST_NUMBER))])

    def write(self, folder: Path) -> dict[str, int]:
        """Write the files into `folder` and return the number of rows of each."""
        titles = self._catalogue
        random_of = np.random.default_rng([self._seed, 3])
        is_missing = random_of.random(self._total, np.float32) < MISSING
        episodes = titles.is_listed & (titles.kinds == EPISODES)
        ratings = titles.is_listed & titles.is_rated
        pieces = self._title_pieces(random_of)
        return {
            BASICS.file: write_rows(
                folder / BASICS.file,
                BASICS.header,
                self._tokens,
                rows_of(pieces, titles.is_listed & ~is_missing),
            ),
            EPISODE.file: write_rows(
                folder / EPISODE.file,
                EPISODE.header,
                self._tokens,
                rows_of(self._episode_pieces(), episodes),
            ),
            RATINGS.file: write_rows(
                folder / RATINGS.file,
                RATINGS.header,
                self._tokens,
                rows_of(self._rating_pieces(), ratings),
            ),
        }

    def _id(self, ids: Numbers) -> list[Numbers | int]:
        return [self._high + ids // LOW, self._low + ids % LOW]

    def _title_pieces(self, random_of: np.random.Generator) -> list[Numbers | int]:
        kind = self._tokens.add(f"\t{kind}\t" for kind in KINDS)
        name = self._names = self._name_pieces(random_of)
        words = self._tokens.add(self._vocabulary())
        is_other = random_of.random(self._total, np.float32) < 0.12
        original = [np.where(is_other, 0, piece) for piece in name]
        original[0] = np.where(is_other, self._words(random_of, words, 2), original[0])
        adult = self._tokens.add(["\t0", "\t1"])
        return [
            *self._id(self._catalogue.ids),
            kind + self._catalogue.kinds,
            *name,
            self._tab,
            *original,
            adult + (random_of.random(self._total, np.float32) < 0.03).astype(np.int32),
            *self._years(random_of),
            self._number + self._known(random_of, LONGEST_RUNTIME, 0.35),
            self._genres(random_of),
        ]

    def _name_pieces(self, random_of: np.random.Generator) -> list[Numbers]:
        """Return the pieces of the names: one to five words, rarely a quote or a backslash."""
        vocabulary = self._vocabulary()
        words = self._tokens.add(vocabulary)
        next_words = self._tokens.add(f" {word}" for word in vocabulary)
        odd = self._tokens.add([' "Zero"', " 4'2\"", ' "', " AC\\DC", " \\N"])
        redux = self._tokens.add([" Redux"])
        pieces = [self._words(random_of, words, 3)]
        for skew, share in ((3, 0.82), (3, 0.5), (2, 0.25), (1, 0.08)):
            pieces.append(self._some(random_of, self._words(random_of, next_words, skew), share))
        pieces.append(self._some(random_of, odd + random_of.integers(0, 5, self._total, np.int32), 0.004))
        seasons, numbers = 12, 40
        plain = self._tokens.add(
            f"Episode #{season}.{number}" for season in range(1, seasons + 1) for number in range(1, numbers + 1)
        )
        is_plain = self._catalogue.kinds == EPISODES
        is_plain &= random_of.random(self._total, np.float32) < 0.35
        pieces = [np.where(is_plain, 0, piece) for piece in pieces]
        plain_number = random_of.integers(0, seasons * numbers, self._total, np.int32)
        # The number of a name that says no more than the place of its episode, -1 for other names.
        self._plain = np.where(is_plain, plain_number, -1).astype(np.int32)
        pieces[0] = np.where(is_plain, plain + plain_number, pieces[0])
        pieces.append(np.where(self._catalogue.is_renamed, redux, 0).astype(np.int32))
        return pieces

    def _years(self, random_of: np.random.Generator) -> list[Numbers]:
        age = (130 * random_of.random(self._total, np.float32) ** 2.2).astype(np.int32)
        start = THIS_YEAR - age
        end = np.minimum(THIS_YEAR, start + random_of.integers(0, 8, self._total, np.int32))
        is_known = random_of.random(self._total, np.float32) < 0.9
        is_over = is_known & np.isin(self._catalogue.kinds, SHOWS)
        is_over &= random_of.random(self._total, np.float32) < 0.55
        return [
            self._number + np.where(is_known, start, 0),
            self._number + np.where(is_over, end, 0),
        ]

    def _genres(self, random_of: np.random.Generator) -> Numbers:
        """Return the last column and its newline: up to three genres, or null."""
        kinds = len(GENRES)
        chosen = [(kinds * random_of.random(self._total, np.float32) ** 2).astype(np.int32) for _ in "123"]
        lists = self._tokens.add(
            "\t" + ",".join(dict.fromkeys((first, second, third))) + "\n"
            for first in GENRES
            for second in GENRES
            for third in GENRES
        )
        none = self._tokens.add(["\t\\N\n"])
        number = lists + (chosen[0] * kinds + chosen[1]) * kinds + chosen[2]
        return np.where(random_of.random(self._total, np.float32) < 0.05, none, number)

    def _episode_pieces(self) -> list[Numbers | int]:
        return [
            *self._id(self._catalogue.ids),
            self._tab,
            *self._id(self._catalogue.parents),
            self._number + self._catalogue.seasons,
            self._number + self._catalogue.episodes,
            self._newline,
        ]

    def _rating_pieces(self) -> list[Numbers | int]:
        ratings = self._tokens.add(f"\t{tenths / 10:.1f}\t" for tenths in range(101))
        thousands = self._tokens.add(["", *map(str, range(1, 2 * MOST_VOTES // THOUSAND))])
        plain = self._tokens.add(f"{number}\n" for number in range(THOUSAND))
        padded = self._tokens.add(f"{number:03d}\n" for number in range(THOUSAND))
        votes = self._catalogue.votes
        return [
            *self._id(self._catalogue.ids),
            ratings + self._catalogue.ratings,
            thousands + votes // THOUSAND,
            np.where(votes < THOUSAND, plain, padded) + votes % THOUSAND,
        ]

    def _vocabulary(self) -> list[str]:
        """Return the words, frequent words first."""
        chooser = random.Random(self._seed)
        words = dict.fromkeys(FREQUENT_WORDS)
        while len(words) < WORDS:
            words["".join(chooser.choices(SYLLABLES, k=chooser.randint(2, 4)))] = None
        return [word.capitalize() for word in words]

    def _words(self, random_of: np.random.Generator, first: int, skew: int) -> Numbers:
        return first + (WORDS * random_of.random(self._total) ** skew).astype(np.int32)

    def _some(self, random_of: np.random.Generator, piece: Numbers, share: float) -> Numbers:
        return np.where(random_of.random(self._total, np.float32) < share, piece, 0).astype(np.int32)

    def _known(self, random_of: np.random.Generator, largest: int, share: float) -> Numbers:
        """Return numbers from 1 to `largest`, and 0 for unknown values."""
        return self._some(random_of, random_of.integers(1, largest + 1, self._total, np.int32), share)


def rows_of(pieces: list[Numbers | int], chosen: Mask) -> list[Numbers | int]:
    """Return the pieces of the chosen rows."""
    return [piece if isinstance(piece, int) else piece[chosen] for piece in pieces]

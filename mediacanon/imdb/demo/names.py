"""Invents names for the demo catalogue: of movies, shows and episodes, in eleven languages."""

import random
from collections.abc import Callable, Iterable
from typing import NamedTuple

from mediacanon.imdb.demo import words as vocabulary
from mediacanon.imdb.demo.words import TONGUES, phrases, words

# Probabilities: a foreign title has an English display name, an English movie's name fits its genre.
SHOWN_IN_ENGLISH = 0.7
FITS_GENRE = 0.5
NUMBERS = ("Three", "Seven", "Eleven", "Twelve", "Forty", "Ninety")


class Name(NamedTuple):
    """The display name of a title, and its original name in its country."""

    display: str
    original: str


class Namer:
    """Draws names from a chooser; every title's name is unique."""

    def __init__(self, chooser: random.Random, *, taken: Iterable[str] = ()) -> None:
        self._chooser = chooser
        self._taken = set(taken)

    def movie(self, language: str, genre: str) -> Name:
        """Return a movie's name in `language` (ISO 639-1); an English name may fit the genre."""
        if language == "en":
            return self._untaken(lambda: self._english_movie(genre))
        return self._untaken(lambda: self._foreign(language))

    def show(self, language: str, genre: str) -> Name:
        """Return a show's name in `language`; talk shows, news and some other genres have patterns of their own."""
        if language == "en":
            return self._untaken(lambda: self._english_show(genre))
        return self._untaken(lambda: self._foreign(language))

    def episode(self) -> str:
        """Return an episode's name, not necessarily unique."""
        return self._filled(self._one_of(vocabulary.EPISODE_PATTERNS))

    def synopsis(self) -> str:
        """Return one sentence about an episode."""
        return self._filled(self._chooser.choice(vocabulary.EPISODE_SYNOPSES), str.lower)

    def plot(self, *, is_show: bool) -> str:
        """Return a sentence or two about a movie or a show."""
        plots = vocabulary.SHOW_PLOTS if is_show else vocabulary.MOVIE_PLOTS
        return self._filled(self._one_of(plots), str.lower)

    def tagline(self) -> str:
        """Return the line of a poster."""
        return self._filled(self._one_of(vocabulary.TAGLINES), str.lower)

    def _untaken(self, draw: Callable[[], Name]) -> Name:
        while (name := draw()).display in self._taken:
            pass
        self._taken.add(name.display)
        return name

    def _one_of(self, entries: str) -> str:
        return self._chooser.choice(words(entries))

    def _english_movie(self, genre: str) -> Name:
        heads = vocabulary.HEADS
        if self._chooser.random() < FITS_GENRE:
            heads = vocabulary.HEADS_OF_GENRE.get(genre, heads)
        name = f"{self._one_of(heads)} {self._one_of(vocabulary.TAILS)}"
        return Name(name, name)

    def _english_show(self, genre: str) -> Name:
        patterns = vocabulary.SHOW_PATTERNS_OF_GENRE.get(genre, vocabulary.SHOW_PATTERNS)
        name = self._filled(self._one_of(patterns))
        return Name(name, name)

    def _foreign(self, language: str) -> Name:
        tongue = TONGUES[language]
        head = self._chooser.choice(phrases(tongue.heads))
        tail = self._chooser.choice(phrases(tongue.tails))
        first, second = (tail, head) if tongue.is_tail_first else (head, tail)
        original = f"{first.original}{tongue.gap}{second.original}"
        shown = f"{head.english} {tail.english}"
        if self._chooser.random() >= SHOWN_IN_ENGLISH:
            shown = f"{first.romanised} {second.romanised}" if head.romanised else original
        return Name(shown, original)

    def _filled(self, pattern: str, noun_case: Callable[[str], str] = str) -> str:
        """Return the pattern with every placeholder replaced by a random word of its kind."""
        noun, other = self._chooser.sample(words(vocabulary.NOUNS), 2)
        first, partner = self._chooser.sample(words(vocabulary.FIRST_NAMES), 2)
        surname, other_surname = self._chooser.sample(words(vocabulary.SURNAMES), 2)
        return pattern.format(
            noun=noun_case(noun),
            other=other_surname if "surname" in pattern else other,
            first=first,
            partner=partner,
            surname=surname,
            place=self._one_of(vocabulary.PLACES),
            ending=self._one_of(vocabulary.SHOW_ENDINGS),
            adjective=noun_case(self._one_of(vocabulary.ADJECTIVES)),
            number=self._chooser.choice(NUMBERS),
        )

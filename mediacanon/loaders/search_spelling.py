"""Meanings of mistyped words: words of the catalogue's names that are one or two mistakes apart."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product

from rapidfuzz.distance import OSA

from mediacanon.loaders.search_text import MOST_WORDS

# The words that share a spelling with a word of $1, best known first; with them the folded texts.
FOLDED_AND_SPELLINGS = """
SELECT fold($1::text) AS name, fold($2::text) AS sound, typed.word AS typed, meant.word, meant.fame
  FROM (SELECT) AS one
  LEFT JOIN LATERAL (SELECT DISTINCT word
                       FROM string_to_table(fold($1::text) || ' ' || COALESCE(fold($2::text), ''), ' ') AS word
                      WHERE length(word) BETWEEN 4 AND 20
                      LIMIT 12) AS typed ON true
  LEFT JOIN LATERAL (SELECT w.word, w.fame
                       FROM name_words w
                      WHERE spellings(w.word) && spellings(typed.word)
                      ORDER BY w.fame DESC
                      LIMIT 40) AS meant ON true
"""
# Words that a word may be corrected to, and texts that are looked up.
MOST_MEANT = 5
MOST_TEXTS = 24
# In a short word a second mistake leaves nothing of it.
LONG_WORD = 8


@dataclass(frozen=True, slots=True, order=True)
class Meant:
    """A word that may be meant: mistakes between it and the typed one, minus its fame, and the word."""

    mistakes: int
    obscurity: int
    word: str


@dataclass(frozen=True, slots=True)
class Corrected:
    """A text with corrected words, and the number of mistakes."""

    words: tuple[str, ...]
    mistakes: int


def corrections(words: Sequence[str], known: Mapping[str, Mapping[str, int]]) -> list[Corrected]:
    """Return the texts that a text may mean, the most likely first; `known`: for a word the fames of words like it.

    Words that no name has are all corrected, one of the others at most.
    """
    meant = [_meant(word, known.get(word, {})) for word in words[:MOST_WORDS]]
    unknown = [bool(each) and word not in known.get(word, {}) for word, each in zip(words, meant, strict=False)]
    found = sorted(islice(_texts(words, meant, unknown), MOST_TEXTS * 4), key=lambda each: each[0])
    return list(dict.fromkeys(text for _, text in found))[:MOST_TEXTS]


def _texts(
    words: Sequence[str], meant: Sequence[Sequence[Meant]], unknown: Sequence[bool]
) -> Iterator[tuple[tuple[int, int], Corrected]]:
    """Yield each text with its rank: mistakes, and how little known its words are."""
    if any(unknown):
        yield from _combined(words, [each if wrong else () for each, wrong in zip(meant, unknown, strict=True)])
    for place, each in enumerate(meant):
        if not unknown[place]:
            others = [
                each if wrong or at == place else ()
                for at, (each, wrong) in enumerate(zip(meant, unknown, strict=True))
            ]
            yield from _combined(words, others) if each else ()


def _combined(words: Sequence[str], meant: Sequence[Sequence[Meant]]) -> Iterator[tuple[tuple[int, int], Corrected]]:
    options = [each or (Meant(0, 0, word),) for word, each in zip(words, meant, strict=False)]
    for chosen in islice(product(*options), MOST_TEXTS):
        mistakes = sum(each.mistakes for each in chosen)
        text = (*(each.word for each in chosen), *words[len(chosen) :])
        yield (mistakes, sum(each.obscurity for each in chosen)), Corrected(text, mistakes)


def _meant(typed: str, like: Mapping[str, int]) -> list[Meant]:
    """Return the words that a typed one may mean, the most likely first."""
    most = 2 if len(typed) >= LONG_WORD else 1
    found = [
        Meant(mistakes, -fame, word)
        for word, fame in like.items()
        if word != typed and (mistakes := OSA.distance(typed, word)) <= most
    ]
    return sorted(found)[:MOST_MEANT]

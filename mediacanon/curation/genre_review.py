"""The text file in which people review titles for custom genres: written, and read back after they edited it.

    [123] Love Island (2015) | show | 12,345 | 5.6 | en/GB | Game-Show, Reality-TV
    GENRES: Dating

Lines that begin with `#` and empty lines mean nothing. Only the number in brackets and what follows `GENRES:` are read.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

NONE = "none"
LARGEST_ID = 2**63 - 1
HEADER = """\
# Titles to review for custom genres, most voted first.
# Write after GENRES: those that fit, with commas between: {genres}
# none, or nothing, marks a title as reviewed without any. Delete a title (both lines) to leave it for another time.
# [id] Name (year) | type | votes | rating | language/COUNTRY | genres
"""

_TITLE = re.compile(r"\[\s*(?P<id>[^\]]*?)\s*(\]|$)")
_GENRES = re.compile(r"GENRES\s*:(?P<names>.*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class TitleToReview:
    """A title as the file shows it; None: unknown."""

    title_id: int
    display_name: str
    start_year: int | None
    type: str
    num_votes: int | None
    average_rating: float | None
    original_language: str | None
    origin_country: str | None
    genres: Sequence[str]
    custom_genres: Sequence[str]


@dataclass(frozen=True, slots=True)
class Review:
    """What a person decided: the title, its custom genres as they were typed, and where both stand."""

    title_id: int
    line: int
    genres: tuple[str, ...] = ()
    genres_line: int = 0


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """What cannot be understood, and in which line."""

    line: int
    what: str


@dataclass(slots=True)
class ReviewFile:
    """A file as it was read: what was decided, and what cannot be understood."""

    reviews: list[Review] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)

    def reject(self, line: int, what: str) -> None:
        """Note a mistake."""
        self.mistakes.append(Mistake(line, what))


def format_reviews(titles: Iterable[TitleToReview], custom_genres: Sequence[str]) -> str:
    """Return the file's text for these titles; custom genres they have already stand after GENRES."""
    blocks = [HEADER.format(genres=", ".join(custom_genres)), *map(_block, titles)]
    return "\n".join(blocks)


def parse_reviews(text: str) -> ReviewFile:
    """Return what a file says. Raises nothing: what cannot be understood is among its mistakes."""
    file = ReviewFile()
    title: Review | None = None
    seen: dict[int, int] = {}
    for line, content in _meaningful_lines(text):
        if match := _TITLE.match(content):
            _reject_undecided(file, title)
            title = _title(file, line, match["id"], seen)
        elif match := _GENRES.match(content):
            title = _decide(file, line, title, match["names"])
        else:
            file.reject(line, f"neither a title ([id] ...) nor GENRES: {content[:60]!r}")
    _reject_undecided(file, title)
    return file


def _block(title: TitleToReview) -> str:
    year = f" ({title.start_year})" if title.start_year else ""
    facts = [
        f"[{title.title_id}] {' '.join(title.display_name.split())}{year}",
        title.type,
        "-" if title.num_votes is None else f"{title.num_votes:,}",
        "-" if title.average_rating is None else f"{title.average_rating:.1f}",
        f"{title.original_language or '-'}/{title.origin_country or '-'}",
        ", ".join(title.genres) or "-",
    ]
    return f"{' | '.join(facts)}\n{' '.join(['GENRES:', ', '.join(title.custom_genres)]).rstrip()}\n"


def _meaningful_lines(text: str) -> Iterator[tuple[int, str]]:
    # Editors on Windows begin a file with a byte order mark.
    for number, line in enumerate(text.removeprefix("\ufeff").split("\n"), start=1):
        content = line.strip()
        if content and not content.startswith("#"):
            yield number, content


# What follows GENRES of a title that cannot be read is not looked at: one mistake is told, not two.
_UNREADABLE = Review(0, 0)


def _title(file: ReviewFile, line: int, shown: str, seen: dict[int, int]) -> Review:
    if not (shown.isascii() and shown.isdecimal()) or int(shown[:20]) > LARGEST_ID:
        file.reject(line, f"[{shown[:40]}] is no title's id")
        return _UNREADABLE
    title_id = int(shown)
    first = seen.setdefault(title_id, line)
    if first != line:
        file.reject(line, f"title {title_id} stands in line {first} already")
        return _UNREADABLE
    return Review(title_id, line)


def _decide(file: ReviewFile, line: int, title: Review | None, typed: str) -> Review | None:
    """Take the genres of a title down; return None: the next title may come."""
    if title is None:
        file.reject(line, "GENRES without a title above it")
    elif title is not _UNREADABLE:
        names = tuple(dict.fromkeys(name for part in typed.split(",") if (name := " ".join(part.split()))))
        chosen = tuple(name for name in names if name.casefold() != NONE)
        if chosen and chosen != names:
            file.reject(line, f"none beside {', '.join(chosen)}: which of both?")
        file.reviews.append(Review(title.title_id, title.line, chosen, line))
    return None


def _reject_undecided(file: ReviewFile, title: Review | None) -> None:
    if title not in (None, _UNREADABLE):
        file.reject(title.line, f"title {title.title_id} has no line GENRES")

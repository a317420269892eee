"""The review file: a text file in which people assign custom genres to titles, written and read back here.

    [123] Love Island (2015) | show | 12,345 | 5.6 | en/GB | Game-Show, Reality-TV
    GENRES: Dating

Empty lines and lines that begin with `#` are ignored. The parser reads the number in brackets and the names after
`GENRES:`, nothing else.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from mediacanon.vocabulary import MAX_BIGINT

NONE = "none"
HEADER = """\
# Titles to review for custom genres, most voted first.
# After GENRES: write the genres that fit, separated by commas: {genres}
# none, or nothing, marks the title as reviewed without a custom genre. Delete a title (both lines) to postpone it.
# [id] Name (year) | type | votes | rating | language/COUNTRY | genres
"""

_TITLE = re.compile(r"\[\s*(?P<id>[^\]]*?)\s*(\]|$)")
_GENRES = re.compile(r"GENRES\s*:(?P<names>.*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class TitleToReview:
    """A title with the facts that the file shows; None means unknown."""

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
    """The review of a title: its id, its custom genres as typed, and the lines of both."""

    title_id: int
    line: int
    genres: tuple[str, ...] = ()
    genres_line: int = 0


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """A line that cannot be parsed or stored, with the reason."""

    line: int
    message: str


@dataclass(slots=True)
class ReviewFile:
    """The content of a file: its reviews and its mistakes."""

    reviews: list[Review] = field(default_factory=list)
    mistakes: list[Mistake] = field(default_factory=list)

    def reject(self, line: int, message: str) -> None:
        """Add a mistake."""
        self.mistakes.append(Mistake(line, message))


def format_reviews(titles: Iterable[TitleToReview], custom_genres: Sequence[str]) -> str:
    """Return the file's text for these titles, with their present custom genres after GENRES."""
    blocks = [HEADER.format(genres=", ".join(custom_genres)), *map(_block, titles)]
    return "\n".join(blocks)


def parse_reviews(text: str) -> ReviewFile:
    """Return the reviews and mistakes of a file. Raises nothing."""
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


# Stands for a title line with a mistake: its GENRES line is skipped, so one mistake is reported once.
_UNREADABLE = Review(0, 0)


def _title(file: ReviewFile, line: int, shown: str, seen: dict[int, int]) -> Review:
    if not (shown.isascii() and shown.isdecimal()) or int(shown[:20]) > MAX_BIGINT:
        file.reject(line, f"[{shown[:40]}] is no title's id")
        return _UNREADABLE
    title_id = int(shown)
    first = seen.setdefault(title_id, line)
    if first != line:
        file.reject(line, f"title {title_id} stands in line {first} already")
        return _UNREADABLE
    return Review(title_id, line)


def _decide(file: ReviewFile, line: int, title: Review | None, typed: str) -> Review | None:
    """Add the review of a title; return None, the new current title."""
    if title is None:
        file.reject(line, "GENRES without a title above it")
    elif title is not _UNREADABLE:
        names = tuple(dict.fromkeys(name for part in typed.split(",") if (name := " ".join(part.split()))))
        chosen = tuple(name for name in names if name.casefold() != NONE)
        if chosen and chosen != names:
            file.reject(line, f"none and {', '.join(chosen)} exclude each other")
        file.reviews.append(Review(title.title_id, title.line, chosen, line))
    return None


def _reject_undecided(file: ReviewFile, title: Review | None) -> None:
    if title not in (None, _UNREADABLE):
        file.reject(title.line, f"title {title.title_id} has no line GENRES")

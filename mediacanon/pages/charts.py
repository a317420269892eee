"""Charts of a show's ratings: a heat map of its episodes, and a line of its seasons' averages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from markupsafe import Markup

from mediacanon.pages.filters import escaped_all, isolated

# The episodes of a classic American season, and the cells that fit beside each other on a desktop. A longer season
# takes several rows.
COLUMNS = 26
# Ratings below 5 share a shade. From there each half point has its own, the last from 9 upwards.
LOWEST_SHADE, SHADES = 5.0, 10

STEP, HEIGHT, MARGIN, TOP = 56, 112, 28, 30

Season = Mapping[str, Any]
Episode = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class HeatMap:
    """The number of columns, and the rows of all seasons as HTML."""

    columns: int
    rows: Markup


def season_name(season: Season) -> str:
    """Return Season 1, or Specials for the number 0."""
    return f"Season {season['seasonNumber']}" if season["seasonNumber"] else "Specials"


def season_heading(season: Season) -> str:
    """Return the name of a season, behind its number a name of its own: Season 3: The Long Night."""
    name, own = season_name(season), season["name"]
    return f"{name}: {own}" if own and _words(own) != _words(name) and not own.isdecimal() else name


def _words(name: str) -> str:
    return name.casefold().replace(" ", "")


def heat_map(seasons: Sequence[Season]) -> HeatMap | None:
    """Return the map of the episodes, None if no episode is rated. A long season takes several rows."""
    episodes = [episode for season in seasons for episode in season["episodes"]]
    if all(episode["averageRating"] is None for episode in episodes):
        return None
    columns = max(1, min(COLUMNS, max(episode["episodeNumber"] for episode in episodes)))
    rows = "\n".join(row for season in seasons for row in _rows(season, columns))
    return HeatMap(columns, Markup(rows))  # noqa: S704 - escaped piece by piece


def _rows(season: Season, columns: int) -> list[str]:
    """Return the rows of a season; a number without an episode is an empty cell."""
    rows: dict[int, list[str]] = {}
    name, number, episodes = season_name(season), season["seasonNumber"], season["episodes"]
    names = escaped_all([isolated(episode["displayName"] or "") for episode in episodes])
    for episode, named in zip(episodes, names, strict=True):
        row, column = divmod(episode["episodeNumber"] - 1, columns)
        if row not in rows:
            rows[row] = ["<td></td>"] * columns
        rows[row][column] = _cell(name, episode, named)
    short = f"S{number}" if number else "SP"
    return [_row(name, short, row * columns + 1, cells) for row, cells in sorted(rows.items())]


def _row(name: str, short: str, first: int, cells: list[str]) -> str:
    seen, heard = (f"<small> {first}+</small>", f", from episode {first}") if first > 1 else ("", "")
    head = f'<span aria-hidden="true">{short}{seen}</span><span class="hidden">{name}{heard}</span>'
    return f'<tr><th scope="row">{head}</th>{"".join(cells)}</tr>'


def _cell(season: str, episode: Episode, name: str) -> str:
    """Return the cell of an episode with this name, which is escaped."""
    rating, id_, votes = episode["averageRating"], episode["episodeId"], episode["numVotes"] or 0
    words = f"{season}, episode {episode['episodeNumber']}{', ' if name else ''}{name}"
    if rating is None:
        return f'<td class="none"><a href="#episode-{id_}" title="Not rated: {words}">·</a></td>'
    return (
        f'<td class="{shade(rating)}"><a href="#episode-{id_}"'
        f' title="{words}, {votes:,} vote{"" if votes == 1 else "s"}">{rating}</a></td>'
    )


@lru_cache(maxsize=200)
def shade(rating: float | None) -> str:
    """Return the CSS class of a rating's colour: s0 the worst to s9 the best, `none` without a rating."""
    if rating is None:
        return "none"
    return f"s{min(SHADES - 1, max(0, int((rating - LOWEST_SHADE) * 2 + 1)))}"


@dataclass(frozen=True, slots=True)
class Point:
    """A season on the line."""

    x: float
    y: float
    label: str
    rating: float


@dataclass(frozen=True, slots=True)
class SeasonLine:
    """The line of the seasons' average ratings, in pixels."""

    width: int
    height: int
    points: list[Point]

    def __html__(self) -> str:
        """Return the content of the SVG element: the line, and a circle, a rating and a label for each season."""
        path = " ".join(f"{point.x:g},{point.y:g}" for point in self.points)
        marks = (
            f'<circle cx="{point.x:g}" cy="{point.y:g}" r="4.5"/>'
            f'<text x="{point.x:g}" y="{point.y - 12:g}">{point.rating}</text>'
            f'<text class="under" x="{point.x:g}" y="{self.height - 4}">{point.label}</text>'
            for point in self.points
        )
        return f'<polyline points="{path}"/>{"".join(marks)}'

    @property
    def words(self) -> str:
        """The points as a text: each season and its rating."""
        return ", ".join(f"{point.label} {point.rating}" for point in self.points)


def season_line(seasons: Sequence[Season]) -> SeasonLine | None:
    """Return the line of the rated seasons without the specials, None for fewer than two."""
    rated = [season for season in seasons if season["averageRating"] is not None and season["seasonNumber"] > 0]
    if len(rated) < 2:  # noqa: PLR2004 - two points make a line
        return None
    ratings = [season["averageRating"] for season in rated]
    low, high = min(ratings), max(ratings)
    scale = (HEIGHT - 2 * TOP) / max(high - low, 1)
    points = [
        Point(
            x=MARGIN + STEP * place,
            y=round(TOP + (high - season["averageRating"]) * scale, 1),
            label=f"S{season['seasonNumber']}",
            rating=season["averageRating"],
        )
        for place, season in enumerate(rated)
    ]
    return SeasonLine(2 * MARGIN + STEP * (len(rated) - 1), HEIGHT, points)

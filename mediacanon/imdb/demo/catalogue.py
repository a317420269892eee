"""Rows of the demo catalogue: titles and episodes, with the facts that IMDb and TMDB would give them."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from mediacanon.imdb.demo.names import Name

# URLs at TMDB's image host with the sizes that MediaCanon stores; no such images exist.
POSTERS = "https://image.tmdb.org/t/p/w500/demo-"
STILLS = "https://image.tmdb.org/t/p/w400/demo-"

ImdbTitleType = Literal["movie", "tvMovie", "tvSeries", "tvMiniSeries", "short", "video", "videoGame", "tvSpecial"]
SHOW_TYPES = ("tvSeries", "tvMiniSeries")


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoTitle:
    """A movie, a show, or a title of a type that the import ignores."""

    imdb_id: str
    title_type: ImdbTitleType
    name: Name
    start_year: int | None
    end_year: int | None = None
    runtime_minutes: int | None = None
    genres: tuple[str, ...] = ()
    average_rating: float | None = None
    num_votes: int | None = None
    # From here on: facts that TMDB would add, and traces of people.
    original_language: str = "en"
    origin_country: str = "US"
    release_date: date | None = None
    tmdb_popularity: float = 0.0
    tmdb_id: int | None = None
    image_url: str | None = None
    custom_genre: str | None = None
    views: int = 0

    @property
    def is_show(self) -> bool:
        """True if the import makes the title a show."""
        return self.title_type in SHOW_TYPES


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoEpisode:
    """An episode of a show; before its air date it has no rating."""

    imdb_id: str
    show_id: str
    season: int
    episode: int
    name: str
    runtime_minutes: int
    genres: tuple[str, ...]
    air_date: date
    average_rating: float | None
    num_votes: int | None
    # From here on: facts that TMDB would add.
    synopsis: str | None
    image_url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowRun:
    """The run of a show: the number of episodes by season, and the course of their ratings."""

    seasons: dict[int, int]
    arc: str = "steady"
    is_running: bool = False
    has_plain_names: bool = False


@dataclass(frozen=True, slots=True)
class DemoCatalogue:
    """The whole demo: titles, episodes, and titles that the import ignores."""

    titles: tuple[DemoTitle, ...]
    episodes: tuple[DemoEpisode, ...]
    ignored: tuple[DemoTitle, ...]

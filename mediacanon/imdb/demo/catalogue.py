"""What the demo catalogue holds: titles and episodes, with what IMDb and TMDB would say of them."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from mediacanon.imdb.demo.names import Name

# Paths below TMDB's image host, with the sizes MediaCanon asks for; there is no such picture.
POSTERS = "https://image.tmdb.org/t/p/w500/demo-"
STILLS = "https://image.tmdb.org/t/p/w400/demo-"
NO_POSTER = "none"
NO_STILL = "TMDB_NOT_FOUND_DO_NOT_RETRY"

TitleType = Literal["movie", "tvMovie", "tvSeries", "tvMiniSeries", "short", "video", "videoGame", "tvSpecial"]
SHOW_TYPES = ("tvSeries", "tvMiniSeries")


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoTitle:
    """A movie, a show, or something the importer ignores."""

    imdb_id: str
    title_type: TitleType
    name: Name
    start_year: int | None
    end_year: int | None = None
    runtime_minutes: int | None = None
    genres: tuple[str, ...] = ()
    average_rating: float | None = None
    num_votes: int | None = None
    # From here on: what TMDB would add, and what people did.
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
        """Whether the importer makes it a show."""
        return self.title_type in SHOW_TYPES


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoEpisode:
    """An episode of a show; one that has not been aired has no rating."""

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
    # From here on: what TMDB would add.
    synopsis: str | None
    image_url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The shape of a show: episodes of each season by its number, and how good they are."""

    seasons: dict[int, int]
    arc: str = "steady"
    is_running: bool = False
    has_plain_names: bool = False


@dataclass(frozen=True, slots=True)
class DemoCatalogue:
    """Everything the demo holds: titles, episodes, and rows that the importer ignores."""

    titles: tuple[DemoTitle, ...]
    episodes: tuple[DemoEpisode, ...]
    ignored: tuple[DemoTitle, ...]

"""A dozen titles that do not depend on the seed: documentation and tests may name them."""

from datetime import date

from mediacanon.imdb.demo.catalogue import POSTERS, DemoTitle, ImdbTitleType, ShowRun
from mediacanon.imdb.demo.names import Name


def _title(  # noqa: PLR0913, PLR0917 - a row of the tables below, in the order of IMDb's columns
    imdb_id: str,
    title_type: ImdbTitleType,
    name: Name,
    years: tuple[int, int | None],
    runtime_minutes: int,
    genres: str,
    rating: tuple[float, int],
    *,
    origin: tuple[str, str] = ("en", "GB"),
    custom_genre: str | None = None,
) -> DemoTitle:
    average_rating, num_votes = rating
    start_year, end_year = years
    language, country = origin
    return DemoTitle(
        imdb_id=imdb_id,
        title_type=title_type,
        name=name,
        start_year=start_year,
        end_year=end_year,
        runtime_minutes=runtime_minutes,
        genres=tuple(genres.split(",")),
        average_rating=average_rating,
        num_votes=num_votes,
        original_language=language,
        origin_country=country,
        release_date=date(start_year, 9, 14),
        tmdb_popularity=round(num_votes**0.35, 3),
        image_url=f"{POSTERS}{imdb_id}.jpg",
        custom_genre=custom_genre,
    )


def _same(name: str) -> Name:
    return Name(name, name)


def landmark_movies() -> tuple[DemoTitle, ...]:
    """Return the movies, tt99000001 to tt99000006."""
    return (
        _title("tt99000001", "movie", _same("The Lighthouse Keepers"), (2011, None), 118,
               "Drama,Mystery", (8.9, 1_254_310)),
        _title("tt99000002", "movie", _same("Paper Satellites"), (2019, None), 131,
               "Action,Adventure,Sci-Fi", (8.1, 912_004), origin=("en", "US")),
        _title("tt99000003", "movie", Name("The Garden of November", "Le Jardin de novembre"),
               (1998, None), 104, "Drama,Romance", (8.4, 403_118), origin=("fr", "FR")),
        _title("tt99000004", "movie",
               Name("Seven Umbrellas for Seoul", "서울을 위한 일곱 개의 우산"),
               (2021, None), 126, "Comedy,Drama", (8.6, 688_240), origin=("ko", "KR")),
        _title("tt99000005", "movie", _same("Midnight at Pier Nineteen"), (1947, None), 94,
               "Crime,Film-Noir,Thriller", (8.2, 121_733), origin=("en", "US")),
        _title("tt99000006", "tvMovie", _same("The Cartographer's Apprentice"), (2006, None), 88,
               "Biography,Drama,History", (7.6, 8_412)),
    )  # fmt: skip


def landmark_shows() -> dict[DemoTitle, ShowRun]:
    """Return the shows, tt99100001 to tt99100006, each with its run.

    In order: a brilliant finale, a sad decline, a season of 300 episodes, specials (season 0), a running show, and a
    Korean show with a custom genre.
    """
    return {
        _title("tt99100001", "tvSeries", _same("Harbour Lights"), (2008, 2012), 52,
               "Crime,Drama,Thriller", (9.4, 1_903_551)):
            ShowRun(seasons={1: 8, 2: 12, 3: 12, 4: 12, 5: 14}, arc="brilliant finale"),
        _title("tt99100002", "tvSeries", _same("The Quiet Orchard"), (2009, 2016), 58,
               "Adventure,Drama,Fantasy", (8.3, 1_488_017), origin=("en", "US")):
            ShowRun(seasons=dict.fromkeys(range(1, 8), 10) | {8: 6}, arc="sad decline"),
        _title("tt99100003", "tvSeries", _same("Morning Tide"), (2024, None), 24,
               "Drama,Romance", (5.8, 9_044), origin=("en", "AU")):
            ShowRun(seasons={1: 24, 2: 300, 3: 25}, is_running=True, has_plain_names=True),
        _title("tt99100004", "tvSeries", _same("Inspector Vale's Last Train"), (1996, 2007), 50,
               "Crime,Drama,Mystery", (8.0, 77_920)):
            ShowRun(seasons={0: 4} | dict.fromkeys(range(1, 13), 6), arc="cliffhangers"),
        _title("tt99100005", "tvSeries", _same("Glass Mountains"), (2023, None), 47,
               "Action,Drama,Sci-Fi", (8.7, 604_876), origin=("en", "US")):
            ShowRun(seasons={1: 10, 2: 10, 3: 8, 4: 10}, arc="rising", is_running=True),
        _title("tt99100006", "tvSeries", Name("Heartbeat Bus Stop", "심쿵 정류장"), (2022, None), 71,
               "Reality-TV,Romance", (7.9, 41_366), origin=("ko", "KR"), custom_genre="Dating"):
            ShowRun(seasons={1: 12, 2: 14, 3: 14, 4: 16, 5: 16}, is_running=True),
    }  # fmt: skip

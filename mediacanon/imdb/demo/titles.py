"""Invents the demo's movies and shows, with every genre, language and decade in both types."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from itertools import cycle, islice
from typing import TypeVar

from mediacanon.imdb.demo.catalogue import (
    POSTERS,
    DemoCatalogue,
    DemoTitle,
    ImdbTitleType,
    ShowRun,
)
from mediacanon.imdb.demo.episodes import COMMON_ARCS, build_episodes
from mediacanon.imdb.demo.landmarks import landmark_movies, landmark_shows
from mediacanon.imdb.demo.names import Name, Namer
from mediacanon.imdb.demo.words import ENGLISH_COUNTRIES, ODD_NAMES, TONGUES, words
from mediacanon.vocabulary import NO_POSTER

Value = TypeVar("Value")

MOVIES, SHOWS, IGNORED = 600, 120, 60
IGNORED_TYPES: tuple[ImdbTitleType, ...] = ("short", "videoGame", "short", "video", "tvSpecial")
FIRST_YEAR, FIRST_SHOW_YEAR, THIS_YEAR = 1920, 1951, 2026
GENRES = words(
    "Action; Adventure; Animation; Biography; Comedy; Crime; Documentary; Drama; Family; Fantasy; "
    "Film-Noir; Game-Show; History; Horror; Music; Musical; Mystery; News; Reality-TV; Romance; "
    "Sci-Fi; Short; Sport; Talk-Show; Thriller; War; Western"
)
# Drawn twice as often for films: films of news and game shows are rare, as in real life.
FILM_GENRES = words(
    "Action; Adventure; Animation; Comedy; Crime; Drama; Family; Fantasy; History; Horror; "
    "Mystery; Romance; Sci-Fi; Thriller"
)
# Half the catalogue is English. A tenth is Korean, to fill the Korean collections.
LANGUAGES = words("en; fr; en; ko; en; es; en; de; en; it; en; ja; en; ko; en; hi; en; ru; sv; da")
ERAS = {"Film-Noir": (1941, 1958), "Western": (1936, 1973)}
FEWEST_VOTES, MOST_VOTES = 5, 2_600_000
UNRATED, UNDATED, TIMELESS = 0.03, 0.01, 0.05
MINI_SERIES, TV_MOVIES, RUNNING, PLAIN_NAMES = 0.15, 0.1, 0.2, 0.08
WITH_POSTER, WITHOUT_POSTER = 0.86, 0.05  # the posters of the rest were never looked up
# A custom genre goes to titles of these genres; a Korean title may have any.
CUSTOM_GENRES = {"Dating": ("Romance", "Reality-TV"), "Cooking": ("Documentary", "Family")}
WITH_CUSTOM_GENRE = 6  # titles of each type, Korean and other
REMAKES = 3
FIRST_TMDB_ID = 90_000_001
VIEWED, MOST_VIEWS = 48, 90


def build_demo_catalogue(seed: int) -> DemoCatalogue:
    """Return the catalogue of a seed, the same every time: 600 movies, 120 shows, some 6,000 episodes."""
    chooser = random.Random(seed)  # noqa: S311 - inventing films, not secrets
    namer = Namer(chooser, taken={title.name.display for title in (*landmark_movies(), *landmark_shows())})
    movies = [*landmark_movies(), *_movies(chooser, namer, MOVIES - len(landmark_movies()))]
    shows = landmark_shows() | _shows(chooser, namer, SHOWS - len(landmark_shows()))
    episodes = tuple(build_episodes(chooser, namer, shows))
    ignored = tuple(_ignored(chooser, namer, IGNORED))
    titles = _with_remakes([*movies, *shows])
    titles = _with_custom_genres(titles)
    titles = _with_views(chooser, titles)
    titles = [replace(title, tmdb_id=FIRST_TMDB_ID + at) for at, title in enumerate(titles)]
    return DemoCatalogue(tuple(titles), episodes, ignored)


def _shuffled(chooser: random.Random, values: Sequence[Value], count: int) -> list[Value]:
    """Return `count` values in random order, all equally frequent."""
    dealt = list(islice(cycle(values), count))
    chooser.shuffle(dealt)
    return dealt


def _movies(chooser: random.Random, namer: Namer, count: int) -> list[DemoTitle]:
    odd_names = list(words(ODD_NAMES))
    movies = []
    pool = GENRES + 2 * FILM_GENRES
    draws = zip(_shuffled(chooser, pool, count), _shuffled(chooser, LANGUAGES, count), strict=True)
    for at, (genre, language) in enumerate(draws):
        is_odd = language == "en" and odd_names
        name = Name(*[odd_names.pop(0)] * 2) if is_odd else namer.movie(language, genre)
        title = DemoTitle(
            # Ids of eight and nine digits, whose order as text is not their order as numbers.
            imdb_id=f"tt{99_001_000 + 7 * at}" if at % 2 else f"tt{990_020_000 + 7 * at}",
            title_type="tvMovie" if chooser.random() < TV_MOVIES else "movie",
            name=name,
            start_year=None if chooser.random() < UNDATED else _movie_year(chooser, genre),
            runtime_minutes=None if chooser.random() < TIMELESS else chooser.randint(71, 189),
            genres=_genres(chooser, genre, pool, others=(0, 1, 1, 2, 2)),
        )
        movies.append(_received(chooser, title, language, fame=0.7))
    # Both ends of the scale: the worst film has many votes, the best film few.
    movies[0] = replace(movies[0], average_rating=1.0, num_votes=41_207)
    movies[1] = replace(movies[1], average_rating=10.0, num_votes=7)
    return movies


def _movie_year(chooser: random.Random, genre: str) -> int:
    if genre in ERAS:
        return chooser.randint(*ERAS[genre])
    return THIS_YEAR - int((THIS_YEAR - FIRST_YEAR + 1) * chooser.random() ** 2)


def _shows(chooser: random.Random, namer: Namer, count: int) -> dict[DemoTitle, ShowRun]:
    shows = {}
    draws = zip(_shuffled(chooser, GENRES, count), _shuffled(chooser, LANGUAGES, count), strict=True)
    for at, (genre, language) in enumerate(draws):
        is_mini = chooser.random() < MINI_SERIES
        run = _run(chooser, is_mini=is_mini)
        last = THIS_YEAR
        if not run.is_running:
            last -= int((THIS_YEAR - FIRST_SHOW_YEAR - len(run.seasons)) * chooser.random() ** 1.6)
        title = DemoTitle(
            imdb_id=f"tt{99_101_000 + 3 * at}",
            title_type="tvMiniSeries" if is_mini else "tvSeries",
            name=namer.show(language, genre),
            start_year=last - len(run.seasons) + 1,
            end_year=None if run.is_running else last,
            runtime_minutes=chooser.choice((22, 25, 30, 42, 45, 50, 58, 60)),
            genres=_genres(chooser, genre, GENRES, others=(1, 2, 2)),
        )
        shows[_received(chooser, title, language, fame=0.45)] = run
    return shows


def _run(chooser: random.Random, *, is_mini: bool) -> ShowRun:
    """Return a run of 3 to 8 episodes for a mini-series, else of 1 to 12 seasons of 5 to 25."""
    if is_mini:
        return ShowRun(seasons={1: chooser.randint(3, 8)}, arc=chooser.choice(COMMON_ARCS))
    usual = chooser.choice((6, 8, 8, 10, 10, 13, 20, 23))
    seasons = 1 + int(12 * chooser.random() ** 1.8)
    return ShowRun(
        seasons={season: usual + chooser.randint(-1, 2) for season in range(1, seasons + 1)},
        arc=chooser.choice(COMMON_ARCS),
        is_running=chooser.random() < RUNNING,
        has_plain_names=chooser.random() < PLAIN_NAMES,
    )


def _ignored(chooser: random.Random, namer: Namer, count: int) -> list[DemoTitle]:
    return [
        DemoTitle(
            imdb_id=f"tt{99_300_000 + 11 * at}",
            title_type=IGNORED_TYPES[at % len(IGNORED_TYPES)],
            name=namer.movie("en", genre),
            start_year=_movie_year(chooser, genre),
            genres=("Short", genre),
            average_rating=round(chooser.uniform(3, 9), 1),
            num_votes=chooser.randint(5, 900),
        )
        for at, genre in enumerate(_shuffled(chooser, GENRES, count))
    ]


def _genres(chooser: random.Random, first: str, pool: Sequence[str], *, others: Sequence[int]) -> tuple[str, ...]:
    """Return one to three genres, `first` among them, sorted as in IMDb's files."""
    return tuple(sorted({first, *chooser.sample(pool, chooser.choice(others))}))


def _received(chooser: random.Random, title: DemoTitle, language: str, *, fame: float) -> DemoTitle:
    """Return the title with rating, votes and TMDB's facts; the votes follow a power law."""
    scale = MOST_VOTES / FEWEST_VOTES
    votes = int(FEWEST_VOTES * scale ** (chooser.random() ** fame))
    rating = round(min(9.6, max(1.4, chooser.gauss(6.5, 1.3))), 1)
    is_rated = chooser.random() >= UNRATED
    countries = TONGUES[language].countries if language != "en" else ENGLISH_COUNTRIES
    day = (chooser.randint(1, 12), chooser.randint(1, 28))
    luck = chooser.random()
    poster = f"{POSTERS}{title.imdb_id}.jpg" if luck < WITH_POSTER else None
    return replace(
        title,
        average_rating=rating if is_rated else None,
        num_votes=votes if is_rated else None,
        original_language=language,
        origin_country=chooser.choice(countries),
        release_date=date(title.start_year, *day) if title.start_year else None,
        tmdb_popularity=round(votes**0.35 * chooser.uniform(0.2, 1.6), 3),
        image_url=NO_POSTER if luck >= 1 - WITHOUT_POSTER else poster,
    )


def _with_remakes(titles: list[DemoTitle]) -> list[DemoTitle]:
    """Return the titles, with the last few English movies named like earlier movies of another year."""
    spared = {title.name.display for title in landmark_movies()} | set(words(ODD_NAMES))
    english = [
        title
        for title in titles
        if not title.is_show and title.original_language == "en" and title.name.display not in spared
    ]
    remade = dict(zip((title.imdb_id for title in english[-REMAKES:]), english, strict=False))
    return [replace(title, name=remade[title.imdb_id].name) if title.imdb_id in remade else title for title in titles]


def _with_custom_genres(titles: list[DemoTitle]) -> list[DemoTitle]:
    """Return the titles, with a custom genre for some of the best known, both Korean and other."""
    given = {title.imdb_id: title.custom_genre for title in titles if title.custom_genre}
    for custom, genres in CUSTOM_GENRES.items():
        for is_show in (False, True):
            for is_korean in (False, True):
                fitting = [
                    title
                    for title in titles
                    if title.is_show == is_show
                    and (title.original_language == "ko") == is_korean
                    and title.imdb_id not in given
                    and title.image_url not in (None, NO_POSTER)
                    and (is_korean or not set(title.genres).isdisjoint(genres))
                ]
                fitting.sort(key=lambda title: -(title.num_votes or 0))
                given |= dict.fromkeys((title.imdb_id for title in fitting[:WITH_CUSTOM_GENRE]), custom)
    return [replace(title, custom_genre=given.get(title.imdb_id)) for title in titles]


def _with_views(chooser: random.Random, titles: list[DemoTitle]) -> list[DemoTitle]:
    """Return the titles, some with views: a few titles with very many, most of these with one or two."""
    viewed = chooser.sample([title.imdb_id for title in titles], VIEWED)
    views = {imdb_id: MOST_VIEWS // rank for rank, imdb_id in enumerate(viewed, start=1)}
    return [replace(title, views=views.get(title.imdb_id, 0)) for title in titles]

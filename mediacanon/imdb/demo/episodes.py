"""Invents the episodes of the demo's shows, with ratings that tell a story on a heat map."""

import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta

from mediacanon.imdb.demo.catalogue import STILLS, DemoEpisode, DemoTitle, ShowRun
from mediacanon.imdb.demo.names import Namer
from mediacanon.vocabulary import NO_STILL

# Points by which an episode's rating differs from its show's, as a function of the progress of show and season, each
# from 0 to 1.
Arc = Callable[[float, float], float]
ARCS: dict[str, Arc] = {
    "steady": lambda _show, season: 0.2 * season,
    "rising": lambda show, _season: 1.4 * show - 0.7,
    "declining": lambda show, _season: 0.5 - 2.2 * show**2,
    "cliffhangers": lambda _show, season: 1.5 * season**4 - 0.4,
    "slump": lambda show, _season: 0.4 - 5 * max(0.0, 0.3 - abs(show - 0.45)),
    "brilliant finale": lambda show, season: 1.3 * show**6 + 0.4 * season - 0.8,
    "sad decline": lambda show, _season: 0.7 - 7 * max(0.0, show - 0.4),
}
COMMON_ARCS = ("steady", "rising", "declining", "cliffhangers", "slump")
NOISE = 0.25
WORST, BEST = 1.0, 10.0
FEWEST_VOTES = 5
NOT_AIRED = 2  # the last episodes of a running show
MAX_WEEKLY = 40  # a longer season has an episode every day
WITH_SYNOPSIS, WITH_STILL, WITHOUT_STILL = 0.9, 0.8, 0.05


def build_episodes(chooser: random.Random, namer: Namer, shows: dict[DemoTitle, ShowRun]) -> Iterator[DemoEpisode]:
    """Yield the episodes of all shows in order, with ids of eight digits."""
    number = 92_000_000
    for show, run in shows.items():
        places = [(season, episode + 1) for season, count in run.seasons.items() for episode in range(count)]
        for rank, (season, episode) in enumerate(places):
            number += chooser.randint(1, 4)
            is_aired = not run.is_running or rank < len(places) - NOT_AIRED
            progress = rank / max(1, len(places) - 1), episode / run.seasons[season]
            rating = show.average_rating or (WORST + BEST) / 2
            rating += ARCS[run.arc](*progress) + chooser.gauss(0, NOISE)
            name = namer.episode()
            yield DemoEpisode(
                imdb_id=f"tt{number}",
                show_id=show.imdb_id,
                season=season,
                episode=episode,
                name=f"Episode #{season}.{episode}" if run.has_plain_names else name,
                runtime_minutes=(show.runtime_minutes or 45) + chooser.randint(-3, 6),
                genres=show.genres,
                air_date=_air_date(show, season, episode, count=run.seasons[season]),
                average_rating=round(min(BEST, max(WORST, rating)), 1) if is_aired else None,
                num_votes=_votes(chooser, show) if is_aired else None,
                synopsis=namer.synopsis() if chooser.random() < WITH_SYNOPSIS else None,
                image_url=_still(chooser, number),
            )


def _votes(chooser: random.Random, show: DemoTitle) -> int:
    return FEWEST_VOTES + int((show.num_votes or 0) * chooser.uniform(0.008, 0.02))


def _air_date(show: DemoTitle, season: int, episode: int, *, count: int) -> date:
    first = show.release_date or date(show.start_year or 2000, 9, 1)
    premiere = date(first.year + max(0, season - 1), first.month, min(first.day, 28))
    if count > MAX_WEEKLY:
        return date(premiere.year, 1, 1) + timedelta(days=episode)
    return premiere + timedelta(weeks=episode - 1)


def _still(chooser: random.Random, number: int) -> str | None:
    luck = chooser.random()
    if luck < WITH_STILL:
        return f"{STILLS}tt{number}.jpg"
    return NO_STILL if luck < WITH_STILL + WITHOUT_STILL else None

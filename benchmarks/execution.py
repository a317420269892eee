"""Measures GraphQL execution without database or HTTP: `python -m benchmarks.execution [--repeat 50]`.

The same documents run over the same rows in graphql-core as Strawberry runs it, in the compiled executor, through
`Execution` as the server runs them, and as the dict comprehension that one would write by hand for just that response.
"""

import asyncio
import inspect
import time
from collections import namedtuple
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import click
from graphql import execute
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from mediacanon.execution.compiled import CompiledExecutor
from mediacanon.execution.documents import PreparedDocument
from mediacanon.execution.executor import Execution
from mediacanon.loaders.movie import MovieRow
from mediacanon.loaders.search import RankedTitle
from mediacanon.loaders.season import EpisodeRow, SeasonRow
from mediacanon.loaders.show import ShowRow
from mediacanon.loaders.title import TitleRow
from mediacanon.schema.costs import COSTS
from mediacanon.schema.root import build_schema

SEASONS = 10
EPISODES = 25
HITS = 50
SIMILAR = 12
DAY = "1998-09-27"

# Only PostgreSQL makes records. A named tuple of the same fields is read alike.
EpisodeTuple = namedtuple("EpisodeTuple", EpisodeRow._fields)  # type: ignore[attr-defined,misc] # noqa: PYI024

MOVIE = "{ movie(id: 1) { movieId title { displayName startYear imdbId averageRating genres } } }"
SHOW = """{ show(id: 1) { showId seasons { seasonNumber episodes {
  episodeId episodeNumber displayName synopsis airDate runtimeMinutes imdbId averageRating } } } }"""
MOVIE_WITH_SIMILAR = """{ movie(id: 1) { movieId title { displayName startYear
  similar { displayName type startYear movieId } } } }"""
HITS_WITH_MOVIES = """{ search(query: "dawn", limit: 50) { matchedOn title {
  titleId type displayName startYear imdbId averageRating genres movie { movieId } } } }"""


def row(class_: type, **facts: object) -> Any:  # noqa: ANN401 - an instance of the class
    """Return a row with these facts and none else."""
    return class_(**(dict.fromkeys(inspect.signature(class_).parameters) | facts))


def episode(season: int, number: int) -> EpisodeTuple:
    """Return an episode."""
    key = season * EPISODES + number
    return row(
        EpisodeTuple,
        episode_id=key,
        season_id=season,
        episode_number=number,
        display_name=f"Episode {number}",
        synopsis="The lighthouse goes dark.",
        air_date=DAY,
        runtime_minutes=42,
        imdb_id=f"tt{key:07}",
        average_rating=8.5,
    )


def title(number: int) -> TitleRow:
    """Return the title of the movie of the same number."""
    return row(
        TitleRow,
        title_id=number,
        type="movie",
        display_name=f"Dawn {number}",
        start_year=1998,
        imdb_id=f"tt{number:07}",
        average_rating=7.5,
        genres=["Drama", "Mystery"],
        movie_id=number,
    )


class Loaded:
    """A loader whose rows are in memory."""

    def __init__(self, value_of: Callable[..., object]) -> None:
        self._value_of = value_of

    async def load(self, key: object) -> object:
        """Return the row of a key."""
        return self._value_of(key)

    async def __call__(self, *_: object, **__: object) -> object:
        """Return the rows of a list."""
        return self._value_of(None)


class Context:
    """A request whose rows are in memory."""

    def __init__(self) -> None:
        self.loaders = self
        self.enrichment = None
        self.budget = None
        self.hides_adult = False
        self.show = ShowRow(1, 1, title(1))
        self.movie = MovieRow(1, 1, title(1))
        self.similar = [title(number) for number in range(2, 2 + SIMILAR)]
        self.seasons = [
            row(SeasonRow, season_number=n, episodes=[episode(n, number) for number in range(EPISODES)])
            for n in range(SEASONS)
        ]
        self.hits = [RankedTitle(title(number), "NAME") for number in range(1, HITS + 1)]
        movies = {hit.title.title_id: MovieRow(hit.title.title_id, hit.title.title_id, hit.title) for hit in self.hits}
        self.show_by_id = Loaded(lambda _: self.show)
        self.movie_by_id = Loaded(lambda _: self.movie)
        self.poster_filter = Loaded(lambda _: True)
        self.similar_titles_by_title_id = Loaded(lambda _: self.similar)
        self.seasons_with_episodes_by_show_id = Loaded(lambda _: self.seasons)
        self.ranked = Loaded(lambda _: self.hits)
        self.movie_by_title_id = Loaded(movies.get)


def movie_by_hand(context: Context) -> dict[str, Any]:
    """Return the data of MOVIE."""
    known = context.movie.title
    return {
        "movie": {
            "movieId": context.movie.movie_id,
            "title": {
                "displayName": known.display_name,
                "startYear": known.start_year,
                "imdbId": known.imdb_id,
                "averageRating": known.average_rating,
                "genres": list(known.genres),
            },
        }
    }


def similar_by_hand(context: Context) -> dict[str, Any]:
    """Return the data of MOVIE_WITH_SIMILAR."""
    return {
        "movie": {
            "movieId": context.movie.movie_id,
            "title": {
                "displayName": context.movie.title.display_name,
                "startYear": context.movie.title.start_year,
                "similar": [
                    {
                        "displayName": each.display_name,
                        "type": each.type,
                        "startYear": each.start_year,
                        "movieId": each.movie_id,
                    }
                    for each in context.similar
                ],
            },
        }
    }


def show_by_hand(context: Context) -> dict[str, Any]:
    """Return the data of SHOW."""
    return {
        "show": {
            "showId": context.show.show_id,
            "seasons": [
                {
                    "seasonNumber": season.season_number,
                    "episodes": [
                        {
                            "episodeId": e.episode_id,
                            "episodeNumber": e.episode_number,
                            "displayName": e.display_name,
                            "synopsis": e.synopsis,
                            "airDate": e.air_date,
                            "runtimeMinutes": e.runtime_minutes,
                            "imdbId": e.imdb_id,
                            "averageRating": e.average_rating,
                        }
                        for e in season.episodes
                    ],
                }
                for season in context.seasons
            ],
        }
    }


def hits_by_hand(context: Context) -> dict[str, Any]:
    """Return the data of HITS_WITH_MOVIES."""
    return {
        "search": [
            {
                "matchedOn": hit.matched_on,
                "title": {
                    "titleId": hit.title.title_id,
                    "type": hit.title.type,
                    "displayName": hit.title.display_name,
                    "startYear": hit.title.start_year,
                    "imdbId": hit.title.imdb_id,
                    "averageRating": hit.title.average_rating,
                    "genres": list(hit.title.genres),
                    "movie": {"movieId": hit.title.movie_id},
                },
            }
            for hit in context.hits
        ]
    }


@dataclass(frozen=True, slots=True)
class Figures:
    """Milliseconds for one document: the best of many runs, and the first one."""

    name: str
    interpreted: float
    executor: float
    first: float
    compiled: float
    by_hand: float


async def run_executor(execution: Execution, prepared: PreparedDocument, context: Any, **options: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return the data of a document from graphql-core, with an executor class and its options."""
    document = cast("Any", prepared.document)
    result: Any = execute(execution.schema, document, context_value=context, **options)
    result = await result if inspect.isawaitable(result) else result
    if result.errors:
        raise result.errors[0]
    return result.data


async def best_of(repeat: int, run: Callable[[], Any]) -> tuple[float, Any]:
    """Return the shortest time of a run in milliseconds, and its data."""
    times = []
    for _ in range(repeat):
        started = time.perf_counter()
        running = run()
        data = await running if inspect.isawaitable(running) else running
        times.append(time.perf_counter() - started)
    return min(times) * 1000, data


async def measure(name: str, text: str, by_hand: Callable[[Context], Any], repeat: int) -> Figures:
    """Measure one document all ways; ends the program unless all data are the same."""
    execution, context = Execution(build_schema(), costs=COSTS), cast("Any", Context())
    prepared = execution.prepare_trusted(text, name=name)

    def interpret() -> Any:  # noqa: ANN401 - any JSON
        return run_executor(execution, prepared, context, executor_class=StrawberryGraphQLCoreExecutionContext)

    def run_compiled_executor() -> Any:  # noqa: ANN401 - any JSON
        return run_executor(execution, prepared, context, executor_class=CompiledExecutor, compiled=prepared.compiled)

    interpreted, data = await best_of(repeat, interpret)
    first, cold = await best_of(1, lambda: execution.run(prepared, {}, context))
    # The second run compiles the operation.
    await execution.run(prepared, {}, context)
    executor, same = await best_of(repeat * 4, run_compiled_executor)
    compiled, warm = await best_of(repeat * 4, lambda: execution.run(prepared, {}, context))
    written, simple = await best_of(repeat * 4, lambda: by_hand(context))
    if not data == cold == same == warm == simple:
        raise SystemExit(f"{name}: the data differ")
    return Figures(name, interpreted, executor, first, compiled, written)


def print_table(figures: list[Figures]) -> None:
    """Print one line a document, in milliseconds."""
    print(
        f"{'':24}{'graphql-core':>14}{'executor':>10}{'compiled':>10}{'ratio':>8}"
        f"{'first run':>11}{'by hand':>9}{'ratio':>8}"
    )
    for each in figures:
        print(
            f"{each.name:24}{each.interpreted:>14.2f}{each.executor:>10.3f}{each.compiled:>10.3f}"
            f"{each.interpreted / each.compiled:>8.1f}{each.first:>11.2f}{each.by_hand:>9.3f}"
            f"{each.compiled / each.by_hand:>8.1f}"
        )


@click.command()
@click.option("--repeat", default=50, show_default=True, help="How often graphql-core runs; all else four times that.")
def main(repeat: int) -> None:
    """Measure compiled execution against graphql-core and against code written by hand."""
    documents = (
        ("a movie", MOVIE, movie_by_hand),
        ("a movie, 12 similar", MOVIE_WITH_SIMILAR, similar_by_hand),
        ("a show, 250 episodes", SHOW, show_by_hand),
        ("50 hits, a movie each", HITS_WITH_MOVIES, hits_by_hand),
    )
    print_table([asyncio.run(measure(name, text, by_hand, repeat)) for name, text, by_hand in documents])


if __name__ == "__main__":
    main()

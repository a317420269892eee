"""Measures GraphQL execution without database or HTTP: `python -m benchmarks.execution [--repeat 50]`.

The same documents over the same rows, in graphql-core as Strawberry runs it, compiled, and as the dict
comprehension one would write by hand for just that answer.
"""

import asyncio
import datetime as dt
import inspect
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import click
from graphql import DocumentNode, GraphQLSchema, execute, parse
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from mediacanon.execution.executor import Execution
from mediacanon.loaders.movie import MovieRow
from mediacanon.loaders.search import RankedTitle
from mediacanon.loaders.season import EpisodeRow, SeasonRow
from mediacanon.loaders.show import ShowRow
from mediacanon.loaders.title import TitleRow
from mediacanon.schema.root import build_schema

SEASONS = 10
EPISODES = 25
HITS = 50
DAY = dt.date(1998, 9, 27)

SHOW = """{ show(id: 1) { showId seasons { seasonNumber episodes {
  episodeId episodeNumber displayName synopsis airDate runtimeMinutes imdbId averageRating } } } }"""
HITS_WITH_MOVIES = """{ search(query: "dawn", limit: 50) { matchedOn title {
  titleId type displayName startYear imdbId averageRating genres movie { movieId } } } }"""


def row(class_: type, **facts: object) -> Any:  # noqa: ANN401 - an instance of the class
    """Return a row with these facts and none else."""
    return class_(**(dict.fromkeys(inspect.signature(class_).parameters) | facts))


def episode(season: int, number: int) -> EpisodeRow:
    """Return an episode."""
    key = season * EPISODES + number
    return row(
        EpisodeRow,
        episode_id=key,
        season_id=season,
        episode_number=number,
        display_name=f"Episode {number}",
        synopsis="What happens in it.",
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


class Answer:
    """A loader that knows its answer."""

    def __init__(self, answer: Callable[..., object]) -> None:
        self._answer = answer

    async def load(self, key: object) -> object:
        """Answer for a key."""
        return self._answer(key)

    async def __call__(self, *_: object, **__: object) -> object:
        """Answer a list question."""
        return self._answer(None)


class Context:
    """A request whose rows are in memory already."""

    def __init__(self) -> None:
        self.loaders = self
        self.enrichment = None
        self.budget = None
        self.show = ShowRow(1, 1, title(1))
        self.seasons = [
            SeasonRow(n, 1, n, True, 8.1, EPISODES, [episode(n, number) for number in range(EPISODES)])
            for n in range(SEASONS)
        ]
        self.hits = [RankedTitle(title(number), "NAME") for number in range(1, HITS + 1)]
        movies = {hit.title.title_id: MovieRow(hit.title.title_id, hit.title.title_id, hit.title) for hit in self.hits}
        self.show_by_id = Answer(lambda _: self.show)
        self.whole_seasons_by_show_id = Answer(lambda _: self.seasons)
        self.titles_by_rank = Answer(lambda _: self.hits)
        self.movie_by_title_id = Answer(movies.get)


def show_by_hand(context: Context) -> dict[str, Any]:
    """Answer SHOW."""
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
                            "airDate": e.air_date.isoformat() if e.air_date else None,
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
    """Answer HITS_WITH_MOVIES."""
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
    """Milliseconds for one document: the best of many runs, but for the first one."""

    name: str
    interpreted: float
    first: float
    compiled: float
    by_hand: float


async def interpret(schema: GraphQLSchema, document: DocumentNode, context: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return the data that graphql-core answers a document with."""
    result: Any = execute(schema, document, context_value=context, executor_class=StrawberryGraphQLCoreExecutionContext)
    result = await result if inspect.isawaitable(result) else result
    if result.errors:
        raise result.errors[0]
    return result.data


async def best_of(repeat: int, answer: Callable[[], Any]) -> tuple[float, Any]:
    """Return the shortest time that answering took, in milliseconds, and the answer."""
    times = []
    for _ in range(repeat):
        started = time.perf_counter()
        answered = answer()
        data = await answered if inspect.isawaitable(answered) else answered
        times.append(time.perf_counter() - started)
    return min(times) * 1000, data


async def measure(name: str, text: str, by_hand: Callable[[Context], Any], repeat: int) -> Figures:
    """Measure one document all ways; ends the program unless all answers are the same."""
    execution, context = Execution(build_schema()), cast("Any", Context())
    document, parsed = execution.prepare_trusted(text, name=name), parse(text)
    interpreted, data = await best_of(repeat, lambda: interpret(execution.schema, parsed, context))
    first, cold = await best_of(1, lambda: execution.run(document, {}, context))
    # The second run plans the operation as a whole.
    await execution.run(document, {}, context)
    compiled, warm = await best_of(repeat * 4, lambda: execution.run(document, {}, context))
    written, simple = await best_of(repeat * 4, lambda: by_hand(context))
    if not data == cold == warm == simple:
        raise SystemExit(f"{name}: the answers differ")
    return Figures(name, interpreted, first, compiled, written)


def print_table(figures: list[Figures]) -> None:
    """Print one line a document, in milliseconds."""
    print(f"{'':24}{'graphql-core':>14}{'compiled':>10}{'ratio':>8}{'first run':>11}{'by hand':>9}{'ratio':>8}")
    for row in figures:
        print(
            f"{row.name:24}{row.interpreted:>14.2f}{row.compiled:>10.3f}{row.interpreted / row.compiled:>8.1f}"
            f"{row.first:>11.2f}{row.by_hand:>9.3f}{row.compiled / row.by_hand:>8.1f}"
        )


@click.command()
@click.option("--repeat", default=50, show_default=True, help="How often graphql-core runs; all else four times that.")
def main(repeat: int) -> None:
    """Measure compiled execution against graphql-core and against code written by hand."""
    documents = (
        ("a show, 250 episodes", SHOW, show_by_hand),
        ("50 hits, a movie each", HITS_WITH_MOVIES, hits_by_hand),
    )
    print_table([asyncio.run(measure(name, text, by_hand, repeat)) for name, text, by_hand in documents])


if __name__ == "__main__":
    main()

"""Floors of the HTTP benchmark: a bare Starlette endpoint with the same bytes, a hand-written one with the same rows.

`uvicorn --factory benchmarks.floor:bare` needs FLOOR_BODIES, a folder of response bodies, and serves /{name of a file};
`benchmarks.floor:hand_written` needs DATABASE_URL and serves /show/{id} and /movie/{id}.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import groupby
from pathlib import Path

import asyncpg
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

SHOW = """
SELECT t.display_name, t.start_year, t.end_year
  FROM shows s
  JOIN titles t ON t.id = s.title_id
 WHERE s.id = $1
"""
EPISODES = """
SELECT ss.season, e.id, e.episode, e.display_name, e.synopsis, e.air_date, e.runtime_minutes,
       round(e.average_rating::numeric, 1)::float8, e.num_votes
  FROM show_seasons ss
  JOIN show_episodes e ON e.season_id = ss.id
 WHERE ss.show_id = $1
 ORDER BY ss.season, e.episode
"""
EPISODE_KEYS = (
    "episodeId", "episodeNumber", "displayName", "synopsis", "airDate", "runtimeMinutes", "averageRating", "numVotes",
)  # fmt: skip
MOVIE = """
SELECT m.id, t.display_name, t.start_year, t.average_rating::numeric::float8, t.num_votes, t.runtime_minutes,
       ARRAY(SELECT g.name FROM title_genres tg JOIN genres g ON g.id = tg.genre_id
              WHERE tg.title_id = t.id ORDER BY g.name)
  FROM movies m
  JOIN titles t ON t.id = m.title_id
 WHERE m.id = $1
"""
MOVIE_KEYS = ("displayName", "startYear", "averageRating", "numVotes", "runtimeMinutes", "genres")


def bare() -> Starlette:
    """Return an app that serves the bytes of files."""
    bodies = {file.name: file.read_bytes() for file in Path(os.environ["FLOOR_BODIES"]).iterdir()}

    async def answer(request: Request) -> Response:
        return Response(bodies[request.path_params["name"]], media_type="application/json")

    return Starlette(routes=[Route("/{name}", answer)])


def hand_written() -> Starlette:
    """Return an app whose endpoints fetch the rows of a show or a movie and return the JSON of /graphql."""
    pools: list[asyncpg.Pool] = []

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=1, max_size=10) as pool:
            pools.append(pool)
            yield

    async def show(request: Request) -> Response:
        id_ = int(request.path_params["id"])
        [facts] = await pools[0].fetch(SHOW, id_)
        rows = await pools[0].fetch(EPISODES, id_)
        seasons = [
            {
                "seasonNumber": number,
                "episodes": [dict(zip(EPISODE_KEYS, tuple(row)[1:], strict=True)) for row in episodes],
            }
            for number, episodes in groupby(rows, lambda row: row[0])
        ]
        title = {"displayName": facts[0], "startYear": facts[1], "endYear": facts[2]}
        body = orjson.dumps({"data": {"show": {"title": title, "seasons": seasons}}})
        return Response(body, media_type="application/json")

    async def movie(request: Request) -> Response:
        [facts] = await pools[0].fetch(MOVIE, int(request.path_params["id"]))
        title = dict(zip(MOVIE_KEYS, tuple(facts)[1:], strict=True))
        body = orjson.dumps({"data": {"movie": {"movieId": facts[0], "title": title}}})
        return Response(body, media_type="application/json")

    return Starlette(routes=[Route("/show/{id}", show), Route("/movie/{id}", movie)], lifespan=lifespan)

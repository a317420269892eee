"""Requests of every kind to the demo catalogue, in their order, and the program that records their answers.

`python -m tests.rest_compat.anywatch.demo_requests` writes `demo_examples.jsonl` anew: read the difference before a commit:
clients will notice exactly that.
"""

import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx

from mediacanon.database.embedded import running_database
from mediacanon.database.migrate import migrate
from mediacanon.imdb.demo import load_demo
from mediacanon.settings import Settings, default_data_dir
from tests.serving import app_of, client_of, with_collections

EXAMPLES = Path(__file__).with_name("demo_examples.jsonl")

READS = """
/api/collections
/api/discover/carousels?per_page=1
/api/discover/carousels?page=2&per_page=1
/api/discover/carousels?page=99
/api/titles?q=harbour
/api/titles?q=the&per_page=2
/api/titles?q=THE&per_page=2&page=2
/api/titles?q=the&type=show&per_page=2
/api/titles?q=the&lang=fr&per_page=2
/api/titles?per_page=1000&type=show&q=lighthouse
/api/titles?page=-1&per_page=1
/api/titles?page=abc&per_page=abc&q=umbrellas
/api/titles?q=zzzzzz
/api/titles?page=9999
/api/titles?type=banana
/api/titles?q=%C3%A4ngby
/api/titles?q=%20and%20&per_page=1
/api/titles?q=r%27s&per_page=2
/api/titles?lang=xx
/api/discover?limit=2
/api/discover?limit=2&page=2
/api/discover?type=show&limit=2
/api/discover?type=movie&genre=Horror&limit=2&sort=most_rated
/api/discover?sort=trending&limit=2
/api/discover?sort=newest&limit=2
/api/discover?sort=top_rated&limit=2
/api/discover?sort=hidden_gems&limit=2
/api/discover?sort=a-z&limit=2
/api/discover?sort=banana&limit=2
/api/discover?lang=ja&country=JP&limit=2
/api/discover?year_min=2015&rating_min=8.5&limit=2
/api/discover?min_votes=2000000&sort=top_rated&limit=2
/api/discover?year_min=soon&rating_min=high&min_votes=many&limit=2
/api/discover?limit=0&page=0&genre=Western&country=KR
/api/discover?genre=Nope
/api/discover?genre=Dating&limit=2
/api/titles/1
/api/titles/601
/api/titles/5?source=anywatch
/api/titles/999999
/api/titles/abc
/api/titles/
/api/titles/5/extra
/api/titles/99999999999999999999
/api/movies/5
/api/movies/16?source=collection-top-drama-movies
/api/movies/999999
/api/movies/x
/api/movies
/api/shows/118
/api/shows/118?source=anywatch
/api/shows/999999
/api/shows/x
/api/shows
/api/shows/1/seasons
/api/shows/999999/seasons
/api/shows/118/ratings
/api/shows/999999/ratings
/api/seasons/1
/api/seasons/999999
/api/seasons/1/episodes
/api/seasons/999999/episodes
/api/episodes/1
/api/episodes/999999
/api/episodes/x
/api/nope
/api/collections/top-crime-shows
/api/collections/nope
/api/collections/1
/api/search?q=harbour+lights
/api/search?q=harbor+lights
/api/search
/api/lookup?imdb=tt0000000
/api/lookup?imdb=nonsense
"""
FRESH = {"display_name": "Fresh Show", "start_year": 2020, "end_year": 2024}
WRITES: list[tuple[str, str, Any]] = [
    ("PATCH", "/api/titles/5", None),
    ("DELETE", "/api/titles", None),
    ("PUT", "/api/seasons/1", {}),
    ("POST", "/api/titles", {"type": "movie", "display_name": "Fresh", "start_year": 2026, "imdb_id": "tt77000001"}),
    ("POST", "/api/titles", {"type": "game", "display_name": "x"}),
    ("POST", "/api/titles", {"type": "movie"}),
    ("POST", "/api/titles", "{not json"),
    ("POST", "/api/titles", {"type": "movie", "display_name": "Twice", "imdb_id": "tt77000001"}),
    ("POST", "/api/movies", {"display_name": "Fresh Movie", "start_year": 2026, "imdb_id": "tt77000002"}),
    ("POST", "/api/shows", FRESH),
    ("POST", "/api/shows", "nope"),
    ("POST", "/api/shows/121/seasons", {"season_number": 1}),
    ("POST", "/api/shows/121/seasons", {"season_number": 2}),
    ("POST", "/api/shows/121/seasons", {"season_number": 1}),
    ("POST", "/api/shows/999999/seasons", {"season_number": 1}),
    ("POST", "/api/seasons/513/episodes", {"episode_number": 1, "display_name": "Pilot"}),
    ("POST", "/api/seasons/513/episodes", {"episode_number": 2}),
    ("POST", "/api/seasons/513/episodes", {"episode_number": 1}),
    ("GET", "/api/shows/121", None),
    ("PUT", "/api/shows/121", {"display_name": "Fresh Show, renamed", "start_year": 2020}),
    ("GET", "/api/shows/121", None),
    ("PUT", "/api/episodes/6420", {"episode_number": 3, "display_name": "Third"}),
    ("GET", "/api/episodes/6420", None),
    ("PUT", "/api/titles/5", {"display_name": "Again", "start_year": 1931}),
    ("GET", "/api/titles/5", None),
    ("PUT", "/api/movies/6", {"display_name": "Again, too"}),
    ("PUT", "/api/movies/999999", {"display_name": "x"}),
    ("PUT", "/api/titles/999999", {"display_name": "x"}),
    ("PUT", "/api/titles/5", "{"),
    ("DELETE", "/api/episodes/6419", None),
    ("DELETE", "/api/seasons/514", None),
    ("GET", "/api/shows/121", None),
    ("DELETE", "/api/shows/121", None),
    ("GET", "/api/shows/121", None),
    ("DELETE", "/api/movies/601", None),
    ("DELETE", "/api/titles/999999", None),
    ("DELETE", "/api/movies/999999", None),
]
REQUESTS = [*(("GET", path, None) for path in READS.split()), *WRITES]


def recorded(method: str, path: str, body: Any, response: httpx.Response) -> str:
    """Return a request with its answer as a line of the file."""
    example = {"method": method, "path": path, "body": body, "status": response.status_code}
    if response.content:
        example["json"] = response.json()
    return json.dumps(example, ensure_ascii=False) + "\n"


async def record(dsn: str) -> None:
    """Write all requests with their answers."""
    await migrate(dsn)
    await load_demo(dsn)
    app = app_of(await with_collections(dsn))
    lines = []
    async with client_of(app) as client:
        for method, path, body in REQUESTS:
            content = body if isinstance(body, str | None) else json.dumps(body)
            response = await client.request(method, path, content=content)
            await app.services.engagement.write(app.services.pool)
            lines.append(recorded(method, path, body, response))
    EXAMPLES.write_text("".join(lines))
    sys.stdout.write(f"{len(lines)} answers in {EXAMPLES}\n")


if __name__ == "__main__":
    with (
        tempfile.TemporaryDirectory(dir=default_data_dir().parent) as folder,
        running_database(Settings.from_environment({"MEDIACANON_DATA_DIR": folder})) as url,
    ):
        asyncio.run(record(url))

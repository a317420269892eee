"""The map of a show's ratings and the line of its seasons, and pages that are kept."""

import asyncio

import pytest

from mediacanon.cache.responses import CachedResponse
from mediacanon.pages.charts import heat_map, season_line, shade
from mediacanon.pages.kept import KeptPages


def season(number: int, ratings: dict[int, float | None], average: float | None = None) -> dict:
    """Return a season with episodes by number."""
    episodes = [{"episodeNumber": each, "averageRating": rating} for each, rating in ratings.items()]
    return {"seasonNumber": number, "averageRating": average, "episodes": episodes}


def test_every_episode_stands_in_the_column_of_its_number():
    """Missing numbers leave a gap, other seasons end earlier."""
    found = heat_map([season(1, {1: 8.0, 3: 9.0}), season(2, {2: None})])
    assert found.columns == 3
    numbers = [[cell and cell["episodeNumber"] for cell in row.cells] for row in found.rows]
    assert numbers == [[1, None, 3], [None, 2, None]]


def test_a_long_season_goes_on_below():
    """26 episodes a row; rows without any are left out, whatever the numbers."""
    found = heat_map([season(1, dict.fromkeys((0, 1, 26, 27, 97_251), 7.0))])
    assert found.columns == 26
    assert sum(cell is not None for row in found.rows for cell in row.cells) == 5
    assert [row.first for row in found.rows] == [-25, 1, 27, 97_241]


def test_without_ratings_there_is_no_map_and_no_line():
    """Nothing rated, or no episode at all."""
    assert heat_map([]) is None
    assert heat_map([season(1, {1: None})]) is None
    assert season_line([season(1, {1: 8.0}, 8.0), season(0, {1: 9.0}, 9.0)]) is None


def test_the_line_goes_up_with_the_ratings():
    """A better season is a higher point; equal ones are level."""
    line = season_line([season(1, {}, 7.0), season(2, {}, 9.0), season(3, {}, 7.0), season(4, {}, None)])
    assert [point.label for point in line.points] == ["S1", "S2", "S3"]
    first, second, third = (point.y for point in line.points)
    assert second < first == third
    assert len({point.y for point in season_line([season(1, {}, 8.0), season(2, {}, 8.0)]).points}) == 1


def test_shades_rise_with_the_rating():
    """Ten of them, and one for none."""
    found = [shade(rating / 10) for rating in range(10, 101)]
    assert found == sorted(found)
    assert (found[0], found[-1], len(set(found)), shade(None)) == ("s0", "s9", 10, "none")


def rendering(body: bytes):
    """Return what renders a page."""

    async def render() -> CachedResponse:
        return CachedResponse(body=body, media_type="text/html")

    return render


async def test_a_kept_page_is_rendered_once_for_each_state():
    """However many ask; another state renews it."""
    pages, states, count = KeptPages(), [object(), object()], 0

    async def render() -> CachedResponse:
        nonlocal count
        count += 1
        await asyncio.sleep(0)
        return CachedResponse(body=b"%d" % count, media_type="text/html")

    found = await asyncio.gather(*(pages.get("/", states[0], render) for _ in range(5)))
    assert {answer.body for answer in found} == {b"1"}
    assert (await pages.get("/", states[1], render)).body == b"2"


async def test_the_old_page_serves_while_the_new_one_takes_its_time():
    """And when making the new one fails; where there is no old one the error is told."""
    pages, state, blocked = KeptPages(patience=0), object(), asyncio.Event()

    async def slow() -> CachedResponse:
        await blocked.wait()
        return CachedResponse(body=b"new", media_type="text/html")

    async def fail() -> CachedResponse:
        raise ValueError("no page")

    with pytest.raises(ValueError, match="no page"):
        await pages.get("/", state, fail)
    await pages.get("/", state, rendering(b"old"))
    newer = object()
    assert (await pages.get("/", newer, slow)).body == b"old"
    blocked.set()
    await asyncio.gather(*(task for task in asyncio.all_tasks() if task.get_name() == "/"))
    assert (await pages.get("/", newer, slow)).body == b"new"

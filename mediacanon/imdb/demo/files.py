"""Writes the demo catalogue as IMDb's dump files."""

from collections.abc import Iterable
from pathlib import Path

from isal import igzip

from mediacanon.imdb.datasets import BASICS, EPISODE, RATINGS, Dataset
from mediacanon.imdb.demo.catalogue import DemoCatalogue, DemoEpisode, DemoTitle
from mediacanon.imdb.demo.titles import build_demo_catalogue

# Among the seeds from 1888 (the oldest film) to 1950, the one whose rarest genre has the most titles.
DEMO_SEED = 1903

Row = tuple[str | int | float | None, ...]


def write_demo_files(folder: Path, *, seed: int = DEMO_SEED) -> None:
    """Write the three files into `folder`; the same seed gives the same bytes."""
    catalogue = build_demo_catalogue(seed)
    rated: list[DemoTitle | DemoEpisode] = [*catalogue.titles, *catalogue.ignored]
    rated += catalogue.episodes
    _write(folder, BASICS, [*_title_rows(catalogue), *map(_basics_of_episode, catalogue.episodes)])
    _write(folder, EPISODE, map(_episode_row, catalogue.episodes))
    _write(folder, RATINGS, (_rating_row(title) for title in rated if title.num_votes))


def _title_rows(catalogue: DemoCatalogue) -> Iterable[Row]:
    return map(_basics_of_title, (*catalogue.titles, *catalogue.ignored))


def _basics_of_title(title: DemoTitle) -> Row:
    return (
        title.imdb_id,
        title.title_type,
        title.name.display,
        title.name.original,
        0,
        title.start_year,
        title.end_year,
        title.runtime_minutes,
        ",".join(title.genres) or None,
    )


def _basics_of_episode(episode: DemoEpisode) -> Row:
    return (
        episode.imdb_id,
        "tvEpisode",
        episode.name,
        episode.name,
        0,
        episode.air_date.year,
        None,
        episode.runtime_minutes,
        ",".join(episode.genres) or None,
    )


def _episode_row(episode: DemoEpisode) -> Row:
    return episode.imdb_id, episode.show_id, episode.season, episode.episode


def _rating_row(title: DemoTitle | DemoEpisode) -> Row:
    return title.imdb_id, title.average_rating, title.num_votes


def _write(folder: Path, dataset: Dataset, rows: Iterable[Row]) -> None:
    """Write the rows sorted by id as text, as IMDb does; the gzip header has no time, so that bytes repeat."""
    lines = sorted("\t".join("\\N" if cell is None else str(cell) for cell in row) for row in rows)
    text = "\n".join(["\t".join(dataset.header), *lines, ""])
    (folder / dataset.file).write_bytes(igzip.compress(text.encode(), 2, mtime=0))

"""Writes the demo catalogue as IMDb's dump files."""

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import orjson
from isal import igzip

from mediacanon.imdb.datasets import AKAS, BASICS, CREW, EPISODE, NAMES, PRINCIPALS, RATINGS, Dataset
from mediacanon.imdb.demo.akas import build_akas
from mediacanon.imdb.demo.catalogue import DemoCatalogue, DemoEpisode, DemoTitle
from mediacanon.imdb.demo.people import PROFESSIONS, DemoCredit, DemoPeople, build_demo_people
from mediacanon.imdb.demo.titles import build_demo_catalogue

# Among the seeds from 1888 (the oldest film) to 1950, the one whose rarest genre has the most titles.
DEMO_SEED = 1903

Row = tuple[str | int | float | None, ...]


def write_demo_files(folder: Path, *, seed: int = DEMO_SEED) -> None:
    """Write the seven files into `folder`; the same seed gives the same bytes."""
    catalogue = build_demo_catalogue(seed)
    rated: list[DemoTitle | DemoEpisode] = [*catalogue.titles, *catalogue.ignored]
    rated += catalogue.episodes
    _write(folder, BASICS, [*_title_rows(catalogue), *map(_basics_of_episode, catalogue.episodes)])
    _write(folder, EPISODE, map(_episode_row, catalogue.episodes))
    _write(folder, RATINGS, (_rating_row(title) for title in rated if title.num_votes))
    people = build_demo_people(catalogue.titles, seed)
    _write(folder, AKAS, _aka_rows(catalogue, seed))
    _write(folder, PRINCIPALS, (_principal_row(credit) for credit in people.credits if credit.ordinal))
    _write(folder, CREW, _crew_rows(people))
    _write(folder, NAMES, _people_rows(people))


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


def _aka_rows(catalogue: DemoCatalogue, seed: int) -> Iterable[Row]:
    for imdb_id, akas in build_akas(catalogue.titles, catalogue.episodes, seed).items():
        for ordering, aka in enumerate(akas, start=1):
            is_original = int(aka.types == "original")
            yield imdb_id, ordering, aka.name, aka.region, aka.language, aka.types, aka.attributes, is_original


def _principal_row(credit: DemoCredit) -> Row:
    characters = orjson.dumps(credit.characters).decode() if credit.characters else None
    return credit.title_id, credit.ordinal, credit.person_id, credit.category, credit.job, characters


def _crew_rows(people: DemoPeople) -> Iterable[Row]:
    crew = defaultdict[str, dict[str, list[str]]](lambda: {"director": [], "writer": []})
    for credit in people.credits:
        if credit.category in crew[credit.title_id]:
            crew[credit.title_id][credit.category].append(credit.person_id)
    for title_id, lists in crew.items():
        yield title_id, ",".join(lists["director"]) or None, ",".join(lists["writer"]) or None


def _people_rows(people: DemoPeople) -> Iterable[Row]:
    for person in people.people:
        known_for = ",".join(people.known_for.get(person.imdb_id, ())) or None
        professions = PROFESSIONS[person.profession]
        yield person.imdb_id, person.name, person.birth_year, person.death_year, professions, known_for


def _write(folder: Path, dataset: Dataset, rows: Iterable[Row]) -> None:
    """Write the rows sorted by id as text, as IMDb does; the gzip header has no time, so that bytes repeat."""
    lines = sorted("\t".join("\\N" if cell is None else str(cell) for cell in row) for row in rows)
    text = "\n".join(["\t".join(dataset.header), *lines, ""])
    (folder / dataset.file).write_bytes(igzip.compress(text.encode(), 2, mtime=0))

"""Invents the further facts that TMDB would have of the demo's titles: plots, taglines, certifications, names."""

import random
from collections.abc import Iterable
from dataclasses import dataclass

from mediacanon.imdb.demo import words as vocabulary
from mediacanon.imdb.demo.catalogue import DemoTitle
from mediacanon.imdb.demo.names import Namer
from mediacanon.imdb.demo.words import words
from mediacanon.vocabulary import NO_POSTER

ADULT_GENRES = {"Crime", "Film-Noir", "Horror", "Thriller", "War"}
CHILDRENS_GENRES = {"Animation", "Family", "Game-Show", "Music", "Musical", "News", "Talk-Show"}
# Audience: certifications of a movie and of a show in the United States, and in Germany.
CHILDREN, ALL, ADULTS = ("G", "TV-G", "0"), ("PG-13", "TV-14", "12"), ("R", "TV-MA", "16")
TAGGED = 0.6
NAMES = {"keyword": vocabulary.KEYWORDS, "company": vocabulary.COMPANIES, "network": vocabulary.NETWORKS}


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoFacts:
    """The further facts of a title; names by their number."""

    imdb_id: str
    tmdb_type: str
    tmdb_id: int | None
    native_title: str
    status: str
    overview: str
    tagline: str | None
    certifications: dict[str, str]
    countries: list[str]
    languages: list[str]
    keyword_ids: list[int]
    company_ids: list[int]
    network_ids: list[int] | None


@dataclass(frozen=True, slots=True)
class DemoTmdbName:
    """A keyword, company or network."""

    kind: str
    id: int
    name: str


def demo_names() -> list[DemoTmdbName]:
    """Return all keywords, companies and networks, numbered from 1."""
    return [DemoTmdbName(kind, at, name) for kind, names in NAMES.items() for at, name in enumerate(words(names), 1)]


def demo_facts(titles: Iterable[DemoTitle]) -> list[DemoFacts]:
    """Return the facts of each title with a poster; those of the others TMDB does not know."""
    return [_facts(title) for title in titles if title.image_url not in (None, NO_POSTER)]


def _facts(title: DemoTitle) -> DemoFacts:
    # Of the title alone: the rest of the catalogue does not depend on these facts.
    chooser = random.Random(title.imdb_id)  # noqa: S311 - inventing films, not secrets
    namer, genres = Namer(chooser), set(title.genres)
    audience = CHILDREN if genres & CHILDRENS_GENRES else ADULTS if genres & ADULT_GENRES else ALL
    ended = "Ended" if title.end_year else "Returning Series"
    ids = {kind: range(1, len(words(names)) + 1) for kind, names in NAMES.items()}
    return DemoFacts(
        imdb_id=title.imdb_id,
        tmdb_type="tv" if title.is_show else "movie",
        tmdb_id=title.tmdb_id,
        native_title=title.name.original,
        status=ended if title.is_show else "Released",
        overview=namer.plot(is_show=title.is_show),
        tagline=namer.tagline() if chooser.random() < TAGGED else None,
        certifications={"US": audience[title.is_show], "DE": audience[2]},
        countries=[title.origin_country],
        languages=[title.original_language],
        keyword_ids=chooser.sample(ids["keyword"], chooser.randint(3, 6)),
        company_ids=chooser.sample(ids["company"], chooser.randint(1, 2)),
        network_ids=[chooser.choice(ids["network"])] if title.is_show else None,
    )

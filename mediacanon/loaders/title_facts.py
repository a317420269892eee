"""TMDB's further facts of titles: one statement for the facts, one for the texts, one for each kind of name."""

from collections.abc import Sequence
from typing import NamedTuple

import asyncpg

from mediacanon.loaders.batch import many_per_key, one_per_key


class CertificationRow(NamedTuple):
    """A certification of a country."""

    country: str
    rating: str


class VideoRow(NamedTuple):
    """A trailer or teaser at another site."""

    site: str
    key: str
    kind: str
    language: str | None
    is_official: bool
    name: str | None


class TitleFactsRow(NamedTuple):
    """TMDB's further facts of a title; lists are empty where TMDB has none."""

    title_id: int
    native_title: str | None
    status: str | None
    homepage: str | None
    backdrop_url: str | None
    tvdb_id: int | None
    wikidata_id: str | None
    social_ids: dict[str, str]
    franchise_id: int | None
    countries: list[str]
    languages: list[str]
    certifications: list[CertificationRow]
    videos: list[VideoRow]


class TitleTextRow(NamedTuple):
    """The texts about a title in a language."""

    title_id: int
    language: str
    overview: str | None
    tagline: str | None


class TmdbNameRow(NamedTuple):
    """A keyword, company or network of a title."""

    title_id: int
    tmdb_id: int
    name: str
    logo_url: str | None
    country: str | None


FACTS_BY_TITLE_ID = """
SELECT f.title_id, f.native_title, f.status, f.homepage, f.backdrop_url, f.tvdb_id, f.wikidata_id, f.social_ids,
       f.franchise_id, f.countries, f.languages, f.certifications, f.videos
  FROM title_facts f
 WHERE f.title_id = ANY($1::integer[])
"""

TEXTS_BY_TITLE_ID = """
SELECT x.title_id, x.language, x.overview, x.tagline
  FROM title_texts x
 WHERE x.title_id = ANY($1::integer[])
 ORDER BY x.title_id, x.language
"""


def _names_by_title_id(kind: str) -> str:
    return f"""
SELECT f.title_id, n.id, n.name, n.logo_url, n.country
  FROM title_facts f
 CROSS JOIN LATERAL unnest(f.{kind}_ids) WITH ORDINALITY AS listed (id, place)
  JOIN tmdb_names n ON n.kind = '{kind}' AND n.id = listed.id
 WHERE f.title_id = ANY($1::integer[])
 ORDER BY f.title_id, listed.place
"""


KEYWORDS_BY_TITLE_ID = _names_by_title_id("keyword")
COMPANIES_BY_TITLE_ID = _names_by_title_id("company")
NETWORKS_BY_TITLE_ID = _names_by_title_id("network")


def _facts(record: asyncpg.Record) -> TitleFactsRow:
    *plain, social_ids, franchise_id, countries, languages, certifications, videos = record
    rated = [CertificationRow(*item) for item in sorted((certifications or {}).items())]
    shown = [VideoRow(**video) for video in videos or ()]
    lists = [social_ids or {}, franchise_id, countries or [], languages or [], rated, shown]
    return TitleFactsRow(*plain, *lists)


async def load_facts_by_title_id(pool: asyncpg.Pool, ids: Sequence[int]) -> list[TitleFactsRow | None]:
    """Return each title's further facts, None for a title that TMDB was not asked about or does not know."""
    rows = [_facts(record) for record in await pool.fetch(FACTS_BY_TITLE_ID, ids)]
    return one_per_key(ids, rows, lambda row: row.title_id)


async def load_texts_by_title_id(pool: asyncpg.Pool, ids: Sequence[int]) -> list[list[TitleTextRow]]:
    """Return each title's texts in all languages, by the code of the language."""
    rows = [TitleTextRow(*record) for record in await pool.fetch(TEXTS_BY_TITLE_ID, ids)]
    return many_per_key(ids, rows, lambda row: row.title_id)


async def load_keywords_by_title_id(pool: asyncpg.Pool, ids: Sequence[int]) -> list[list[TmdbNameRow]]:
    """Return each title's keywords in TMDB's order."""
    return await _names(pool, KEYWORDS_BY_TITLE_ID, ids)


async def load_companies_by_title_id(pool: asyncpg.Pool, ids: Sequence[int]) -> list[list[TmdbNameRow]]:
    """Return each title's companies in TMDB's order."""
    return await _names(pool, COMPANIES_BY_TITLE_ID, ids)


async def load_networks_by_title_id(pool: asyncpg.Pool, ids: Sequence[int]) -> list[list[TmdbNameRow]]:
    """Return each title's networks in TMDB's order."""
    return await _names(pool, NETWORKS_BY_TITLE_ID, ids)


async def _names(pool: asyncpg.Pool, query: str, ids: Sequence[int]) -> list[list[TmdbNameRow]]:
    rows = [TmdbNameRow(*record) for record in await pool.fetch(query, ids)]
    return many_per_key(ids, rows, lambda row: row.title_id)

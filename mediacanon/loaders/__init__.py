"""Every read of the catalogue: `Loaders` is the index of all questions, one line each.

A `Loaders` belongs to one request, which loads no key twice; keys that several requests load in the same event-loop
turn are one statement.
"""

from operator import attrgetter
from typing import Any

import asyncpg

from mediacanon.database.counts import correct_counts, load_counts
from mediacanon.loaders.carousel import load_carousels
from mediacanon.loaders.collection import (
    load_active_collections,
    load_collection,
    load_collection_title_count,
    load_collection_titles,
    tags_of_collection_titles,
    tags_of_collections,
    tags_of_listed,
)
from mediacanon.loaders.dataloader import BatchLoader
from mediacanon.loaders.descriptors import RequestLoaders, batched, derived, query
from mediacanon.loaders.discover import load_discover_titles, tags_of_discover
from mediacanon.loaders.franchise import load_franchises_by_id, load_titles_by_franchise
from mediacanon.loaders.movie import load_movies_by_id, load_movies_by_title_id
from mediacanon.loaders.search import load_titles_by_rank, tags_of_rank
from mediacanon.loaders.season import (
    load_episodes_by_id,
    load_episodes_by_imdb_id,
    load_seasons_by_id,
    load_seasons_by_show_id,
    load_seasons_with_episodes_by_id,
    load_seasons_with_episodes_by_show_id,
)
from mediacanon.loaders.show import load_episode_counts_by_show_id, load_shows_by_id, load_shows_by_title_id
from mediacanon.loaders.similar import load_similar_titles_by_title_id
from mediacanon.loaders.sitemap import load_last_ids, load_movies_between, load_shows_between
from mediacanon.loaders.stats import (
    load_choices,
    load_countries,
    load_discover_total,
    load_genres,
    load_languages,
    load_search_languages,
    load_search_total,
    load_stats,
)
from mediacanon.loaders.title import load_titles_by_id, load_titles_by_imdb_id, load_titles_by_tmdb_id
from mediacanon.loaders.title_facts import (
    load_companies_by_title_id,
    load_facts_by_season_id,
    load_facts_by_title_id,
    load_keywords_by_title_id,
    load_networks_by_title_id,
    load_texts_by_title_id,
)
from mediacanon.loaders.title_list import load_titles_by_search, tags_of_search


class Loaders(RequestLoaders):
    """The questions of one request."""

    title_by_id = batched(load_titles_by_id)
    title_by_imdb_id = batched(load_titles_by_imdb_id)
    title_by_tmdb_id = batched(load_titles_by_tmdb_id)
    facts_by_title_id = batched(load_facts_by_title_id)
    texts_by_title_id = batched(load_texts_by_title_id)
    keywords_by_title_id = batched(load_keywords_by_title_id)
    companies_by_title_id = batched(load_companies_by_title_id)
    networks_by_title_id = batched(load_networks_by_title_id)
    franchise_by_id = batched(load_franchises_by_id)
    titles_by_franchise = batched(load_titles_by_franchise)
    movie_by_id = batched(load_movies_by_id)
    movie_by_title_id = batched(load_movies_by_title_id)
    show_by_id = batched(load_shows_by_id)
    show_by_title_id = batched(load_shows_by_title_id)
    episode_count_by_show_id = batched(load_episode_counts_by_show_id)
    season_by_id = batched(load_seasons_by_id)
    season_with_episodes_by_id = batched(load_seasons_with_episodes_by_id)
    seasons_by_show_id = batched(load_seasons_by_show_id)
    seasons_with_episodes_by_show_id = batched(load_seasons_with_episodes_by_show_id)
    facts_by_season_id = batched(load_facts_by_season_id)
    episode_by_id = batched(load_episodes_by_id)
    episode_by_imdb_id = batched(load_episodes_by_imdb_id)
    similar_titles_by_title_id = batched(load_similar_titles_by_title_id, shared=False)

    discover_titles = query(load_discover_titles, tags=tags_of_discover)
    titles_by_search = query(load_titles_by_search, tags=tags_of_search)
    titles_by_rank = query(load_titles_by_rank, tags=tags_of_rank)

    collections = query(load_active_collections, tags=tags_of_collections)
    collection = query(load_collection, tags=tags_of_collections)
    collection_titles = query(load_collection_titles, tags=tags_of_collection_titles)
    collection_title_count = query(load_collection_title_count, tags=tags_of_listed)
    carousels = query(load_carousels)

    counts = batched(load_counts, correct=correct_counts, tags=attrgetter("tags"), shared=False)
    discover_total = derived(load_discover_total)
    search_total = derived(load_search_total)
    search_languages = derived(load_search_languages)
    choices = derived(load_choices)
    stats = derived(load_stats)
    genres = derived(load_genres)
    languages = derived(load_languages)
    countries = derived(load_countries)

    last_ids = query(load_last_ids)
    movies_between = query(load_movies_between)
    shows_between = query(load_shows_between)


def share_loaders(pool: asyncpg.Pool) -> dict[str, BatchLoader[Any, Any]]:
    """Return the batch loaders that all requests over a pool share, by the attribute of `Loaders`."""
    questions = vars(Loaders).items()
    return {name: each.batch_loader(pool) for name, each in questions if isinstance(each, batched) and each.is_shared}

"""Every read of the catalogue: `Loaders` is the index of all questions, one line each.

A `Loaders` belongs to one request, which loads no key twice; keys that several requests load in the same event-loop
turn are one statement.
"""

from collections.abc import Callable, Iterable
from operator import attrgetter
from typing import Any, cast

import asyncpg

from mediacanon.database.changes import TITLES, tag_of
from mediacanon.database.counts import correct_counts, load_counts, tags_of_sql
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
from mediacanon.loaders.credit import (
    CREDIT_COUNTS_BY_TITLE_ID,
    CREDITS_BY_TITLE_ID,
    load_credit_counts_by_episode,
    load_credit_counts_by_person,
    load_credit_counts_by_title,
    load_credits_by_episode,
    load_credits_by_person,
    load_credits_by_title,
)
from mediacanon.loaders.dataloader import BatchLoader
from mediacanon.loaders.descriptors import RequestLoaders, batched, derived, query
from mediacanon.loaders.discover import load_discover_titles, tags_of_discover
from mediacanon.loaders.franchise import load_franchises_by_id, load_franchises_by_name, load_titles_by_franchise
from mediacanon.loaders.movie import load_movies_by_id, load_movies_by_title_id
from mediacanon.loaders.name import (
    DISPLAY_NAMES_BY_TITLE_ID,
    NAMES_BY_TITLE_ID,
    load_display_names,
    load_names_by_title_id,
)
from mediacanon.loaders.person import load_facts_by_person_id, load_people_by_id, load_people_by_tmdb_id
from mediacanon.loaders.posters import load_poster_filter
from mediacanon.loaders.search import load_by_rank, load_people_by_rank, tags_of_rank
from mediacanon.loaders.season import (
    load_episodes_by_id,
    load_episodes_by_imdb_id,
    load_seasons_by_id,
    load_seasons_by_show_id,
    load_seasons_with_episodes_by_id,
    load_seasons_with_episodes_by_show_id,
)
from mediacanon.loaders.show import load_episode_counts_by_show_id, load_shows_by_id, load_shows_by_title_id
from mediacanon.loaders.similar import (
    correct_known_titles,
    load_known_titles,
    load_lists_of_titles,
    load_similar_titles,
)
from mediacanon.loaders.sitemap import (
    load_movie_parts,
    load_movies_between,
    load_people_between,
    load_person_parts,
    load_show_parts,
    load_shows_between,
)
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
from mediacanon.loaders.title import (
    load_shows_by_tvdb_id,
    load_titles_by_id,
    load_titles_by_imdb_id,
    load_titles_by_tmdb_id,
)
from mediacanon.loaders.title_facts import (
    COMPANIES_BY_TITLE_ID,
    FACTS_BY_TITLE_ID,
    NETWORKS_BY_TITLE_ID,
    TEXTS_BY_TITLE_ID,
    load_companies_by_title_id,
    load_facts_by_title_id,
    load_keywords_by_title_id,
    load_networks_by_title_id,
    load_texts_by_title_id,
)
from mediacanon.loaders.title_list import load_titles_by_search, tags_of_search
from mediacanon.loaders.together import Together

# Changes after which an id may lead to another title than before, or to none.
OWN_ID = frozenset({TITLES, "movie", "show"})
IMDB_ID, TMDB_ID = tags_of_sql("t.imdb_id"), tags_of_sql("t.tmdb_id", "t.type")
# A person who gets another name is announced with it.
PEOPLES_NAMES = tags_of_sql("t.search_names")


def by(noun: str) -> Callable[[Any], Iterable[str]]:
    """Return the function of the tags of a key: the id of a row of a noun, or a question with such an `id`."""
    return lambda key: (tag_of(noun, key if isinstance(key, int) else key.id),)


class Loaders(RequestLoaders):
    """The questions of one request."""

    title_by_id = batched(load_titles_by_id, tags=by("title"))
    title_by_imdb_id = batched(load_titles_by_imdb_id, tags=lambda _: IMDB_ID, is_title=True)
    title_by_tmdb_id = batched(load_titles_by_tmdb_id, tags=lambda _: TMDB_ID, is_title=True)
    show_by_tvdb_id = batched(load_shows_by_tvdb_id)
    facts_by_title_id = batched(load_facts_by_title_id, tags=by("title"))
    texts_by_title_id = batched(load_texts_by_title_id, tags=by("title"))
    keywords_by_title_id = batched(load_keywords_by_title_id)
    companies_by_title_id = batched(load_companies_by_title_id)
    networks_by_title_id = batched(load_networks_by_title_id)
    franchise_by_id = batched(load_franchises_by_id)
    titles_by_franchise = batched(load_titles_by_franchise)
    franchises_by_name = query(load_franchises_by_name)
    movie_by_id = batched(load_movies_by_id, tags=lambda _: OWN_ID, is_title=True)
    movie_by_title_id = batched(load_movies_by_title_id, tags=by("title"))
    show_by_id = batched(load_shows_by_id, tags=lambda _: OWN_ID, is_title=True)
    show_by_title_id = batched(load_shows_by_title_id, tags=by("title"))
    episode_count_by_show_id = batched(load_episode_counts_by_show_id)
    season_by_id = batched(load_seasons_by_id)
    season_with_episodes_by_id = batched(load_seasons_with_episodes_by_id)
    seasons_by_show_id = batched(load_seasons_by_show_id)
    seasons_with_episodes_by_show_id = batched(load_seasons_with_episodes_by_show_id)
    episode_by_id = batched(load_episodes_by_id)
    episode_by_imdb_id = batched(load_episodes_by_imdb_id)

    names_by_title_id = batched(load_names_by_title_id, tags=by("title"))
    display_names = batched(load_display_names, tags=lambda asked: (tag_of("title", asked.title_id),))
    person_by_id = batched(load_people_by_id, tags=by("person"))
    facts_by_person_id = batched(load_facts_by_person_id, tags=by("person"))
    person_by_tmdb_id = batched(load_people_by_tmdb_id)
    people_by_rank = query(load_people_by_rank, tags=lambda *_, **__: PEOPLES_NAMES)
    credits_by_title = batched(load_credits_by_title, tags=by("title"))
    credits_by_person = batched(load_credits_by_person)
    credits_by_episode = batched(load_credits_by_episode)
    credit_count_by_episode = batched(load_credit_counts_by_episode)
    credit_count_by_title = batched(load_credit_counts_by_title, tags=by("title"))
    credit_count_by_person = batched(load_credit_counts_by_person)

    known_titles = batched(load_known_titles, correct=correct_known_titles, shared=False)
    titles_by_ids = batched(load_lists_of_titles)
    similar_titles = derived(load_similar_titles)

    discover_titles = query(load_discover_titles, tags=tags_of_discover)
    titles_by_search = query(load_titles_by_search, tags=tags_of_search)
    ranked = query(load_by_rank, tags=tags_of_rank)

    collections = query(load_active_collections, tags=tags_of_collections)
    collection = query(load_collection, tags=tags_of_collections)
    collection_titles = query(load_collection_titles, tags=tags_of_collection_titles)
    collection_title_count = query(load_collection_title_count, tags=tags_of_listed)
    carousels = query(load_carousels)

    counts = batched(load_counts, correct=correct_counts, tags=attrgetter("tags"), shared=False)
    poster_filter = derived(load_poster_filter)
    discover_total = derived(load_discover_total)
    search_total = derived(load_search_total)
    search_languages = derived(load_search_languages)
    choices = derived(load_choices)
    stats = derived(load_stats)
    genres = derived(load_genres)
    languages = derived(load_languages)
    countries = derived(load_countries)

    movie_parts = query(load_movie_parts)
    show_parts = query(load_show_parts)
    person_parts = query(load_person_parts)
    movies_between = query(load_movies_between)
    shows_between = query(load_shows_between)
    people_between = query(load_people_between)


# The questions of a title's page, sent together (`together`), with their statements.
DETAILS = {
    "facts_by_title_id": FACTS_BY_TITLE_ID,
    "texts_by_title_id": TEXTS_BY_TITLE_ID,
    "companies_by_title_id": COMPANIES_BY_TITLE_ID,
    "networks_by_title_id": NETWORKS_BY_TITLE_ID,
    "names_by_title_id": NAMES_BY_TITLE_ID,
    "display_names": DISPLAY_NAMES_BY_TITLE_ID,
    "credits_by_title": CREDITS_BY_TITLE_ID,
    "credit_count_by_title": CREDIT_COUNTS_BY_TITLE_ID,
}


def share_loaders(pool: asyncpg.Pool, *, is_pooled: bool = False) -> dict[str, BatchLoader[Any, Any]]:
    """Return the batch loaders that all requests over a pool share, by the attribute of `Loaders`.

    `is_pooled`: statements are not kept prepared (`open_pool`), so a long one costs more than several short ones.
    """
    questions = [(name, each) for name, each in vars(Loaders).items() if isinstance(each, batched) and each.is_shared]
    details = pool if is_pooled else cast("asyncpg.Pool", Together(pool, [*DETAILS.values()]))
    return {name: each.batch_loader(details if name in DETAILS else pool) for name, each in questions}

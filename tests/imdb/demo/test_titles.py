"""The demo's movies and shows: enough titles for every genre, language, decade and page."""

from collections import Counter, defaultdict

import pytest

from mediacanon.imdb.demo import build_demo_catalogue
from mediacanon.imdb.demo.catalogue import DemoCatalogue, DemoTitle
from mediacanon.imdb.demo.titles import GENRES, LANGUAGES
from mediacanon.imdb.demo.words import TONGUES
from mediacanon.vocabulary import NO_POSTER
from tests.imdb.demo.conftest import A_HANDFUL


def is_collectable(title: DemoTitle) -> bool:
    has_poster = title.image_url not in (None, NO_POSTER)
    return has_poster and title.average_rating is not None and (title.num_votes or 0) >= 5000


def test_another_seed_invents_another_catalogue_around_the_landmarks() -> None:
    """The seed changes names and ratings, but not the dozen titles that documentation names."""
    one, two = ({title.imdb_id: title for title in build_demo_catalogue(seed).titles} for seed in (1, 2))
    assert {title.name for title in one.values()} != {title.name for title in two.values()}
    for imdb_id in [f"tt9900000{n}" for n in range(1, 7)] + [f"tt9910000{n}" for n in range(1, 7)]:
        assert one[imdb_id].name == two[imdb_id].name
        assert one[imdb_id].num_votes == two[imdb_id].num_votes


@pytest.mark.parametrize("is_show", [False, True])
def test_every_genre_has_a_handful_for_a_collection(catalogue: DemoCatalogue, *, is_show: bool) -> None:
    """With 5,000 votes, a rating and a poster, each genre has five movies and five shows."""
    genres = Counter(
        genre
        for title in catalogue.titles
        if title.is_show == is_show and is_collectable(title)
        for genre in title.genres
    )
    assert set(genres) == set(GENRES)
    assert min(genres.values()) >= A_HANDFUL


@pytest.mark.parametrize("is_show", [False, True])
def test_every_language_has_a_handful(catalogue: DemoCatalogue, *, is_show: bool) -> None:
    """Each of eleven languages has five movies and five shows."""
    languages = Counter(t.original_language for t in catalogue.titles if t.is_show == is_show)
    assert set(languages) == set(LANGUAGES) == {"en", *TONGUES}
    assert min(languages.values()) >= A_HANDFUL


@pytest.mark.parametrize("is_show", [False, True])
@pytest.mark.parametrize("is_korean", [False, True])
def test_dating_collections_are_filled(catalogue: DemoCatalogue, *, is_show: bool, is_korean: bool) -> None:
    """The custom genre of four collections has titles, Korean and other, movies and shows."""
    assert any(
        title.custom_genre == "Dating" and is_collectable(title)
        for title in catalogue.titles
        if title.is_show == is_show and (title.original_language == "ko") == is_korean
    )


def test_every_decade_has_movies(catalogue: DemoCatalogue) -> None:
    """Movies are from 1920 to 2026, with a handful in every decade."""
    years = [t.start_year for t in catalogue.titles if not t.is_show and t.start_year]
    assert min(years) >= 1920
    assert max(years) == 2026
    decades = Counter(year // 10 for year in years)
    assert all(decades[decade] >= A_HANDFUL for decade in range(192, 203))


def test_foreign_titles_keep_their_original_name(catalogue: DemoCatalogue) -> None:
    """A foreign title's original name is in its own script, and most are shown in English."""
    foreign = [t for t in catalogue.titles if t.original_language != "en"]
    renamed = [t for t in foreign if t.name.display != t.name.original]
    assert len(renamed) > len(foreign) / 2
    for language, (low, high) in {"ja": ("\u3040", "\u9fff"), "ru": ("Ѐ", "ӿ")}.items():
        names = [t.name.original for t in foreign if t.original_language == language]
        assert all(any(low <= letter <= high for letter in name) for name in names)


def test_some_names_are_shared_with_another_year(catalogue: DemoCatalogue) -> None:
    """Three movies have the name of an older or newer one; all other names are unique."""
    years = defaultdict(set)
    for title in catalogue.titles:
        years[title.name.display].add((title.start_year, title.imdb_id))
    shared = [entries for entries in years.values() if len(entries) > 1]
    assert len(shared) == 3
    assert all(len({year for year, _ in entries}) == len(entries) for entries in shared)


def test_shows_have_all_shapes(catalogue: DemoCatalogue) -> None:
    """Shows have one to twelve seasons of three to 25 episodes, one of 300, specials, and some are running."""
    seasons: dict[str, Counter[int]] = defaultdict(Counter)
    for episode in catalogue.episodes:
        seasons[episode.show_id][episode.season] += 1
    assert len(seasons) == 120
    lengths = {len(set(counts) - {0}) for counts in seasons.values()}
    assert {1, 12} <= lengths
    sizes = sorted({size for counts in seasons.values() for size in counts.values()})
    assert sizes[0] == 3
    assert sizes[-2:] == [25, 300]
    assert [show for show, counts in seasons.items() if 0 in counts] == ["tt99100004"]
    running = [t for t in catalogue.titles if t.title_type == "tvSeries" and t.end_year is None]
    assert A_HANDFUL <= len(running) < 60

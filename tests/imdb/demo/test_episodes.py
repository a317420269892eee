"""The demo's episodes: ratings with a story, and none before the air date."""

from mediacanon.imdb.demo.catalogue import DemoCatalogue


def episode_ratings(catalogue: DemoCatalogue, imdb_id: str) -> list[float | None]:
    return [e.average_rating for e in catalogue.episodes if e.show_id == imdb_id]


def test_heat_maps_tell_stories(catalogue: DemoCatalogue) -> None:
    """Harbour Lights ends with its best episode; The Quiet Orchard loses three points."""
    lights = [rating or 0 for rating in episode_ratings(catalogue, "tt99100001")]
    assert lights[-1] == max(lights) > 9.5
    orchard = [rating or 0 for rating in episode_ratings(catalogue, "tt99100002")]
    assert sum(orchard[:10]) / 10 - sum(orchard[-6:]) / 6 > 3


def test_only_episodes_not_yet_aired_are_unrated(catalogue: DemoCatalogue) -> None:
    """The last two episodes of a running show have no ratings."""
    ratings = episode_ratings(catalogue, "tt99100005")
    assert ratings[-2:] == [None, None]
    assert all(ratings[:-2])
    running = {t.imdb_id for t in catalogue.titles if t.is_show and t.end_year is None}
    assert {e.show_id for e in catalogue.episodes if e.average_rating is None} <= running

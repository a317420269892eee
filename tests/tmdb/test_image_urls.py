"""Addresses of images on pages."""

import pytest

from mediacanon.settings import Settings
from mediacanon.tmdb.image_urls import image_addresses

AT_TMDB = "https://image.tmdb.org/t/p/w500/abc.jpg"


@pytest.mark.parametrize(
    ("image_url", "address"),
    [
        (AT_TMDB, "/images/poster/w185/abc.jpg"),
        ("https://mirror.example/tmdb/w500/abc.png", "/images/poster/w185/abc.png"),
        ("https://elsewhere.example/t/p/w500/abc.jpg", "https://elsewhere.example/t/p/w185/abc.jpg"),
        ("https://image.tmdb.org/t/p/w500/abc.svg", "https://image.tmdb.org/t/p/w185/abc.svg"),
        ("https://image.tmdb.org/t/p/w500/../../abc.jpg", "https://image.tmdb.org/t/p/w500/../../abc.jpg"),
    ],
)
def test_images_of_tmdb_alone_come_through_the_proxy(image_url: str, address: str):
    """The proxy serves these names; an image at another host stays there."""
    settings = Settings(image_cache_mb=1, tmdb_image_base_url="https://mirror.example/tmdb")
    assert image_addresses(settings)(image_url, "w185") == address


def test_stills_have_sizes_of_their_own():
    """The kind stands in the address."""
    assert image_addresses(Settings(image_cache_mb=1))(AT_TMDB, "w300", "still") == "/images/still/w300/abc.jpg"

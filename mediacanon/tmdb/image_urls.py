"""URLs of images: at TMDB, and as pages show them."""

import re
from collections.abc import Callable

from mediacanon.settings import Settings

TMDB = "https://image.tmdb.org/t/p"
# The path of an image in a reply.
IMAGE_PATH = re.compile(r"/[\w./-]+")
# TMDB's file names.
FILE = re.compile(r"[A-Za-z0-9_-]{1,100}\.(jpg|png)")
# The size in a URL of TMDB's; URLs of other hosts have none.
SIZE = re.compile(r"(?<=/t/p/)(?:[wh]\d+|original)(?=/[^/]+$)")


def image_addresses(settings: Settings) -> Callable[..., str]:
    """Return the function from an image's URL and size to the URL that pages show.

    That is /images/{kind}/{size}/{file} for TMDB's images if this server proxies them; URLs of other hosts stay.
    """
    bases = "|".join(map(re.escape, (TMDB, settings.tmdb_image_base_url)))
    at_tmdb = re.compile(rf"(?:{bases})/[^/]+/(?P<file>{FILE.pattern})")

    def address(image_url: str, size: str, kind: str = "poster") -> str:
        found = at_tmdb.fullmatch(image_url) if settings.image_cache_mb else None
        return f"/images/{kind}/{size}/{found['file']}" if found else SIZE.sub(size, image_url)

    return address

"""Posters and stills in the sizes TMDB has them in, at TMDB or through this server."""

import enum
import re
from collections.abc import Callable

import strawberry

from mediacanon.settings import Settings

TMDB = "https://image.tmdb.org/t/p"
# The names of files at TMDB.
FILE = re.compile(r"[A-Za-z0-9_-]{1,100}\.(jpg|png)")
# The size in an address of TMDB's; those of other hosts have none.
SIZE = re.compile(r"(?<=/t/p/)(?:[wh]\d+|original)(?=/[^/]+$)")


@strawberry.enum(description="The sizes of posters at TMDB.")
class PosterSize(enum.Enum):
    """A poster's width."""

    W92 = strawberry.enum_value("w92", description="92 pixels wide.")
    W154 = strawberry.enum_value("w154", description="154 pixels wide.")
    W185 = strawberry.enum_value("w185", description="185 pixels wide.")
    W342 = strawberry.enum_value("w342", description="342 pixels wide.")
    W500 = strawberry.enum_value("w500", description="500 pixels wide.")
    W780 = strawberry.enum_value("w780", description="780 pixels wide.")
    ORIGINAL = strawberry.enum_value("original", description="As it was uploaded.")


@strawberry.enum(description="The sizes of stills at TMDB.")
class StillSize(enum.Enum):
    """A still's width."""

    W92 = strawberry.enum_value("w92", description="92 pixels wide.")
    W185 = strawberry.enum_value("w185", description="185 pixels wide.")
    W300 = strawberry.enum_value("w300", description="300 pixels wide.")
    W400 = strawberry.enum_value("w400", description="400 pixels wide.")
    ORIGINAL = strawberry.enum_value("original", description="As it was uploaded.")


def in_size(image_url: str | None, size: PosterSize | StillSize) -> str | None:
    """Return the address of an image in another size; one that is not TMDB's as it is."""
    return image_url and SIZE.sub(size.value, image_url)


def image_addresses(settings: Settings) -> Callable[..., str]:
    """Return the function from an image's address and size to the address at which pages show it.

    That is /images/{kind}/{size}/{file} where this server passes on TMDB's images; those of other hosts stay.
    """
    bases = "|".join(map(re.escape, (TMDB, settings.tmdb_image_base_url)))
    at_tmdb = re.compile(rf"(?:{bases})/[^/]+/(?P<file>{FILE.pattern})")

    def address(image_url: str, size: str, kind: str = "poster") -> str:
        found = at_tmdb.fullmatch(image_url) if settings.image_cache_mb else None
        return f"/images/{kind}/{size}/{found['file']}" if found else SIZE.sub(size, image_url)

    return address

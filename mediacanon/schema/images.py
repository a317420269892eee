"""Posters, backdrops, logos, stills and pictures of people in the sizes of TMDB."""

import enum

import strawberry

from mediacanon.tmdb.image_urls import SIZE


@strawberry.enum(description="The sizes of posters at TMDB.")
class PosterSize(enum.Enum):
    """The widths of a poster."""

    W92 = strawberry.enum_value("w92", description="92 pixels wide.")
    W154 = strawberry.enum_value("w154", description="154 pixels wide.")
    W185 = strawberry.enum_value("w185", description="185 pixels wide.")
    W342 = strawberry.enum_value("w342", description="342 pixels wide.")
    W500 = strawberry.enum_value("w500", description="500 pixels wide.")
    W780 = strawberry.enum_value("w780", description="780 pixels wide.")
    ORIGINAL = strawberry.enum_value("original", description="As it was uploaded.")


@strawberry.enum(description="The sizes of stills at TMDB.")
class StillSize(enum.Enum):
    """The widths of a still."""

    W92 = strawberry.enum_value("w92", description="92 pixels wide.")
    W185 = strawberry.enum_value("w185", description="185 pixels wide.")
    W300 = strawberry.enum_value("w300", description="300 pixels wide.")
    W400 = strawberry.enum_value("w400", description="400 pixels wide.")
    ORIGINAL = strawberry.enum_value("original", description="As it was uploaded.")


@strawberry.enum(description="The sizes of backdrops at TMDB.")
class BackdropSize(enum.Enum):
    """The widths of a backdrop."""

    W300 = strawberry.enum_value("w300", description="300 pixels wide.")
    W780 = strawberry.enum_value("w780", description="780 pixels wide.")
    W1280 = strawberry.enum_value("w1280", description="1280 pixels wide.")
    ORIGINAL = strawberry.enum_value("original", description="As it was uploaded.")


@strawberry.enum(description="The sizes of logos at TMDB.")
class LogoSize(enum.Enum):
    """The widths of a logo."""

    W45 = strawberry.enum_value("w45", description="45 pixels wide.")
    W92 = strawberry.enum_value("w92", description="92 pixels wide.")
    W154 = strawberry.enum_value("w154", description="154 pixels wide.")
    W185 = strawberry.enum_value("w185", description="185 pixels wide.")
    W300 = strawberry.enum_value("w300", description="300 pixels wide.")
    W500 = strawberry.enum_value("w500", description="500 pixels wide.")
    ORIGINAL = strawberry.enum_value("original", description="As it was uploaded.")


@strawberry.enum(description="The sizes of pictures of people at TMDB.")
class ProfileSize(enum.Enum):
    """The sizes of a picture of a person."""

    W45 = strawberry.enum_value("w45", description="45 pixels wide.")
    W185 = strawberry.enum_value("w185", description="185 pixels wide.")
    H632 = strawberry.enum_value("h632", description="632 pixels high.")
    ORIGINAL = strawberry.enum_value("original", description="As it was uploaded.")


Size = PosterSize | StillSize | BackdropSize | LogoSize | ProfileSize


def in_size(image_url: str | None, size: Size) -> str | None:
    """Return the address of an image in another size; an address outside TMDB is returned unchanged."""
    return image_url and SIZE.sub(size.value, image_url)

"""Plex's custom metadata providers as a dialect."""

from pathlib import Path

from mediacanon.rest_compat.dialect import App, Dialect, Null
from mediacanon.rest_compat.plex.endpoints import ENDPOINTS, LOCALE, PAGE
from mediacanon.rest_compat.ratings.rules import example_names

INTRODUCTION = (
    """Two metadata providers for Plex Media Server 1.43 and later: `/plex/movies` for libraries of movies and
    `/plex/shows` for libraries of shows. Plex takes names, plots, dates, images, people and IMDb's ratings from here,
    and knows every title and episode by its IMDb id.""",
    """The address goes into Settings, Metadata Agents. There the provider becomes part of an agent, alone or before
    Plex's own, which fills what is unknown here. `localhost` in a container is the container: give the name of this
    machine. Images are TMDB's own addresses, since Plex fetches them from outside.""",
    """Titles and plots are in the language of the library where they are known in it, certifications those of its
    country.""",
    """This product uses the TMDB API but is not endorsed or certified by TMDB.""",
)


def _app(kind: str) -> App:
    return App(
        f"Plex, for {kind}",
        (
            "Open Settings, Metadata Agents of Plex Media Server, choose to add a provider, and paste the address.",
            f"Add an agent with it, and choose that agent in the settings of the library of {kind}.",
        ),
        f"/plex/{kind}",
    )


PLEX = Dialect(
    title="Plex",
    prefix="/plex",
    endpoints=ENDPOINTS,
    documents=Path(__file__).parent / "documents",
    description="Metadata providers of movies and of shows for Plex Media Server.",
    introduction=INTRODUCTION,
    apps=(_app("movies"), _app("shows")),
    media_type="application/json; charset=utf-8",
    null=Null.OMIT,
    error=lambda _, message: {"error": message},
    headers=(*LOCALE, *PAGE),
    merges_slashes=True,
    examples=example_names,
)

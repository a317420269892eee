"""The environment of the templates, and the headers of every page."""

from jinja2 import FileSystemLoader, StrictUndefined

from mediacanon import paths
from mediacanon.pages.cards import Cards, episode_list
from mediacanon.pages.charts import heat_map, season_heading, season_line
from mediacanon.pages.filters import FILTERS, FUNCTIONS
from mediacanon.pages.json_ld import structured_data
from mediacanon.pages.page import SORTS
from mediacanon.pages.people import Cast, crew_list, filmography, name_list, people_found, person_chips
from mediacanon.pages.refresh import refresh_notice
from mediacanon.pages.templating import DictEnvironment
from mediacanon.settings import Settings
from mediacanon.tmdb.image_urls import image_addresses

HTML = "text/html"
# Images may come from any host: editors enter posters by address, and TMDB_IMAGE_BASE_URL may be a mirror.
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self' data: http: https:; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors {frame_ancestors}"
)


class PageEnvironment(DictEnvironment):
    """The templates of one server, with the headers that its settings give every page."""

    frame_ancestors: str = "'none'"
    # Whose certification a page shows, unless its address names another.
    country: str = "US"

    @property
    def headers(self) -> dict[str, str]:
        """The security headers of a page."""
        return {
            "content-security-policy": POLICY.format(frame_ancestors=self.frame_ancestors),
            "x-content-type-options": "nosniff",
            "referrer-policy": "strict-origin-when-cross-origin",
        }


def build_environment(settings: Settings) -> PageEnvironment:
    """Return the environment of the templates. It escapes every value, and an undefined name is an error."""
    environment = PageEnvironment(
        loader=FileSystemLoader(paths.TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.frame_ancestors = settings.frame_ancestors
    environment.country = settings.country
    images = image_addresses(settings)
    environment.filters.update(FILTERS, image=images)
    cards = Cards(images)
    environment.globals.update(
        FUNCTIONS,
        cards=cards.cards,
        poster=cards.poster,
        episode_list=episode_list,
        cast_list=Cast(images).items,
        people_found=people_found,
        crew_list=crew_list,
        name_list=name_list,
        person_chips=person_chips,
        filmography=filmography,
        heat_map=heat_map,
        season_line=season_line,
        season_heading=season_heading,
        structured_data=structured_data,
        sorts=SORTS,
    )
    # Pages are cached as bytes: their content may depend on the server's settings, never on the client.
    environment.globals.update(
        can_refresh=bool(settings.tmdb_api_key) and settings.writes == "open",
        has_images=bool(settings.image_cache_mb),
        refresh_notice=refresh_notice,
    )
    return environment

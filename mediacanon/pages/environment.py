"""The templates' environment, and what every answer that is a page says about itself."""

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from mediacanon import paths
from mediacanon.pages.charts import heat_map, season_line, shade
from mediacanon.pages.filters import FILTERS, FUNCTIONS
from mediacanon.pages.json_ld import structured_data
from mediacanon.pages.page import SORTS
from mediacanon.pages.refresh import refresh_notice
from mediacanon.settings import Settings
from mediacanon.tmdb.image_urls import image_addresses

HTML = "text/html"
# Images may come from anywhere: people give posters by address, and TMDB's may have a mirror.
SECURITY = {
    "content-security-policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self' data: http: https:; manifest-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "strict-origin-when-cross-origin",
}


def build_environment(settings: Settings) -> Environment:
    """Return the templates' environment: escaping everything, undefined names are errors."""
    environment = Environment(
        loader=FileSystemLoader(paths.TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(FILTERS, shade=shade, image=image_addresses(settings))
    environment.globals.update(
        FUNCTIONS, heat_map=heat_map, season_line=season_line, structured_data=structured_data, sorts=SORTS
    )
    # Pages are kept as bytes: what they show depends on the server's settings, never on who asks.
    environment.globals.update(
        can_refresh=bool(settings.tmdb_api_key) and settings.writes == "open",
        has_images=bool(settings.image_cache_mb),
        refresh_notice=refresh_notice,
    )
    return environment

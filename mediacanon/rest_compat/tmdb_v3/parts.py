"""The parts of a title that have a path below its own: each is an answer alone, and a key where it is appended."""

from typing import Any, NamedTuple

from mediacanon.imdb.regions import main_region
from mediacanon.rest_compat.endpoint import Texts
from mediacanon.rest_compat.tmdb_v3.codes import language
from mediacanon.rest_compat.tmdb_v3.people import AGGREGATE_CREDITS, CREDITS
from mediacanon.rest_compat.tmdb_v3.refusals import page_of
from mediacanon.rest_compat.tmdb_v3.shapes import TEXT, Facts, Kind, Shape, image_path, listed, nested, shape
from mediacanon.rest_compat.tmdb_v3.titles import TYPED_ENTRIES
from mediacanon.tmdb.languages import MAIN_COUNTRIES

_VIDEO_KINDS = {"kind": Kind({"TRAILER": "Trailer", "TEASER": "Teaser"}.get, TEXT)}
# Of posters and of stills at TMDB; the sizes of single images are not known.
_POSTER_RATIO, _WIDE_RATIO = 0.667, 1.778


def _picture(ratio: float) -> Kind:
    """Return the kind of a list with an image, if there is one."""
    of = shape(
        f"""aspect_ratio={ratio} file_path=path:text height=0 iso_639_1=null vote_average=0 vote_count=0 width=0"""
    )
    return listed(of, lambda url: [{"path": path}] if (path := image_path(url)) else [])


POSTER, WIDE = _picture(_POSTER_RATIO), _picture(_WIDE_RATIO)
IMAGES = shape("backdrops=backdrop:wide logos=[] posters=poster:poster", wide=WIDE, poster=POSTER)

VIDEOS = shape(
    "results=videos:videos",
    videos=listed(
        shape(
            """id=key:text iso_3166_1="" iso_639_1=language:text key:text name:text official=isOfficial:truth
            published_at="" site:text size=0 type=kind:kind""",
            **_VIDEO_KINDS,
        )
    ),
)
TRAILERS = shape(
    "quicktime=[] youtube=videos:videos",
    videos=listed(
        shape('name:text size="HD" source=key:text type=kind:kind', **_VIDEO_KINDS),
        lambda videos: [video for video in videos if video["site"] == "YouTube"],
    ),
)

_FURTHER_IDS = "freebase_mid=null freebase_id=null tvrage_id=null"
_IDS = """
    imdb_id=ids.imdb:text? wikidata_id=ids.wikidata:text? facebook_id=ids.facebook:text?
    instagram_id=ids.instagram:text? twitter_id=ids.twitter:text?"""
_SHOW_IDS = shape(f"{_IDS} {_FURTHER_IDS} tvdb_id=ids.tvdb:whole?")
_SEASON_IDS = f"{_FURTHER_IDS} tvdb_id=null wikidata_id=null"

_KEYWORDS = listed(shape("id=tmdbId:whole name:text"))


def _rated(title: Facts) -> list[dict[str, Any]]:
    """Return the certifications of a title, each with the day of its first release, also as a moment."""
    day = title["releaseDate"]
    return [{**each, "day": day, "at": day and f"{day}T00:00:00.000Z"} for each in title["certifications"]]


# A theatrical release is of type 3.
_RELEASE = shape('certification=rating:text descriptors=[] iso_639_1="" note="" release_date=at:text type=3')
RELEASE_DATES = shape(
    "results:rated",
    rated=listed(
        shape("iso_3166_1=country:text release_dates:dates", dates=listed(_RELEASE, lambda each: [each])), _rated
    ),
)
RELEASES = shape(
    "countries:rated",
    rated=listed(
        shape("certification=rating:text descriptors=[] iso_3166_1=country:text primary=false release_date=day:text"),
        _rated,
    ),
)
CONTENT_RATINGS = shape(
    "results=certifications:rated", rated=listed(shape("descriptors=[] iso_3166_1=country:text rating:text"))
)

_NAMES = listed(
    shape("iso_3166_1=region:text title=name:text type=attributes:remarks", remarks=Kind(", ".join, TEXT)),
    # IMDb's own codes of regions are those of no country.
    lambda names: [name for name in names if name["region"] and len(name["region"]) == 2],  # noqa: PLR2004 - ISO 3166-1
)


def _translations(title: Facts) -> list[dict[str, Any]]:
    """Return the texts of each language, with its country, else the main one of the language, and the name there."""
    found = []
    for each in title["texts"]:
        code, _, country = each["language"].partition("-")
        region = country or MAIN_COUNTRIES.get(code) or main_region(code) or ""
        name = next((one["name"] for one in title["names"] if one["region"] == region), "")
        found.append({**each, **language(code), "country": region, "local": name})
    return found


def _translated(name: str) -> Shape:
    of = shape(f'homepage="" overview:text tagline:text runtime=0 {name}=local:text')
    return shape(
        "translations:translations",
        translations=listed(
            shape("data:data english_name:text iso_3166_1=country:text iso_639_1:text name:text", data=nested(of)),
            _translations,
        ),
    )


def page_of_similar(title: Facts, texts: Texts) -> Facts:
    """Return a title with a page of the titles like it, of those with a number of TMDB's: one page at most."""
    page, known = page_of(texts), [each for each in title["similar"] if each["tmdbId"] is not None]
    return {
        **title,
        "page": page,
        "similar": known if page == 1 else [],
        "count": len(known),
        "pages": min(1, len(known)),
    }


def _alike(type_: str) -> Shape:
    return shape(
        "page:whole results=similar:entries total_pages=pages:whole total_results=count:whole",
        entries=listed(TYPED_ENTRIES[type_]),
    )


class Part(NamedTuple):
    """A part of a title of TMDB's kinds: its name below the title's path, its document, its shape."""

    name: str
    kinds: tuple[str, ...]
    document: str
    shape: Shape
    summary: str


BOTH, MOVIE, TV = ("movie", "tv"), ("movie",), ("tv",)
_EMPTY_PAGE, _NO_RESULTS = shape("page=1 results=[] total_pages=0 total_results=0"), shape("results=[]")
_NO_SERVICES, _NO_TRANSLATIONS, _NOBODY = shape("results={}"), shape("translations=[]"), "cast=[] crew=[]"
_NO_ACCOUNT = shape("favorite=false rated=false watchlist=false")
_IN_COUNTRIES, _CERTIFIED = "Its names in each country", "Its certification in each country"
PARTS = (
    Part("credits", BOTH, "credits", CREDITS, "The people who made it"),
    Part("casts", MOVIE, "credits", CREDITS, "The same under its old name"),
    Part("aggregate_credits", TV, "credits", AGGREGATE_CREDITS, "The people who made it, each once"),
    Part("external_ids", MOVIE, "external_ids", shape(_IDS), "Its ids in other catalogues"),
    Part("external_ids", TV, "external_ids", _SHOW_IDS, "Its ids in other catalogues"),
    Part("images", BOTH, "images", IMAGES, "Its poster and its backdrop"),
    Part("videos", BOTH, "videos", VIDEOS, "Its trailers and teasers"),
    Part("trailers", MOVIE, "videos", TRAILERS, "The same at YouTube, in the old form"),
    Part("keywords", MOVIE, "keywords", shape("keywords=keywords:list", list=_KEYWORDS), "Its keywords"),
    Part("keywords", TV, "keywords", shape("results=keywords:list", list=_KEYWORDS), "Its keywords"),
    Part("release_dates", MOVIE, "certifications", RELEASE_DATES, _CERTIFIED),
    Part("releases", MOVIE, "certifications", RELEASES, "The same in the old form"),
    Part("content_ratings", TV, "certifications", CONTENT_RATINGS, _CERTIFIED),
    Part("alternative_titles", MOVIE, "names", shape("titles=names:list", list=_NAMES), _IN_COUNTRIES),
    Part("alternative_titles", TV, "names", shape("results=names:list", list=_NAMES), _IN_COUNTRIES),
    Part("translations", MOVIE, "translations", _translated("title"), "Its texts in each language"),
    Part("translations", TV, "translations", _translated("name"), "Its texts in each language"),
    Part("watch/providers", BOTH, "known", _NO_SERVICES, "Nothing: services that show it are not known"),
    Part("reviews", BOTH, "known", _EMPTY_PAGE, "Nothing: there are no reviews"),
    Part("lists", BOTH, "known", _EMPTY_PAGE, "Nothing: there are no lists of users"),
    Part("changes", BOTH, "known", shape("changes=[]"), "Nothing: the history of a title is not kept"),
    Part("episode_groups", TV, "known", _NO_RESULTS, "Nothing: there are no other orders of episodes"),
    Part("account_states", BOTH, "known", _NO_ACCOUNT, "Nothing: there are no accounts"),
)
SIMILAR = (
    Part("similar", MOVIE, "similar", _alike("movie"), "Movies like it"),
    Part("recommendations", MOVIE, "similar", _alike("movie"), "The same movies"),
    Part("similar", TV, "similar", _alike("show"), "Shows like it"),
    Part("recommendations", TV, "similar", _alike("show"), "The same shows"),
)
_NO_PEOPLE, _NO_TRAILERS = "Nothing: its own people are not known", "Nothing: its own trailers are not known"
SEASON_PARTS = (
    Part("credits", TV, "season", shape(_NOBODY), _NO_PEOPLE),
    Part("aggregate_credits", TV, "season", shape(_NOBODY), _NO_PEOPLE),
    Part("external_ids", TV, "season", shape(_SEASON_IDS), "Its ids in other catalogues"),
    Part("images", TV, "season", shape("posters=poster:poster", poster=POSTER), "Its poster"),
    Part("videos", TV, "season", _NO_RESULTS, _NO_TRAILERS),
    Part("translations", TV, "season", _NO_TRANSLATIONS, "Nothing: it has texts in one language"),
    Part("watch/providers", TV, "season", _NO_SERVICES, "Nothing: services that show it are not known"),
)
EPISODE_PARTS = (
    Part("credits", TV, "season", shape(f"{_NOBODY} guest_stars=[]"), _NO_PEOPLE),
    Part("external_ids", TV, "season", shape(f"{_SEASON_IDS} imdb_id=imdbId:text?"), "Its ids in other catalogues"),
    Part("images", TV, "season", shape("stills=still:still", still=WIDE), "Its still"),
    Part("videos", TV, "season", _NO_RESULTS, _NO_TRAILERS),
    Part("translations", TV, "season", _NO_TRANSLATIONS, "Nothing: it has texts in one language"),
)

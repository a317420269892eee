"""Further facts of a title, from TMDB: texts in languages, images, certifications, videos, names and its franchise."""

import datetime as dt
import enum
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, Protocol, cast

import strawberry

from mediacanon.errors import BadArgument, quoted
from mediacanon.loaders.franchise import FranchiseRow
from mediacanon.loaders.title_facts import TitleFactsRow
from mediacanon.schema.context import Info
from mediacanon.schema.costs import OF_ROW
from mediacanon.schema.images import BackdropSize, LogoSize, PosterSize, in_size
from mediacanon.tmdb.languages import normalized, preferred

if TYPE_CHECKING:
    from mediacanon.schema.title import Title

MAX_LANGUAGES = 20
# The address of a video at its site.
VIDEO_PAGES = {"YouTube": "https://www.youtube.com/watch?v={}", "Vimeo": "https://vimeo.com/{}"}

Size = Annotated[BackdropSize, strawberry.argument(description="The size.")]
Languages = Annotated[
    list[str],
    strawberry.argument(
        description="ISO 639-1 codes in order of preference, with a country if it matters: de-AT, which de follows. "
        "Then come the title's original language, English, and any other."
    ),
]


class HasTitle(Protocol):
    """A row of a title."""

    title_id: int
    original_language: str | None


@strawberry.type(description="A text and its language.")
class LocalizedText:
    """A text and its language."""

    text: str = strawberry.field(description="The text.")
    language: str = strawberry.field(description="Its ISO 639-1 code, with a country where that matters: en, pt-BR.")


class TextRow(NamedTuple):
    """A text and its language."""

    text: str
    language: str


@strawberry.type(description="The texts about a title in a language.")
class TitleTexts:
    """The texts of one language."""

    language: str = strawberry.field(description="ISO 639-1 code, with a country where that matters: en, pt-BR.")
    overview: str | None = strawberry.field(description="What it is about.")
    tagline: str | None = strawberry.field(description="The tagline.")


@strawberry.type(description="The certification of a title in a country.")
class Certification:
    """A certification of a country."""

    country: str = strawberry.field(description="ISO 3166-1 code.")
    rating: str = strawberry.field(description="The country's own word: PG-13, TV-MA, 12.")


@strawberry.enum(description="What a video is.")
class VideoKind(enum.Enum):
    """The kinds of videos that are stored."""

    TRAILER = strawberry.enum_value("trailer", description="A trailer.")
    TEASER = strawberry.enum_value("teaser", description="A teaser.")


@strawberry.type(description="A trailer or teaser at another site.")
class Video:
    """A trailer or teaser."""

    site: str = strawberry.field(description="The site: YouTube, Vimeo.")
    key: str = strawberry.field(description="The site's id of the video.")
    name: str | None = strawberry.field(description="Its name.")
    language: str | None = strawberry.field(description="ISO 639-1 code.")
    is_official: bool = strawberry.field(description="Whether the makers published it.")

    @strawberry.field(description="Trailer or teaser.", metadata=OF_ROW)
    @staticmethod
    def kind(root: strawberry.Parent[Any]) -> VideoKind:
        """Return the kind."""
        return VideoKind(root.kind)

    @strawberry.field(
        description="The address of its page at the site; null for a site that is not known.", metadata=OF_ROW
    )
    @staticmethod
    def url(root: strawberry.Parent[Any]) -> str | None:
        """Return the address of the page."""
        page = VIDEO_PAGES.get(root.site)
        return page and page.format(root.key)


@strawberry.type(description="A keyword of a title.")
class Keyword:
    """A keyword."""

    tmdb_id: int = strawberry.field(description="TMDB's id among keywords.")
    name: str = strawberry.field(description="The keyword.")


@strawberry.type(description="A company that made a title, or a network that first showed it.")
class Company:
    """A company or network."""

    tmdb_id: int = strawberry.field(description="TMDB's id; companies and networks are numbered separately there.")
    name: str = strawberry.field(description="Its name.")
    country: str | None = strawberry.field(description="ISO 3166-1 code.")

    @strawberry.field(description="The logo's address at TMDB.", metadata=OF_ROW)
    @staticmethod
    def logo(
        root: strawberry.Parent[Any],
        size: Annotated[LogoSize, strawberry.argument(description="The size.")] = LogoSize.W154,
    ) -> str | None:
        """Return the logo's address in a size."""
        return in_size(root.logo_url, size)


@strawberry.type(description="A film that the catalogue lacks.")
class MissingFilm:
    """A film of a franchise that the catalogue lacks."""

    tmdb_id: int = strawberry.field(description="TMDB's id.")
    name: str = strawberry.field(description="Its name.")
    release_date: dt.date | None = strawberry.field(description="First release.")


@strawberry.type(description="Films that belong together: TMDB's collection.")
class Franchise:
    """A franchise and its films."""

    tmdb_id: int = strawberry.field(description="TMDB's id of the collection.")
    name: str = strawberry.field(description="Its name.")
    overview: str | None = strawberry.field(description="What it is about; null until TMDB was asked for its films.")

    @strawberry.field(description="The poster's address at TMDB.", metadata=OF_ROW)
    @staticmethod
    def poster(
        root: strawberry.Parent[Any],
        size: Annotated[PosterSize, strawberry.argument(description="The size.")] = PosterSize.W500,
    ) -> str | None:
        """Return the poster's address in a size."""
        return in_size(root.poster_url, size)

    @strawberry.field(description="The backdrop's address at TMDB.", metadata=OF_ROW)
    @staticmethod
    def backdrop(root: strawberry.Parent[Any], size: Size = BackdropSize.W1280) -> str | None:
        """Return the backdrop's address in a size."""
        return in_size(root.backdrop_url, size)

    @strawberry.field(description="Its films in this catalogue, in order of release.")
    @staticmethod
    async def titles(
        root: strawberry.Parent[Any], info: Info
    ) -> list[Annotated["Title", strawberry.lazy("mediacanon.schema.title")]]:
        """Load the films that the catalogue has."""
        return cast("list[Title]", await _films(info, root))

    @strawberry.field(description="Its films that this catalogue lacks, in order of release; TMDB names them.")
    @staticmethod
    async def missing(root: strawberry.Parent[Any], info: Info) -> list[MissingFilm]:
        """Return the films that the catalogue lacks."""
        known = {title.tmdb_id for title in await _films(info, root)}
        return cast("list[MissingFilm]", [film for film in root.films if film.tmdb_id not in known])


async def _films(info: Info, franchise: FranchiseRow) -> list[Any]:
    key = franchise.tmdb_id, tuple(film.tmdb_id for film in franchise.films)
    return list(await info.context.loaders.titles_by_franchise.load(key))


async def _facts(root: HasTitle, info: Info) -> TitleFactsRow | None:
    return await info.context.loaders.facts_by_title_id.load(root.title_id)


def asked_tags(languages: list[str]) -> list[str]:
    """Return the tags in the order in which they are tried. Raises BadArgument for a text that is no language."""
    if len(languages) > MAX_LANGUAGES:
        raise BadArgument(f"languages may have at most {MAX_LANGUAGES} codes")
    asked = []
    for language in languages:
        if (tag := normalized(language)) is None:
            raise BadArgument(f"languages must be codes such as de or de-AT; {quoted(language)} is none")
        asked.append(tag)
    return preferred(asked)


async def _text(root: HasTitle, info: Info, languages: list[str], name: str) -> LocalizedText | None:
    """Return the first text in the order of the languages. Raises BadArgument for a text that is no language."""
    asked = asked_tags(languages)
    rows = await info.context.loaders.texts_by_title_id.load(root.title_id)
    texts = {row.language: text for row in rows if (text := getattr(row, name))}
    order = [*asked, root.original_language, "en", *texts]
    found = next((language for language in order if language in texts), None)
    return cast("LocalizedText | None", TextRow(texts[found], found) if found else None)


async def overview(
    root: strawberry.Parent[HasTitle],
    info: Info,
    languages: Languages = ["en"],  # noqa: B006 - a GraphQL default
) -> LocalizedText | None:
    """Load the plot in the first language that has one."""
    return await _text(root, info, languages, "overview")


async def tagline(
    root: strawberry.Parent[HasTitle],
    info: Info,
    languages: Languages = ["en"],  # noqa: B006 - a GraphQL default
) -> LocalizedText | None:
    """Load the tagline in the first language that has one."""
    return await _text(root, info, languages, "tagline")


async def texts(root: strawberry.Parent[HasTitle], info: Info) -> list[TitleTexts]:
    """Load the texts in all languages."""
    return cast("list[TitleTexts]", await info.context.loaders.texts_by_title_id.load(root.title_id))


async def native_title(root: strawberry.Parent[HasTitle], info: Info) -> str | None:
    """Load the title in its own script."""
    facts = await _facts(root, info)
    return facts.native_title if facts else None


async def tvdb_id(root: strawberry.Parent[HasTitle], info: Info) -> int | None:
    """Load TVDB's id."""
    facts = await _facts(root, info)
    return facts.tvdb_id if facts else None


async def backdrop(root: strawberry.Parent[HasTitle], info: Info, size: Size = BackdropSize.W1280) -> str | None:
    """Load the backdrop's address in a size."""
    facts = await _facts(root, info)
    return in_size(facts.backdrop_url, size) if facts else None


async def status(root: strawberry.Parent[HasTitle], info: Info) -> str | None:
    """Load the status."""
    facts = await _facts(root, info)
    return facts.status if facts else None


async def homepage(root: strawberry.Parent[HasTitle], info: Info) -> str | None:
    """Load the address of the homepage."""
    facts = await _facts(root, info)
    return facts.homepage if facts else None


async def countries(root: strawberry.Parent[HasTitle], info: Info) -> list[str]:
    """Load the producing countries."""
    facts = await _facts(root, info)
    return facts.countries if facts else []


async def spoken_languages(root: strawberry.Parent[HasTitle], info: Info) -> list[str]:
    """Load the spoken languages."""
    facts = await _facts(root, info)
    return facts.languages if facts else []


async def certifications(root: strawberry.Parent[HasTitle], info: Info) -> list[Certification]:
    """Load the certifications of all countries."""
    facts = await _facts(root, info)
    return cast("list[Certification]", facts.certifications if facts else [])


async def certification(
    root: strawberry.Parent[HasTitle],
    info: Info,
    country: Annotated[str, strawberry.argument(description="ISO 3166-1 code.")],
) -> str | None:
    """Load the certification of a country."""
    facts = await _facts(root, info)
    return next((each.rating for each in (facts.certifications if facts else ()) if each.country == country), None)


async def videos(root: strawberry.Parent[HasTitle], info: Info) -> list[Video]:
    """Load the videos."""
    facts = await _facts(root, info)
    return cast("list[Video]", facts.videos if facts else [])


async def keywords(root: strawberry.Parent[HasTitle], info: Info) -> list[Keyword]:
    """Load the keywords."""
    if await _facts(root, info) is None:
        return []
    return cast("list[Keyword]", await info.context.loaders.keywords_by_title_id.load(root.title_id))


async def companies(root: strawberry.Parent[HasTitle], info: Info) -> list[Company]:
    """Load the companies."""
    return cast("list[Company]", await info.context.loaders.companies_by_title_id.load(root.title_id))


async def networks(root: strawberry.Parent[HasTitle], info: Info) -> list[Company]:
    """Load the networks."""
    return cast("list[Company]", await info.context.loaders.networks_by_title_id.load(root.title_id))


async def franchise(root: strawberry.Parent[HasTitle], info: Info) -> Franchise | None:
    """Load the franchise; its films are fetched from TMDB in the background where they are missing or old."""
    facts = await _facts(root, info)
    if facts is None or facts.franchise_id is None:
        return None
    row = await info.context.loaders.franchise_by_id.load(facts.franchise_id)
    if row and (enrichment := info.context.enrichment):
        enrichment.queue_franchise(row.tmdb_id, row.fetched_at)
    return cast("Franchise | None", row)


Overview = Annotated[
    LocalizedText | None,
    strawberry.field(resolver=overview, description="What it is about, in the first language that has a text."),
]
Tagline = Annotated[
    LocalizedText | None, strawberry.field(resolver=tagline, description="The tagline, as with overview.")
]
Texts = Annotated[
    list[TitleTexts], strawberry.field(resolver=texts, description="Plot and tagline in every language that has one.")
]
NativeTitle = Annotated[
    str | None, strawberry.field(resolver=native_title, description="The original title in its own script, from TMDB.")
]
TvdbId = Annotated[int | None, strawberry.field(resolver=tvdb_id, description="TVDB's id of a show.")]
Backdrop = Annotated[
    str | None, strawberry.field(resolver=backdrop, description="The backdrop's address at TMDB in a size of its.")
]
Status = Annotated[
    str | None,
    strawberry.field(resolver=status, description="TMDB's word for it: Released, In Production, Returning Series."),
]
Homepage = Annotated[str | None, strawberry.field(resolver=homepage, description="The address of its own site.")]
Countries = Annotated[
    list[str], strawberry.field(resolver=countries, description="ISO 3166-1 codes of the producing countries.")
]
SpokenLanguages = Annotated[
    list[str], strawberry.field(resolver=spoken_languages, description="ISO 639-1 codes of the spoken languages.")
]
Certifications = Annotated[
    list[Certification], strawberry.field(resolver=certifications, description="Its certifications, by country.")
]
CertificationIn = Annotated[
    str | None, strawberry.field(resolver=certification, description="Its certification in a country.")
]
Videos = Annotated[list[Video], strawberry.field(resolver=videos, description="Trailers and teasers, at most 20.")]
Keywords = Annotated[list[Keyword], strawberry.field(resolver=keywords, description="Its keywords.")]
Companies = Annotated[list[Company], strawberry.field(resolver=companies, description="The companies that made it.")]
Networks = Annotated[
    list[Company], strawberry.field(resolver=networks, description="The networks that first showed it.")
]
FranchiseOf = Annotated[
    Franchise | None, strawberry.field(resolver=franchise, description="The films that it belongs to.")
]

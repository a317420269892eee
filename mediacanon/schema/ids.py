"""Ids: the type of a title, its ids in other catalogues, and the one-of inputs that name an entity by an id."""

import enum
from typing import Any, TypeVar, cast

import strawberry

from mediacanon import vocabulary
from mediacanon.errors import BadArgument
from mediacanon.loaders.title import IdsRow, TitleRow
from mediacanon.loaders.title_facts import TitleFactsRow
from mediacanon.schema.context import Info
from mediacanon.schema.scalars import ImdbId


@strawberry.enum(description="What a title is.")
class TitleType(enum.Enum):
    """The title types of the vocabulary, described."""

    movie = strawberry.enum_value("movie", description="A film, made for cinema or television.")
    show = strawberry.enum_value("show", description="A series or mini-series, with seasons and episodes.")


@strawberry.type(description="An entity's ids in other catalogues.")
class Ids:
    """Ids in other catalogues."""

    imdb: ImdbId | None = strawberry.field(description="IMDb's id.")
    tmdb: int | None = strawberry.field(description="TMDB's id; movies and shows are numbered separately there.")

    @strawberry.field(description="TVDB's id of a show.")
    @staticmethod
    async def tvdb(root: strawberry.Parent["Ids"], info: Info) -> int | None:
        """Load TVDB's id."""
        facts = await _facts(root, info)
        return facts.tvdb_id if facts else None

    @strawberry.field(description="Wikidata's id, such as Q42.")
    @staticmethod
    async def wikidata(root: strawberry.Parent["Ids"], info: Info) -> str | None:
        """Load Wikidata's id."""
        facts = await _facts(root, info)
        return facts.wikidata_id if facts else None

    @strawberry.field(description="The name at Facebook.")
    @staticmethod
    async def facebook(root: strawberry.Parent["Ids"], info: Info) -> str | None:
        """Load the name at Facebook."""
        facts = await _facts(root, info)
        return facts.social_ids.get("facebook") if facts else None

    @strawberry.field(description="The name at Instagram.")
    @staticmethod
    async def instagram(root: strawberry.Parent["Ids"], info: Info) -> str | None:
        """Load the name at Instagram."""
        facts = await _facts(root, info)
        return facts.social_ids.get("instagram") if facts else None

    @strawberry.field(description="The name at X, formerly Twitter.")
    @staticmethod
    async def twitter(root: strawberry.Parent["Ids"], info: Info) -> str | None:
        """Load the name at X."""
        facts = await _facts(root, info)
        return facts.social_ids.get("twitter") if facts else None


async def _facts(root: object, info: Info) -> TitleFactsRow | None:
    """Return the facts of the title whose ids these are; None for ids of an episode or a season."""
    title_id = cast("IdsRow", root).title_id
    return None if title_id is None else await info.context.loaders.facts_by_title_id.load(title_id)


@strawberry.input(description="TMDB's id of a title: movies and shows are numbered separately there.")
class TmdbKey:
    """TMDB's id with its type."""

    type: TitleType = strawberry.field(description="Movie or show.")
    id: int = strawberry.field(description="TMDB's number.")


@strawberry.input(one_of=True, description="Names a title by exactly one of its ids.")
class TitleBy:
    """A title's ids."""

    id: strawberry.Maybe[int] = strawberry.field(description="Our id.")
    imdb_id: strawberry.Maybe[ImdbId] = strawberry.field(description="IMDb's id.")
    tmdb: strawberry.Maybe[TmdbKey] = strawberry.field(description="TMDB's id, with its kind.")
    tvdb_id: strawberry.Maybe[int] = strawberry.field(description="TVDB's id of a show.")


@strawberry.input(one_of=True, description="Names a movie or a show by exactly one of its ids.")
class WorkBy:
    """A movie's or show's ids."""

    id: strawberry.Maybe[int] = strawberry.field(description="Our id.")
    imdb_id: strawberry.Maybe[ImdbId] = strawberry.field(description="IMDb's id.")
    tmdb_id: strawberry.Maybe[int] = strawberry.field(description="TMDB's id.")
    tvdb_id: strawberry.Maybe[int] = strawberry.field(description="TVDB's id of a show.")


@strawberry.input(one_of=True, description="Names an episode by exactly one of its ids.")
class EpisodeBy:
    """An episode's ids."""

    id: strawberry.Maybe[int] = strawberry.field(description="Our id.")
    imdb_id: strawberry.Maybe[ImdbId] = strawberry.field(description="IMDb's id.")


async def title_by(info: Info, by: TitleBy) -> TitleRow | None:
    """Return the title that `by` names, None for an unknown id."""
    loaders = info.context.loaders
    if by.id:
        return await loaders.title_by_id.load(by.id.value)
    if by.imdb_id:
        return await loaders.title_by_imdb_id.load(by.imdb_id.value)
    if by.tvdb_id:
        return await loaders.show_by_tvdb_id.load(by.tvdb_id.value)
    key = cast("strawberry.Some[TmdbKey]", by.tmdb).value
    return await loaders.title_by_tmdb_id.load((key.type.name, key.id))


async def work_title_by(info: Info, by: WorkBy, type_: vocabulary.TitleType) -> TitleRow | None:
    """Return the title with an id of another catalogue, None for an unknown id.

    With IMDb's or TVDB's it may be of the other type.
    """
    loaders = info.context.loaders
    if by.imdb_id:
        return await loaders.title_by_imdb_id.load(by.imdb_id.value)
    if by.tvdb_id:
        return await loaders.show_by_tvdb_id.load(by.tvdb_id.value)
    tmdb_id = cast("strawberry.Some[int]", by.tmdb_id).value
    return await loaders.title_by_tmdb_id.load((type_, tmdb_id))


By = TypeVar("By")


def one_of(id_: int | None, by: By | None, kind: type[By]) -> By:
    """Return the input that names the entity. Raises BadArgument unless exactly one of `id` and `by` is given."""
    if (id_ is None) == (by is None):
        raise BadArgument("Give either id or by")
    if by is not None:
        return by
    others: dict[str, Any] = dict.fromkeys(kind.__annotations__)
    return kind(**others | {"id": strawberry.Some(id_)})

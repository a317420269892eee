"""Mutations of titles, movies and shows, which share the facts of a title."""

import datetime as dt
from collections.abc import Iterable
from typing import Annotated, cast

import strawberry

from mediacanon.errors import BadArgument, quoted
from mediacanon.schema.context import Info
from mediacanon.schema.enrichment import refresh
from mediacanon.schema.ids import TitleType
from mediacanon.schema.movie import Movie
from mediacanon.schema.mutation_results import changes_of, facts_of, fresh_loaders, present
from mediacanon.schema.scalars import ImdbId
from mediacanon.schema.show import Show
from mediacanon.schema.title import Title
from mediacanon.tmdb.languages import normalized
from mediacanon.vocabulary import FIRST_YEAR, LAST_YEAR


@strawberry.input
class TitleFacts:
    """The facts that a client may give to a new or a changed title: absent leaves a fact, null clears it."""

    original_title: strawberry.Maybe[str | None] = strawberry.field(
        description="The name in its own language, at most 500 characters."
    )
    start_year: strawberry.Maybe[int | None] = strawberry.field(
        description=f"Year of release, of a show the first; {FIRST_YEAR} to {LAST_YEAR}."
    )
    end_year: strawberry.Maybe[int | None] = strawberry.field(
        description="The last year of a show that has ended; not before startYear."
    )
    imdb_id: strawberry.Maybe[ImdbId | None] = strawberry.field(
        description="IMDb's id, which no other title has; imports then keep the title up to date."
    )
    tmdb_id: strawberry.Maybe[int | None] = strawberry.field(
        description="TMDB's id among the titles of this type, 1 or more."
    )
    image_url: strawberry.Maybe[str | None] = strawberry.field(description="The http or https address of a poster.")
    original_language: strawberry.Maybe[str | None] = strawberry.field(
        description="ISO 639-1 code of the original language, such as en."
    )
    origin_country: strawberry.Maybe[str | None] = strawberry.field(
        description="ISO 3166-1 code of the country of origin, such as US."
    )
    release_date: strawberry.Maybe[dt.date | None] = strawberry.field(
        description="First release, of a show the first episode."
    )
    runtime_minutes: strawberry.Maybe[int | None] = strawberry.field(
        description="Running time in minutes, of a show per episode; 0 or more."
    )
    is_adult: strawberry.Maybe[bool] = strawberry.field(
        description="Whether it is for adults only; it cannot be cleared."
    )
    overview: strawberry.Maybe[str | None] = strawberry.field(
        description="What it is about, in textLanguage; at most 10,000 characters."
    )
    tagline: strawberry.Maybe[str | None] = strawberry.field(
        description="The tagline, in textLanguage; at most 500 characters."
    )
    text_language: strawberry.Maybe[str] = strawberry.field(
        description="The language of overview and tagline: de, pt-BR; en if it is left out. A text that changes is "
        "locked in every language."
    )


@strawberry.input(description="The facts of a title, movie or show to create; those left out it does not have.")
class NewTitle(TitleFacts):
    """A title to create."""

    display_name: str = strawberry.field(description="The name people know it by, 1 to 500 characters.")


@strawberry.input(
    description="What to change of a title. A field that is absent stays, null clears it; what changes is locked: "
    "no import or refresh writes it again."
)
class TitleChanges(TitleFacts):
    """A title to change."""

    display_name: strawberry.Maybe[str] = strawberry.field(
        description="The name people know it by, 1 to 500 characters; it cannot be cleared."
    )
    unlock: strawberry.Maybe[list[str]] = strawberry.field(
        description="Names out of lockedFields which imports and refreshes may write again."
    )


TitleId = Annotated[int, strawberry.argument(description="Our id of the title.")]
MovieId = Annotated[int, strawberry.argument(description="Our id of the movie.")]
ShowId = Annotated[int, strawberry.argument(description="Our id of the show.")]
New = Annotated[NewTitle, strawberry.argument(description="Its facts.")]
Changes = Annotated[TitleChanges, strawberry.argument(description="What to change.")]


def _in_language(facts: dict[str, object]) -> dict[str, object]:
    """Return facts with the language of their texts as it is stored. Raises BadArgument for a text that is none."""
    if "text_language" in facts:
        given = str(facts["text_language"])
        if (tag := normalized(given)) is None:
            raise BadArgument(f"textLanguage must be a code such as de or de-AT; {quoted(given)} is none")
        facts["text_language"] = tag
    return facts


def _facts(given: NewTitle) -> dict[str, object]:
    return _in_language(facts_of(given))


def _changes(given: TitleChanges) -> tuple[dict[str, object], Iterable[str]]:
    changes, unlock = changes_of(given)
    return _in_language(changes), unlock


@strawberry.type
class TitleMutations:
    """Root fields that change titles."""

    @strawberry.mutation(description="Create a title alone, without the movie or show; mostly one wants those.")
    @staticmethod
    async def create_title(
        info: Info, type: Annotated[TitleType, strawberry.argument(description="Movie or show.")], input: New
    ) -> Title:
        """Create a title and load it."""
        title_id = await info.context.writes.create_title(type.name, _facts(input))
        return cast("Title", present(await fresh_loaders(info).title_by_id.load(title_id)))

    @strawberry.mutation(description="Change a title.")
    @staticmethod
    async def update_title(info: Info, id: TitleId, input: Changes) -> Title:
        """Change a title and load it."""
        await info.context.writes.update_title(id, *_changes(input))
        return cast("Title", present(await fresh_loaders(info).title_by_id.load(id)))

    @strawberry.mutation(
        description="Delete a title with its movie or show, seasons and episodes. Answers its id, null: there was none."
    )
    @staticmethod
    async def delete_title(info: Info, id: TitleId) -> int | None:
        """Delete a title."""
        return id if await info.context.writes.delete_title(id) else None

    @strawberry.mutation(
        description="Ask TMDB anew about a title and its episodes, and wait up to 8 seconds for the answer. "
        "UPSTREAM_UNAVAILABLE: no key, or no answer; after 8 seconds the fetch goes on."
    )
    @staticmethod
    async def refresh(info: Info, title_id: TitleId) -> Title:
        """Refresh a title and load it."""
        await refresh(info, title_id)
        return cast("Title", present(await info.context.loaders.title_by_id.load(title_id)))

    @strawberry.mutation(
        description="Count a view of a title, and a click where the source is a collection. Answers the title's id."
    )
    @staticmethod
    async def record_view(
        info: Info,
        title_id: TitleId,
        source: Annotated[
            str | None,
            strawberry.argument(
                description="Where the viewer came from, at most 100 characters; collection-{slug}: a collection."
            ),
        ] = None,
    ) -> int:
        """Record a view."""
        await info.context.writes.record_view(title_id, source)
        return title_id


@strawberry.type
class MovieMutations:
    """Root fields that change movies."""

    @strawberry.mutation(description="Create a movie and its title.")
    @staticmethod
    async def create_movie(info: Info, input: New) -> Movie:
        """Create a movie and load it."""
        movie_id = await info.context.writes.create_movie(_facts(input))
        return cast("Movie", present(await fresh_loaders(info).movie_by_id.load(movie_id)))

    @strawberry.mutation(description="Change a movie's title.")
    @staticmethod
    async def update_movie(info: Info, id: MovieId, input: Changes) -> Movie:
        """Change a movie and load it."""
        await info.context.writes.update_movie(id, *_changes(input))
        return cast("Movie", present(await fresh_loaders(info).movie_by_id.load(id)))

    @strawberry.mutation(description="Delete a movie and its title. Answers the movie's id, null: there was none.")
    @staticmethod
    async def delete_movie(info: Info, id: MovieId) -> int | None:
        """Delete a movie."""
        return id if await info.context.writes.delete_movie(id) else None


@strawberry.type
class ShowMutations:
    """Root fields that change shows."""

    @strawberry.mutation(description="Create a show, still without seasons, and its title.")
    @staticmethod
    async def create_show(info: Info, input: New) -> Show:
        """Create a show and load it."""
        show_id = await info.context.writes.create_show(_facts(input))
        return cast("Show", present(await fresh_loaders(info).show_by_id.load(show_id)))

    @strawberry.mutation(description="Change a show's title.")
    @staticmethod
    async def update_show(info: Info, id: ShowId, input: Changes) -> Show:
        """Change a show and load it."""
        await info.context.writes.update_show(id, *_changes(input))
        return cast("Show", present(await fresh_loaders(info).show_by_id.load(id)))

    @strawberry.mutation(
        description="Delete a show, its title, seasons and episodes. Answers the show's id, null: there was none."
    )
    @staticmethod
    async def delete_show(info: Info, id: ShowId) -> int | None:
        """Delete a show."""
        return id if await info.context.writes.delete_show(id) else None

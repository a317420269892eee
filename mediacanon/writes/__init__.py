"""The changes that clients make to the catalogue: `Writes` is their index.

Facts are mappings from names in snake_case (`TITLE_FACTS`, `EPISODE_FACTS`, `PERSON_FACTS`) to values. An absent fact
keeps its value, None clears it. Each change is one transaction, which also notifies every worker of the changed title
or person.
"""

from collections.abc import Iterable, Mapping

import asyncpg

from mediacanon.writes import engagement, episode, movie_and_show, person, season, title
from mediacanon.writes.movie_and_show import MOVIE, SHOW

Facts = Mapping[str, object]


class Writes:
    """The changes of one request, each in a transaction of its own.

    A `create` returns the new id; a `delete` returns False if nothing existed. Raises NotFound, Conflict for a value
    that must be unique, and BadArgument, whose message begins with the argument's name in GraphQL.
    """

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def create_title(self, title_type: str, facts: Facts) -> int:
        """Create a title without a movie or show."""
        return await title.create_title(self._pool, title_type, facts)

    async def update_title(self, title_id: int, changes: Facts, unlock: Iterable[str] = ()) -> None:
        """Change a title's facts and lock them against imports; the facts in `unlock` lose their lock."""
        await title.update_title(self._pool, title_id, changes, unlock)

    async def delete_title(self, title_id: int) -> bool:
        """Delete a title and everything below it."""
        return await title.delete_title(self._pool, title_id)

    async def create_movie(self, facts: Facts) -> int:
        """Create a movie with its title."""
        return await movie_and_show.create(self._pool, MOVIE, facts)

    async def update_movie(self, movie_id: int, changes: Facts, unlock: Iterable[str] = ()) -> None:
        """Change the facts of a movie's title, as update_title does."""
        await movie_and_show.update(self._pool, MOVIE, movie_id, changes, unlock)

    async def delete_movie(self, movie_id: int) -> bool:
        """Delete a movie and its title."""
        return await movie_and_show.delete(self._pool, MOVIE, movie_id)

    async def create_show(self, facts: Facts) -> int:
        """Create a show with its title."""
        return await movie_and_show.create(self._pool, SHOW, facts)

    async def update_show(self, show_id: int, changes: Facts, unlock: Iterable[str] = ()) -> None:
        """Change the facts of a show's title, as update_title does."""
        await movie_and_show.update(self._pool, SHOW, show_id, changes, unlock)

    async def delete_show(self, show_id: int) -> bool:
        """Delete a show, its title, its seasons and their episodes."""
        return await movie_and_show.delete(self._pool, SHOW, show_id)

    async def create_season(self, show_id: int, season_number: int) -> int:
        """Create a season without episodes."""
        return await season.create_season(self._pool, show_id, season_number)

    async def update_season(self, season_id: int, season_number: int) -> None:
        """Give a season another number."""
        await season.update_season(self._pool, season_id, season_number)

    async def delete_season(self, season_id: int) -> bool:
        """Delete a season and its episodes."""
        return await season.delete_season(self._pool, season_id)

    async def create_episode(self, season_id: int, facts: Facts) -> int:
        """Create an episode."""
        return await episode.create_episode(self._pool, season_id, facts)

    async def update_episode(self, episode_id: int, changes: Facts, unlock: Iterable[str] = ()) -> None:
        """Change an episode's facts and lock them against imports; the facts in `unlock` lose their lock."""
        await episode.update_episode(self._pool, episode_id, changes, unlock)

    async def delete_episode(self, episode_id: int) -> bool:
        """Delete an episode."""
        return await episode.delete_episode(self._pool, episode_id)

    async def update_person(self, person_id: int, changes: Facts, unlock: Iterable[str] = ()) -> None:
        """Change a person's facts and lock them against imports and TMDB; the facts in `unlock` lose their lock."""
        await person.update_person(self._pool, person_id, changes, unlock)

    async def record_view(self, title_id: int, source: str | None = None) -> None:
        """Count a view of a title, and a click of the collection that `source` names."""
        await engagement.record_view(self._pool, title_id, source)

"""Mistyped words are corrected by the words of the catalogue's names."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import pytest

from mediacanon.loaders.search_spelling import MOST_TEXTS, corrections

KNOWN = {
    "dark": {"dark": 18, "mark": 15, "park": 14},
    "night": {"night": 18, "knight": 21, "light": 17},
    "alein": {"alien": 19, "allen": 19, "klein": 18},
    "intersteler": {"interstellar": 20},
    "keper": {"keeper": 12},
}


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("alein", "alien"),
        ("intersteler", "interstellar"),
        ("the dark night", "the dark knight"),
        ("the alein keper", "the alien keeper"),
        ("alein night", "alien night"),
    ],
)
def test_the_nearest_and_best_known_word_comes_first(text: str, first: str):
    """Letters exchanged are one mistake, two are forgiven in long words, and words that exist may be others."""
    assert " ".join(corrections(text.split(), KNOWN)[0].words) == first


def test_unknown_words_are_all_corrected():
    """A text with an unknown word left in it finds nothing."""
    assert all("keper" not in each.words for each in corrections(["the", "alein", "keper"], KNOWN))


def test_corrections_are_few():
    """However many words are like those of a long text."""
    known = {f"word{number}": {f"ward{number}{letter}": 5 for letter in "abcdefgh"} for number in range(60)}
    known |= {word: found | {word: 1} for word, found in KNOWN.items()}
    words = [*known, *known]
    assert len(corrections(words, known)) <= MOST_TEXTS
    assert corrections(["zzzz"], KNOWN) == corrections([], KNOWN) == []


WORDS = [f"word{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@asynccontextmanager
async def connections(dsn: str) -> AsyncIterator[list[asyncpg.Connection]]:
    """Give three connections."""
    opened = [await asyncpg.connect(dsn) for _ in range(3)]
    yield opened
    for each in opened:
        await each.close()


async def add_unnoted(connection: asyncpg.Connection, name: str) -> None:
    async with connection.transaction():
        await connection.execute("SET LOCAL mediacanon.is_bulk = 'on'")
        await connection.execute("INSERT INTO titles (type, display_name) VALUES ('movie', $1)", name)


async def test_an_import_takes_words_in_the_order_of_writers(database: str):
    """Waiting for a writer's word, it has touched none of the later ones, new or gone: neither can be a deadlock."""
    async with connections(database) as (writer, importer, other):
        gone = [f"{word}gone" for word in WORDS]
        await other.execute("INSERT INTO name_words (word, fame) SELECT unnest($1::text[]), 3", gone)
        await add_unnoted(other, " ".join(WORDS))
        begun = writer.transaction()
        await begun.start()
        await writer.execute("INSERT INTO titles (type, display_name) VALUES ('movie', 'wordc')")
        renewing = asyncio.create_task(importer.execute("SELECT renew_name_words()"))
        while not await other.fetchval(WAITING):
            assert not renewing.done()
            await asyncio.sleep(0.01)
        async with other.transaction():
            await other.execute("SET LOCAL lock_timeout = '1s'")
            for word in sorted([*WORDS, *gone])[6:]:
                await other.execute(
                    "INSERT INTO name_words VALUES ($1, 1) ON CONFLICT (word) DO UPDATE SET fame = 1", word
                )
        await begun.rollback()
        await renewing
        assert [word for (word,) in await other.fetch("SELECT word FROM name_words ORDER BY word")] == WORDS


async def test_writers_of_known_words_do_not_wait_for_each_other(database: str):
    """A word in half of all names is locked by no edit."""
    async with connections(database) as (one, two, _):
        insert = "INSERT INTO titles (type, display_name) VALUES ('movie', 'Harbour Lights')"
        await one.execute(insert)
        await two.execute("SET lock_timeout = '1s'")
        begun = one.transaction()
        await begun.start()
        await one.execute(insert)
        await two.execute(insert)
        await begun.rollback()
        assert await two.fetchval("SELECT count(*) FROM name_words") == 2

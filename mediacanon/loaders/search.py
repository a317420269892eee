"""Ranked search over all names: of titles, alternative titles, and people with their titles.

At most six statements, each with a bounded number of candidates: the folded text with the meanings of its words;
matches among the known titles and people; those among all, corrected texts and titles of a person; likeness if next to
nothing was found; the titles; and the alternative titles that matched.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import asyncpg

from mediacanon.database.counts import IS_LISTED, Connection, tags_of_sql
from mediacanon.loaders.person import PersonRow, load_people_by_id
from mediacanon.loaders.search_candidates import (
    MOST,
    NAME,
    ORIGINAL,
    PERSON,
    SIMILAR_ENOUGH,
    SOUNDS_SIMILAR,
    TITLE,
    WORDS,
    WORKING_NAME,
    Group,
    Key,
    arguments,
    candidates,
    candidates_by_likeness,
)
from mediacanon.loaders.search_rank import BY_SOUND, MISTAKE, Found, Ranking, Wanted
from mediacanon.loaders.search_sound import family_name_last, sound_of, spaced
from mediacanon.loaders.search_spelling import FOLDED_AND_SPELLINGS, corrections
from mediacanon.loaders.search_text import (
    LONGEST_QUERY,
    MOST_WORDS,
    NOTHING_TOLD,
    PastedId,
    Reading,
    Told,
    pasted_id,
    readings_of,
    required_words,
)
from mediacanon.loaders.title import NOT_ADULT, TitleRow, load_titles_by_id

# Likeness is looked for below so many hits.
FEW = 5
# A word of so many known titles, or people, is not looked up among the unknown ones.
ENOUGH = 50
# Nobody who typed a text means something else than what scores so.
CERTAIN = 4.5
# A person who is meant scores so; their titles follow.
MEANT_PERSON = 1.5
MOST_MEANT_PEOPLE = 2
# Corrected texts whose words are looked up in names, too.
MOST_CORRECTED = 2
SHORTEST_TYPO = 4
# A text of more characters is like no name, and likeness takes time for each.
LONGEST_LIKENESS = 60

SEARCH_SETTINGS = f"SET LOCAL pg_trgm.word_similarity_threshold = {SIMILAR_ENOUGH}"
# One letter stands for several sounds, and several letters for one.
SOUND_SETTINGS = f"SET LOCAL pg_trgm.word_similarity_threshold = {SOUNDS_SIMILAR}"
TITLES_BY_PASTED_ID = {
    "imdb": """
SELECT id FROM titles WHERE imdb_id = $1::text AND withdrawn_at IS NULL
UNION ALL
SELECT s.title_id
  FROM show_episodes e
  JOIN show_seasons ss ON ss.id = e.season_id
  JOIN shows s ON s.id = ss.show_id
 WHERE e.imdb_id = $1
 LIMIT 1""",
    "tmdb": """
SELECT id FROM titles
 WHERE tmdb_id = $1::integer AND type = ANY ($2::text[]) AND withdrawn_at IS NULL
 ORDER BY num_votes DESC NULLS LAST, id""",
    "tvdb": """
SELECT t.id
  FROM title_facts f
  JOIN titles t ON t.id = f.title_id
 WHERE f.tvdb_id = $1::integer AND t.type = 'show' AND t.withdrawn_at IS NULL
 ORDER BY t.num_votes DESC NULLS LAST, t.id
 LIMIT 1""",
}
PEOPLE_BY_PASTED_ID = {
    # An id may have more digits than an integer holds.
    "imdb": "SELECT id FROM people WHERE id = $1::bigint",
    "tmdb": "SELECT id FROM people WHERE tmdb_id = $1::integer",
}
# The alternative title with a folded name: the reader's own spelling of it.
MATCHED_NAMES = """
SELECT title_id,
       (SELECT a.name
          FROM title_akas a
         WHERE a.title_id = matched.title_id AND fold(a.name) = matched.name
         LIMIT 1) AS name
  FROM unnest($1::integer[], $2::text[]) AS matched (title_id, name)
"""


@dataclass(frozen=True, slots=True)
class RankedTitle:
    """A title that was found, why (one of MATCHED_ON), and the name that matched."""

    title: TitleRow
    matched_on: str
    matched_name: str | None = None
    person_id: None = None

    @property
    def title_id(self) -> int:
        """Our id of the title."""
        return self.title.title_id


@dataclass(frozen=True, slots=True)
class RankedPerson:
    """A person who was found, and why."""

    person_id: int
    matched_on: str
    title: None = None
    matched_name: str | None = None


Ranked = RankedTitle | RankedPerson


async def load_by_rank(
    pool: asyncpg.Pool,
    query: str,
    *,
    limit: int,
    hides_adult: bool = False,
    kinds: tuple[str, ...] = (TITLE, PERSON),
    told: Told = NOTHING_TOLD,
) -> list[Ranked]:
    """Return the best `limit` titles and people, or one kind of them, for a text that a person typed, best first.

    Titles are of the type that is told. Those of the year come first, as if the text told it.
    """
    if pasted := pasted_id(query):
        found = await _find_by_id(pool, pasted)
    else:
        async with pool.acquire() as connection, connection.transaction(readonly=True):
            await connection.execute(SEARCH_SETTINGS)
            ranking = await _find(connection, query[:LONGEST_QUERY], kinds, told.year, hides_adult=hides_adult)
            found = ranking.sorted(kinds, limit, told.type)
    ranked = await _load(pool, [each for each in found if each.kind in kinds])
    return [each for each in ranked if each.title is None or told.type in (None, each.title.type)]


async def load_titles_by_rank(
    pool: asyncpg.Pool, query: str, *, limit: int, hides_adult: bool = False
) -> list[RankedTitle]:
    """Return the best `limit` titles for a text that a person typed, best first."""
    found = await load_by_rank(pool, query, limit=limit, hides_adult=hides_adult, kinds=(TITLE,))
    return [each for each in found if isinstance(each, RankedTitle)]


async def load_people_by_rank(pool: asyncpg.Pool, query: str, *, limit: int) -> list[PersonRow]:
    """Return the best `limit` people for a text that a person typed, best first."""
    found = await load_by_rank(pool, query, limit=limit, kinds=(PERSON,))
    people = await load_people_by_id(pool, [each.person_id for each in found if each.person_id]) if found else []
    return [person for person in people if person]


def tags_of_rank(  # the parameters are the loader's
    query: str,  # noqa: ARG001
    *,
    limit: int,  # noqa: ARG001
    hides_adult: bool = False,  # noqa: ARG001
    kinds: tuple[str, ...] = (TITLE, PERSON),  # noqa: ARG001
    told: Told = NOTHING_TOLD,  # noqa: ARG001
) -> frozenset[str]:
    """Return the tags of a search."""
    return tags_of_sql(IS_LISTED, NOT_ADULT, "t.search_names", "t.num_votes", "t.start_year")


async def _find_by_id(pool: asyncpg.Pool, pasted: PastedId) -> list[Found]:
    """Return the title or the person with a pasted id; an episode's id finds its show."""
    if pasted.noun == PERSON:
        value = int(pasted.value.removeprefix("nm"))
        ids = [row["id"] for row in await pool.fetch(PEOPLE_BY_PASTED_ID[pasted.source], value)]
        return [Found(PERSON, each, 0, "ID") for each in ids[:1]]
    if pasted.source == "imdb":
        rows = await pool.fetch(TITLES_BY_PASTED_ID["imdb"], pasted.value)
    elif pasted.source == "tvdb":
        rows = await pool.fetch(TITLES_BY_PASTED_ID["tvdb"], int(pasted.value))
    else:
        types = [pasted.noun] if pasted.noun in ("movie", "show") else ["movie", "show"]
        rows = await pool.fetch(TITLES_BY_PASTED_ID["tmdb"], int(pasted.value), types)
    return [Found(TITLE, row["id"], 0, "ID") for row in rows]


async def _load(pool: asyncpg.Pool, found: list[Found]) -> list[Ranked]:
    """Return the finds with their rows; a title deleted meanwhile is left out."""
    ids = [each.id for each in found if each.kind == TITLE]
    titles = {row.title_id: row for row in await load_titles_by_id(pool, ids) if row} if ids else {}
    alternative = [each for each in found if each.by_kind in (NAME, WORKING_NAME)]
    names: dict[int, str] = {}
    if alternative:
        rows = await pool.fetch(MATCHED_NAMES, [each.id for each in alternative], [each.name for each in alternative])
        names = {row["title_id"]: row["name"] for row in rows}
    ranked: list[Ranked] = []
    for each in found:
        if each.kind == PERSON:
            ranked.append(RankedPerson(each.id, each.matched_on))
        elif row := titles.get(each.id):
            own_name = each.by_kind in (TITLE, ORIGINAL)
            matched_name = None if own_name else names.get(each.id) or each.name
            ranked.append(RankedTitle(row, each.matched_on, matched_name))
    return ranked


async def _find(
    connection: Connection, query: str, kinds: Sequence[str], year: int | None, *, hides_adult: bool
) -> Ranking:
    """Return everything found, in four statements at most."""
    sound = sound_of(query)
    rows = await connection.fetch(FOLDED_AND_SPELLINGS, query, sound)
    readings = [replace(each, year=each.year or year) for each in readings_of(rows[0]["name"] or "")]
    if not readings[0].words:
        return Ranking([])
    wanted = [Wanted(reading) for reading in readings]
    sounds = dict.fromkeys([rows[0]["sound"] or "", family_name_last(query, sound)])
    wanted += [Wanted(Reading(tuple(each.split())), BY_SOUND) for each in sounds if each not in ("", readings[0].name)]
    search = _Search(connection, Ranking(wanted), rows, kinds, hides_adult)
    await search.look_up_known()
    await search.look_up_more()
    await search.look_up_rest(spaced(sound))
    return search.ranking


@dataclass(slots=True)
class _Search:
    """The statements of one search; `rows`: the folded text with the words that may be meant."""

    connection: Connection
    ranking: Ranking
    rows: list[asyncpg.Record]
    kinds: Sequence[str]
    hides_adult: bool
    shown_people: set[int] = field(default_factory=set)
    lacking: list[str] = field(default_factory=list)

    async def look_up_known(self) -> None:
        """Look for all readings among the known titles and people."""
        wanted = self.ranking.wanted
        groups = dict.fromkeys(tuple(required_words(each.reading.words)) for each in wanted)
        keys = [Key(each.reading.name, is_beginning=True) for each in wanted]
        records = await self._fetch([Group(words, is_known=True) for words in groups], keys)
        found = [record["kind"] for record in records if record["found"] == WORDS]
        self.lacking = [kind for kind in MOST if found.count(kind) < ENOUGH]
        if TITLE in self.kinds and (len(found) >= ENOUGH or self._is_named):
            # Who typed a known name means no unknown person of more names: their long lists are the slowest part.
            self.lacking = [kind for kind in self.lacking if kind == TITLE]

    async def look_up_more(self) -> None:
        """Look for the words among all, for the meanings of mistyped words, and for the titles of a person."""
        readings = [each.reading for each in self.ranking.wanted]
        groups = [Group(required_words(readings[0].words), is_known=False, kinds=self.lacking)] if self.lacking else []
        groups += [
            Group(required_words(reading.words), is_known=False, year=reading.year, kinds=[TITLE])
            for reading in readings
            if reading.year
        ]
        people = self._new_people()
        corrected = self._correct() if self.ranking.top_score < CERTAIN else []
        groups += [Group(required_words(each.reading.words), is_known=True) for each in corrected[:MOST_CORRECTED]]
        # The places of keys are those of the texts.
        keys = [Key(each.reading.name, is_beginning=corrected[:1] == [each]) for each in self.ranking.wanted]
        if groups or people or corrected:
            await self._fetch(groups, keys if corrected else [], people)

    async def look_up_rest(self, sound: str) -> None:
        """Look for names like the text or its sound if next to nothing was found, and for titles of further people."""
        words = required_words(self.ranking.wanted[0].reading.words)
        if (
            len(self.ranking.best) < FEW
            and not self._is_named
            and (sound or any(len(word) >= SHORTEST_TYPO for word in words))
        ):
            if sound:
                await self.connection.execute(SOUND_SETTINGS)
            statement = candidates_by_likeness(hides_adult=self.hides_adult)
            text = " ".join((sound.split() or words)[:MOST_WORDS])[:LONGEST_LIKENESS]
            self.ranking.add(await self.connection.fetch(statement, text))
        elif people := self._new_people():
            await self._fetch([], [], people)

    @property
    def _is_named(self) -> bool:
        """True if a find has the whole text as its name, in any spelling."""
        return any(each.is_whole for each in self.ranking.best.values())

    async def _fetch(
        self, groups: Sequence[Group], keys: Sequence[Key], people: Sequence[int] = ()
    ) -> list[asyncpg.Record]:
        statement = candidates(hides_adult=self.hides_adult)
        records: list[asyncpg.Record] = await self.connection.fetch(statement, *arguments(groups, keys, people))
        self.ranking.add(records)
        return records

    def _new_people(self) -> list[int]:
        """Return the people who are meant, and whose titles were not looked up yet."""
        people = self.ranking.people(MOST_MEANT_PEOPLE, MEANT_PERSON)
        new = [each for each in people if each not in self.shown_people]
        self.shown_people.update(new)
        return new

    def _correct(self) -> list[Wanted]:
        """Add the texts that one with mistakes may mean: of the reading without years and the like, and the sound."""
        known: dict[str, dict[str, int]] = {}
        for row in self.rows:
            if row["word"]:
                known.setdefault(row["typed"], {})[row["word"]] = row["fame"]
        ranking, first = self.ranking, len(self.ranking.wanted)
        plain = [each for each in ranking.wanted if not each.penalty][-1]
        sounds = [each for each in ranking.wanted if each.penalty][:1]
        for each in (plain, *sounds):
            for meant in corrections(each.reading.words, known):
                reading, penalty = replace(each.reading, words=meant.words), each.penalty + MISTAKE * meant.mistakes
                has_words = len(ranking.wanted) - first < MOST_CORRECTED
                ranking.wanted.append(Wanted(reading, penalty, is_corrected=True, has_words=has_words))
        return ranking.wanted[first:]

"""The candidates of a search: a bounded number of titles and people for each way of finding them, in one statement.

The statement is always the same: groups of words, keys and people are arrays, so PostgreSQL plans it once a connection.
Planning anew takes longer than searching, since `titles` has thirty indexes. Known titles and people have indexes of
their own, so a word in half of all names costs no more than a rare one.
"""

import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache

from mediacanon.loaders.search_text import beginning_of
from mediacanon.loaders.title import and_not_adult

# The index has trigrams, so shorter words are not in it. Few names hold a word of LONG letters inside another.
INDEXED = 3
LONG = 5
# Further words hardly reduce the candidates.
MOST_LOOKED_UP = 3
# A key of fewer letters begins too many names.
SHORTEST_BEGINNING = 3
SIMILAR_ENOUGH, SOUNDS_SIMILAR = 0.5, 0.4
# Similarity that ten times the votes are worth: of equally similar names, people mean the famous one.
PER_TENFOLD = 0.05
# Titles shown for a person.
MOST_CREDITED = 20

# The conditions of partial indexes in schema.sql, word for word.
IS_KNOWN = "num_votes >= 1000"
IS_KNOWN_PERSON = "fame >= 12"
HAS_KEY = "(num_votes >= 100 OR imdb_id IS NULL)"
# The largest character: names from a beginning up to it and this begin with it.
LAST = "chr(1114111)"
# Between the patterns of a group: no folded name has it.
BETWEEN = "\x1f"

WORDS, KEY, LIKENESS = "words", "key", "likeness"
TITLE, ORIGINAL, NAME, WORKING_NAME, PERSON, CREDITED = "title", "original", "name", "working", "person", "credited"
# Candidates of one part: a group of words in one kind of names, or a key in one.
MOST = {TITLE: 300, NAME: 200, PERSON: 60}
MOST_KEYED = 100
# Names that begin so, of which the best known are taken: a short beginning has thousands.
MOST_BEGINNINGS = 300


@dataclass(frozen=True, slots=True)
class Table:
    """A table with names: those, the columns that a search reads, and conditions of its rows and of the known ones."""

    name: str
    names: str
    columns: str
    fame: str
    is_known: str
    is_listed: str = "withdrawn_at IS NULL"


_TITLES = Table("titles", "search_names", "id, num_votes, start_year, type, origin_country", "num_votes", IS_KNOWN)
TABLES = {
    TITLE: _TITLES,
    ORIGINAL: _TITLES,
    NAME: Table("title_names", "name", "title_id AS id, fame, is_working", "fame", "fame >= 10", "true"),
    PERSON: Table("people", "search_name", "id, fame", "fame", IS_KNOWN_PERSON),
}
# kind, the name that the key of an index is made of, the condition of that index
KEYED = (
    (TITLE, "split_part(search_names, '|', 2)", HAS_KEY),
    (ORIGINAL, "split_part(search_names, '|', 3)", f"{HAS_KEY} AND split_part(search_names, '|', 3) <> ''"),
    (NAME, "split_part(name, '|', 2)", "fame >= 6"),
    (PERSON, "split_part(search_name, '|', 2)", "fame >= 10"),
)


@dataclass(frozen=True, slots=True)
class Group:
    """Words that one name must have, among the known ones or among all; `year`: titles of that year alone."""

    words: Sequence[str]
    is_known: bool
    year: int | None = None
    kinds: Collection[str] = (TITLE, NAME, PERSON)

    @property
    def looked_up(self) -> list[str]:
        """Three patterns for the index: the longest words, anywhere in a word if one is long; none for signs alone."""
        inside = [f"%{literal(word)}%" for word in found_inside(self.words)]
        patterns = inside or [f"%{literal(beginning_of(word))}%" for word in _longest(self.words)]
        return [*patterns, "%", "%"][:MOST_LOOKED_UP] if patterns else []

    @property
    def patterns(self) -> str:
        """The patterns of all words, which decide."""
        return BETWEEN.join(f"%{literal(beginning_of(word))}%" for word in self.words)


@dataclass(frozen=True, slots=True)
class Key:
    """A folded text that is a name in any spelling; `is_beginning`: or the beginning of one."""

    text: str
    is_beginning: bool = False


def literal(text: str) -> str:
    """Return a text escaped for a LIKE pattern."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def found_inside(words: Sequence[str]) -> list[str]:
    """Return the words to look up in the index regardless of where they begin: the longest few; none if none is LONG.

    The trigram of a first letter is in tenths of all names: walking through its list takes longer than reading the few
    names that hold the words inside others.
    """
    if all(len(word) < LONG for word in words):
        return []
    return [word for word in _longest(words) if len(word) >= INDEXED]


def _longest(words: Sequence[str]) -> list[str]:
    return sorted(filter(_is_indexed, dict.fromkeys(words)), key=len, reverse=True)[:MOST_LOOKED_UP]


def _is_indexed(word: str) -> bool:
    """Return whether a word or a phrase has no sign: a pattern without three letters in a row reads the whole index."""
    return all(unicodedata.category(letter)[0] in "LMN" for letter in word.replace(" ", ""))


@lru_cache
def candidates(*, hides_adult: bool) -> str:
    """Return the statement for the candidates, whose arguments `arguments` makes.

    A row has the kind of the find and its way, the text it is a spelling of (its place from 1, minus that of a
    beginning), the likeness, the id, the votes, year, type and country of a title, and the folded names.
    """
    hidden = and_not_adult(hides_adult=hides_adult)
    parts = [
        *(_by_words(kind, hidden, is_known=is_known) for is_known in (True, False) for kind in MOST),
        *(_by_key(kind, column, has_key, hidden) for kind, column, has_key in KEYED),
        _named(hidden),
        _credited(hidden),
    ]
    return f"""
WITH groups AS MATERIALIZED (
     SELECT first, second, third, string_to_array(patterns, chr(31)) AS patterns, is_known, year, kinds
       FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::boolean[], $6::integer[], $7::text[])
            AS given (first, second, third, patterns, is_known, year, kinds)),
     keys AS MATERIALIZED (
     SELECT text, key, CASE WHEN is_beginning THEN key || {LAST} ELSE key END AS last, place::integer AS place
       FROM unnest($8::text[], $9::boolean[]) WITH ORDINALITY AS given (text, is_beginning, place),
            LATERAL name_key(text) AS key)
SELECT *
  FROM ({" UNION ALL ".join(parts)})
       AS candidates (kind, found, place, likeness, id, votes, start_year, type, origin_country, names)
"""


def arguments(groups: Sequence[Group], keys: Sequence[Key], people: Sequence[int]) -> list[object]:
    """Return the arguments of the statement: groups of words, keys, and people whose titles are wanted."""
    groups = [group for group in groups if group.looked_up]
    begins = [key.is_beginning and len(key.text.replace(" ", "")) >= SHORTEST_BEGINNING for key in keys]
    return [
        *([group.looked_up[place] for group in groups] for place in range(MOST_LOOKED_UP)),
        [group.patterns for group in groups],
        [group.is_known for group in groups],
        [group.year for group in groups],
        [" ".join(group.kinds) for group in groups],
        [key.text for key in keys],
        begins,
        people,
    ]


def _by_words(kind: str, hidden: str, *, is_known: bool) -> str:
    """Return the SELECT of the best known rows of a kind that have all words of a group."""
    table = TABLES[kind]
    known = f"AND {table.is_known}" if is_known else ""
    of_year = "AND (w.year IS NULL OR t.start_year = w.year)" if kind == TITLE else ""
    wanted = f"w.is_known = {str(is_known).lower()} AND strpos(w.kinds, '{kind}') > 0"
    return _part(
        kind,
        WORDS,
        f"""groups w, LATERAL (
        SELECT {table.columns}, {table.names} AS names
          FROM {table.name} AS t
         WHERE {table.names} LIKE w.first AND {table.names} LIKE w.second AND {table.names} LIKE w.third
           AND {table.names} || '' LIKE ALL (w.patterns) AND {table.is_listed} {known} {of_year}
               {hidden if kind == TITLE else ""}
         ORDER BY {table.fame} + 0 DESC NULLS LAST, id
         LIMIT {MOST[kind]})""",
        hidden,
        wanted=wanted,
    )


def _by_key(kind: str, column: str, has_key: str, hidden: str) -> str:
    """Return the SELECT of the best known rows of a kind for each key."""
    table, key = TABLES[kind], f"name_key({column})"
    return _part(
        kind,
        KEY,
        f"""keys k, LATERAL (
        SELECT *
          FROM (SELECT {table.columns}, '|' || {column} || '|' AS names, {key} = k.key AS is_whole
                  FROM {table.name} AS t
                 WHERE {key} ~>=~ k.key AND {key} ~<=~ k.last AND {has_key} AND {table.is_listed}
                       {hidden if table is _TITLES else ""}
                 LIMIT {MOST_BEGINNINGS}) AS seen
         ORDER BY is_whole DESC, {table.fame} DESC NULLS LAST, id
         LIMIT {MOST_KEYED})""",
        hidden,
        place="CASE WHEN n.is_whole THEN k.place ELSE -k.place END",
    )


def _named(hidden: str) -> str:
    """Return the SELECT of the titles whose own first name is a text, known or not."""
    return _part(
        TITLE,
        WORDS,
        f"""keys k, LATERAL (
        SELECT {_TITLES.columns}, search_names AS names
          FROM titles t
         WHERE search_names ~>=~ ('| ' || k.text || ' |') AND search_names ~<~ ('| ' || k.text || ' |' || {LAST})
           AND {_TITLES.is_listed} {hidden}
         ORDER BY num_votes + 0 DESC NULLS LAST, id
         LIMIT {MOST_KEYED})""",
        hidden,
    )


def _part(
    kind: str, found: str, source: str, hidden: str, *, wanted: str = "true", place: str = "NULL::integer"
) -> str:
    """Return the SELECT of the columns of a candidate."""
    if kind == PERSON:
        of = "n.id, power(2, n.fame)::float8, NULL::integer, NULL::text, NULL::text, n.names"
        return f"SELECT '{kind}', '{found}', {place}, 0::float8, {of} FROM {source} AS n WHERE {wanted}"
    if kind == NAME:
        return f"""
SELECT CASE WHEN n.is_working THEN '{WORKING_NAME}' ELSE '{kind}' END, '{found}', {place}, 0::float8,
       t.id, t.num_votes::float8, t.start_year, t.type, t.origin_country, n.names
  FROM {source} AS n
  JOIN titles t ON t.id = n.id
 WHERE {wanted} AND t.withdrawn_at IS NULL {hidden}"""
    of = "n.id, n.num_votes::float8, n.start_year, n.type, n.origin_country, n.names"
    return f"SELECT '{kind}', '{found}', {place}, 0::float8, {of} FROM {source} AS n WHERE {wanted}"


def _credited(hidden: str) -> str:
    """Return the SELECT of the most voted titles of each person; `names` is the person's id."""
    return f"""
SELECT '{CREDITED}', '{KEY}', NULL::integer, 0::float8,
       t.id, t.num_votes::float8, t.start_year, t.type, t.origin_country, person::text
  FROM unnest($10::integer[]) AS person,
       LATERAL (SELECT t.id, t.num_votes, t.start_year, t.type, t.origin_country
                  FROM titles t
                 WHERE t.id IN (SELECT c.title_id FROM credits c WHERE c.person_id = person)
                   AND t.withdrawn_at IS NULL {hidden}
                 ORDER BY t.num_votes DESC NULLS LAST, t.id
                 LIMIT {MOST_CREDITED}) AS t"""


@lru_cache
def candidates_by_likeness(*, hides_adult: bool) -> str:
    """Return the statement for the known titles and people whose names are most similar to $1; votes add to that."""
    return f"""
SELECT *
  FROM ((SELECT '{TITLE}', '{LIKENESS}', NULL::integer, word_similarity($1::text, search_names)::float8,
                t.id, t.num_votes::float8, t.start_year, t.type, t.origin_country, search_names
           FROM titles t
          WHERE $1 <% search_names AND withdrawn_at IS NULL AND {IS_KNOWN} {and_not_adult(hides_adult=hides_adult)}
          ORDER BY word_similarity($1, search_names) + {PER_TENFOLD} * ln(num_votes + 1) / ln(10) DESC, id
          LIMIT {MOST[TITLE] // 3})
          UNION ALL
        (SELECT '{PERSON}', '{LIKENESS}', NULL, word_similarity($1, search_name), id, power(2, fame), NULL, NULL, NULL,
                search_name
           FROM people
          WHERE $1 <% search_name AND withdrawn_at IS NULL AND {IS_KNOWN_PERSON}
          ORDER BY word_similarity($1, search_name) + {PER_TENFOLD} * fame * 0.3 DESC, id
          LIMIT {MOST[PERSON] // 3}))
       AS candidates (kind, found, place, likeness, id, votes, start_year, type, origin_country, names)
"""

"""Invents the demo's people and their credits: each title has a cast and a crew from its own country.

The landmarks have the same people whatever the seed; one actor has far more credits than the others.
"""

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mediacanon.imdb.demo.catalogue import DemoTitle
from mediacanon.imdb.demo.words import words

PEOPLE_A_LANGUAGE = 90
# The people of English titles are many, as their titles are.
ENGLISH_PEOPLE = 420
BUSIEST = "nm99000001"
# The busiest actor is in every third title.
BUSY = 0.3
WITHOUT_YEAR, DEAD = 0.4, 0.2
THIS_YEAR, OLDEST, YOUNGEST = 2026, 1890, 2008
SECOND_ROLE, TWO_NAMES = 0.06, 0.03
# Directors and writers that title.principals leaves out, as IMDb's does.
FURTHER_DIRECTOR, FURTHER_WRITER = 0.08, 0.15
# Rows of people whom name.basics lacks.
DANGLING = 0.004
STRAY = "nm99999999"

# Given names and surnames by language: Latin letters alone, as IMDb has them.
PEOPLE_NAMES = {
    "en": (
        "Ada; Ben; Cora; Dexter; Edith; Frank; Grace; Hugh; Iris; Jack; Kezia; Mabel; Ned; Olive; Percy; Ruth; Zoë",
        "Marlowe; O'Dell; Finch; Abernathy; Stone; Brackett; Hale; Pryce-Jones; Larkin; Moss; Rook; Thorne; Yates",
    ),
    "fr": (
        "Élodie; Étienne; Camille; Benoît; Hélène; Noé; Solène; Rémi; Agnès; Théo",
        "Lefèvre; Châtelain; Dubreuil; Morançay; Saint-Aubin; Péguy; d'Arcy; Garçonnet; Thévenot; Vasseur",
    ),
    "es": (
        "Inés; Álvaro; Lucía; Joaquín; Marisol; Íñigo; Begoña; Raúl; Ximena; Óscar",
        "Quiñones; Ibáñez; de la Vega; Montoya; Núñez; Zúñiga; Alarcón; Peñalver; Ríos; Ortuño",
    ),
    "de": (
        "Jürgen; Käthe; Anneliese; Matthias; Uwe; Grete; Björn; Liesl; Konrad; Änne",
        "Müller; Weiß; Grünwald; von Oberau; Köhler; Strauß; Bäcker; Lindenthal; Vogt; Öttinger",
    ),
    "it": (
        "Niccolò; Giulia; Ernesto; Chiara; Dario; Fiammetta; Luca; Ornella; Ugo; Viola",
        "Bonaventura; D'Angelo; Ferrante; Lo Presti; Montesecco; Salvemini; Taranto; Visconti; Zanè; Rossetti",
    ),
    "ja": (
        "Haruka; Kenji; Naoko; Ryôta; Sakura; Shin'ichi; Tomoe; Yûto; Emi; Daisuke",
        "Yamada; Kurosaki; Itô; Mizushima; Ôno; Tachibana; Fujisawa; Hoshi; Nakamura; Sugimori",
    ),
    "ko": (
        "Min-ji; Joon-ho; Soo-ah; Tae-yang; Hye-rin; Dong-wook; Eun-bi; Jae-sung; Na-young; Woo-jin",
        "Kim; Lee; Park; Choi; Jeong; Han; Seo; Yoon; Baek; Moon",
    ),
    "hi": (
        "Ananya; Arjun; Kavita; Rohan; Meera; Vikram; Nandini; Ishaan; Leela; Dev",
        "Sharma; Banerjee; Iyer; Kapoor; Malhotra; Nair; Patel; Rao; Sengupta; Verma",
    ),
    "ru": (
        "Anastasiya; Dmitriy; Vera; Konstantin; Lyudmila; Mikhail; Nadezhda; Oleg; Tatyana; Yuriy",
        "Sokolov; Belova; Voronin; Zaytseva; Kuznetsov; Lebedeva; Orlov; Rybakova; Tikhonov; Ushakova",
    ),
    "sv": (
        "Åsa; Björn; Elin; Göran; Linnéa; Måns; Sigrid; Torbjörn; Ylva; Östen",
        "Lindqvist; Ångström; Sjöberg; Ekström; Hällgren; Nyström; Åkerlund; Wallin; Öberg; Dahl",
    ),
    "da": (
        "Søren; Kirsten; Bjørn; Ægir; Mette; Jørgen; Signe; Øjvind; Astrid; Niels",
        "Ærøskov; Møller; Nørgaard; Kjær; Bækgaard; Sørensen; Østergaard; Holm; Brandt; Rasmussen",
    ),
}
ROLES = words(
    "The Doctor; Inspector Hale; Grandmother; The Stranger; Captain Vesper; Young Tom; The Baker; Sister Agnes; "
    "Mr. Quill; Mrs. Quill; The Ferryman; Ida; Otto; Lena; Sergeant Brook; 'Lucky' Joe; The Voice; Radio Announcer; "
    'Professor "Tiny" Larkin; Waiter'
)
JOBS = {
    "writer": ("screenplay", "story", "novel", 'play "The Ferry"', None, None),
    "producer": ("producer", "producer", "executive producer", "co-producer"),
}
PROFESSIONS = {
    "actor": "actor,producer",
    "actress": "actress,soundtrack",
    "director": "director,writer",
    "writer": "writer",
    "producer": "producer,production_manager",
    "composer": "composer,music_department,soundtrack",
    "cinematographer": "cinematographer,camera_department",
    "editor": "editor,editorial_department",
    "production_designer": "production_designer,art_director",
    "casting_director": "casting_director",
}
CREW = tuple(PROFESSIONS)[2:]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoPerson:
    """A person."""

    imdb_id: str
    name: str
    birth_year: int | None
    death_year: int | None
    profession: str


@dataclass(frozen=True, slots=True)
class DemoCredit:
    """A credit of a title; those without an ordinal are in title.crew alone."""

    title_id: str
    ordinal: int | None
    person_id: str
    category: str
    job: str | None = None
    characters: tuple[str, ...] = ()


# Of a credit: the person, the category, the job, the characters.
Row = tuple[str, str, str | None, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class DemoPeople:
    """The people of the demo, their credits, and up to four titles that each is known for."""

    people: tuple[DemoPerson, ...]
    credits: tuple[DemoCredit, ...]
    known_for: dict[str, list[str]]


def build_demo_people(titles: Sequence[DemoTitle], seed: int) -> DemoPeople:
    """Return the people of these titles and of a seed, the same every time."""
    chooser = random.Random(f"people of {seed}")  # noqa: S311 - inventing people, not secrets
    people = {language: list(_people(chooser, language, at)) for at, language in enumerate(PEOPLE_NAMES)}
    made = [credit for title in titles for credit in _credits(chooser, title, people[title.original_language])]
    votes = {title.imdb_id: title.num_votes or 0 for title in titles}
    credited = defaultdict[str, set[str]](set)
    for credit in made:
        credited[credit.person_id].add(credit.title_id)
    best_first = {person: sorted(theirs, key=lambda one: (-votes[one], one)) for person, theirs in credited.items()}
    known_for = {person: theirs[:4] for person, theirs in best_first.items()}
    everybody = tuple(person for those in people.values() for person in those)
    return DemoPeople(everybody, tuple(made), known_for)


def _people(chooser: random.Random, language: str, at: int) -> Iterator[DemoPerson]:
    """Yield the people of a language; some share their name."""
    given, surnames = map(words, PEOPLE_NAMES[language])
    for number in range(ENGLISH_PEOPLE if language == "en" else PEOPLE_A_LANGUAGE):
        imdb_id = f"nm{99_000_001 + number + 1000 * at}"
        profession = list(PROFESSIONS)[number % 10 if number % 3 else number // 3 % 2]
        born = chooser.randint(OLDEST, YOUNGEST)
        is_dead = chooser.random() < DEAD or born < THIS_YEAR - 100
        yield DemoPerson(
            imdb_id=imdb_id,
            name="Ada Marlowe" if imdb_id == BUSIEST else f"{chooser.choice(given)} {chooser.choice(surnames)}",
            birth_year=None if chooser.random() < WITHOUT_YEAR else born,
            death_year=min(THIS_YEAR, born + chooser.randint(30, 99)) if is_dead else None,
            profession="actress" if imdb_id == BUSIEST else profession,
        )


def _credits(chooser: random.Random, title: DemoTitle, people: Sequence[DemoPerson]) -> Iterator[DemoCredit]:
    """Yield the credits of a title: the cast in the order of billing, then the crew."""
    by_profession = defaultdict[str, list[str]](list)
    for each in people:
        by_profession[each.profession].append(each.imdb_id)
    rows = [*_cast(chooser, by_profession), *_crew(chooser, by_profession)]
    for ordinal, (person, category, job, characters) in enumerate(rows, start=1):
        yield DemoCredit(title.imdb_id, ordinal, person, category, job, characters)
    for category, share in (("director", FURTHER_DIRECTOR), ("writer", FURTHER_WRITER)):
        if chooser.random() < share:
            yield DemoCredit(title.imdb_id, None, chooser.choice(by_profession["actor"]), category)


def _cast(chooser: random.Random, by_profession: Mapping[str, list[str]]) -> Iterator[Row]:
    actresses = {BUSIEST, *by_profession["actress"]}
    cast = chooser.sample(by_profession["actor"] + by_profession["actress"], chooser.randint(3, 9))
    if chooser.random() < BUSY and BUSIEST not in cast:
        cast.insert(chooser.randint(0, 2), BUSIEST)
    for person in cast:
        category = "actress" if person in actresses else "actor"
        yield person, category, None, tuple(chooser.sample(ROLES, 2 if chooser.random() < TWO_NAMES else 1))
        if chooser.random() < SECOND_ROLE:
            yield person, category, None, ("Narrator",)


def _crew(chooser: random.Random, by_profession: Mapping[str, list[str]]) -> Iterator[Row]:
    for category in CREW:
        for person in chooser.sample(by_profession[category], chooser.choice((1, 1, 2))):
            job = chooser.choice(JOBS.get(category, (None,)))
            yield (STRAY if chooser.random() < DANGLING else person), category, job, ()

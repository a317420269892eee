"""People and their work in TMDB's shapes. A person's number at TMDB is 0 until it is known."""

from typing import Any

from mediacanon.rest_compat.endpoint import Arrange, Data, Run, Texts, Variables
from mediacanon.rest_compat.tmdb_v3.codes import DEPARTMENTS, JOBS
from mediacanon.rest_compat.tmdb_v3.shapes import TEXT, WHOLE, Facts, Kind, Shape, at, listed, shape, shaped
from mediacanon.rest_compat.tmdb_v3.titles import entry

ACTING = "ACTING"
# Credits on a page, GraphQL's most, and the pages that are looked through.
PAGE, MOST_PAGES = 100, 10


def _known_for(person: Facts) -> str:
    """Return the department of a person's first profession."""
    department, _ = JOBS.get(next(iter(person["professions"]), ""), ("", ""))
    return DEPARTMENTS.get(department, "")


def _job(credit: Facts) -> str:
    return JOBS.get(credit["category"], ("", ""))[1] or credit["category"].replace("_", " ").title()


PERSON = """
    adult=false gender=0 id=tmdbId:whole known_for_department:known_for name:text original_name=name:text popularity=0
    profile_path=imageUrl:image"""
PERSON_KINDS = {"known_for": Kind(_known_for, TEXT)}
# The same of the person of a credit.
_WHO = """
    adult=false gender=0 id=person.tmdbId:whole known_for_department=person:known_for name=person.name:text
    original_name=person.name:text popularity=0 profile_path=person.imageUrl:image"""
ROLE, WORK = "credit_id:credit_id character:character", "credit_id:credit_id department=department:department job:job"
CREDIT_KINDS = {
    **PERSON_KINDS,
    "credit_id": Kind(lambda credit: f"{credit['person']['imdbId'] or ''}-{credit['category']}", TEXT),
    "character": Kind(lambda credit: " / ".join(credit["characters"]), TEXT),
    "department": Kind(DEPARTMENTS.get, TEXT),
    "job": Kind(_job, TEXT),
    "order": Kind(lambda credit: credit["position"] - 1, WHOLE),
}


def _by_person(page: Facts | None) -> list[dict[str, Any]]:
    """Return the first credit of each person in a department, with all of the person's in it."""
    found: dict[tuple[int, str], dict[str, Any]] = {}
    for credit in page["items"] if page else ():
        key = credit["person"]["personId"], credit["department"]
        found.setdefault(key, {**credit, "all": []})["all"].append(credit)
    return list(found.values())


CREDITS = shape(
    "cast=cast.items:cast crew=crew.items:crew",
    cast=listed(shape(f"{_WHO} {ROLE} cast_id=position:whole order:order", **CREDIT_KINDS)),
    crew=listed(shape(f"{_WHO} {WORK}", **CREDIT_KINDS)),
)
# The episodes of a person are not known.
_ROLES = listed(shape(f"{ROLE} episode_count=0", **CREDIT_KINDS))
_JOBS = listed(shape("credit_id:credit_id job:job episode_count=0", **CREDIT_KINDS))
AGGREGATE_CREDITS = shape(
    "cast=cast:cast crew=crew:crew",
    cast=listed(
        shape(f"{_WHO} order:order roles=all:roles total_episode_count=0", **CREDIT_KINDS, roles=_ROLES), _by_person
    ),
    crew=listed(
        shape(
            f"{_WHO} department=department:department jobs=all:jobs total_episode_count=0", **CREDIT_KINDS, jobs=_JOBS
        ),
        _by_person,
    ),
)

IN_FULL = shape(
    f"""{PERSON} also_known_as=[] biography:text birthday=null deathday=null homepage=null imdb_id=imdbId:text?
    place_of_birth=null""",
    **PERSON_KINDS,
)
IDS = """
    imdb_id=imdbId:text? freebase_mid=null freebase_id=null tvrage_id=null wikidata_id=null facebook_id=null
    instagram_id=null tiktok_id=null twitter_id=null youtube_id=null"""
_DONE = {True: shape(ROLE, **CREDIT_KINDS), False: shape(WORK, **CREDIT_KINDS)}


def work(*types: str) -> Shape:
    """Return the shape of a person's work on titles of these types, with the media type if there are several."""

    def done(credits_: list[Facts], *, is_cast: bool) -> list[dict[str, Any]]:
        """Return the titles with a number of TMDB's, each with the role or the job."""
        return [
            {**entry(credit["title"], is_typed=len(types) > 1), **shaped(_DONE[is_cast], credit)}
            for credit in credits_
            if credit["title"]["tmdbId"] is not None
            and credit["title"]["type"] in types
            and (credit["department"] == ACTING) == is_cast
        ]

    schema = {"type": "array", "items": {"type": "object", "required": ["id", "credit_id"]}}
    return shape(
        "cast=credits.items:cast crew=credits.items:crew",
        cast=Kind(lambda items: done(items or [], is_cast=True), schema),
        crew=Kind(lambda items: done(items or [], is_cast=False), schema),
    )


def known(of: Shape) -> Arrange:
    """Return the arrangement of a person, None for one without a number of TMDB's."""
    return lambda person, _: None if person["tmdbId"] is None else shaped(of, person)


class AllCredits:
    """Loads all credits of a person, page by page."""

    async def __call__(self, run: Run, variables: Variables, _: Texts) -> Data:
        """Return the data with all credits."""
        data, items = await run(variables), list[Any]()
        for number in range(2, MOST_PAGES + 2):
            found = at(data, "person.credits.items") or []
            items += found
            if len(found) < PAGE:
                break
            data = await run({**variables, "page": number})
        if data["person"]:
            data["person"]["credits"]["items"] = items
        return data

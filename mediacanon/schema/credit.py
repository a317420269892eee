"""Credits: one edge between a person and a title, seen from both sides."""

import enum
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, Protocol, cast

import strawberry

from mediacanon.loaders import Loaders
from mediacanon.loaders.credit import CreditRow, CreditsOf
from mediacanon.schema.context import Info
from mediacanon.schema.costs import OF_ROW
from mediacanon.schema.pagination import Page, PageNumber, PerPage, check_page, pages

if TYPE_CHECKING:
    from mediacanon.schema.person import Person
    from mediacanon.schema.title import Title


@strawberry.enum(description="The departments of film making.")
class Department(enum.Enum):
    """The departments of credits."""

    ACTING = strawberry.enum_value("acting", description="The cast, people who play themselves, archive footage.")
    DIRECTING = strawberry.enum_value("directing", description="Directors.")
    WRITING = strawberry.enum_value("writing", description="Writers; a show's creators are among them.")
    PRODUCTION = strawberry.enum_value("production", description="Producers, casting.")
    CAMERA = strawberry.enum_value("camera", description="Cinematographers.")
    SOUND = strawberry.enum_value("sound", description="Composers.")
    ART = strawberry.enum_value("art", description="Production designers.")
    EDITING = strawberry.enum_value("editing", description="Editors.")
    CREW = strawberry.enum_value("crew", description="Everybody else.")


Departments = Annotated[
    list[Department] | None, strawberry.argument(description="Only these departments; all without them.")
]


@strawberry.type(description="A person's work of one kind on a title.")
class Credit:
    """A credit."""

    person: Annotated["Person", strawberry.lazy("mediacanon.schema.person")] = strawberry.field(
        description="The person."
    )
    category: str = strawberry.field(description="IMDb's word: actor, self, director, production_designer.")
    job: str | None = strawberry.field(description="The job, where it says more than the category: screenplay.")
    characters: list[str] = strawberry.field(description="The roles of an actor.")
    episode_count: int | None = strawberry.field(
        description="Of a show: in how many of its episodes; null where the credits of episodes are not imported."
    )
    first_year: int | None = strawberry.field(description="The year of the first of these episodes with a date.")
    last_year: int | None = strawberry.field(description="The year of the last of them.")
    position: int = strawberry.field(description="Its place in the list that it was asked for in, from 1.")

    @strawberry.field(description="The department of the category.", metadata=OF_ROW)
    @staticmethod
    def department(root: strawberry.Parent[Any]) -> Department:
        """Return the department."""
        return Department(root.department)

    @strawberry.field(description="The title; of an episode's credit the show.")
    @staticmethod
    async def title(
        root: strawberry.Parent[CreditRow], info: Info
    ) -> Annotated["Title", strawberry.lazy("mediacanon.schema.title")]:
        """Load the title."""
        return cast("Title", await info.context.loaders.title_by_id.load(root.title_id))


class CreditPageRow(NamedTuple):
    """A page of credits; `load_total` is called for totals alone."""

    items: list[CreditRow]
    page: int
    per_page: int
    load_total: Callable[[], Awaitable[int]]


@strawberry.type(description="A page of credits.")
class CreditPage:
    """Credits with their total."""

    items: list[Credit] = strawberry.field(description="The credits of this page.")
    page: PageNumber
    per_page: int = strawberry.field(description="How many credits a full page has.")

    @strawberry.field(description="How many credits there are on all pages.")
    @staticmethod
    async def total(root: strawberry.Parent[CreditPageRow]) -> int:
        """Count the credits."""
        return await root.load_total()

    @strawberry.field(description="How many pages there are.")
    @staticmethod
    async def total_pages(root: strawberry.Parent[CreditPageRow]) -> int:
        """Count the pages."""
        return pages(await root.load_total(), root.per_page)


class Side(NamedTuple):
    """The questions of one side of the edge."""

    load: Callable[[Loaders, CreditsOf], Awaitable[list[CreditRow]]]
    total: Callable[[Loaders, CreditsOf], Awaitable[int]]


TitleSide = Side(
    lambda loaders, asked: loaders.credits_by_title.load(asked),
    lambda loaders, asked: loaders.credit_count_by_title.load(asked),
)
EpisodeSide = Side(
    lambda loaders, asked: loaders.credits_by_episode.load(asked),
    lambda loaders, asked: loaders.credit_count_by_episode.load(asked),
)
PersonSide = Side(
    lambda loaders, asked: loaders.credits_by_person.load(asked),
    lambda loaders, asked: loaders.credit_count_by_person.load(asked),
)


async def load_credits(
    info: Info, side: Side, id_: int, departments: list[Department] | None, *, page: int, per_page: int
) -> CreditPage:
    """Return a page of the credits of a title, an episode or a person. Raises BadArgument for a page out of bounds."""
    check_page(page, per_page)
    loaders = info.context.loaders
    names = tuple(sorted({department.name.lower() for department in departments or ()}))
    question = partial(CreditsOf, id_, names, loaders.hides_adult)
    rows = await side.load(loaders, question(limit=per_page, offset=(page - 1) * per_page))
    loaders.depend_on_people(row.person.person_id for row in rows)
    load_total: Callable[[], Awaitable[int]] = partial(side.total, loaders, question())
    if len(rows) < per_page and (rows or page == 1):
        # The last page tells the total.
        load_total = partial(_known, (page - 1) * per_page + len(rows))
    return cast("CreditPage", CreditPageRow(rows, page, per_page, load_total))


async def _known(total: int) -> int:
    return total


class HasEpisodeId(Protocol):
    """A row of an episode."""

    episode_id: int


async def credits_of_episode(
    root: strawberry.Parent[HasEpisodeId],
    info: Info,
    departments: Departments = None,
    page: Page = 1,
    per_page: PerPage = 20,
) -> CreditPage | None:
    """Load a page of an episode's credits."""
    return await load_credits(info, EpisodeSide, root.episode_id, departments, page=page, per_page=per_page)


EpisodeCredits = Annotated[
    CreditPage | None,
    strawberry.field(
        resolver=credits_of_episode,
        description="The people of the episode, as those of a title; none where the credits of episodes are not "
        "imported.",
    ),
]


class HasTitleId(Protocol):
    """A row of a title."""

    title_id: int


async def credits_of_title(
    root: strawberry.Parent[HasTitleId],
    info: Info,
    departments: Departments = None,
    page: Page = 1,
    per_page: PerPage = 20,
) -> CreditPage | None:
    """Load a page of a title's credits."""
    return await load_credits(info, TitleSide, root.title_id, departments, page=page, per_page=per_page)


# Null for refused arguments, which cost no other field of the title.
TitleCredits = Annotated[
    CreditPage | None,
    strawberry.field(
        resolver=credits_of_title,
        description="The people who made it, one entry for each person and kind of work: the cast in the order of "
        "billing, of a show by the number of episodes where those are imported with their credits, then the crew. IMDb "
        "names at most 10 of the cast, and all directors and writers.",
    ),
]

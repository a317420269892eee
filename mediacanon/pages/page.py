"""The page table: which path shows which template, over the document of the same name beside it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Page:
    """A page; `name` is that of its template and document, `found` the field without which it is a 404."""

    path: str
    name: str
    found: str | None = None


PAGES = (
    Page("/", "home"),
    Page("/titles", "titles"),
    Page("/movies/{id}", "movie", found="movie"),
    Page("/shows/{id}", "show", found="show"),
)

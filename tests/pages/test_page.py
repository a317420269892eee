"""The page table."""

import pytest

from mediacanon import paths
from mediacanon.pages.environment import build_environment
from mediacanon.pages.page import PAGES, SORTS, Page, sort_in_graphql
from mediacanon.settings import Settings


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_page_has_a_template_and_a_document(page: Page):
    """Both are files of the page's name."""
    assert build_environment(Settings()).get_template(f"{page.name}.html")
    assert (paths.TEMPLATES / f"{page.name}.graphql").is_file()


def test_sort_orders_have_their_names_in_graphql():
    """An address may write them in any case."""
    assert [sort_in_graphql(sort) for sort in (*SORTS, " A-Z ")] == [
        "MOST_RATED", "TOP_RATED", "TRENDING", "POPULAR", "NEWEST", "HIDDEN_GEMS", "A_TO_Z", "A_TO_Z"
    ]  # fmt: skip

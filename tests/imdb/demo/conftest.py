"""Fixtures of the demo's tests."""

import pytest

from mediacanon.imdb.demo import DEMO_SEED, build_demo_catalogue
from mediacanon.imdb.demo.catalogue import DemoCatalogue

A_HANDFUL = 5


@pytest.fixture(scope="module")
def catalogue() -> DemoCatalogue:
    return build_demo_catalogue(DEMO_SEED)

"""The demo catalogue: invented titles in IMDb's own file format, imported like the real ones.

It fills an empty MediaCanon for a first look, and it is the fixture of the tests.
"""

from mediacanon.imdb.demo.files import DEMO_SEED, write_demo_files
from mediacanon.imdb.demo.load import load_demo
from mediacanon.imdb.demo.titles import build_demo_catalogue

__all__ = ["DEMO_SEED", "build_demo_catalogue", "load_demo", "write_demo_files"]

"""The page of GraphiQL: local files, or a CDN with integrity hashes."""

import re
import shutil
from pathlib import Path

import pytest
from starlette.requests import Request

from mediacanon import paths
from mediacanon.pages.environment import build_environment
from mediacanon.pages.explorer import CDN, FILES, Explorer
from mediacanon.pages.filters import static
from mediacanon.settings import Settings


@pytest.fixture
def static_files(monkeypatch, tmp_path: Path):
    """Give a folder of static files without the files that npm installs."""
    for name in ("icon.svg", "explorer.css", "explorer.js"):
        shutil.copy(paths.STATIC / name, tmp_path)
    monkeypatch.setattr(paths, "STATIC", tmp_path)
    static.cache_clear()
    yield tmp_path
    static.cache_clear()


def rendered() -> tuple[str, str]:
    """Return the page and its policy."""
    response = Explorer(build_environment(Settings()))(Request({"type": "http", "method": "GET", "headers": []}))
    assert response.headers["vary"] == "Accept"
    return bytes(response.body).decode(), response.headers["content-security-policy"]


def test_without_local_files_the_cdn_is_checked_by_hash(static_files: Path):
    """Every file has its version and its hash, and the policy allows the CDN."""
    text, policy = rendered()
    for path, hash_ in FILES.values():
        assert re.search(rf'"{re.escape(f"{CDN}/npm/{path}")}" integrity="{re.escape(hash_)}"', text)
    assert CDN in policy


def test_with_local_files_nothing_is_loaded_from_elsewhere(static_files: Path):
    """The page names local files, and the policy allows no other host."""
    (static_files / "vendor").mkdir()
    for name in FILES:
        (static_files / "vendor" / name).write_text("")
    text, policy = rendered()
    assert text.count("/static/vendor/") == len(FILES)
    assert CDN not in text + policy

"""Persisted queries: known to all workers of a server, and bounded."""

import asyncio
import os
from pathlib import Path

import httpx
import pytest

from mediacanon.cache import persisted_queries
from mediacanon.cache.persisted_queries import MAX_SIZE, OVERHEAD, PersistedQueries, key_of
from tests.server.processes import serving

QUERY = "query Persisted { stats { movies } }"


async def test_queries_registered_at_one_worker_are_known_to_all(demo_database: str, tmp_path: Path):
    """Each of 40 connections to four workers finds the query."""
    extensions = {"persistedQuery": {"version": 1, "sha256Hash": key_of(QUERY)}}
    settings = {"DATABASE_URL": demo_database, "MEDIACANON_DATA_DIR": str(tmp_path / "data")}
    async with serving(tmp_path, "--workers", "4", **settings) as server:
        for number in range(41):
            body = {"extensions": extensions, **({} if number else {"query": QUERY})}
            # A client of its own, and so a connection of its own: any worker may accept it.
            async with httpx.AsyncClient(timeout=30) as client:
                response = await client.post(f"{server.address}/graphql", json=body)
            assert response.json() == {"data": {"stats": {"movies": 600}}}


@pytest.mark.parametrize("length", [0, 100_000])
async def test_persisted_queries_in_memory_are_bounded(length: int):
    """Registering without end evicts the oldest, for long and for short queries."""
    store = PersistedQueries()
    queries = [f"# {number:4}".ljust(length) for number in range(12 if length else 4_000)]
    for query in queries:
        await store.add(query)
    known = [await store.get(key_of(query)) == query for query in queries]
    most = MAX_SIZE // (OVERHEAD + len(queries[0]))
    assert known == [False] * (len(queries) - most) + [True] * most


@pytest.mark.parametrize(("files", "size"), [(3, 1_000), (100, 30)])
async def test_persisted_queries_on_disk_are_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: int, size: int
):
    """The folder holds the last three of twelve queries of ten bytes, by their number or by their bytes."""
    monkeypatch.setattr(persisted_queries, "MAX_FILES", files)
    monkeypatch.setattr(persisted_queries, "MAX_BYTES", size)
    queries = [f"# {number:8}" for number in range(12)]
    (tmp_path / f"{key_of('x')}.part").write_text("x")
    store = PersistedQueries(tmp_path)
    for query in queries:
        await store.add(query)
        # Linux before 6.13 dates files by a clock that ticks every 1 to 10 ms.
        await asyncio.sleep(0.02)
    fresh = PersistedQueries(tmp_path)
    assert [await fresh.get(key_of(query)) for query in queries] == [None] * 9 + queries[9:]
    assert len(os.listdir(tmp_path)) == 3  # noqa: PTH208 - pathlib's would block as well


async def test_an_evicted_query_returns_to_the_folder(tmp_path: Path):
    """A worker that knows a query writes it again when a client sends it again."""
    store = PersistedQueries(tmp_path)
    await store.add(QUERY)
    (tmp_path / key_of(QUERY)).unlink()
    await store.add(QUERY)
    assert await PersistedQueries(tmp_path).get(key_of(QUERY)) == QUERY


@pytest.mark.parametrize("content", [b"", b"query Persisted { st", b"\xff", b"{ other }"])
async def test_a_damaged_file_is_unknown_until_the_query_is_sent_again(tmp_path: Path, content: bytes):
    """A file counts by its content: no torn or foreign text runs under the hash of another."""
    (tmp_path / key_of(QUERY)).write_bytes(content)
    store = PersistedQueries(tmp_path)
    assert await store.get(key_of(QUERY)) is None
    await store.add(QUERY)
    assert await PersistedQueries(tmp_path).get(key_of(QUERY)) == QUERY


@pytest.mark.parametrize("key", ["../secret", "", "x" * 64, "/etc/passwd", key_of(QUERY).upper(), "a" * 5_000])
async def test_a_key_that_is_no_hash_opens_no_file(tmp_path: Path, key: str):
    """A client's key never leads out of the folder."""
    (tmp_path / "secret").write_text("{ secret }")
    (tmp_path / "folder").mkdir()
    assert await PersistedQueries(tmp_path / "folder").get(key) is None


async def test_a_folder_that_cannot_be_written_leaves_the_memory(tmp_path: Path):
    """Without the folder a worker knows its own queries."""
    (tmp_path / "file").write_text("")
    store = PersistedQueries(tmp_path / "file" / "folder")
    await store.add(QUERY)
    assert await store.get(key_of(QUERY)) == QUERY

"""Downloads: changed files only, resumed and verified; a lying server leaves the old file as it was."""

import asyncio
import gzip
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mediacanon.errors import ImportRefused, MediaCanonError, UpstreamUnavailable
from mediacanon.imdb.datasets import ALL, BASICS, EPISODE, RATINGS
from mediacanon.imdb.download import Patience, download
from tests.fakes.imdb import CHANGED, FakeImdb, Fault
from tests.imdb.files import text, title, write

FAST = Patience(attempts=3, first_wait=0.0)
NAMES = {dataset.file for dataset in ALL}


def contents(day: int) -> bytes:
    """Return title.basics of a day: several kilobytes that hardly compress."""
    noise = random.Random(day)
    return gzip.compress(text(BASICS, [title(f"tt1{n:06}", name=noise.randbytes(40).hex()) for n in range(300)]))


@pytest.fixture
def imdb(tmp_path: Path) -> Iterator[FakeImdb]:
    """Yield a server of three small files."""
    source = write(tmp_path / "source")
    files = {name: (source / name).read_bytes() for name in NAMES} | {BASICS.file: contents(1)}
    with FakeImdb(files) as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder that does not exist yet."""
    return tmp_path / "some" / "folder"


async def fetch(imdb: FakeImdb, folder: Path, patience: Patience = FAST) -> None:
    """Download from the fake."""
    await download(folder, base_url=imdb.url, patience=patience)


def stored(folder: Path) -> dict[str, bytes]:
    """Return the datasets in the folder."""
    return {name: (folder / name).read_bytes() for name in NAMES if (folder / name).exists()}


def begun(folder: Path) -> list[str]:
    """Return the names of title.basics' part and its version."""
    return sorted(file.name for file in folder.glob(f"{BASICS.file}.part*"))


async def failure(imdb: FakeImdb, folder: Path, patience: Patience = FAST) -> MediaCanonError:
    """Expect that the download fails and leaves title.basics as it was; return the error."""
    before = stored(folder).get(BASICS.file)
    with pytest.raises(MediaCanonError) as failed:
        await fetch(imdb, folder, patience)
    assert stored(folder).get(BASICS.file) == before
    return failed.value


async def test_the_files_arrive_whole_and_dated(imdb: FakeImdb, folder: Path) -> None:
    """The folder is created; a file has the server's date."""
    await fetch(imdb, folder)
    assert stored(folder) == imdb.files
    assert begun(folder) == []
    assert (folder / BASICS.file).stat().st_mtime == CHANGED


async def test_unchanged_files_are_not_downloaded_again(imdb: FakeImdb, folder: Path) -> None:
    """The request carries the validators of the stored version; only a changed file is sent."""
    await fetch(imdb, folder)
    imdb.files[BASICS.file] = contents(2)
    await fetch(imdb, folder)
    assert stored(folder) == imdb.files
    assert [imdb.statuses(dataset.file) for dataset in ALL] == [[200, 200], [200, 304], [200, 304]]


@pytest.mark.parametrize("damage", ["file cut", "file gone", "version gone", "version broken", "version of another"])
async def test_a_file_changed_on_disk_is_downloaded_again(imdb: FakeImdb, folder: Path, damage: str) -> None:
    """A file that does not fit its version is not trusted."""
    await fetch(imdb, folder)
    file, version = folder / BASICS.file, folder / f"{BASICS.file}.version"
    match damage:
        case "file cut":
            file.write_bytes(file.read_bytes()[:-1])
        case "file gone":
            file.unlink()
        case "version gone":
            version.unlink()
        case "version broken":
            version.write_bytes(b"[1, 2")
        case "version of another":
            version.write_bytes(version.read_bytes().replace(imdb.url.encode(), b"http://elsewhere"))
    await fetch(imdb, folder)
    assert stored(folder) == imdb.files
    assert imdb.statuses(BASICS.file) == [200, 200]


async def test_a_server_without_validators_sends_every_file_each_time(imdb: FakeImdb, folder: Path) -> None:
    """Without ETag and date no request is conditional, and no download is resumed."""
    imdb.has_validators = False
    imdb.misbehave(Fault.DROP, file=BASICS.file, times=1)
    await fetch(imdb, folder)
    await fetch(imdb, folder)
    assert stored(folder) == imdb.files
    assert imdb.statuses(BASICS.file) == [200, 200, 200]


async def test_a_dropped_connection_is_resumed(imdb: FakeImdb, folder: Path) -> None:
    """The next attempt requests the rest of the same version."""
    imdb.misbehave(Fault.DROP, file=BASICS.file, times=2)
    await fetch(imdb, folder)
    assert stored(folder) == imdb.files
    assert imdb.statuses(BASICS.file) == [200, 206, 206]
    resumed = imdb.requests[-1].headers
    assert resumed["if-range"].startswith('"')
    assert int(resumed["range"].removeprefix("bytes=").removesuffix("-")) > len(imdb.files[BASICS.file]) / 2


async def test_the_next_run_resumes_a_failed_download(imdb: FakeImdb, folder: Path) -> None:
    """The part survives the last attempt."""
    imdb.misbehave(Fault.DROP, file=BASICS.file)
    error = await failure(imdb, folder, replace(FAST, attempts=1))
    assert isinstance(error, UpstreamUnavailable)
    assert f"{imdb.url}/{BASICS.file}" in str(error)
    assert begun(folder) == [f"{BASICS.file}.part", f"{BASICS.file}.part.version"]
    imdb.behave()
    await fetch(imdb, folder)
    assert stored(folder) == imdb.files
    assert begun(folder) == []
    assert imdb.statuses(BASICS.file) == [200, 206]


async def test_a_part_of_another_version_is_not_resumed(imdb: FakeImdb, folder: Path) -> None:
    """A file that changed between the attempts is downloaded from its beginning."""
    imdb.misbehave(Fault.DROP, file=BASICS.file, times=1)
    await failure(imdb, folder, replace(FAST, attempts=1))
    imdb.files[BASICS.file] = contents(2)
    await fetch(imdb, folder)
    assert stored(folder) == imdb.files
    assert imdb.statuses(BASICS.file) == [200, 200]


async def test_a_server_without_ranges_sends_the_file_again(imdb: FakeImdb, folder: Path) -> None:
    """A 200 to a range request replaces the part."""
    imdb.has_ranges = False
    imdb.misbehave(Fault.DROP, file=BASICS.file, times=1)
    await fetch(imdb, folder)
    assert stored(folder) == imdb.files
    assert imdb.statuses(BASICS.file) == [200, 200]


@pytest.mark.parametrize("fault", [Fault.LIES_ABOUT_RANGE, Fault.WRONG_RANGE, Fault.UNSATISFIABLE])
async def test_a_wrong_range_costs_the_part_alone(imdb: FakeImdb, folder: Path, fault: Fault) -> None:
    """A response that does not fit the part deletes it, and the download begins anew."""
    imdb.misbehave(Fault.DROP, file=BASICS.file, times=1)
    imdb.misbehave(fault, file=BASICS.file, times=1)
    await fetch(imdb, folder)
    assert stored(folder) == imdb.files
    assert imdb.statuses(BASICS.file)[::2] == [200, 200]


async def test_progress_on_a_bad_line_is_no_failure(imdb: FakeImdb, folder: Path) -> None:
    """However often the connection drops, megabytes of progress keep the download going."""
    rows = text(BASICS, [title(f"tt1{n:06}", name="A Film" * 20) for n in range(45_000)])
    imdb.files[BASICS.file] = gzip.compress(rows, 0)
    imdb.misbehave(Fault.DROP, file=BASICS.file, times=3)
    await fetch(imdb, folder, replace(FAST, attempts=2))
    assert stored(folder) == imdb.files
    assert imdb.statuses(BASICS.file) == [200, 206, 206, 206]


@pytest.mark.parametrize("fault", [Fault.SERVER_ERROR, Fault.SLOW_DOWN, Fault.HANG])
async def test_a_failing_server_is_retried(imdb: FakeImdb, folder: Path, fault: Fault) -> None:
    """Two failed attempts do not show in the result."""
    imdb.misbehave(fault, file=BASICS.file, times=2)
    await fetch(imdb, folder, replace(FAST, silence=1))
    assert stored(folder) == imdb.files


@pytest.mark.parametrize(
    ("fault", "complaint", "answers"),
    [
        (Fault.SERVER_ERROR, "503 Service Unavailable", 3),
        (Fault.SLOW_DOWN, "429 Too Many Requests", 3),
        (Fault.NOT_FOUND, "404 Not Found", 1),
        (Fault.UNSATISFIABLE, "416", 1),
        (Fault.UNASKED_NOT_MODIFIED, "304 Not Modified", 1),
        (Fault.REDIRECT_LOOP, "redirects", 6),
    ],
)
async def test_a_file_that_cannot_be_downloaded_is_named(
    imdb: FakeImdb, folder: Path, fault: Fault, complaint: str, answers: int
) -> None:
    """The error has URL and reason; retries happen only where they may help."""
    imdb.misbehave(fault, file=BASICS.file)
    error = await failure(imdb, folder)
    assert isinstance(error, UpstreamUnavailable)
    assert f"{imdb.url}/{BASICS.file} cannot be had: " in str(error)
    assert complaint in str(error)
    assert len(imdb.statuses(BASICS.file)) == answers


@pytest.mark.parametrize(
    ("fault", "complaint"),
    [
        (Fault.HTML, "is no gzip file but text/html"),
        (Fault.SHORT, "is truncated"),
        (Fault.CORRUPT, "is of no use"),
        (Fault.ENDLESS, "does not end"),
        (Fault.HUGE, "cannot be 72,057,594,037,927,936 bytes long"),
    ],
)
async def test_a_lying_server_leaves_the_old_file(imdb: FakeImdb, folder: Path, fault: Fault, complaint: str) -> None:
    """The error is clear, no part stays, and the next download succeeds."""
    await fetch(imdb, folder)
    imdb.files[BASICS.file] = contents(2)
    imdb.misbehave(fault, file=BASICS.file)
    error = await failure(imdb, folder, replace(FAST, largest=1 << 20))
    assert isinstance(error, ImportRefused)
    assert f"{imdb.url}/{BASICS.file}" in str(error)
    assert complaint in str(error)
    assert begun(folder) == []
    imdb.behave()
    await fetch(imdb, folder)
    assert stored(folder) == imdb.files


async def test_the_rest_alone_is_not_taken_for_the_whole(imdb: FakeImdb, folder: Path) -> None:
    """A 200 with the requested range alone is refused."""
    imdb.misbehave(Fault.DROP, file=BASICS.file, times=1)
    imdb.misbehave(Fault.WHOLE_LIE, file=BASICS.file)
    error = await failure(imdb, folder)
    assert "is no gzip file" in str(error)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (gzip.compress(text(RATINGS, [("tt1000000", 5.0, 5)])), "another header"),
        (gzip.compress(b""), "another header"),
        (b"", "is empty"),
    ],
    ids=["other-file", "empty-gzip", "empty"],
)
async def test_a_file_of_another_format_is_refused(
    imdb: FakeImdb, folder: Path, content: bytes, complaint: str
) -> None:
    """The stored file stays, even if the server's headers are right."""
    await fetch(imdb, folder)
    imdb.files[BASICS.file] = content
    assert complaint in str(await failure(imdb, folder))


async def test_an_attempt_without_end_is_given_up(imdb: FakeImdb, folder: Path) -> None:
    """The duration of one attempt is bounded."""
    imdb.misbehave(Fault.HANG, file=BASICS.file)
    error = await failure(imdb, folder, replace(FAST, attempts=1, attempt=0.2))
    assert isinstance(error, UpstreamUnavailable)


async def test_no_server_at_all_is_one_clear_error(folder: Path) -> None:
    """A refused connection is UpstreamUnavailable."""
    with FakeImdb({}) as gone:
        url = gone.url
    with pytest.raises(UpstreamUnavailable, match=r"cannot be had: .*connection"):
        await download(folder, base_url=url, patience=FAST)


async def test_one_file_that_fails_leaves_the_others_as_they_are(imdb: FakeImdb, folder: Path) -> None:
    """The first failed file ends the download; the next run resumes the others."""
    imdb.misbehave(Fault.HANG, file=BASICS.file)
    imdb.misbehave(Fault.NOT_FOUND, file=EPISODE.file)
    with pytest.raises(UpstreamUnavailable, match=EPISODE.file):
        await fetch(imdb, folder)
    imdb.behave()
    await fetch(imdb, folder)
    assert stored(folder) == imdb.files


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
async def test_a_full_disk_is_reported_and_freed(imdb: FakeImdb, folder: Path) -> None:
    """The part is deleted: the database may be on the same disk."""
    imdb.misbehave(Fault.DROP, file=BASICS.file)
    await failure(imdb, folder, replace(FAST, attempts=1))
    imdb.behave()
    part = folder / f"{BASICS.file}.part"
    part.unlink()
    part.symlink_to("/dev/full")
    error = await failure(imdb, folder)
    assert isinstance(error, ImportRefused)
    assert "title.basics.tsv.gz.part cannot be written: No space left on device" in str(error)
    assert begun(folder) == []


async def test_too_little_room_is_reported_before_the_download(imdb: FakeImdb, folder: Path) -> None:
    """The server's Content-Length is compared with the free space."""
    imdb.misbehave(Fault.HUGE, file=BASICS.file)
    error = await failure(imdb, folder, replace(FAST, largest=1 << 60))
    assert "has no room for title.basics.tsv.gz: 72,057,594,038 MB are needed" in str(error)
    assert begun(folder) == []


async def test_a_folder_that_cannot_be_made_is_named(imdb: FakeImdb, tmp_path: Path) -> None:
    """A file is in the folder's place."""
    (tmp_path / "file").touch()
    with pytest.raises(ImportRefused, match="file/imdb cannot be written: Not a directory"):
        await fetch(imdb, tmp_path / "file" / "imdb")


DOWNLOAD_UNPRIVILEGED = """
import asyncio, os, sys
from pathlib import Path
from mediacanon.errors import ImportRefused
from mediacanon.imdb.download import download
if os.geteuid() == 0:
    os.setuid(65534)
try:
    asyncio.run(download(Path(sys.argv[1]), base_url=sys.argv[2]))
except ImportRefused as error:
    print(error)
"""


def test_a_folder_without_permission_is_named(imdb: FakeImdb, data_root: Path) -> None:
    """The error is one line instead of a traceback."""
    closed = data_root / "closed"
    closed.mkdir(mode=0o555)
    command = [sys.executable, "-c", DOWNLOAD_UNPRIVILEGED, str(closed), imdb.url]
    said = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ).stdout
    assert said == f"{closed}/.download.lock cannot be written: Permission denied\n"


async def test_two_downloads_into_one_folder_do_not_mix(imdb: FakeImdb, folder: Path) -> None:
    """The second download is refused."""
    imdb.misbehave(Fault.HANG, file=BASICS.file, times=1)
    first = asyncio.create_task(fetch(imdb, folder))
    await asyncio.to_thread(imdb.hanging.acquire)
    assert "Another download into" in str(await failure(imdb, folder))
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    await fetch(imdb, folder)
    assert stored(folder) == imdb.files

"""The folder watch, with real folders and real file system events."""

from __future__ import annotations

import asyncio
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.content.source import WatchMode
from gateway.content.watch import REMOTE, WHOLE_FOLDER, Watch, file_system
from tests.conftest import need


class Reports:
    """Collects the reports of a watch."""

    def __init__(self) -> None:
        self.paths = set[str]()
        self._more = asyncio.Event()

    def __call__(self, paths: frozenset[str]) -> None:
        self.paths |= paths
        self._more.set()

    async def until(self, *paths: str) -> None:
        while not self.paths.issuperset(paths):
            self._more.clear()
            await self._more.wait()


@asynccontextmanager
async def watching(root: Path, how: WatchMode) -> AsyncIterator[Reports]:
    heard = Reports()
    async with Watch(root, how, 0.02).watching(heard):
        yield heard


BOTH = pytest.mark.parametrize("how", [WatchMode.EVENTS, WatchMode.POLL])


@BOTH
async def test_changes_are_reported(tmp_path: Path, how: WatchMode) -> None:
    """Paths are relative to the folder, in the file system's spelling. Earlier content is not reported."""
    (tmp_path / "before.md").touch()
    (tmp_path / "sub").mkdir()
    async with watching(tmp_path, how) as heard:
        (tmp_path / "sub/e\u0301.md").touch()
        (tmp_path / "data.yaml").touch()
        await heard.until("sub/e\u0301.md", "data.yaml")
        assert "before.md" not in heard.paths
        (tmp_path / "before.md").unlink()
        await heard.until("before.md")


@BOTH
async def test_file_behind_a_link_is_reported_by_its_path(tmp_path: Path, how: WatchMode) -> None:
    """The system may report only the path through the link."""
    (tmp_path / "real").mkdir()
    (tmp_path / "real/a.md").touch()
    for link in ("before", "zzz"):
        (tmp_path / link).symlink_to(tmp_path / "real")
    async with watching(tmp_path, how) as heard:
        (tmp_path / "real/a.md").write_text("changed")
        (tmp_path / "real/b.md").touch()
        await heard.until("real/a.md", "real/b.md")


@BOTH
async def test_hidden_files_are_not_reported(tmp_path: Path, how: WatchMode) -> None:
    """Hidden folders and package folders are not reported either."""
    async with watching(tmp_path, how) as heard:
        for path in (".git/index.md", "node_modules/x/readme.md", ".a.md", "~$b.md", "#c.md#"):
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).touch()
        (tmp_path / "last.md").touch()
        await heard.until("last.md")
        assert heard.paths == {"last.md"}


@BOTH
async def test_changed_site_rules_are_reported(tmp_path: Path, how: WatchMode) -> None:
    """They affect all files."""
    async with watching(tmp_path, how) as heard:
        (tmp_path / "gateway.yaml").touch()
        await heard.until("gateway.yaml" if how is WatchMode.EVENTS else WHOLE_FOLDER)


@BOTH
async def test_changed_generator_rules_are_reported(tmp_path: Path, how: WatchMode) -> None:
    """They are not documents, and affect some files."""
    (tmp_path / "posts").mkdir()
    async with watching(tmp_path, how) as heard:
        (tmp_path / "posts/posts.json").touch()
        await heard.until("posts/posts.json")


@BOTH
async def test_replaced_folder_is_reported(tmp_path: Path, how: WatchMode) -> None:
    """A recreated folder or a swapped link counts as changed everywhere and is watched again."""
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    (tmp_path / "current").symlink_to("one")
    async with watching(tmp_path / "current", how) as heard:
        (tmp_path / "next").symlink_to("two")
        (tmp_path / "next").replace(tmp_path / "current")
        await heard.until(WHOLE_FOLDER)
        (tmp_path / "two/a.md").touch()
        await heard.until("a.md")
        heard.paths.clear()
        shutil.rmtree(tmp_path / "two")
        await heard.until(WHOLE_FOLDER)  # the folder is missing
        heard.paths.clear()
        (tmp_path / "two").mkdir()
        await heard.until(WHOLE_FOLDER)
        (tmp_path / "two/b.md").touch()
        await heard.until("b.md")


async def test_watch_off(tmp_path: Path) -> None:
    """No thread is started."""
    async with watching(tmp_path, WatchMode.OFF) as heard:
        (tmp_path / "a.md").touch()
    assert heard.paths == set()


WITHOUT_EVENTS = """
echo 0 > /proc/sys/user/max_inotify_instances && exec "$@"
"""
WATCHED = """
import asyncio, logging, sys
from pathlib import Path
from gateway.content.source import WatchMode
from tests.content.test_watch import watching

async def main(root):
    async with watching(root, WatchMode.AUTO) as heard:
        (root / "a.md").touch()
        await heard.until("a.md")

logging.basicConfig(level="WARNING", format="%(message)s", stream=sys.stdout)
asyncio.run(main(Path(sys.argv[1])))
"""


async def test_polling_without_system_events(tmp_path: Path) -> None:
    """If the system's watch limit is reached, the folder is polled and the reason is logged."""
    unshare = need("unshare", shutil.which("unshare"))
    command = (unshare, "--user", "--map-root-user", "sh", "-c", WITHOUT_EVENTS, "sh")
    trial = await asyncio.create_subprocess_exec(*command, "true", stderr=asyncio.subprocess.DEVNULL)
    need("unshare", (await trial.wait() == 0) or None)
    process = await asyncio.create_subprocess_exec(
        *(*command, sys.executable, "-c", WATCHED, tmp_path), stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    assert process.returncode == 0
    assert b"It is polled every 0.02 seconds." in said


LATE = """
import asyncio, sys
from contextlib import suppress
from pathlib import Path
from gateway.content.source import WatchMode
from gateway.content.watch import EventsUnavailable, Watch

class Late(Watch):
    def _source(self, root):
        self._stop.wait()
        raise EventsUnavailable("late")

async def main(root):
    with suppress(TimeoutError):
        async with asyncio.timeout(0.1), Late(root, WatchMode.EVENTS, 1).watching(print):
            pass

asyncio.run(main(Path(sys.argv[1])))
"""


async def test_watch_cancelled_before_its_start_ends(tmp_path: Path) -> None:
    """This includes a slow failure of the system. No thread remains."""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", LATE, tmp_path)
    try:
        assert await asyncio.wait_for(process.wait(), 20) == 0
    finally:
        if process.returncode is None:
            process.kill()


MOUNTS = r"""22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
30 22 0:5 / /srv/with\040space rw - nfs4 host:/x rw
31 30 0:6 / /srv/with\040space/local rw master:1 propagate_from:2 - xfs /dev/vdb rw
32 22 0:7 / /home/me rw - fuse.sshfs me@host: rw
33 22 0:8 / /home/me rw - fuse.sshfs me@other: rw
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "ext4"),
        ("/srv", "ext4"),
        ("/srv/with space", "nfs4"),
        ("/srv/with space/deep/content", "nfs4"),
        ("/srv/with space/local/content", "xfs"),
        ("/srv/with spaces", "ext4"),
        ("/home/me/content", "fuse"),
    ],
)
def test_file_system_type(tmp_path: Path, path: str, kind: str) -> None:
    """The nearest mount point above decides. Network file systems are polled."""
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    assert file_system(path, mounts) == kind
    assert (kind in REMOTE) is (kind in {"nfs4", "fuse"})


def test_file_system_type_without_a_mount_list(tmp_path: Path) -> None:
    """Events are used."""
    assert file_system("/", tmp_path / "nowhere") == ""

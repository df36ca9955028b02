"""The watch of a folder, over real folders and what the system really reports."""

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


class Heard:
    """All that a watch told."""

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
async def watching(root: Path, how: WatchMode) -> AsyncIterator[Heard]:
    heard = Heard()
    async with Watch(root, how, 0.02).watching(heard):
        yield heard


BOTH = pytest.mark.parametrize("how", [WatchMode.EVENTS, WatchMode.POLL])


@BOTH
async def test_what_changes_is_told(tmp_path: Path, how: WatchMode) -> None:
    """By its path in the folder, as the file system spells it; nothing is told of what was there before."""
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
async def test_a_file_is_told_by_its_own_path(tmp_path: Path, how: WatchMode) -> None:
    """Also where a link leads to its folder: the system may report only the path by the link."""
    (tmp_path / "real").mkdir()
    (tmp_path / "real/a.md").touch()
    for link in ("before", "zzz"):
        (tmp_path / link).symlink_to(tmp_path / "real")
    async with watching(tmp_path, how) as heard:
        (tmp_path / "real/a.md").write_text("changed")
        (tmp_path / "real/b.md").touch()
        await heard.until("real/a.md", "real/b.md")


@BOTH
async def test_what_is_hidden_is_not_told(tmp_path: Path, how: WatchMode) -> None:
    """Nor what lies in hidden folders, or in those of packages."""
    async with watching(tmp_path, how) as heard:
        for path in (".git/index.md", "node_modules/x/readme.md", ".a.md", "~$b.md", "#c.md#"):
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).touch()
        (tmp_path / "last.md").touch()
        await heard.until("last.md")
        assert heard.paths == {"last.md"}


@BOTH
async def test_changed_rules_are_told(tmp_path: Path, how: WatchMode) -> None:
    """They concern all files."""
    async with watching(tmp_path, how) as heard:
        (tmp_path / "gateway.yaml").touch()
        await heard.until("gateway.yaml" if how is WatchMode.EVENTS else WHOLE_FOLDER)


@BOTH
async def test_files_of_other_generators_rules_are_told(tmp_path: Path, how: WatchMode) -> None:
    """They are not documents, and concern some."""
    (tmp_path / "posts").mkdir()
    async with watching(tmp_path, how) as heard:
        (tmp_path / "posts/posts.json").touch()
        await heard.until("posts/posts.json")


@BOTH
async def test_another_folder_in_its_place_is_told(tmp_path: Path, how: WatchMode) -> None:
    """A folder that goes and comes, and a link that leads elsewhere: all may have changed, and is watched anew."""
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
        await heard.until(WHOLE_FOLDER)  # it stayed away
        heard.paths.clear()
        (tmp_path / "two").mkdir()
        await heard.until(WHOLE_FOLDER)
        (tmp_path / "two/b.md").touch()
        await heard.until("b.md")


async def test_off_tells_nothing(tmp_path: Path) -> None:
    """No thread is started for it."""
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


async def test_where_the_system_reports_nothing_the_folder_is_polled(tmp_path: Path) -> None:
    """Its limit is reached, which is said."""
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


async def test_a_watch_that_is_cancelled_before_it_began_ends(tmp_path: Path) -> None:
    """Also where the system takes its time to say that it reports nothing: no thread is left that waits."""
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
def test_the_kind_of_a_disk_is_known(tmp_path: Path, path: str, kind: str) -> None:
    """It is that of what is mounted nearest above; those of other machines are polled."""
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    assert file_system(path, mounts) == kind
    assert (kind in REMOTE) is (kind in {"nfs4", "fuse"})


def test_without_a_list_of_mounts_no_kind_is_known(tmp_path: Path) -> None:
    """Then events are tried."""
    assert file_system("/", tmp_path / "nowhere") == ""

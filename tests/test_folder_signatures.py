"""Folders that are as stored are not compared file by file, and no change of a file is missed."""

from __future__ import annotations

import os
from collections.abc import Callable
from math import inf

import pytest

from gateway.content.source import Walk
from gateway.loading.change_stream import StrictError
from gateway.loading.folder_signatures import unlike
from tests.test_ingest import Site, site

__all__ = ["site"]  # the fixture


async def unsigned(site: Site) -> set[str]:
    """The folders that a walk compares file by file."""
    return set(unlike(Walk(site.root).run().files, await site.store.folders(), inf))


async def sign(site: Site) -> None:
    """Load two folders, and compare them once more."""
    for path in ("a.md", "x/a.md", "x/b.md", "x/y/a.md"):
        site.write(path)
    await site.run()
    await site.run()


async def test_compared_folders_are_signed(site: Site) -> None:
    """A first load signs no folder. The next walk compares and signs all, in one transaction with the rest."""
    for path in ("a.md", "x/a.md", "x/é b.md"):
        site.write(path)
    await site.run()
    assert await unsigned(site) == {"", "x"}
    assert (await site.run()).read == 0
    assert await unsigned(site) == set()
    assert (await site.run()).files == 3


def change(site: Site) -> None:
    site.write("x/a.md", "quality: 5")


def add(site: Site) -> None:
    site.write("x/c.md")


def delete(site: Site) -> None:
    site.delete("x/a.md")


def break_(site: Site) -> None:
    site.write("x/a.md", "quality: [")


def touch(site: Site) -> None:
    os.utime(site.root / "x/a.md", (1, 1))


def replace_by_pipe(site: Site) -> None:
    site.delete("x/a.md")
    os.mkfifo(site.root / "x/a.md")


CHANGES = [change, add, delete, break_, touch, replace_by_pipe]


@pytest.mark.parametrize("act", CHANGES)
@pytest.mark.parametrize("paths", [None, ["x/a.md", "x/c.md"]])
async def test_a_changed_file_voids_the_signature_of_its_folder(
    site: Site, act: Callable[[Site], None], paths: list[str] | None
) -> None:
    """Only that of its own folder, whether the whole folder is walked or not. Two walks later, all are signed."""
    await sign(site)
    act(site)
    await site.run(paths=paths)
    assert (await site.store.folders())["x"] is None
    assert await unsigned(site) == {"x"}
    await site.run()
    await site.run()
    assert await unsigned(site) == set()


async def test_a_file_that_came_and_went_is_noticed(site: Site) -> None:
    """The folder then equals the one that was signed before, and not the stored one."""
    await sign(site)
    site.write("x/c.md")
    await site.run(paths=["x/c.md"])
    site.delete("x/c.md")
    assert (await site.run()).applied.removed == 1


async def test_an_unread_file_is_read_again(site: Site) -> None:
    """Its folder is not signed."""
    await sign(site)
    site.write("x/c.md", "a" * 5_000_000)
    assert [(await site.run()).read for _ in range(3)] == [1, 1, 1]
    assert await unsigned(site) == {"x"}


async def test_a_signature_does_not_settle_recent_files(site: Site) -> None:
    """After the clock was set back, the last run may be older than a file."""
    await sign(site)
    site.clock.go_on(-7200)
    assert (await site.run()).read == 0
    assert (await site.run()).read == 4


async def test_rules_apply_to_signed_folders(site: Site) -> None:
    """All files are parsed."""
    await sign(site)
    (site.root / "gateway.yaml").write_text("defaults: [{path: x, locale: de}]\n")
    assert (await site.run()).parsed == 4
    assert {edge.node.locale for edge in await site.edges()} == {None, "de"}


async def test_a_strict_run_reads_broken_files_of_signed_folders(site: Site) -> None:
    """A file with a warning is not read."""
    await sign(site)
    site.write("x/a.md", "quality: high")
    site.write("x/y/a.md", "published: maybe")
    await site.run()
    await site.run()
    assert await unsigned(site) == set()
    with pytest.raises(StrictError) as error:
        await site.run(strict=True)
    assert {problem.path for problem in error.value.problems} == {"x/y/a.md"}


async def test_a_deleted_folder_is_forgotten(site: Site) -> None:
    """After its last file was deleted, and a walk compared it."""
    await sign(site)
    site.delete("x/y/a.md")
    assert (await site.run()).applied.removed == 1
    await site.run()
    assert (await site.store.folders()).keys() == {"", "x"}


async def test_a_rolled_back_run_signs_nothing(site: Site) -> None:
    """The signatures are part of its transaction."""
    for path in ("a.md", "x/a.md"):
        site.write(path)
    await site.run()
    site.write("b.md", "published: maybe")
    with pytest.raises(StrictError):
        await site.run(strict=True)
    assert set((await site.store.folders()).values()) == {None}

"""The walk and the reading of files, on real folders."""

from __future__ import annotations

import itertools
import os
import socket
from pathlib import Path

import pytest

from gateway.content import source
from gateway.errors import ContentFolderError
from gateway.model.problems import Severity


def write(root: Path, name: str, text: str = "---\n---\n") -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def found(root: Path, *, follow_links: bool = False) -> list[str]:
    return list(source.Walk(root, follow_links=follow_links).run().files)


def read(root: Path, name: str, max_bytes: int) -> bytes:
    return source.read(root, source.Walk(root).run().files[name], max_bytes=max_bytes)[1]


def test_documents_are_found_by_extension_in_order(tmp_path: Path) -> None:
    """Each document extension counts, in any case and folder. The order is equal on every machine."""
    for name in ("b.md", "a.MARKDOWN", "sub/c.mdx", "sub/deep/d.txt", "e.html", "f.yaml", "gateway.yaml"):
        write(tmp_path, name)
    assert found(tmp_path) == ["a.MARKDOWN", "b.md", "sub/c.mdx", "sub/deep/d.txt"]


def test_files_of_editors_and_tools_are_skipped(tmp_path: Path) -> None:
    """Dot files, dot folders, node_modules and editor backups are not documents."""
    for name in (".hidden.md", ".git/a.md", "node_modules/b.md", "c.md~", "#d.md#", "~$e.md", ".#f.md", "g.md.swp"):
        write(tmp_path, name)
    listing = source.Walk(tmp_path).run()
    assert not listing.files
    assert not listing.problems


def test_near_documents_are_reported(tmp_path: Path) -> None:
    """Other Markdown extensions and names that begin with `#` give an INFO each. Other files are not reported."""
    for name in ("#general/a.md", "#1 tip.md", "b/#c/d.TXT", "old.mkd", "e.Rmd", "b/f.MDOC", "#general/g.qmd"):
        write(tmp_path, name)
    for name in ("#a.png", "b.rst", "#c.md#", "#d#/e.md", "#recycle/f.md", ".g.mkd", "node_modules/h.mkd", "#i/j.yaml"):
        write(tmp_path, name)
    listing = source.Walk(tmp_path).run()
    assert not listing.files
    assert {(problem.code, problem.severity) for problem in listing.problems} == {("NOT_READ", Severity.INFO)}
    assert sorted(problem.path for problem in listing.problems) == [
        "#1 tip.md", "#general/a.md", "#general/g.qmd", "b/#c/d.TXT", "b/f.MDOC", "e.Rmd", "old.mkd",
    ]  # fmt: skip


def test_paths_are_in_normal_form_c(tmp_path: Path) -> None:
    """Of two files with equal paths the second is a problem."""
    write(tmp_path, "re\N{COMBINING ACUTE ACCENT}sume\N{COMBINING ACUTE ACCENT}.md")
    assert found(tmp_path) == ["résumé.md"]
    write(tmp_path, "résumé.md")
    listing = source.Walk(tmp_path).run()
    assert list(listing.files) == ["résumé.md"]
    assert [(problem.code, problem.severity) for problem in listing.problems] == [("SAME_PATH", Severity.ERROR)]


def test_name_that_is_not_utf8_is_a_problem(tmp_path: Path) -> None:
    """The name is reported with escapes, and other files are read."""
    write(tmp_path, "good.md")
    (tmp_path / os.fsdecode(b"b\xff.md")).write_text("---\n---\n")
    listing = source.Walk(tmp_path).run()
    assert list(listing.files) == ["good.md"]
    assert [(problem.code, problem.path) for problem in listing.problems] == [("FILE_NAME", "b\\xff.md")]


def test_pipes_and_sockets_are_never_opened(tmp_path: Path) -> None:
    """A file that is not regular is skipped with a warning."""
    os.mkfifo(tmp_path / "pipe.md")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket.md"))
        listing = source.Walk(tmp_path).run()
    assert not listing.files
    assert {(problem.path, problem.code) for problem in listing.problems} == {
        ("pipe.md", "NOT_A_FILE"),
        ("socket.md", "NOT_A_FILE"),
    }


def test_file_replaced_by_a_pipe_is_refused(tmp_path: Path) -> None:
    """Reading a pipe is refused without waiting."""
    file = write(tmp_path, "a.md")
    entry = source.Walk(tmp_path).run().files["a.md"]
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(source.ReadError) as caught:
        source.read(tmp_path, entry)
    assert caught.value.problem.code == "NOT_A_FILE"


def test_links_are_followed_only_by_setting(tmp_path: Path) -> None:
    """A link is a warning. With the setting, links within the folder count; links out of it and loops do not."""
    root = tmp_path / "content"
    write(root, "real/a.md")
    write(tmp_path, "outside/secret.md")
    (root / "folder").symlink_to(root / "real")
    (root / "file.md").symlink_to(root / "real/a.md")
    (root / "real/loop").symlink_to(root)
    (root / "out").symlink_to(tmp_path / "outside")
    (root / "dangling.md").symlink_to(root / "nothing")
    assert found(root) == ["real/a.md"]
    assert {problem.code for problem in source.Walk(root).run().problems} == {"LINK"}
    assert found(root, follow_links=True) == ["file.md", "folder/a.md", "real/a.md"]


def test_links_in_linked_folders_are_not_followed(tmp_path: Path) -> None:
    """A dozen folders that link to each other have millions of paths."""
    names = "abcdefghijkl"
    for name in names:
        write(tmp_path, f"{name}/1.md")
        for other in names.replace(name, ""):
            (tmp_path / name / f"to-{other}").symlink_to(tmp_path / other)
    paths = found(tmp_path, follow_links=True)
    assert len(paths) == len(names) ** 2
    assert {"a/1.md", "a/to-b/1.md"} <= {*paths}
    assert "a/to-b/to-c/1.md" not in paths


def test_content_folder_may_be_a_link(tmp_path: Path) -> None:
    """Deployment tools swap a link to publish a release."""
    write(tmp_path, "releases/42/a.md")
    (tmp_path / "current").symlink_to(tmp_path / "releases/42")
    assert found(tmp_path / "current") == ["a.md"]


def test_missing_folder_is_an_error(tmp_path: Path) -> None:
    """The error names the missing folder, or the file in its place."""
    with pytest.raises(ContentFolderError, match="nowhere cannot be opened: No such file"):
        source.Walk(tmp_path / "nowhere").run()
    with pytest.raises(ContentFolderError, match="is not a folder"):
        source.Walk(write(tmp_path, "a.md")).run()


def test_large_file_is_refused_by_its_size(tmp_path: Path) -> None:
    """The size is checked before reading."""
    write(tmp_path, "a.md", "x" * 100)
    assert read(tmp_path, "a.md", max_bytes=100) == b"x" * 100
    with pytest.raises(source.ReadError, match=r"has 100 bytes\. The limit is 99\."):
        read(tmp_path, "a.md", max_bytes=99)


def test_recent_file_is_read_until_two_readings_agree(tmp_path: Path) -> None:
    """A recently written file is read twice. If it changes in between, the newer content counts."""
    file = write(tmp_path, "a.md", "half")
    entry = source.Walk(tmp_path).run().files["a.md"]
    moments = itertools.count(file.stat().st_mtime_ns, 1_000_000)
    tries = 0

    def clock() -> int:
        nonlocal tries
        tries += 1
        if tries == 1:
            file.write_text("whole")
        return next(moments)

    assert source.read(tmp_path, entry, clock=clock)[1] == b"whole"
    assert tries > 1


def test_file_deleted_before_reading(tmp_path: Path) -> None:
    """A file that is deleted after the listing counts as deleted."""
    file = write(tmp_path, "a.md")
    entry = source.Walk(tmp_path).run().files["a.md"]
    file.unlink()
    with pytest.raises(FileNotFoundError):
        source.read(tmp_path, entry)


def test_inode_of_all_bits() -> None:
    """Overlay file systems set the highest bit. The stored number is signed."""
    status = os.stat_result((0o100644, 2**64 - 5, 0, 1, 0, 0, 10, 0, 0, 0), {"st_mtime_ns": 0})
    assert source.Stamp.of(status).inode == 2**63 - 5

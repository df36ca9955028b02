"""The command `gateway check`, run as a user runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.commands.mapping_report import unexposed
from tests import broken
from tests.commands import gateway, invoke
from tests.conftest import AS_ANYBODY

SEEDS = Path(__file__).parent.parent / "seeds"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one of each broken file, and two valid ones."""
    root = tmp_path_factory.mktemp("broken")
    for name, case in broken.ALL.items():
        (root / name).write_bytes(case.data)
    (root / "good.md").write_bytes(broken.titled("published: true"))
    (root / "also-good.md").write_bytes(broken.titled("draft: no"))
    os.mkfifo(root / "pipe.md")
    (root / "link.md").symlink_to("/etc/hostname")
    (root / os.fsdecode(b"name-\xff.md")).write_bytes(broken.titled(""))
    with (root / "large.md").open("wb") as large:
        large.truncate(4 * 1024 * 1024 + 1)
    return root


def test_each_broken_file_has_its_problem(folder: Path) -> None:
    """Each problem has its severity, code, line and column."""
    done = invoke("check", folder, "--format", "json")
    found = {
        (problem["path"], problem["severity"], problem["code"], problem["line"], problem["column"])
        for problem in json.loads(done.stdout)
    }
    expected: set[tuple[str, str, str, int | None, int | None]] = {
        (name, case.severity.value, case.code, case.line, case.column) for name, case in broken.ALL.items()
    }
    expected |= {
        ("pipe.md", "WARNING", "NOT_A_FILE", None, None),
        ("link.md", "WARNING", "LINK", None, None),
        ("name-\\xff.md", "ERROR", "FILE_NAME", None, None),
        ("large.md", "ERROR", "TOO_LARGE", None, None),
    }
    assert found == expected
    assert done.returncode == 1


def test_each_problem_has_a_hint(folder: Path) -> None:
    """A message is a sentence, with a hint if the file can be fixed by hand."""
    for problem in json.loads(invoke("check", folder, "--format", "json").stdout):
        assert problem["message"].endswith((".", "?")), problem
        assert problem["hint"] or problem["code"] == "NOT_A_FILE", problem


def test_text_format(folder: Path) -> None:
    """A line begins with file, line and column, to which terminals and editors can jump."""
    done = invoke("check", folder)
    assert "colon.md:2:11: error SYNTAX: Mapping values are not allowed in this context.\n" in done.stdout
    documents = len(broken.VALUES) - 1 + 2
    errors = len(broken.SYNTAX) + len(broken.VISIBILITY) + 2
    warnings = sum(each.severity == broken.WARNING for each in broken.VALUES.values()) + 2
    assert done.stdout.splitlines()[-1] == (
        f"{documents} documents; {errors + warnings} problems ({errors} errors, {warnings} warnings)"
    )


def test_github_format(folder: Path) -> None:
    """The format of annotations in a pull request."""
    done = invoke("check", folder, "--format", "github")
    assert "::error file=colon.md,line=2,col=11,title=SYNTAX::Mapping values" in done.stdout
    assert "::notice file=plain.md,line=1,col=1,title=NO_FRONT_MATTER::" in done.stdout


def test_exit_code(tmp_path: Path) -> None:
    """Warnings give 0 unless `--strict` is set. An INFO always gives 0."""
    (tmp_path / "plain.md").write_bytes(broken.VALUES["plain.md"].data)
    (tmp_path / "good.md").write_bytes(broken.titled(""))
    assert invoke("check", tmp_path, "--strict").returncode == 0
    (tmp_path / "quality.md").write_bytes(broken.VALUES["quality.md"].data)
    assert invoke("check", tmp_path).returncode == 0
    assert invoke("check", tmp_path, "--strict").returncode == 1


def test_empty_folder_is_a_warning(tmp_path: Path) -> None:
    """A folder without documents is probably the wrong one."""
    done = invoke("check", tmp_path)
    assert done.stdout.startswith(".: warning EMPTY: The content folder does not contain documents.\n")
    assert done.returncode == 0


def test_unreadable_files_and_folders_are_problems(tmp_path: Path) -> None:
    """Other files are read."""
    (tmp_path / "closed").mkdir()
    (tmp_path / "secret.md").write_bytes(broken.titled(""))
    (tmp_path / "good.md").write_bytes(broken.titled(""))
    (tmp_path / "secret.md").chmod(0)
    (tmp_path / "closed").chmod(0)
    done = gateway("check", tmp_path, wrapper=AS_ANYBODY)
    (tmp_path / "closed").chmod(0o700)
    assert "closed: error UNREADABLE_FOLDER: " in done.stdout
    assert "secret.md: error UNREADABLE: The file cannot be read: Permission denied." in done.stdout
    assert done.stdout.splitlines()[-1] == "1 document; 2 problems (2 errors)"


def test_problems_across_files(tmp_path: Path) -> None:
    """A duplicate slug in one locale is a warning. A topic with two spellings is an INFO."""
    for name, block in {
        "a.md": "slug: same\ntopics: [AI, Go]",
        "b.md": "slug: same\ntopics: [AI]",
        "c.md": "slug: same\nlocale: de\ntopics: [ai]",
    }.items():
        (tmp_path / name).write_bytes(broken.titled(block))
    done = invoke("check", tmp_path, "--format", "json")
    found = [(problem["path"], problem["severity"], problem["code"]) for problem in json.loads(done.stdout)]
    assert found == [
        ("b.md", "WARNING", "SAME_SLUG"),
        ("c.md", "INFO", "TOPIC_SPELLING"),
    ]
    assert done.stderr == "3 documents; 1 problem (1 warning)\n"
    assert (done.returncode, invoke("check", tmp_path, "--strict").returncode) == (0, 1)


def test_no_files_remain(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither in the content folder nor among temporary files."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    before = sorted(folder.rglob("*"))
    gateway("check", folder)
    assert sorted(folder.rglob("*")) == before
    assert list(tmp_path.iterdir()) == []


def test_error_without_a_temporary_folder(tmp_path: Path) -> None:
    """One line without a traceback."""
    (tmp_path / "a.md").write_bytes(broken.titled(""))
    bare = "import tempfile; tempfile.tempdir = '/proc/nowhere'"
    command = [sys.executable, "-c", f"{bare}; from gateway.cli import main; main()", "check", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert done.stderr == "gateway: Cannot create a folder for a temporary database: No such file or directory.\n"
    assert done.returncode == 3


def test_explain_counts_the_files_of_collections(tmp_path: Path) -> None:
    """Each collection has the number of its documents. Files that match two belong to the first."""
    rules = "collections: {guides: {path: docs/guides}, docs: {path: docs, fields: {a: Int}}, people: {path: people}}"
    (tmp_path / "gateway.yaml").write_text(rules)
    for name in ("docs/guides/a.md", "docs/b.md", "docs/c.md", "d.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(broken.titled("draft: no"))
    (tmp_path / "docs/plain.md").write_text("text")
    assert (
        "collection guides: 1 file\ncollection docs: 2 files\ncollection people: 0 files\n"
        "1 file of collection guides also matches docs, which is declared after it\n"
    ) in invoke("check", tmp_path, "--explain").stdout


def test_explain(tmp_path: Path) -> None:
    """Each field has the keys that gave it, the most frequent first, separate from the problems."""
    (tmp_path / "gateway.yaml").write_text("defaults: [{path: a.md, locale: de}]\n")
    (tmp_path / "a.md").write_bytes(broken.titled("date: 2024-01-01\nlayout: post"))
    (tmp_path / "b.md").write_bytes(broken.titled("pubDate: 2024-01-01\nlang: de"))
    (tmp_path / "2024-01-01-c.md").write_bytes(broken.titled("date: 2024-01-02"))
    explanation = (
        "frontMatter from layout (1 file)\n"
        "locale from gateway.yaml:1 (1 file), lang (1)\n"
        "publishedDateTime from date (2 files), pubDate (1)\n"
        "Under `gateway serve` only previews show these keys of frontMatter: layout (1 file)."
        " To publish a key, add it to `expose` in gateway.yaml.\n"
    )
    summary = "3 documents; 0 problems\n"
    assert invoke("check", tmp_path).stdout == summary
    assert invoke("check", tmp_path, "--explain").stdout == explanation + summary
    done = invoke("check", tmp_path, "--explain", "--format", "json")
    assert (done.stdout, done.stderr) == ("[]\n", explanation + summary)


def test_private_keys_are_listed(tmp_path: Path) -> None:
    """Exposed keys are left out, also if a draft has them."""
    (tmp_path / "gateway.yaml").write_text("expose: [layout]\n")
    (tmp_path / "a.md").write_bytes(broken.titled("layout: post\nweight: 1"))
    (tmp_path / "b.md").write_bytes(broken.titled("draft: true\nicon: star\nweight: 2"))
    line = "Under `gateway serve` only previews show these keys of frontMatter: weight (2 files), icon (1). "
    assert line in gateway("check", tmp_path, "--explain").stdout
    assert "Under `gateway serve`" not in gateway("check", tmp_path).stdout


def test_line_of_keys_is_bounded() -> None:
    """It has ten keys, the number of others, and bounded lengths."""
    keys = {"\x1b[31m\n": 30, "k" * 1000: 20, **{f"key{number}": 1 for number in range(40)}}
    line = unexposed(keys)
    assert line.partition(": ")[2].startswith(rf"'\x1b[31m\n' (30 files), {'k' * 60} (20), key0 (1), ")
    assert "key7 (1) and 32 more. " in line
    assert line.removesuffix("\n").isprintable()
    assert unexposed({}) == ""


def test_broken_site_rules_are_the_only_problems(tmp_path: Path) -> None:
    """Documents are not checked by unknown rules."""
    (tmp_path / "gateway.yaml").write_text("fields: {headline: title}\npin: [{path: a, heat: hot}]\n")
    (tmp_path / "a.md").write_bytes(broken.VALUES["quality.md"].data)
    done = invoke("check", tmp_path, "--explain")
    assert [line.partition(": error ")[0] for line in done.stdout.splitlines()[::2]] == [
        "gateway.yaml:1:10",
        "gateway.yaml:2:23",
        "0 documents; 2 problems (2 errors)",
    ]
    assert done.returncode == 1


def test_seeds_have_no_problems() -> None:
    """The example documents are valid."""
    done = invoke("check", SEEDS, "--strict")
    documents = len([*SEEDS.rglob("*.md"), *SEEDS.rglob("*.txt")])
    assert done.stdout == f"{documents} documents; 0 problems\n"
    assert done.returncode == 0

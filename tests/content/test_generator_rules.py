"""Rules of other generators outside the document's file: hidden documents and problems."""

from __future__ import annotations

import json
import pickle
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.content import site_config
from gateway.content.file_parser import ParseContext, Task, parse
from gateway.content.source import Walk
from gateway.loading.active_rules import GeneratorRules
from gateway.model import Change, Document, FieldOrigin, Loaded, Problem, Quarantined

PLAIN = "---\ntitle: T\n---\n"
DRAFT = "---\ncascade: {draft: true}\n---\n"


class Folder:
    """The results for the documents of a folder."""

    def __init__(self, root: Path, files: Mapping[str, str]) -> None:
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        rules = site_config.read(root)
        assert rules.problems == ()
        listing = Walk(root, include=rules.site.include).run()
        site, self.problems = GeneratorRules(1 << 20, lambda _: None).read(root, listing, rules.site)
        self.site = pickle.loads(pickle.dumps(site))  # noqa: S301 - our own bytes
        run = ParseContext(str(root), site=self.site)
        self.changes: dict[str, Change] = {path: parse(Task(file), run) for path, file in listing.files.items()}

    def document(self, path: str) -> Document:
        change = self.changes[path]
        assert isinstance(change, Loaded)
        assert isinstance(change.document, Document)
        return change.document

    def given(self, path: str) -> tuple[FieldOrigin, ...]:
        change = self.changes[path]
        assert isinstance(change, Loaded)
        return change.field_origins

    @property
    def public(self) -> list[str]:
        loaded = [path for path, change in self.changes.items() if isinstance(change, Loaded)]
        return sorted(path for path in loaded if self.document(path).published)

    @property
    def set_aside(self) -> list[str]:
        return [path for path, change in self.changes.items() if isinstance(change, Quarantined)]

    @property
    def reported(self) -> list[tuple[str, str, str, int | None]]:
        """All problems, including those of the documents."""
        of_documents = [
            problem
            for change in self.changes.values()
            if isinstance(change, Loaded | Quarantined)
            for problem in change.problems
        ]
        return [_told(problem) for problem in (*self.problems, *of_documents)]


def _told(problem: Problem) -> tuple[str, str, str, int | None]:
    return problem.path, problem.severity, problem.code, problem.line


# Hugo.


def test_cascade_hides_documents_below_its_section(tmp_path: Path) -> None:
    """As a mapping or a list, in YAML or TOML. The section itself, other folders and pages with their own value
    stay."""
    folder = Folder(
        tmp_path,
        {
            "_index.md": PLAIN,
            "a/_index.md": "---\ntitle: T\ncascade:\n  draft: true\n---\n",
            "a/b.md": PLAIN,
            "a/deep/_index.md": PLAIN,
            "a/deep/c.md": PLAIN,
            "a/shown.md": "---\ntitle: T\ndraft: false\n---\n",
            "ab.md": PLAIN,
            "list/_index.md": "---\nTitle: T\ncascade:\n  - draft: true\n---\n",
            "list/p.md": PLAIN,
            "toml/_index.md": "+++\ntitle = 'T'\n[cascade]\ndraft = true\n+++\n",
            "toml/p.md": PLAIN,
        },
    )
    assert folder.public == ["_index.md", "a/_index.md", "a/shown.md", "ab.md", "list/_index.md", "toml/_index.md"]
    assert FieldOrigin("draft", "a/_index.md:4") in folder.given("a/deep/c.md")


def test_repeated_cascade(tmp_path: Path) -> None:
    """Each hiding value of a repeated key counts."""
    section = "---\ntitle: S\ncascade: {draft: true}\ncascade: {layout: x}\n---\n"
    folder = Folder(tmp_path, {"a/_index.md": section, "a/p.md": "---\ntitle: P\n---\n"})
    assert folder.public == ["a/_index.md"]


def test_nearest_cascade_takes_precedence(tmp_path: Path) -> None:
    """Key by key."""
    folder = Folder(
        tmp_path,
        {
            "_index.md": "---\ntitle: T\ncascade: {draft: true, type: far, category: c}\n---\n",
            "a/_index.md": "---\ntitle: T\ncascade: {draft: false, type: near}\n---\n",
            "a/p.md": PLAIN,
            "p.md": PLAIN,
        },
    )
    assert folder.public == ["_index.md", "a/p.md"]
    assert (folder.document("a/p.md").type, folder.document("a/p.md").category) == ("near", "c")


@pytest.mark.parametrize(
    ("target", "hidden"),
    [
        ("{path: '/blog/**'}", ["blog/a.md", "blog/b/c.fr.md"]),
        ("{path: '/Blog/a'}", ["blog/a.md"]),
        ("{path: '/blog'}", ["blog/_index.md"]),
        ("{path: '{/blog/a,/x}'}", ["blog/a.md", "x/index.md"]),
        ("{path: 'blog/b/*', kind: page}", ["blog/b/c.fr.md"]),
        ("{kind: section}", ["blog/_index.md"]),
        ("{kind: page}", ["blog/a.md", "blog/b/c.fr.md", "x/index.md"]),
    ],
)
@pytest.mark.parametrize("key", ["_target", "target"])
def test_cascade_target(tmp_path: Path, key: str, target: str, hidden: list[str]) -> None:
    """By path, in Hugo's syntax, and by kind."""
    files = ["blog/_index.md", "blog/a.md", "blog/b/c.fr.md", "x/index.md"]
    cascade = f"---\ntitle: T\ncascade:\n  - {key}: {target}\n    draft: true\n---\n"
    folder = Folder(tmp_path, dict.fromkeys(files, PLAIN) | {"_index.md": cascade})
    assert [path for path in files if path not in folder.public] == hidden
    assert folder.problems == ()


def test_unknown_cascade_target(tmp_path: Path) -> None:
    """Hiding rules apply to everything below, and other rules to nothing. Both are reported."""
    folder = Folder(
        tmp_path,
        {
            "a/_index.md": "---\ntitle: T\ncascade:\n  - target: {environment: production}\n    draft: true\n---\n",
            "a/p.md": PLAIN,
            "b/_index.md": "---\ntitle: T\ncascade: {target: {lang: de}, type: other}\n---\n",
            "b/p.md": PLAIN,
        },
    )
    assert folder.public == ["a/_index.md", "b/_index.md", "b/p.md"]
    assert folder.document("b/p.md").type == "article"
    assert folder.reported == [
        ("a/_index.md", "WARNING", "RULES_NOT_APPLIED", 5),
        ("b/_index.md", "WARNING", "RULES_NOT_APPLIED", 3),
    ]


def test_section_in_one_language(tmp_path: Path) -> None:
    """`_index.fr.md` is the section's page in French."""
    folder = Folder(tmp_path, {"_index.fr.md": DRAFT, "a.fr.md": PLAIN, "a.md": PLAIN, "a.de.md": PLAIN})
    assert folder.public == ["_index.fr.md", "a.de.md", "a.md"]


@pytest.mark.parametrize("name", ["hugo.toml", "config.toml", "config/_default/hugo.toml", "hugo.json"])
def test_cascade_of_the_site_configuration(tmp_path: Path, name: str) -> None:
    """If the configuration is in the folder."""
    toml = "title = 'S'\n[[cascade]]\ndraft = true\n[cascade.target]\npath = '/secret/**'\n"
    data = '{"title": "S", "cascade": [{"draft": true, "target": {"path": "/secret/**"}}]}'
    folder = Folder(
        tmp_path, {name: data if name.endswith("json") else toml, "content/secret/p.md": PLAIN, "content/p.md": PLAIN}
    )
    assert folder.public == ["content/p.md"]


# Zola.


def test_draft_section_hides_everything_below(tmp_path: Path) -> None:
    """For any values of the documents. A pin shows one. It is reported once."""
    folder = Folder(
        tmp_path,
        {
            "gateway.yaml": "pin: [{path: a/pinned.md, published: true}]",
            "a/_index.md": "+++\ntitle = 'T'\ndraft = true\n+++\n",
            "a/p.md": "---\ntitle: T\ndraft: false\npublished: true\n---\n",
            "a/b/c.md": PLAIN,
            "a/pinned.md": PLAIN,
            "d.md": PLAIN,
        },
    )
    assert folder.public == ["a/pinned.md", "d.md"]
    assert folder.reported == [("a/_index.md", "INFO", "HIDES_OTHERS", 3)]
    assert FieldOrigin("published", "a/_index.md:3") in folder.given("a/p.md")


# Eleventy.


@pytest.mark.parametrize("name", ["posts/posts.json", "posts/posts.11tydata.json", "posts/index.11tydata.json"])
def test_folder_data(tmp_path: Path, name: str) -> None:
    """It applies to everything below, also if its values have tabs and escapes."""
    data = '{\n\t"draft": true,\n\t"tags": ["\\ud83d\\ude00 a"],\n\t"a": 1,\n\t"b": "\\/"\n}'
    shown = "---\ntitle: T\ndraft: false\ntags: [own]\n---\n"
    folder = Folder(tmp_path, {name: data, "posts/a.md": PLAIN, "posts/b/c.md": shown, "posts.md": PLAIN})
    assert folder.public == ["posts.md", "posts/b/c.md"]
    document = folder.document("posts/a.md")
    assert [topic.name for topic in document.topics] == ["😀 a"]
    assert json.loads(document.front_matter) == {"a": 1, "b": "/"}
    assert [topic.name for topic in folder.document("posts/b/c.md").topics] == ["own"]
    assert FieldOrigin("draft", f"{name}:2") in folder.given("posts/a.md")


def test_document_data_takes_precedence(tmp_path: Path) -> None:
    """It does not affect documents of other names."""
    folder = Folder(
        tmp_path,
        {
            "p/p.json": '{"category": "folder", "type": "folder"}',
            "p/p.11tydata.json": '{"category": "better"}',
            "p/a.json": '{"draft": true, "category": "a"}',
            "p/b.11tydata.json": '{"published": false}',
            "p/a.md": PLAIN,
            "p/b.md": PLAIN,
            "p/a/c.md": PLAIN,
        },
    )
    assert folder.public == ["p/a/c.md"]
    assert [(each.category, each.type) for each in map(folder.document, ("p/a.md", "p/a/c.md"))] == [
        ("a", "folder"),
        ("better", "folder"),
    ]


def test_data_of_the_content_folder(tmp_path: Path) -> None:
    """The folder may have another name where it is served."""
    folder = Folder(tmp_path, {"content.11tydata.json": '{"draft": true}', "a/p.md": PLAIN})
    assert folder.public == []


def test_data_for_single_documents(tmp_path: Path) -> None:
    """Addresses and bulk data do not apply to folders; Eleventy's words for a file's date are not dates."""
    data = json.dumps({"permalink": "/a/", "layout": "l", "date": "git Last Modified", "rows": ["x" * 100] * 100})
    folder = Folder(tmp_path, {"p/p.json": data, "p/c.md": PLAIN, "p/b.json": data, "p/b.md": PLAIN})
    several, one = folder.document("p/c.md"), folder.document("p/b.md")
    assert (several.slug, json.loads(several.front_matter)) == ("c", {"layout": "l"})
    assert (one.slug, json.loads(one.front_matter).keys()) == ("a", {"layout", "rows"})
    assert (one.published_date_time, folder.reported) == (None, [])


def test_data_program_is_reported(tmp_path: Path) -> None:
    """Unless a pin sets the same value."""
    files = {"posts/posts.11tydata.js": "module.exports = {};", "posts/a.md": PLAIN}
    assert Folder(tmp_path, files).reported == [("posts/posts.11tydata.js", "WARNING", "RULES_NOT_APPLIED", 1)]
    pinned = Folder(tmp_path, {**files, "gateway.yaml": "pin: [{path: posts, published: true}]"})
    assert pinned.reported == []


def test_other_json_is_ignored(tmp_path: Path) -> None:
    """Data without a folder or document of its name, and lists."""
    folder = Folder(tmp_path, {"a/b.json": '{"draft": true}', "a/a.json": "[1]", "package.json": "{", "a/p.md": PLAIN})
    assert folder.public == ["a/p.md"]
    assert folder.reported == []


# Jekyll.


def test_scopes_of_defaults(tmp_path: Path) -> None:
    """By path and type. Longer paths take precedence, and of equal ones the last."""
    config = """
defaults:
  - scope: {path: "", type: posts}
    values: {published: false, category: far, lang: de}
  - scope: {path: "_posts/near"}
    values: {category: near}
  - scope: {path: "_posts/near"}
    values: {category: last}
  - scope: {path: "section/*/x.md"}
    values: {published: false}
  - scope: {type: pages}
    values: {type: page}
"""
    folder = Folder(
        tmp_path,
        {
            "_config.yml": config,
            "_posts/a.md": PLAIN,
            "_posts/near/b.md": "---\ntitle: T\npublished: true\nlocale: fr\n---\n",
            "sub/_posts/c.md": PLAIN,
            "_recipes/d.md": PLAIN,
            "section/1/x.md": PLAIN,
            "section/1/y.md": PLAIN,
        },
    )
    assert folder.public == ["_posts/near/b.md", "_recipes/d.md", "section/1/y.md"]
    near = folder.document("_posts/near/b.md")
    assert (near.category, near.locale, folder.document("_posts/a.md").locale) == ("last", "fr", "de")
    assert [folder.document(path).type for path in ("_recipes/d.md", "section/1/y.md")] == ["article", "page"]
    assert folder.reported == []


def test_documents_without_a_page_are_drafts(tmp_path: Path) -> None:
    """Collections without output, and excluded files."""
    config = (
        "collections:\n  recipes: {output: true}\n  staff: {output: false}\nexclude: [README.md, vendor/, '*.txt']\n"
    )
    files = ["README.md", "_recipes/a.md", "_staff/b.md", "a/README.md", "a/b.txt", "vendor/c.md", "vendors.md"]
    folder = Folder(tmp_path, dict.fromkeys(files, PLAIN) | {"_config.yml": config})
    assert folder.public == ["_recipes/a.md", "a/README.md", "vendors.md"]
    assert folder.reported == [("_config.yml", "INFO", "HIDES_OTHERS", 3)]
    assert FieldOrigin("published", "_config.yml:4") in folder.given("vendor/c.md")


# Names.


def test_underscore_names_are_drafts(tmp_path: Path) -> None:
    """Except section pages. A pin shows one. Collection folders are ordinary."""
    files = ["_a.md", "_drafts/b.md", "x/_drafts/y/c.md", "x/_index.md", "x/_index.fr.md", "_posts/d.md", "_pinned.md"]
    shown = "---\ntitle: T\npublished: true\ndraft: false\n---\n"
    pin = {"gateway.yaml": "pin: [{path: _pinned.md, published: true}]"}
    folder = Folder(tmp_path, dict.fromkeys(files, shown) | pin)
    assert folder.public == ["_pinned.md", "_posts/d.md", "x/_index.fr.md", "x/_index.md"]
    assert folder.reported == []
    assert FieldOrigin("published", "the file name") in folder.given("_a.md")
    assert FieldOrigin("published", "the folder _drafts") in folder.given("x/_drafts/y/c.md")


def test_generator_folders_have_no_documents(tmp_path: Path) -> None:
    """Unless the site includes them by name."""
    files = [f"{name}/a.md" for name in ("_includes", "_layouts", "x/_data", "_sass/deep", "_site", "_others")]
    assert list(Folder(tmp_path, dict.fromkeys(files, PLAIN)).changes) == ["_others/a.md"]
    include = {"gateway.yaml": "include: ['x/_data/*', _sass]", "x/_data/b.yaml": "title: T"}
    found = Folder(tmp_path, include).changes
    assert list(found) == ["_others/a.md", "_sass/deep/a.md", "x/_data/a.md", "x/_data/b.yaml"]


# Errors.


@pytest.mark.parametrize(
    ("path", "text", "code"),
    [
        ("a/_index.md", "---\ncascade: {draft: true\n---\n", "RULES_UNREADABLE"),
        ("a/_index.md", "---\ncascade: draft\n---\n", "RULES_UNREADABLE"),
        ("a/_index.md", "---\ndraft: maybe\n---\n", "RULES_UNREADABLE"),
        ("a/_index.md", "---\ncascade: {draft: maybe}\n---\n", "BAD_VISIBILITY"),
        ("a/_index.md", "---\ncascade: {Draft: no}\n---\n", "BAD_VISIBILITY"),
        ("a/_index.md", "---\ncascade: {date: 2024-13-01}\n---\n", "BAD_VISIBILITY"),
        ("a/a.json", '{"draft": ', "RULES_UNREADABLE"),
        ("a/p.11tydata.json", "\0", "RULES_UNREADABLE"),
        ("_config.yml", "defaults: [", "RULES_UNREADABLE"),
        ("_config.yml", "defaults: []\n---\ntitle: T\n", "RULES_UNREADABLE"),
        ("hugo.toml", "cascade = ", "RULES_UNREADABLE"),
    ],
)
def test_unreadable_rules_set_documents_aside(tmp_path: Path, path: str, text: str, code: str) -> None:
    """They might hide them. It is reported once, for the file of rules. A pin shows a document."""
    pin = "pin: [{path: a/pinned.md, published: true}]"
    folder = Folder(tmp_path, {path: text, "a/p.md": PLAIN, "a/pinned.md": PLAIN, "gateway.yaml": pin})
    assert "a/p.md" in folder.set_aside
    assert "a/p.md" not in folder.public
    assert ("a/pinned.md" in folder.public) is (code == "RULES_UNREADABLE")
    assert [(problem.path, problem.severity, problem.code) for problem in folder.problems] == [(path, "ERROR", code)]
    assert all(reported[0] == path for reported in folder.reported)


def test_broken_file_without_rules(tmp_path: Path) -> None:
    """A broken section or configuration that cannot contain a rule sets no other file aside."""
    files = {"_index.md": "---\ntitle: [\n---\n", "_config.yml": "title: [", "config.yaml": "a: [", "p.md": PLAIN}
    assert Folder(tmp_path, files).public == ["p.md"]


@pytest.mark.parametrize(("key", "reported"), [("Cascade", []), ("cascad", ["ERROR"]), ("cacsade", ["ERROR"])])
def test_misspelt_cascade(tmp_path: Path, key: str, reported: list[str]) -> None:
    """It applies and is reported, because Hugo ignores case."""
    folder = Folder(tmp_path, {"_index.md": f"---\ntitle: T\n{key}:\n  draft: true\n---\n", "p.md": PLAIN})
    assert folder.public == ["_index.md"]
    assert [_told(problem) for problem in folder.problems] == [
        ("_index.md", each, "RULES_UNREADABLE", 3) for each in reported
    ]


def test_inherited_values_are_checked_once(tmp_path: Path) -> None:
    """In their file, and not per inheriting document."""
    cascade = "---\ntitle: T\ncascade:\n  quality: high\n  lcoale: de\n---\n"
    folder = Folder(tmp_path, {"_index.md": cascade, "a.md": PLAIN, "b.md": PLAIN})
    assert folder.reported == [("_index.md", "WARNING", "UNKNOWN_KEY", 5), ("_index.md", "WARNING", "BAD_VALUE", 4)]
    assert folder.public == ["_index.md", "a.md", "b.md"]


def test_link_to_rules_is_reported(tmp_path: Path) -> None:
    """It is not followed."""
    (tmp_path / "posts").mkdir()
    (tmp_path / "posts/posts.json").symlink_to("/etc/hostname")
    listing = Walk(tmp_path).run()
    assert [(problem.path, problem.code) for problem in listing.problems] == [("posts/posts.json", "LINK")]


def test_digest_of_rules(tmp_path: Path) -> None:
    """Another body or title does not change it. Other values, positions or orders do."""

    def digest(files: Mapping[str, str]) -> str:
        shutil.rmtree(tmp_path)
        tmp_path.mkdir()
        digest: str = Folder(tmp_path, files).site.inherited.digest
        return digest

    one = digest({"a/_index.md": DRAFT})
    assert digest({"a/_index.md": PLAIN}) == ""
    assert digest({"a/_index.md": f"---\ntitle: T\n{DRAFT[4:]}body"}) == one
    assert one != digest({"b/_index.md": DRAFT})
    assert one != digest({"a/_index.md": "---\ncascade: {draft: false}\n---\n"})


# Combinations.

NAMES = ("a", "b", "_drafts", "_c")
SAYS = (None, True, False)


def _front(says: bool | None) -> str:
    return "" if says is None else f"draft: {str(says).lower()}\n"


@st.composite
def trees(draw: st.DrawFn) -> dict[str, tuple[str, bool | None]]:
    """File contents by path, with their draft state."""
    folders = draw(st.lists(st.lists(st.sampled_from(NAMES), max_size=3).map("/".join), max_size=4, unique=True))
    tree: dict[str, tuple[str, bool | None]] = {}
    for folder in folders:
        prefix = f"{folder}/" if folder else ""
        last = folder.rpartition("/")[2]
        kinds = {"p.md": "page", "_q.md": "page", "_index.md": "cascade", "p.json": "data"}
        names = {**kinds, f"{last}.json": "data"} if folder else kinds
        for name, kind in names.items():
            if draw(st.booleans()):
                section = kind == "cascade" and draw(st.booleans())
                tree[prefix + name] = ("section" if section else kind, draw(st.sampled_from(SAYS)))
    return tree


def _written(kind: str, says: bool | None) -> str:
    if kind == "data":
        return json.dumps({} if says is None else {"draft": says})
    if kind == "cascade" and says is not None:
        return f"---\ntitle: T\ncascade: {{draft: {str(says).lower()}}}\n---\n"
    return f"---\ntitle: T\n{_front(says)}---\n"


def _is_hidden(tree: Mapping[str, tuple[str, bool | None]], path: str) -> bool:
    """The expected effect of the rules."""
    *folders, name = path.split("/")
    above = ["/".join([*folders[:depth], ""]).lstrip("/") for depth in range(len(folders), -1, -1)]
    if "_drafts" in folders or (name.startswith("_") and name != "_index.md"):
        return True
    kind, own = tree[path]
    sections = [f"{folder}_index.md" for folder in above if f"{folder}_index.md" != path]
    if any(tree.get(section) == ("section", True) for section in sections):
        return True
    said = [own if kind != "cascade" else None, tree.get(path.replace(".md", ".json"), ("", None))[1]]
    for folder in above:
        data = f"{folder}{folder.rstrip('/').rpartition('/')[2]}.json" if folder else ""
        kind, cascaded = tree.get(f"{folder}_index.md", ("", None))
        inherits = kind == "cascade" and f"{folder}_index.md" != path
        said += [tree.get(data, ("", None))[1], cascaded if inherits else None]
    return next((each for each in said if each is not None), False)


@given(trees())
@settings(max_examples=60)
def test_rules_hide_exactly_the_expected_documents(
    tmp_path_factory: pytest.TempPathFactory, tree: dict[str, tuple[str, bool | None]]
) -> None:
    """For any folder."""
    root = tmp_path_factory.mktemp("tree")
    folder = Folder(root, {path: _written(*said) for path, said in tree.items()})
    shutil.rmtree(root)
    documents = [path for path in folder.changes if path.endswith(".md")]
    assert set(folder.public) == {path for path in documents if not _is_hidden(tree, path)}

"""Rules of other generators outside the document's file: hidden documents and problems."""

from __future__ import annotations

import json
import os
import pickle
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.content import generator_rules, site_config
from gateway.content.file_parser import ParseContext, Task, parse
from gateway.content.generator_rules import KnownRules
from gateway.content.rules_file import RulesFile
from gateway.content.site import DEFAULT_SITE, Site
from gateway.content.source import Walk
from gateway.loading.active_rules import GeneratorRules
from gateway.model.changes import Change, Loaded, Quarantined
from gateway.model.documents import Document, FieldOrigin
from gateway.model.problems import Problem

PLAIN = "---\ntitle: T\n---\n"
DRAFT = "---\ncascade: {draft: true}\n---\n"


class Folder:
    """The results for the documents of a folder."""

    def __init__(self, root: Path, files: Mapping[str, str], *, follow_links: bool = False) -> None:
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        rules = site_config.read(root)
        assert rules.problems == ()
        listing = Walk(root, include=rules.site.include, follow_links=follow_links).run()
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
    def told(self) -> list[tuple[str, str, str, int | None]]:
        """All problems, those of the documents too."""
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
    assert folder.told == [
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


BUNDLE = ["b/index.md", "b/p.md", "b/sub/q.md", "b/x.fr.md", "bb.md", "c/index.md", "c/p.md", "index.md"]


@pytest.mark.parametrize(
    "key",
    [
        *("headless: true", "build: {render: never}", "_build: {render: never}", "build: {Render: link}"),
        *("draft: true", "published: false", "private: true", "status: draft"),
    ],
)
def test_a_hidden_leaf_bundle_hides_its_documents(tmp_path: Path, key: str) -> None:
    """They are resources of its page, whatever they say themselves."""
    shown = "---\ntitle: T\ndraft: false\n---\n"
    page = f"---\ntitle: T\n{key}\n---\n"
    pin = {"gateway.yaml": "pin: [{path: b/pinned.md, published: true}]", "b/pinned.md": PLAIN}
    folder = Folder(tmp_path, dict.fromkeys(BUNDLE, shown) | {"b/index.md": page} | pin)
    assert folder.public == ["b/pinned.md", "bb.md", "c/index.md", "c/p.md", "index.md"]
    assert [_told(problem) for problem in folder.problems] == [("b/index.md", "INFO", "HIDES_OTHERS", 3)]
    assert FieldOrigin("published", "b/index.md:3") in folder.given("b/p.md")


@pytest.mark.parametrize("text", [PLAIN, "---\ntitle: T\ndraft: false\n---\n", "Text.", "---\ntitle: [\n---\n"])
def test_another_page_of_a_folder_hides_nothing(tmp_path: Path, text: str) -> None:
    """Without a key that hides, and where the home page of a whole site is a draft."""
    home = "---\ntitle: T\ndraft: true\n---\n"
    folder = Folder(tmp_path, dict.fromkeys(BUNDLE, PLAIN) | {"b/index.md": text, "index.md": home})
    hidden = {"index.md"} if text.startswith("---\ntitle: T") else {"index.md", "b/index.md"}
    assert folder.public == sorted({*BUNDLE} - hidden)
    assert folder.problems == ()


def test_a_bundle_in_one_language_concerns_its_language(tmp_path: Path) -> None:
    """`index.fr.md` is the page in French, and the page in another language stays."""
    page = "---\ntitle: T\nheadless: true\n---\n"
    folder = Folder(tmp_path, dict.fromkeys(BUNDLE, PLAIN) | {"b/index.fr.md": page})
    assert folder.public == sorted({*BUNDLE} - {"b/x.fr.md"})
    assert "b/index.fr.md" in Folder(tmp_path, {"b/index.md": page, "b/index.fr.md": PLAIN}).public


def test_dates_of_a_bundle_restrict_its_documents(tmp_path: Path) -> None:
    """They are public only while the page is, and unlisted if it is. Their own dates stay as they are."""
    own = "---\ntitle: T\ndate: 2020-05-06\nexpiryDate: 2098-01-01\nunlisted: false\n---\n"
    page = "---\ntitle: T\ndate: 2097-01-01\nexpiryDate: 2099-01-01\nbuild: {list: never}\n---\n"
    dated = {"2096-01-01-d/index.md": PLAIN, "2096-01-01-d/p.md": own}
    pin = {"gateway.yaml": "pin: [{path: b/pinned.md, published: true}]"}
    folder = Folder(tmp_path, {"b/index.md": page, "b/p.md": own, "b/pinned.md": own} | dated | pin)

    def years(path: str) -> list[int | None]:
        document = folder.document(path)
        times = document.published_date_time, document.public_from, document.public_until
        return [time.year if time else None for time in times]

    assert years("b/p.md") == [2020, 2097, 2098]
    assert years("b/pinned.md") == [2020, 2020, 2098]
    assert years("2096-01-01-d/p.md") == [2020, 2096, 2098]
    assert [folder.document(path).unlisted for path in ("b/p.md", "b/pinned.md")] == [True, False]
    change = folder.changes["b/p.md"]
    assert isinstance(change, Loaded)
    assert {(each.status, each.source) for each in change.hidings} == {
        ("SCHEDULED", "b/index.md:2"),
        ("EXPIRED", "`expiryDate`"),
        (None, "b/index.md:2"),
    }


@pytest.mark.parametrize(
    "text", ["---\ndraft: maybe\n---\n", "---\ntitle: [\nheadless: true\n---\n", "---\nheadles: true\n---\n"]
)
def test_an_unclear_bundle_sets_its_documents_aside(tmp_path: Path, text: str) -> None:
    """Its page may hide them."""
    folder = Folder(tmp_path, dict.fromkeys(BUNDLE, PLAIN) | {"b/index.md": text})
    assert sorted(folder.set_aside) == ["b/index.md", "b/p.md", "b/sub/q.md", "b/x.fr.md"]
    assert [_told(problem)[:3] for problem in folder.problems] == [("b/index.md", "ERROR", "RULES_UNREADABLE")]


CASCADES = {
    "config/_default/cascade.toml": "draft = true\n[target]\npath = '/secret/**'\n",
    "config/production/cascade.toml": "[[cascade]]\ndraft = true\n[cascade.target]\npath = '/secret/**'\n",
    "config/_default/cascade.yaml": "draft: true\ntarget: {path: /secret/**}\n",
    "config/_default/cascade.yml": "cascade: [{draft: true, target: {path: /secret/**}}]\n",
    "config/_default/cascade.json": '{"draft": true, "target": {"path": "/secret/**"}}',
}


@pytest.mark.parametrize("path", CASCADES)
def test_a_cascade_may_have_a_file_of_its_own(tmp_path: Path, path: str) -> None:
    """With or without its key."""
    folder = Folder(tmp_path, {path: CASCADES[path], "content/secret/p.md": PLAIN, "content/p.md": PLAIN})
    assert folder.public == ["content/p.md"]


@pytest.mark.parametrize("path", ["/my-notes/**", "/my notes/**", "/My-Notes/a-page"])
def test_a_space_in_a_name_is_a_hyphen_in_a_target(tmp_path: Path, path: str) -> None:
    """As in the paths of Hugo."""
    cascade = f"---\ntitle: T\ncascade: {{draft: true, target: {{path: '{path}'}}}}\n---\n"
    folder = Folder(tmp_path, {"_index.md": cascade, "my notes/a page.md": PLAIN, "mynotes/a page.md": PLAIN})
    assert folder.public == ["_index.md", "mynotes/a page.md"]


@pytest.mark.parametrize("text", ['{"title": "S", "cascade": {"draft": true}}\nBody', '\ufeff{\n\t"draft": true\n}\n'])
def test_json_holds_rules(tmp_path: Path, text: str) -> None:
    """As in other front matter."""
    folder = Folder(tmp_path, {"a/_index.md": text, "a/p.md": PLAIN, "p.md": PLAIN})
    assert "a/p.md" not in folder.public
    assert (folder.public[-1], folder.set_aside) == ("p.md", [])


@pytest.mark.parametrize("text", ['{"title": "S", "cascade": {"draft": true}', '{"draft": tru}', '{"draft": "maybe"}'])
def test_broken_json_sets_documents_aside(tmp_path: Path, text: str) -> None:
    """It may hide them. Text that begins with a tag of a template is not JSON."""
    folder = Folder(tmp_path, {"a/_index.md": text, "a/p.md": PLAIN, "b/_index.md": "{{< draft >}}", "b/p.md": PLAIN})
    assert (folder.public, folder.set_aside) == (["b/p.md"], ["a/_index.md", "a/p.md"])
    assert [_told(problem)[:3] for problem in folder.problems] == [("a/_index.md", "ERROR", "RULES_UNREADABLE")]


IGNORABLE = ["a/wip-1.md", "a/wip.md", "secret/p.md", "x.secret/p.md", "z.md", "z.txt"]


@pytest.mark.parametrize(
    ("regex", "hidden"),
    [
        (r"\.txt$", ["z.txt"]),
        ("/secret/", ["secret/p.md"]),
        ("secret/", ["secret/p.md", "x.secret/p.md"]),
        ("/a/wip.*md$", ["a/wip-1.md", "a/wip.md"]),
        ("a.*-.*d", ["a/wip-1.md"]),
        (r"wip\.md", ["a/wip.md"]),
        ("p.md$", ["a/wip.md", "secret/p.md", "x.secret/p.md"]),
    ],
)
@pytest.mark.parametrize("key", ["ignoreFiles", "ignorefiles"])
def test_files_that_hugo_ignores_are_drafts(tmp_path: Path, key: str, regex: str, hidden: list[str]) -> None:
    """By a regular expression that matches a part of the path."""
    folder = Folder(tmp_path, dict.fromkeys(IGNORABLE, PLAIN) | {"hugo.toml": f"{key} = ['{regex}']\n"})
    assert [path for path in IGNORABLE if path not in folder.public] == hidden
    assert folder.told == []


@pytest.mark.parametrize("regex", ["^p", "p+", "(p|b)", "[pb]", "p{2}", r"\w", r"p\$", "p.**"])
def test_other_regular_expressions_are_reported(tmp_path: Path, regex: str) -> None:
    """They could be slow, or begin at a folder that is unknown."""
    folder = Folder(tmp_path, {"p.md": PLAIN, "hugo.toml": f"title = 'T'\nignoreFiles = ['{regex}']\n"})
    assert folder.public == ["p.md"]
    assert folder.told == [("hugo.toml", "WARNING", "RULES_NOT_APPLIED", 2)]


def test_excerpt_separator_of_jekyll(tmp_path: Path) -> None:
    """It ends the excerpts of all documents, unless a document has its own."""
    own = '---\ntitle: A\nexcerpt_separator: "***"\n---\none <!--x--> two\n\n***\n\nthree\n'
    files = {
        "_config.yml": "title: T\nexcerpt_separator: <!--x-->\n",
        "_posts/a.md": own,
        "b.md": PLAIN + "one <!--x--> two",
    }
    folder = Folder(tmp_path, files)
    assert folder.told == []
    assert [folder.document(path).lead for path in ("_posts/a.md", "b.md")] == ["one two", "one"]
    assert folder.document("b.md").front_matter == b"{}"


@pytest.mark.parametrize(("path", "key"), [("hugo.yaml", "timeZone"), ("_config.yml", "timezone")])
def test_a_time_zone_is_reported(tmp_path: Path, path: str, key: str) -> None:
    """It is not applied, unless gateway.yaml has one too, or it is the usual one."""
    zone = f"title: T\n{key}: America/New_York\n"
    assert Folder(tmp_path / "a", {path: zone}).told == [(path, "WARNING", "RULES_NOT_APPLIED", 2)]
    assert Folder(tmp_path / "b", {path: zone, "gateway.yaml": "timezone: UTC"}).told == []
    assert Folder(tmp_path / "c", {path: f"{key}: Etc/UTC\n"}).told == []


# Zola.


def test_draft_section_hides_everything_below(tmp_path: Path) -> None:
    """Whatever the documents contain. A pin shows one. It is reported once."""
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
    assert folder.told == [("a/_index.md", "INFO", "HIDES_OTHERS", 3)]
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
    assert (one.published_date_time, folder.told) == (None, [])


def test_data_program_is_reported(tmp_path: Path) -> None:
    """Unless a pin sets the same value."""
    files = {"posts/posts.11tydata.js": "module.exports = {};", "posts/a.md": PLAIN}
    assert Folder(tmp_path, files).told == [("posts/posts.11tydata.js", "WARNING", "RULES_NOT_APPLIED", 1)]
    pinned = Folder(tmp_path, {**files, "gateway.yaml": "pin: [{path: posts, published: true}]"})
    assert pinned.told == []


def test_other_json_is_ignored(tmp_path: Path) -> None:
    """Data without a folder or document of its name, and lists."""
    folder = Folder(tmp_path, {"a/b.json": '{"draft": true}', "a/a.json": "[1]", "package.json": "{", "a/p.md": PLAIN})
    assert folder.public == ["a/p.md"]
    assert folder.told == []


def test_ignored_paths_are_drafts(tmp_path: Path) -> None:
    """Files, folders and patterns. Lines that cannot be applied are reported."""
    lines = "# A comment\n\nREADME.md\n./drafts/\nx/**/wip-*.md\r\n*.txt\n!README.md\nlog[0-9].md\n"
    files = ["README.md", "a/README.md", "b.txt", "draft.md", "drafts/a/p.md", "log1.md", "x/wip-1.md", "x/y/wip-2.md"]
    ignore = {".eleventyignore": lines, "a/.eleventyignore": "README.md"}
    folder = Folder(tmp_path, dict.fromkeys(files, PLAIN) | ignore)
    assert folder.public == ["a/README.md", "draft.md", "log1.md"]
    assert folder.told == [(".eleventyignore", "WARNING", "RULES_NOT_APPLIED", line) for line in (7, 8)]
    assert FieldOrigin("published", ".eleventyignore:3") in folder.given("README.md")


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
    assert folder.told == []


@pytest.mark.parametrize(
    ("kind", "hidden"), [("post", ["_posts/a.md"]), ("page", ["b.md"]), ("draft", ["x/_drafts/c.md"]), ("pos", [])]
)
def test_a_type_may_be_singular(tmp_path: Path, kind: str, hidden: list[str]) -> None:
    """As Jekyll reads it."""
    config = f"defaults: [{{scope: {{path: '', type: {kind}}}, values: {{type: t}}}}]"
    files = ["_posts/a.md", "b.md", "x/_drafts/c.md"]
    folder = Folder(tmp_path, dict.fromkeys(files, PLAIN) | {"_config.yml": config})
    assert [path for path in files if folder.document(path).type == "t"] == hidden


def test_documents_without_a_page_are_drafts(tmp_path: Path) -> None:
    """Collections without output, and excluded files."""
    config = (
        "collections:\n  recipes: {output: true}\n  staff: {output: false}\nexclude: [README.md, vendor/, '*.txt']\n"
    )
    files = ["README.md", "_recipes/a.md", "_staff/b.md", "a/README.md", "a/b.txt", "vendor/c.md", "vendors.md"]
    folder = Folder(tmp_path, dict.fromkeys(files, PLAIN) | {"_config.yml": config})
    assert folder.public == ["_recipes/a.md", "a/README.md", "vendors.md"]
    assert folder.told == [("_config.yml", "INFO", "HIDES_OTHERS", 3)]
    assert FieldOrigin("published", "_config.yml:4") in folder.given("vendor/c.md")


# Names.


def test_underscore_names_are_drafts(tmp_path: Path) -> None:
    """Except section pages. A pin shows one. Collection folders are ordinary."""
    files = ["_a.md", "_drafts/b.md", "x/_drafts/y/c.md", "x/_index.md", "x/_index.fr.md", "_posts/d.md", "_pinned.md"]
    shown = "---\ntitle: T\npublished: true\ndraft: false\n---\n"
    pin = {"gateway.yaml": "pin: [{path: _pinned.md, published: true}]"}
    folder = Folder(tmp_path, dict.fromkeys(files, shown) | pin)
    assert folder.public == ["_pinned.md", "_posts/d.md", "x/_index.fr.md", "x/_index.md"]
    assert folder.told == []
    assert FieldOrigin("published", "the file name") in folder.given("_a.md")
    assert FieldOrigin("published", "the folder _drafts") in folder.given("x/_drafts/y/c.md")


def test_only_the_page_of_a_section_may_have_an_underscore(tmp_path: Path) -> None:
    """In a language of ISO 639-1, or in one that the site lists."""
    names = ["_Index.md", "_index.fr.md", "_index.fr.old.md", "_index.gsw.md", "_index.md", "_index.old.md"]
    folder = Folder(tmp_path, dict.fromkeys((f"a/{name}" for name in names), PLAIN))
    assert folder.public == ["a/_Index.md", "a/_index.fr.md", "a/_index.md"]
    listed = Folder(tmp_path, {"gateway.yaml": "locales: [gsw]"})
    assert listed.public == ["a/_Index.md", "a/_index.fr.md", "a/_index.gsw.md", "a/_index.md"]


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
    assert all(told[0] == path for told in folder.told)


def test_broken_file_without_rules(tmp_path: Path) -> None:
    """A broken section or configuration that cannot contain a rule sets no other file aside."""
    files = {"_index.md": "---\ntitle: [\n---\n", "_config.yml": "title: [", "config.yaml": "a: [", "p.md": PLAIN}
    assert Folder(tmp_path, files).public == ["p.md"]


@pytest.mark.parametrize(("key", "told"), [("Cascade", []), ("cascad", ["ERROR"]), ("cacsade", ["ERROR"])])
def test_misspelt_cascade(tmp_path: Path, key: str, told: list[str]) -> None:
    """It applies and is reported, because Hugo ignores case."""
    folder = Folder(tmp_path, {"_index.md": f"---\ntitle: T\n{key}:\n  draft: true\n---\n", "p.md": PLAIN})
    assert folder.public == ["_index.md"]
    assert [_told(problem) for problem in folder.problems] == [
        ("_index.md", each, "RULES_UNREADABLE", 3) for each in told
    ]


def test_inherited_values_are_checked_once(tmp_path: Path) -> None:
    """In their file, and not per inheriting document."""
    cascade = "---\ntitle: T\ncascade:\n  quality: high\n  lcoale: de\n---\n"
    folder = Folder(tmp_path, {"_index.md": cascade, "a.md": PLAIN, "b.md": PLAIN})
    assert folder.told == [("_index.md", "WARNING", "UNKNOWN_KEY", 5), ("_index.md", "WARNING", "BAD_VALUE", 4)]
    assert folder.public == ["_index.md", "a.md", "b.md"]


@pytest.mark.parametrize(
    ("path", "closed"),
    [
        ("a/_index.md", ["a/p.fr.md", "a/p.md"]),
        ("a/_index.fr.md", ["a/p.fr.md"]),
        ("a/a.json", ["a/p.fr.md", "a/p.md"]),
        ("a/p.11tydata.json", ["a/p.md"]),
        ("_config.yml", ["a/p.fr.md", "a/p.md", "o.md"]),
        ("hugo.toml", ["a/p.fr.md", "a/p.md", "o.md"]),
        ("config/_default/cascade.toml", ["a/p.fr.md", "a/p.md", "o.md"]),
        (".eleventyignore", ["a/p.fr.md", "a/p.md", "o.md"]),
    ],
)
@pytest.mark.parametrize("make", ["link", "dangling link", "pipe", "large file"])
def test_rules_that_are_not_read_set_documents_aside(tmp_path: Path, path: str, closed: list[str], make: str) -> None:
    """A link is not followed, as no link is, and a pipe is not waited for. What such a file would hide is not shown."""
    file = tmp_path / path
    file.parent.mkdir(parents=True, exist_ok=True)
    if make == "pipe":
        os.mkfifo(file)
    elif make == "large file":
        file.write_text("#" * (2 << 20))
    else:
        file.symlink_to("/etc/hostname" if make == "link" else "nowhere")
    folder = Folder(tmp_path, dict.fromkeys(["a/p.md", "a/p.fr.md", "o.md"], PLAIN))
    assert sorted(folder.set_aside) == closed
    assert [_told(problem)[:3] for problem in folder.problems] == [(path, "ERROR", "RULES_UNREADABLE")]


@pytest.mark.parametrize(("target", "closed"), [("rules.md", []), ("nowhere", ["p"]), ("/etc/hostname", ["p"])])
def test_a_link_to_rules_is_read_if_it_is_followed(tmp_path: Path, target: str, closed: list[str]) -> None:
    """Not where it leads out of the folder, or to nothing."""
    (tmp_path / "a").mkdir()
    (tmp_path / "a/_index.md").symlink_to(target)
    folder = Folder(tmp_path, {"a/rules.md": DRAFT, "a/p.md": PLAIN}, follow_links=True)
    assert folder.public == ([] if closed else ["a/_index.md"])
    assert ("a/p.md" in folder.set_aside) is bool(closed)


def test_a_link_that_is_no_rule_concerns_nobody(tmp_path: Path) -> None:
    """Data of another name, and the page of a folder, which Hugo does not follow."""
    (tmp_path / "b").mkdir()
    (tmp_path / "b/other.json").symlink_to("/etc/hostname")
    (tmp_path / "b/index.md").symlink_to("p.md")
    assert Folder(tmp_path, {"b/p.md": PLAIN}).public == ["b/p.md"]
    assert [(problem.path, problem.code) for problem in Walk(tmp_path).run().problems] == [("b/index.md", "LINK")]


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


def test_unchanged_rules_are_not_read_again(tmp_path: Path) -> None:
    """Neither parsed, as long as the file and the site's rules are the same, and the file is not fresh."""
    known: dict[str, KnownRules] = {}
    (tmp_path / "a").mkdir()
    path = tmp_path / "a" / "_index.md"
    path.write_text("---\ndraft: true\n---\n")

    def read(site: Site = DEFAULT_SITE, clock: Callable[[], int] = lambda: 2**62) -> RulesFile:
        listing = Walk(tmp_path).run()
        [file] = (*listing.rules.values(), *listing.files.values())
        return generator_rules.read(tmp_path, file, (), site, max_bytes=1000, known=known, clock=clock)

    assert read(clock=lambda: path.stat().st_mtime_ns).rules
    assert known == {}
    first = read()
    assert read() is first
    assert read(DEFAULT_SITE._replace(digest="other")) is not first
    path.write_text("---\ntitle: T\n---\n")
    assert read().rules == ()

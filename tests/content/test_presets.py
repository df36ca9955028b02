"""Presets: the rules of common generators, and the rules that they use."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.content import presets, site_config
from gateway.content.decoder import decode
from gateway.content.file_parser import ParseContext, Task, parse
from gateway.content.frontmatter import read_whole
from gateway.content.source import Walk
from gateway.loading.active_rules import GeneratorRules
from gateway.model.changes import Loaded
from gateway.model.documents import Document
from gateway.model.problems import Severity
from tests.content.test_site import decoded, document, site

DOCS = Path(__file__).parents[2] / "docs"


def topics(document: Document) -> list[str]:
    return [topic.name for topic in document.topics]


def documents(root: Path) -> list[Document]:
    """The documents in a folder."""
    config = site_config.read(root)
    assert config.problems == ()
    listing = Walk(root, include=config.site.include).run()
    rules, _ = GeneratorRules(1_000_000, lambda _: None).read(root, listing, config.site)
    changes = [parse(Task(file), ParseContext(str(root), site=rules)) for file in listing.files.values()]
    return [
        change.document for change in changes if isinstance(change, Loaded) and isinstance(change.document, Document)
    ]


def public(root: Path) -> list[str]:
    """The paths of the public documents in a folder."""
    return [document.path for document in documents(root) if document.published]


def put(root: Path, *paths: str, text: str = "---\ntitle: T\n---\n") -> None:
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


@pytest.mark.parametrize("name", presets.PRESETS)
def test_presets_are_rules_of_a_site(name: str) -> None:
    """Each is valid as a site's own gateway.yaml, gives the same rules, and is in the docs as a whole."""
    own, preset = site_config.parse(presets.text(name).encode()), site_config.parse(f"preset: {name}".encode())
    assert own.problems == preset.problems == ()
    assert preset.site.sources == own.site.sources
    assert (preset.site.numbered, preset.site.exclude) == (own.site.numbered, own.site.exclude)
    assert preset.site.preset == name
    assert f"```yaml\n{presets.text(name)}```" in (DOCS / "presets.md").read_text()


def test_all_preset_files_are_listed() -> None:
    folder = Path(presets.__file__).parent
    assert sorted(file.stem for file in folder.glob("*.yaml")) == sorted(presets.PRESETS)


@pytest.mark.parametrize(
    ("text", "told"), [("jekyl", "Write `jekyll`."), ("word", "Write one of astro"), ("[hugo, zola]", "Write one")]
)
def test_unknown_preset_is_an_error(text: str, told: str) -> None:
    (problem,) = site_config.parse(f"preset: {text}".encode()).problems
    assert (problem.severity, problem.code, problem.line) == (Severity.ERROR, "SITE_VALUE", 1)
    assert told in f"{problem.hint}"


def test_own_rules_take_precedence() -> None:
    """A field's rule replaces that of the preset. Other rules of the preset stay in force."""
    rules = 'preset: jekyll\nfields: {topics: {from: [labels], split: ";"}}'
    found = document(rules, "labels: a b;c\nlast_modified_at: 2024-05-06")
    assert topics(found) == ["a b", "c"]
    assert found.updated_date_time is not None


def test_empty_section_changes_nothing() -> None:
    assert topics(document("preset: jekyll\nfields:\nexclude:", "tags: a b")) == ["a", "b"]


def test_own_pin_takes_precedence_over_a_hiding_pin_of_the_preset() -> None:
    assert not document("preset: nuxt", "", "a/b.draft.md").published
    assert document("preset: nuxt\npin: [{path: a, published: true}]", "", "a/b.draft.md").published
    assert not document("preset: nuxt\npin: [{path: a, locale: de}]", "", "a/b.draft.md").published


def test_digest_covers_the_preset() -> None:
    digests = {site(f"preset: {name}").digest for name in presets.PRESETS}
    assert len(digests) == len(presets.PRESETS)


def test_origin_of_a_rule_of_a_preset() -> None:
    found = decoded("preset: nuxt", "title: T", "b.draft.md")
    line = presets.text("nuxt").splitlines().index('  - {path: "**/*.draft.md", published: false}') + 1
    assert [(each.path, each.line) for each in found.hidings] == [("preset nuxt", line)]


def test_generators_rules_of_values() -> None:
    """A sample of each preset."""
    assert topics(document("preset: jekyll", "tags: a b\ncategories: [c d]")) == ["a", "b", "c d"]
    assert topics(document("preset: hugo", "tags: [a]\nkeywords: [b]")) == ["a"]
    assert topics(document("preset: eleventy", "tags: [a]\ncategories: [b]")) == ["a"]
    zola = document("preset: zola", "taxonomies: {tags: [a]}\nextra: {author: News Desk, image: /a.png}")
    assert (topics(zola), [image.url for image in zola.images]) == (["a"], ["/a.png"])
    assert [author.name for author in zola.authors] == ["News Desk"]
    docusaurus = document("preset: docusaurus", "last_update: {date: 2024-05-06}", "blog/2023/01/02-name.md")
    assert docusaurus.published_date_time is not None
    assert docusaurus.updated_date_time is not None
    assert (docusaurus.published_date_time.year, docusaurus.updated_date_time.year) == (2023, 2024)
    assert document("preset: hexo", "lang: de").locale == "de"


@pytest.mark.parametrize(
    ("preset", "front"),
    [
        ("hugo", "params: {hidden: true}"),
        ("hugo", "params: {private: yes}"),
        ("zola", "extra: {hidden: true}"),
        ("zola", "draft: true"),
        ("docusaurus", "draft: true"),
        ("astro", "draft: true"),
        ("obsidian", "publish: false"),
        ("hexo", "published: false"),
        ("jekyll", "published: false"),
        ("eleventy", "permalink: false"),
        ("nuxt", "draft: true"),
    ],
)
def test_documents_that_a_generator_hides_are_drafts(preset: str, front: str) -> None:
    assert not document(f"preset: {preset}", front).published
    found = decoded(f"preset: {preset}", "title: T\ndraft: perhaps")
    assert [(each.severity, each.code) for each in found.problems] == [(Severity.ERROR, "BAD_VISIBILITY")]


@pytest.mark.parametrize("front", ["params: {hiddn: true}", "Params: {hidden: true}", "params: {hidden: }"])
def test_mistakes_in_nested_keys_that_hide_set_the_file_aside(front: str) -> None:
    found = decoded("preset: hugo", f"title: T\n{front}")
    assert [(each.severity, each.code) for each in found.problems] == [(Severity.ERROR, "BAD_VISIBILITY")]


# Rules that presets use, and that any site may use.


@pytest.mark.parametrize(
    ("path", "slug", "title"),
    [
        ("01-intro.md", "intro", "Intro"),
        ("1.intro.md", "intro", "Intro"),
        ("02 - the end.md", "the-end", "The end"),
        ("a/10.index.md", "a", "A"),
        ("02.guide/index.md", "guide", "Guide"),
        ("2024-05-06-name.md", "name", "Name"),
        ("1.2-release.md", "1-2-release", "1.2 release"),
        ("7.md", "7", "7"),
        ("404.md", "404", "404"),
        ("20240506-name.md", "name", "Name"),
    ],
)
def test_numbers_before_names(path: str, slug: str, title: str) -> None:
    """They order files, and are part of neither slug nor title. Dates and versions do not count."""
    found = decode(path, read_whole("a.yaml", b"a: b"), site('numbered: "**"')).document
    assert found is not None
    assert (found.slug, found.title) == (slug, title)


def test_numbers_elsewhere_are_part_of_the_name() -> None:
    assert document("numbered: docs", "", "blog/01-intro.md").slug == "01-intro"
    assert document("", "", "01-intro.md").slug == "01-intro"


def test_folders_and_excluded_files(tmp_path: Path) -> None:
    """Files elsewhere are not documents, and their mistakes are not reported."""
    put(tmp_path, "content/a.md", "content/old/b.md", "content/c.tmp.md", "themes/d.md")
    put(tmp_path, "archetypes/default.md", text="---\ntitle: {{ .Name }}\ndraft: maybe\n---\n")
    (tmp_path / "gateway.yaml").write_text('folders: content\nexclude: [content/old, "**/*.tmp.md"]\n')
    assert public(tmp_path) == ["content/a.md"]


def test_documents_in_a_bundle_are_resources(tmp_path: Path) -> None:
    """With `bundles`, also if the page itself is public. A section is not a bundle."""
    put(tmp_path, "posts/_index.md", "posts/a.md", "posts/trip/index.md", "posts/trip/notes.md", "posts/trip/x/y.md")
    assert len(public(tmp_path)) == 5
    (tmp_path / "gateway.yaml").write_text("preset: hugo\n")
    assert public(tmp_path) == ["posts/_index.md", "posts/a.md", "posts/trip/index.md"]


def test_large_mappings_are_not_inherited_for_a_value_in_them(tmp_path: Path) -> None:
    """Each document would store a copy. Small ones are inherited with their nested values."""
    put(tmp_path, "large/a.md", "small/a.md")
    (tmp_path / "gateway.yaml").write_text("preset: hugo\n")
    for folder, text in (("large", "x" * 20_000), ("small", "x")):
        cascade = f"cascade: {{params: {{author: News Desk, text: {text}}}}}"
        put(tmp_path, f"{folder}/_index.md", text=f"---\ntitle: T\n{cascade}\n---\n")
    found = {document.path: document.authors for document in documents(tmp_path)}
    assert found["large/a.md"] == ()
    assert found["small/a.md"] != ()
    put(tmp_path, "large/_index.md", text=f"---\ncascade: {{params: {{hidden: true, text: {'x' * 20_000}}}}}\n---\n")
    assert public(tmp_path) == ["large/_index.md", "small/_index.md", "small/a.md"]


def test_own_mapping_does_not_replace_inherited_values_that_hide(tmp_path: Path) -> None:
    """As in Hugo, whose cascade sets each parameter separately."""
    put(tmp_path, "_index.md", text="---\ntitle: T\ncascade: {params: {hidden: true}}\n---\n")
    put(tmp_path, "a.md", text="---\ntitle: T\nparams: {author: News Desk}\n---\n")
    put(tmp_path, "b.md", text="---\ntitle: T\nparams: {author: News Desk, hidden: false}\n---\n")
    (tmp_path / "gateway.yaml").write_text("preset: hugo\n")
    assert public(tmp_path) == ["_index.md", "b.md"]


@pytest.mark.parametrize("rule", ["bundles: perhaps", "folders: [{a: b}]", 'numbered: "a[b]"', "exclude: /a"])
def test_bad_rule_is_an_error(rule: str) -> None:
    (problem,) = site_config.parse(rule.encode()).problems
    assert (problem.code, problem.severity, problem.line) == ("SITE_VALUE", Severity.ERROR, 1)

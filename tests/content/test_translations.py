"""Which articles are translations of each other, and the locale of a folder."""

from __future__ import annotations

import pytest

from gateway.content import frontmatter, presets, site_config
from gateway.content.decoder import Decoded, decode
from gateway.content.site import Site
from gateway.model.documents import Document

DOCUSAURUS = "i18n/fr/docusaurus-plugin-content"


def site(text: str) -> Site:
    config = site_config.parse(text.encode())
    assert config.problems == ()
    return config.site


def decoded(rules: Site, path: str, fields: str) -> Decoded:
    front_matter = frontmatter.read(path, f"---\n{fields}\n---\n".encode())
    assert front_matter
    return decode(path, front_matter, rules)


def read(rules: Site, path: str, fields: str = "title: A") -> Document:
    document = decoded(rules, path, fields).document
    assert document
    return document


@pytest.mark.parametrize(
    ("rules", "one", "other"),
    [
        ("locales: [en, fr]", "blog/a.md", "blog/a.fr.md"),
        ("locales: [en, fr]", "blog/a.en.md", "blog/a.fr.mdx"),
        ("locales: [pt-BR]", "a.md", "a.pt_br.md"),
        ("locales: [en, fr]\ntranslations: {by: folder}", "blog/a.md", "fr/blog/a.md"),
        ("locales: [en, fr]\ntranslations: {by: folder}", "en/blog/a.md", "fr/blog/a.md"),
        ("locales: [en, fr]\ntranslations: {by: [folder, suffix]}", "blog/a.md", "FR/blog/a.fr.md"),
        ("locales: [fr]\npreset: hugo", "content/blog/_index.md", "content/blog/_index.fr.md"),
        ("locales: [fr]\npreset: astro", "src/content/docs/a.md", "src/content/docs/fr/a.mdx"),
        ("locales: [en, fr]\npreset: nuxt", "content/en/1.a.md", "content/fr/1.a.md"),
        ("locales: [fr]\npreset: docusaurus", "docs/b/01-a.md", f"{DOCUSAURUS}-docs/current/b/01-a.md"),
        ("locales: [fr]\npreset: docusaurus", "blog/2024-01-02-a.md", f"{DOCUSAURUS}-blog/2024-01-02-a.md"),
        ("locales: [fr]\npreset: docusaurus", "src/pages/a.md", f"{DOCUSAURUS}-pages/a.md"),
        ("locales: [fr]\npreset: docusaurus", "versioned_docs/version-1/a.md", f"{DOCUSAURUS}-docs/version-1/a.md"),
        ("locales: [fr]\npreset: docusaurus", "api/a.md", f"{DOCUSAURUS}-docs-api/current/a.md"),
        (
            "locales: [fr]\npreset: docusaurus",
            "web/api_versioned_docs/version-1/a.md",
            f"web/{DOCUSAURUS}-docs-api/version-1/a.md",
        ),
    ],
)
def test_paths_of_translations(rules: str, one: str, other: str) -> None:
    """They have one key, which another path does not have."""
    by = site(rules)
    key = read(by, one).translation
    assert key is not None
    assert read(by, other).translation == key
    assert read(by, other.replace("a.", "c.").replace("_index", "c")).translation != key
    assert read(by, other).locale in {"fr", "pt-BR"}


@pytest.mark.parametrize(
    ("rules", "path"),
    [
        ("", "a.fr.md"),
        ("", "fr/a.md"),
        ("locales: [fr]\ntranslations: {by: []}", "a.fr.md"),
        ("locales: [fr]\ntranslations: {by: key}", "a.fr.md"),
        ("translations: {by: folder}", "fr/a.md"),
    ],
)
def test_paths_without_a_rule(rules: str, path: str) -> None:
    assert read(site(rules), path).translation is None


def test_keys() -> None:
    """The first key with a text counts, before the path. A key is not a path, and stays in front matter."""
    rules = site("locales: [fr]\ntranslations: {by: [key, folder], keys: [ref, extra.group]}")
    one = read(rules, "a.md", "title: A\nref: hello\nextra: {group: other}")
    assert one.translation == read(rules, "b/c.md", "title: C\nref: \nextra: {group: hello}").translation
    assert read(rules, "fr/a.md").translation == read(rules, "a.md", "title: A\nref: ''").translation
    assert b'"ref"' in one.front_matter
    assert read(rules, "d.md", "title: D\nref: a").translation != read(rules, "a.md").translation
    assert read(site(""), "a.md", "title: A\ntranslationKey: x").translation is not None
    assert read(site("preset: jekyll"), "a.md", "title: A\nref: x").translation is not None


def test_unreadable_key() -> None:
    """It is left out with a warning, and the path counts."""
    rules = site("locales: [fr]")
    found = decoded(rules, "a.fr.md", "title: A\ntranslationKey: [a, b]")
    assert found.document
    assert found.document.translation == read(rules, "a.md").translation
    assert [(each.code, each.line) for each in found.problems] == [("BAD_VALUE", 3)]


def test_locale_of_a_folder() -> None:
    """The file and its name take precedence, defaults do not. A folder is no locale without the rule."""
    rules = site("locales: [de, fr]\ntranslations: {by: [folder, suffix]}\ndefaults: [{path: '**', locale: en}]")
    assert read(rules, "x/fr/de/a.md").locale == "fr"
    assert read(rules, "fr/a.md", "title: A\nlang: de").locale == "de"
    assert read(rules, "fr/a.de.md").locale == "de"
    assert read(rules, "a.md").locale == "en"
    assert read(site("locales: [de, fr]"), "fr/a.md").locale is None
    assert {each for each in presets.PRESETS if "folder" in site(f"preset: {each}").translations.by} == {
        "astro",
        "docusaurus",
        "nuxt",
    }

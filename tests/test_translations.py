"""The translations of articles over GraphQL."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.access.tokens import Viewer
from gateway.content import site_config
from gateway.execution.compiler import Compiler
from gateway.execution.executor import Executor
from gateway.execution.persisted_documents import PersistedDocuments
from gateway.graph.schema import build_schema
from gateway.limits import Limits
from gateway.model.records import Visibility
from tests.queries.documents import Asked
from tests.queries.test_compiler import answer
from tests.test_graph import PREVIEW, PUBLIC, data, loaded

FILES = {
    "gateway.yaml": "locales: [en, fr, de]\n",
    "a.md": "---\ntitle: A\nlocale: en\n---\n",
    "a.fr.md": "---\ntitle: A in French\n---\n",
    "a.de.md": "---\ntitle: A in German\ndraft: true\n---\n",
    "key.md": "---\ntitle: K\nlocale: pt-BR\ntranslationKey: k\n---\n",
    "unlisted.md": "---\ntitle: U\nlocale: it\ntranslationKey: k\nunlisted: true\n---\n",
    "pt.md": "---\ntitle: P\nlocale: pt\ntranslationKey: k\n---\n",
    "bare.md": "---\ntitle: B\ntranslationKey: k\n---\n",
    "alone.md": "---\ntitle: Alone\n---\n",
}
QUERY = """query ($path: String!, $locale: String! = "fr") {
  article(path: $path) {
    translations { __typename path locale topics { name } translations { path } }
    translation(locale: $locale) { path translations { path } back: translation(locale: "en") { path } }
  }
}"""


async def translations(store: Any, path: str, viewer: Viewer = PUBLIC) -> list[str]:
    article = (await data(store, QUERY, viewer, path=path))["article"]
    return [each["path"] for each in article["translations"]]


@pytest.mark.usefixtures("each_database_in_full")
async def test_translations(tmp_path: Path) -> None:
    """By locale, then by path, without the article itself, and without those that lists do not show."""
    async with loaded(tmp_path, FILES) as store:
        assert await translations(store, "a.md") == ["a.fr.md"]
        assert await translations(store, "a.fr.md") == ["a.md"]
        assert await translations(store, "alone.md") == []
        assert await translations(store, "key.md") == ["bare.md", "pt.md"]
        assert await translations(store, "unlisted.md") == ["bare.md", "pt.md", "key.md"]
        assert await translations(store, "a.md", PREVIEW) == ["a.de.md", "a.fr.md"]
        assert await translations(store, "key.md", PREVIEW) == ["bare.md", "unlisted.md", "pt.md"]


@pytest.mark.parametrize(
    ("path", "locale", "found"),
    [
        ("a.md", "FR", "a.fr.md"),
        ("a.md", "fr_CA", "a.fr.md"),
        ("a.md", "en", None),
        ("a.md", "de", None),
        ("a.md", "", None),
        ("pt.md", "pt-br", "key.md"),
        ("key.md", "pt-PT", "pt.md"),
        ("bare.md", "pt-BR-x", "key.md"),
        ("bare.md", "p", None),
    ],
)
async def test_translation_in_a_locale(tmp_path: Path, path: str, locale: str, found: str | None) -> None:
    """The locale itself in any case, else a more general one."""
    async with loaded(tmp_path, FILES) as store:
        article = (await data(store, QUERY, path=path, locale=locale))["article"]
        assert (article["translation"] and article["translation"]["path"]) == found


@pytest.mark.usefixtures("each_database_in_full")
@pytest.mark.parametrize("declared", ["", "collections: {posts: {path: '*.fr.md', fields: {rating: Float}}}\n"])
async def test_compiled_answers(tmp_path: Path, declared: str) -> None:
    """They equal those of graphql-core, with their cache tags, also in a site with collections."""
    rules = FILES["gateway.yaml"] + declared
    schema = build_schema(collections=site_config.parse(rules.encode()).site.collections)
    compiler = Compiler(schema, Limits())
    async with loaded(tmp_path, {**FILES, "gateway.yaml": rules}) as store:
        executors = [
            Executor(schema, store, Limits(), PersistedDocuments(0), introspection=True, compiler=each)
            for each in (None, compiler)
        ]
        for viewer in (Viewer(Visibility.PUBLIC), PREVIEW):
            for path in FILES:
                one, other = [await answer(each, Asked(QUERY, {"path": path}), viewer) for each in executors]
                assert one == other
                assert '"errors"' not in one[0]
    assert compiler.refused.total() == 0

"""Links between files: where they lead, the references from the other side, rewritten addresses, and dead links."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.access.tokens import Viewer
from gateway.content.identity import article_id
from gateway.execution.compiler import Compiler
from gateway.execution.executor import Executor
from gateway.execution.persisted_documents import PersistedDocuments
from gateway.limits import Limits
from gateway.model.problems import Severity
from gateway.model.records import Visibility
from tests.commands import invoke
from tests.queries.documents import Asked
from tests.queries.test_compiler import answer
from tests.schema import SCHEMA
from tests.test_graph import PREVIEW, data, loaded
from tests.test_ingest import Site, opened

RULES = 'url: {"**": "/:path/", other: null}\n'
LINKS = "query ($path: String!) { article(path: $path) { links { text destination fragment url article { path } } } }"
HTML = "query ($path: String!) { article(path: $path) { body { html } } }"


async def links(tmp_path: Path, files: dict[str, str], path: str, viewer: Any = PREVIEW) -> list[dict[str, Any]]:
    async with loaded(tmp_path, {"gateway.yaml": RULES, **files}) as store:
        found: list[dict[str, Any]] = (await data(store, LINKS, viewer, path=path))["article"]["links"]
        return found


@pytest.mark.usefixtures("each_database_in_full")
@pytest.mark.parametrize(
    ("written", "path", "url"),
    [
        ("[a](second.md)", "posts/second.md", "/posts/second/"),
        ("[a](./second.md#part)", "posts/second.md", "/posts/second/#part"),
        ("[a](second)", "posts/second.md", "/posts/second/"),
        ("[a](../index.md)", "index.md", "/"),
        ("[a](../trip)", "trip/index.md", "/trip/"),
        ("[a](../trip/)", "trip/index.md", "/trip/"),
        ("[a](../second/)", "posts/second.md", "/posts/second/"),
        ("[a](/posts/second/)", "posts/second.md", "/posts/second/"),
        ("[a](/posts/second.md)", "posts/second.md", "/posts/second/"),
        ("[a](/before/)", "posts/second.md", "/posts/second/"),
        ("[a](@/posts/second.md)", "posts/second.md", "/posts/second/"),
        ("[a](@site/posts/second.md#part)", "posts/second.md", "/posts/second/#part"),
        ("[a](~/posts/second.md)", "posts/second.md", "/posts/second/"),
        ("[a](<My page.md>)", "posts/My page.md", "/posts/My%20page/"),
        ("[a](My%20page.md)", "posts/My page.md", "/posts/My%20page/"),
        ("<a href='second.md'>a</a>", "posts/second.md", "/posts/second/"),
        ("[[second]]", "posts/second.md", "/posts/second/"),
        ("[[Second|a label]]", "posts/second.md", "/posts/second/"),
        ("[[posts/second#The part]]", "posts/second.md", "/posts/second/#the-part"),
        ("[[Other name]]", "posts/second.md", "/posts/second/"),
        ("[[twice]]", "twice.md", "/twice/"),
        ("[[deep/twice]]", "posts/deep/twice.md", "/posts/deep/twice/"),
        ("[a](../other/hidden.md)", "other/hidden.md", None),
        ("[a](https://far.example/x)", None, "https://far.example/x"),
        ("[a](/tags/)", None, "/tags/"),
        ("[a](mailto:a@far.example)", None, "mailto:a@far.example"),
        ("[a](missing.md)", None, None),
        ("[a](../../up.md)", None, None),
        ("[a](#part)", "posts/first.md", "/posts/first/#part"),
    ],
)
async def test_where_a_link_leads(tmp_path: Path, written: str, path: str | None, url: str | None) -> None:
    """By path, by address and by name."""
    files = {
        "posts/first.md": f"---\ntitle: First\n---\n{written}\n",
        "posts/second.md": "---\ntitle: Second\naliases: [/before/, Other name]\n---\n",
        "posts/My page.md": "---\ntitle: Page\n---\n",
        "posts/deep/twice.md": "---\ntitle: Deep\ndate: 2024-01-01\n---\n",
        "twice.md": "---\ntitle: Twice\n---\n",
        "trip/index.md": "---\ntitle: Trip\n---\n",
        "other/hidden.md": "---\ntitle: Without an address\n---\n",
        "index.md": "---\ntitle: Home\n---\n",
    }
    [found] = await links(tmp_path, files, "posts/first.md")
    assert (found["article"] and found["article"]["path"], found["url"]) == (path, url)


@pytest.mark.usefixtures("each_database_in_full")
async def test_links_of_an_article(tmp_path: Path) -> None:
    """Each once, in their order, with their texts. Images are not links."""
    body = "[One *more*](b.md) ![p](p.png) [again](b.md) [far](https://far.example) [[b#Two words|the label]]"
    files = {"a.md": f"---\ntitle: A\n---\n{body}\n", "b.md": "---\ntitle: B\n---\n## Two words\n"}
    found = await links(tmp_path, files, "a.md")
    assert [(each["text"], each["destination"], each["fragment"], each["url"]) for each in found] == [
        ("One more", "b.md", "", "/b/"),
        ("far", "https://far.example", "", "https://far.example"),
        ("the label", "b#Two%20words", "Two words", "/b/#two-words"),
    ]


@pytest.mark.usefixtures("each_database_in_full")
async def test_rewritten_addresses(tmp_path: Path) -> None:
    """The HTML has the addresses of visible articles. All other destinations stay as they are written."""
    body = "[b](b.md#c) [draft](draft.md) [none](none.md) [no address](other/x.md) [old](/old/) [d](#d) [f](https://f.example)"
    files = {
        "gateway.yaml": RULES,
        "a.md": f"---\ntitle: A\n---\n{body}\n",
        "b.md": "---\ntitle: B\naliases: /old/\n---\n",
        "draft.md": "---\ntitle: Draft\npublished: false\npermalink: /secret/\n---\n",
        "other/x.md": "---\ntitle: X\n---\n",
    }
    async with loaded(tmp_path, files) as store:
        public = (await data(store, HTML, path="a.md"))["article"]["body"]["html"]
        preview = (await data(store, HTML, PREVIEW, path="a.md"))["article"]["body"]["html"]
    for kept in ("none.md", "other/x.md", "#d", "https://f.example"):
        assert f'href="{kept}"' in public
    assert 'href="/b/#c"' in public
    assert 'href="/b/"' in public
    assert 'href="draft.md"' in public
    assert 'href="/secret/"' in preview


@pytest.mark.usefixtures("each_database_in_full")
async def test_hidden_target_is_like_a_missing_one(tmp_path: Path) -> None:
    """The public sees neither its address nor that it exists."""
    draft = "---\ntitle: Draft\npublished: false\npermalink: /secret/\n---\n"
    article = "---\ntitle: A\n---\n[x](draft.md) [y](/secret/) [[draft]]\n"
    query = f"{LINKS[:-4]} body {{ html }} referencedBy {{ totalCount }} }} }}"
    answers = []
    for name, files in (("with", {"draft.md": draft}), ("without", {})):
        (tmp_path / name).mkdir()
        async with loaded(tmp_path / name, {"gateway.yaml": RULES, "a.md": article, **files}) as store:
            answers.append(await data(store, query, path="a.md"))
    assert answers[0] == answers[1]


REFERENCES = """query ($path: String!) { article(path: $path) {
  all: referencedBy { totalCount nodes { path } }
  related: referencedBy(in: [RELATED]) { totalCount nodes { path } }
  body: referencedBy(in: BODY) { nodes { path } }
  both: referencedBy(in: [BODY, RELATED], first: 1) { nodes { path } pageInfo { hasNextPage } }
  none: referencedBy(in: []) { totalCount nodes { path } }
} }"""


def paths(answer: dict[str, Any]) -> list[str]:
    return [node["path"] for node in answer["nodes"]]


@pytest.mark.usefixtures("each_database_in_full")
async def test_references_by_kind(tmp_path: Path) -> None:
    """An article that refers in both ways occurs once. Drafts are seen by previews only."""
    files = {
        "gateway.yaml": RULES,
        "t.md": "---\ntitle: T\n---\n[self](t.md)\n",
        "1.md": "---\ntitle: One\ndate: 2024-01-03\nrelated: [{title: T, webUrl: /t/}]\n---\n[[T]]\n",
        "2.md": "---\ntitle: Two\ndate: 2024-01-02\n---\n[t](t.md) [again](/t)\n",
        "3.md": "---\ntitle: Three\ndate: 2024-01-01\nrelated: [/t/]\n---\n",
        "4.md": "---\ntitle: Four\npublished: false\n---\n[t](t.md)\n",
    }
    async with loaded(tmp_path, files) as store:
        found = (await data(store, REFERENCES, path="t.md"))["article"]
        assert paths(found["all"]) == ["1.md", "2.md", "3.md"]
        assert paths(found["related"]) == ["1.md", "3.md"]
        assert paths(found["body"]) == ["1.md", "2.md"]
        assert found["both"] == {"nodes": [{"path": "1.md"}], "pageInfo": {"hasNextPage": True}}
        assert found["none"] == {"totalCount": 0, "nodes": []}
        assert (found["all"]["totalCount"], found["related"]["totalCount"]) == (3, 2)
        preview = (await data(store, REFERENCES, PREVIEW, path="t.md"))["article"]
        assert paths(preview["body"]) == ["1.md", "2.md", "4.md"]


BOTH = """query ($path: String!, $url: String!) { article(path: $path) {
  url aliases isRedirect(url: $url) body { html markdown }
  links(first: 3) { text destination fragment url article { id url } }
  related { title article { path } }
  all: referencedBy(in: [BODY]) { totalCount edges { cursor node { path } } }
} articles { nodes { body { html } links { url } } } }"""


@pytest.mark.usefixtures("each_database_in_full")
async def test_compiled_answers(tmp_path: Path) -> None:
    """They equal those of graphql-core, with their cache tags."""
    files = {
        "gateway.yaml": RULES,
        "a.md": "---\ntitle: A\naliases: /old/\nrelated: [b, ./b.md, '[[B]]', /b/]\n---\n"
        "[b](b.md) [[draft]] [x](x.md) [u](/b)\n",
        "b.md": "---\ntitle: B\n---\n[a](a.md) [[a#b]] [f](https://f.example)\n",
        "draft.md": "---\ntitle: D\npublished: false\n---\n[a](a.md)\n",
    }
    compiler = Compiler(SCHEMA, Limits())
    async with loaded(tmp_path, files) as store:
        executors = [
            Executor(SCHEMA, store, Limits(), PersistedDocuments(0), introspection=True, compiler=each)
            for each in (None, compiler)
        ]
        for viewer in (Viewer(Visibility.PUBLIC), PREVIEW):
            for path in ("a.md", "b.md", "none.md"):
                asked = Asked(BOTH, {"path": path, "url": "/old"})
                one, other = [await answer(each, asked, viewer) for each in executors]
                assert one == other
                assert '"errors"' not in one[0]
    assert compiler.refused.total() == 0


@pytest.mark.usefixtures("each_database_in_full")
async def test_cache_tags_of_links(tmp_path: Path) -> None:
    """Those of the articles behind paths, also of missing ones. Names and addresses depend on all articles."""
    files = {
        "paths.md": "---\ntitle: A\n---\n[b](b.md) [c](c.md) [far](https://far.example)\n",
        "names.md": "---\ntitle: A\n---\n[[b]]\n",
        "none.md": "---\ntitle: A\n---\n[far](https://far.example)\n",
        "b.md": "---\ntitle: B\n---\n",
    }
    async with loaded(tmp_path, files) as store:
        executor = Executor(SCHEMA, store, Limits(), PersistedDocuments(0), introspection=True)

        async def tags(path: str) -> set[str]:
            _, found, _ = await answer(executor, Asked(HTML, {"path": path}), Viewer(Visibility.PUBLIC))
            return set(found) - {article_id(path)}

        assert await tags("paths.md") == {article_id("b.md"), article_id("c.md")}
        assert await tags("names.md") == {"articles"}
        assert await tags("none.md") == set()


@pytest.mark.usefixtures("each_database_in_full")
@pytest.mark.parametrize(
    ("entry", "path"),
    [
        ("posts/b.md", "posts/b.md"),
        ("./b.md", "posts/b.md"),
        ("b.md", "posts/b.md"),
        ("../c.md", "c.md"),
        ("c", "c.md"),
        ("posts/b", "posts/b.md"),
        ("own/slug", "docs/own/slug.md"),
        ('"[[B]]"', "posts/b.md"),
        ("/posts/b/", "posts/b.md"),
        ("{title: T, webUrl: ../c.md}", "c.md"),
        ("{title: T, webUrl: 'https://far.example'}", None),
        ("Some title", None),
        ("../../c.md", None),
    ],
)
async def test_related_entries(tmp_path: Path, entry: str, path: str | None) -> None:
    """A path, a slug, an address and a name lead to their article, and count as references."""
    files = {
        "gateway.yaml": f"{RULES}path_slugs: docs\n",
        "posts/a.md": f"---\ntitle: A\nrelated: [{entry}]\n---\n",
        "posts/b.md": "---\ntitle: B\n---\n",
        "c.md": "---\ntitle: C\n---\n",
        "docs/own/slug.md": "---\ntitle: Slug\n---\n",
    }
    query = '{ article(path: "posts/a.md") { related { article { path referencedBy { nodes { path } } } } } }'
    async with loaded(tmp_path, files) as store:
        [found] = (await data(store, query))["article"]["related"]
    assert (found["article"] and found["article"]["path"]) == path
    assert path is None or paths(found["article"]["referencedBy"]) == ["posts/a.md"]


# Dead links.

BODY = """\
---
title: A
---
See [one](missing.md) and
[[Lost page]]. [b](b.md#gone), [b](b.md#two-words), [here](#a), [there](#nowhere), [[b#Two words]], [[b#Three]].
[url](/tags/) [file](x.pdf) [page](old.html) [folder](sub) [plain](plain.md) [far](https://far.example/x.md)
[html](b.md#by-hand) [top](#top) [up](../up) ![p](missing.md)

# A
"""


def put(site: Site, path: str, text: str) -> None:
    file = site.root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


async def dead(site: Site) -> list[tuple[str, str, str, int | None, int | None]]:
    """The problems with links: code, path, message, line and column."""
    return [
        (each.code, each.path, each.message, each.line, each.column)
        for each in await site.problems()
        if each.code in {"DEAD_LINK", "DEAD_HEADING"}
    ]


async def test_dead_links(tmp_path: Path) -> None:
    """A WARNING for each link to a document or a heading that does not exist, with its place."""
    async with opened(tmp_path) as site:
        put(site, "a.md", BODY)
        put(site, "b.md", '---\ntitle: B\n---\n## Two words\n\n<p id="by-hand">x</p>\n')
        put(site, "sub/c.md", "---\ntitle: C\n---\n")
        put(site, "plain.md", "No front matter.")
        await site.run()
        assert await dead(site) == [
            ("DEAD_LINK", "a.md", 'The link "missing.md" leads to no file.', 4, 11),
            ("DEAD_LINK", "a.md", 'The link "Lost page" leads to no file.', 5, 3),
            ("DEAD_HEADING", "a.md", 'b.md has no heading for the link "b.md#gone".', 5, 20),
            ("DEAD_HEADING", "a.md", 'a.md has no heading for the link "#nowhere".', 5, 73),
            ("DEAD_HEADING", "a.md", 'b.md has no heading for the link "b#Three".', 5, 103),
        ]
        assert {each.severity for each in await site.problems() if each.code.startswith("DEAD")} == {Severity.WARNING}


async def test_targets_that_come_and_go(tmp_path: Path) -> None:
    """The problems follow the targets, also in runs that do not read the article with the link."""
    async with opened(tmp_path) as site:
        put(site, "a.md", "---\ntitle: A\n---\n[b](b.md#part)\n")
        await site.run()
        assert [code for code, *_ in await dead(site)] == ["DEAD_LINK"]
        put(site, "b.md", "---\ntitle: B\n---\n")
        await site.run()
        assert [code for code, *_ in await dead(site)] == ["DEAD_HEADING"]
        put(site, "b.md", "---\ntitle: B\n---\n## Part\n")
        await site.run()
        assert await dead(site) == []
        (site.root / "b.md").unlink()
        await site.run()
        assert [code for code, *_ in await dead(site)] == ["DEAD_LINK"]
        put(site, "a.md", "---\ntitle: A\n---\n")
        await site.run()
        assert await dead(site) == []


async def test_file_that_is_not_a_document(tmp_path: Path) -> None:
    """It is a target as long as it exists."""
    async with opened(tmp_path) as site:
        put(site, "a.md", "---\ntitle: A\n---\n[b](b.md)\n")
        await site.run()
        assert len(await dead(site)) == 1
        put(site, "b.md", "No front matter.")
        await site.run()
        assert await dead(site) == []
        (site.root / "b.md").unlink()
        await site.run()
        assert len(await dead(site)) == 1


async def test_problems_of_a_deleted_article(tmp_path: Path) -> None:
    async with opened(tmp_path) as site:
        put(site, "a.md", "---\ntitle: A\n---\n[b](b.md)\n")
        put(site, "c.md", "---\ntitle: C\n---\n")
        await site.run()
        (site.root / "a.md").unlink()
        await site.run()
        assert await dead(site) == []


def test_check_prints_dead_links(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("---\ntitle: A\n---\nSee [one](missing.md).\n")
    done = invoke("check", tmp_path, "--strict")
    assert done.returncode == 1
    assert "a.md:4:11" in done.stdout
    assert "DEAD_LINK" in done.stdout

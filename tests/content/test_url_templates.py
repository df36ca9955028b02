"""Addresses of articles: templates, the rules that choose them, and those of each preset."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.content import site_config
from gateway.content.identity import url_identity
from gateway.content.url_templates import WORDS, BadTemplate, UrlTemplate, base_path
from gateway.model.problems import Severity
from tests.content.test_site import codes, decoded, document

BLOG = 'url: "/blog/:year/:slug/"'


def url(rules: str, path: str = "a.md", front: str = "") -> str | None:
    return document(rules, front, path).url


def test_template_of_all_files() -> None:
    """The date is that of the site's time zone. Every spelling of the address leads to the article."""
    found = document(BLOG, "date: 2024-05-06", "posts/2024-05-06-hello.md")
    assert (found.url, found.urls) == ("/blog/2024/hello/", ("/blog/2024/hello",))
    assert url(f"{BLOG}\ntimezone: America/New_York", front="date: 2024-01-01T02:00:00Z") == "/blog/2023/a/"


@pytest.mark.parametrize(
    ("template", "path", "front", "address"),
    [
        ("/:year/:month/:day/:hour:minute", "a.md", "date: 2024-05-06T07:08:00Z", "/2024/05/06/0708"),
        ("/:short_year/:i_month/:i_day/:y_day", "a.md", "date: 2024-05-06", "/24/5/6/127"),
        ("/:slug", "a.md", "slug: Über uns", "/uber-uns"),
        ("/:title", "a.md", "", "/t"),
        ("/:name.html", "2024-05-06-My Post.md", "", "/My%20Post.html"),
        ("/:filename.html", "2024-05-06-My Post.md", "", "/2024-05-06-My%20Post.html"),
        ("/:lower_name/", "My Post.md", "", "/my-post/"),
        ("/:plus_name", "My Post.md", "", "/My+Post"),
        ("/:slug_or_name", "a b.md", "slug: c", "/c"),
        ("/:slug_or_title", "a b.md", "", "/t"),
        ("/:sections/:filename/", "x/y/a.md", "", "/x/y/a/"),
        ("/:section/:filename/", "x/y/a.md", "", "/x/a/"),
        ("/:path/", "x/y/index.md", "", "/x/y/"),
        ("/:path/", "index.md", "", "/"),
        ("/:sections/:filename.html", "x/index.md", "", "/x/"),
        ("/:locale/:slug/", "a.md", "locale: de", "/de/a/"),
        ("/:locale/:slug/", "a.md", "", "/a/"),
        ("/:categories/:slug/", "a.md", "categories: [Big News, b]", "/big-news/b/a/"),
        ("/:categories/:slug/", "film/_posts/a.md", "", "/film/a/"),
        ("https://a.example:8080/:slug/", "a.md", "", "https://a.example:8080/a/"),
    ],
)
def test_words(template: str, path: str, front: str, address: str) -> None:
    assert url(f'url: "{template}"', path, front) == address


def test_language_of_the_name() -> None:
    rules = 'locales: [en, fr]\nurl: "/:language/:path/"'
    assert (url(rules, "x/a.md"), url(rules, "x/a.fr.md")) == ("/x/a/", "/fr/x/a/")


def test_template_with_a_host() -> None:
    """The path alone leads to the article too."""
    found = document('url: "https://a.example/:slug/"', "")
    assert found.urls == ("https://a.example/a", "/a")


@pytest.mark.parametrize(
    ("front", "url", "urls"),
    [
        ("date: 2024-05-06", "/notes/blog/2024/a/", ("/notes/blog/2024/a", "/blog/2024/a")),
        ("permalink: /about/", "/notes/about/", ("/about", "/notes/about")),
        ("permalink: /notes/", "/notes/notes/", ("/notes", "/notes/notes")),
        ("permalink: /", "/notes/", ("/", "/notes")),
        ("url: https://a.example/x\ndate: 2024-05-06", "/notes/blog/2024/a/", ("https://a.example/x",)),
    ],
)
def test_base_of_the_site(front: str, url: str, urls: tuple[str, ...]) -> None:
    """The address of an article begins with it, as in the generators. The path below it leads to the article too."""
    found = document(f"{BLOG}\nbase: /notes/", front)
    assert found.url == url
    assert set(urls) <= set(found.urls)


def test_base_of_other_addresses() -> None:
    """Former addresses of the site begin with it, and addresses with a host do not."""
    found = document(
        f"{BLOG}\nbase: https://a.example/notes", "date: 2024-05-06\naliases: [/old, b/, c, 'https://b.example/d']"
    )
    assert found.aliases == ("/notes/old", "/notes/b/", "/notes/blog/2024/c", "https://b.example/d")
    assert document('url: "https://a.example/:slug/"\nbase: /notes', "").url == "https://a.example/a/"


@pytest.mark.parametrize(
    ("written", "base"),
    [
        ("/notes", "/notes"),
        ("/a/b-c/", "/a/b-c"),
        ("https://a.example:8080/notes/", "/notes"),
        ("https://a.example", ""),
        ("/", ""),
        ("", ""),
        ("notes", None),
        ("//a.example/notes", None),
        ("/a b", None),
        ("/a?b", None),
        ("/{{ a }}", None),
        ("javascript:/a", None),
    ],
)
def test_base_path(written: str, base: str | None) -> None:
    assert base_path(written) == base


def test_rules_by_path() -> None:
    """The last matching rule counts. Words of the path begin below the folders that its pattern names."""
    rules = 'url: {"**": "/:path/", docs: "/handbook/:path/", "docs/old/**": null}'
    assert url(rules, "x/a.md") == "/x/a/"
    assert url(rules, "docs/x/a.md") == "/handbook/x/a/"
    assert url(rules, "docs/old/a.md") is None
    assert url('folders: [content]\nurl: "/:path/"', "content/x/a.md") == "/x/a/"


@pytest.mark.parametrize(
    ("front", "address"),
    [
        ("permalink: /about.html", "/about.html"),
        ("permalink: /x/index.html", "/x/"),
        ("url: x/y/", "/x/y/"),
        ("permalink: x/y.html", "/x/y.html"),
        ("permalink: x", "/x"),
        ("url: x", "/blog/2024/x/"),
        ("permalink: /:year/:title/", "/blog/2024/a/"),
        ("url: https://other.example/x", "/blog/2024/a/"),
        ("url: other.example/x", "/blog/2024/other-example-x/"),
        ("permalink: false\npublished: true", "/blog/2024/a/"),
    ],
)
def test_address_of_the_file_takes_precedence(front: str, address: str) -> None:
    """A path, but not a pattern for the generator, and not the address of another site."""
    found, *_ = decoded(BLOG, f"title: T\ndate: 2024-05-06\n{front}")
    assert found is not None
    assert found.url == address


def test_own_address_without_a_template() -> None:
    assert (url("", front="permalink: /about/"), url("")) == ("/about/", None)


def test_article_without_a_date() -> None:
    """It has no address, and an INFO."""
    found = decoded(BLOG, "title: T")
    assert found.document is not None
    assert (found.document.url, codes(found)) == (None, [(Severity.INFO, "URL_WITHOUT_DATE")])


@pytest.mark.parametrize(
    ("rules", "message", "hint", "line"),
    [
        ('url: "/:titel/"', "`:titel` is not a word of an address.", "Write `:title`.", 1),
        ('url: {a: "/:x/"}', "`:x` is not a word of an address.", "The words are :address, ", 1),
        ('url:\n  a: "blog/:slug"', '"blog/:slug" is not an address.', "Begin it with `/`", 2),
        ('url: "/a b/"', 'An address does not contain " ".', "Write a path", 1),
        ("url: [a, b]", '"a" is not an address.', "Begin it with `/`", 1),
        ('url: {"/a": "/:slug/"}', '"/a" is not a valid path pattern: It matches nothing.', "Write it relative", 1),
    ],
)
def test_errors_in_templates(rules: str, message: str, hint: str, line: int) -> None:
    """They have the line, and a hint."""
    problem = site_config.parse(rules.encode()).problems[0]
    assert (problem.severity, problem.code, problem.message, problem.line) == (
        Severity.ERROR,
        "SITE_VALUE",
        message,
        line,
    )
    assert problem.hint is not None
    assert problem.hint.startswith(hint)


def test_own_rule_replaces_that_of_the_preset_for_its_path() -> None:
    rules = 'preset: jekyll\nurl: {"**": "/:filename/", news: "/n/:slug/"}'
    assert url(rules, "x/about.md") == "/about/"
    assert url(rules, "_posts/2024-05-06-a.md") == "/2024/05/06/a.html"
    assert url(rules, "news/a.md") == "/n/a/"
    assert url('preset: jekyll\nurl: "/:slug"', "_posts/2024-05-06-a.md") == "/a"


@pytest.mark.parametrize(
    ("preset", "path", "front", "address"),
    [
        ("astro", "src/content/blog/a.md", "", None),
        ("docusaurus", "docs/01-intro.md", "", "/docs/intro"),
        ("docusaurus", "docs/01-Guide/index.md", "", "/docs/Guide/"),
        ("docusaurus", "docs/01-Guide/README.md", "", "/docs/Guide/"),
        ("docusaurus", "docs/a.md", "slug: /", "/docs/"),
        ("docusaurus", "docs/x/a.md", "slug: b", "/docs/x/b"),
        ("docusaurus", "blog/2024-05-06-a.md", "", "/blog/2024/05/06/a"),
        ("docusaurus", "blog/2024/05/06/a.md", "", "/blog/2024/05/06/a"),
        ("docusaurus", "blog/2024-05-06-a.md", "slug: b", "/blog/b"),
        ("docusaurus", "blog/2024-05-06-a.md", "slug: /b/c", "/blog/b/c"),
        ("docusaurus", "blog/a.md", "", "/blog/a"),
        ("docusaurus", "src/pages/about.md", "", "/about"),
        ("docusaurus", "README.md", "", None),
        ("eleventy", "posts/2024-05-06-A.md", "", "/posts/2024-05-06-A/"),
        ("eleventy", "posts/index.md", "", "/posts/"),
        ("eleventy", "a.md", "permalink: x/y/index.html", "/x/y/"),
        ("hexo", "source/_posts/a.md", "date: 2024-05-06", "/2024/05/06/a/"),
        ("hexo", "source/about/index.md", "", "/about/"),
        ("hugo", "content/posts/My Trip/index.md", "", "/posts/my-trip/"),
        ("hugo", "content/posts/2024-05-06-a.md", "", "/posts/2024-05-06-a/"),
        ("hugo", "content/posts/a.md", "slug: b", "/posts/b/"),
        ("hugo", "content/posts/_index.md", "", "/posts/"),
        ("hugo", "content/_index.md", "", "/"),
        ("jekyll", "_posts/2024-05-06-My-Post.md", "", "/2024/05/06/My-Post.html"),
        ("jekyll", "film/_posts/2024-05-06-a.md", "categories: b c", "/film/b/c/2024/05/06/a.html"),
        ("jekyll", "About.md", "", "/About.html"),
        ("jekyll", "docs/index.md", "", "/docs/"),
        ("nuxt", "content/2.Guide/1.intro.md", "", "/guide/intro"),
        ("nuxt", "content/1.index.md", "", "/"),
        ("obsidian", "Looks/Second look.md", "", "/Looks/Second+look"),
        ("zola", "content/blog/2024-05-06-a.md", "", "/blog/a/"),
        ("zola", "content/blog/a.md", "slug: b", "/blog/b/"),
        ("zola", "content/blog/a.md", "path: x/y", "/x/y"),
        ("zola", "content/blog/a.md", "path: x", "/x"),
        ("obsidian", "Looks/a.md", "permalink: b", "/b"),
    ],
)
def test_addresses_of_presets(preset: str, path: str, front: str, address: str | None) -> None:
    """They are those of the generator by default."""
    assert url(f"preset: {preset}", path, front) == address


@pytest.mark.parametrize(
    ("rules", "path", "slug"),
    [
        ("path_slugs: docs", "docs/Reference/install.md", "reference/install"),
        ("path_slugs: docs", "docs/reference/index.md", "reference"),
        ("path_slugs: docs", "docs/install.md", "install"),
        ("path_slugs: docs", "x/docs/install.md", "install"),
        ('path_slugs: "**"', "a/b/c.md", "a/b/c"),
        ('path_slugs: "src/*/**"', "src/blog/a/b.md", "a/b"),
        ('folders: [content]\npath_slugs: "**"', "content/a/b.md", "a/b"),
        ("path_slugs: docs\nnumbered: docs", "docs/01-a/02-b.md", "a/b"),
        ("preset: docusaurus", "docs/01-reference/install.md", "reference/install"),
        ("preset: docusaurus", "i18n/fr/docusaurus-plugin-content-docs/current/a/b.md", "a/b"),
        ("preset: docusaurus", "blog/2024-05-06-a.md", "a"),
        ("preset: hugo", "content/reference/install.md", "reference/install"),
        ("preset: nuxt", "content/1.reference/2.install.md", "reference/install"),
        ("preset: astro", "src/content/docs/reference/install.md", "reference/install"),
        ("preset: jekyll", "_posts/2024-05-06-a.md", "a"),
    ],
)
def test_slugs_of_paths(rules: str, path: str, slug: str) -> None:
    """They begin below the folders that the pattern names. A slug in the file is the whole slug."""
    assert document(rules, "", path).slug == slug
    assert document(rules, "slug: own", path).slug == "own"


def test_long_text_in_place_of_an_address() -> None:
    """It takes linear time."""
    assert url(BLOG, front=f"date: 2024-05-06\npermalink: '{'a/' * 500_000}:'") == "/blog/2024/" + "a-" * 499_999 + "a/"


@given(st.text(max_size=40), st.lists(st.sampled_from(sorted(WORDS)), max_size=4))
def test_any_template(text: str, words: list[str]) -> None:
    """It is refused, or it gives an address."""
    template = "/" + text + "".join(f"/:{word}" for word in words)
    try:
        UrlTemplate.of(template)
    except BadTemplate as error:
        assert error.hint


@given(st.text(max_size=60), st.sampled_from(sorted(WORDS)))
def test_any_name(name: str, word: str) -> None:
    """An address is normalised by its own form."""
    path = f"{name.replace('/', ' ').replace(chr(0), ' ')}.md"
    found, *_ = decoded(f'url: "/x/:{word}/"', "title: T\ndate: 2024-05-06", path)
    assert found is not None
    assert found.url is not None
    assert url_identity(found.url) == found.urls[0]


@pytest.mark.parametrize(
    ("front", "aliases"),
    [
        ("aliases: [/old/, old/two/, older]", ("/old/", "/old/two/", "/blog/2024/older")),
        ("redirect_from: /old.html", ("/old.html",)),
        ("redirect_from:\n  - /old\n  - /old/", ("/old",)),
        ("redirects: [/old/, 'https://old.example/a']", ("/old/", "https://old.example/a")),
        ("alias: /blog/2024/a/", ()),
        ("aliases: [Another name, 'https://a.example/x']", ("https://a.example/x",)),
    ],
)
def test_aliases(front: str, aliases: tuple[str, ...]) -> None:
    """A word is beside the article, as in Hugo. Other text is a name, as in Obsidian."""
    found = document(BLOG, f"date: 2024-05-06\n{front}")
    assert found.aliases == aliases
    assert front.partition(":")[0] in found.front_matter.decode()

"""`gateway init` over a folder of each generator, and the answers that the generator's own rules lead to.

The expected values follow the generators' documentation, not the gateway: which posts a tag lists, the address of a
post, the order of posts by date, and which files are not published. Hugo and Zola have such lists for each language.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from gateway.commands.init import rules_text
from gateway.content import generators, presets, site_config
from tests.assets import png
from tests.commands import invoke

SITES = Path(__file__).parent / "generators"
QUERY = """query ($tag: String!, $posts: String!) {
  tagged: articles(filter: {topics: {anyOf: [$tag]}, not: {path: {endsWith: ".fr.md"}}}) { nodes { slug locale } }
  posts: articles(filter: {path: {startsWith: $posts}, not: {path: {endsWith: ".fr.md"}}}) {
    nodes {
      slug locale title webUrl url
      adjacent(filter: {path: {startsWith: $posts}, not: {path: {endsWith: ".fr.md"}}}) {
        previous { slug locale } next { slug locale }
      }
    }
  }
  authors(orderBy: [{field: NAME}]) { nodes { name url articles { nodes { slug locale } } } }
  all: articles(first: 50, orderBy: [{field: PATH}]) { nodes { path } }
}"""


class Oracle(NamedTuple):
    """What the generator gives."""

    evidence: str
    rules: tuple[str, ...]
    """The lines of gateway.yaml after the first, without comments at their ends."""
    posts: str
    """The folder of the posts, whose neighbours are compared."""
    tagged: tuple[str, ...]
    """The posts with the tag `tripod`, the newest first: slugs, with the language if it is another one."""
    titles: dict[str, str]
    """The titles of the posts, by slug, the newest first."""
    addresses: dict[str, str]
    """The addresses that front matter sets, with the slugs of their posts."""
    authors: dict[tuple[str, str | None], tuple[str, ...]]
    """The posts of each author, by the name and the URL of the author's page."""
    urls: tuple[str | None, ...]
    """The addresses of the posts, in the order of their titles."""
    hidden: frozenset[str]
    """The files that are not published, or are not pages. `unlisted` pages are not in lists."""


ORACLES = {
    "jekyll": Oracle(
        "_config.yml",
        (
            "preset: jekyll",
            'timezone: "Europe/Paris"',
            "defaults:",
            '  - {"path": "**", "locale": "en"}',
            'url: {"**": "/:sections/:filename/", "**/_posts": "/:year/:month/:slug_or_name/"}',
        ),
        "_posts/",
        # A text of tags is split at white space. Posts of the future, drafts and `published: false` are not published.
        ("third-party", "looks-second", "first-light"),
        {"third-party": "Third party", "looks-second": "Second look", "first-light": "First light"},
        {"/looks/second/": "looks-second"},
        # Keys of `_data/authors.yml`, and of a collection that does not output pages.
        {
            ("News Desk", "/desk/"): ("looks-second", "first-light"),
            ("Picture Desk", "/pictures/"): ("looks-second",),
        },
        ("/2024/03/third-party/", "/looks/second/", "/2024/01/first-light/"),
        frozenset(
            {
                *("_posts/2999-01-01-far-away.md", "_drafts/an-idea.md", "_posts/2024-04-01-withdrawn.md"),
                *("vendor/bundle/gem/readme.md", "scripts/notes.md", "_authors/pictures.md"),
            }
        ),
    ),
    "hugo": Oracle(
        "hugo.toml",
        (
            "preset: hugo",
            'folders: ["content"]',
            'timezone: "Europe/Paris"',
            'locales: ["en", "fr"]',
            "defaults:",
            '  - {"path": "content", "locale": "en"}',
            (
                'url: {"content/posts": "/:language/:year/:lower_slug_or_title/", "content/posts/**/_index.*":'
                ' "/:language/posts/:lower_sections/:lower_slug_or_filename/"}'
            ),
        ),
        "content/posts/",
        # A page bundle is one page, and Markdown beside its index is a resource. `keywords` is no taxonomy.
        ("posts/json", "trips-one", "posts/first"),
        {"posts/json": "In JSON", "trips-one": "A trip", "posts/first": "First", "posts": "Posts"},
        {"/trips/one/": "trips-one"},
        # A key of `data/authors/`, and its name under `params`.
        {("News Desk", "/desk/"): ("posts/json", "posts/first"), ("Picture Desk", None): ("posts/json",)},
        ("/2024/in-json/", "/trips/one/", "/2024/first/", "/posts/"),
        frozenset(
            {
                *("content/posts/trip/notes.md", "content/posts/draft.md", "content/posts/later.md"),
                "archetypes/default.md",
            }
        ),
    ),
    "astro": Oracle(
        "astro.config.mjs",
        ("preset: astro", 'folders: ["src/content"]', "# astro.config.mjs is a program, and was not run."),
        "src/content/blog/",
        # Names that begin with an underscore are not in a collection.
        ("third", "second-look", "first"),
        {"third": "Third", "second-look": "Second", "first": "First"},
        {},
        {("News Desk", None): ("third", "second-look"), ("Picture Desk", None): ("second-look",)},
        (None, None, None),
        frozenset({"README.md", "src/content/blog/_hidden.md", "src/content/blog/draft.md"}),
    ),
    "eleventy": Oracle(
        "eleventy.config.js",
        (
            "preset: eleventy",
            "# eleventy.config.js is a program, and was not run.",
            "# If eleventy.config.js sets `dir.input`, write it as in `folders: [src]`.",
        ),
        "posts/",
        # A page without output or collections is in no list. Data files add keys that a page does not have.
        ("posts/third", "looks-second", "posts/first"),
        {"posts/third": "Third", "looks-second": "Second", "posts/first": "First"},
        {"/looks/second/": "looks-second"},
        # A key of the global data, and a mapping.
        {("News Desk", "/desk/"): ("posts/third",), ("Picture Desk", None): ("looks-second",)},
        ("/posts/2024-03-15-third/", "/looks/second/", "/posts/first/"),
        frozenset({"posts/unwritten.md", "posts/uncollected.md", "_includes/note.md"}),
    ),
    "zola": Oracle(
        "config.toml",
        (
            "preset: zola",
            'folders: ["content"]',
            'locales: ["fr"]',
            "defaults:",
            '  - {"path": "content", "locale": "en"}',
        ),
        "content/blog/",
        # The date of a name is the page's date. A draft section hides its pages.
        ("blog/third", "second-look", "blog/first"),
        {"blog/third": "Third", "second-look": "Second", "blog/first": "First", "blog": "Blog"},
        {},
        {("News Desk", None): ("blog/third", "blog/first"), ("Picture Desk", None): ("blog/third",)},
        ("/blog/third/", "/blog/second-look/", "/blog/first/", "/blog/"),
        frozenset({"content/blog/draft.md", "content/secret/_index.md", "content/secret/plan.md"}),
    ),
    "docusaurus": Oracle(
        "docusaurus.config.js",
        (
            "preset: docusaurus",
            'folders: ["docs", "blog", "i18n"]',
            'locales: ["fr"]',
            "defaults:",
            '  - {"path": "i18n/fr", "locale": "fr"}',
            'url: {"i18n/fr/docusaurus-plugin-content-docs/current": "/fr/docs/:address"}',
            "# docusaurus.config.js is a program, and was not run.",
        ),
        "blog/",
        # Numbers order docs and are in no address. The date of a blog post may be in folders. Parts are not pages.
        ("third", "second", "first", "intro"),
        {"third": "Third", "second": "Second", "first": "First"},
        {"/guide/glass": "guide-glass"},
        # A key of the blog's `authors.yml`, also in a mapping. The `title` of an author is not a name.
        {("News Desk", "/desk/"): ("third", "first"), ("Picture Desk", None): ("third",)},
        ("/blog/2024/03/15/third", "/blog/2024/02/10/second", "/blog/2024/01/05/first"),
        frozenset({"README.md", "docs/_partial.md", "docs/03-old.md", "blog/2024-03-16-draft.md"}),
    ),
    "nuxt": Oracle(
        "nuxt.config.ts",
        ("preset: nuxt", 'folders: ["content"]', "# nuxt.config.ts is a program, and was not run."),
        "content/2.blog/",
        # Numbers order files and are in no address. `.draft` at the end of a name hides, and so does an underscore.
        ("blog/third", "blog/second", "blog/first"),
        {"blog/third": "Third", "blog/second": "Second", "blog/first": "First"},
        {},
        {("News Desk", None): ("blog/third",), ("Picture Desk", None): ("blog/second",)},
        ("/blog/third", "/blog/second", "/blog/first"),
        frozenset({"content/2.blog/4.soon.draft.md", "content/2.blog/5.draft.md", "content/_shelved.md"}),
    ),
    "obsidian": Oracle(
        ".obsidian",
        ("preset: obsidian", 'exclude: ["Templates", "Archive"]'),
        "Looks/",
        # Templates and ignored folders are not notes of the site.
        ("looks/third", "second", "first-light"),
        {"looks/third": "Third", "second": "Second look"},
        {},
        {("News Desk", None): ("looks/third", "second"), ("Picture Desk", None): ("second",)},
        ("/Looks/Third", "/second"),
        frozenset({"Templates/Note.md", "Archive/Old.md", "Private.md", "Scratch.md"}),
    ),
    "hexo": Oracle(
        "_config.yml",
        (
            "preset: hexo",
            'folders: ["source"]',
            'timezone: "Europe/Paris"',
            "defaults:",
            '  - {"path": "source", "locale": "en"}',
            'fields: {"publishedDateTime": {"path": "{year}/{month}/{day}/"}}',
            'url: {"source/_posts": "/:year/:month/:day/:slug_or_name/"}',
        ),
        "source/_posts/",
        # The date may be in the folders that the configuration names.
        ("third fr", "second", "first"),
        {"third fr": "Third", "second": "Second", "first": "First"},
        {},
        {("News Desk", None): ("third fr",), ("Picture Desk", None): ("second",)},
        ("/2024/03/15/third/", "/2024/02/10/second/", "/2024/01/05/first/"),
        frozenset({"source/_drafts/idea.md", "source/_posts/withdrawn.md", "scaffolds/post.md"}),
    ),
}
MAIN = {"en", None}
_HUGO = "/:language/news/:lower_sections/:lower_slug_or_filename/"
_JEKYLL = "/:categories/:year/:month/:day/:slug_or_name"


@pytest.fixture(params=sorted(ORACLES))
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def folder(name: str, tmp_path: Path) -> Path:
    return Path(shutil.copytree(SITES / name, tmp_path / name))


def key(node: dict[str, Any] | None) -> str | None:
    if node is None:
        return None
    return str(node["slug"]) if node["locale"] in MAIN else f"{node['slug']} {node['locale']}"


def query(folder: Path, text: str, cache: Path, **variables: str) -> dict[str, Any]:
    done = invoke("query", folder, text, "--variables", json.dumps(variables), cache=cache)
    assert done.returncode == 0, done.stdout + done.stderr
    data: dict[str, Any] = json.loads(done.stdout)["data"]
    return data


def test_init_recognises_the_generator(name: str, folder: Path) -> None:
    """It writes valid rules, and prints the two commands to run next."""
    oracle, done = ORACLES[name], invoke("init", folder)
    assert done.returncode == 0
    assert f"by {oracle.evidence}." in done.stdout
    assert done.stdout.splitlines()[-2:] == [f"  gateway check --explain {folder}", f"  gateway dev {folder}"]
    first, *lines = (folder / "gateway.yaml").read_text().splitlines()
    assert first.startswith("# The rules of this site.")
    assert tuple(line.partition("  # ")[0] for line in lines) == oracle.rules
    assert site_config.read(folder).problems == ()


def test_answers_are_those_of_the_generator(name: str, folder: Path, tmp_path: Path) -> None:
    """The posts of a tag and of each author, their order, neighbours and titles, and the hidden files."""
    oracle = ORACLES[name]
    invoke("init", folder)
    found = query(folder, QUERY, tmp_path / "cache", tag="tripod", posts=oracle.posts)
    assert tuple(map(key, found["tagged"]["nodes"])) == oracle.tagged
    posts = found["posts"]["nodes"]
    assert {key(node): node["title"] for node in posts} == oracle.titles
    slugs = list(oracle.titles)
    around = dict(zip(slugs, zip([None, *slugs], [*slugs[1:], None], strict=False), strict=True))
    assert tuple(node["url"] for node in posts) == oracle.urls
    neighbours = {key(node): (key(node["adjacent"]["previous"]), key(node["adjacent"]["next"])) for node in posts}
    assert neighbours == around
    authors = {
        (node["name"], node["url"]): tuple(map(key, node["articles"]["nodes"])) for node in found["authors"]["nodes"]
    }
    assert authors == oracle.authors
    files = {str(file.relative_to(folder)) for file in folder.rglob("*.m*") if file.suffix in {".md", ".mdx"}}
    files |= {str(file.relative_to(folder)) for file in folder.rglob("*.markdown")}
    assert files - {node["path"] for node in found["all"]["nodes"]} == oracle.hidden


LINKED = {
    "jekyll": "/2024/01/first-light/",
    "hugo": "/2024/first/",
    "astro": "./first.md",
    "eleventy": "/posts/first/",
    "zola": "/blog/first/",
    "docusaurus": "/blog/2024/01/05/first",
    "nuxt": "/blog/first",
    "obsidian": "/First+light",
    "hexo": "/2024/01/05/first/",
}
"""The address of the first post in the newest one, which links to it as the generator's authors do."""


def test_links_lead_to_addresses(name: str, folder: Path, tmp_path: Path) -> None:
    """In HTML and in `links`, without dead ones."""
    invoke("init", folder)
    url, slug = ORACLES[name].urls[0], next(iter(ORACLES[name].titles))
    newest = {"slug": slug} if url is None else {"url": url}
    selected = "body { html } links { url article { title } }"
    text = f"query ($url: String, $slug: String) {{ article(url: $url, slug: $slug) {{ {selected} }} }}"
    found = query(folder, text, tmp_path / "cache", **newest)["article"]
    assert f'href="{LINKED[name]}"' in found["body"]["html"]
    assert {each["article"]["title"] for each in found["links"]} == {
        "First light" if "light" in LINKED[name] else "First"
    }
    assert "DEAD_LINK" not in invoke("check", folder).stdout


@pytest.mark.parametrize(
    ("files", "rule"),
    [
        ({"_config.yml": "permalink: pretty"}, {"**": "/:sections/:filename/", "**/_posts": _JEKYLL + "/"}),
        ({"_config.yml": "permalink: date"}, {"**/_posts": f"{_JEKYLL}.html"}),
        ({"_config.yml": "permalink: /:year/:title:output_ext"}, {"**/_posts": "/:year/:slug_or_name.html"}),
        (
            {"_config.yml": "source: site\ncollections: {docs: {output: true}, team: {}}", "site/a.md": ""},
            {"site/_docs": "/docs/:sections/:filename.html"},
        ),
        ({"_config.yml": "permalink: /:week/:title"}, {"**/_posts": None}),
        (
            {"hugo.toml": "[permalinks.page]\nnews = ':section/:title'"},
            {"content/news": "/:language/news/:title", "content/news/**/_index.*": _HUGO},
        ),
        (
            {"hugo.toml": "[permalinks]\nnews = '/:sections[1:]/:title/'"},
            {"content/news": None, "content/news/**/_index.*": _HUGO},
        ),
    ],
)
def test_permalinks_of_configurations(tmp_path: Path, files: dict[str, str], rule: dict[str, str | None]) -> None:
    """A permalink is written in the words of templates. One that cannot be is a comment, and gives no addresses."""
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    found = generators.recognise(tmp_path)
    assert found is not None
    written = next((each.value for each in found.rules if each.section == "url"), None)
    assert written == rule
    assert (None in rule.values()) == any("cannot be written as a template." in note for note in found.notes)
    assert site_config.parse(rules_text(found).encode()).problems == ()


@pytest.mark.parametrize(
    ("path", "text", "base"),
    [
        ("_config.yml", "baseurl: /notes", "/notes"),
        ("_config.yml", "baseurl: notes/", "/notes"),
        ("_config.yml", 'baseurl: ""', None),
        ("_config.yml", "new_post_name: :title.md\nroot: /notes/", "/notes"),
        ("_config.yml", "new_post_name: :title.md\nurl: https://a.example/notes", "/notes"),
        ("hugo.toml", "baseURL = 'https://a.example/notes/'", "/notes"),
        ("hugo.toml", "baseURL = 'https://a.example/'", None),
        ("config.toml", "base_url = 'https://a.example/notes'", "/notes"),
        (
            "docusaurus.config.js",
            "module.exports = {\n  url: 'https://a.example',\n  baseUrl: '/notes/',\n};",
            "/notes",
        ),
        ("docusaurus.config.js", "module.exports = {\n  // baseUrl: '/old/',\n  baseUrl: '/notes/',\n};", "/notes"),
        ("docusaurus.config.js", "const baseUrl = process.env.BASE;\nmodule.exports = { baseUrl };", None),
        ("astro.config.mjs", 'export default defineConfig({ site: "https://a.example", base: "/notes" });', "/notes"),
        ("astro.config.mjs", "export default { base: '/a', vite: { base: '/b' } };", None),
        ("nuxt.config.ts", "export default { app: { head: 'x', 'baseURL': '/notes/' } };", "/notes"),
        ("nuxt.config.ts", "export default { api: { baseURL: '/api/' } };", None),
        ("eleventy.config.js", "export default () => ({ pathPrefix: '/notes/' });", "/notes"),
    ],
)
def test_base_of_configurations(tmp_path: Path, path: str, text: str, base: str | None) -> None:
    """The path of the site on its host, also of a program that has it as a text."""
    (tmp_path / path).write_text(text)
    found = generators.recognise(tmp_path)
    assert found is not None
    assert next((each.value for each in found.rules if each.section == "base"), None) == base
    parsed = site_config.parse(rules_text(found).encode())
    assert (parsed.site.base, parsed.problems) == (base or "", ())


def test_base_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "hugo.toml").write_text("baseURL = 'notes.example'")
    found = generators.recognise(tmp_path)
    assert found is not None
    assert "The path of the site in baseURL is not read: notes.example." in found.notes


def test_site_below_a_path(tmp_path: Path) -> None:
    """Addresses, links and pictures of a Jekyll site with a `baseurl` are those of the pages that Jekyll writes."""
    folder, link = tmp_path / "site", "[{0}]({0})"
    targets = ("{{ site.baseurl }}/2024/01/02/one.html", "/notes/2024/01/02/one.html", "/2024/01/02/one.html")
    tags = ("{{ '/2024/01/02/one.html' | relative_url }}", "{{ site.baseurl }}{% link _posts/2024-01-02-one.md %}")
    picture = "![]({{ site.baseurl }}/img/a.png) ![](/notes/img/a.png)"
    for path, text in {
        "_config.yml": "baseurl: /notes",
        "_posts/2024-01-02-one.md": "---\ntitle: One\nredirect_from: /old\nimage: /notes/img/a.png\n---\n",
        "_posts/2024-01-03-two.md": f"---\ntitle: Two\n---\n{' '.join(map(link.format, targets + tags))} {picture}\n",
    }.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    (folder / "img").mkdir()
    (folder / "img/a.png").write_bytes(png(3, 2))
    invoke("init", folder)
    text = """{
      one: article(url: "/notes/2024/01/02/one.html") { url aliases images { url width } }
      old: article(url: "/notes/old") { url }
      below: article(url: "/2024/01/02/one.html") { url }
      two: article(slug: "two") { links { url article { title } } body { html } }
    }"""
    found = query(folder, text, tmp_path / "cache")
    url = "/notes/2024/01/02/one.html"
    [image] = found["one"].pop("images")
    assert (image["url"].partition("?")[0], image["width"]) == ("/assets/img/a.png", 3)
    assert found["one"] == {"url": url, "aliases": ["/notes/old"]}
    assert found["old"] == found["below"] == {"url": url}
    assert {(each["url"], each["article"]["title"]) for each in found["two"]["links"]} == {(url, "One")}
    assert found["two"]["body"]["html"].count(f'href="{url}"') == len(targets + tags)
    assert found["two"]["body"]["html"].count('src="/assets/img/a.png?') == 2
    assert "WARNING" not in invoke("check", folder).stdout


def test_one_article_by_slug_and_by_address(name: str, folder: Path, tmp_path: Path) -> None:
    oracle = ORACLES[name]
    invoke("init", folder)
    slug = list(oracle.titles)[-1].partition(" ")[0]
    found = query(folder, "query ($slug: String) { article(slug: $slug) { title } }", tmp_path / "cache", slug=slug)
    assert found["article"]["title"] in oracle.titles.values()
    by_url = "query ($url: String) { article(url: $url) { slug url } }"
    for address, slug in oracle.addresses.items():
        assert query(folder, by_url, tmp_path / "cache", url=address)["article"]["slug"] == slug
    for address in filter(None, oracle.urls):
        assert query(folder, by_url, tmp_path / "cache", url=address.rstrip("/"))["article"]["url"] == address


@pytest.mark.parametrize(
    ("site", "slug", "title"), [("hugo", "posts/first", "Premier"), ("zola", "blog/third", "Troisième")]
)
def test_languages_of_names(site: str, slug: str, title: str, tmp_path: Path) -> None:
    """A translation has the slug of its original, and is found by its language."""
    folder = Path(shutil.copytree(SITES / site, tmp_path / site))
    invoke("init", folder)
    one = 'query ($slug: String) { article(slug: $slug, locale: "fr") { title } }'
    assert query(folder, one, tmp_path / "cache", slug=slug)["article"]["title"] == title


def test_check_prints_the_rules_of_the_preset(name: str, folder: Path) -> None:
    """The folder has no errors."""
    invoke("init", folder)
    done = invoke("check", folder, "--explain")
    assert done.returncode == 0, done.stdout
    for number, line in enumerate(presets.text(name).splitlines(), 1):
        assert f"preset {name}:{number}: {line}\n" in done.stdout


def test_existing_rules_are_never_overwritten(tmp_path: Path) -> None:
    for existing in ("gateway.yaml", "gateway.yml"):
        folder = tmp_path / existing.replace(".", "-")
        folder.mkdir()
        (folder / existing).write_text("timezone: UTC\n")
        done = invoke("init", folder)
        assert (done.returncode, done.stdout) == (2, "")
        assert f"{folder / existing} exists, and is not changed." in done.stderr
        assert (folder / existing).read_text() == "timezone: UTC\n"
        assert len(list(folder.iterdir())) == 1


def test_folder_that_cannot_be_used(tmp_path: Path) -> None:
    """The error names the folder or the file."""
    missing = invoke("init", tmp_path / "missing")
    assert (missing.returncode, str(tmp_path / "missing") in missing.stderr) == (2, True)
    (tmp_path / "_config.yml").mkdir()
    broken = invoke("init", tmp_path)
    assert broken.returncode == 0
    assert "_config.yml cannot be read" in (tmp_path / "gateway.yaml").read_text()


def test_folder_of_no_known_generator(tmp_path: Path) -> None:
    """The rules are the usual ones, and the presets are in comments."""
    (tmp_path / "a.md").write_text("---\ntitle: A\n---\n")
    done = invoke("init", tmp_path)
    assert done.returncode == 0
    assert "The generator is unknown." in done.stdout
    assert site_config.read(tmp_path).site._replace(digest="") == site_config.parse(b"").site._replace(digest="")


@pytest.mark.parametrize(
    ("files", "preset"),
    [
        ({"_config.yml": "title: A"}, "jekyll"),
        ({"_posts/a.md": ""}, "jekyll"),
        ({"_config.yml": "title: A", "scaffolds/a.md": ""}, "hexo"),
        ({"config.toml": "base_url = 'https://a.example'"}, "zola"),
        ({"config.toml": "baseURL = 'https://a.example'"}, "hugo"),
        ({"config.toml": "a = 1"}, None),
        ({"config/_default/hugo.yaml": "title: A"}, "hugo"),
        ({"config.yaml": "a: 1", "archetypes/a.md": ""}, "hugo"),
        ({".obsidian/app.json": "", "hugo.toml": ""}, "hugo"),
        ({"package.json": "{}"}, None),
    ],
)
def test_evidence(tmp_path: Path, files: dict[str, str], preset: str | None) -> None:
    """Configurations with equal names differ by their keys or by other files."""
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    found = generators.recognise(tmp_path)
    assert (found and found.preset) == preset


@pytest.mark.parametrize(
    "text",
    [
        "contentDir = '../elsewhere'\n",
        "contentDir = 'a[b]'\ntimeZone = 'Nowhere'\n",
        'defaultContentLanguage = "en\\u0085\\n# x: y"\n[languages."a\\nb"]\n[permalinks]\nposts = "a\\n: b"\n',
        "timeZone = [\n",
        'contentDir = 1\nlanguages = "en"\npermalinks = []\n',
    ],
)
def test_any_configuration_gives_valid_rules(tmp_path: Path, text: str) -> None:
    """Values that cannot be written as rules are comments."""
    site = tmp_path / "site"
    for folder in (site, site / "a[b]", tmp_path / "elsewhere"):
        folder.mkdir()
    (site / "hugo.toml").write_text(text)
    assert invoke("init", site).returncode == 0
    read = site_config.read(site)
    assert (read.problems, read.site.preset, read.site.folders) == ((), "hugo", ())

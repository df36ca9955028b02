"""Recognises the generator of a site by its files, and reads its configuration as far as it is data.

Programs, such as `astro.config.mjs`, are not run. Only the base of the site is read if it is written in them.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from zoneinfo import available_timezones

from gateway.content import frontmatter, source
from gateway.content.globs import BadGlob, Glob
from gateway.content.nested_fields import entries
from gateway.content.nodes import MappingEntry, MappingNode, ScalarNode
from gateway.content.rules_file import scalar_text
from gateway.content.source import ContentFile, Stamp
from gateway.content.url_templates import BadTemplate, UrlTemplate, base_path
from gateway.errors import FrontMatterError

_SCRIPTS = (".js", ".mjs", ".cjs", ".ts", ".mts", ".cts")
_DATA = (".toml", ".yaml", ".yml", ".json")
_COMMENT = re.compile(r"(?m:^\s*//.*)|(?s:/\*.*?\*/)")
_TEXT_OF_PATH = r"""["']?\s*:\s*(?P<quote>["'`])(?P<path>/[^"'`\n]*)(?P=quote)"""


class FoundRule(NamedTuple):
    """A rule for `gateway.yaml`, and where it is from."""

    section: str
    value: object
    """As JSON."""
    origin: str

    @property
    def is_printable(self) -> bool:
        return self.written.isprintable()

    @property
    def written(self) -> str:
        """The value in YAML, of which JSON is a part."""
        return json.dumps(self.value, ensure_ascii=False)


class FoundSite(NamedTuple):
    """A recognised site."""

    preset: str
    name: str
    """The name of the generator."""
    evidence: str
    """The file or folder that it is recognised by."""
    rules: Sequence[FoundRule] = ()
    notes: Sequence[str] = ()
    """What else was found, in sentences."""


class _Configuration(NamedTuple):
    """A site's folder and its configuration. The keys of Hugo are in any case."""

    root: Path
    path: str
    fields: Mapping[str, MappingEntry]

    def text(self, *names: str) -> str:
        """The text of a key. Each name but the last is a mapping."""
        *outer, last = names
        return scalar_text(self.mapping(*outer).get(last.casefold()))

    def texts(self, name: str) -> list[str]:
        nodes = entries(self.fields.get(name.casefold()))
        return [node.text.strip() for node in nodes if isinstance(node, ScalarNode)]

    def mapping(self, *names: str) -> Mapping[str, MappingEntry]:
        fields = self.fields
        for name in names:
            field = fields.get(name.casefold())
            fields = _folded(field.value) if field and isinstance(field.value, MappingNode) else {}
        return fields

    def has(self, path: str) -> bool:
        return (self.root / path).is_dir()


_Read = Callable[[_Configuration], Iterator[FoundRule | str]]


class _Generator(NamedTuple):
    preset: str
    name: str
    files: tuple[str, ...]
    """Any of these files or folders is the evidence."""
    read: _Read
    is_it: Callable[[_Configuration], bool] = lambda _: True


def recognise(root: Path) -> FoundSite | None:
    """The site in a folder, or None. Raises OSError if the folder cannot be read."""
    names = frozenset(os.listdir(root))  # noqa: PTH208 - only names are needed
    for generator in _GENERATORS:
        for path in generator.files:
            if path.partition("/")[0] not in names or not (root / path).exists():
                continue
            configuration, problem = _read(root, path)
            if generator.is_it(configuration):
                found = list(generator.read(configuration))
                rules = tuple(each for each in found if isinstance(each, FoundRule) and each.is_printable)
                notes = (*problem, *(each for each in found if isinstance(each, str)))
                return FoundSite(generator.preset, generator.name, path, rules, notes)
    return None


def _read(root: Path, path: str) -> tuple[_Configuration, list[str]]:
    """A configuration, without fields if it cannot be read, and the reason."""
    if not path.endswith(_DATA):
        is_program = path.endswith(_SCRIPTS)
        return _Configuration(root, path, {}), [f"{path} is a program, and was not run."] if is_program else []
    try:
        _, data = source.read(root, ContentFile(path, path, Stamp(0, 0, 0, 0)))
        fields = _folded(frontmatter.read_whole(path, data).fields)
    except (FrontMatterError, source.ReadError, FileNotFoundError) as error:
        message = error.message if isinstance(error, FrontMatterError) else str(error)
        return _Configuration(root, path, {}), [f"{path} cannot be read: {message}"]
    return _Configuration(root, path, fields), []


def _folded(fields: MappingNode) -> Mapping[str, MappingEntry]:
    return {name.casefold(): field for name, field in fields.entries.items()}


# The rules of each generator.


def _jekyll(site: _Configuration) -> Iterator[FoundRule | str]:
    if (folder := site.text("source")) and folder != ".":
        yield from _folders(site, [folder], "source")
    yield from _timezone(site, "timezone")
    yield from _locale(site.text("lang") or site.text("locale"), "**", "lang")
    yield from _base(f"/{site.text('baseurl').strip('/')}", "baseurl")
    yield from _jekyll_permalinks(site)


def _hexo(site: _Configuration) -> Iterator[FoundRule | str]:
    folder = site.text("source_dir") or "source"
    yield from _folders(site, [folder], "source_dir")
    yield from _timezone(site, "timezone")
    yield from _locale(next(iter(site.texts("language")), ""), folder, "language")
    name = site.text("new_post_name").replace(":i_month", ":month").replace(":i_day", ":day")
    dated, _, _ = name.rpartition("/")
    if dated in {":year/:month/:day", ":year/:month", ":year"}:
        pattern = "".join(f"{{{part[1:]}}}/" for part in dated.split("/"))
        yield FoundRule("fields", {"publishedDateTime": {"path": pattern}}, "new_post_name")
    yield from _base(site.text("root") or site.text("url"), "root" if site.text("root") else "url")
    yield from _hexo_permalink(site, folder)


def _hugo(site: _Configuration) -> Iterator[FoundRule | str]:
    folder = site.text("contentDir") or "content"
    languages = _languages(site, "languages")
    own = {name: site.text("languages", name, "contentDir") or folder for name in languages}
    yield from _folders(site, dict.fromkeys([folder, *own.values()]), "contentDir")
    yield from _timezone(site, "timeZone")
    if languages:
        yield FoundRule("locales", languages, "languages")
    default = site.text("defaultContentLanguage") or site.text("languageCode") or site.text("locale")
    yield from _locale(default, folder, "defaultContentLanguage")
    for name, place in own.items():
        if place != folder:
            yield from _locale(name, place, f"languages.{name}.contentDir")
    yield from _base(site.text("baseURL"), "baseURL")
    yield from _hugo_permalinks(site, folder, {name: place for name, place in own.items() if place != folder})


def _zola(site: _Configuration) -> Iterator[FoundRule | str]:
    yield from _folders(site, ["content"], "Zola's content folder")
    if languages := _languages(site, "languages"):
        yield FoundRule("locales", languages, "languages")
    yield from _locale(site.text("default_language") or "en", "content", "default_language")
    yield from _base(site.text("base_url"), "base_url")


def _docusaurus(site: _Configuration) -> Iterator[FoundRule | str]:
    folders = ["docs", "blog", "src/pages", "i18n", "versioned_docs"]
    yield from _folders(site, [folder for folder in folders if site.has(folder)], "Docusaurus' content folders")
    yield from _programmed_base(site, "baseUrl")
    names = sorted(os.listdir(site.root / "i18n")) if site.has("i18n") else []  # noqa: PTH208 - only names
    languages = [name for name in names if site.has(f"i18n/{name}")]
    if languages:
        yield FoundRule("locales", languages, "the folders of i18n")
    for name in languages:
        yield from _locale(name, f"i18n/{name}", "the folder's name")
    yield from _urls([each for name in languages for each in _translated_docs(site, name)], "the folders of i18n")


def _astro(site: _Configuration) -> Iterator[FoundRule | str]:
    folders = [folder for folder in ("src/content", "src/pages", "src/data") if site.has(folder)]
    yield from _folders(site, folders, "Astro's content folders")
    yield from _programmed_base(site, "base")


def _nuxt(site: _Configuration) -> Iterator[FoundRule | str]:
    yield from _folders(site, ["content"], "Nuxt Content's folder")
    yield from _programmed_base(site, "baseURL", r"\bapp\s*:\s*\{[^{}]*?")


def _eleventy(site: _Configuration) -> Iterator[FoundRule | str]:
    yield from _programmed_base(site, "pathPrefix")
    yield f"If {site.path} sets `dir.input`, write it as in `folders: [src]`."


def _obsidian(site: _Configuration) -> Iterator[FoundRule | str]:
    templates, problem = _read(site.root, ".obsidian/templates.json")
    ignored, _ = _read(site.root, ".obsidian/app.json")
    folders = [templates.text("folder"), *ignored.texts("userIgnoreFilters")]
    patterns = [folder.strip("/") for folder in folders if folder and not folder.startswith("/")]
    yield from _paths("exclude", patterns, "the templates and the excluded files of the vault")
    if problem and (site.root / ".obsidian/templates.json").exists():
        yield from problem


def _folders(site: _Configuration, folders: Iterable[str], origin: str) -> Iterator[FoundRule | str]:
    """The folders that exist. Without any, all files may be documents."""
    yield from _paths("folders", [folder for folder in folders if site.has(folder)], origin)


def _paths(section: str, written: Iterable[str], origin: str) -> Iterator[FoundRule | str]:
    paths = []
    for path in written:
        try:
            paths.append(Glob.of(path.removeprefix("./").rstrip("/")).text)
        except BadGlob:
            yield f"The path {path} of {origin} cannot be written as a pattern."
    if paths:
        yield FoundRule(section, paths, origin)


def _timezone(site: _Configuration, key: str) -> Iterator[FoundRule | str]:
    name = site.text(key)
    if name in available_timezones():
        yield FoundRule("timezone", name, key)
    elif name:
        yield f"The time zone {name} is unknown."


def _base(written: str, origin: str) -> Iterator[FoundRule | str]:
    if base := base_path(written):
        yield FoundRule("base", base, origin)
    elif base is None and written:
        yield f"The path of the site in {origin} is not read: {written}."


def _programmed_base(site: _Configuration, key: str, inside: str = "") -> Iterator[FoundRule | str]:
    """The base that a program has as a text under a key. `inside` is a pattern of what is before it."""
    try:
        _, data = source.read(site.root, ContentFile(site.path, site.path, Stamp(0, 0, 0, 0)))
    except (source.ReadError, FileNotFoundError):
        return
    program = _COMMENT.sub("", data.decode(errors="replace"))
    paths = {found["path"] for found in re.finditer(rf"{inside}(?<![\w.]){key}{_TEXT_OF_PATH}", program)}
    if len(paths) == 1:
        yield from _base(paths.pop(), key)


def _locale(name: str, path: str, origin: str) -> Iterator[FoundRule]:
    if name:
        yield FoundRule("defaults", {"path": path, "locale": name}, origin)


def _languages(site: _Configuration, key: str) -> list[str]:
    """The languages of a site. The file's spelling of their names does not matter."""
    return [field.key.text for field in site.mapping(key).values() if isinstance(field.value, MappingNode)]


# Addresses. Each generator has its own words for the parts of an address.

_GENERATOR_WORD = re.compile(r":[a-z_]+(?:\[[^]]*\])?")
_DATE_WORDS = {
    f":{word}": f":{word}" for word in ("year", "month", "day", "i_month", "i_day", "hour", "minute", "second")
}
_JEKYLL_WORDS = _DATE_WORDS | {
    **{word: word for word in (":short_year", ":y_day", ":slug", ":categories")},
    ":title": ":slug_or_name",
    ":name": ":filename",
    ":path": ":sections/:filename",
    ":output_ext": ".html",
}
_JEKYLL_STYLES = {
    "date": "/:categories/:year/:month/:day/:title.html",
    "pretty": "/:categories/:year/:month/:day/:title/",
    "ordinal": "/:categories/:year/:y_day/:title.html",
    "none": "/:categories/:title.html",
}
_HEXO_WORDS = _DATE_WORDS | {
    ":title": ":slug_or_name",
    ":name": ":name",
    ":post_title": ":title",
    ":category": ":categories",
}
_HUGO_WORDS = {
    **{word: word for word in (":year", ":month", ":day", ":title")},
    ":yearday": ":y_day",
    ":slug": ":lower_slug_or_title",
    **dict.fromkeys((":slugorfilename", ":slugorcontentbasename"), ":lower_slug_or_filename"),
    **dict.fromkeys((":filename", ":contentbasename"), ":lower_filename"),
}
_HUGO_URL = ":lower_sections/:lower_slug_or_filename/"


class _Addresses(NamedTuple):
    """The addresses of the files that a path matches, in a generator's words. The words are those of templates if none
    are given."""

    path: str
    pattern: str
    words: Mapping[str, str] = {}


def _jekyll_permalinks(site: _Configuration) -> Iterator[FoundRule | str]:
    written, found = site.text("permalink"), list[_Addresses]()
    if pattern := _JEKYLL_STYLES.get(written, written):
        if pattern.endswith("/"):
            found.append(_Addresses("**", "/:path/", _JEKYLL_WORDS))
        found.append(_Addresses("**/_posts", pattern, _JEKYLL_WORDS))
    inside = "/".join(filter(None, (site.text("source").strip("./"), site.text("collections_dir").strip("./"))))
    for name in site.mapping("collections"):
        if name != "posts" and site.text("collections", name, "output").casefold() == "true":
            own = site.text("collections", name, "permalink") or "/:collection/:path.html"
            words = _JEKYLL_WORDS | {":collection": name}
            found.append(_Addresses(f"{inside}/_{name}".strip("/"), own, words))
    yield from _urls(found, "permalink")


def _hexo_permalink(site: _Configuration, folder: str) -> Iterator[FoundRule | str]:
    if pattern := site.text("permalink"):
        yield from _urls([_Addresses(f"{folder}/_posts", pattern, _HEXO_WORDS)], "permalink")


def _hugo_permalinks(site: _Configuration, folder: str, languages: Mapping[str, str]) -> Iterator[FoundRule | str]:
    """`languages` are those with a folder of their own, and their folders."""
    found = [_Addresses(place, f"/{name}/{_HUGO_URL}") for name, place in languages.items()]
    for section in {**site.mapping("permalinks"), **site.mapping("permalinks", "page")}:
        if pattern := site.text("permalinks", section) or site.text("permalinks", "page", section):
            words = _HUGO_WORDS | {":section": section, ":sections": f"{section}/:lower_sections"}
            own, lists = f"/:language/{pattern.lstrip('/')}", f"/:language/{section}/{_HUGO_URL}"
            found.append(_Addresses(f"{folder}/{section}", own, words | {":language": ":language"}))
            found.append(_Addresses(f"{folder}/{section}/**/_index.*", lists))
    yield from _urls(found, "permalinks")


def _translated_docs(site: _Configuration, language: str) -> Iterator[_Addresses]:
    for plugin, pattern in (("docs/current", "docs/:address"), ("blog", "blog/:dated_address")):
        if site.has(folder := f"i18n/{language}/docusaurus-plugin-content-{plugin}"):
            yield _Addresses(folder, f"/{language}/{pattern}")


def _translated(pattern: str, words: Mapping[str, str]) -> str:
    """Raises KeyError for an unknown word."""
    return _GENERATOR_WORD.sub(lambda word: words[word[0]], pattern) if words else pattern


def _urls(addresses: Iterable[_Addresses], origin: str) -> Iterator[FoundRule | str]:
    """The rule of addresses by path. Articles have no address rather than one that the preset would guess."""
    found = dict[str, str | None]()
    for path, pattern, words in addresses:
        try:
            glob = Glob.of(path).text
            found[glob] = None
            template = "/" + _translated(pattern, words).lstrip("/")
            UrlTemplate.of(template)
            found[glob] = template
        except (BadGlob, BadTemplate, KeyError):
            yield f"The addresses {pattern} of {path} cannot be written as a template."
    if found:
        yield FoundRule("url", found, origin)


def _is_hexo(site: _Configuration) -> bool:
    return site.has("scaffolds") or "new_post_name" in site.fields


def _is_zola(site: _Configuration) -> bool:
    return "base_url" in site.fields


def _is_hugo(site: _Configuration) -> bool:
    """Whether a file with a common name is Hugo's: it has Hugo's keys, or the site has Hugo's folders."""
    is_named = site.path.rpartition("/")[2].startswith("hugo.")
    return is_named or bool({"baseurl", "languagecode"} & site.fields.keys()) or site.has("archetypes")


def _names(stem: str, endings: Sequence[str]) -> tuple[str, ...]:
    return tuple(f"{stem}{ending}" for ending in endings)


_HUGO_FILES = tuple(
    name for folder in ("", "config/_default/") for stem in ("hugo", "config") for name in _names(folder + stem, _DATA)
)
_GENERATORS = (
    _Generator("docusaurus", "Docusaurus", _names("docusaurus.config", _SCRIPTS), _docusaurus),
    _Generator("astro", "Astro", _names("astro.config", _SCRIPTS), _astro),
    _Generator("nuxt", "Nuxt", _names("nuxt.config", _SCRIPTS), _nuxt),
    _Generator("eleventy", "Eleventy", (".eleventy.js", *_names("eleventy.config", _SCRIPTS)), _eleventy),
    _Generator("hexo", "Hexo", ("_config.yml", "_config.yaml", "_config.json"), _hexo, _is_hexo),
    _Generator("jekyll", "Jekyll", ("_config.yml", "_config.yaml", "_config.toml", "_posts"), _jekyll),
    _Generator("zola", "Zola", ("zola.toml", "config.toml"), _zola, _is_zola),
    _Generator("hugo", "Hugo", _HUGO_FILES, _hugo, _is_hugo),
    _Generator("obsidian", "Obsidian", (".obsidian",), _obsidian),
)
"""In order of precedence: a vault of Obsidian may also be the site of a generator."""

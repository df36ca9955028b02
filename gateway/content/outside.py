"""Reads the rules for documents that Hugo, Zola, Eleventy and Jekyll keep in other files. It applies no rule.

Values that the rules give are checked here once, as if a document had them, so that no document has to report them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from gateway.content import frontmatter, source, values
from gateway.content.documents import Decoded, decode
from gateway.content.frontmatter import FrontMatter
from gateway.content.globs import BadGlob, Glob
from gateway.content.inherited import Effect, Inherited, Rule
from gateway.content.nodes import Field, Fields, Items, Mark, Node, Scalar
from gateway.content.parts import entries
from gateway.content.report import Report, nearest
from gateway.content.site import Site
from gateway.content.source import EXTENSIONS, SourceFile, is_section, may_hold_rules
from gateway.content.values import Unreadable, shown
from gateway.content.yaml import NOT_A_MAPPING
from gateway.errors import FrontMatterError
from gateway.model import Problem, Severity

RULES_UNREADABLE = "RULES_UNREADABLE"
RULES_NOT_APPLIED = "RULES_NOT_APPLIED"
HIDES_OTHERS = "HIDES_OTHERS"

CASCADE, DRAFT = "cascade", "draft"
TARGETS = ("_target", "target")
MOST_CHARACTERS = 10_000
"""Of a value that the schema does not model: each document would have a copy of it."""
_ELEVENTYS_DATES = frozenset({"last modified", "created", "git last modified", "git created"})
"""Words that Eleventy puts the date of the file for, which is not known here and not in the future."""
_START = Mark(1, 1)
_DOCUMENT = "document.md"
_BODY = "# A title\n"
_FIX = "Fix it, or pin `published` in gateway.yaml for these documents."
_BRACES = re.compile(r"\{([^{}]*)\}")
_NOT_A_SECTION = r"(?!(?:.*/)?_index\.[^/]*$).*"
_IS_SECTION = r"(?:.*/)?_index\.[^/]*"


class Found(NamedTuple):
    """What one file says of the documents beside and below it."""

    rules: tuple[Rule, ...] = ()
    """Of those for one place the first takes precedence."""
    problems: tuple[Problem, ...] = ()
    is_good: bool = True
    """Whether nothing in it that may hide a document is unreadable."""


class _Kind(NamedTuple):
    """How a file of rules is read."""

    rules: Callable[[_Reader, Fields], Iterator[Rule]]
    place: str = ""
    patterns: tuple[re.Pattern[str], ...] = ()
    words: tuple[bytes, ...] = ()
    """A file that holds none of them holds no rules, also where it cannot be parsed."""
    is_section: bool = False
    """Whether it is the page of a section; else it is data from its first line to its last."""


def read(root: Path, file: SourceFile, documents: Collection[str], site: Site, *, max_bytes: int) -> Found:
    """The rules in a file. `documents` are the paths of those that may lie beside it."""
    if not may_hold_rules(file.path):
        return Found()
    if _is_program(file.path):
        return _program(file.path, site)
    kind = _kind(file.path, documents, root.name)
    if kind is None:
        return Found()
    try:
        _, data = source.read(root, file, max_bytes=max_bytes)
    except FileNotFoundError:
        return _unreadable(file.path, kind, "It is gone.", _START)
    except source.ReadError as error:
        return _unreadable(file.path, kind, str(error), _START)
    return _parsed(file.path, kind, data, site)


def precedence(path: str) -> tuple[int, str]:
    """Sorts files of rules for the same place: those that come first take precedence."""
    name = path.rpartition("/")[2]
    kinds = (".11tydata." in name, name.lower().endswith(".json"), is_section(name), True)
    return kinds.index(True), path


def companions(path: str) -> Iterator[str]:
    """The files whose rules may concern a document alone, or the documents that a file of rules may concern alone."""
    stem, _, ending = path.rpartition(".")
    if ending == "json":
        yield from (f"{stem}{extension}" for extension in EXTENSIONS)
    elif f".{ending}" in EXTENSIONS:
        yield f"{stem}.json"


def _is_program(path: str) -> bool:
    return ".11tydata." in path.rpartition("/")[2] and not path.lower().endswith(".json")


def _kind(path: str, documents: Collection[str], root: str) -> _Kind | None:
    """None where the file holds no rules; `root` is the name of the whole folder."""
    folder, _, name = path.rpartition("/")
    if is_section(name):
        return _section(folder, name)
    if name.lower().endswith(".json"):
        place = _place_of_data(folder, name, documents, root)
        return None if place is None else _Kind(_Reader.data, place)
    if name.startswith("_config."):
        return _Kind(_Reader.jekyll, words=(b"defaults", b"collections", b"exclude"))
    return _Kind(_Reader.hugo, words=(CASCADE.encode(),))


def _section(folder: str, name: str) -> _Kind:
    """The page of a section concerns what lies below it, itself excepted, and in its own language where it has one."""
    _, *languages, _ = name.split(".")
    patterns = tuple(re.compile(rf"(?s:.*\.{re.escape(language)}\.[^./]*)") for language in languages)
    return _Kind(_Reader.section, folder, patterns, (CASCADE.encode(), DRAFT.encode()), is_section=True)


def _place_of_data(folder: str, name: str, documents: Collection[str], root: str) -> str | None:
    """Eleventy's data is for the folder that it is named after, or for one document; None where it is for neither."""
    stem, is_eleventys = re.subn(r"\.11tydata$", "", name[: -len(".json")])
    beside = f"{folder}/{stem}".lstrip("/")
    if stem == (folder.rpartition("/")[2] or root) or (is_eleventys and stem == "index"):
        return folder
    if any(f"{beside}{extension}" in documents for extension in EXTENSIONS):
        return f"{beside}.*"
    if not is_eleventys:
        return None
    return f"{beside}.*" if folder else ""  # a root's own name may be another one wherever it is deployed


def _program(path: str, site: Site) -> Found:
    if "published" in site.pinned(path):
        return Found()
    message = "It is a program and is not run, so that documents may be public that it hides."
    hint = "Write its values as JSON, or pin `published` in gateway.yaml, for the documents and for this file."
    return Found((), (Problem(Severity.WARNING, RULES_NOT_APPLIED, message, path, 1, 1, hint),))


def _unreadable(path: str, kind: _Kind, message: str, mark: Mark) -> Found:
    origin = f"{path}:{mark.line}"
    rule = Rule(kind.place, origin, kind.patterns, effect=Effect.UNKNOWN, spares_section=kind.is_section)
    text = f"Its rules for other documents cannot be read. {message}"
    problem = Problem(Severity.ERROR, RULES_UNREADABLE, text, path, *mark, hint=_FIX)
    return Found((rule,), (problem,), is_good=False)


def _parsed(path: str, kind: _Kind, data: bytes, site: Site) -> Found:
    try:
        found = frontmatter.read(path, data) if kind.is_section else frontmatter.read_whole(path, data)
    except FrontMatterError as error:
        # A JSON file that holds a list is not Eleventy's.
        is_other = error.code == NOT_A_MAPPING and path.lower().endswith(".json")
        if is_other or (kind.words and not any(word in data.replace(b"\0", b"").lower() for word in kind.words)):
            return Found()
        return _unreadable(path, kind, error.message, Mark(error.line, error.column))
    if found is None:
        return Found()
    reader = _Reader(path, kind, site)
    rules = tuple(kind.rules(reader, found.fields))
    return Found(rules, tuple(reader.report.problems), is_good=not reader.report.failed)


class _Reader:
    """Reads one file's rules."""

    def __init__(self, path: str, kind: _Kind, site: Site) -> None:
        self.report = Report(path)
        self._path = path
        self._kind = kind
        self._site = site._replace(defaults=(), pins=(), inherited=Inherited())

    def data(self, fields: Fields) -> Iterator[Rule]:
        """Eleventy: all of it is front matter."""
        dates = self._site.sources["publishedDateTime"].keys
        given = {name: field for name, field in fields.entries.items() if name not in dates or not _is_own_date(field)}
        if given:
            yield self._rule(fields.mark, given)

    def hugo(self, fields: Fields) -> Iterator[Rule]:
        """Hugo: the cascade of the whole site."""
        for field in self._entries(fields, CASCADE):
            yield from self._cascade(field)

    def section(self, fields: Fields) -> Iterator[Rule]:
        """Hugo's cascade of a section, and Zola's drafts: in a section that is a draft all pages are."""
        yield from self.hugo(fields)
        for field in self._entries(fields, DRAFT):
            yield from self._draft(field)

    def jekyll(self, fields: Fields) -> Iterator[Rule]:
        """Jekyll: defaults, collections without pages, and what is excluded from the site."""
        get = fields.entries.get
        yield from self._excluded(get("exclude"))
        yield from self._collections(get("collections"))
        yield from self._defaults(get("defaults"))

    def _entries(self, fields: Fields, name: str) -> Iterator[Field]:
        """The fields of a name in any case, and those that look like slips of it: they may have been meant to hide."""
        for key, field in fields.entries.items():
            if nearest(key, (name,)) is None:
                continue
            if key.casefold() != name:
                message = f"`{key}` is not a known key, and is taken for `{name}`."
                self.report.error(RULES_UNREADABLE, message, field.key.mark, f"Write `{name}`.")
            yield field

    def _unknown(self, message: str, mark: Mark, hint: str) -> Rule:
        self.report.error(RULES_UNREADABLE, message, mark, hint)
        return self._rule(mark, effect=Effect.UNKNOWN)

    def _rule(
        self,
        mark: Mark,
        fields: Mapping[str, Field] | None = None,
        patterns: tuple[re.Pattern[str], ...] = (),
        *,
        effect: Effect = Effect.GIVES,
    ) -> Rule:
        decoded = self._decoded(fields or {}, mark)
        for problem in decoded.problems:
            self.report.failed |= problem.severity is Severity.ERROR
            self.report.problems.append(problem._replace(path=self._path))
        conceals = decoded.document is not None and not decoded.document.published
        given = {name: field.inherited(self._path) for name, field in (fields or {}).items() if self._goes(name, field)}
        origin = f"{self._path}:{mark.line}"
        patterns = (*self._kind.patterns, *patterns)
        return Rule(self._kind.place, origin, patterns, given, effect, self._kind.is_section, conceals)

    def _goes(self, name: str, field: Field) -> bool:
        """Whether documents inherit a field. Several inherit no address except for none, and no bulk of data."""
        if self._kind.place.endswith(".*"):
            return True
        if name in self._site.sources["slug"].keys:
            return _text(field).casefold() == "false"
        return name in self._site.known or _weight(field.value) <= MOST_CHARACTERS

    def _decoded(self, fields: Mapping[str, Field], mark: Mark) -> Decoded:
        return decode(_DOCUMENT, FrontMatter(Fields(dict(fields), mark), _BODY, 1, ()), self._site)

    def _may_hide(self, fields: Mapping[str, Field], mark: Mark) -> bool:
        """Whether the fields can hide a document, at any time."""
        decoded = self._decoded(fields, mark)
        return decoded.document is None or bool(decoded.hidings)

    # Hugo and Zola.

    def _draft(self, draft: Field) -> Iterator[Rule]:
        mark = draft.value.mark
        try:
            drafts = {values.boolean(value) for value in (draft.value, *draft.repeated)}
        except Unreadable:
            drafts = {None}
        if None in drafts:
            yield self._unknown("It cannot be told whether the section is a draft.", mark, "Write true or false.")
        elif True in drafts:
            message = "The section is a draft, and with it all documents below, whatever they say."
            self.report.inform(HIDES_OTHERS, message, mark, "Pin those that are to be shown in gateway.yaml.")
            yield self._rule(draft.key.mark, effect=Effect.HIDES)

    def _cascade(self, cascade: Field) -> Iterator[Rule]:
        if values.is_null(cascade.value):
            return
        for node in entries(cascade):
            if isinstance(node, Fields):
                yield from self._cascaded(node)
            else:
                yield self._unknown("The cascade is not a mapping.", node.mark, "Write `cascade: {draft: true}`.")

    def _cascaded(self, node: Fields) -> Iterator[Rule]:
        fields = {name: field for name, field in node.entries.items() if name.casefold() not in TARGETS}
        target = next((field for name, field in node.entries.items() if name.casefold() in TARGETS), None)
        mark = next((field.key.mark for field in fields.values()), node.mark)
        try:
            patterns = _target(target) if target else ()
        except BadGlob as error:
            yield from self._widened(str(error), error.hint, fields, mark)
        else:
            yield self._rule(mark, fields, patterns)

    def _widened(self, message: str, hint: str, fields: Mapping[str, Field], mark: Mark) -> Iterator[Rule]:
        """A rule that is for some documents, it is not known which: where it may hide them it is for all."""
        if not self._may_hide(fields, mark):
            self.report.warn(RULES_NOT_APPLIED, f"{message} The rule is not applied.", mark, hint)
            return
        more = "The rule is applied to all documents below, since it may hide some."
        self.report.warn(RULES_NOT_APPLIED, f"{message} {more}", mark, hint)
        yield self._rule(mark, fields)

    # Jekyll.

    def _defaults(self, section: Field | None) -> Iterator[Rule]:
        """The defaults, those of longer paths first, then those with a type, then those that come last."""
        found = [each for each in entries(section) if isinstance(each, Fields)]
        ranked = sorted(enumerate(found), key=lambda each: (*_rank(each[1]), -each[0]))
        for _, node in ranked:
            given = node.entries.get("values")
            if given is None or not isinstance(given.value, Fields):
                continue  # Jekyll passes over it, too
            scope = _scope(node)
            fields, mark = given.value.entries, given.value.mark
            kind = _text(scope.get("type"))
            types = (_collection(kind),) if kind else ()
            try:
                patterns = _below(_text(scope.get("path")))
            except BadGlob as error:
                yield from self._widened(str(error), error.hint, fields, mark)
            else:
                yield self._rule(mark, fields, (*patterns, *types))

    def _collections(self, section: Field | None) -> Iterator[Rule]:
        for name, field in _collections(section):
            output = field.value.entries.get("output") if isinstance(field.value, Fields) else None
            if name == "posts" or (output and _is_true(output.value)):
                continue
            message = f"The collection {shown(name)} has no pages, so that its documents are drafts."
            hint = "Write `output: true`, or pin `published: true` for them in gateway.yaml."
            self.report.inform(HIDES_OTHERS, message, field.key.mark, hint)
            yield self._rule(field.key.mark, None, (_collection(name),), effect=Effect.HIDES)

    def _excluded(self, section: Field | None) -> Iterator[Rule]:
        for node in entries(section):
            if isinstance(node, Scalar) and (name := node.text.strip("/")):
                regex = re.escape(name).replace(r"\*", ".*").replace(r"\?", ".")
                pattern = re.compile(f"(?s:{regex}(?:/.*)?)")
                yield self._rule(node.mark, None, (pattern,), effect=Effect.HIDES)


def _target(target: Field) -> tuple[re.Pattern[str], ...]:
    """The pages that a cascade is for. Raises BadGlob where it cannot be told by their paths."""
    hint = "Narrow it by `path` only, or by `kind: page` or `kind: section`."
    if not isinstance(target.value, Fields):
        raise BadGlob("The target of the cascade is not a mapping.", hint)
    patterns = []
    for name, field in target.value.entries.items():
        key, text = name.casefold(), _text(field)
        if key == "path" and text:
            patterns.append(_pages(text))
        elif key == "kind" and text in {"page", "section"}:
            patterns.append(re.compile(_NOT_A_SECTION if text == "page" else _IS_SECTION, re.DOTALL | re.IGNORECASE))
        else:
            raise BadGlob(f"The target of the cascade cannot be told by {shown(name)}.", hint)
    return tuple(patterns)


def _pages(text: str) -> re.Pattern[str]:
    """Hugo's paths are in lower case, without ending and language, and a bundle has that of its folder. The folder of
    the content is not known, so that the pattern may begin at any folder."""
    globs = [Glob.of(each.strip("/") or "_index", exact=True).regex.pattern for each in _alternatives(text)]
    pages = "|".join(globs)
    return re.compile(rf"(?si:(?:.*/)?(?:{pages})(?<!/index)(?<!/_index)(?:/_?index)?(?:\.[\w-]+)?\.[^./]+)")


def _alternatives(text: str) -> list[str]:
    found = _BRACES.search(text)
    if found is None:
        return [text]
    start, end = found.span()
    return [each for part in found[1].split(",") for each in _alternatives(text[:start] + part.strip() + text[end:])]


def _below(path: str) -> tuple[re.Pattern[str], ...]:
    """Jekyll's path is a file, or a folder with all below, also where it is a pattern."""
    text = path.strip("/").removeprefix("./")
    if text in {"", "."}:
        return ()
    regexes = [Glob.of(text).regex.pattern, Glob.of(f"{text}/**").regex.pattern]
    return (re.compile(f"(?s:{'|'.join(regexes)})"),)


def _collection(name: str) -> re.Pattern[str]:
    """The paths of a collection; pages are what is in none."""
    if name == "pages":
        return re.compile(r"(?s:(?:[^_/][^/]*/)*[^/]*)")
    return re.compile(rf"(?s:(?:.*/)?_{re.escape(name)}/.*)")


def _collections(section: Field | None) -> Iterator[tuple[str, Field]]:
    if section is None:
        return
    if isinstance(section.value, Fields):
        yield from section.value.entries.items()
    for node in section.value.nodes if isinstance(section.value, Items) else ():
        if isinstance(node, Scalar):
            yield node.text, Field(node, node)


def _scope(node: Fields) -> Mapping[str, Field]:
    scope = node.entries.get("scope")
    return scope.value.entries if scope and isinstance(scope.value, Fields) else {}


def _rank(node: Fields) -> tuple[int, bool]:
    scope = _scope(node)
    return -len(_text(scope.get("path"))), not _text(scope.get("type"))


def _text(field: Field | None) -> str:
    return field.value.text.strip() if field and isinstance(field.value, Scalar) else ""


def _is_own_date(field: Field) -> bool:
    return _text(field).casefold() in _ELEVENTYS_DATES


def _weight(node: Node) -> int:
    """About how many characters the node has."""
    if isinstance(node, Scalar):
        return len(node.text) + 1
    if isinstance(node, Items):
        return 1 + sum(map(_weight, node.nodes))
    return 1 + sum(len(name) + _weight(field.value) for name, field in node.entries.items())


def _is_true(node: Node) -> bool:
    try:
        return values.boolean(node) is True
    except Unreadable:
        return False

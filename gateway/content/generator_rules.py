"""Reads the rules for documents from the files of Hugo, Zola, Eleventy and Jekyll.

The values of the rules are checked here once, so that a problem is not repeated for each document.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from gateway.content import frontmatter, source, values
from gateway.content.decoder import Decoded, decode
from gateway.content.frontmatter import FrontMatter
from gateway.content.globs import BadGlob, Glob
from gateway.content.inheritance import InheritedRule, InheritedRules, RuleEffect
from gateway.content.nested_fields import entries
from gateway.content.nodes import MappingEntry, MappingNode, Node, Position, ScalarNode, SequenceNode
from gateway.content.problem_collector import ProblemCollector, nearest
from gateway.content.site import Site
from gateway.content.source import EXTENSIONS, ContentFile, is_configuration, is_section, may_hold_rules
from gateway.content.values import Unreadable, shown
from gateway.content.yaml import NOT_A_MAPPING
from gateway.errors import FrontMatterError
from gateway.model.problems import Problem, Severity

RULES_UNREADABLE = "RULES_UNREADABLE"
RULES_NOT_APPLIED = "RULES_NOT_APPLIED"
HIDES_OTHERS = "HIDES_OTHERS"

CASCADE, DRAFT = "cascade", "draft"
TARGETS = ("_target", "target")
MOST_CHARACTERS = 10_000
"""The maximum size of an inherited value that the schema does not model. Each document stores a copy of it."""
_ELEVENTYS_DATES = frozenset({"last modified", "created", "git last modified", "git created"})
"""Words that Eleventy replaces by a date of the file. That date is unknown here, and is not in the future."""
_START = Position(1, 1)
_DOCUMENT = "document.md"
_BODY = "# A title\n"
_FIX = "Fix it, or pin `published` in gateway.yaml for these documents."
_BRACES = re.compile(r"\{([^{}]*)\}")
_NOT_A_SECTION = r"(?!(?:.*/)?_index\.[^/]*$).*"
_IS_SECTION = r"(?:.*/)?_index\.[^/]*"


class RulesFile(NamedTuple):
    """The rules in one file for the documents beside and below it."""

    rules: tuple[InheritedRule, ...] = ()
    """If two rules have the same place, the first takes precedence."""
    problems: tuple[Problem, ...] = ()
    is_good: bool = True
    """Whether all values in it that may hide a document are readable."""


class _RuleFormat(NamedTuple):
    """How to read a rules file."""

    rules: Callable[[_RuleReader, MappingNode], Iterator[InheritedRule]]
    place: str = ""
    patterns: tuple[re.Pattern[str], ...] = ()
    words: tuple[bytes, ...] = ()
    """A file without any of these words does not contain rules, even if it cannot be parsed."""
    is_section: bool = False
    """Whether it is a section's page. Otherwise it contains data only."""


def read(root: Path, file: ContentFile, documents: Collection[str], site: Site, *, max_bytes: int) -> RulesFile:
    """Read the rules in a file. `documents` are the paths of the documents that may be beside it."""
    if not may_hold_rules(file.path):
        return RulesFile()
    if _is_program(file.path):
        return _program(file.path, site)
    kind = _kind(file.path, documents, root.name)
    if kind is None:
        return RulesFile()
    try:
        _, data = source.read(root, file, max_bytes=max_bytes)
    except FileNotFoundError:
        return _unreadable(file.path, kind, "The file is gone.", _START)
    except source.ReadError as error:
        return _unreadable(file.path, kind, str(error), _START)
    return _parsed(file.path, kind, data, site)


def precedence(path: str) -> tuple[int, str]:
    """The sort key of rules files for the same place: the first takes precedence."""
    name = path.rpartition("/")[2]
    kinds = (".11tydata." in name, name.lower().endswith(".json"), is_section(name), True)
    return kinds.index(True), path


def companions(path: str) -> Iterator[str]:
    """The rules files that may apply to one document only, or the documents that such a rules file may apply to."""
    stem, _, ending = path.rpartition(".")
    if ending == "json":
        yield from (f"{stem}{extension}" for extension in EXTENSIONS)
    elif f".{ending}" in EXTENSIONS:
        yield f"{stem}.json"


def _is_program(path: str) -> bool:
    return ".11tydata." in path.rpartition("/")[2] and not path.lower().endswith(".json")


def _kind(path: str, documents: Collection[str], root: str) -> _RuleFormat | None:
    """How to read a file, or None if it is not a rules file. `root` is the name of the content folder."""
    folder, _, name = path.rpartition("/")
    if is_section(name):
        return _section(folder, name)
    if name.lower().endswith(".json") and not is_configuration(path):
        place = _place_of_data(folder, name, documents, root)
        return None if place is None else _RuleFormat(_RuleReader.data, place)
    if name.startswith("_config."):
        return _RuleFormat(_RuleReader.jekyll, words=(b"defaults", b"collections", b"exclude"))
    return _RuleFormat(_RuleReader.hugo, words=(CASCADE.encode(),))


def _section(folder: str, name: str) -> _RuleFormat:
    """A section's page applies to the documents below it, except itself, in its own language if it has one."""
    _, *languages, _ = name.split(".")
    patterns = tuple(re.compile(rf"(?s:.*\.{re.escape(language)}\.[^./]*)") for language in languages)
    return _RuleFormat(_RuleReader.section, folder, patterns, (CASCADE.encode(), DRAFT.encode()), is_section=True)


def _place_of_data(folder: str, name: str, documents: Collection[str], root: str) -> str | None:
    """The folder or document that an Eleventy data file is named after, or None."""
    stem, is_eleventys = re.subn(r"\.11tydata$", "", name[: -len(".json")])
    beside = f"{folder}/{stem}".lstrip("/")
    if stem == (folder.rpartition("/")[2] or root) or (is_eleventys and stem == "index"):
        return folder
    if any(f"{beside}{extension}" in documents for extension in EXTENSIONS):
        return f"{beside}.*"
    if not is_eleventys:
        return None
    return f"{beside}.*" if folder else ""  # the content folder's name may differ in each deployment


def _program(path: str, site: Site) -> RulesFile:
    if "published" in site.pins_for(path):
        return RulesFile()
    message = "It is a program and is not run. Documents that it hides may be public."
    hint = "Write its values as JSON, or pin `published` in gateway.yaml for the documents and for this file."
    return RulesFile((), (Problem(Severity.WARNING, RULES_NOT_APPLIED, message, path, 1, 1, hint),))


def _unreadable(path: str, kind: _RuleFormat, message: str, position: Position) -> RulesFile:
    origin = f"{path}:{position.line}"
    rule = InheritedRule(kind.place, origin, kind.patterns, effect=RuleEffect.UNKNOWN, spares_section=kind.is_section)
    text = f"Its rules for other documents cannot be read. {message}"
    problem = Problem(Severity.ERROR, RULES_UNREADABLE, text, path, *position, hint=_FIX)
    return RulesFile((rule,), (problem,), is_good=False)


def _parsed(path: str, kind: _RuleFormat, data: bytes, site: Site) -> RulesFile:
    try:
        found = frontmatter.read(path, data) if kind.is_section else frontmatter.read_whole(path, data)
    except FrontMatterError as error:
        # A JSON file that contains a list is not an Eleventy data file.
        is_other = error.code == NOT_A_MAPPING and path.lower().endswith(".json")
        if is_other or (kind.words and not any(word in data.replace(b"\0", b"").lower() for word in kind.words)):
            return RulesFile()
        return _unreadable(path, kind, error.message, Position(error.line, error.column))
    if found is None:
        return RulesFile()
    reader = _RuleReader(path, kind, site)
    rules = tuple(kind.rules(reader, found.fields))
    return RulesFile(rules, tuple(reader.report.problems), is_good=not reader.report.failed)


class _RuleReader:
    """Reads one file's rules."""

    def __init__(self, path: str, kind: _RuleFormat, site: Site) -> None:
        self.report = ProblemCollector(path)
        self._path = path
        self._kind = kind
        self._site = site._replace(defaults=(), pins=(), inherited=InheritedRules())

    def data(self, fields: MappingNode) -> Iterator[InheritedRule]:
        """Eleventy: the whole file is front matter."""
        dates = self._site.sources["publishedDateTime"].keys
        given = {name: field for name, field in fields.entries.items() if name not in dates or not _is_own_date(field)}
        if given:
            yield self._rule(fields.position, given)

    def hugo(self, fields: MappingNode) -> Iterator[InheritedRule]:
        """Hugo: the site's cascade."""
        for field in self._entries(fields, CASCADE):
            yield from self._cascade(field)

    def section(self, fields: MappingNode) -> Iterator[InheritedRule]:
        """Hugo's cascade of a section, and Zola's draft sections, in which all pages are drafts."""
        yield from self.hugo(fields)
        for field in self._entries(fields, DRAFT):
            yield from self._draft(field)

    def jekyll(self, fields: MappingNode) -> Iterator[InheritedRule]:
        """Jekyll: defaults, collections without pages, and paths excluded from the site."""
        get = fields.entries.get
        yield from self._excluded(get("exclude"))
        yield from self._collections(get("collections"))
        yield from self._defaults(get("defaults"))

    def _entries(self, fields: MappingNode, name: str) -> Iterator[MappingEntry]:
        """The fields with a name in any case, and likely misspellings of it, which may be meant to hide documents."""
        for key, field in fields.entries.items():
            if nearest(key, (name,)) is None:
                continue
            if key.casefold() != name:
                message = f"`{key}` is not a known key. It is read as `{name}`."
                self.report.error(RULES_UNREADABLE, message, field.key.position, f"Write `{name}`.")
            yield field

    def _unknown(self, message: str, position: Position, hint: str) -> InheritedRule:
        self.report.error(RULES_UNREADABLE, message, position, hint)
        return self._rule(position, effect=RuleEffect.UNKNOWN)

    def _rule(
        self,
        position: Position,
        fields: Mapping[str, MappingEntry] | None = None,
        patterns: tuple[re.Pattern[str], ...] = (),
        *,
        effect: RuleEffect = RuleEffect.GIVES,
    ) -> InheritedRule:
        decoded = self._decoded(fields or {}, position)
        for problem in decoded.problems:
            self.report.failed |= problem.severity is Severity.ERROR
            self.report.problems.append(problem._replace(path=self._path))
        given = {name: field.inherited(self._path) for name, field in (fields or {}).items() if self._goes(name, field)}
        origin = f"{self._path}:{position.line}"
        patterns = (*self._kind.patterns, *patterns)
        return InheritedRule(self._kind.place, origin, patterns, given, effect, self._kind.is_section)

    def _goes(self, name: str, field: MappingEntry) -> bool:
        """Whether documents inherit a field. Documents do not inherit a shared address, or large data."""
        if self._kind.place.endswith(".*"):
            return True
        if name in self._site.sources["slug"].keys:
            return _text(field).casefold() == "false"
        return name in self._site.known or _weight(field.value) <= MOST_CHARACTERS

    def _decoded(self, fields: Mapping[str, MappingEntry], position: Position) -> Decoded:
        return decode(_DOCUMENT, FrontMatter(MappingNode(dict(fields), position), _BODY, 1, ()), self._site)

    def _may_hide(self, fields: Mapping[str, MappingEntry], position: Position) -> bool:
        """Whether the fields can hide a document at any time."""
        decoded = self._decoded(fields, position)
        return decoded.document is None or bool(decoded.hidings)

    # Hugo and Zola.

    def _draft(self, draft: MappingEntry) -> Iterator[InheritedRule]:
        position = draft.value.position
        try:
            drafts = {values.boolean(value) for value in (draft.value, *draft.repeated)}
        except Unreadable:
            drafts = {None}
        if None in drafts:
            yield self._unknown("It is unclear whether the section is a draft.", position, "Write true or false.")
        elif True in drafts:
            message = "The section is a draft. It makes all documents below it drafts too, whatever their front matter."
            self.report.inform(
                HIDES_OTHERS,
                message,
                position,
                "To publish some of them, pin `published: true` for them in gateway.yaml.",
            )
            yield self._rule(draft.key.position, effect=RuleEffect.HIDES)

    def _cascade(self, cascade: MappingEntry) -> Iterator[InheritedRule]:
        for value in (cascade.value, *cascade.repeated):
            for node in entries(cascade._replace(value=value)):
                if isinstance(node, MappingNode):
                    yield from self._cascaded(node)
                else:
                    hint = "Write `cascade: {draft: true}`."
                    yield self._unknown("The cascade is not a mapping.", node.position, hint)

    def _cascaded(self, node: MappingNode) -> Iterator[InheritedRule]:
        fields = {name: field for name, field in node.entries.items() if name.casefold() not in TARGETS}
        target = next((field for name, field in node.entries.items() if name.casefold() in TARGETS), None)
        position = next((field.key.position for field in fields.values()), node.position)
        try:
            patterns = _target(target) if target else ()
        except BadGlob as error:
            yield from self._widened(str(error), error.hint, fields, position)
        else:
            yield self._rule(position, fields, patterns)

    def _widened(
        self, message: str, hint: str, fields: Mapping[str, MappingEntry], position: Position
    ) -> Iterator[InheritedRule]:
        """A rule with an unreadable target. If it may hide documents, it applies to all below, else it is ignored."""
        if not self._may_hide(fields, position):
            self.report.warn(RULES_NOT_APPLIED, f"{message} The rule is not applied.", position, hint)
            return
        more = "The rule is applied to all documents below, because it may hide some."
        self.report.warn(RULES_NOT_APPLIED, f"{message} {more}", position, hint)
        yield self._rule(position, fields)

    # Jekyll.

    def _defaults(self, section: MappingEntry | None) -> Iterator[InheritedRule]:
        """The defaults in order of precedence: longer paths first, then those with a type, then later entries."""
        found = [each for each in entries(section) if isinstance(each, MappingNode)]
        ranked = sorted(enumerate(found), key=lambda each: (*_rank(each[1]), -each[0]))
        for _, node in ranked:
            given = node.entries.get("values")
            if given is None or not isinstance(given.value, MappingNode):
                continue  # Jekyll skips it too
            scope = _scope(node)
            fields, position = given.value.entries, given.value.position
            kind = _text(scope.get("type"))
            types = (_collection(kind),) if kind else ()
            try:
                patterns = _below(_text(scope.get("path")))
            except BadGlob as error:
                yield from self._widened(str(error), error.hint, fields, position)
            else:
                yield self._rule(position, fields, (*patterns, *types))

    def _collections(self, section: MappingEntry | None) -> Iterator[InheritedRule]:
        for name, field in _collections(section):
            output = field.value.entries.get("output") if isinstance(field.value, MappingNode) else None
            if name == "posts" or (output and _is_true(output.value)):
                continue
            message = f"The collection {shown(name)} does not output pages, so its documents are drafts."
            hint = "Write `output: true`, or pin `published: true` for them in gateway.yaml."
            self.report.inform(HIDES_OTHERS, message, field.key.position, hint)
            yield self._rule(field.key.position, None, (_collection(name),), effect=RuleEffect.HIDES)

    def _excluded(self, section: MappingEntry | None) -> Iterator[InheritedRule]:
        for node in entries(section):
            if isinstance(node, ScalarNode) and (name := node.text.strip("/")):
                regex = re.escape(name).replace(r"\*", ".*").replace(r"\?", ".")
                pattern = re.compile(f"(?s:{regex}(?:/.*)?)")
                yield self._rule(node.position, None, (pattern,), effect=RuleEffect.HIDES)


def _target(target: MappingEntry) -> tuple[re.Pattern[str], ...]:
    """The path patterns of a cascade's target. Raises BadGlob if paths do not determine the target."""
    hint = "Narrow it by `path` only, or by `kind: page` or `kind: section`."
    if not isinstance(target.value, MappingNode):
        raise BadGlob("The target of the cascade is not a mapping.", hint)
    patterns = []
    for name, field in target.value.entries.items():
        key, text = name.casefold(), _text(field)
        if key == "path" and text:
            patterns.append(_pages(text))
        elif key == "kind" and text in {"page", "section"}:
            patterns.append(re.compile(_NOT_A_SECTION if text == "page" else _IS_SECTION, re.DOTALL | re.IGNORECASE))
        else:
            raise BadGlob(f"The target of the cascade cannot be matched by {shown(name)}.", hint)
    return tuple(patterns)


def _pages(text: str) -> re.Pattern[str]:
    """The pattern of a Hugo page path.

    Hugo's paths are in lower case, without extension and language. A bundle has its folder's path. Hugo's content
    folder is unknown, so the pattern may begin at any folder.
    """
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
    """A Jekyll path, also a pattern, matches a file, or a folder and everything below it."""
    text = path.strip("/").removeprefix("./")
    if text in {"", "."}:
        return ()
    regexes = [Glob.of(text).regex.pattern, Glob.of(f"{text}/**").regex.pattern]
    return (re.compile(f"(?s:{'|'.join(regexes)})"),)


def _collection(name: str) -> re.Pattern[str]:
    """The paths of a collection. Files outside collections are pages."""
    if name == "pages":
        return re.compile(r"(?s:(?:[^_/][^/]*/)*[^/]*)")
    return re.compile(rf"(?s:(?:.*/)?_{re.escape(name)}/.*)")


def _collections(section: MappingEntry | None) -> Iterator[tuple[str, MappingEntry]]:
    if section is None:
        return
    if isinstance(section.value, MappingNode):
        yield from section.value.entries.items()
    for node in section.value.nodes if isinstance(section.value, SequenceNode) else ():
        if isinstance(node, ScalarNode):
            yield node.text, MappingEntry(node, node)


def _scope(node: MappingNode) -> Mapping[str, MappingEntry]:
    scope = node.entries.get("scope")
    return scope.value.entries if scope and isinstance(scope.value, MappingNode) else {}


def _rank(node: MappingNode) -> tuple[int, bool]:
    scope = _scope(node)
    return -len(_text(scope.get("path"))), not _text(scope.get("type"))


def _text(field: MappingEntry | None) -> str:
    return field.value.text.strip() if field and isinstance(field.value, ScalarNode) else ""


def _is_own_date(field: MappingEntry) -> bool:
    return _text(field).casefold() in _ELEVENTYS_DATES


def _weight(node: Node) -> int:
    """The approximate number of characters of a node."""
    if isinstance(node, ScalarNode):
        return len(node.text) + 1
    if isinstance(node, SequenceNode):
        return 1 + sum(map(_weight, node.nodes))
    return 1 + sum(len(name) + _weight(field.value) for name, field in node.entries.items())


def _is_true(node: Node) -> bool:
    try:
        return values.boolean(node) is True
    except Unreadable:
        return False

"""Reads the rules for documents from the files of Hugo, Zola, Eleventy and Jekyll, and the authors of a site."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Collection, Iterator, MutableMapping
from pathlib import Path
from typing import NamedTuple

from gateway.content import (
    author_files,
    eleventy_rules,
    frontmatter,
    hugo_rules,
    jekyll_rules,
    source,
    visibility_flags,
)
from gateway.content.file_names import language_of
from gateway.content.frontmatter import FrontMatter
from gateway.content.inheritance import InheritedRule, RuleEffect
from gateway.content.nodes import MappingNode, Position
from gateway.content.rules_file import RULES_UNREADABLE, RulesFile, RulesReader, RulesScope
from gateway.content.site import DEFAULT_MAPPING, Site
from gateway.content.source import (
    BUNDLE,
    EXTENSIONS,
    IGNORE_FILE,
    SECTION,
    ContentFile,
    Stamp,
    folders_of,
    is_author_file,
    is_bundle,
    is_configuration,
    is_document,
    is_ignored,
    is_section,
    may_hold_rules,
)
from gateway.content.yaml import NOT_A_MAPPING
from gateway.errors import FrontMatterError
from gateway.model.documents import AuthorName
from gateway.model.problems import Problem, Severity

SETTLED_NS = 2 * 10**9
"""A file written within this time may change again within a clock tick, without another stamp."""
_START = Position(1, 1)
_FIX = "Fix it, or pin `published` in gateway.yaml for these documents."
_BUNDLE_WORDS = tuple(
    sorted(
        key.lower().encode()
        for key in {*visibility_flags.KEYS}.union(
            *(DEFAULT_MAPPING[name].keys for name in ("published", "draft", "unlisted", "publishDate", "expiryDate"))
        )
    )
)
"""A broken page of a bundle does not concern other documents if it has a plain date only, as most pages do."""


class _RuleFormat(NamedTuple):
    """How to read a rules file."""

    rules: Callable[[RulesReader, MappingNode], Iterator[InheritedRule | AuthorName]]
    scope: RulesScope = RulesScope()
    words: tuple[bytes, ...] = ()
    """A file without any of these words does not contain rules, even if it cannot be parsed."""
    parse: Callable[[str, bytes], FrontMatter | None] = frontmatter.read_whole
    may_hide: bool = True
    """Whether its rules may hide documents."""


class KnownRules(NamedTuple):
    """The rules of a file, and all that they depend on."""

    stamp: Stamp
    scope: RulesScope
    site: str
    """The digest of the site's rules."""
    rules: RulesFile


def read(
    root: Path,
    file: ContentFile,
    documents: Collection[str],
    site: Site,
    *,
    max_bytes: int,
    known: MutableMapping[str, KnownRules] | None = None,
    clock: Callable[[], int] = time.time_ns,
) -> RulesFile:
    """Read the rules in a file. `documents` are the paths of the documents that may be beside it.

    `known` has the rules of earlier calls by path. A file that has not changed since is not read again.
    """
    if not may_hold_rules(file.path):
        return RulesFile()
    if eleventy_rules.is_program(file.path):
        return eleventy_rules.program(file.path, site)
    kind = _kind(file.path, documents, root.name)
    if kind is None or (is_bundle(file.path) and _is_single(root, file, site)):
        return RulesFile()
    before = known.get(file.path) if known else None
    if before and before[:3] == (file.stamp, kind.scope, site.digest):
        return before.rules
    try:
        stamp, data = source.read(root, file, max_bytes=max_bytes)
    except (FileNotFoundError, source.ReadError) as error:
        message = str(error) if isinstance(error, source.ReadError) else "The file is gone."
        return _unreadable(file.path, kind, message, _START)
    rules = _parsed(file.path, kind, data, site)
    if known is not None and stamp.mtime_ns < clock() - SETTLED_NS:
        known[file.path] = KnownRules(stamp, kind.scope, site.digest, rules)
    return rules


def precedence(path: str) -> tuple[int, str]:
    """The sort key of rules files for the same place: the first takes precedence."""
    name = path.rpartition("/")[2]
    kinds = (".11tydata." in name, name.lower().endswith(".json"), is_section(name), True)
    return kinds.index(True), path


def companions(path: str) -> Iterator[str]:
    """The rules files that may be read only because of a document, or the documents that such a file may apply to."""
    stem, _, ending = path.rpartition(".")
    if ending == "json":
        yield from (f"{stem}{extension}" for extension in EXTENSIONS)
    elif f".{ending}" in EXTENSIONS:
        yield f"{stem}.json"
        language = language_of(path)
        for folder in folders_of(path):
            yield from (f"{folder}/{BUNDLE}{language}{extension}" for extension in EXTENSIONS)


def _kind(path: str, documents: Collection[str], root: str) -> _RuleFormat | None:
    """How to read a file, or None if it is not a rules file. `root` is the name of the content folder."""
    folder, _, name = path.rpartition("/")
    if is_author_file(path):
        return _authors(name)
    if is_section(name):
        return _RuleFormat(
            hugo_rules.section, _below(folder, name, SECTION), hugo_rules.SECTION_WORDS, frontmatter.read
        )
    if is_bundle(path):
        return _RuleFormat(hugo_rules.bundle, _below(folder, name, BUNDLE), _BUNDLE_WORDS, frontmatter.read)
    if path == IGNORE_FILE:
        return _RuleFormat(eleventy_rules.ignored, parse=eleventy_rules.ignored_lines)
    if name.lower().endswith(".json") and not is_configuration(path):
        place = eleventy_rules.place_of_data(folder, name, documents, root)
        return None if place is None else _RuleFormat(eleventy_rules.data, RulesScope(place))
    return _configuration(name)


def _configuration(name: str) -> _RuleFormat:
    if name.startswith("_config."):
        return _RuleFormat(jekyll_rules.configuration, words=jekyll_rules.WORDS)
    if name.startswith("cascade."):
        return _RuleFormat(hugo_rules.site_cascade)
    return _RuleFormat(hugo_rules.site, words=hugo_rules.SITE_WORDS)


def _authors(name: str) -> _RuleFormat:
    if name.lower().endswith(EXTENSIONS):
        return _RuleFormat(author_files.page, parse=frontmatter.read, may_hide=False)
    is_map = name.lower().startswith("authors.")
    return _RuleFormat(author_files.data if is_map else author_files.single, may_hide=False)


def _below(folder: str, name: str, stem: str) -> RulesScope:
    """A folder's page applies to the documents below it, except itself, in its own language if it has one."""
    _, *languages, _ = name.split(".")
    patterns = tuple(re.compile(rf"(?s:.*\.{re.escape(language)}\.[^./]*)") for language in languages)
    return RulesScope(folder, patterns, stem)


def _is_single(root: Path, file: ContentFile, site: Site) -> bool:
    """Whether the page is the only document of its folder, as in most bundles, so that it need not be read."""
    folder = file.name.rpartition("/")[0]
    try:
        with os.scandir(root / folder) as scan:
            entries = [entry for entry in scan if not is_ignored(entry.name)]
            return not any(
                entry.is_dir() or is_document(f"{folder}/{entry.name}", site.include)
                for entry in entries
                if f"{folder}/{entry.name}" != file.name
            )
    except OSError:
        return False


def _unreadable(path: str, kind: _RuleFormat, message: str, position: Position) -> RulesFile:
    if not kind.may_hide:
        return author_files.unreadable(path, message, position)
    scope, origin = kind.scope, f"{path}:{position.line}"
    rule = InheritedRule(scope.place, origin, scope.patterns, effect=RuleEffect.UNKNOWN, spares=scope.spares)
    text = f"Its rules for other documents cannot be read. {message}"
    problem = Problem(Severity.ERROR, RULES_UNREADABLE, text, path, *position, hint=_FIX)
    return RulesFile((rule,), problems=(problem,), is_good=False)


def _parsed(path: str, kind: _RuleFormat, data: bytes, site: Site) -> RulesFile:
    try:
        found = kind.parse(path, data)
    except FrontMatterError as error:
        if error.code == NOT_A_MAPPING and not kind.may_hide:
            return author_files.not_a_mapping(path, Position(error.line, error.column))
        # A JSON file that contains a list is not an Eleventy data file.
        is_other = error.code == NOT_A_MAPPING and path.lower().endswith(".json")
        if is_other or (kind.words and not any(word in data.replace(b"\0", b"").lower() for word in kind.words)):
            return RulesFile()
        return _unreadable(path, kind, error.message, Position(error.line, error.column))
    if found is None:
        return RulesFile()
    reader = RulesReader(path, kind.scope, site)
    given = list(kind.rules(reader, found.fields))
    rules = tuple(each for each in given if isinstance(each, InheritedRule))
    authors = tuple(each for each in given if isinstance(each, AuthorName))
    return RulesFile(rules, authors, tuple(reader.report.problems), is_good=not reader.report.failed)

"""Reads Eleventy's data of folders and documents, and its list of ignored paths."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from gateway.content.frontmatter import FrontMatter
from gateway.content.globs import BadGlob, Glob
from gateway.content.inheritance import InheritedRule, RuleEffect
from gateway.content.nodes import MappingEntry, MappingNode, Position, ScalarNode
from gateway.content.rules_file import PIN, RULES_NOT_APPLIED, RulesFile, RulesReader, scalar_text
from gateway.content.site import Site
from gateway.content.source import EXTENSIONS
from gateway.content.values import shown
from gateway.model.problems import Problem, Severity

_OWN_DATES = frozenset({"last modified", "created", "git last modified", "git created"})
"""Words that Eleventy replaces by a date of the file. That date is unknown here, and is not in the future."""
_HIDE = "Pin `published: false` for its documents in gateway.yaml."


def data(reader: RulesReader, fields: MappingNode) -> Iterator[InheritedRule]:
    """The whole file is front matter."""
    dates = reader.site.sources["publishedDateTime"].keys
    given = {name: field for name, field in fields.entries.items() if name not in dates or not _is_own_date(field)}
    if given:
        yield reader.rule(fields.position, given)


def place_of_data(folder: str, name: str, documents: Collection[str], root: str) -> str | None:
    """The folder or document that a data file is named after, or None. `root` is the content folder's name."""
    stem, is_eleventys = re.subn(r"\.11tydata$", "", name[: -len(".json")])
    beside = f"{folder}/{stem}".lstrip("/")
    if stem == (folder.rpartition("/")[2] or root) or (is_eleventys and stem == "index"):
        return folder
    if any(f"{beside}{extension}" in documents for extension in EXTENSIONS):
        return f"{beside}.*"
    if not is_eleventys:
        return None
    return f"{beside}.*" if folder else ""  # the content folder's name may differ in each deployment


def is_program(path: str) -> bool:
    return ".11tydata." in path.rpartition("/")[2] and not path.lower().endswith(".json")


def program(path: str, site: Site) -> RulesFile:
    if "published" in site.pins_for(path):
        return RulesFile()
    message = "It is a program and is not run. Documents that it hides may be public."
    hint = "Write its values as JSON, or pin `published` in gateway.yaml for the documents and for this file."
    return RulesFile(problems=(Problem(Severity.WARNING, RULES_NOT_APPLIED, message, path, 1, 1, hint),))


def ignored_lines(_path: str, content: bytes) -> FrontMatter:
    """The lines of a list of ignored paths as the keys of a mapping."""
    lines = content.decode("utf-8-sig", "replace").splitlines()
    scalars = [ScalarNode(line.strip(), True, Position(number, 1)) for number, line in enumerate(lines, 1)]
    fields = {line.text: MappingEntry(line, line) for line in scalars if line.text and not line.text.startswith("#")}
    return FrontMatter(MappingNode(fields, Position(1, 1)), "", 1, ())


def ignored(reader: RulesReader, fields: MappingNode) -> Iterator[InheritedRule]:
    """Ignored documents are drafts. A path without a pattern names a folder, too."""
    for text, field in fields.entries.items():
        position = field.key.position
        if text.startswith("!"):
            message = f"{shown(text)} is not applied. Its documents are drafts if another line ignores them."
            reader.report.warn(RULES_NOT_APPLIED, message, position, PIN)
            continue
        path = text.removeprefix("./").strip("/")
        try:
            regexes = [Glob.of(each).regex.pattern for each in (path, f"{path}/**") if path]
        except BadGlob as error:
            reader.report.warn(RULES_NOT_APPLIED, f"{shown(text)} is not applied: {error}", position, _HIDE)
            continue
        if regexes:
            pattern = re.compile(f"(?s:{'|'.join(regexes)})")
            yield reader.rule(position, None, (pattern,), effect=RuleEffect.HIDES)


def _is_own_date(field: MappingEntry) -> bool:
    return scalar_text(field).casefold() in _OWN_DATES

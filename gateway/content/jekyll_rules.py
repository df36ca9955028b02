"""Reads Jekyll's configuration: defaults, collections without pages, excluded paths, and the end of excerpts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from gateway.content import values
from gateway.content.globs import BadGlob, Glob
from gateway.content.inheritance import InheritedRule, RuleEffect
from gateway.content.nested_fields import entries
from gateway.content.nodes import MappingEntry, MappingNode, Node, ScalarNode, SequenceNode
from gateway.content.rules_file import HIDES_OTHERS, RulesReader, scalar_text
from gateway.content.values import Unreadable, shown

WORDS = (b"defaults", b"collections", b"exclude", b"timezone")
_SINGULAR = frozenset({"page", "post", "draft"})
"""The deprecated types of a scope, which Jekyll also reads in the singular."""


def configuration(reader: RulesReader, fields: MappingNode) -> Iterator[InheritedRule]:
    get = fields.entries.get
    reader.timezone(fields)
    yield from _excluded(reader, get("exclude"))
    yield from _without_pages(reader, get("collections"))
    yield from _defaults(reader, get("defaults"))
    if separator := get("excerpt_separator"):
        yield reader.rule(separator.key.position, {"excerpt_separator": separator})


def _defaults(reader: RulesReader, section: MappingEntry | None) -> Iterator[InheritedRule]:
    """The defaults in order of precedence: longer paths first, then those with a type, then later entries."""
    found = [each for each in entries(section) if isinstance(each, MappingNode)]
    ranked = sorted(enumerate(found), key=lambda each: (*_rank(each[1]), -each[0]))
    for _, node in ranked:
        given = node.entries.get("values")
        if given is None or not isinstance(given.value, MappingNode):
            continue  # Jekyll skips it too
        scope = _scope(node)
        fields, position = given.value.entries, given.value.position
        kind = scalar_text(scope.get("type"))
        types = (_collection(f"{kind}s" if kind in _SINGULAR else kind),) if kind else ()
        try:
            patterns = _below(scalar_text(scope.get("path")))
        except BadGlob as error:
            yield from reader.widened(str(error), error.hint, fields, position)
        else:
            yield reader.rule(position, fields, (*patterns, *types))


def _without_pages(reader: RulesReader, section: MappingEntry | None) -> Iterator[InheritedRule]:
    for name, field in _collections(section):
        output = field.value.entries.get("output") if isinstance(field.value, MappingNode) else None
        if name == "posts" or (output and _is_true(output.value)):
            continue
        message = f"The collection {shown(name)} does not output pages, so its documents are drafts."
        hint = "Write `output: true`, or pin `published: true` for them in gateway.yaml."
        reader.report.inform(HIDES_OTHERS, message, field.key.position, hint)
        yield reader.rule(field.key.position, None, (_collection(name),), effect=RuleEffect.HIDES)


def _excluded(reader: RulesReader, section: MappingEntry | None) -> Iterator[InheritedRule]:
    for node in entries(section):
        if isinstance(node, ScalarNode) and (name := node.text.strip("/")):
            regex = re.escape(name).replace(r"\*", ".*").replace(r"\?", ".")
            pattern = re.compile(f"(?s:{regex}(?:/.*)?)")
            yield reader.rule(node.position, None, (pattern,), effect=RuleEffect.HIDES)


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
    return -len(scalar_text(scope.get("path"))), not scalar_text(scope.get("type"))


def _is_true(node: Node) -> bool:
    try:
        return values.boolean(node) is True
    except Unreadable:
        return False

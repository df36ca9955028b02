"""Holds the rules of one file of another generator, or its authors, and checks their values while they are read.

The values are checked here once, so that a problem is not repeated for each document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC
from typing import NamedTuple

from gateway.content.decoder import Decoded, decode
from gateway.content.frontmatter import FrontMatter
from gateway.content.inheritance import InheritedRule, InheritedRules, RuleEffect
from gateway.content.nodes import MappingEntry, MappingNode, Node, Position, ScalarNode, SequenceNode
from gateway.content.problem_collector import ProblemCollector, nearest
from gateway.content.site import Site
from gateway.content.values import shown
from gateway.model.collections import NO_COLLECTIONS
from gateway.model.documents import AuthorName
from gateway.model.problems import Problem, Severity

RULES_UNREADABLE = "RULES_UNREADABLE"
RULES_NOT_APPLIED = "RULES_NOT_APPLIED"
HIDES_OTHERS = "HIDES_OTHERS"

MOST_CHARACTERS = 10_000
"""The maximum size of an inherited value that the schema does not model. Each document stores a copy of it."""
PIN = "To publish some of them, pin `published: true` for them in gateway.yaml."
_DOCUMENT = "document.md"
_BODY = "# A title\n"
_UNIVERSAL = frozenset({"utc", "etc/utc", "gmt", "etc/gmt"})


class RulesFile(NamedTuple):
    """The rules in one file for the documents beside and below it."""

    rules: tuple[InheritedRule, ...] = ()
    """If two rules have the same place, the first takes precedence."""
    authors: tuple[AuthorName, ...] = ()
    problems: tuple[Problem, ...] = ()
    is_good: bool = True
    """Whether all values in it that may hide a document, or the authors in it, are readable."""

    @property
    def is_empty(self) -> bool:
        return not self.rules and not self.authors


class RulesScope(NamedTuple):
    """The documents that a rules file may apply to."""

    place: str = ""
    """As in an InheritedRule."""
    patterns: tuple[re.Pattern[str], ...] = ()
    spares: str = ""


class RulesReader:
    """Makes the rules of one file and collects their problems."""

    def __init__(self, path: str, scope: RulesScope, site: Site) -> None:
        self.path = path
        self.report = ProblemCollector(path)
        self.site = site._replace(defaults=(), pins=(), inherited=InheritedRules(), collections=NO_COLLECTIONS)
        self._scope = scope
        self._has_timezone = site.timezone is not UTC

    def rule(
        self,
        position: Position,
        fields: Mapping[str, MappingEntry] | None = None,
        patterns: tuple[re.Pattern[str], ...] = (),
        *,
        effect: RuleEffect = RuleEffect.GIVES,
    ) -> InheritedRule:
        if fields:
            self._check(fields, position)
        given = {
            name: inherited.inherited(self.path)
            for name, field in (fields or {}).items()
            if (inherited := self._inherited(name, field))
        }
        origin, patterns = f"{self.path}:{position.line}", (*self._scope.patterns, *patterns)
        return InheritedRule(self._scope.place, origin, patterns, given, effect, self._scope.spares)

    def unknown(self, message: str, position: Position, hint: str) -> InheritedRule:
        """Report unreadable rules."""
        self.report.error(RULES_UNREADABLE, message, position, hint)
        return self.rule(position, effect=RuleEffect.UNKNOWN)

    def widened(
        self, message: str, hint: str, fields: Mapping[str, MappingEntry], position: Position
    ) -> Iterator[InheritedRule]:
        """A rule with an unreadable target. If it may hide documents, it applies to all below, else it is ignored."""
        if not self.hides(fields, position):
            self.report.warn(RULES_NOT_APPLIED, f"{message} The rule is not applied.", position, hint)
            return
        more = "The rule is applied to all documents below, because it may hide some."
        self.report.warn(RULES_NOT_APPLIED, f"{message} {more}", position, hint)
        yield self.rule(position, fields)

    def hides(self, fields: Mapping[str, MappingEntry], position: Position) -> bool:
        """Whether fields may hide the documents that have them, now or at another time."""
        decoded = self._decoded(fields, position)
        return decoded.document is None or bool(decoded.hidings)

    def timezone(self, fields: MappingNode) -> None:
        """Report a time zone, which moves the dates of all documents, unless gateway.yaml has one."""
        field = next((field for name, field in fields.entries.items() if name.casefold() == "timezone"), None)
        zone = scalar_text(field)
        if field and zone and zone.casefold() not in _UNIVERSAL and not self._has_timezone:
            message = f"The time zone {shown(zone)} is not applied. Times without an offset are in UTC."
            hint = "Write it as `timezone` in gateway.yaml."
            self.report.warn(RULES_NOT_APPLIED, message, field.value.position, hint)

    def entries(self, fields: MappingNode, name: str) -> Iterator[MappingEntry]:
        """The fields with a name in any case, and likely misspellings of it, which may be meant to hide documents."""
        for key, field in fields.entries.items():
            if nearest(key, frozenset({name})) is None:
                continue
            if key.casefold() != name:
                message = f"`{key}` is not a known key. It is read as `{name}`."
                self.report.error(RULES_UNREADABLE, message, field.key.position, f"Write `{name}`.")
            yield field

    def _check(self, fields: Mapping[str, MappingEntry], position: Position) -> None:
        """Report problems of inherited values."""
        for problem in self._decoded(fields, position).problems:
            self.report.failed |= problem.severity is Severity.ERROR
            self.report.problems.append(problem._replace(path=self.path))

    def _inherited(self, name: str, field: MappingEntry) -> MappingEntry | None:
        """The field that documents inherit. Of large data only the values that may hide them."""
        if self._goes(name, field):
            return field
        hiding = self.site.hiding_part(name, field.value)
        return field._replace(value=hiding) if hiding else None

    def _goes(self, name: str, field: MappingEntry) -> bool:
        """Whether documents inherit a field. Documents do not inherit a shared address, or large data."""
        if self._scope.place.endswith(".*"):
            return True
        if name in self.site.sources["slug"].keys:
            return scalar_text(field).casefold() == "false"
        return self.site.is_used(name) or _weight(field.value) <= MOST_CHARACTERS

    def _decoded(self, fields: Mapping[str, MappingEntry], position: Position) -> Decoded:
        return decode(_DOCUMENT, FrontMatter(MappingNode(dict(fields), position), _BODY, 1, ()), self.site)


def scalar_text(field: MappingEntry | None) -> str:
    """The stripped text of a scalar, else ""."""
    return field.value.text.strip() if field and isinstance(field.value, ScalarNode) else ""


def _weight(node: Node) -> int:
    """The approximate number of characters of a node."""
    if isinstance(node, ScalarNode):
        return len(node.text) + 1
    if isinstance(node, SequenceNode):
        return 1 + sum(map(_weight, node.nodes))
    return 1 + sum(len(name) + _weight(field.value) for name, field in node.entries.items())

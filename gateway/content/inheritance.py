"""Front matter that documents inherit from other files, and the rules outside a file that hide it. It reads no file."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from typing import NamedTuple

from gateway.content.nodes import MappingEntry, MappingNode, Node, SequenceNode
from gateway.content.source import folders_of, is_section

FILE_NAME = "the file name"
DRAFTS = "_drafts"
"""A folder in which everything is a draft."""
SECTION = "_index"
"""The stem of the page of a section, in spite of its underscore not a draft."""

_NO_FIELDS: Mapping[str, MappingEntry] = {}
_NO_RULES: Mapping[str, tuple[InheritedRule, ...]] = {}


class RuleEffect(Enum):
    """What a rule does to the documents that it applies to."""

    GIVES = "gives"
    """They have its fields, where they lack them."""
    HIDES = "hides"
    """They are drafts, whatever they say."""
    UNKNOWN = "unknown"
    """The rule cannot be read, so that it is not known whether they are hidden."""


class InheritedRule(NamedTuple):
    """What a file says of documents beside and below it."""

    place: str
    """The folder of the documents, "" for all; or their path with `.*` in place of its ending."""
    origin: str
    """The file and the line, as in `blog/_index.md:4`."""
    patterns: tuple[re.Pattern[str], ...] = ()
    """Of these each has to match the path."""
    fields: Mapping[str, MappingEntry] = _NO_FIELDS
    effect: RuleEffect = RuleEffect.GIVES
    spares_section: bool = False
    """Whether the page of the section in the folder is excepted. It is not a pattern, since each folder would have its
    own, and patterns take long to hand on to the processes that parse."""
    conceals: bool = False
    """Whether the fields make a draft of a document that says nothing of its own."""


class InheritedRules(NamedTuple):
    """All rules of a folder."""

    rules: Mapping[str, tuple[InheritedRule, ...]] = _NO_RULES
    """By their place; of one place the first takes precedence."""
    digest: str = ""
    """Equal for rules that give the same documents; "" where there are no rules."""

    @classmethod
    def of(cls, rules: Iterable[InheritedRule]) -> InheritedRules:
        """The rules, those that take precedence first."""
        places: dict[str, list[InheritedRule]] = {}
        for rule in rules:
            places.setdefault(rule.place, []).append(rule)
        if not places:
            return cls()
        said = [(place, [_plain_rule(rule) for rule in found]) for place, found in sorted(places.items())]
        digest = hashlib.sha256(repr(said).encode("utf-8", "surrogatepass")).hexdigest()
        return cls({place: tuple(found) for place, found in places.items()}, digest)

    def applying(self, path: str) -> Iterator[InheritedRule]:
        """The rules for a document, the nearest first."""
        if not self.rules:
            return
        for place in (f"{path.rpartition('.')[0]}.*", *folders_of(path), ""):
            for rule in self.rules.get(place, ()):
                is_spared = rule.spares_section and is_section(path) and path.rpartition("/")[0] == place
                if not is_spared and all(pattern.fullmatch(path) for pattern in rule.patterns):
                    yield rule

    def fields(self, path: str) -> dict[str, MappingEntry]:
        """The fields that a document inherits, each from the nearest file that has it."""
        fields: dict[str, MappingEntry] = {}
        for rule in self.applying(path):
            for name, field in rule.fields.items():
                fields.setdefault(name, field)
        return fields

    def closed(self, path: str) -> str | None:
        """What makes a draft of a document whatever it says: a name, or the place of a rule."""
        rules = (rule.origin for rule in self.applying(path) if rule.effect is RuleEffect.HIDES)
        return hidden_by_name(path) or next(rules, None)

    def is_unknown(self, path: str) -> bool:
        """Whether a rule for the document cannot be read."""
        return any(rule.effect is RuleEffect.UNKNOWN for rule in self.applying(path))

    def conceals(self, path: str) -> bool:
        """Whether a document that cannot be read may inherit that it is a draft."""
        return any(rule.conceals for rule in self.applying(path))


def hidden_by_name(path: str) -> str | None:
    """What in the path makes a draft of a document: a folder `_drafts`, or the underscore that its name begins with."""
    *folders, name = path.casefold().split("/")
    if DRAFTS in folders:
        return f"the folder {DRAFTS}"
    return FILE_NAME if name.startswith("_") and name.partition(".")[0] != SECTION else None


def _plain_rule(rule: InheritedRule) -> object:
    """What of a rule shapes documents: not the places of its values."""
    fields = {name: (_plain(field.value), *map(_plain, field.repeated)) for name, field in rule.fields.items()}
    return [pattern.pattern for pattern in rule.patterns], fields, rule.effect.value, rule.spares_section


def _plain(node: Node) -> object:
    if isinstance(node, SequenceNode):
        return [_plain(each) for each in node.nodes]
    if isinstance(node, MappingNode):
        return {name: (_plain(field.value), *map(_plain, field.repeated)) for name, field in node.entries.items()}
    return node.text, node.plain

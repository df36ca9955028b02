"""Applies the front matter that documents inherit from other files, and the outside rules that hide a file."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import NamedTuple

from gateway.content.file_names import file_stem, language_of, without_locale
from gateway.content.identity import author_key
from gateway.content.nodes import MappingEntry, MappingNode, Node, SequenceNode
from gateway.content.source import SECTION, folder_page, folders_of
from gateway.model.documents import AuthorName

FILE_NAME, PATH = "the file name", "the path"
DRAFTS = "_drafts"
"""A folder in which all documents are drafts."""

_NO_FIELDS: Mapping[str, MappingEntry] = {}
_NO_RULES: Mapping[str, tuple[InheritedRule, ...]] = {}
_NO_AUTHORS: Mapping[str, AuthorName] = {}


class RuleEffect(Enum):
    """The effect of a rule on the documents that it applies to."""

    GIVES = "gives"
    """The documents inherit its fields, unless they set them."""
    HIDES = "hides"
    """The documents are drafts, whatever their front matter."""
    LIMITS = "limits"
    """The documents are public only while its dates allow, and unlisted if it is, whatever their front matter."""
    UNKNOWN = "unknown"
    """The rule is unreadable. It is unknown whether it hides the documents."""


class InheritedRule(NamedTuple):
    """A rule in one file for documents beside and below it."""

    place: str
    """The folder of the documents ("" for all), or a document's path with `.*` in place of its extension."""
    origin: str
    """The file and the line, as in `blog/_index.md:4`."""
    patterns: tuple[re.Pattern[str], ...] = ()
    """Every pattern must match the path."""
    fields: Mapping[str, MappingEntry] = _NO_FIELDS
    effect: RuleEffect = RuleEffect.GIVES
    spares: str = ""
    """The stem of the folder's pages that are excepted, or "". This is not a pattern, because each folder would need
    its own, and patterns are slow to send to the parser processes."""
    public_from: datetime | None = None
    public_until: datetime | None = None
    unlisted: bool = False


class InheritedRules(NamedTuple):
    """All inherited rules of a content folder, and the authors that its documents name by keys."""

    rules: Mapping[str, tuple[InheritedRule, ...]] = _NO_RULES
    """The rules by place. Of each place the first takes precedence."""
    authors: Mapping[str, AuthorName] = _NO_AUTHORS
    """The authors in files of the site, by the author keys of their keys and of their names."""
    digest: str = ""
    """Equal for rules with equal effects. "" without rules and authors."""

    @classmethod
    def of(cls, rules: Iterable[InheritedRule], authors: Sequence[AuthorName] = ()) -> InheritedRules:
        """Build from rules and authors in order of precedence."""
        places: dict[str, list[InheritedRule]] = {}
        for rule in rules:
            places.setdefault(rule.place, []).append(rule)
        if not places and not authors:
            return cls()
        said = [(place, [_plain_rule(rule) for rule in found]) for place, found in sorted(places.items())]
        named = {author_key(author.name): author for author in reversed(authors)}
        named |= {author.key: author for author in reversed(authors)}
        digest = hashlib.sha256(repr((said, sorted(named.items()))).encode("utf-8", "surrogatepass")).hexdigest()
        return cls({place: tuple(found) for place, found in places.items()}, named, digest)

    def applying(self, path: str) -> Iterable[InheritedRule]:
        """The rules for a document, the nearest first."""
        return self._nearest(path) if self.rules else ()

    def _nearest(self, path: str) -> Iterator[InheritedRule]:
        for place in (f"{path.rpartition('.')[0]}.*", *folders_of(path), ""):
            for rule in self.rules.get(place, ()):
                is_spared = rule.spares and folder_page(path) == rule.spares and path.rpartition("/")[0] == place
                if not is_spared and all(pattern.fullmatch(path) for pattern in rule.patterns):
                    yield rule

    def fields(self, path: str) -> dict[str, MappingEntry]:
        """The fields that a document inherits, each from the nearest file that has it."""
        fields: dict[str, MappingEntry] = {}
        for rule in self.applying(path):
            for name, field in rule.fields.items():
                fields.setdefault(name, field)
        return fields

    def closed(self, path: str, locales: Collection[str] = ()) -> str | None:
        """The reason why a document is a draft whatever its front matter: a name, or the place of a rule."""
        if (reason := hidden_by_name(path, locales)) or not self.rules:
            return reason
        return next((rule.origin for rule in self.applying(path) if rule.effect is RuleEffect.HIDES), None)

    def limits(self, path: str) -> list[InheritedRule]:
        """The rules whose dates and `unlisted` restrict a document whatever its front matter."""
        return [rule for rule in self.applying(path) if rule.effect is RuleEffect.LIMITS]

    def is_unknown(self, path: str) -> bool:
        """Whether a rule for the document is unreadable."""
        return any(rule.effect is RuleEffect.UNKNOWN for rule in self.applying(path))


def hidden_by_name(path: str, locales: Collection[str] = ()) -> str | None:
    """The part of a path that makes a document a draft: a folder `_drafts`, or a name with a leading underscore.

    A section's page, `_index` with or without a language, is not a draft. `_index.old` is another page.
    """
    *folders, name = path.casefold().split("/")
    if DRAFTS in folders:
        return f"the folder {DRAFTS}"
    if not name.startswith("_"):
        return None
    stem = file_stem(name)
    is_page = SECTION in {stem.removesuffix(language_of(name)), without_locale(stem, locales)[0]}
    return None if is_page else FILE_NAME


def _plain_rule(rule: InheritedRule) -> object:
    """The parts of a rule that affect documents, without the positions of its values."""
    fields = {name: (_plain(field.value), *map(_plain, field.repeated)) for name, field in rule.fields.items()}
    limits = rule.public_from, rule.public_until, rule.unlisted
    return [pattern.pattern for pattern in rule.patterns], fields, rule.effect.value, rule.spares, limits


def _plain(node: Node) -> object:
    if isinstance(node, SequenceNode):
        return [_plain(each) for each in node.nodes]
    if isinstance(node, MappingNode):
        return {name: (_plain(field.value), *map(_plain, field.repeated)) for name, field in node.entries.items()}
    return node.text, node.plain

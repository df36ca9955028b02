"""Reads the rules of Hugo and Zola: cascades, ignored files, draft sections, and leaf bundles that are hidden."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from gateway.content import values
from gateway.content.decoder import decode
from gateway.content.frontmatter import FrontMatter
from gateway.content.globs import BadGlob, Glob
from gateway.content.inheritance import InheritedRule, RuleEffect
from gateway.content.nested_fields import entries
from gateway.content.nodes import MappingEntry, MappingNode, Position, ScalarNode
from gateway.content.rules_file import HIDES_OTHERS, PIN, RULES_NOT_APPLIED, RulesReader, scalar_text
from gateway.content.values import Unreadable, shown

CASCADE, DRAFT, IGNORED = "cascade", "draft", "ignorefiles"
SITE_WORDS = (CASCADE.encode(), IGNORED.encode(), b"timezone")
SECTION_WORDS = (CASCADE.encode(), DRAFT.encode())
TARGETS = ("_target", "target")

_BRACES = re.compile(r"\{([^{}]*)\}")
_NOT_A_SECTION = r"(?!(?:.*/)?_index\.[^/]*$).*"
_IS_SECTION = r"(?:.*/)?_index\.[^/]*"
# Literal characters, `.` and `.*`, and `$` at the end.
_SIMPLE_REGEX = re.compile(r"(?:[\w/ -]|\\[^\w\s$]|\.\*?)+\$?")


def site(reader: RulesReader, fields: MappingNode) -> Iterator[InheritedRule]:
    """A site's configuration."""
    reader.timezone(fields)
    for field in reader.entries(fields, IGNORED):
        yield from _ignored(reader, field)
    yield from _cascades(reader, fields)


def site_cascade(reader: RulesReader, fields: MappingNode) -> Iterator[InheritedRule]:
    """The file of the configuration that contains the cascade only, with or without its key."""
    if any(name.casefold() == CASCADE for name in fields.entries):
        yield from _cascades(reader, fields)
    else:
        yield from _cascaded(reader, fields)


def section(reader: RulesReader, fields: MappingNode) -> Iterator[InheritedRule]:
    """A section's page."""
    yield from _cascades(reader, fields)
    for field in reader.entries(fields, DRAFT):
        yield from _draft(reader, field)


def bundle(reader: RulesReader, fields: MappingNode) -> Iterator[InheritedRule]:
    """The page of a leaf bundle. The documents in the bundle are resources of the page, and are hidden with it."""
    decoded = decode(reader.path, FrontMatter(fields, "# A title\n", 1, ()), reader.site)
    document = decoded.document
    if reader.site.bundles:
        message = "It is the page of a bundle. Other documents in its folder are resources of the page, and are drafts."
        reader.report.inform(HIDES_OTHERS, message, fields.position, PIN)
        yield reader.rule(fields.position, effect=RuleEffect.HIDES)
    elif document is None:
        hint = "Fix it, or pin `published` in gateway.yaml for the documents."
        yield reader.unknown("It is unclear whether the page hides the documents below it.", fields.position, hint)
    elif not document.published:
        line = next((hiding.line for hiding in decoded.hidings if hiding.line), fields.position.line)
        position = Position(line, 1)
        message = "The page is a draft. It makes all documents in its folder drafts too, as in a leaf bundle of Hugo."
        reader.report.inform(HIDES_OTHERS, message, position, PIN)
        yield reader.rule(position, effect=RuleEffect.HIDES)
    elif document.unlisted or document.public_from or document.public_until:
        rule = reader.rule(fields.position, effect=RuleEffect.LIMITS)
        yield rule._replace(
            public_from=document.public_from, public_until=document.public_until, unlisted=document.unlisted
        )


def _draft(reader: RulesReader, draft: MappingEntry) -> Iterator[InheritedRule]:
    position = draft.value.position
    try:
        drafts = {values.boolean(value) for value in (draft.value, *draft.repeated)}
    except Unreadable:
        drafts = {None}
    if None in drafts:
        yield reader.unknown("It is unclear whether the section is a draft.", position, "Write true or false.")
    elif True in drafts:
        message = "The section is a draft. It makes all documents below it drafts too, whatever their front matter."
        reader.report.inform(HIDES_OTHERS, message, position, PIN)
        yield reader.rule(draft.key.position, effect=RuleEffect.HIDES)


def _cascades(reader: RulesReader, fields: MappingNode) -> Iterator[InheritedRule]:
    for field in reader.entries(fields, CASCADE):
        for value in (field.value, *field.repeated):
            for node in entries(field._replace(value=value)):
                if isinstance(node, MappingNode):
                    yield from _cascaded(reader, node)
                else:
                    hint = "Write `cascade: {draft: true}`."
                    yield reader.unknown("The cascade is not a mapping.", node.position, hint)


def _cascaded(reader: RulesReader, node: MappingNode) -> Iterator[InheritedRule]:
    fields: Mapping[str, MappingEntry] = {
        name: field for name, field in node.entries.items() if name.casefold() not in TARGETS
    }
    target = next((field for name, field in node.entries.items() if name.casefold() in TARGETS), None)
    position = next((field.key.position for field in fields.values()), node.position)
    try:
        patterns = _target(target) if target else ()
    except BadGlob as error:
        yield from reader.widened(str(error), error.hint, fields, position)
    else:
        yield reader.rule(position, fields, patterns)


def _target(target: MappingEntry) -> tuple[re.Pattern[str], ...]:
    """The path patterns of a cascade's target. Raises BadGlob if paths do not determine the target."""
    hint = "Narrow it by `path` only, or by `kind: page` or `kind: section`."
    if not isinstance(target.value, MappingNode):
        raise BadGlob("The target of the cascade is not a mapping.", hint)
    patterns = []
    for name, field in target.value.entries.items():
        key, text = name.casefold(), scalar_text(field)
        if key == "path" and text:
            patterns.append(_pages(text))
        elif key == "kind" and text in {"page", "section"}:
            patterns.append(re.compile(_NOT_A_SECTION if text == "page" else _IS_SECTION, re.DOTALL | re.IGNORECASE))
        else:
            raise BadGlob(f"The target of the cascade cannot be matched by {shown(name)}.", hint)
    return tuple(patterns)


def _pages(text: str) -> re.Pattern[str]:
    """The pattern of a Hugo page path.

    Hugo's paths are in lower case, with `-` for a space, without extension and language. A bundle has its folder's
    path. Hugo's content folder is unknown, so the pattern may begin at any folder.
    """
    globs = [Glob.of(each.strip("/") or "_index", exact=True).regex.pattern for each in _alternatives(text)]
    pages = re.sub(r"\\[ -]", "[ -]", "|".join(globs))
    return re.compile(rf"(?si:(?:.*/)?(?:{pages})(?<!/index)(?<!/_index)(?:/_?index)?(?:\.[\w-]+)?\.[^./]+)")


def _alternatives(text: str) -> list[str]:
    found = _BRACES.search(text)
    if found is None:
        return [text]
    start, end = found.span()
    return [each for part in found[1].split(",") for each in _alternatives(text[:start] + part.strip() + text[end:])]


def _ignored(reader: RulesReader, field: MappingEntry) -> Iterator[InheritedRule]:
    """Files that Hugo ignores are drafts. A regular expression is applied if it cannot be slow."""
    for node in entries(field):
        if isinstance(node, ScalarNode) and _SIMPLE_REGEX.fullmatch(node.text):
            yield reader.rule(node.position, None, (_anywhere(node.text),), effect=RuleEffect.HIDES)
        else:
            written = shown(node.text) if isinstance(node, ScalarNode) else "An entry"
            hint = (
                "Pin `published: false` for the files in gateway.yaml, or use only letters, `\\.`, `.*` and a last `$`."
            )
            reader.report.warn(RULES_NOT_APPLIED, f"{written} is not applied to files.", node.position, hint)


def _anywhere(text: str) -> re.Pattern[str]:
    """A simple regular expression that matches a part of the path, which begins with `/` in Hugo.

    Atomic groups take the first match of each part, so that the pattern cannot cause backtracking.
    """
    first, *others = text.removesuffix("$").split(".*")
    start = f"(?:.*?/)??{first[1:]}" if first.startswith("/") else f".*?{first}"
    *before, last = start, *(f".*?{part}" for part in others)
    end = "" if text.endswith("$") else ".*"
    return re.compile(f"(?s:{''.join(f'(?>{part})' for part in before)}{last}{end})")

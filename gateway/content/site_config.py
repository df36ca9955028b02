"""Reads `gateway.yaml`, the rules of a site, and reports its problems.

The values of the rules are decoded here once, so that a problem is not repeated for each document.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, tzinfo
from itertools import islice
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from gateway.content import collection_rules, dotted_names, frontmatter, presets, source, values, visibility_flags
from gateway.content.date_patterns import HINT, BadPattern, DatePattern, DateText
from gateway.content.decoder import decode
from gateway.content.frontmatter import FrontMatter
from gateway.content.navigation import NavigationRules
from gateway.content.nested_fields import entries
from gateway.content.nodes import MappingEntry, MappingNode, Node, Position, ScalarNode, SequenceNode
from gateway.content.problem_collector import ProblemCollector, nearest
from gateway.content.section_reader import SectionReader
from gateway.content.site import (
    ADDRESSES,
    DEFAULT_MAPPING,
    DEFAULT_SITE,
    NATIVE_KEYS,
    FieldSource,
    PathRule,
    Site,
    fields_by_key,
    visibility_keys,
    with_prefixes,
)
from gateway.content.source import SITE_FILE, ContentFile, Stamp
from gateway.content.translations import Means, TranslationRules
from gateway.content.url_templates import BadTemplate, UrlRule, UrlTemplate, base_path
from gateway.content.values import shown
from gateway.content.yaml import DUPLICATE_KEY
from gateway.errors import FrontMatterError
from gateway.model.fields import FIELDS, INSTANT
from gateway.model.problems import Problem, Severity

SITE_NAME = "SITE_NAME"

SECTIONS = frozenset(
    {
        *("preset", "fields", "defaults", "pin", "expose", "include", "folders", "exclude"),
        *("numbered", "bundles", "timezone", "locales", "translations", "embeds", "url", "base", "path_slugs"),
        *("collections", "navigation"),
    }
)
RENAMED = frozenset(DEFAULT_MAPPING) - {"secured"}
"""The fields that other keys may give. `secured` has one key only, because its content is never shown."""
SET = RENAMED - {"draft", "aliases"}
"""The fields that may have defaults or pins."""
LISTS = frozenset({"topics", "authors", "images", "provider", "related"})
FLAGS = frozenset({"published", "draft"})
DATES = frozenset({"publishDate", "expiryDate", *(field.key for field in FIELDS if field.kind is INSTANT)})
PATH = "path"
FROM, IGNORE, JOIN, PATTERN, SPLIT, VALUES = "from", "ignore", "join", "pattern", "split", "values"
MACHINES = frozenset({"localtime", "Factory"})
"""Names of a machine's own time zone, which differs between machines."""

_HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+", re.ASCII | re.IGNORECASE)
_UNKNOWN = Stamp(0, 0, 0, 0)
_BODY = "# A title\n"


class SiteConfig(NamedTuple):
    """The rules of a site, and their problems. The rules must not be used if there is an error."""

    site: Site
    problems: tuple[Problem, ...] = ()
    is_there: bool = True
    """Whether the folder contains rules, also under a wrong name. Otherwise the rules are the default ones."""

    @property
    def is_good(self) -> bool:
        return all(problem.severity is not Severity.ERROR for problem in self.problems)


def read(root: Path) -> SiteConfig:
    """Read the rules of the site in a folder. Raises OSError if the folder cannot be listed."""
    names = os.listdir(root)  # noqa: PTH208 - only names are needed
    if misnamed := tuple(_misnamed(names)):
        return SiteConfig(DEFAULT_SITE, misnamed)
    if SITE_FILE not in names:
        return SiteConfig(DEFAULT_SITE, is_there=False)
    if (root / SITE_FILE).is_symlink():
        message = "It is a link, and is not followed."
        return SiteConfig(DEFAULT_SITE, (_error(source.UNREADABLE, message, "Put the file itself here."),))
    try:
        _, data = source.read(root, ContentFile(SITE_FILE, SITE_FILE, _UNKNOWN))
    except FileNotFoundError:
        return SiteConfig(DEFAULT_SITE, is_there=False)
    except source.ReadError as error:
        return SiteConfig(DEFAULT_SITE, (error.problem._replace(severity=Severity.ERROR),))
    return parse(data)


def parse(data: bytes) -> SiteConfig:
    """Parse the bytes of a `gateway.yaml`."""
    try:
        found = frontmatter.read_whole(SITE_FILE, data)
    except FrontMatterError as error:
        return SiteConfig(
            DEFAULT_SITE, (_error(error.code, error.message, error.hint, Position(error.line, error.column)),)
        )
    reader = _Reader()
    site = reader.site(found.fields)
    preset = presets.text(site.preset).encode() if site.preset else b""
    site = site._replace(digest=hashlib.sha256(data + preset).hexdigest())
    noted = (_strict(problem) for problem in found.problems if problem.severity is not Severity.INFO)
    return SiteConfig(site, (*noted, *reader.problems))


def is_site_config(name: str) -> bool:
    """Whether a file is, or is meant to be, the site's rules."""
    return name.casefold() in (SITE_FILE, "gateway.yml")


def _misnamed(names: Iterable[str]) -> Iterator[Problem]:
    for name in sorted(names):
        if is_site_config(name) and name != SITE_FILE:
            message = f"The file is not read. The rules of a site are in {SITE_FILE}."
            yield Problem(Severity.ERROR, SITE_NAME, message, name, hint=f"Rename it to {SITE_FILE}, or delete it.")


def _strict(problem: Problem) -> Problem:
    """Make a repeated key an error, because it is ambiguous which of the rules applies."""
    return problem._replace(severity=Severity.ERROR) if problem.code == DUPLICATE_KEY else problem


def _error(code: str, message: str, hint: str | None, position: Position | None = None) -> Problem:
    line, column = position or (None, None)
    return Problem(Severity.ERROR, code, message, SITE_FILE, line, column, hint)


class _Reader(SectionReader):
    """Reads one file's sections. Continues after errors, to report all problems at once."""

    def __init__(self) -> None:
        super().__init__(ProblemCollector(SITE_FILE))
        self._dates: dict[str, DateText] = {}

    @property
    def problems(self) -> tuple[Problem, ...]:
        return tuple(self.report.problems)

    def site(self, fields: MappingNode) -> Site:
        self.check(fields, SECTIONS)
        preset = self._preset(fields.entries.get("preset"))
        get = (_with_preset(preset, fields) if preset else fields).entries.get
        sources, named = self._sources(get("fields"))
        effective = {name: _unclaimed(name, source, named) for name, source in {**DEFAULT_MAPPING, **sources}.items()}
        claimed = frozenset(
            key for name, keys in named.items() for key in keys if key not in DEFAULT_MAPPING[name].keys
        )
        if named:
            effective |= _bounds(effective, claimed)
        hiding = visibility_keys(effective, claimed)
        governing = with_prefixes(hiding)
        zone = self._timezone(get("timezone"))
        collections = collection_rules.read(get("collections"), self.report, governing=hiding, zone=zone)
        expose = frozenset(self._exposed(get("expose")))
        # Exposing a key does not change its meaning: a misspelled key that hides is still an error.
        no_slips = frozenset(key for key in expose if nearest(key, governing) in {None, key})
        return Site(
            sources=effective,
            defaults=tuple(self._path_rules(get("defaults"))),
            pins=tuple(self._path_rules(get("pin"))),
            expose=expose,
            nested=tuple(sorted(filter(dotted_names.is_dotted, fields_by_key(effective)))),
            dates=self._dates,
            include=tuple(self.globs(get("include"))),
            folders=tuple(self.globs(get("folders"))),
            exclude=tuple(self.globs(get("exclude"))),
            numbered=tuple(self.globs(get("numbered"))),
            path_slugs=tuple(self.globs(get("path_slugs"))),
            urls=tuple(self._urls(get("url"))),
            base=self._base(get("base")),
            bundles=self.flag(get("bundles")),
            preset=preset,
            timezone=zone,
            locales=tuple(name for name, _ in self.texts(get("locales"))),
            translations=(translations := self._translations(get("translations"))),
            navigation=(navigation := self._navigation(get("navigation"))),
            embeds=tuple(self._hosts(get("embeds"))),
            collections=collections,
            fields_of=fields_by_key(effective),
            known=with_prefixes(
                NATIVE_KEYS.union(
                    no_slips,
                    visibility_flags.KEYS,
                    translations.keys,
                    *(navigation if navigation != NavigationRules() else ()),
                    *(each.keys for each in effective.values()),
                    *(field.keys for collection in collections for field in collection.fields),
                )
            ),
            governing=governing,
            claimed=claimed,
        )

    def _preset(self, field: MappingEntry | None) -> str:
        texts = list(self.texts(field))
        if len(texts) == 1 and texts[0][0] in presets.PRESETS:
            return texts[0][0]
        for name, position in texts[:1]:
            meant = nearest(name, frozenset(presets.PRESETS))
            hint = f"Write `{meant}`." if meant and len(texts) == 1 else f"Write one of {', '.join(presets.PRESETS)}."
            self.refuse(f"{shown(name)} is not a preset." if len(texts) == 1 else "This is a list.", position, hint)
        return ""

    def _timezone(self, field: MappingEntry | None) -> tzinfo:
        texts = list(self.texts(field))
        if not texts:
            return UTC
        name, position = texts[0]
        known = frozenset(available_timezones() - MACHINES)
        if len(texts) == 1 and name in known:
            return ZoneInfo(name)
        meant = nearest(name, known)
        hint = f"Write `{meant}`." if meant else "Write one name of the IANA database, such as `America/New_York`."
        self.refuse(f"{shown(name)} is not a time zone." if len(texts) == 1 else "This is a list.", position, hint)
        return UTC

    def _translations(self, section: MappingEntry | None) -> TranslationRules:
        if section is None or values.is_null(section.value):
            return TranslationRules()
        if not isinstance(section.value, MappingNode):
            self.refuse("This is not a mapping.", section.value.position, "Write `{by: [folder]}`.")
            return TranslationRules()
        self.check(section.value, frozenset(TranslationRules._fields))
        given = section.value.entries
        found = TranslationRules()
        if "by" in given:
            found = found._replace(by=frozenset(self._means(given["by"])))
        return found._replace(keys=self._keys(given["keys"])) if "keys" in given else found

    def _navigation(self, section: MappingEntry | None) -> NavigationRules:
        rules = NavigationRules()
        if section is None or values.is_null(section.value):
            return rules
        if not isinstance(section.value, MappingNode):
            self.refuse("This is not a mapping.", section.value.position, "Write `{weight: [menu_order]}`.")
            return rules
        self.check(section.value, frozenset(rules._fields))
        given = {name: self._keys(field) for name, field in section.value.entries.items() if name in rules._fields}
        return rules._replace(**given)

    def _means(self, field: MappingEntry) -> Iterator[Means]:
        for name, position in self.texts(field):
            if name in {*Means}:
                yield Means(name)
            else:
                hint = f"Write some of {', '.join(Means)}."
                self.refuse(f"{shown(name)} is not a way to find translations.", position, hint)

    def _sources(self, section: MappingEntry | None) -> tuple[dict[str, FieldSource], dict[str, frozenset[str]]]:
        """The sources of the fields that the site configures, and the keys that it assigns to each."""
        sources: dict[str, FieldSource] = {}
        named: dict[str, frozenset[str]] = {}
        if section is None or values.is_null(section.value):
            return sources, named
        if not isinstance(section.value, MappingNode):
            self.refuse("This is not a mapping.", section.value.position, "Write `topics: [tags, keywords]`.")
            return sources, named
        self.check(section.value, RENAMED)
        for name, field in section.value.entries.items():
            if name in RENAMED:
                origin = self._origin(name, field)
                keys = DEFAULT_MAPPING[name].keys if origin is None else self._keys(origin)
                sources[name] = self._source(name, field, keys)
                # The rest of an address with a date still gives the other fields.
                dated = self._dates.keys() & ADDRESSES if name in DATES else frozenset[str]()
                named[name] = frozenset() if origin is None else frozenset(keys) - dated
        return sources, named

    def _origin(self, name: str, field: MappingEntry) -> MappingEntry | None:
        """The entry that names the keys of a field."""
        if not isinstance(field.value, MappingNode):
            return field
        self.check(field.value, _settings_of(name))
        get = field.value.entries.get
        if get(FROM) and (joined := get(JOIN)):
            self.refuse("`from` and `join` both name keys.", joined.key.position, "Delete one of them.")
        return get(FROM) or get(JOIN)

    def _source(self, name: str, field: MappingEntry, keys: tuple[str, ...]) -> FieldSource:
        source = FieldSource(tuple(dict.fromkeys((name, *keys))))
        if not isinstance(field.value, MappingNode):
            return source
        get = field.value.entries.get
        if name in DATES:
            return source._replace(path=self._dated(name, keys, field.value))
        if name not in FLAGS:
            return source._replace(split=self._split(name, get(SPLIT)), joined=get(JOIN) is not None)
        words = frozenset(word.casefold() for word, _ in self.texts(get(VALUES)))
        if VALUES in field.value.entries and not (words and FROM in field.value.entries):
            missing = "text" if FROM in field.value.entries else f"`{FROM}`"
            self.refuse(
                f"The {missing} is missing.", field.value.position, "Write `{from: status, values: [draft, wip]}`."
            )
        return source._replace(words=words, worded=frozenset(keys if words else ()))

    def _dated(self, name: str, keys: tuple[str, ...], settings: MappingNode) -> DatePattern | None:
        """Record how to find the dates in the keys' texts, and return the pattern of the path."""
        get = settings.entries.get
        written, path = get(PATTERN), get(PATH)
        pattern = self._pattern(written) if written else None
        ignored = frozenset(text.casefold() for text, _ in self.texts(get(IGNORE)))
        if pattern or ignored:
            for key in (name, *keys):
                self._dates.setdefault(key, DateText(pattern, ignored))
        return self._pattern(path) if path else None

    def _pattern(self, field: MappingEntry) -> DatePattern | None:
        written = list(self.texts(field))
        try:
            return DatePattern.of(written[0][0].lstrip("/") if field.key.text == PATH else written[0][0])
        except (BadPattern, IndexError) as error:
            message = str(error) if isinstance(error, BadPattern) else "This is not a text."
            self.refuse(message, field.value.position, HINT)
        return None

    def _keys(self, field: MappingEntry) -> tuple[str, ...]:
        return tuple(name for name, position in self.texts(field) if self.may_show(name, position))

    def _split(self, name: str, field: MappingEntry | None) -> str:
        if field is None:
            return ""
        position, written = field.value.position, field.value.text if isinstance(field.value, ScalarNode) else ""
        if name not in LISTS:
            self.refuse(f"`{name}` is not a list.", position, f"Delete it. The lists are {', '.join(sorted(LISTS))}.")
        elif not written:
            self.refuse("This is not a text.", position, 'Write the separator of the entries, as in `split: ","`.')
        return written

    def _path_rules(self, section: MappingEntry | None) -> Iterator[PathRule]:
        for node in entries(section):
            if not isinstance(node, MappingNode):
                self.refuse("This is not a mapping.", node.position, 'Write `{path: "de/**", locale: de}`.')
                continue
            self.check(node, SET | {PATH})
            globs = tuple(self.globs(node.entries.get(PATH)))
            fields = {name: field for name, field in node.entries.items() if name in SET}
            if PATH not in node.entries or len(node.entries) == 1:
                missing = "field to set" if PATH in node.entries else "`path`"
                self.refuse(f"The {missing} is missing.", node.position, 'Write `{path: "de/**", locale: de}`.')
            self._decode(fields, node.position)
            yield PathRule(globs, fields, is_preset=any(field.origin for field in fields.values()))

    def _decode(self, fields: Mapping[str, MappingEntry], position: Position) -> None:
        """Report the values that would be a problem in a document."""
        decoded = decode(SITE_FILE, FrontMatter(MappingNode(dict(fields), position), _BODY, 1, ()))
        for problem in decoded.problems:
            place = Position(problem.line or position.line, problem.column or position.column)
            self.refuse(problem.message, place, problem.hint or "")

    def _exposed(self, section: MappingEntry | None) -> Iterator[str]:
        for name, position in self.texts(section):
            if name in NATIVE_KEYS - LISTS and name != "secured":
                self.refuse(f"`{name}` is a field, so it is never in `frontMatter`.", position, "Delete it here.")
            elif self.may_show(name, position):
                yield name

    def _urls(self, section: MappingEntry | None) -> Iterator[UrlRule]:
        """The templates by path. One text is the template of all files."""
        if section is None or values.is_null(section.value):
            return
        by_path = section.value.entries if isinstance(section.value, MappingNode) else {"**": section}
        for written, field in by_path.items():
            glob = self.glob(written, field.key.position)
            if glob:
                yield UrlRule(glob, self._template(field))

    def _template(self, field: MappingEntry) -> UrlTemplate | None:
        """None if the files have no address."""
        if values.is_null(field.value):
            return None
        for written, position in islice(self.texts(field), 1):
            try:
                return UrlTemplate.of(written)
            except BadTemplate as error:
                self.refuse(str(error), position, error.hint)
        return None

    def _base(self, field: MappingEntry | None) -> str:
        texts = list(self.texts(field))
        found = base_path(texts[0][0]) if len(texts) == 1 else None
        if texts and found is None:
            self.refuse(f"{shown(texts[0][0])} is not a path.", texts[0][1], "Write one path, such as `/notes`.")
        return found or ""

    def _hosts(self, section: MappingEntry | None) -> Iterator[str]:
        for written, position in self.texts(section):
            if _HOST.fullmatch(written):
                yield written.lower()
            else:
                hint = "Write only the host, such as `www.youtube.com`."
                self.refuse(f"{shown(written)} is not the name of a host.", position, hint)


def _with_preset(preset: str, own: MappingNode) -> MappingNode:
    """The rules of a preset, overlaid by a site's own ones. Its lists of rules precede those of the site."""
    merged = dict(own.entries)
    for name, field in frontmatter.read_whole(SITE_FILE, presets.text(preset).encode()).fields.entries.items():
        merged[name] = _overlaid(_from(preset, field), own.entries[name]) if name in merged else _from(preset, field)
    return MappingNode(merged, own.position)


def _overlaid(preset: MappingEntry, own: MappingEntry) -> MappingEntry:
    """A section of a preset with that of the site. An empty one changes nothing."""
    if values.is_null(own.value):
        return preset
    if isinstance(preset.value, MappingNode) and isinstance(own.value, MappingNode):
        return own._replace(value=MappingNode({**preset.value.entries, **own.value.entries}, own.value.position))
    if isinstance(preset.value, MappingNode) or own.key.text == "bundles":
        return own
    return own._replace(value=SequenceNode((*entries(preset), *entries(own)), own.value.position))


def _from(preset: str, field: MappingEntry) -> MappingEntry:
    """A rule of a preset, with its origin."""
    return field._replace(value=_marked(field.value, f"preset {preset}"))


def _marked(node: Node, origin: str) -> Node:
    if isinstance(node, SequenceNode):
        return SequenceNode([_marked(each, origin) for each in node.nodes], node.position)
    if isinstance(node, MappingNode):
        return MappingNode({key: each._replace(origin=origin) for key, each in node.entries.items()}, node.position)
    return node


def _settings_of(name: str) -> frozenset[str]:
    """The settings that a field's keys may have."""
    if name in FLAGS:
        return frozenset({FROM, VALUES})
    if name in DATES:
        return frozenset({FROM, IGNORE, PATTERN} | ({PATH} if name == "publishedDateTime" else set()))
    return frozenset({FROM, SPLIT, JOIN} if name in LISTS else {FROM, SPLIT})


def _unclaimed(name: str, source: FieldSource, named: Mapping[str, frozenset[str]]) -> FieldSource:
    """A source without the keys that the site assigns to other fields only."""
    claimed = frozenset[str]().union(*(keys for field, keys in named.items() if field != name))
    kept = named.get(name, frozenset())
    return source._replace(keys=tuple(key for key in source.keys if key in kept or key not in claimed))


def _bounds(effective: Mapping[str, FieldSource], claimed: frozenset[str]) -> dict[str, FieldSource]:
    """The usual keys that hide go on hiding where the site names other keys for a field, and claims them for no other.

    A date under such a key is not the date of the article, but the article is not public before or after it.
    """
    usual = {"publishDate": "publishedDateTime", "expiryDate": "expiryDate", "unlisted": "unlisted"}
    return {
        name: effective[name]._replace(
            keys=tuple(
                dict.fromkeys(
                    (*effective[name].keys, *(key for key in DEFAULT_MAPPING[field].keys if key not in claimed))
                )
            )
        )
        for name, field in usual.items()
    }

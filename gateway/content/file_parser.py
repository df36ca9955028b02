"""Reads and decodes one file to a change for the store."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable
from functools import lru_cache, partial
from typing import NamedTuple

from gateway.content import body_problems, decoder, frontmatter, nested_fields, source
from gateway.content.assets import AssetFolder
from gateway.content.decoder import Decoded
from gateway.content.frontmatter import FrontMatter
from gateway.content.problem_collector import PositionNeeded
from gateway.content.site import DEFAULT_SITE, Site
from gateway.errors import FrontMatterError
from gateway.model.changes import Change, Deleted, Encoded, FileVersion, Loaded, NotDocument, Quarantined, Unchanged
from gateway.model.documents import Document
from gateway.model.problems import Problem, Severity

NO_FRONT_MATTER = "NO_FRONT_MATTER"


class Task(NamedTuple):
    """A file to read. `known` is the digest of its stored version: equal bytes are not parsed."""

    file: source.ContentFile
    known: str | None = None


class ParseContext(NamedTuple):
    """The parameters that all files of a run share."""

    root: str
    max_bytes: int = source.DEFAULT_MAX_BYTES
    site: Site = DEFAULT_SITE
    encode: Callable[[Document], Encoded] | None = None
    """Encodes a document for the store. It must be picklable."""
    run: int = 0
    """The number of the run. What a process knows of the files that documents refer to is valid for one run."""


def parse(task: Task, rules: ParseContext) -> Change:
    """Read and decode one file. Problems with its content or state are returned, not raised."""
    path = task.file.path
    try:
        stamp, data = source.read(rules.root, task.file, max_bytes=rules.max_bytes)
    except FileNotFoundError:
        return Deleted(path)
    except source.ReadError as error:
        return Quarantined(path, (error.problem,))
    version = FileVersion(path, *stamp, sha256=hashlib.sha256(data).hexdigest())
    if version.sha256 == task.known:
        return Unchanged(version)
    return _decode(version, data, rules)


@lru_cache(maxsize=1)
def asset_folder(root: str, _run: int, *, follow_links: bool) -> AssetFolder:
    """The assets of a folder in one run. Its documents share pictures."""
    return AssetFolder(root, follow_links=follow_links)


def warm_up(rules: ParseContext) -> None:
    """Parse a sample, which imports modules and builds the Unicode tables."""
    _decode(FileVersion("rehearsal.md", 0, 0, 0, 0, ""), "---\ntitle: É\n---\nÉ".encode(), rules)


def _decode(version: FileVersion, data: bytes, rules: ParseContext) -> Change:
    path = version.path
    if rules.site.is_excluded(path):
        return NotDocument(version, ())
    folder = asset_folder(rules.root, rules.run, follow_links=rules.site.assets.follow_links) if rules.root else None
    decode = partial(decoder.decode, path, site=rules.site, folder=folder)
    plain = frontmatter.read_plain(path, data, nested_fields.kept_lists(rules.site.timezone))
    if plain:
        with contextlib.suppress(PositionNeeded):
            return _change(version, plain, decode(plain), rules)
    try:
        front_matter = frontmatter.read(path, data)
    except FrontMatterError as error:
        problem = Problem(Severity.ERROR, error.code, error.message, path, error.line, error.column, error.hint)
        return Quarantined(path, (problem,), version)
    if front_matter is None:
        hint = "To make it a document, begin it with a line of three dashes."
        message = "The file has no front matter, so it is not a document."
        return NotDocument(version, (Problem(Severity.INFO, NO_FRONT_MATTER, message, path, 1, 1, hint),))
    return _change(version, front_matter, decode(front_matter), rules)


def _change(version: FileVersion, front_matter: FrontMatter, decoded: Decoded, rules: ParseContext) -> Change:
    in_body = body_problems.of(
        version.path, front_matter.body, front_matter.body_line, rules.site.body_rules(version.path)
    )
    problems = (*front_matter.problems, *decoded.problems, *in_body)
    if decoded.document is None:
        return Quarantined(version.path, problems, version)
    document = rules.encode(decoded.document) if rules.encode else decoded.document
    return Loaded(version, document, problems, decoded.field_origins, decoded.hidings)

"""Splits a file's bytes into front matter, with positions, and body."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping
from typing import NamedTuple

from gateway.content import cut_values, json, merge_conflicts, plain_yaml, toml, yaml
from gateway.content.merge_conflicts import MERGE_CONFLICT
from gateway.content.nodes import LineIndex, MappingNode, ParsedBlock, Position
from gateway.content.source import DATA_EXTENSIONS
from gateway.errors import FrontMatterError
from gateway.model.problems import Problem, Severity

ENCODING = "ENCODING"
NO_CLOSING_FENCE = "NO_CLOSING_FENCE"

_BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
_OPENING = re.compile(
    r"(---|\+\+\+|;;;)(?:(?<=---)[ \t]*(?P<language>json|toml|yaml))?[ \t]*(?:\r\n|\r|\n|\Z)", re.IGNORECASE
)
# Each pattern begins with the preceding line break, which is fast to search for.
_CLOSING = {
    "---": re.compile(r"\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)"),
    "+++": re.compile(r"\n\+\+\+[ \t]*(?:\n|\Z)"),
    ";;;": re.compile(r"\n;;;[ \t]*(?:\n|\Z)"),
}
_REST_OF_LINE = re.compile(r"[ \t]*(?:\r\n|\r|\n)?")
_UNPRINTABLE = re.compile(r"[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


Parse = Callable[[str, LineIndex], ParsedBlock]


class FrontMatter(NamedTuple):
    fields: MappingNode
    body: str
    body_line: int
    """The line of the file on which the body begins, from 1."""
    problems: tuple[Problem, ...]
    """Warnings and notes. The values are readable nevertheless."""


class _Parts(NamedTuple):
    """A file's text, with the offsets of the front matter's block and of the body."""

    text: str
    parse: Parse
    start: int
    end: int
    body: int


def read(path: str, data: bytes) -> FrontMatter | None:
    """Split and parse a file. Returns None if it does not have front matter. Raises FrontMatterError.

    YAML is delimited by lines of `---` (the closing one may be `...`), TOML by lines of `+++`, and JSON by its own
    braces or by lines of `;;;`. The language may follow the first `---`. A YAML file consists of front matter only.
    """
    parts = _split(path, data)
    return None if parts is None else _parsed(path, parts)


def read_plain(path: str, data: bytes, lists: Mapping[str, Container[str]]) -> FrontMatter | None:
    """Split and scan a file in the plain subset of YAML. Returns None for each other file, which `read` reads.

    The result is that of `read`, except that some nodes do not have positions. `lists` is passed to `plain_yaml.scan`.
    """
    try:
        parts = _split(path, data)
        if parts is None or parts.parse is not yaml.parse:
            return None
        head = parts.text[: parts.body]
        if "\r" in head and head.count("\r") != head.count("\r\n"):
            return None
        fields = plain_yaml.scan(head[parts.start : parts.end], 1 + head.count("\n", 0, parts.start), lists)
    except (FrontMatterError, plain_yaml.Irregular):
        return None
    return FrontMatter(fields, parts.text[parts.body :], 1 + head.count("\n"), ())


def read_whole(path: str, data: bytes) -> FrontMatter:
    """Parse a file that contains data only: TOML or JSON by its extension, else YAML.

    Raises FrontMatterError.
    """
    return _parsed(path, _whole(path, data))


def _whole(path: str, data: bytes) -> _Parts:
    text = _decode(data)
    return _Parts(text, _WHOLE.get(path.lower().rpartition(".")[2], yaml.parse), 0, len(text), len(text))


def _split(path: str, data: bytes) -> _Parts | None:
    """The parts of a file, or None if it does not have front matter. Raises FrontMatterError."""
    if path.lower().endswith(DATA_EXTENSIONS):
        return _whole(path, data)
    text = _decode(data)
    opening = _OPENING.match(text)
    if opening is None and json.OPENING.match(text):
        return _object(text)
    if opening is None:
        _check_conflict(text, 0, 1)
        return None
    # Line endings in the block are unchanged, so that offsets in it map to offsets in the file.
    start = opening.end()
    try:
        end, body = _closing(text, start, opening[1])
    except FrontMatterError:
        _check_conflict(text, start, len(text))
        raise
    return _Parts(text, _LANGUAGES[(opening["language"] or opening[1]).lower()], start, end, body)


def _object(text: str) -> _Parts:
    """The parts of a file that begins with a JSON object. Raises FrontMatterError."""
    end = json.end_of(text, 0)
    if end is None:
        _check_conflict(text, 0, len(text))
        raise FrontMatterError(NO_CLOSING_FENCE, "The front matter is not closed.", hint="Close it with `}`.")
    rest = _REST_OF_LINE.match(text, end)
    return _Parts(text, json.parse, 0, end, rest.end() if rest else end)


_WHOLE: Mapping[str, Parse] = {"toml": toml.parse, "json": json.parse}
_LANGUAGES: Mapping[str, Parse] = {
    **_WHOLE,
    "yaml": yaml.parse,
    "---": yaml.parse,
    "+++": toml.parse,
    ";;;": json.parse,
}


def _parsed(path: str, parts: _Parts) -> FrontMatter:
    text, parse, start, end, body = parts
    lines = LineIndex(text)
    block = text[start:end]
    _check_characters(block, start, lines)
    _check_conflict(text, start, end)
    fields, repeats, cuts = parse(block, lines.shifted(start))
    problems = [_repeated(path, name, first, last) for name, first, last in repeats]
    problems += [cut_values.problem(path, cut) for cut in cuts if not cut_values.is_complete(cut.text)]
    return FrontMatter(fields, text[body:], lines.position(body).line, tuple(problems))


def _decode(data: bytes) -> str:
    """Decode a UTF-8 file, without its byte order mark. Raises FrontMatterError."""
    if data[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        message = "The file is encoded in UTF-16, not in UTF-8."
        raise FrontMatterError(ENCODING, message, hint="Save it as UTF-8.")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8").removeprefix(_BOM)
        message = f"The byte 0x{data[error.start]:02x} is not valid UTF-8."
        raise _at(ENCODING, message, LineIndex(before).position(len(before)), "Save the file as UTF-8.") from error
    text = text.removeprefix(_BOM)
    if b"\0" in data:
        message = "The file contains a null character."
        raise _at(ENCODING, message, LineIndex(text).position(text.index("\0")), "Delete it. The file may be damaged.")
    return text


def _closing(text: str, start: int, fence: str) -> tuple[int, int]:
    """The offsets of the closing line and of the body. Raises FrontMatterError."""
    # A file with carriage returns is rare, and is copied at equal length.
    searched = text if "\r" not in text else text.replace("\r\n", " \n").replace("\r", "\n")
    found = _CLOSING[fence].search(searched, start - 1)
    if found is None:
        hint = f"Close the front matter with a line of {fence}."
        raise FrontMatterError(NO_CLOSING_FENCE, "The front matter is not closed.", hint=hint)
    return found.start() + 1, found.end()


def _check_characters(block: str, start: int, lines: LineIndex) -> None:
    found = _UNPRINTABLE.search(block)
    if found:
        message = f"The front matter contains the control character U+{ord(found[0]):04X}."
        raise _at(ENCODING, message, lines.position(start + found.start()), "Delete it.")


def _check_conflict(text: str, start: int, end: int) -> None:
    """Raise FrontMatterError if a merge conflict begins between two offsets. It may end after them."""
    found = merge_conflicts.find(text, start)
    if found is not None and found < end:
        raise _at(MERGE_CONFLICT, merge_conflicts.MESSAGE, LineIndex(text).position(found), merge_conflicts.HINT)


def _at(code: str, message: str, position: Position, hint: str) -> FrontMatterError:
    return FrontMatterError(code, message, line=position.line, column=position.column, hint=hint)


def _repeated(path: str, name: str, first: Position, last: Position) -> Problem:
    message = f"The key '{name}' is repeated, at lines {first.line} and {last.line}. The last value is used."
    return Problem(Severity.WARNING, yaml.DUPLICATE_KEY, message, path, *last, hint="Delete one of them.")

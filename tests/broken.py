"""One of each broken file, and its expected problem."""

from __future__ import annotations

from typing import NamedTuple

from gateway.model.problems import Severity

ERROR, WARNING, INFO = Severity.ERROR, Severity.WARNING, Severity.INFO


class Broken(NamedTuple):
    """A file's bytes, and its one problem with its position."""

    data: bytes
    severity: Severity
    code: str
    line: int
    column: int


def yaml(block: str) -> bytes:
    return f"---\n{block}\n---\nThe body.\n".encode()


def titled(block: str) -> bytes:
    return yaml(f"title: Any\n{block}")


BILLION_LAUGHS = (
    "a: &a ["
    + ", ".join("x" * 9)
    + "]\n"
    + "\n".join(
        f"{name}: &{name} [{', '.join(['*' + before] * 9)}]"
        for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
)

# Syntax errors: the file cannot be read.
SYNTAX = {
    "brackets.md": Broken(yaml("[" * 100_000), ERROR, "TOO_DEEP", 2, 65),
    "braces.md": Broken(yaml("{" * 100_000), ERROR, "TOO_DEEP", 2, 65),
    "dashes.md": Broken(yaml("- " * 100_000), ERROR, "TOO_DEEP", 2, 129),
    "questions.md": Broken(yaml("? " * 100_000), ERROR, "TOO_DEEP", 2, 129),
    "indented.md": Broken(yaml("\n".join(" " * level + "a:" for level in range(600))), ERROR, "TOO_DEEP", 66, 65),
    "laughs.md": Broken(yaml(BILLION_LAUGHS), ERROR, "TOO_MANY_ALIASES", 6, 8),
    "cycle.md": Broken(yaml("title: x\na: &a [1, *a]"), ERROR, "ALIAS_CYCLE", 3, 11),
    "unknown-alias.md": Broken(yaml("a: *nothing"), ERROR, "UNKNOWN_ALIAS", 2, 4),
    "tab.md": Broken(yaml("a:\n\tb: c"), ERROR, "SYNTAX", 3, 1),
    "open.json.md": Broken(b'{"a": "b"', ERROR, "NO_CLOSING_FENCE", 1, 1),
    "array.json.md": Broken(b";;;\n[1]\n;;;\n", ERROR, "NOT_A_MAPPING", 2, 1),
    "deep.json.md": Broken(b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", ERROR, "TOO_DEEP", 1, 70),
    "quote.json.md": Broken(b'{\n  "a": "open\n}\n', ERROR, "SYNTAX", 2, 8),
    "comma.json.md": Broken(b'{"a": 1\n "b": 2}', ERROR, "SYNTAX", 2, 2),
    "last-comma.json.md": Broken(b'{"a": [1, 2,]}', ERROR, "SYNTAX", 1, 13),
    "comment.json.md": Broken(b'{"a": 1, // one\n "b": 2}', ERROR, "SYNTAX", 1, 10),
    "word.json.md": Broken(b'---json\n{"a": yes}\n---\n', ERROR, "SYNTAX", 2, 7),
    "number.json.md": Broken(b'{"a": 01}', ERROR, "SYNTAX", 1, 7),
    "escape.json.md": Broken(b'{"a": "\\q"}', ERROR, "SYNTAX", 1, 7),
    "surrogate.json.md": Broken(b'{"a": "\\ud800"}', ERROR, "SYNTAX", 1, 7),
    "escaped-null.json.md": Broken(b'{"a": "\\u0000"}', ERROR, "SYNTAX", 1, 7),
    "after.json.md": Broken(b';;;\n{"a": 1} 2\n;;;\n', ERROR, "SYNTAX", 2, 10),
    "quote.md": Broken(yaml('ä: ü\nb: "open'), ERROR, "SYNTAX", 4, 1),
    "colon.md": Broken(yaml("title: One: two"), ERROR, "SYNTAX", 2, 11),
    "escape.md": Broken(yaml('title: "ü\\q"'), ERROR, "SYNTAX", 2, 10),
    "surrogate.md": Broken(yaml('title: "\\ud800"'), ERROR, "SYNTAX", 2, 11),
    "escaped-null.md": Broken(yaml('title: "a\\0"'), ERROR, "SYNTAX", 2, 8),
    "key.md": Broken(yaml("title: x\n? [a]\n: b"), ERROR, "BAD_KEY", 3, 3),
    "python.md": Broken(yaml("title: !!python/object:os.system {}"), ERROR, "UNSUPPORTED_TAG", 2, 8),
    "binary.md": Broken(yaml("title: !!binary aGk="), ERROR, "UNSUPPORTED_TAG", 2, 8),
    "set.md": Broken(yaml("title: !!set {a}"), ERROR, "UNSUPPORTED_TAG", 2, 8),
    "tag.md": Broken(yaml("title: !mine x"), ERROR, "UNSUPPORTED_TAG", 2, 8),
    "equals.md": Broken(yaml("title: ="), ERROR, "UNSUPPORTED_TAG", 2, 8),
    "list.md": Broken(yaml("- a"), ERROR, "NOT_A_MAPPING", 2, 1),
    "scalar.md": Broken(yaml("just words"), ERROR, "NOT_A_MAPPING", 2, 1),
    "documents.md": Broken(yaml("a: b\n--- {c: d}"), ERROR, "NOT_A_MAPPING", 3, 1),
    "open.md": Broken(b"---\ntitle: x\n", ERROR, "NO_CLOSING_FENCE", 1, 1),
    "latin.md": Broken("---\ntitle: ö, caf".encode() + b"\xe9\n---\n", ERROR, "ENCODING", 2, 14),
    "utf16.md": Broken("---\ntitle: x\n---\n".encode("utf-16"), ERROR, "ENCODING", 1, 1),
    "null.md": Broken(titled("a: b") + b"\0", ERROR, "ENCODING", 6, 1),
    "control.md": Broken(yaml("title: a\x81"), ERROR, "ENCODING", 2, 9),
    "conflicted.md": Broken(
        yaml("title: x\n<<<<<<< HEAD\na: b\n=======\na: c\n>>>>>>> d"), ERROR, "MERGE_CONFLICT", 3, 1
    ),
    "conflicted-whole.md": Broken(
        b"<<<<<<< a\n---\n---\n=======\n---\n---\n>>>>>>> b\n", ERROR, "MERGE_CONFLICT", 1, 1
    ),
    "toml-brackets.md": Broken(b"+++\na = " + b"[" * 3000 + b"\n+++\n", ERROR, "TOO_DEEP", 2, 69),
    "toml-syntax.md": Broken(b"+++\na = \n+++\n", ERROR, "SYNTAX", 2, 5),
}

# Visibility: the file is set aside, because a typing error must not publish it.
VISIBILITY = {
    "published-word.md": Broken(titled("published: maybe"), ERROR, "BAD_VISIBILITY", 3, 12),
    "published-empty.md": Broken(titled("published:"), ERROR, "BAD_VISIBILITY", 3, 11),
    "published-twice.md": Broken(titled("a: {published: x}\ndraft: [true]"), ERROR, "BAD_VISIBILITY", 4, 8),
    "published-case.md": Broken(titled("Published: false"), ERROR, "BAD_VISIBILITY", 3, 1),
    "published-typo.md": Broken(titled("publihsed: false"), ERROR, "BAD_VISIBILITY", 3, 1),
    "date-typo.md": Broken(titled("publishdDateTime: 2999-01-01"), ERROR, "BAD_VISIBILITY", 3, 1),
    "draft-word.md": Broken(titled("draft: perhaps"), ERROR, "BAD_VISIBILITY", 3, 8),
    "month.md": Broken(titled("publishedDateTime: 2024-13-01"), ERROR, "BAD_VISIBILITY", 3, 20),
    "hour.md": Broken(titled("date: 2024-12-01T25:00:00Z"), ERROR, "BAD_VISIBILITY", 3, 7),
}

# Other values: only the value is dropped.
VALUES = {
    "quality.md": Broken(titled("quality: high"), WARNING, "BAD_VALUE", 3, 10),
    "integer.md": Broken(titled(f"heat: {'9' * 5000}"), WARNING, "BAD_VALUE", 3, 7),
    "int32.md": Broken(titled("heat: 2147483648"), WARNING, "BAD_VALUE", 3, 7),
    "infinity.md": Broken(titled("quality: .inf"), WARNING, "BAD_VALUE", 3, 10),
    "width.md": Broken(
        titled("images:\n  - url: https://x.example/a.png\n    width: wide"), WARNING, "BAD_VALUE", 5, 12
    ),
    "title-list.md": Broken(titled("excerpt: [a, b]"), WARNING, "BAD_VALUE", 3, 10),
    "updated.md": Broken(titled("updatedDateTime: 2024-02-30"), WARNING, "BAD_VALUE", 3, 18),
    "key-typo.md": Broken(titled("excrept: x"), WARNING, "UNKNOWN_KEY", 3, 1),
    "key-case.md": Broken(titled("WebUrl: https://x.example/"), WARNING, "UNKNOWN_KEY", 3, 1),
    "conflict.md": Broken(titled("published: true\ndraft: true"), WARNING, "CONFLICT", 4, 8),
    "repeated.md": Broken(titled("category: a\ncategory: b"), WARNING, "DUPLICATE_KEY", 4, 1),
    "repeated-nested.md": Broken(titled("provider:\n  name: a\n  name: b"), WARNING, "DUPLICATE_KEY", 5, 3),
    "untitled.md": Broken(yaml("category: a"), WARNING, "MISSING_TITLE", 2, 1),
    "related-untitled.md": Broken(
        titled("related:\n  - webUrl: https://x.example/a"), WARNING, "RELATED_WITHOUT_TITLE", 4, 5
    ),
    "related-empty.md": Broken(titled("related:\n  - quality: 1"), WARNING, "RELATED_LEFT_OUT", 4, 5),
    "cut-off.md": Broken(titled("category: Learn C # and F#"), WARNING, "VALUE_CUT_OFF", 3, 19),
    "conflicted-body.md": Broken(
        titled("a: b") + b"\n<<<<<<< HEAD\na\n=======\nb\n>>>>>>> c\n", WARNING, "MERGE_CONFLICT", 7, 1
    ),
    "unclosed.md": Broken(titled("a: b") + b"\none <!-- two\n", WARNING, "UNCLOSED_COMMENT", 7, 5),
    "shortcode.md": Broken(titled("a: b") + b"\none {{< two >}}\n", INFO, "TAG_REMOVED", 7, 5),
    "plain.md": Broken(b"No front matter.\n", INFO, "NO_FRONT_MATTER", 1, 1),
}

ALL = {**SYNTAX, **VISIBILITY, **VALUES}

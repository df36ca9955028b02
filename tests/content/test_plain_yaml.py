"""The scanner of plain front matter gives what the full parser gives, or leaves the file to it."""

from __future__ import annotations

import contextlib
import os
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks import skewed
from benchmarks.corpus import Generator
from gateway.content import decoder, file_parser, frontmatter, nested_fields, source
from gateway.content.file_parser import ParseContext, Task
from gateway.content.frontmatter import FrontMatter
from gateway.content.nodes import NOWHERE, MappingNode, Node, ScalarNode, SequenceNode
from gateway.content.plain_yaml import ItemNode
from gateway.content.problem_collector import PositionNeeded
from gateway.content.site import DEFAULT_SITE
from gateway.content.text_memo import TextMemo
from gateway.errors import FrontMatterError
from gateway.model.changes import Loaded

FULL = bool(os.environ.get("GATEWAY_TEST_FULL"))
ROOT = Path(__file__).parents[2]
LISTS = nested_fields.kept_lists(UTC)


def plain(data: bytes, path: str = "a.md") -> FrontMatter | None:
    return frontmatter.read_plain(path, data, LISTS)


def scanned(data: bytes) -> FrontMatter:
    found = plain(data)
    assert found is not None
    return found


def full(data: bytes, path: str = "a.md") -> FrontMatter | None:
    """What the full parser reads, or None if it reports anything."""
    try:
        read = frontmatter.read(path, data)
    except FrontMatterError:
        return None
    return read if read and not read.problems else None


def content(node: Node) -> object:
    """A node without its position."""
    if isinstance(node, ScalarNode):
        return node.text, node.plain, node.block, node.number
    if isinstance(node, SequenceNode):
        return [content(each) for each in node.nodes]
    return [(name, content(field.key), content(field.value), field[2:]) for name, field in node.entries.items()]


def is_plain(data: bytes, path: str = "a.md") -> bool:
    """Whether the scanner reads a file. What it reads equals what the full parser reads."""
    read = plain(data, path)
    if read is None:
        return False
    parsed = full(data, path)
    assert parsed is not None
    assert content(read.fields) == content(parsed.fields)
    assert (read.body, read.body_line, read.problems) == (parsed.body, parsed.body_line, ())
    for name, field in read.fields.entries.items():
        same = parsed.fields.entries[name]
        assert field.key.position == same.key.position
        assert field.value.position in (NOWHERE, same.value.position)
    with contextlib.suppress(PositionNeeded):
        assert decoder.decode(path, read) == decoder.decode(path, parsed)
    return True


def block(text: str) -> bytes:
    return f"---\n{text}\n---\nBody\n".encode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# A comment\n\ntitle: T",
        "title: Don't panic, it's [fine] {here} & there",
        "title:   T   ",
        'title: "T: \\"quoted\\" \\\\ \\/ \\n \\t \\u00e9 \\x41"',
        "title: 'It''s: # here'",
        'title: "T" # a comment',
        "title: C#, F#, a#b and http://a.example/#c",
        "draft: true # not yet",
        "date: 2024-05-06 # a Monday\nquality: 12 # of 100",
        "quality: -1\nheat: +5",
        "tags:\n- a\n- b\n-   c",
        "tags:\n  - a\n\n  # b is out\n  - c\ntitle: T",
        "tags: [a, \"b, c\", 'd', e f]\nkeywords: []",
        "tags: [a] # one",
        "provider:\n  name: P\n  images:\n  - url: /a.png\n    width: 12\n  - url: /b.png",
        "images:\n-   url: /a.png\n    alt:\n-   url: /b.png",
        "related:\n- title: A\n  tags:\n  - x\n- B\n- https://a.example/c",
        "excerpt:\ntags:\n- \"a: b\"\n- 'c'",
        "a:\n  b:\n    c:\n      d: e\n  f: g\nh: i",
        "excerpt: |\n  One\n   two  \n\n  three\n\ntitle: T",
        "excerpt: >-\n  One\n  two\n\n\n  three\ntitle: T",
        "title: \u00e9\u00a0\u200b\u4e2d\U0001f600",
        "title: T\r\ntags:\r\n- a\r\n- b",
    ],
)
def test_the_plain_subset_is_scanned(text: str) -> None:
    """Nearly all front matter is written in it."""
    assert is_plain(block(text))
    assert is_plain(text.encode(), "a.yaml")


@pytest.mark.parametrize(
    "text",
    [
        *("a: &x b", "a: *x", "a: !!str b", "a: {b: c}", "? a\n: b", "<<: b", '"a": b', "a b: c", "a: =", "%a: b"),
        *("a: b\n  c", "a: b\n  c: d", "a: b\n  - c", "a:\n   b: c\n  d: e", "  a: b", "a: - b", "- a", "a", "a:b"),
        *("a: b\na: c", "a:\n  b: c\n  b: d", "a: b: c", "a: b:", "a: @b", "a: `b`", "a: [b"),
        *("a: [b, [c]]", "a: [b: c]", "a: [b, ]", "a: [, b]", "a: [b,\n  c]", "a:\n-\n  b: c", "a:\n- - b", "a:\tb"),
        *("a: b # c", "a: # b", "a: #b", "a: b c # d", "a:\n- b # c", "a: b\u2028c", "a: b\x85", "\ufeffa: b"),
        *(
            'a: "b',
            'a: "b\n  c"',
            'a: "b" c',
            "a: 'b'c",
            'a: "\\ud83d\\ude00"',
            'a: "\\0"',
            'a: "\\q"',
            "a: 'b' #c\n d",
        ),
        *(
            "a: |2\n  b",
            "a: |+\n  b",
            "a: | # b\n  c",
            "a: >\n  b\n   c",
            "a: |\n    b\n  c",
            "a: |\n\n  b",
            "a: |\nb: c",
        ),
        *("a: b\n<<<<<<< HEAD\nc: d\n=======\n>>>>>>> x", "a: \x01", "a: b\rc: d", "a:" + "\n  b:" * 60),
        "\n".join(" " * depth + "a:" for depth in range(70)),
    ],
)
def test_all_else_is_left_to_the_full_parser(text: str) -> None:
    """It is unusual, not valid, or has a problem with a position."""
    assert plain(block(text)) is None


@pytest.mark.parametrize(
    "data", [b"", b"text", b"---\na: b", b'+++\na = "b"\n+++\n', b"---\na: \xff\n---\n", b"---\ra: b\r---\r"]
)
def test_other_files_are_left_to_the_full_parser(data: bytes) -> None:
    assert plain(data) is None


def corpora() -> Iterator[tuple[str, bytes]]:
    """The documents of the seeds, of the sites of the tests, and of the benchmarks.

    The sites of `gateway init` also have templates, which are not documents, and TOML and JSON.
    """
    for root in (ROOT / "seeds", ROOT / "tests" / "sites"):
        for file in sorted(root.rglob("*")):
            if file.is_file() and source.is_document(file.name, ()) and "generators" not in file.parts:
                yield file.name, file.read_bytes()
    generator, chance = Generator(files=100, related=40), random.Random(1)  # noqa: S311 - it is repeatable
    for number in range(100):
        yield f"{number}.md", generator.article(number).encode()
        yield f"{number}.md", skewed.article(number, 100, chance).encode()


def test_most_files_are_plain() -> None:
    """At least 95 percent of the files of all corpora with front matter take the fast way."""
    files = [(path, data) for path, data in corpora() if frontmatter.read(path, data)]
    assert len(files) > 220
    assert sum(is_plain(data, path) for path, data in files) >= 0.95 * len(files)


CHARACTERS = [bytes([code]) for code in b" \t\n\r:#-'\"[]{}|>&*!%@`?,~=<.\\0aZ\x00\x85\xff"]
PIECES = [
    *(b": ", b" #", b"- ", b"\n", b"  ", b"\\n", b"\\x41", b"\\ud800", b"|\n", b">-\n  a\n  b\n", b"[a, b]", b"{}"),
    *(b"---\n", b"...\n", b"<<: *a", b"&a ", b"null", b"? ", "\u00a0\u00e9".encode(), "\u2028".encode()),
]
ENDS = [b" # c", b" #c", b" ", b":", b"\r", b" |", b' "', b"\t", b" x: y", b"\n\n", b"\n# c", b"\n  # c"]
FORMS = [
    *(b'"%b"', b"'%b'", b"[%b]", b"[a, %b]", b"|-\n    %b", b">\n  %b\n\n  x", b"- %b", b"-%b", b"%b # n", b"%b #n"),
    *(b"true # %b", b"12 # %b", b"2024-05-06 # %b", b"\n  - %b", b"\n- %b", b"\n  x: %b", b"'%b' # n", b"&a %b"),
]


def mutated(chance: random.Random, data: bytes) -> bytes:
    """The file after a few small changes, each of a byte, a piece, or a line."""
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        at = chance.randrange(min(len(data), 2000))
        if chance.random() < 0.25:
            size = chance.randrange(2)
            data = data[:at] + chance.choice(CHARACTERS if size else PIECES) + data[at + size :]
        else:
            lines = data.split(b"\n")
            row, other = (chance.randrange(min(len(lines), 60)) for _ in range(2))
            lines[row : row + 1] = mutated_line(chance, lines[row], lines[other])
            data = b"\n".join(lines)
    return data.replace(b"\n", b"\r\n") if chance.random() < 0.05 else data


def mutated_line(chance: random.Random, line: bytes, other: bytes) -> list[bytes]:
    """The lines that replace a line."""
    key, colon, value = line.partition(b": ")
    return chance.choice(
        [
            [],
            [other, line],
            [b" " * chance.randrange(1, 4) + line],
            [line.removeprefix(b" " * chance.randrange(1, 4))],
            [line + chance.choice(ENDS)],
            *([[key + colon + chance.choice(FORMS).replace(b"%b", value)]] * 3),
        ]
    )


def test_mutated_files_are_read_equally() -> None:
    """Bytes, pieces and lines of real files are changed, and many of the results are still plain."""
    chance = random.Random(None if FULL else 1)  # noqa: S311 - it is no secret
    files = [(path, data) for path, data in corpora() if len(data) < 2500 and full(data, path)]
    tries = 100_000 if FULL else 5_000
    count = 0
    for _ in range(tries):
        path, data = chance.choice(files)
        count += is_plain(mutated(chance, data), path)
    assert count > tries / 5


WORDS = st.sampled_from(
    [
        *("a", "title", "true", "12", "-1", "2024-05-06", "~", "null", "https://a.example/b#c", "/c/d", "e f", "g: h"),
        *(
            "i #j",
            "k#",
            "it's",
            "\u00e9\u4e2d",
            "\U0001f600",
            '"',
            "'",
            "[",
            "]",
            "{",
            "&",
            "*",
            "!",
            "|",
            ">",
            "-",
            "?",
        ),
        *("", "\\", "\\n", "\\u0041", ",", ":", "#", "@", "=", "<<", "- x", "a,b", ".5", "(p)"),
    ]
)
TEXTS = st.lists(WORDS, min_size=1, max_size=3).map(" ".join)
ITEMS = st.sampled_from(["a", '"b, c"', "'d'", "e f", "1", "g:h", "~", "a#b", '"\\n"']) | WORDS
SCALARS = (
    TEXTS
    | TEXTS.map(lambda text: '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"')
    | TEXTS.map(lambda text: "'" + text.replace("'", "''") + "'")
    | st.lists(ITEMS, max_size=3).map(lambda items: f"[{', '.join(items)}]")
)
COMMENTS = st.sampled_from(["", "", "", "", " # note", " #note", " ", "\n# note", "\n"])
KEYS = st.sampled_from(["title", "tags", "related", "images", "provider", "url", "name", "date", "a-b", "c.d", "e f"])
INDENTS = st.sampled_from(["", "", "  ", "  ", "    "])


def indented(lines: Sequence[str], margin: str) -> list[str]:
    return [margin + line for line in lines]


@st.composite
def lines(draw: st.DrawFn, depth: int = 3) -> list[str]:
    """The lines of a mapping, of which most are regular."""
    found: list[str] = []
    for key in draw(st.lists(KEYS, min_size=1, max_size=4, unique=draw(st.integers(0, 9)) > 0)):
        kind = draw(st.integers(0, 5)) if depth else 0
        if kind < 3:
            found.append(f"{key}: {draw(SCALARS)}{draw(COMMENTS)}")
        elif kind == 3:
            found += [f"{key}:", *indented(draw(lines(depth - 1)), draw(INDENTS) or " ")]
        else:
            margin = draw(INDENTS)
            items = draw(st.lists(SCALARS.map(lambda text: [text]) | lines(depth - 1), min_size=1, max_size=3))
            found.append(f"{key}:")
            for first, *rest in items:
                found += indented([f"- {first}", *indented(rest, "  ")], margin)
    return found


@settings(max_examples=20_000 if FULL else 150, deadline=None, suppress_health_check=list(HealthCheck))
@given(lines())
def test_generated_files_are_read_equally(written: list[str]) -> None:
    is_plain(block("\n".join(written)))


def parsed(tmp_path: Path, text: str) -> Loaded:
    (tmp_path / "a.md").write_text(text)
    listed = source.ContentFile("a.md", "a.md", source.Stamp(0, 0, 0, 0))
    change = file_parser.parse(Task(listed), ParseContext(str(tmp_path)))
    assert isinstance(change, Loaded)
    return change


def test_a_plain_file_with_a_problem_is_read_again(tmp_path: Path) -> None:
    """Its problems have positions, as those of any other file."""
    related = "related:\n  - title: A\n    quality: 12\n  - title: B\n    quality: many\n"
    (problem,) = parsed(tmp_path, f"---\ntitle: T\n{related}---\n").problems
    assert (problem.line, problem.column) == (7, 14)


def test_a_problem_of_the_outer_mapping_is_reported_at_once() -> None:
    """Its keys and their scalars have positions, which are needed most."""
    text = "title: T\ntags:   a b\nqualitty: 1\nquality: many"
    read, parsed = scanned(block(text)), full(block(text))
    assert parsed is not None
    problems = decoder.decode("a.md", read).problems
    assert [(problem.line, problem.column) for problem in problems] == [(4, 1), (5, 10), (3, 9)]
    assert problems == decoder.decode("a.md", parsed).problems


def test_a_problem_of_the_body_has_its_line(tmp_path: Path) -> None:
    (problem,) = parsed(tmp_path, "---\ntitle: T\n---\nText\n<!-- left open\n").problems
    assert (problem.code, problem.line, problem.column) == ("UNCLOSED_COMMENT", 5, 1)


RELATED = "related:\n- title: {title}\n  webUrl: https://a.example/{title}\n- title: {title} again\n"


def items(read: FrontMatter) -> list[ItemNode]:
    value = read.fields.entries["related"].value
    assert isinstance(value, SequenceNode)
    return [node for node in value.nodes if isinstance(node, ItemNode)]


def test_an_entry_of_many_files_is_decoded_once() -> None:
    """The files share its value, and its text is not scanned again."""
    data = block(f"title: T\n{RELATED.format(title='Shared')}")
    first = decoder.decode("a.md", scanned(data))
    again = scanned(data)
    second = decoder.decode("b.md", again)
    assert first.document is not None
    assert second.document is not None
    assert len(first.document.related) == 2
    assert all(map(lambda a, b: a is b, first.document.related, second.document.related))
    parsed_items = full(data)
    assert parsed_items is not None
    assert [content(item) for item in items(again)] == content(parsed_items.fields.entries["related"].value)


def test_a_known_text_is_not_scanned() -> None:
    """Scanned, this one would be irregular."""
    data = block("related:\n- &x a: b")
    assert plain(data) is None
    assert frontmatter.read_plain("a.md", data, {"related": {"- &x a: b"}}) is not None


def test_an_entry_with_a_problem_is_not_kept(tmp_path: Path) -> None:
    """Its problem is reported for each file."""
    text = "---\ntitle: T\nrelated:\n- title: Odd\n  quality: many\n---\n"
    for _ in range(2):
        assert [problem.code for problem in parsed(tmp_path, text).problems] == ["BAD_VALUE"]


def test_an_entry_is_kept_for_one_time_zone() -> None:
    """A time without an offset is another instant in another zone."""
    data = block("title: T\nrelated:\n- title: Zoned\n  publishedDateTime: 2024-05-06 12:00")
    hours = []
    for zone in (UTC, timezone(timedelta(hours=2)), UTC):
        read = frontmatter.read_plain("a.md", data, nested_fields.kept_lists(zone))
        assert read is not None
        found = decoder.decode("a.md", read, DEFAULT_SITE._replace(timezone=zone)).document
        assert found is not None
        (entry,) = found.related
        assert entry.published_date_time is not None
        hours.append(entry.published_date_time.hour)
    assert hours == [12, 10, 12]


def test_a_memo_is_bounded() -> None:
    """Texts that were not used lately are dropped when the total length exceeds the limit."""
    memo = TextMemo[int](12)
    for number, text in enumerate(("aaaa", "bbbb", "cccc")):
        memo.add(text, number)
    assert memo.get("aaaa") == 0
    assert [text in memo for text in ("aaaa", "bbbb", "cccc")] == [True, False, True]
    memo.add("d" * 13, 3)
    memo.add("e" * 13, 4)
    assert [text in memo for text in ("aaaa", "cccc", "d" * 13)] == [False, False, False]


def test_kept_nodes_are_mappings() -> None:
    """Each decoder can use them."""
    assert all(isinstance(item, MappingNode) for item in items(scanned(block(RELATED.format(title="A")))))

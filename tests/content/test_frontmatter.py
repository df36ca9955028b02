"""Front matter parsing: values and positions, and errors."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.content import frontmatter
from gateway.content.cut_values import VALUE_CUT_OFF
from gateway.content.nodes import MappingNode, Node, Position, ScalarNode, SequenceNode
from gateway.errors import FrontMatterError
from tests import broken


def read(data: str | bytes) -> frontmatter.FrontMatter:
    front_matter = frontmatter.read("a.md", data.encode() if isinstance(data, str) else data)
    assert front_matter is not None
    return front_matter


def plain(node: Node) -> object:
    """A node without its positions."""
    if isinstance(node, ScalarNode):
        return node.text
    if isinstance(node, SequenceNode):
        return [plain(item) for item in node.nodes]
    return {name: plain(field.value) for name, field in node.entries.items()}


def mapping(block: str) -> object:
    return plain(read(f"---\n{block}\n---\n").fields)


@pytest.mark.parametrize(
    "text", ["NO", "1.10", "012345", "12:30:45", "2022-11-15", "1_000", "0x1F", "~", "null", "true", ".inf", "9" * 5000]
)
def test_scalars_stay_as_written(text: str) -> None:
    """Scalars keep their text. YAML's type guesses are not applied."""
    scalar = read(f"---\na: {text}\n---\n").fields.entries["a"].value
    assert scalar == ScalarNode(text, plain=True, position=Position(2, 4))


@pytest.mark.parametrize("written", ['"x y"', "'x y'", "!!str x y", "|-\n  x y", ">-\n  x y"])
def test_quoted_and_plain_scalars_differ(written: str) -> None:
    """A quoted scalar is text, whatever it contains."""
    scalar = read(f"---\na: {written}\n---\n").fields.entries["a"].value
    assert isinstance(scalar, ScalarNode)
    assert (scalar.text, scalar.plain) == ("x y", False)


@pytest.mark.parametrize(
    ("text", "body", "line"),
    [
        ("---\na: b\n---\nbody", "body", 4),
        ("---\r\na: b\r\n---\r\nbody\r\n", "body\r\n", 4),
        ("---\ra: b\r---\rbody", "body", 4),
        ("\ufeff---\na: b\n...\nbody", "body", 4),
        ("---  \na: b\n---\t\nbody", "body", 4),
        ("---\na: b\n---", "", 3),
        ("---\na: b\n---\n", "", 4),
        ("+++\na = 'b'\n+++\nbody", "body", 4),
        ("+++\r\na = 'b'\r\n+++\r\nbody", "body", 4),
        ("---toml\na = 'b'\n---\nbody", "body", 4),
        ("--- YAML\na: b\n...\nbody", "body", 4),
        ('---json\n{"a": "b"}\n---\nbody', "body", 4),
        (';;;\n"a": "b"\n;;;\nbody', "body", 4),
        (';;;\r\n{"a": "b"}\r\n;;;\r\nbody', "body", 4),
        ('{"a": "b"}\nbody', "body", 2),
        ('\ufeff{\r\n\t"a" : "b"\r\n}  \r\nbody', "body", 4),
        ('{"a": "b"} body', "body", 1),
        ('{"a": "b"}', "", 1),
    ],
)
def test_accepted_fences(text: str, body: str, line: int) -> None:
    """Line ends of every system, a byte order mark, both closing fences, and TOML fences are accepted."""
    front_matter = read(text)
    assert plain(front_matter.fields) == {"a": "b"}
    assert (front_matter.body, front_matter.body_line) == (body, line)


@pytest.mark.parametrize(
    "text",
    ["", "text", "\n---\na: b\n---\n", "----\na: b\n----\n", " ---\n", "# --- \n", "{{< a >}}", "{% a %}", "{}x"],
)
def test_front_matter_needs_a_fence_on_the_first_line(text: str) -> None:
    """A file without a fence on its first line is not a document."""
    assert frontmatter.read("a.md", text.encode()) is None


@pytest.mark.parametrize("block", ["", "\n", "# a comment", "# a\n\n# b"])
def test_empty_block_is_an_empty_mapping(block: str) -> None:
    """A document may have empty front matter."""
    assert mapping(block) == {}


def test_fence_inside_a_value_does_not_close() -> None:
    """Dashes that are indented or followed by text belong to the value."""
    assert mapping("a: |\n  ---\n  b\nc: d") == {"a": "---\nb\n", "c": "d"}


@pytest.mark.parametrize(("block", "value"), [("a:\tb", "b"), ("a: b\tc", "b\tc"), ("a:\t[b]", ["b"])])
def test_tabs_separate_but_do_not_indent(block: str, value: object) -> None:
    """A tab after a colon is white space. A tab within text is text."""
    assert mapping(block) == {"a": value}


@pytest.mark.parametrize("name", broken.SYNTAX)
def test_syntax_error_has_its_position_in_the_file(name: str) -> None:
    """Each error has its code, line and column, counted in the file and not in the block."""
    case = broken.SYNTAX[name]
    with pytest.raises(FrontMatterError) as caught:
        read(case.data)
    assert (caught.value.code, caught.value.line, caught.value.column) == (case.code, case.line, case.column)
    assert caught.value.hint


def test_brackets_in_text_do_not_count_as_depth() -> None:
    """Only lists and mappings count. Brackets in quotes, blocks and comments do not."""
    many = "[" * 1000
    block = f"a: \"{many}\"\nb: '{many}'\nc: |\n  {many}\nd: x # {many}"
    assert mapping(block) == {"a": many, "b": many, "c": f"{many}\n", "d": "x"}
    toml = f'+++\na = "{many}"\nb = \'\'\'{many}\'\'\'\nc = """{many}""" # {many}\n+++\n'
    assert plain(read(toml).fields) == {"a": many, "b": many, "c": many}


def test_depth_limit_is_exact() -> None:
    """The deepest allowed level is read, and one more is refused."""
    levels = 63
    assert mapping(f"a: {'[' * levels}{']' * levels}")
    with pytest.raises(FrontMatterError):
        mapping(f"a: {'[' * (levels + 1)}{']' * (levels + 1)}")


def test_small_aliases_and_merges() -> None:
    """A mapping's own keys override merged ones, and the first merged key overrides the next."""
    block = "base: &base {x: 1, y: 2}\nmore: &more {y: 3, z: 4}\none:\n  <<: [*base, *more]\n  x: 0\ntwo: *base"
    assert mapping(block) == {
        "base": {"x": "1", "y": "2"},
        "more": {"y": "3", "z": "4"},
        "one": {"x": "0", "y": "2", "z": "4"},
        "two": {"x": "1", "y": "2"},
    }


def test_last_of_repeated_keys_counts() -> None:
    """As in Jekyll. The warning has both positions, and the earlier value is kept for visibility checks."""
    front_matter = read("---\na: 1\nb: {c: 2, c: 3}\na: 4\n---\n")
    assert plain(front_matter.fields) == {"b": {"c": "3"}, "a": "4"}
    assert [plain(node) for node in front_matter.fields.entries["a"].repeated] == ["1"]
    assert [(problem.line, problem.column) for problem in front_matter.problems] == [(3, 11), (4, 1)]
    assert "at lines 2 and 4" in front_matter.problems[1].message


def test_columns_count_code_points() -> None:
    """Columns count characters and not bytes. Emoji and CJK characters count as one."""
    fields = read("---\n日本: {é: 😀, b: c}\n---\n").fields
    inner = fields.entries["日本"].value
    assert isinstance(inner, MappingNode)
    assert inner.entries["b"].key.position == Position(2, 12)


@pytest.mark.parametrize(
    ("block", "found"),
    [
        ("title: #100Days of code", [("WARNING", 2, 8)]),
        ("title: Learn C # and F# at once", [("WARNING", 2, 16)]),
        ("title: C #", [("WARNING", 2, 10)]),
        ("tags: #foo #bar", [("WARNING", 2, 7)]),
        ("tags:\n  - #foo\n  - bar\n  - é\t#x", [("WARNING", 3, 5), ("WARNING", 5, 7)]),
        ("a: one\n  two # three", [("WARNING", 3, 7)]),
        ("a: [b #c\n, d]", [("WARNING", 2, 7)]),
        ("layout: post # the usual one", [("INFO", 2, 14)]),
        ("subtitle: # optional", [("INFO", 2, 11)]),
        ("a: 1 # b\nc: -1.5e3 #d\ne: 2024-01-01 # f\ng: 2024-03-21 4:00:00 +0000 # h", []),
        ("draft: true # todo\na: No # b\nc: ~ #d\ne: null # f", []),
        ("title: 'x # y' # z\nb: \"c\" #d\ne: [f, g] # h\ni: {j: k} # l", []),
        ("a: # b\n  c: d\ne: # f\n- g\nh: | # i\n  j # k\nl:\n  # m\n  - n", []),
        ("# a\nb: c#d\ne: https://f.example/#g\nh: &i j\nk: *i # l", []),
        ("a: b\r\nc: d #e\r\nf: g", [("WARNING", 3, 6)]),
    ],
)
def test_value_cut_off_by_a_comment_is_reported(block: str, found: list[tuple[str, int, int]]) -> None:
    """A text that loses words is a warning, and a word or an empty value before a common comment is a note. Other
    comments are not reported."""
    problems = read(f"---\n{block}\n---\n").problems
    assert {problem.code for problem in problems} <= {VALUE_CUT_OFF}
    assert [(problem.severity.value, problem.line, problem.column) for problem in problems] == found


def test_report_does_not_quote_the_value() -> None:
    """Secured values are in no message."""
    problem = read("---\nsecured: abc def #ghi\n---\n").problems[0]
    assert not any(part in f"{problem.message}{problem.hint}" for part in ("abc", "def", "ghi"))


CONFLICT = "<<<<<<< HEAD\n{}\n||||||| 1234567\n=======\n{}\n>>>>>>> branch\n"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("---\ntitle: x\n" + CONFLICT.format("a: b", "a: c") + "---\n", 3),
        ("---\r\n" + CONFLICT.format("a: b", "a: c").replace("\n", "\r\n") + "---\r\n", 2),
        ("+++\n" + CONFLICT.format("a = 1", "a = 2") + "+++\n", 2),
        ("---\n" + CONFLICT.format("a: b\n---\nOne", "a: c\n---\nTwo"), 2),
        ("---\na: b\n" + CONFLICT.format("c", "d"), 3),
        (CONFLICT.format("---\na: b\n---", "---\na: c\n---"), 1),
    ],
)
def test_merge_conflict_sets_the_file_aside(text: str, line: int) -> None:
    """The conflict has its own code, also if it begins before the front matter."""
    with pytest.raises(FrontMatterError) as caught:
        frontmatter.read("a.md", text.encode())
    assert (caught.value.code, caught.value.line) == ("MERGE_CONFLICT", line)


@pytest.mark.parametrize("text", ["Some text.\n" + CONFLICT, "=======\n", "---\na: '\n <<<<<<< b\n =======\n'\n---\n"])
def test_text_like_a_conflict_is_not_reported(text: str) -> None:
    """A file without front matter is not a document. Conflict marks begin a line."""
    frontmatter.read("a.md", text.encode())


def test_toml_values_are_text() -> None:
    """TOML's numbers, booleans and dates follow the same rules, at the position of their key."""
    fields = read("+++\ntitle = 'x'\nv = 1.10\nd = 2024-05-06\nt = true\n[extra]\nn = [1, 'a']\n+++\n").fields
    assert plain(fields) == {"title": "x", "v": "1.10", "d": "2024-05-06", "t": "true", "extra": {"n": ["1", "a"]}}
    assert fields.entries["d"].value.position == Position(4, 1)


# Line separators fold in YAML, and control characters are refused; all else is text.
TEXT = st.text(
    st.characters(exclude_categories=("Cc", "Cs", "Cn", "Zl", "Zp"), exclude_characters="\ufeff"), max_size=12
)
TREES = st.dictionaries(
    TEXT, st.recursive(TEXT, lambda below: st.lists(below, max_size=4) | st.dictionaries(TEXT, below, max_size=4))
)


@given(TREES)
def test_json_round_trip(tree: dict[str, object]) -> None:
    """JSON is YAML: any tree of text is read unchanged."""
    assert mapping(json.dumps(tree, ensure_ascii=False)) == tree


@given(st.binary(max_size=200), st.sampled_from([b"", b"---\n", b"+++\n", b"\xef\xbb\xbf---\n"]))
def test_arbitrary_bytes_raise_only_syntax_errors(data: bytes, fence: bytes) -> None:
    """Any file has front matter, has none, or gives an error with a position."""
    try:
        frontmatter.read("a.md", fence + data + b"\n" + fence)
    except FrontMatterError as error:
        assert error.line >= 1
        assert error.column >= 1


@given(st.text(st.sampled_from("ab:-?[]{}\"'&*!|>%#@, \n\t<=0"), max_size=60))
def test_arbitrary_yaml_raises_only_syntax_errors(block: str) -> None:
    """The same holds for text that resembles YAML."""
    try:
        read(f"---\n{block}\n---\n")
    except FrontMatterError as error:
        assert 1 <= error.line <= block.count("\n") + 3


@given(TREES)
def test_json_front_matter_is_read_as_written(tree: dict[str, object]) -> None:
    """All JSON is read, with and without line breaks and escapes."""
    for text in (json.dumps(tree), json.dumps(tree, ensure_ascii=False, indent=1)):
        front_matter = read(f"{text}\nbody")
        assert (plain(front_matter.fields), front_matter.body) == (tree, "body")


def test_positions_and_types_of_json() -> None:
    """Only numbers and the words are plain. Positions are those of the file."""
    fields = read('{\n  "ä": "1",\n  "b": -1.5e3, "c": [true,\n null]}').fields
    assert fields.position == Position(1, 1)
    assert fields.entries["ä"].value == ScalarNode("1", plain=False, position=Position(2, 8))
    assert fields.entries["b"].value == ScalarNode("-1.5e3", plain=True, position=Position(3, 8), number=True)
    assert fields.entries["c"].value == SequenceNode(
        (ScalarNode("true", plain=True, position=Position(3, 22)), ScalarNode("null", True, Position(4, 2))),
        Position(3, 21),
    )


def test_last_of_repeated_json_keys_counts() -> None:
    """The earlier values are kept, as in YAML."""
    found = read('{"a": 1, "a": 2,\n"a": 3}')
    assert plain(found.fields) == {"a": "3"}
    assert [plain(node) for node in found.fields.entries["a"].repeated] == ["1", "2"]
    assert [(each.code, each.line, each.column) for each in found.problems] == [
        ("DUPLICATE_KEY", 1, 10),
        ("DUPLICATE_KEY", 2, 1),
    ]


@given(st.text(st.sampled_from('ab{}[]":,\\\n 01-tru'), max_size=60), st.sampled_from(["{", ";;;\n", "---json\n"]))
def test_arbitrary_json_raises_only_syntax_errors(text: str, fence: str) -> None:
    try:
        frontmatter.read("a.md", f"{fence}{text}\n{fence[:3]}\n".encode())
    except FrontMatterError as error:
        assert 1 <= error.line <= text.count("\n") + 3


@pytest.mark.parametrize(
    "text", ['{"' + '\\"' * 500_000, '{"a": ' + '"' * 500_001, '{"a":1,' * 200_000, '{"a":\n"' * 200_000]
)
def test_hostile_json_is_refused_in_linear_time(text: str) -> None:
    """Texts without an end are within the time limit, which quadratic time would exceed."""
    with pytest.raises(FrontMatterError):
        read(text)


@pytest.mark.parametrize("quotes", ['"""', "'''"])
def test_quotes_before_a_closing_triple_quote(quotes: str) -> None:
    """TOML allows two quotes before the closing three. The brackets that follow are counted."""
    many = 3000
    last = quotes[0]
    with pytest.raises(FrontMatterError) as caught:
        read(f"+++\na = [{quotes}x{quotes}{last}, {'[' * many}{last}y{last}{']' * many}]\n+++\n")
    assert caught.value.code == "TOO_DEEP"


@pytest.mark.parametrize("block", ['a = "\\u0000"', '"\\u0000" = 1', 'a = ["\\u0000"]'])
def test_escaped_null_in_toml_is_refused(block: str) -> None:
    """Text with a null character is refused in both formats."""
    with pytest.raises(FrontMatterError) as caught:
        read(f"+++\n{block}\n+++\n")
    assert (caught.value.code, caught.value.line) == ("SYNTAX", 2)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_toml_text_ignores_the_kind_of_line_end(end: str) -> None:
    """A text of several lines is equal on every system."""
    fields = read(end.join(["+++", 'a = """x', 'y"""', "+++", ""])).fields
    assert plain(fields) == {"a": "x\ny"}


def test_toml_float_is_not_text() -> None:
    """A quoted text is distinguished from a plain number."""
    fields = read("+++\na = 1.10\nb = '1.10'\n+++\n").fields
    assert fields.entries["a"].value == ScalarNode("1.10", plain=True, position=Position(2, 1), number=True)
    assert fields.entries["b"].value == ScalarNode("1.10", plain=False, position=Position(3, 1))


def test_positions_of_toml_keys() -> None:
    """The position is not that of a comment, a string or an equal key of an earlier item."""
    fields = read("+++\n# b = 1\na = 'b = 2'\nb = 3\n[[r]]\nu = 1\n[[r]]\nu = 2\n+++\n").fields
    items = fields.entries["r"].value
    assert isinstance(items, SequenceNode)
    assert fields.entries["b"].key.position == Position(4, 1)
    marks = [item.entries["u"].key.position for item in items.nodes if isinstance(item, MappingNode)]
    assert marks == [Position(6, 1), Position(8, 1)]


def test_long_mappings_are_read_in_linear_time() -> None:
    """Many keys, repeated keys and long dotted keys are read within the time limit, which quadratic time would
    exceed."""
    many = 100_000
    assert len(read("+++\n" + "".join(f"k{i} = 1\n" for i in range(many)) + "+++\n").fields.entries) == many
    assert len(read("---\n" + "a: 1\n" * many + "---\n").fields.entries["a"].repeated) == many - 1
    with pytest.raises(FrontMatterError, match="levels deep"):
        read("+++\n" + ".".join("a" * many) + " = 1\n+++\n")

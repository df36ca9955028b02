"""Decoding of single values from their text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.content import values
from gateway.content.nodes import MappingEntry, MappingNode, Node, Position, ScalarNode, SequenceNode
from gateway.content.values import Unreadable

HERE = Position(2, 3)


def plain(text: str) -> ScalarNode:
    return ScalarNode(text, True, HERE)


def quoted(text: str) -> ScalarNode:
    return ScalarNode(text, False, HERE)


@pytest.mark.parametrize("written", ["NO", "1.10", "12:30:45", "012345", "2022", "2022-11-15", "on"])
def test_text_stays_as_written(written: str) -> None:
    """A title that resembles another type is text."""
    assert values.text(plain(written)) == written


@pytest.mark.parametrize("decode", [values.text, values.integer, values.boolean, values.phrase, values.verbatim])
@pytest.mark.parametrize("node", [plain(""), plain("~"), plain("null"), plain("Null"), plain("NULL"), quoted("")])
def test_empty_values_are_null(decode: object, node: ScalarNode) -> None:
    """YAML's null words and empty text are null for every type."""
    assert callable(decode)
    assert decode(node) is None


def test_quoted_null_word_is_text() -> None:
    """A quoted word is text."""
    assert values.text(quoted("null")) == "null"


@pytest.mark.parametrize("node", [SequenceNode((), HERE), MappingNode({}, HERE)])
def test_list_or_mapping_is_not_a_single_value(node: Node) -> None:
    """A list in place of a text is not joined."""
    with pytest.raises(Unreadable):
        values.text(node)


@pytest.mark.parametrize(
    ("written", "number"),
    [("24", 24), ("-1", -1), ("+7", 7), ("24.0", 24), ("24.", 24), ("010", 10), ("00", 0), ("2147483647", 2**31 - 1)],
)
def test_whole_numbers(written: str, number: int) -> None:
    """Numbers are decimal, also with leading zeros, and `24.0` is a whole number."""
    assert values.integer(plain(written)) == values.integer(quoted(written)) == number


@pytest.mark.parametrize(
    "written", ["high", "24.5", "1e3", "0x10", "1_000", ".inf", ".nan", "-", ".0", "2147483648", "-2147483649", "٣"]
)
def test_numbers_outside_32_bits_are_refused(written: str) -> None:
    """GraphQL's Int has 32 bits."""
    with pytest.raises(Unreadable):
        values.integer(plain(written))


def test_long_digit_strings_are_not_converted() -> None:
    """Many digits or zeros cost only their reading."""
    with pytest.raises(Unreadable):
        values.integer(plain("9" * 5_000))
    with pytest.raises(Unreadable):
        values.integer(plain("0" * 1_000_000 + "x"))


@given(st.integers(-(2**31), 2**31 - 1))
def test_every_number_of_32_bits_is_read(number: int) -> None:
    """Every Int is read from its decimal form."""
    assert values.integer(plain(str(number))) == number


@pytest.mark.parametrize("word", ["true", "True", "TRUE", "yes", "on", "1", "y"])
def test_words_for_true(word: str) -> None:
    """The usual words count, quoted or not."""
    assert values.boolean(plain(word)) is values.boolean(quoted(word)) is True


@pytest.mark.parametrize("word", ["false", "False", "no", "NO", "off", "0", "n"])
def test_words_for_false(word: str) -> None:
    """The usual words count, quoted or not."""
    assert values.boolean(plain(word)) is values.boolean(quoted(word)) is False


def test_other_words_are_not_flags() -> None:
    """Unknown words are not guessed."""
    with pytest.raises(Unreadable):
        values.boolean(plain("maybe"))


@pytest.mark.parametrize(
    ("written", "value"),
    [
        *(("4.50", 4.5), ("1.5", 1.5), ("-0.25", -0.25), ("12", 12), ("-7", -7), ("0", 0), ("true", True)),
        *(("1.2.3", "1.2.3"), ("012", "012"), ("007", "007"), ("-01", "-01"), ("00.5", "00.5"), ("+49", "+49")),
        *(("1e5", "1e5"), ("12e5", "12e5"), ("0x10", "0x10"), ("1_000", "1_000"), (".5", ".5"), ("5.", "5.")),
        *(("~", None), ("Null", None), ("yes", "yes"), ("2022-11-15", "2022-11-15"), (".inf", ".inf"), ("nan", "nan")),
        *((str(2**53 - 1), 2**53 - 1), (str(2**53), str(2**53)), ("1" * 30, "1" * 30), ("9" * 400, "9" * 400)),
    ],
)
def test_plain_numbers_are_json_numbers(written: str, value: object) -> None:
    """Codes with leading zeros, versions, possible words and numbers that JSON readers round stay text."""
    found = values.json_value(plain(written))
    assert found == value
    assert type(found) is type(value)
    assert values.json_value(quoted(written)) == written


@pytest.mark.parametrize(
    ("written", "value"), [("1e3", 1000.0), ("+1.5", 1.5), ("1_000.5", 1000.5), ("inf", "inf"), ("1e999", "1e999")]
)
def test_toml_numbers_are_json_numbers(written: str, value: object) -> None:
    """TOML values that JSON lacks stay text."""
    assert values.json_value(ScalarNode(written, True, HERE, number=True)) == value


@pytest.mark.parametrize(
    ("node", "shown"),
    [
        (quoted(" a  b\n"), " a  b\n"),
        (plain("a"), "a"),
        (quoted(" \t\n"), None),
        (quoted("\xa0 \u200b\ufeff"), None),
        (plain("\u200b"), None),
        (quoted("\u200ba"), "\u200ba"),
        (ScalarNode("a\n", False, HERE, block=True), "a"),
        (ScalarNode("\n", False, HERE, block=True), None),
    ],
)
def test_quoted_text_keeps_outer_white_space(node: ScalarNode, shown: str | None) -> None:
    """The line break at the end of a YAML block is removed."""
    assert values.phrase(node) == shown


def test_json_excludes_secured() -> None:
    """A key named `secured` is removed at every depth, in any case."""
    secret = {name: MappingEntry(plain(name), plain("x")) for name in ("secured", "Secured", "a")}
    nested = MappingNode(
        {"deep": MappingEntry(plain("deep"), SequenceNode((MappingNode(secret, HERE),), HERE)), **secret}, HERE
    )
    assert values.json_value(nested) == {"deep": [{"a": "x"}], "a": "x"}


def test_quoted_values_in_messages_are_cut() -> None:
    """Messages have a bounded length."""
    assert len(values.shown("a" * 10_000)) < 80

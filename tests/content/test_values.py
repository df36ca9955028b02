"""Single values, from their text."""

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
    """A title that looks like something else is still a title."""
    assert values.text(plain(written)) == written


@pytest.mark.parametrize("decode", [values.text, values.integer, values.boolean, values.phrase, values.verbatim])
@pytest.mark.parametrize("node", [plain(""), plain("~"), plain("null"), plain("Null"), plain("NULL"), quoted("")])
def test_nothing_is_null(decode: object, node: ScalarNode) -> None:
    """YAML's words for nothing, and empty text, are null for every kind of value."""
    assert callable(decode)
    assert decode(node) is None


def test_a_quoted_word_for_nothing_is_text() -> None:
    """Who quotes a word means the word."""
    assert values.text(quoted("null")) == "null"


@pytest.mark.parametrize("node", [SequenceNode((), HERE), MappingNode({}, HERE)])
def test_a_list_or_mapping_is_no_single_value(node: Node) -> None:
    """A list where text is wanted is not joined to a text."""
    with pytest.raises(Unreadable):
        values.text(node)


@pytest.mark.parametrize(
    ("written", "number"),
    [("24", 24), ("-1", -1), ("+7", 7), ("24.0", 24), ("24.", 24), ("010", 10), ("00", 0), ("2147483647", 2**31 - 1)],
)
def test_whole_numbers(written: str, number: int) -> None:
    """Numbers are decimal, also with leading zeros, and a number with nothing after its point is whole."""
    assert values.integer(plain(written)) == values.integer(quoted(written)) == number


@pytest.mark.parametrize(
    "written", ["high", "24.5", "1e3", "0x10", "1_000", ".inf", ".nan", "-", ".0", "2147483648", "-2147483649", "٣"]
)
def test_what_is_no_whole_number_of_32_bits(written: str) -> None:
    """GraphQL's Int could not carry it, so it is refused at the value."""
    with pytest.raises(Unreadable):
        values.integer(plain(written))


def test_very_long_digits_are_refused_without_being_converted() -> None:
    """Neither a number of many digits nor a run of zeros costs more than reading it."""
    with pytest.raises(Unreadable):
        values.integer(plain("9" * 5_000))
    with pytest.raises(Unreadable):
        values.integer(plain("0" * 1_000_000 + "x"))


@given(st.integers(-(2**31), 2**31 - 1))
def test_every_number_of_32_bits_is_read(number: int) -> None:
    """What GraphQL can carry is read as it prints."""
    assert values.integer(plain(str(number))) == number


@pytest.mark.parametrize("word", ["true", "True", "TRUE", "yes", "on", "1", "y"])
def test_words_for_true(word: str) -> None:
    """The usual words count, quoted or not."""
    assert values.boolean(plain(word)) is values.boolean(quoted(word)) is True


@pytest.mark.parametrize("word", ["false", "False", "no", "NO", "off", "0", "n"])
def test_words_for_false(word: str) -> None:
    """The usual words count, quoted or not."""
    assert values.boolean(plain(word)) is values.boolean(quoted(word)) is False


def test_other_words_are_neither() -> None:
    """A word that is not known is not guessed."""
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
def test_a_plain_number_is_one_in_json(written: str, value: object) -> None:
    """Not so codes with leading zeros, versions, what may be a word, and whole numbers that JSON's readers round."""
    found = values.json_value(plain(written))
    assert found == value
    assert type(found) is type(value)
    assert values.json_value(quoted(written)) == written


@pytest.mark.parametrize(
    ("written", "value"), [("1e3", 1000.0), ("+1.5", 1.5), ("1_000.5", 1000.5), ("inf", "inf"), ("1e999", "1e999")]
)
def test_a_number_of_toml_is_one_in_json(written: str, value: object) -> None:
    """TOML says what is a number, and JSON lacks some."""
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
def test_quoted_text_for_readers_keeps_its_outer_white_space(node: ScalarNode, shown: str | None) -> None:
    """Who quotes it means it; the line break at the end of a block is YAML's own."""
    assert values.phrase(node) == shown


def test_json_never_holds_the_secured_payload() -> None:
    """A key named `secured` is left out at every depth, in any case."""
    secret = {name: MappingEntry(plain(name), plain("x")) for name in ("secured", "Secured", "a")}
    nested = MappingNode(
        {"deep": MappingEntry(plain("deep"), SequenceNode((MappingNode(secret, HERE),), HERE)), **secret}, HERE
    )
    assert values.json_value(nested) == {"deep": [{"a": "x"}], "a": "x"}


def test_a_long_value_is_cut_where_it_is_quoted() -> None:
    """A message stays short, whatever it tells of."""
    assert len(values.shown("a" * 10_000)) < 80

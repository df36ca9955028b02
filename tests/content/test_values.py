"""Single values, from their text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.content import values
from gateway.content.nodes import Field, Fields, Items, Mark, Node, Scalar
from gateway.content.values import Unreadable

HERE = Mark(2, 3)


def plain(text: str) -> Scalar:
    return Scalar(text, True, HERE)


def quoted(text: str) -> Scalar:
    return Scalar(text, False, HERE)


@pytest.mark.parametrize("written", ["NO", "1.10", "12:30:45", "012345", "2022", "2022-11-15", "on"])
def test_text_stays_as_written(written: str) -> None:
    """A title that looks like something else is still a title."""
    assert values.text(plain(written)) == written


@pytest.mark.parametrize("decode", [values.text, values.integer, values.boolean, values.instant, values.verbatim])
@pytest.mark.parametrize("node", [plain(""), plain("~"), plain("null"), plain("Null"), plain("NULL"), quoted("")])
def test_nothing_is_null(decode: object, node: Scalar) -> None:
    """YAML's words for nothing, and empty text, are null for every kind of value."""
    assert callable(decode)
    assert decode(node) is None


def test_a_quoted_word_for_nothing_is_text() -> None:
    """Who quotes a word means the word."""
    assert values.text(quoted("null")) == "null"


@pytest.mark.parametrize("node", [Items((), HERE), Fields({}, HERE)])
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
    ("written", "printed"),
    [
        ("2022-11-15T17:36:00Z", "2022-11-15T17:36:00+00:00"),
        ("2022-11-15", "2022-11-15T00:00:00+00:00"),
        ("2022-11-15 17:36", "2022-11-15T17:36:00+00:00"),
        ("2024-03-21 4:00:00 +0000", "2024-03-21T04:00:00+00:00"),
        ("2024-03-21T04:00:00+02:00", "2024-03-21T02:00:00+00:00"),
        ("2024-03-21T04:00:00-0330", "2024-03-21T07:30:00+00:00"),
        ("2024-03-21T04:00:00 +2", "2024-03-21T02:00:00+00:00"),
        ("2024-03-21t04:00:00.1234567z", "2024-03-21T04:00:00.123456+00:00"),
        ("2024-3-1", "2024-03-01T00:00:00+00:00"),
        ("Jul 08 2022", "2022-07-08T00:00:00+00:00"),
        ("September 8, 2022", "2022-09-08T00:00:00+00:00"),
        ("8. may 2022", "2022-05-08T00:00:00+00:00"),
        ("31 Dec, 2022", "2022-12-31T00:00:00+00:00"),
    ],
)
def test_instants(written: str, printed: str) -> None:
    """An offset is honoured; without one it is UTC; a date alone is midnight, also one whose month is a word."""
    found = values.instant(plain(written))
    assert found is not None
    assert found.isoformat() == printed


@pytest.mark.parametrize(
    "written",
    [
        *("2022-13-01", "2022-02-30", "2022-11-15T25:00:00Z", "2022-11-15T24:00:00Z", "2022-11-15T10:60:00", "soon"),
        *("0000-01-01", "0001-01-01T00:00:00+01:00", "2022-11-15T10:00:00+24:00", "2022-11-15T10:00:00+01:60"),
        *("20221115", "Jul 32 2022", "Jux 08 2022", "Juli 8 2022", "08/07/2022", "Jul 2022", "Feb 29 2023"),
    ],
)
def test_what_is_no_instant(written: str) -> None:
    """A month 13 or an hour 25 is told of, and not bent to another date."""
    with pytest.raises(Unreadable):
        values.instant(plain(written))


@given(st.datetimes(timezones=st.integers(-1439, 1439).map(lambda m: timezone(timedelta(minutes=m)))))
def test_every_instant_is_read_as_python_prints_it(moment: datetime) -> None:
    """The reading is the inverse of the printing, wherever the moment exists in UTC."""
    try:
        expected = moment.astimezone(UTC)
    except OverflowError:
        with pytest.raises(Unreadable):
            values.instant(plain(moment.isoformat()))
    else:
        assert values.instant(plain(moment.isoformat())) == expected


@pytest.mark.parametrize(
    ("written", "value"),
    [
        *(("1.10", "1.10"), ("1.5", 1.5), ("012", "012"), ("12", 12), ("-0", "-0"), ("true", True), ("yes", "yes")),
        *(("~", None), ("1e5", "1e5"), ("2022-11-15", "2022-11-15"), ("1" * 30, "1" * 30), ("Null", None)),
    ],
)
def test_json_keeps_what_it_cannot_print_as_written(written: str, value: object) -> None:
    """A version 1.10 must not become 1.1; what prints as it was written may be a number."""
    found = values.json_value(plain(written))
    assert found == value
    assert type(found) is type(value)
    assert values.json_value(quoted(written)) == written


def test_json_never_holds_the_secured_payload() -> None:
    """A key named `secured` is left out at every depth, in any case."""
    secret = {name: Field(plain(name), plain("x")) for name in ("secured", "Secured", "a")}
    nested = Fields({"deep": Field(plain("deep"), Items((Fields(secret, HERE),), HERE)), **secret}, HERE)
    assert values.json_value(nested) == {"deep": [{"a": "x"}], "a": "x"}


def test_a_long_value_is_cut_where_it_is_quoted() -> None:
    """A message stays short, whatever it tells of."""
    assert len(values.shown("a" * 10_000)) < 80

"""The SQL of readers in PostgreSQL: the shapes of `Dialect`, and the words of SQLite with their translations."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from gateway.model.fields import ORDERED
from gateway.model.lists import Interval
from gateway.store.dialect import DAYS, Dialect
from gateway.store.field_columns import order_columns
from gateway.store.postgres.full_text import TsVectors
from gateway.store.sql_fragment import STATEMENTS

PREFIX = 200
"""The number of characters of a text in an index. A B-tree of PostgreSQL does not hold rows above 2,700 bytes."""

DIALECT = Dialect(
    TsVectors(),
    {
        **DAYS,
        **{
            interval: (
                f"CAST(date_trunc('{interval}', CAST(date '1970-01-01' + CAST({DAYS[Interval.DAY]} AS integer)"
                " AS timestamp)) AS date) - date '1970-01-01'"
            )
            for interval in (Interval.MONTH, Interval.YEAR)
        },
    },
    has_lateral=True,
    places_nulls=False,
    sees_constants=True,
    keeps_order=False,
)


class Statement(NamedTuple):
    """A translated query."""

    text: str
    names: Sequence[str]
    """The names of its parameters in order, if they are named."""


_ROWS = (
    "(SELECT place - 1 AS key, value"
    " FROM json_array_elements_text(CAST({} AS json)) WITH ORDINALITY AS items (value, place))"
)
_MEMBERS = "(SELECT key FROM json_object_keys(CAST({} AS json)) AS key)"

_CUSTOM_TEXT = r"CAST\(article\.custom ->> '\w+' AS TEXT\)"
_PARENTS = "|".join(
    [
        *("article.provider", "article.category", "article.type", "article.locale", "mention.provider"),
        *("listed.topic", "listed.author", "listed.value", _CUSTOM_TEXT),
    ]
)
"""The texts by which lists are found. Their indexes hold prefixes."""
_FIRST = "|".join(
    [
        _CUSTOM_TEXT,
        *("provider.folded", "provider.domain", "topic.folded", "author.folded"),
        *(f"article.{column}" for field in ORDERED if field.is_folded for column in order_columns(field)),
    ]
)
"""The texts by which lists are ordered, except for the last ones, which are those of `_LAST`. So do theirs."""
_LAST = "|".join(
    [
        *("article.path", "listed.path", "mention.path", "provider.name", "provider.key"),
        *("topic.name", "topic.key", "author.name", "author.key"),
    ]
)
_VALUE = r"\$\d+|place\.c\d+"

_PREFIXES = f"(left(\\1, {PREFIX}) {{}}, {PREFIX}) AND {{}})"
_EQUAL = _PREFIXES.format(r"= left(\2", r"CASE WHEN \1 = \2 THEN TRUE END")
"""PostgreSQL multiplies the selectivities of both conditions, and cannot estimate that of CASE, which it takes for a
half."""

Word = Callable[[re.Match[str]], str]
_WORDS: Sequence[tuple[str, str | Word]] = (
    (r"json_each\((article\.\w+)\)(?: AS (\w+))?", lambda found: _aliased(_MEMBERS, found)),
    (r"json_each\(([^()]*)\)(?: AS (\w+))?", lambda found: _aliased(_ROWS, found)),
    (r"json_extract\(([\w.]+), '\$\[(\d)\]'\)", r"(CAST(\1 AS json) ->> \2)"),
    (r"\bjson_group_array\(", "json_agg("),
    (r"\bjson_array\(", "json_build_array("),
    (r"\binstr\(", "strpos("),
    (r"\bCROSS JOIN (\w+(?: AS \w+)?) ON\b", r"JOIN \1 ON"),
    (r"\bIS (place\.c\d+)", r"IS NOT DISTINCT FROM \1"),
    (r"\bvocabulary_(\d) AS", r"(SELECT term, field AS col, docs AS doc FROM word WHERE public = \1 AND docs > 0) AS"),
    (rf"\b({_PARENTS}) = ({_VALUE}|parent\.value)", _EQUAL),
    (rf"\b({_FIRST}) = ({_VALUE})", _EQUAL),
    (rf"\b({_FIRST}|{_LAST}) ([<>])(=?) ({_VALUE})", _PREFIXES.format(r"\2= left(\4", r"\1 \2\3 \4")),
    (rf"\b({_FIRST}) IS (NOT )?NULL", rf"left(\1, {PREFIX}) IS \2NULL"),
    (rf"\b({_FIRST}|{_LAST})( (?:ASC|DESC)(?: NULLS \w+)?)", rf"left(\1, {PREFIX})\2, \1\2"),
    (r"CAST\((article\.custom\w*) ->> ('\w+') AS TEXT\)", r'((CAST(\1 AS json) ->> \2) COLLATE "C")'),
    (r"(article\.custom) ->> ", r"CAST(\1 AS json) ->> "),
)
"""Patterns of the shared text, with their translations, in this order."""
_PARAMETER = re.compile(r"""'(?:[^']|'')*'|"[^"]*"|\?(\d*)|(?<![:\w]):([a-z_]+)""")


@lru_cache(maxsize=4 * STATEMENTS)
def translated(sql: str) -> Statement:
    """The query in PostgreSQL's words, with the parameters `$1`, `$2`, and so on."""
    names: dict[str, int] = {}
    count = 0

    def number(found: re.Match[str]) -> str:
        nonlocal count
        if found[2]:
            return f"${names.setdefault(found[2], len(names) + 1)}"
        if found[1]:
            return f"${found[1]}"
        if found[1] is None:
            return found[0]
        count += 1
        return f"${count}"

    text = _PARAMETER.sub(number, sql)
    for pattern, translation in _WORDS:
        text = re.sub(pattern, translation, text)
    return Statement(text, tuple(names))


def _aliased(text: str, found: re.Match[str]) -> str:
    return f"LATERAL {text.format(found[1])} AS {found[2] or 'each'}"


def arguments(statement: Statement, parameters: Sequence[object] | Mapping[str, object]) -> Sequence[object]:
    """The values of the parameters. PostgreSQL does not accept NUL, which stored text does not contain either."""
    values = [parameters[name] for name in statement.names] if isinstance(parameters, Mapping) else parameters
    return [value.replace("\0", "") if isinstance(value, str) and "\0" in value else value for value in values]

"""SQL of full-text search in SQLite."""

# ruff: noqa: S608 - the text is built only from constants; values are bound.

from __future__ import annotations

import json
from collections.abc import Iterable

from gateway.content.tokenizer import is_character
from gateway.model.lists import SearchMode
from gateway.model.records import Visibility
from gateway.search import Search
from gateway.store.cursor import Value
from gateway.store.search_columns import WEIGHTS, columns_of, index_views
from gateway.store.sql_fragment import Sql, joined

NOTHING = '""'
"""The expression that matches nothing."""

_WEIGHTS = ", ".join(map(str, WEIGHTS.values()))


class Fts5:
    """See `FullText`."""

    def expression(self, search: Search) -> str:
        """Every word is quoted, so that it is not read as an operator."""
        columns = columns_of(search)
        if not search.words or not columns:
            return NOTHING
        return f"{{{' '.join(columns)}}} : ({_words(search)})"

    def matching(self, key: str, search: Search, visibility: Visibility) -> Sql:
        found = _union(visibility, "SELECT rowid FROM {index} WHERE {index} MATCH ?", self.expression(search))
        return Sql(f"{key} IN ({found.sql})", found.parameters)

    def found(self, search: Search, visibility: Visibility) -> Sql:
        select = "SELECT rowid AS key, {score} AS score FROM {index} WHERE {index} MATCH ?"
        return _union(visibility, select, self.expression(search))

    def holders(self, words: Iterable[str], visibility: Visibility, most: int) -> Sql:
        found, _ = _union(visibility, """SELECT 1 FROM {index} WHERE {index} MATCH '"' || wanted.value || '"' """)
        text = f"SELECT wanted.value, (SELECT count(*) FROM ({found} LIMIT {most})) FROM json_each(?) AS wanted"
        return Sql(text, (json.dumps(sorted(set(words))),))

    def any_of(self, words: Iterable[str]) -> str:
        return " OR ".join(f'"{word}"' for word in words) or NOTHING

    def likenesses(self, visibility: Visibility) -> str:
        found, _ = _union(
            visibility,
            "SELECT subject.at, {index}.rowid AS article, {score} AS likeness"
            " FROM subject CROSS JOIN {index} WHERE {index} MATCH subject.words",
        )
        return found


def _union(visibility: Visibility, select: str, *parameters: Value) -> Sql:
    """A query of each index of the visible articles. `{index}` is its name, `{score}` the score of a match."""
    names = [f"search_{view}" for view in index_views(visibility)]
    texts = [select.format(index=name, score=f"-bm25({name}, {_WEIGHTS})") for name in names]
    return joined(" UNION ALL ", [Sql(text, parameters) for text in texts])


def _words(search: Search) -> str:
    if search.mode is SearchMode.PHRASE:
        return f'"{" ".join(search.words)}"{"*" if search.begins(search.words[-1]) else ""}'
    return (" OR " if search.mode is SearchMode.ANY_TERM else " AND ").join(
        _word(search, word) for word in dict.fromkeys(search.words)
    )


def _word(search: Search, word: str) -> str:
    """A prefix term also includes the exact word, so that exact matches score higher. A character of a script without
    spaces scores equally at any position of a run."""
    if is_character(word):
        return f'"{word}"*'
    return f'("{word}" OR "{word}"*)' if search.begins(word) else f'"{word}"'

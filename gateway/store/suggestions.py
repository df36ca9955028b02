"""What was meant by a search that finds nothing: its questions as SQL, and what their rows say.

It offers words of the index of one view alone.
"""

# ruff: noqa: S608 - texts are put together from constants alone; values are bound.

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Sequence

from gateway.content.spelling import variants
from gateway.content.tokenizer import Token, is_spaceless
from gateway.model import Visibility
from gateway.search import Search
from gateway.store.fulltext_index import VOCABULARIES
from gateway.store.rows import Row
from gateway.store.search_sql import columns_of
from gateway.store.sql_fragment import Sql, view

MOST_SLIPS = 4
"""Of so many words that no article has one may be misspelt; a text with more was meant for another corpus."""

_LAST = "\U0010ffff"


class Suggestion:
    """The correction of one search, for one visibility.

    A word that no article has is looked for among all that one edit makes of it. So the work depends on the word alone,
    however many words the index holds, and the slip may be in its first letter too.
    """

    def __init__(self, search: Search, visibility: Visibility) -> None:
        self._search = search
        self._vocabulary = VOCABULARIES[view(visibility)]
        self._columns = ", ".join(f"'{column}'" for column in columns_of(search))

    def known(self) -> Sql:
        """Rows of the places of words that articles have, or that begin one where that is enough."""
        text = f"""
        SELECT wanted.key FROM json_each(?) AS wanted WHERE EXISTS (
          SELECT 1 FROM {self._vocabulary} AS held
          WHERE held.term >= json_extract(wanted.value, '$[0]') AND held.term <= json_extract(wanted.value, '$[1]')
            AND held.col IN ({self._columns}))
        """
        begins = self._search.begins
        ranges = [(word, word + _LAST if begins(word) else word) for word, _, _ in self._search.tokens]
        return Sql(text, (json.dumps(ranges),))

    def slips(self, known: Iterable[int]) -> list[Token]:
        """The words to be corrected; none where there is no word to blame, or there are too many."""
        found = set(known)
        unknown = [token for at, token in enumerate(self._search.tokens) if at not in found]
        slips = [token for token in unknown if not is_spaceless(token.term)]
        return slips if len(slips) <= MOST_SLIPS else []

    def candidates(self, slips: Sequence[Token]) -> Sql:
        """Rows of a word that may have been meant, and of how often articles have it."""
        text = f"""
        SELECT held.term, sum(held.doc) FROM json_each(?) AS wanted
        CROSS JOIN {self._vocabulary} AS held ON held.term = wanted.value
        WHERE held.col IN ({self._columns}) GROUP BY held.term
        """
        return Sql(text, (json.dumps(sorted(set().union(*(variants(slip.term) for slip in slips)))),))

    def corrected(self, slips: Sequence[Token], candidates: Sequence[Row]) -> str | None:
        """The text of the search with the commonest of its candidates in place of each slip, if all have one."""
        held = {row[0]: row[1] for row in candidates}
        text = self._search.text
        for slip in reversed(slips):
            meant = min(variants(slip.term) & held.keys(), key=lambda term: (-held[term], term), default=None)
            if meant is None:
                return None
            text = text[: slip.start] + unicodedata.normalize("NFC", meant) + text[slip.end :]
        return text

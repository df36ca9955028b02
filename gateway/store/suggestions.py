"""SQL for spelling corrections of a search without results.

Suggests only words from the index of one view.
"""

# ruff: noqa: S608 - the text is built only from constants; values are bound.

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable, Sequence

from gateway.content.spelling import variants
from gateway.content.tokenizer import Token, is_spaceless
from gateway.model.records import Visibility
from gateway.search import Search
from gateway.store.rows import Row
from gateway.store.search_columns import columns_of, vocabularies
from gateway.store.sql_fragment import Sql

MOST_SLIPS = 4
"""Maximum number of unknown words to correct. A text with more is not corrected."""

_LAST = "\U0010ffff"


class Suggestion:
    """The correction of one search, for one visibility.

    Candidates for an unknown word are all results of one edit. The work depends only on the word, not on the size of
    the index, and the first letter can be wrong too.
    """

    def __init__(self, search: Search, visibility: Visibility) -> None:
        self._search = search
        self._vocabularies = vocabularies(visibility)
        self._columns = ", ".join(f"'{column}'" for column in columns_of(search))

    def known(self) -> Sql:
        """Rows of the indexes of words that articles have, or that are a prefix of one if a prefix suffices."""
        is_held = " OR ".join(
            f"EXISTS (SELECT 1 FROM {vocabulary} AS held WHERE held.term >= json_extract(wanted.value, '$[0]')"
            f" AND held.term <= json_extract(wanted.value, '$[1]') AND held.col IN ({self._columns}))"
            for vocabulary in self._vocabularies
        )
        text = f"SELECT wanted.key FROM json_each(?) AS wanted WHERE {is_held}"
        begins = self._search.begins
        ranges = [(word, word + _LAST if begins(word) else word) for word, _, _ in self._search.tokens]
        return Sql(text, (json.dumps(ranges),))

    def slips(self, known: Iterable[int]) -> list[Token]:
        """The words to correct. Empty if all words are known, or too many are not."""
        found = set(known)
        unknown = [token for at, token in enumerate(self._search.tokens) if at not in found]
        slips = [token for token in unknown if not is_spaceless(token.term)]
        return slips if len(slips) <= MOST_SLIPS else []

    def candidates(self, slips: Sequence[Token]) -> Sql:
        """Rows of a candidate word and its number of articles."""
        held = " UNION ALL ".join(
            f"SELECT held.term, held.doc FROM json_each(?) AS wanted CROSS JOIN {vocabulary} AS held"
            f" ON held.term = wanted.value WHERE held.col IN ({self._columns})"
            for vocabulary in self._vocabularies
        )
        wanted = json.dumps(sorted(set().union(*(variants(slip.term) for slip in slips))))
        text = f"SELECT term, CAST(sum(doc) AS BIGINT) FROM ({held}) AS held GROUP BY term"
        return Sql(text, (wanted,) * len(self._vocabularies))

    def corrected(self, slips: Sequence[Token], candidates: Sequence[Row]) -> str | None:
        """The text of the search with each unknown word replaced by its most frequent candidate. None if a word has no
        candidate."""
        held = {row[0]: row[1] for row in candidates}
        text = self._search.text
        for slip in reversed(slips):
            meant = min(variants(slip.term) & held.keys(), key=lambda term: (-held[term], term), default=None)
            if meant is None:
                return None
            text = text[: slip.start] + unicodedata.normalize("NFC", meant) + text[slip.end :]
        return text

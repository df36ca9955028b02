"""Size of JSON values, compared with a recursive count."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway.execution.json_size import JsonSize, json_size

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
)


def counted(value: Any) -> JsonSize:
    if isinstance(value, str):
        return JsonSize(1, 0, len(value))
    if not isinstance(value, list | dict):
        return JsonSize(1, 0, 0)
    inner = [counted(each) for each in (value.values() if isinstance(value, dict) else value)]
    return JsonSize(
        1 + sum(each.values for each in inner),
        1 + max((each.depth for each in inner), default=0),
        sum(each.characters for each in inner),
    )


@given(VALUES)
def test_size_counts_everything(value: Any) -> None:
    """Values at each place, levels, and characters of texts."""
    assert json_size(value) == counted(value)


def test_deep_nesting_is_counted() -> None:
    """Depths are counted at which recursion would fail."""
    value: list[Any] = []
    for _ in range(100_000):
        value = [value]
    assert json_size(value) == JsonSize(100_001, 100_001, 0)

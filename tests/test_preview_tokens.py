"""Preview tokens: signature and expiry."""

from __future__ import annotations

import time
from datetime import timedelta

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.access.preview_tokens import AUDIENCE, MAX_LIFETIME, PreviewTokens, parse_lifetime
from gateway.errors import Unauthenticated

SECRET = "0123456789abcdef" * 2
PASSES = PreviewTokens(SECRET)
LATER = int(time.time()) + 86_400


def test_valid_token() -> None:
    """Verification returns its expiry."""
    assert PASSES.verify(PASSES.issue(LATER)) == LATER


def signed(claims: dict[str, object], secret: str = SECRET, algorithm: str = "HS256") -> str:
    return jwt.encode(claims, secret, algorithm)


NONE = {
    "ended": PASSES.issue(int(time.time()) - 1),
    "another secret": PreviewTokens(SECRET[::-1]).issue(LATER),
    "another algorithm": signed({"aud": AUDIENCE, "exp": LATER}, SECRET * 2, "HS512"),
    "not signed": jwt.encode({"aud": AUDIENCE, "exp": LATER}, None, "none"),
    "for others": signed({"aud": "another service", "exp": LATER}),
    "for others too": signed({"aud": [AUDIENCE, "another service"], "exp": LATER}),
    "for nobody": signed({"exp": LATER}),
    "without an end": signed({"aud": AUDIENCE}),
    "with an end that is none": signed({"aud": AUDIENCE, "exp": "never"}),
    "cut": PASSES.issue(LATER)[:-1],
    "a surrogate": PASSES.issue(LATER) + "\ud800",
}


@pytest.mark.parametrize("token", NONE.values(), ids=NONE)
def test_invalid_tokens(token: str) -> None:
    """All are refused in the same way."""
    with pytest.raises(Unauthenticated):
        PASSES.verify(token)


@given(st.text() | st.lists(st.text("ab-_="), min_size=3, max_size=3).map(".".join))
def test_arbitrary_text_is_refused(token: str) -> None:
    """No other exception is raised."""
    with pytest.raises(Unauthenticated):
        PASSES.verify(token)


@given(st.integers(0, 10**7), st.sampled_from("mhdw"))
def test_durations(number: int, unit: str) -> None:
    """Durations up to the maximum are accepted."""
    minutes = {"m": 1, "h": 60, "d": 24 * 60, "w": 7 * 24 * 60}[unit] * number
    if 0 < minutes <= MAX_LIFETIME.total_seconds() / 60:
        assert parse_lifetime(f"{number}{unit}") == timedelta(minutes=minutes)
    else:
        with pytest.raises(ValueError, match="is not a duration"):
            parse_lifetime(f"{number}{unit}")


@pytest.mark.parametrize("written", ["", "d", "7", "7y", "-7d", "1.5d", "٧d", "7 d", "7dd"])
def test_invalid_durations(written: str) -> None:
    """They are refused."""
    with pytest.raises(ValueError, match="is not a duration"):
        parse_lifetime(written)

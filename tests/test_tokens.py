"""Rights from tokens and headers."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.access.tokens import Authenticator, Scope, Viewer, api_token
from gateway.errors import BadUserInput, Forbidden, GatewayError, RequestError, SettingsError, Unauthenticated
from gateway.model.records import Visibility

AUTHENTICATOR = Authenticator(
    [
        api_token("editor", [Scope.PREVIEW]),
        api_token(f"sha256:{sha256(b'vault').hexdigest()}", [Scope.SECURED_READ]),
        api_token("plain", []),
    ]
)
PUBLIC, PREVIEW = Visibility.PUBLIC, Visibility.PREVIEW


@pytest.mark.parametrize(
    ("authorization", "include_drafts", "expected"),
    [
        (None, None, Viewer(PUBLIC)),
        (None, "false", Viewer(PUBLIC)),
        (None, "true", Forbidden),
        (None, "yes", BadUserInput),
        (None, "", BadUserInput),
        ("Bearer plain", None, Viewer(PUBLIC)),
        ("Bearer plain", "true", Forbidden),
        ("Bearer editor", None, Viewer(PUBLIC, frozenset({"preview"}))),
        ("Bearer editor", "false", Viewer(PUBLIC, frozenset({"preview"}))),
        ("bearer  editor ", "TRUE", Viewer(PREVIEW, frozenset({"preview"}))),
        ("Bearer vault", None, Viewer(PUBLIC, frozenset({"secured:read"}))),
        ("Bearer vault", "true", Forbidden),
        ("Bearer unknown", None, Unauthenticated),
        ("Bearer unknown", "true", Unauthenticated),
        ("", None, Viewer(PUBLIC)),
        (" ", "false", Viewer(PUBLIC)),
        ("Bearer", None, Viewer(PUBLIC)),
        ("bearer ", "true", Forbidden),
        ("Basic", None, Unauthenticated),
        ("Basic editor", None, Unauthenticated),
        ("Bearer \ud800", None, Unauthenticated),
    ],
)
def test_combinations_of_headers(
    authorization: str | None, include_drafts: str | None, expected: Viewer | type[GatewayError]
) -> None:
    """Drafts need the scope and the header. An unknown credential is refused first."""
    if isinstance(expected, Viewer):
        assert AUTHENTICATOR.viewer(authorization, include_drafts) == expected
    else:
        with pytest.raises(expected):
            AUTHENTICATOR.viewer(authorization, include_drafts)


@pytest.mark.parametrize(
    ("authorization", "include_drafts", "visibility"),
    [(None, None, PREVIEW), (None, "true", PREVIEW), (None, "false", PUBLIC), ("Bearer vault", None, PREVIEW)],
)
def test_rights_under_dev(authorization: str | None, include_drafts: str | None, visibility: Visibility) -> None:
    """Drafts are shown unless the header excludes them. No token reads `secured`."""
    dev = Authenticator([api_token("vault", [Scope.SECURED_READ])], dev=True)
    assert dev.viewer(authorization, include_drafts) == Viewer(visibility, frozenset({"preview"}))


@pytest.mark.parametrize(("token", "scopes"), [("", []), ("sha256:12", []), ("sha256:" + "g" * 64, []), ("t", ["all"])])
def test_unusable_token_is_a_settings_error(token: str, scopes: list[str]) -> None:
    """A token that cannot match, or with an unknown scope, stops the start."""
    with pytest.raises(SettingsError):
        api_token(token, scopes)


def test_grant_keeps_only_the_digest() -> None:
    """The token is not in memory."""
    assert "open sesame" not in repr(api_token("open sesame", [Scope.PREVIEW]))


@given(st.none() | st.text(), st.none() | st.text())
def test_arbitrary_headers_give_no_rights(authorization: str | None, include_drafts: str | None) -> None:
    """Without a token a request is refused, or sees published articles without scopes."""
    try:
        viewer = Authenticator([api_token("0" * 40, list(Scope))]).viewer(authorization, include_drafts)
    except RequestError:
        return
    assert viewer == Viewer(PUBLIC)

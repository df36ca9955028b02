"""API tokens, scopes, and the authentication of credentials."""

from __future__ import annotations

import hmac
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple, Protocol

from gateway.errors import BadUserInput, Forbidden, SettingsError, Unauthenticated
from gateway.model.records import Visibility


class Scope(StrEnum):
    PREVIEW = "preview"
    SECURED_READ = "secured:read"
    RELOAD = "reload"


@dataclass(frozen=True, slots=True)
class Viewer:
    """The permissions of a client: the visible content, and the scopes of its credential."""

    visibility: Visibility
    scopes: frozenset[str] = frozenset()
    expires: int | None = None
    """Expiry of the credential, in Unix seconds. None for an API token, which does not expire."""
    token: bytes | None = field(default=None, compare=False, repr=False)
    """The digest of the API token, if one was sent. It does not grant permissions."""

    def check_at(self, now: float) -> None:
        """Raises Unauthenticated if the credential has expired."""
        if self.expires is not None and self.expires <= now:
            raise Unauthenticated("The preview has expired. Request a new link.")


@dataclass(frozen=True, slots=True)
class ApiToken:
    """The scopes of an API token. Stores only the SHA-256 digest of the token."""

    digest: bytes
    scopes: frozenset[str]


def api_token(token: str, scopes: Collection[str]) -> ApiToken:
    """Parses a token of the settings, `TOKEN` or `sha256:HEX`. Raises SettingsError."""
    unknown = sorted(set(scopes) - set(Scope))
    if unknown:
        raise SettingsError(f"Unknown scope: {', '.join(unknown)}. The scopes are {', '.join(Scope)}.")
    if not token.startswith("sha256:"):
        if not token:
            raise SettingsError("A token is empty.")
        return ApiToken(_digest(token), frozenset(scopes))
    if not re.fullmatch("sha256:[0-9a-fA-F]{64}", token):
        raise SettingsError("A token's digest is invalid. Write 'sha256:' and 64 hexadecimal digits.")
    return ApiToken(bytes.fromhex(token.removeprefix("sha256:")), frozenset(scopes))


class Permissions(NamedTuple):
    """The scopes of a credential, and its expiry."""

    scopes: frozenset[str] = frozenset()
    expires: int | None = None
    token: bytes | None = None


class TokenVerifier(Protocol):
    """Verifies preview tokens. A protocol, so that the settings can import this module without PyJWT."""

    def verify(self, token: str) -> int:
        """The expiry of a valid token, in Unix seconds. Raises Unauthenticated."""
        ...


class Authenticator:
    """Authenticates API tokens and preview tokens.

    With `dev`, each client has the scope `preview`, and does not have `secured:read`.
    """

    def __init__(
        self, api_tokens: Iterable[ApiToken] = (), preview_tokens: TokenVerifier | None = None, *, dev: bool = False
    ) -> None:
        self._api_tokens = tuple(api_tokens)
        self._preview_tokens = preview_tokens
        self._dev = dev

    def viewer(self, authorization: str | None, include_drafts: str | None, cookie: str | None = None) -> Viewer:
        """The viewer for the values of the headers Authorization and X-Include-Drafts.

        `cookie` is the preview token of a browser. It is used only if drafts are requested without a credential, so
        that public responses do not depend on it.

        Raises Unauthenticated for an unknown credential, Forbidden for drafts without the scope, and BadUserInput for
        an invalid X-Include-Drafts.
        """
        authorization = credential(authorization)
        permissions = self._permissions(authorization)
        drafts = self._dev if include_drafts is None else _boolean(include_drafts)
        if drafts and authorization is None and cookie is not None and not self._dev:
            permissions = self._preview_permissions(cookie)
        if drafts and Scope.PREVIEW not in permissions.scopes:
            raise Forbidden("Drafts need a token with the scope 'preview'.")
        return Viewer(Visibility.PREVIEW if drafts else Visibility.PUBLIC, *permissions)

    def _permissions(self, authorization: str | None) -> Permissions:
        permissions = Permissions() if authorization is None else self._token_permissions(_bearer(authorization))
        return (
            permissions._replace(scopes=(permissions.scopes | {Scope.PREVIEW}) - {Scope.SECURED_READ})
            if self._dev
            else permissions
        )

    def _token_permissions(self, token: str) -> Permissions:
        digest = _digest(token)
        # Compare all tokens, so that the duration does not depend on which one matches.
        matching = [api_token.scopes for api_token in self._api_tokens if hmac.compare_digest(api_token.digest, digest)]
        return Permissions(frozenset().union(*matching), token=digest) if matching else self._preview_permissions(token)

    def _preview_permissions(self, token: str) -> Permissions:
        if self._preview_tokens is None:
            raise Unauthenticated
        return Permissions(frozenset({Scope.PREVIEW}), self._preview_tokens.verify(token))


def credential(authorization: str | None) -> str | None:
    """The value of Authorization. None if it is absent, empty, or `Bearer` without a token.

    Clients without a token send these, by the example in the documentation of Apollo Client.
    """
    return authorization if authorization and authorization.strip().lower() not in {"", "bearer"} else None


def _bearer(authorization: str) -> str:
    scheme, _, token = authorization.strip().partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthenticated("The header 'Authorization' is invalid. Send 'Bearer TOKEN'.")
    return token.strip()


def _boolean(value: str) -> bool:
    match value.strip().lower():
        case "true":
            return True
        case "false":
            return False
    raise BadUserInput("The header 'X-Include-Drafts' must be 'true' or 'false'.")


def _digest(token: str) -> bytes:
    # The credential of a WebSocket comes from JSON and may contain lone surrogates, which must not raise.
    return sha256(token.encode("utf-8", "surrogatepass")).digest()


def signature(secret: str, body: bytes) -> str:
    """The signature of a body in the format of GitHub: `sha256=` and the hexadecimal HMAC-SHA256."""
    return "sha256=" + hmac.new(secret.encode(), body, sha256).hexdigest()


def is_signed(secret: str | None, body: bytes, signed: str) -> bool:
    """Whether the signature matches the body. False without a secret."""
    # Compare bytes: compare_digest raises for a non-ASCII string.
    return secret is not None and hmac.compare_digest(signature(secret, body).encode(), signed.encode())

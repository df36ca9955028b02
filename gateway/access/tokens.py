"""Turns a credential into a viewer: what the caller may see. It reads no request and knows no store."""

from __future__ import annotations

import hmac
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import NamedTuple, Protocol

from gateway.errors import BadUserInput, Forbidden, SettingsError, Unauthenticated
from gateway.model import Visibility


class Scope(StrEnum):
    PREVIEW = "preview"
    SECURED_READ = "secured:read"
    RELOAD = "reload"


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks: what its snapshot shows, and the rights that its credential carries."""

    visibility: Visibility
    scopes: frozenset[str] = frozenset()
    expires: int | None = None
    """When the credential ends, in seconds since 1970; one of the settings never does."""
    token: bytes | None = field(default=None, compare=False, repr=False)
    """The digest of the token that it was known by, where that was one of the settings; it gives no right."""

    def check_at(self, now: float) -> None:
        """Raises Unauthenticated where the credential has ended meanwhile."""
        if self.expires is not None and self.expires <= now:
            raise Unauthenticated("The preview has expired. Ask for a new link.")


@dataclass(frozen=True, slots=True)
class ApiToken:
    """The rights of one token, of which the SHA-256 digest alone is kept."""

    digest: bytes
    scopes: frozenset[str]


def api_token(token: str, scopes: Collection[str]) -> ApiToken:
    """The grant for a token as the settings write it: `TOKEN` or `sha256:HEX`. Raises SettingsError."""
    unknown = sorted(set(scopes) - set(Scope))
    if unknown:
        raise SettingsError(f"Unknown scope: {', '.join(unknown)}. Known are {', '.join(Scope)}.")
    if not token.startswith("sha256:"):
        if not token:
            raise SettingsError("A token is empty.")
        return ApiToken(_digest(token), frozenset(scopes))
    if not re.fullmatch("sha256:[0-9a-fA-F]{64}", token):
        raise SettingsError("A token's digest is written as 'sha256:' and 64 hexadecimal digits.")
    return ApiToken(bytes.fromhex(token.removeprefix("sha256:")), frozenset(scopes))


class Permissions(NamedTuple):
    """What a credential gives, and until when."""

    scopes: frozenset[str] = frozenset()
    expires: int | None = None
    token: bytes | None = None


class TokenVerifier(Protocol):
    """Verifies preview tokens. A protocol, so that the settings can import this module without PyJWT."""

    def verify(self, token: str) -> int:
        """When a good token ends, in seconds since 1970. Raises Unauthenticated for any other."""
        ...


class Authenticator:
    """Knows the grants and the passes of one server.

    With `dev` everyone may preview, and nobody may read secured payloads.
    """

    def __init__(
        self, api_tokens: Iterable[ApiToken] = (), passes: TokenVerifier | None = None, *, dev: bool = False
    ) -> None:
        self._api_tokens = tuple(api_tokens)
        self._preview_tokens = passes
        self._dev = dev

    def viewer(self, authorization: str | None, include_drafts: str | None, cookie: str | None = None) -> Viewer:
        """The viewer that the values of the headers Authorization and X-Include-Drafts stand for.

        `cookie` is the pass that a browser keeps. It is looked at only where drafts are asked for and no credential
        was sent, so that what the public sees never depends on it.

        Raises Unauthenticated for an unknown credential, Forbidden for drafts without the scope, and
        BadUserInput where X-Include-Drafts is neither `true` nor `false`.
        """
        authorization = credential(authorization)
        permissions = self._permissions(authorization)
        drafts = self._dev if include_drafts is None else _boolean(include_drafts)
        if drafts and authorization is None and cookie is not None and not self._dev:
            permissions = self._preview_permissions(cookie)
        if drafts and Scope.PREVIEW not in permissions.scopes:
            raise Forbidden("Drafts are shown only to a token with the scope 'preview'.")
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
        # Every grant is compared, so that the time taken does not tell which one matched.
        matching = [api_token.scopes for api_token in self._api_tokens if hmac.compare_digest(api_token.digest, digest)]
        return Permissions(frozenset().union(*matching), token=digest) if matching else self._preview_permissions(token)

    def _preview_permissions(self, token: str) -> Permissions:
        if self._preview_tokens is None:
            raise Unauthenticated
        return Permissions(frozenset({Scope.PREVIEW}), self._preview_tokens.verify(token))


def credential(authorization: str | None) -> str | None:
    """The value of Authorization; None also for an empty one and for a `Bearer` without a token.

    Clients that have no token send these, as the documentation of Apollo Client has them do.
    """
    return authorization if authorization and authorization.strip().lower() not in {"", "bearer"} else None


def _bearer(authorization: str) -> str:
    scheme, _, token = authorization.strip().partition(" ")
    if scheme.lower() != "bearer":
        raise Unauthenticated("The credential is not of the form 'Bearer TOKEN'.")
    return token.strip()


def _boolean(value: str) -> bool:
    match value.strip().lower():
        case "true":
            return True
        case "false":
            return False
    raise BadUserInput("X-Include-Drafts is neither 'true' nor 'false'.")


def _digest(token: str) -> bytes:
    # JSON may carry lone surrogates into a WebSocket's credential; they match no token, and must not fail.
    return sha256(token.encode("utf-8", "surrogatepass")).digest()


def signature(secret: str, body: bytes) -> str:
    """The signature of a body in GitHub's form: `sha256=` and the HMAC-SHA256 in hexadecimal digits."""
    return "sha256=" + hmac.new(secret.encode(), body, sha256).hexdigest()


def is_signed(secret: str | None, body: bytes, signed: str) -> bool:
    """Whether a signature of that form is the body's; without a secret none is."""
    # A header may hold what is not ASCII, which a comparison of texts would not take.
    return secret is not None and hmac.compare_digest(signature(secret, body).encode(), signed.encode())

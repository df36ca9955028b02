"""Persisted documents: those that clients register by digest (APQ), and the trusted ones of a manifest."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any

import orjson

from gateway.byte_cache import ByteCache
from gateway.errors import (
    PersistedQueryMismatch,
    PersistedQueryNotFound,
    PersistedQueryNotSupported,
    SettingsError,
    UntrustedDocument,
)
from gateway.limits import PERSISTED_BYTES

OVERHEAD = 200
"""Estimated bytes per entry, besides its characters."""


class PersistedDocuments:
    """Registered (LRU) and trusted documents, by name."""

    def __init__(
        self,
        capacity: int = PERSISTED_BYTES,
        trusted: Mapping[str, str] = MappingProxyType({}),
        *,
        trusted_only: bool = False,
    ) -> None:
        """`capacity` limits the registered documents, in bytes. With `trusted_only`, other documents than the `trusted`
        ones are refused, by name or in full."""
        self._accepts = bool(capacity) and not trusted_only
        self._trusted = dict(trusted)
        self._trusted_texts = frozenset(trusted.values())
        self._trusted_only = trusted_only
        self._registered = ByteCache[str, str](0 if trusted_only else capacity)

    @property
    def size(self) -> int:
        """Bytes in use."""
        return self._registered.size

    def resolve(self, query: str, name: str | None) -> str:
        """The document text of a request with a text, a name, or both.

        Raises PersistedQueryNotFound, PersistedQueryNotSupported, PersistedQueryMismatch or UntrustedDocument.
        """
        if not query:
            return self._named(name or "")
        if self._trusted_only and query not in self._trusted_texts:
            raise UntrustedDocument
        if name is not None and self._trusted.get(name) != query and name != sha256(query.encode()).hexdigest():
            raise PersistedQueryMismatch
        return query

    def register(self, name: str, query: str) -> None:
        """Store a valid document under the digest sent by its client."""
        if name not in self._trusted and self._registered.get(name) is None:
            self._registered.put(name, query, _size(name, query))

    def _named(self, name: str) -> str:
        if (trusted := self._trusted.get(name)) is not None:
            return trusted
        if self._trusted_only:
            raise UntrustedDocument
        if (registered := self._registered.get(name)) is not None:
            return registered
        raise PersistedQueryNotFound if self._accepts else PersistedQueryNotSupported


def name_of(identifier: str) -> str:
    """The name without its optional prefix `sha256:`."""
    return identifier.removeprefix("sha256:")


def _size(name: str, query: str) -> int:
    return len(name) + len(query.encode()) + OVERHEAD


def read_manifest(path: Path) -> dict[str, str]:
    """The documents of a manifest by their ids. Raises SettingsError.

    The format is that of the client preset of graphql-codegen (an object of ids and documents), or that of Apollo.
    """
    try:
        manifest = orjson.loads(path.read_bytes())
    except OSError as error:
        raise SettingsError(f"The manifest of trusted documents {path} cannot be read: {error.strerror}.") from error
    except orjson.JSONDecodeError as error:
        raise SettingsError(
            f"The manifest of trusted documents {path} is not JSON: {error.msg} at line {error.lineno}."
        ) from error
    documents = _entries(manifest)
    if documents is None:
        formats = "an object of ids and documents, or the manifest format of Apollo"
        raise SettingsError(f"The manifest of trusted documents {path} has an unknown format. Use {formats}.")
    return documents


def _entries(manifest: Any) -> dict[str, str] | None:
    if not isinstance(manifest, dict):
        return None
    found: Any = manifest
    if manifest.get("format") == "apollo-persisted-query-manifest":
        operations = manifest.get("operations")
        if not isinstance(operations, list) or not all(isinstance(each, dict) for each in operations):
            return None
        found = {each.get("id"): each.get("body") for each in operations}
    fits = all(isinstance(name, str) and isinstance(text, str) for name, text in found.items())
    return {name_of(name): text for name, text in found.items()} if fits else None

"""The types of option values. Each decodes the text of a value."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl

from gateway.access.tokens import ApiToken, Scope, api_token
from gateway.cache_tags import TagHeader
from gateway.content.source import WatchMode
from gateway.errors import SettingsError

DEFAULT_PORTS = {"http": ":80", "https": ":443"}
_URL = re.compile(
    r"https?://(?:[^@/?#]*@)?(?P<host>[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?(?:[/?#].*)?",
    re.ASCII | re.IGNORECASE,
)
_ORIGIN = re.compile(r"([a-z][a-z0-9+.-]*)://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{1,4}|:[1-5][0-9]{4})?/?")
_PASSWORD_OF_USER = re.compile(r"(://[^:@/]*:).*@")
"""Up to the last @, because a password may contain one."""
_PASSWORD_PARAMETER = re.compile(r"([?&][a-z]*password=)[^&]*")
_OWN_PARAMETERS = {"search_path", "statement_cache_size"}
_BASE_PATH = re.compile(r"(?:/[\w.~%!$&()*+,;=:@-]+)+", re.ASCII)
_SCHEMA = re.compile("[a-z_][a-z0-9_]{0,50}")
MIN_SECRET_BYTES = 32
"""The minimum size of a secret in bytes. A secret shorter than the signature is easier to guess (RFC 7518, 3.2)."""
LOG_LEVELS = ("debug", "info", "warning", "error")


class ValueType(NamedTuple):
    """A type of value. `decode` raises ValueError with a message. `many` marks a list separated by white space."""

    metavar: str
    """The type in the help of a command."""
    decode: Callable[[str], object]
    many: bool = False


def _choice(values: Iterable[str]) -> str:
    return f"[{'|'.join(values)}]"


def _text(written: str) -> str:
    if not written.strip():
        raise ValueError("It is empty.")
    return written.strip()


def _secret(written: str) -> str:
    """Error messages do not contain the value."""
    if len(written.strip().encode()) < MIN_SECRET_BYTES:
        raise ValueError(f"It is shorter than {MIN_SECRET_BYTES} characters. Generate one: openssl rand -hex 32.")
    return written.strip()


def _boolean(written: str) -> bool:
    match written.strip().lower():
        case "true" | "yes" | "on" | "1":
            return True
        case "false" | "no" | "off" | "0":
            return False
    raise ValueError(f"{written!r} is neither true nor false.")


def whole(least: int, most: int | None = None) -> Callable[[str], int]:
    bounds = f"from {least} to {most}" if most is not None else f"of at least {least}"

    def decode(written: str) -> int:
        digits = written.strip()
        # Check the length first: Python does not convert very long numbers.
        if digits.isascii() and digits.isdigit() and len(digits) <= 18 and least <= int(digits) <= (most or math.inf):
            return int(digits)
        raise ValueError(f"{written!r} is not a whole number {bounds}.")

    return decode


def _seconds(written: str) -> float:
    try:
        seconds = float(written)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise ValueError(f"{written!r} is not a number of seconds above 0.")
    return seconds


def _origin(written: str) -> str:
    """Normalises an origin as browsers do: lower-case, without the default port."""
    if written.strip() == "*":
        return "*"
    found = _ORIGIN.fullmatch(written.strip().lower())
    if not found:
        raise ValueError(f"{written!r} is neither an origin such as 'https://news.example' nor '*'.")
    scheme, host, port = found.groups(default="")
    return f"{scheme}://{host}{'' if port == DEFAULT_PORTS.get(scheme) else port}"


def _file_path(written: str) -> Path:
    if "://" in written:
        raise ValueError("It is a URL. Write the path of a file.")
    return Path(_text(written))


@dataclass(frozen=True, slots=True, repr=False)
class DatabaseUrl:
    """The URL of a PostgreSQL database. Its text does not show the password."""

    complete: str

    def __str__(self) -> str:
        masked = _PASSWORD_OF_USER.sub(r"\1***@", self.complete)
        return _PASSWORD_PARAMETER.sub(r"\1***", masked)

    __repr__ = __str__

    @property
    def schema(self) -> str:
        """The schema of the tables."""
        return self.parameters.get("search_path", "gateway")

    @property
    def cached_statements(self) -> int | None:
        """The number of prepared statements of a connection. None for the driver's default."""
        written = self.parameters.get("statement_cache_size")
        return None if written is None else int(written)

    @property
    def is_pooled(self) -> bool:
        """Whether a pooler may give each transaction another session, as `statement_cache_size=0` says."""
        return self.cached_statements == 0

    @property
    def for_driver(self) -> str:
        """The URL without the parameters that are not those of libpq."""
        address, _, query = self.complete.partition("?")
        kept = [pair for pair in query.split("&") if pair and pair.partition("=")[0] not in _OWN_PARAMETERS]
        return f"{address}{'?' * bool(kept)}{'&'.join(kept)}"

    @property
    def parameters(self) -> Mapping[str, str]:
        return dict(parse_qsl(self.complete.partition("?")[2]))


def _database(written: str) -> Path | DatabaseUrl:
    """Error messages do not contain the value."""
    if not written.strip().startswith(("postgresql://", "postgres://")):
        if "://" in written:
            raise ValueError(
                "It is a URL, but not of PostgreSQL. Write postgresql://..., or the path of a SQLite file."
            )
        return Path(_text(written))
    url = DatabaseUrl(written.strip())
    if not _SCHEMA.fullmatch(url.schema):
        raise ValueError("Its search_path is not the name of one schema: small letters, digits and _.")
    if not url.parameters.get("statement_cache_size", "0").isdecimal():
        raise ValueError("Its statement_cache_size is not a whole number.")
    return url


def _network(written: str) -> str:
    try:
        return str(ip_network(written))
    except ValueError:
        raise ValueError(f"{written!r} is neither an IP address nor a network.") from None


def _log_level(written: str) -> str:
    if written.strip().lower() not in LOG_LEVELS:
        raise ValueError(f"{written!r} is not one of {', '.join(LOG_LEVELS)}.")
    return written.strip().lower()


def _watching(written: str) -> WatchMode:
    try:
        return WatchMode(written.strip().lower())
    except ValueError:
        raise ValueError(f"{written!r} is not one of {', '.join(WatchMode)}.") from None


def _tag_header(written: str) -> TagHeader:
    found = {header.lower(): header for header in TagHeader}.get(written.strip().lower())
    if found is None:
        raise ValueError(f"{written!r} is not one of {', '.join(TagHeader)}.")
    return found


def _api_token(written: str) -> ApiToken:
    """`TOKEN:scope,scope` or `sha256:HEX:scope,scope`. Messages do not quote it: any part may be secret."""
    hashed = "sha256:" if written.startswith("sha256:") else ""
    token, _, rest = written.removeprefix(hashed).partition(":")
    scopes = frozenset(rest.split(","))
    if not scopes <= frozenset(Scope):
        raise ValueError(f"A token must be followed by ':' and scopes separated by ','. Scopes: {', '.join(Scope)}.")
    try:
        return api_token(hashed + token, scopes)
    except SettingsError as error:
        raise ValueError(error.message) from error


def _base_url(written: str) -> str:
    """The URL of a folder, or a path on the same host, without the slash at its end."""
    base = written.strip().rstrip("/")
    if _BASE_PATH.fullmatch(base) or (_is_url(base) and not {*base} & {*"?#\"'<>\\"}):
        return base
    raise ValueError(f"{written!r} is neither an http or https URL without a query, nor a path such as '/assets'.")


class Webhook(NamedTuple):
    """A URL to notify of each generation."""

    url: str
    is_preview: bool
    """Whether it is notified of changes to drafts too."""


def _webhook(written: str) -> Webhook:
    url = written.removeprefix("preview:")
    if not _is_url(url):
        raise ValueError(f"{written!r} is not an http or https URL, with or without the prefix 'preview:'.")
    return Webhook(url, url != written)


def _is_url(written: str) -> bool:
    """Whether it is an http or https URL whose host is an IP address or an ASCII name, as the HTTP client requires."""
    found = _URL.fullmatch(written)
    if not found or not written.isprintable() or int(found["port"] or 0) > 65535:
        return False
    host = found["host"]
    is_address = host.startswith("[") or host.replace(".", "").isdigit()
    return not is_address or _is_address(host.strip("[]"))


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


TEXT = ValueType("TEXT", _text)
TEXTS = ValueType("TEXT", _text, many=True)
SECRET = ValueType("SECRET", _secret)
ORIGINS = ValueType("ORIGIN", _origin, many=True)
NETWORKS = ValueType("NETWORK", _network, many=True)
BOOLEAN = ValueType("", _boolean)
PORT = ValueType("PORT", whole(0, 65535))
COUNT = ValueType("NUMBER", whole(1))
COUNT_OR_ZERO = ValueType("NUMBER", whole(0))
BYTES = ValueType("BYTES", whole(1))
SIZE = ValueType("BYTES", whole(0))
SECONDS = ValueType("SECONDS", _seconds)
BASE_URL = ValueType("URL", _base_url)
FILE = ValueType("FILE", _file_path)
DATABASE = ValueType("FILE|URL", _database)
LOG_LEVEL = ValueType(_choice(LOG_LEVELS), _log_level)
WATCHING = ValueType(_choice(WatchMode), _watching)
TAG_HEADER = ValueType(_choice(TagHeader), _tag_header)
WHOLE_SECONDS = ValueType("SECONDS", whole(0))
TOKENS = ValueType("TOKEN", _api_token, many=True)
WEBHOOKS = ValueType("URL", _webhook, many=True)


def text_of(value: object) -> str:
    """A value in the syntax of an environment variable, so that each type has one decoder."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float | Path):
        return str(value)
    raise ValueError("It is not text, a number, true or false.")

"""The settings table. Values come from flags, the environment and a settings file.

Each field of `Settings` is an option with a name, type, default, help and secrecy. Each field of `Limits` is an option
too. Every command imports this module, so its imports must be fast.
"""

from __future__ import annotations

import dataclasses
import math
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass
from enum import StrEnum
from hashlib import sha256
from importlib import import_module
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any, NamedTuple

import platformdirs

from gateway.access.tokens import ApiToken, Scope, api_token
from gateway.cache_tags import TagHeader
from gateway.content.source import DEFAULT_MAX_BYTES, WatchMode
from gateway.content.spelling import variants
from gateway.errors import SettingsError
from gateway.limits import DOCUMENT_BYTES, PERSISTED_BYTES, RENDERED_BYTES, Limits

PREFIX = "GATEWAY_"
CONFIG = "config"
"""The name of the flag, and with the prefix of the variable, for the path of the settings file."""
DEFAULT_PORTS = {"http": ":80", "https": ":443"}
_URL = re.compile(
    r"https?://(?:[^@/?#]*@)?(?P<host>[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?(?:[/?#].*)?",
    re.ASCII | re.IGNORECASE,
)
_ORIGIN = re.compile(r"([a-z][a-z0-9+.-]*)://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{1,4}|:[1-5][0-9]{4})?/?")
MIN_SECRET_BYTES = 32
"""The minimum size of a secret in bytes. A secret shorter than the signature is easier to guess (RFC 7518, 3.2)."""
LIMIT = "limit_"
"""The prefix of the options for limits."""
LOG_LEVELS = ("debug", "info", "warning", "error")


class Mode(StrEnum):
    DEV = "dev"
    SERVE = "serve"


class Group(StrEnum):
    """The headings of the options in the help, in order."""

    SERVER = "Server options"
    CONTENT = "Content options"
    ACCESS = "Access options"
    CACHING = "Caching options"
    LIMITS = "Limits"


class ValueType(NamedTuple):
    """A type of value. `decode` raises ValueError with a message. `many` marks a list separated by white space."""

    metavar: str
    """The type in the help of a command."""
    decode: Callable[[str], object]
    many: bool = False


class Option(NamedTuple):
    """One row of the table. A default of None is computed when the settings are read, as `help` describes."""

    name: str
    kind: ValueType
    group: Group
    default: object
    dev_default: object
    help: str
    secret: bool

    @property
    def flag(self) -> str:
        return f"--{self.name.replace('_', '-')}"

    @property
    def variable(self) -> str:
        return PREFIX + self.name.upper()

    def default_of(self, mode: Mode) -> object:
        return self.dev_default if mode is Mode.DEV else self.default

    def written_default(self, mode: Mode) -> str:
        """The default in the syntax of a value. Empty without a default."""
        default = self.default_of(mode)
        return " ".join(map(_written, default if isinstance(default, tuple) else () if default is None else (default,)))


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


def _whole(least: int, most: int | None = None) -> Callable[[str], int]:
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
PORT = ValueType("PORT", _whole(0, 65535))
COUNT = ValueType("NUMBER", _whole(1))
BYTES = ValueType("BYTES", _whole(1))
SIZE = ValueType("BYTES", _whole(0))
SECONDS = ValueType("SECONDS", _seconds)
FILE = ValueType("FILE", _file_path)
LOG_LEVEL = ValueType(_choice(LOG_LEVELS), _log_level)
WATCHING = ValueType(_choice(WatchMode), _watching)
TAG_HEADER = ValueType(_choice(TagHeader), _tag_header)
WHOLE_SECONDS = ValueType("SECONDS", _whole(0))
TOKENS = ValueType("TOKEN", _api_token, many=True)
WEBHOOKS = ValueType("URL", _webhook, many=True)


def _option(
    kind: ValueType,
    group: Group,
    help: str,  # noqa: A002
    default: Any = MISSING,
    *,
    dev: Any = MISSING,
    secret: bool = False,
) -> Any:
    """A field of Settings. `dev` is the default under `gateway dev`, if it differs."""
    metadata = {"kind": kind, "group": group, "dev": dev, "help": help, "secret": secret}
    return dataclasses.field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of a server."""

    mode: Mode
    content: Path
    """The content folder."""

    host: str = _option(TEXT, Group.SERVER, "The address to listen on.", "127.0.0.1")
    port: int = _option(PORT, Group.SERVER, "The port to listen on. 0 selects a free port.", 8000)
    database: Path | None = _option(
        FILE,
        Group.SERVER,
        "The path of the SQLite file. By default it is in the user's cache folder, one per content folder.",
    )
    tokens: tuple[ApiToken, ...] = _option(
        TOKENS, Group.ACCESS, "Tokens with scopes: TOKEN:SCOPE,SCOPE or sha256:HEX:SCOPE,SCOPE.", (), secret=True
    )
    introspection: bool = _option(
        BOOLEAN, Group.ACCESS, "Whether introspection and /schema.graphql are allowed.", default=False, dev=True
    )
    explorer: bool = _option(
        BOOLEAN, Group.ACCESS, "Whether the start page and GraphiQL are served.", default=False, dev=True
    )
    preview_secret: str | None = _option(
        SECRET,
        Group.ACCESS,
        "The key that signs preview links. A new key invalidates all links.",
        None,
        secret=True,
    )
    preview_explorer: bool = _option(
        BOOLEAN,
        Group.ACCESS,
        "Whether the start page and GraphiQL are served to browsers with a valid preview link.",
        default=False,
    )
    allowed_hosts: tuple[str, ...] = _option(
        TEXTS, Group.ACCESS, "Names that are accepted in the Host header, in addition to the loopback names.", ()
    )
    allowed_origins: tuple[str, ...] = _option(
        ORIGINS,
        Group.ACCESS,
        "Origins whose pages may call this server, such as https://news.example. * allows all origins.",
        (),
    )
    trusted_proxies: tuple[str, ...] = _option(
        NETWORKS,
        Group.ACCESS,
        "Addresses and networks of proxies whose forwarding headers are trusted.",
        ("127.0.0.1", "::1"),
    )
    rate_limit: int | None = _option(
        COUNT,
        Group.LIMITS,
        "The points of cost that each client may use per minute. The default is unlimited.",
        None,
    )
    watch: WatchMode = _option(
        WATCHING,
        Group.CONTENT,
        "How changes in the folder are detected: by file system events (events), by polling (poll), by events if the"
        " disk supports them and otherwise by polling (auto), or only by rescans (off).",
        WatchMode.AUTO,
    )
    poll_seconds: float = _option(SECONDS, Group.CONTENT, "The polling interval.", 1.0)
    sweep_seconds: float = _option(
        SECONDS,
        Group.CONTENT,
        "The interval between rescans of the whole folder, which find undetected changes in every mode.",
        60.0,
    )
    max_file_bytes: int = _option(
        BYTES, Group.CONTENT, "The maximum size of a content file. Larger files are refused.", DEFAULT_MAX_BYTES
    )
    workers: int = _option(
        COUNT,
        Group.CONTENT,
        "The number of processes that parse files. If more than one, one is idle while articles are served. The default"
        " is one per CPU.",
    )
    follow_links: bool = _option(
        BOOLEAN,
        Group.CONTENT,
        "Whether to follow links to files and folders inside the content folder.",
        default=False,
    )
    strict: bool = _option(BOOLEAN, Group.CONTENT, "Whether an error in a file stops the whole load.", default=False)
    log_level: str = _option(
        LOG_LEVEL, Group.SERVER, f"The minimum level of log messages: {', '.join(LOG_LEVELS)}.", "info"
    )
    readers: int = _option(COUNT, Group.SERVER, "The number of read connections to the database.", 4)
    reload_secret: str | None = _option(
        TEXT, Group.ACCESS, "The key that signs reload requests, in GitHub's format.", None, secret=True
    )
    webhooks: tuple[Webhook, ...] = _option(
        WEBHOOKS,
        Group.CONTENT,
        "URLs to notify of each change. The prefix 'preview:' adds changes to drafts.",
        (),
    )
    webhook_secret: str | None = _option(TEXT, Group.CONTENT, "The key that signs webhook requests.", None, secret=True)
    persisted_bytes: int = _option(
        SIZE,
        Group.CACHING,
        "The size of the cache of documents that clients register by digest. 0 disables it.",
        PERSISTED_BYTES,
    )
    document_bytes: int = _option(
        SIZE,
        Group.CACHING,
        "The size of the cache of parsed and validated documents. 0 disables it.",
        DOCUMENT_BYTES,
    )
    rendered_bytes: int = _option(
        SIZE, Group.CACHING, "The size of the cache of rendered bodies. 0 disables it.", RENDERED_BYTES
    )
    trusted_documents: Path | None = _option(
        FILE,
        Group.ACCESS,
        "A manifest of trusted documents, in the format of graphql-codegen or Apollo's tools.",
        None,
    )
    trusted_only: bool = _option(BOOLEAN, Group.ACCESS, "Whether only trusted documents are run.", default=False)
    cache_seconds: int = _option(
        WHOLE_SECONDS, Group.CACHING, "The freshness lifetime of public responses (max-age).", 0
    )
    shared_cache_seconds: int | None = _option(
        WHOLE_SECONDS,
        Group.CACHING,
        "The freshness lifetime in shared caches, such as a CDN (s-maxage), if it differs from cache_seconds.",
        None,
    )
    stale_seconds: int = _option(
        WHOLE_SECONDS,
        Group.CACHING,
        "How long caches may serve a stale response while they fetch a new one (stale-while-revalidate).",
        0,
    )
    cache_tags: TagHeader = _option(
        TAG_HEADER,
        Group.CACHING,
        f"The response header for cache tags: {', '.join(TagHeader)}.",
        TagHeader.CACHE_TAG,
    )
    compress: bool = _option(
        BOOLEAN, Group.SERVER, "Whether responses are compressed if the client accepts it.", default=True
    )
    hold_seconds: float = _option(
        SECONDS, Group.CONTENT, "How long a large deletion is delayed until a second scan confirms it.", 10.0
    )
    limits: Limits = Limits()

    @property
    def database_path(self) -> Path:
        """The path of the database. Raises SettingsError if it is not set and there is no default."""
        if self.database is None:
            raise SettingsError(
                "There is no home folder for the default database. Set 'database' (--database, GATEWAY_DATABASE)."
            )
        return self.database


def _row(field: dataclasses.Field[Any]) -> Option:
    default = None if field.default is MISSING else field.default
    meta = field.metadata
    dev = default if meta["dev"] is MISSING else meta["dev"]
    return Option(field.name, meta["kind"], meta["group"], default, dev, meta["help"], meta["secret"])


def _limit_row(field: dataclasses.Field[Any]) -> Option:
    kind = SECONDS if isinstance(field.default, float) else ValueType("NUMBER", _whole(field.metadata["least"]))
    help = f"The maximum number of {field.metadata['counts']}."  # noqa: A001
    return Option(LIMIT + field.name, kind, Group.LIMITS, field.default, field.default, help, secret=False)


LIMITS = tuple(map(_limit_row, dataclasses.fields(Limits)))
OPTIONS = (*(_row(field) for field in dataclasses.fields(Settings) if "kind" in field.metadata), *LIMITS)
NAMES = (CONFIG, *(option.name for option in OPTIONS))
RENAMED: Mapping[str, str] = {
    "limit_waiting": "limit_queue_size",
    "limit_waiting_seconds": "limit_queue_seconds",
    "limit_sockets": "limit_websockets",
}
"""The present names of options by earlier name. An earlier name has no effect. A message gives the present name."""


class _Given(NamedTuple):
    """A value from one source, and the name of that source for messages."""

    value: object
    origin: str


_Source = Mapping[str, _Given]


def read(mode: Mode, content: Path, flags: Mapping[str, object], environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings for a content folder. The precedence is flags, environment, file, defaults.

    `flags` maps option names to values. None and () count as absent. `environ` defaults to the environment of the
    process. An empty variable counts as absent. Raises SettingsError with one line per wrong value.
    """
    environ = os.environ if environ is None else environ
    errors: list[str] = []
    sources = (_from_flags(flags), _from_environment(environ), _from_file(flags, environ, errors))
    values = {option.name: _value(option, mode, sources, errors) for option in OPTIONS}
    if errors:
        raise SettingsError("\n".join(errors))
    values["database"] = values["database"] or default_database(content)
    values["workers"] = values["workers"] or os.cpu_count() or 1
    limits = Limits(**{option.name.removeprefix(LIMIT): values.pop(option.name) for option in LIMITS})
    return Settings(mode=mode, content=content, limits=limits, **values)


def misnamed(environ: Mapping[str, str] | None = None) -> Iterator[tuple[str, str]]:
    """Unknown variables that resemble an option, each with the variable that is probably meant.

    `environ` defaults to the environment of the process. Other unknown variables are skipped, because platforms set
    `GATEWAY_` variables too.
    """
    known = {PREFIX + name.upper() for name in NAMES}
    for variable, value in sorted((os.environ if environ is None else environ).items()):
        if value and variable.startswith(PREFIX) and variable not in known:
            name = probable(variable.removeprefix(PREFIX).lower())
            if name:
                yield variable, PREFIX + name.upper()


def probable(name: str, renamed: Mapping[str, str] = RENAMED) -> str | None:
    """The option that a name probably means: a renamed option, or the first option at most one edit away."""
    near = variants(name)
    meant = (known for known in NAMES if known == name or known in near or name in variants(known))
    return renamed.get(name) or next(meant, None)


def default_database(content: Path) -> Path | None:
    """The default database of a content folder, in the user's cache folder. All paths of a folder share one database.

    None for a user without a home folder, such as an id without an entry in /etc/passwd in a container.
    """
    digest = sha256(os.fsencode(os.path.realpath(content))).hexdigest()
    try:
        return platformdirs.user_cache_path("content-gateway") / f"{digest[:32]}.db"
    except RuntimeError:
        return None


def _value(option: Option, mode: Mode, sources: Sequence[_Source], errors: list[str]) -> Any:
    given = next((source[option.name] for source in sources if option.name in source), None)
    if given is None:
        return option.default_of(mode)
    try:
        return _decoded(option.kind, given.value)
    except ValueError as error:
        errors.append(f"{given.origin}: {error}")
        return None


def _decoded(kind: ValueType, value: object) -> object:
    words = [_written(each) for each in value] if isinstance(value, list | tuple) else [_written(value)]
    if kind.many:
        return tuple(kind.decode(word) for word in " ".join(words).split())
    if len(words) != 1:
        raise ValueError("It is a list. Write a single value.")
    return kind.decode(words[0])


def _written(value: object) -> str:
    """A value in the syntax of an environment variable, so that each type has one decoder."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float | Path):
        return str(value)
    raise ValueError("It is not text, a number, true or false.")


def _from_flags(flags: Mapping[str, object]) -> _Source:
    given = {option: flags.get(option.name) for option in OPTIONS}
    return {
        option.name: _Given(value, option.flag) for option, value in given.items() if value is not None and value != ()
    }


def _from_environment(environ: Mapping[str, str]) -> _Source:
    named = {option: environ.get(option.variable) for option in OPTIONS}
    return {option.name: _Given(value, option.variable) for option, value in named.items() if value}


def _from_file(flags: Mapping[str, object], environ: Mapping[str, str], errors: list[str]) -> _Source:
    named = flags.get(CONFIG) or environ.get(PREFIX + CONFIG.upper())
    if not named:
        return {}
    path = Path(str(named))
    try:
        entries = import_module("gateway.settings_file").parse(path)
    except ValueError as error:
        errors.append(f"{path}: {error}")
        return {}
    given = {key.replace("-", "_"): _Given(value, f"{path}: {key}") for key, value in entries.items()}
    known = {option.name for option in OPTIONS}
    errors.extend(f"{given[name].origin}: {_unknown(name)}" for name in given if name not in known)
    return given


def _unknown(name: str) -> str:
    meant = probable(name)
    return f"Unknown setting. Did you mean '{meant}'?" if meant else "Unknown setting."

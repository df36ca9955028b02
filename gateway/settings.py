"""The one table of options, read from flags, the environment and a file. It makes no command line and opens nothing
but that file. Every command imports it, so it imports nothing that is slow to import.

Each field of `Settings` is an option: its name, type, default, help and whether it is a secret stand in one place.
The limits are a table of their own, and each of them is an option too.
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
from gateway.content.source import DEFAULT_MAX_BYTES, Watching
from gateway.content.spelling import variants
from gateway.errors import SettingsError
from gateway.limits import DOCUMENT_BYTES, PERSISTED_BYTES, RENDERED_BYTES, Limits

PREFIX = "GATEWAY_"
CONFIG = "config"
"""The flag, and with the prefix the variable, that names the settings file."""
DEFAULT_PORTS = {"http": ":80", "https": ":443"}
_URL = re.compile(
    r"https?://(?:[^@/?#]*@)?(?P<host>[a-z0-9._-]+|\[[0-9a-f:.]+\])(?::(?P<port>[0-9]{1,5}))?(?:[/?#].*)?",
    re.ASCII | re.IGNORECASE,
)
_ORIGIN = re.compile(r"([a-z][a-z0-9+.-]*)://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{1,4}|:[1-5][0-9]{4})?/?")
LEAST_SECRET = 32
"""Bytes of a secret: fewer than the signature has would make guessing the secret the shorter way (RFC 7518, 3.2)."""
LIMIT = "limit_"
"""With what the option of a limit begins."""
LOG_LEVELS = ("debug", "info", "warning", "error")


class Mode(StrEnum):
    DEV = "dev"
    SERVE = "serve"


class Group(StrEnum):
    """The heading of an option in the help of a command, in the order of the help."""

    SERVER = "Server options"
    CONTENT = "Content options"
    ACCESS = "Access options"
    CACHING = "Caching options"
    LIMITS = "Limits"


class ValueType(NamedTuple):
    """A type of value. `decode` raises ValueError with a sentence; `many` are separated by white space."""

    metavar: str
    """The type as the help of a command shows it."""
    decode: Callable[[str], object]
    many: bool = False


class Option(NamedTuple):
    """One row of the table. A default of None is worked out when the settings are read; `help` says how."""

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
        """The default as a user would write it; empty if there is none."""
        default = self.default_of(mode)
        return " ".join(map(_written, default if isinstance(default, tuple) else () if default is None else (default,)))


def _choice(values: Iterable[str]) -> str:
    return f"[{'|'.join(values)}]"


def _text(written: str) -> str:
    if not written.strip():
        raise ValueError("It is empty.")
    return written.strip()


def _secret(written: str) -> str:
    """No message quotes it."""
    if len(written.strip().encode()) < LEAST_SECRET:
        raise ValueError(f"It is shorter than {LEAST_SECRET} characters. Let a program make it up.")
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
        # The length comes first: Python refuses to convert very long numbers.
        if digits.isascii() and digits.isdigit() and len(digits) <= 18 and least <= int(digits) <= (most or math.inf):
            return int(digits)
        raise ValueError(f"{written!r} is no whole number {bounds}.")

    return decode


def _seconds(written: str) -> float:
    try:
        seconds = float(written)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise ValueError(f"{written!r} is no number of seconds above 0.")
    return seconds


def _origin(written: str) -> str:
    """As browsers write it: lower-case, without the default port."""
    if written.strip() == "*":
        return "*"
    found = _ORIGIN.fullmatch(written.strip().lower())
    if not found:
        raise ValueError(f"{written!r} is neither an origin such as 'https://news.example' nor '*'.")
    scheme, host, port = found.groups(default="")
    return f"{scheme}://{host}{'' if port == DEFAULT_PORTS.get(scheme) else port}"


def _file_path(written: str) -> Path:
    if "://" in written:
        raise ValueError("It is a URL, where the path of a file is wanted.")
    return Path(_text(written))


def _network(written: str) -> str:
    try:
        return str(ip_network(written))
    except ValueError:
        raise ValueError(f"{written!r} is neither an IP address nor a network.") from None


def _log_level(written: str) -> str:
    if written.strip().lower() not in LOG_LEVELS:
        raise ValueError(f"{written!r} is none of {', '.join(LOG_LEVELS)}.")
    return written.strip().lower()


def _watching(written: str) -> Watching:
    try:
        return Watching(written.strip().lower())
    except ValueError:
        raise ValueError(f"{written!r} is none of {', '.join(Watching)}.") from None


def _tag_header(written: str) -> TagHeader:
    found = {header.lower(): header for header in TagHeader}.get(written.strip().lower())
    if found is None:
        raise ValueError(f"{written!r} is none of {', '.join(TagHeader)}.")
    return found


def _api_token(written: str) -> ApiToken:
    """`TOKEN:scope,scope` or `sha256:HEX:scope,scope`. No message quotes a part of it: any part may be the secret."""
    hashed = "sha256:" if written.startswith("sha256:") else ""
    token, _, rest = written.removeprefix(hashed).partition(":")
    scopes = frozenset(rest.split(","))
    if not scopes <= frozenset(Scope):
        raise ValueError(f"A token is followed by ':' and scopes out of {', '.join(Scope)}, joined by ','.")
    try:
        return api_token(hashed + token, scopes)
    except SettingsError as error:
        raise ValueError(error.message) from error


class Webhook(NamedTuple):
    """Somebody to be told of each generation."""

    url: str
    is_preview: bool
    """Whether it is told of drafts too."""


def _webhook(written: str) -> Webhook:
    url = written.removeprefix("preview:")
    if not _is_url(url):
        raise ValueError(f"{written!r} is no http or https URL, with 'preview:' before it or without.")
    return Webhook(url, url != written)


def _is_url(written: str) -> bool:
    """Whether it is an http or https URL whose host is an IP address or an ASCII name, so that it can be sent to."""
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
WATCHING = ValueType(_choice(Watching), _watching)
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
    """A field of Settings. `dev` is the default under `gateway dev`, where it is another one."""
    metadata = {"kind": kind, "group": group, "dev": dev, "help": help, "secret": secret}
    return dataclasses.field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All that a server is told at its start."""

    mode: Mode
    content: Path
    """The content folder."""

    host: str = _option(TEXT, Group.SERVER, "The address to listen on.", "127.0.0.1")
    port: int = _option(PORT, Group.SERVER, "The port to listen on; 0 takes a free one.", 8000)
    database: Path | None = _option(
        FILE,
        Group.SERVER,
        "The SQLite file. By default it lies in the user's cache folder, one for each content folder.",
    )
    tokens: tuple[ApiToken, ...] = _option(
        TOKENS, Group.ACCESS, "Tokens with their scopes: TOKEN:SCOPE,SCOPE or sha256:HEX:SCOPE,SCOPE.", (), secret=True
    )
    introspection: bool = _option(
        BOOLEAN, Group.ACCESS, "Whether clients may ask for the schema.", default=False, dev=True
    )
    explorer: bool = _option(
        BOOLEAN, Group.ACCESS, "Whether the start page and GraphiQL are served.", default=False, dev=True
    )
    preview_secret: str | None = _option(
        SECRET,
        Group.ACCESS,
        "What signs preview links; with another one all that were given out end.",
        None,
        secret=True,
    )
    preview_explorer: bool = _option(
        BOOLEAN,
        Group.ACCESS,
        "Whether the start page and GraphiQL are served to those who came by a preview link.",
        default=False,
    )
    allowed_hosts: tuple[str, ...] = _option(
        TEXTS, Group.ACCESS, "Names besides the loopback ones that a Host header may hold.", ()
    )
    allowed_origins: tuple[str, ...] = _option(
        ORIGINS, Group.ACCESS, "Origins whose pages may call this server, such as https://news.example; * is any.", ()
    )
    trusted_proxies: tuple[str, ...] = _option(
        NETWORKS,
        Group.ACCESS,
        "Addresses and networks of proxies, which are believed about whom they forward for.",
        ("127.0.0.1", "::1"),
    )
    rate_limit: int | None = _option(
        COUNT,
        Group.LIMITS,
        "How many points of cost each client may ask for in a minute. By default there is no bound.",
        None,
    )
    watch: Watching = _option(
        WATCHING,
        Group.CONTENT,
        "How the folder is followed: by what the system reports (events), by looking through it (poll), not at all"
        " (off), or by events where the disk has them and else by polling (auto).",
        Watching.AUTO,
    )
    poll_seconds: float = _option(
        SECONDS, Group.CONTENT, "How often the folder is looked through where it is polled.", 1.0
    )
    sweep_seconds: float = _option(
        SECONDS,
        Group.CONTENT,
        "How often the whole folder is looked through for what no event told, however it is followed.",
        60.0,
    )
    max_file_bytes: int = _option(BYTES, Group.CONTENT, "Larger content files are refused.", DEFAULT_MAX_BYTES)
    workers: int = _option(
        COUNT,
        Group.CONTENT,
        "Processes that parse files; of several, one rests while articles are served. By default one for each CPU.",
    )
    follow_links: bool = _option(
        BOOLEAN,
        Group.CONTENT,
        "Whether links to files and folders inside the content folder are followed.",
        default=False,
    )
    strict: bool = _option(
        BOOLEAN, Group.CONTENT, "Whether nothing is loaded where a file has an error.", default=False
    )
    log_level: str = _option(
        LOG_LEVEL, Group.SERVER, f"The least severe messages to log: {', '.join(LOG_LEVELS)}.", "info"
    )
    readers: int = _option(COUNT, Group.SERVER, "Database connections that read.", 4)
    reload_secret: str | None = _option(
        TEXT, Group.ACCESS, "What signs requests to reload, in GitHub's form.", None, secret=True
    )
    webhooks: tuple[Webhook, ...] = _option(
        WEBHOOKS,
        Group.CONTENT,
        "URLs to tell of each change; one that is to be told of drafts too begins with 'preview:'.",
        (),
    )
    webhook_secret: str | None = _option(
        TEXT, Group.CONTENT, "What signs the requests to the webhooks.", None, secret=True
    )
    persisted_bytes: int = _option(
        SIZE,
        Group.CACHING,
        "How much memory documents may take that clients register by their digest; 0 takes none.",
        PERSISTED_BYTES,
    )
    document_bytes: int = _option(
        SIZE,
        Group.CACHING,
        "How much memory documents may take that were parsed and found good; 0 takes none.",
        DOCUMENT_BYTES,
    )
    rendered_bytes: int = _option(
        SIZE, Group.CACHING, "How much memory bodies may take that were rendered; 0 takes none.", RENDERED_BYTES
    )
    trusted_documents: Path | None = _option(
        FILE,
        Group.ACCESS,
        "A manifest of documents that may be run by name, as graphql-codegen or Apollo's tools write it.",
        None,
    )
    trusted_only: bool = _option(
        BOOLEAN, Group.ACCESS, "Whether nothing but the trusted documents is run.", default=False
    )
    cache_seconds: int = _option(WHOLE_SECONDS, Group.CACHING, "How long an answer that anybody may keep is fresh.", 0)
    shared_cache_seconds: int | None = _option(
        WHOLE_SECONDS,
        Group.CACHING,
        "The same for caches that many share, such as a CDN, where it is another time.",
        None,
    )
    stale_seconds: int = _option(
        WHOLE_SECONDS, Group.CACHING, "How long after that caches may still give it out while they fetch a new one.", 0
    )
    cache_tags: TagHeader = _option(
        TAG_HEADER,
        Group.CACHING,
        f"The header that names what an answer depends on: {', '.join(TagHeader)}.",
        TagHeader.CACHE_TAG,
    )
    compress: bool = _option(
        BOOLEAN, Group.SERVER, "Whether answers are compressed for those who take that.", default=True
    )
    hold_seconds: float = _option(
        SECONDS, Group.CONTENT, "How long a large deletion waits to be confirmed by a second look.", 10.0
    )
    limits: Limits = Limits()

    @property
    def database_path(self) -> Path:
        """The database, for commands that use one. Raises SettingsError where it is not set and has no default."""
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
    help = f"At most so many {field.metadata['counts']}."  # noqa: A001
    return Option(LIMIT + field.name, kind, Group.LIMITS, field.default, field.default, help, secret=False)


LIMITS = tuple(map(_limit_row, dataclasses.fields(Limits)))
OPTIONS = (*(_row(field) for field in dataclasses.fields(Settings) if "kind" in field.metadata), *LIMITS)
NAMES = (CONFIG, *(option.name for option in OPTIONS))
RENAMED: Mapping[str, str] = {
    "limit_waiting": "limit_queue_size",
    "limit_waiting_seconds": "limit_queue_seconds",
    "limit_sockets": "limit_websockets",
}
"""The present names of options by their earlier ones. An earlier name sets nothing: a message names the present one."""


class _Given(NamedTuple):
    """A value as one source gives it, and the words that name the place."""

    value: object
    origin: str


_Source = Mapping[str, _Given]


def read(mode: Mode, content: Path, flags: Mapping[str, object], environ: Mapping[str, str] | None = None) -> Settings:
    """The settings for a content folder: of flags, environment, file and defaults the first that says something.

    `flags` holds values by option name; None and an empty tuple are as if absent. `environ` is the process's own
    unless given; an empty variable is as if absent. Raises SettingsError, with a line for each value that is wrong.
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
    """The variables that set nothing and look as if they should, each with the variable that is probably meant.

    `environ` is the process's own unless given. Other unknown variables are skipped: platforms set `GATEWAY_` names of
    their own.
    """
    known = {PREFIX + name.upper() for name in NAMES}
    for variable, value in sorted((os.environ if environ is None else environ).items()):
        if value and variable.startswith(PREFIX) and variable not in known:
            name = probable(variable.removeprefix(PREFIX).lower())
            if name:
                yield variable, PREFIX + name.upper()


def probable(name: str, renamed: Mapping[str, str] = RENAMED) -> str | None:
    """The option that a name probably means: the one that was renamed, or the first that is at most one edit away."""
    near = variants(name)
    meant = (known for known in NAMES if known == name or known in near or name in variants(known))
    return renamed.get(name) or next(meant, None)


def default_database(content: Path) -> Path | None:
    """The database of a content folder in the user's cache folder; one folder has one, by whatever path it is named.

    None for a user without a home folder, as in a container that runs as an id without an entry in /etc/passwd.
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
        raise ValueError("A list stands where a single value is wanted.")
    return kind.decode(words[0])


def _written(value: object) -> str:
    """A value as an author of an environment variable would write it, so that each kind has one decoder."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float | Path):
        return str(value)
    raise ValueError("It is neither text, nor a number, nor true or false.")


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
    return f"There is no such setting. Did you mean '{meant}'?" if meant else "There is no such setting."

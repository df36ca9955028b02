"""The settings table: each field of `Settings` is an option with a name, type, default, help and secrecy.

Each field of `Limits` is an option too. Every command imports this module, so its imports must be fast.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from gateway.access.tokens import ApiToken
from gateway.cache_tags import TagHeader
from gateway.content.media_types import ASSETS
from gateway.content.source import DEFAULT_MAX_BYTES, WatchMode
from gateway.errors import SettingsError
from gateway.limits import ANSWER_BYTES, DOCUMENT_BYTES, ENTITIES, PERSISTED_BYTES, RENDERED_BYTES, Limits
from gateway.option_types import (
    BASE_URL,
    BOOLEAN,
    BYTES,
    COUNT,
    COUNT_OR_ZERO,
    DATABASE,
    FILE,
    LOG_LEVEL,
    LOG_LEVELS,
    NETWORKS,
    ORIGINS,
    PORT,
    SECONDS,
    SECRET,
    SIZE,
    TAG_HEADER,
    TEXT,
    TEXTS,
    TOKENS,
    WATCHING,
    WEBHOOKS,
    WHOLE_SECONDS,
    DatabaseUrl,
    ValueType,
    Webhook,
    text_of,
    whole,
)

PREFIX = "GATEWAY_"
CONFIG = "config"
"""The name of the flag, and with the prefix of the variable, for the path of the settings file."""
LIMIT = "limit_"
"""The prefix of the options for limits."""


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


def flag_of(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def variable_of(name: str) -> str:
    return PREFIX + name.upper()


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
        return flag_of(self.name)

    @property
    def variable(self) -> str:
        return variable_of(self.name)

    def default_of(self, mode: Mode) -> object:
        return self.dev_default if mode is Mode.DEV else self.default

    def written_default(self, mode: Mode) -> str:
        """The default in the syntax of a value. Empty without a default."""
        default = self.default_of(mode)
        return " ".join(map(text_of, default if isinstance(default, tuple) else () if default is None else (default,)))


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
    content: Path | None
    """The content folder. None if the process only reads a database."""
    working_file: Path | None = None
    """The SQLite file in which a loader makes what it sends to PostgreSQL."""

    host: str = _option(TEXT, Group.SERVER, "The address to listen on.", "127.0.0.1")
    port: int = _option(PORT, Group.SERVER, "The port to listen on. 0 selects a free port.", 8000)
    database: Path | DatabaseUrl | None = _option(
        DATABASE,
        Group.SERVER,
        "The path of the SQLite file, or the URL of a PostgreSQL database for gateway load. By default a file in the"
        " user's cache folder, one per content folder.",
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
    parsers: int = _option(
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
    assets_url: str | None = _option(
        BASE_URL,
        Group.CONTENT,
        "The address of the pictures and other files of the folder, for example of a CDN in front of /assets. The"
        " default is /assets for SQLite. With PostgreSQL, files do not have addresses by default.",
        None,
    )
    strict: bool = _option(BOOLEAN, Group.CONTENT, "Whether an error in a file stops the whole load.", default=False)
    log_level: str = _option(
        LOG_LEVEL, Group.SERVER, f"The minimum level of log messages: {', '.join(LOG_LEVELS)}.", "info"
    )
    readers: int = _option(COUNT, Group.SERVER, "The number of read connections to the database.", 4)
    processes: int = _option(
        COUNT, Group.SERVER, "The number of processes that serve, each on its own CPU. `dev` always uses one.", 1
    )
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
    answer_bytes: int = _option(SIZE, Group.CACHING, "The size of the cache of answers. 0 disables it.", ANSWER_BYTES)
    entities: int = _option(
        COUNT_OR_ZERO,
        Group.CACHING,
        "The maximum number of providers, topics and authors in memory, for the public and for previews each. If there"
        " are more, each request reads its own from the database. 0 disables the cache.",
        ENTITIES,
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
        """The path of the SQLite file. Raises SettingsError if it is absent: it is not set and has no default, or the
        database is PostgreSQL."""
        if self.database is None:
            raise SettingsError(
                "There is no home folder for the default database. Set 'database' (--database, GATEWAY_DATABASE)."
            )
        if isinstance(self.database, DatabaseUrl):
            raise SettingsError(f"This command does not use PostgreSQL ({self.database}). Set 'database' to a path.")
        return self.database

    @property
    def assets_base(self) -> str | None:
        """The address of the folder's files. None if they do not have addresses, because the gateways that read
        PostgreSQL do not have the folder."""
        return self.assets_url or (None if isinstance(self.database, DatabaseUrl) else ASSETS)

    @property
    def folder(self) -> Path:
        """The content folder. Raises SettingsError if it is not set."""
        if self.content is None:
            raise SettingsError("This command needs the content folder. Name it.")
        return self.content

    @property
    def working_path(self) -> Path:
        """The path of a loader's working file. Raises SettingsError without a home folder."""
        if self.working_file is None:
            raise SettingsError(
                "The loader's working file needs a home folder. Set HOME, or XDG_CACHE_HOME, to a folder."
            )
        return self.working_file

    @property
    def local_path(self) -> Path:
        """The path of the SQLite file that a command may have left for this folder and database."""
        return self.working_path if isinstance(self.database, DatabaseUrl) else self.database_path


def _row(field: dataclasses.Field[Any]) -> Option:
    default = None if field.default is MISSING else field.default
    meta = field.metadata
    dev = default if meta["dev"] is MISSING else meta["dev"]
    return Option(field.name, meta["kind"], meta["group"], default, dev, meta["help"], meta["secret"])


def _limit_row(field: dataclasses.Field[Any]) -> Option:
    kind = SECONDS if isinstance(field.default, float) else ValueType("NUMBER", whole(field.metadata["least"]))
    help = f"The maximum number of {field.metadata['counts']}."  # noqa: A001
    return Option(LIMIT + field.name, kind, Group.LIMITS, field.default, field.default, help, secret=False)


LIMITS = tuple(map(_limit_row, dataclasses.fields(Limits)))
OPTIONS = (*(_row(field) for field in dataclasses.fields(Settings) if "kind" in field.metadata), *LIMITS)
NAMES = (CONFIG, *(option.name for option in OPTIONS))
RENAMED: Mapping[str, str] = {
    "limit_waiting": "limit_queue_size",
    "limit_waiting_seconds": "limit_queue_seconds",
    "limit_sockets": "limit_websockets",
    "workers": "parsers",
}
"""The present names of options by earlier name. An earlier name is an error that gives the present name."""


def present_name(earlier: str, spelled: Callable[[str], str]) -> str:
    """The predicate of the error for an earlier name. `spelled` spells a name as the source of the option does."""
    meant = f"is called {spelled(RENAMED[earlier])} now."
    if earlier == "workers":  # the word that other servers use for what `processes` sets
        meant += f" {spelled('processes')} is the number of processes that serve."
    return meant

"""Reads the settings from flags, the environment and a settings file."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import platformdirs

from gateway.content.spelling import variants
from gateway.errors import SettingsError
from gateway.limits import Limits
from gateway.option_types import DatabaseUrl, ValueType, text_of
from gateway.settings import (
    CONFIG,
    LIMIT,
    LIMITS,
    NAMES,
    OPTIONS,
    PREFIX,
    RENAMED,
    Mode,
    Option,
    Settings,
    present_name,
    variable_of,
)


class _Given(NamedTuple):
    """A value from one source, and the name of that source for messages."""

    value: object
    origin: str


_Source = Mapping[str, _Given]


def read(
    mode: Mode, content: Path | None, flags: Mapping[str, object], environ: Mapping[str, str] | None = None
) -> Settings:
    """Read the settings for a content folder, or for a database without one.

    The precedence is flags, environment, file, defaults.
    `flags` maps option names to values. None and () count as absent. `environ` defaults to the environment of the
    process. An empty variable counts as absent. Raises SettingsError with one line per wrong value.
    """
    environ = os.environ if environ is None else environ
    errors: list[str] = []
    sources = (_from_flags(flags), _from_environment(environ, errors), _from_file(flags, environ, errors))
    values = {option.name: _value(option, mode, sources, errors) for option in OPTIONS}
    if errors:
        raise SettingsError("\n".join(errors))
    working_file = None
    if content is not None:
        database = values["database"] = values["database"] or default_database(content)
        working_file = default_database(content, str(database)) if isinstance(database, DatabaseUrl) else None
    values["parsers"] = values["parsers"] or os.cpu_count() or 1
    limits = Limits(**{option.name.removeprefix(LIMIT): values.pop(option.name) for option in LIMITS})
    return Settings(mode=mode, content=content, working_file=working_file, limits=limits, **values)


def misnamed(environ: Mapping[str, str] | None = None) -> Iterator[tuple[str, str]]:
    """Unknown variables that resemble an option, each with the variable that is probably meant.

    `environ` defaults to the environment of the process. Other unknown variables are skipped, because platforms set
    `GATEWAY_` variables too.
    """
    known = {variable_of(name) for name in (*NAMES, *RENAMED)}
    for variable, value in sorted((os.environ if environ is None else environ).items()):
        if value and variable.startswith(PREFIX) and variable not in known:
            name = probable(variable.removeprefix(PREFIX).lower())
            if name:
                yield variable, variable_of(name)


def probable(name: str) -> str | None:
    """The option that a name probably means: the first that is at most one edit away."""
    near = variants(name)
    meant = (known for known in NAMES if known == name or known in near or name in variants(known))
    return next(meant, None)


def default_database(content: Path, purpose: str = "") -> Path | None:
    """The default database of a content folder, in the user's cache folder. All paths of a folder share one database.

    None for a user without a home folder, such as an id without an entry in /etc/passwd in a container.
    """
    digest = sha256(os.fsencode(os.path.realpath(content)) + purpose.encode()).hexdigest()
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
    words = [text_of(each) for each in value] if isinstance(value, list | tuple) else [text_of(value)]
    if kind.many:
        return tuple(kind.decode(word) for word in " ".join(words).split())
    if len(words) != 1:
        raise ValueError("It is a list. Write a single value.")
    return kind.decode(words[0])


def _from_flags(flags: Mapping[str, object]) -> _Source:
    given = {option: flags.get(option.name) for option in OPTIONS}
    return {
        option.name: _Given(value, option.flag) for option, value in given.items() if value is not None and value != ()
    }


def _from_environment(environ: Mapping[str, str], errors: list[str]) -> _Source:
    errors.extend(
        f"{variable_of(earlier)}: It {present_name(earlier, variable_of)}"
        for earlier in RENAMED
        if environ.get(variable_of(earlier))
    )
    named = {option: environ.get(option.variable) for option in OPTIONS}
    return {option.name: _Given(value, option.variable) for option, value in named.items() if value}


def _from_file(flags: Mapping[str, object], environ: Mapping[str, str], errors: list[str]) -> _Source:
    named = flags.get(CONFIG) or environ.get(variable_of(CONFIG))
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


_QUOTED = "'{}'".format


def _unknown(name: str) -> str:
    if name in RENAMED:
        return f"It {present_name(name, _QUOTED)}"
    meant = probable(name)
    return f"Unknown setting. Did you mean '{meant}'?" if meant else "Unknown setting."

"""Parses a settings file, TOML or YAML. It is imported only if there is a file, because PyYAML is slow to import."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path

import yaml


def parse(path: Path) -> Mapping[str, object]:
    """Parse a settings file. Raises ValueError. Messages do not quote values, because they may be tokens."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ValueError(f"The file cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ValueError("The file is not UTF-8.") from error
    match path.suffix.lower():
        case ".toml":
            return _toml(text)
        case ".yaml" | ".yml":
            return _yaml(text)
    raise ValueError("The file's name ends in neither .toml nor .yaml.")


def _toml(text: str) -> Mapping[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"The file is not TOML: {error}.") from error


def _yaml(text: str) -> Mapping[str, object]:
    try:
        # The base loader returns every scalar as text. The decoder of each option converts it.
        entries = yaml.load(text, yaml.BaseLoader)  # noqa: S506 - it builds only text, lists and mappings
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ValueError(f"Line {line} is not YAML.") from error
    except yaml.YAMLError as error:
        raise ValueError("The file is not YAML.") from error
    if not isinstance(entries, dict | None):
        raise ValueError("The file is not a mapping of settings to values.")
    return entries or {}

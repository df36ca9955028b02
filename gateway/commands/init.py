"""The command `init`."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import click

from gateway.content import generators, inference, presets, proposals, site_config
from gateway.content.generators import FoundRule, FoundSite
from gateway.content.source import SITE_FILE, require_folder
from gateway.errors import SettingsError

LONGEST_NOTE = 160
"""The maximum number of characters of a comment, which may quote a configuration."""


def init(content: Path, *, infer: bool = False) -> None:
    """Write `gateway.yaml` for the site in CONTENT. An existing file is never overwritten."""
    require_folder(content)
    try:
        if infer and (content / SITE_FILE).exists():
            _print_differences(content)
            return
        found = _write(content, infer=infer)
    except OSError as error:
        raise SettingsError(f"{error.filename} cannot be read or written: {error.strerror}.") from error
    recognised = f"This is a site of {found.name}, by {found.evidence}." if found else "The generator is unknown."
    click.echo(f"{recognised} Its rules are in {content / SITE_FILE}. Run next:\n")
    folder = shlex.quote(str(content))
    click.echo(f"  gateway check --explain {folder}\n  gateway dev {folder}")


def _print_differences(content: Path) -> None:
    """Print what differs between the declared collections and the content."""
    read = site_config.read(content)
    if not read.is_good:
        raise SettingsError(f"{content / SITE_FILE} has errors. `gateway check` prints them.")
    found = list(proposals.differences(inference.infer(content, read.site), read.site.collections))
    click.echo("".join(f"{line}\n" for line in found) or "The collections have all that was found.\n", nl=False)


def _write(content: Path, *, infer: bool) -> FoundSite | None:
    """Write the rules of the site in a folder. Raises OSError."""
    for path in sorted(content.iterdir()):
        if site_config.is_site_config(path.name):
            raise SettingsError(f"{path} exists, and is not changed. Delete it to write a new one.")
    found = generators.recognise(content)
    text = rules_text(found)
    if infer:
        site = site_config.parse(text.encode()).site
        text += proposals.rules(inference.infer(content, site))
    with (content / SITE_FILE).open("x", encoding="utf-8") as file:
        file.write(text)
    return found


def rules_text(found: FoundSite | None) -> str:
    """The text of a `gateway.yaml`."""
    lines = _unknown() if found is None else _lines(found)
    return "".join(f"{line}\n" for line in lines)


def _unknown() -> Iterator[str]:
    yield "# The generator of this site was not recognised, so the usual rules apply."
    yield f"# If it is one of {', '.join(presets.PRESETS)}, write `preset: NAME`."


def _lines(found: FoundSite) -> Iterator[str]:
    yield f"# The rules of this site. `gateway init` recognised {found.name} by {found.evidence}."
    yield f"preset: {found.preset}"
    for section in dict.fromkeys(rule.section for rule in found.rules):
        yield from _section(section, [rule for rule in found.rules if rule.section == section])
    for note in found.notes:
        yield f"# {_comment(note)}"


def _section(section: str, rules: list[FoundRule]) -> Iterator[str]:
    if section != "defaults":
        for rule in rules:
            yield f"{section}: {rule.written}  # {_comment(rule.origin)}"
        return
    yield f"{section}:"
    for rule in rules:
        yield f"  - {rule.written}  # {_comment(rule.origin)}"


def _comment(text: str) -> str:
    """A text on one line."""
    return "".join(each if each.isprintable() else " " for each in text)[:LONGEST_NOTE]

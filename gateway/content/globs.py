"""Compiles glob patterns for paths in the content folder."""

from __future__ import annotations

import re
import unicodedata
from typing import NamedTuple

_WITHOUT_MEANING = re.compile(r"[\\\[\]{}!]")
_STARS = re.compile(r"\*+")


class BadGlob(ValueError):
    """An invalid pattern. `hint` is how to write it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class Glob(NamedTuple):
    """A pattern. `*` and `?` match within a name. `**` matches zero or more folders."""

    text: str
    regex: re.Pattern[str]

    @classmethod
    def of(cls, text: str, *, exact: bool = False) -> Glob:
        """A pattern that ends in a name without `*` and `?` names a folder, too, with all in it, unless it is `exact`.
        Raises BadGlob."""
        text = unicodedata.normalize("NFC", text)
        _check(text)
        segments = text.removesuffix("/").split("/")
        below = "" if exact or _is_wild(segments[-1]) else "(?:/.+)?"
        return cls(text, re.compile(_regex(segments) + below, re.DOTALL))

    @property
    def depth(self) -> int:
        """The number of folders that the pattern names, up to `**`. A pattern that ends in a name may name a folder."""
        names = self.text.removesuffix("/").split("/")
        return names.index("**") if "**" in names else len(names) - _is_wild(names[-1])

    def matches(self, path: str) -> bool:
        """Whether the pattern matches a path relative to the content folder."""
        return self.regex.fullmatch(path) is not None


def _check(text: str) -> None:
    if found := _WITHOUT_MEANING.search(text):
        raise BadGlob(
            f"`{found[0]}` has no meaning in a pattern.",
            "Use only `*`, `?` and `**`. Write two or more patterns as a list.",
        )
    segments = text.removesuffix("/").split("/")
    if not all(segments) or not {".", ".."}.isdisjoint(segments):
        raise BadGlob(
            "It matches nothing.", "Write it relative to the content folder, without `/`, `.` or `..` in front."
        )
    if any("**" in segment and segment != "**" for segment in segments):
        raise BadGlob("`**` matches whole folders only.", "Put it between slashes, as in `posts/**/*.md`.")


def _is_wild(segment: str) -> bool:
    return "*" in segment or "?" in segment


def _regex(segments: list[str]) -> str:
    """Compile segments. Atomic groups take the first match, so that a pattern cannot cause backtracking."""
    groups: list[list[str]] = [[]]
    for segment in segments:
        if segment == "**":
            groups.append([])
        else:
            groups[-1].append(_segment(segment))
    first, *others = groups
    if not others:
        return "/".join(first)
    *middle, last = others
    return (
        _folders(first)
        + "".join(f"(?>(?:[^/]+/)*?{_folders(group)})" for group in middle)
        + "(?:[^/]+/)*"
        + ("/".join(last) or "[^/]+")
    )


def _folders(group: list[str]) -> str:
    return "".join(f"{segment}/" for segment in group)


def _segment(text: str) -> str:
    first, *others = (re.escape(chunk).replace(r"\?", "[^/]") for chunk in _STARS.split(text))
    if not others:
        return first
    *middle, last = others
    return first + "".join(f"(?>[^/]*?{chunk})" for chunk in middle) + f"[^/]*{last}"

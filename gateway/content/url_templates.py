"""Makes the addresses of articles from templates, such as `/blog/:year/:slug/`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote

from gateway.content.globs import Glob
from gateway.content.problem_collector import nearest
from gateway.content.text import slug
from gateway.content.values import shown

_WORD = re.compile(r":([a-z_]+)")
_START = re.compile(r"(?:https?://[^/:\s]+(?::[0-9]+)?)?/")
_UNWRITTEN = re.compile(r"[\s?#]")
_SLASHES = re.compile(r"(?<!:)//+")
_SAFE = "/~!$&'()*+,;=:@"
"""The characters of a value that are not percent-encoded, beside letters, digits, `-`, `.` and `_`."""
_HTML = ".html"


_BASE = re.compile(r"(?:https?://[^/\s?#]+)?(?P<path>(?:/[^\s/?#:\"'<>{}\\]+)*+)/?")


class BadTemplate(ValueError):
    """An invalid template. `hint` is how to write it."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


class Page(NamedTuple):
    """What the words of a template use of an article."""

    folders: Sequence[str]
    """The folders below that of the rule, without the folder of an index file."""
    filename: str
    """The file's name without its ending, language and ordering number. That of an index file is its folder's."""
    name: str
    """The same without a date."""
    is_index: bool
    slug: str
    written_slug: str
    """The slug as the file sets it, or ""."""
    title: str
    date: datetime | None
    """The date of publication, in the site's time zone."""
    name_date: datetime | None
    """The date in the path."""
    locale: str
    language: str
    """The language in the file's name, or ""."""
    categories: Sequence[str]
    address: str
    """The address that the file sets, or ""."""

    @property
    def path(self) -> str:
        return "/".join([*self.folders, self.written_slug or self.name])

    @property
    def dated_address(self) -> str:
        """The address in the file, else the name below its date, else the path."""
        if self.name_date is None or self.address or self.written_slug:
            return self.address or self.path
        return f"{self.name_date:%Y/%m/%d}/{self.name}"


class UrlTemplate(NamedTuple):
    """An address with words in the place of an article's values. Words without a value leave out their segment."""

    literals: Sequence[str]
    words: Sequence[str]
    """One fewer than the literals, which are around them."""

    @classmethod
    def of(cls, text: str) -> UrlTemplate:
        """Raises BadTemplate."""
        if not _START.match(text):
            raise BadTemplate(f"{shown(text)} is not an address.", "Begin it with `/`, as in `/blog/:slug/`.")
        if found := _UNWRITTEN.search(text):
            raise BadTemplate(f"An address does not contain {shown(found[0])}.", "Write a path, as in `/blog/:slug/`.")
        literals, words = _WORD.split(text)[::2], _WORD.findall(text)
        for word in words:
            if _plain(word) not in WORDS:
                raise BadTemplate(f"`:{word}` is not a word of an address.", _hint(word))
        return cls(literals, words)

    @property
    def needs_date(self) -> bool:
        return not _DATES.keys().isdisjoint(map(_plain, self.words))

    @property
    def holds_address(self) -> bool:
        """Whether an address in the file is a part of the article's address, and not the whole."""
        return not {"address", "dated_address"}.isdisjoint(self.words)

    def address(self, page: Page) -> str | None:
        """The address of an article. None if a word needs a date and the article has none."""
        if self.needs_date and page.date is None:
            return None
        first, *literals = self.literals
        if page.is_index and literals and literals[-1] == _HTML:
            literals[-1] = "/"
        values = (quote(_value(word, page), safe=_SAFE) for word in self.words)
        return _SLASHES.sub("/", first + "".join(value + text for value, text in zip(values, literals, strict=True)))


class UrlRule(NamedTuple):
    """The template for the files that a pattern matches. None if they have no address."""

    glob: Glob
    template: UrlTemplate | None


def base_path(written: str) -> str | None:
    """The path of a site on its host, as in `/blog`, from that path or the site's URL. Empty for the root of the host,
    and None if it is neither."""
    found = _BASE.fullmatch(written)
    return found and found["path"]


def _plain(word: str) -> str:
    """A word without the prefix of its form."""
    form, _, rest = word.partition("_")
    return rest if form in _FORMS else word


def _value(word: str, page: Page) -> str:
    plain = _plain(word)
    value = WORDS[plain](page)
    return value if plain == word else _FORMS[word.partition("_")[0]](value)


def _hint(word: str) -> str:
    meant = nearest(word, frozenset(WORDS))
    return f"Write `:{meant}`." if meant else f"The words are {', '.join(f':{each}' for each in sorted(WORDS))}."


def _dashed(text: str) -> str:
    return "-".join(text.lower().split())


def _plus(text: str) -> str:
    return "+".join(text.split(" "))


_FORMS: Mapping[str, Callable[[str], str]] = {"lower": _dashed, "plus": _plus}
"""The forms of a word by its prefix: in lower case with `-` for white space, and with `+` for white space."""


def _date(pattern: str) -> Callable[[Page], str]:
    return lambda page: format(page.date, pattern) if page.date else ""


def _number(name: str) -> Callable[[Page], str]:
    return lambda page: str(getattr(page.date, name)) if page.date else ""


_DATES: Mapping[str, Callable[[Page], str]] = {
    "year": lambda page: f"{page.date.year:04}" if page.date else "",
    "short_year": _date("%y"),
    "month": _date("%m"),
    "i_month": _number("month"),
    "day": _date("%d"),
    "i_day": _number("day"),
    "y_day": _date("%j"),
    "hour": _date("%H"),
    "minute": _date("%M"),
    "second": _date("%S"),
}
WORDS: Mapping[str, Callable[[Page], str]] = {
    **_DATES,
    "slug": lambda page: page.slug,
    "title": lambda page: slug(page.title),
    "name": lambda page: page.name,
    "filename": lambda page: page.filename,
    "slug_or_name": lambda page: page.written_slug or page.name,
    "slug_or_filename": lambda page: page.written_slug or page.filename,
    "slug_or_title": lambda page: page.written_slug or slug(page.title),
    "path": lambda page: page.path,
    "dated_address": lambda page: page.dated_address,
    "sections": lambda page: "/".join(page.folders),
    "section": lambda page: next(iter(page.folders), ""),
    "categories": lambda page: "/".join(map(slug, page.categories)),
    "address": lambda page: page.address or page.path,
    "locale": lambda page: page.locale,
    "language": lambda page: page.language,
}
"""The words of a template, and their values."""

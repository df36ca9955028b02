"""Slugs, folding and the first heading of a body. It knows neither front matter nor HTML."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Iterator

# Diacritics of Latin, Greek and Cyrillic, and characters that do not show. Marks of other scripts spell words.
_UNSPELT = re.compile("[\u00ad\u0300-\u036f\u200b-\u200f\u2060\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef]")
_NOT_ASCII_WORD = re.compile(r"[^a-z0-9]+")
_LEADING_DOT = re.compile(r"^\s*\.(?=\w)")

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_ATX = re.compile(r" {0,3}#{1,6}(?:[ \t]+(.*))?$")
_CLOSING_MARKS = re.compile(r"(?:^|(?<=[ \t]))(?<!#)#++[ \t]*$")
_UNDERLINE = re.compile(r" {0,3}(?:=+|-+)[ \t]*$")
_NO_PARAGRAPH = re.compile(r" {0,3}(?:>|[-*+][ \t]|[0-9]{1,9}[.)][ \t]|<|\|)| {4}|\t")
_INLINE = re.compile(
    r"\\([!-/:-@\[-`{-~])"  # an escaped character
    r"|!?\[([^\[\]]*)\]\([^()]*\)"  # a link or an image, of which the text stays
    r"|<[^<>]*>"
    r"|`+|\*+|~~|(?<!\w)_+|(?<!_)_++(?!\w)"  # emphasis; an underscore within a word is none
)
_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")


def fold(text: str) -> str:
    """The form in which case and accents make no difference: NFKD, marks dropped, casefold."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join([c for c in decomposed if not unicodedata.combining(c)]).casefold()


def slug(text: str) -> str:
    """The text as a part of a URL's path; "" where it holds no letter and no digit.

    NFKD and casefold; letters and digits stay, `+` is `plus`, `#` is `sharp`, a leading `.` is `dot`, the rest `-`.
    """
    plain = _UNSPELT.sub("", unicodedata.normalize("NFKD", text).casefold())
    spelt = _LEADING_DOT.sub("dot", plain).replace("+", "plus").replace("#", "sharp")
    if spelt.isascii():
        return _NOT_ASCII_WORD.sub("-", spelt).strip("-")
    words = "".join([c if spells(c) else "-" for c in spelt]).split("-")
    return unicodedata.normalize("NFC", "-".join(word for word in words if any(map(str.isalnum, word))))


def spells(character: str) -> bool:
    """Whether words are written with it: a letter, a digit, or a mark of a script that spells with marks."""
    return character.isalnum() or unicodedata.category(character) in {"Mn", "Mc"}


def plain_heading(body: str) -> str | None:
    """The first heading of a Markdown body that holds any text, without its markup. One linear pass."""
    paragraph: list[str] = []
    for line in ("" if is_code else line for line, is_code in lines(body)):
        atx = _ATX.match(line)
        if atx or not line.strip():
            paragraph.clear()
        if atx and (heading := _plain(_CLOSING_MARKS.sub("", atx[1] or ""))):
            return heading
        if paragraph and _UNDERLINE.match(line):
            if heading := _plain(" ".join(paragraph)):
                return heading
            paragraph.clear()
        elif not atx and line.strip() and (paragraph or not _NO_PARAGRAPH.match(line)):
            paragraph.append(line.strip())
    return None


def lines(body: str) -> Iterator[tuple[str, bool]]:
    """The lines of a body, and whether each belongs to fenced code; an empty one in place of each fence."""
    fence = ""
    for line in body.splitlines():
        found = _FENCE.match(line)
        if fence and found and found[1].startswith(fence) and not found[2].strip():
            fence = ""
            yield "", True
        elif not fence and found and not (found[1][0] == "`" and "`" in found[2]):
            fence = found[1]
            yield "", True
        else:
            yield line, bool(fence)


def _plain(markdown: str) -> str:
    text = _INLINE.sub(lambda match: match[1] or match[2] or "", markdown)
    return " ".join(unescape(text).split())


def unescape(text: str) -> str:
    """Resolves the references that CommonMark knows; a number of more digits than those have is text."""
    return _REFERENCE.sub(lambda match: html.unescape(match[0]), text)

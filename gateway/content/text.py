"""Slugs, folding and references to characters. It knows neither front matter nor Markdown."""

from __future__ import annotations

import html
import re
import unicodedata

# Diacritics of Latin, Greek and Cyrillic, and characters that do not show. Marks of other scripts spell words.
_UNSPELT = re.compile("[\u00ad\u0300-\u036f\u200b-\u200f\u2060\ufe00-\ufe0f\ufeff\U000e0100-\U000e01ef]")
_NOT_ASCII_WORD = re.compile(r"[^a-z0-9]+")
SPACELESS = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f"  # Myanmar
    "\u1780-\u17ff"  # Khmer
    "\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3038-\u303c"  # signs that stand for characters, and numerals
    "\u3041-\u30ff\u31f0-\u31ff\uff66-\uff9f\U0001aff0-\U0001b16f"  # Hiragana, Katakana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
)
"""The scripts that set no spaces between words, as ranges of a regular expression."""
_LEADING_DOT = re.compile(r"^\s*\.(?=\w)")

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


def unescape(text: str) -> str:
    """Resolves the references that CommonMark knows; a number of more digits than those have is text."""
    return _REFERENCE.sub(lambda match: html.unescape(match[0]), text)

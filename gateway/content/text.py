"""Slugs, case and accent folding, and character references."""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Mapping
from functools import cache

IGNORABLE = (
    "\u00ad\u034f\u061c\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0000-\U000e0fff"
)
"""Soft hyphens, joiners, directions and variants, as ranges of a regular expression.

These are Unicode's default ignorable characters, except letters. They are invisible and do not separate words.
"""
_IGNORABLE = re.compile(f"[{IGNORABLE}]")
_VISIBLE = re.compile(rf"[^\s{IGNORABLE}]")
_ACCENTS = re.compile("[\u0300-\u036f]")
"""The diacritics of Latin, Greek and Cyrillic. In other scripts, marks are part of the spelling."""
_CYRILLIC = re.compile("[\u0400-\u052f][\u0300-\u036f]+")
_LATIN = (
    range(0xC0, 0x2B0),
    range(0x1D00, 0x1DC0),
    range(0x1E00, 0x1F00),
    range(0x2C60, 0x2C80),
    range(0xA720, 0xA800),
    range(0xAB30, 0xAB70),
    range(0x1DF00, 0x1DF2B),
)
"""The blocks of Latin letters outside ASCII."""
_LATIN_NAME = re.compile(
    r"LATIN (?:SMALL )?(?:CAPITAL )?(?:LETTER|LIGATURE) (?:SMALL CAPITAL )?"
    r"(?:BARRED |DOTLESS |INSULAR |OPEN |SCRIPT )?(?P<base>[A-Z]{1,2}|ENG|ETH|KRA|SCHWA|THORN|TURNED E)"
    r"(?: BAR| DIGRAPH)?(?: WITH .*)?"
)
_BASES = {"ENG": "n", "ETH": "d", "KRA": "q", "OI": "gh", "SCHWA": "e", "THORN": "th", "TURNED E": "e"}
"""The ASCII form of letters whose Unicode name does not contain it. Unicode misnames the letter gha as OI."""
_NOT_ASCII_WORD = re.compile(r"[^a-z0-9]+")
SPACELESS = (
    "\u0e00-\u0eff"  # Thai, Lao
    "\u1000-\u109f\ua9e0-\ua9ff\uaa60-\uaa7f"  # Myanmar
    "\u1780-\u17ff"  # Khmer
    "\u3005-\u3007\u3021-\u3029\u3031-\u3035\u3038-\u303c"  # iteration marks and numerals
    "\u3041-\u30ff\u31f0-\u31ff\uff66-\uff9f\U0001aff0-\U0001b16f"  # Hiragana, Katakana
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # Han
)
"""The scripts without spaces between words, as ranges of a regular expression."""
_LEADING_DOT = re.compile(r"^\s*\.(?=\w)")

ORDER_KEY = 200
"""The maximum length of an `order_key`."""
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_REFERENCE = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")


def fold(text: str) -> str:
    """Fold case, accents and invisible characters.

    The text is decomposed by NFKD. Marks and ignorable characters are dropped. Latin letters that do not decompose are
    replaced by ASCII, such as `ł` by `l` and `æ` by `ae`. The result is casefolded.
    """
    if text.isascii():
        return text.lower()
    get = _folding().get  # faster than `str.translate` with a sparse table
    return "".join([get(each, each) for each in unicodedata.normalize("NFKD", text)]).casefold()


def order_key(text: str) -> str:
    """The folded start of a text, by which custom fields order. An index holds texts of this length."""
    return fold(text.strip())[:ORDER_KEY]


@cache
def _folding() -> Mapping[str, str]:
    """The replacements of `fold` in decomposed text. Computed on first use, because it scans Unicode."""
    planes = (*range(0x20000), *range(0xE0000, 0xE1000))  # other planes do not contain characters to drop
    every = "".join(map(chr, planes))
    dropped = [*filter(unicodedata.combining, every), *_IGNORABLE.findall(every)]
    return {**dict.fromkeys(dropped, ""), **{chr(code): base for code, base in _ascii_letters().items()}}


@cache
def _ascii_letters() -> Mapping[int, str]:
    """The ASCII forms of the Latin letters that do not decompose, by their Unicode names."""
    every = [chr(code) for block in _LATIN for code in block]
    bases = {letter: _base(letter.casefold()) for letter in every if not unicodedata.decomposition(letter)}
    return {ord(letter): base for letter, base in bases.items() if base}


def _base(letter: str) -> str:
    """The ASCII form of a small letter by its Unicode name, or ""."""
    match = _LATIN_NAME.fullmatch(unicodedata.name(letter, "")) if len(letter) == 1 else None
    return _BASES.get(match["base"], match["base"].lower()) if match else ""


def storable(text: str) -> bool:
    """Whether stored text can contain it. NUL and lone surrogates are never stored."""
    return _UNSTORABLE.search(text) is None


def without_ignorable(text: str) -> str:
    return _IGNORABLE.sub("", text)


def is_blank(text: str) -> bool:
    """Whether a text consists of white space and invisible characters."""
    return _VISIBLE.search(text) is None


def slug(text: str) -> str:
    """The text as a URL path segment, or "" if it does not contain letters or digits.

    The text is decomposed by NFKD, Latin letters become ASCII, and the result is casefolded. `+` becomes `plus`, `#`
    becomes `sharp`, and a leading `.` becomes `dot`. Other characters except letters and digits become `-`. Accents of
    Latin and Greek are dropped. Accents of Cyrillic are retained if they make a different letter.
    """
    plain = text.lower() if text.isascii() else _without_accents(text)
    spelt = _LEADING_DOT.sub("dot", plain).replace("+", "plus").replace("#", "sharp")
    if spelt.isascii():
        return _NOT_ASCII_WORD.sub("-", spelt).strip("-")
    words = "".join([c if spells(c) else "-" for c in spelt]).split("-")
    return unicodedata.normalize("NFC", "-".join(word for word in words if any(map(str.isalnum, word))))


def _without_accents(text: str) -> str:
    decomposed = without_ignorable(unicodedata.normalize("NFKD", text)).translate(_ascii_letters()).casefold()
    return _ACCENTS.sub("", _CYRILLIC.sub(_composed, decomposed))


def _composed(match: re.Match[str]) -> str:
    return unicodedata.normalize("NFC", match[0])


def spells(character: str) -> bool:
    """Whether a character is part of words: a letter, a digit, or a mark of a script whose spelling uses marks."""
    return character.isalnum() or unicodedata.category(character) in {"Mn", "Mc"}


def unescape(text: str) -> str:
    """Resolve CommonMark's character references. A numeric reference with too many digits is text."""
    return _REFERENCE.sub(lambda match: html.unescape(match[0]), text)

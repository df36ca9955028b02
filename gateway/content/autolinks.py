"""Links the addresses in the text of HTML by GitHub's rules: `www.`, `http(s)://`, `mailto:` and e-mail addresses.

The input is HTML as in `outline`. The result has to be sanitised. Time is linear in the length of the HTML.
"""

from __future__ import annotations

import html
import re
from urllib.parse import quote

_OPAQUE = ("a ", "a>", "code ", "code>", "pre ", "pre>")
"""The beginnings of the tags in which addresses are not linked."""
_OPAQUE_ENDS = ("/a>", "/code>", "/pre>")
_ADDRESS = re.compile(
    r"(?P<url>(?<![a-z0-9])https?://[\w.-]++[^\s<]*+)"
    r"|(?P<www>(?<![^\s*_~(])(?-i:www)\.[\w.-]++[^\s<]*+)"
    r"|(?P<mail>(?<![\w.+/-])(?<!xmpp:)(?:mailto:)?[a-z0-9._+-]++@[a-z0-9_-]++(?:\.[a-z0-9_-]++)++)(?<![_-])",
    re.IGNORECASE,
)
_DOMAIN = re.compile(r"[\w.-]+")
_PUNCTUATION = "?!.,:*_~'\""
_REFERENCE_END = re.compile(r"&[A-Za-z0-9]+;\Z")
_SAFE = "!#$%&'()*+,/:;=?@~"
"""The characters that stay in an address as they are, beside letters and digits."""


def linked(well_nested: str) -> str:
    """Link the addresses outside code and links."""
    if not _may_contain_address(well_nested):
        return well_nested
    first, *parts = well_nested.split("<")
    written, depth = [_text(first)], 0
    for part in parts:
        if part.startswith(_OPAQUE):
            depth += 1
        elif part.startswith(_OPAQUE_ENDS):
            depth -= 1
        written.append(part if depth or not _may_contain_address(part) else _after_tag(part))
    return "<".join(written)


def _may_contain_address(text: str) -> bool:
    return "://" in text or "@" in text or "www." in text


def _after_tag(part: str) -> str:
    tag, end, text = part.partition(">")
    return f"{tag}{end}{_text(text)}"


def _text(escaped: str) -> str:
    """Link the addresses of an escaped text."""
    text, written, at = html.unescape(escaped), list[str](), 0
    for found in _ADDRESS.finditer(text):
        address = found[0] if found["mail"] else _trimmed(found[0])
        if found["mail"] or _is_domain(address, needs_period=found["www"] is not None):
            written += [html.escape(text[at : found.start()], quote=False), _link(address, found.lastgroup or "")]
            at = found.start() + len(address)
    return "".join(written) + html.escape(text[at:], quote=False) if written else escaped


def _trimmed(address: str) -> str:
    """The address without the punctuation after it: unbalanced `)`, references such as `&lt;` and others."""
    end, unopened = len(address), address.count(")") - address.count("(")
    while end:
        last = address[end - 1]
        if last == ")" and unopened > 0:
            unopened -= 1
            end -= 1
        elif last == ";":
            reference = _REFERENCE_END.search(address, max(0, end - 33), end)
            end = reference.start() if reference else end - 1
        elif last in _PUNCTUATION:
            end -= 1
        else:
            break
    return address[:end]


def _is_domain(address: str, *, needs_period: bool) -> bool:
    """Whether the address has a domain without `_` in its last two segments."""
    domain = _DOMAIN.match(address.partition("://")[2] or address)
    segments = domain[0].rstrip(".").split(".") if domain else []
    return all(segments) and len(segments) > needs_period and not any("_" in each for each in segments[-2:])


def _link(address: str, kind: str) -> str:
    scheme = {"www": "http://", "mail": "" if address[:7].lower() == "mailto:" else "mailto:"}.get(kind, "")
    target = html.escape(quote(scheme + address, safe=_SAFE))
    return f'<a href="{target}">{html.escape(address, quote=False)}</a>'

"""Links references to their footnotes, and footnotes back to their references."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

NOTE_ID = "fn:"
"""The beginning of the ids of footnotes. A heading does not have such an anchor."""
REFERENCE_ID = "fnref:"
"""The beginning of the ids of references. These are reserved, too."""
ANCHORS = (f"#{NOTE_ID}", f"#{REFERENCE_ID}")
"""The beginnings of the destinations of links to them."""

_PARSED_LINK = re.compile(r'(<sup class="footnote-reference"><a href=")#[^"]*(">([0-9]+)</a></sup>)')
_REFERENCE = re.compile(rf'<sup class="footnote-reference"(?=><a href="#{NOTE_ID}([0-9]+)")')
_TAG = re.compile(
    r"</?(?:a|div)(?=[ >])"
    r'(?:(?<=<div) class="footnote-definition"(?=><sup class="footnote-definition-label">([0-9]+)</sup>))?+'
)
"""The tags of divisions and links. The group is the number of a footnote."""
_PARAGRAPH_END = "</p>"


def numbered(parsed: str) -> str:
    """The parser's HTML in which references lead to footnotes by their numbers."""
    return _PARSED_LINK.sub(rf"\1#{NOTE_ID}\3\2", parsed) if '"footnote-' in parsed else parsed


def with_links_back(sanitised: str) -> str:
    """Sanitised HTML in which references and footnotes have ids, and footnotes link to their references.

    If a footnote has several definitions, the first one has its id and its links.
    """
    if '"footnote-definition"' not in sanitised:
        return sanitised
    references = Counter[str]()

    def identified(reference: re.Match[str]) -> str:
        references[reference[1]] += 1
        return f'{reference[0]} id="{_reference_id(reference[1], references[reference[1]])}"'

    return "".join(_linked(_REFERENCE.sub(identified, sanitised), references))


def _linked(html: str, references: Counter[str]) -> Iterator[str]:
    given, numbers, at, open_links = {""}, list[str](), 0, 0
    for tag in _TAG.finditer(html):
        before, id_ = html[at : tag.start()], ""
        match tag[0]:
            case "<a" | "</a":
                open_links += 1 if tag[0] == "<a" else -1  # a cell of a table in a link may contain links
            case "</div":
                number = numbers.pop()
                before = before if open_links else _with_links(before, number, references[number])
            case _:
                number = tag[1] or ""
                is_first = number not in given
                given.add(number)
                numbers.append(number if is_first else "")
                id_ = f' id="{NOTE_ID}{number}"' if is_first else ""
        yield f"{before}{tag[0]}{id_}"
        at = tag.end()
    yield html[at:]


def _with_links(end: str, number: str, references: int) -> str:
    """The end of a footnote, with links in its last paragraph, or after it if it does not end with one."""
    text = end.rstrip()
    inner = text.removesuffix(_PARAGRAPH_END)
    links = "".join(f" {_link(number, each)}" for each in range(1, references + 1))
    return f"{inner}{links}{text[len(inner) :]}{end[len(text) :]}"


def _link(number: str, reference: int) -> str:
    """The variation selector makes the arrow a text and not a picture."""
    which = f"<sup>{reference}</sup>" if reference > 1 else ""
    target = f"#{_reference_id(number, reference)}"
    attributes = f'href="{target}" class="footnote-backref" role="doc-backlink" rel="noopener noreferrer"'
    return f"<a {attributes}>\u21a9\ufe0e{which}</a>"


def _reference_id(number: str, reference: int) -> str:
    return f"{REFERENCE_ID}{number}:{reference}" if reference > 1 else f"{REFERENCE_ID}{number}"

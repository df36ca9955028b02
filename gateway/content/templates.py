"""Replaces the tags of templates in a body: Hugo's shortcodes, and Liquid's tags and expressions.

`figure`, `ref`, `relref`, `youtube`, `highlight`, `link`, `post_url`, `raw` and `site.baseurl` have a replacement.
Other tags are removed, and what is between an opening and a closing tag stays. Code is unchanged. Time is linear in the
length.
"""

from __future__ import annotations

import html
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple
from urllib.parse import quote

from gateway.model.documents import BodyRules

_TAG = re.compile(
    r"\{\{(?P<mark>[<%])(?!/\*)\s*+(?P<closes>/?)\s*+(?P<shortcode>[A-Za-z_][\w./-]*+)"
    r"(?P<arguments>(?:(?!\{\{|[>%]\}\}).)*+)[>%]\}\}"
    r"|\{%-?\s*+(?P<tag>[A-Za-z_]\w*+)(?P<words>(?:(?!\{%|%\}).)*+)%\}"
    r"|\{\{-?\s*+(?:[\"'](?P<literal>[^\"'{}]*+)[\"']\s*+\||(?P<variable>(?:site|page|layout|include|theme|jekyll)\.))"
    r"(?P<rest>[^{}]*+)\}\}",
    re.DOTALL,
)
"""A tag, or an expression with a variable of Jekyll's or a filtered text. Other double braces are text."""
_ARGUMENT = re.compile(
    r"""(?:(?P<name>[\w-]++)\s*+=\s*+)?+(?:"(?P<quoted>(?:[^"\\]|\\.)*+)"|`(?P<raw>[^`]*+)`|'(?P<single>[^']*+)'|"""
    r"""(?P<bare>[^\s"`'=]++))""",
    re.DOTALL,
)
_BASE_VARIABLE = re.compile(r"baseurl\s*+-?")
_BASE_FILTER = re.compile(r"(?:\A|\|)\s*+(?:relative_url|absolute_url|url)\b|\bsite\.baseurl\b")
"""Filters that put an address below the base of the site, in Jekyll and Eleventy."""
_LANGUAGE = re.compile(r"[\w+#.-]+")
_VIDEO = re.compile(r"[\w-]+", re.ASCII)
_TICKS = re.compile("`+")
_ENDS = {
    "shortcode": re.compile(r"\{\{[<%]\s*+/\s*+highlight\s*+[>%]\}\}"),
    "highlight": re.compile(r"\{%-?\s*+endhighlight\s*+-?%\}"),
    "raw": re.compile(r"\{%-?\s*+endraw\s*+-?%\}"),
}
_FILE_TAG = re.compile(r"\{%-?\s*+(?:link|post_url)\b")
_CLOSING = re.compile(r"end\w+|else|elsif|when")
MOST_INDENTATION = 100
VIDEO_HOSTS = ("www.youtube-nocookie.com", "www.youtube.com")


class Removed(NamedTuple):
    """A tag without a replacement."""

    name: str
    at: int
    """The offset in the body."""


class Expanded(NamedTuple):
    text: str
    removed: tuple[Removed, ...] = ()


def may_hold_tags(body: str) -> bool:
    return "{%" in body or ("{{" in body and _TAG.search(body) is not None)


def expand(body: str, code: Sequence[tuple[int, int]], rules: BodyRules) -> Expanded:
    """Replace the tags outside code, whose ranges are ordered."""
    return _Expander(body, code, rules).run()


def address(target: str) -> str:
    """The address of the page that a file or a name in a tag means, as the destination of a Markdown link."""
    return quote(target.strip(), safe="/:?#[]@!$&'*+,;=%~")


class _Arguments(NamedTuple):
    named: Mapping[str, str]
    positional: Sequence[str]

    @classmethod
    def of(cls, text: str) -> _Arguments:
        named, positional = dict[str, str](), list[str]()
        for found in _ARGUMENT.finditer(text):
            value = next(each for each in found.group("quoted", "raw", "single", "bare") if each is not None)
            if found["name"]:
                named[found["name"]] = value
            else:
                positional.append(value)
        return cls(named, positional)

    def first(self, *names: str) -> str:
        """The first positional argument, or the argument of one of the names."""
        values = [*self.positional[:1], *(self.named[name] for name in names if name in self.named)]
        return values[0] if values else ""


class _Expander:
    def __init__(self, body: str, code: Sequence[tuple[int, int]], rules: BodyRules) -> None:
        self._body = body
        self._code = code
        self._code_ends = [end for _, end in code]
        self._rules = rules
        self._unclosed = set[str]()
        """The kinds of tags that no tag closes from here on."""
        self._removed: list[Removed] = []

    def run(self) -> Expanded:
        return Expanded("".join(self._parts()), tuple(self._removed))

    def _parts(self) -> Iterator[str]:
        at = copied = 0
        while tag := _TAG.search(self._body, at):
            if code_end := self._code_end(tag.start()):
                at = code_end
                continue
            yield self._body[copied : tag.start()]
            copied, text = self._replaced(tag)
            yield text
            at = copied
        yield self._body[copied:]

    def _code_end(self, at: int) -> int | None:
        following = bisect_right(self._code_ends, at)
        return self._code[following][1] if following < len(self._code) and self._code[following][0] <= at else None

    def _replaced(self, tag: re.Match[str]) -> tuple[int, str]:
        """The offset after a tag, or after what it encloses, and its replacement."""
        if (replacement := self._expression(tag)) is not None:
            return tag.end(), replacement
        name = (tag["shortcode"] or tag["tag"] or "").removesuffix("/")
        if name == "highlight" and not tag["closes"]:
            return self._highlighted(tag)
        if tag["tag"] == "raw":
            return self._raw(tag)
        if tag["shortcode"] and not tag["closes"] and (replace := _SHORTCODES.get(name)):
            return tag.end(), replace(self, tag, _Arguments.of(tag["arguments"].rstrip("/ \n")))
        if tag["tag"] in {"link", "post_url"}:
            return tag.end(), address(tag["words"].rstrip("-"))
        if not tag["closes"] and not (tag["tag"] and _CLOSING.fullmatch(tag["tag"])):
            self._removed.append(Removed(_name(tag), tag.start()))
        return tag.end(), ""

    def _expression(self, tag: re.Match[str]) -> str | None:
        """The replacement of an expression, or None."""
        if tag["literal"] is not None:
            return self._address(tag["literal"], tag["rest"])
        if tag["variable"] == "site." and _BASE_VARIABLE.fullmatch(tag["rest"].strip()):
            # A tag that names a file gives a whole address.
            return "" if _FILE_TAG.match(self._body, tag.end()) else self._rules.base
        return None

    def _address(self, literal: str, filters: str) -> str:
        """A text, below the base of the site if it is a path that a filter puts there. Jekyll's filters put any path
        there, and the others only those that begin with a slash."""
        based = _BASE_FILTER.search(filters)
        if not based or "://" in literal or not (literal.startswith("/") or based[0].endswith("_url")):
            return literal
        return f"{self._rules.base}/{literal.lstrip('/')}"

    def _end(self, kind: str, at: int) -> re.Match[str] | None:
        if kind in self._unclosed:
            return None
        if not (end := _ENDS[kind].search(self._body, at)):
            self._unclosed.add(kind)
        return end

    def _raw(self, tag: re.Match[str]) -> tuple[int, str]:
        end = self._end("raw", tag.end())
        return (end.end(), self._body[tag.end() : end.start()]) if end else (tag.end(), "")

    def _highlighted(self, tag: re.Match[str]) -> tuple[int, str]:
        """A fenced code block."""
        end = self._end("shortcode" if tag["shortcode"] else "highlight", tag.end())
        if not end:
            return tag.end(), ""
        code = self._body[tag.end() : end.start()].strip("\r\n").rstrip()
        language = _LANGUAGE.search(tag["arguments"] or tag["words"] or "")
        fence = "`" * max([3, *(len(ticks[0]) + 1 for ticks in _TICKS.finditer(code))])
        before = self._before(tag.start())
        indent, start = ("", "\n") if before.strip() else (before, "")
        return (
            end.end(),
            f"{start}{fence}{language[0] if language else ''}\n{code}\n{indent}{fence}{self._line_end(end.end())}",
        )

    def _before(self, at: int) -> str:
        """The last characters of the line before an offset."""
        return self._body[max(0, at - MOST_INDENTATION) : at].rpartition("\n")[2]

    def _line_end(self, at: int) -> str:
        """A line feed if text follows an offset on its line."""
        return "\n" if self._body[at : at + 1].strip("\r\n") else ""

    def _block(self, tag: re.Match[str], text: str) -> str:
        """HTML, followed by a blank line if it is on a line of its own."""
        is_alone = not self._before(tag.start()).strip() and not self._line_end(tag.end())
        return text + "\n" if is_alone else text

    def figure(self, tag: re.Match[str], arguments: _Arguments) -> str:
        get = arguments.named.get
        caption = get("caption", "")
        source, size = arguments.first("src"), {"width": get("width"), "height": get("height")}
        image = f"<img{_attributes(src=source, alt=get('alt') or caption, **size)}>"
        if link := get("link"):
            image = f"<a{_attributes(href=link)}>{image}</a>"
        title = f"<strong>{html.escape(get('title', ''))}</strong>" if get("title") else ""
        texts = " ".join(filter(None, [title, html.escape(caption), html.escape(get("attr", ""))]))
        described = f"<figcaption>{texts}</figcaption>" if texts else ""
        return self._block(tag, f"<figure>{image}{described}</figure>".replace("\n", " "))

    def youtube(self, tag: re.Match[str], arguments: _Arguments) -> str:
        video = _VIDEO.fullmatch(arguments.first("id"))
        if not video:
            return ""
        host = next((host for host in VIDEO_HOSTS if host in self._rules.embeds), None)
        if host is None:
            return f"<https://www.youtube.com/watch?v={video[0]}>"
        title = arguments.named.get("title", "YouTube video")
        frame = _attributes(src=f"https://{host}/embed/{video[0]}", title=title.replace("\n", " "), allowfullscreen="")
        return self._block(tag, f"<iframe{frame}></iframe>")

    def reference(self, _tag: re.Match[str], arguments: _Arguments) -> str:
        return address(arguments.first("path"))


_SHORTCODES: Mapping[str, Callable[[_Expander, re.Match[str], _Arguments], str]] = {
    "figure": _Expander.figure,
    "youtube": _Expander.youtube,
    "ref": _Expander.reference,
    "relref": _Expander.reference,
}


def _name(tag: re.Match[str]) -> str:
    """The tag as it is written, without its arguments."""
    if tag["shortcode"]:
        return f"{{{{{tag['mark']} {tag['shortcode']} {'>' if tag['mark'] == '<' else '%'}}}}}"
    return f"{{% {tag['tag']} %}}" if tag["tag"] else f"{{{{ {tag['variable']}… }}}}"


def _attributes(**values: str | None) -> str:
    return "".join(f' {name}="{html.escape(value)}"' for name, value in values.items() if value is not None)

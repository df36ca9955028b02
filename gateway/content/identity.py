"""Computes keys of providers, topics and authors, normalised URLs, and the ids derived from them."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from base64 import urlsafe_b64encode

from gateway.content.text import slug, without_ignorable

LONGEST_URL = 8192
"""The maximum length of a URL. It bounds the work that a client or a file can cause."""

_URL = re.compile(
    r"(?i:https?)://(?:[^/?#\\]*@)?(?P<host>\[[0-9A-Fa-f:.]+\]|[^\s/?#@:\\\[\]]+)(?::(?P<port>[0-9]{0,5}))?"
    r"(?P<path>/[^?#]*)?(?:\?(?P<query>[^#]*))?(?:#.*)?",
    re.DOTALL,
)
_PLAIN_URL = re.compile(
    r"https://(?:www\.(?=[a-z0-9-]+\.))?"
    r"(?P<page>(?!www\.)[a-z0-9](?:[a-z0-9.-]{0,245}[a-z0-9])?(?:/[A-Za-z0-9._~!$&'()*+,;=:@/-]*+)?)"
)
"""Most URLs: nothing of them is normalised, except for one `www.` and a trailing slash."""
_HOST = re.compile(r"[a-z0-9_.-]{1,253}|\[[0-9a-f:.]+\]")
_WWW = re.compile(r"\A(?:www\.)+(?=[^.]+\.)")
_AMP_CACHE = re.compile(r"https://(?:[^/:]+\.)?cdn\.ampproject\.org(?::[0-9]+)?/[cv]/(?:s/)?(?=[^/?]*\.)")
_TRACKING = re.compile(r"(?:utm_|mc_|gclid(?:=|$)|fbclid(?:=|$))", re.IGNORECASE)
_ENCODED_OR_ODD = re.compile(r"%(?:[0-9A-Fa-f]{2})?|[^A-Za-z0-9._~!$&'()*+,;=:@/?-]")
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_EITHER_DEFAULT_PORT = frozenset({"", "80", "443"})


def article_id(path: str) -> str:
    """The id of a file's article. It is equal on every machine and does not reveal the path."""
    return "ar_" + _digest(path)


def provider_id(key: str) -> str:
    return "pr_" + _digest(key)


def topic_id(key: str) -> str:
    return "to_" + _digest(key)


def author_id(key: str) -> str:
    return "au_" + _digest(key)


def related_id(article_id: str, tail: str) -> str:
    """The id of a related entry: 22 characters of its article's id, and its tail."""
    return f"re_{article_id.removeprefix('ar_')}{tail}"


def related_tail(identity: str) -> str:
    """The end of a related entry's id without its occurrence: 22 characters of its identity.

    It is followed by `-` and the occurrence, which counts, from 0, the entries of one article with equal identity.
    Positions are not used, because they change when an entry is inserted above.
    """
    return _digest(identity)


def digits(key: str) -> str:
    """The slug of a key without letters and digits: six hex digits of the key's digest."""
    return _sha256(key).hex()[:6]


def suffix(key: str) -> str:
    """The suffix that makes a colliding slug unique: `-` and the digits of its key."""
    return f"-{digits(key)}"


def provider_key(name: str, domain: str | None) -> str:
    """The lower-case domain, else the slug of the name, else digits of its digest."""
    if domain and (key := domain.strip().lower()):
        return key
    return slug(name) or digits(name)


def topic_key(name: str) -> str:
    """The name in NFKC, casefolded, without ignorable characters, with white space collapsed: "AI" and "ai" are equal.

    A name of ignorable characters only is left unchanged, so that a key is never empty.
    """
    if name.isascii():
        return " ".join(name.split()).lower()
    normalized = unicodedata.normalize("NFKC", name)
    words = without_ignorable(normalized).split() or normalized.split()
    return " ".join(words).casefold()


def author_key(name: str) -> str:
    """The same form as that of a topic."""
    return topic_key(name)


def url_identity(url: str) -> str | None:
    """Normalise an address, so that two addresses of one page are equal. Does not raise.

    An address is an absolute http or https URL, or a path of the site, which begins with `/`. Returns None for other
    text. Scheme, `www.`, default port, user, fragment, trailing slash and tracking parameters are ignored, and so are
    the order of parameters and the form of percent-encoding (RFC 3986, 6.2.2). An AMP cache URL gives its page's URL.
    """
    if len(url) > LONGEST_URL:
        return None
    if (plain := _PLAIN_URL.fullmatch(url)) and "ampproject" not in url:
        return "https://" + plain["page"].rstrip("/")
    found = _normalised(url.strip())
    while found and (cache := _AMP_CACHE.match(found)) and (origin := _normalised("https://" + found[cache.end() :])):
        found = origin
    return found if found and len(found) <= LONGEST_URL else None


def url_host(identity: str) -> str:
    """The host of a normalised URL, or "" for a path of the site."""
    return identity.removeprefix("https://").partition("/")[0].partition("?")[0].partition(":")[0]


def _normalised(url: str) -> str | None:
    if url.startswith("/") and not url.startswith("//"):
        page = _page(url.partition("#")[0])
        return page if page.startswith("/") else f"/{page}"
    # A URL that begins with `//` has the scheme of the page that contains it.
    parts = _URL.fullmatch("https:" + url if url.startswith("//") else url)
    host = parts and _host(parts["host"])
    if not parts or not host:
        return None
    port = (parts["port"] or "").lstrip("0")
    page = _page(f"{parts['path'] or ''}?{parts['query'] or ''}")
    return f"https://{host}{'' if port in _EITHER_DEFAULT_PORT else ':' + port}{page}"


def _page(address: str) -> str:
    """A path and its query."""
    path, _, query = address.partition("?")
    path, query = _percent_normalised(path).rstrip("/"), _query(query)
    return f"{path}?{query}" if query else path


def _host(text: str) -> str | None:
    host = text.lower().rstrip(".")
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii").lower().rstrip(".") if len(host) <= 253 else ""
        except UnicodeError:
            return None
    return _WWW.sub("", host, count=1) if _HOST.fullmatch(host) else None


def _query(text: str) -> str:
    parameters = _percent_normalised(text).split("&")
    return "&".join(sorted(each for each in parameters if each and not _TRACKING.match(each)))


def _percent_normalised(text: str) -> str:
    return _ENCODED_OR_ODD.sub(_encoded, text)


def _encoded(match: re.Match[str]) -> str:
    """Percent-encode one character or escape: unreserved characters are literal, others are upper-case escapes."""
    found = match[0]
    if len(found) == 3:
        character = chr(int(found[1:], 16))
        return character if character in _UNRESERVED else found.upper()
    return "".join(f"%{byte:02X}" for byte in found.encode("utf-8", "surrogatepass"))


def _digest(text: str) -> str:
    """128 bits of the SHA-256 of the NFC text, as 22 characters of base64url."""
    return urlsafe_b64encode(_sha256(text)[:16]).rstrip(b"=").decode("ascii")


def _sha256(text: str) -> bytes:
    return hashlib.sha256(unicodedata.normalize("NFC", text).encode("utf-8", "surrogatepass")).digest()

"""Cross-origin access: CORS, and CSRF protection of GET requests."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import Send
from strawberry.http.websocket_origin import is_same_origin

from gateway.errors import Forbidden, PreflightRequired
from gateway.settings import OPTIONS
from gateway.web.responses import error_response

logger = logging.getLogger("gateway")

PREFLIGHT_HEADERS = ("GraphQL-Require-Preflight", "Apollo-Require-Preflight")
_PREFLIGHT_NAMES = frozenset(name.lower() for name in PREFLIGHT_HEADERS)
ALLOWED_HEADERS = ("Authorization", "Content-Type", "X-Include-Drafts", *PREFLIGHT_HEADERS)
EXPOSED_HEADERS = ("ETag", "Retry-After", "X-Request-Id")
METHODS = ("GET", "POST")
ASKING = frozenset({"same-origin", "none"})
"""Values of `Sec-Fetch-Site` for a page of the same origin, and for a URL typed by the user."""
REMEMBERED_SECONDS = 7200
"""How long a browser caches a preflight response. 7200 s is the maximum of Chromium."""
LOOPBACK_ORIGIN = re.compile(r"https?://(?:(?:[a-z0-9-]+\.)*localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?")
"""An origin of this machine. Browsers resolve every name below `localhost` to loopback."""
REPEAT_SECONDS = 600
"""An equal line is not repeated within this time."""
MOST_LINES = 100
"""The maximum number of lines logged in that time. A client can send any number of origins."""
LONGEST_ORIGIN = 255
SENDABLE = f"Pages may send {' and '.join(METHODS)}, with the headers {', '.join(ALLOWED_HEADERS)}."
REFUSED = "Pages of this origin may not call this server. The setting 'allowed_origins' lists those that may."
_OPTION = next(option for option in OPTIONS if option.name == "allowed_origins")


def is_preflighted(headers: Mapping[str, str]) -> bool:
    """Whether the request has a preflight header.

    A form, an image or a link cannot set the header. A script of another origin can set it only if CORS allows it.
    """
    return not _PREFLIGHT_NAMES.isdisjoint(headers)


def is_cross_site(headers: Mapping[str, str]) -> bool:
    """Whether `Sec-Fetch-Site` or `Origin` marks the request as cross-site. Only browsers send them."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ASKING
    return "origin" in headers


def check_get(headers: Mapping[str, str], *, always: bool) -> None:
    """Raises PreflightRequired for a GET without a preflight header that may be a cross-site request.

    With `always`, every GET needs the header. Otherwise only a GET that the browser marks as cross-site needs it.
    """
    if (always or is_cross_site(headers)) and not is_preflighted(headers):
        raise PreflightRequired


def is_cross_origin(headers: Mapping[str, str]) -> bool:
    """Whether a page of another origin sends this and can read the response, if CORS or the WebSocket check allows it.

    Such a request always has an Origin. A request without one comes from a program, or is a navigation, an image or a
    script, whose response pages cannot read.
    """
    origin = headers.get("origin")
    if origin is None or headers.get("sec-fetch-site") in ASKING:
        return False
    return not is_same_origin(origin, headers.get("host"))


def include_drafts(value: str | None, headers: Mapping[str, str]) -> str | None:
    """The effective value of X-Include-Drafts, given the value sent.

    Under `gateway dev` a request without the header returns drafts. A page of another origin must send the header.
    """
    return "false" if value is None and is_cross_origin(headers) else value


class AllowedOrigins:
    """The origins whose pages may call the server. Logs the pages that are refused."""

    def __init__(
        self, origins: Sequence[str], *, loopback: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`loopback` also allows the pages of this machine, on any port."""
        self.listed = tuple(origins)
        self._loopback = loopback
        self._clock = clock
        self._logged: dict[str, float] = {}
        """The lines of the last REPEAT_SECONDS, with their times."""

    def allows(self, origin: str) -> bool:
        is_local = self._loopback and LOOPBACK_ORIGIN.fullmatch(origin) is not None
        return is_local or origin in self.listed or "*" in self.listed

    def log_refused(self, origin: str) -> None:
        """Log that a page was refused, with the option that allows its origin."""
        if _is_origin(origin):
            option = f"{_OPTION.flag} {origin} ({_OPTION.variable})"
            self._log(f"A page of {origin} was refused. To allow it, start the gateway with {option}.")
        else:
            self._log(f"A page of the origin {origin[:LONGEST_ORIGIN]!r} was refused. Open it over http or https.")

    def log_unsendable(self, origin: str) -> None:
        """Log a preflight of an allowed origin that requests an unsupported method or header."""
        shown = origin if _is_origin(origin) else repr(origin[:LONGEST_ORIGIN])
        self._log(f"A request of a page of {shown} was refused. {SENDABLE}")

    def _log(self, line: str) -> None:
        now = self._clock()
        self._logged = {each: time for each, time in self._logged.items() if now - time < REPEAT_SECONDS}
        if line not in self._logged and len(self._logged) < MOST_LINES:
            self._logged[line] = now
            logger.warning("%s", line)


def _is_origin(written: str) -> bool:
    """Whether the setting accepts the text unchanged. The log then prints it without quotes."""
    try:
        return len(written) <= LONGEST_ORIGIN and written != "*" and _OPTION.kind.decode(written) == written
    except ValueError:
        return False


class Cors(CORSMiddleware):
    """Lets pages of the allowed origins read responses. Requests with credentials (cookies) are not allowed.

    The dispatcher runs the application, and only requests with an Origin come here.
    """

    def __init__(self, origins: AllowedOrigins) -> None:
        super().__init__(
            Response(),
            allow_origins=origins.listed,
            allow_methods=METHODS,
            allow_headers=ALLOWED_HEADERS,
            expose_headers=EXPOSED_HEADERS,
            max_age=REMEMBERED_SECONDS,
        )
        self._origins = origins

    def preflight(self, headers: Headers) -> Response | None:
        """The response to a preflight request. None for another OPTIONS request."""
        return self.preflight_response(headers) if "access-control-request-method" in headers else None

    def responding(self, headers: Headers, send: Send) -> Send:
        """Sends a response with the headers of CORS."""
        return partial(self.send, send=send, request_headers=headers)

    def is_allowed_origin(self, origin: str) -> bool:
        return self._origins.allows(origin)

    def preflight_response(self, request_headers: Headers) -> Response:
        """Returns a refusal as JSON, like all other errors."""
        response = super().preflight_response(request_headers)
        if response.status_code == 200:
            return response
        refused = error_response(self._refusal(request_headers["origin"]))
        refused.headers["Vary"] = response.headers["Vary"]
        return refused

    def _refusal(self, origin: str) -> Forbidden:
        if self._origins.allows(origin):
            self._origins.log_unsendable(origin)
            return Forbidden(SENDABLE)
        self._origins.log_refused(origin)
        return Forbidden(REFUSED)

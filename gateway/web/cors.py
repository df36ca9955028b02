"""Which pages of other sites may ask: CORS, and what a GET must bring. It reads no document."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp
from strawberry.http.websocket_origin import is_same_origin

from gateway.errors import Forbidden, PreflightRequired
from gateway.settings import OPTIONS
from gateway.web.middleware import error_response

logger = logging.getLogger("gateway")

PREFLIGHT_HEADERS = ("GraphQL-Require-Preflight", "Apollo-Require-Preflight")
ALLOWED_HEADERS = ("Authorization", "Content-Type", "X-Include-Drafts", *PREFLIGHT_HEADERS)
EXPOSED_HEADERS = ("ETag", "Retry-After", "X-Request-Id")
METHODS = ("GET", "POST")
ASKING = frozenset({"same-origin", "none"})
"""What `Sec-Fetch-Site` says of a page of the server's own, and of a person who typed the address."""
REMEMBERED_SECONDS = 7200
"""How long a browser need not ask again; Chromium remembers no longer."""
LOOPBACK_ORIGIN = re.compile(r"https?://(?:(?:[a-z0-9-]+\.)*localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?")
"""An origin of this machine. Browsers resolve every name below `localhost` to loopback."""
REPEAT_SECONDS = 600
"""How long an equal line is not logged again."""
MOST_LINES = 100
"""Lines logged in that time. An origin costs the sender nothing, so their number has to be bounded."""
LONGEST_ORIGIN = 255
SENDABLE = f"Pages may send {' and '.join(METHODS)}, with the headers {', '.join(ALLOWED_HEADERS)}."
REFUSED = "Pages of this origin may not call this server. The setting 'allowed_origins' lists those that may."
_OPTION = next(option for option in OPTIONS if option.name == "allowed_origins")


def is_preflighted(request: Request) -> bool:
    """Whether no page of another site can have sent this unasked: forms, images and links bring no such header, and a
    script may bring one only where CORS allows its page to."""
    return any(name in request.headers for name in PREFLIGHT_HEADERS)


def is_cross_site(headers: Mapping[str, str]) -> bool:
    """Whether a browser says that a page of another origin asks. What is no browser says nothing of it."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ASKING
    return "origin" in headers


def check_get(request: Request, *, always: bool) -> None:
    """Raises PreflightRequired for the GET of an operation which a page of another site may have sent unasked.

    With `always` each GET has to show that none has; else what a browser says of it is enough.
    """
    if (always or is_cross_site(request.headers)) and not is_preflighted(request):
        raise PreflightRequired


def is_cross_origin(headers: Mapping[str, str]) -> bool:
    """Whether a page of another origin sends this and can read the response, if CORS or the WebSocket check allows it.

    Such a request always has an Origin. One without it comes from a program or is a navigation, an image or a script,
    whose response no page can read.
    """
    origin = headers.get("origin")
    if origin is None or headers.get("sec-fetch-site") in ASKING:
        return False
    return not is_same_origin(origin, headers.get("host"))


def include_drafts(value: str | None, headers: Mapping[str, str]) -> str | None:
    """The value of X-Include-Drafts, where `value` is the one that was sent.

    Under `gateway dev` a request without it shows drafts. A page of another origin has to ask for them.
    """
    return "false" if value is None and is_cross_origin(headers) else value


class AllowedOrigins:
    """The origins whose pages may call the server. Logs the pages that are refused."""

    def __init__(
        self, origins: Sequence[str], *, loopback: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """With `loopback` the pages of this machine are allowed too, on any port."""
        self.listed = tuple(origins)
        self._loopback = loopback
        self._clock = clock
        self._logged: dict[str, float] = {}
        """The lines of the last REPEAT_SECONDS, with the time of each."""

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
        """Log that a page of an allowed origin asked to send a method or header that no page may send."""
        shown = origin if _is_origin(origin) else repr(origin[:LONGEST_ORIGIN])
        self._log(f"A request of a page of {shown} was refused. {SENDABLE}")

    def _log(self, line: str) -> None:
        now = self._clock()
        self._logged = {each: time for each, time in self._logged.items() if now - time < REPEAT_SECONDS}
        if line not in self._logged and len(self._logged) < MOST_LINES:
            self._logged[line] = now
            logger.warning("%s", line)


def _is_origin(written: str) -> bool:
    """Whether the setting takes it, as it is written; the log then quotes it as it is."""
    try:
        return len(written) <= LONGEST_ORIGIN and written != "*" and _OPTION.kind.decode(written) == written
    except ValueError:
        return False


class CorsMiddleware(CORSMiddleware):
    """Lets the pages of the allowed origins read responses, without their users' cookies."""

    def __init__(self, app: ASGIApp, origins: AllowedOrigins) -> None:
        super().__init__(
            app,
            allow_origins=origins.listed,
            allow_methods=METHODS,
            allow_headers=ALLOWED_HEADERS,
            expose_headers=EXPOSED_HEADERS,
            max_age=REMEMBERED_SECONDS,
        )
        self._origins = origins

    def is_allowed_origin(self, origin: str) -> bool:
        return self._origins.allows(origin)

    def preflight_response(self, request_headers: Headers) -> Response:
        """A refusal is JSON, as every other is."""
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

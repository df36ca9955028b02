"""Renders the templates of the server's own pages, and sets the headers of each page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.responses import Response

from gateway.web.caching import PRIVATE

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {"Content-Security-Policy": POLICY, "Cache-Control": PRIVATE}
CODE = re.compile("`([^`]+)`")


class Templates:
    """The templates, with values that all pages share."""

    def __init__(self, **shared: object) -> None:
        self._environment = Environment(
            loader=PackageLoader(__package__),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        filters = {"day": _day, "clock": _clock, "month": _month, "grouped": _grouped, "coded": _coded, "prose": _prose}
        self._environment.filters |= filters
        self._environment.globals |= {"root": "", **shared}

    def response(
        self, name: str, values: Mapping[str, object], status: int = 200, headers: Mapping[str, str] | None = None
    ) -> Response:
        """The page that a template renders, which caches must not store."""
        html = self._environment.get_template(name).render(values)
        return Response(html, status, {**HEADERS, **(headers or {})}, "text/html")


def _day(moment: str) -> str:
    """As `6 May 2024`."""
    found = datetime.fromisoformat(moment)
    return f"{found.day} {found:%b} {found.year}"


def _clock(moment: str) -> str:
    return f"{datetime.fromisoformat(moment):%H:%M:%S} UTC"


def _month(day: date) -> str:
    """As `May 2024`, in full."""
    return f"{day:%B} {day.year}"


def _grouped(count: int) -> str:
    """As `12,345`."""
    return f"{count:,}"


def _prose(sanitised: str) -> Markup:
    """Sanitised HTML. Its tables can get the focus, so that the keyboard can scroll a wide one."""
    return Markup(sanitised.replace("<table", '<table tabindex="0"'))  # noqa: S704 - it is sanitised


def _coded(text: str) -> Markup:
    """Escaped text, with the parts between backticks as `<code>`."""
    return Markup(CODE.sub(r"<code>\1</code>", str(escape(text))))  # noqa: S704 - the text was escaped

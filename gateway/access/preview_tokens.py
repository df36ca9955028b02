"""Signed rights to preview that end by themselves. It reads no request, and keeps no list of what it gave."""

from __future__ import annotations

from datetime import timedelta

import jwt

from gateway.errors import Unauthenticated

ALGORITHM = "HS256"
AUDIENCE = "content-gateway preview"

UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
MAX_LIFETIME = timedelta(days=366)


class PreviewTokens:
    """Gives passes, and knows its own again; another secret knows none of them."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def issue(self, expires: int) -> str:
        """A pass that is good until then, in seconds since 1970."""
        return jwt.encode({"aud": AUDIENCE, "exp": expires}, self._secret, ALGORITHM)

    def verify(self, token: str) -> int:
        """When a good pass ends. Raises Unauthenticated for one that has ended, and for what is none."""
        try:
            claims = jwt.decode(
                token, self._secret, [ALGORITHM], {"require": ["aud", "exp"], "strict_aud": True}, audience=AUDIENCE
            )
        except jwt.ExpiredSignatureError as error:
            raise Unauthenticated("The preview has expired. Ask for a new link.") from error
        except (jwt.InvalidTokenError, UnicodeEncodeError) as error:
            raise Unauthenticated from error
        return int(claims["exp"])


def parse_lifetime(written: str) -> timedelta:
    """A time such as `30m`, `12h`, `7d` or `2w`. Raises ValueError."""
    number, unit = written.strip()[:-1], UNITS.get(written.strip()[-1:])
    if unit and number.isascii() and number.isdigit() and len(number) <= 6:
        found = int(number) * unit
        if timedelta(0) < found <= MAX_LIFETIME:
            return found
    raise ValueError(f"{written!r} is no time such as '30m', '12h', '7d' or '2w', of {MAX_LIFETIME.days} days at most.")

"""Issues and verifies signed, expiring preview tokens (JWT, HS256). Stateless."""

from __future__ import annotations

from datetime import timedelta

import jwt

from gateway.errors import Unauthenticated

ALGORITHM = "HS256"
AUDIENCE = "content-gateway preview"

UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
MAX_LIFETIME = timedelta(days=366)


class PreviewTokens:
    """Issues and verifies the preview tokens of one secret."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def issue(self, expires: int) -> str:
        """A token that is valid until `expires`, in Unix seconds."""
        return jwt.encode({"aud": AUDIENCE, "exp": expires}, self._secret, ALGORITHM)

    def verify(self, token: str) -> int:
        """The expiry of a valid token, in Unix seconds. Raises Unauthenticated for an invalid or expired token."""
        try:
            claims = jwt.decode(
                token, self._secret, [ALGORITHM], {"require": ["aud", "exp"], "strict_aud": True}, audience=AUDIENCE
            )
        except jwt.ExpiredSignatureError as error:
            raise Unauthenticated("The preview has expired. Request a new link.") from error
        except (jwt.InvalidTokenError, UnicodeEncodeError) as error:
            raise Unauthenticated from error
        return int(claims["exp"])


def parse_lifetime(written: str) -> timedelta:
    """Parses a duration such as `30m`, `12h`, `7d` or `2w`. Raises ValueError."""
    number, unit = written.strip()[:-1], UNITS.get(written.strip()[-1:])
    if unit and number.isascii() and number.isdigit() and len(number) <= 6:
        found = int(number) * unit
        if timedelta(0) < found <= MAX_LIFETIME:
            return found
    raise ValueError(
        f"{written!r} is not a duration such as '30m', '12h', '7d' or '2w', up to {MAX_LIFETIME.days} days."
    )

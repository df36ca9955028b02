"""What every test may use."""

from __future__ import annotations

import os
import ssl
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings

# Times depend on what else the machine does. The fixtures of one test make something new for each example.
settings.register_profile(
    "tests", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
settings.load_profile("tests")

T = TypeVar("T")

# Root may read any file; without these rights it is as bound by permissions as anybody.
_RIGHTS = "-dac_override,-dac_read_search"
AS_ANYBODY = ("setpriv", f"--bounding-set={_RIGHTS}", f"--inh-caps={_RIGHTS}") if os.geteuid() == 0 else ()
"""What to start a command with, to try what permissions do."""

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients of plain HTTP. By default httpx reads all certificates for each client, which takes 18 ms."""


def need(part: str, found: T | None) -> T:
    """A part of the machine that a test needs, such as `node`, `chromium` or `postgres`.

    Where it is missing the test is skipped, and says so; where GATEWAY_TEST_REQUIRE names it, the test fails.
    """
    if found is not None:
        return found
    if part in os.environ.get("GATEWAY_TEST_REQUIRE", "").split(","):
        pytest.fail(f"{part} is missing, and GATEWAY_TEST_REQUIRE names it")
    pytest.skip(f"{part} is missing")

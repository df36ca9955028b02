"""What every test may use."""

from __future__ import annotations

import os
from typing import TypeVar

import pytest

T = TypeVar("T")


def need(part: str, found: T | None) -> T:
    """A part of the machine that a test needs, such as `node`, `chromium` or `postgres`.

    Where it is missing the test is skipped, and says so; where GATEWAY_TEST_REQUIRE names it, the test fails.
    """
    if found is not None:
        return found
    if part in os.environ.get("GATEWAY_TEST_REQUIRE", "").split(","):
        pytest.fail(f"{part} is missing, and GATEWAY_TEST_REQUIRE names it")
    pytest.skip(f"{part} is missing")

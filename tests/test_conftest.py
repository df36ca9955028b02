"""Programs that tests need and a machine may lack."""

from __future__ import annotations

import pytest

from tests.conftest import need


def test_available_program_is_returned(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether or not it is required."""
    monkeypatch.setenv("GATEWAY_TEST_REQUIRE", "node")
    assert need("node", "/usr/bin/node") == "/usr/bin/node"


def test_missing_program_skips_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message has the program."""
    monkeypatch.setenv("GATEWAY_TEST_REQUIRE", "chromium,postgres")
    with pytest.raises(pytest.skip.Exception, match="node is missing"):
        need("node", None)


def test_missing_required_program_fails_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test of a required program is not skipped."""
    monkeypatch.setenv("GATEWAY_TEST_REQUIRE", "chromium,node")
    with pytest.raises(pytest.fail.Exception, match="node is missing"):
        need("node", None)

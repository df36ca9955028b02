"""How tests ask for parts that a machine may lack."""

from __future__ import annotations

import pytest

from tests.conftest import need


def test_a_part_that_is_there_is_handed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was found comes back, whether or not it was required."""
    monkeypatch.setenv("GATEWAY_TEST_REQUIRE", "node")
    assert need("node", "/usr/bin/node") == "/usr/bin/node"


def test_a_missing_part_skips_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer without the part sees which one was missing."""
    monkeypatch.setenv("GATEWAY_TEST_REQUIRE", "chromium,postgres")
    with pytest.raises(pytest.skip.Exception, match="node is missing"):
        need("node", None)


def test_a_required_part_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where all parts are promised, a missing one is a failure and no skip."""
    monkeypatch.setenv("GATEWAY_TEST_REQUIRE", "chromium,node")
    with pytest.raises(pytest.fail.Exception, match="node is missing"):
        need("node", None)

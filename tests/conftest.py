"""Fixtures and functions for all tests."""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Callable, Generator, Iterator, Mapping
from importlib import import_module
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, is_hypothesis_test, settings

from gateway.web.server import new_event_loop

# Times depend on the load of the machine. Fixtures are shared by all examples of a test. A fixture can refuse further
# examples.
FULL = bool(os.environ.get("GATEWAY_TEST_FULL"))
settings.register_profile(
    "tests",
    max_examples=100 if FULL else 30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much],
)
settings.load_profile("tests")

T = TypeVar("T")

FEWER = 10
"""The divisor of the number of a property's examples on PostgreSQL."""

# Root may read any file. Without these capabilities file permissions apply to it.
_RIGHTS = "-dac_override,-dac_read_search"
AS_ANYBODY = ("setpriv", f"--bounding-set={_RIGHTS}", f"--inh-caps={_RIGHTS}") if os.geteuid() == 0 else ()
"""The start of a command line that runs without root's privileges."""

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients of plain HTTP. By default httpx reads all certificates for each client, which takes 18 ms."""


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a PostgreSQL server, one for each process. `tests.postgres` imports this module."""
    with import_module("tests.postgres").server_url() as url:
        yield url


@pytest.fixture(scope="session")
def empty_schemas(postgres: str) -> Any:
    """PostgreSQL schemas that tests use one after another."""
    return import_module("tests.store.empty_schemas").EmptySchemas(postgres)


DATABASES = ("sqlite", "postgres")


@pytest.fixture(params=DATABASES)
def each_database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs a test on SQLite and on PostgreSQL: the stores of `tests.databases` are of one of them."""
    use_database(request, monkeypatch)


@pytest.fixture(params=DATABASES if FULL else DATABASES[:1])
def each_database_in_full(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same, but on PostgreSQL only with GATEWAY_TEST_FULL."""
    use_database(request, monkeypatch)


def use_database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "postgres":
        monkeypatch.setattr("tests.databases.schemas", request.getfixturevalue("empty_schemas"))


def pytest_asyncio_loop_factories(
    item: pytest.Item,
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The event loop of the server. Tests with the marker `both_loops` also run in that of asyncio."""
    both = {"uvloop": new_event_loop, "asyncio": asyncio.new_event_loop}
    return both if item.get_closest_marker("both_loops") else {"uvloop": new_event_loop}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """A property has fewer examples on PostgreSQL, because most of the code is that of SQLite."""
    test: Any = getattr(item, "obj", None)
    parameters = item.callspec.params if hasattr(item, "callspec") else {}
    if not is_hypothesis_test(test) or "postgres" not in parameters.values():
        return (yield)
    usual: settings = test._hypothesis_internal_use_settings  # without a public name
    test._hypothesis_internal_use_settings = settings(usual, max_examples=max(2, usual.max_examples // FEWER))
    try:
        return (yield)
    finally:
        test._hypothesis_internal_use_settings = usual


def need(part: str, found: T | None) -> T:
    """A program that a test needs, such as `node` or `chromium`.

    Without it the test is skipped with a message. If GATEWAY_TEST_REQUIRE names it, the test fails.
    """
    if found is not None:
        return found
    if part in os.environ.get("GATEWAY_TEST_REQUIRE", "").split(","):
        pytest.fail(f"{part} is missing, and GATEWAY_TEST_REQUIRE names it")
    pytest.skip(f"{part} is missing")

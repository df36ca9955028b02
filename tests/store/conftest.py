"""A store of each backend, new and empty. What is promised of a store is tested on every one of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from itertools import count
from pathlib import Path

import pytest

from gateway.store.protocol import Store
from gateway.store.sqlite import SqliteStore

Open = Callable[[], Awaitable[Store]]


@pytest.fixture(params=[SqliteStore], ids=["sqlite"])
async def new_store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Open]:
    """Opens a further store at each call; all are closed in the end."""
    async with AsyncExitStack() as stores:
        numbers = count()

        async def new() -> Store:
            store: Store = await request.param.open(tmp_path / f"{next(numbers)}.db", readers=2)
            stores.push_async_callback(store.close)
            return store

        yield new


@pytest.fixture
async def store(new_store: Open) -> Store:
    return await new_store()

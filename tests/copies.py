"""Clients that keep a copy of the articles, by `changes` and by `articleChanged`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from typing import Any

import orjson

from gateway.access import clients as access
from gateway.access.tokens import Viewer
from gateway.execution.executor import Executor, OperationRequest
from gateway.model.records import Visibility

OWN = """
id path title slug heat status publishedDateTime webUrl
topics { id } provider { id } images { url } related { title webUrl provider { id } }
"""
"""An article's own fields. Changes of other records, such as its provider's name, are not listed."""
LISTING = f"{{ articles(first: 100) {{ nodes {{ {OWN} }} }} }}"
CHANGES = f"""query ($since: String) {{
  changes(since: $since, first: 3) {{ changes {{ type id article {{ {OWN} }} }} token hasMore reset }}
}}"""
EVENTS = f"subscription {{ articleChanged {{ type id article {{ {OWN} }} }} }}"

Copy = dict[str, Mapping[str, Any]]
"""Articles by their ids."""


class Client:
    """Queries one server, and holds a copy of its articles."""

    def __init__(self, executor: Executor, visibility: Visibility) -> None:
        self._operations = executor
        self._client = access.Client(Viewer(visibility))
        self.held: Copy = {}

    async def ask(self, query: str, **variables: object) -> Any:
        answer = await self._operations.answer(OperationRequest(query, variables), self._client)
        assert not answer.errors
        return orjson.loads(answer.body)["data"]

    async def served(self) -> Copy:
        """The expected copy."""
        return {node["id"]: node for node in (await self.ask(LISTING))["articles"]["nodes"]}

    def take(self, change: Mapping[str, Any]) -> None:
        assert (change["article"] is None) is (change["type"] == "REMOVED")
        if change["article"]:
            self.held[change["id"]] = change["article"]
        else:
            self.held.pop(change["id"], None)


class Reader(Client):
    """Reads `changes`, one page at a time."""

    token: str | None = None

    async def read(self) -> bool:
        """Read one page. Returns whether there are more."""
        page = (await self.ask(CHANGES, since=self.token))["changes"]
        assert page["reset"] is (self.token is None)
        for change in page["changes"]:
            self.take(change)
        self.token = page["token"]
        return bool(page["hasMore"])


class Subscriber(Client):
    """Reads all articles at the first event of `articleChanged`, and applies each event after it."""

    def __init__(self, executor: Executor, visibility: Visibility) -> None:
        super().__init__(executor, visibility)
        self.has_event = asyncio.Event()

    async def follow(self) -> None:
        prepared = await self._operations.prepare(OperationRequest(EVENTS), self._client)
        async with aclosing(self._operations.subscribe(prepared)) as answers:
            async for answer in answers:
                assert not answer.errors
                if not self.held:
                    self.held = await self.served()
                change: Any = orjson.loads(answer.body)["data"]["articleChanged"]
                self.take(change)
                self.has_event.set()

    async def until_up_to_date(self) -> None:
        self.has_event.clear()
        while self.held != await self.served():
            await self.has_event.wait()
            self.has_event.clear()

"""Webhooks: a signed POST to each receiver after a change of the content, with retries.

Deliveries are not queued. Each reads the changes since the last successful delivery from the change log. A receiver
that was down gets one request with all changes that it missed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple

import httpx
import orjson

from gateway import cache_tags
from gateway.access.tokens import signature
from gateway.errors import DatabaseUnavailable, NotReady
from gateway.model.records import ChangeType, Visibility
from gateway.option_types import Webhook
from gateway.store.protocol import ChangeCounts, Snapshot, Store, read_one
from gateway.store.reads import ChangesOf, StatisticsOf

logger = logging.getLogger("gateway.webhooks")

MOST_IDS = 1000
"""The maximum number of article ids in one request."""
MOST_ATTEMPTS = 8
"""Attempts per generation. The next generation starts new attempts."""
LONGEST_WAIT = 60.0
TIMEOUT_SECONDS = 10.0


NOTHING = ""
"""The token of a database without a generation. All later content counts as changed."""


class _Delivery(NamedTuple):
    body: bytes
    token: str
    """The change token of the receiver after a successful delivery."""


class Webhooks:
    """Notifies receivers of the generations of a store, independently of each other."""

    def __init__(
        self,
        store: Store,
        receivers: Sequence[Webhook],
        secret: str | None,
        *,
        wait: Callable[[float], Awaitable[object]] = asyncio.sleep,
        timeout: float = TIMEOUT_SECONDS,
        delay: float = 0,
    ) -> None:
        """`timeout` is the limit for a whole attempt, in seconds. Changes are sent `delay` seconds after they were
        read, so that all gateways serve them."""
        self._store = store
        self._receivers = receivers
        self._secret = secret
        self._wait = wait
        self._timeout = timeout
        self._delay = delay
        self._tokens = list[str]()

    async def begin(self) -> None:
        """Read the changes that the receivers have. Call it once, before `run`, which sends later ones."""
        self._tokens = [await self._token(receiver) for receiver in self._receivers]

    async def run(self) -> None:
        """Run until cancelled, or until the generations end."""
        async with httpx.AsyncClient(timeout=self._timeout) as client:
            positions = zip(self._receivers, self._tokens, strict=True)
            await asyncio.gather(*(self._follow(client, receiver, token) for receiver, token in positions))

    async def _token(self, receiver: Webhook) -> str:
        while True:
            try:
                async with self._snapshot(receiver) as snapshot:
                    return await snapshot.token()
            except NotReady:
                return NOTHING
            except DatabaseUnavailable:
                await self._wait(1.0)

    async def _follow(self, client: httpx.AsyncClient, receiver: Webhook, token: str) -> None:
        async for _ in self._store.generations():
            token = await self._deliver(client, receiver, token)

    async def _deliver(self, client: httpx.AsyncClient, receiver: Webhook, token: str) -> str:
        """Send the changes since the token. Returns the new token of the receiver."""
        for attempt in range(MOST_ATTEMPTS):
            if attempt:
                await self._wait(min(2.0 ** (attempt - 1), LONGEST_WAIT))
            # Read the changes again for each attempt, because the content may have changed.
            try:
                delivery = await self._delivery(receiver, token)
            except NotReady:
                return token
            except DatabaseUnavailable:
                continue
            if not delivery.body:
                return delivery.token
            if self._delay:
                await self._wait(self._delay)
            if await self._post(client, receiver, delivery.body):
                return delivery.token
        logger.error(
            "The webhook %s failed %d times. The next change is sent together with these changes.",
            receiver.url,
            MOST_ATTEMPTS,
        )
        return token

    async def _delivery(self, receiver: Webhook, token: str) -> _Delivery:
        """The next delivery. Its body is empty if nothing has changed."""
        async with self._snapshot(receiver) as snapshot:
            return _Delivery(await _body(snapshot, token), await snapshot.token())

    def _snapshot(self, receiver: Webhook) -> AbstractAsyncContextManager[Snapshot]:
        return self._store.snapshot(Visibility.PREVIEW if receiver.is_preview else Visibility.PUBLIC)

    async def _post(self, client: httpx.AsyncClient, receiver: Webhook, body: bytes) -> bool:
        headers = {"Content-Type": "application/json", "User-Agent": "content-gateway"}
        if self._secret:
            headers["X-Hub-Signature-256"] = signature(self._secret, body)
        try:
            async with asyncio.timeout(self._timeout):  # the timeout of the client restarts with each byte
                response = await client.post(receiver.url, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            logger.warning("The webhook %s failed: %s.", receiver.url, str(error) or type(error).__name__)
            return False
        if not response.is_success:
            logger.warning("The webhook %s returned status %d.", receiver.url, response.status_code)
        return response.is_success


async def _all_added(snapshot: Snapshot) -> ChangeCounts:
    return ChangeCounts((await read_one(snapshot, StatisticsOf())).articles, 0, 0)


async def _body(snapshot: Snapshot, token: str) -> bytes:
    """The JSON body with the changes since the token, or an empty body."""
    page = await read_one(snapshot, ChangesOf(token or None, MOST_IDS))
    tally = await (snapshot.change_counts(token) if token else _all_added(snapshot))
    stale = await snapshot.changed_ids(token, cache_tags.MAX_PURGED_IDS + 1) if token else ()
    if not any(tally) and not stale:  # an unlisted article is in no count, and its answers have to be purged
        return b""
    ids = {kind: [change.id for change in page.changes if change.type is kind] for kind in ChangeType}
    return orjson.dumps(
        {
            "event": "corpus.changed",
            "revision": (await snapshot.generation()).revision,
            "visibility": snapshot.visibility.value,
            **tally._asdict(),
            "ids": {kind.lower(): found for kind, found in ids.items()},
            "truncated": page.has_more,
            "tags": cache_tags.for_purge(stale) if token else [cache_tags.ALL],
        }
    )

"""Tells others of each generation by a signed POST, again and again until they have taken it.

What is to be told is not queued: it is read from the journal when it is sent, from where the receiver was last told. So
a receiver that is down costs nothing, and when it comes back is told once of all that it missed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import NamedTuple

import httpx
import orjson

from gateway import cache_tags
from gateway.access.tokens import signature
from gateway.errors import NotReady
from gateway.model import ChangeType, Visibility
from gateway.settings import Webhook
from gateway.store.protocol import ChangeCounts, Snapshot, Store

logger = logging.getLogger("gateway.webhooks")

MOST_IDS = 1000
"""That one request names."""
MOST_ATTEMPTS = 8
"""After which the next generation is waited for."""
LONGEST_WAIT = 60.0
TIMEOUT_SECONDS = 10.0


NOTHING = ""
"""Names a database without a generation, of which all that comes is to be told."""


class _Delivery(NamedTuple):
    body: bytes
    token: str
    """What the receiver knows once it has taken the body."""


class Webhooks:
    """Follows the generations of a store for some receivers, each at its own pace."""

    def __init__(
        self,
        store: Store,
        receivers: Sequence[Webhook],
        secret: str | None,
        *,
        wait: Callable[[float], Awaitable[object]] = asyncio.sleep,
        timeout: float = TIMEOUT_SECONDS,
    ) -> None:
        """An attempt may take `timeout` seconds as a whole."""
        self._store = store
        self._receivers = receivers
        self._secret = secret
        self._wait = wait
        self._timeout = timeout

    async def run(self) -> None:
        """Until it is cancelled, or there are no further generations."""
        async with httpx.AsyncClient(timeout=self._timeout) as client:
            await asyncio.gather(*(self._follow(client, receiver) for receiver in self._receivers))

    async def _follow(self, client: httpx.AsyncClient, receiver: Webhook) -> None:
        token: str | None = None
        async for _ in self._store.generations():
            token = await self._deliver(client, receiver, token)

    async def _deliver(self, client: httpx.AsyncClient, receiver: Webhook, token: str | None) -> str | None:
        """Tell of what has changed since the token; what names what the receiver knows then."""
        for attempt in range(MOST_ATTEMPTS):
            if attempt:
                await self._wait(min(2.0 ** (attempt - 1), LONGEST_WAIT))
            # What is told is read anew each time: there may be more by now.
            delivery = await self._delivery(receiver, token)
            if not delivery.body or await self._post(client, receiver, delivery.body):
                return delivery.token
        logger.error("%s was not told in %d attempts; it is told with the next change.", receiver.url, MOST_ATTEMPTS)
        return token

    async def _delivery(self, receiver: Webhook, token: str | None) -> _Delivery:
        """Without a body where there is nothing to tell."""
        visibility = Visibility.PREVIEW if receiver.is_preview else Visibility.PUBLIC
        async with self._store.snapshot(visibility) as snapshot:
            try:
                now = await snapshot.token()
            except NotReady:
                return _Delivery(b"", NOTHING)
            return _Delivery(b"" if token is None else await _body(snapshot, token), now)

    async def _post(self, client: httpx.AsyncClient, receiver: Webhook, body: bytes) -> bool:
        headers = {"Content-Type": "application/json", "User-Agent": "content-gateway"}
        if self._secret:
            headers["X-Hub-Signature-256"] = signature(self._secret, body)
        try:
            async with asyncio.timeout(self._timeout):  # that of the client is for each byte that comes
                response = await client.post(receiver.url, content=body, headers=headers)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            logger.warning("%s cannot be told: %s.", receiver.url, str(error) or type(error).__name__)
            return False
        if not response.is_success:
            logger.warning("%s answered %d.", receiver.url, response.status_code)
        return response.is_success


async def _body(snapshot: Snapshot, token: str) -> bytes:
    """What has changed since the token; empty where nothing has."""
    page = await snapshot.changes(token or None, MOST_IDS)
    tally = await snapshot.change_counts(token) if token else ChangeCounts((await snapshot.statistics()).articles, 0, 0)
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

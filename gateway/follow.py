"""Decides when the folder is read: when files change, when time calls for it, when it was long ago, when asked.

One run goes on at a time. It reads nothing itself, and knows not what a run tells.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from typing import NamedTuple, Protocol

from gateway.content.watch import WHOLE_FOLDER, Watch
from gateway.errors import GatewayError
from gateway.ingest import Report, Wait
from gateway.losses import FEW
from gateway.notice import Noticed

CLOSE = 1.0
"""A run that follows another within so many seconds waits until the changes pause."""
PAUSE = 0.1
LONGEST_PAUSE = 1.0
"""Seconds that a run waits at most for a pause."""
LONGEST_LOSS = 10.0
"""The same where many files are gone: a folder that is being emptied is not to be met half empty."""
AGAIN = 1.0
"""Seconds after which a folder is looked at once more that changed: what was put into it before the system began to
report of it is not reported."""


class Run(Protocol):
    def __call__(self, paths: Collection[str] | None, /, *, accept_empty: bool) -> Awaitable[Report]:
        """Load these paths, or the whole folder. Raises GatewayError where that fails and something else is served,
        and anything else where nothing can be."""
        ...

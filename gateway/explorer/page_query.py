"""Runs the GraphQL queries of the pages with the permissions of the reader."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.requests import Request

from gateway.access.clients import ClientResolver
from gateway.errors import InternalError
from gateway.execution.executor import Executor, OperationRequest
from gateway.web.requests import identify

Data = Mapping[str, Any]


class PageQuery:
    """Runs the documents of the pages as the reader: same permissions, same rate limit."""

    def __init__(self, executor: Executor, clients: ClientResolver, *, previewing: bool) -> None:
        """With `previewing` drafts are included, because browsers cannot send the header for a page."""
        self._executor = executor
        self._clients = clients
        self._previewing = previewing

    async def fetch(self, request: Request, document: str, variables: Data | None = None) -> Data:
        """The data of the answer. Raises RequestError."""
        drafts = "true" if self._previewing else None
        client = identify(self._clients, request.scope, request.headers, drafts)
        answer = await self._executor.answer(OperationRequest(document, variables or {}), client)
        if answer.errors:  # the error and its incident are logged
            raise InternalError("The page could not be rendered. See the log.")
        data: Data = orjson.loads(answer.body)["data"]
        return data

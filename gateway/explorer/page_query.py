"""Runs the GraphQL queries of the pages with the permissions of the reader."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from gateway.access.clients import ClientResolver
from gateway.errors import InternalError
from gateway.execution.executor import Executor, OperationRequest
from gateway.web.cors import include_drafts
from gateway.web.preview_links import preview_cookie
from gateway.web.requests import address_of

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
        headers = request.headers
        drafts = "true" if self._previewing else include_drafts(headers.get("x-include-drafts"), headers)
        viewer, rate_key = self._clients.identify(
            headers.get("authorization"), drafts, preview_cookie(headers), address_of(request)
        )
        prepared = await self._executor.prepare(OperationRequest(document, variables or {}), rate_key)
        answer = await self._executor.execute(prepared, viewer)
        if answer.data is None or answer.errors:  # the error and its incident are logged
            raise InternalError("The page could not be rendered. See the log.")
        data: Data = answer.data
        return data

"""Asks the API, as its clients do, for what a page shows. It decides nothing of what a reader may see: the API does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from gateway.callers import Callers
from gateway.errors import InternalError
from gateway.operation import OperationRequest, Operations
from gateway.web.origins import include_drafts
from gateway.web.preview import pass_of
from gateway.web.requests import address_of

Data = Mapping[str, Any]


class Inquiry:
    """Runs the pages' own documents with the rights of whoever reads the page, who pays for them as for others."""

    def __init__(self, operations: Operations, callers: Callers, *, previewing: bool) -> None:
        """With `previewing` the pages ask for drafts, as a browser cannot by itself: it sends no header of its own."""
        self._operations = operations
        self._callers = callers
        self._previewing = previewing

    async def ask(self, request: Request, document: str) -> Data:
        """The data that the document is answered with. Raises RequestError."""
        headers = request.headers
        drafts = "true" if self._previewing else include_drafts(headers.get("x-include-drafts"), headers)
        viewer, payer = self._callers.caller(
            headers.get("authorization"), drafts, pass_of(headers), address_of(request)
        )
        accepted = await self._operations.accept(OperationRequest(document), payer)
        answer = await self._operations.run(accepted, viewer)
        if answer.data is None or answer.errors:  # the log knows what it was, and under which incident
            raise InternalError("The page could not be made. The log tells why.")
        return answer.data

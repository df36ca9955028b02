"""Asks the API, as its clients do, for what a page shows. It decides nothing of what a reader may see: the API does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from gateway.auth import Authenticator
from gateway.errors import InternalError
from gateway.operation import OperationRequest, Operations
from gateway.web.preview import pass_of

Data = Mapping[str, Any]


class Inquiry:
    """Runs the pages' own documents with the rights of whoever reads the page."""

    def __init__(self, operations: Operations, authenticator: Authenticator, *, previewing: bool) -> None:
        """With `previewing` the pages ask for drafts, as a browser cannot by itself: it sends no header of its own."""
        self._operations = operations
        self._authenticator = authenticator
        self._previewing = previewing

    async def ask(self, request: Request, document: str) -> Data:
        """The data that the document is answered with. Raises RequestError."""
        headers = request.headers
        drafts = "true" if self._previewing else headers.get("x-include-drafts")
        viewer = self._authenticator.viewer(headers.get("authorization"), drafts, pass_of(headers))
        answer = await self._operations.run(await self._operations.accept(OperationRequest(document)), viewer)
        if answer.data is None or answer.errors:  # the log knows what it was, and under which incident
            raise InternalError("The page could not be made. The log tells why.")
        return answer.data

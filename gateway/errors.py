"""The exceptions of the gateway. Each RequestError has a stable code, which docs/errors.md describes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import Self


class GatewayError(Exception):
    """The gateway failed."""

    exit_code = 3

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip().splitlines()[0])

    @property
    def message(self) -> str:
        return str(self)


class SettingsError(GatewayError):
    """The settings are invalid."""

    exit_code = 2


class ContentFolderError(GatewayError):
    """The content folder does not exist or is not a folder."""

    exit_code = 2


class FrontMatterError(GatewayError):
    """The front matter cannot be read.

    Has the position and the code, from which the caller makes a problem.
    """

    def __init__(self, code: str, message: str, *, line: int = 1, column: int = 1, hint: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.line = line
        self.column = column
        self.hint = hint


class StoreError(GatewayError):
    """The database cannot be used."""


class Superseded(StoreError):
    """Another loader has written the database since this one did."""


class ParserError(GatewayError):
    """A process for parsing files cannot be started."""


class PackagesError(GatewayError):
    """GraphiQL cannot be built from its npm packages."""


class NotCompiled(GatewayError):
    """The operation has no plan. Has the reason. graphql-core executes it."""


class Abandoned(GatewayError):
    """The client closed its connection before its operation began."""


class RequestError(GatewayError):
    """The request failed.

    The response has the `extensions` beside the code.
    """

    code = "BAD_REQUEST"
    status = HTTPStatus.BAD_REQUEST
    headers: Mapping[str, str] = MappingProxyType({})
    is_about_operation = False
    """Whether the request is well-formed but its operation is invalid. The response is then a GraphQL response."""

    def __init__(self, message: str | None = None, **extensions: object) -> None:
        super().__init__(message)
        self.extensions: dict[str, object] = {"code": self.code, **extensions}

    def entries(self) -> list[Mapping[str, object]]:
        """The items of `errors` in the response."""
        return [{"message": self.message, "extensions": self.extensions}]

    def copy(self) -> Self:
        """An equal error without a traceback and a cause, which would keep the values of their frames alive."""
        found = type(self).__new__(type(self), *self.args)
        found.__dict__.update(self.__dict__)
        return found


class BadUserInput(RequestError):
    """An argument has an invalid value."""

    code = "BAD_USER_INPUT"
    is_about_operation = True


class OperationRefused(RequestError):
    """The operation is invalid."""

    is_about_operation = True

    def __init__(self, causes: Sequence[Mapping[str, object]]) -> None:
        """`causes` are GraphQL errors with message and locations. Each of them gets the code."""
        super().__init__()
        self._causes = causes

    def entries(self) -> list[Mapping[str, object]]:
        return [{**cause, "extensions": self.extensions} for cause in self._causes]


class ParseFailed(OperationRefused):
    """The document is not valid GraphQL."""

    code = "GRAPHQL_PARSE_FAILED"


class ValidationFailed(OperationRefused):
    """The document does not fit the schema."""

    code = "GRAPHQL_VALIDATION_FAILED"


class VariablesRefused(OperationRefused):
    """The variables have invalid values."""

    code = "BAD_USER_INPUT"


class OperationNotFound(RequestError):
    """The document does not have the operation, or has more than one. Send the name of one in 'operationName'."""

    code = "OPERATION_RESOLUTION_FAILURE"
    is_about_operation = True


class PersistedQueryNotFound(RequestError):
    """PersistedQueryNotFound"""

    # Clients compare this message of the protocol, and then send the document. Apollo iOS does so only with the status
    # 200, which Apollo Server sends for every media type.
    code = "PERSISTED_QUERY_NOT_FOUND"
    status = HTTPStatus.OK
    is_about_operation = True


class PersistedQueryNotSupported(RequestError):
    """PersistedQueryNotSupported"""

    code = "PERSISTED_QUERY_NOT_SUPPORTED"
    status = HTTPStatus.OK
    is_about_operation = True


class PersistedQueryMismatch(RequestError):
    """The digest does not match the document."""

    code = "PERSISTED_QUERY_MISMATCH"


class UntrustedDocument(RequestError):
    """The document is not in the server's manifest of trusted documents."""

    code = "UNTRUSTED_DOCUMENT"
    status = HTTPStatus.FORBIDDEN


class LimitExceeded(RequestError):
    """The operation exceeds a limit."""

    code = "LIMIT_EXCEEDED"
    is_about_operation = True

    def __init__(self, limit: str, allowed: int, actual: int, message: str | None = None) -> None:
        super().__init__(
            message or f"The operation exceeds the limit '{limit}': {actual} where {allowed} are allowed.",
            limit=limit,
            allowed=allowed,
            actual=actual,
        )


class PreflightRequired(RequestError):
    """The GET may be a cross-site request. Send the header 'GraphQL-Require-Preflight: 1', or use POST."""

    code = "PREFLIGHT_REQUIRED"


class Unauthenticated(RequestError):
    """The credential is unknown or has expired."""

    code = "UNAUTHENTICATED"
    status = HTTPStatus.UNAUTHORIZED
    headers = MappingProxyType({"WWW-Authenticate": "Bearer"})


class Forbidden(RequestError):
    """The credential does not permit this."""

    code = "FORBIDDEN"
    status = HTTPStatus.FORBIDDEN


class NotFound(RequestError):
    """The path does not exist."""

    code = "NOT_FOUND"
    status = HTTPStatus.NOT_FOUND


class MethodNotAllowed(RequestError):
    """The path does not support this method."""

    code = "METHOD_NOT_ALLOWED"
    status = HTTPStatus.METHOD_NOT_ALLOWED

    def __init__(self, allowed: str, message: str | None = None) -> None:
        """`allowed` is the value of the header Allow."""
        super().__init__(message)
        self.headers = {"Allow": allowed}


class NotAcceptable(RequestError):
    """The client does not accept any media type of this server."""

    code = "NOT_ACCEPTABLE"
    status = HTTPStatus.NOT_ACCEPTABLE


class RequestTimeout(RequestError):
    """The request did not arrive completely within the time limit."""

    code = "REQUEST_TIMEOUT"
    status = HTTPStatus.REQUEST_TIMEOUT


class PayloadTooLarge(RequestError):
    """The body exceeds the size limit."""

    code = "PAYLOAD_TOO_LARGE"
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class HeadTooLarge(RequestError):
    """The request line and headers exceed the size limit."""

    code = "HEAD_TOO_LARGE"
    status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE

    def __init__(self, allowed: int) -> None:
        """`allowed` is the limit `head_bytes`."""
        text = f"The request line and headers exceed the limit 'head_bytes': {allowed} bytes are allowed."
        super().__init__(text, limit="head_bytes", allowed=allowed)


class UnsupportedMediaType(RequestError):
    """The body has an unsupported media type or encoding."""

    code = "UNSUPPORTED_MEDIA_TYPE"
    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


class MisdirectedRequest(RequestError):
    """This server does not serve the requested host."""

    code = "MISDIRECTED_REQUEST"
    status = HTTPStatus.MISDIRECTED_REQUEST


class RateLimited(RequestError):
    """The client exceeds its rate limit."""

    code = "RATE_LIMITED"
    status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, seconds: int) -> None:
        """`seconds` is the time until the same operation is allowed."""
        super().__init__(f"The client exceeds its rate limit. Retry after {seconds} s.")
        self.headers = {"Retry-After": str(seconds)}


class NotReady(RequestError):
    """The content is still being loaded."""

    code = "NOT_READY"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    headers = MappingProxyType({"Retry-After": "1"})


class DatabaseUnavailable(RequestError):
    """The database cannot be reached. Retry later."""

    code = "DATABASE_UNAVAILABLE"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    headers = MappingProxyType({"Retry-After": "1"})


class NotWriting(RequestError):
    """Another process writes the database and watches the content. Send the request to that process."""

    code = "NOT_WRITING"
    status = HTTPStatus.SERVICE_UNAVAILABLE


class ExplorerMissing(RequestError):
    """GraphiQL is not part of this installation. Build the wheel with npm, or run 'make explorer' in a checkout."""

    code = "EXPLORER_MISSING"
    status = HTTPStatus.SERVICE_UNAVAILABLE


class Overloaded(RequestError):
    """The server is overloaded."""

    code = "OVERLOADED"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    headers = MappingProxyType({"Retry-After": "1"})


class OperationTimedOut(RequestError):
    """The operation exceeded the time limit."""

    code = "OPERATION_TIMED_OUT"
    status = HTTPStatus.SERVICE_UNAVAILABLE


class SchemaChanged(RequestError):
    """The schema changed. Subscribe again."""

    code = "SCHEMA_CHANGED"
    status = HTTPStatus.CONFLICT


class InternalError(RequestError):
    """The server failed. Its log has the cause, under the incident id."""

    code = "INTERNAL_SERVER_ERROR"
    status = HTTPStatus.INTERNAL_SERVER_ERROR


class ReloadFailed(RequestError):
    """The folder cannot be loaded. The previous content is still served."""

    code = "RELOAD_FAILED"
    status = HTTPStatus.INTERNAL_SERVER_ERROR

"""The tree of errors. What a client may see carries a stable code; each code has its paragraph in docs/errors.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType


class GatewayError(Exception):
    """Something went wrong in the gateway."""

    exit_code = 3

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip().splitlines()[0])

    @property
    def message(self) -> str:
        return str(self)


class SettingsError(GatewayError):
    """The settings are not usable."""

    exit_code = 2


class ContentFolderError(GatewayError):
    """The content folder does not exist or is no folder."""

    exit_code = 2


class FrontMatterError(GatewayError):
    """The front matter cannot be read. Carries where, so that the caller can make a problem of it."""

    def __init__(self, code: str, message: str, *, line: int = 1, column: int = 1, hint: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.line = line
        self.column = column
        self.hint = hint


class StoreError(GatewayError):
    """The database cannot be used."""


class ParserError(GatewayError):
    """No process can be started to parse files in."""


class PackagesError(GatewayError):
    """GraphiQL cannot be brought from its packages."""


class Abandoned(GatewayError):
    """The client has closed its connection before its operation began."""


class RequestError(GatewayError):
    """The request cannot be answered. `extensions` are told to the client beside the code."""

    code = "BAD_REQUEST"
    status = HTTPStatus.BAD_REQUEST
    headers: Mapping[str, str] = MappingProxyType({})
    is_about_operation = False
    """Whether the request is well-formed, and it is the operation in it that is wrong: GraphQL's own to answer."""

    def __init__(self, message: str | None = None, **extensions: object) -> None:
        super().__init__(message)
        self.extensions: dict[str, object] = {"code": self.code, **extensions}

    def entries(self) -> list[Mapping[str, object]]:
        """What stands under `errors` in the answer."""
        return [{"message": self.message, "extensions": self.extensions}]


class BadUserInput(RequestError):
    """An argument has a value that the field does not take."""

    code = "BAD_USER_INPUT"
    is_about_operation = True


class OperationRefused(RequestError):
    """The operation cannot be run."""

    is_about_operation = True

    def __init__(self, causes: Sequence[Mapping[str, object]]) -> None:
        """`causes` are the errors in GraphQL's form, with message and locations; each is given the code."""
        super().__init__()
        self._causes = causes

    def entries(self) -> list[Mapping[str, object]]:
        return [{**cause, "extensions": self.extensions} for cause in self._causes]


class ParseFailed(OperationRefused):
    """The document is not GraphQL."""

    code = "GRAPHQL_PARSE_FAILED"


class ValidationFailed(OperationRefused):
    """The document does not fit the schema."""

    code = "GRAPHQL_VALIDATION_FAILED"


class VariablesRefused(OperationRefused):
    """The variables have values that the operation does not take."""

    code = "BAD_USER_INPUT"


class OperationNotFound(RequestError):
    """The document does not say which operation to run."""

    code = "OPERATION_RESOLUTION_FAILURE"
    is_about_operation = True


class PersistedQueryNotFound(RequestError):
    """PersistedQueryNotFound"""

    # The message is the protocol's: clients look for it, and send the document then. Apollo iOS does so only if the
    # status is 200, which Apollo Server sends, whatever media type it accepts.
    code = "PERSISTED_QUERY_NOT_FOUND"
    status = HTTPStatus.OK
    is_about_operation = True


class PersistedQueryNotSupported(RequestError):
    """PersistedQueryNotSupported"""

    code = "PERSISTED_QUERY_NOT_SUPPORTED"
    status = HTTPStatus.OK
    is_about_operation = True


class PersistedQueryMismatch(RequestError):
    """The digest is not that of the document."""

    code = "PERSISTED_QUERY_MISMATCH"


class UntrustedDocument(RequestError):
    """Only documents that the operator trusts are run, and this is none of them."""

    code = "UNTRUSTED_DOCUMENT"
    status = HTTPStatus.FORBIDDEN


class LimitExceeded(RequestError):
    """The operation asks for more than is allowed."""

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
    """Send the header 'GraphQL-Require-Preflight: 1' with a GET, or use POST: pages of other sites can send neither."""

    code = "PREFLIGHT_REQUIRED"


class Unauthenticated(RequestError):
    """The credential is unknown or has expired."""

    code = "UNAUTHENTICATED"
    status = HTTPStatus.UNAUTHORIZED
    headers = MappingProxyType({"WWW-Authenticate": "Bearer"})


class Forbidden(RequestError):
    """The caller has no right to this."""

    code = "FORBIDDEN"
    status = HTTPStatus.FORBIDDEN


class NotFound(RequestError):
    """There is nothing at this path."""

    code = "NOT_FOUND"
    status = HTTPStatus.NOT_FOUND


class MethodNotAllowed(RequestError):
    """The path does not take this method."""

    code = "METHOD_NOT_ALLOWED"
    status = HTTPStatus.METHOD_NOT_ALLOWED

    def __init__(self, allowed: str, message: str | None = None) -> None:
        """`allowed` names the methods that the path takes, as the header Allow does."""
        super().__init__(message)
        self.headers = {"Allow": allowed}


class NotAcceptable(RequestError):
    """None of the media types that the client accepts can be served."""

    code = "NOT_ACCEPTABLE"
    status = HTTPStatus.NOT_ACCEPTABLE


class RequestTimeout(RequestError):
    """The request did not come whole in the time that is allowed."""

    code = "REQUEST_TIMEOUT"
    status = HTTPStatus.REQUEST_TIMEOUT


class PayloadTooLarge(RequestError):
    """The body is larger than is allowed."""

    code = "PAYLOAD_TOO_LARGE"
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class HeadTooLarge(RequestError):
    """The request's line and headers are larger than is allowed."""

    code = "HEAD_TOO_LARGE"
    status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE

    def __init__(self, allowed: int) -> None:
        """`allowed` is the limit `head_bytes`."""
        text = f"The request's line and headers exceed the limit 'head_bytes': {allowed} bytes are allowed."
        super().__init__(text, limit="head_bytes", allowed=allowed)


class UnsupportedMediaType(RequestError):
    """The body is of a media type or an encoding that is not read here."""

    code = "UNSUPPORTED_MEDIA_TYPE"
    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


class MisdirectedRequest(RequestError):
    """The request was sent to a host that this server does not answer for."""

    code = "MISDIRECTED_REQUEST"
    status = HTTPStatus.MISDIRECTED_REQUEST


class RateLimited(RequestError):
    """The client asks for more in a minute than it may."""

    code = "RATE_LIMITED"
    status = HTTPStatus.TOO_MANY_REQUESTS

    def __init__(self, seconds: int) -> None:
        """`seconds` are those after which there is room for the same operation."""
        super().__init__(f"The client asks for more in a minute than it may. Come again in {seconds} s.")
        self.headers = {"Retry-After": str(seconds)}


class NotReady(RequestError):
    """The content is still being loaded."""

    code = "NOT_READY"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    headers = MappingProxyType({"Retry-After": "1"})


class NotWriting(RequestError):
    """Another process writes the database, and follows the content. Ask that one to reload."""

    code = "NOT_WRITING"
    status = HTTPStatus.SERVICE_UNAVAILABLE


class ExplorerMissing(RequestError):
    """GraphiQL is no part of this installation. Build the wheel where npm is, or run 'make explorer' in a checkout."""

    code = "EXPLORER_MISSING"
    status = HTTPStatus.SERVICE_UNAVAILABLE


class Overloaded(RequestError):
    """The server has too much to do."""

    code = "OVERLOADED"
    status = HTTPStatus.SERVICE_UNAVAILABLE
    headers = MappingProxyType({"Retry-After": "1"})


class OperationTimedOut(RequestError):
    """The operation took longer than is allowed."""

    code = "OPERATION_TIMED_OUT"
    status = HTTPStatus.SERVICE_UNAVAILABLE


class InternalError(RequestError):
    """Something went wrong in the server. Its log tells what, under the incident's id."""

    code = "INTERNAL_SERVER_ERROR"
    status = HTTPStatus.INTERNAL_SERVER_ERROR


class ReloadFailed(RequestError):
    """The folder could not be loaded; what was loaded before is still served."""

    code = "RELOAD_FAILED"
    status = HTTPStatus.INTERNAL_SERVER_ERROR

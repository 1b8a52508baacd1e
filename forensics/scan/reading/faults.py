"""What went wrong on the network: one stable word, a sentence without secrets, and whether to try again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["Fault", "HttpStatus", "PrivateAddress", "TooLarge", "explained"]

MESSAGES = {
    "empty": "the file is empty",
    "io": "the file could not be fetched",
    "io_denied": "access to the file is denied",
    "io_not_found": "there is no such file",
    "io_throttled": "the server wants fewer requests",
    "io_timeout": "the server took too long",
    "private_address": "this leads to an address that is not public",
    "too_large": "the file has more bytes than are allowed",
}

_BY_STATUS = {
    401: "io_denied",
    403: "io_denied",
    404: "io_not_found",
    407: "io_denied",
    408: "io_timeout",
    410: "io_not_found",
    416: "empty",
    429: "io_throttled",
    451: "io_denied",
    503: "io_throttled",
    504: "io_timeout",
}
_THROTTLING = ("SlowDown", "Throttling", "ThrottlingException", "RequestLimitExceeded", "TooManyRequests")


class HttpStatus(Exception):
    """An answer that is not the file.

    Args:
        status: Its number.
    """

    def __init__(self, status: int) -> None:
        super().__init__(f"HTTP {status}")
        self.status = status


class PrivateAddress(PermissionError):
    """A name leads to an address that is not public."""


class TooLarge(Exception):
    """More bytes came than are allowed."""


@dataclass(frozen=True)
class Fault:
    """What an error means.

    Attributes:
        reason: One stable word.
        message: The same in a sentence; nothing of it comes from the network.
        again: Whether another attempt may help.
    """

    reason: str
    message: str
    again: bool


def explained(error: BaseException) -> Fault:
    """Return what an error of fsspec, or of what works below it, means."""
    chain = list(_chain(error))
    if any(isinstance(one, PrivateAddress) for one in chain):
        return _fault("private_address", again=False)
    if any(isinstance(one, TooLarge) for one in chain):
        return _fault("too_large", again=False)
    for one in chain:
        status = _status(one)
        if status:
            reason = "io_throttled" if _code(one) in _THROTTLING else _BY_STATUS.get(status, "io")
            return _fault(reason, again=status >= 500 or reason in ("io_throttled", "io_timeout"))
    return _by_kind(chain)


def _by_kind(chain: list[BaseException]) -> Fault:
    names = {kind.__name__ for one in chain for kind in type(one).__mro__}
    if names & {"FileNotFoundError", "NoSuchBucket", "NoSuchKey"}:
        return _fault("io_not_found", again=False)
    if names & {"PermissionError", "NoCredentialsError"}:
        return _fault("io_denied", again=False)
    if names & {"TimeoutError", "FSTimeoutError", "ConnectTimeoutError", "ReadTimeoutError"}:
        return _fault("io_timeout", again=True)
    return _fault(
        "io", again=bool(names & {"OSError", "ClientError", "HTTPClientError", "IncompleteReadError"})
    )


def _fault(reason: str, *, again: bool) -> Fault:
    return Fault(reason, MESSAGES[reason], again)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    for _ in range(8):
        if error is None:
            return
        yield error
        inner = getattr(error, "os_error", None)
        error = inner if isinstance(inner, BaseException) else error.__cause__ or error.__context__


def _response(error: BaseException) -> dict[str, Any]:
    response = getattr(error, "response", None)
    return response if isinstance(response, dict) else {}


def _status(error: BaseException) -> int:
    """The HTTP status that an error carries; 0 if none."""
    known = getattr(error, "status", None) or _response(error).get("ResponseMetadata", {}).get(
        "HTTPStatusCode"
    )
    return known if isinstance(known, int) else 0


def _code(error: BaseException) -> str:
    return str(_response(error).get("Error", {}).get("Code", ""))

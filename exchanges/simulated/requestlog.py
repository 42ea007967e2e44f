"""The judge of what was sent: every signed request as one JSON line."""

from typing import Protocol

import msgspec

SECRETS = frozenset({"signature", "apiKey", "nonce", "token"})
PLACING = frozenset(
    {("POST", "/api/v3/order"), ("WS", "order.place"), ("POST", "/0/private/AddOrder"), ("WS", "add_order")}
)
"""Method and path of the requests that place an order."""
CANCELLING = frozenset(
    {("DELETE", "/api/v3/order"), ("WS", "order.cancel"), ("POST", "/0/private/CancelOrder"), ("WS", "cancel_order")}
)
"""Of those that cancel one."""


class LineFile(Protocol):
    """A binary file; opened unbuffered, a written line survives the process's death."""

    def write(self, line: bytes, /) -> object: ...

    def flush(self) -> object: ...


class RequestLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """One signed request: REST with its HTTP method and path, WebSocket as method `WS` with its own method as path.
    `code` is 0, or the venue's code of refusal, and `error` its text."""

    time_ns: int
    method: str
    path: str
    params: dict[str, str]
    status: int
    code: int
    error: str = ""


class RequestLog:
    def __init__(self, file: LineFile) -> None:
        self._file = file
        self.lines = 0

    def append(self, line: RequestLine) -> None:
        """Write one line, without its secrets; it is the operating system's when this returns."""
        shown = {name: value for name, value in line.params.items() if name not in SECRETS}
        self._file.write(msgspec.json.encode(msgspec.structs.replace(line, params=shown)) + b"\n")
        self._file.flush()
        self.lines += 1

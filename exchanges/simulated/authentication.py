"""Who may ask: API key, HMAC-SHA256 signature over the raw bytes, and a timestamp inside its window."""

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from .api_keys import ApiKey, read_api_key
from .errors import (
    BAD_SIGNATURE,
    KEY_MALFORMED,
    KEY_REFUSED,
    LOGON_WITH_HMAC,
    TIMESTAMP_AHEAD,
    TIMESTAMP_OUTSIDE,
    WINDOW_TOO_LARGE,
    RequestRefused,
    missing,
)
from .parameters import read_integer
from .records import MAIN

DEFAULT_WINDOW_MS = 5_000
MAX_WINDOW_MS = 60_000
AHEAD_MAX_MS = 1_000


class OtherAccount(NamedTuple):
    """An account of the venue beside its main one; it trades with that, too. `uid` is above 1, and `api_secret` a
    secret for HMAC or a public key of Ed25519 as PEM."""

    uid: int
    api_key: str
    api_secret: str
    opening_balances: dict[str, Decimal]


class Authenticator:
    """Holds each account's keys; `check` raises RequestRefused with Binance's code."""

    def __init__(self, api_key: str, api_secret: str) -> None:
        """Raises ValueError, as `add` does, for a public key of another kind than Ed25519."""
        self._accounts: dict[bytes, tuple[ApiKey, int]] = {}
        self.add(api_key, api_secret, MAIN)

    def add(self, api_key: str, api_secret: str, uid: int) -> None:
        self._accounts[api_key.encode()] = read_api_key(api_secret), uid

    def check(self, api_key: str | None, signed: bytes | None, params: Mapping[str, str], now_ms: int) -> int:
        """The account whose key it is. `signed` are the bytes the signature covers, None where it was seen before and
        only the time is judged; `params` are the parsed parameters, signature included."""
        if not api_key:
            raise RequestRefused(KEY_MALFORMED)
        if (account := self._accounts.get(api_key.encode(errors="replace"))) is None:
            raise RequestRefused(KEY_REFUSED)
        key, uid = account
        timestamp_ms = read_integer(params, "timestamp")
        if timestamp_ms is None:
            raise RequestRefused(missing("timestamp"))
        if signed is not None and not key.signed(signed, params.get("signature", "")):
            raise RequestRefused(BAD_SIGNATURE)
        _check_time(timestamp_ms, read_integer(params, "recvWindow"), now_ms)
        return uid

    def check_logon(self, api_key: str) -> None:
        """Raises RequestRefused for a key that signs every request."""
        if not self._accounts[api_key.encode()][0].logs_on:
            raise RequestRefused(LOGON_WITH_HMAC)


def signed_bytes(raw: bytes) -> bytes:
    """A url-encoded string without its signature, byte for byte."""
    return b"&".join(part for part in raw.split(b"&") if not part.startswith(b"signature="))


def signed_fields(params: Mapping[str, str]) -> bytes:
    """What a WebSocket request signs: its parameters by name, without the signature."""
    return "&".join(f"{name}={params[name]}" for name in sorted(params) if name != "signature").encode()


def _check_time(timestamp_ms: int, window_ms: int | None, now_ms: int) -> None:
    window_ms = DEFAULT_WINDOW_MS if window_ms is None else window_ms
    if window_ms > MAX_WINDOW_MS:
        raise RequestRefused(WINDOW_TOO_LARGE)
    if timestamp_ms > now_ms + AHEAD_MAX_MS:
        raise RequestRefused(TIMESTAMP_AHEAD)
    if now_ms - timestamp_ms > window_ms:
        raise RequestRefused(TIMESTAMP_OUTSIDE)

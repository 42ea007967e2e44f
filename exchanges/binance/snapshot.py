"""The REST book snapshot of Binance spot, decoded as strictly as the streams."""

import msgspec

from ..book_sync import BookSnapshot
from ..market_events import Id, MalformedFrame, to_level


class _Snapshot(msgspec.Struct):
    lastUpdateId: Id  # noqa: N815 - the venue's name
    bids: tuple[tuple[str, str], ...]
    asks: tuple[tuple[str, str], ...]


_decode = msgspec.json.Decoder(_Snapshot).decode


def decode_snapshot(payload: bytes) -> BookSnapshot:
    """The answer to GET /api/v3/depth; `MalformedFrame` where it is not one."""
    try:
        wire = _decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedFrame(f"not a book snapshot: {error}; it begins {payload[:120]!r}") from error
    return BookSnapshot(wire.lastUpdateId, tuple(map(to_level, wire.bids)), tuple(map(to_level, wire.asks)))

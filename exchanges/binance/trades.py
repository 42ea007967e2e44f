"""The trades that Binance spot tells over REST, decoded as strictly as those of the streams."""

import msgspec

from ..decoding import Malformed
from ..market_events import PRICES, SIZES, Id, MalformedFrame, Milliseconds, TradeEvent


class _Trade(msgspec.Struct, gc=False):
    id: Id
    price: str
    qty: str
    time: Milliseconds
    isBuyerMaker: bool  # noqa: N815 - the venue's name


_decode = msgspec.json.Decoder(list[_Trade]).decode


def decode_trades(payload: bytes) -> tuple[TradeEvent, ...]:
    """The answer to GET /api/v3/historicalTrades, by rising number; `MalformedFrame` where it is not one."""
    try:
        rows = sorted(_decode(payload), key=lambda row: row.id)
    except Malformed as error:
        raise MalformedFrame(f"not a list of trades: {error}; it begins {payload[:120]!r}") from error
    return tuple(
        TradeEvent("", row.time, row.time, row.id, PRICES[row.price], SIZES[row.qty], row.isBuyerMaker) for row in rows
    )

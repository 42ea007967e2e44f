"""Kraken spot's AssetPairs: which symbols there are, in which steps they trade, and which do not trade now."""

from decimal import Decimal
from typing import Annotated, Any

import msgspec

from ...trading.instruments import Instrument
from ...trading.universe import Listing
from ..market_events import MalformedFrame, to_number

URL = "https://api.kraken.com/0/public/AssetPairs"
ONLINE = "online"
AMOUNT_MAX = Decimal(10**12)
RENAMED = {"XBT": "BTC", "XDG": "DOGE"}
"""What Kraken calls otherwise than everyone, in the names that its stream had first."""
Places = Annotated[int, msgspec.Meta(ge=0, le=18)]


class _Pair(msgspec.Struct):
    wsname: str
    pair_decimals: Places
    lot_decimals: Places
    ordermin: str = "0"
    costmin: str = "0"
    tick_size: str = ""
    status: str = ONLINE


class _Answer(msgspec.Struct):
    result: dict[str, _Pair]
    error: tuple[str, ...] = ()


_decode = msgspec.json.Decoder(_Answer).decode


def unify(wsname: str) -> str:
    """The symbol of a market by the name that its streams have for it."""
    base, _, quote = wsname.partition("/")
    return f"{RENAMED.get(base, base)}/{RENAMED.get(quote, quote)}"


def is_named_alike(market: Any) -> bool:
    """Whether ccxt and the venue's WebSocket mean the same coin by ccxt's symbol: it has some codes of its own."""
    return unify(str(market["info"].get("wsname") or "")) == str(market["symbol"])


def decode_listing(payload: bytes) -> Listing:
    """Raises MalformedFrame where the answer is not a listing."""
    try:
        pairs = _decode(payload).result
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedFrame(f"not a listing: {error}; it begins {payload[:120]!r}") from error
    listed = [(_instrument(name, pair), pair.status) for name, pair in pairs.items()]
    return Listing(
        {instrument.symbol: instrument for instrument, _ in listed},
        {instrument.symbol: status[:32] for instrument, status in listed if status != ONLINE},
    )


def _instrument(name: str, pair: _Pair) -> Instrument:
    symbol = unify(pair.wsname)
    base, _, quote = symbol.partition("/")
    return Instrument(
        symbol=symbol,
        venue_symbol=name,
        base=base,
        quote=quote,
        tick_size=_plain(to_number(pair.tick_size)) if pair.tick_size else _step(pair.pair_decimals),
        step_size=_step(pair.lot_decimals),
        min_amount=_plain(to_number(pair.ordermin)),
        max_amount=AMOUNT_MAX,
        min_notional=_plain(to_number(pair.costmin)),
    )


def _step(places: int) -> Decimal:
    return Decimal(1).scaleb(-places)


def _plain(number: Decimal) -> Decimal:
    """As ccxt spells it: without the zeros at its end."""
    return number.quantize(Decimal(1)) if number == number.to_integral_value() else number.normalize()

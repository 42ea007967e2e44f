"""Binance spot's exchangeInfo: which symbols there are, in which steps they trade, and which do not trade now."""

from decimal import Decimal

import msgspec

from ...trading.instruments import Instrument
from ...trading.universe import Listing
from ..market_events import MalformedFrame, to_number

URL = "https://api.binance.com/api/v3/exchangeInfo"
TRADING = "TRADING"


class _Filter(msgspec.Struct):
    filterType: str = ""  # noqa: N815 - the venue's name
    tickSize: str = "0"  # noqa: N815
    stepSize: str = "0"  # noqa: N815
    minQty: str = "0"  # noqa: N815
    maxQty: str = "0"  # noqa: N815
    minNotional: str = "0"  # noqa: N815


class _Symbol(msgspec.Struct):
    symbol: str
    status: str
    baseAsset: str  # noqa: N815
    quoteAsset: str  # noqa: N815
    filters: tuple[_Filter, ...]


class _Info(msgspec.Struct):
    symbols: tuple[_Symbol, ...]


_decode = msgspec.json.Decoder(_Info).decode


def decode_listing(payload: bytes) -> Listing:
    """Raises MalformedFrame where the answer is not a listing."""
    try:
        instruments = [(_instrument(symbol), symbol.status) for symbol in _decode(payload).symbols]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedFrame(f"not a listing: {error}; it begins {payload[:120]!r}") from error
    return Listing(
        {instrument.symbol: instrument for instrument, _ in instruments},
        {instrument.symbol: status[:32] for instrument, status in instruments if status != TRADING},
    )


def _instrument(told: _Symbol) -> Instrument:
    filters = {each.filterType: each for each in told.filters}
    price, lot = filters.get("PRICE_FILTER", _Filter()), filters.get("LOT_SIZE", _Filter())
    notional = filters.get("NOTIONAL") or filters.get("MIN_NOTIONAL") or _Filter()
    return Instrument(
        symbol=f"{told.baseAsset}/{told.quoteAsset}",
        venue_symbol=told.symbol,
        base=told.baseAsset,
        quote=told.quoteAsset,
        tick_size=_step(price.tickSize),
        step_size=_step(lot.stepSize),
        min_amount=_step(lot.minQty),
        max_amount=_step(lot.maxQty),
        min_notional=_step(notional.minNotional),
    )


def _step(text: str) -> Decimal:
    """As ccxt spells it: without the zeros at its end."""
    number = to_number(text)
    return number.quantize(Decimal(1)) if number == number.to_integral_value() else number.normalize()

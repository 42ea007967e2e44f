"""Binance spot's exchangeInfo: which symbols there are, in which steps they trade, and which do not trade now."""

from decimal import Decimal
from urllib.parse import quote

import msgspec

from ...trading.instruments import Instrument
from ...trading.universe import Listing
from ..market_events import MalformedFrame, to_number

URL = "https://api.binance.com/api/v3/exchangeInfo"
PLAIN = "showPermissionSets=false"
"""Most of a listing says who may trade what."""
WHOLE = f"{URL}?{PLAIN}"
UNKNOWN = b"-1121"
WEIGHT = 20
TRADING = "TRADING"
SYMBOLS_AT_ONCE = 200
"""That one request names: a longer address may not pass."""


class _Filter(msgspec.Struct):
    filterType: str = ""  # noqa: N815 - the venue's name
    tickSize: str = "0"  # noqa: N815
    stepSize: str = "0"  # noqa: N815
    minQty: str = "0"  # noqa: N815
    maxQty: str = "0"  # noqa: N815
    minNotional: str = "0"  # noqa: N815
    maxPrice: str = "0"  # noqa: N815
    maxNotional: str = "0"  # noqa: N815


class _Symbol(msgspec.Struct):
    symbol: str
    status: str
    baseAsset: str  # noqa: N815
    quoteAsset: str  # noqa: N815
    filters: tuple[_Filter, ...]


class _Info(msgspec.Struct):
    symbols: tuple[_Symbol, ...]


_decode = msgspec.json.Decoder(_Info).decode


def spell_symbols(symbols: tuple[str, ...]) -> str:
    """As the venue takes them in a request."""
    return msgspec.json.encode([symbol.replace("/", "") for symbol in symbols]).decode()


def ask_some(symbols: tuple[str, ...]) -> str:
    return f"{WHOLE}&symbols={quote(spell_symbols(symbols))}"


def refuses(body: bytes) -> bool:
    """One of the names that were asked for is not listed."""
    return UNKNOWN in body[:200]


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
        max_price=_step(price.maxPrice) or None,
        max_notional=_step(notional.maxNotional) or None,
    )


def _step(text: str) -> Decimal:
    """As ccxt spells it: without the zeros at its end."""
    number = to_number(text)
    return number.quantize(Decimal(1)) if number == number.to_integral_value() else number.normalize()

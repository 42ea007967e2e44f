"""How Kraken spells things: assets and pairs by their old names over REST, orders and trades by txid."""

from collections.abc import Iterable
from typing import NamedTuple

from ....trading.instruments import Instrument

OLD_NAMES: dict[str, str] = {
    "BTC": "XXBT", "DOGE": "XXDG", "ETC": "XETC", "ETH": "XETH", "LTC": "XLTC", "MLN": "XMLN", "REP": "XREP",
    "XLM": "XXLM", "XMR": "XXMR", "XRP": "XXRP", "ZEC": "XZEC",
    "AUD": "ZAUD", "CAD": "ZCAD", "EUR": "ZEUR", "GBP": "ZGBP", "JPY": "ZJPY", "USD": "ZUSD",
}  # fmt: skip
"""Assets of the first years have a letter for their class before them; all others are named as everywhere."""
_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_GROUPS = (5, 5, 6)
_LENGTH = sum(_GROUPS)
AMENDS = 10**18


class Pair(NamedTuple):
    """One instrument's names: of REST, the short one of REST, of WebSocket v1, of v2, and of the engine."""

    id: str
    altname: str
    wsname: str
    symbol: str
    venue_symbol: str
    instrument: Instrument


def asset_id(code: str) -> str:
    return OLD_NAMES.get(code, code)


def asset_altname(code: str) -> str:
    return OLD_NAMES[code][1:] if code in OLD_NAMES else code


def pair_of(instrument: Instrument) -> Pair:
    base, quote = asset_altname(instrument.base), asset_altname(instrument.quote)
    both_old = instrument.base in OLD_NAMES and instrument.quote in OLD_NAMES
    pair_id = asset_id(instrument.base) + asset_id(instrument.quote) if both_old else base + quote
    return Pair(pair_id, base + quote, f"{base}/{quote}", instrument.symbol, instrument.venue_symbol, instrument)


class Pairs:
    """Every instrument under each of its names."""

    def __init__(self, instruments: Iterable[Instrument]) -> None:
        self.all = tuple(map(pair_of, instruments))
        self.by_venue_symbol = {pair.venue_symbol: pair for pair in self.all}
        self.by_symbol = {pair.symbol: pair for pair in self.all}
        self._by_name = {name: pair for pair in self.all for name in (pair.wsname, pair.altname, pair.id)}

    def find(self, name: str) -> Pair | None:
        """By a name of REST."""
        return self._by_name.get(name)


def order_txid(order_id: int) -> str:
    return _txid("O", order_id)


def trade_txid(trade_id: int) -> str:
    return _txid("T", trade_id)


def amend_txid(number: int) -> str:
    """Of an amendment: told apart from those of trades."""
    return _txid("T", AMENDS + number)


def number_of(txid: str) -> int | None:
    """The number that a txid was made of; None for what is none."""
    digits = txid[1:].replace("-", "")
    if len(digits) != _LENGTH or not set(digits) <= set(_DIGITS):
        return None
    number = 0
    for digit in digits:
        number = number * len(_DIGITS) + _DIGITS.index(digit)
    return number


def _txid(kind: str, number: int) -> str:
    digits = ""
    for _ in range(_LENGTH):
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    first, second, _ = _GROUPS
    return f"{kind}{digits[:first]}-{digits[first : first + second]}-{digits[first + second :]}"

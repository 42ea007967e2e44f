"""What happens to one symbol of a made market, written as Binance writes it."""

from ...trading.instruments import Instrument
from .source import MarketFrame
from .synthetic_book import Diff, Happening, Touch, Trade

START_MS = 1_704_067_200_000
"""Event times count from 2024-01-01 UTC."""
_UNITS = 10**8  # prices and sizes are written with eight decimals


class FrameWriter:
    """Of one symbol."""

    def __init__(self, instrument: Instrument) -> None:
        self._symbol = instrument.symbol
        self._name = instrument.venue_symbol
        self._tick_units = int(instrument.tick_size * _UNITS)
        self._step_units = int(instrument.step_size * _UNITS)

    def write(self, offset_ns: int, happening: Happening) -> MarketFrame:
        at_ms = START_MS + offset_ns // 1_000_000
        match happening:
            case Trade(trade_id, ticks, steps, buyer_is_maker):
                channel, text = (
                    "trade",
                    (
                        f'{{"e":"trade","E":{at_ms},"s":"{self._name}","t":{trade_id},'
                        f'"p":"{self._price(ticks)}","q":"{self._size(steps)}",'
                        f'"T":{at_ms},"m":{"true" if buyer_is_maker else "false"},"M":true}}'
                    ),
                )
            case Touch(update_id, bid, ask):
                channel, text = (
                    "bookTicker",
                    (
                        f'{{"u":{update_id},"s":"{self._name}","b":"{self._price(bid[0])}","B":"{self._size(bid[1])}",'
                        f'"a":"{self._price(ask[0])}","A":"{self._size(ask[1])}"}}'
                    ),
                )
            case Diff(first_id, last_id, bids, asks):
                channel, text = (
                    "depth@100ms",
                    (
                        f'{{"e":"depthUpdate","E":{at_ms},"s":"{self._name}","U":{first_id},"u":{last_id},'
                        f'"b":[{self._levels(bids)}],"a":[{self._levels(asks)}]}}'
                    ),
                )
        return MarketFrame(offset_ns, self._symbol, f"{self._name.lower()}@{channel}", text.encode())

    def _levels(self, levels: list[tuple[int, int]]) -> str:
        return ",".join([f'["{self._price(ticks)}","{self._size(steps)}"]' for ticks, steps in levels])

    def _price(self, ticks: int) -> str:
        whole, rest = divmod(ticks * self._tick_units, _UNITS)
        return f"{whole}.{rest:08d}"

    def _size(self, steps: int) -> str:
        whole, rest = divmod(steps * self._step_units, _UNITS)
        return f"{whole}.{rest:08d}"

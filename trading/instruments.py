"""What can be traded, in which steps: the rules a venue publishes for one pair."""

from decimal import Decimal

import msgspec

from .messages import Side


class Instrument(msgspec.Struct, frozen=True):
    """One spot pair. `tick_size` is the step of prices (quote per base), `step_size` that of amounts (base);
    amounts lie in [min_amount, max_amount] and price times amount is at least `min_notional` (quote)."""

    symbol: str
    """As ccxt spells it, `BTC/USDT`."""
    venue_symbol: str
    """As Binance spells it, `BTCUSDT`."""
    base: str
    quote: str
    tick_size: Decimal
    step_size: Decimal
    min_amount: Decimal
    max_amount: Decimal
    min_notional: Decimal
    max_price: Decimal | None = None
    """None, as the next: the venue names none."""
    max_notional: Decimal | None = None

    def round_price(self, price: Decimal, side: Side) -> Decimal:
        """The nearest price on the tick that is not worse for the owner: down to buy, up to sell.

        Raises ValueError for a price that is not finite or is negative.
        """
        ticks = _count_steps(price, self.tick_size)
        if side == "sell" and ticks * self.tick_size < price:
            ticks += 1
        return ticks * self.tick_size

    def round_amount(self, amount: Decimal) -> Decimal:
        """The largest amount on the step that is not above `amount`; it may be zero, or below `min_amount`.

        Raises ValueError for an amount that is not finite or is negative.
        """
        return _count_steps(amount, self.step_size) * self.step_size


def _count_steps(value: Decimal, step: Decimal) -> Decimal:
    if not value.is_finite() or value < 0:
        raise ValueError(f"expected a finite, non-negative number, got {value}")
    return value // step


def _usdt_pair(base: str, tick_size: str, step_size: str, max_amount: str) -> Instrument:
    return Instrument(
        symbol=f"{base}/USDT",
        venue_symbol=f"{base}USDT",
        base=base,
        quote="USDT",
        tick_size=Decimal(tick_size),
        step_size=Decimal(step_size),
        min_amount=Decimal(step_size),
        max_amount=Decimal(max_amount),
        min_notional=Decimal(5),
    )


PAPER_INSTRUMENTS: dict[str, Instrument] = {
    instrument.symbol: instrument
    for instrument in (
        _usdt_pair("BTC", "0.01", "0.00001", "9000"),
        _usdt_pair("ETH", "0.01", "0.0001", "9000"),
        _usdt_pair("BNB", "0.01", "0.001", "9000"),
        _usdt_pair("SOL", "0.01", "0.001", "90000"),
        _usdt_pair("XRP", "0.0001", "0.1", "9000000"),
        _usdt_pair("ADA", "0.0001", "0.1", "9000000"),
        _usdt_pair("DOGE", "0.00001", "1", "90000000"),
        _usdt_pair("LTC", "0.01", "0.001", "90000"),
    )
}
"""The pairs of the paper venue by symbol, with steps like those of the real one."""

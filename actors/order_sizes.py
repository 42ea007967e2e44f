"""The order manager's part that knows how large one order may be, by the limits in force."""

from decimal import Decimal

from ..config.limits import configured_limits
from ..config.risk_settings import RiskSettings
from ..kernel.actor import Context
from ..storage.limits_file import LimitsFile, LimitsLost
from ..trading.limit_book import LimitBook


class OrderSizes:
    """Needs the port `limits`. Risk has the last word; what it does not bound, a sale that closes a position, is split
    all the same."""

    def __init__(self, context: Context, settings: RiskSettings) -> None:
        self._file: LimitsFile = context.ports["limits"]
        self._book: LimitBook = configured_limits(settings)
        self.read()

    def read(self) -> None:
        """Anew, as people set them; what does not read leaves those that were known."""
        try:
            stored = self._file.load()
        except LimitsLost:  # risk says so, and halts
            return
        self._book = self._book if stored is None else stored.book

    def largest(self, strategy: str, symbol: str) -> Decimal | None:
        """Worth of one order, in quote currency; None: no bound."""
        return self._book.resolve(strategy, symbol).max_order_notional

"""The strategy the hot path is measured with: quiet, but for trades of one size no market has by chance."""

from decimal import Decimal
from typing import ClassVar

from tradigrade.trading.messages import MarketDataUpdate
from tradigrade.trading.strategy import Strategy, Target

TRIGGER_SIZE = "7.77777000"
LOT = Decimal("0.1")
_SIZE = Decimal(TRIGGER_SIZE)


class Taker(Strategy):
    """Goes in and out by one lot, each time at a trade of the size that triggers. Its model works, unheard."""

    needs_model: ClassVar[bool] = True

    def on_market(self, update: MarketDataUpdate) -> Target | None:
        if update.size != _SIZE:
            return None
        # Fees are taken in the base currency, so what is held is never quite a lot, nor quite nothing.
        return Target(Decimal(0) if self.position > LOT / 2 else LOT)

"""What an actor heard of the ladder."""

from ..trading.ladder import ACCOUNT, strategy_scope
from ..trading.messages import RungChanged
from ..trading.rungs import Rung


class HeardRungs:
    """Every scope's rung as risk told it last. The account and symbols that were not heard of are CANCEL_ONLY."""

    def __init__(self) -> None:
        self._rungs: dict[str, Rung] = {}

    def hear(self, change: RungChanged) -> None:
        self._rungs[change.scope] = Rung[change.rung]

    @property
    def account(self) -> Rung:
        return self._rungs.get(ACCOUNT, Rung.CANCEL_ONLY)

    def of(self, strategy: str, symbol: str) -> Rung:
        """What the orders of a strategy on a symbol obey."""
        own = self._rungs.get(strategy_scope(strategy, symbol), Rung.NORMAL)
        return max(self.account, self._rungs.get(symbol, Rung.CANCEL_ONLY), own)

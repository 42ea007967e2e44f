"""A strategy runner's part that sends the orders of its strategy to the order manager."""

from typing import Any

from ..kernel.actor import Context
from ..trading.strategy import StrategyFault
from ..trading.strategy_orders import OCO, Bracket, Cancel, Modify, Place, group_of
from ..transports.order_commands import CancelOrder, ModifyOrder


class StrategyOrders:
    """Ids are the strategy's own under its name and symbol: no other's order can be meant."""

    def __init__(self, context: Context, manager: str, strategy: str, symbol: str) -> None:
        self._context = context
        self._manager = manager
        self._strategy = strategy
        self._symbol = symbol

    def send(self, wish: Any, cause: str) -> None:
        """`StrategyFault` for what is neither an order nor a change of one."""
        match wish:
            case Place() | Bracket() | OCO():
                message: Any = group_of(wish, self._id(wish.id), self._strategy, self._symbol, cause)
            case Modify():
                wanted = (wish.leg, wish.amount, wish.price, wish.stop_price)
                message = ModifyOrder(self._id(wish.id), self._context.system.entropy.new_id(), *wanted)
            case Cancel():
                message = CancelOrder(self._id(wish.id), f"{self._strategy}: {cause}")
            case _:
                raise StrategyFault(
                    f"{self._strategy} must return a Target, an order, a change of one, a tuple of these or None, "
                    f"got {wish!r}"
                )
        self._context.fault_point("strategy: order made")
        self._context.tell(self._manager, message)
        self._context.system.metrics.count("orders_wished")

    def _id(self, own: str) -> str:
        return f"{self._strategy}/{self._symbol}/{own or self._context.system.entropy.new_id()}"

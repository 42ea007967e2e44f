"""What people order by hand: from words to a group of orders, and the running trader's answer."""

import asyncio
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, NamedTuple

from .kernel.identity import SystemEntropy
from .status import connect
from .trading.adoption import MANUAL
from .trading.group_events import Leg, OrderGroup
from .trading.messages import OrderType, Side, Terms, TimeInForce
from .transports.order_commands import OrderAnswered, OrderFault

MANAGER = "trader/trading/account/orders"

GTD_MAX_S = 366 * 86_400.0


class Refused(Exception):
    """The order makes no sense: which field, what was expected and what was found."""

    def __init__(self, fault: OrderFault) -> None:
        super().__init__(f"{fault.code}: {fault.field} must be {fault.expected}, got {fault.found}")
        self.fault = fault


class Words(NamedTuple):
    """What was said of an order, as it was written."""

    symbol: str
    side: str
    amount: str = ""
    quote_amount: str | None = None
    limit: str | None = None
    stop: str | None = None
    touch: str | None = None
    trail_bps: int = 0
    post_only: bool = False
    reduce_only: bool = False
    ioc: bool = False
    fok: bool = False
    gtd_s: float = 0.0
    display: str | None = None
    take_profit: str | None = None
    stop_loss: str | None = None
    oco: bool = False
    strategy: str = MANUAL
    group_id: str = ""


def new_id() -> str:
    """An id that was never used."""
    return f"hand-{SystemEntropy().new_id()}"


def make_group(words: Words, now_ns: int) -> OrderGroup:
    """The orders that are meant. Raises `Refused`."""
    side = _side(words.side)
    amount = Decimal(0) if not words.amount else _number("amount", words.amount)
    group_id, strategy, symbol = words.group_id or new_id(), words.strategy, words.symbol
    if words.oco:
        return _oco(words, side, amount, group_id, strategy, symbol)
    entry = Leg(side, _type(words), amount, _given("limit", words.limit), _terms(words, now_ns))
    loss, profit = _exits(words, "sell" if side == "buy" else "buy", Decimal(0))
    if loss is not None and profit is not None:
        return OrderGroup(group_id, "bracket", strategy, symbol, entry, loss, profit, cause="by hand")
    exit_leg = loss or profit
    return OrderGroup(group_id, "oto" if exit_leg else "single", strategy, symbol, entry, exit_leg, cause="by hand")


def ask_manager(data_dir: Path, question: Any) -> OrderAnswered:
    """The answer of the running trader. Raises `NothingRuns`, `Refused`, and a `KernelError` where it cannot answer."""

    async def ask() -> Any:
        async with connect(data_dir) as link:
            return await link.ask(question, MANAGER)

    answer = asyncio.run(ask())
    if isinstance(answer, OrderFault):
        raise Refused(answer)
    found: OrderAnswered = answer
    return found


def number(field: str, text: str | None) -> Decimal | None:
    """Exact as written. Raises `Refused` for what is no number."""
    return None if text is None else _number(field, text)


def _oco(words: Words, side: Side, amount: Decimal, group_id: str, strategy: str, symbol: str) -> OrderGroup:
    if words.stop_loss is None or words.take_profit is None:
        raise Refused(OrderFault("CONTRADICTION", "oco", "with --stop-loss and --take-profit", "one of them left out"))
    loss, profit = _exits(words, side, amount)
    return OrderGroup(group_id, "oco", strategy, symbol, None, loss, profit, cause="by hand")


def _exits(words: Words, side: Side, amount: Decimal) -> tuple[Leg | None, Leg | None]:
    loss, profit = _given("stop-loss", words.stop_loss), _given("take-profit", words.take_profit)
    return (
        None if loss is None else Leg(side, "stop_loss", amount, terms=Terms(stop_price=loss)),
        None if profit is None else Leg(side, "take_profit", amount, terms=Terms(stop_price=profit)),
    )


def _type(words: Words) -> OrderType:
    limited = words.limit is not None
    if words.stop is not None and words.touch is not None:
        raise Refused(OrderFault("CONTRADICTION", "stop", "left out beside --touch", words.stop))
    if words.stop is not None or words.trail_bps:
        return "stop_loss_limit" if limited else "stop_loss"
    if words.touch is not None:
        return "take_profit_limit" if limited else "take_profit"
    return "limit" if limited else "market"


def _terms(words: Words, now_ns: int) -> Terms:
    if words.gtd_s and not 0 < words.gtd_s <= GTD_MAX_S:
        raise Refused(OrderFault("NUMBER_INVALID", "gtd", f"above 0 and at most {GTD_MAX_S:.0f} s", str(words.gtd_s)))
    if sum((words.ioc, words.fok, words.gtd_s > 0)) > 1:
        raise Refused(OrderFault("CONTRADICTION", "time_in_force", "one of --ioc, --fok and --gtd", "several"))
    force: TimeInForce = "ioc" if words.ioc else "fok" if words.fok else "gtd" if words.gtd_s else "gtc"
    return Terms(
        time_in_force=force,
        expires_ns=now_ns + round(words.gtd_s * 1e9) if words.gtd_s else 0,
        stop_price=_given("stop", words.stop) if words.touch is None else _given("touch", words.touch),
        trail_bps=words.trail_bps,
        post_only=words.post_only,
        reduce_only=words.reduce_only,
        display_amount=_given("display", words.display),
        quote_amount=_given("quote-amount", words.quote_amount),
    )


def _side(text: str) -> Side:
    if text not in ("buy", "sell"):
        raise Refused(OrderFault("SIDE_INVALID", "side", "buy or sell", text))
    return "buy" if text == "buy" else "sell"


def _given(field: str, text: str | None) -> Decimal | None:
    return None if text is None else _number(field, text)


def _number(field: str, text: str) -> Decimal:
    try:
        found = Decimal(text)
    except InvalidOperation:
        raise Refused(OrderFault("NUMBER_INVALID", field, "a number", text)) from None
    if not found.is_finite():
        raise Refused(OrderFault("NUMBER_INVALID", field, "a finite number", text))
    if abs(found.adjusted()) > 30:
        raise Refused(OrderFault("NUMBER_INVALID", field, "a number that a venue could take", text))
    return found

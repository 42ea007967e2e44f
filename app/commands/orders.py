"""`tradigrade orders`: what people place, modify, cancel and flatten. Under one id each is done once."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .common import FAILED, USED_WRONGLY, DataDirOption, JsonOption, explained, fail, find_data_dir

if TYPE_CHECKING:
    from ..transports.order_commands import OrderAnswered

orders_app = typer.Typer(help="Place, change, cancel, list and explain orders.", no_args_is_help=True)

OrderArgument = Annotated[str, typer.Argument(metavar="ID", help="As the order was given, or as it was answered.")]
PriceOption = Annotated[str | None, typer.Option(metavar="PRICE")]


@orders_app.command()
def place(
    symbol: Annotated[str, typer.Argument(metavar="SYMBOL", help="As BTC/USDT.")],
    side: Annotated[str, typer.Argument(metavar="buy|sell")],
    amount: Annotated[str, typer.Argument(help="Of the base currency; left out with --quote-amount.")] = "",
    quote_amount: Annotated[str | None, typer.Option(help="What a market order spends or brings, in quote.")] = None,
    limit: Annotated[str | None, typer.Option(metavar="PRICE", help="At no worse than this.")] = None,
    stop: Annotated[str | None, typer.Option(metavar="PRICE", help="Once the market goes against it to here.")] = None,
    touch: Annotated[str | None, typer.Option(metavar="PRICE", help="Once the market comes for it to here.")] = None,
    trail_bps: Annotated[int, typer.Option(help="A stop that follows the market, at so many basis points.")] = 0,
    post_only: Annotated[bool, typer.Option("--post-only", help="Refused where it would take liquidity.")] = False,
    reduce_only: Annotated[bool, typer.Option("--reduce-only", help="Only ever shrinks the position.")] = False,
    ioc: Annotated[bool, typer.Option("--ioc", help="What is not filled at once is cancelled.")] = False,
    fok: Annotated[bool, typer.Option("--fok", help="Filled at once and whole, or not at all.")] = False,
    gtd: Annotated[float, typer.Option("--gtd", metavar="SECONDS", help="Cancelled after so long.")] = 0.0,
    display: Annotated[str | None, typer.Option(metavar="AMOUNT", help="An iceberg: what others see of it.")] = None,
    take_profit: Annotated[
        str | None, typer.Option(metavar="PRICE", help="Once filled: close it at this gain.")
    ] = None,
    stop_loss: Annotated[str | None, typer.Option(metavar="PRICE", help="Once filled: close it at this loss.")] = None,
    oco: Annotated[
        bool, typer.Option("--oco", help="No entry: --take-profit or --stop-loss, the first to come.")
    ] = False,
    strategy: Annotated[str, typer.Option(help="Whose position it is.")] = "manual",
    order_id: Annotated[str, typer.Option("--id", help="Used once, ever. Default: a new one.")] = "",
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Place an order, or several that belong together; what the venue cannot hold is held here, over restarts too.

    With --json one object: {ids, state, filled, detail}, where a state of "refused" means exit code 1; or {refused:
    {code, field, expected, found}} for what makes no sense, and exit code 2.
    """
    from ..kernel.clock import SystemClock
    from ..orders import Words, make_group
    from ..transports.order_commands import PlaceOrders

    words = Words(
        symbol, side, amount, quote_amount, limit, stop, touch, trail_bps, post_only, reduce_only, ioc, fok, gtd,
        display, take_profit, stop_loss, oco, strategy, order_id,
    )  # fmt: skip
    _do(data_dir, as_json, lambda: PlaceOrders(make_group(words, SystemClock().now_ns())))


@orders_app.command()
def modify(
    order_id: OrderArgument,
    amount: Annotated[str | None, typer.Option(help="In all, what is filled already included.")] = None,
    price: PriceOption = None,
    stop_price: PriceOption = None,
    leg: Annotated[str, typer.Option(help="entry, exit or alternative. Default: the first there is.")] = "",
    modify_id: Annotated[str, typer.Option("--id", help="Of this change; used once. Default: a new one.")] = "",
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change an order: what stands of it is cancelled, and what is left of it placed anew."""
    from ..orders import new_id, number
    from ..transports.order_commands import ModifyOrder

    def make() -> ModifyOrder:
        wanted = (number("amount", amount), number("price", price), number("stop_price", stop_price))
        return ModifyOrder(order_id, modify_id or new_id(), leg, *wanted)

    _do(data_dir, as_json, make)


@orders_app.command()
def cancel(order_id: OrderArgument, data_dir: DataDirOption = None, as_json: JsonOption = False) -> None:
    """Cancel an order with all that belongs to it, stops included."""
    from ..transports.order_commands import CancelOrder

    _do(data_dir, as_json, lambda: CancelOrder(order_id))


@orders_app.command("cancel-all")
def cancel_all(
    symbol: Annotated[str, typer.Option(help="Only on this one, as BTC/USDT. Default: on all.")] = "",
    stops: Annotated[bool, typer.Option("--stops", help="Also what guards a position.")] = False,
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Cancel every order; what guards a position stays unless --stops."""
    from ..transports.order_commands import CancelAllOrders

    _do(data_dir, as_json, lambda: CancelAllOrders(symbol, stops))


@orders_app.command()
def flatten(
    symbol: Annotated[str, typer.Argument(metavar="[SYMBOL]", help="As BTC/USDT. Default: all.")] = "",
    strategy: Annotated[str, typer.Option(help="Only what this one holds. Default: all.")] = "",
    command_id: Annotated[str, typer.Option("--id", help="Used once. Default: a new one.")] = "",
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Cancel every order, stops too, and sell what is held. A strategy buys again unless it is paused before."""
    from ..orders import new_id
    from ..transports.order_commands import FlattenPositions

    _do(data_dir, as_json, lambda: FlattenPositions(command_id or new_id(), symbol, strategy))


def _do(data_dir: Any, as_json: bool, make: Callable[[], Any]) -> None:
    from ..orders import ask_manager

    with _refused(as_json), explained():
        _show(ask_manager(find_data_dir(data_dir), make()), as_json)


def _show(answer: "OrderAnswered", as_json: bool) -> None:
    from ..transports.order_commands import REFUSED

    if as_json:
        told = {"ids": answer.ids, "state": answer.state, "filled": str(answer.filled), "detail": answer.detail}
        sys.stdout.write(json.dumps(told) + "\n")
    else:
        filled = f", {answer.filled:f} filled" if answer.filled else ""
        detail = f" ({answer.detail})" if answer.detail else ""
        sys.stdout.write(f"{answer.state}{filled}{detail}: {' '.join(answer.ids) or 'no order'}\n")
    if answer.state == REFUSED:
        raise typer.Exit(FAILED)


@contextmanager
def _refused(as_json: bool) -> Iterator[None]:
    """A no before anything was done: the user's to read, and to correct."""
    from ..orders import Refused

    try:
        yield
    except Refused as refused:
        fault = refused.fault
        if as_json:
            told = {"code": fault.code, "field": fault.field, "expected": fault.expected, "found": fault.found}
            sys.stdout.write(json.dumps({"refused": told}) + "\n")
        raise fail(str(refused), USED_WRONGLY) from None

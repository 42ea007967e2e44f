"""Looking back: `orders list|show|explain`, `fills`, `positions`, `pnl`. They read the journal, whether or not anything
runs, and change nothing."""

from typing import Annotated

import typer

from .common import ConfigOption, DataDirOption, JsonOption, find_data_dir, find_settings
from .reading import NO_ORDER, Source, choose, explain, is_of, read_since, reading, tell

AccountOption = Annotated[str | None, typer.Option("--account", help="Default: the only one there is.")]
SymbolOption = Annotated[str | None, typer.Option("--symbol", help="Only of this one, as BTC/USDT.")]
StrategyOption = Annotated[str | None, typer.Option("--strategy", help="Only of this one.")]
SinceOption = Annotated[
    str | None, typer.Option("--since", help="Only from then on: 15m, 2h, 1d ago, or a UTC time as 2026-01-31T12:00.")
]
LimitOption = Annotated[int, typer.Option("--limit", min=1, max=5_000, help="The newest so many.")]
LinesOption = Annotated[bool, typer.Option("--json", help="One JSON object a line on stdout, and nothing else there.")]
IdArgument = Annotated[
    str, typer.Argument(metavar="ID", help="A client order id, a signal, request or approval id, or how one ends.")
]
WHY = "Why did it do that? tradigrade orders explain ID"


def add_history(app: typer.Typer, orders_app: typer.Typer) -> None:
    """Make them commands of the front door and of `orders`."""
    orders_app.command("list", epilog=WHY)(orders_list)
    orders_app.command("show", epilog=WHY)(orders_show)
    orders_app.command("explain", epilog="What it reads is on this machine alone, and works on a stopped system too.")(
        orders_explain
    )
    app.command(epilog=WHY)(fills)
    app.command()(positions)
    app.command()(pnl)


def orders_list(
    symbol: SymbolOption = None,
    strategy: StrategyOption = None,
    state: Annotated[
        str | None,
        typer.Option(
            "--state",
            help="open, intended, submitted, accepted, partially_filled, unknown, filled, cancelled, rejected",
        ),
    ] = None,
    since: SinceOption = None,
    limit: LimitOption = 20,
    wishes: Annotated[
        bool, typer.Option("--all", help="Also what became no order: refused signals, and targets that were met.")
    ] = False,
    account: AccountOption = None,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    as_json: LinesOption = False,
) -> None:
    """List orders, the open ones first, then the newest.

    With --json a line each: {client_id, signal_id, strategy, symbol, side, type, amount, price, filled, average, state,
    why, realised, realised_fifo, fees, at_ns, sequence}; amounts are exact decimal strings, profit is in quote currency
    with fees taken off, `sequence` is the journal record it begins with. client_id, type and amount are null where no
    order followed (--all). The whole journal is read: some 0.2 s for each MB of it.
    """
    from ..history_tables import show_orders
    from ..trading.history.rows import newest_first, order_row

    matches = choose(symbol, strategy, state, since, wishes=wishes or state in NO_ORDER)
    with reading(Source(data_dir, account, config), matches) as read:
        found = newest_first(read.history.decisions())[:limit]
        tell([order_row(each) for each in found], show_orders, "no orders", as_json=as_json)


def orders_show(
    order_id: IdArgument,
    account: AccountOption = None,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one order as it stands, with all that happened to it. --json is that of `explain`."""
    from ..history_tables import show_order

    explain(order_id, Source(data_dir, account, config), show_order, as_json=as_json)


def orders_explain(
    order_id: IdArgument,
    account: AccountOption = None,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell the whole chain behind an order: why it was wanted, what allowed it, what happened, what it earned.

    Also for a signal that risk refused, or that became no order: then it says why. Exit code 1 where there is no such
    id; the nearest ones are named.

    With --json the object of `orders list`, and {ids, run_id, latencies: [{step, elapsed_ns}], stages: [{title, said,
    missing, facts: [{name, value}], events: [{at_ns, after_ns, text}]}], records: [{sequence, record}]}; `records` are
    those of the journal, exact.
    """
    from ..history_tables import show_explanation

    explain(order_id, Source(data_dir, account, config), show_explanation, as_json=as_json)


def fills(
    symbol: SymbolOption = None,
    strategy: StrategyOption = None,
    since: SinceOption = None,
    limit: LimitOption = 20,
    account: AccountOption = None,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    as_json: LinesOption = False,
) -> None:
    """List fills, the newest first, with their fees and what each realised.

    With --json a line each: {at_ns, client_id, trade_id, strategy, symbol, side, amount, price, fee, fee_currency,
    maker, realised, realised_fifo}.
    """
    from ..history_tables import show_fills
    from ..trading.history.rows import fill_row

    since_ns = read_since(since)
    with reading(Source(data_dir, account, config)) as read:
        rows = (fill_row(each) for each in reversed(read.history.fills))
        found = [row for row in rows if is_of(row, symbol, strategy) and row["at_ns"] >= since_ns][:limit]
        tell(found, show_fills, "no fills", as_json=as_json)


def positions(
    symbol: SymbolOption = None,
    strategy: StrategyOption = None,
    account: AccountOption = None,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    as_json: LinesOption = False,
) -> None:
    """Show what the account and every strategy hold, what it cost by average and first in, first out, and its worth.

    Prices are the running system's bids; where none runs, the last that the journal tells. Each says which.

    With --json a line each: {strategy, symbol, amount, average, cost, cost_fifo, price, price_at_ns, price_from,
    unrealised, unrealised_fifo, realised, realised_fifo, fees, fees_paid}; `strategy` is null for the account's own,
    `unrealised` null where no price is known.
    """
    from ..history import known_prices
    from ..history_tables import show_positions
    from ..trading.history.rows import position_rows

    with reading(Source(data_dir, account, config)) as read:
        rows = position_rows(read.history, known_prices(find_data_dir(data_dir), read.history))
        found = [row for row in rows if is_of(row, symbol, strategy)]
        tell(found, show_positions, "no positions", as_json=as_json)


def pnl(
    symbol: SymbolOption = None,
    strategy: StrategyOption = None,
    since: SinceOption = None,
    currency: Annotated[
        str | None,
        typer.Option("--in", metavar="CURRENCY", help="Count all of it in this one. Default: the account's."),
    ] = None,
    account: AccountOption = None,
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
    as_json: LinesOption = False,
) -> None:
    """Show what was earned: by strategy and symbol, by day, and by the account, which deposits do not change; last of
    all the whole account in one currency, over whatever markets lead there.

    A strategy's profit is of its own virtual position, the account's of all of them together: the two may have realised
    different parts of it, and agree on the sum of realised and unrealised.

    --since and the filters apply to the days (UTC), --symbol and --strategy to the totals too. With --json a line each,
    told apart by `kind`: `total` as in `positions`; `day` {day, strategy, symbol, fills, bought, sold, realised,
    realised_fifo, fees}; `account` {currency, opening, transferred, balance, realised, realised_fifo, fees, unrealised,
    profit, return, whole}: the return is a fraction of what was there and came in, `whole` says that the journal is
    there from its beginning; `statement` {currency, opening, transferred, realised, unrealised, fees, equity,
    oldest_price_at_ns, missing}: to the last decimal opening + transferred + realised + unrealised - fees = equity, or
    `missing` says why it cannot be told.
    """
    from ..history import known_prices
    from ..history_tables import show_profit
    from ..trading.history.rows import account_rows, day_rows, position_rows, statement_row

    since_ns = read_since(since)
    with reading(Source(data_dir, account, config)) as read:
        history = read.history
        prices = known_prices(find_data_dir(data_dir), history)
        totals = [row for row in position_rows(history, prices) if row["strategy"] and is_of(row, symbol, strategy)]
        days = [row for row in day_rows(history, since_ns) if is_of(row, symbol, strategy)]
        accounts = list(account_rows(history, prices))
        statement = statement_row(history, prices, currency or find_settings(config).account.currency)
        parts = {"total": totals, "day": days, "account": accounts, "statement": [statement] if accounts else []}
        rows = [{"kind": kind, **row} for kind, part in parts.items() for row in part]
        tell(
            rows,
            lambda _: show_profit(totals, days, accounts, statement),
            "nothing was earned or lost yet",
            as_json=as_json,
        )

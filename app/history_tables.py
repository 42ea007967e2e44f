"""What `orders`, `fills`, `positions` and `pnl` print: tables, and one chain as a story."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from .trading.history.decision import Decision
from .trading.history.words import clock, moment, span

Row = dict[str, Any]
WIDTH = 100
"""Columns where there is no terminal to ask."""
STATE_WIDTH, ID_WIDTH = 14, 18
STYLES = {
    "filled": "green",
    "partially_filled": "yellow",
    "accepted": "yellow",
    "submitted": "yellow",
    "intended": "yellow",
    "unknown": "bold red",
    "rejected": "red",
    "refused": "red",
    "cancelled": "dim",
    "no order": "dim",
}


def screen() -> Console:
    """As wide as the terminal; what is piped has `WIDTH` columns."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=WIDTH)


def show_orders(rows: Sequence[Row]) -> None:
    table = _table("time", "id", "strategy", "symbol", "side", "*filled", "*price", "state", "*earned")
    for row, time in zip(rows, _times(rows), strict=True):
        table.add_row(
            time,
            escape(_end(row["client_id"] or row["signal_id"])),
            escape(row["strategy"]),
            escape(row["symbol"]),
            _side(row["side"]),
            _filled(row),
            row["price"] or (row["type"] or "").replace("_", " "),
            _state(row),
            _signed(row["realised"]),
        )
    screen().print(table)


def show_fills(rows: Sequence[Row]) -> None:
    table = _table("time", "order", "strategy", "symbol", "side", "*amount", "*price", "*fee", "*earned")
    for row, time in zip(rows, _times(rows), strict=True):
        table.add_row(
            time,
            escape(_end(row["client_id"])),
            escape(row["strategy"]),
            escape(row["symbol"]),
            _side(row["side"]),
            row["amount"],
            row["price"],
            f"{row['fee']} {row['fee_currency']}",
            _signed(row["realised"]),
        )
    screen().print(table)


def show_positions(rows: Sequence[Row]) -> None:
    """The account's own first, then each strategy's."""
    table = _table(
        "whose", "symbol", "*amount", "*average", "*price", "*unrealised", "*FIFO", "*realised", "*FIFO", "*fees"
    )
    for row in rows:
        table.add_row(
            escape(row["strategy"] or "account"),
            escape(row["symbol"]),
            row["amount"],
            _short(row["average"]),
            row["price"] or "",
            *(_signed(row[name]) for name in ("unrealised", "unrealised_fifo", "realised", "realised_fifo")),
            _short(row["fees"]),
            style="bold" if row["strategy"] is None else "",
        )
    screen().print(table)
    for line in dict.fromkeys(_price_line(row) for row in rows if row["price_at_ns"]):
        screen().print(line, style="dim", markup=False)


def _price_line(row: Row) -> str:
    return f"{row['symbol']}: {row['price_from']}, {moment(row['price_at_ns'])} UTC"


def show_profit(totals: Sequence[Row], days: Sequence[Row], accounts: Sequence[Row], statement: Row) -> None:
    """Every strategy and symbol, the days, and what the account came to: by quote currency, and all of it in one."""
    table = _table("strategy", "symbol", "*realised", "*FIFO", "*unrealised", "*fees")
    for row in totals:
        gains = (_signed(row[name]) for name in ("realised", "realised_fifo", "unrealised"))
        table.add_row(escape(row["strategy"]), escape(row["symbol"]), *gains, _short(row["fees"]))
    daily = _table("day", "strategy", "symbol", "*fills", "*bought", "*sold", "*realised", "*FIFO", "*fees")
    for row in days:
        names = (row["day"], escape(row["strategy"]), escape(row["symbol"]), str(row["fills"]))
        gains = (_signed(row[name]) for name in ("realised", "realised_fifo"))
        daily.add_row(*names, _short(row["bought"]), _short(row["sold"]), *gains, _short(row["fees"]))
    account = _table(
        "account", "*opening", "*moved in or out", "*realised", "*unrealised", "*profit", "*return", "*fees"
    )
    for row in accounts:
        rate = "" if row["return"] is None else f"{float(row['return']):+.4%}"
        gains = (_signed(row[name]) for name in ("realised", "unrealised", "profit"))
        account.add_row(row["currency"], row["opening"], row["transferred"], *gains, rate, _short(row["fees"]))
    for each in (table, daily, account):
        screen().print(each, end="\n\n" if each is not account else "\n")
    screen().print(_statement_line(statement), style="dim", markup=False)


def _statement_line(row: Row) -> str:
    if row["missing"]:
        return f"all in {row['currency']}: cannot be told, {row['missing']}"
    names = ("opening", "transferred", "realised", "unrealised")
    parts = ", ".join(f"{_short(row[name])} {name}" for name in names)
    priced = row["oldest_price_at_ns"]
    age = f", oldest price of {moment(priced)} UTC" if priced else ""
    fees = "" if row["fees"] == "0" else f", {_short(row['fees'])} other fees"
    return f"all in {row['currency']}: {parts}{fees}: {_short(row['equity'])}{age}"


def show_explanation(told: Row) -> None:
    """The chain, top down."""
    console = screen()
    name = told["client_id"] or told["signal_id"]
    console.print(
        Text.assemble((f"{name}  ", "bold"), (told["state"].replace("_", " "), STYLES.get(told["state"], "")))
    )
    for stage in told["stages"]:
        console.print()
        console.print(Text(stage["title"], style="bold yellow" if stage["missing"] else "bold"))
        console.print(Text(f"  {stage['said']}"))
        for fact in stage["facts"]:
            console.print(Text.assemble((f"  {fact['name']:>24}  ", "dim"), fact["value"]), soft_wrap=True)
        for event in stage["events"]:
            after = f"+{span(event['after_ns'])}" if event["after_ns"] > 0 else span(event["after_ns"])
            when = f"  {clock(event['at_ns'])}  {after if event['after_ns'] else '':>9}  "
            console.print(Text.assemble((when, "dim"), event["text"]), soft_wrap=True)


def show_order(told: Row) -> None:
    """One order as it stands, without the reasons."""
    table = Table(show_header=False)
    for name in ("client_id", "state", "strategy", "symbol", "side", "type", "amount", "price", "filled", "average"):
        if told[name] is not None:
            table.add_row(name.replace("_", " "), escape(str(told[name])))
    for name in ("realised", "realised_fifo", "fees"):
        table.add_row(name.replace("_", " "), told[name])
    screen().print(table)
    for stage in told["stages"]:
        for event in stage["events"]:
            screen().print(Text.assemble((f"{moment(event['at_ns'])}  ", "dim"), event["text"]), soft_wrap=True)


# -- cells ------------------------------------------------------------------------------------------------------------


def _table(*columns: str) -> Table:
    """A name that begins with a star is of a column of numbers."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    for column in columns:
        table.add_column(column.lstrip("*"), justify="right" if column.startswith("*") else "left", no_wrap=True)
    return table


def _end(name: str) -> str:
    """How an id ends: it is found by that."""
    return name if len(name) <= ID_WIDTH else f"…{name[1 - ID_WIDTH :]}"


def _filled(row: Row) -> str:
    """The amount, where all of it filled."""
    whole = row["amount"] or ""
    return whole if row["filled"] == whole or not whole else f"{row['filled']}/{whole}"


def _times(rows: Sequence[Row]) -> list[str]:
    """Times of day, with the date where they are of several days."""
    moments = [moment(row["at_ns"])[:19] for row in rows]
    return [each[5:] if len({each[:10] for each in moments}) > 1 else each[11:] for each in moments]


def _short(text: str | None) -> str:
    """To four decimals, from a hundred on to two: `--json` has the whole."""
    if text is None or "." not in text:
        return text or ""
    value = float(text)
    shown = f"{value:.{2 if abs(value) >= 100 else 4}f}".rstrip("0").rstrip(".")
    return "0" if shown == "-0" else shown


def _signed(text: str | None) -> str:
    if text is None:
        return "[dim]not known[/dim]"
    shown = _short(text)
    style = "red" if shown.startswith("-") else "green" if shown != "0" else "dim"
    return f"[{style}]{shown}[/{style}]"


def _side(side: str | None) -> str:
    return "" if side is None else f"[{'green' if side == 'buy' else 'red'}]{side}[/]"


def _state(row: Row) -> str:
    """Of what was refused or rejected, the code."""
    words = row["state"].replace("_", " ").replace("partially filled", "partial")
    code = row["why"].partition(":")[0] if row["state"] in ("refused", "rejected") else ""
    words = code or words
    shown = words if len(words) <= STATE_WIDTH else f"{words[: STATE_WIDTH - 1]}…"
    return f"[{STYLES.get(row['state'], 'default')}]{escape(shown)}[/]"


# -- for programs -----------------------------------------------------------------------------------------------------


def write_lines(rows: Iterable[Row]) -> None:
    """One JSON object a line."""
    for row in rows:
        sys.stdout.write(json.dumps(row) + "\n")


def records_of(decision: Decision) -> list[Row]:
    """What the journal holds of it, exact: amounts as strings. Without a sequence where that is not kept."""
    before = [each for each in (decision.wanted, *decision.refusals, *decision.approvals) if each is not None]
    told = [(None, each) for each in before] + [(each.sequence, each.record) for each in decision.events]
    return [{"sequence": sequence, "record": msgspec.to_builtins(record)} for sequence, record in told]

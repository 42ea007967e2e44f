"""The commands by which people look at limits and change them, and the kill switch: `risk` and `kill`."""

import getpass
import json
import sys
from decimal import Decimal
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from .common import DataDirOption, JsonOption, explained, find_data_dir
from .operate import answered, engage, lift

risk_app = typer.Typer(help="Show and change what bounds trading.", no_args_is_help=True)
kill_app = typer.Typer(help="The kill switch.", no_args_is_help=True)

ReasonOption = Annotated[str, typer.Option("--reason", help="Why: it is kept in the history.")]
ByOption = Annotated[str, typer.Option("--by", help="Who. Default: the user's login.")]


def add_risk(app: typer.Typer) -> None:
    """Make them commands of the front door."""
    app.add_typer(risk_app, name="risk")
    app.add_typer(kill_app, name="kill")


@risk_app.command()
def show(data_dir: DataDirOption = None, as_json: JsonOption = False) -> None:
    """Show every limit with its scope, its value, what counts against it now, and the headroom.

    With --json one object: {version, rules_version, rules, scales, at_ns, limits: [{name, scope, unit, text, value,
    used, headroom}]}; numbers as exact decimal strings, null where there is no bound or nothing to measure.
    """
    from ..operate import ask_risk
    from ..transports.control import RiskAsked

    with explained():
        answer = ask_risk(find_data_dir(data_dir), RiskAsked())
    if as_json:
        sys.stdout.write(json.dumps(risk_json(answer)) + "\n")
    else:
        _draw(answer)


@risk_app.command("set", context_settings={"ignore_unknown_options": True})  # a value below zero is refused in words
def set_limit(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Of the limit, as `tradigrade risk show` has it.")],
    value: Annotated[str, typer.Argument(metavar="VALUE", help="A number; `none` ends the bound, or the override.")],
    reason: ReasonOption,
    symbol: Annotated[str, typer.Option("--symbol", help="Only for this one, as BTC/USDT.")] = "",
    strategy: Annotated[str, typer.Option("--strategy", help="Only for this one.")] = "",
    by: ByOption = "",
    data_dir: DataDirOption = None,
) -> None:
    """Change a limit of the running system, at once and over restarts: of the account, a symbol or a strategy. What
    contradicts another limit is refused. Every change is in the journal, and beside the data's `*.limits.json`."""
    from ..operate import ask_risk
    from ..transports.control import SetLimit

    wanted = "" if value == "none" else value
    with answered():
        done = ask_risk(
            find_data_dir(data_dir), SetLimit(name, wanted, symbol, strategy, reason, by or getpass.getuser())
        )
    absent = "no bound" if done.scope == "account" else "as the account's"
    words = f"{done.before or absent} -> {done.after or absent}"
    sys.stderr.write(f"{done.name} of {done.scope}: {words}, limits {done.version}\n")


@kill_app.command("engage")
def engage_command(reason: ReasonOption, by: ByOption = "", data_dir: DataDirOption = None) -> None:
    """Cancel all but protective stops, then let nothing leave until released. Also works when nothing runs: the next
    start is halted. An empty file `KILL` in the data directory does the same."""
    engage(find_data_dir(data_dir), reason, by)


@kill_app.command("release")
def release_command(reason: ReasonOption, by: ByOption = "", data_dir: DataDirOption = None) -> None:
    """End it. Also works when nothing runs."""
    lift(find_data_dir(data_dir), reason, by)


def risk_json(answer: Any) -> dict[str, Any]:
    """As `show --json` prints it."""
    return {
        "version": answer.version,
        "rules_version": answer.rules_version,
        "rules": list(answer.rules),
        "scales": {symbol: str(by) for symbol, by in answer.scales.items()},
        "at_ns": answer.at_ns,
        "limits": [
            {
                "name": each.name,
                "scope": each.scope,
                "unit": each.unit,
                "text": each.text,
                "value": _exact(each.value),
                "used": _exact(each.used),
                "headroom": _exact(each.headroom),
            }
            for each in answer.limits
        ],
    }


def _exact(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"


def _draw(answer: Any) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="dim")
    for name in ("limit", "scope", "*value", "*used", "*headroom", "unit"):
        side: Literal["left", "right"] = "right" if name.startswith("*") else "left"
        table.add_column(name.lstrip("*"), justify=side, no_wrap=name != "scope")
    for each in answer.limits:
        numbers = (_short(each.value, "no bound"), _short(each.used, ""), _short(each.headroom, ""))
        table.add_row(each.name, escape(each.scope.removeprefix("symbol ")), *numbers, each.unit)
    screen = Console(highlight=False)
    screen.print(table)
    screen.print(f"limits {answer.version}; rules {', '.join(answer.rules) or 'none'}", markup=False)
    for symbol, by in answer.scales.items():
        screen.print(f"limits of orders and positions in {symbol} are scaled by {by} now", markup=False)


def _short(value: Decimal | None, absent: str) -> str:
    if value is None:
        return absent
    return (
        f"{value:,.2f}"
        if abs(value) >= 1 and value != value.to_integral_value()
        else f"{round(value, 4).normalize():,f}"
    )

"""The command line. `--json` is the only thing on stdout; everything else goes to stderr.

Exit codes: 0 done, 1 failed, 2 used wrongly, 3 nothing is running.
"""

import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from .commands.chaos import chaos_app
from .commands.common import (
    FAILED,
    USED_WRONGLY,
    ConfigOption,
    DataDirOption,
    JsonOption,
    explained,
    fail,
    find_data_dir,
)
from .commands.data import data_app
from .commands.history import add_history
from .commands.journal import journal_app
from .commands.operate import add_operations
from .commands.orders import orders_app
from .commands.reconcile import reconcile_app
from .commands.replay import replay as replay_command
from .commands.risk import add_risk
from .commands.simulate import simulate
from .commands.transfers import add_transfers
from .config.errors import ConfigFault

app = typer.Typer(
    help="An autonomous, self-learning crypto trading system that is very hard to kill. Paper money by default.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",  # paragraphs flow, whatever the width
)
config_app = typer.Typer(help="Show or check the configuration.", no_args_is_help=True)
node_app = typer.Typer(help="Run one node by itself.", no_args_is_help=True)
app.add_typer(config_app, name="config")
app.add_typer(node_app, name="node")
app.add_typer(chaos_app, name="chaos")
app.add_typer(orders_app, name="orders")
app.add_typer(journal_app, name="journal")
app.add_typer(data_app, name="data")
app.add_typer(reconcile_app, name="reconcile")


@app.command()
def up(
    config: ConfigOption = None,
    replay: Annotated[
        Path | None,
        typer.Option(help="Raw Binance frames, or bars as BTC-USDT_1h.csv, to trade on. Default: a made market."),
    ] = None,
    venue: Annotated[
        str | None,
        typer.Option(help="Trade on the public market of binance, kraken, okx, coinbase or bybit. Needs --paper."),
    ] = None,
    paper: Annotated[
        bool, typer.Option("--paper", help="With --venue: orders are matched on this machine, with paper money.")
    ] = False,
    speed: Annotated[float | None, typer.Option(help="Market time per real time. Default: 1.0.")] = None,
    symbols: Annotated[
        str | None, typer.Option(help="Comma-separated, as BTC/USDT,ETH/USDT. Default: BTC/USDT.")
    ] = None,
    for_s: Annotated[
        float | None,
        typer.Option("--for", min=0.1, max=1e9, help="Seconds to run from the first market frame on. Default: no end."),
    ] = None,
    data_dir: DataDirOption = None,
    port: Annotated[int | None, typer.Option(help="Port of the console; 0 takes a free one. Default: 8420.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget books, orders and what was learned.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Start the whole system: exchange, guard, trader, learner and console. Ctrl-C stops it in order."""
    from .config.loader import load_settings
    from .preflight import StartFault, UsageFault
    from .up import Options, run_system

    overrides: dict[str, object] = {
        "replay": None if replay is None else str(replay.absolute()),
        "venue.name": venue,
        "venue.paper": paper or None,
        "speed": speed,
        "symbols": None if symbols is None else symbols,
        "console.port": port,
    }
    try:
        settings = load_settings(config, overrides)
    except ConfigFault as fault:
        raise fail(str(fault), USED_WRONGLY) from None
    try:
        done = run_system(settings, Options(find_data_dir(data_dir), for_s, fresh, as_json))
    except UsageFault as fault:
        raise fail(str(fault), USED_WRONGLY) from None
    except StartFault as fault:
        raise fail(str(fault), FAILED) from None
    raise typer.Exit(0 if done else FAILED)


@app.command()
def status(data_dir: DataDirOption = None, as_json: JsonOption = False) -> None:
    """Show the rung, the nodes and the actors of the running system. Exit code 3 where nothing runs."""
    from .status import read_status, show_status

    with explained():
        found = read_status(find_data_dir(data_dir))
    if as_json:
        sys.stdout.write(json.dumps(found) + "\n")
    else:
        show_status(found)


@app.command()
def tree(
    path: Annotated[str, typer.Argument(help="Show only what is at this path and below.")] = "launcher",
    watch: Annotated[bool, typer.Option("--watch", help="Draw it anew twice a second until Ctrl-C.")] = False,
    data_dir: DataDirOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show launcher, nodes, supervisors and actors as one tree, with what became of each.

    States: starting, running, stalled (alive, and held, stuck or without useful output for too long), restarting,
    stopping, stopped, failed (left down after a failure).

    With --json one nested object (a line each with --watch): {name, path, kind, state, restarts, incarnation, reason,
    children}, where kind is launcher, node, supervisor or actor. Launcher and nodes have pid and strategy; nodes have
    up_ms, ready_ms, report_age_s, threads_abandoned and retained_messages; supervisors and actors have strategy,
    runtime, mailbox, progress_age_s, started_ns and messages: {sent, handled, conflated, dropped, expired,
    dead_lettered, kept}.
    """
    from .tree import show_tree

    with explained():
        show_tree(find_data_dir(data_dir), path, watch=watch, as_json=as_json)


@config_app.command("show")
def config_show(config: ConfigOption = None) -> None:
    """Print the effective settings as TOML: defaults, file, environment."""
    from .config.loader import load_settings, render

    try:
        sys.stdout.write(render(load_settings(config)))
    except ConfigFault as fault:
        raise fail(str(fault), USED_WRONGLY) from None


@config_app.command("check")
def config_check(file: Annotated[Path, typer.Argument(help="The configuration file to check.")]) -> None:
    """Check a configuration file; exit code 2 and one sentence where it is wrong."""
    from .config.loader import load_settings

    try:
        load_settings(file)
    except ConfigFault as fault:
        raise fail(str(fault), USED_WRONGLY) from None
    Console(stderr=True).print(f"{file} is fine", highlight=False)


@node_app.command("run")
def node_run(
    name: Annotated[str, typer.Argument(help="exchange, guard, trader, learner or console.")],
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Run one node by itself until Ctrl-C, without a launcher. Start the exchange first."""
    from .config.loader import load_settings
    from .preflight import StartFault
    from .standalone import run_node

    try:
        run_node(name, load_settings(config), find_data_dir(data_dir))
    except (ConfigFault, StartFault) as fault:
        raise fail(str(fault), USED_WRONGLY) from None


add_operations(app)
add_transfers(app)
add_risk(app)
add_history(app, orders_app)
app.command()(simulate)
app.command("replay")(replay_command)


def main() -> None:
    app()


if __name__ == "__main__":
    main()

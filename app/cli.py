"""The command line. `--json` is the only thing on stdout; everything else goes to stderr.

Exit codes: 0 done, 1 failed, 2 used wrongly, 3 nothing is running.
"""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from .config.errors import ConfigFault

FAILED, USED_WRONGLY, NOTHING_RUNS = 1, 2, 3

app = typer.Typer(
    help="An autonomous, self-learning crypto trading system that is very hard to kill. Paper money by default.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
)
config_app = typer.Typer(help="Show or check the configuration.", no_args_is_help=True)
node_app = typer.Typer(help="Run one node by itself.", no_args_is_help=True)
app.add_typer(config_app, name="config")
app.add_typer(node_app, name="node")

ConfigOption = Annotated[
    Path | None, typer.Option("--config", help="Configuration file. Default: tradigrade.toml here, if there is one.")
]
DataDirOption = Annotated[
    Path | None, typer.Option("--data-dir", help="Where books and models live. Default: the user's data folder.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON object on stdout, and nothing else there.")]


def fail(sentence: str, code: int) -> typer.Exit:
    """Tell the user what is wrong in one sentence, and end with `code`."""
    Console(stderr=True, highlight=False).print(f"tradigrade: {sentence}", markup=False, soft_wrap=True)
    return typer.Exit(code)


def _data_dir(given: Path | None) -> Path:
    from .config.loader import default_data_dir

    return given or default_data_dir()


@app.command()
def up(
    config: ConfigOption = None,
    replay: Annotated[
        Path | None, typer.Option(help="Recording of raw Binance frames to trade on. Default: a synthetic market.")
    ] = None,
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
    """Start the whole system: exchange, trader, learner and console. Ctrl-C stops it in order."""
    from .config.loader import load_settings
    from .preflight import StartFault, UsageFault
    from .up import Options, run_system

    overrides: dict[str, object] = {
        "replay": None if replay is None else str(replay.absolute()),
        "speed": speed,
        "symbols": None if symbols is None else symbols,
        "console.port": port,
    }
    try:
        settings = load_settings(config, overrides)
    except ConfigFault as fault:
        raise fail(str(fault), USED_WRONGLY) from None
    try:
        done = run_system(settings, Options(_data_dir(data_dir), for_s, fresh, as_json))
    except UsageFault as fault:
        raise fail(str(fault), USED_WRONGLY) from None
    except StartFault as fault:
        raise fail(str(fault), FAILED) from None
    raise typer.Exit(0 if done else FAILED)


@app.command()
def status(data_dir: DataDirOption = None, as_json: JsonOption = False) -> None:
    """Show the rung, the nodes and the actors of the running system. Exit code 3 where nothing runs."""
    from .kernel.errors import KernelError
    from .status import NothingRuns, read_status

    try:
        found = read_status(_data_dir(data_dir))
    except NothingRuns as fault:
        raise fail(str(fault), NOTHING_RUNS) from None
    except KernelError as fault:
        raise fail(f"the launcher does not answer: {fault}", FAILED) from None
    if as_json:
        sys.stdout.write(json.dumps(found) + "\n")
    else:
        _show_status(found)


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
    name: Annotated[str, typer.Argument(help="exchange, trader, learner or console.")],
    config: ConfigOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Run one node by itself until Ctrl-C, without a launcher. Start the exchange first."""
    from .config.loader import load_settings
    from .preflight import StartFault
    from .standalone import run_node

    try:
        run_node(name, load_settings(config), _data_dir(data_dir))
    except (ConfigFault, StartFault) as fault:
        raise fail(str(fault), USED_WRONGLY) from None


@node_app.command("crash")
def node_crash(
    actor: Annotated[str, typer.Argument(help="Path of the actor, as `status` shows it.")],
    data_dir: DataDirOption = None,
) -> None:
    """Make one actor of the running system fail, to see what its supervisor does."""
    import asyncio

    from .config.topology import NODES
    from .kernel.errors import KernelError
    from .status import NothingRuns, ask
    from .transports.control import CrashAsked

    node = actor.partition("/")[0]
    if node not in NODES:
        raise fail(
            f"{actor!r} is no path of an actor: expected it to begin with one of {', '.join(NODES)}", USED_WRONGLY
        )
    try:
        outside = f"{node}/outside"
        asyncio.run(ask(_data_dir(data_dir), CrashAsked(actor, "asked for on the command line"), outside))
    except NothingRuns as fault:
        raise fail(str(fault), NOTHING_RUNS) from None
    except KernelError as fault:
        raise fail(f"{actor} was not crashed: {fault}", FAILED) from None


def _show_status(found: dict[str, Any]) -> None:
    screen = Console(highlight=False)
    screen.print(f"rung: {found['rung']}")
    nodes = Table("node", "state", "pid", "restarts", "up again", "working again", "reason")
    for node in found["nodes"]:
        times = (_milliseconds(node["up_ms"]), _milliseconds(node["ready_ms"]))
        nodes.add_row(node["name"], node["state"], str(node["pid"]), str(node["restarts"]), *times, node["reason"])
    actors = Table("actor", "state", "restarts", "progress age")
    for actor in found["actors"]:
        age_s = actor["progress_age_s"]
        actors.add_row(actor["path"], actor["state"], str(actor["restarts"]), "" if age_s is None else f"{age_s:.1f} s")
    screen.print(nodes)
    screen.print(actors)


def _milliseconds(value: float | None) -> str:
    return "" if value is None else f"{value:.0f} ms"


def main() -> None:
    app()


if __name__ == "__main__":
    main()

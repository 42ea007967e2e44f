"""`tradigrade up`: from settings to a finished run and its summary."""

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from .config.run import Run
from .config.settings import Settings
from .kernel.signals import SHUTDOWN
from .launcher import Launcher
from .preflight import check, check_keys
from .preparation import DataDirectory, announce, clean_up, console_url, prepare
from .supervisors.process_table import Process

POLL_S = 0.05


@dataclass(frozen=True)
class Options:
    """What the command line adds to the settings."""

    data_dir: Path
    for_s: float | None = None
    fresh: bool = False
    as_json: bool = False


def run_system(settings: Settings, options: Options) -> bool:
    """Run to the end; True where it ended as asked. Raises `StartFault` before anything is started."""
    directory = DataDirectory(options.data_dir)
    os.umask(0o077)
    directory.lock()
    directory.wait_for_nodes()
    directory.check_market(settings, fresh=options.fresh)
    check(Run("", str(directory.path), "", 0, 0, 0, settings))
    if options.fresh:
        directory.clear()
    check_keys(Run("", str(directory.path), "", 0, 0, 0, settings))
    resumed = directory.resumes(settings.account.name)
    directory.start_anew(settings)
    run = prepare(directory, settings)
    directory.note_market(settings)
    announce(directory, run)
    screen = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    try:
        origin = "resuming the books of" if resumed else "starting anew in"
        screen.print(f"tradigrade: {origin} {directory.path}")
        if settings.venue.name != "simulated":
            screen.print(f"the market is that of {settings.venue.name}; orders are matched on this machine, on paper")
        summary, reason = asyncio.run(_run(run, options, screen))
    finally:
        clean_up(directory, run)
    _show(summary, options.as_json, screen)
    if reason != SHUTDOWN:
        screen.print(f"tradigrade failed: {reason}", style="red")
    elif summary["reconciled"] is None:
        screen.print("whether the books are reconciled is not known: the trader gave no account of itself", style="red")
    elif not summary["reconciled"]:
        screen.print(f"not reconciled: {'; '.join(summary['differences'])}", style="red")
    return reason == SHUTDOWN and bool(summary["reconciled"])


async def _run(run: Run, options: Options, screen: Console) -> tuple[dict[str, Any], str]:
    def tell(state: str, process: Process) -> None:
        if process.restarts or process.state == "stopped":
            detail = f": {process.reason}" if process.reason and state == "stopped" else ""
            screen.print(f"  {process.name} {state} (pid {process.pid}, restart {process.restarts}){detail}")

    launcher = Launcher(run, tell)
    launcher.start()
    timer = asyncio.create_task(_time_out(launcher, options.for_s))
    opening = asyncio.create_task(_tell_when_open(launcher, run, screen))
    reason = await launcher.finished
    for task in (timer, opening):
        task.cancel()
    launcher.close()
    return summarise(launcher, run), reason


async def _tell_when_open(launcher: Launcher, run: Run, screen: Console) -> None:
    await launcher.console_open.wait()
    trained = "" if learns() else "; torch is not installed, so only the linear model learns"
    screen.print(f"console: {console_url(run)}{trained}")
    screen.print("Ctrl-C stops everything in order")


async def _time_out(launcher: Launcher, for_s: float | None) -> None:
    """`--for` counts from the first market frame."""
    if for_s is None:
        return
    while not launcher.monitor.counted("updates"):  # noqa: ASYNC110 - a report away; nothing to wait on is nearer
        await asyncio.sleep(POLL_S)
    await asyncio.sleep(for_s)
    launcher.stop(f"--for {for_s}")


def learns() -> bool:
    """True where the learner can train its network."""
    from importlib.util import find_spec

    return find_spec("torch") is not None


def summarise(launcher: Launcher, run: Run) -> dict[str, Any]:
    """One run in numbers, restarts included; amounts are exact decimal strings. None: the trader could not say.
    `errors` counts what was refused or broke: `ERROR_COUNTERS`, of all nodes."""
    account, monitor = launcher.summary, launcher.monitor
    processes = launcher.spawner.processes.values()
    balances: dict[str, str] = account.get("balances", {})
    cash = balances.get(run.settings.account.currency, "0") if account else None
    return {
        "updates": monitor.counted("updates"),
        "signals": account.get("signals"),
        "orders": account.get("orders"),
        "fills": account.get("fills"),
        "refused": account.get("refused"),
        "unknown": account.get("unknown"),
        "restarts": sum(process.restarts for process in processes) + monitor.counted("restarts"),
        "learned_bars": account.get("learned_bars"),
        "position": account.get("position"),
        "cash": cash,
        "equity": account.get("equity"),
        "reconciled": account.get("reconciled"),
        "differences": _differences(account),
        "errors": sum(map(monitor.counted, ERROR_COUNTERS)),
    }


def _differences(account: dict[str, Any]) -> list[str]:
    if not account:
        return ["the trader gave no account of itself"]
    found: list[str] = account["differences"]
    return found if found or account["reconciled"] else ["the account did not come to rest in time"]


ERROR_COUNTERS = ("wire_faults", "frames_malformed", "models_corrupt", "model_states_refused", "crashes")
"""Messages between nodes and market frames that could not be read, published models and saved states that were refused,
actors that ended by a failure of their own."""


def _show(summary: dict[str, Any], as_json: bool, screen: Console) -> None:
    if as_json:
        sys.stdout.write(json.dumps(summary) + "\n")
        return
    table = Table("", "this run", title="tradigrade")
    for name, value in summary.items():
        table.add_row(name, _readable(value))
    screen.print(table)


def _readable(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_readable(amount)}" for name, amount in value.items()) or "none"
    if isinstance(value, list):
        return "; ".join(value) or "none"
    if value is None:
        return "not known"
    if isinstance(value, str) and value.replace(".", "").replace("-", "").isdigit():
        return f"{Decimal(value):f}"
    return str(value)

"""Checks that need the market's or the user's code, run in a short-lived child so that the launcher stays clean."""

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .config.run import Run
from .config.settings import Settings

if TYPE_CHECKING:
    from .exchanges.simulated.source import MarketSource


class StartFault(Exception):
    """The system cannot start as asked; the message is one sentence for the user. Nothing was started."""


class UsageFault(StartFault):
    """What was asked for is wrong: a symbol, a recording, a strategy."""


def check(run: Run) -> None:
    """Load the recording and every strategy in a forked child; raises `UsageFault` with the first thing wrong.

    Call it before the first thread is started.
    """
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a strategy prints is no part of our output
        with os.fdopen(writing, "w") as pipe:
            json.dump(_find_fault(run), pipe)
            pipe.flush()
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    os.waitpid(pid, 0)
    fault = json.loads(text) if text else "the check of the recording and the strategies ended without a word"
    if fault:
        raise UsageFault(fault)


def check_keys(run: Run) -> None:
    """`UsageFault` where the files of the account cannot be read with the keys of the settings."""
    from .kernel.disk import SystemDisk
    from .storage.journal_keys import KeyFault, load_keys
    from .storage.journal_reader import check_newest

    journal, account = run.settings.journal, run.settings.account.name
    try:
        keys = load_keys(journal.key_file, journal.old_key_files)
        check_newest(SystemDisk(), run.data / f"account-{account}.journal", keys)
    except KeyFault as fault:
        raise UsageFault(str(fault)) from None


def _find_missing_symbols(source: "MarketSource", settings: Settings) -> str:
    wanted = set(settings.symbols).union(*(strategy.symbols for strategy in settings.strategies))
    if missing := sorted(wanted - set(source.symbols)):
        origin = f"recording {Path(settings.replay).name}" if settings.replay else "synthetic market"
        return f"symbols: {', '.join(missing)} is not in the {origin}, which has {', '.join(source.symbols)}"
    return ""


def _find_fault(run: Run) -> str:
    from .actors.venue_server import market_source
    from .config.topology import NODES, launcher_tree, misplaced, node_tree
    from .supervisors.validation import validate
    from .trading.loader import make_strategy
    from .trading.strategy import StrategyFault

    settings = run.settings
    try:
        if settings.venue.name == "simulated" and (fault := _find_missing_symbols(market_source(run), settings)):
            return fault
        for strategy in settings.strategies:
            symbol = (strategy.symbols or settings.symbols)[0]
            make_strategy(strategy.path, settings.strategies_dir, symbol, strategy.parameters)
        for path in misplaced(run):
            return f"placement: expected paths as `tradigrade tree` shows them, found {path!r}"
        for tree in (launcher_tree(run), *(node_tree(name, run) for name in NODES)):
            validate(tree)
    except StrategyFault as fault:
        return str(fault)
    except (Exception, SystemExit) as fault:  # noqa: BLE001 - whatever a user's file or recording does wrong is told in one sentence
        return str(fault) if type(fault).__name__.endswith("Fault") else f"{type(fault).__name__}: {fault}"
    return ""

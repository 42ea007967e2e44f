"""The command `simulate`."""

import sys
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from ..config.errors import ConfigFault
from ..trading.strategy import StrategyFault
from .common import FAILED, USED_WRONGLY, JsonOption, fail


def simulate(
    seed: Annotated[int | None, typer.Option(min=0, help="Run this one seed, and tell what happens.")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="How many seeds to run.")] = 100,
    first: Annotated[int, typer.Option(min=0, help="The first of them.")] = 0,
    faults: Annotated[
        str | None, typer.Option(help="With --seed: these faults instead of its own, as a failing run prints them.")
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(help="Simulate the system of this configuration, your strategies in it, on the simulated market."),
    ] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Processes. Default: one for each core.")] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="With --seed: every line that nodes log.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Run the whole system in a simulator, with faults drawn from a seed: crashes, kills, partitions, full disks, power
    losses, wrong clocks, a venue that lies. No time passes for real, and the same seed is the same run, to the byte.

    Each seed: a minute in which anything may fail, then all must come well again and stop in order, and every law must
    have held. A seed that fails prints the command that runs it again, with as few faults as it needs.
    """
    from ..simulate import read_along, read_own
    from ..simulate import simulate as run
    from ..simulation.faults import UnknownFault

    if seed is None and (faults is not None or verbose):
        raise fail("--faults and --verbose: expected only with --seed, found without it", USED_WRONGLY)
    try:
        own = None if config is None else read_own(config)
        if seed is None:
            holds = run(first, seeds, jobs, own, as_json=as_json)
        else:
            holds = read_along(seed, faults, own, verbose=verbose, as_json=as_json)
    except (ConfigFault, StrategyFault) as fault:
        raise fail(str(fault), USED_WRONGLY) from None
    except (msgspec.DecodeError, UnknownFault) as error:
        raise fail(f"--faults: expected a schedule as a failing run prints it, found {error}", USED_WRONGLY) from None
    sys.stdout.flush()
    raise typer.Exit(0 if holds else FAILED)

"""`tradigrade simulate`: seeds under the simulator, many or one, and what to do with a seed that fails."""

import json
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from rich.console import Console

from .config.loader import load_settings
from .kernel.simulation.schedule import Fault, Schedule, from_text, shrink
from .simulation.choice import Own
from .simulation.faults import check_schedule
from .simulation.outcome import Outcome
from .simulation.run import Seed, run_seed
from .trading.loader import make_strategy

SEEDS_AT_ONCE = 8
"""Of one process of the pool: a process that ran many is replaced, so that memory stays small."""
SHRINK_RUNS = 150


def read_own(path: Path) -> Own:
    """A user's configuration; `ConfigFault` or `StrategyFault` where it, or a strategy of it, is not right. torch stays
    outside of a simulation: the system runs on its linear model."""
    settings = load_settings(path)
    for strategy in settings.strategies:
        for symbol in strategy.symbols or settings.symbols:
            make_strategy(strategy.path, settings.strategies_dir, symbol, strategy.parameters)
    return Own(settings, str(path))


def run_seeds(seeds: Iterable[int], jobs: int, own: Own | None = None) -> Iterator[Outcome]:
    """Each seed's outcome, in order, from `jobs` processes."""
    run = partial(run_seed, own=own)
    if jobs == 1:
        yield from map(run, seeds)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("forkserver")) as pool:
        yield from pool.map(run, seeds, chunksize=SEEDS_AT_ONCE)


def simulate(first: int, count: int, jobs: int | None, own: Own | None = None, *, as_json: bool) -> bool:
    """Run `count` seeds from `first` on; True where all of them hold. The first that fails is made smaller and told."""
    screen = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    totals: Counter[str] = Counter()
    failed: list[Outcome] = []
    for outcome in run_seeds(range(first, first + count), jobs or os.cpu_count() or 1, own):
        totals.update(outcome.counts)
        totals["seeds"] += 1
        totals["orders"] += outcome.orders
        if outcome.broken:
            failed.append(outcome)
            screen.print(f"seed {outcome.seed}: {'; '.join(outcome.broken)}\n  {outcome.command}")
    if failed:
        explain(failed[0], screen, own)
    summary = {"seeds": count, "failed": [outcome.seed for outcome in failed], "orders": totals["orders"]}
    if as_json:
        sys.stdout.write(json.dumps(summary | {"counts": dict(sorted(totals.items()))}) + "\n")
    else:
        screen.print(f"{count - len(failed)} of {count} seeds hold every law; {totals['orders']} orders")
    return not failed


def explain(failed: Outcome, screen: Console, own: Own | None = None) -> None:
    """Which of its faults a failing seed needs, and what runs it again."""
    screen.print(f"seed {failed.seed}: looking for the fewest faults it fails with ...")
    fewest = shrink_failing(failed, own)
    screen.print(f"  fails with {len(fewest)} of {len(failed.schedule)} faults:")
    for fault in fewest:
        screen.print(f"  {describe(fault)}")
    screen.print(f"  {run_command(failed.seed, fewest, failed.config)}")


def shrink_failing(failed: Outcome, own: Own | None = None) -> Schedule:
    """Shorter schedules of the same seed that break the same way, the shortest found."""
    kind = kind_of(failed)
    return shrink(failed.schedule, lambda each: kind_of(run_seed(failed.seed, each, own)) == kind, SHRINK_RUNS)


def kind_of(outcome: Outcome) -> str:
    """The way it breaks: the law, or liveness; empty where it does not."""
    return outcome.broken[0].partition(":")[0] if outcome.broken else ""


def run_command(seed: int, schedule: Schedule, config: str = "") -> str:
    return Outcome(seed, schedule, (), "", 0.0, None, 0, {}, config=config).command


def describe(fault: Fault) -> str:
    """One line."""
    for_text = f" for {fault.for_s:g} s" if fault.for_s else ""
    amount = f" ({fault.amount:g})" if fault.amount else ""
    return f"{fault.at_s:8.3f} s  {fault.kind} {fault.target}{for_text}{amount}"


def read_along(seed: int, faults: str | None, own: Own | None = None, *, verbose: bool, as_json: bool) -> bool:
    """One seed, told as it goes; True where it holds. `msgspec.DecodeError` for faults that do not read,
    `UnknownFault` for those there are not."""
    schedule = None if faults is None else from_text(faults)
    check_schedule(schedule or ())
    screen = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    tell = (lambda line: screen.print(str(line))) if verbose else (lambda _: None)
    run = Seed(seed, schedule, own=own, read_along=tell)
    for fault in run.schedule if not as_json else ():
        screen.print(describe(fault))
    outcome = run.run()
    if as_json:
        sys.stdout.write(json.dumps(to_json(outcome)) + "\n")
    else:
        _show(outcome, screen)
    return not outcome.broken


def to_json(outcome: Outcome) -> dict[str, object]:
    return {
        "seed": outcome.seed,
        "broken": list(outcome.broken),
        "trace": outcome.trace,
        "simulated_s": outcome.simulated_s,
        "healed_after_s": outcome.healed_after_s,
        "orders": outcome.orders,
        "faults": len(outcome.schedule),
        "counts": dict(sorted(outcome.counts.items())),
    }


def _show(outcome: Outcome, screen: Console) -> None:
    if outcome.broken:
        for words in outcome.broken:
            screen.print(words, style="red")
        screen.print(f"run it again: {outcome.command}")
    else:
        screen.print(f"every law holds; all was well {outcome.healed_after_s:g} s after the last fault")
    screen.print(f"{outcome.simulated_s:.0f} s simulated, {outcome.orders} orders, trace {outcome.trace}")

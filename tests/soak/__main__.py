"""`python -m tests.soak`: what takes hours: real kills, chaos on a running system, seeds; 1 where one failed."""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.kit.running import assert_no_order_lost_or_doubled, running
from tests.soak.kills import REPAIR_LIMIT_MS, draw, leaks, slowest_ms, strike_all, times_table, usage_table
from tradigrade.trading.laws import check_signals


def tell(*lines: str) -> None:
    print(*lines, sep="\n", flush=True)


def kill_nodes(folder: Path, count: int, seed: int) -> list[str]:
    """What does not hold, one sentence each."""
    tell(f"\n{count} nodes killed or stopped under trading, seed {seed}")
    with running(folder / "data") as system:
        system.wait_orders(3)
        struck = strike_all(system.data_dir, draw(seed, count), seed, tell)
        summary = system.stop()
        assert_no_order_lost_or_doubled(system)
        check_signals(system.journal())
    tell("", *times_table(struck.repairs), "", *usage_table(struck))
    tell(f"{summary['orders']} orders, {summary['restarts']} restarts, {summary['unknown']} once in doubt")
    wrong = [f"{what} at the end" for what in leaks(struck)]
    if (p99_ms := slowest_ms(struck.repairs)) > REPAIR_LIMIT_MS:
        wrong.append(f"99 of 100 repairs took up to {p99_ms:.0f} ms: expected at most {REPAIR_LIMIT_MS:.0f} ms")
    if not summary["reconciled"]:
        wrong.append(f"the books differ from the venue's: {summary['differences']}")
    return wrong


def put_in_chaos(folder: Path, minutes: float) -> list[str]:
    tell(f"\nchaos run for {minutes:g} minutes")
    with running(folder / "chaos") as system:
        system.wait_orders(3)
        code = run("chaos", "run", "--minutes", str(minutes), "--data-dir", str(system.data_dir))
        reconciled = system.stop()["reconciled"]
        assert_no_order_lost_or_doubled(system)
    return ["the chaos run failed"] * (code != 0) + ["the books differ after it"] * (not reconciled)


def part(run: Callable[[], list[str]]) -> list[str]:
    """What does not hold, also where that ended it."""
    try:
        return run()
    except AssertionError as error:
        return [str(error)]


def simulate(seeds: int) -> list[str]:
    tell(f"\n{seeds} simulated seeds")
    return ["a simulated seed failed"] if run("simulate", "--seeds", str(seeds)) else []


def run(*arguments: str) -> int:
    """`tradigrade ARGUMENTS`, seen as it goes; its exit code."""
    return subprocess.run([sys.executable, "-m", "tradigrade", *arguments], check=False).returncode


def main() -> int:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seeds", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1, help="which nodes are killed, and when")
    asked = parser.parse_args()
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(prefix="tradigrade-soak-", ignore_cleanup_errors=True) as name:
        if asked.kills:
            wrong += part(lambda: kill_nodes(Path(name), asked.kills, asked.seed))
        if asked.minutes:
            wrong += part(lambda: put_in_chaos(Path(name), asked.minutes))
    if asked.seeds:
        wrong += simulate(asked.seeds)
    tell("", *(wrong or ["everything holds"]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

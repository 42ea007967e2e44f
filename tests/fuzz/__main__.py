"""`python -m tests.fuzz`: hostile input at every door for as long as asked; 1 where one broke, with what broke it."""

import argparse
import random
import sys
import time

from tests.fuzz.doors import DOORS
from tests.fuzz.hostility import assault

AT_ONCE = 500
MARKET_FRAMES = 1_000_000
"""At least, at each decoder of a market, however long that takes."""


def beat_on(name: str, seed: int, for_s: float, *, short: bool = False) -> str:
    """What broke the door; empty where nothing did."""
    chance, end_s = random.Random(f"{seed} {name}"), time.monotonic() + for_s
    taken, refused, slowest_s = 0, 0, 0.0
    least = MARKET_FRAMES if DOORS[name].market and not short else 0
    while time.monotonic() < end_s or taken + refused < least:
        try:
            tally = assault(name, chance, AT_ONCE)
        except AssertionError as error:
            return str(error)
        taken, refused, slowest_s = taken + tally.taken, refused + tally.refused, max(slowest_s, tally.slowest_s)
    print(f"{name:9} {taken + refused:9,} inputs, {refused:9,} refused, slowest {slowest_s * 1e3:6.2f} ms", flush=True)
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument(
        "--seconds",
        type=float,
        default=60.0,
        help="of all doors together, and a million frames at least at each decoder of a market",
    )
    parser.add_argument("--only", default="", help="doors, parted by commas")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--short", action="store_true", help="no more than that, also at the decoders of markets")
    asked = parser.parse_args()
    names = asked.only.split(",") if asked.only else list(DOORS)
    if unknown := [name for name in names if name not in DOORS]:
        parser.error(f"expected doors among {', '.join(DOORS)}, found {', '.join(unknown)}")
    print(f"seed {asked.seed}", flush=True)
    wrong = [
        fault for name in names if (fault := beat_on(name, asked.seed, asked.seconds / len(names), short=asked.short))
    ]
    print(*wrong, sep="\n", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())

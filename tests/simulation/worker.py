"""Runs seeds in a process of its own: `python -m tests.simulation.worker SEED...`, one JSON line each.

With `MUTATION` set (tests/kit/mutation.py) the code is broken on purpose.
"""

import sys

import msgspec

import tests.kit.mutation  # noqa: F401 - breaks the code before it is imported


def main() -> None:
    from tradigrade.simulation.run import run_seed

    for seed in map(int, sys.argv[1:]):
        outcome = run_seed(seed)
        sys.stdout.write(msgspec.json.encode(outcome).decode() + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

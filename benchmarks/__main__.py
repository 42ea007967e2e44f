"""`python -m benchmarks [prefix,prefix]`: runs what is selected and prints one JSON object a line.

A module of this folder takes part by declaring `NAMES: tuple[str, ...]`, the names of its results, and
`run() -> Iterator[dict]`, which measures them one after the other. Results go to standard output and everything else
to standard error. Exit code 1 means that a benchmark failed, 2 that none was selected.
"""

import importlib
import json
import math
import os
import pkgutil
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

KEYS = {"name", "n", "p50_us", "p99_us", "per_s", "ratio", "reference"}


@dataclass(frozen=True, slots=True)
class Benchmark:
    names: tuple[str, ...]
    run: Callable[[], Iterator[Mapping[str, Any]]]


def discover() -> list[Benchmark]:
    """Every module of this folder that declares what it measures."""
    modules = [
        module.name for module in pkgutil.iter_modules([str(Path(__file__).parent)]) if module.name != "__main__"
    ]
    loaded = [importlib.import_module(f"benchmarks.{name}") for name in sorted(modules)]
    return [Benchmark(module.NAMES, module.run) for module in loaded if hasattr(module, "NAMES")]


def is_selected(name: str, prefixes: tuple[str, ...]) -> bool:
    return not prefixes or name.startswith(prefixes)


def check(line: Mapping[str, Any]) -> None:
    """Raises ValueError where a result has no name, a key of its own, or a number that is none."""
    if "name" not in line or not line.keys() <= KEYS:
        raise ValueError(f"expected a name and keys among {sorted(KEYS)}, found {sorted(line)}")
    if wrong := [key for key, value in line.items() if isinstance(value, float) and not math.isfinite(value)]:
        raise ValueError(f"expected finite numbers, found {line[wrong[0]]} for {wrong[0]} of {line['name']}")


def run(benchmarks: Iterable[Benchmark], prefixes: tuple[str, ...], output: TextIO) -> int:
    """Writes the selected results to `output`, each as soon as it is known; the exit code.

    A benchmark that fails is told on standard error and does not keep the next from running.
    """
    known = list(benchmarks)
    selected = [one for one in known if any(is_selected(name, prefixes) for name in one.names)]
    if not selected:
        names = " ".join(name for one in known for name in one.names)
        print(f"benchmarks: expected prefixes of {names}; found {','.join(prefixes)}", file=sys.stderr)
        return 2
    return max(_run_one(one, prefixes, output) for one in selected)


def _run_one(benchmark: Benchmark, prefixes: tuple[str, ...], output: TextIO) -> int:
    try:
        for line in benchmark.run():
            check(line)
            if is_selected(line["name"], prefixes):
                print(json.dumps(line), file=output, flush=True)
    except Exception:  # noqa: BLE001 - whatever it is, it is told, and the exit code says so
        print(f"benchmarks: {benchmark.names[0]} failed", traceback.format_exc(), sep="\n", file=sys.stderr)
        return 1
    return 0


def main(arguments: list[str]) -> int:
    """Keeps the real standard output for results: what benchmarks and their processes print goes to standard error."""
    prefixes = tuple(prefix for argument in arguments for prefix in argument.split(",") if prefix)
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as output:
        os.dup2(2, 1)
        return run(discover(), prefixes, output)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

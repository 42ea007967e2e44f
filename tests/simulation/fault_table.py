"""Writes the table of docs/faults.md: `python -m tests.simulation.fault_table [--write]`.

Each row of `fault_rows.py` is a simulated run of its own with that fault alone: forks of one system that trades for
20 s. All that the table says of it, but the words of how it is borne, was seen in that run, by its virtual clock.
"""

import gc
import os
import re
import sys
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path

import msgspec

from tests.simulation.fault_row import Row
from tests.simulation.fault_rows import ROWS
from tests.simulation.fault_watch import STEP_S, Seen, Watch

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "faults.md"
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"
HEAD = "| fault | noticed | rungs, lowest first | repaired by | well again |\n|---|---|---|---|---|"
VOLATILE = (
    (re.compile(r" with \d+ messages waiting"), ""),
    (re.compile(r": expected a diff .*"), ": a gap in its numbers"),
    (re.compile(r" at update \d+"), ""),
    (re.compile(r"^(silent|hangs: [a-z ]+) for (\d+)\.\d+ s"), r"\1 for \2 s"),
    (re.compile(r"/simulated/"), ""),
    (re.compile(r"\.journal\.\d+"), ".journal"),
    (re.compile(r"^\d+\.\d+ s late"), "too late to be sent"),
    (re.compile(r"^(the venue could not be asked) for .*"), r"\1"),
)
"""What would change with every change of the code, and says nothing."""

_encode = msgspec.json.encode
_decode = msgspec.json.Decoder(Seen).decode


def observe(rows: tuple[Row, ...] = ROWS) -> Iterator[Seen]:
    """Every row's run, one after the other."""
    watch = Watch()
    gc.freeze()  # the forks share it all
    for row in rows:
        yield _decode(in_fork(lambda row=row: _encode(watch.run(row))))  # type: ignore[misc]


def in_fork(work: Callable[[], bytes]) -> bytes:
    """What `work` returns, done by a copy of this process; what it does changes nothing here."""
    reading, writing = os.pipe()
    if (pid := os.fork()) == 0:
        os.close(reading)
        with os.fdopen(writing, "wb") as pipe:
            pipe.write(work())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        found = pipe.read()
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    assert status == 0, f"a row's run ended with {status}; what it said is above"
    return found


# -- the page ---------------------------------------------------------------------------------------------------------


def table(seen: tuple[Seen, ...]) -> str:
    """Markdown, a table for each group."""
    pairs = zip(ROWS, seen, strict=True)
    parts = [
        f"### {group.capitalize()}\n\n{HEAD}\n" + "\n".join(line(row, each) for row, each in of_group)
        for group, of_group in groupby(pairs, key=lambda pair: pair[0].group)
    ]
    return "\n\n".join(parts)


def line(row: Row, seen: Seen) -> str:
    cells = (row.name, noticed(seen), rungs(seen), repaired(row, seen), well_again(row, seen))
    return f"| {' | '.join(cells)} |"


def noticed(seen: Seen) -> str:
    if not seen.signs:
        return "-"
    first = seen.signs[0]
    words = first.words
    for pattern, instead in VOLATILE:
        words = pattern.sub(instead, words)
    return f"{words}; {seconds(first.after_s)}"


def rungs(seen: Seen) -> str:
    words = (f"{each.rung} of `{each.scope}` ({', '.join(each.causes)})" for each in seen.rungs)
    return "; ".join(words) or "NORMAL"


def repaired(row: Row, seen: Seen) -> str:
    names = [f"`{name}`" for name in seen.restarted]
    return f"restart of {', '.join(names)}: {row.bears}" if names else row.bears


def well_again(row: Row, seen: Seen) -> str:
    if seen.unwell_until_s is None:
        return "not within the time given"
    if not seen.unwell_until_s:
        return "at once" if seen.restarted else "never unwell"
    after_end_s = seen.unwell_until_s - row.for_s
    if row.for_s and after_end_s > 0:
        return f"{seconds(after_end_s)} after its end"
    return seconds(seen.unwell_until_s)


def seconds(value: float) -> str:
    """To half a second, below one to a single digit: what moves a draw of chance does not rewrite the page."""
    if value < STEP_S:
        return "at once"
    return f"{value:.1g} s" if value < 0.95 else f"{max(round(value * 2) / 2, 1):g} s"


def written(page: str, made: str) -> str:
    """The page with its table replaced."""
    before, _, rest = page.partition(BEGIN)
    _, found, after = rest.partition(END)
    assert found, f"{PAGE}: expected the markers {BEGIN} and {END}"
    return f"{before}{BEGIN}\n\n{made}\n\n{END}{after}"


def main(arguments: list[str]) -> None:
    match arguments:
        case ["--json", first, step]:  # for the test: each `step`th row from the `first` on
            for seen in observe(ROWS[int(first) :: int(step)]):
                sys.stdout.write(_encode(seen).decode() + "\n")
        case ["--write"]:
            PAGE.write_text(written(PAGE.read_text(), table(tuple(observe()))))
        case []:
            sys.stdout.write(table(tuple(observe())) + "\n")
        case _:
            sys.exit("expected nothing, or --write")


if __name__ == "__main__":
    main(sys.argv[1:])

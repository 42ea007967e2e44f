"""How the commands that look back read the journal, and tell what is wrong with that in one sentence."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .common import FAILED, USED_WRONGLY, fail, find_data_dir, find_keys

if TYPE_CHECKING:
    from ..history import Read
    from ..trading.history.decision import Filter


class Source(NamedTuple):
    """Which journal, and the configuration that names its keys."""

    data_dir: Path | None
    account: str | None
    config: Path | None


NO_ORDER = ("refused", "approved", "no order")
"""States of what became no order."""
BEFORE = "older files were removed; positions are right, what was realised before is told of what is left"


def choose(symbol: str | None, strategy: str | None, state: str | None, since: str | None, *, wishes: bool) -> "Filter":
    """Which decisions a list is of; `wishes`: also what became no order."""
    since_ns = read_since(since)
    known = _states()
    if state is not None and state not in known:
        raise fail(f"--state: expected one of {', '.join(known)}, found {state!r}", USED_WRONGLY)
    return lambda each: (
        (wishes or each.order is not None)
        and symbol in (None, each.symbol)
        and strategy in (None, each.strategy)
        and (state is None or each.state == state or (state == "open" and each.is_open))
        and each.at_ns >= since_ns
    )


def _states() -> tuple[str, ...]:
    from ..trading.order_states import OrderState

    return ("open", *(each.value for each in OrderState), *NO_ORDER)


def read_since(text: str | None) -> int:
    from ..history import parse_since
    from ..kernel.clock import SystemClock

    try:
        return 0 if text is None else parse_since(text, SystemClock().now_ns())
    except ValueError as fault:
        raise fail(str(fault), USED_WRONGLY) from None


def is_of(row: dict[str, Any], symbol: str | None, strategy: str | None) -> bool:
    return symbol in (None, row["symbol"]) and strategy in (None, row["strategy"])


@contextmanager
def reading(source: Source, matches: "Filter" = lambda _: True) -> Iterator["Read"]:
    """What stands before a damage is shown; the damage is told, and the exit code is 1."""
    from ..history import NoHistory, find_journal, read_history

    try:
        path = find_journal(find_data_dir(source.data_dir), source.account)
        read = read_history(path, matches, find_keys(source.config))
    except NoHistory as fault:
        raise fail(str(fault), FAILED) from None
    if not read.history.whole and not read.fault:
        sys.stderr.write(f"tradigrade: the journal begins with record {read.history.first_sequence}: {BEFORE}\n")
    yield read
    if read.fault:
        raise fail(f"only what stands before this was read: {read.fault}", FAILED)


def tell(
    rows: list[dict[str, Any]], show: Callable[[list[dict[str, Any]]], None], nothing: str, *, as_json: bool
) -> None:
    """A line each, or a table; where there are none, the sentence `nothing`."""
    from ..history_tables import write_lines

    if as_json:
        write_lines(rows)
    elif rows:
        show(rows)
    else:
        sys.stderr.write(f"tradigrade: {nothing}\n")


def explain(order_id: str, source: Source, show: Callable[[dict[str, Any]], None], *, as_json: bool) -> None:
    """Find one decision and show it."""
    from ..history_tables import records_of
    from ..models.features import FEATURE_NAMES
    from ..trading.history.find import NotFound, ends_with, find
    from ..trading.history.rows import explanation

    with reading(source, ends_with(order_id)) as read:
        try:
            decision = find(read.history.kept(), order_id)
        except NotFound as fault:
            raise fail(read.fault or str(fault), FAILED) from None
        told = explanation(decision, FEATURE_NAMES)
        if as_json:
            sys.stdout.write(json.dumps({**told, "records": records_of(decision)}) + "\n")
        else:
            show(told)

"""What a replay came to: orders with what led to them, and whether every decision was as recorded."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from .kernel.boundary import CaptureFault
from .kernel.disk import SystemDisk
from .kernel.replay import Handled
from .replay import Replay
from .storage.account_journal import Record
from .storage.capture_file import FOLDER, SUFFIX, Capture, read_capture
from .trading.messages import OrderApproved, SignalGenerated
from .trading.order_events import OrderFilled, OrderIntended


def find_captures(paths: Iterable[Path]) -> list[Capture]:
    """Those named; of a data directory all of its last run, in order. `CaptureFault` where there is none."""
    return [capture for path in paths for capture in (_last_run(path) if path.is_dir() else [_read(path)])]


def _last_run(data_dir: Path) -> list[Capture]:
    captures = [_read(path) for path in sorted((data_dir / FOLDER).glob(f"*{SUFFIX}"))]
    if not captures:
        raise CaptureFault(f"{data_dir} holds no captures: expected some in {data_dir / FOLDER}")
    captures.sort(key=lambda capture: capture.header.started_ns)
    return [capture for capture in captures if _run_id(capture) == _run_id(captures[-1])]


def _run_id(capture: Capture) -> Any:
    """Read from what may be the settings of another version."""
    return msgspec.json.decode(capture.header.run).get("run_id")


def _read(path: Path) -> Capture:
    return read_capture(SystemDisk(), path)


def describe(replay: Replay, path: Path) -> dict[str, Any]:
    """What `--json` shows of one."""
    header, player = replay.header, replay.player
    return {
        "capture": str(path),
        "node": header.node,
        "incarnation": header.incarnation,
        "program": header.program,
        "started_ns": header.started_ns,
        "span_s": max(0, player.now_ns - header.started_ns) / 1e9,
        "events": player.number,
        "decisions": player.effects,
        "records": len(replay.records),
        "orders": list(_orders(replay.records)),
        "fills": sum(isinstance(record, OrderFilled) for record in replay.records),
        "ended": _end(replay),
        "fault": player.fault,
    }


def _end(replay: Replay) -> str:
    """Why; empty where its process was killed."""
    player = replay.player
    if player.ended or not (player.fault or player.more):
        return player.ended or next((detail for word, detail in replay.said if word == "bye"), "")
    return "the replay stopped there"


def _orders(records: list[Record]) -> Iterator[dict[str, Any]]:
    """Each with its causes: order, approval, signal, and the market event or bar that the signal names."""
    signals = {each.signal_id: each for each in records if isinstance(each, SignalGenerated)}
    approvals = {each.approval_id: each for each in records if isinstance(each, OrderApproved)}
    for order in records:
        if isinstance(order, OrderIntended):
            yield {
                "client_id": order.client_id,
                "side": order.side,
                "type": order.type,
                "amount": str(order.amount),
                "symbol": order.symbol,
                "price": None if order.price is None else str(order.price),
                "strategy": order.strategy,
                "at_ns": order.at_ns,
                "causes": _causes(approvals.get(order.approval_id), signals.get(order.signal_id), order),
            }


def _causes(approval: OrderApproved | None, signal: SignalGenerated | None, order: OrderIntended) -> list[str]:
    """Oldest last; of what was journalled."""
    judged = f" on {approval.judged_on}" if approval is not None else ""
    meant = f", which wants {signal.target} by {signal.model or 'its own rule'}" if signal is not None else ""
    came = [signal.cause] if signal is not None else []
    return [f"approval {order.approval_id}{judged}", f"signal {order.signal_id}{meant}", *came]


def summary_lines(told: dict[str, Any]) -> Iterator[str]:
    """What a person reads of one."""
    yield f"{told['node']} {told['incarnation']}: {told['events']} events over {told['span_s']:.1f} s"
    yield f"  {len(told['orders'])} orders, {told['fills']} fills, {told['records']} records journalled"
    if told["fault"]:
        yield f"  {told['decisions']} decisions as recorded, then a different one: {told['fault']}"
    else:
        yield f"  {told['decisions']} of {told['decisions']} decisions as recorded"
    yield f"  it ended: {told['ended'] or 'in the middle, as a killed process does'}"


def order_lines(told: dict[str, Any]) -> Iterator[str]:
    for order in told["orders"]:
        at = "at the market" if order["price"] is None else f"at {order['price']}"
        what = f"{order['side']} {order['amount']} {order['symbol']} {at}"
        yield f"  {order['client_id']}: {what} for {order['strategy']}"
        for depth, cause in enumerate(order["causes"]):
            yield f"  {'  ' * depth}  because of {cause}"


def handled_line(handled: Handled) -> str:
    sender = f" from {handled.sender}" if handled.sender else ""
    return f"{handled.at_ns} {handled.path}: {type(handled.message).__name__}{sender}"

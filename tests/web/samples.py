"""Reports as a running system sends them, at times the tests choose."""

import math
from decimal import Decimal
from typing import Any

import msgspec

from tradigrade.supervisors.reports import ActorReport, HistogramReport, NodeReport, ProcessReport, SystemReport
from tradigrade.trading.views import (
    FeedSymbolView,
    FeedView,
    FillView,
    LearningView,
    OrderView,
    RefusalView,
    RepairView,
    RungMove,
    StandingView,
    SymbolView,
    TradingSnapshot,
)
from tradigrade.transports.control import ChaosProgress, ChaosStep, ChaosTimes, Invariant
from tradigrade.web.state import ConsoleState

S = 1_000_000_000
NOW = 1_763_800_000 * S
PIDS = {"exchange": 4101, "trader": 4102, "learner": 4103, "console": 4104}
SUPERVISORS = {"trader", "trader/feeds", "trader/strategies", "trader/trading", "trader/trading/account"}
LEAVES = {
    "exchange": ("venue", "reporter"),
    "trader": (
        "feeds/btc_usdt",
        "feeds/eth_usdt",
        "strategies/learned_btc",
        "strategies/learned_eth",
        "strategies/trend_btc",
        "trading/account/executor",
        "trading/account/ledger",
        "trading/account/risk",
        "trading/journal",
        "trading/portfolio",
        "trading/venue_session",
    ),
    "learner": ("trainer_btc", "trainer_eth"),
    "console": ("console",),
}
RISK = "trader/trading/account/risk"


def actor(path: str, **changes: Any) -> ActorReport:
    fields: dict[str, Any] = {
        "path": path,
        "state": "running",
        "restarts": 0,
        "incarnation": 1,
        "progress_age_s": 0.04,
        "mailbox": 0,
        "supervisor": False,
    }
    return ActorReport(**fields | changes)


def node(name: str = "trader", *, pid: int = 0, incarnation: int = 1, actors: Any = None, **changes: Any) -> NodeReport:
    if actors is None:
        roots = {name} | {path for path in SUPERVISORS if path.startswith(f"{name}/")}
        reports = [
            actor(path, supervisor=True, strategy="one_for_all" if "account" in path else "one_for_one")
            for path in roots
        ]
        reports += [actor(f"{name}/{leaf}", mailbox=index % 3) for index, leaf in enumerate(LEAVES.get(name, ()))]
        actors = tuple(sorted(reports, key=lambda report: report.path))
    return NodeReport(
        node=name, pid=pid or PIDS.get(name, 1), incarnation=incarnation, sent_ns=NOW, actors=actors, **changes
    )


def trader(**changes_of_risk: Any) -> NodeReport:
    """The trader with latencies and counters; the changes go to its risk actor."""
    plain = node("trader")
    actors = tuple(actor(RISK, **changes_of_risk) if one.path == RISK else one for one in plain.actors)
    return node(
        "trader",
        actors=actors,
        counters={"updates": 18_233, "signals": 41},
        gauges={"learned_bars": 512.0},
        histograms={
            "order_round_trip": HistogramReport((0.001, 0.002, 0.005), (12, 21, 4, 1), 0.071),
            "frame_to_order": HistogramReport((0.0001, 0.0002, 0.0005), (10, 25, 3, 0), 0.006),
        },
    )


def process(name: str, **changes: Any) -> ProcessReport:
    fields: dict[str, Any] = {
        "name": name,
        "pid": PIDS.get(name, 4100),
        "state": "running",
        "restarts": 0,
        "incarnation": 1,
    }
    return ProcessReport(**fields | changes)


def system(**changes: dict[str, Any]) -> SystemReport:
    """The launcher's view; keywords name a node and what differs about it."""
    names = ("forkserver", *PIDS)
    return SystemReport(started_ns=NOW - 3600 * S, nodes=tuple(process(n, **changes.get(n, {})) for n in names))


def symbol(name: str = "BTC/USDT", bid: str = "28190.01", **changes: Any) -> SymbolView:
    fields: dict[str, Any] = {
        "symbol": name,
        "bid": Decimal(bid),
        "ask": Decimal(bid) + Decimal("0.01"),
        "last": Decimal(bid),
        "live": True,
        "age_s": 0.05,
        "rung": "NORMAL",
        "position": Decimal("0.01774000"),
        "updates": 18_233,
    }
    return SymbolView(**fields | changes)


def order(number: int, **changes: Any) -> OrderView:
    fields: dict[str, Any] = {
        "client_id": f"main-3-{number}",
        "strategy": "learned",
        "symbol": "BTC/USDT" if number % 3 else "ETH/USDT",
        "side": "buy" if number % 2 else "sell",
        "type": "market",
        "amount": Decimal("0.01774"),
        "price": None,
        "filled": Decimal("0.01774"),
        "state": "filled",
        "at_ns": NOW - (20 - number) * 4 * S,
    }
    return OrderView(**fields | changes)


def fill(number: int) -> FillView:
    bought = order(number)
    return FillView(
        client_id=bought.client_id,
        symbol=bought.symbol,
        side=bought.side,
        price=Decimal("28190.02") if number % 3 else Decimal("1904.11"),
        amount=bought.amount,
        fee=Decimal("0.00001774"),
        fee_currency="BTC",
        at_ns=bought.at_ns + S // 20,
    )


def refusal(number: int) -> RefusalView:
    return RefusalView(
        strategy="learned",
        symbol="BTC/USDT",
        code="position_limit" if number % 2 else "market_stale",
        numbers={"worst_notional": "5120.22", "limit": "5000"} if number % 2 else {"age_s": "2.31", "limit": "2.0"},
        at_ns=NOW - number * 30 * S,
    )


def learning(name: str, offset: float = 0.0) -> LearningView:
    curve = tuple(
        (NOW - (300 - i) * S, 0.6935 - offset - 0.006 * (1 - math.exp(-i / 90)) + 0.0012 * math.sin(i / 9))
        for i in range(300)
    )
    return LearningView(
        symbol=name,
        champion="lstm",
        version="lstm-20251122-084110-7f3a",
        learned_bars=1_512,
        losses={"lstm": 0.6871, "linear": 0.6894, "coin": 0.6931},
        probability_up=0.534,
        curve=curve,
    )


def trading(**changes: Any) -> TradingSnapshot:
    equity = tuple(
        (NOW - (600 - i) * S, 10_000 + i * 0.031 + 4 * math.sin(i / 40) + 1.2 * math.sin(i / 7)) for i in range(600)
    )
    resting = order(20, type="limit", price=Decimal("28185.50"), filled=Decimal("0.002"), state="partially_filled")
    states = {3: "rejected", 7: "cancelled", 12: "unknown"}
    fields: dict[str, Any] = {
        "at_ns": NOW,
        "rung": "NORMAL",
        "rung_reason": "everything works",
        "reconciled": True,
        "currency": "USDT",
        "balances": {"USDT": Decimal("9501.22400000"), "BTC": Decimal("0.01774000"), "ETH": Decimal("0.2")},
        "equity": Decimal("10021.71530000"),
        "profit": Decimal("21.71530000"),
        "symbols": (symbol(), symbol("ETH/USDT", "1904.10", position=Decimal("0.2"), updates=9_120)),
        "orders": (resting, *(order(n, state=states.get(n, "filled")) for n in range(19, 0, -1))),
        "fills": tuple(fill(n) for n in range(19, 0, -1)),
        "refusals": tuple(refusal(n) for n in range(1, 8)),
        "learning": (learning("BTC/USDT"), learning("ETH/USDT", 0.001)),
        "equity_curve": equity,
        "counters": {"orders": 41, "fills": 38},
        "standings": (standing("system"), standing("account"), standing("BTC/USDT"), standing("learned BTC/USDT")),
        "moves": (move(2), move(1)),
    }
    return TradingSnapshot(**fields | changes)


def standing(scope: str, rung: str = "NORMAL", reason: str = "everything works") -> StandingView:
    return StandingView(scope, rung, reason, NOW - 90 * S)


def move(number: int, scope: str = "account", **changes: Any) -> RungMove:
    """Odd ones go down, even ones up again."""
    down = number % 2 == 1
    fields: dict[str, Any] = {
        "scope": scope,
        "before": "NORMAL" if down else "CANCEL_ONLY",
        "after": "CANCEL_ONLY" if down else "NORMAL",
        "reason": "not yet reconciled with the venue" if down else "everything works",
        "causes": ("UNRECONCILED",) if down else (),
        "at_ns": NOW - (100 - number) * S,
    }
    return RungMove(**fields | changes)


def step(number: int, **changes: Any) -> ChaosStep:
    fields: dict[str, Any] = {
        "number": number,
        "kind": "kill node" if number % 3 else "clock wrong",
        "target": "trader" if number % 2 else "exchange",
        "what": "killed (SIGKILL)",
        "at_ns": NOW - (60 - 2 * number) * S,
        "verdict": "recovered",
        "noticed_ms": 20.0 + number,
        "recovered_ms": 130.0 + 37 * (number % 7),
        "rung": "CANCEL_ONLY",
        "text": "restarted as incarnation 2",
    }
    return ChaosStep(**fields | changes)


def chaos(**changes: Any) -> ChaosProgress:
    """A run in its middle: the newest fault is still open."""
    fields: dict[str, Any] = {
        "seed": 4711,
        "minutes": 1.0,
        "started_ns": NOW - 60 * S,
        "state": "running",
        "planned": 26,
        "steps": (*map(step, range(1, 13)), step(13, verdict="open", recovered_ms=None, text="")),
        "times": (
            ChaosTimes("all", 13, 12, 167.0, 2900.0, 2900.0),
            ChaosTimes("clock wrong", 4, 4, 1400.0, 2900.0, 2900.0),
            ChaosTimes("kill node", 9, 8, 140.0, 352.0, 352.0),
        ),
        "invariants": (
            Invariant("no order sent twice", True, "92 sent"),
            Invariant("no order in doubt", False, "1 unknown"),
            Invariant("books equal the venue's", None, "the venue does not answer"),
        ),
    }
    return ChaosProgress(**fields | changes)


def feed_all(state: ConsoleState, at_ns: int, /, **changes_of_risk: Any) -> None:
    """Every source speaks at `at_ns`."""
    state.apply(system(), at_ns)
    for name in PIDS:
        state.apply(trader(**changes_of_risk) if name == "trader" else node(name), at_ns)
    state.apply(trading(at_ns=at_ns), at_ns)


def feed_view(**changes: Any) -> FeedView:
    """A feed of two symbols: one trusted but for some outliers, one silent."""
    fair = FeedSymbolView(
        symbol="BTC/USDT", live=True, reason="the book is in sync", score=0.8, reasons=("outliers",), silent_s=0.02,
        usual_s=0.11, lag_s=1.52, updates=1200, late=3, gaps=2, trade_gaps=1, trades_missed=4, repairs=2,
        quarantined={"price": 3, "doubled": 1}, deviation_bps=2.5,
    )  # fmt: skip
    reason = "disconnected: connected, and nothing useful for 3.0 s"
    silent = msgspec.structs.replace(
        fair, symbol="ETH/USDT", live=False, reason=reason, score=0.0, reasons=("not live",), usual_s=None, lag_s=None,
        deviation_bps=None, quarantined={},
    )  # fmt: skip
    view = FeedView(
        path="trader/feeds/binance", venue="binance", reference=False, connected=True, connections=2, age_s=0.004,
        malformed=7, foreign=0, symbols=(fair, silent), repairs=(RepairView("gap", 2, 0.03, 0.05, 0.05),),
    )  # fmt: skip
    return msgspec.structs.replace(view, **changes)

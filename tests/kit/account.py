"""The account's part of the trader's own tree, on virtual time, before a scripted venue."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from tradigrade.actors import topics
from tradigrade.actors.executor import Executor
from tradigrade.actors.ledger import Ledger
from tradigrade.actors.portfolio import Portfolio
from tradigrade.actors.risk import Risk
from tradigrade.config.run import Run
from tradigrade.config.settings import Settings
from tradigrade.config.topology import node_tree
from tradigrade.kernel.actor import Actor
from tradigrade.kernel.clock import ManualClock
from tradigrade.kernel.disk import SystemDisk
from tradigrade.storage.account_journal import AccountJournal
from tradigrade.storage.background import run_at_once
from tradigrade.storage.halt import HaltLatch
from tradigrade.storage.held_back import HELD_BACK_NAME, HeldBack
from tradigrade.storage.journal_reader import read_journal
from tradigrade.storage.lease import FileLease
from tradigrade.storage.limits_file import LimitsFile
from tradigrade.storage.risk_memory import RiskMemory
from tradigrade.supervisors.actors import ActorSpawner
from tradigrade.supervisors.spec import ChildSpec
from tradigrade.supervisors.supervisor import Supervisor
from tradigrade.trading.books import Books
from tradigrade.trading.messages import (
    AccountReconciled,
    FeedChanged,
    MarketDataUpdate,
    OrderApproved,
    OrderRefused,
    RungChanged,
    SignalGenerated,
    StateAsked,
)
from tradigrade.trading.order_events import OrderIntended, OrderRejected
from tradigrade.trading.tally import Drain, Summary, Value

from .cells import HomeLoop, RuntimeName, VirtualSystem
from .venue import ScriptedVenue

SYMBOL = "BTC/USDT"
GROUP = "trader/trading/account"
EXECUTOR, RISK, LEDGER = f"{GROUP}/executor", f"{GROUP}/risk", f"{GROUP}/ledger"
QUOTE_PERIOD_S = 0.5
OPENING = {"USDT": Decimal(10_000)}


class _QuoteDue:
    pass


class Quotes(Actor):
    """A feed that is live and quotes what the venue's touch is."""

    def __init__(self, venue: ScriptedVenue) -> None:
        self.venue = venue
        self.live = True
        self.quoting = True
        self._sequence = 0

    def start(self) -> None:
        self.context.subscribe(topics.STATE_ASKED)
        self.context.repeat(QUOTE_PERIOD_S, _QuoteDue())
        self.quote()

    def receive(self, message: Any) -> Any:
        match message:
            case StateAsked():
                self.tell_state()
            case _QuoteDue() if self.quoting:
                self.quote()

    def tell_state(self) -> None:
        for symbol in self.venue.touch:
            word = FeedChanged(symbol, self.live, "as told by the test", self.context.now_ns())
            self.context.publish(topics.FEEDS, word)

    def quote(self) -> None:
        now_ns = self.context.now_ns()
        self._sequence += 1
        for symbol, (bid, ask) in self.venue.touch.items():
            size = Decimal(5)
            update = MarketDataUpdate(symbol, "quote", now_ns, now_ns, self._sequence, bid, size, ask, size)
            self.context.publish(topics.market(symbol), update)


class Listener(Actor):
    """Keeps every message of some topics, in order."""

    def __init__(self, heard: list[Any], names: tuple[str, ...]) -> None:
        self.heard = heard
        self.names = names

    def start(self) -> None:
        for name in self.names:
            self.context.subscribe(name)

    def receive(self, message: Any) -> Any:
        self.heard.append(message)


class Account:
    """Journal keeper, venue session, ledger, executor, risk and portfolio under their real supervisors.

    `runtime` is where the account group runs, `cell` or `threads`; `simulated` is for all of them.
    """

    runtime: ClassVar[RuntimeName] = "cell"

    def __init__(self, folder: Path, seed: int = 1, symbols: tuple[str, ...] = (SYMBOL,), **settings: Any) -> None:
        self.folder = folder
        self.clock = ManualClock()
        self.loop = HomeLoop(self.clock)
        self.symbols = symbols
        self.venue = ScriptedVenue(self.loop, OPENING)
        for symbol in symbols:
            self.venue.touch[symbol] = (Decimal(29_999), Decimal(30_001))
        self.heard: list[Any] = []
        self.signals = 0
        placement: dict[str, Any] = {GROUP: "threads"} if self.runtime == "threads" else {}
        self.run = Run("r1", str(folder), "", 0, 0, 0, Settings(symbols=symbols, placement=placement, **settings))
        self.boot(seed)

    # -- the process --------------------------------------------------------------------------------------------------

    def boot(self, seed: int) -> None:
        """Begin a process: the tree with new ports on the same files; what was heard before is forgotten."""
        self.heard.clear()
        everywhere: RuntimeName = "simulated" if self.runtime == "simulated" else "cell"
        self.system = VirtualSystem("trader", runtime=everywhere, seed=seed, loop=self.loop)
        self.journal = AccountJournal(SystemDisk(), self.folder / "account-main.journal")
        self.lease = FileLease(SystemDisk(), self.folder / "account-main.lease")
        self.latch = HaltLatch(SystemDisk(), self.folder / "halt.json")
        self.free_bytes = 1 << 40
        self.system.ports = {
            "venue": self.venue,
            "journal": self.journal,
            "lease": self.lease,
            "halt": self.latch,
            "held_back": HeldBack(SystemDisk(), self.folder / HELD_BACK_NAME),
            "limits": LimitsFile(SystemDisk(), self.folder / "account-main.limits.json"),
            "risk_memory": RiskMemory(SystemDisk(), self.folder / "account-main.risk"),
            "free_bytes": lambda: self.free_bytes,
            "thread": run_at_once,
        }
        heard_topics = (topics.ORDERS, topics.REFUSALS, topics.RUNG, topics.RECONCILED, topics.SERVING)
        self.system.spawn("trader/listener", lambda: Listener(self.heard, heard_topics))
        self.quotes = Quotes(self.venue)
        self.system.spawn("trader/feeds", lambda: self.quotes)
        tree = node_tree("trader", self.run)
        children = tuple(child for child in tree.children if child.id in ("trading", "portfolio"))
        root = msgspec.structs.replace(tree, children=children)
        self.system.spawn("trader", lambda: Supervisor(root, ActorSpawner()))
        self.settle()

    def settle(self) -> None:
        """Until nobody has anything to do at this instant."""
        self.system.run()

    def kill(self) -> None:
        """End the process as `kill -9` does: nothing is said, closed or finished."""
        for path in list(self.system.actors):
            if (actor := self.system.actors.get(path)) is not None:
                actor.parent = ""
                actor.kill()
        self.venue.close()
        self.lease.release()

    def advance(self, seconds: float) -> None:
        self.system.advance(seconds)

    def until(self, condition: Callable[[], bool], within_s: float = 20.0, step_s: float = 0.05) -> None:
        for _ in range(round(within_s / step_s)):
            if condition():
                return
            self.advance(step_s)
        assert condition(), f"not so within {within_s} s; last heard {self.heard[-8:]}"

    def serve(self) -> "Account":
        """Advance until orders may leave."""
        self.until(lambda: self.rung() == "NORMAL")
        self.quotes.quote()
        return self

    def behaviour(self, path: str) -> Any:
        actor = self.system.actors.get(path)
        return actor.behaviour if actor is not None else None

    @property
    def executor(self) -> Executor:
        executor: Executor = self.behaviour(EXECUTOR)
        return executor

    @property
    def risk(self) -> Risk:
        risk: Risk = self.behaviour(RISK)
        return risk

    @property
    def books(self) -> Books:
        return self.executor.books

    # -- what happens -------------------------------------------------------------------------------------------------

    def signal(
        self,
        target: str | Decimal,
        limit: str | Decimal | None = None,
        strategy: str = "s",
        symbol: str = SYMBOL,
        signal_id: str = "",
    ) -> SignalGenerated:
        self.signals += 1
        signal = SignalGenerated(
            signal_id=signal_id or f"signal-{self.signals}",
            strategy=strategy,
            symbol=symbol,
            target=Decimal(target),
            limit_price=None if limit is None else Decimal(limit),
            created_ns=self.clock.now_ns(),
            cause="the test",
        )
        self.system.tell(RISK, signal)
        self.system.publish(topics.SIGNALS, signal)
        return signal

    def move(self, bid: str | Decimal, ask: str | Decimal, symbol: str = SYMBOL) -> None:
        self.venue.move(symbol, Decimal(bid), Decimal(ask))
        if self.quotes.quoting:
            self.quotes.quote()

    def drain(self, policy: Any) -> Summary:
        done: list[Any] = []
        self.system.ask(EXECUTOR, Drain(policy), 3.5).then(done.append)
        self.advance(4)
        assert done, "a question is always answered"
        assert done[0].error is None, done[0].error
        self.system.ask("trader/portfolio", Value(done[0].value), 0.3).then(done.append)
        self.advance(0.1)
        summary: Summary = done[1].value
        return summary

    # -- what was heard -----------------------------------------------------------------------------------------------

    def of(self, kind: type) -> list[Any]:
        return [message for message in self.heard if isinstance(message, kind)]

    def codes(self) -> list[str]:
        return [refused.code for refused in self.of(OrderRefused)]

    def rung(self, scope: str = SYMBOL) -> str:
        moves = [change.rung for change in self.of(RungChanged) if change.scope == scope]
        return moves[-1] if moves else ""

    def verdict(self) -> AccountReconciled:
        verdict: AccountReconciled = self.of(AccountReconciled)[-1]
        return verdict

    def records(self, kind: type = object) -> list[Any]:
        """Of all its files, oldest first."""
        path = self.folder / "account-main.journal"
        return [record for _, record in read_journal(SystemDisk(), path) if isinstance(record, kind)]

    def order_states(self) -> list[str]:
        """Of every intent in the journal, oldest first."""
        return [self.books.orders[intent.client_id].state.value for intent in self.records(OrderIntended)]


def find(tree: ChildSpec, path: str) -> ChildSpec:
    """The child at a path below `tree`."""
    for name in path.split("/"):
        tree = next(child for child in tree.children if child.id == name)
    return tree


def approval(account: Account, **changed: Any) -> OrderApproved:
    """What the living risk would approve; with some of it changed."""
    now_ns = account.clock.now_ns()
    made = OrderApproved(
        approval_id="a1",
        risk_incarnation=account.risk.incarnation,
        signal_id="by-hand",
        strategy="s",
        symbol=SYMBOL,
        side="buy",
        type="limit",
        amount=Decimal("0.01"),
        price=Decimal(29_000),
        reference_price=Decimal(30_001),
        judged_ns=now_ns,
        expires_ns=now_ns + 500_000_000,
        judged_on="the test",
    )
    return msgspec.structs.replace(made, **changed)


def assert_level(account: Account, replicas_at: tuple[str, ...] = (LEDGER, RISK, "trader/portfolio")) -> None:
    """What every scenario ends with: books, replicas and venue agree, and nothing was sent twice (laws 2, 3, 5)."""
    venue, books = account.venue, account.books
    assert account.executor._reconciler.verdict.equal, account.executor._reconciler.verdict
    for currency in books.balances.keys() | venue.balances.keys():
        assert books.balances.get(currency, 0) == venue.balances.get(currency, 0), currency
    assert not [currency for currency, amount in venue.balances.items() if amount < 0]
    for symbol, position in books.positions.items():
        base = symbol.partition("/")[0]
        mine = sum(amount for (_, held), amount in books.strategy_positions.items() if held == symbol)
        assert mine == position.amount
        fees = sum((t.fee for t in venue.trades if t.fee_currency == base and t.symbol == symbol), Decimal(0))
        traded = sum(
            (t.amount if t.side == "buy" else -t.amount for t in venue.trades if t.symbol == symbol), Decimal(0)
        )
        assert position.amount == traded - fees
    assert {order.intent.client_id for order in books.open_orders()} == venue.open_ids()
    assert_sent_once(account)
    replicas = {path: account.behaviour(path).books for path in replicas_at}
    for path, replica in replicas.items():
        assert isinstance(account.behaviour(path), (Ledger, Risk, Portfolio))
        assert replica == books, f"the books of {path} differ from the executor's"


def assert_sent_once(account: Account) -> None:
    placed = [intent.client_id for intent in account.venue.placed]
    intents = account.records(OrderIntended)
    assert len(placed) == len(set(placed)), "an order was sent twice"
    assert set(placed) <= {intent.client_id for intent in intents}, "an order left without its intent"
    signals = [intent.signal_id for intent in intents]
    assert len(signals) == len(set(signals)), "a signal yielded two intents"
    concluded = {rejected.client_id for rejected in account.records(OrderRejected)}
    for intent in intents:
        arrived = intent.client_id in account.venue.orders
        assert arrived != (intent.client_id in concluded), f"{intent.client_id}: arrived {arrived}"

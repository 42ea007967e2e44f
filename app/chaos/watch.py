"""Watching what becomes of one fault of a chaos run: a fold over what is seen of the system."""

from dataclasses import dataclass

from msgspec.structs import replace

from ..injection import LASTING
from ..trading.rungs import Rung
from ..trading.views import TradingSnapshot
from ..transports.control import ChaosStep, VenueFaultAsked
from ..tree import Item, find
from .cause import Done, Outcome, describe, describe_venue_fault, give_up, judge
from .plan import Step

WATCH_S = 20.0
"""A fault after which something does not work again by then counts as not recovered."""


@dataclass(frozen=True)
class Sight:
    """The system as it was seen at one moment of the host's monotonic clock."""

    now_ns: int
    tree: Item
    trading: TradingSnapshot | None
    """None while the trader does not answer."""
    trading_ns: int = 0
    """When that was asked for."""

    @property
    def rung(self) -> Rung | None:
        return None if self.trading is None else Rung[self.trading.rung]

    def works(self, normal: Rung) -> bool:
        """Whether the account is level with the venue, its markets live, and it on no lower rung than `normal`."""
        trading, rung = self.trading, self.rung
        if trading is None or rung is None or rung > normal:
            return False
        return trading.reconciled and all(symbol.live for symbol in trading.symbols)


class StepWatch:
    """One fault: what was seen before it, what is seen since, and what there is to say about it."""

    def __init__(self, step: Step, done: Done | None, at_ns: int, now_utc_ns: int, before: Sight, normal: Rung) -> None:
        """`done` is None for a fault of the venue. `at_ns` is monotonic; `normal`: the rung to return to."""
        self._step = step
        self._done = done
        self._at_ns = at_ns
        self._normal = normal
        self._trace = _trace(before, step.target)
        self._outcome: Outcome | None = None
        self._back_ns = 0
        self._bad_ms = 0.0
        """When trading was last seen not to work."""
        self._lowest: Rung | None = None
        self.told = ChaosStep(
            number=step.number,
            kind=step.kind.name,
            target=step.target,
            what=_describe(step, done),
            at_ns=now_utc_ns,
        )

    @property
    def over(self) -> bool:
        return self.told.verdict != "open"

    def see(self, sight: Sight) -> None:
        """Take in what was seen; nothing any more once it is over."""
        if self.over or sight.now_ns <= self._at_ns:
            return
        self._note(sight)
        if self._outcome is None and (outcome := self._judge(sight)) is not None:
            self._outcome, self._back_ns = outcome, sight.now_ns
        after_ms = (sight.now_ns - self._at_ns) / 1e6
        if self._outcome is not None and not self._outcome.recovered:
            self._end("not recovered", self._outcome.text)
        elif self._outcome is not None and sight.trading_ns > self._back_ns and sight.works(self._normal):
            self._recover(sight, after_ms)
        elif after_ms > WATCH_S * 1e3:
            self._end("not recovered", self._excuse(sight))

    def heal(self) -> None:
        """What lasts was ended from outside: it remains to be seen that all works."""
        if self._outcome is None and (self._done is None or self._done.asked.action in LASTING):
            self._back_ns = self._at_ns
            self._outcome = Outcome(True, None, None, "healed")

    def _note(self, sight: Sight) -> None:
        """When something was first different, whether trading was, and the lowest rung."""
        if sight.trading_ns > self._at_ns and not sight.works(self._normal):
            self._bad_ms = (sight.now_ns - self._at_ns) / 1e6
        if self.told.noticed_ms is None and _trace(sight, self._step.target) != self._trace:
            self.told = replace(self.told, noticed_ms=round((sight.now_ns - self._at_ns) / 1e6, 1))
        if sight.rung is not None and (self._lowest is None or sight.rung > self._lowest):
            self._lowest = sight.rung
            self.told = replace(self.told, rung=sight.rung.name)

    def _judge(self, sight: Sight) -> Outcome | None:
        if self._done is not None:
            return judge(self._done, sight.tree, sight.now_ns)
        after_ms, for_ms = (sight.now_ns - self._at_ns) / 1e6, (self._step.for_s or 0.0) * 1e3
        return Outcome(True, None, round(after_ms, 1), "the venue is itself again") if after_ms >= for_ms else None

    def _recover(self, sight: Sight, after_ms: float) -> None:
        """The target came back when its supervisor says, trading when its ladder does; both where that is later than
        what was seen, else when that was seen."""
        assert self._outcome is not None
        known_ms = self._outcome.after_ms
        exact_ms = max(known_ms or 0.0, self._moved_ms(sight))
        recovered_ms = exact_ms if self._bad_ms < exact_ms <= after_ms else after_ms
        noticed_ms = self.told.noticed_ms
        if noticed_ms is not None and known_ms is not None and known_ms > 0:
            noticed_ms = min(noticed_ms, max(recovered_ms, known_ms))
        self.told = replace(self.told, recovered_ms=round(recovered_ms, 1), noticed_ms=noticed_ms)
        self._end("recovered", self._outcome.text)

    def _moved_ms(self, sight: Sight) -> float:
        """When the ladder moved last since the fault; 0 where it did not, or where its clock cannot be believed."""
        if sight.trading is None or self._step.kind.action == "clock":
            return 0.0
        since_ns = max((each.since_ns for each in sight.trading.standings), default=0)
        return max(0.0, (since_ns - self.told.at_ns) / 1e6)

    def _excuse(self, sight: Sight) -> str:
        if self._outcome is None and self._done is not None:
            return give_up(self._done, find(sight.tree, self._step.target), WATCH_S).text
        if sight.trading is None:
            return f"the trader did not answer {WATCH_S:g} s after"
        trading = sight.trading
        level = "reconciled" if trading.reconciled else "not reconciled"
        return f"still {trading.rung}, {level}, {WATCH_S:g} s after: {trading.rung_reason}"

    def _end(self, verdict: str, text: str) -> None:
        self.told = replace(self.told, verdict=verdict, text=text)


def refused(step: Step, now_utc_ns: int, reason: str) -> ChaosStep:
    """A fault that could not be put in."""
    return ChaosStep(
        number=step.number,
        kind=step.kind.name,
        target=step.target,
        what=step.kind.name,
        at_ns=now_utc_ns,
        verdict="refused",
        text=reason,
    )


def _describe(step: Step, done: Done | None) -> str:
    if done is None:
        return describe_venue_fault(VenueFaultAsked(step.fault, for_s=step.for_s))
    return describe(done).partition(": ")[2].partition(" (incarnation")[0]


def _trace(sight: Sight, target: str) -> tuple[object, ...]:
    """What shows that a fault was noticed: state and incarnation of target and node, the rung, the books."""
    items = (find(sight.tree, path) for path in (target, target.partition("/")[0]))
    states = (None if item is None else (item["state"], item["incarnation"], item["restarts"]) for item in items)
    trading = sight.trading
    return (*states, None if trading is None else (trading.rung, trading.reconciled))

"""What happened in one run of the system, counted from the journal, so that restarts lose nothing."""

from typing import Literal

import msgspec

from .messages import Message, OrderRefused, SignalGenerated
from .order_events import OrderFilled, OrderIntended, OrderUnknown


class RunStarted(Message, frozen=True, gc=False):
    """From here on the journal's records belong to this run of the whole system, whatever restarts in it."""

    run_id: str
    at_ns: int


class RunTally(msgspec.Struct):
    """Fold journal records with `apply`; counts begin anew with every `RunStarted` of another run."""

    run_id: str = ""
    signals: int = 0
    orders: int = 0
    fills: int = 0
    refused: int = 0
    unknown: int = 0

    def apply(self, record: Message) -> None:
        match record:
            case RunStarted(run_id=run_id) if run_id != self.run_id:
                self.signals = self.orders = self.fills = self.refused = self.unknown = 0
                self.run_id = run_id
            case SignalGenerated():
                self.signals += 1
            case OrderIntended():
                self.orders += 1
            case OrderFilled():
                self.fills += 1
            case OrderRefused():
                self.refused += 1
            case OrderUnknown():
                self.unknown += 1


class Summary(Message, frozen=True, gc=False):
    """An account at the end of a run; money and amounts as exact decimal strings."""

    signals: int
    orders: int
    fills: int
    refused: int
    unknown: int
    reconciled: bool
    differences: tuple[str, ...]
    position: dict[str, str]
    balances: dict[str, str]
    equity: str | None = None
    learned_bars: int | None = None
    """Both None where nobody could say."""


class Value(Message, frozen=True, gc=False):
    """Complete a summary by what the account is worth and what was learned; answered with the completed one."""

    summary: Summary


class Drain(Message, frozen=True, gc=False):
    """Stop trading in good order, as the policy says; answered with a `Summary` when the account is at rest."""

    policy: Literal["cancel", "leave", "flatten"]

"""The chain behind one decision, top down: why it was wanted, what allowed it, what happened, what it earned."""

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise, zip_longest
from typing import NamedTuple

from ..messages import ZERO, OrderApproved, OrderRefused, OrderRequested, SignalGenerated
from ..order_events import OrderAccepted, OrderFilled, OrderIntended, OrderPlaced
from ..order_groups import slot_of
from .decision import Decision, Happened
from .words import (
    clip,
    event_words,
    moment,
    money,
    number,
    order_words,
    span,
    value_words,
)

FEATURES_TOLD = 4
"""The largest ones by size."""
NO_RECORD = "no record of it is left in these files"
TOLD_OF_APPROVAL = frozenset(
    (
        *("approval_id", "risk_incarnation", "signal_id", "strategy", "symbol", "side", "type", "amount", "price"),
        *("reference_price", "judged_ns", "expires_ns", "judged_on", "terms"),
    )
)


LIFE = ((OrderIntended, "intent"), (OrderPlaced, "sent"), (OrderAccepted, "accepted"), (OrderFilled, "filled"))


class Fact(NamedTuple):
    name: str
    value: str


class Line(NamedTuple):
    """An event, and how long after the first one; below zero where the venue's clock is behind ours."""

    at_ns: int
    after_ns: int
    text: str


class Stage(NamedTuple):
    """One answer of the chain; `missing` where the journal does not hold what should be here."""

    title: str
    said: str
    facts: tuple[Fact, ...] = ()
    lines: tuple[Line, ...] = ()
    missing: bool = False


class Step(NamedTuple):
    """How long one part of the way took."""

    name: str
    elapsed_ns: int


def explain(decision: Decision, feature_names: tuple[str, ...] = ()) -> tuple[Stage, ...]:
    """The chain, with numbers. `feature_names` name what the model saw, in its order."""
    told = [_wanted(decision, feature_names), *_judged(decision)]
    if decision.order is not None:
        told += [_sent(decision, decision.order.intent), _happened(decision), _earned(decision)]
    return tuple(told)


# -- why --------------------------------------------------------------------------------------------------------------


def _wanted(decision: Decision, feature_names: tuple[str, ...]) -> Stage:
    title, wanted = "Why it was wanted", decision.wanted
    match wanted:
        case SignalGenerated():
            return Stage(title, _signal_words(decision, wanted), tuple(_signal_facts(decision, wanted, feature_names)))
        case OrderRequested():
            said = f"{wanted.strategy} asked for this order: {order_words(wanted)}"
            return Stage(title, said, tuple(_request_facts(wanted)), tuple(_lines(decision.group)))
    if decision.adopted:
        said = "found at the venue with our prefix and unknown to the journal: adopted, why it was wanted is not known"
        return Stage(title, said, missing=True)
    return Stage(title, f"signal {decision.key}: {NO_RECORD}", missing=True)


def _request_facts(wanted: OrderRequested) -> Iterator[Fact]:
    if (owner := slot_of(wanted.request_id)) is not None:
        yield Fact("part of", f"{owner[1]} of group {owner[0]}")
    yield Fact("because of", cause_words(wanted.cause))
    yield Fact("asked at", moment(wanted.created_ns))
    yield Fact("request", wanted.request_id)


def _signal_words(decision: Decision, signal: SignalGenerated) -> str:
    base = signal.symbol.partition("/")[0]
    change = signal.target - decision.held
    sign = "+" if change > ZERO else ""
    return (
        f"{signal.strategy} wanted to hold {number(signal.target)} {base} and held {number(decision.held)}:"
        f" {sign}{number(change)} {base}"
    )


def _signal_facts(decision: Decision, signal: SignalGenerated, feature_names: tuple[str, ...]) -> Iterator[Fact]:
    yield Fact("because of", cause_words(signal.cause))
    if signal.probability_up is not None:
        horizon = "" if signal.horizon_s is None else f" in {signal.horizon_s:g} s"
        yield Fact(
            "model", f"{signal.model or 'not named'}: a rise{horizon} with probability {signal.probability_up:.4f}"
        )
    if signal.features:
        yield Fact("it saw", feature_words(signal.features, feature_names))
    if signal.limit_price is not None:
        yield Fact("at no worse than", number(signal.limit_price))
    yield Fact("wanted at", moment(signal.created_ns))
    yield Fact("signal", signal.signal_id)
    if decision.standing_orders:
        yield Fact("still open then", ", ".join(decision.standing_orders[:5]))


def feature_words(features: tuple[float, ...], names: tuple[str, ...]) -> str:
    """The largest ones with their names, and how many there are."""
    named = [(name or f"feature {i + 1}", each) for i, (name, each) in enumerate(zip_longest(names, features)) if each]
    largest = sorted(named, key=lambda pair: -abs(pair[1]))[:FEATURES_TOLD]
    rest = len(features) - len(largest)
    words = ", ".join(f"{name} {value:+.3f}" for name, value in largest)
    return f"{words or 'nothing but zeros'}" + (f" and {rest} smaller ones" if rest > 0 and words else "")


def cause_words(cause: str) -> str:
    """`bar 1763800000000000000 …` with its time in words."""
    kind, _, rest = cause.partition(" ")
    digits = rest.split(maxsplit=1)
    if kind == "bar" and digits and digits[0].isdigit():
        return clip(" ".join((f"the bar that closed at {moment(int(digits[0]))}", *digits[1:])))
    return clip(cause) or "not told"


# -- what allowed it --------------------------------------------------------------------------------------------------


def _judged(decision: Decision) -> Iterator[Stage]:
    for refusal in decision.refusals:
        yield _refused(decision, refusal)
    for approval in decision.approvals:
        yield _approved(decision, approval)
    if decision.approvals or decision.refusals:
        return
    if decision.order is None:
        yield Stage("Why there was no order", _no_order_words(decision))
    elif not decision.adopted:
        approval_id = decision.order.intent.approval_id
        yield Stage("What allowed it", f"approval {approval_id}: {NO_RECORD}", missing=True)


def _no_order_words(decision: Decision) -> str:
    if decision.standing_orders:
        standing = ", ".join(decision.standing_orders[:5])
        return f"{standing} still stood: this waited for its cancel, and a newer wish took its place, or it still waits"
    return "neither approved nor refused: what it asked for was held already, as nearly as the venue's smallest order"


def _refused(decision: Decision, refusal: OrderRefused) -> Stage:
    facts = [Fact(name.replace("_", " "), clip(value)) for name, value in refusal.numbers.items()]
    facts += [Fact("judged at", moment(refusal.at_ns)), Fact("rung", _rung_words(decision))]
    return Stage("What refused it", f"risk said no: {clip(refusal.code)}", tuple(facts))


def _approved(decision: Decision, approval: OrderApproved) -> Stage:
    facts = [
        Fact("judged on", clip(approval.judged_on)),
        Fact("price then", number(approval.reference_price)),
        Fact("judged at", moment(approval.judged_ns)),
        Fact("valid for", span(approval.expires_ns - approval.judged_ns)),
        Fact("rung", _rung_words(decision)),
        Fact("approval", approval.approval_id),
        Fact("risk", f"incarnation {approval.risk_incarnation}"),
    ]
    if (change := decision.limits) is not None:
        said = f"{change.name} of {change.scope}, {change.before or 'none'} to {change.after or 'none'}, by {change.by}"
        facts.append(Fact("limits changed last", clip(f"{said}: {change.reason} ({moment(change.at_ns)})")))
    more = [name for name in approval.__struct_fields__ if name not in TOLD_OF_APPROVAL and getattr(approval, name)]
    facts += [Fact(name.replace("_", " "), clip(value_words(getattr(approval, name)))) for name in more]
    return Stage("What allowed it", f"risk approved {order_words(approval)}", tuple(facts))


def _rung_words(decision: Decision) -> str:
    standing = decision.standing
    return "not told before" if standing is None else f"{standing.rung} ({standing.scope}: {clip(standing.reason)})"


# -- what happened ----------------------------------------------------------------------------------------------------


def _sent(decision: Decision, intent: OrderIntended) -> Stage:
    facts = [Fact("order", intent.client_id)]
    if intent.sequence:
        facts.append(Fact("written down as", f"record {intent.sequence} of the journal, lease epoch {intent.epoch}"))
    facts += [Fact(each.name, span(each.elapsed_ns)) for each in steps(decision)]
    facts.append(Fact("run", decision.run_id or "not told"))
    return Stage("What was sent", order_words(intent), tuple(facts))


def steps(decision: Decision) -> tuple[Step, ...]:
    """From the close of the bar, where one led here, to the first fill: each part that the journal can tell, in the
    order of time. Fills are dated by the venue's clock."""
    moments = sorted(_moments(decision), key=lambda pair: pair[1])
    return tuple(Step(f"{name} to {next_name}", at - before) for (name, before), (next_name, at) in pairwise(moments))


def _moments(decision: Decision) -> Iterator[tuple[str, int]]:
    wanted = decision.wanted
    if isinstance(wanted, SignalGenerated) and wanted.cause.startswith("bar "):
        end = wanted.cause.split()[1]
        if end.isdigit():
            yield "bar closed", int(end)
    if wanted is not None:
        yield "wanted", wanted.created_ns
    if decision.approvals:
        yield "approved", decision.approvals[-1].judged_ns
    for kind, name in LIFE:
        found = next((each.record for each in decision.events if isinstance(each.record, kind)), None)
        if found is not None:
            yield name, found.at_ns


def _happened(decision: Decision) -> Stage:
    assert decision.order is not None
    order = decision.order
    words = "is open" if order.open else "ended"
    said = f"it {words}: {order.state.value.replace('_', ' ')}, {number(order.filled)} of {number(order.intent.amount)}"
    if order.reason:
        said += f" ({clip(order.reason)})"
    left_out = decision.events_left_out
    facts = (Fact("more events", f"{left_out} later ones are not kept"),) if left_out else ()
    return Stage("What happened", said, facts, tuple(_lines(decision.events)))


def _lines(events: list[Happened]) -> Iterator[Line]:
    for _, record in events:
        yield Line(record.at_ns, record.at_ns - events[0].record.at_ns, event_words(record))


# -- what it earned ---------------------------------------------------------------------------------------------------


def _earned(decision: Decision) -> Stage:
    assert decision.order is not None
    title, intent = "What it earned", decision.order.intent
    base, _, quote = intent.symbol.partition("/")
    if not decision.fills:
        return Stage(title, "nothing: it did not fill")
    filled, notional = decision.order.filled, decision.notional
    average = notional / filled
    facts = [
        Fact("filled", f"{number(filled)} {base} at {money(average)} {quote} on average, {money(notional)} {quote}"),
        Fact("fees", f"{money(decision.gain.fees)} {quote}"),
    ]
    if intent.reference_price > ZERO:
        facts.append(Fact("against the price then", slippage_words(intent.side, average, intent.reference_price)))
    if intent.side == "buy" and not decision.gain.average and not decision.gain.fifo:
        return Stage(title, f"nothing yet: it bought {number(filled)} {base}", tuple(facts))
    facts.append(Fact("first in, first out", f"{money(decision.gain.fifo)} {quote}"))
    return Stage(title, f"{money(decision.gain.average)} {quote} realised by average cost, fees included", tuple(facts))


def slippage_words(side: str, average: Decimal, reference: Decimal) -> str:
    """How much better or worse than the price that risk judged on."""
    worse = (average - reference) / reference * (1 if side == "buy" else -1) * 10_000
    return "equal" if not worse else f"{abs(worse):.2f} bps {'worse' if worse > 0 else 'better'}"

"""The dead-man switch: armed and renewed while trading, never while a protective stop rests at the venue."""

from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from tests.exchanges.test_order_params import intend
from tradigrade.exchanges.dead_man import ARRIVES_WITHIN_NS, RENEW_S, TIMEOUT_S, DeadManSwitch
from tradigrade.exchanges.venue import EvidenceGathered, SwitchAnswered
from tradigrade.trading.evidence import Evidence, VenueOrder, VenueState
from tradigrade.trading.messages import OrderType, Terms

S = 1_000_000_000


def look(asked_ns: int = 0, kind: OrderType | None = None, state: VenueState = "open") -> EvidenceGathered:
    orders = () if kind is None else (VenueOrder("x", "1", "BTC/USDT", state, type=kind),)
    return EvidenceGathered(1, Evidence(asked_ns, orders, (), {}, {}, 0))


def stop(at_ns: int = 0) -> Any:
    return replace(intend("stop_loss", terms=Terms(stop_price=Decimal(1))), at_ns=at_ns)


def done(timeout_s: float) -> SwitchAnswered:
    return SwitchAnswered(timeout_s, "done")


def armed() -> DeadManSwitch:
    switch = DeadManSwitch()
    switch.opened(offered=True)
    switch.seen(look())
    assert switch.turn(0) == TIMEOUT_S
    switch.answered(done(TIMEOUT_S))
    assert switch.armed == "yes"
    return switch


def test_a_venue_without_one_is_never_asked() -> None:
    switch = DeadManSwitch()
    switch.opened(offered=False)
    switch.seen(look())
    assert switch.turn(0) is None


def test_before_the_venue_was_looked_at_it_is_not_armed() -> None:
    switch = DeadManSwitch()
    switch.opened(offered=True)
    assert switch.turn(0) is None


def test_it_is_renewed_in_time_and_no_more_often() -> None:
    switch, asked = armed(), []
    for second in range(1, 21):
        if (timeout_s := switch.turn(second * S)) is not None:
            asked.append((second, timeout_s))
            switch.answered(done(timeout_s))
    assert asked == [(second, TIMEOUT_S) for second in (4, 8, 12, 16, 20)]
    assert 2 * RENEW_S < TIMEOUT_S


@pytest.mark.parametrize("kind", ["stop_loss", "stop_loss_limit", "take_profit", "take_profit_limit"])
def test_with_a_protective_order_at_the_venue_it_is_not_armed(kind: OrderType) -> None:
    switch = DeadManSwitch()
    switch.opened(offered=True)
    switch.seen(look(kind=kind))
    assert [switch.turn(second * S) for second in range(20)] == [None] * 20


def test_before_a_protective_order_leaves_it_is_disarmed_until_the_venue_says_so() -> None:
    switch = armed()
    switch.placing(stop())
    assert switch.turn(S) == 0.0
    switch.answered(SwitchAnswered(0.0, "unknown"))
    assert switch.turn(S) == 0.0
    switch.answered(done(0.0))
    assert [switch.turn(second * S) for second in range(2, 20)] == [None] * 18


def test_a_look_that_may_have_missed_the_order_does_not_arm_it_again() -> None:
    switch = armed()
    switch.placing(stop(at_ns=S))
    assert switch.turn(S) == 0.0
    switch.answered(done(0.0))
    switch.seen(look(asked_ns=S + ARRIVES_WITHIN_NS - 1))
    assert switch.turn(30 * S) is None
    switch.seen(look(asked_ns=S + ARRIVES_WITHIN_NS))
    assert switch.turn(30 * S) == TIMEOUT_S


def test_requests_do_not_overtake_each_other() -> None:
    switch = DeadManSwitch()
    switch.opened(offered=True)
    switch.seen(look())
    assert switch.turn(0) == TIMEOUT_S
    switch.placing(stop())
    assert switch.turn(0) is None
    switch.answered(done(TIMEOUT_S))
    assert switch.turn(0) == 0.0


def test_a_stop_in_good_order_disarms_it() -> None:
    switch = armed()
    switch.leave()
    assert switch.turn(S) == 0.0
    switch.answered(done(0.0))
    assert switch.turn(30 * S) is None


def test_on_a_new_connection_it_is_known_anew_what_rests_there() -> None:
    switch = armed()
    switch.closed()
    assert switch.turn(10 * S) is None
    switch.opened(offered=True)
    assert switch.turn(10 * S) is None
    switch.seen(look(kind="stop_loss"))
    assert switch.turn(10 * S) == 0.0, "it may be armed still"

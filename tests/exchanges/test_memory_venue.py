"""The account's port of the venue in memory keeps what every venue port promises, faults included."""

from decimal import Decimal

import pytest

from tests.kit.memory import BTC, OPENING, Client
from tradigrade.exchanges.venue import (
    IN_FLIGHT_LIMIT,
    CancelAnswered,
    EvidenceFailed,
    EvidenceGathered,
    OrderReported,
    PlaceAnswered,
    RateLimited,
    VenueClosed,
    VenueOpened,
)
from tradigrade.trading.order_events import OrderFilled


def answer(client):
    (word,) = client.of(PlaceAnswered)
    return word.outcome, word.code


def test_a_connection_brings_the_rules_of_trading():
    client = Client().start()
    (opened,) = client.words
    assert isinstance(opened, VenueOpened)
    assert opened.instruments[BTC].venue_symbol == "BTCUSDT"


def test_an_order_that_rests_is_accepted_and_reported_open():
    client = Client().start()
    order = client.intend()
    client.loop.advance(1)
    assert answer(client) == ("done", "")
    assert [(word.client_id, word.state) for word in client.of(OrderReported)] == [(order, "open")]
    assert client.venue.open_orders()[order].price == Decimal(29_000)
    assert client.notes("left") == client.notes("arrived") == [order]


def test_a_taker_fills_in_its_answer_and_on_the_stream_with_equal_fills():
    client = Client().start()
    client.intend(price=None)
    client.loop.advance(1)
    in_answer, on_stream = client.of(OrderFilled)
    assert in_answer == on_stream == client.venue.trades()[0]
    assert client.venue.balances()["BTC"] == OPENING["BTC"] + Decimal("0.01") * Decimal("0.999")
    spent = in_answer.price * in_answer.amount
    assert client.venue.balances()["USDT"] == OPENING["USDT"] - spent


def test_a_cancel_is_answered_once_and_refused_the_second_time():
    client = Client().start()
    order = client.intend()
    client.loop.advance(1)
    for _ in range(2):
        client.account.cancel(order, BTC)
        client.loop.advance(1)
    assert [word.outcome for word in client.of(CancelAnswered)] == ["done", "refused"]
    assert [word.state for word in client.of(OrderReported)] == ["open", "cancelled"]


def test_what_the_venue_refuses_is_told_under_ccxts_name():
    client = Client().start()
    client.intend(amount="5")
    client.loop.advance(1)
    assert answer(client) == ("refused", "InsufficientFunds")
    assert not client.venue.orders()


@pytest.mark.parametrize("why", ["not connected", "too late", "too many"])
def test_an_order_that_may_not_leave_is_proven_unsent(why):
    client = Client()
    if why != "not connected":
        client.start()
    for _ in range(IN_FLIGHT_LIMIT if why == "too many" else 0):
        client.look()
    client.account.open(client.hear) if why == "not connected" else None
    client.intend(late_ns=401_000_000 if why == "too late" else 0)
    assert answer(client) == ("refused", "NOT_SENT")
    assert not client.notes("left")


def test_without_a_connection_cancels_are_unknown_and_looks_fail():
    client = Client()
    client.account.open(client.hear)
    client.account.cancel("c9", BTC)
    client.look()
    assert [type(word) for word in client.words] == [CancelAnswered, EvidenceFailed]
    assert client.of(CancelAnswered)[0].outcome == "unknown"


# -- faults: each fires, is counted, and does what it says ------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "outcome", "arrives"),
    [
        ("place_lost", ("unknown", "RequestTimeout"), False),
        ("place_unanswered", ("unknown", "RequestTimeout"), True),
        ("place_late", ("unknown", "RequestTimeout"), True),
        ("place_refused", ("refused", "InvalidOrder"), False),
        ("ban", ("refused", "DDoSProtection"), False),
    ],
)
def test_faults_of_an_order(fault, outcome, arrives):
    client = Client().start()
    setattr(client.venue.faults, fault, 1)
    order = client.intend()
    client.loop.advance(7)
    assert answer(client) == outcome
    assert (order in client.venue.orders()) == arrives
    assert client.venue.fired == {fault: 1}
    assert getattr(client.venue.faults, fault) == 0
    assert client.times[client.words.index(client.of(PlaceAnswered)[0])] <= 3.3


def test_an_order_delayed_past_the_receive_window_is_refused_by_the_venue():
    client = Client().start()
    client.venue.faults.place_delayed = 1.0
    for _ in range(40):
        client.intend(amount="0.001")
        client.loop.advance(5)
    for word in client.of(PlaceAnswered):
        arrived = word.client_id in client.venue.orders()
        # in time: done; behind the window, before the time-out: refused; behind both: in doubt, and not there
        expected = {("done", ""): True, ("refused", "InvalidNonce"): False, ("unknown", "RequestTimeout"): False}
        assert expected[word.outcome, word.code] == arrived
    assert len({word.outcome for word in client.of(PlaceAnswered)}) == 3
    assert client.venue.fired["place_delayed"] == 40


@pytest.mark.parametrize(
    ("fault", "outcome", "still_open"),
    [
        ("cancel_lost", "unknown", True),
        ("cancel_unanswered", "unknown", False),
        ("cancel_late", "unknown", False),
        ("cancel_refused", "refused", True),
        ("cancel_delayed", None, None),
    ],
)
def test_faults_of_a_cancel(fault, outcome, still_open):
    client = Client().start()
    order = client.intend()
    client.loop.advance(1)
    setattr(client.venue.faults, fault, 1)
    client.account.cancel(order, BTC)
    client.loop.advance(7)
    (word,) = client.of(CancelAnswered)
    assert outcome in (None, word.outcome)
    assert still_open in (None, order in client.venue.open_orders())
    assert client.venue.fired == {fault: 1}


@pytest.mark.parametrize(("fault", "heard"), [("event_lost", 0), ("event_duplicated", 2), ("event_delayed", 1)])
def test_faults_of_the_accounts_stream(fault, heard):
    client = Client().start()
    setattr(client.venue.faults, fault, 1)
    order = client.intend()
    client.loop.advance(7)
    assert [word.client_id for word in client.of(OrderReported)] == [order] * heard
    assert client.venue.fired == {fault: 1}


def test_a_reordered_event_is_overtaken_and_a_delayed_one_is_not():
    for fault, first in (("event_reordered", "cancelled"), ("event_delayed", "open")):
        client = Client().start()
        setattr(client.venue.faults, fault, 1)
        client.account.cancel(client.intend(), BTC)  # the cancel may arrive first: then it is refused
        client.loop.advance(0.1)
        client.account.cancel("c1", BTC)
        client.loop.advance(7)
        assert client.of(OrderReported)[0].state == first, fault


def test_evidence_is_the_whole_truth():
    client = Client().start()
    client.intend(price=None)
    resting = client.intend()
    client.loop.advance(1)
    client.look(open_ids={"c1": BTC, "c9": BTC})
    client.loop.advance(1)
    evidence = client.of(EvidenceGathered)[0].evidence
    states = {order.client_id: order.state for order in evidence.orders}
    assert states == {"c1": "filled", resting: "open", "c9": "missing"}
    assert list(evidence.trades) == client.venue.trades()
    assert evidence.balances == client.venue.balances()
    assert evidence.last_trade_ids == {BTC: 1}


def test_evidence_without_a_known_trade_brings_only_the_last_id():
    client = Client().start()
    client.intend(price=None)
    client.loop.advance(1)
    client.look(since=None)
    client.loop.advance(1)
    evidence = client.of(EvidenceGathered)[0].evidence
    assert (evidence.trades, evidence.last_trade_ids) == ((), {BTC: 1})


@pytest.mark.parametrize("fault", ["look_failed", "look_partial", "ban"])
def test_a_look_that_fails_says_so(fault):
    client = Client().start()
    setattr(client.venue.faults, fault, 1)
    client.look()
    client.loop.advance(1)
    assert len(client.of(EvidenceFailed)) == 1
    assert client.venue.fired == {fault: 1}


def test_a_ban_refuses_everything_until_it_is_over():
    client = Client().start()
    client.venue.ban(5.0)
    client.intend()
    client.loop.advance(4)
    client.intend()
    client.loop.advance(2)
    client.intend()
    client.loop.advance(1)
    assert [word.outcome for word in client.of(PlaceAnswered)] == ["refused", "refused", "done"]
    limits = client.of(RateLimited)
    assert len(limits) == 2
    started_ns = client.clock.now_ns() - 7_200_000_000 + 200_000_000
    assert all(abs(word.until_ns - started_ns - 5_000_000_000) < 1_000 for word in limits)


def test_a_venue_whose_clock_is_off_refuses_what_is_signed_outside_its_window():
    for offset_ms, outcome in ((-1_500, "refused"), (-900, "done"), (1_900, "done"), (2_100, "refused")):
        client = Client().start()
        client.venue.faults.clock_offset_ms = offset_ms
        client.intend()
        client.loop.advance(1)
        assert answer(client) == (outcome, "InvalidNonce" if outcome == "refused" else ""), offset_ms


def test_the_venues_clock_is_compared_as_far_as_it_is_proven():
    for offset_ms in (0, 3_000, -3_000):
        client = Client().start()
        client.venue.faults.clock_offset_ms = offset_ms
        client.loop.advance(11)
        first, *later = client.offsets
        assert abs(first) < 1e-3
        assert len(later) == 2
        assert all(abs(offset_s) <= abs(offset_ms) / 1e3 for offset_s in later)
        assert all(abs(offset_s - offset_ms / 1e3) < 0.05 for offset_s in later)


# -- connections ------------------------------------------------------------------------------------------------------


def test_a_cut_leaves_requests_in_doubt_and_the_port_connects_again():
    client = Client().start()
    order = client.intend()
    client.venue.cut_account()
    assert [type(word) for word in client.words[1:]] == [VenueClosed, PlaceAnswered]
    assert answer(client) == ("unknown", "NetworkError")
    client.loop.advance(1)
    assert isinstance(client.words[-1], VenueOpened)
    assert order in client.venue.open_orders(), "what was on its way arrives"
    assert not client.of(OrderReported), "but its report found nobody"


def test_a_closed_port_says_nothing_more():
    client = Client().start()
    client.intend()
    client.account.close()
    heard = len(client.words)
    client.loop.advance(10)
    assert len(client.words) == heard
    assert client.venue.open_orders()


def test_who_is_unreachable_is_tried_with_back_off_and_found_again():
    client = Client().start()
    client.venue.unreachable(2.0)
    client.loop.advance(1.9)
    assert all(isinstance(word, VenueClosed) for word in client.words[1:])
    assert 3 <= len(client.words[1:]) <= 8
    client.loop.advance(4)
    assert isinstance(client.words[-1], VenueOpened)


def test_a_venue_that_went_down_comes_up_with_the_same_account():
    client = Client().start()
    client.intend(price=None)
    resting = client.intend()
    client.loop.advance(1)
    before = client.venue.orders(), client.venue.trades(), client.venue.balances()
    client.venue.close()
    assert isinstance(client.words[-1], VenueClosed)
    client.loop.advance(3)
    client.venue.open()
    assert (client.venue.orders(), client.venue.trades(), client.venue.balances()) == before
    client.loop.advance(6)
    client.account.cancel(resting, BTC)
    client.loop.advance(1)
    assert client.of(CancelAnswered)[0].outcome == "done"
    assert client.venue.fired["venue_down"] == 1


def test_an_order_that_meets_a_closed_venue_is_in_doubt():
    client = Client().start()
    order = client.intend()
    client.venue.close()
    client.loop.advance(1)
    assert answer(client) == ("unknown", "NetworkError")
    assert order not in client.venue.orders()


def test_equal_seeds_say_equal_words_under_every_fault():
    def run(seed):
        client = Client(seed).start()
        for name in client.venue.faults.__struct_fields__[:-4]:
            setattr(client.venue.faults, name, 0.05)
        for _ in range(60):
            order = client.intend(price="30000", amount="0.001")
            client.look()
            client.loop.advance(0.7)
            client.account.cancel(order, BTC)
        return client.words, client.times, client.frames, client.venue.fired

    first = run(3)
    assert run(3) == first
    assert run(4)[1] != first[1]

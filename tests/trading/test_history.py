"""The fold of an account's journal into decisions, and the chain that each is explained by."""

import json
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.trading.journalled import (
    NOW,
    accepted,
    approval,
    fill,
    history_of,
    intent,
    placed,
    refused,
    requested,
    rung,
    signal,
    whole_life,
)
from tradigrade.trading.differences import DifferenceNoted
from tradigrade.trading.group_events import GroupAccepted, GroupClosed, Leg, OrderGroup
from tradigrade.trading.history.decision import Decision
from tradigrade.trading.history.explained import Stage, explain, steps
from tradigrade.trading.history.find import NotFound, find
from tradigrade.trading.history.fold import History
from tradigrade.trading.history.profit import NOTHING
from tradigrade.trading.history.rows import account_rows, explanation, newest_first, order_row, position_rows
from tradigrade.trading.history.words import event_words
from tradigrade.trading.limits import LimitChanged
from tradigrade.trading.messages import Terms
from tradigrade.trading.order_events import BalanceAdopted, FundsMoved, HistoryAdopted, OrderUnknown

NAMES = ("return_1", "volatility", "spread")


def only(history: History) -> Decision:
    (decision,) = history.decisions()
    return decision


def stage(decision: Decision, title: str) -> Stage:
    return next(each for each in explain(decision, NAMES) if each.title == title)


def facts(decision: Decision, title: str) -> dict[str, str]:
    return {each.name: each.value for each in stage(decision, title).facts}


# -- one chain --------------------------------------------------------------------------------------------------------


def test_a_filled_order_is_explained_from_the_bar_to_what_it_earned() -> None:
    history = history_of(rung("account"), *whole_life(1, "buy", "30000"), *whole_life(2, "sell", "30300"))
    bought, sold = history.decisions()
    assert [each.title for each in explain(sold, NAMES)] == [
        "Why it was wanted",
        "What allowed it",
        "What was sent",
        "What happened",
        "What it earned",
    ]
    why = facts(sold, "Why it was wanted")
    assert stage(sold, "Why it was wanted").said == "s wanted to hold 0 BTC and held 0.01: -0.01 BTC"
    assert why["because of"].startswith("the bar that closed at 2025-11-22 08:26:41.000")
    assert why["model"] == "lstm@7: a rise in 1 s with probability 0.2500"
    assert why["it saw"] == "spread -3.000, return_1 +0.500 and 1 smaller ones"
    allowed = facts(sold, "What allowed it")
    assert allowed["judged on"] == "quote 9 of BTC/USDT"
    assert allowed["rung"] == "NORMAL (account: everything works)"
    assert facts(sold, "What was sent")["written down as"] == "record 2 of the journal, lease epoch 1"
    assert [line.text.split()[0] for line in stage(sold, "What happened").lines] == [
        "intent",
        "request",
        "accepted",
        "sold",
    ]
    assert stage(sold, "What it earned").said == "2.397 USDT realised by average cost, fees included"
    assert facts(sold, "What it earned")["fees"] == "0.303 USDT"
    assert stage(bought, "What it earned").said == "nothing yet: it bought 0.01 BTC"


def test_the_way_is_timed_from_the_bar_to_the_fill() -> None:
    decision = only(history_of(*whole_life(1, "buy", "30000")))
    assert {each.name: each.elapsed_ns for each in steps(decision)} == {
        "bar closed to wanted": 1_000_000,
        "wanted to approved": 1_000_000,
        "approved to intent": 1_000_000,
        "intent to sent": 1_000_000,
        "sent to accepted": 1_000_000,
        "accepted to filled": 1_000_000,
    }


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_the_records_of_a_decision_may_come_in_any_order(order: tuple[int, ...]) -> None:
    first = (signal(1, "0.01"), approval(1), intent(1))
    rest = (placed(1), accepted(1), fill(1, "buy", "30000"))
    decision = only(history_of(*(first[index] for index in order), *rest))
    assert not [each for each in explain(decision) if each.missing]
    assert decision.ids == ("tgmain-1-1", "signal-1", "approval-1")
    assert decision.at_ns == signal(1, "0.01").created_ns


def test_a_refused_signal_says_why_there_was_no_order() -> None:
    numbers = {"worst": "5120.22", "bound": "5000"}
    decision = only(
        history_of(rung("account", "REDUCING", "daily loss"), signal(1, "0.01"), refused(1, "POSITION_LIMIT", numbers))
    )
    assert decision.state == "refused"
    assert stage(decision, "What refused it").said == "risk said no: POSITION_LIMIT"
    assert facts(decision, "What refused it") | {"judged at": ""} == numbers | {
        "judged at": "",
        "rung": "REDUCING (account: daily loss)",
    }


def test_a_target_that_was_met_says_so() -> None:
    decision = history_of(*whole_life(1, "buy", "30000"), signal(2, "0.01")).decisions()[1]
    assert decision.state == "no order"
    assert "held already" in stage(decision, "Why there was no order").said


def test_a_signal_that_waited_for_another_order_names_that() -> None:
    decision = history_of(signal(1, "0.01"), approval(1), intent(1), signal(2, "0.02")).decisions()[1]
    assert "tgmain-1-1 still stood" in stage(decision, "Why there was no order").said


def test_an_order_that_a_person_asked_for_says_whose_wish_it_was() -> None:
    history = history_of(requested("by-hand"), approval(1, key="by-hand"), intent(1, key="by-hand"))
    assert (
        stage(only(history), "Why it was wanted").said
        == "hand asked for this order: buy 0.01 BTC/USDT limit at 29000 post-only"
    )


def test_an_order_of_a_group_tells_the_whole_group() -> None:
    asked = requested("g1.exit1")
    stop = Leg("sell", "stop_loss", terms=Terms(stop_price=Decimal(28_000)))
    group = OrderGroup("g1", "oto", "hand", "BTC/USDT", entry=Leg("buy", "market", Decimal(1)), exit=stop)
    history = history_of(GroupAccepted(group, NOW), asked, GroupClosed("g1", "filled", NOW + 5_000_000))
    why = stage(only(history), "Why it was wanted")
    assert ("part of", "exit of group g1") in why.facts
    assert [line.text for line in why.lines] == [
        "oto accepted: entry buy 1 market, exit sell what the entry brings stop-loss stop-price 28000",
        "group closed: reason filled",
    ]
    assert find(history.decisions(), "g1") is only(history)


def test_the_id_of_a_group_of_several_orders_finds_the_first_which_tells_of_all() -> None:
    stop = Leg("sell", "stop_loss", terms=Terms(stop_price=Decimal(28_000)))
    group = OrderGroup("g1", "oto", "hand", "BTC/USDT", entry=Leg("buy", "market", Decimal(1)), exit=stop)
    history = history_of(GroupAccepted(group, NOW), requested("g1.entry1"), requested("g1.exit1"))
    assert len(history.decisions()) == 2
    assert find(history.decisions(), "g1") is history.decisions()[0]


def test_an_approval_tells_who_changed_the_limits_last() -> None:
    change = LimitChanged("max_order_notional", "account", "2000", "500", "2-abc", "ann", "the news", NOW)
    told = facts(only(history_of(change, *whole_life(1, "buy", "30000"))), "What allowed it")
    assert told["limits changed last"].startswith("max_order_notional of account, 2000 to 500, by ann: the news (2025-")


def test_a_difference_from_the_venue_is_part_of_what_happened() -> None:
    noted = DifferenceNoted("open order", "tgmain-1-1", "open", "cancelled", "the venue's word", NOW)
    decision = only(history_of(signal(1, "0.01"), approval(1), intent(1), noted))
    assert "books open, venue cancelled; the venue's word" in stage(decision, "What happened").lines[-1].text


def test_an_order_found_at_the_venue_says_that_nobody_knows_why() -> None:
    adopted = intent(1, key="adopted:tgmain-1-1", strategy="adopted", sequence=0)
    decision = only(history_of(adopted, accepted(1)))
    assert decision.adopted
    assert stage(decision, "Why it was wanted").missing
    assert "adopted" in stage(decision, "Why it was wanted").said
    assert "What allowed it" not in [each.title for each in explain(decision)]


def test_links_that_the_journal_lost_are_told() -> None:
    decision = only(history_of(intent(1), placed(1), OrderUnknown("tgmain-1-1", "no answer", NOW)))
    assert [each.title for each in explain(decision) if each.missing] == ["Why it was wanted", "What allowed it"]
    assert stage(decision, "What happened").said == "it is open: unknown, 0 of 0.01 (no answer)"
    assert stage(decision, "What it earned").said == "nothing: it did not fill"


def test_an_event_of_a_kind_that_is_new_is_told_by_its_name_and_fields() -> None:
    moved = FundsMoved("USDT", Decimal(5), "deposit", "r1", NOW)
    assert event_words(moved) == "funds moved: currency USDT, amount 5, kind deposit, reference r1"


# -- what was earned --------------------------------------------------------------------------------------------------

trades = st.lists(
    st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["buy", "sell"]), st.integers(1, 9), st.integers(90, 110)),
    max_size=30,
)


@given(trades)
def test_what_orders_and_days_earned_adds_up_to_what_positions_did(deals: list[tuple[str, str, int, int]]) -> None:
    history = History()
    for number, (strategy, side, amount, price) in enumerate(deals, 1):
        for record in whole_life(number, side, str(price), amount=str(amount), strategy=strategy):
            history.apply(number, record)
    of_orders = of_days = of_positions = NOTHING
    for decision in history.decisions():
        of_orders = of_orders.plus(decision.gain)
    for day in history.days.rows.values():
        of_days = of_days.plus(day.gain)
    for position in history.books.holdings.values():
        of_positions = of_positions.plus(type(NOTHING)(position.realised, position.fifo_realised, position.fees))
    assert of_orders == of_days == of_positions


def test_positions_tell_their_worth_and_the_account_its_return_without_its_deposits() -> None:
    begin = (BalanceAdopted("USDT", Decimal(1_000), NOW), HistoryAdopted("BTC/USDT", 0, NOW))
    moved = FundsMoved("USDT", Decimal(1_000), "deposit", "r1", NOW)
    history = history_of(*begin, *whole_life(1, "buy", "30000"), moved, *whole_life(2, "buy", "31000"))
    account, own = position_rows(history, history.prices)
    assert (account["strategy"], own["strategy"]) == (None, "s")
    assert (own["amount"], own["average"], own["price"]) == ("0.02", "30530.5", "31000")
    assert own["price_from"] == "the last fill"
    (row,) = account_rows(history, history.prices)
    assert (row["opening"], row["transferred"], row["balance"]) == ("1000", "1000", "1389.39")
    assert (row["profit"], row["return"]) == ("9.39", "0.004695")
    (row,) = account_rows(history, {})
    assert (row["unrealised"], row["profit"], row["return"]) == (None, None, None)


# -- what is kept -----------------------------------------------------------------------------------------------------


def test_memory_is_bounded_and_no_open_order_is_forgotten() -> None:
    history = History(kept=3)
    for record in (signal(1, "0.01"), approval(1), intent(1), placed(1)):
        history.apply(1, record)
    for number in range(2, 50):
        for record in whole_life(number, "buy", "30000"):
            history.apply(number, record)
    assert len(history.decisions()) <= 7
    assert newest_first(history.decisions())[0].client_id == "tgmain-1-1"
    assert order_row(newest_first(history.decisions())[1])["client_id"] == "tgmain-1-49"


def test_what_matches_is_kept_however_much_came_after_it() -> None:
    history = History(kept=3, matches=lambda each: each.strategy == "rare")
    for number in range(1, 50):
        for record in whole_life(number, "buy", "30000", strategy="rare" if number == 5 else "s"):
            history.apply(number, record)
    history.apply(50, fill(5, "buy", "30001", trade="late"))
    assert [each.client_id for each in history.decisions()] == ["tgmain-1-5"]
    assert len(history.decisions()[0].fills) == 2, "a late fill is its order's"


# -- finding ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("tgmain-1-12", 12),
        ("12", 12),
        ("signal-7", 7),
        ("nal-7", 7),
        ("approval-30", 30),
        (" 12 ", 12),
        ("…in-1-12", 12),
    ],
)
def test_a_decision_is_found_by_any_of_its_ids_or_a_unique_end(text: str, found: int) -> None:
    decisions = history_of(*(each for n in range(1, 31) for each in whole_life(n, "buy", "30000"))).decisions()
    assert find(decisions, text).client_id == f"tgmain-1-{found}"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no order, signal or approval ''"),
        ("tgmain-1-99", "the nearest: tgmain-1-9"),
        ("zzz", "`tradigrade orders list`"),
        ("9", None),
        ("l-", "no order"),
    ],
)
def test_what_is_not_there_names_the_nearest(text: str, words: str | None) -> None:
    decisions = history_of(*(each for n in range(1, 31) for each in whole_life(n, "buy", "30000"))).decisions()
    if words is None:
        assert find(decisions, text).client_id == "tgmain-1-9"
        return
    with pytest.raises(NotFound, match=words):
        find(decisions, text)


def test_an_end_that_several_have_names_the_latest() -> None:
    decisions = history_of(*(each for n in (11, 21, 31) for each in whole_life(n, "buy", "30000"))).decisions()
    with pytest.raises(
        NotFound, match="3 ids end with '1': expected one; the latest are tgmain-1-11, tgmain-1-21, tgmain"
    ):
        find(decisions, "1")


def test_an_explanation_is_plain_json() -> None:
    told: dict[str, Any] = explanation(only(history_of(*whole_life(1, "buy", "30000"))), NAMES)
    assert json.loads(json.dumps(told)) == told
    assert told["ids"] == ["tgmain-1-1", "signal-1", "approval-1"]
    assert told["filled"] == "0.01"
    assert told["at_ns"] == intent(1).at_ns

"""Each invariant holds where it should, and is seen to break where it does."""

import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.app.samples import tree
from tests.trading.facts import intent
from tests.web.samples import process, trading
from tradigrade.chaos.checks import (
    judge_books,
    judge_orders,
    judge_processes,
    judge_restarts,
    judge_steps,
    judge_tree,
    judge_usage,
)
from tradigrade.chaos.probe import (
    Orders,
    Process,
    Usage,
    children,
    find_account,
    identify,
    read_orders,
    read_usage,
)
from tradigrade.chaos.report import passed, quantile, summarise, to_json
from tradigrade.chaos.watch import Sight
from tradigrade.kernel.disk import SystemDisk
from tradigrade.storage.account_journal import AccountJournal
from tradigrade.trading.rungs import Rung
from tradigrade.transports.control import ChaosProgress, ChaosStep, Invariant, VenueBooks

A, B, C = "tgmain-1-10", "tgmain-1-12", "tgmain-2-15"


def broken(*invariants: Invariant) -> dict[str, str]:
    return {each.name: each.text for each in invariants if each.holds is not True}


def step(number: int = 1, verdict: Any = "recovered", kind: str = "kill node", **more: Any) -> ChaosStep:
    return ChaosStep(number, kind, more.pop("target", "trader"), "killed", 0, verdict, **more)


# -- orders -----------------------------------------------------------------------------------------------------------


def test_orders_that_were_intended_and_sent_once_are_as_they_should_be() -> None:
    orders = Orders(frozenset({A, B, C}), (A, C), {B: "NEVER_ARRIVED"}, 1)
    assert not broken(*judge_orders(orders))


@pytest.mark.parametrize(
    ("orders", "name", "words"),
    [
        (Orders(frozenset({A}), (A, A), {}, 1), "no order sent twice", A),
        (Orders(frozenset({A}), (A, B), {}, 1), "every order intended before it was sent", B),
        (Orders(frozenset({A, B}), (A,), {}, 1), "no order lost", B),
        (Orders(frozenset({A, B}), (A,), {B: "INSUFFICIENT"}, 1), "no order lost", B),
    ],
)
def test_what_must_never_happen_to_an_order_is_seen(orders: Orders, name: str, words: str) -> None:
    found = broken(*judge_orders(orders))
    assert list(found) == [name]
    assert words in found[name]


def test_orders_older_than_the_files_that_are_left_are_not_held_against_them() -> None:
    assert not broken(*judge_orders(Orders(frozenset({C}), (A, C), {}, oldest_sequence=14)))
    assert not broken(*judge_orders(Orders(frozenset({A, C}), (C,), {}, oldest_sequence=1)))


def test_orders_are_read_from_every_file_of_the_journal_and_of_the_venue(tmp_path: Path) -> None:
    journal = AccountJournal(SystemDisk(), tmp_path / "account-main.journal")
    journal.open()
    journal.rotate()
    journal.append(intent(A))
    journal.rotate()
    journal.append(intent(B))
    folder = tmp_path / "exchange"
    folder.mkdir()
    for name, *ids in (("requests.jsonl.1", A), ("requests.jsonl", B, B)):
        way = {"method": "POST", "path": "/api/v3/order"} if ids == [A] else {"method": "WS", "path": "order.place"}
        lines = [{**way, "params": {"newClientOrderId": each}} for each in ids]
        lines.append({"method": "GET", "path": "/api/v3/order", "params": {"origClientOrderId": C}})
        (folder / name).write_bytes(b"".join(msgspec.json.encode(line) + b"\n" for line in lines) + b'{"torn')
    assert find_account(tmp_path) == "main"
    orders = read_orders(tmp_path, "main")
    assert (orders.intended, orders.placed, orders.oldest_sequence) == ({A, B}, (A, B, B), 1)
    journal.close()


def test_where_nothing_was_ever_written_no_order_is_found(tmp_path: Path) -> None:
    assert find_account(tmp_path) == ""
    assert read_orders(tmp_path, "") == Orders()


# -- books, tree, restarts --------------------------------------------------------------------------------------------


def books(**changes: Any) -> VenueBooks:
    balances = {name: amount for name, amount in trading().balances.items() if amount}
    return VenueBooks(balances | changes, 0, {})


def judge(account: Any, venue: VenueBooks | None) -> dict[str, str]:
    return broken(*judge_books(Sight(1, tree(), account, 1), venue, Rung.NORMAL))


def test_books_that_are_level_hold() -> None:
    assert not judge(trading(), books())
    assert not judge(trading(balances=trading().balances | {"BNB": Decimal(0)}), books()), "nothing is held of it"


def test_books_that_differ_are_told_with_both_amounts() -> None:
    found = judge(trading(), books(BTC=Decimal("0.5")))
    assert found == {"books equal the venue's": "BTC: ours 0.01774000, the venue's 0.5"}


def test_what_is_not_reconciled_or_in_doubt_is_told() -> None:
    assert "reconciled, on its rung again" in judge(trading(reconciled=False), books())
    assert judge(trading(counters={"unknown": 2}), books()) == {"no order in doubt": "2 unknown"}


def test_where_nobody_answers_nothing_is_known() -> None:
    assert len(judge(None, books())) == 3
    assert judge(trading(), None) == {"books equal the venue's": "the venue does not answer"}


def test_every_fault_must_have_been_recovered_from() -> None:
    assert judge_steps([step(), step(2, "refused")]).holds
    assert judge_steps([step(), step(2, "not recovered"), step(3, "open")]).text.count("kill node") == 2


def test_everything_must_run() -> None:
    assert judge_tree(tree()).holds
    assert "failed" in judge_tree(tree(state="failed")).text


def test_each_kill_of_a_node_must_be_counted() -> None:
    before, after = tree(), tree(nodes=(process("forkserver"), process("trader", restarts=1), process("learner")))
    assert judge_restarts(before, after, [step()]).text == "trader 1"
    assert judge_restarts(before, after, [step(), step(2)]).text == "trader: 1 of 2"
    assert judge_restarts(before, after, [step(), step(2, kind="hang node")]).holds


# -- processes --------------------------------------------------------------------------------------------------------


def test_processes_that_are_left_are_named() -> None:
    assert judge_processes({}, []).holds
    assert judge_processes({Process(7, 1): "trader"}, [9]).text == "trader (process 7), process 9"


def test_a_node_may_grow_but_not_without_bound() -> None:
    before = {"trader": Usage(200.0, 5, 40)}
    assert judge_usage(before, {"trader": Usage(390.0, 12, 60), "new": Usage(1.0, 1, 1)}).holds
    text = judge_usage(before, {"trader": Usage(500.0, 50, 400)}).text
    assert text == "trader: 200 → 500 MB, 5 → 50 threads, 40 → 400 files"


def test_a_process_is_known_by_more_than_its_number() -> None:
    own = identify(os.getpid())
    assert own is not None
    assert own.pid == os.getpid()
    assert own.started_ticks > 0
    assert os.getpid() in children([os.getppid()])
    usage = read_usage(os.getpid())
    assert usage is not None
    assert usage.memory_mb > 1
    assert usage.threads >= 1
    assert usage.files >= 1
    assert identify(2**22 + 1) is None
    assert read_usage(2**22 + 1) is None


# -- the report -------------------------------------------------------------------------------------------------------


def test_times_are_told_for_each_kind_and_for_all() -> None:
    steps = [step(n, recovered_ms=float(n)) for n in range(1, 101)] + [step(101, "not recovered", kind="clock wrong")]
    every, clock, kills = summarise(steps)
    assert (kills.kind, kills.count, kills.p50_ms, kills.p99_ms, kills.max_ms) == ("kill node", 100, 50.0, 99.0, 100.0)
    assert (clock.count, clock.recovered, clock.p50_ms) == (1, 0, None)
    assert (every.kind, every.count, every.recovered) == ("all", 101, 100)
    assert summarise([]) == ()


@pytest.mark.parametrize(("share", "expected"), [(0.0, 1.0), (0.5, 1.0), (0.51, 2.0), (1.0, 2.0)])
def test_a_quantile_is_one_of_the_values(share: float, expected: float) -> None:
    assert quantile([1.0, 2.0], share) == expected


def test_a_run_passes_only_where_all_recovered_and_every_invariant_is_known_to_hold() -> None:
    well, unknown = Invariant("books", True, ""), Invariant("books", None, "")
    assert passed([step(), step(2, "refused")], [well])
    assert not passed([step(2, "not recovered")], [well])
    assert not passed([step()], [well, unknown])


def test_the_report_is_one_object_of_plain_values() -> None:
    steps = (step(recovered_ms=1.5),)
    progress = ChaosProgress(5, 1.0, 7, "finished", 1, steps, summarise(steps), (Invariant("books", True, "level"),))
    found = to_json(progress)
    assert found["passed"] is True
    assert found["seed"] == 5
    assert found["steps"][0]["recovered_ms"] == 1.5
    assert found["invariants"] == [{"name": "books", "holds": True, "text": "level"}]
    assert found["times"][0]["kind"] == "all"

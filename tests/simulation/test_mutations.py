"""The simulator can fail: one line of a mechanism broken on purpose, and a seed whose run breaks the law it keeps."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import pytest

from tests.simulation.seeds import first_broken
from tradigrade.simulation.outcome import Outcome

SEEDS = 200
"""A mechanism whose break is not noticed by one of so many seeds is not tested by them."""
AT_A_TIME = 2


class Mutation(NamedTuple):
    what: str
    module: str
    old: str
    new: str
    words: str
    """In the text of the law that must break."""
    seed: int
    """Known to notice it; where it does not any more, all are tried."""


MUTATIONS = (
    Mutation(
        "an approval is not checked",
        "actors.executor",
        "if code := self._approvals.refuse(approval, self._opened, now_ns):",
        'if (code := self._approvals.refuse(approval, self._opened, now_ns)) == "LEASE_LOST":',
        "law 1",
        112,
    ),
    Mutation(
        "an approval never expires",
        "actors.approvals",
        "if now_ns >= approval.expires_ns:",
        "if False:",
        "law 1",
        112,
    ),
    Mutation(
        "an intent is written when there is time",
        "actors.commits",
        "            sequence = self._journal.append(intent)\n",
        "            sequence = self._journal.next_sequence\n            self._owed.append(intent)\n",
        "law 2",
        0,
    ),
    Mutation(
        "an order in doubt is sent again",
        "actors.executor",
        "            self._reconciler.soon()\n\n    def _filled",
        "            self.context.tell(self.session, self.books.orders[answer.client_id].intent)\n\n    def _filled",
        "law 3",
        1,
    ),
    Mutation(
        "a request without an answer is taken for refused",
        "actors.venue_meaning",
        'return OrderUnknown(answer.client_id, f"{answer.code}: {answer.reason}", now_ns)',
        "return OrderRejected(answer.client_id, answer.code, answer.reason, now_ns)",
        "law 3",
        62,
    ),
    Mutation(
        "an order is held to be lost while it may arrive",
        "trading.reconciliation",
        "order.intent.at_ns > lost_after_ns:",
        "order.intent.at_ns > 0:",
        "law 3",
        33,
    ),
    Mutation(
        "an order that the journal lost is nobody's",
        "trading.adoption",
        "    if tags is None:\n",
        "    if tags != ():\n",
        "law 3",
        44,
    ),
    Mutation(
        "a cancel that failed is believed",
        "actors.executor",
        "for ever\n            self._reconciler.soon()",
        'for ever\n            self._reported(OrderReported(answer.client_id, "", "cancelled"))',
        "law 3",
        1,
    ),
    Mutation(
        "a fill is counted as often as it is heard",
        "trading.books",
        "        if key in self._trades:\n            return False\n",
        "        if key in self._trades:\n            pass\n",
        "law 5",
        0,
    ),
    Mutation(
        "a fill that was not heard is never counted",
        "trading.reconciliation",
        "yield None if books.knows_trade(trade.symbol, trade.trade_id) else trade",
        "yield None",
        "law 5",
        0,
    ),
    Mutation(
        "a snapshot forgets which fills it counted",
        "trading.books_image",
        "trades=tuple(books._trades),",
        "trades=(),",
        "law 5",
        0,
    ),
    Mutation(
        "what happens is told and never written",
        "actors.commits",
        "if not self._try(self._owed[0]):",
        "if not self._owed[0]:",
        "law 5",
        1,
    ),
    Mutation(
        "an order leaves without the lease",
        "actors.approvals",
        '        if not self._lease.held():\n            return "LEASE_LOST"\n',
        "",
        "law 4",
        122,
    ),
    Mutation(
        "a cancel leaves without the lease",
        "actors.executor",
        "return self._lease.held() and may_cancel",
        "return may_cancel",
        "law 4",
        26,
    ),
    Mutation(
        "the epoch of a lease does not grow",
        "storage.lease",
        "self._epoch, after) + 1",
        "self._epoch, after, 1)",
        "law 4",
        3,
    ),
    Mutation(
        "orders that the journal does not know are not adopted",
        "trading.reconciliation",
        'theirs.client_id.startswith(prefix) and (theirs.state == "open"',
        'not prefix and (theirs.state == "open"',
        "law 2",
        0,
    ),
    Mutation(
        "a torn tail is written on",
        "storage.journal",
        "        file.truncate(end)\n",
        "",
        "damaged",
        2,
    ),
    Mutation(
        "a rotation counts from the beginning",
        "storage.account_journal",
        "self._generation + 1, old.sequence, old.hash()",
        "self._generation + 1, 0, old.hash()",
        "law 2",
        1,
    ),
    Mutation(
        "mail of an actor that ends is lost",
        "kernel.incarnation",
        "return self.mailbox.drain() + self._clear_door()",
        "return self.mailbox.drain()[1:] + self._clear_door()",
        "found",
        0,
    ),
    Mutation(
        "a question waits for ever",
        "kernel.system",
        "timer = self.call_later(timeout_s, expire)",
        "timer = self.call_later(1e9, expire)",
        "was never answered",
        0,
    ),
    Mutation(
        "a transfer is taken for a profit",
        "trading.books",
        "        _add(self.transferred, moved.currency, moved.amount)\n",
        "",
        "moved in and out",
        1,
    ),
    Mutation(
        "a transfer that was not heard is never counted",
        "actors.reconciler",
        "for transfer in missed_transfers(self._books, evidence):",
        "for transfer in ():",
        "law 5",
        12,
    ),
    Mutation(
        "what was sold by hand stays with its strategy",
        "actors.reconciler",
        "in tuple(cover_shortfalls(self._books, self._context.now_ns())):",
        "in ():",
        "law 5",
        36,
    ),
    Mutation(
        "a look leaves out what differs",
        "actors.look_scope",
        "        self._touched.update(self._symbols)\n",
        "        pass\n",
        "law 5",
        17,
    ),
    Mutation(
        "an exit leaves beside the one that stands",
        "trading.group_steps",
        "    amount = rest_of_exits(group, view) - live_exits(group)\n",
        "    amount = rest_of_exits(group, view)\n",
        "its entry brought",
        0,
    ),
    Mutation(
        "a position is to be closed while its stop still stands",
        "actors.risk",
        "flattens and self._known.exposure.is_locked(*key)",
        "False",
        "after a stop that flattens",
        5,
    ),
    Mutation(
        "the breaker never closes",
        "exchanges.breaker",
        "now_ns - self._opened_ns >= self._open_s * 1e9:",
        "False:",
        "liveness",
        79,
    ),
    Mutation(
        "the account restarts one by one",
        "config.topology",
        '_flags(settings, "one_for_all")',
        '_flags(settings, "one_for_one")',
        "liveness",
        15,
    ),
)


def search(mutation: Mutation) -> Outcome | None:
    change = (f"tradigrade.{mutation.module}", mutation.old, mutation.new)
    known = first_broken([mutation.seed], change, mutation.words)
    return known or first_broken(range(SEEDS), change, mutation.words)


@pytest.fixture(scope="module")
def searches(request: pytest.FixtureRequest) -> Iterator[dict[str, "Future[Outcome | None]"]]:
    """Of all rows that are tested, two at a time."""
    calls = [item.callspec for item in request.session.items if hasattr(item, "callspec")]
    wanted = [call.params["mutation"] for call in calls if isinstance(call.params.get("mutation"), Mutation)]
    pool = ThreadPoolExecutor(AT_A_TIME)
    yield {mutation.what: pool.submit(search, mutation) for mutation in wanted}
    pool.shutdown(cancel_futures=True)


@pytest.mark.process
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("mutation", MUTATIONS, ids=[each.what for each in MUTATIONS])
def test_a_mechanism_broken_on_purpose_breaks_its_law_in_some_seed(
    mutation: Mutation, searches: dict[str, "Future[Outcome | None]"]
) -> None:
    caught = searches[mutation.what].result()
    assert caught is not None, f"none of {SEEDS} seeds noticed that {mutation.what}"


def test_at_least_twenty_mechanisms_are_broken_each_with_a_seed_that_is_well_without() -> None:
    assert len({(each.module, each.old) for each in MUTATIONS}) >= 20
    assert all(each.seed < 124 for each in MUTATIONS), "those seeds run unbroken in test_seeds.py"

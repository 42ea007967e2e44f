"""Lanes, bounds and who loses a place."""

import pytest

from tests.kit.cells import Puppet, VirtualSystem
from tradigrade.kernel.cell import BATCH, CATCH_UP, CellActor
from tradigrade.kernel.envelope import Envelope
from tradigrade.kernel.mailbox import CONTROL_LIMIT, Block, Conflate, DropOldest, Lane, Mailbox, Policy


def fill(mailbox: Mailbox, lane: Lane, amount: int) -> int:
    """How many of so many were taken."""
    return sum(mailbox.put(Envelope((lane, number)), lane) is None for number in range(amount))


def take(mailbox: Mailbox) -> list[object]:
    """Everything, as it is served."""
    served = []
    while (envelope := mailbox.get() or mailbox.get_idle()) is not None:
        served.append(envelope.message)
    return served


def test_lanes_are_served_in_their_order_and_first_in_first_out_within() -> None:
    mailbox = Mailbox(10)
    for lane in reversed(Lane):
        fill(mailbox, lane, 2)
    assert len(mailbox) == 10
    assert take(mailbox) == [(lane, number) for lane in Lane for number in range(2)]
    assert mailbox.empty()
    assert mailbox.get() is None


@pytest.mark.parametrize(
    ("lane", "bound"), [(Lane.USER, 3), (Lane.IDLE, 3), (Lane.STOP, CONTROL_LIMIT), (Lane.KILL, CONTROL_LIMIT)]
)
def test_a_full_lane_refuses(lane: Lane, bound: int) -> None:
    mailbox = Mailbox(3)
    assert fill(mailbox, lane, bound + 5) == bound == len(mailbox)
    refused = Envelope("one more")
    assert mailbox.put(refused, lane) is refused


def test_the_supervision_lane_never_refuses() -> None:
    mailbox = Mailbox(3)
    assert fill(mailbox, Lane.SUPERVISION, CONTROL_LIMIT * 3) == CONTROL_LIMIT * 3


@pytest.mark.parametrize("lane", [Lane.KILL, Lane.STOP, Lane.SUPERVISION])
def test_a_full_user_lane_takes_no_room_from_control(lane: Lane) -> None:
    mailbox = Mailbox(1)
    fill(mailbox, Lane.USER, 2)
    assert mailbox.put(Envelope("control"), lane) is None
    first = mailbox.get()
    assert first is not None
    assert first.message == "control"


@pytest.mark.parametrize("policy", [DropOldest(), Conflate("key")])
def test_a_policy_says_nothing_in_a_control_lane(policy: Policy) -> None:
    mailbox = Mailbox(1)
    for number in range(3):
        assert mailbox.put(Envelope(number, policy=policy), Lane.STOP) is None
    assert take(mailbox) == [0, 1, 2]


@pytest.mark.parametrize(
    ("policy", "lost", "left"),
    [(None, "new", ["a", "b"]), (Block(1.0), "new", ["a", "b"]), (DropOldest(), "a", ["b", "new"])],
)
def test_at_the_bound_the_policy_says_who_loses_a_place(policy: Policy | None, lost: str, left: list[str]) -> None:
    mailbox = Mailbox(2)
    for message in ("a", "b"):
        mailbox.put(Envelope(message))
    loser = mailbox.put(Envelope("new", policy=policy))
    assert loser is not None
    assert (loser.message, take(mailbox)) == (lost, left)


def test_what_is_put_first_is_served_before_all_work_whatever_the_bound() -> None:
    mailbox = Mailbox(1)
    mailbox.put(Envelope("work"))
    mailbox.put(Envelope("signal"), Lane.STOP)
    for message in ("second", "first"):
        mailbox.put_first(Envelope(message))
    assert not mailbox.room
    assert take(mailbox) == ["signal", "first", "second", "work"]


def test_of_two_of_a_key_put_first_a_newer_one_displaces_the_last() -> None:
    mailbox = Mailbox(10)
    for price in (2, 1):
        mailbox.put_first(Envelope(price, policy=Conflate("price")))
    displaced = mailbox.put(Envelope(3, policy=Conflate("price")))
    assert displaced is not None
    assert (displaced.message, take(mailbox)) == (2, [1, 3])


def test_a_key_lives_as_long_as_its_newest_message_is_queued() -> None:
    mailbox = Mailbox(10)
    for price in (2, 1):
        mailbox.put_first(Envelope(price, policy=Conflate("price")))
    mailbox.get()
    displaced = mailbox.put(Envelope(3, policy=Conflate("price")))
    assert displaced is not None
    assert (displaced.message, take(mailbox)) == (2, [3])


def test_draining_leaves_nothing() -> None:
    mailbox = Mailbox(10)
    for lane in Lane:
        fill(mailbox, lane, 2)
    mailbox.put(Envelope("a", policy=Conflate("key")))
    assert len(mailbox.drain()) == 11
    assert (len(mailbox), mailbox.empty(), mailbox.drain()) == (0, True, [])
    assert mailbox.put(Envelope("b", policy=Conflate("key"))) is None, "no key outlives its message"


class Narrow(Puppet):
    mailbox_limit = 3


def test_a_stop_overtakes_a_full_user_lane(system: VirtualSystem) -> None:
    puppet = system.place("node/puppet", Narrow())
    with system.busy("node/puppet"):
        for number in range(3):
            system.tell("node/puppet", number)
        system.stop("node/puppet", "shutdown")
    system.run()
    assert puppet.log == ["stopped: shutdown"]
    assert [letter.message for letter in system.dead_letters] == [0, 1, 2]


def test_a_busy_cell_lets_its_loop_go_on_in_between(cell: VirtualSystem) -> None:
    seen: list[int] = []
    puppet = cell.place("node/busy")
    for number in range(1000):
        cell.tell("node/busy", number)
    for _ in range(3):
        cell.virtual.call_soon(lambda: cell.virtual.call_soon(lambda: seen.append(len(puppet.log))))
    cell.run()
    assert seen
    assert max(seen) <= 2 * BATCH * CellActor.share


def test_a_busy_actor_does_not_starve_its_neighbours(cell: VirtualSystem) -> None:
    log: list[int] = []
    cell.place("node/busy", Puppet(log))
    cell.place("node/other", Puppet(log))
    for number in range(1000):
        cell.tell("node/busy", number)
    cell.tell("node/other", -1)
    cell.run()
    assert log.index(-1) <= CellActor.share


class CatchingUp(Puppet):
    catches_up = True


@pytest.mark.parametrize(
    ("waiting", "first"), [(CATCH_UP, CellActor.share), (CATCH_UP + 1, CATCH_UP), (1_000, CATCH_UP)]
)
def test_who_catches_up_sees_more_of_what_waits_before_the_others_go_on(
    cell: VirtualSystem, waiting: int, first: int
) -> None:
    log: list[int] = []
    cell.place("node/behind", CatchingUp(log))
    cell.place("node/other", Puppet(log))
    for number in range(waiting):
        cell.tell("node/behind", number)
    cell.tell("node/other", -1)
    cell.run()
    assert log.index(-1) == first
    assert len(log) == waiting + 1

import pytest

from tests.kit.cells import Puppet, VirtualSystem
from tradigrade.kernel.envelope import Envelope
from tradigrade.kernel.mailbox import CONTROL_LIMIT, Lane, Mailbox


def fill(mailbox: Mailbox, lane: Lane, amount: int) -> int:
    return sum(mailbox.put(Envelope((lane, number)), lane) for number in range(amount))


def test_lanes_are_served_in_their_order_and_first_in_first_out_within() -> None:
    mailbox = Mailbox(10)
    for lane in reversed(Lane):
        fill(mailbox, lane, 2)
    served = [mailbox.get().message for _ in range(len(mailbox))]
    assert served == [(lane, number) for lane in Lane for number in range(2)]
    assert mailbox.empty()
    with pytest.raises(IndexError, match="empty"):
        mailbox.get()


@pytest.mark.parametrize(
    ("lane", "bound"),
    [(Lane.USER, 3), (Lane.SUPERVISION, CONTROL_LIMIT), (Lane.STOP, CONTROL_LIMIT), (Lane.KILL, CONTROL_LIMIT)],
)
def test_every_lane_is_bounded(lane: Lane, bound: int) -> None:
    mailbox = Mailbox(3)
    assert fill(mailbox, lane, bound + 5) == bound == len(mailbox)


@pytest.mark.parametrize("lane", [Lane.KILL, Lane.STOP, Lane.SUPERVISION])
def test_a_full_user_lane_takes_no_room_from_control(lane: Lane) -> None:
    mailbox = Mailbox(1)
    fill(mailbox, Lane.USER, 2)
    assert mailbox.put(Envelope("control"), lane)
    assert mailbox.get().message == "control"


def test_draining_leaves_nothing() -> None:
    mailbox = Mailbox(10)
    for lane in Lane:
        fill(mailbox, lane, 2)
    assert len(mailbox.drain()) == 8
    assert (len(mailbox), mailbox.empty(), mailbox.drain()) == (0, True, [])


class Narrow(Puppet):
    mailbox_limit = 3


def test_a_full_mailbox_refuses_and_the_sender_is_told() -> None:
    system = VirtualSystem()
    puppet = system.place("node/puppet", Narrow())
    assert [system.tell("node/puppet", number) for number in range(5)] == [True, True, True, False, False]
    system.run()
    assert puppet.log == [0, 1, 2]
    assert [letter.message for letter in system.dead_letters] == [3, 4]
    assert system.tell("node/puppet", 5), "there is room again"


def test_a_stop_overtakes_a_full_user_lane() -> None:
    system = VirtualSystem()
    puppet = system.place("node/puppet", Narrow())
    for number in range(3):
        system.tell("node/puppet", number)
    system.stop("node/puppet", "shutdown")
    system.run()
    assert puppet.log == ["stopped: shutdown"]
    assert [letter.message for letter in system.dead_letters] == [0, 1, 2]


def test_a_busy_actor_does_not_starve_its_neighbours() -> None:
    system = VirtualSystem()
    log: list[int] = []
    system.place("node/busy", Puppet(log))
    system.place("node/other", Puppet(log))
    for number in range(1000):
        system.tell("node/busy", number)
    system.tell("node/other", -1)
    system.run()
    assert log.index(-1) <= 1

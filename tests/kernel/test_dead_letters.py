"""What nobody handles is kept, published and counted, with the reason."""

from tests.kit.cells import Puppet, VirtualSystem, fail
from tradigrade.kernel.registry import ENDS_KEPT
from tradigrade.kernel.signals import DeadLetter, Down
from tradigrade.kernel.system import DEAD_LETTERS, DEAD_LETTERS_KEPT


class Undertaker(Puppet):
    mailbox_limit = 10

    def start(self) -> None:
        self.context.subscribe(DEAD_LETTERS)


def test_a_dead_letter_says_who_what_and_why(system: VirtualSystem) -> None:
    undertaker = system.place("node/undertaker", Undertaker())
    assert not system.tell("node/nobody", "hello")
    system.run()
    letter = DeadLetter("node/nobody", "hello", "nobody lives at 'node/nobody'")
    assert undertaker.log == [letter] == list(system.dead_letters)
    assert system.metrics.counters["dead_letters"] == 1


def test_kept_dead_letters_are_bounded_and_all_are_counted(system: VirtualSystem) -> None:
    for number in range(DEAD_LETTERS_KEPT + 10):
        system.tell("node/nobody", number)
    assert len(system.dead_letters) == DEAD_LETTERS_KEPT
    assert system.dead_letters[0].message == 10, "the oldest goes first"
    assert system.metrics.counters["dead_letters"] == DEAD_LETTERS_KEPT + 10


def test_a_dead_letter_that_cannot_be_told_makes_no_further_ones_for_ever(system: VirtualSystem) -> None:
    system.place("node/undertaker", Undertaker())
    with system.busy("node/undertaker"):
        for number in range(50):
            system.tell("node/nobody", number)
    assert system.metrics.counters["dead_letters"] == 50 + 40


def test_what_was_queued_when_an_actor_ended_is_a_dead_letter(system: VirtualSystem) -> None:
    system.place("node/puppet")
    with system.busy("node/puppet"):
        for message in (fail, "second", "third"):
            system.tell("node/puppet", message)
    system.run()
    assert [letter.message for letter in system.dead_letters] == ["second", "third"]
    assert "ended: RuntimeError: boom" in system.dead_letters[0].reason


def test_what_is_sent_to_an_actor_while_it_ends_is_said_to_be_for_a_dead_one(system: VirtualSystem) -> None:
    class Forgetful(Puppet):
        def stop(self, reason: str) -> None:
            self.context.tell(self.context.path, "note to self")

    system.place("node/puppet", Forgetful())
    system.stop("node/puppet", "shutdown")
    system.run()
    assert list(system.dead_letters) == [DeadLetter("node/puppet", "note to self", "'node/puppet' is ending")]


def test_an_actor_born_to_a_parent_that_is_gone_never_starts_and_its_down_is_a_dead_letter(
    system: VirtualSystem,
) -> None:
    system.spawn("node/puppet", fail, parent="node/nobody")
    system.run()
    assert "node/puppet" not in system.actors
    assert system.dead_letters[-1].message == Down("node/puppet", 1, "killed", started=False)


def test_a_message_to_one_that_failed_says_of_what(system: VirtualSystem) -> None:
    """Nobody else hears of it where it had no parent."""

    class Broken(Puppet):
        def start(self) -> None:
            raise OSError("no such device")

    system.place("node/root", Broken())
    reply = system.ask("node/root", "there?", 1.0)
    assert "nobody lives at 'node/root'; the last one ended: OSError: no such device at start:" in str(reply.error)


def test_of_old_ends_not_all_are_remembered(system: VirtualSystem) -> None:
    for number in range(ENDS_KEPT + 1):
        system.actors.note_end(f"node/{number}", "boom")
    assert (system.actors.last_end("node/0"), system.actors.last_end(f"node/{ENDS_KEPT}")) == ("", "boom")

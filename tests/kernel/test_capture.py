"""A captured run is made again, whatever came in and in whatever order; and a run that is not the same is found out."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradigrade.kernel.actor import Actor
from tradigrade.kernel.boundary import ANSWER, EFFECT, NESTED, RUN, CaptureFault, Event, Words
from tradigrade.kernel.capture import CapturingClock, CapturingLoop, Recorder
from tradigrade.kernel.capture_disk import CapturingDisk
from tradigrade.kernel.clock import ManualClock
from tradigrade.kernel.disk import SystemDisk
from tradigrade.kernel.identity import SeededEntropy
from tradigrade.kernel.loop import VirtualLoop
from tradigrade.kernel.replay import Player, ReplayCell, ReplayClock, ReplayLoop
from tradigrade.kernel.replay_disk import ReplayDisk
from tradigrade.kernel.system import System

SEED = 3
NAMES = "abcd"


class Word(msgspec.Struct, frozen=True):
    """Comes from outside: whom it is for, and what they do about it."""

    name: str
    deed: str
    number: int


class OtherWord(Word, frozen=True):
    """Of no type that the inlet was made for."""


WORDS = Words(Word)


class Kept:
    """A sink that keeps everything, until it is full."""

    def __init__(self, room: int = 1_000_000) -> None:
        self.events: list[Event] = []
        self.room = room
        self.closed = False

    def write(self, events: list[Event], *, urgent: bool = False) -> None:
        if len(self.events) + len(events) > self.room:
            raise CaptureFault("no room")
        self.events += msgspec.msgpack.decode(msgspec.msgpack.encode(events))

    def close(self) -> None:
        self.closed = True


class Port:
    """Answers some questions at once, some later, some never: it is no part of the system."""

    def __init__(self, deliver: Callable[[Word], Any]) -> None:
        self.deliver = deliver
        self.asked = 0

    def ask(self, word: Word) -> None:
        self.asked += 1
        if self.asked % 3 == 0:
            self.deliver(Word(word.name, "note", -self.asked))


class Busy(Actor):
    """Does what it is told: everything that an actor can do, and that may come out differently."""

    def __init__(self, trace: list[str], disk: Any, ask: Callable[[Word], None], slip: str) -> None:
        self.trace = trace
        self.disk = disk
        self.ask = ask
        self.slip = slip

    def start(self) -> None:
        self.trace.append(f"{self.context.path} begins as {self.context.incarnation}")

    def receive(self, message: Any) -> Any:
        system, context = self.context.system, self.context
        at = (system.clock.now_ns(), system.clock.monotonic_ns(), system.entropy.new_id())
        self.trace.append(f"{context.path} {message} {at}")
        match message:
            case Word(_, "tell", number):
                context.tell(f"node/{NAMES[number % len(NAMES)]}", Word("", "note", number))
            case Word(_, "later", number):
                context.schedule(number / 7, Word("", "note", number))
            case Word(_, "cancel", number):
                context.schedule(number / 7, Word("", "note", number)).cancel()
            case Word(_, "crash", _):
                raise RuntimeError(self.slip)
            case Word(_, "ask", number):
                self.ask(Word(context.path[-1], "", number))
            case Word(_, "write", number):
                file = self.disk.open(Path("/files/log"))
                file.append(f"{at} {number} {self.slip}\n".encode())
                self.trace.append(repr(file.read()))
            case Word(_, "read", _):
                self.trace.append(str(_read(self.disk, Path("/files/theirs"))))


def _read(disk: Any, path: Path) -> bytes | None:
    try:
        found: bytes = disk.read(path)
    except FileNotFoundError:
        return None
    return found


class _Rooted:
    """The host's disk, with all paths below a folder of the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.disk = SystemDisk()

    def __getattr__(self, name: str) -> Any:
        act = getattr(self.disk, name)
        return lambda path, *others, **options: act(self.folder / path.relative_to("/"), *others, **options)


class World:
    """One captured run: a system, and what is outside of it."""

    def __init__(self, folder: Path, room: int = 1_000_000) -> None:
        self.clock = ManualClock()
        self.virtual = VirtualLoop(self.clock)
        self.sink = Kept(room)
        self.ends: list[str] = []
        self.recorder = Recorder(self.sink, self.ends.append)
        self.folder = folder
        loop = CapturingLoop(self.virtual, self.recorder)
        system = System("node", loop, CapturingClock(self.clock, self.recorder), SeededEntropy(SEED))
        self.trace: list[str] = []
        self.disk = CapturingDisk(_Rooted(folder), self.recorder)  # type: ignore[arg-type]
        begin, self.tell = make(system, self.trace, self.disk, self._ask)
        self.begin = self.recorder.inlet(begin, Words(type(None)))
        self.tell = self.recorder.inlet(self.tell, WORDS)
        self.port = Port(self.tell)
        self.system = system
        self.begin(None)

    def _ask(self, word: Word) -> None:
        self.recorder.call(word.number, "asking", lambda: self.port.ask(word))

    def live(self, script: list[tuple[Word, float, int]]) -> None:
        for word, pause_s, turns in script:
            self.tell(word)
            if word.deed == "read":
                file = self.folder / "files/theirs"
                file.parent.mkdir(exist_ok=True)
                file.write_text(f"{word.number % 2}")
            for _ in range(turns):
                if self.virtual.busy:
                    self.virtual._ready.popleft()()
            self.virtual.advance(pause_s) if pause_s else None
        self.virtual.run()
        self.recorder.flush()


def make(
    system: System, trace: list[str], disk: Any, ask: Callable[[Word], None], slip: str = "slip"
) -> tuple[Callable[[Any], None], Callable[[Word], Any]]:
    """The system of a run: how it begins, and its way in."""

    def begin(_: None) -> None:
        for name in NAMES:
            system.spawn(f"node/{name}", lambda: Busy(trace, disk, ask, slip))

    def tell(word: Word) -> Any:
        if f"node/{word.name}" not in system.actors:
            system.spawn(f"node/{word.name}", lambda: Busy(trace, disk, ask, slip), incarnation=2)
        return system.tell(f"node/{word.name}", word, sender="port")

    return begin, tell


def replay(events: list[Event], slip: str = "slip") -> tuple[Player, list[str]]:
    """The same system over a capture; `slip` is what a changed program would do otherwise."""
    player = Player(events)
    loop = ReplayLoop(player)
    system = System("node", loop, ReplayClock(player), SeededEntropy(SEED), runtimes={"cell": ReplayCell(loop, player)})
    trace: list[str] = []

    def ask(word: Word) -> None:
        player.call(word.number, f"asking {word}", lambda: None)

    begin, tell = make(system, trace, ReplayDisk(player), ask, slip)
    player.inlet(begin, Words(type(None)))
    player.inlet(tell, WORDS)
    player.run()
    return player, trace


deeds = st.sampled_from(["note", "tell", "later", "cancel", "crash", "ask", "write", "read"])
words = st.builds(Word, st.sampled_from(NAMES), deeds, st.integers(0, 20))
scripts = st.lists(st.tuples(words, st.sampled_from([0.0, 0.0, 0.5, 2.0]), st.integers(0, 4)), max_size=30)


@settings(deadline=None)
@given(script=scripts)
def test_whatever_comes_in_whenever_the_replay_is_the_same(
    script: list[tuple[Word, float, int]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    world = World(tmp_path_factory.mktemp("w"))
    world.live(script)
    player, trace = replay(world.sink.events)
    assert not player.fault
    assert trace == world.trace
    assert not world.ends


@settings(deadline=None)
@given(script=scripts, cut=st.floats(0, 1))
def test_a_capture_cut_anywhere_replays_to_there(
    script: list[tuple[Word, float, int]], cut: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    world = World(tmp_path_factory.mktemp("w"))
    world.live(script)
    events = world.sink.events
    player, trace = replay(events[: round(cut * len(events))])
    assert not player.fault
    assert trace == world.trace[: len(trace)]


def script_of(*deeds: str) -> list[tuple[Word, float, int]]:
    return [(Word("a", deed, number), 0.5, 2) for number, deed in enumerate(deeds)]


def test_a_program_that_does_something_else_is_found_at_the_first_difference(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.live(script_of("note", "write", "note"))
    player, _ = replay(world.sink.events, slip="otherwise")
    assert "last handled Word to node/a" in player.fault
    assert "appending" in player.fault
    assert "something else was done" in player.fault


def test_one_reading_more_than_then_is_found(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.live(script_of("note", "note"))
    events = world.sink.events
    last = max(index for index, event in enumerate(events) if isinstance(event, int) and event & 3 == 1)
    player, _ = replay([*events[:last], 99 << 2 | RUN])
    assert "a reading of the monotonic clock was asked for, and a callback was captured" in player.fault
    player, _ = replay([*events[: last + 1], 5 << 2, *events[last + 1 :]])
    assert "and nobody asked for it" in player.fault


def test_a_callback_that_was_never_scheduled_is_found(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.live(script_of("note"))
    player, _ = replay([*world.sink.events, 4_000 << 2 | RUN])
    assert "callback 4000 ran, which is not scheduled now" in player.fault


def test_what_is_answered_within_a_call_comes_within_it_again(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.live(script_of("ask", "ask", "ask", "ask"))
    assert [event for event in world.sink.events if isinstance(event, list) and event[0] == NESTED]
    player, trace = replay(world.sink.events)
    assert (player.fault, trace) == ("", world.trace)


def test_what_is_done_stands_in_the_capture_before_it_is_done(tmp_path: Path) -> None:
    world = World(tmp_path)
    noted: list[int] = []

    class Watched(_Rooted):
        def open(self, path: Path) -> Any:
            file = self.disk.open(self.folder / path.relative_to("/"))
            append = file.append
            file.append = lambda data: (noted.append(len(world.sink.events)), append(data))[1]  # type: ignore[method-assign]
            return file

    world.disk.disk = Watched(tmp_path)  # type: ignore[assignment]
    world.tell(Word("a", "write", 1))
    world.virtual.run()
    assert noted, "it was written"
    event = world.sink.events[noted[0] - 1]
    assert isinstance(event, int)
    assert event & 3 == EFFECT


def test_a_file_read_again_unchanged_is_noted_once(tmp_path: Path) -> None:
    world = World(tmp_path)
    for number in (0, 0, 2, 1, 1):  # the file of somebody else holds 0, 0, 0, 1, 1
        world.live([(Word("a", "read", number), 0.0, 0)])
    reads = [event for event in world.sink.events if isinstance(event, list) and event[0] == ANSWER]
    assert reads == [[ANSWER, b"0"], [ANSWER], [ANSWER], [ANSWER, b"1"], [ANSWER]]
    player, trace = replay(world.sink.events)
    assert (player.fault, trace) == ("", world.trace)


def test_something_that_comes_in_through_no_inlet_ends_the_capture_and_says_so(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.virtual.run()
    world.system.tell("node/a", Word("a", "note", 1))
    assert "through no inlet" in world.ends[0]
    world.virtual.run()
    assert "number=1" in world.trace[-1], "and the system goes on"
    player, _ = replay(world.sink.events)
    assert "through no inlet" in player.ended
    assert not player.fault


def test_a_full_sink_ends_the_capture_and_not_the_system(tmp_path: Path) -> None:
    world = World(tmp_path, room=40)
    world.live(script_of(*["note", "write", "tell"] * 20))
    assert world.ends
    assert "no room" in world.ends[0]
    assert world.sink.closed
    assert "number=59" in "".join(world.trace)


def test_a_word_of_no_captured_type_ends_the_capture(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.tell(OtherWord("a", "note", 7))
    assert "a OtherWord came in that cannot be captured" in world.ends[0]
    world.virtual.run()
    assert "number=7" in world.trace[-1], "and the system heard it"


def test_readings_outside_of_the_system_are_not_noted(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.virtual.run()
    world.recorder.flush()
    before = len(world.sink.events)
    world.system.clock.now_ns()
    world.recorder.flush()
    assert len(world.sink.events) == before

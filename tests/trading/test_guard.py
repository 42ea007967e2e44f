"""The guard's core: whatever the order of events, it fences before it cancels, and cancels only what it may."""

import itertools
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tradigrade.trading.guard import (
    ANSWER_DUE_NS,
    CANCELS_AT_ONCE,
    PROBE_NS,
    RETRY_MAX_NS,
    GuardCore,
)
from tradigrade.trading.guard_events import (
    Cancel,
    CancelDone,
    Effect,
    Event,
    Fence,
    Fenced,
    FenceFailed,
    FenceLost,
    GiveBack,
    GuardFailed,
    GuardState,
    HaltRead,
    Look,
    OpenOrder,
    OpenOrdersSeen,
    Tell,
)

PROTECTIVE_TYPES = frozenset({"STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"})
"""As the venue spells them."""
PREFIX = "tgmain-"
TICK_NS = 100_000_000
GRACE_S, LOOK_S, LOST_AFTER_S = 0.5, 1.0, 2.5
HALTED, RELEASED = HaltRead("drawdown"), HaltRead("")


def order(number: int, kind: str = "LIMIT", client_id: str = "") -> OpenOrder:
    return OpenOrder("BTCUSDT", str(number), client_id or f"{PREFIX}1-{number}", kind)


def make_core() -> GuardCore:
    return GuardCore(PREFIX, GRACE_S, LOOK_S, LOST_AFTER_S)


class Scene:
    """A core, the time, and an account at a venue that answers at once where it is not told otherwise."""

    def __init__(self, *orders: OpenOrder) -> None:
        self.core = make_core()
        self.now_ns = 0
        self.halt = RELEASED
        self.open = {each.venue_id: each for each in orders}
        self.answers = True
        self.uncancellable: set[str] = set()
        self.done: list[Effect] = []

    def tell(self, event: Event) -> None:
        for effect in self.core.step(event, self.now_ns):
            self.done.append(effect)
            self.act(effect)

    def act(self, effect: Effect) -> None:
        match effect:
            case Fence():
                self.tell(Fenced())
            case Look(number) if self.answers:
                self.tell(OpenOrdersSeen(number, tuple(self.open.values())))
            case Cancel(found) if found.venue_id in self.uncancellable:
                self.tell(GuardFailed("refused", venue_id=found.venue_id))
            case Cancel(found) if self.answers:
                self.open.pop(found.venue_id, None)
                self.tell(CancelDone(found.venue_id))

    def run(self, seconds: float) -> None:
        for _ in range(round(seconds * 1e9) // TICK_NS):
            self.now_ns += TICK_NS
            self.tell(self.halt)

    def count(self, kind: type[Effect]) -> int:
        return sum(isinstance(effect, kind) for effect in self.done)

    @property
    def told(self) -> list[str]:
        return [effect.state.name for effect in self.done if isinstance(effect, Tell)]


def test_while_nothing_is_wrong_it_looks_now_and_then_and_touches_nothing() -> None:
    scene = Scene(order(1))
    scene.run(3 * PROBE_NS / 1e9)
    assert scene.core.state is GuardState.WATCHING
    assert {type(effect) for effect in scene.done} == {Look}
    assert scene.count(Look) == 3


def test_what_the_executor_leaves_open_is_cancelled_within_two_seconds_of_the_halt_after_fencing() -> None:
    stop, foreign = order(2, "STOP_LOSS_LIMIT"), order(3, client_id="by-hand")
    scene = Scene(order(1), stop, foreign, *map(order, range(10, 60)))
    scene.halt = HALTED
    scene.run(1.0)
    assert list(scene.open.values()) == [stop, foreign]
    assert scene.core.cancelled == 51
    kinds = [type(effect) for effect in scene.done if not isinstance(effect, Tell | Look)]
    assert kinds == [Fence] + [Cancel] * 51


def test_it_is_done_only_once_nothing_of_the_executor_can_arrive_any_more() -> None:
    scene = Scene(order(1))
    scene.halt = HALTED
    scene.run(2.0)
    assert scene.core.state is GuardState.CANCELLING
    scene.open["7"] = order(7)  # sent before the fencing, on the way for two seconds
    scene.run(0.5)
    assert not scene.open
    scene.run(2.0)
    assert scene.core.state is GuardState.DONE
    assert scene.told == ["GRACE", "LOOKING", "FENCING", "CANCELLING", "DONE"]
    scene.open["8"] = order(8)
    scene.run(LOOK_S + 0.2)
    assert not scene.open


def test_an_executor_that_cancels_by_itself_keeps_its_lease() -> None:
    scene = Scene(order(1), order(2, "TAKE_PROFIT"))
    scene.halt = HALTED
    scene.run(0.3)
    del scene.open["1"]
    scene.run(5.0)
    assert scene.core.state is GuardState.CONTENT
    assert not scene.count(Fence) + scene.count(Cancel)
    scene.open["3"] = order(3)
    scene.run(LOOK_S + 0.1)
    assert list(scene.open) == ["2"]
    assert scene.count(Fence) == 1


def test_a_release_gives_the_lease_back_and_nothing_is_cancelled_any_more() -> None:
    scene = Scene(order(1))
    scene.halt = HALTED
    scene.run(1.0)
    scene.halt = RELEASED
    scene.open["5"] = order(5)
    scene.run(5.0)
    assert scene.core.state is GuardState.WATCHING
    assert scene.count(GiveBack) == 1
    assert list(scene.open) == ["5"]


def test_a_halt_that_is_released_within_the_grace_does_nothing() -> None:
    scene = Scene(order(1))
    scene.halt = HALTED
    scene.run(0.3)
    scene.halt = RELEASED
    scene.run(2.0)
    assert not scene.count(Fence) + scene.count(Cancel) + scene.count(GiveBack)


def test_a_venue_that_does_not_answer_is_asked_again_until_it_does() -> None:
    scene = Scene(order(1))
    scene.answers, scene.halt = False, HALTED
    scene.run(10.0)
    assert 5 <= scene.count(Look) <= 8
    assert not scene.count(Fence)
    scene.answers = True
    scene.run(ANSWER_DUE_NS / 1e9 + 0.1)
    assert not scene.open


def test_an_order_that_cannot_be_cancelled_keeps_no_other_waiting() -> None:
    scene = Scene(*map(order, range(4 * CANCELS_AT_ONCE)))
    scene.uncancellable = {str(number) for number in range(2 * CANCELS_AT_ONCE)}
    scene.halt = HALTED
    scene.run(30.0)
    assert set(scene.open) == scene.uncancellable
    scene.uncancellable = set()
    scene.run(RETRY_MAX_NS / 1e9 + 0.1)
    assert not scene.open


def test_a_failing_request_is_told_and_repeated_later_each_time() -> None:
    core = make_core()
    looks: list[int] = []
    for tick in range(200):
        for effect in core.step(HALTED, tick * TICK_NS):
            if isinstance(effect, Look):
                looks.append(tick)
                assert Tell(GuardState.LOOKING, "HTTP 503") in core.step(
                    GuardFailed("HTTP 503", number=effect.number), tick * TICK_NS
                )
    gaps = [after - before for before, after in itertools.pairwise(looks)]
    assert gaps[:6] == [1, 2, 4, 8, 16, 20]
    assert set(gaps[5:]) == {RETRY_MAX_NS // TICK_NS}


def test_a_venue_that_says_when_to_come_again_is_heeded() -> None:
    core = make_core()
    core.step(HALTED, 0)
    look = next(effect for effect in core.step(HALTED, 10**9) if isinstance(effect, Look))
    core.step(GuardFailed("HTTP 429", number=look.number, retry_s=7.0), 10**9)
    assert not core.step(HALTED, 10**9 + 6_900_000_000)
    assert core.step(HALTED, 10**9 + 7_000_000_000)


def test_nothing_is_cancelled_while_the_lease_cannot_be_had() -> None:
    scene = Scene(order(1))
    scene.act = lambda effect: (  # type: ignore[method-assign]
        scene.tell(FenceFailed("disk full")) if isinstance(effect, Fence) else Scene.act(scene, effect)
    )
    scene.halt = HALTED
    scene.run(10.0)
    assert scene.core.state is GuardState.FENCING
    assert scene.count(Fence) > 4
    assert not scene.count(Cancel)


def test_a_lost_lease_is_taken_again_before_anything_else_is_cancelled() -> None:
    scene = Scene(order(1))
    scene.answers, scene.halt = True, HALTED
    scene.run(1.0)
    scene.done.clear()
    scene.open["2"] = order(2)
    scene.tell(FenceLost())
    scene.run(0.5)
    acts = [type(effect) for effect in scene.done if isinstance(effect, Fence | Cancel)]
    assert acts[0] is Fence
    assert not scene.open


@pytest.mark.parametrize("kind", sorted(PROTECTIVE_TYPES))
def test_what_protects_is_never_cancelled(kind: str) -> None:
    scene = Scene(order(1, kind))
    scene.halt = HALTED
    scene.run(5.0)
    assert list(scene.open) == ["1"]
    assert not scene.count(Fence)


# -- whatever the order of events -------------------------------------------------------------------------------------

KINDS = st.sampled_from(["LIMIT", "LIMIT_MAKER", "MARKET", *sorted(PROTECTIVE_TYPES)])
ORDERS = st.builds(order, st.integers(1, 30), KINDS, st.sampled_from(["", "by-hand", "tgother-1-1"]))
NUMBERS = st.integers(0, 12)
VENUE_IDS = st.integers(1, 30).map(str)
EVENTS = st.one_of(
    st.just(HALTED),
    st.just(HALTED),
    st.just(RELEASED),
    st.just(Fenced()),
    st.just(FenceFailed("disk full")),
    st.just(FenceLost()),
    st.builds(OpenOrdersSeen, NUMBERS, st.lists(ORDERS, max_size=12).map(tuple)),
    st.builds(CancelDone, VENUE_IDS),
    st.builds(GuardFailed, st.just("no answer"), NUMBERS, st.just(""), st.sampled_from([0.0, 3.0])),
    st.builds(GuardFailed, st.just("no answer"), st.just(0), VENUE_IDS),
)
STEPS = st.lists(st.tuples(EVENTS, st.sampled_from([0, 1, TICK_NS, 10 * TICK_NS])), max_size=80)


def assert_lawful(core: GuardCore, steps: Iterable[tuple[Event, int]]) -> None:
    now_ns, halted, asked, fenced = 0, False, False, False
    for event, passed_ns in steps:
        now_ns += passed_ns
        if isinstance(event, HaltRead):
            halted = bool(event.reason)
        effects = core.step(event, now_ns)
        fenced = (fenced or (isinstance(event, Fenced) and asked)) and not isinstance(event, FenceLost)
        for effect in effects:
            match effect:
                case Fence():
                    assert halted, "fenced without a halt"
                    asked = True
                case Cancel(found):
                    assert fenced, "cancelled without being fenced"
                    assert found.type not in PROTECTIVE_TYPES
                    assert found.client_id.startswith(PREFIX)
                case GiveBack():
                    assert fenced
                    assert not halted
                    fenced = asked = False
        assert len(core._under_way) <= CANCELS_AT_ONCE


@settings(max_examples=400)
@given(STEPS)
def test_it_never_cancels_before_fencing_nor_what_protects_nor_fences_without_a_halt(
    steps: list[tuple[Event, int]],
) -> None:
    assert_lawful(make_core(), steps)


@settings(max_examples=150)
@given(STEPS, st.lists(ORDERS, max_size=12, unique_by=lambda found: found.venue_id))
def test_whatever_happened_before_it_ends_with_nothing_to_cancel_once_the_venue_answers(
    steps: list[tuple[Event, int]], orders: list[OpenOrder]
) -> None:
    scene = Scene(*orders)
    for event, passed_ns in steps:
        scene.now_ns += passed_ns
        scene.core.step(event, scene.now_ns)
    scene.halt = HALTED
    scene.run(20.0)
    assert scene.core.state in (GuardState.CONTENT, GuardState.DONE)
    left = [found for found in scene.open.values() if found.client_id.startswith(PREFIX)]
    assert all(found.type in PROTECTIVE_TYPES for found in left)

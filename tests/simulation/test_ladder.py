"""Every row of the ladder in the whole system: reached by its real cause, and left when that is gone."""

from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

import pytest

from tests.simulation.ladder import (
    DRAWN_DOWN,
    EXECUTOR,
    LEARNED_SCOPE,
    LOSSY_RISK,
    RISK,
    RUNNER,
    STRATEGY,
    SYMBOL,
    Watched,
)
from tradigrade.config.risk_settings import RiskSettings
from tradigrade.exchanges.simulated.orders import OrderRequest

BACK_S = 90.0


class Row(NamedTuple):
    """A cause, where it leads, its words, and what ends it."""

    name: str
    rung: str
    scope: str
    words: str
    cause: Callable[[Watched], Callable[[], object] | None]
    within_s: float = 5.0
    risk: RiskSettings = RiskSettings()


def lease_stolen(system: Watched) -> Callable[[], object] | None:
    return system.world.steal_lease()


def market_silent(system: Watched) -> None:
    system.world.venue.silence(6.0)


def book_crossed(system: Watched) -> Callable[[], object]:
    system.world.venue.faults.frame_crossed = 1.0
    return lambda: setattr(system.world.venue.faults, "frame_crossed", 0.0)


def venue_down(system: Watched) -> None:
    system.world.venue.unreachable(4.0)


def banned(system: Watched) -> None:
    system.world.venue.ban(4.0)


def clock_off(system: Watched) -> Callable[[], object]:
    system.world.host_clock.offset_ns += 1_200_000_000
    return system.world.host_clock.set_right


def disk(name: str) -> Callable[[Watched], Callable[[], object]]:
    def cause(system: Watched) -> Callable[[], object]:
        setattr(system.world.disk, name, True)
        return lambda: setattr(system.world.disk, name, False)

    return cause


def learner_cut_off(system: Watched) -> Callable[[], object]:
    cut = system.world.network.conditions.cut
    cut.add(frozenset({"learner", "trader"}))
    return cut.clear


def strategy_left_down(system: Watched) -> Callable[[], object]:
    system.crash(RUNNER, 7)
    return system.world.nodes["trader"].kill  # the next trader starts it again


def paused(system: Watched) -> Callable[[], object]:
    system.pause()
    return system.resume


def restarting_often(system: Watched) -> None:
    system.crash(RISK, 6, 0.5)


def halted_by_a_person(system: Watched) -> Callable[[], object]:
    system.halt()
    return system.release


def losing(system: Watched) -> None:
    """Fees alone are enough for these limits."""


def drawn_down(system: Watched) -> Callable[[], object]:
    return system.release


def gave_up(system: Watched) -> Callable[[], object]:
    system.crash(RISK, 10, 2.0)
    return system.release


ROWS = [
    Row("the learner is cut off", "FALLBACK", LEARNED_SCOPE, "learner", learner_cut_off, 15.0),
    Row("a strategy is paused by a person", "REDUCING", STRATEGY, "the test wants it", paused),
    Row("a strategy is left down", "REDUCING", STRATEGY, "left down", strategy_left_down),
    Row("the account restarts too often", "REDUCING", "account", "restarted more than", restarting_often),
    Row("syncs of the journal fail", "REDUCING", "account", "cannot be synced", disk("sync_fails")),
    Row("the day's loss reaches its warning", "REDUCING", "account", "loss", losing, 60.0, LOSSY_RISK),
    Row("the market falls silent", "CANCEL_ONLY", SYMBOL, "", market_silent),
    Row("the books are crossed", "CANCEL_ONLY", SYMBOL, "", book_crossed),
    Row("the venue is unreachable", "CANCEL_ONLY", "account", "disconnected", venue_down),
    Row("the venue bans us", "CANCEL_ONLY", "account", "", banned, 8.0),
    Row("our clock is off", "CANCEL_ONLY", "account", "clock", clock_off, 8.0),
    Row("the disk is full", "CANCEL_ONLY", "account", "journal", disk("full")),
    Row("a person halts", "HALTED", "account", "the test wants it", halted_by_a_person),
    Row("the equity is drawn down", "HALTED", "account", "drawdown", drawn_down, 60.0, DRAWN_DOWN),
    Row("risk gives up", "HALTED", "account", "gave up", gave_up),
    Row("the lease is lost", "FENCED", "account", "lease", lease_stolen),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_row_of_the_ladder_is_reached_by_its_real_cause_and_left_when_that_is_gone(row: Row) -> None:
    system = Watched(risk=row.risk)
    end = row.cause(system)
    system.until(lambda: system.rung(row.scope) == row.rung, row.within_s, f"{row.rung} of {row.scope}")
    assert row.words in system.reason(row.scope)
    if row.risk is LOSSY_RISK:
        return  # the day must end first: left in the test of the ladder itself
    if end is not None:
        end()
    system.until(lambda: system.rung(row.scope) == "NORMAL", BACK_S, f"way back from {row.rung}")


def stand(system: Watched) -> set[str]:
    """An order of ours that rests, and a protective stop; their client ids."""
    place = system.world.venue.place
    resting = OrderRequest("BTCUSDT", "BUY", "LIMIT", "tgmain-9-1", "GTC", Decimal(29_000), Decimal("0.01"))
    system.world.venue.place(OrderRequest("BTCUSDT", "BUY", "MARKET", "tgmain-9-2", "GTC", quantity=Decimal("0.02")))
    stop = OrderRequest(
        "BTCUSDT",
        "SELL",
        "STOP_LOSS_LIMIT",
        "tgmain-9-3",
        "GTC",
        Decimal(27_900),
        Decimal("0.01"),
        stop_price=Decimal(28_000),
    )
    place(resting)
    place(stop)
    return {"tgmain-9-1"}


@pytest.mark.parametrize("how", ["hangs", "is stopped with its node", "is killed again and again"])
def test_where_the_executor_cannot_the_guard_cancels_within_two_seconds_and_stops_stand(how: str) -> None:
    system = Watched()
    world = system.world
    resting = stand(system)
    assert resting <= system.open_at_venue()
    match how:
        case "hangs":
            system.actor(EXECUTOR).hold()
        case "is stopped with its node":
            world.nodes["trader"].loop.stop()
        case _:
            world.nodes["trader"].kill()
            world.network.conditions.cut.add(frozenset({"launcher", "trader"}))
    system.halt()
    took_s = system.until(lambda: not (resting & system.open_at_venue()), 5.0, "cancel by the guard")
    assert took_s <= 2.0
    assert "tgmain-9-3" in system.open_at_venue()
    assert not world.witness.broken

"""The rows of docs/faults.md in which the venue fails."""

from collections.abc import Iterator

from tests.simulation.fault_row import Row, scheduled
from tradigrade.simulation.damage import Undo, nothing
from tradigrade.simulation.world import World

CHANCES = {
    "place_lost": (
        "an order's request is lost",
        "unknown, and never sent again; proven missing once the venue's clock is past its receive window",
    ),
    "place_unanswered": ("an order's answer is lost", "the account's stream tells; else unknown until evidence does"),
    "place_late": (
        "an order's answer comes after the time-out",
        "the account's stream tells; else unknown until evidence does",
    ),
    "place_refused": ("the venue refuses an order", "a refusal is final; the strategy wants anew at its next bar"),
    "place_delayed": ("an order's request is late by up to 4 s", "behind its receive window the venue refuses it"),
    "cancel_lost": ("a cancel's request is lost", "no answer: the account is compared, then it is cancelled again"),
    "cancel_unanswered": ("a cancel's answer is lost", "the account's stream or evidence tells"),
    "cancel_refused": ("the venue refuses a cancel", "the account is compared, then it is cancelled again"),
    "look_failed": ("no look at the account gets through", "asked again until it does; all in doubt stays reserved"),
    "look_partial": ("a look at the account is answered in part", "taken as none; asked again"),
    "event_lost": ("words of the account's stream are lost", "the next comparison finds and books them"),
    "event_duplicated": ("words of the account's stream come twice", "a trade counts once, by its id"),
    "event_delayed": ("the account's stream is late by up to 4 s", "answers and comparisons tell the same"),
    "event_reordered": ("words of the account's stream overtake each other", "the table of states allows for it"),
    "diff_lost": ("changes of the book are lost", "a gap in the numbers: a fresh snapshot"),
    "frame_crossed": ("the book is crossed", "no order until it is not"),
    "frame_malformed": ("frames do not read", "refused and counted; a fresh snapshot where it was a change"),
    "snapshot_lost": ("the market's connection breaks, and snapshots of the book are lost", "asked for again"),
}
EVENTS = {
    "account_cut": ("the account's connection breaks", "connects anew, then compares"),
    "market_cut": ("the market's connection breaks", "connects anew; a fresh snapshot"),
    "market_silent": ("the market's streams fall silent, connected, for 4 s", "no order on a market that old"),
    "ban": ("the venue bans us for 5 s", "waits as long as it is told"),
}
STOPPED = {
    "halted": ("halts the symbol", "its orders are cancelled, all but what guards a position; it goes on by itself"),
    "delisted": ("does not list the symbol any more", "its orders are gone; it goes on once it is listed again"),
}
STOPPED_FOR_S = 15.0
EVENT_FOR_S = {"account_cut": 1.0, "market_cut": 1.0, "market_silent": 4.0, "ban": 5.0}
"""Until the next turn of the market it has not happened; what it begins may last longer."""
CHANCE_FOR_S = 6.0
LOOKS_FOR_S = 12.0
"""Without doubt the account is compared every five seconds."""


def _unreachable(world: World) -> Undo:
    world.venue.unreachable(4.0)
    return nothing


def _gap_without_snapshots(world: World) -> Undo:
    """Snapshots are asked for after a gap only."""
    world.venue.cut_market()
    world.venue.faults.snapshot_lost = 1.0
    return lambda: setattr(world.venue.faults, "snapshot_lost", 0.0)


def venue_rows() -> Iterator[Row]:
    for target, (name, bears) in CHANCES.items():
        for_s = LOOKS_FOR_S if target.startswith("look") else CHANCE_FOR_S
        row = scheduled("the venue", f"{name}, each one for {for_s:g} s", bears, "venue-chance", target, for_s, 1.0)
        yield row._replace(begin=_gap_without_snapshots) if target == "snapshot_lost" else row
    for target, (name, bears) in EVENTS.items():
        yield scheduled("the venue", name, bears, "venue-event", target, EVENT_FOR_S[target])
    for target, (name, bears) in STOPPED.items():
        words = f"the venue {name} for {STOPPED_FOR_S:g} s"
        yield scheduled("the venue", words, bears, "symbol", target, STOPPED_FOR_S)
    yield Row("the venue", "the venue cannot be reached for 4 s", "connects anew, then compares", _unreachable, 4.0)

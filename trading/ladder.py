"""The ladder as a pure machine: facts and time in, where every scope stands and each move out.

Scopes are text: `system`, `account`, a symbol (`BTC/USDT`), and a strategy on a symbol (`learned BTC/USDT`). A cause
noted in a scope holds for all below it, and the lowest rung that applies wins: the standing of a strategy's scope is
the one its orders obey. Going down is at once; going up waits until the cause was gone for its time.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

from .causes import CAUSES, RANKS
from .rungs import NORMAL, Standing

SYSTEM, ACCOUNT = "system", "account"
MOVES_KEPT = 200
SCOPES_MAX = 5_000
DETAIL_LIMIT = 300
NEVER_NS = 2**63


class Now(NamedTuple):
    """The same instant twice: waits are measured by the clock that cannot be set, moves are dated by the other."""

    monotonic_ns: int
    utc_ns: int


class Noted(NamedTuple):
    """A cause holds in a scope, or is gone. `detail` says it better than the table's own words."""

    scope: str
    cause: str
    holds: bool
    detail: str = ""


class Released(NamedTuple):
    """A person ends whatever is latched."""


class TimePassed(NamedTuple):
    """Nothing happened; what was gone long enough ends."""


Event = Noted | Released | TimePassed


class Applied(NamedTuple):
    """A cause that counts. `gone_ns` (monotonic): since when it is gone, and still counts for a while."""

    detail: str
    gone_ns: int | None = None


class Move(NamedTuple):
    """What is told of a scope: from one rung to another, or, on the same rung, for another reason."""

    scope: str
    before: str
    after: str
    reason: str
    causes: tuple[str, ...]
    at_ns: int
    since_ns: int


Causes = Mapping[str, Applied]


class Ladder(NamedTuple):
    """The machine's whole state. `moves`: changes of a rung, oldest first, the latest `MOVES_KEPT`.

    A step costs what the scopes that change cost, not what there is: markets that flap are many in a busy trader.
    """

    applied: Mapping[str, Causes]
    standings: Mapping[str, Standing]
    moves: tuple[Move, ...] = ()
    below: Mapping[str, tuple[str, ...]] = {}
    """By scope: itself and all that its causes hold for, in the order of `standings`."""
    due_ns: int = NEVER_NS
    """Monotonic: before that no cause that is gone ends."""


def strategy_scope(strategy: str, symbol: str) -> str:
    return f"{strategy} {symbol}"


@lru_cache(maxsize=SCOPES_MAX)
def above(scope: str) -> tuple[str, ...]:
    """A scope and all whose causes hold for it too, the widest first."""
    if scope == SYSTEM:
        return (SYSTEM,)
    if scope == ACCOUNT:
        return (SYSTEM, ACCOUNT)
    symbol = scope.rpartition(" ")[2]
    return (SYSTEM, ACCOUNT, symbol) if symbol == scope else (SYSTEM, ACCOUNT, symbol, scope)


def begin(scopes: Iterable[str], noted: Iterable[Noted], now: Now) -> Ladder:
    """A ladder of these scopes on which these causes hold from the start."""
    standings = dict.fromkeys((SYSTEM, ACCOUNT, *scopes), NORMAL._replace(since_ns=now.utc_ns))
    ladder = Ladder({}, standings, below=_find_below(standings))
    for each in noted:
        ladder, _ = step(ladder, each, now)
    return ladder._replace(moves=())


def step(ladder: Ladder, event: Event, now: Now) -> tuple[Ladder, tuple[Move, ...]]:
    """The next state, and what is to be told; a rung that changed is also kept in `moves`."""
    changed = _expire_all(ladder.applied, now) if now.monotonic_ns >= ladder.due_ns else {}
    match event:
        case Noted(scope):
            changed[scope] = _note(changed.get(scope, ladder.applied.get(scope, {})), event, now)
        case Released():
            changed |= {scope: _release(changed.get(scope, causes)) for scope, causes in ladder.applied.items()}
    changed = {scope: causes for scope, causes in changed.items() if causes != ladder.applied.get(scope, {})}
    return _judge(ladder, changed, now) if changed else (ladder, ())


def waits(ladder: Ladder) -> bool:
    """True while a cause is gone and still counts: time alone may change something."""
    return any(each.gone_ns is not None for causes in ladder.applied.values() for each in causes.values())


def judge(applied: Mapping[str, Causes], scope: str) -> Standing:
    """Where a scope stands by what applies to it and to all above; the same causes, the same standing."""
    found = [(RANKS[name], name, each) for line in above(scope) for name, each in applied.get(line, {}).items()]
    if not found:
        return NORMAL
    rung = max(CAUSES[name].rung for _, name, _ in found)
    _, name, deciding = min((each for each in found if CAUSES[each[1]].rung == rung), key=lambda each: each[0])
    names = tuple(dict.fromkeys(name for _, name, _ in sorted(found, key=lambda each: each[0])))
    return Standing(rung, _words(name, deciding), names)


def _words(name: str, applied: Applied) -> str:
    cause = CAUSES[name]
    words = applied.detail or cause.words
    return words if applied.gone_ns is None else f"over, and borne out for {cause.hold_s:g} s: {words}"


def _judge(ladder: Ladder, changed: Mapping[str, Causes], now: Now) -> tuple[Ladder, tuple[Move, ...]]:
    """Judge anew what stands in a scope that changed, or below one."""
    applied, standings, below = {**ladder.applied, **changed}, dict(ladder.standings), ladder.below
    for scope, causes in changed.items():
        if not causes:
            del applied[scope]
    told = []
    if new := sorted(changed.keys() - standings.keys()):
        standings |= dict.fromkeys(new[: max(SCOPES_MAX - len(standings), 0)], NORMAL)
        below = _find_below(standings)
    for scope in _affected(standings, below, changed):
        before, after = standings[scope], judge(applied, scope)
        after = after._replace(since_ns=before.since_ns if after.rung == before.rung else now.utc_ns)
        standings[scope] = after
        if (after.rung, after.reason) != (before.rung, before.reason):
            told.append(_move(scope, before, after, now))
    moves = (*ladder.moves, *(move for move in told if move.before != move.after))[-MOVES_KEPT:]
    return Ladder(applied, standings, moves, below, _due_ns(ladder, applied, changed, now)), tuple(told)


def _find_below(scopes: Iterable[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for scope in scopes:
        for line in above(scope):
            found.setdefault(line, []).append(scope)
    return {scope: tuple(each) for scope, each in found.items()}


def _affected(
    standings: Iterable[str], below: Mapping[str, tuple[str, ...]], changed: Mapping[str, Causes]
) -> Iterable[str]:
    """Whose standing may be another, in the order of `standings`."""
    if len(changed) == 1:
        return below.get(next(iter(changed)), ())
    found = {scope for line in changed for scope in below.get(line, ())}
    return [scope for scope in standings if scope in found]


def _due_ns(ladder: Ladder, applied: Mapping[str, Causes], changed: Mapping[str, Causes], now: Now) -> int:
    """Early rather than late; what was due is past, so then all of them are looked at."""
    past = now.monotonic_ns >= ladder.due_ns
    found = [
        each.gone_ns + int(CAUSES[name].hold_s * 1e9)
        for causes in (applied if past else changed).values()
        for name, each in causes.items()
        if each.gone_ns is not None
    ]
    return min(found, default=NEVER_NS) if past else min(ladder.due_ns, *found, NEVER_NS)


def _move(scope: str, before: Standing, after: Standing, now: Now) -> Move:
    names = (before.rung.name, after.rung.name)
    return Move(scope, *names, after.reason, after.causes, now.utc_ns, after.since_ns)


def _note(causes: Causes, noted: Noted, now: Now) -> Causes:
    known, cause = causes.get(noted.cause), CAUSES[noted.cause]
    if noted.holds:
        return {**causes, noted.cause: Applied(noted.detail[:DETAIL_LIMIT])}
    if known is None or known.gone_ns is not None or cause.latched:
        return causes
    if cause.hold_s <= 0.0:
        return {name: each for name, each in causes.items() if name != noted.cause}
    return {**causes, noted.cause: known._replace(gone_ns=now.monotonic_ns)}


def _expire_all(applied: Mapping[str, Causes], now: Now) -> dict[str, Causes]:
    """Of the scopes where something was gone for long enough: what still applies."""
    return {
        scope: {name: each for name, each in causes.items() if not _is_over(name, each, now)}
        for scope, causes in applied.items()
        if any(_is_over(name, each, now) for name, each in causes.items())
    }


def _is_over(name: str, applied: Applied, now: Now) -> bool:
    return applied.gone_ns is not None and now.monotonic_ns - applied.gone_ns >= CAUSES[name].hold_s * 1e9


def _release(causes: Causes) -> Causes:
    return {name: each for name, each in causes.items() if not CAUSES[name].latched}

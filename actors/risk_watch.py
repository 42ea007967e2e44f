"""Risk's part that watches what is not of one order: the halt latch, equity, restarts, pauses by people."""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal

from msgspec.structs import replace

from ..config.risk_settings import LadderSettings
from ..kernel.actor import Context
from ..storage.halt import KILL_NAME, HaltLatch
from ..storage.risk_memory import Memory, MemoryLost, RiskMemory
from ..trading.equity import adjust_for_flows, day_of, week_of
from ..trading.ladder import ACCOUNT, SYSTEM
from ..trading.limits import Limits
from ..trading.messages import ZERO
from ..trading.risk.losses import Marks, fall, stop, warn
from .standings import Standings

STARTS_KEPT = 1_000
KILL_PERIOD_NS = 500_000_000
SAVE_PERIOD_NS = 1_000_000_000
"""What changes all the time is not written more often, and what a disk refused is not tried more often."""
DAY_PROVEN_NS = 60_000_000_000
"""A new day counts once it lasted so long: a clock that only jumped is found by the venue's, or is back, before."""
BY_RISK = "risk"


class RiskWatch:
    """Owned by risk; notes causes in its standings. Needs the ports `halt` and `risk_memory`."""

    def __init__(
        self,
        context: Context,
        standings: Standings,
        limits: Callable[[], Limits],
        ladder: LadderSettings,
        scopes: Iterable[str],
        worth: Callable[[Mapping[str, Decimal]], Decimal | None],
    ) -> None:
        """`limits`: those of the account, as they are now. `worth`: what transfers made the equity more or less."""
        self._context = context
        self._standings = standings
        self._limits = limits
        self._worth = worth
        self._ladder = ladder
        self._latch: HaltLatch = context.ports["halt"]
        self._file: RiskMemory = context.ports["risk_memory"]
        self._wanted_halt = ""
        """A halt that is not on disk yet: without the file nobody's release could mean it."""
        self._saved_ns = -SAVE_PERIOD_NS
        """When a save was tried last (monotonic)."""
        self._kill_looked_ns = -KILL_PERIOD_NS
        self._unsaved = True
        self._synced = False
        """The first save after a start is: until then the file may be of long ago, or not there at all."""
        self._memory = Memory()
        self._equity = ZERO
        self._judged: tuple[object, ...] = ()
        """What losses were looked at last: they are the same where nothing of it changed."""
        self.drawdown = 0.0
        """The fraction of the peak that is lost."""
        self.lost = ZERO
        """Of the equity that the day began with, in money."""
        self._restarting = True
        self._load()
        self._today = day_of(context.now_ns())
        self._today_since_ns = self._monotonic_ns() - DAY_PROVEN_NS
        for scope in scopes:
            if scope in self._memory.paused:
                standings.note(scope, "PAUSED", holds=True, detail=self._memory.paused[scope])
        self._check_latch()
        self.check_restarts()

    def check(self, equity: Decimal | None, transferred: Mapping[str, Decimal]) -> None:
        """To be called about five times a second; None where the equity cannot be told. `transferred`: what ever came
        from outside, withdrawals taken off, by currency: it is neither profit nor loss."""
        self._check_latch()
        if self._restarting:
            self.check_restarts()
        if equity is not None and self._follow(transferred, equity):
            facts = (equity, self._limits(), self._memory, day_of(self._context.now_ns()))
            if facts != self._judged or facts[-1] != self._memory.day:
                self._check_losses(equity)
                self._judged = (*facts[:2], self._memory, facts[-1])
        if self._unsaved and self._monotonic_ns() - self._saved_ns >= SAVE_PERIOD_NS:
            self._remember(self._memory)

    # -- people -------------------------------------------------------------------------------------------------------

    def pause(self, scopes: Iterable[str], reason: str) -> None:
        """`OSError` where it cannot be remembered; it holds all the same."""
        words = f"paused by a person: {reason}" if reason else "paused by a person"
        pauses = dict.fromkeys(scopes, words)
        for scope in pauses:
            self._standings.note(scope, "PAUSED", holds=True, detail=words)
        self._memory = replace(self._memory, paused=self._memory.paused | pauses)
        self._save(self._memory, sync=True)

    def resume(self, scopes: Iterable[str]) -> tuple[str, ...]:
        """Those of the scopes that were paused. `OSError`, and they stay so, where it cannot be remembered."""
        paused = self._memory.paused
        ended = tuple(scope for scope in scopes if scope in paused)
        left = {scope: words for scope, words in paused.items() if scope not in ended}
        self._save(replace(self._memory, paused=left), sync=True)
        for scope in ended:
            self._standings.note(scope, "PAUSED", holds=False)
        return ended

    # -- the latch ----------------------------------------------------------------------------------------------------

    def halt(self, words: str) -> None:
        """Latch it, now or as soon as the disk takes it."""
        self._wanted_halt = words
        try:
            self._latch.halt(words, BY_RISK, self._context.now_ns())
        except OSError:
            self._context.system.metrics.count("halts_not_written")  # asked again at the next check
        else:
            self._wanted_halt = ""
            self._note_halted()

    def _note_halted(self) -> None:
        if not self._memory.halted:
            self._remember(replace(self._memory, halted=True))

    def _check_latch(self) -> None:
        self._look_for_kill_file()
        if self._wanted_halt:
            self.halt(self._wanted_halt)
        halt = self._latch.read()
        if halt is not None:
            self._standings.note(SYSTEM, "HALT", holds=True, detail=f"{halt.reason} (by {halt.by})")
            if halt.at_ns:  # otherwise the latch only does not read, perhaps just now
                self._note_halted()
        elif self._wanted_halt:
            self._standings.note(SYSTEM, "HALT", holds=True, detail=f"{self._wanted_halt} (by {BY_RISK})")
        else:
            self._end_halt()

    def _look_for_kill_file(self) -> None:
        if self._monotonic_ns() - self._kill_looked_ns < KILL_PERIOD_NS:
            return
        self._kill_looked_ns = self._monotonic_ns()
        try:
            self._latch.heed_kill_file(self._context.now_ns())
        except OSError as error:
            self._wanted_halt = f"the file {KILL_NAME} lies in the data directory, and the halt is not written: {error}"

    def _end_halt(self) -> None:
        """A person's release begins a new peak, also one while risk was down; a latch that reads again does not."""
        if self._memory.halted:
            self._remember(replace(self._memory, halted=False, begins=True, peak_equity=ZERO))
        if "HALT" in self._standings.ladder.applied.get(SYSTEM, {}):
            self._standings.release()

    # -- equity and restarts ------------------------------------------------------------------------------------------

    def losses(self) -> dict[str, Decimal]:
        """The lost fractions, by the limit that bounds each."""
        marks, equity = self._marks(), self._equity
        found = {"max_daily_loss": marks.day, "max_weekly_loss": marks.week, "max_drawdown": marks.peak}
        found["daily_loss_warning"] = self._memory.opening_equity
        return {name: fall(mark, equity) for name, mark in found.items()} if equity else {}

    def _marks(self) -> Marks:
        memory = self._memory
        return Marks(memory.day_equity, memory.week_equity, memory.peak_equity)

    def _follow(self, transferred: Mapping[str, Decimal], equity: Decimal) -> bool:
        """What came or left since counts as if it had been, in proportion, from the beginning: a fraction lost stays
        what it was, and so does the money lost. False where the transfer's worth cannot be told yet."""
        memory = self._memory
        if transferred == memory.transferred:
            return True
        before = memory.transferred
        flow = self._worth(
            {each: transferred.get(each, ZERO) - before.get(each, ZERO) for each in before | dict(transferred)}
        )
        if flow is None:
            return False
        opening, day, week, peak = (
            adjust_for_flows(level, equity, flow) if level and flow else level
            for level in (memory.opening_equity, memory.day_equity, memory.week_equity, memory.peak_equity)
        )
        moved = replace(memory, opening_equity=opening, day_equity=day, week_equity=week, peak_equity=peak)
        apart = memory.lost_apart + (memory.day_equity + flow - day if day else ZERO)
        self._remember(replace(moved, transferred=dict(transferred), lost_apart=apart))
        return True

    def _check_losses(self, equity: Decimal) -> None:
        self._equity = equity
        self._begin(equity)
        self.drawdown = float(fall(self._marks().peak, equity))
        self.lost = max(self._memory.day_equity - equity + self._memory.lost_apart, ZERO)
        opening = self._marks()._replace(day=self._memory.opening_equity)
        words = warn(opening, equity, self._limits())
        self._standings.note(ACCOUNT, "DAILY_LOSS", holds=bool(words), detail=words)
        if (words := stop(self._marks(), equity, self._limits())) and not self._standings.holds(SYSTEM, "HALT"):
            self.halt(words)
            self._check_latch()

    def _begin(self, equity: Decimal) -> None:
        """Days, weeks and peaks; what a release left open begins here."""
        memory, today = self._memory, day_of(self._context.now_ns())
        if memory.begins or not memory.week_equity:
            memory = replace(memory, begins=False, day_equity=equity, week_equity=equity, lost_apart=ZERO)
            self._memory, self._unsaved = replace(memory, peak_equity=max(memory.peak_equity, equity)), True
        if self._is_new(today):
            week, mark = week_of(today), self._memory.week_equity if week_of(today) == self._memory.week else equity
            begun = replace(self._memory, day=today, opening_equity=equity, day_equity=equity)
            self._remember(replace(begun, week=week, week_equity=mark, lost_apart=ZERO))
        if equity > self._memory.peak_equity:
            self._memory, self._unsaved = replace(self._memory, peak_equity=equity), True

    def _is_new(self, today: int) -> bool:
        """Whether a day begins. Never while the clock is off, and not one day back: midnight passed twice is one."""
        now_ns, day = self._monotonic_ns(), self._memory.day
        if today != self._today or self._standings.holds(ACCOUNT, "CLOCK_SKEW"):
            self._today, self._today_since_ns = today, now_ns
        return (today > day or today < day - 1) and now_ns - self._today_since_ns >= DAY_PROVEN_NS

    def check_restarts(self) -> None:
        since_ns = self._monotonic_ns() - round(self._ladder.restarts_period_s * 1e9)
        recent = sum(at_ns > since_ns for at_ns in self._earlier_starts_ns)
        self._restarting = recent > self._ladder.restarts  # otherwise there are only ever fewer
        words = f"restarted more than {self._ladder.restarts} times within {self._ladder.restarts_period_s:g} s"
        self._standings.note(ACCOUNT, "RESTARTS", holds=recent > self._ladder.restarts, detail=words)

    # -- memory -------------------------------------------------------------------------------------------------------

    def _load(self) -> None:
        """What was remembered, with this start; where it is lost everything halts until a person has looked."""
        try:
            memory = self._file.load()
        except MemoryLost as fault:
            self.halt(f"who was paused, and what the equity was, is not known any more: {fault}")
            memory = self._memory
        now_ns = self._context.now_ns()
        earlier = tuple(at_ns for at_ns in memory.starts_ns if at_ns <= now_ns)  # others: the clock was set back
        offset_ns = now_ns - self._monotonic_ns()
        self._earlier_starts_ns = tuple(at_ns - offset_ns for at_ns in earlier)
        """Monotonic, and so before its zero."""
        self._remember(replace(memory, starts_ns=(*earlier, now_ns)[-STARTS_KEPT:]))

    def _remember(self, memory: Memory) -> None:
        """What is worth less than a crash: a disk that refuses is counted, and asked again."""
        self._memory = memory
        try:
            self._save(memory, sync=False)
        except OSError:
            self._context.system.metrics.count("risk_memory_not_saved")

    def _save(self, memory: Memory, *, sync: bool) -> None:
        """Then it is what is remembered; `OSError` where the disk refuses."""
        self._saved_ns, self._unsaved = self._monotonic_ns(), True  # also where it stays: the file may have changed
        self._file.save(memory, sync=sync or not self._synced)
        self._memory, self._unsaved, self._synced = memory, False, True

    def _monotonic_ns(self) -> int:
        return self._context.system.clock.monotonic_ns()

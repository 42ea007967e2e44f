"""`tradigrade chaos run`: a plan of faults carried out on the running system, watched, judged and reported."""

import asyncio
import json
import secrets
import signal
import sys
from pathlib import Path

from rich.console import Console

from ..kernel.errors import KernelError
from ..status import Link, connect
from ..storage.journal_keys import Keys
from ..trading.rungs import Rung
from ..transports.control import (
    Acknowledged,
    ChaosAsked,
    ChaosProgress,
    ChaosStep,
    Invariant,
    VenueFaultAsked,
)
from ..tree import NoTarget, find
from .cause import VENUE, check_target, heal_all, put_in
from .checks import judge_tree
from .eye import Eye
from .plan import Step, find_targets, plan
from .report import passed, print_report, summarise, to_json
from .verdict import Verdict
from .watch import Sight, StepWatch, refused

CONSOLE = "console/console"
TELL_PERIOD_S = 0.5
CHECK_PERIOD_S = 3.0
STEPS_TOLD = 200
FIRST_SIGHT_S = 10.0
"""How long the system may take to show that it works before the first fault."""
SETTLE_S = 30.0
"""How long after the last fault everything may take to be well again."""
CALM_S = 0.3
"""How long all is left alone after a fault was seen to be over."""
WIDTH = 120
"""Columns of the report where there is no terminal to ask."""
SEED_LIMIT = 1_000_000


def run_chaos(data_dir: Path, minutes: float, seed: int | None, keys: Keys, *, as_json: bool) -> bool:
    """Whether all came back and every invariant held. Raises `NothingRuns`, `NoTarget` or a `KernelError`."""
    screen = Console(stderr=True, highlight=False, soft_wrap=True)
    drawn = secrets.randbelow(SEED_LIMIT) if seed is None else seed
    progress = asyncio.run(_run(data_dir, minutes, drawn, keys, screen))
    if as_json:
        sys.stdout.write(json.dumps(to_json(progress)) + "\n")
    else:
        report = Console(highlight=False)
        if not report.is_terminal:
            report.width = WIDTH
        print_report(report, progress)
    return passed(progress.steps, progress.invariants)


async def _run(data_dir: Path, minutes: float, seed: int, keys: Keys, screen: Console) -> ChaosProgress:
    async with connect(data_dir) as link:
        run = _Run(link, data_dir, minutes, seed, keys, screen)
        eye = asyncio.create_task(run.eye.look_forever())
        teller = asyncio.create_task(run.tell_forever())
        work = asyncio.create_task(run.work())
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, run.interrupt)
        try:
            await asyncio.wait([eye, teller, work], return_when=asyncio.FIRST_COMPLETED)
            return _result((eye, teller), work)
        finally:
            for task in (eye, teller, work):
                task.cancel()
            await asyncio.gather(eye, teller, work, return_exceptions=True)


def _result(watching: "tuple[asyncio.Task[None], ...]", work: "asyncio.Task[ChaosProgress]") -> ChaosProgress:
    """What the work came to; raises what ended the watching before."""
    for task in watching:
        if task.done() and (error := task.exception()) is not None:
            raise error.exceptions[0] if isinstance(error, BaseExceptionGroup) else error
    return work.result()


class _Run:
    """One run: the plan, the faults under way and those that are over."""

    def __init__(self, link: Link, data_dir: Path, minutes: float, seed: int, keys: Keys, screen: Console) -> None:
        self.eye = Eye(link, self._see)
        self._link = link
        self._data_dir = data_dir
        self._keys = keys
        self._minutes = minutes
        self._seed = seed
        self._screen = screen
        self._started_ns = link.clock.now_ns()
        self._state: str = "running"
        self._planned = 0
        self._venue_faults: tuple[str, ...] = ()
        self._watches: list[StepWatch] = []
        self._refused: list[ChaosStep] = []
        self._invariants: tuple[Invariant, ...] = ()
        self._normal = Rung.NORMAL
        self._verdict: Verdict | None = None
        self._interrupted = asyncio.Event()

    # -- the run ------------------------------------------------------------------------------------------------------

    async def work(self) -> ChaosProgress:
        """All of it; NoTarget where this is no paper system."""
        before = await self._first_sight()
        books = await self.eye.venue_books()
        self._venue_faults = () if books is None else tuple(sorted(books.faults))
        targets = find_targets(before.tree, VENUE, self._venue_faults)
        steps = plan(self._seed, targets, self._minutes)
        self._planned = len(steps)
        self._say(f"chaos for {self._minutes:g} min, seed {self._seed}: {len(steps)} faults; Ctrl-C ends it in order")
        self._verdict = Verdict(self._data_dir, self.eye, before, self._normal, self._keys)
        await self._carry_out(steps)
        self._state = "healing"
        self._heal()
        await self._settle(self._verdict)
        self._state = "finished"
        self._tell()
        return self.progress()

    def _heal(self) -> None:
        heal_all(self._link, self._now().tree)
        for name in self._venue_faults:
            self._link.tell(VenueFaultAsked(name, times=0), VENUE)
        for watch in self._watches:
            watch.heal()

    def interrupt(self) -> None:
        """End the plan, and go on to heal and to report; a second time end at once."""
        self._say("ending: faults are healed, and what they did is judged")
        self._interrupted.set()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)

    def progress(self) -> ChaosProgress:
        steps = self._steps()
        return ChaosProgress(
            seed=self._seed,
            minutes=self._minutes,
            started_ns=self._started_ns,
            state=self._state,  # type: ignore[arg-type]
            planned=self._planned,
            steps=tuple(steps[-STEPS_TOLD:]),
            times=summarise(steps),
            invariants=self._invariants,
        )

    def _steps(self) -> list[ChaosStep]:
        return sorted([*(watch.told for watch in self._watches), *self._refused], key=lambda step: step.number)

    async def _first_sight(self) -> Sight:
        """The system at work. The rung that it stands on is the one that it has to come back to."""
        end_ns = self._link.clock.monotonic_ns() + round(FIRST_SIGHT_S * 1e9)
        while (sight := self.eye.sight) is None or not sight.works(Rung.REDUCING) or not _all_run(sight):
            if self._link.clock.monotonic_ns() > end_ns:
                raise NoTarget(f"the system does not work yet, and chaos needs one that does: {_excuse(sight)}")
            await asyncio.sleep(TELL_PERIOD_S / 5)
        if find(sight.tree, VENUE) is None:
            raise NoTarget(f"chaos is for paper systems only, and this one has no {VENUE}: start one by tradigrade up")
        self._normal = max(sight.rung or Rung.NORMAL, Rung.FALLBACK)
        return sight

    # -- faults -------------------------------------------------------------------------------------------------------

    async def _carry_out(self, steps: tuple[Step, ...]) -> None:
        clock, start_ns = self._link.clock, self._link.clock.monotonic_ns()
        for step in steps:
            if not step.overlaps:
                await self._until_over()
            elapsed_s = (clock.monotonic_ns() - start_ns) / 1e9
            if await self._pause(step.at_s - elapsed_s) or elapsed_s > self._minutes * 60:
                break
            await self._begin(step)
        await self._until_over()

    async def _until_over(self) -> None:
        while not all(watch.over for watch in self._watches) and not await self._pause(CALM_S / 10):
            pass
        await self._pause(CALM_S)

    async def _pause(self, delay_s: float) -> bool:
        """Wait; True where it was interrupted."""
        try:
            await asyncio.wait_for(self._interrupted.wait(), max(0.0, delay_s))
        except TimeoutError:
            return False
        return True

    async def _begin(self, step: Step) -> None:
        before, now_utc_ns = self._now(), self._link.clock.now_ns()
        try:
            watch = await self._put_in(step, before, now_utc_ns)
        except (NoTarget, KernelError) as fault:
            told = refused(step, now_utc_ns, str(fault))
            self._refused.append(told)
            self._say_step(told)
        else:
            self._watches.append(watch)
        self._tell()

    async def _put_in(self, step: Step, before: Sight, now_utc_ns: int) -> StepWatch:
        if step.kind.action == "venue":
            asked = VenueFaultAsked(step.fault, for_s=step.for_s)
            answer: Acknowledged = await self._link.ask(asked, VENUE)
            return StepWatch(step, None, answer.at_ns, now_utc_ns, before, self._normal)
        fault = ChaosAsked(step.kind.action, step.target, step.for_s, step.by_s or 0.1)
        check_target(before.tree, fault)
        done = await put_in(self._link, before.tree, fault)
        return StepWatch(step, done, done.at_ns, now_utc_ns, before, self._normal)

    def _see(self, sight: Sight) -> None:
        for watch in self._watches:
            if not watch.over:
                watch.see(sight)
                if watch.over:
                    self._say_step(watch.told)
                    self._tell()

    def _now(self) -> Sight:
        assert self.eye.sight is not None, "nothing begins before the first sight"
        return self.eye.sight

    # -- invariants ---------------------------------------------------------------------------------------------------

    async def _settle(self, verdict: Verdict) -> None:
        """Judge everything again and again until all of it holds, or the time is over."""
        end_ns = self._link.clock.monotonic_ns() + round(SETTLE_S * 1e9)
        while True:
            self._invariants = await verdict.at_the_end(self._steps())
            if all(each.holds for each in self._invariants) or self._link.clock.monotonic_ns() > end_ns:
                return
            await asyncio.sleep(TELL_PERIOD_S)

    # -- telling ------------------------------------------------------------------------------------------------------

    async def tell_forever(self) -> None:
        """The console, twice a second; what can be judged meanwhile now and then."""
        checked_ns = 0
        while True:
            now_ns = self._link.clock.monotonic_ns()
            if self._state == "running" and self._verdict and now_ns - checked_ns > CHECK_PERIOD_S * 1e9:
                found, checked_ns = await self._verdict.meanwhile(), self._link.clock.monotonic_ns()
                self._invariants = found if self._state == "running" else self._invariants
            self._tell()
            await asyncio.sleep(TELL_PERIOD_S)

    def _tell(self) -> None:
        self._link.tell(self.progress(), CONSOLE, ttl_s=2.0)

    def _say(self, text: str) -> None:
        self._screen.print(text, markup=False)

    def _say_step(self, step: ChaosStep) -> None:
        after = "" if step.recovered_ms is None else f" after {step.recovered_ms:.0f} ms"
        self._say(f"{step.number:3}  {step.target}: {step.what} — {step.verdict}{after}")


def _all_run(sight: Sight) -> bool:
    return bool(judge_tree(sight.tree).holds)


def _excuse(sight: Sight | None) -> str:
    if sight is None:
        return "its launcher does not answer"
    if sight.trading is None:
        return "its trader does not answer"
    if not _all_run(sight):
        return judge_tree(sight.tree).text
    return f"{sight.trading.rung}: {sight.trading.rung_reason}"

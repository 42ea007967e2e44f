"""Children that do what their script says, and write down what becomes of them."""

from collections import Counter
from typing import Any, Literal

from tests.kit.cells import Puppet
from tradigrade.kernel.errors import Ignore
from tradigrade.kernel.signals import Stop

Outcome = Literal["ok", "ignore", "error"]
ROOT = "node/root"


def name_of(path: str) -> str:
    """A path as it is below the root."""
    return path.removeprefix(f"{ROOT}/")


class Script:
    """One for a whole tree: what the starts of each child come to, and in `log` what happened, in order."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.attempts: Counter[str] = Counter()
        self._outcomes: dict[str, tuple[Outcome, ...]] = {}

    def plan(self, name: str, *outcomes: Outcome) -> None:
        """Of the next attempts to start this child; the last one repeats for ever."""
        self._outcomes[name] = outcomes

    def start(self, name: str) -> None:
        self.attempts[name] += 1
        outcome, *later = self._outcomes.get(name, ("ok",))
        if later:
            self._outcomes[name] = tuple(later)
        self.log.append(f"{ {'ok': 'start', 'ignore': 'ignore', 'error': 'fail'}[outcome] } {name}")
        if outcome == "ignore":
            raise Ignore
        if outcome == "error":
            raise OSError(f"no such device: {name}")


class Child(Puppet):
    """Calls every function it is told, with itself; ends when told to stop."""

    def __init__(self, script: Script, info: Any = None, cargo: object = None) -> None:
        super().__init__()
        self.script = script
        self.info = info
        self.serves = False

    def start(self) -> Any:
        self.script.start(name_of(self.context.path))
        self.serves = True
        return self.info

    def stop(self, reason: str) -> None:
        if self.serves:  # the hook is called after a start that failed, too
            self.script.log.append(f"stop {name_of(self.context.path)}")


class Headstrong(Child):
    """Told to stop it ends with a reason of its own; without one it does not end at all."""

    defers_stop = True

    def __init__(self, script: Script, answer: str = "") -> None:
        super().__init__(script)
        self.answer = answer

    def receive(self, message: Any) -> Any:
        if not isinstance(message, Stop):
            return super().receive(message)
        if self.answer:
            self.context.exit(self.answer)


class Silent(Child):
    """Never says that it serves."""

    acknowledges_start = True


class Productive(Child):
    """Owes something useful every second, and does nothing; told so it fails, or repairs itself."""

    progress_due_s = 1.0

    def __init__(self, script: Script, *, repairs: bool = False) -> None:
        super().__init__(script)
        self.repairs = repairs

    def overdue(self, age_s: float) -> None:
        if not self.repairs:
            super().overdue(age_s)
        self.script.log.append(f"repair {name_of(self.context.path)}")
        self.context.progress()


class Worker:
    """No actor at all."""

    def __init__(self, script: Script) -> None:
        self.script = script

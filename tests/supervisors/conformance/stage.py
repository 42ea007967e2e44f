"""A tree of real actors below one supervisor, over any of the three runtimes, in virtual time."""

from collections.abc import Callable
from typing import Any

import pykka

from tests.kit.cells import Puppet, RuntimeName, VirtualSystem, fail
from tests.supervisors.conformance.children import ROOT, Script, name_of
from tradigrade.kernel.envelope import Reply
from tradigrade.kernel.incarnation import Incarnation
from tradigrade.kernel.signals import KILLED, Down
from tradigrade.supervisors.actors import ActorSpawner
from tradigrade.supervisors.backoff import Backoff
from tradigrade.supervisors.reports import SupervisorReport
from tradigrade.supervisors.requests import CountChildren, Refused, WhichChildren
from tradigrade.supervisors.spec import ChildSpec, Dynamic, Flags, Restart
from tradigrade.supervisors.supervisor import SUPERVISION, Supervisor

AT_ONCE = Backoff(min_s=0.0, max_s=0.0, jitter=0.0)
"""As in OTP: no wait before any attempt."""
PARENT = "node/parent"


class _System(VirtualSystem):
    """Remembers every end, in order."""

    def __init__(self, runtime: RuntimeName) -> None:
        self.downs: list[Down] = []
        super().__init__(runtime=runtime)

    def ended(self, actor: Incarnation, down: Down) -> None:
        self.downs.append(down)
        super().ended(actor, down)


class Stage:
    """With `threads` children have threads of their own and their supervisors are in the cell, as in the product."""

    def __init__(self, runtime: RuntimeName) -> None:
        self.system = _System("simulated" if runtime == "simulated" else "cell")
        self.spawner = ActorSpawner("threads" if runtime == "threads" else "")
        self.threaded = runtime == "threads"
        self.script = Script()
        self.parent: Puppet = self.system.place(PARENT)
        self.parent.context.subscribe(SUPERVISION)

    # -- the tree -----------------------------------------------------------------------------------------------------

    def child(self, name: str, restart: Restart = "permanent", *, kind: str = "Child", **fields: Any) -> ChildSpec:
        """A child that follows the script; `settings` are added to its own."""
        settings = {"script": self.script} | fields.pop("settings", {})
        path = f"{Script.__module__}:{kind}"
        return ChildSpec(id=name, actor=path, restart=restart, settings=settings, **fields)

    def plant(self, *children: ChildSpec, **flags: Any) -> None:
        """The root, over these."""
        self.grow(ChildSpec(id="root", flags=Flags(**{"backoff": AT_ONCE} | flags), children=children))

    def plant_dynamic(self, template: ChildSpec, **fields: Any) -> None:
        """The root, over instances of this."""
        self.grow(ChildSpec(id="root", dynamic=Dynamic(template, **{"backoff": AT_ONCE} | fields)))

    def grow(self, spec: ChildSpec) -> None:
        self.begin(lambda: Supervisor(spec, self.spawner))

    def begin(self, factory: Callable[[], Any]) -> None:
        self.system.spawn(ROOT, factory, parent=PARENT)
        self.settle()

    # -- what is done to it -------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Until nobody has anything to do at this instant, retries without a wait included."""
        self.system.advance(0.0)

    def ask(self, request: Any, of: str = ROOT) -> Any:
        """The answer, where there is one without time going by."""
        reply = self.question(request, of)
        assert reply.done, f"no answer yet to {request}"
        return reply.wait(0.0)

    def question(self, request: Any, of: str = ROOT, timeout_s: float = 3600.0) -> Reply:
        reply = self.system.ask(of, request, timeout_s)
        self.settle()
        return reply

    def refusal(self, request: Any, of: str = ROOT) -> str:
        """The code of the answer, empty where it was not refused."""
        answer = self.ask(request, of)
        return answer.code if isinstance(answer, Refused) else ""

    def exit(self, name: str, reason: str) -> None:
        """The child ends by itself, with `boom` by an exception; `killed` is a kill from outside."""
        self.send_exit(name, reason)
        self.settle()

    def send_exit(self, name: str, reason: str) -> None:
        path = f"{ROOT}/{name}"
        if reason == KILLED:
            self.system.kill(path)
        else:
            self.system.tell(path, fail if reason == "boom" else lambda child: child.context.exit(reason))

    def stop(self) -> None:
        self.system.stop(ROOT, "shutdown")
        self.settle()

    # -- what is found ------------------------------------------------------------------------------------------------

    @property
    def living(self) -> dict[str, int]:
        """Incarnation of everyone who lives below the root."""
        return {name_of(path): it.incarnation for path, it in self.system.actors.items() if path.startswith(f"{ROOT}/")}

    def which(self, of: str = ROOT) -> dict[str, str]:
        """State of each child, in order."""
        return {child.id: child.state for child in self.ask(WhichChildren(), of).children}

    def counts(self, of: str = ROOT) -> list[int]:
        """As OTP's suite writes them: specifications, active, supervisors, workers."""
        found = self.ask(CountChildren(), of)
        return [found.specs, found.active, found.supervisors, found.workers]

    @property
    def end(self) -> Any:
        """Why the root ended, in words; None while it lives."""
        return next((down.reason for down in reversed(self.system.downs) if down.path == ROOT), None)

    def take_log(self) -> list[str]:
        """What the children did since the last look."""
        log = list(self.script.log)
        self.script.log.clear()
        return log

    def take_ends(self) -> list[str]:
        """Who ended since the last look, and why."""
        ends = [f"{name_of(down.path)} {down.reason}" for down in self.system.downs if down.path.startswith(f"{ROOT}/")]
        self.system.downs[:] = [down for down in self.system.downs if down.path == ROOT]
        return ends

    def reports(self, *kinds: str) -> list[SupervisorReport]:
        """What supervisors said, of these kinds where any are given."""
        said = [message for message in self.parent.log if isinstance(message, SupervisorReport)]
        return [report for report in said if report.kind in kinds or not kinds]

    def close(self) -> None:
        """Everything ends; no message is lost, no thread left behind."""
        self.settle()
        self.system.assert_conserved()
        for path in self.system.actors:
            self.system.kill(path)
        self.system.run()
        self.system.assert_conserved()
        assert not self.system.threads.abandoned, "no thread outlives its test"
        assert pykka.ActorRegistry.get_all() == [], "pykka's registry is process-global"

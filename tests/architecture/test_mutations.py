"""Each mechanism can fail its test: one line broken on purpose, and the test that must notice."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
TIMEOUT_S = 120.0
FAILED = 1
"""pytest's exit code where tests ran and some failed; a broken import or a typo here has another."""

CORE, DIFFERENTIAL = "tests/supervisors/test_core.py", "tests/supervisors/otp/test_differential.py"
KERNEL = "tests/kernel"


class Mutation(NamedTuple):
    what: str
    module: str
    old: str
    new: str
    tests: str
    """Files, and after `-k` which of their tests."""


MUTATIONS = (
    Mutation(
        "a transient child comes back after a normal end",
        "supervisors.slot",
        "return not is_clean(reason)",
        "return True",
        f"{DIFFERENTIAL} -k transient_and_ends_normal",
    ),
    Mutation(
        "restarts on the edge of the window are forgotten",
        "supervisors.intensity",
        "restarts_ns[0] < oldest_ns",
        "restarts_ns[0] <= oldest_ns",
        "tests/supervisors/test_backoff.py",
    ),
    Mutation(
        "one restart more is borne",
        "supervisors.core",
        "if restarts > self.flags.intensity",
        "if restarts > self.flags.intensity + 1",
        DIFFERENTIAL,
    ),
    Mutation(
        "children stop first started first",
        "supervisors.plan",
        "for slot in reversed(list(self.slots.values())):",
        "for slot in list(self.slots.values()):",
        DIFFERENTIAL,
    ),
    Mutation(
        "a group restart forgets the children before the failed one",
        "supervisors.plan",
        'case "one_for_all":\n                return slots',
        'case "one_for_all":\n                return slots[slots.index(failed) :]',
        DIFFERENTIAL,
    ),
    Mutation(
        "a significant child ends nobody",
        "supervisors.plan",
        'case "any_significant":\n                self._end(SHUTDOWN)',
        'case "any_significant":\n                pass',
        DIFFERENTIAL,
    ),
    Mutation(
        "the wait before a restart does not grow",
        "supervisors.backoff",
        "* 2.0 **",
        "* 1.0 **",
        "tests/supervisors/test_backoff.py",
    ),
    Mutation(
        "a child that stops too late is not killed",
        "supervisors.core",
        'slot.fault = f"did not start within {slot.spec.start_limit_s:g} s"\n        self._effects.append(',
        'slot.fault = f"did not start within {slot.spec.start_limit_s:g} s"\n        id(',
        "tests/supervisors/test_supervisor.py",
    ),
    Mutation(
        "an actor that hangs is not noticed",
        "supervisors.health",
        "idle_s > STUCK_AFTER_S",
        "idle_s > 1e9",
        "tests/supervisors/conformance/test_beyond_otp_work.py",
    ),
    Mutation(
        "a monitor fires again and again",
        "kernel.registry",
        "self._monitors.pop(actor.path, {})",
        "self._monitors.get(actor.path, {})",
        f"{KERNEL}/test_monitors.py {KERNEL}/test_registry_model.py",
    ),
    Mutation(
        "children outlive their parent",
        "kernel.incarnation",
        "            child.kill()\n",
        "            pass\n",
        f"{KERNEL}/test_families.py",
    ),
    Mutation(
        "a killed thread may still speak",
        "kernel.actor",
        "        if self.fenced:\n            raise Fenced(",
        "        if False:\n            raise Fenced(",
        f"{KERNEL}/test_fencing.py",
    ),
    Mutation(
        "a question is answered twice",
        "kernel.envelope",
        "            if self.done:\n                return\n",
        "            pass\n",
        f"{KERNEL}/test_asks.py {KERNEL}/test_replies.py",
    ),
    Mutation(
        "kept mail has no bound",
        "kernel.retention",
        "envelopes[:limit]",
        "envelopes[:]",
        f"{KERNEL}/test_retention.py",
    ),
    Mutation(
        "a poisoned message is tried once more",
        "kernel.incarnation",
        "envelope.crashes < self.birth.poison_after",
        "envelope.crashes <= self.birth.poison_after",
        f"{KERNEL}/test_poison.py",
    ),
    Mutation(
        "an older message survives its newer one",
        "kernel.mailbox",
        "return queued.exchange(envelope)",
        "return envelope",
        f"{KERNEL}/test_policies.py {KERNEL}/test_mailbox_model.py",
    ),
    Mutation(
        "a blocking actor is let into a cell",
        "kernel.incarnation",
        "actor.blocks and not self.may_block",
        "False",
        f"{KERNEL}/test_threads.py {KERNEL}/test_systems.py {KERNEL}/test_simulated.py",
    ),
    Mutation(
        "a halt ends without a release",
        "trading.ladder",
        " or cause.latched:",
        ":",
        "tests/trading/test_ladder.py",
    ),
    Mutation(
        "a rung is left the moment its cause is gone",
        "trading.ladder",
        ">= CAUSES[name].hold_s * 1e9",
        ">= 0",
        "tests/trading/test_ladder.py",
    ),
    Mutation(
        "the executor trusts the rung of the approval",
        "actors.approvals",
        "return refuse_order(rung, approval.side, approval.amount, held)",
        'return ""',
        "tests/actors/test_ladder_rows.py -k approved_before_its_rung_fell",
    ),
    Mutation(
        "a halt cancels what protects",
        "trading.rungs",
        "and not is_protective(order_type)",
        "and True",
        "tests/actors/test_ladder_rows.py -k kill_switch",
    ),
    Mutation(
        "a lease that was lost is traded on before the books are compared",
        "actors.reconciler",
        "(self._fenced, *differences) if self._fenced else differences",
        "differences",
        "tests/actors/test_account_laws.py -k lease_given_back",
    ),
)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=[each.what for each in MUTATIONS])
def test_a_line_broken_on_purpose_is_caught(mutation: Mutation) -> None:
    broken = json.dumps([f"tradigrade.{mutation.module}", mutation.old, mutation.new])
    command = [sys.executable, "-m", "pytest", "-p", "tests.kit.mutation", "-x", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, *mutation.tests.split()],
        cwd=ROOT,
        env={**os.environ, "MUTATION": broken},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == FAILED, f"not caught, or not run:\n{done.stdout[-3000:]}{done.stderr[-2000:]}"


def test_at_least_ten_mechanisms_are_broken() -> None:
    assert len({(each.module, each.old) for each in MUTATIONS}) >= 10

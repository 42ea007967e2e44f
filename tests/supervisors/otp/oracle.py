"""Plays every scenario through OTP's supervisor; `python -m tests.supervisors.otp.oracle` records the golden file.

Needs `erl` and `erlc` (Debian's erlang-base). The golden traces are those of one release, which they name.
"""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.supervisors.otp.scenarios import SCENARIOS, Child, DynamicScenario, Flags, Scenario, Step

GOLDEN = Path(__file__).with_name("golden.json")
TIMEOUT_S = 90.0
"""For all scenarios together; they take a few seconds, most of them the waits they ask for."""

Traces = dict[str, list[str]]
Term = str


class OracleError(Exception):
    """A scenario could not be played; the message is what Erlang said."""


@dataclass(frozen=True)
class Recording:
    """What one release of OTP did in every scenario."""

    release: str
    traces: Traces

    def text(self) -> str:
        """The golden file: the same recording is the same text."""
        return json.dumps({"release": self.release, "traces": self.traces}, indent=1, sort_keys=True) + "\n"


def missing() -> str:
    """Why nothing can be recorded here; empty if it can."""
    lacking = [program for program in ("erl", "erlc") if shutil.which(program) is None]
    return f"{' and '.join(lacking)} not installed (Debian: erlang-base)" if lacking else ""


@cache
def golden() -> Recording:
    kept = json.loads(GOLDEN.read_text(encoding="utf-8"))
    return Recording(kept["release"], kept["traces"])


def record(scenarios: Iterable[Scenario | DynamicScenario] = SCENARIOS) -> Recording:
    """Play these in one Erlang node; `OracleError` if any of them cannot be played to its end in time."""
    with tempfile.TemporaryDirectory(prefix="otp-oracle-") as folder:
        terms = Path(folder, "scenarios.terms")
        terms.write_text("".join(f"{_scenario(scenario)}.\n" for scenario in scenarios), encoding="utf-8")
        _run(folder, "erlc", "-Werror", "-o", folder, str(Path(__file__).with_name("oracle.erl")))
        # A single scheduler: the order of the lines is then the order of the events (see oracle.erl).
        printed = _run(folder, "erl", "+S", "1:1", "-noshell", "-pa", folder, "-run", "oracle", "main", str(terms))
    return _parse(printed)


def _run(folder: str, *command: str) -> str:
    environment = os.environ | {"ERL_CRASH_DUMP_BYTES": "0", "HOME": folder}
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
    except subprocess.TimeoutExpired as expired:
        raise OracleError(f"{command[0]} took more than {TIMEOUT_S} s; it had printed {expired.stdout!r}") from expired
    if done.returncode != 0:
        raise OracleError(f"{command[0]} failed: {done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout


def _parse(printed: str) -> Recording:
    first, *lines, last = printed.splitlines()
    if not first.startswith("release ") or last != "done":
        raise OracleError(f"an incomplete recording: {printed[-2000:]}")
    traces: Traces = {}
    for line in lines:
        if line.startswith("scenario "):
            trace = traces.setdefault(line.removeprefix("scenario "), [])
        else:
            trace.append(line)
    return Recording(first.removeprefix("release "), traces)


# -- Erlang terms -----------------------------------------------------------------------------------------------------


def _scenario(scenario: Scenario | DynamicScenario) -> Term:
    if isinstance(scenario, DynamicScenario):
        flags = _map(strategy="simple_one_for_one", intensity=str(scenario.intensity), period=str(scenario.period_s))
        children: tuple[Child, ...] = (scenario.template,)
    else:
        flags, children = _flags(scenario.flags), scenario.children
    return _map(
        name=_binary(scenario.name),
        flags=flags,
        children=_list(_child(child) for child in children),
        steps=_list(_step(step) for step in scenario.steps),
    )


def _flags(flags: Flags) -> Term:
    return _map(
        strategy=flags.strategy,
        intensity=str(flags.intensity),
        period=str(flags.period_s),
        auto_shutdown=flags.auto_shutdown,
    )


def _child(child: Child) -> Term:
    return _map(
        id=_binary(child.id),
        restart=child.restart,
        significant=str(child.significant).lower(),
        shutdown=str(child.shutdown),
        starts=_list(child.starts),
        stop=child.stop,
        flags=_flags(child.flags) if child.flags else "none",
        children=_list(_child(each) for each in child.children),
    )


def _step(step: Step) -> Term:
    """A request becomes {Kind, Path of the supervisor, Argument}."""
    match step:
        case ("exit", path, reason):
            return _tuple("exit", _binary(path), reason)
        case ("burst", steps):
            return _tuple("burst", _list(_step(each) for each in steps))
        case ("reconfigure", flags, children):
            return _tuple("reconfigure", _flags(flags), _list(_child(child) for child in children))
        case ("wait", milliseconds):
            return _tuple("wait", str(milliseconds))
        case ("stop",):
            return "stop"
        case ("start_child", child, *parent):
            return _tuple("start_child", _binary("".join(parent)), _child(child))
        case ("which_children" | "count_children" as kind, *parent):
            return _tuple(kind, _binary("".join(parent)), "none")
        case (kind, path):
            parent_path, _, name = path.rpartition("/")
            return _tuple(kind, _binary(parent_path), _binary(name))
    raise AssertionError(f"no such step: {step}")


def _binary(text: str) -> Term:
    assert text.replace("_", "").replace("/", "").isalnum() or not text, f"not a name: {text!r}"
    return f'<<"{text}">>'


def _list(terms: Iterable[Term]) -> Term:
    return f"[{', '.join(terms)}]"


def _tuple(*terms: Term) -> Term:
    return f"{{{', '.join(terms)}}}"


def _map(**terms: Term) -> Term:
    return f"#{{{', '.join(f'{key} => {term}' for key, term in terms.items())}}}"


if __name__ == "__main__":
    GOLDEN.write_text(record().text(), encoding="utf-8")

"""The golden traces are those of the scenarios, and OTP still leaves exactly these."""

import re
from collections import Counter

import pytest

from tests.supervisors.otp import oracle
from tests.supervisors.otp.scenarios import SCENARIOS

ANSWER = "ok|ok ignored|already_started|already_present|failed|not_found|running|restarting|simple_one_for_one"
LINE = re.compile(
    r"start [\w/]+ \d+|(fail|ignore) [\w/]+|end [\w/]+ (normal|shutdown|boom|killed|odd|gave_up)"
    rf"|answer \w+ ({ANSWER})"
    r"|which( [\w/]+=(running|undefined|restarting)(:supervisor)?)*"
    r"|count specs=\d+ active=\d+ supervisors=\d+ workers=\d+"
    r"|spec [\w/]+ restart=\w+ significant=(true|false) shutdown=\w+ type=(worker|supervisor)"
)
END = re.compile(r"ended (shutdown|gave_up|failed_to_start \w+)")


def test_every_scenario_has_a_name_of_its_own() -> None:
    names = Counter(scenario.name for scenario in SCENARIOS)
    assert [name for name, count in names.items() if count > 1] == []


def test_every_scenario_has_a_golden_trace_and_every_golden_trace_a_scenario() -> None:
    assert sorted(oracle.golden().traces) == sorted(scenario.name for scenario in SCENARIOS)


def test_every_line_of_a_golden_trace_is_of_the_vocabulary_and_only_the_last_one_is_the_end() -> None:
    for name, (*lines, last) in oracle.golden().traces.items():
        assert END.fullmatch(last), f"{name}: {last}"
        assert [line for line in lines if not LINE.fullmatch(line)] == [], name


@pytest.mark.skipif(bool(oracle.missing()), reason=oracle.missing() or "erl is here")
def test_otp_leaves_the_golden_traces_when_it_is_asked_again() -> None:
    again, golden = oracle.record(), oracle.golden()
    if again.release != golden.release:
        pytest.skip(f"the golden traces are of OTP {golden.release}, this is OTP {again.release}")
    assert again.traces == golden.traces
    assert again.text() == oracle.GOLDEN.read_text(encoding="utf-8")

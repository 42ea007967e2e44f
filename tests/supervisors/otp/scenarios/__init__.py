"""Scenarios as data, by what they are about; `vocabulary.py` says what they are made of and what a player prints."""

from tests.supervisors.otp.scenarios.dynamic import dynamic
from tests.supervisors.otp.scenarios.endings import auto_shutdowns, stops
from tests.supervisors.otp.scenarios.nesting import nested
from tests.supervisors.otp.scenarios.reconfiguring import reconfigurations
from tests.supervisors.otp.scenarios.requests import more_requests, requests, waits
from tests.supervisors.otp.scenarios.restarts import ends, failing_restarts, groups, intensities
from tests.supervisors.otp.scenarios.starts import first_starts, ignored
from tests.supervisors.otp.scenarios.vocabulary import Child, DynamicScenario, Flags, Scenario, Step

SCENARIOS: tuple[Scenario | DynamicScenario, ...] = (
    *ends(),
    *groups(),
    *intensities(),
    *failing_restarts(),
    *first_starts(),
    *ignored(),
    *requests(),
    *more_requests(),
    *waits(),
    *stops(),
    *auto_shutdowns(),
    *nested(),
    *reconfigurations(),
    *dynamic(),
)

__all__ = ["SCENARIOS", "Child", "DynamicScenario", "Flags", "Scenario", "Step"]

"""The same scenarios through OTP's supervisor and through ours: the traces are equal, but for what is meant to differ.

OTP's side is the golden file, so this needs no Erlang; back-off is off, nothing else.
"""

import pytest

from tests.supervisors.otp.oracle import golden
from tests.supervisors.otp.player import Player
from tests.supervisors.otp.scenarios import SCENARIOS, DynamicScenario, Scenario

GAVE_UP = "giving up is a failure of its own, not a clean stop: a transient supervisor that gave up comes back"
GONE = "an instance is known by its name, and a name that is not there is told, as a mistyped one would be"
AT_ONCE = "the failure that is one too many ends the supervisor when it happens, not when the next attempt is due"

DEVIATIONS = {
    "a_nested_significant_transient_supervisor_gives_up_below_any_significant": (
        GAVE_UP,
        "... | end inner/b boom | end inner gave_up | start inner/b 2 | start inner 2 | "
        "which a=running inner=running:supervisor c=running | "
        "end c shutdown | end inner/b shutdown | end inner shutdown | end a shutdown | ended shutdown",
    ),
    "a_nested_significant_transient_supervisor_gives_up_below_all_significant": (
        GAVE_UP,
        "... | end inner/b boom | end inner gave_up | start inner/b 2 | start inner 2 | "
        "which a=running inner=running:supervisor c=running | "
        "end c shutdown | end inner/b shutdown | end inner shutdown | end a shutdown | ended shutdown",
    ),
    "in_one_for_one_a_nested_transient_supervisor_gives_up": (
        GAVE_UP,
        "... | end inner gave_up | start inner/a 2 | start inner/b 2 | start inner 2 | "
        "which a=running inner=running:supervisor c=running | count specs=3 active=3 supervisors=1 workers=2 | "
        "end c shutdown | end inner/b shutdown | end inner/a shutdown | end inner shutdown | end a shutdown | "
        "ended shutdown",
    ),
    "in_one_for_all_a_nested_transient_supervisor_gives_up": (
        GAVE_UP,
        "... | end inner gave_up | end c shutdown | end a shutdown | "
        "start a 2 | start inner/a 2 | start inner/b 2 | start inner 2 | start c 2 | "
        "which a=running inner=running:supervisor c=running | count specs=3 active=3 supervisors=1 workers=2 | "
        "end c shutdown | end inner/b shutdown | end inner/a shutdown | end inner shutdown | end a shutdown | "
        "ended shutdown",
    ),
    "in_rest_for_one_a_nested_transient_supervisor_gives_up": (
        GAVE_UP,
        "... | end inner gave_up | end c shutdown | start inner/a 2 | start inner/b 2 | start inner 2 | start c 2 | "
        "which a=running inner=running:supervisor c=running | count specs=3 active=3 supervisors=1 workers=2 | "
        "end c shutdown | end inner/b shutdown | end inner/a shutdown | end inner shutdown | end a shutdown | "
        "ended shutdown",
    ),
    "a_dynamic_permanent_instance_is_terminated_twice": (
        GONE,
        "... | answer terminate_child not_found | which i2=running | end i2 shutdown | ended shutdown",
    ),
    "a_dynamic_transient_instance_is_terminated_twice": (
        GONE,
        "... | answer terminate_child not_found | which i2=running | end i2 shutdown | ended shutdown",
    ),
    "a_dynamic_temporary_instance_is_terminated_twice": (
        GONE,
        "... | answer terminate_child not_found | which i2=running | end i2 shutdown | ended shutdown",
    ),
    "a_terminated_child_is_not_tried_again": (
        AT_ONCE,
        "start a 1 | start b 1 | end b boom | fail b | end a shutdown | ended gave_up",
    ),
}
"""Where ours is meant to differ: why, and what it does instead (after `...`)."""

EQUAL = tuple(scenario for scenario in SCENARIOS if scenario.name not in DEVIATIONS)


@pytest.mark.parametrize("scenario", EQUAL, ids=[scenario.name for scenario in EQUAL])
def test_our_supervisor_does_what_otps_does(scenario: Scenario | DynamicScenario) -> None:
    assert Player(scenario).play() == golden().traces[scenario.name]


@pytest.mark.parametrize("name", DEVIATIONS)
def test_where_it_differs_it_differs_as_meant(name: str) -> None:
    (scenario,) = (each for each in SCENARIOS if each.name == name)
    _, expected = DEVIATIONS[name]
    found = " | ".join(Player(scenario).play())
    assert found.endswith(expected.removeprefix("... "))
    assert found != " | ".join(golden().traces[name])


def test_at_least_forty_scenarios_are_equal_and_few_are_not() -> None:
    assert len(EQUAL) >= 300
    assert len(DEVIATIONS) < len(EQUAL) / 30

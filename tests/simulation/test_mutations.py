"""The simulator can fail: one line of a mechanism broken on purpose, and a seed whose run breaks the law it keeps."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import NamedTuple

import pytest

from tests.simulation.seeds import first_broken
from tradigrade.simulation.run import Outcome

SEEDS = 200
"""A mechanism whose break is not noticed by one of so many seeds is not tested by them."""
AT_A_TIME = 2


class Mutation(NamedTuple):
    what: str
    module: str
    old: str
    new: str
    words: str
    """In the text of the law that must break."""
    seed: int
    """Known to notice it; where it does not any more, all are tried."""


MUTATIONS = (
    # ROWS#
)


def search(mutation: Mutation) -> Outcome | None:
    change = (f"tradigrade.{mutation.module}", mutation.old, mutation.new)
    known = first_broken([mutation.seed], change, mutation.words)
    return known or first_broken(range(SEEDS), change, mutation.words)


@pytest.fixture(scope="module")
def searches(request: pytest.FixtureRequest) -> Iterator[dict[str, "Future[Outcome | None]"]]:
    """Of all rows that are tested, two at a time."""
    calls = [item.callspec for item in request.session.items if hasattr(item, "callspec")]
    wanted = [call.params["mutation"] for call in calls if isinstance(call.params.get("mutation"), Mutation)]
    pool = ThreadPoolExecutor(AT_A_TIME)
    yield {mutation.what: pool.submit(search, mutation) for mutation in wanted}
    pool.shutdown(cancel_futures=True)


@pytest.mark.process
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("mutation", MUTATIONS, ids=[each.what for each in MUTATIONS])
def test_a_mechanism_broken_on_purpose_breaks_its_law_in_some_seed(
    mutation: Mutation, searches: dict[str, "Future[Outcome | None]"]
) -> None:
    caught = searches[mutation.what].result()
    assert caught is not None, f"none of {SEEDS} seeds noticed that {mutation.what}"


def test_at_least_fourteen_mechanisms_are_broken_each_with_a_seed_that_is_well_without() -> None:
    assert len({(each.module, each.old) for each in MUTATIONS}) >= 14
    assert all(each.seed < 100 for each in MUTATIONS), "those seeds run unbroken in test_seeds.py"

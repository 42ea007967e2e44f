"""A stage over each of the runtimes, and over threads or a cell alone."""

from collections.abc import Iterator

import pytest

from tests.kit.cells import RUNTIMES, RuntimeName
from tests.supervisors.conformance.stage import Stage


def _opened(runtime: RuntimeName) -> Iterator[Stage]:
    stage = Stage(runtime)
    yield stage
    stage.close()


@pytest.fixture(params=RUNTIMES)
def stage(request: pytest.FixtureRequest) -> Iterator[Stage]:
    """Over each runtime in turn."""
    yield from _opened(request.param)


@pytest.fixture
def threads() -> Iterator[Stage]:
    """Every child on a thread of its own."""
    yield from _opened("threads")


@pytest.fixture
def cell() -> Iterator[Stage]:
    yield from _opened("cell")

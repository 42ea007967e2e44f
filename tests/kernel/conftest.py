"""A node over each of the runtimes; after every test nothing hangs, and every message is accounted for."""

from collections.abc import Iterator

import pykka
import pytest

from tests.kit.cells import RUNTIMES, RuntimeName, VirtualSystem


@pytest.fixture(params=RUNTIMES)
def runtime(request: pytest.FixtureRequest) -> RuntimeName:
    name: RuntimeName = request.param
    return name


@pytest.fixture
def system(runtime: RuntimeName) -> Iterator[VirtualSystem]:
    """Over each runtime in turn."""
    yield from checked(VirtualSystem(runtime=runtime))


@pytest.fixture
def threads() -> Iterator[VirtualSystem]:
    """On real threads only."""
    yield from checked(VirtualSystem(runtime="threads"))


@pytest.fixture
def cell() -> Iterator[VirtualSystem]:
    """In one cell only, where nothing happens before `run`."""
    yield from checked(VirtualSystem())


def checked(system: VirtualSystem) -> Iterator[VirtualSystem]:
    yield system
    system.run()
    system.assert_conserved()
    for path in system.actors:
        system.kill(path)
    system.run()
    system.assert_conserved()
    assert not system.threads.abandoned, "no thread outlives its test"
    assert pykka.ActorRegistry.get_all() == [], "pykka's registry is process-global: two systems would share it"

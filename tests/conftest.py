"""Property tests draw the same examples in every run; `HYPOTHESIS_PROFILE=search` draws new ones, as `make ci` does."""

import os

import pytest
from hypothesis import settings

settings.register_profile("fixed", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Seeds are simulated in as many processes as there are cores: nothing else is to run beside them."""
    for item in items:
        if "simulation" in item.path.parts and item.get_closest_marker("process"):
            item.add_marker("cores")

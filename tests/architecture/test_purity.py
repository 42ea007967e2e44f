"""Time, randomness and ids enter through a seam; only the files of this table draw them from the machine."""

import ast
from fnmatch import fnmatch
from pathlib import Path

import pytest

from .source import imports, names_used, package_files, relative

MAY_DRAW = {
    "kernel/clock.py": "the one clock: everything else is given it",
    "kernel/identity.py": "the one source of ids: everything else is given it",
    "app/*.py": "the front door makes the real clock and ids, and talks to people",
    "exchanges/simulated/tls.py": "a certificate carries a serial number and dates of the real world",
}
"""File, or pattern of files, and why it may."""

CLOCKS = {
    *("time.time", "time.time_ns", "time.monotonic", "time.monotonic_ns", "time.perf_counter", "time.perf_counter_ns"),
    *("time.process_time", "time.gmtime", "time.localtime", "datetime.datetime.now", "datetime.datetime.utcnow"),
    *("datetime.datetime.today", "datetime.date.today", "time.clock_gettime", "time.clock_gettime_ns"),
}
RANDOMNESS = ("random.", "secrets.", "uuid.", "os.urandom", "os.getrandom", "numpy.random.")
OF_ARGUMENTS = {
    *("random.Random", "numpy.random.Generator", "numpy.random.default_rng", "numpy.random.SeedSequence"),
    *("numpy.random.PCG64", "numpy.random.Philox"),
    *("secrets.compare_digest", "uuid.UUID"),
}
"""Determined by what they are given, a seed for example; a call without arguments is a draw."""

PICKLES = {"pickle", "cPickle", "dill", "cloudpickle", "shelve", "marshal", "joblib"}


def draws(source: str) -> list[str]:
    """Every place where this source reads a clock or draws randomness, as `line: name`."""
    tree = ast.parse(source)
    bare = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call) and not node.args + node.keywords]
    return [f"{node.lineno}: {name}" for node, name in names_used(tree) if _is_draw(name, node in bare)]


def _is_draw(name: str, without_arguments: bool) -> bool:
    if name in OF_ARGUMENTS:
        return without_arguments
    return name in CLOCKS or name.startswith(RANDOMNESS)


def may_draw(path: str) -> bool:
    return any(fnmatch(path, pattern) for pattern in MAY_DRAW)


@pytest.mark.parametrize(
    "source",
    [
        "import time\ntime.time()",
        "from time import monotonic_ns\nclock = monotonic_ns",
        "import time as clock\nclock.perf_counter()",
        "from datetime import datetime, UTC\ndatetime.now(UTC)",
        "import datetime as dt\ndt.date.today()",
        "import random\nrandom.random()",
        "import random\nrandom.Random()",
        "import numpy as np\nnp.random.default_rng()",
        "import numpy as np\nnp.random.normal(size=3)",
        "from os import urandom\nurandom(8)",
        "import os\nos.urandom(8)",
        "import uuid\nuuid.uuid4()",
        "def late():\n    from secrets import token_hex\n    return token_hex()",
    ],
)
def test_a_draw_is_found(source: str) -> None:
    assert draws(source)


@pytest.mark.parametrize(
    "source",
    [
        "import time\ntime.sleep(1)",
        "from random import Random\ndef step(random: Random):\n    return random.gauss(0, 1)",
        "import secrets\nsecrets.compare_digest(a, b)",
        "def read(clock):\n    return clock.time_ns()",
        "import random\nrandom.Random(7).random()",
        "import numpy as np\nnp.random.default_rng(seed)",
        "import numpy as np\ndef step(rng: np.random.Generator): ...",
        "from datetime import datetime, UTC\ndatetime.fromtimestamp(0, UTC)",
    ],
)
def test_a_seam_or_a_seed_is_left_alone(source: str) -> None:
    assert not draws(source)


@pytest.mark.parametrize("path", package_files(), ids=relative)
def test_only_the_listed_files_draw_time_randomness_or_ids(path: Path) -> None:
    found = draws(path.read_text(encoding="utf-8"))
    assert not found or may_draw(relative(path)), "take the clock, the seed or the id as an argument instead"


@pytest.mark.parametrize("path", package_files(), ids=relative)
def test_nothing_is_ever_unpickled(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert not {name for _, name in imports(tree)} & PICKLES

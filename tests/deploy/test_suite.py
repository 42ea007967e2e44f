"""The script that runs the tests: every part runs, whatever becomes of another, and what failed is not forgotten."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "deploy" / "suite.sh"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the script is for a POSIX shell")


def run_with(root: Path, *codes: int) -> tuple[int, list[str]]:
    """The script's exit code where pytest ends with these, one after the other, and how each was called."""
    (root / "deploy").mkdir()
    shutil.copy(SCRIPT, root / "deploy")
    (root / "codes").write_text("\n".join(map(str, codes)) + "\n")
    python = root / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text(
        '#!/bin/sh\necho "$*" >> calls\ncode=$(sed -n "$(wc -l < calls)p" codes)\nexit "$code"\n', encoding="utf-8"
    )
    python.chmod(0o755)
    done = subprocess.run(["sh", str(root / "deploy/suite.sh"), "tests/kernel"], timeout=30, check=False)
    return done.returncode, (root / "calls").read_text().splitlines()


@pytest.mark.parametrize(
    ("codes", "code"),
    [
        ((0, 0, 0), 0),
        ((1, 0, 0), 1),
        ((0, 1, 0), 1),
        ((0, 0, 2), 2),
        ((1, 2, 0), 1),
        ((0, 5, 5), 0),
        ((5, 0, 5), 0),
        ((5, 5, 1), 1),
        ((5, 5, 5), 5),
    ],
)
def test_what_failed_in_any_part_fails_the_whole_and_an_empty_part_fails_nothing(
    tmp_path: Path, codes: tuple[int, ...], code: int
) -> None:
    found, calls = run_with(tmp_path, *codes)
    assert found == code
    assert len(calls) == len(codes)
    assert all(call.startswith("-m pytest ") and call.endswith(" tests/kernel") for call in calls)

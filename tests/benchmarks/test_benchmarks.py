import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.__main__ import Benchmark, check, run
from benchmarks.measure import Timing, compare, percentile, result, summarise, time_calls

ROOT = Path(__file__).resolve().parents[2]


def benchmark(*names: str, fault: Exception | None = None) -> Benchmark:
    def measure() -> Iterator[dict[str, Any]]:
        yield from ({"name": name, "n": 1} for name in names)
        if fault:
            raise fault

    return Benchmark(names, measure)


def names_printed(output: io.StringIO) -> list[str]:
    return [json.loads(line)["name"] for line in output.getvalue().splitlines()]


@pytest.mark.parametrize(
    ("prefixes", "expected"),
    [
        ((), ["actor_ask", "actor_tell", "wire_encode"]),
        (("actor",), ["actor_ask", "actor_tell"]),
        (("actor_tell", "wire"), ["actor_tell", "wire_encode"]),
    ],
)
def test_prefixes_select_results_by_name(prefixes: tuple[str, ...], expected: list[str]) -> None:
    output = io.StringIO()
    assert run([benchmark("actor_ask", "actor_tell"), benchmark("wire_encode")], prefixes, output) == 0
    assert names_printed(output) == expected


def test_a_benchmark_that_is_not_selected_does_not_run() -> None:
    failing = benchmark("slow", fault=RuntimeError("ran"))
    assert run([failing, benchmark("fast")], ("fast",), io.StringIO()) == 0


def test_a_prefix_of_nothing_is_an_error_and_not_an_empty_success(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([benchmark("a")], ("zzz",), io.StringIO()) == 2
    assert "found zzz" in capsys.readouterr().err


def test_a_failing_benchmark_is_told_and_the_next_still_runs(capsys: pytest.CaptureFixture[str]) -> None:
    output = io.StringIO()
    assert run([benchmark("a", fault=RuntimeError("broken")), benchmark("b")], (), output) == 1
    assert names_printed(output) == ["a", "b"]
    assert "RuntimeError: broken" in capsys.readouterr().err


@pytest.mark.parametrize("line", [{}, {"n": 1}, {"name": "a", "mean": 1}, {"name": "a", "ratio": float("nan")}])
def test_a_result_of_another_shape_is_refused(line: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="expected"):
        check(line)


@given(st.lists(st.integers(min_value=0, max_value=10**9), min_size=1), st.floats(min_value=0, max_value=1))
def test_a_percentile_is_a_value_that_its_share_does_not_exceed(values: list[int], share: float) -> None:
    ordered = sorted(values)
    found = percentile(ordered, share)
    assert found in ordered
    assert sum(value <= found for value in ordered) >= share * len(ordered)


def test_samples_are_summarised_in_microseconds_and_calls_per_second() -> None:
    samples_ns = [1_000 * i for i in range(1, 101)]
    assert summarise(samples_ns) == Timing(100, 50.0, 99.0, pytest.approx(100 / 5_050e-6))
    assert summarise([20_000], calls_per_sample=10) == Timing(10, 2.0, 2.0, pytest.approx(500_000))
    with pytest.raises(ValueError, match="at least one sample"):
        summarise([])


def test_every_call_is_made_and_those_of_the_warm_up_do_not_count() -> None:
    calls: list[int] = []
    timing = time_calls(lambda: calls.append(1), 25, batch=10, warm_up=3)
    assert (timing.n, len(calls)) == (30, 33)
    assert timing.p99_us >= timing.p50_us > 0


def test_the_ratio_is_above_one_where_we_are_better_than_the_reference() -> None:
    line = result("a", Timing(1, 2.0, 3.0, 4.0), "raw", Timing(1, 5.0, 5.0, 5.0))
    assert line == {"name": "a", "n": 1, "p50_us": 2.0, "p99_us": 3.0, "per_s": 4.0, "ratio": 2.5, "reference": "raw"}


def test_both_sides_of_a_comparison_take_turns() -> None:
    turns: list[str] = []
    line = compare("a", lambda: turns.append("a"), "b", lambda: turns.append("b"), 20)
    assert line["reference"] == "b"
    assert "".join(turns) == ("aaa" + "bbb") * 10


def test_standard_output_carries_results_only() -> None:
    noisy = (
        "import os, sys, benchmarks.__main__ as bench\n"
        "def measure():\n"
        "    print('noise'); os.system('echo noise of a process'); yield {'name': 'a', 'n': 1}\n"
        "bench.discover = lambda: [bench.Benchmark(('a',), measure)]\n"
        "sys.exit(bench.main([]))\n"
    )
    command = [sys.executable, "-c", noisy]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout == '{"name": "a", "n": 1}\n'
    assert "noise of a process" in done.stderr


def test_every_module_declares_distinct_names() -> None:
    code = "from benchmarks.__main__ import discover; print([name for one in discover() for name in one.names])"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    names = json.loads(done.stdout.replace("'", '"'))
    assert len(names) == len(set(names))

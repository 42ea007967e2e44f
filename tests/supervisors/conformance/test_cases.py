"""The table of cases is whole, and says the truth about the tests."""

import inspect
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from tests.supervisors.conformance.cases import CASES, GROUPS, Case


def module_of(case: Case) -> ModuleType:
    return import_module(f"{__package__}.{case.module}")


def test_the_table_has_each_of_the_93_cases_once() -> None:
    assert len({case.name for case in CASES}) == len(CASES) == sum(GROUPS) == 93
    assert [case.name for case in CASES if case.mark == "N"] == ["get_callback_module"]


@pytest.mark.parametrize("case", [case for case in CASES if case.mark != "N"], ids=lambda case: case.name)
def test_every_case_is_a_test_of_its_name(case: Case) -> None:
    module = module_of(case)
    test = getattr(module, f"test_{case.name}", None)
    assert inspect.isfunction(test), f"{case.module} has no test_{case.name}"
    assert test.__module__ == module.__name__
    assert Path(inspect.getfile(module)).name.startswith("test_"), "else pytest would not collect it"
    over_processes = getattr(module, "pytestmark", None) == pytest.mark.process
    assert over_processes == (case.mark == "P")


def test_no_case_runs_over_one_runtime_alone_but_where_work_is_counted() -> None:
    alone = []
    for case in CASES:
        if case.mark in {"Y", "A"}:
            arguments = inspect.signature(getattr(module_of(case), f"test_{case.name}")).parameters
            alone += [case.name] if "stage" not in arguments else []
    assert alone == [
        "child_specs_map",
        "simple_one_for_one_scale_many_temporary_children",
        "scale_start_stop_many_children",
    ]


@pytest.mark.parametrize("module", sorted({case.module for case in CASES} - {""}))
def test_every_test_beside_the_cases_is_of_one_of_them(module: str) -> None:
    names = [f"test_{case.name}" for case in CASES if case.module == module]
    tests = [name for name in vars(import_module(f"{__package__}.{module}")) if name.startswith("test_")]
    assert [test for test in tests if not test.startswith(tuple(names))] == []

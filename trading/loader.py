"""Finds and makes the strategy a configuration names; whatever goes wrong is a `StrategyFault` with one sentence."""

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from .strategy import Strategy, StrategyFault

MODULE_PREFIX = "tradigrade_strategies_"
"""User files are imported under this name and their own, so that they can hide no installed module."""


def load_strategy(path: str, strategies_dir: str) -> type[Strategy]:
    """The class of `module:Class`, importable, or of `file.py:Class`, in `strategies_dir`.

    A file is read anew each time, so a corrected strategy needs no new process. Raises `StrategyFault` where the path
    is malformed, the module or file is missing or fails to import, or the class is missing or no `Strategy`.
    """
    source, _, name = path.rpartition(":")
    if not source or not name.isidentifier():
        raise StrategyFault(f"strategy {path!r}: expected 'module:Class' or 'file.py:Class'")
    module = _import_file(path, source, strategies_dir) if source.endswith(".py") else _import_module(path, source)
    kind = getattr(module, name, None)
    if kind is None:
        raise StrategyFault(f"strategy {path!r}: {source} has no class {name}, it has {_strategies(module)}")
    if not _is_strategy(kind):
        raise StrategyFault(f"strategy {path!r}: expected {name} to be a subclass of tradigrade.Strategy, got {kind!r}")
    return kind  # type: ignore[no-any-return]


def make_strategy(path: str, strategies_dir: str, symbol: str, parameters: dict[str, Any]) -> Strategy:
    """`load_strategy`, made for `symbol`. Raises `StrategyFault` also where its parameters or `__init__` fail."""
    kind = load_strategy(path, strategies_dir)
    try:
        return kind(symbol, parameters)
    except StrategyFault as fault:
        raise StrategyFault(f"strategy {path!r}: {fault}") from fault
    except Exception as fault:
        raise StrategyFault(f"strategy {path!r}: {kind.__name__}.__init__ failed with {_words(fault)}") from fault


def _import_module(path: str, source: str) -> ModuleType:
    try:
        return import_module(source)
    except (Exception, SystemExit) as fault:
        raise StrategyFault(f"strategy {path!r}: expected an importable module, found {_words(fault)}") from fault


def _import_file(path: str, source: str, strategies_dir: str) -> ModuleType:
    """Compiles the text itself: the import system's cache would write into the user's folder, and can be stale."""
    file = _find(path, source, strategies_dir)
    module = ModuleType(MODULE_PREFIX + "_".join(Path(source).with_suffix("").parts))
    module.__file__ = str(file)
    sys.modules[module.__name__] = module  # dataclasses and typing look their module up while it runs
    try:
        exec(compile(file.read_bytes(), file, "exec"), vars(module))  # noqa: S102 - running this file is what was asked
    except (Exception, SystemExit) as fault:
        del sys.modules[module.__name__]
        raise StrategyFault(f"strategy {path!r}: {file} failed to import with {_words(fault)}") from fault
    return module


def _find(path: str, source: str, strategies_dir: str) -> Path:
    if not strategies_dir:
        raise StrategyFault(f"strategy {path!r}: a file needs strategies_dir, which is empty; set it to your folder")
    folder = Path(strategies_dir).expanduser().resolve()
    file = (folder / source).resolve()
    if not file.is_relative_to(folder):
        raise StrategyFault(f"strategy {path!r}: expected a file inside {folder}, got {file}")
    if not file.is_file():
        found = sorted(other.name for other in folder.glob("*.py"))
        raise StrategyFault(f"strategy {path!r}: expected the file {file}, found {found or 'no .py file'} in {folder}")
    return file


def _is_strategy(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Strategy) and kind is not Strategy


def _strategies(module: ModuleType) -> str:
    return ", ".join(sorted(name for name, kind in vars(module).items() if _is_strategy(kind))) or "no strategy"


def _words(fault: BaseException) -> str:
    """The fault in one line."""
    return f"{type(fault).__name__}: {' '.join(str(fault).split())}"

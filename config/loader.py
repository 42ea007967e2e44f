"""Loads the effective settings: defaults, then a file, then the environment, then the command line; the last wins."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec
import platformdirs

from .consistency import inconsistencies
from .errors import ConfigFault
from .rendering import render
from .settings import Settings
from .sources import Tree, merge, nest, read_environment, read_file
from .validation import check_tree

__all__ = ["default_data_dir", "load_settings", "render"]

DEFAULT_FILE = Path("tradigrade.toml")


def load_settings(
    path: Path | None = None,
    overrides: Mapping[str, object] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Settings:
    """The effective settings, checked one by one and together.

    `path` None means `tradigrade.toml` in the working directory where there is one. `overrides` are of the command
    line: dotted keys with typed values or texts; None means not given. `environment` defaults to the process's own;
    `TRADIGRADE_RISK__MAX_ORDER_NOTIONAL=500` sets `risk.max_order_notional`.

    Raises ConfigFault, naming the source at fault, for whatever cannot be read, is unknown, or does not fit.
    """
    tree: Tree = {}
    origins: dict[str, str] = {}
    variables = os.environ if environment is None else environment
    for source, layer in (*_file(path), *_environment(variables), *_command_line(overrides or {})):
        tree = merge(tree, layer)
        origins |= dict.fromkeys(_keys(layer), source)
    settings = msgspec.convert(tree, Settings)
    for key, expected, found, advice in inconsistencies(settings):
        raise ConfigFault(_origin(key, origins), key, expected, found, advice)
    return settings


def default_data_dir() -> Path:
    """Where a system keeps its journals, models and keys unless told otherwise: the platform's place for such data."""
    return Path(platformdirs.user_data_dir("tradigrade", appauthor=False))


def _file(path: Path | None) -> Iterator[tuple[str, Tree]]:
    chosen = DEFAULT_FILE if path is None else path
    if path is not None or chosen.exists():
        yield str(chosen), check_tree(read_file(chosen), str(chosen))


def _environment(environment: Mapping[str, str]) -> Iterator[tuple[str, Tree]]:
    for variable, layer in read_environment(environment):
        source = f"environment variable {variable}"
        yield source, check_tree(layer, source, text=True)


def _command_line(overrides: Mapping[str, object]) -> Iterator[tuple[str, Tree]]:
    for key, value in overrides.items():
        if value is not None:
            yield "command line", check_tree(nest(key.split("."), value), "command line", text=True)


def _keys(tree: Tree, above: str = "") -> Iterator[str]:
    for name, value in tree.items():
        yield from _keys(value, f"{above}{name}.") if isinstance(value, dict) else (f"{above}{name}",)


def _origin(key: str, origins: Mapping[str, str]) -> str:
    return origins.get(key.partition("[")[0], "the defaults")

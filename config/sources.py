"""Where settings come from: a TOML file, environment variables, the command line. Each gives a tree of raw values."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .errors import ConfigFault
from .settings import Settings

Tree = dict[str, Any]

PREFIX = "TRADIGRADE_"


def read_file(path: Path) -> Tree:
    """The tree of a TOML file.

    Raises ConfigFault where the file is absent, unreadable, not UTF-8 or not TOML; the last with line and column.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigFault(str(path), "", "a readable TOML file", _sentence(error.strerror)) from error
    except UnicodeDecodeError as error:
        raise ConfigFault(str(path), "", "UTF-8 text", f"byte {error.start} that is not") from error
    except (ValueError, RecursionError) as error:
        raise ConfigFault(str(path), "", "valid TOML", _sentence(str(error))) from error


def read_environment(environment: Mapping[str, str]) -> Iterator[tuple[str, Tree]]:
    """Each variable that is a setting, and its tree of one text.

    `TRADIGRADE_RISK__MAX_ORDER_NOTIONAL` is `risk.max_order_notional`; `TRADIGRADE_SPEED` is `speed`. A variable
    without `__` that names no setting is left alone: container platforms put their own there, such as
    `TRADIGRADE_PORT` for a service of this name.
    """
    for variable in sorted(environment):
        key = variable.removeprefix(PREFIX).lower().split("__")
        if variable.startswith(PREFIX) and (len(key) > 1 or key[0] in Settings.__struct_fields__):
            yield variable, nest(key, environment[variable])


def nest(key: list[str], value: object) -> Tree:
    """`["risk", "seed"], 1` as `{"risk": {"seed": 1}}`."""
    tree: Any = value
    for part in reversed(key):
        tree = {part: tree}
    return dict(tree)


def merge(below: Tree, above: Tree) -> Tree:
    """Both trees in one; `above` wins, table by table and key by key. Lists are replaced whole."""
    merged = below | above
    for key in below.keys() & above.keys():
        if isinstance(below[key], dict) and isinstance(above[key], dict):
            merged[key] = merge(below[key], above[key])
    return merged


def list_of(text: str) -> Any:
    """A list spelled as text: in TOML (`["BTC/USDT"]`), or separated by commas (`BTC/USDT,ETH/USDT`).

    Text that begins as TOML and is none is returned as it is.
    """
    if not re.match(r"\s*\[", text):
        return [part.strip() for part in text.split(",") if part.strip()]
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        return text


def _sentence(text: str | None) -> str:
    """A library's message as the end of our own sentence."""
    words = (text or "an error").strip().rstrip(".")
    return words[:1].lower() + words[1:]

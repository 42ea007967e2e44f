"""tradigrade: supervised actors that trade, learn and survive their own parts failing.

Dependencies flow one way; each folder may import only what stands to its left:
kernel, supervisors, trading, config, transports, storage | exchanges | models, actors, web | backtesting, app.
This file is imported with any part of the package, so it imports nothing; public names come lazily.
"""

from typing import Any

_PUBLIC = {
    "Strategy": "tradigrade.trading.strategy",
    "halt": "tradigrade.operate",
    "release": "tradigrade.operate",
}


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"tradigrade has no public name {name!r}; it has {sorted(_PUBLIC)}")
    from importlib import import_module

    return getattr(import_module(_PUBLIC[name]), name)

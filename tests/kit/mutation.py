"""A pytest plugin that breaks one line of the package on purpose: `pytest -p tests.kit.mutation` with `MUTATION` set.

`MUTATION` is JSON: the module, the text to replace, which must be there exactly once, and what takes its place.
"""

import importlib.abc
import importlib.machinery
import json
import os
import sys
from types import ModuleType


class MutatingLoader(importlib.machinery.SourceFileLoader):
    """Loads one module with one change; nothing of it is cached on disk."""

    old = ""
    new = ""

    def get_data(self, path: str) -> bytes:
        source = super().get_data(path).decode()
        found = source.count(self.old)
        assert found == 1, f"expected {self.old!r} once in {path}, found it {found} times"
        return source.replace(self.old, self.new).encode()

    def get_code(self, fullname: str) -> object:  # type: ignore[override]  # past the cache of compiled modules
        return compile(self.get_data(self.path), self.path, "exec")


class MutatingFinder(importlib.abc.MetaPathFinder):
    def __init__(self, module: str, old: str, new: str) -> None:
        self._module = module
        self._loader = type("Loader", (MutatingLoader,), {"old": old, "new": new})

    def find_spec(
        self, fullname: str, path: object, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self._module:
            return None
        found = importlib.machinery.PathFinder.find_spec(fullname, path, target)  # type: ignore[arg-type]
        assert found is not None, f"there is no module {fullname}"
        assert found.origin is not None, f"module {fullname} has no source"
        found.loader = self._loader(fullname, found.origin)
        return found


if "MUTATION" in os.environ:
    sys.meta_path.insert(0, MutatingFinder(*json.loads(os.environ["MUTATION"])))

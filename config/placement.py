"""Where the parts of a tree run, as the settings say, and which of them do not."""

from collections.abc import Iterator, Mapping

import msgspec

from ..supervisors.spec import ChildSpec


def place(tree: ChildSpec, placement: Mapping[str, str], above: str = "") -> ChildSpec:
    """The tree with every path of `placement` in the runtime named; all below it follow unless placed themselves."""
    path = f"{above}/{tree.id}" if above else tree.id
    children = tuple(place(child, placement, path) for child in tree.children)
    return msgspec.structs.replace(tree, children=children, runtime=placement.get(path, tree.runtime))


def hold_back(tree: ChildSpec, reasons: Mapping[str, str], above: str = "") -> ChildSpec:
    """The tree with every path of `reasons` left down, for that reason."""
    path = f"{above}/{tree.id}" if above else tree.id
    children = tuple(hold_back(child, reasons, path) for child in tree.children)
    return msgspec.structs.replace(tree, children=children, held_back=reasons.get(path, ""))


def paths(tree: ChildSpec, above: str = "") -> Iterator[str]:
    """Every path of a tree, its root first."""
    path = f"{above}/{tree.id}" if above else tree.id
    yield path
    for child in tree.children:
        yield from paths(child, path)

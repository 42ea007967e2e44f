"""Where the parts of a tree run, as the settings say."""

from collections.abc import Iterator, Mapping

import msgspec

from ..supervisors.spec import ChildSpec


def place(tree: ChildSpec, placement: Mapping[str, str], above: str = "") -> ChildSpec:
    """The tree with every path of `placement` in the runtime named; all below it follow unless placed themselves."""
    path = f"{above}/{tree.id}" if above else tree.id
    children = tuple(place(child, placement, path) for child in tree.children)
    return msgspec.structs.replace(tree, children=children, runtime=placement.get(path, tree.runtime))


def paths(tree: ChildSpec, above: str = "") -> Iterator[str]:
    """Every path of a tree, its root first."""
    path = f"{above}/{tree.id}" if above else tree.id
    yield path
    for child in tree.children:
        yield from paths(child, path)

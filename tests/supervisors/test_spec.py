import pytest

from tradigrade.supervisors.backoff import Backoff
from tradigrade.supervisors.spec import ChildSpec, Flags, SpecFault, validate


def worker(name: str = "w", **fields: object) -> ChildSpec:
    return ChildSpec(**{"id": name, "actor": "module:Actor", **fields})  # type: ignore[arg-type]


def tree(*children: ChildSpec, **flags: object) -> ChildSpec:
    return ChildSpec(id="root", flags=Flags(**flags), children=children)  # type: ignore[arg-type]


BOTH_OR_NEITHER = "expected either an actor path or supervisor flags, got both or neither"
FAULTS = [
    (worker(""), "child '': the id must be a name without '/', got ''"),
    (worker("a/b"), "child 'a/b': the id must be a name without '/', got 'a/b'"),
    (worker(shutdown_s=-1.0), "child 'w': shutdown_s must be >= 0, got -1.0"),
    (worker(shutdown_s=float("nan")), "child 'w': shutdown_s must be >= 0, got nan"),
    (worker(actor=""), f"child 'w': {BOTH_OR_NEITHER}"),
    (worker(flags=Flags()), f"child 'w': {BOTH_OR_NEITHER}"),
    (worker(children=(worker(),)), "child 'w': only a supervisor has children"),
    (tree(intensity=-1), "supervisor 'root': intensity must be >= 0, got -1"),
    (tree(period_s=0.0), "supervisor 'root': period_s must be > 0, got 0.0"),
    (tree(period_s=float("nan")), "supervisor 'root': period_s must be > 0, got nan"),
    (
        tree(backoff=Backoff(2.0, 1.0)),
        "supervisor 'root': backoff needs 0 <= min_s <= max_s, got "
        "Backoff(min_s=2.0, max_s=1.0, jitter=0.2, reset_s=1.0)",
    ),
    (
        tree(backoff=Backoff(jitter=1.5)),
        "supervisor 'root': backoff needs jitter between 0 and 1, got "
        "Backoff(min_s=0.02, max_s=5.0, jitter=1.5, reset_s=1.0)",
    ),
    (tree(worker("a"), worker("b"), worker("a")), "supervisor 'root': duplicate child ids ['a']"),
    (tree(worker("a"), worker("b", actor="")), f"child 'root/b': {BOTH_OR_NEITHER}"),
]


@pytest.mark.parametrize(("spec", "sentence"), FAULTS, ids=[sentence[:60] for _, sentence in FAULTS])
def test_a_fault_is_refused_with_a_sentence_that_names_the_child(spec: ChildSpec, sentence: str) -> None:
    with pytest.raises(SpecFault) as refused:
        validate(spec)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    "spec",
    [
        worker(),
        worker(shutdown_s=0.0),
        tree(),
        tree(intensity=0, backoff=Backoff(0.0, 0.0, 0.0, 0.0)),
        tree(worker("a"), tree(worker("a"))),
    ],
)
def test_a_sound_tree_passes(spec: ChildSpec) -> None:
    validate(spec)

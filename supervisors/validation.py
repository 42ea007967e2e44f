"""Whether a tree can stand at all, checked before anything of it starts. The words are OTP's, where OTP has them."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, get_args

import msgspec

from .backoff import Backoff
from .requests import (
    DeleteChild,
    GetChildSpec,
    Reconfigure,
    Request,
    RestartChild,
    StartChild,
    StartInstance,
    TerminateChild,
    WhichChild,
)
from .spec import AutoShutdown, Budget, ChildSpec, Dynamic, Exhausted, Flags, Restart, Strategy


class SpecFault(Exception):
    """A tree or a child specification is wrong: where, which field, what was expected and what was found."""

    def __init__(self, code: str, where: str, field: str, expected: str, found: object) -> None:
        self.code = code
        self.where = where
        self.field = field
        self.expected = expected
        self.found = found
        super().__init__(f"{code}: {where}: {field}: expected {expected}, found {found!r}")


class _Rule(NamedTuple):
    """`field` must be as `expected` says, which `holds` decides."""

    field: str
    code: str
    expected: str
    holds: Callable[[Any], bool]


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value == value  # noqa: PLR0124 - NaN


def _is_name(value: object) -> bool:
    return isinstance(value, str) and value != "" and "/" not in value


def _is_path(value: object) -> bool:
    return isinstance(value, str) and (value == "" or all(value.partition(":")[::2]))


def _is_seconds(value: object) -> bool:
    return value is None or (_is_number(value) and value >= 0)  # type: ignore[operator]


def _is_count(value: object, least: int = 0) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _may_be(kind: type) -> Callable[[object], bool]:
    return lambda value: value is None or isinstance(value, kind)


def _one_of(literal: Any) -> tuple[str, Callable[[object], bool]]:
    words = get_args(literal)
    return f"one of {', '.join(words)}", lambda value: value in words


SECONDS = "seconds >= 0, or infinity"
CHILD_RULES = (
    _Rule("id", "missing_id", "a name without '/'", _is_name),
    _Rule("actor", "invalid_start", "a path 'module:Class'", _is_path),
    _Rule("settings", "invalid_start", "a table of settings", lambda value: isinstance(value, dict)),
    _Rule("restart", "invalid_restart_type", *_one_of(Restart)),
    _Rule("significant", "invalid_significant", "true or false", lambda value: isinstance(value, bool)),
    _Rule("shutdown_s", "invalid_shutdown", SECONDS, _is_seconds),
    _Rule("start_s", "invalid_start_time", SECONDS, _is_seconds),
    _Rule("runtime", "invalid_runtime", "cell or threads", lambda value: value in ("", "cell", "threads")),
    _Rule("keep_mailbox", "invalid_keep_mailbox", "a number of messages >= 0", _is_count),
    _Rule("poison_after", "invalid_poison_after", "a number of crashes >= 1", lambda value: _is_count(value, 1)),
    _Rule("budget", "invalid_budget", "a budget", _may_be(Budget)),
    _Rule("held_back", "invalid_held_back", "a reason", lambda value: isinstance(value, str)),
    _Rule("flags", "invalid_flags", "a supervisor's flags", _may_be(Flags)),
    _Rule("dynamic", "invalid_dynamic", "a template and its flags", _may_be(Dynamic)),
    _Rule("children", "invalid_children", "a tuple of child specifications", lambda value: isinstance(value, tuple)),
)
FLAG_RULES = (
    _Rule("strategy", "invalid_strategy", *_one_of(Strategy)),
    _Rule("intensity", "invalid_intensity", "a number of restarts >= 0", _is_count),
    _Rule("period_s", "invalid_period", "finite seconds > 0", lambda value: _is_number(value) and 0 < value < 1e9),
    _Rule("auto_shutdown", "invalid_auto_shutdown", *_one_of(AutoShutdown)),
    _Rule("parallel_stop_s", "invalid_parallel_stop", SECONDS, _is_seconds),
)
BUDGET_RULES = (FLAG_RULES[1], FLAG_RULES[2], _Rule("exhausted", "invalid_exhausted", *_one_of(Exhausted)))
DYNAMIC_RULES = (
    FLAG_RULES[1],
    FLAG_RULES[2],
    _Rule("max_children", "invalid_max_children", "a number >= 1", lambda value: _is_count(value, 1)),
)
BACKOFF_RULES = (
    _Rule("min_s", "invalid_backoff", "finite seconds >= 0", lambda value: _is_number(value) and 0 <= value < 1e9),
    _Rule("max_s", "invalid_backoff", "finite seconds >= 0", lambda value: _is_number(value) and 0 <= value < 1e9),
    _Rule("jitter", "invalid_backoff", "a fraction from 0 to 1", lambda value: _is_number(value) and 0 <= value <= 1),
    _Rule("reset_s", "invalid_backoff", SECONDS, _is_seconds),
)


def validate(spec: ChildSpec, path: str = "") -> None:
    """Check a whole tree; `SpecFault` for the first thing that is wrong."""
    for fault in faults(spec, path):
        raise fault


def faults(spec: ChildSpec, path: str = "", supervisor: Flags | None = None) -> Iterator[SpecFault]:
    """Everything that is wrong with a child of a supervisor with these flags, and with all below it; whatever it is."""
    if not isinstance(spec, ChildSpec):
        yield SpecFault("invalid_child_spec", path or "tree", "child", "a child specification", spec)
        return
    name = spec.id if isinstance(spec.id, str) else repr(spec.id)
    where = f"{path}/{name}" if path else name
    yield from _broken(CHILD_RULES, spec, where)
    yield from _kind_faults(spec, where)
    yield from _combination_faults(spec, where, supervisor)
    if isinstance(spec.budget, Budget):
        yield from _broken(BUDGET_RULES, spec.budget, f"{where}: budget")
    if isinstance(spec.flags, Flags):
        yield from _flag_faults(spec.flags, where)
    if isinstance(spec.dynamic, Dynamic):
        yield from _dynamic_faults(spec.dynamic, where)
    if isinstance(spec.children, tuple):
        yield from _children_faults(spec, where)


def request_faults(request: Request, path: str, flags: Flags) -> Iterator[SpecFault]:
    """Everything that is wrong with what is asked of the supervisor at `path`, which has these flags."""
    match request:
        case StartChild(spec):
            yield from faults(spec, path, flags)
        case StartInstance(settings, name):
            yield from faults(ChildSpec(id=name or "instance", actor="its:Template", settings=settings), path)
        case Reconfigure(new, children):
            above, _, name = path.rpartition("/")
            yield from faults(ChildSpec(id=name, flags=new, children=children), above)
        case RestartChild() | TerminateChild() | DeleteChild() | WhichChild() | GetChildSpec():
            if not isinstance(request.id, str):
                yield SpecFault("invalid_type", path, "id", "a child's id", request.id)


def read_tree(data: object) -> ChildSpec:
    """A tree from plain data, as a file holds it; unknown fields and wrong types are `SpecFault` too."""
    try:
        spec = msgspec.convert(data, ChildSpec)
    except msgspec.ValidationError as error:
        message, _, place = str(error).partition(" - at ")
        raise SpecFault("invalid_type", "tree", place.strip("`") or "$", "a child specification", message) from error
    validate(spec)
    return spec


def _broken(rules: tuple[_Rule, ...], subject: object, where: str) -> Iterator[SpecFault]:
    for rule in rules:
        found = getattr(subject, rule.field)
        if not rule.holds(found):
            yield SpecFault(rule.code, where, rule.field, rule.expected, found)


def _kind_faults(spec: ChildSpec, where: str) -> Iterator[SpecFault]:
    kinds = [name for name in ("actor", "flags", "dynamic") if getattr(spec, name)]
    if len(kinds) != 1:
        yield SpecFault("missing_start", where, "actor", "exactly one of actor, flags and dynamic", kinds)
    if spec.children and spec.flags is None:
        yield SpecFault("bad_combination", where, "children", "none without flags", len(spec.children))


def _combination_faults(spec: ChildSpec, where: str, supervisor: Flags | None) -> Iterator[SpecFault]:
    if spec.significant is True and spec.restart == "permanent":
        yield SpecFault("bad_combination", where, "significant", "false for a permanent child", spec.significant)
    if spec.significant is True and supervisor is not None and supervisor.auto_shutdown == "never":
        yield SpecFault("bad_combination", where, "significant", "false under auto_shutdown never", spec.significant)
    left = isinstance(spec.budget, Budget) and spec.budget.exhausted == "leave"
    if left and supervisor is not None and supervisor.strategy != "one_for_one":
        yield SpecFault("bad_combination", where, "budget", "escalate unless one_for_one", "leave")


def _flag_faults(flags: Flags, where: str) -> Iterator[SpecFault]:
    yield from _broken(FLAG_RULES, flags, where)
    yield from _backoff_faults(flags, where)


def _backoff_faults(flags: Flags | Dynamic, where: str) -> Iterator[SpecFault]:
    if not isinstance(flags.backoff, Backoff):
        yield SpecFault("invalid_backoff", where, "backoff", "a back-off", flags.backoff)
        return
    broken = list(_broken(BACKOFF_RULES, flags.backoff, f"{where}: backoff"))
    yield from broken
    if not broken and flags.backoff.min_s > flags.backoff.max_s:
        expected = f"at most max_s ({flags.backoff.max_s:g})"
        yield SpecFault("invalid_backoff", f"{where}: backoff", "min_s", expected, flags.backoff.min_s)


def _dynamic_faults(dynamic: Dynamic, where: str) -> Iterator[SpecFault]:
    yield from _broken(DYNAMIC_RULES, dynamic, where)
    yield from _backoff_faults(dynamic, where)
    flags = dynamic.flags if isinstance(dynamic.template, ChildSpec) else None
    yield from faults(dynamic.template, where, flags)


def _children_faults(spec: ChildSpec, where: str) -> Iterator[SpecFault]:
    ids = [child.id for child in spec.children if isinstance(child, ChildSpec) and isinstance(child.id, str)]
    flags = spec.flags if isinstance(spec.flags, Flags) else None
    for name in dict.fromkeys(name for name in ids if ids.count(name) > 1):
        yield SpecFault("duplicate_child_name", where, "children", "ids that differ", name)
    for child in spec.children:
        yield from faults(child, where, flags)

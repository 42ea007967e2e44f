"""What one may ask a supervisor, and its answers. All are data: asked of its path, answered within the asker's time.

    system.ask("trader/feeds", StartChild(spec), timeout_s=5.0)

A request that cannot be met is answered with `Refused` and a code of OTP's vocabulary: `not_found`, `running`,
`restarting`, `stopping`, `already_started`, `already_present`, `failed`, `invalid`, `full`, `dynamic`, `not_dynamic`,
`shutting_down`.
"""

from typing import Any, Literal

import msgspec

from .spec import ChildSpec, Flags

ChildState = Literal["running", "starting", "restarting", "stopping", "undefined"]
"""`restarting`: it failed and will be tried again; `undefined`: it is specified and does not run."""


class _Data(msgspec.Struct, frozen=True, tag=True, forbid_unknown_fields=True):
    pass


class StartChild(_Data, frozen=True):
    """Start one more child, after the others. `Done` when it serves; where its start fails it is forgotten."""

    spec: ChildSpec


class StartInstance(_Data, frozen=True):
    """Start one more instance of a dynamic supervisor's template, with these settings over the template's own."""

    settings: dict[str, Any] = {}
    name: str = ""
    """Default: the template's id and a number."""


class RestartChild(_Data, frozen=True):
    """Start a child that is specified and does not run."""

    id: str


class TerminateChild(_Data, frozen=True):
    """Stop a child and keep its specification (a temporary child's or an instance's goes too). Always `Done`."""

    id: str


class DeleteChild(_Data, frozen=True):
    """Forget a child that does not run."""

    id: str


class WhichChildren(_Data, frozen=True):
    """All children, in the order of their start: `Children`."""


class WhichChild(_Data, frozen=True):
    """One child: `Children` with that one."""

    id: str


class CountChildren(_Data, frozen=True):
    """`Counts`."""


class GetChildSpec(_Data, frozen=True):
    """The child's specification: a `ChildSpec`."""

    id: str


class Reconfigure(_Data, frozen=True):
    """Replace the flags and the specifications, while everything goes on.

    A child whose id is known keeps running under its new specification, a new one is added and not started, one that
    is missing stays as it is.
    """

    flags: Flags
    children: tuple[ChildSpec, ...]


class Done(_Data, frozen=True):
    """It was done. `info` is what the child's start hook returned."""

    path: str = ""
    info: Any = None
    ignored: bool = False
    """The child had nothing to do: specified, not running."""


class Refused(_Data, frozen=True):
    """It was not done, and nothing changed unless the detail says so."""

    code: str
    detail: str = ""


class ChildStatus(_Data, frozen=True):
    id: str
    state: ChildState
    supervisor: bool
    incarnation: int
    restarts: int
    reason: str
    """Why the incarnation before ended, or the last one."""


class Children(_Data, frozen=True):
    children: tuple[ChildStatus, ...]


class Counts(_Data, frozen=True):
    """Numbers of specifications, of children that serve, and of both kinds of children."""

    specs: int
    active: int
    supervisors: int
    workers: int


Request = (
    StartChild
    | StartInstance
    | RestartChild
    | TerminateChild
    | DeleteChild
    | WhichChildren
    | WhichChild
    | CountChildren
    | GetChildSpec
    | Reconfigure
)
Answer = Done | Refused | Children | Counts | ChildSpec

"""The state of one analysis, and what all its parts share: frames, heap, limits, and what is found.

The analysis runs the program on abstract values, from the module of the handler on: both ways of a branch are taken
and their results joined, a loop is gone through until its first repetition, a function is gone through once for each
different set of arguments. `Machine` states what the parts may ask of each other; `evaluate`, `calls` and `reach`
fill it in.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from iamgen.model.observation import ApiCall, Gap, GapReason, Location
from iamgen.model.value import MapValue
from iamgen.sources._program import form
from iamgen.sources._program.modules import ModuleLoader
from iamgen.sources._program.values import (
    Bound,
    ClassVal,
    DictVal,
    External,
    FunctionVal,
    Heap,
    Instance,
    ListVal,
    ModuleState,
    Scope,
    Thing,
    Unknown,
    Val,
    to_model,
)

if TYPE_CHECKING:
    from iamgen.access.maps import AccessMaps

MAX_STEPS = 150_000
MAX_CALL_DEPTH = 48
MAX_CONTEXTS = 32
"""Sets of arguments that one function is gone through with before they are joined."""


class LimitReachedError(Exception):
    """The analysis has used up its steps."""


@dataclass(slots=True)
class Args:
    """The arguments of a call."""

    places: list[Val] = field(default_factory=list)
    keywords: dict[str, Val] = field(default_factory=dict)
    more: Val | None = None
    """What further arguments by place can be, None when there are none."""
    open: bool = False
    """More keywords may be there that nobody could see."""

    def get(self, index: int, name: str = "") -> Val | None:
        """Return an argument by place or name, None when it is not given."""
        if name and name in self.keywords:
            return self.keywords[name]
        if 0 <= index < len(self.places):
            return self.places[index]
        if self.more is not None and index >= len(self.places):
            return self.more
        return None

    def values(self) -> Iterable[Val]:
        """Return all arguments."""
        return (*self.places, *self.keywords.values(), *((self.more,) if self.more else ()))


class Frame:
    """A function, class or module body that is being gone through."""

    __slots__ = (
        "exits",
        "function",
        "impure",
        "module",
        "name",
        "receiver",
        "returned",
        "scope",
        "serial",
        "yielded",
    )

    def __init__(
        self,
        scope: Scope,
        module: ModuleState,
        name: str,
        function: FunctionVal | None = None,
        receiver: Val | None = None,
    ) -> None:
        self.scope = scope
        self.module = module
        self.name = name
        self.function = function
        self.receiver = receiver
        self.returned: list[Val] = []
        self.yielded: list[Val] = []
        self.exits: list[list[dict[str, Val]]] = []
        self.serial = 0
        self.impure = False


class Machine:
    """One analysis of one function."""

    def __init__(self, loader: ModuleLoader, maps: "AccessMaps", roots: tuple[str, ...]) -> None:
        self.loader = loader
        self.maps = maps
        self.roots = roots
        self.frames: list[Frame] = []
        self.steps = 0
        self.branch = 0
        self.branches = 0
        self.serial = 0
        self.outer_version = 0
        """Counts changes of what functions share: names of outer scopes and attributes of finished objects."""
        self.constructing: list[Heap] = []
        self.modules: dict[str, ModuleState] = {}
        self.calls: dict[Any, ApiCall] = {}
        self.unresolved: set[tuple[str, int, str]] = set()
        """Calls of an SDK whose client or operation is not known: file, line and words."""
        self.foreign: set[tuple[str, int, str]] = set()
        self.gaps: dict[Gap, None] = {}
        self.files: dict[str, None] = {}
        self.line = 0
        """Where the last call or member stands."""
        self.foreign_default = False
        """Whether the default session was set up with credentials that are not the function's own."""
        self.signed: list[tuple[Thing, tuple[str, str], form.Call, str, tuple[str, ...]]] = []
        """Signers of requests, with what a request signed by them calls, and where they were made."""
        self.bindings: dict[str, Val] = {}
        """What containers of dependencies were told to give, by key."""
        self.deferred: list[Val] = []
        self.deferred_seen: set[Any] = set()

    # -- what the parts ask of each other --

    def evaluate(self, node: form.Expr, frame: Frame) -> Val:
        """Return the value of an expression."""
        raise NotImplementedError

    def run(self, body: tuple[form.Stmt, ...], frame: Frame) -> int:
        """Go through statements; 0: goes on after them, 1: leaves a loop, 2: leaves the function."""
        raise NotImplementedError

    def call(self, function: Val, args: Args, node: form.Call) -> Val:
        """Return what a call gives."""
        raise NotImplementedError

    def member(self, value: Val, name: str, node: form.Expr | None = None) -> Val:
        """Return a member of a value by name."""
        raise NotImplementedError

    def item(self, value: Val, key: Val) -> Val:
        """Return a member of a value by key."""
        raise NotImplementedError

    def element(self, value: Val) -> Val:
        """Return what any one item of a value can be, when it is gone through."""
        raise NotImplementedError

    def annotated(self, annotation: Val) -> Val | None:
        """Return what a value that nobody saw is, by its annotation; None where that says nothing."""
        raise NotImplementedError

    def load(self, module: str, importer: ModuleState, level: int, line: int) -> Val:
        """Return a module, gone through: of the project or of a library."""
        raise NotImplementedError

    # -- places, calls and gaps --

    @property
    def frame(self) -> Frame:
        """Return the innermost frame."""
        return self.frames[-1]

    def location(self, node: form.Call | form.Import | None) -> Location:
        """Return where a node of the innermost frame stands."""
        path = self.frame.module.path if self.frames else ""
        if node is None:
            return Location(path)
        if isinstance(node, form.Call):
            end = node.end_line if node.end_line > node.line else 0
            return Location(path, node.line, end)
        return Location(path, node.line)

    def here(self) -> form.Call:
        """Return a call that stands where the analysis is."""
        return form.Call(form.Const(None), line=self.line)

    def path(self) -> tuple[str, ...]:
        """Return the names of the frames, outermost first."""
        return tuple(dict.fromkeys(frame.name for frame in self.frames))

    def record(
        self,
        service: str,
        operation: str,
        arguments: DictVal,
        node: form.Call | None,
        via: str = "",
        *,
        conditional: bool = False,
    ) -> None:
        """Keep an SDK call that the handler reaches."""
        shown = to_model(arguments)
        place = self.location(node)
        key = (service, operation, shown, place, via)
        if key not in self.calls:
            self.calls[key] = ApiCall(
                service=service,
                operation=operation,
                arguments=shown if isinstance(shown, MapValue) else MapValue((), open=True),
                location=place,
                path=self.path(),
                via=via,
                conditional=conditional,
            )

    def record_foreign(self, operation: str, node: form.Call | None) -> None:
        """Count a call that is made with credentials that are not the function's own."""
        place = self.location(node)
        self.foreign.add((place.path, place.line, operation))

    def gap(
        self,
        reason: GapReason,
        detail: str,
        node: form.Call | form.Import | None,
        services: tuple[str, ...] | None,
    ) -> None:
        """Keep something that could not be worked out."""
        self.gaps.setdefault(Gap(reason, detail, self.location(node), services))

    def step(self) -> None:
        """Count one step.

        Raises:
            LimitReachedError: the steps are used up.
        """
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise LimitReachedError

    # -- heap --

    def new_list(self, items: list[Val], rest: Val | None = None) -> ListVal:
        """Return a new list."""
        self.serial += 1
        return ListVal(items, rest, self.branch, self.serial)

    def new_dict(self, entries: dict[Any, Val], rest: Val | None = None) -> DictVal:
        """Return a new dict."""
        self.serial += 1
        return DictVal(entries, rest, self.branch, self.serial)

    def new_instance(self, cls: ClassVal) -> Instance:
        """Return a new object of a class, not yet initialised."""
        self.serial += 1
        return Instance(cls, self.branch, self.serial)

    def new_thing(self, kind: External, args: Args) -> Thing:
        """Return a new object of a library."""
        self.serial += 1
        return Thing(kind, tuple(args.places), tuple(args.keywords.items()), self.branch, self.serial)

    def touch(self, value: Heap) -> bool:
        """Note a change of an object; return whether it surely happens once the object is there."""
        value.version += 1
        for frame in reversed(self.frames):
            if value.serial > frame.serial:
                break
            frame.impure = True
        return value.branch == self.branch

    def enter_branch(self) -> int:
        """Begin a part that may not be gone through; return what `leave_branch` needs."""
        before = self.branch
        self.branches += 1
        self.branch = self.branches
        return before

    def leave_branch(self, before: int) -> None:
        """End such a part."""
        self.branch = before

    def defer(self, function: Val) -> None:
        """Remember a function that a library may call, with arguments nobody sees."""
        key = (function.function, function.receiver) if isinstance(function, Bound) else function
        if key not in self.deferred_seen:
            self.deferred_seen.add(key)
            self.deferred.append(function)

    def unknown(self, detail: str) -> Unknown:
        """Return an unknown value."""
        return Unknown(detail)

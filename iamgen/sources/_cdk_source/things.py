"""Values while a CDK application is read: what its constructs are, what the code around them holds.

Texts are the model's `Text`; lists and mappings are Python's own; truth values and None stand for
themselves. What comes from a library is an `External`, what a library's class or function
returns is a `Thing`: a construct, a policy statement, a piece of code.
"""

from dataclasses import dataclass, field
from typing import Any

from iamgen.sources._program import form


@dataclass(frozen=True, slots=True)
class External:
    """A library's module, class or member: `dynamodb`, `dynamodb.Table`, `lambda.Code.fromAsset`."""

    path: str


@dataclass(eq=False, slots=True)
class Thing:
    """What a library's class or function returned."""

    path: str
    """`dynamodb.Table`, `lambda.Code.fromAsset`, `iam.PolicyStatement`."""
    args: tuple[Any, ...]
    props: dict[str, Any]
    file: str
    line: int
    end_line: int = 0
    names: list[str] = field(default_factory=list)
    """Variables and fields it was bound to, in order."""
    calls: list["MethodCall"] = field(default_factory=list)
    """Methods called on it, in order."""
    scope: Any = None
    identity: str = ""
    """The logical id it goes by in the answer."""

    def prop(self, name: str) -> Any:
        """Return a property, None when it is not given."""
        return self.props.get(name)


@dataclass(eq=False, slots=True)
class MethodCall:
    """A method called on a thing or on a member of it."""

    receiver: Thing
    name: str
    """Dotted when it is a member's method (`role.addManagedPolicy`)."""
    args: tuple[Any, ...]
    props: dict[str, Any]
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a thing that is not called (yet)."""

    thing: Thing
    name: str


@dataclass(eq=False, slots=True)
class Scope:
    """Names in sight."""

    names: dict[str, Any]
    above: "Scope | None"
    module: "ModuleValue"
    this: Any = None

    def find(self, name: str) -> "Scope | None":
        """Return the scope that binds a name."""
        at: Scope | None = self
        while at is not None:
            if name in at.names:
                return at
            at = at.above
        return None


@dataclass(eq=False, slots=True)
class ModuleValue:
    """A file of the project that was run."""

    path: str
    language: str
    exports: dict[str, Any] = field(default_factory=dict)
    scope: Scope | None = None
    busy: bool = False


@dataclass(eq=False, slots=True)
class Closure:
    """A function of the project with the names around it."""

    function: form.Function
    scope: Scope
    this: Any = None
    owner: "ClassValue | None" = None


@dataclass(eq=False, slots=True)
class ClassValue:
    """A class of the project."""

    cls: form.Class
    scope: Scope
    bases: tuple[Any, ...]
    fields: dict[str, Any] = field(default_factory=dict)
    used: bool = False

    def method(self, name: str) -> "tuple[form.Function, ClassValue] | None":
        """Return a method and the class that states it, the class's own before its bases'."""
        for statement in self.cls.body:
            if isinstance(statement, form.FunctionDef) and statement.function.name == name:
                return statement.function, self
        for base in self.bases:
            found = base.method(name) if isinstance(base, ClassValue) else None
            if found is not None:
                return found
        return None


@dataclass(eq=False, slots=True)
class Instance:
    """An object of a class of the project."""

    cls: ClassValue
    fields: dict[str, Any] = field(default_factory=dict)
    args: tuple[Any, ...] = ()
    props: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unseen:
    """A value nobody could work out."""

    detail: str = ""


UNSEEN = Unseen()

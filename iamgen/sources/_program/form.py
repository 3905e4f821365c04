# ruff: noqa: E501  (the table of constructs is read as a table)
"""The common form: what every front end lowers its syntax tree to, and the only thing the analysis reads.

It is a small tree of statements and expressions. A front end translates syntax and nothing more: it resolves no name,
knows no AWS call, and drops nothing that could hold a call (what has no counterpart here becomes `Opaque` with its
children, which are then still evaluated). Nodes compare by identity; lines are 1-based.

How the constructs of the languages map:

==============================  ====================================================================================
construct                       form
==============================  ====================================================================================
`a.b`, `a?.b`                   `Attribute`; `a["b"]` is `Subscript` (the analysis treats a literal key alike)
`f(x, *xs, k=v, **kw)`          `Call(args=(x, Spread(xs)), keywords=(("k", v), (None, kw)))`
`new C(x)`                      `Call(new=True)`; Python and Go calls have `new=False`
f-string, template literal      `Template` of its pieces in order; the pieces of text are `Const`
`"a" + b`, `"%s" % b`           `Binary("+")`, `Binary("%")`; comparisons are `Compare`
`a or b`, `a || b`              `Logical("or")`; `a and b`, `a && b` `Logical("and")`; `a ?? b` `Logical("nullish")`; `!a` `Not`
`x if c else y`, `c ? x : y`    `Conditional`
list, tuple, set, array         `ListExpr` (items may be `Spread`)
dict, object literal            `DictExpr`; a key of None spreads the value; shorthand `{a}` is `(Const("a"), Name("a"))`; a method
                                `{m() {}}` is `(Const("m"), FunctionExpr(...))`; a computed key is any expression
struct literal `T{F: v}`        `Call(new=True)` on the type with keywords
comprehension                   `Comprehension`
`lambda`, arrow, function expr  `FunctionExpr(Function)`; an arrow with an expression body has the body `(Return(expr),)`
`class` expression              `ClassExpr(Class)`
`await x`, `yield x`            `Await`, `Yield`
`(x := v)`, `a = b` inside      `AssignExpr`
`require("m")`, `import("m")`   `ImportExpr("m")` (awaited or not: `Await` is transparent)
`this`, `self`                  `Name("this")` where `Function.receiver == "this"`; in Python the first parameter
`super()`, `super`              `Super()`; a constructor call `super(x)` is `Call(Attribute(Super(), "__init__"), (x,))`
constructors                    methods named `__init__`, in every language
getters, `@property`            `Function.kind == "property"`; `static` is "static"; `@classmethod` is "class"
`process.env`, `os.environ`     as written: `Attribute(Name("process"), "env")`; the analysis knows it
type annotations                `Param.annotation`, `Assign.annotation`, `Function.returns` where cheap, as expressions; casts
                                (`x as T`, `x!`, `<T>x`, `satisfies`) are lowered to `x`
destructuring                   targets: `ListExpr` / `DictExpr` whose items are targets; `Default(target, value)`; rest is `Spread(target)`
`for (const x of xs)`           `Loop(target, iterable, body)`; `for (k in o)` as well, with `keys=True`; `while` has neither target nor iterable
`switch`, `match`               a chain of `If`, fall-through by repeating bodies or, simpler, one `If` per case
ESM `import d, {a as b} from m` `Import("m", names=(("default", "d"), ("a", "b")))`; `import * as n` is `Import("m", bind="n")`; `import "m"` binds nothing
Python `import a.b`             `Import("a.b", bind="a", top=True)`; `import a.b as c` is `Import("a.b", bind="c")`; `from .m import x as y` is
                                `Import("m", level=1, names=(("x", "y"),))`; `from m import *` is `star=True`
`export const a = …`            the statement, then `Export("a", Name("a"))`; `export default e` is `Export("default", e)`
`export {a as b} from "m"`      `ExportFrom("m", names=(("a", "b"),))`; `export * from "m"` has `star=True`; `export * as n from "m"` has `bind="n"`
CommonJS                        `module.exports = e` is `Export("=", e)`; `exports.a = e` and `module.exports.a = e` are `Export("a", e)`; reading
                                `exports` or `module.exports` is `Name("exports")`. They may stand anywhere, also as expressions
                                (`exports.a = exports.b = f` is two statements)
==============================  ====================================================================================

A module that could not be parsed is no `Module` but a `Gap`; spots that could not be parsed inside one that was go to
`Module.gaps`.
"""

from dataclasses import dataclass

from iamgen.model.observation import Gap

# --- expressions -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Const:
    """A literal: text, number, truth value, None (also `null` and `undefined`), bytes."""

    value: str | int | float | bool | bytes | None


@dataclass(frozen=True, slots=True, eq=False)
class Name:
    """A variable."""

    id: str
    line: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Attribute:
    """A member by name."""

    value: "Expr"
    name: str
    line: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Subscript:
    """A member by key; a slice has a `Slice` as key."""

    value: "Expr"
    index: "Expr"
    line: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """`[low:high]`, a key of `Subscript` only."""

    low: "Expr | None" = None
    high: "Expr | None" = None


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """All elements of a value, in place."""

    value: "Expr"


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """A call; `keywords` with the name None spread a mapping (`**kwargs`)."""

    function: "Expr"
    args: tuple["Expr", ...] = ()
    keywords: tuple[tuple[str | None, "Expr"], ...] = ()
    line: int = 0
    end_line: int = 0
    new: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """Text made of pieces."""

    parts: tuple["Expr", ...]


@dataclass(frozen=True, slots=True, eq=False)
class Binary:
    """An operator on two values: `+`, `%`, `/`, `|` and so on."""

    op: str
    left: "Expr"
    right: "Expr"


@dataclass(frozen=True, slots=True, eq=False)
class Compare:
    """`==`, `!=`, `<`, `in`, `not in`, `is`, `is not`, `instanceof`; `===` is `==`."""

    op: str
    left: "Expr"
    right: "Expr"


@dataclass(frozen=True, slots=True, eq=False)
class Logical:
    """`or`, `and`, `nullish`: one of the two values."""

    op: str
    left: "Expr"
    right: "Expr"


@dataclass(frozen=True, slots=True, eq=False)
class Not:
    """Negation."""

    value: "Expr"


@dataclass(frozen=True, slots=True, eq=False)
class Conditional:
    """One of two values by a test."""

    test: "Expr"
    then: "Expr"
    otherwise: "Expr"


@dataclass(frozen=True, slots=True, eq=False)
class ListExpr:
    """A sequence, or a target that takes one apart."""

    items: tuple["Expr", ...]


@dataclass(frozen=True, slots=True, eq=False)
class DictExpr:
    """A mapping, or a target that takes one apart; a key of None spreads the value."""

    entries: tuple[tuple["Expr | None", "Expr"], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Clause:
    """One `for … in … if …` of a comprehension."""

    target: "Expr"
    iterable: "Expr"
    tests: tuple["Expr", ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Comprehension:
    """A list, set, generator (`key` None) or dict made by iteration."""

    element: "Expr"
    clauses: tuple[Clause, ...]
    key: "Expr | None" = None


@dataclass(frozen=True, slots=True, eq=False)
class FunctionExpr:
    """A function as a value."""

    function: "Function"


@dataclass(frozen=True, slots=True, eq=False)
class ClassExpr:
    """A class as a value."""

    cls: "Class"


@dataclass(frozen=True, slots=True, eq=False)
class Await:
    """The result of a coroutine or promise."""

    value: "Expr"


@dataclass(frozen=True, slots=True, eq=False)
class Yield:
    """A value handed out by a generator; `star` for `yield from` and `yield*`."""

    value: "Expr | None"
    star: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class AssignExpr:
    """An assignment used as a value."""

    target: "Expr"
    value: "Expr"


@dataclass(frozen=True, slots=True, eq=False)
class Default:
    """A target with a fallback, in destructuring only."""

    target: "Expr"
    value: "Expr"


@dataclass(frozen=True, slots=True, eq=False)
class ImportExpr:
    """A module as a value; `module` is None when its name is no literal."""

    module: str | None
    line: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Super:
    """The receiver seen as its base class."""


@dataclass(frozen=True, slots=True, eq=False)
class Opaque:
    """Anything else; its value is unknown, its children are evaluated."""

    children: tuple["Expr", ...] = ()
    detail: str = ""


Expr = (
    Const
    | Name
    | Attribute
    | Subscript
    | Slice
    | Spread
    | Call
    | Template
    | Binary
    | Compare
    | Logical
    | Not
    | Conditional
    | ListExpr
    | DictExpr
    | Comprehension
    | FunctionExpr
    | ClassExpr
    | Await
    | Yield
    | AssignExpr
    | Default
    | ImportExpr
    | Super
    | Opaque
)

# --- functions and classes ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class Param:
    """A parameter; `target` is a `Name` or a destructuring target.

    `kind` is `positional` (by place or name), `keyword` (by name only), `rest` (`*args`, `...args`) or `kwrest` (`**kwargs`).
    """

    target: Expr
    default: Expr | None = None
    kind: str = "positional"
    annotation: Expr | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """A function, method, lambda or arrow."""

    name: str
    """"" when it has none."""
    params: tuple[Param, ...]
    body: tuple["Stmt", ...]
    line: int
    kind: str = "function"
    """`function`, `static`, `class`, `property`; the Python front end reads them off the built-in decorators."""
    decorators: tuple[Expr, ...] = ()
    """Other decorators, outermost first."""
    receiver: str | None = None
    """`this` in languages where the receiver is no parameter; None in Python and for arrows (they see the outer one)."""
    is_async: bool = False
    is_generator: bool = False
    returns: Expr | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Class:
    """A class; methods are `FunctionDef`, class and instance fields `Assign` to a `Name` in `body`.

    A field that is initialised per instance (JavaScript fields, Java fields) has `Assign.field` set.
    """

    name: str
    bases: tuple[Expr, ...]
    body: tuple["Stmt", ...]
    line: int
    decorators: tuple[Expr, ...] = ()
    keywords: tuple[tuple[str | None, Expr], ...] = ()


# --- statements --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, eq=False)
class ExprStmt:
    """An expression for its effect."""

    value: Expr


@dataclass(frozen=True, slots=True, eq=False)
class Assign:
    """A binding; `value` is None for a declaration without one. `let`, `const` and `:=` set `declares`."""

    target: Expr
    value: Expr | None
    annotation: Expr | None = None
    declares: bool = False
    field: bool = False
    line: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class AugAssign:
    """`target op= value`; `??=` and `||=` have the op `or`."""

    target: Expr
    op: str
    value: Expr


@dataclass(frozen=True, slots=True, eq=False)
class If:
    """Two ways to go on."""

    test: Expr
    then: tuple["Stmt", ...]
    otherwise: tuple["Stmt", ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Loop:
    """Iteration over `iterable`, or while `test` holds."""

    body: tuple["Stmt", ...]
    target: Expr | None = None
    iterable: Expr | None = None
    test: Expr | None = None
    keys: bool = False
    """Iterates over keys or indices (`for…in`, Go's first range variable is a `ListExpr` target of key and value)."""
    otherwise: tuple["Stmt", ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Handler:
    """One `except` or `catch`."""

    body: tuple["Stmt", ...]
    name: str | None = None
    type: Expr | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Try:
    """A guarded block."""

    body: tuple["Stmt", ...]
    handlers: tuple[Handler, ...] = ()
    otherwise: tuple["Stmt", ...] = ()
    final: tuple["Stmt", ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class With:
    """Contexts with their targets around a block."""

    items: tuple[tuple[Expr, Expr | None], ...]
    body: tuple["Stmt", ...]


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Statements that run in order; a scope of its own for names that are declared in it."""

    body: tuple["Stmt", ...]


@dataclass(frozen=True, slots=True, eq=False)
class Return:
    """The value of the function."""

    value: Expr | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Raise:
    """`raise`, `throw`, `panic`."""

    value: Expr | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Jump:
    """`break` and `continue`."""

    kind: str


@dataclass(frozen=True, slots=True, eq=False)
class FunctionDef:
    """A function bound to its name; languages that hoist put it first."""

    function: Function


@dataclass(frozen=True, slots=True, eq=False)
class ClassDef:
    """A class bound to its name."""

    cls: Class


@dataclass(frozen=True, slots=True, eq=False)
class Import:
    """An import; `names` are pairs of the imported and the local name."""

    module: str
    names: tuple[tuple[str, str], ...] = ()
    bind: str | None = None
    """The local name of the module itself."""
    top: bool = False
    """`bind` is the topmost package of a dotted module."""
    level: int = 0
    """Leading dots of a relative import (Python); JavaScript keeps them in `module`."""
    star: bool = False
    line: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Export:
    """A value given out under `name`; `=` stands for the module itself."""

    name: str
    value: Expr


@dataclass(frozen=True, slots=True, eq=False)
class ExportFrom:
    """A re-export; pairs of the other module's and the own name."""

    module: str
    names: tuple[tuple[str, str], ...] = ()
    star: bool = False
    bind: str | None = None
    line: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Outer:
    """`global` and `nonlocal`: assignments to these names go to the outer scope."""

    names: tuple[str, ...]
    module: bool = True


Stmt = (
    ExprStmt
    | Assign
    | AugAssign
    | If
    | Loop
    | Try
    | With
    | Block
    | Return
    | Raise
    | Jump
    | FunctionDef
    | ClassDef
    | Import
    | Export
    | ExportFrom
    | Outer
)


@dataclass(frozen=True, slots=True, eq=False)
class Module:
    """One file."""

    path: str
    """Relative to the project, with `/`."""
    language: str
    """Name of the front end: `python`, `javascript`, `go`, `java`."""
    body: tuple[Stmt, ...]
    gaps: tuple[Gap, ...] = ()
    package: str = ""
    """The package that the file states itself (Go, Java)."""

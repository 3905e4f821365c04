"""Python: the standard library's syntax tree, lowered to the common form, nothing more.

Where an import leads and which function a handler names is said here too, because both are the language's own rules:
imports start at the roots of the function and its layers, then at the folders above it inside the project.
"""

import ast
import sys
import warnings
from collections.abc import Callable
from typing import Any

from iamgen.model.observation import Gap, GapReason, Location
from iamgen.plugins import Frontend, ImportRequest, ProjectFiles, SourceFile
from iamgen.sources._program import form
from iamgen.sources.code._python_newer import rewritten

_BINARY = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Mod: "%",
    ast.BitOr: "|",
    ast.BitAnd: "&",
    ast.FloorDiv: "//",
    ast.Pow: "**",
}
_COMPARE = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
}
_KINDS = {
    "staticmethod": "static",
    "classmethod": "class",
    "property": "property",
    "cached_property": "property",
    "functools.cached_property": "property",
    "abc.abstractproperty": "property",
}
_HANDLER_NAMES = ("lambda_handler", "handler", "main", "app")
_INSIDE = ("", "src", "lib", "libs", "shared", "common", "python", "packages", "layer", "layers")
"""Folders, beside those above the function, where projects keep packages that a build step copies."""


def lower(file: SourceFile) -> form.Module | Gap:
    """Return the common form of a file, or a gap when it is no Python 3 that can be parsed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                tree = ast.parse(file.text)
            except SyntaxError as error:
                tree = _newer(file.text, error)
        return form.Module(file.path, "python", _statements(tree.body))
    except SyntaxError as error:
        return Gap(
            GapReason.SYNTAX_ERROR,
            str(error.msg),
            Location(file.path, error.lineno or 0),
            None,
        )
    except (ValueError, RecursionError, MemoryError) as error:
        return Gap(GapReason.SYNTAX_ERROR, type(error).__name__, Location(file.path), None)


def _newer(source: bytes, first: SyntaxError) -> ast.Module:
    """Return the tree of a source in newer syntax.

    Raises:
        SyntaxError: the first error, where it is no newer syntax either.
    """
    try:
        return ast.parse(rewritten(source))
    except SyntaxError:
        raise first from None


# --- statements --------------------------------------------------------------------------------------------------


def _statements(body: list[ast.stmt]) -> tuple[form.Stmt, ...]:
    lowered: list[form.Stmt] = []
    for statement in body:
        lower_one = _STATEMENTS.get(type(statement))
        if lower_one is not None:
            made = lower_one(statement)
            if isinstance(made, tuple):
                lowered.extend(made)
            elif made is not None:
                lowered.append(made)
    return tuple(lowered)


def _expression_statement(node: ast.Expr) -> form.Stmt | None:
    if isinstance(node.value, ast.Constant):
        return None
    return form.ExprStmt(_expression(node.value))


def _assign(node: ast.Assign) -> form.Stmt | tuple[form.Stmt, ...]:
    value = _expression(node.value)
    if len(node.targets) == 1:
        return form.Assign(_expression(node.targets[0]), value, line=node.lineno)
    first = form.Assign(form.Name("<value>"), value, line=node.lineno)
    return (
        first,
        *(form.Assign(_expression(target), form.Name("<value>"), line=node.lineno) for target in node.targets),
    )


def _annotated(node: ast.AnnAssign) -> form.Stmt:
    return form.Assign(
        _expression(node.target),
        _expression(node.value) if node.value else None,
        annotation=_annotation(node.annotation),
        line=node.lineno,
    )


def _augmented(node: ast.AugAssign) -> form.Stmt:
    return form.AugAssign(_expression(node.target), _BINARY.get(type(node.op), "?"), _expression(node.value))


def _if(node: ast.If) -> form.Stmt:
    return form.If(_expression(node.test), _statements(node.body), _statements(node.orelse))


def _for(node: ast.For | ast.AsyncFor) -> form.Stmt:
    return form.Loop(
        _statements(node.body),
        target=_expression(node.target),
        iterable=_expression(node.iter),
        otherwise=_statements(node.orelse),
    )


def _while(node: ast.While) -> form.Stmt:
    return form.Loop(_statements(node.body), test=_expression(node.test), otherwise=_statements(node.orelse))


def _try(node: ast.Try | ast.TryStar) -> form.Stmt:
    return form.Try(
        _statements(node.body),
        tuple(
            form.Handler(_statements(each.body), each.name, _expression(each.type) if each.type else None)
            for each in node.handlers
        ),
        _statements(node.orelse),
        _statements(node.finalbody),
    )


def _with(node: ast.With | ast.AsyncWith) -> form.Stmt:
    return form.With(
        tuple(
            (
                _expression(item.context_expr),
                _expression(item.optional_vars) if item.optional_vars else None,
            )
            for item in node.items
        ),
        _statements(node.body),
    )


def _match(node: ast.Match) -> tuple[form.Stmt, ...]:
    subject = form.Assign(form.Name("<subject>"), _expression(node.subject), line=node.lineno)
    chain: tuple[form.Stmt, ...] = ()
    for case in reversed(node.cases):
        bindings: list[form.Stmt] = []
        test = _pattern(case.pattern, form.Name("<subject>"), bindings)
        if case.guard is not None:
            test = form.Logical("and", test, _expression(case.guard))
        body = (*bindings, *_statements(case.body))
        always = isinstance(test, form.Const) and test.value is True
        chain = body if always else (form.If(test, body, chain),)
    return (subject, *chain)


_ALWAYS = form.Const(value=True)


def _pattern(node: ast.pattern, subject: form.Expr, bindings: list[form.Stmt]) -> form.Expr:
    """Return the test of a pattern; the names it binds are added to `bindings`."""
    match node:
        case ast.MatchValue(value=value):
            return form.Compare("==", subject, _expression(value))
        case ast.MatchSingleton(value=value):
            return form.Compare("is", subject, form.Const(value))
        case ast.MatchOr(patterns=patterns):
            tests = [_pattern(each, subject, bindings) for each in patterns]
            test = tests[0]
            for other in tests[1:]:
                test = form.Logical("or", test, other)
            return test
        case ast.MatchAs(pattern=inner, name=name):
            test = _ALWAYS if inner is None else _pattern(inner, subject, bindings)
            if name:
                bindings.append(form.Assign(form.Name(name), subject))
            return test
        case ast.MatchMapping(keys=keys, patterns=patterns, rest=rest):
            for key, each in zip(keys, patterns, strict=True):
                _pattern(each, form.Subscript(subject, _expression(key)), bindings)
            if rest:
                bindings.append(form.Assign(form.Name(rest), subject))
            return form.Opaque(detail="a mapping pattern")
        case ast.MatchSequence(patterns=patterns):
            return _sequence_pattern(patterns, subject, bindings)
        case ast.MatchClass(cls=cls, patterns=patterns, kwd_attrs=names, kwd_patterns=inner_ones):
            for each in patterns:
                _pattern(each, form.Opaque(), bindings)
            for name, each in zip(names, inner_ones, strict=True):
                _pattern(each, form.Attribute(subject, name), bindings)
            return form.Compare("instanceof", subject, _expression(cls))
        case _:
            return form.Opaque()


def _sequence_pattern(patterns: list[ast.pattern], subject: form.Expr, bindings: list[form.Stmt]) -> form.Expr:
    for index, each in enumerate(patterns):
        if not isinstance(each, ast.MatchStar):
            _pattern(each, form.Subscript(subject, form.Const(index)), bindings)
        elif each.name:
            bindings.append(form.Assign(form.Name(each.name), subject))
    return form.Opaque(detail="a sequence pattern")


def _return(node: ast.Return) -> form.Stmt:
    return form.Return(_expression(node.value) if node.value else None)


def _raise(node: ast.Raise) -> form.Stmt:
    return form.Raise(_expression(node.exc) if node.exc else None)


def _function_definition(node: ast.FunctionDef | ast.AsyncFunctionDef) -> form.Stmt:
    kind, decorators = _kind(node.decorator_list)
    finder = _YieldFinder()
    for statement in node.body:
        finder.visit(statement)
    return form.FunctionDef(
        form.Function(
            node.name,
            _parameters(node.args),
            _statements(node.body),
            node.lineno,
            kind=kind,
            decorators=decorators,
            is_async=isinstance(node, ast.AsyncFunctionDef),
            is_generator=finder.found,
            returns=_annotation(node.returns),
        )
    )


class _YieldFinder(ast.NodeVisitor):
    """Says whether a body yields, without looking into functions inside it."""

    def __init__(self) -> None:
        self.found = False

    def generic_visit(self, node: ast.AST) -> None:
        if isinstance(node, ast.Yield | ast.YieldFrom):
            self.found = True
        elif not self.found and not isinstance(
            node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef
        ):
            super().generic_visit(node)


def _kind(decorators: list[ast.expr]) -> tuple[str, tuple[form.Expr, ...]]:
    kind = "function"
    others: list[form.Expr] = []
    for decorator in decorators:
        name = ast.unparse(decorator) if isinstance(decorator, ast.Name | ast.Attribute) else ""
        if name in _KINDS:
            kind = _KINDS[name]
        else:
            others.append(_expression(decorator))
    return kind, tuple(others)


def _parameters(arguments: ast.arguments) -> tuple[form.Param, ...]:
    found: list[form.Param] = []
    places = [*arguments.posonlyargs, *arguments.args]
    without = len(places) - len(arguments.defaults)
    for index, each in enumerate(places):
        default = arguments.defaults[index - without] if index >= without else None
        found.append(_parameter(each, default, "positional"))
    if arguments.vararg:
        found.append(_parameter(arguments.vararg, None, "rest"))
    for each, keyword_default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        found.append(_parameter(each, keyword_default, "keyword"))
    if arguments.kwarg:
        found.append(_parameter(arguments.kwarg, None, "kwrest"))
    return tuple(found)


def _parameter(argument: ast.arg, default: ast.expr | None, kind: str) -> form.Param:
    return form.Param(
        form.Name(argument.arg, argument.lineno),
        _expression(default) if default is not None else None,
        kind,
        _annotation(argument.annotation),
    )


def _annotation(node: ast.expr | None) -> form.Expr | None:
    """Return an annotation as an expression; one in quotes is parsed."""
    if node is None:
        return None
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        try:
            return _expression(ast.parse(node.value, mode="eval").body)
        except (SyntaxError, ValueError):
            return None
    return _expression(node)


def _class(node: ast.ClassDef) -> form.Stmt:
    return form.ClassDef(
        form.Class(
            node.name,
            tuple(_expression(base) for base in node.bases),
            _statements(node.body),
            node.lineno,
            tuple(_expression(each) for each in node.decorator_list),
            tuple((each.arg, _expression(each.value)) for each in node.keywords),
        )
    )


def _import(node: ast.Import) -> tuple[form.Stmt, ...]:
    return tuple(
        form.Import(alias.name, bind=alias.asname, line=node.lineno)
        if alias.asname
        else form.Import(
            alias.name,
            bind=alias.name.partition(".")[0],
            top="." in alias.name,
            line=node.lineno,
        )
        for alias in node.names
    )


def _import_from(node: ast.ImportFrom) -> form.Stmt:
    star = any(alias.name == "*" for alias in node.names)
    return form.Import(
        node.module or "",
        () if star else tuple((alias.name, alias.asname or alias.name) for alias in node.names),
        level=node.level,
        star=star,
        line=node.lineno,
    )


_STATEMENTS: dict[type, Callable[[Any], form.Stmt | tuple[form.Stmt, ...] | None]] = {
    ast.Expr: _expression_statement,
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.AugAssign: _augmented,
    ast.If: _if,
    ast.For: _for,
    ast.AsyncFor: _for,
    ast.While: _while,
    ast.Try: _try,
    ast.TryStar: _try,
    ast.With: _with,
    ast.AsyncWith: _with,
    ast.Match: _match,
    ast.Return: _return,
    ast.Raise: _raise,
    ast.FunctionDef: _function_definition,
    ast.AsyncFunctionDef: _function_definition,
    ast.ClassDef: _class,
    ast.Import: _import,
    ast.ImportFrom: _import_from,
    ast.Break: lambda _: form.Jump("break"),
    ast.Continue: lambda _: form.Jump("continue"),
    ast.Global: lambda node: form.Outer(tuple(node.names)),
    ast.Nonlocal: lambda node: form.Outer(tuple(node.names), module=False),
    ast.Assert: lambda node: form.ExprStmt(_expression(node.test)),
}

# --- expressions -------------------------------------------------------------------------------------------------


def _expression(node: ast.expr) -> form.Expr:
    lower_one = _EXPRESSIONS.get(type(node))
    if lower_one is not None:
        return lower_one(node)
    return form.Opaque(tuple(_expression(each) for each in ast.iter_child_nodes(node) if isinstance(each, ast.expr)))


def _constant(node: ast.Constant) -> form.Expr:
    value = node.value
    if isinstance(value, str | int | float | bool | bytes) or value is None:
        return form.Const(value)
    return form.Opaque(detail="a constant")


def _call(node: ast.Call) -> form.Expr:
    if isinstance(node.func, ast.Name) and node.func.id == "super":
        return form.Super()
    return form.Call(
        _expression(node.func),
        tuple(_expression(each) for each in node.args),
        tuple((each.arg, _expression(each.value)) for each in node.keywords),
        node.lineno,
        node.end_lineno or node.lineno,
    )


def _joined(node: ast.JoinedStr) -> form.Expr:
    return form.Template(
        tuple(
            _expression(each.value) if isinstance(each, ast.FormattedValue) else _expression(each)
            for each in node.values
        )
    )


def _boolean(node: ast.BoolOp) -> form.Expr:
    op = "or" if isinstance(node.op, ast.Or) else "and"
    value = _expression(node.values[-1])
    for each in reversed(node.values[:-1]):
        value = form.Logical(op, _expression(each), value)
    return value


def _compare(node: ast.Compare) -> form.Expr:
    left = node.left
    tests: list[form.Expr] = []
    for op, right in zip(node.ops, node.comparators, strict=True):
        tests.append(form.Compare(_COMPARE[type(op)], _expression(left), _expression(right)))
        left = right
    test = tests[-1]
    for each in reversed(tests[:-1]):
        test = form.Logical("and", each, test)
    return test


def _unary(node: ast.UnaryOp) -> form.Expr:
    if isinstance(node.op, ast.Not):
        return form.Not(_expression(node.operand))
    if (
        isinstance(node.op, ast.USub)
        and isinstance(node.operand, ast.Constant)
        and isinstance(node.operand.value, int | float)
    ):
        return form.Const(-node.operand.value)
    return form.Opaque((_expression(node.operand),))


def _comprehension(node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> form.Expr:
    return form.Comprehension(_expression(node.elt), _clauses(node.generators))


def _dict_comprehension(node: ast.DictComp) -> form.Expr:
    return form.Comprehension(_expression(node.value), _clauses(node.generators), _expression(node.key))


def _clauses(generators: list[ast.comprehension]) -> tuple[form.Clause, ...]:
    return tuple(
        form.Clause(
            _expression(each.target),
            _expression(each.iter),
            tuple(_expression(test) for test in each.ifs),
        )
        for each in generators
    )


def _lambda(node: ast.Lambda) -> form.Expr:
    return form.FunctionExpr(
        form.Function("", _parameters(node.args), (form.Return(_expression(node.body)),), node.lineno)
    )


def _sequence(node: ast.List | ast.Tuple | ast.Set) -> form.Expr:
    return form.ListExpr(tuple(_expression(each) for each in node.elts))


def _dict(node: ast.Dict) -> form.Expr:
    return form.DictExpr(
        tuple(
            (_expression(key) if key is not None else None, _expression(value))
            for key, value in zip(node.keys, node.values, strict=True)
        )
    )


_EXPRESSIONS: dict[type, Callable[[Any], form.Expr]] = {
    ast.Constant: _constant,
    ast.Name: lambda node: form.Name(node.id, node.lineno),
    ast.Attribute: lambda node: form.Attribute(_expression(node.value), node.attr, node.lineno),
    ast.Subscript: lambda node: form.Subscript(_expression(node.value), _expression(node.slice), node.lineno),
    ast.Slice: lambda node: form.Slice(
        _expression(node.lower) if node.lower else None,
        _expression(node.upper) if node.upper else None,
    ),
    ast.Starred: lambda node: form.Spread(_expression(node.value)),
    ast.Call: _call,
    ast.JoinedStr: _joined,
    ast.FormattedValue: lambda node: _expression(node.value),
    ast.BinOp: lambda node: form.Binary(
        _BINARY.get(type(node.op), "?"), _expression(node.left), _expression(node.right)
    ),
    ast.BoolOp: _boolean,
    ast.Compare: _compare,
    ast.UnaryOp: _unary,
    ast.IfExp: lambda node: form.Conditional(_expression(node.test), _expression(node.body), _expression(node.orelse)),
    ast.List: _sequence,
    ast.Tuple: _sequence,
    ast.Set: _sequence,
    ast.Dict: _dict,
    ast.ListComp: _comprehension,
    ast.SetComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.DictComp: _dict_comprehension,
    ast.Lambda: _lambda,
    ast.Await: lambda node: form.Await(_expression(node.value)),
    ast.Yield: lambda node: form.Yield(_expression(node.value) if node.value else None),
    ast.YieldFrom: lambda node: form.Yield(_expression(node.value), star=True),
    ast.NamedExpr: lambda node: form.AssignExpr(_expression(node.target), _expression(node.value)),
}

# --- imports and handlers ----------------------------------------------------------------------------------------


def resolve(request: ImportRequest, files: ProjectFiles) -> tuple[str, ...]:
    """Return the file of a module of the project; a folder (ending in `/`) for a package without `__init__.py`."""
    path = request.module.replace(".", "/")
    if request.level:
        folder = request.importer
        for _ in range(request.level):
            if not folder:
                return ()
            folder = folder.rpartition("/")[0]
        return _at(_join(folder, path), files)
    first = path.partition("/")[0]
    folder_only: tuple[str, ...] = ()
    for root in request.roots:
        found = _at(_join(root, path), files)
        if found and not found[0].endswith("/"):
            return found
        folder_only = folder_only or found
    if folder_only or first in sys.stdlib_module_names:
        return folder_only
    start = request.roots[0] if request.roots else ""
    for above in _above(start):
        for inside in _INSIDE:
            found = _at(_join(_join(above, inside), path), files)
            if found and not found[0].endswith("/"):
                return found
    return ()


def _above(folder: str) -> tuple[str, ...]:
    found = [folder]
    while folder:
        folder = folder.rpartition("/")[0]
        found.append(folder)
    return tuple(found)


def _at(path: str, files: ProjectFiles) -> tuple[str, ...]:
    if path and files.is_file(f"{path}.py"):
        return (f"{path}.py",)
    init = _join(path, "__init__.py")
    if files.is_file(init):
        return (init,)
    return (f"{path}/",) if path and files.is_folder(path) else ()


def _join(folder: str, name: str) -> str:
    if not name:
        return folder
    return f"{folder}/{name}" if folder else name


def entry(handler: str, roots: tuple[str, ...], files: ProjectFiles) -> tuple[tuple[str, str], ...]:
    """Return where a handler can be: (file, name in it), best first."""
    if not handler:
        return _by_shape(roots, files)
    module, _, name = handler.rpartition(".")
    found: list[tuple[str, str]] = []
    if module:
        for spelled in dict.fromkeys((module.replace(".", "/"), module)):
            for root in roots:
                found.extend(
                    (path, name)
                    for path in (
                        _join(root, f"{spelled}.py"),
                        _join(root, f"{spelled}/__init__.py"),
                    )
                    if files.is_file(path)
                )
    return tuple(dict.fromkeys(found))


def _by_shape(roots: tuple[str, ...], files: ProjectFiles) -> tuple[tuple[str, str], ...]:
    """Return the functions that take an event and a context, well-known names first."""
    found: list[tuple[int, str, str]] = []
    todo = [(root, 0) for root in roots]
    seen = 0
    while todo and seen < 400:
        folder, depth = todo.pop(0)
        for name in files.names(folder):
            path = _join(folder, name)
            if name.endswith("/"):
                if depth < 2 and not name.startswith((".", "test", "node_modules", "venv")):
                    todo.append((path[:-1], depth + 1))
            elif name.endswith(".py") and not name.startswith("test_"):
                seen += 1
                found.extend((rank, path, each) for rank, each in _shaped(path, files))
    found.sort(key=lambda each: (each[0], each[1].count("/"), each[1]))
    return tuple((path, name) for _, path, name in found)


def _shaped(path: str, files: ProjectFiles) -> list[tuple[int, str]]:
    text = files.read(path) or b""
    if b"def " not in text or b"context" not in text:
        return []
    module = lower(SourceFile(path=path, text=text))
    if isinstance(module, Gap):
        return []
    found = []
    for statement in module.body:
        if not isinstance(statement, form.FunctionDef):
            continue
        names = [each.target.id for each in statement.function.params if isinstance(each.target, form.Name)]
        if len(names) >= 2 and names[1].lstrip("_") in ("context", "ctx", "lambda_context"):
            name = statement.function.name
            known = _HANDLER_NAMES.index(name) if name in _HANDLER_NAMES else len(_HANDLER_NAMES)
            found.append((known, name))
    return found


PLUGIN = Frontend(
    name="python",
    suffixes=(".py",),
    runtimes=("python",),
    lower=lower,
    resolve=resolve,
    entry=entry,
)

"""Statements, imports and exports of JavaScript and TypeScript in the common form."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from iamgen.sources._program import form
from iamgen.sources.code.javascript._expressions import (
    MAX_DEPTH,
    Expressions,
    annotation,
    export_name,
    line,
    member_name,
)
from iamgen.sources.code.javascript._text import string, text

if TYPE_CHECKING:
    from tree_sitter import Node

_NOTHING = frozenset(
    (
        "comment",
        "hash_bang_line",
        "empty_statement",
        "debugger_statement",
        "interface_declaration",
        "type_alias_declaration",
        "ambient_declaration",
        "function_signature",
        "import_statement_type",
    )
)
_FUNCTION_DECLARATIONS = frozenset(("function_declaration", "generator_function_declaration"))
_PROCESS = frozenset(("process", "node:process"))


class Statements(Expressions):
    """Lowers statements; one instance per file."""

    def __init__(self) -> None:
        super().__init__()
        self.variables: list[dict[str, None]] = [{}]
        """Names that `var` declares inside a block, per function."""
        self.nested = 0
        """Blocks around the statement, counted from the function."""
        self.late: list[form.Stmt] = []
        """Exports that see the last value of a name, whatever their place."""
        self.switches = 0
        """Innermost breakable statements that are a `switch`."""

    # --- blocks ---------------------------------------------------------------------------------

    def statements(self, node: "Node") -> tuple[form.Stmt, ...]:
        """Return the statements of a block; functions come first, as they are hoisted."""
        first: list[form.Stmt] = []
        body: list[form.Stmt] = []
        for child in node.named_children:
            lowered = self.statement(child)
            declared = child
            if child.type == "export_statement":
                declared = child.child_by_field_name("declaration") or child
            (first if declared.type in _FUNCTION_DECLARATIONS else body).extend(lowered)
        return (*first, *body)

    def function_body(self, node: "Node") -> tuple[form.Stmt, ...]:
        """Return the statements of a function, the `var` of its inner blocks declared first."""
        self.variables.append({})
        nested, switches = self.nested, self.switches
        self.nested = self.switches = 0
        body = self.statements(node)
        self.nested, self.switches = nested, switches
        return (*self.declared(self.variables.pop()), *body)

    @staticmethod
    def declared(names: dict[str, None]) -> tuple[form.Stmt, ...]:
        """Return the declarations of hoisted variables."""
        return tuple(form.Assign(form.Name(name), None, declares=True) for name in names)

    def block(self, node: "Node | None") -> tuple[form.Stmt, ...]:
        """Return the body of an `if`, a loop and the like: a scope where it declares names."""
        if node is None:
            return ()
        self.nested += 1
        if node.type == "statement_block":
            body = self.statements(node)
            scoped = any(
                child.type.endswith("_declaration") and child.type != "variable_declaration"
                for child in node.named_children
            )
            body = (form.Block(body),) if scoped else body
        else:
            body = self.statement(node)
        self.nested -= 1
        return body

    def statement(self, node: "Node") -> tuple[form.Stmt, ...]:
        """Return one statement, in as many as the form takes."""
        if node.type in _NOTHING:
            return ()
        if self.depth >= MAX_DEPTH:
            self.deep = self.deep or line(node)
            return ()
        self.depth += 1
        outer, self.before = self.before, []
        try:
            lower = _STATEMENTS.get(node.type)
            found = tuple(lower(self, node)) if lower else self._other_statement(node)
            return (*self.before, *found)
        finally:
            self.before = outer
            self.depth -= 1

    def _other_statement(self, node: "Node") -> tuple[form.Stmt, ...]:
        if node.type == "ERROR":
            return tuple(s for child in node.named_children for s in self.statement(child))
        return (form.ExprStmt(self.expression(node)),)

    # --- simple statements ----------------------------------------------------------------------

    def _expression_statement(self, node: "Node") -> Iterator[form.Stmt]:
        inner = next((c for c in node.named_children if c.type != "comment"), None)
        if inner is None:
            return
        if inner.type == "internal_module":
            yield from self._namespace(inner)
        elif inner.type == "assignment_expression":
            yield from self._assignment(inner)
        elif inner.type == "augmented_assignment_expression":
            operator = text(inner.child_by_field_name("operator") or inner).removesuffix("=")
            op = {"??": "or", "||": "or", "&&": "and"}.get(operator, operator)
            target = self.target(inner.child_by_field_name("left"))
            yield form.AugAssign(target, op, self.expression(inner.child_by_field_name("right")))
        elif inner.type == "update_expression":
            target = self.expression(inner.child_by_field_name("argument"))
            yield form.AugAssign(target, "+", form.Opaque())
        elif inner.type == "sequence_expression":
            for child in inner.named_children:
                if child.type == "assignment_expression":
                    yield from self._assignment(child)
                else:
                    yield form.ExprStmt(self.expression(child))
        elif (exported := self._bundler_exports(inner)) is not None:
            yield from exported
        else:
            yield form.ExprStmt(self.expression(inner))

    def _bundler_exports(self, node: "Node") -> list[form.Stmt] | None:
        """Return what `__export(x, {a: () => a})` and `__exportStar(m, exports)` stand for."""
        if node.type != "call_expression":
            return None
        callee = node.child_by_field_name("function")
        arguments = node.child_by_field_name("arguments")
        if callee is None or arguments is None or arguments.type != "arguments":
            return None
        name = text(callee.child_by_field_name("property") or callee)
        if name == "__exportStar":
            module = self.arguments(arguments)[0] if arguments.named_children else None
            if isinstance(module, form.ImportExpr) and module.module is not None:
                return [form.ExportFrom(module.module, star=True, line=line(node))]
        if name == "__export":
            args = self.arguments(arguments)
            if len(args) > 1 and isinstance(args[0], form.Name) and isinstance(args[1], form.DictExpr):
                entries = tuple((key, _returned(value)) for key, value in args[1].entries)
                self.late.append(form.Assign(args[0], form.DictExpr(entries), declares=True, line=line(node)))
                return []
        return None

    def _assignment(self, node: "Node") -> Iterator[form.Stmt]:
        """Yield `a = b = value` as one statement per target."""
        lefts: list[Node | None] = []
        right: Node | None = node
        while right is not None and right.type == "assignment_expression":
            lefts.append(right.child_by_field_name("left"))
            right = right.child_by_field_name("right")
        value = self.named(right, lefts[-1])
        if isinstance(value, form.Const) and value.value is None and export_name(lefts[0]):
            return  # `exports.a = void 0`, which compilers write before the real one
        if len(lefts) > 1 and not isinstance(value, form.Const | form.Name):
            self.temporaries += 1
            name = form.Name(f"assigned ${self.temporaries}")
            yield form.Assign(name, value, declares=True, line=line(node))
            value = name
        for left in reversed(lefts):
            exported = export_name(left)
            if exported == "=" and isinstance(value, form.Name):
                # NOTE: a bundler fills the object that it exports after this line.
                self.late.append(form.Export(exported, value))
            elif exported is not None:
                yield form.Export(exported, value)
            elif left is not None and text(left) != "exports":
                yield form.Assign(self.target(left), value, line=line(node))

    def _declaration(self, node: "Node") -> Iterator[form.Stmt]:
        is_var = node.type == "variable_declaration"
        for child in node.named_children:
            if child.type != "variable_declarator":
                continue
            name = child.child_by_field_name("name")
            value = child.child_by_field_name("value")
            target = self.target(name)
            declares = True
            if is_var and self.nested:
                declares = False
                for bound in bound_names(target):
                    self.variables[-1].setdefault(bound)
                if value is None:
                    continue
            exports: list[str] = []
            while value is not None and value.type == "assignment_expression":
                exported = export_name(value.child_by_field_name("left"))
                if exported is None:
                    break
                exports.append(exported)
                value = value.child_by_field_name("right")
            yield form.Assign(
                target,
                self.named(value, name) if value is not None else None,
                annotation=annotation(child.child_by_field_name("type")),
                declares=declares,
                line=line(child),
            )
            for exported in exports:
                yield form.Export(exported, target)

    def _function_declaration(self, node: "Node") -> Iterator[form.Stmt]:
        yield form.FunctionDef(self.function(node))

    def _class_declaration(self, node: "Node") -> Iterator[form.Stmt]:
        yield form.ClassDef(self.cls(node))

    def _return(self, node: "Node") -> Iterator[form.Stmt]:
        inner = next((c for c in node.named_children if c.type != "comment"), None)
        value = self.expression(inner) if inner is not None else None
        yield form.Return(value)

    def _throw(self, node: "Node") -> Iterator[form.Stmt]:
        yield form.Raise(self.expression(next(iter(node.named_children), None)))

    def _jump(self, node: "Node") -> Iterator[form.Stmt]:
        if not self.switches:
            yield form.Jump(node.type.removesuffix("_statement"))

    # --- compound statements --------------------------------------------------------------------

    def _block_statement(self, node: "Node") -> Iterator[form.Stmt]:
        yield from self.block(node)

    def _if(self, node: "Node") -> Iterator[form.Stmt]:
        test = self.expression(node.child_by_field_name("condition"))
        then = self.block(node.child_by_field_name("consequence"))
        alternative = node.child_by_field_name("alternative")
        inner = next(iter(alternative.named_children), None) if alternative is not None else None
        yield form.If(test, then, self.block(inner))

    def _loop_body(self, node: "Node | None") -> tuple[form.Stmt, ...]:
        switches, self.switches = self.switches, 0
        body = self.block(node)
        self.switches = switches
        return body

    def _for(self, node: "Node") -> Iterator[form.Stmt]:
        start = node.child_by_field_name("initializer")
        step = node.child_by_field_name("increment")
        test = node.child_by_field_name("condition")
        before: tuple[form.Stmt, ...] = ()
        if start is not None and start.type != "empty_statement":
            self.nested += 1
            before = self.statement(start)
            self.nested -= 1
        body = self._loop_body(node.child_by_field_name("body"))
        if step is not None:
            body = (*body, form.ExprStmt(self.expression(step)))
        condition = None
        if test is not None and test.type != "empty_statement":
            if test.type == "expression_statement":
                test = next(iter(test.named_children), None)
            condition = self.expression(test)
        yield form.Block((*before, form.Loop(body, test=condition)))

    def _for_in(self, node: "Node") -> Iterator[form.Stmt]:
        operator = node.child_by_field_name("operator")
        left = node.child_by_field_name("left")
        kind = node.child_by_field_name("kind")
        target = self.target(left)
        names = bound_names(target) if kind is not None else ()
        if kind is not None and text(kind) == "var":
            for name in names:
                self.variables[-1].setdefault(name)
        else:
            yield from self.declared(dict.fromkeys(names))
        yield form.Loop(
            self._loop_body(node.child_by_field_name("body")),
            target=target,
            iterable=self.expression(node.child_by_field_name("right")),
            keys=operator is not None and text(operator) == "in",
        )

    def _while(self, node: "Node") -> Iterator[form.Stmt]:
        test = self.expression(node.child_by_field_name("condition"))
        yield form.Loop(self._loop_body(node.child_by_field_name("body")), test=test)

    def _do(self, node: "Node") -> Iterator[form.Stmt]:
        """Yield a loop whose body runs at least once: its test decides nothing about that."""
        body = self._loop_body(node.child_by_field_name("body"))
        test = form.ExprStmt(self.expression(node.child_by_field_name("condition")))
        yield form.Loop((*body, test))

    def _switch(self, node: "Node") -> Iterator[form.Stmt]:
        value = self.expression(node.child_by_field_name("value"))
        body = node.child_by_field_name("body")
        labels: list[form.Expr | None] = []
        self.switches += 1
        self.nested += 1
        for case in body.named_children if body is not None else ():
            if case.type not in ("switch_case", "switch_default"):
                continue
            label = case.child_by_field_name("value")
            labels.append(self.expression(label) if label is not None else None)
            lines = [
                child
                for child in case.named_children
                if child.type not in ("comment", "break_statement") and child != label
            ]
            if not lines:
                continue
            statements = tuple(s for child in lines for s in self.statement(child))
            test: form.Expr = form.Opaque(detail="default")
            if None not in labels:
                for number, one in enumerate(one for one in labels if one is not None):
                    compared = form.Compare("==", value, one)
                    test = form.Logical("or", test, compared) if number else compared
            labels = []
            yield form.If(test, (form.Block(statements),))
        self.nested -= 1
        self.switches -= 1

    def _try(self, node: "Node") -> Iterator[form.Stmt]:
        body = self.block(node.child_by_field_name("body"))
        handlers: tuple[form.Handler, ...] = ()
        caught = node.child_by_field_name("handler")
        if caught is not None:
            name = caught.child_by_field_name("parameter")
            handlers = (
                form.Handler(
                    self.block(caught.child_by_field_name("body")),
                    text(name) if name is not None and name.type == "identifier" else None,
                ),
            )
        last = node.child_by_field_name("finalizer")
        final = last.child_by_field_name("body") if last is not None else None
        yield form.Try(body, handlers, (), self.block(final))

    def _labeled(self, node: "Node") -> Iterator[form.Stmt]:
        body = node.child_by_field_name("body")
        if body is not None:
            yield from self.statement(body)

    def _with(self, node: "Node") -> Iterator[form.Stmt]:
        yield form.ExprStmt(self.expression(node.child_by_field_name("object")))
        yield from self.block(node.child_by_field_name("body"))

    # --- TypeScript's own -----------------------------------------------------------------------

    def _enum(self, node: "Node") -> Iterator[form.Stmt]:
        name = node.child_by_field_name("name")
        body = node.child_by_field_name("body")
        entries: list[tuple[form.Expr | None, form.Expr]] = []
        for child in body.named_children if body is not None else ():
            if child.type == "enum_assignment":
                key, value = child.child_by_field_name("name"), child.child_by_field_name("value")
                entries.append((form.Const(member_name(key)), self.expression(value)))
            elif child.type in ("property_identifier", "string"):
                entries.append((form.Const(member_name(child)), form.Const(len(entries))))
        yield form.Assign(
            form.Name(member_name(name)),
            form.DictExpr(tuple(entries)),
            declares=True,
            line=line(node),
        )

    def _namespace(self, node: "Node") -> Iterator[form.Stmt]:
        """Yield a namespace's statements, then its object; its names lie in the module's scope."""
        name = node.child_by_field_name("name")
        body = node.child_by_field_name("body")
        if name is None or body is None:
            return
        entries: list[tuple[form.Expr | None, form.Expr]] = []
        for statement in self.statements(body):
            if isinstance(statement, form.Export):
                entries.append((form.Const(statement.name), statement.value))
            else:
                yield statement
        if name.type == "identifier":
            yield form.Assign(
                form.Name(text(name)),
                form.DictExpr(tuple(entries)),
                declares=True,
                line=line(node),
            )

    def _import_alias(self, node: "Node") -> Iterator[form.Stmt]:
        parts = node.named_children
        if len(parts) > 1:
            value = annotation(parts[1]) or self.expression(parts[1])
            yield form.Assign(form.Name(text(parts[0])), value, declares=True, line=line(node))

    # --- imports and exports --------------------------------------------------------------------

    def _import_statement(self, node: "Node") -> Iterator[form.Stmt]:
        if any(child.type in ("type", "typeof") for child in node.children):
            return
        required = next((c for c in node.named_children if c.type == "import_require_clause"), None)
        if required is not None:
            name = next((c for c in required.named_children if c.type == "identifier"), None)
            source = required.child_by_field_name("source")
            if name is not None and source is not None:
                value = form.ImportExpr(string(source), line(node))
                yield form.Assign(form.Name(text(name)), value, declares=True, line=line(node))
            return
        source = node.child_by_field_name("source")
        if source is None:
            return
        module = string(source)
        names: list[tuple[str, str]] = []
        bind: str | None = None
        clause = next((c for c in node.named_children if c.type == "import_clause"), None)
        for child in clause.named_children if clause is not None else ():
            if child.type == "identifier":
                names.append(("default", text(child)))
            elif child.type == "namespace_import":
                bind = text(child.named_children[-1])
            elif child.type == "named_imports":
                names.extend(_specifiers(child))
        if clause is not None and not names and bind is None:
            return  # only types
        if module in _PROCESS:
            yield from _process(names, bind, line(node))
            return
        yield form.Import(module, tuple(names), bind=bind, line=line(node))

    def _export_statement(self, node: "Node") -> Iterator[form.Stmt]:
        words = {child.type for child in node.children}
        if "type" in words:
            return
        source = node.child_by_field_name("source")
        clause = next((c for c in node.named_children if c.type == "export_clause"), None)
        if source is not None:
            space = next((c for c in node.named_children if c.type == "namespace_export"), None)
            yield form.ExportFrom(
                string(source),
                tuple(_specifiers(clause)) if clause is not None else (),
                star=clause is None and space is None,
                bind=member_name(space.named_children[-1]) if space is not None else None,
                line=line(node),
            )
            return
        if clause is not None:
            self.late.extend(form.Export(outer, form.Name(inner, line(node))) for inner, outer in _specifiers(clause))
            return
        declared = node.child_by_field_name("declaration")
        value = node.child_by_field_name("value")
        if declared is not None:
            yield from self._export_declaration(node, declared, is_default="default" in words)
        elif value is not None:
            yield form.Export("default", self.expression(value))
        elif "=" in words:
            yield form.Export("=", self.expression(node.named_children[-1]))

    def _export_declaration(self, node: "Node", declared: "Node", *, is_default: bool) -> Iterator[form.Stmt]:
        decorators = tuple(self._decorator(child) for child in node.named_children if child.type == "decorator")
        if declared.type in _CLASSES:
            found: tuple[form.Stmt, ...] = (form.ClassDef(self.cls(declared, decorators)),)
        else:
            found = self.statement(declared)
        yield from found
        is_let = declared.type == "variable_declaration" or any(child.type == "let" for child in declared.children)
        for statement in found:
            match statement:
                case form.FunctionDef(function=function):
                    value: form.Expr = form.Name(function.name, function.line)
                    if not function.name:
                        value = form.FunctionExpr(function)
                    yield form.Export("default" if is_default else function.name, value)
                case form.ClassDef(cls=cls):
                    value = form.Name(cls.name, cls.line) if cls.name else form.ClassExpr(cls)
                    yield form.Export("default" if is_default else cls.name, value)
                case form.Assign(target=target):
                    for name in bound_names(target):
                        export = form.Export(name, form.Name(name, statement.line))
                        if is_let:
                            self.late.append(export)
                        else:
                            yield export
                case _:
                    pass


def _process(names: list[tuple[str, str]], bind: str | None, place: int) -> Iterator[form.Stmt]:
    """Yield the bindings of `import … from "process"`, which is the global `process`."""
    process = form.Name("process", place)
    for name, local in (*names, ("default", bind or "process")):
        if name != "default":
            value: form.Expr = form.Attribute(process, name, place)
        elif local == "process":
            continue
        else:
            value = process
        yield form.Assign(form.Name(local), value, declares=True, line=place)


def _specifiers(node: "Node") -> Iterator[tuple[str, str]]:
    """Yield pairs of the name there and the name here, types left out."""
    for child in node.named_children:
        if child.type not in ("import_specifier", "export_specifier"):
            continue
        if any(word.type in ("type", "typeof") for word in child.children):
            continue
        name, alias = child.child_by_field_name("name"), child.child_by_field_name("alias")
        yield member_name(name), member_name(alias if alias is not None else name)


def _returned(value: form.Expr) -> form.Expr:
    """Return what an arrow `() => x` gives."""
    if isinstance(value, form.FunctionExpr) and len(value.function.body) == 1:
        only = value.function.body[0]
        if isinstance(only, form.Return) and only.value is not None:
            return only.value
    return value


def bound_names(target: form.Expr) -> tuple[str, ...]:
    """Return the names that a target binds, in order."""
    match target:
        case form.Name(id=name):
            return (name,)
        case form.Default(target=inner) | form.Spread(value=inner):
            return bound_names(inner)
        case form.ListExpr(items=items):
            return tuple(name for item in items for name in bound_names(item))
        case form.DictExpr(entries=entries):
            return tuple(name for _, item in entries for name in bound_names(item))
        case _:
            return ()


_CLASSES = frozenset(("class_declaration", "abstract_class_declaration"))
_STATEMENTS: dict[str, Callable[[Statements, "Node"], Iterator[form.Stmt]]] = {
    "expression_statement": Statements._expression_statement,
    "lexical_declaration": Statements._declaration,
    "variable_declaration": Statements._declaration,
    "function_declaration": Statements._function_declaration,
    "generator_function_declaration": Statements._function_declaration,
    "class_declaration": Statements._class_declaration,
    "abstract_class_declaration": Statements._class_declaration,
    "return_statement": Statements._return,
    "throw_statement": Statements._throw,
    "break_statement": Statements._jump,
    "continue_statement": lambda _self, _node: iter((form.Jump("continue"),)),
    "statement_block": Statements._block_statement,
    "if_statement": Statements._if,
    "for_statement": Statements._for,
    "for_in_statement": Statements._for_in,
    "while_statement": Statements._while,
    "do_statement": Statements._do,
    "switch_statement": Statements._switch,
    "try_statement": Statements._try,
    "labeled_statement": Statements._labeled,
    "with_statement": Statements._with,
    "enum_declaration": Statements._enum,
    "internal_module": Statements._namespace,
    "module": Statements._namespace,
    "import_alias": Statements._import_alias,
    "import_statement": Statements._import_statement,
    "export_statement": Statements._export_statement,
}

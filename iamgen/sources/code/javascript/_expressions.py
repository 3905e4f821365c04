"""Expressions, functions, classes and targets of JavaScript and TypeScript in the common form.

What compilers and bundlers write is undone here, since it is syntax too: `__importDefault(x)`,
`__toESM(x)` and `(0, x.f)(…)` are what they make of an import and a call.
"""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from iamgen.sources._program import form
from iamgen.sources.code.javascript._text import escape, number, string, text

if TYPE_CHECKING:
    from tree_sitter import Node

MAX_DEPTH = 180
"""Deeper nesting is not lowered: generated code, or made to exhaust the stack."""

_COMPARE = {
    "==": "==",
    "===": "==",
    "!=": "!=",
    "!==": "!=",
    "<": "<",
    ">": ">",
    "<=": "<=",
    ">=": ">=",
    "in": "in",
    "instanceof": "instanceof",
}
_STRICT = frozenset(("===", "!=="))
_LOGICAL = {"&&": "and", "||": "or", "??": "nullish"}
_CASTS = frozenset(("as_expression", "satisfies_expression", "non_null_expression", "instantiation_expression"))
_TYPES_ONLY = frozenset(
    (
        "type_annotation",
        "type_arguments",
        "type_parameters",
        "comment",
        "interface_declaration",
        "type_alias_declaration",
        "accessibility_modifier",
        "override_modifier",
    )
)
_UNWRAPPED = frozenset(
    (
        "__toESM",
        "__toCommonJS",
        "__importDefault",
        "__importStar",
        "_interopRequireDefault",
        "_interopRequireWildcard",
        "_interop_require_default",
        "_interop_require_wildcard",
    )
)
_PROCESS = frozenset(("process", "node:process"))


class Expressions:
    """Lowers expressions; the class built on this gives the statement side."""

    def __init__(self) -> None:
        self.depth = 0
        self.deep = 0
        """Line of the first spot that was too deep, 0 without one."""
        self.before: list[form.Stmt] = []
        """Statements that belong before the one being lowered: exports inside an expression."""
        self.temporaries = 0

    # --- the statement side ---------------------------------------------------------------------

    def statements(self, node: "Node") -> tuple[form.Stmt, ...]:
        """Return the statements of a block, function body or class body."""
        raise NotImplementedError

    def function_body(self, node: "Node") -> tuple[form.Stmt, ...]:
        """Return the statements of a function, what it hoists first."""
        raise NotImplementedError

    def statement(self, node: "Node") -> tuple[form.Stmt, ...]:
        """Return one statement, in as many as the form takes."""
        raise NotImplementedError

    # --- expressions ----------------------------------------------------------------------------

    def expression(self, node: "Node | None") -> form.Expr:
        """Return the expression of a node."""
        if node is None:
            return form.Opaque()
        if self.depth >= MAX_DEPTH:
            self.deep = self.deep or line(node)
            return form.Opaque(detail="nested too deeply")
        self.depth += 1
        try:
            lower = _EXPRESSIONS.get(node.type)
            return lower(self, node) if lower else self._other(node)
        finally:
            self.depth -= 1

    def _other(self, node: "Node") -> form.Expr:
        if node.type in _CASTS or node.type == "parenthesized_expression":
            inner = [child for child in node.named_children if child.type not in _TYPES_ONLY]
            return self.expression(inner[0]) if inner else form.Opaque()
        return form.Opaque(tuple(self._children(node)), node.type)

    def _children(self, node: "Node") -> Iterable[form.Expr]:
        for child in node.named_children:
            if child.type in _TYPES_ONLY or child.type.endswith(("_type", "_signature")):
                continue
            yield self.expression(child)

    def _name(self, node: "Node") -> form.Expr:
        name = text(node)
        return form.Const(None) if name == "undefined" else form.Name(name, line(node))

    def _number(self, node: "Node") -> form.Expr:
        value = number(text(node))
        return form.Opaque() if value is None else form.Const(value)

    def _template(self, node: "Node") -> form.Template | form.Const:
        parts: list[form.Expr] = []
        for child in node.named_children:
            if child.type == "string_fragment":
                parts.append(form.Const(text(child)))
            elif child.type == "escape_sequence":
                parts.append(form.Const(escape(text(child))))
            elif child.type == "template_substitution":
                parts.append(self.expression(next(iter(child.named_children), None)))
        if all(isinstance(part, form.Const) for part in parts):
            return form.Const("".join(str(p.value) for p in parts if isinstance(p, form.Const)))
        return form.Template(tuple(parts))

    def _member(self, node: "Node") -> form.Expr:
        value = node.child_by_field_name("object")
        name = node.child_by_field_name("property")
        if value is None or name is None:
            return form.Opaque(tuple(self._children(node)))
        if value.type == "identifier" and text(value) == "module" and text(name) == "exports":
            return form.Name("exports", line(node))
        return form.Attribute(self.expression(value), text(name), line(name))

    def _subscript(self, node: "Node") -> form.Expr:
        return form.Subscript(
            self.expression(node.child_by_field_name("object")),
            self.expression(node.child_by_field_name("index")),
            line(node),
        )

    def _call(self, node: "Node") -> form.Expr:
        callee = node.child_by_field_name("function")
        arguments = node.child_by_field_name("arguments")
        if callee is None:
            return form.Opaque(tuple(self._children(node)))
        if callee.type == "import":
            return self._import(arguments, node)
        name = text(callee) if callee.type == "identifier" else ""
        if name == "require" and arguments is not None and arguments.named_child_count == 1:
            return self._import(arguments, node)
        args = self.arguments(arguments)
        helper = name or (
            text(callee.child_by_field_name("property") or callee) if callee.type == "member_expression" else ""
        )
        if helper in _UNWRAPPED and args:
            return args[0]
        if helper == "__awaiter" and len(args) == 4:  # this, arguments, P, generator
            return form.Call(args[3], (), (), line(node), end_line(node))
        function = (
            form.Attribute(form.Super(), "__init__", line(node)) if callee.type == "super" else self.expression(callee)
        )
        return form.Call(function, args, (), line(node), end_line(node))

    def _import(self, arguments: "Node | None", node: "Node") -> form.Expr:
        first = next(iter(arguments.named_children), None) if arguments is not None else None
        if first is not None and first.type == "ternary_expression":
            return form.Conditional(
                self.expression(first.child_by_field_name("condition")),
                self._imported(first.child_by_field_name("consequence"), node),
                self._imported(first.child_by_field_name("alternative"), node),
            )
        return self._imported(first, node)

    def _imported(self, first: "Node | None", node: "Node") -> form.Expr:
        if first is not None:
            module = self.expression(first)
            if isinstance(module, form.Const) and isinstance(module.value, str):
                if module.value in _PROCESS:
                    return form.Name("process", line(node))
                return form.ImportExpr(module.value, line(node))
        return form.ImportExpr(None, line(node))

    def arguments(self, node: "Node | None") -> tuple[form.Expr, ...]:
        """Return the arguments of a call."""
        if node is None:
            return ()
        if node.type == "template_string":
            return (self._template(node),)
        return tuple(self.expression(c) for c in node.named_children if c.type != "comment")

    def _new(self, node: "Node") -> form.Expr:
        return form.Call(
            self.expression(node.child_by_field_name("constructor")),
            self.arguments(node.child_by_field_name("arguments")),
            (),
            line(node),
            end_line(node),
            new=True,
        )

    def _spread(self, node: "Node") -> form.Expr:
        return form.Spread(self.expression(next(iter(node.named_children), None)))

    def _binary(self, node: "Node") -> form.Expr:
        # NOTE: `a + b + c + …` nests to the left; it is walked in a loop, for the stack's sake.
        rights: list[tuple[str, Node | None]] = []
        left: Node | None = node
        while left is not None and left.type == "binary_expression":
            operator = left.child_by_field_name("operator")
            rights.append((text(operator) if operator else "", left.child_by_field_name("right")))
            left = left.child_by_field_name("left")
        value = self.expression(left)
        if len(rights) > MAX_DEPTH // 3:
            return self._long(value, rights)
        for op, right in reversed(rights):
            other = self.expression(right)
            if op in _LOGICAL:
                value = form.Logical(_LOGICAL[op], value, other)
            elif op in _STRICT and (_is_nothing(value) or _is_nothing(other)):
                value = form.Opaque((value, other), "a test")  # null is not undefined here
            elif op in _COMPARE:
                value = form.Compare(_COMPARE[op], value, other)
            else:
                value = form.Binary(op, value, other)
        return value

    def _long(self, first: form.Expr, rights: list[tuple[str, "Node | None"]]) -> form.Expr:
        parts = (first, *(self.expression(right) for _, right in reversed(rights)))
        is_text = all(op == "+" for op, _ in rights) and any(
            isinstance(p, form.Const) and isinstance(p.value, str) for p in parts
        )
        return form.Template(parts) if is_text else form.Opaque(parts)

    def _unary(self, node: "Node") -> form.Expr:
        operator = text(node.child_by_field_name("operator") or node)
        value = self.expression(node.child_by_field_name("argument"))
        if operator == "!":
            return form.Not(value)
        if isinstance(value, form.Const):
            if operator == "void":
                return form.Const(None)
            if operator == "-" and isinstance(value.value, int | float):
                return form.Const(-value.value)
        return form.Opaque((value,), operator)

    def _update(self, node: "Node") -> form.Expr:
        target = self.expression(node.child_by_field_name("argument"))
        return form.AssignExpr(target, form.Opaque((target,)))

    def _ternary(self, node: "Node") -> form.Expr:
        return form.Conditional(
            self.expression(node.child_by_field_name("condition")),
            self.expression(node.child_by_field_name("consequence")),
            self.expression(node.child_by_field_name("alternative")),
        )

    def _sequence(self, node: "Node") -> form.Expr:
        items = [self.expression(child) for child in node.named_children if child.type != "comment"]
        while len(items) > 1 and isinstance(items[0], form.Const):
            del items[0]
        if len(items) == 1:
            return items[0]
        return form.Subscript(form.ListExpr(tuple(items)), form.Const(len(items) - 1), line(node))

    def _array(self, node: "Node") -> form.Expr:
        return form.ListExpr(tuple(self._children(node)))

    def _object(self, node: "Node") -> form.Expr:
        entries: list[tuple[form.Expr | None, form.Expr]] = []
        for child in node.named_children:
            match child.type:
                case "pair":
                    key = child.child_by_field_name("key")
                    value = child.child_by_field_name("value")
                    entries.append((self.key(key), self.named(value, key)))
                case "shorthand_property_identifier":
                    entries.append((form.Const(text(child)), self._name(child)))
                case "spread_element":
                    entries.append((None, self.expression(next(iter(child.named_children), None))))
                case "method_definition":
                    entries.append(self._object_method(child))
                case "comment":
                    pass
                case _:
                    entries.append((form.Opaque(), form.Opaque(tuple(self._children(child)))))
        if len(entries) == 1 and entries[0][0] is None and _is_environment(entries[0][1]):
            return entries[0][1]  # a copy of the environment is one
        return form.DictExpr(tuple(entries))

    def _object_method(self, node: "Node") -> tuple[form.Expr | None, form.Expr]:
        function = self.method(node)
        value: form.Expr = form.FunctionExpr(function)
        if function.kind == "property":
            value = form.Call(value, (), (), line(node), end_line(node))
        return self.key(node.child_by_field_name("name")), value

    def key(self, node: "Node | None") -> form.Expr:
        """Return the key of an object's entry."""
        if node is None:
            return form.Opaque()
        match node.type:
            case "string":
                return form.Const(string(node))
            case "number":
                return form.Const(text(node))
            case "computed_property_name":
                return self.expression(next(iter(node.named_children), None))
            case _:
                return form.Const(text(node))

    def named(self, node: "Node | None", name: "Node | None") -> form.Expr:
        """Return an expression; a function without a name takes that of what it is bound to."""
        if node is not None and name is not None and node.type in _FUNCTIONS:
            return form.FunctionExpr(self.function(node, name=text(name).rpartition(".")[2]))
        return self.expression(node)

    def _assign(self, node: "Node") -> form.Expr:
        left = node.child_by_field_name("left")
        value = self.named(node.child_by_field_name("right"), left)
        exported = export_name(left)
        if exported is None:
            return form.AssignExpr(self.target(left), value)
        self.temporaries += 1
        name = f"exported ${self.temporaries}"
        self.before.append(form.Assign(form.Name(name), value, declares=True, line=line(node)))
        self.before.append(form.Export(exported, form.Name(name)))
        return form.Name(name)

    def _augmented(self, node: "Node") -> form.Expr:
        target = self.target(node.child_by_field_name("left"))
        operator = text(node.child_by_field_name("operator") or node).removesuffix("=")
        value = self.expression(node.child_by_field_name("right"))
        if operator in _LOGICAL:
            return form.AssignExpr(target, form.Logical(_LOGICAL[operator], target, value))
        return form.AssignExpr(target, form.Binary(operator, target, value))

    def _await(self, node: "Node") -> form.Expr:
        return form.Await(self.expression(next(iter(node.named_children), None)))

    def _yield(self, node: "Node") -> form.Expr:
        inner = next(iter(node.named_children), None)
        star = any(child.type == "*" for child in node.children)
        return form.Yield(self.expression(inner) if inner is not None else None, star)

    def _type_assertion(self, node: "Node") -> form.Expr:
        return self.expression(node.named_children[-1] if node.named_children else None)

    # --- functions and classes ------------------------------------------------------------------

    def _function(self, node: "Node") -> form.Expr:
        return form.FunctionExpr(self.function(node))

    def function(
        self,
        node: "Node",
        *,
        name: str = "",
        kind: str = "function",
        decorators: tuple[form.Expr, ...] = (),
    ) -> form.Function:
        """Return a function, method or arrow."""
        own = node.child_by_field_name("name")
        parameters = node.child_by_field_name("parameters") or node.child_by_field_name("parameter")
        body = node.child_by_field_name("body")
        params: list[form.Param] = []
        properties: list[form.Stmt] = []
        if parameters is not None:
            listed = parameters.type == "formal_parameters"
            for child in parameters.named_children if listed else [parameters]:
                self._param(child, params, properties)
        if body is None:
            statements: tuple[form.Stmt, ...] = ()
        elif body.type == "statement_block":
            statements = self.function_body(body)
        else:
            outer, self.before = self.before, []
            result = form.Return(self.expression(body))
            statements = (*self.before, result)
            self.before = outer
        children = node.children
        return form.Function(
            name=text(own) if own is not None and own.type != "computed_property_name" else name,
            params=tuple(params),
            body=(*properties, *statements),
            line=line(node),
            kind=kind,
            decorators=decorators,
            receiver=None if node.type == "arrow_function" else "this",
            is_async=any(child.type == "async" for child in children),
            is_generator="generator" in node.type or any(child.type == "*" for child in children),
            returns=annotation(node.child_by_field_name("return_type")),
        )

    def _param(self, node: "Node", params: list[form.Param], properties: list[form.Stmt]) -> None:
        if node.type in ("comment", "decorator"):
            return
        pattern, default, typed = node, None, None
        if node.type in ("required_parameter", "optional_parameter"):
            found = node.child_by_field_name("pattern")
            if found is None or found.type == "this":
                return
            pattern = found
            default = node.child_by_field_name("value")
            typed = annotation(node.child_by_field_name("type"))
        elif node.type == "assignment_pattern":
            left = node.child_by_field_name("left")
            if left is None:
                return
            pattern, default = left, node.child_by_field_name("right")
        if pattern.type == "rest_pattern":
            target = self.target(next(iter(pattern.named_children), None))
            params.append(form.Param(target, kind="rest"))
            return
        marks = [self._decorator(child) for child in node.named_children if child.type == "decorator"]
        marks = [mark for mark in marks if isinstance(mark, form.Call) and mark.args]
        if marks:  # `@inject("table") table: string`: the mark says more than the type
            typed = form.ListExpr((*marks, *((typed,) if typed is not None else ())))
        target = self.target(pattern)
        value = self.expression(default) if default is not None else None
        params.append(form.Param(target, value, annotation=typed))
        is_property = any(c.type in ("accessibility_modifier", "readonly") for c in node.children)
        if is_property and isinstance(target, form.Name):
            place = form.Attribute(form.Name("this"), target.id)
            properties.append(form.Assign(place, target, annotation=typed, line=line(node)))

    def method(self, node: "Node", decorators: tuple[form.Expr, ...] = ()) -> form.Function:
        """Return a method of a class or an object."""
        words = {child.type for child in node.children}
        kind = "function"
        if "get" in words:
            kind = "property"
        elif "static" in words or "static get" in words:
            kind = "static"
        name = member_name(node.child_by_field_name("name"))
        if name == "constructor":
            name = "__init__"
        elif "set" in words:
            name = f"set {name}"
        function = self.function(node, name=name, kind=kind, decorators=decorators)
        if function.name == name:
            return function
        return form.Function(
            name=name,
            params=function.params,
            body=function.body,
            line=function.line,
            kind=kind,
            decorators=decorators,
            receiver=function.receiver,
            is_async=function.is_async,
            is_generator=function.is_generator,
            returns=function.returns,
        )

    def _class(self, node: "Node") -> form.Expr:
        return form.ClassExpr(self.cls(node))

    def cls(self, node: "Node", decorators: tuple[form.Expr, ...] = ()) -> form.Class:
        """Return a class."""
        own = node.child_by_field_name("name")
        bases: list[form.Expr] = []
        for child in node.named_children:
            if child.type == "decorator":
                decorators = (*decorators, self._decorator(child))
            if child.type != "class_heritage":
                continue
            for part in child.named_children:
                if part.type == "extends_clause":
                    bases.append(self.expression(part.child_by_field_name("value")))
                elif part.type != "implements_clause" and part.type not in _TYPES_ONLY:
                    bases.append(self.expression(part))
        return form.Class(
            name=text(own) if own is not None else "",
            bases=tuple(bases),
            body=self._class_body(node.child_by_field_name("body")),
            line=line(node),
            decorators=decorators,
        )

    def _class_body(self, node: "Node | None") -> tuple[form.Stmt, ...]:
        body: list[form.Stmt] = []
        decorators: list[form.Expr] = []
        for child in node.named_children if node is not None else ():
            match child.type:
                case "decorator":
                    decorators.append(self._decorator(child))
                    continue
                case "method_definition":
                    body.append(form.FunctionDef(self.method(child, tuple(decorators))))
                case "field_definition" | "public_field_definition":
                    body.append(self._field(child))
                    inner = [c for c in child.named_children if c.type == "decorator"]
                    decorators.extend(self._decorator(c) for c in inner)
                    body.extend(form.ExprStmt(decorator) for decorator in decorators)
                case "class_static_block":
                    block = child.child_by_field_name("body")
                    if block is not None:
                        body.append(form.Block(self.statements(block)))
                case _:
                    pass
            decorators = []
        return tuple(body)

    def _field(self, node: "Node") -> form.Stmt:
        name = node.child_by_field_name("name") or node.child_by_field_name("property")
        value = node.child_by_field_name("value")
        return form.Assign(
            form.Name(member_name(name), line(node)),
            self.named(value, name) if value is not None else None,
            annotation=annotation(node.child_by_field_name("type")),
            declares=True,
            field=not any(child.type == "static" for child in node.children),
            line=line(node),
        )

    def _decorator(self, node: "Node") -> form.Expr:
        return self.expression(next(iter(node.named_children), None))

    # --- targets --------------------------------------------------------------------------------

    def target(self, node: "Node | None") -> form.Expr:
        """Return what an assignment, a parameter or a loop binds."""
        if node is None:
            return form.Opaque()
        match node.type:
            case "object_pattern" | "object":
                return form.DictExpr(tuple(self._entry(c) for c in node.named_children if c.type != "comment"))
            case "array_pattern" | "array":
                return form.ListExpr(self._elements(node))
            case "assignment_pattern" | "object_assignment_pattern" | "assignment_expression":
                return form.Default(
                    self.target(node.child_by_field_name("left")),
                    self.named(node.child_by_field_name("right"), None),
                )
            case "rest_pattern" | "spread_element":
                return form.Spread(self.target(next(iter(node.named_children), None)))
            case "shorthand_property_identifier_pattern" | "shorthand_property_identifier":
                return form.Name(text(node), line(node))
            case "identifier" | "undefined":
                return form.Name(text(node), line(node))
            case _:
                return self.expression(node)

    def _entry(self, node: "Node") -> tuple[form.Expr | None, form.Expr]:
        match node.type:
            case "pair_pattern" | "pair":
                return (
                    self.key(node.child_by_field_name("key")),
                    self.target(node.child_by_field_name("value")),
                )
            case "object_assignment_pattern":
                target = self.target(node)
                left = node.child_by_field_name("left")
                return form.Const(text(left) if left is not None else ""), target
            case "rest_pattern" | "spread_element":
                return None, self.target(next(iter(node.named_children), None))
            case _:
                return form.Const(text(node)), self.target(node)

    def _elements(self, node: "Node") -> tuple[form.Expr, ...]:
        items: list[form.Expr] = []
        hole = True
        for child in node.children:
            if child.type == ",":
                if hole:
                    items.append(form.Opaque())
                hole = True
            elif child.is_named and child.type != "comment":
                items.append(self.target(child))
                hole = False
        return tuple(items)


def _is_nothing(value: form.Expr) -> bool:
    return isinstance(value, form.Const) and value.value is None


def _is_environment(value: form.Expr) -> bool:
    return (
        isinstance(value, form.Attribute)
        and value.name == "env"
        and isinstance(value.value, form.Name)
        and value.value.id == "process"
    )


def line(node: "Node") -> int:
    """Return the 1-based line on which a node begins."""
    return node.start_point[0] + 1


def end_line(node: "Node") -> int:
    """Return the 1-based line on which a node ends."""
    return node.end_point[0] + 1


def member_name(node: "Node | None") -> str:
    """Return the name of a class member as code refers to it."""
    if node is None:
        return ""
    return string(node) if node.type == "string" else text(node)


def annotation(node: "Node | None") -> form.Expr | None:
    """Return the type of a parameter, field or result where it is a plain or generic name.

    `Promise<T>`, `T[]` and the like are not taken apart, except for a union with nothing.
    """
    if node is None:
        return None
    if node.type in ("type_annotation", "parenthesized_type"):
        return annotation(next(iter(node.named_children), None))
    if node.type in ("type_identifier", "identifier"):
        return form.Name(text(node), line(node))
    if node.type in ("nested_type_identifier", "nested_identifier"):
        parts = text(node).split(".")
        value: form.Expr = form.Name(parts[0].strip(), line(node))
        for part in parts[1:]:
            value = form.Attribute(value, part.strip(), line(node))
        return value
    if node.type == "generic_type":
        return annotation(node.child_by_field_name("name"))
    if node.type == "union_type":
        kept = [c for c in node.named_children if text(c) not in ("undefined", "null")]
        return annotation(kept[0]) if len(kept) == 1 else None
    return None


def export_name(node: "Node | None") -> str | None:
    """Return what a target such as `exports.x` or `module.exports` gives out, None for others."""
    if node is None:
        return None
    if node.type == "identifier":
        return None
    if node.type == "member_expression":
        value, name = node.child_by_field_name("object"), node.child_by_field_name("property")
        key = text(name) if name is not None else ""
    elif node.type == "subscript_expression":
        value, name = node.child_by_field_name("object"), node.child_by_field_name("index")
        if name is None or name.type != "string":
            return None
        key = string(name)
    else:
        return None
    if value is None:
        return None
    if value.type == "identifier":
        owner = text(value)
        if owner == "module" and key == "exports":
            return "="
        return key if owner == "exports" else None
    return key if export_name(value) == "=" else None


_FUNCTIONS = frozenset(("arrow_function", "function_expression", "function", "generator_function"))
_EXPRESSIONS: dict[str, Callable[[Expressions, "Node"], form.Expr]] = {
    "identifier": Expressions._name,
    "undefined": Expressions._name,
    "property_identifier": Expressions._name,
    "shorthand_property_identifier": Expressions._name,
    "this": lambda _, node: form.Name("this", line(node)),
    "super": lambda _self, _node: form.Super(),
    "null": lambda _self, _node: form.Const(None),
    "true": lambda _self, _node: form.Const(value=True),
    "false": lambda _self, _node: form.Const(value=False),
    "number": Expressions._number,
    "string": lambda _, node: form.Const(string(node)),
    "template_string": Expressions._template,
    "regex": lambda _self, _node: form.Opaque(detail="regex"),
    "member_expression": Expressions._member,
    "subscript_expression": Expressions._subscript,
    "call_expression": Expressions._call,
    "new_expression": Expressions._new,
    "spread_element": Expressions._spread,
    "binary_expression": Expressions._binary,
    "unary_expression": Expressions._unary,
    "update_expression": Expressions._update,
    "ternary_expression": Expressions._ternary,
    "sequence_expression": Expressions._sequence,
    "array": Expressions._array,
    "object": Expressions._object,
    "assignment_expression": Expressions._assign,
    "augmented_assignment_expression": Expressions._augmented,
    "await_expression": Expressions._await,
    "yield_expression": Expressions._yield,
    "type_assertion": Expressions._type_assertion,
    "arrow_function": Expressions._function,
    "function_expression": Expressions._function,
    "function": Expressions._function,
    "generator_function": Expressions._function,
    "class": Expressions._class,
    "object_pattern": lambda self, node: self.target(node),
    "array_pattern": lambda self, node: self.target(node),
}

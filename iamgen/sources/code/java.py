"""Java: tree-sitter's syntax tree lowered to the common form; classes found by package under the source roots.

A call without an object is one on `this`; a name that is a field of the class is a member of `this`; static methods
have the class as `this`. Constructors are `__init__`; methods of one name follow each other and are told
apart when called.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from iamgen.model.observation import Gap, GapReason, Location
from iamgen.plugins import Frontend, ImportRequest, ProjectFiles, SourceFile
from iamgen.sources import _treesitter
from iamgen.sources._program import form

if TYPE_CHECKING:
    from tree_sitter import Node

_CLASSES = ("class_declaration", "interface_declaration", "enum_declaration", "record_declaration")
_SOURCES = ("", "src/main/java", "src", "app/src/main/java")


def lower(file: SourceFile) -> form.Module | Gap:
    """Return the common form of a file, or a gap when it cannot be parsed."""
    parsed = _treesitter.parse("java", file.path, file.text)
    if isinstance(parsed, Gap):
        return parsed
    root = parsed.tree.root_node
    body: list[form.Stmt] = []
    package = ""
    for node in root.named_children:
        if node.type == "package_declaration":
            package = _text(node.named_children[-1])
        elif node.type == "import_declaration":
            body.append(_import(node))
        elif node.type in _CLASSES:
            body.append(form.ClassDef(_Class(node, None).lowered()))
    gaps: tuple[Gap, ...] = ()
    if parsed.error_line is not None:
        place = Location(file.path, parsed.error_line)
        gaps = (Gap(GapReason.SYNTAX_ERROR, "a part of the file", place, None),)
    return form.Module(file.path, "java", tuple(body), gaps, package)


def _text(node: "Node | None") -> str:
    return (node.text or b"").decode("utf-8", "replace") if node is not None else ""


def _line(node: "Node") -> int:
    return node.start_point[0] + 1


def _import(node: "Node") -> form.Stmt:
    name = next((_text(each) for each in node.named_children if each.type != "asterisk"), "")
    star = any(each.type == "asterisk" for each in node.named_children)
    if any(each.type == "static" for each in node.children):
        owner, _, member = name.rpartition(".")
        if star:
            return form.Import(name, star=True, line=_line(node))
        return form.Import(owner, names=((member, member),), line=_line(node))
    if star:
        return form.Import(name, star=True, line=_line(node))
    return form.Import(name, bind=name.rpartition(".")[2], line=_line(node))


class _Class:
    """One class; `outer` is the class around it."""

    def __init__(self, node: "Node", outer: "_Class | None") -> None:
        self.node = node
        self.outer = outer
        body = node.child_by_field_name("body") if node.type != "class_body" else node
        self.parts = list(body.named_children) if body is not None else []
        inner = [each for each in self.parts if each.type == "enum_body_declarations"]
        for each in inner:
            self.parts.extend(each.named_children)
        self.fields = {
            _text(declarator.child_by_field_name("name"))
            for part in self.parts
            if part.type == "field_declaration"
            for declarator in part.children_by_field_name("declarator")
        }
        self.locals: set[str] = set()
        if node.type == "record_declaration":
            for each in _parameters_of(node.child_by_field_name("parameters")):
                self.fields.add(_text(each.child_by_field_name("name")))

    def lowered(self) -> form.Class:
        """Return the class: methods first, since fields may call them."""
        methods: list[form.Stmt] = []
        others: list[form.Stmt] = []
        for part in self.parts:
            match part.type:
                case "method_declaration" | "constructor_declaration" | "compact_constructor_declaration":
                    methods.append(form.FunctionDef(self._method(part)))
                case "field_declaration":
                    others.extend(self._field(part))
                case "static_initializer" | "block":
                    block = part.named_children[0] if part.type == "static_initializer" else part
                    if part.type == "static_initializer":
                        others.extend(self.block(block))
                case "enum_constant":
                    name = _text(part.child_by_field_name("name"))
                    others.append(form.Assign(form.Name(name), form.Const(name)))
                case _ if part.type in _CLASSES:
                    methods.append(form.ClassDef(_Class(part, self).lowered()))
                case _:
                    pass
        if self.node.type == "record_declaration":
            methods.append(form.FunctionDef(self._record()))
        bases: list[form.Expr] = []
        for field in ("superclass", "interfaces"):
            found = self.node.child_by_field_name(field)
            if found is not None:
                bases.extend(self._types_in(found))
        return form.Class(
            _text(self.node.child_by_field_name("name")),
            tuple(bases),
            (*methods, *others),
            _line(self.node),
            tuple(self._annotations(self.node)),
        )

    def anonymous(self, base: form.Expr) -> form.Class:
        """Return the class of `new T() { … }`."""
        methods = [form.FunctionDef(self._method(part)) for part in self.parts if part.type == "method_declaration"]
        fields = [made for part in self.parts if part.type == "field_declaration" for made in self._field(part)]
        return form.Class("", (base,), (*methods, *fields), _line(self.node))

    def _types_in(self, node: "Node") -> Iterator[form.Expr]:
        for each in node.named_children:
            if each.type in ("type_list", "interface_type_list"):
                yield from self._types_in(each)
            else:
                made = self.type(each)
                if made is not None:
                    yield made

    def _annotations(self, node: "Node") -> Iterator[form.Expr]:
        modifiers = next((each for each in node.named_children if each.type == "modifiers"), None)
        for each in modifiers.named_children if modifiers is not None else ():
            if each.type not in ("annotation", "marker_annotation"):
                continue
            name = form.Name(_text(each.child_by_field_name("name")), _line(each))
            keywords: list[tuple[str | None, form.Expr]] = []
            arguments = each.child_by_field_name("arguments")
            for pair in arguments.named_children if arguments is not None else ():
                key = pair.child_by_field_name("key")
                value = pair.child_by_field_name("value")
                if pair.type == "element_value_pair" and value is not None:
                    keywords.append((_text(key), self.expression(value)))
                else:
                    keywords.append(("value", self.expression(pair)))
            yield form.Call(name, (), tuple(keywords), _line(each), _line(each))

    def _is_static(self, node: "Node") -> bool:
        modifiers = next((each for each in node.named_children if each.type == "modifiers"), None)
        return modifiers is not None and any(each.type == "static" for each in modifiers.children)

    def _field(self, node: "Node") -> Iterator[form.Stmt]:
        static = self._is_static(node)
        kind = self.type(node.child_by_field_name("type"))
        for declarator in node.children_by_field_name("declarator"):
            value = declarator.child_by_field_name("value")
            yield form.Assign(
                form.Name(_text(declarator.child_by_field_name("name"))),
                self.expression(value) if value is not None else None,
                kind,
                declares=True,
                field=not static,
                line=_line(declarator),
            )

    def _method(self, node: "Node") -> form.Function:
        constructor = node.type != "method_declaration"
        name = "__init__" if constructor else _text(node.child_by_field_name("name"))
        before = self.locals
        self.locals = set()
        parameters = self._parameters(node.child_by_field_name("parameters"))
        body = self.block(node.child_by_field_name("body"))
        self.locals = before
        return form.Function(
            name,
            parameters,
            body,
            _line(node),
            kind="class" if self._is_static(node) else "function",
            receiver="this",
        )

    def _record(self) -> form.Function:
        parameters = self._parameters(self.node.child_by_field_name("parameters"))
        body = tuple(
            form.Assign(form.Attribute(form.Name("this"), each.target.id), form.Name(each.target.id))
            for each in parameters
            if isinstance(each.target, form.Name)
        )
        return form.Function("__init__", parameters, body, _line(self.node), receiver="this")

    def _parameters(self, node: "Node | None") -> tuple[form.Param, ...]:
        found: list[form.Param] = []
        for each in _parameters_of(node):
            rest = each.type == "spread_parameter"
            name = _text(each.child_by_field_name("name"))
            if rest:
                name = _text(each.named_children[-1]).partition("[")[0]
            self.locals.add(name)
            kind = None if rest else self.type(each.child_by_field_name("type"))
            found.append(form.Param(form.Name(name), None, "rest" if rest else "positional", kind))
        return tuple(found)

    def type(self, node: "Node | None") -> form.Expr | None:
        """Return a type as an expression, None where it says nothing."""
        if node is None:
            return None
        match node.type:
            case "type_identifier":
                return form.Name(_text(node), _line(node))
            case "scoped_type_identifier":
                first, *rest = _text(node).split(".")
                made: form.Expr = form.Name(first, _line(node))
                for step in rest:
                    made = form.Attribute(made, step, _line(node))
                return made
            case "generic_type" | "annotated_type":
                return self.type(node.named_children[0]) if node.named_children else None
            case _:
                return None

    # -- statements --

    def block(self, node: "Node | None") -> tuple[form.Stmt, ...]:
        """Return the statements of a block, or the one statement that stands for one."""
        if node is None:
            return ()
        if node.type not in ("block", "constructor_body", "switch_block_statement_group"):
            return self.statement(node)
        return tuple(made for each in node.named_children for made in self.statement(each))

    def statement(self, node: "Node") -> tuple[form.Stmt, ...]:  # noqa: C901
        """Return a statement as statements of the common form."""
        match node.type:
            case "local_variable_declaration":
                return tuple(self._local(node))
            case "expression_statement":
                return self._expression_statement(node.named_children[0])
            case "if_statement":
                return (
                    form.If(
                        self._field_expression(node, "condition"),
                        self.block(node.child_by_field_name("consequence")),
                        self.block(node.child_by_field_name("alternative")),
                    ),
                )
            case "enhanced_for_statement":
                name = _text(node.child_by_field_name("name"))
                self.locals.add(name)
                return (
                    form.Loop(
                        self.block(node.child_by_field_name("body")),
                        target=form.Name(name),
                        iterable=self._field_expression(node, "value"),
                    ),
                )
            case "for_statement":
                before = tuple(
                    made
                    for each in node.children_by_field_name("init")
                    for made in (
                        self.statement(each)
                        if each.type == "local_variable_declaration"
                        else self._expression_statement(each)
                    )
                )
                after = tuple(
                    made for each in node.children_by_field_name("update") for made in self._expression_statement(each)
                )
                body = self.block(node.child_by_field_name("body"))
                test = form.Opaque((self._field_expression(node, "condition"),))
                return (*before, form.Loop((*body, *after), test=test))
            case "while_statement" | "do_statement":
                body = self.block(node.child_by_field_name("body"))
                return (form.Loop(body, test=form.Opaque((self._field_expression(node, "condition"),))),)
            case "return_statement" | "yield_statement":
                value = node.named_children[0] if node.named_children else None
                return (form.Return(self.expression(value) if value is not None else None),)
            case "throw_statement":
                return (form.Raise(self.expression(node.named_children[0])),)
            case "try_statement" | "try_with_resources_statement":
                return self._try(node)
            case "switch_expression" | "switch_statement":
                return self._switch(node)
            case "block" | "constructor_body":
                return self.block(node)
            case "synchronized_statement":
                return self.block(node.child_by_field_name("body"))
            case "labeled_statement":
                return self.statement(node.named_children[-1])
            case "break_statement" | "continue_statement":
                return (form.Jump(node.type.partition("_")[0]),)
            case "explicit_constructor_invocation":
                owner = _text(node.child_by_field_name("constructor"))
                receiver: form.Expr = form.Super() if owner == "super" else form.Name("this")
                function = form.Attribute(receiver, "__init__")
                return (form.ExprStmt(self._call(function, node)),)
            case _ if node.type in _CLASSES:
                return (form.ClassDef(_Class(node, self).lowered()),)
            case "line_comment" | "block_comment" | ";":
                return ()
            case _:
                return (form.ExprStmt(self._opaque(node)),)

    def _field_expression(self, node: "Node", field: str) -> form.Expr:
        found = node.child_by_field_name(field)
        return self.expression(found) if found is not None else form.Opaque()

    def _expression_statement(self, node: "Node") -> tuple[form.Stmt, ...]:
        if node.type == "assignment_expression":
            left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
            operator = _text(node.child_by_field_name("operator"))
            if left is not None and right is not None:
                target, value = self.expression(left), self.expression(right)
                if operator == "=":
                    return (form.Assign(target, value, line=_line(node)),)
                return (form.AugAssign(target, operator.rstrip("="), value),)
        if node.type == "switch_expression":
            return self._switch(node)
        return (form.ExprStmt(self.expression(node)),)

    def _local(self, node: "Node") -> Iterator[form.Stmt]:
        kind = self.type(node.child_by_field_name("type"))
        for declarator in node.children_by_field_name("declarator"):
            name = _text(declarator.child_by_field_name("name"))
            value = declarator.child_by_field_name("value")
            made = self.expression(value) if value is not None else None
            self.locals.add(name)
            yield form.Assign(form.Name(name), made, kind, declares=True, line=_line(declarator))

    def _try(self, node: "Node") -> tuple[form.Stmt, ...]:
        items: list[tuple[form.Expr, form.Expr | None]] = []
        resources = node.child_by_field_name("resources")
        for each in resources.named_children if resources is not None else ():
            name, value = each.child_by_field_name("name"), each.child_by_field_name("value")
            if value is not None:
                self.locals.add(_text(name))
                items.append((self.expression(value), form.Name(_text(name))))
        body = self.block(node.child_by_field_name("body"))
        if items:
            body = (form.With(tuple(items), body),)
        handlers: list[form.Handler] = []
        final: tuple[form.Stmt, ...] = ()
        for each in node.named_children:
            if each.type == "catch_clause":
                parameter = each.named_children[0]
                name_text = _text(parameter.child_by_field_name("name"))
                self.locals.add(name_text)
                handlers.append(form.Handler(self.block(each.child_by_field_name("body")), name_text or None))
            elif each.type == "finally_clause":
                final = self.block(each.named_children[-1])
        if not handlers and not final:
            return body
        return (form.Try(body, tuple(handlers), (), final),)

    def _switch(self, node: "Node") -> tuple[form.Stmt, ...]:
        subject = self._field_expression(node, "condition")
        body = node.child_by_field_name("body")
        chain: tuple[form.Stmt, ...] = ()
        groups = list(body.named_children) if body is not None else []
        rows: list[tuple[list[form.Expr], tuple[form.Stmt, ...]]] = []
        for group in groups:
            tests: list[form.Expr] = []
            default = False
            statements: list[form.Stmt] = []
            for each in group.named_children:
                if each.type == "switch_label":
                    default = default or not each.named_children
                    for value in each.named_children:
                        made = form.Const(_text(value)) if value.type == "identifier" else self.expression(value)
                        tests.append(form.Compare("==", subject, made))
                elif each.type.endswith(("statement", "declaration", "block")) or each.type in _CLASSES:
                    statements.extend(self.statement(each))
                else:
                    statements.append(form.ExprStmt(self.expression(each)))
            rows.append(([] if default else tests, tuple(statements)))
        for tests, done in sorted(rows, key=lambda row: bool(row[0])):
            if not tests:
                chain = done
                continue
            test = tests[0]
            for other in tests[1:]:
                test = form.Logical("or", test, other)
            chain = (form.If(test, done, chain),)
        return chain

    # -- expressions --

    def expression(self, node: "Node") -> form.Expr:  # noqa: C901
        """Return an expression of the common form."""
        match node.type:
            case "identifier" | "type_identifier":
                return self._name(node)
            case "scoped_type_identifier" | "generic_type":
                return self.type(node) or form.Opaque()
            case "this":
                return form.Name("this", _line(node))
            case "super":
                return form.Super()
            case "string_literal":
                return form.Const(_unquoted(_text(node)))
            case "decimal_integer_literal" | "hex_integer_literal":
                try:
                    return form.Const(int(_text(node).rstrip("lL").replace("_", ""), 0))
                except ValueError:
                    return form.Opaque()
            case "decimal_floating_point_literal" | "character_literal":
                return form.Const(_text(node).strip("'"))
            case "true" | "false":
                return form.Const(node.type == "true")
            case "null_literal":
                return form.Const(None)
            case "method_invocation":
                return self._invocation(node)
            case "object_creation_expression":
                return self._creation(node)
            case "field_access":
                owner = node.child_by_field_name("object")
                name = _text(node.child_by_field_name("field"))
                if owner is None:
                    return form.Opaque()
                return form.Attribute(self.expression(owner), name, _line(node))
            case "binary_expression":
                return self._binary(node)
            case "unary_expression":
                operand = self._field_expression(node, "operand")
                if _text(node.child_by_field_name("operator")) == "!":
                    return form.Not(operand)
                return form.Opaque((operand,))
            case "assignment_expression":
                return form.AssignExpr(self._field_expression(node, "left"), self._field_expression(node, "right"))
            case "ternary_expression":
                return form.Conditional(
                    self._field_expression(node, "condition"),
                    self._field_expression(node, "consequence"),
                    self._field_expression(node, "alternative"),
                )
            case "cast_expression":
                return self._field_expression(node, "value")
            case "parenthesized_expression":
                inner = [each for each in node.named_children if "comment" not in each.type]
                return self.expression(inner[0]) if inner else form.Opaque()
            case "lambda_expression":
                return self._lambda(node)
            case "method_reference":
                return self._reference(node)
            case "array_access":
                return form.Subscript(
                    self._field_expression(node, "array"),
                    self._field_expression(node, "index"),
                    _line(node),
                )
            case "array_initializer" | "element_value_array_initializer":
                return form.ListExpr(tuple(self.expression(each) for each in node.named_children))
            case "array_creation_expression":
                value = node.child_by_field_name("value")
                return self.expression(value) if value is not None else form.ListExpr(())
            case "instanceof_expression":
                return form.Opaque((self._field_expression(node, "left"),))
            case "class_literal":
                return self.type(node.named_children[0]) or form.Opaque()
            case "switch_expression":
                function = form.Function("", (), self._switch_value(node), _line(node))
                return form.Call(form.FunctionExpr(function), (), (), _line(node), _line(node))
            case _:
                return self._opaque(node)

    def _switch_value(self, node: "Node") -> tuple[form.Stmt, ...]:
        """A switch as a value: the expressions of its rules are what it returns."""

        def returned(body: tuple[form.Stmt, ...]) -> tuple[form.Stmt, ...]:
            made: list[form.Stmt] = []
            for each in body:
                if isinstance(each, form.ExprStmt):
                    made.append(form.Return(each.value))
                elif isinstance(each, form.If):
                    made.append(form.If(each.test, returned(each.then), returned(each.otherwise)))
                else:
                    made.append(each)
            return tuple(made)

        return returned(self._switch(node))

    def _opaque(self, node: "Node") -> form.Expr:
        children = [
            self.expression(each)
            for each in node.named_children
            if "comment" not in each.type and not each.type.endswith(("_type", "block", "body"))
        ]
        return form.Opaque(tuple(children), node.type)

    def _name(self, node: "Node") -> form.Expr:
        name = _text(node)
        if name in self.fields and name not in self.locals:
            return form.Attribute(form.Name("this", _line(node)), name, _line(node))
        return form.Name(name, _line(node))

    def _binary(self, node: "Node") -> form.Expr:
        left, right = self._field_expression(node, "left"), self._field_expression(node, "right")
        operator = _text(node.child_by_field_name("operator"))
        if operator in ("&&", "||"):
            return form.Logical("and" if operator == "&&" else "or", left, right)
        if operator in ("==", "!=", "<", "<=", ">", ">="):
            return form.Compare(operator, left, right)
        return form.Binary(operator, left, right)

    def _arguments(self, node: "Node") -> tuple[form.Expr, ...]:
        arguments = node.child_by_field_name("arguments")
        return tuple(
            self.expression(each)
            for each in (arguments.named_children if arguments is not None else ())
            if "comment" not in each.type
        )

    def _call(self, function: form.Expr, node: "Node", *, new: bool = False) -> form.Call:
        place = node.child_by_field_name("name") or node
        return form.Call(function, self._arguments(node), (), _line(place), node.end_point[0] + 1, new)

    def _invocation(self, node: "Node") -> form.Expr:
        owner = node.child_by_field_name("object")
        name_node = node.child_by_field_name("name")
        name = _text(name_node)
        line = _line(name_node) if name_node is not None else _line(node)
        if owner is None:
            return self._call(form.Attribute(form.Name("this", line), name, line), node)
        return self._call(form.Attribute(self.expression(owner), name, line), node)

    def _creation(self, node: "Node") -> form.Expr:
        kind = self.type(node.child_by_field_name("type"))
        body = next((each for each in node.named_children if each.type == "class_body"), None)
        if kind is None:
            return self._opaque(node)
        if body is not None:
            anonymous = _Class(body, self)
            return self._call(form.ClassExpr(anonymous.anonymous(kind)), node, new=True)
        return self._call(kind, node, new=True)

    def _lambda(self, node: "Node") -> form.Expr:
        parameters = node.child_by_field_name("parameters")
        names: list[str] = []
        if parameters is not None and parameters.type == "identifier":
            names = [_text(parameters)]
        elif parameters is not None:
            names = [_text(each.child_by_field_name("name") or each) for each in parameters.named_children]
        self.locals.update(names)
        body = node.child_by_field_name("body")
        if body is not None and body.type == "block":
            statements = self.block(body)
        else:
            statements = (form.Return(self.expression(body) if body is not None else None),)
        made = tuple(form.Param(form.Name(name)) for name in names)
        return form.FunctionExpr(form.Function("", made, statements, _line(node)))

    def _reference(self, node: "Node") -> form.Expr:
        owner, name = node.named_children[0], _text(node.children[-1])
        made = self.type(owner) or self.expression(owner)
        if name == "new":
            return made
        return form.Attribute(made, name, _line(node))


def _parameters_of(node: "Node | None") -> Iterator["Node"]:
    for each in node.named_children if node is not None else ():
        if each.type in ("formal_parameter", "spread_parameter"):
            yield each


def _unquoted(text: str) -> str:
    if text.startswith('"""'):
        return text[3:-3].strip("\n")
    return text[1:-1].replace('\\"', '"').replace("\\n", "\n").replace("\\t", "\t").replace("\\\\", "\\")


# --- classes and handlers ----------------------------------------------------------------------------------------


def resolve(request: ImportRequest, files: ProjectFiles) -> tuple[str, ...]:
    """Return the file of a class by its full name; a nested class is in the file of the one around it."""
    for root in _source_roots(request.importer, request.roots, files):
        parts = request.module.split(".")
        while parts:
            path = "/".join([*([root] if root else []), *parts]) + ".java"
            if files.is_file(path):
                return (path,)
            if not parts[-1][:1].isupper() or len(parts) < 2 or not parts[-2][:1].isupper():
                break
            parts.pop()
    return ()


def _source_roots(importer: str, roots: tuple[str, ...], files: ProjectFiles) -> Iterator[str]:
    for mark in ("src/main/java", "src"):
        before, found, _ = importer.partition(f"/{mark}/")
        if found:
            yield f"{before}/{mark}"
            break
        if importer.startswith(f"{mark}/"):
            yield mark
            break
    for root in roots:
        for source in _SOURCES:
            yield "/".join(part for part in (root, source) if part)
    for root in roots[:1]:
        above = root.rpartition("/")[0]
        for folder in dict.fromkeys((root, above)):
            for name in files.names(folder)[:200]:
                if name.endswith("/"):
                    path = "/".join(part for part in (folder, name[:-1], "src/main/java") if part)
                    if files.is_folder(path):
                        yield path


def entry(handler: str, roots: tuple[str, ...], files: ProjectFiles) -> tuple[tuple[str, str], ...]:
    """Return where a handler `package.Class::method` (or `package.Class`) is."""
    name, _, method = handler.partition("::")
    if not name or "/" in name or " " in name:
        return ()
    short = name.rpartition(".")[2]
    paths = resolve(ImportRequest(module=name, importer="", roots=roots), files)
    return tuple((path, f"{short}.{method}" if method else short) for path in paths)


PLUGIN = Frontend(
    name="java",
    suffixes=(".java",),
    runtimes=("java",),
    lower=lower,
    resolve=resolve,
    entry=entry,
)

"""Go: tree-sitter's syntax tree lowered to the common form; packages found through `go.mod`.

A struct is a class whose embedded types are its bases; a method is set on its class; `&x` and `*x` are `x`; several
results are a list. A package is all files of its folder; of several files with a `main`, each is a program.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from iamgen.model.observation import Gap, GapReason, Location
from iamgen.plugins import Frontend, ImportRequest, ProjectFiles, SourceFile
from iamgen.sources import _treesitter
from iamgen.sources._program import form

if TYPE_CHECKING:
    from tree_sitter import Node

_PLAIN = frozenset(
    [
        "string",
        "bool",
        "byte",
        "rune",
        "error",
        "any",
        "int",
        "int8",
        "int16",
        "int32",
        "int64",
        "uint",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "float32",
        "float64",
        "uintptr",
    ]
)
_FILLED = re.compile(r"(?:Unmarshal\w*|Decode|Scan\w*|Bind\w*|As)$")
"""Functions that fill what their last argument points to."""


def lower(file: SourceFile) -> form.Module | Gap:
    """Return the common form of a file, or a gap when it cannot be parsed."""
    parsed = _treesitter.parse("go", file.path, file.text)
    if isinstance(parsed, Gap):
        return parsed
    lowering = _Lowering()
    body = lowering.file(parsed.tree.root_node)
    gaps: tuple[Gap, ...] = ()
    if parsed.error_line is not None:
        place = Location(file.path, parsed.error_line)
        gaps = (Gap(GapReason.SYNTAX_ERROR, "a part of the file", place, None),)
    return form.Module(file.path, "go", body, gaps, lowering.package)


def _text(node: "Node | None") -> str:
    return (node.text or b"").decode("utf-8", "replace") if node is not None else ""


def _line(node: "Node") -> int:
    return node.start_point[0] + 1


class _Lowering:
    """One file."""

    def __init__(self) -> None:
        self.package = ""

    def file(self, root: "Node") -> tuple[form.Stmt, ...]:
        """Return imports, types, functions, methods, then variables and `init`, as Go makes them known."""
        early: list[form.Stmt] = []
        methods: list[form.Stmt] = []
        late: list[form.Stmt] = []
        starts: list[form.Stmt] = []
        for node in root.named_children:
            match node.type:
                case "package_clause":
                    self.package = _text(node.named_children[0]) if node.named_children else ""
                case "import_declaration":
                    early.extend(self._imports(node))
                case "type_declaration":
                    early.extend(self._types(node))
                case "function_declaration":
                    function = self._function(node)
                    if function.name == "init":
                        starts.append(form.ExprStmt(form.Call(form.FunctionExpr(function))))
                    else:
                        early.append(form.FunctionDef(function))
                case "method_declaration":
                    methods.extend(self._method(node))
                case _:
                    late.extend(self.statement(node))
        return (*early, *methods, *late, *starts)

    # -- declarations --

    def _imports(self, node: "Node") -> Iterator[form.Stmt]:
        for spec in _descend(node, "import_spec"):
            path = _text(spec.child_by_field_name("path")).strip('"`')
            alias = _text(spec.child_by_field_name("name"))
            line = _line(spec)
            if alias == ".":
                yield form.Import(path, star=True, line=line)
            elif alias == "_":
                yield form.Import(path, line=line)
            else:
                for name in (alias,) if alias else _package_names(path):
                    yield form.Import(path, bind=name, line=line)

    def _types(self, node: "Node") -> Iterator[form.Stmt]:
        for spec in node.named_children:
            if spec.type not in ("type_spec", "type_alias"):
                continue
            name = _text(spec.child_by_field_name("name"))
            kind = spec.child_by_field_name("type")
            if kind is None or kind.type == "interface_type":
                continue
            bases: list[form.Expr] = []
            if kind.type == "struct_type":
                for field in _descend(kind, "field_declaration"):
                    if field.child_by_field_name("name") is None:
                        base = self.type(field.child_by_field_name("type"))
                        if base is not None:
                            bases.append(base)
            yield form.ClassDef(form.Class(name, tuple(bases), (), _line(spec)))

    def _function(self, node: "Node") -> form.Function:
        body = node.child_by_field_name("body")
        return form.Function(
            _text(node.child_by_field_name("name")),
            self._parameters(node.child_by_field_name("parameters")),
            self.block(body),
            _line(node),
        )

    def _method(self, node: "Node") -> Iterator[form.Stmt]:
        receiver = node.child_by_field_name("receiver")
        parameter = next(_descend(receiver, "parameter_declaration"), None) if receiver else None
        if parameter is None:
            return
        cls = self.type(parameter.child_by_field_name("type"))
        own = _text(parameter.child_by_field_name("name"))
        plain = self._function(node)
        first = (form.Assign(form.Name(own), form.Name("this"), declares=True),) if own else ()
        function = form.Function(plain.name, plain.params, (*first, *plain.body), plain.line, receiver="this")
        if isinstance(cls, form.Name):
            yield form.Assign(form.Attribute(cls, plain.name), form.FunctionExpr(function), line=plain.line)

    def _parameters(self, node: "Node | None") -> tuple[form.Param, ...]:
        found: list[form.Param] = []
        for each in node.named_children if node is not None else ():
            kind = self.type(each.child_by_field_name("type"))
            names = each.children_by_field_name("name")
            rest = each.type == "variadic_parameter_declaration"
            if each.type not in ("parameter_declaration", "variadic_parameter_declaration"):
                continue
            for name in [_text(each_name) for each_name in names] or ["_"]:
                target = form.Name(name)
                found.append(form.Param(target, None, "rest" if rest else "positional", None if rest else kind))
        return tuple(found)

    def type(self, node: "Node | None") -> form.Expr | None:
        """Return a type as an expression, None where it says nothing."""
        if node is None:
            return None
        match node.type:
            case "type_identifier":
                name = _text(node)
                return None if name in _PLAIN else form.Name(name, _line(node))
            case "qualified_type":
                package = _text(node.child_by_field_name("package"))
                return form.Attribute(form.Name(package), _text(node.child_by_field_name("name")))
            case "pointer_type" | "parenthesized_type":
                return self.type(node.named_children[0]) if node.named_children else None
            case "generic_type":
                return self.type(node.child_by_field_name("type"))
            case _:
                return None

    # -- statements --

    def block(self, node: "Node | None") -> tuple[form.Stmt, ...]:
        """Return the statements of a block."""
        found: list[form.Stmt] = []
        for each in node.named_children if node is not None else ():
            if each.type == "statement_list":
                found.extend(self.block(each))
            else:
                found.extend(self.statement(each))
        return tuple(found)

    def statement(self, node: "Node") -> tuple[form.Stmt, ...]:  # noqa: C901
        """Return a statement as statements of the common form."""
        match node.type:
            case "expression_statement":
                return (form.ExprStmt(self.expression(node.named_children[0])),)
            case "short_var_declaration":
                return self._assignment(node, declares=True)
            case "assignment_statement":
                return self._assignment(node, declares=False)
            case "var_declaration" | "const_declaration":
                return tuple(
                    made
                    for spec in (*_descend(node, "var_spec"), *_descend(node, "const_spec"))
                    for made in self._variable(spec)
                )
            case "if_statement":
                return self._if(node)
            case "for_statement":
                return self._for(node)
            case "return_statement":
                values = [each for part in node.named_children for each in self._list(part)]
                if len(values) > 1:
                    return (form.Return(form.ListExpr(tuple(values))),)
                return (form.Return(values[0] if values else None),)
            case "go_statement" | "defer_statement":
                return (form.ExprStmt(self.expression(node.named_children[0])),)
            case "block":
                return self.block(node)
            case "expression_switch_statement" | "type_switch_statement" | "select_statement":
                return self._switch(node)
            case "labeled_statement":
                return tuple(
                    made for each in node.named_children if each.type != "label_name" for made in self.statement(each)
                )
            case "break_statement" | "continue_statement":
                return (form.Jump(node.type.partition("_")[0]),)
            case "type_declaration":
                return tuple(self._types(node))
            case "comment" | "empty_statement" | "goto_statement" | "fallthrough_statement":
                return ()
            case _:
                return (form.ExprStmt(self._opaque(node)),)

    def _list(self, node: "Node | None") -> list[form.Expr]:
        if node is None:
            return []
        if node.type == "expression_list":
            return [self.expression(each) for each in node.named_children]
        return [self.expression(node)]

    def _assignment(self, node: "Node", *, declares: bool) -> tuple[form.Stmt, ...]:
        targets = self._list(node.child_by_field_name("left"))
        values = self._list(node.child_by_field_name("right"))
        operator = _text(node.child_by_field_name("operator"))
        line = _line(node)
        if operator not in ("", "=", ":=") and targets and values:
            return (form.AugAssign(targets[0], operator.rstrip("="), values[0]),)
        if len(values) == 1:
            target = targets[0] if len(targets) == 1 else form.ListExpr(tuple(targets))
            return (form.Assign(target, values[0], declares=declares, line=line),)
        return tuple(
            form.Assign(target, value, declares=declares, line=line)
            for target, value in zip(targets, values, strict=False)
        )

    def _variable(self, spec: "Node") -> tuple[form.Stmt, ...]:
        names = [form.Name(_text(each)) for each in spec.children_by_field_name("name")]
        values = self._list(spec.child_by_field_name("value"))
        kind_node = spec.child_by_field_name("type")
        kind = self.type(kind_node)
        line = _line(spec)
        if not values:
            pointer = kind_node is not None and kind_node.type == "pointer_type"
            empty: form.Expr | None = None
            if kind is not None and not pointer:
                empty = form.Call(kind, (), (), line, line, new=True)
            elif kind_node is not None and kind_node.type == "map_type":
                empty = form.DictExpr(())
            elif kind_node is not None and kind_node.type in ("slice_type", "array_type"):
                empty = form.ListExpr(())
            return tuple(form.Assign(name, empty, kind, declares=True, line=line) for name in names)
        if len(values) == 1 and len(names) > 1:
            return (form.Assign(form.ListExpr(tuple(names)), values[0], declares=True, line=line),)
        return tuple(
            form.Assign(name, value, kind, declares=True, line=line) for name, value in zip(names, values, strict=False)
        )

    def _if(self, node: "Node") -> tuple[form.Stmt, ...]:
        first = node.child_by_field_name("initializer")
        before = self.statement(first) if first is not None else ()
        other = node.child_by_field_name("alternative")
        otherwise: tuple[form.Stmt, ...] = ()
        if other is not None:
            otherwise = self.block(other) if other.type == "block" else self.statement(other)
        test = node.child_by_field_name("condition")
        made = form.If(
            self.expression(test) if test is not None else form.Opaque(),
            self.block(node.child_by_field_name("consequence")),
            otherwise,
        )
        return (*before, made)

    def _for(self, node: "Node") -> tuple[form.Stmt, ...]:
        body = self.block(node.child_by_field_name("body"))
        clause = next((each for each in node.named_children if each.type != "block"), None)
        if clause is None:
            return (form.Loop(body),)
        if clause.type == "range_clause":
            right = clause.child_by_field_name("right")
            targets = self._list(clause.child_by_field_name("left"))
            target = form.ListExpr(tuple(targets)) if targets else None
            iterable = self.expression(right) if right is not None else form.Opaque()
            return (form.Loop(body, target=target, iterable=iterable, keys=True),)
        if clause.type == "for_clause":
            first = clause.child_by_field_name("initializer")
            test = clause.child_by_field_name("condition")
            update = clause.child_by_field_name("update")
            before = self.statement(first) if first is not None else ()
            after = self.statement(update) if update is not None else ()
            children = (self.expression(test),) if test is not None else ()
            return (*before, form.Loop((*body, *after), test=form.Opaque(children)))
        return (form.Loop(body, test=form.Opaque((self.expression(clause),))),)

    def _switch(self, node: "Node") -> tuple[form.Stmt, ...]:
        value = node.child_by_field_name("value")
        subject = self.expression(value) if value is not None else None
        first = node.child_by_field_name("initializer")
        before = self.statement(first) if first is not None else ()
        alias = node.child_by_field_name("alias")
        if alias is not None and subject is not None:
            for target in self._list(alias):
                before = (*before, form.Assign(target, subject, declares=True))
        chain: tuple[form.Stmt, ...] = ()
        cases = [each for each in node.named_children if each.type.endswith("_case")]
        for case in sorted(cases, key=lambda each: each.type == "default_case", reverse=True):
            tests = self._list(case.child_by_field_name("value"))
            skipped = {each.id for each in case.children_by_field_name("value")}
            skipped |= {each.id for each in case.children_by_field_name("type")}
            body: list[form.Stmt] = []
            for each in case.named_children:
                if each.id in skipped:
                    continue
                body += self.block(each) if each.type == "statement_list" else self.statement(each)
            if case.type == "default_case":
                chain = tuple(body)
                continue
            test: form.Expr = form.Opaque()
            if subject is not None and tests and case.type == "expression_case":
                compares = [form.Compare("==", subject, each) for each in tests]
                test = compares[0]
                for each_test in compares[1:]:
                    test = form.Logical("or", test, each_test)
            elif tests:
                test = form.Opaque(tuple(tests))
            chain = (form.If(test, tuple(body), chain),)
        return (*before, *chain)

    # -- expressions --

    def expression(self, node: "Node") -> form.Expr:  # noqa: C901
        """Return an expression of the common form."""
        match node.type:
            case "identifier" | "type_identifier" | "field_identifier" | "package_identifier":
                return form.Name(_text(node), _line(node))
            case "interpreted_string_literal":
                return form.Const(_unquoted(_text(node)))
            case "raw_string_literal":
                return form.Const(_text(node).strip("`"))
            case "int_literal" | "float_literal" | "rune_literal":
                return form.Const(_number(_text(node)))
            case "true" | "false":
                return form.Const(node.type == "true")
            case "nil":
                return form.Const(None)
            case "call_expression":
                return self._call(node)
            case "selector_expression":
                operand = node.child_by_field_name("operand")
                field = _text(node.child_by_field_name("field"))
                assert operand is not None  # noqa: S101  (the grammar)
                return form.Attribute(self.expression(operand), field, _line(node))
            case "index_expression":
                operand = node.child_by_field_name("operand")
                index = node.child_by_field_name("index")
                if operand is None or index is None:
                    return self._opaque(node)
                return form.Subscript(self.expression(operand), self.expression(index), _line(node))
            case "slice_expression":
                operand = node.child_by_field_name("operand")
                return self.expression(operand) if operand is not None else form.Opaque()
            case "unary_expression":
                operand = node.child_by_field_name("operand")
                if operand is None:
                    return form.Opaque()
                value = self.expression(operand)
                operator = _text(node.child_by_field_name("operator"))
                if operator == "!":
                    return form.Not(value)
                return value if operator in ("&", "*") else form.Opaque((value,))
            case "binary_expression":
                return self._binary(node)
            case "parenthesized_expression":
                return self.expression(node.named_children[0])
            case "composite_literal":
                return self._composite(node)
            case "func_literal":
                return form.FunctionExpr(self._function(node))
            case "type_assertion_expression" | "type_conversion_expression":
                operand = node.child_by_field_name("operand")
                return self.expression(operand) if operand is not None else form.Opaque()
            case "qualified_type" | "generic_type" | "pointer_type":
                return self.type(node) or form.Opaque()
            case "literal_element":
                return self.expression(node.named_children[0])
            case "literal_value":
                return self._value(node, None)
            case "variadic_argument":
                return form.Spread(self.expression(node.named_children[0]))
            case _:
                return self._opaque(node)

    def _opaque(self, node: "Node") -> form.Expr:
        return form.Opaque(
            tuple(
                self.expression(each)
                for each in node.named_children
                if each.type not in ("comment", "block", "statement_list") and not each.type.endswith("_type")
            ),
            node.type,
        )

    def _binary(self, node: "Node") -> form.Expr:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        if left is None or right is None:
            return self._opaque(node)
        operator = _text(node.child_by_field_name("operator"))
        one, two = self.expression(left), self.expression(right)
        if operator in ("&&", "||"):
            return form.Logical("and" if operator == "&&" else "or", one, two)
        if operator in ("==", "!=", "<", "<=", ">", ">="):
            return form.Compare(operator, one, two)
        return form.Binary(operator, one, two)

    def _call(self, node: "Node") -> form.Expr:
        function = node.child_by_field_name("function")
        arguments = node.child_by_field_name("arguments")
        if function is None or arguments is None:
            return self._opaque(node)
        name = _text(function)
        given = arguments.named_children
        if name in ("make", "new") and given:
            if name == "new":
                kind = self.type(given[0])
                if kind is None:
                    return form.Opaque()
                return form.Call(kind, (), (), _line(node), _line(node), new=True)
            return form.DictExpr(()) if given[0].type == "map_type" else form.ListExpr(())
        if name in _PLAIN and len(given) == 1:
            return self.expression(given[0])
        args = tuple(
            self.expression(each) for each in given if each.type != "comment" and not each.type.endswith("_type")
        )
        tail = arguments.children[-2] if len(arguments.children) > 2 else None
        if tail is not None and tail.type == "..." and args:
            args = (*args[:-1], form.Spread(args[-1]))
        call = form.Call(self.expression(function), args, (), _line(node), node.end_point[0] + 1)
        last = given[-1] if given else None
        if last is not None and last.type == "unary_expression" and _FILLED.search(name):
            target = args[-1]
            source: form.Expr = args[0] if len(args) > 1 else form.Opaque()
            if len(args) == 1 and isinstance(call.function, form.Attribute):
                source = call.function.value
            if isinstance(target, form.Name | form.Attribute) and len(args) <= 2:
                filled = form.AssignExpr(target, source)
                return form.Opaque((call, filled), "a result")
        return call

    def _composite(self, node: "Node") -> form.Expr:
        kind = node.child_by_field_name("type")
        body = node.child_by_field_name("body")
        if kind is None or body is None:
            return self._opaque(node)
        if kind.type in ("map_type", "slice_type", "array_type", "implicit_length_array_type"):
            return self._value(body, kind)
        if kind.type in ("type_identifier", "qualified_type", "generic_type"):
            keywords: list[tuple[str | None, form.Expr]] = []
            places: list[form.Expr] = []
            for key, value in self._elements(body):
                if key is None:
                    places.append(value)
                elif isinstance(key, form.Name):
                    keywords.append((key.id, value))
                else:
                    return form.DictExpr(tuple(self._elements(body)))
            made = self.type(kind)
            if made is not None:
                return form.Call(made, tuple(places), tuple(keywords), _line(node), node.end_point[0] + 1, new=True)
        return self._value(body, kind)

    def _value(self, node: "Node", kind: "Node | None") -> form.Expr:
        """Return the value of braces: a map, a list, or a struct whose type is left out."""
        elements = self._elements(node)
        if kind is not None and kind.type == "map_type":
            return form.DictExpr(tuple(elements))
        if elements and all(key is not None for key, _ in elements):
            return form.DictExpr(
                tuple((form.Const(key.id) if isinstance(key, form.Name) else key, value) for key, value in elements)
            )
        return form.ListExpr(tuple(value for _, value in elements))

    def _elements(self, node: "Node") -> list[tuple[form.Expr | None, form.Expr]]:
        found: list[tuple[form.Expr | None, form.Expr]] = []
        for each in node.named_children:
            if each.type == "keyed_element":
                parts = [part for part in each.named_children if part.type != "comment"]
                if len(parts) == 2:
                    found.append((self.expression(parts[0]), self.expression(parts[1])))
            elif each.type != "comment":
                found.append((None, self.expression(each)))
        return found


def _descend(node: "Node", kind: str) -> Iterator[Any]:
    """Yield the nodes of a kind, not looking inside them, in order."""
    for each in node.named_children:
        if each.type == kind:
            yield each
        elif each.type.endswith(("_list", "_type")):
            yield from _descend(each, kind)


def _unquoted(text: str) -> str:
    inner = text[1:-1]
    return inner.replace('\\"', '"').replace("\\n", "\n").replace("\\t", "\t").replace("\\\\", "\\")


def _number(text: str) -> int | float | str:
    try:
        return int(text.replace("_", ""), 0)
    except ValueError:
        try:
            return float(text)
        except ValueError:
            return text


def _package_names(path: str) -> tuple[str, ...]:
    """Return the names by which a package is likely known: the path does not say for certain."""
    parts = [part for part in path.split("/") if not re.fullmatch(r"v\d+", part)]
    last = re.sub(r"\.v\d+$", "", parts[-1]) if parts else path
    plain = re.sub(r"^go-|-go$|\.go$", "", last).replace("-", "_")
    return tuple(dict.fromkeys((last.replace("-", "_"), plain)))


# --- packages and programs ---------------------------------------------------------------------------------------


def resolve(request: ImportRequest, files: ProjectFiles) -> tuple[str, ...]:
    """Return the files of a package of the project; `.` is the package of the importer."""
    folder = request.importer.rpartition("/")[0]
    if request.module == ".":
        return _package(folder, files, request.importer)
    for above in _above(folder):
        found = files.read(f"{above}/go.mod" if above else "go.mod")
        if found is None:
            continue
        for prefix, place in _modules(found.decode("utf-8", "replace"), above):
            if request.module == prefix or request.module.startswith(f"{prefix}/"):
                rest = request.module.removeprefix(prefix).strip("/")
                target = "/".join(part for part in (place, rest) if part)
                if files.is_folder(target):
                    return _package(target, files, "")
    return ()


def _above(folder: str) -> Iterator[str]:
    yield folder
    while folder:
        folder = folder.rpartition("/")[0]
        yield folder


@lru_cache(maxsize=64)
def _modules(text: str, folder: str) -> tuple[tuple[str, str], ...]:
    """Return module paths and their folders as a `go.mod` states them, local replacements first."""
    found: list[tuple[str, str]] = []
    for name, target in re.findall(r"^\s*(?:replace\s+)?(\S+)(?:\s+v\S+)?\s*=>\s*(\.\S+)", text, re.MULTILINE):
        parts = folder.split("/") if folder else []
        for step in target.split("/"):
            if step == "..":
                parts = parts[:-1]
            elif step not in (".", ""):
                parts.append(step)
        found.append((name, "/".join(parts)))
    own = re.search(r"^\s*module\s+(\S+)", text, re.MULTILINE)
    if own:
        found.append((own.group(1).strip('"'), folder))
    return tuple(found)


def _package(folder: str, files: ProjectFiles, importer: str) -> tuple[str, ...]:
    """Return the files of a folder, those that are programs of their own besides the importer left out."""
    found: list[str] = []
    for name in files.names(folder):
        if not name.endswith(".go") or name.endswith("_test.go"):
            continue
        path = f"{folder}/{name}" if folder else name
        if path == importer or not _has_main(path, files):
            found.append(path)
    return tuple(sorted(found, key=lambda path: path != importer))


def _has_main(path: str, files: ProjectFiles) -> bool:
    return b"\nfunc main(" in (files.read(path) or b"")


def entry(handler: str, roots: tuple[str, ...], files: ProjectFiles) -> tuple[tuple[str, str], ...]:
    """Return the programs that a function can be, best first: Go's handler is only the name of the binary."""
    wanted = handler.rpartition("/")[2]
    found: list[tuple[int, str]] = []
    todo = [(root, 0) for root in roots]
    seen: set[str] = set()
    while todo and len(seen) < 300:
        folder, depth = todo.pop(0)
        if folder in seen:
            continue
        seen.add(folder)
        for name in files.names(folder):
            path = f"{folder}/{name}" if folder else name
            if name.endswith("/"):
                if depth < 4 and not name.startswith((".", "node_modules", "vendor", "cdk.out")):
                    todo.append((path[:-1], depth + 1))
            elif name.endswith(".go") and not name.endswith("_test.go") and _has_main(path, files):
                if b"lambda" not in (files.read(path) or b""):
                    continue
                own = wanted in (name[:-3], folder.rpartition("/")[2])
                found.append(((0 if own else 1) * 100 + depth, path))
    found.sort()
    return tuple((path, "main") for _, path in found)


PLUGIN = Frontend(
    name="go",
    suffixes=(".go",),
    runtimes=("go", "provided"),
    lower=lower,
    resolve=resolve,
    entry=entry,
)

"""Walks through a CDK application in the common form and notes what it constructs.

What enters are files of the project, lowered by the front ends; what leaves is the list of `Thing`s
in the order in which they are made, with the methods called on them. Nothing of the project is run:
a call of its own functions is walked, a call of a library becomes a `Thing`. Branches that nobody
can decide are both walked. Steps and depth are bounded.
"""

import posixpath
from collections.abc import Callable
from typing import Any

from iamgen.model.observation import Gap
from iamgen.model.value import Literal, Part, Text, Unresolved
from iamgen.plugins import Frontend, ImportRequest, ProjectFiles, SourceFile
from iamgen.sources._cdk_source import libraries
from iamgen.sources._cdk_source.operations import binary, compare, method_of_value
from iamgen.sources._cdk_source.things import (
    UNSEEN,
    ClassValue,
    Closure,
    External,
    Instance,
    Member,
    MethodCall,
    ModuleValue,
    Scope,
    Thing,
    Unseen,
)
from iamgen.sources._program import form

_MAX_STEPS = 400_000
_MAX_DEPTH = 48
_MAX_ITEMS = 100
_RECEIVERS = ("this", "self")


class Stopped(Exception):  # noqa: N818
    """The walk took more steps than allowed."""


class Machine:
    """One application."""

    def __init__(
        self,
        files: ProjectFiles,
        frontends: tuple[Frontend, ...],
        roots: tuple[str, ...],
        context: dict[str, Any],
    ) -> None:
        self.files = files
        self.frontends = frontends
        self.roots = roots
        self.context = context
        self.things: list[Thing] = []
        self.classes: list[ClassValue] = []
        self.gaps: list[Gap] = []
        self.modules: dict[str, ModuleValue] = {}
        self.steps = 0
        self.depth = 0
        self._handlers: dict[type, Callable[[Any, Scope], Any]] = {
            form.Const: self._const,
            form.Name: self._name,
            form.Attribute: self._attribute,
            form.Subscript: self._subscript,
            form.Call: self._call,
            form.Template: self._template,
            form.Binary: self._binary,
            form.Compare: self._compare,
            form.Logical: self._logical,
            form.Not: self._not,
            form.Conditional: self._conditional,
            form.ListExpr: self._list,
            form.DictExpr: self._dict,
            form.Comprehension: self._comprehension,
            form.FunctionExpr: self._function,
            form.ClassExpr: self._class_expression,
            form.Await: lambda node, scope: self.evaluate(node.value, scope),
            form.AssignExpr: self._assign_expression,
            form.ImportExpr: lambda node, scope: self._import(node.module or "", 0, scope),
            form.Opaque: self._opaque,
        }
        self._statements: dict[type, Callable[[Any, Scope], Any]] = {
            form.ExprStmt: self._expression_statement,
            form.Assign: self._assign,
            form.AugAssign: self._augmented,
            form.If: self._if,
            form.Loop: self._loop,
            form.Try: self._try,
            form.With: self._with,
            form.Block: lambda node, scope: self.run(node.body, scope),
            form.Return: self._return,
            form.FunctionDef: self._function_def,
            form.ClassDef: self._class_def,
            form.Import: self._import_statement,
            form.Export: self._export,
            form.ExportFrom: self._export_from,
        }

    # -- modules --

    def module(self, path: str) -> ModuleValue | None:
        """Return a file of the project after running it once, None when it cannot be read."""
        known = self.modules.get(path)
        if known is not None:
            return known
        frontend = next((f for f in self.frontends if path.endswith(f.suffixes)), None)
        data = self.files.read(path)
        if frontend is None or data is None:
            return None
        lowered = frontend.lower(SourceFile(path=path, text=data))
        if not isinstance(lowered, form.Module):
            if isinstance(lowered, Gap):
                self.gaps.append(lowered)
            return None
        found = self.modules[path] = ModuleValue(path, lowered.language)
        found.scope = Scope({}, None, found)
        folder = posixpath.dirname(path)
        found.scope.names["__dirname"] = Text.of(libraries.ROOT_MARK + folder)
        found.scope.names["__filename"] = Text.of(libraries.ROOT_MARK + path)
        found.scope.names["__file__"] = Text.of(libraries.ROOT_MARK + path)
        if lowered.language == "python":
            found.exports = found.scope.names
            found.scope.names["__name__"] = Text.of("__main__")
        self.run(lowered.body, found.scope)
        return found

    def _import(self, module: str, level: int, scope: Scope) -> Any:
        own = scope.module
        frontend = next((f for f in self.frontends if f.name == own.language), None)
        if frontend is not None and frontend.resolve is not None and module + "." * level:
            request = ImportRequest(module=module, importer=own.path, roots=self.roots, level=level)
            for path in frontend.resolve(request, self.files):
                if path.endswith("/") or "node_modules/" in path:
                    continue
                found = self.module(path)
                if found is not None:
                    return found
        return libraries.library(module)

    def _import_statement(self, node: form.Import, scope: Scope) -> None:
        owner = self._import(node.module, node.level, scope)
        if node.bind is not None:
            scope.names[node.bind] = owner
            if node.top and isinstance(owner, External):
                scope.names[node.bind] = libraries.library(node.module.partition(".")[0])
        for name, local in node.names:
            scope.names[local] = self._imported(owner, name, node, scope)
        if node.star and isinstance(owner, ModuleValue):
            scope.names.update(owner.exports)

    def _imported(self, owner: Any, name: str, node: form.Import, scope: Scope) -> Any:
        if isinstance(owner, ModuleValue):
            if name in owner.exports:
                return owner.exports[name]
            if owner.language == "python":
                dotted = f"{node.module}.{name}" if node.module else name
                inner = self._import(dotted, node.level, scope)
                return inner if isinstance(inner, ModuleValue) else UNSEEN
            return owner.exports.get("=", UNSEEN) if name == "default" else UNSEEN
        if isinstance(owner, External):
            if scope.module.language == "python" and owner.path.startswith("library:"):
                inner = self._import(f"{node.module}.{name}".strip("."), node.level, scope)
                if isinstance(inner, ModuleValue):
                    return inner
            return owner if name == "default" else libraries.member(owner, name)
        return UNSEEN

    def _export(self, node: form.Export, scope: Scope) -> None:
        scope.module.exports[node.name] = self.evaluate(node.value, scope)

    def _export_from(self, node: form.ExportFrom, scope: Scope) -> None:
        owner = self._import(node.module, 0, scope)
        if isinstance(owner, ModuleValue):
            if node.star and node.bind is None:
                scope.module.exports.update(owner.exports)
            if node.bind is not None:
                scope.module.exports[node.bind] = owner
            for name, own in node.names:
                scope.module.exports[own] = owner.exports.get(name, UNSEEN)

    # -- statements --

    def run(self, body: tuple[form.Stmt, ...], scope: Scope) -> Any:
        """Walk statements; return what a `return` gives, None where there was none."""
        returned: Any = None
        for statement in body:
            handler = self._statements.get(type(statement))
            if handler is None:
                continue
            self._step()
            found = handler(statement, scope)
            if isinstance(statement, form.Return):
                return returned if returned is not None and found is UNSEEN else found
            if found is not None and isinstance(statement, form.If | form.Block | form.Loop | form.Try | form.With):
                sure = isinstance(found, _Sure)
                value = found.value if isinstance(found, _Sure) else found
                if sure:
                    return value
                returned = value if returned is None or returned is UNSEEN else returned
        return returned

    def _step(self) -> None:
        self.steps += 1
        if self.steps > _MAX_STEPS:
            raise Stopped

    def _expression_statement(self, node: form.ExprStmt, scope: Scope) -> None:
        self.evaluate(node.value, scope)

    def _return(self, node: form.Return, scope: Scope) -> Any:
        return UNSEEN if node.value is None else self.evaluate(node.value, scope)

    def _assign(self, node: form.Assign, scope: Scope) -> None:
        if node.value is None:
            if isinstance(node.target, form.Name) and node.declares:
                scope.names.setdefault(node.target.id, UNSEEN)
            return
        self.bind(node.target, self.evaluate(node.value, scope), scope, declares=node.declares)

    def _augmented(self, node: form.AugAssign, scope: Scope) -> None:
        left, right = self.evaluate(node.target, scope), self.evaluate(node.value, scope)
        if node.op == "or":
            value = right if libraries.is_unseen(left) else left
        elif isinstance(left, list) and isinstance(right, list):
            left.extend(right)
            return
        else:
            value = binary(node.op.rstrip("="), left, right)
        self.bind(node.target, value, scope)

    def _if(self, node: form.If, scope: Scope) -> Any:
        test = truth(self.evaluate(node.test, scope))
        if test is not None:
            found = self.run(node.then if test else node.otherwise, scope)
            return None if found is None else _Sure(found)
        before = dict(scope.names)
        then = self.run(node.then, scope)
        after = dict(scope.names)
        otherwise = self.run(node.otherwise, scope)
        for name, value in after.items():
            unseen = libraries.is_unseen(scope.names.get(name))
            if unseen or (scope.names.get(name) is before.get(name) and value is not None):
                scope.names[name] = value if not libraries.is_unseen(value) else scope.names[name]
        return otherwise if then is None or libraries.is_unseen(then) else then

    def _loop(self, node: form.Loop, scope: Scope) -> Any:
        if node.iterable is None:
            return self.run(node.body, scope)
        iterable = self.evaluate(node.iterable, scope)
        items: list[Any] = [UNSEEN]
        if isinstance(iterable, list):
            items = iterable[:_MAX_ITEMS]
        elif isinstance(iterable, dict):
            items = [Text.of(key) for key in list(iterable)[:_MAX_ITEMS]]
        returned = None
        for item in items:
            if node.target is not None:
                self.bind(node.target, item, scope, declares=True)
            found = self.run(node.body, scope)
            returned = found if returned is None else returned
        return returned

    def _try(self, node: form.Try, scope: Scope) -> Any:
        found = self.run(node.body, scope)
        for handler in node.handlers:
            self.run(handler.body, scope)
        later = self.run(node.otherwise, scope)
        final = self.run(node.final, scope)
        return next((value for value in (found, later, final) if value is not None), None)

    def _with(self, node: form.With, scope: Scope) -> Any:
        for expression, target in node.items:
            value = self.evaluate(expression, scope)
            if target is not None:
                self.bind(target, value, scope)
        return self.run(node.body, scope)

    def _function_def(self, node: form.FunctionDef, scope: Scope) -> None:
        scope.names[node.function.name] = Closure(node.function, scope, scope.this)

    def _class_def(self, node: form.ClassDef, scope: Scope) -> None:
        scope.names[node.cls.name] = self._make_class(node.cls, scope)

    def _make_class(self, cls: form.Class, scope: Scope) -> ClassValue:
        bases = tuple(self.evaluate(base, scope) for base in cls.bases)
        found = ClassValue(cls, scope, bases)
        self.classes.append(found)
        inner = Scope(found.fields, scope, scope.module)
        for statement in cls.body:
            if isinstance(statement, form.Assign) and not statement.field:
                self._assign(statement, inner)
            elif isinstance(statement, form.FunctionDef) and statement.function.kind == "static":
                function = statement.function
                found.fields[function.name] = Closure(function, scope, found, found)
        return found

    # -- binding --

    def bind(self, target: form.Expr, value: Any, scope: Scope, *, declares: bool = False) -> None:
        """Bind a value to a target."""
        match target:
            case form.Name(id="__dirname" | "__filename") if libraries.is_unseen(value):
                return
            case form.Name(id=name):
                holder = scope if declares or scope.module.language == "python" else None
                holder = holder or scope.find(name) or scope
                if holder.find(name) is not None and not declares and name not in scope.names:
                    holder = scope if scope.module.language == "python" else holder
                holder.names[name] = value
                _named(value, name)
            case form.Attribute():
                owner = self.evaluate(target.value, scope)
                if isinstance(owner, Instance):
                    owner.fields[target.name] = value
                    _named(value, target.name)
                elif isinstance(owner, dict):
                    owner[target.name] = value
                elif isinstance(owner, Thing):
                    owner.props[libraries.camel(target.name)] = value
            case form.Subscript():
                owner, key = self.evaluate(target.value, scope), self.evaluate(target.index, scope)
                if isinstance(owner, dict) and isinstance(key, Text) and key.literal is not None:
                    owner[key.literal] = value
            case form.Default():
                fallback = self.evaluate(target.value, scope)
                chosen = fallback if libraries.is_unseen(value) else value
                self.bind(target.target, chosen, scope, declares=declares)
            case form.ListExpr():
                for index, item in enumerate(target.items):
                    known = isinstance(value, list) and index < len(value)
                    self.bind(item, value[index] if known else UNSEEN, scope, declares=declares)
            case form.DictExpr():
                for key_node, item in target.entries:
                    key = None if key_node is None else self.evaluate(key_node, scope)
                    word = key.literal if isinstance(key, Text) else None
                    part = value if word is None else self.member(value, word, scope)
                    self.bind(item, part, scope, declares=declares)
            case _:
                return

    # -- expressions --

    def evaluate(self, node: form.Expr, scope: Scope) -> Any:
        """Return the value of an expression."""
        self._step()
        handler = self._handlers.get(type(node))
        if handler is None or self.depth > _MAX_DEPTH:
            return UNSEEN
        self.depth += 1
        try:
            return handler(node, scope)
        finally:
            self.depth -= 1

    def _const(self, node: form.Const, scope: Scope) -> Any:
        del scope
        if isinstance(node.value, bool) or node.value is None:
            return node.value
        if isinstance(node.value, bytes):
            return UNSEEN
        return Text.of(str(node.value))

    def _name(self, node: form.Name, scope: Scope) -> Any:
        if node.id == "this" and scope.this is not None:
            return scope.this
        found = scope.find(node.id)
        if found is not None:
            return found.names[node.id]
        if node.id in (
            "process",
            "Object",
            "JSON",
            "String",
            "str",
            "Math",
            "Array",
            "exports",
            "open",
        ):
            return External("process" if node.id == "process" else f"builtin.{node.id}")
        return Unseen(node.id)

    def _attribute(self, node: form.Attribute, scope: Scope) -> Any:
        if isinstance(node.value, form.Super):
            return self._super(node.name, scope)
        return self.member(self.evaluate(node.value, scope), node.name, scope)

    def _super(self, name: str, scope: Scope) -> Any:
        this = scope.this
        own = scope.find("__class__")
        cls = own.names["__class__"] if own is not None else None
        if not isinstance(this, Instance) or not isinstance(cls, ClassValue):
            return UNSEEN
        for base in cls.bases:
            found = base.method(name) if isinstance(base, ClassValue) else None
            if found is not None:
                return Closure(found[0], found[1].scope, this, found[1])
        return External("builtin.super")

    def member(self, owner: Any, name: str, scope: Scope) -> Any:
        """Return a member of a value by name."""
        match owner:
            case Instance():
                return self._of_instance(owner, name)
            case ClassValue():
                found = owner.method(name)
                if name in owner.fields:
                    return owner.fields[name]
                return UNSEEN if found is None else Closure(found[0], found[1].scope, owner, found[1])
            case ModuleValue():
                if name in owner.exports:
                    return owner.exports[name]
                inner = self._import(name, 1, Scope({}, None, owner))
                return inner if isinstance(inner, ModuleValue) else UNSEEN
            case External():
                word = name if scope.module.language != "python" else libraries.camel(name)
                if owner.path in ("os", "process") and name in ("environ", "env"):
                    return External("environment")
                if owner.path == "environment" and name == "get":
                    return External("environment.get")
                if owner.path.startswith("environment"):
                    return Unseen(f"environment variable {name}")
                if owner.path in ("os", "path"):
                    word = name
                return libraries.member(owner, word if owner.path != "cdk" else name)
            case Thing() | Member():
                return self._of_thing(owner, name, scope)
            case dict():
                return owner.get(name, UNSEEN if name not in _DICT_METHODS else Unseen(name))
            case Text() if name == "parent":
                return libraries.parent(owner)
            case _:
                return UNSEEN

    def _of_thing(self, owner: Thing | Member, name: str, scope: Scope) -> Any:
        word = libraries.camel(name) if scope.module.language == "python" else name
        if isinstance(owner, Member):
            return Member(owner.thing, f"{owner.name}.{word}")
        known = owner.props.get(f"={word}")
        if known is not None:
            return known
        if owner.path in ("cdk.Stack.of", "cdk.Stack", "cdk.App", "cdk.ScopedAws"):
            return libraries.pseudo(word) or Member(owner, word)
        return Member(owner, word)

    def _of_instance(self, owner: Instance, name: str) -> Any:
        if name in owner.fields:
            return owner.fields[name]
        found = owner.cls.method(name)
        if found is not None:
            function, cls = found
            closure = Closure(function, cls.scope, owner, cls)
            if function.kind == "property":
                return self.call(closure, (), {}, cls.scope.module.path, function.line)
            return closure
        at: ClassValue | None = owner.cls
        while at is not None:
            if name in at.fields:
                return at.fields[name]
            at = next((base for base in at.bases if isinstance(base, ClassValue)), None)
        known = libraries.pseudo(libraries.camel(name))
        if known is not None:
            return known
        if name in ("node", "formatArn", "format_arn"):
            return External(f"construct.{name}")
        return UNSEEN

    def _subscript(self, node: form.Subscript, scope: Scope) -> Any:
        owner, key = self.evaluate(node.value, scope), self.evaluate(node.index, scope)
        word = key.literal if isinstance(key, Text) else None
        if isinstance(owner, list) and word is not None and word.lstrip("-").isdigit():
            return owner[int(word)] if -len(owner) <= int(word) < len(owner) else UNSEEN
        if isinstance(owner, External) and owner.path.startswith("environment"):
            return Unseen(f"environment variable {word or ''}")
        if isinstance(owner, dict):
            return owner.get(word, UNSEEN) if word is not None else UNSEEN
        return UNSEEN if word is None else self.member(owner, word, scope)

    def _template(self, node: form.Template, scope: Scope) -> Any:
        parts: list[Part] = []
        for piece in node.parts:
            parts.extend(self.parts(self.evaluate(piece, scope)))
        return libraries.joined(parts)

    def parts(self, value: Any) -> tuple[Part, ...]:
        """Return a value as parts of a text; set by the reader, who knows references."""
        if isinstance(value, Text):
            return value.parts
        if isinstance(value, bool):
            return (Literal(str(value).lower()),)
        text = self.as_text(value)
        return (Unresolved(libraries.describe(value)),) if text is None else text.parts

    as_text: Callable[[Any], Text | None] = staticmethod(lambda _: None)
    """How a thing reads as a text (a token of its name or ARN); the reader sets it."""

    def _binary(self, node: form.Binary, scope: Scope) -> Any:
        left, right = self.evaluate(node.left, scope), self.evaluate(node.right, scope)
        if node.op == "+" and not isinstance(left, list):
            if isinstance(left, Text | Member | Thing) or isinstance(right, Text | Member | Thing):
                return libraries.joined([*self.parts(left), *self.parts(right)])
            return UNSEEN
        return binary(node.op, left, right)

    def _compare(self, node: form.Compare, scope: Scope) -> Any:
        return compare(node.op, self.evaluate(node.left, scope), self.evaluate(node.right, scope))

    def _logical(self, node: form.Logical, scope: Scope) -> Any:
        left = self.evaluate(node.left, scope)
        if node.op == "and":
            known = truth(left)
            return left if known is False else self.evaluate(node.right, scope)
        if libraries.is_unseen(left) or truth(left) is False:
            return self.evaluate(node.right, scope)
        return left

    def _not(self, node: form.Not, scope: Scope) -> Any:
        known = truth(self.evaluate(node.value, scope))
        return UNSEEN if known is None else not known

    def _conditional(self, node: form.Conditional, scope: Scope) -> Any:
        known = truth(self.evaluate(node.test, scope))
        if known is None:
            then = self.evaluate(node.then, scope)
            otherwise = self.evaluate(node.otherwise, scope)
            return otherwise if libraries.is_unseen(then) else then
        return self.evaluate(node.then if known else node.otherwise, scope)

    def _list(self, node: form.ListExpr, scope: Scope) -> Any:
        found: list[Any] = []
        for item in node.items:
            if isinstance(item, form.Spread):
                value = self.evaluate(item.value, scope)
                found.extend(value if isinstance(value, list) else [])
            else:
                found.append(self.evaluate(item, scope))
        return found

    def _dict(self, node: form.DictExpr, scope: Scope) -> Any:
        found: dict[str, Any] = {}
        for key_node, item in node.entries:
            value = self.evaluate(item, scope)
            if key_node is None:
                if isinstance(value, dict):
                    found.update(value)
                continue
            key = self.evaluate(key_node, scope)
            if isinstance(key, Text) and key.literal is not None:
                found[key.literal] = value
        return found

    def _comprehension(self, node: form.Comprehension, scope: Scope) -> Any:
        inner = Scope({}, scope, scope.module, scope.this)
        clause = node.clauses[0]
        iterable = self.evaluate(clause.iterable, inner)
        items = iterable if isinstance(iterable, list) else [UNSEEN]
        listed: list[Any] = []
        mapped: dict[str, Any] = {}
        for item in items[:_MAX_ITEMS]:
            self.bind(clause.target, item, inner, declares=True)
            value = self.evaluate(node.element, inner)
            if node.key is None:
                listed.append(value)
            else:
                key = self.evaluate(node.key, inner)
                if isinstance(key, Text) and key.literal is not None:
                    mapped[key.literal] = value
        return listed if node.key is None else mapped

    def _function(self, node: form.FunctionExpr, scope: Scope) -> Any:
        return Closure(node.function, scope, scope.this)

    def _class_expression(self, node: form.ClassExpr, scope: Scope) -> Any:
        return self._make_class(node.cls, scope)

    def _assign_expression(self, node: form.AssignExpr, scope: Scope) -> Any:
        value = self.evaluate(node.value, scope)
        self.bind(node.target, value, scope)
        return value

    def _opaque(self, node: form.Opaque, scope: Scope) -> Any:
        for child in node.children:
            self.evaluate(child, scope)
        return UNSEEN

    # -- calls --

    def _call(self, node: form.Call, scope: Scope) -> Any:
        function = node.function
        args: list[Any] = []
        for item in node.args:
            if isinstance(item, form.Spread):
                value = self.evaluate(item.value, scope)
                args.extend(value if isinstance(value, list) else [])
            else:
                args.append(self.evaluate(item, scope))
        props: dict[str, Any] = {}
        for name, item in node.keywords:
            value = self.evaluate(item, scope)
            if name is not None:
                props[name] = value
            elif isinstance(value, dict):
                props.update(value)
        if isinstance(function, form.Attribute) and not isinstance(function.value, form.Super):
            owner = self.evaluate(function.value, scope)
            if isinstance(owner, list | dict | Text):
                own = owner.get(function.name) if isinstance(owner, dict) else None
                if own is None:
                    each = self._each(args)
                    return method_of_value(owner, function.name, args, each)
            callee = self.member(owner, function.name, scope)
        else:
            callee = self.evaluate(function, scope)
        path = scope.module.path
        found = self.call(callee, tuple(args), props, path, node.line, scope)
        if isinstance(found, Thing):
            found.end_line = found.end_line or node.end_line
        return found

    def _each(self, args: list[Any]) -> Callable[[Any], Any] | None:
        function = args[0] if args else None
        if not isinstance(function, Closure):
            return None
        path = function.scope.module.path
        return lambda item: self.call(function, (item,), {}, path, function.function.line)

    def call(
        self,
        callee: Any,
        args: tuple[Any, ...],
        props: dict[str, Any],
        file: str,
        line: int,
        scope: Scope | None = None,
    ) -> Any:
        """Return what a call gives."""
        match callee:
            case Closure():
                return self._call_closure(callee, args, props)
            case ClassValue():
                return self._instantiate(callee, args, props)
            case External():
                return self._call_external(callee, args, props, file, line, scope)
            case Member() if callee.thing.path == "builtin.open" and callee.name == "read":
                return self._file_text(callee.thing.args)
            case Member():
                named = _camel_keys(props, scope)
                self._record(callee, args, named, file, line)
                return self._returned(callee, args, named, file, line)
            case _:
                return UNSEEN

    def _file_text(self, args: tuple[Any, ...]) -> Any:
        """The text of a file of the project that the application reads (inline code)."""
        path = args[0].literal if args and isinstance(args[0], Text) else None
        if path is None:
            return UNSEEN
        inside = path.removeprefix(libraries.ROOT_MARK)
        names = [inside] if inside != path else [posixpath.join(r, inside) for r in self.roots]
        for name in names:
            data = self.files.read(posixpath.normpath(name))
            if data is not None:
                return Text.of(data.decode("utf-8", "replace"))
        return UNSEEN

    def _record(self, callee: Member, args: tuple[Any, ...], props: dict[str, Any], file: str, line: int) -> None:
        positional, given = _split_props(args, props)
        call = MethodCall(callee.thing, callee.name, positional, given, file, line)
        callee.thing.calls.append(call)
        if callee.name in ("addPropertyOverride", "addOverride") and len(args) > 1:
            return

    def _returned(self, callee: Member, args: tuple[Any, ...], props: dict[str, Any], file: str, line: int) -> Any:
        """The thing that a method of a construct returns."""
        if callee.name.endswith("tryGetContext"):
            return self._context(args)
        positional, given = _split_props(args, props)
        if callee.name.startswith(("add", "grant", "with")) and "." not in callee.name:
            made = Thing(f"{callee.thing.path}#{callee.name}", positional, given, file, line)
            self.things.append(made)
            return made
        return Thing(f"{callee.thing.path}#{callee.name}", positional, given, file, line)

    def _context(self, args: tuple[Any, ...]) -> Any:
        key = args[0].literal if args and isinstance(args[0], Text) else None
        if key is None or key not in self.context:
            return Unseen(f"context {key or ''}")
        return _plain(self.context[key])

    def _call_external(
        self,
        callee: External,
        args: tuple[Any, ...],
        props: dict[str, Any],
        file: str,
        line: int,
        scope: Scope | None,
    ) -> Any:
        if callee.path.endswith("tryGetContext"):
            return self._context(args)
        if callee.path.removeprefix("library:").removeprefix("node:") == "fs.readFileSync":
            return self._file_text(args)
        if callee.path in ("builtin.super", "builtin.super.__init__"):
            return UNSEEN
        if callee.path.startswith("environment"):
            return args[1] if len(args) > 1 else Unseen("environment variable")
        known = libraries.call_library(callee.path, args)
        if known is not None:
            return known
        given = _camel_keys(props, scope)
        positional, given = _split_props(args, given)
        thing = Thing(callee.path, positional, given, file, line)
        thing.scope = positional[0] if positional else given.get("scope")
        self.things.append(thing)
        return thing

    def _instantiate(self, cls: ClassValue, args: tuple[Any, ...], props: dict[str, Any]) -> Any:
        self._step()
        cls.used = True
        found = Instance(cls, args=args, props=props)
        if self.depth > _MAX_DEPTH:
            return found
        self._fields(cls, found)
        constructor = cls.method("__init__")
        if constructor is not None:
            function, owner = constructor
            self._call_closure(Closure(function, owner.scope, found, owner), args, props)
        else:
            found.fields.update(props)
        return found

    def _fields(self, cls: ClassValue, instance: Instance) -> None:
        for base in cls.bases:
            if isinstance(base, ClassValue):
                base.used = True
                self._fields(base, instance)
        inner = Scope({"__class__": cls}, cls.scope, cls.scope.module, instance)
        for statement in cls.cls.body:
            if isinstance(statement, form.Assign) and statement.field:
                value = UNSEEN
                if statement.value is not None:
                    value = self.evaluate(statement.value, inner)
                if isinstance(statement.target, form.Name):
                    instance.fields.setdefault(statement.target.id, value)
                    if value is not UNSEEN:
                        instance.fields[statement.target.id] = value

    def _call_closure(self, callee: Closure, args: tuple[Any, ...], props: dict[str, Any]) -> Any:
        if self.depth > _MAX_DEPTH:
            return UNSEEN
        scope = Scope({}, callee.scope, callee.scope.module, callee.this)
        if callee.owner is not None:
            scope.names["__class__"] = callee.owner
        params = list(callee.function.params)
        given = list(args)
        python = callee.scope.module.language == "python"
        if python and callee.owner is not None and callee.function.kind != "static" and params:
            self.bind(params.pop(0).target, callee.this, scope, declares=True)
        self._bind_params(params, given, dict(props), scope, instance=callee.this)
        self.depth += 1
        try:
            returned = self.run(callee.function.body, scope)
        finally:
            self.depth -= 1
        if isinstance(returned, _Sure):
            returned = returned.value
        return UNSEEN if returned is None else returned

    def _bind_params(
        self,
        params: list[form.Param],
        given: list[Any],
        props: dict[str, Any],
        scope: Scope,
        *,
        instance: Any,
    ) -> None:
        del instance
        for param in params:
            name = param.target.id if isinstance(param.target, form.Name) else None
            if param.kind == "rest":
                self.bind(param.target, list(given), scope, declares=True)
                given.clear()
            elif param.kind == "kwrest":
                self.bind(param.target, dict(props), scope, declares=True)
            else:
                value: Any = UNSEEN
                if given and param.kind == "positional":
                    value = given.pop(0)
                elif name is not None and name in props:
                    value = props.pop(name)
                elif param.default is not None:
                    value = self.evaluate(param.default, scope)
                if value is UNSEEN and param.default is not None:
                    value = self.evaluate(param.default, scope)
                self.bind(param.target, value, scope, declares=True)


class _Sure:
    """A `return` that is certainly reached."""

    def __init__(self, value: Any) -> None:
        self.value = value


_DICT_METHODS = frozenset(("items", "keys", "values", "get", "update", "copy"))


def truth(value: Any) -> bool | None:
    """Return whether a value counts as true, None where nobody knows."""
    if isinstance(value, bool):
        return value
    if value is None:
        return False
    if isinstance(value, Text):
        literal = value.literal
        return None if literal is None else literal not in ("", "0")
    if isinstance(value, list | dict):
        return bool(value)
    if isinstance(value, Thing | Instance | Closure | ClassValue):
        return True
    return None


def _named(value: Any, name: str) -> None:
    if isinstance(value, Thing) and name not in value.names:
        value.names.append(name)


def _split_props(args: tuple[Any, ...], props: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """TypeScript gives properties as a last object, Python as keywords."""
    if args and isinstance(args[-1], dict):
        return args[:-1], {**args[-1], **props}
    return args, dict(props)


def _camel_keys(props: dict[str, Any], scope: Scope | None) -> dict[str, Any]:
    if scope is None or scope.module.language != "python":
        return props
    return {libraries.camel(key): value for key, value in props.items()}


def _plain(value: Any) -> Any:
    """A JSON value as a value of the application."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return Text.of(str(value))

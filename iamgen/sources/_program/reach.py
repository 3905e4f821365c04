"""What the handler reaches: statements gone through, modules loaded on the way, branches joined."""

from collections.abc import Callable
from typing import Any

from iamgen.model.observation import Gap, GapReason
from iamgen.plugins import ImportRequest
from iamgen.sources._program import form, library
from iamgen.sources._program.calls import Caller
from iamgen.sources._program.evaluate import dict_key
from iamgen.sources._program.machine import Args, Frame
from iamgen.sources._program.values import (
    Alt,
    Bound,
    ClassVal,
    DictVal,
    Event,
    External,
    FunctionVal,
    Instance,
    Lazy,
    ListVal,
    ModuleState,
    Response,
    Scalar,
    Scope,
    Thing,
    Unknown,
    Val,
    is_none,
    join,
    join_all,
    text,
)

_PACKAGES = ("go",)
"""Languages whose packages are all files of a folder."""
_NO_CALL = form.Call(form.Const(None))


class Program(Caller):
    """Statements and modules."""

    # -- statements --

    def run(self, body: tuple[form.Stmt, ...], frame: Frame) -> int:
        """Go through statements; 0: goes on after them, 1: leaves a loop, 2: leaves the function."""
        for statement in body:
            self.step()
            ended = _STATEMENTS[type(statement)](self, statement, frame)
            if ended:
                return ended
        return 0

    def _expression(self, node: form.ExprStmt, frame: Frame) -> int:
        value = self.evaluate(node.value, frame)
        return 2 if isinstance(value, External) and value.full == "<exit>" else 0

    def _assign(self, node: form.Assign, frame: Frame) -> int:
        if node.value is None:
            if node.declares and isinstance(node.target, form.Name):
                frame.scope.variables.setdefault(node.target.id, library.NOTHING)
            return 0
        value = self.evaluate(node.value, frame)
        if isinstance(value, Unknown) and node.annotation is not None:
            made = self.annotated(self.evaluate(node.annotation, frame))
            value = made if made is not None else value
        if node.declares:
            self.declare(node.target, value, frame)
        else:
            self.assign(node.target, value, frame)
        return 0

    def declare(self, target: form.Expr, value: Val, frame: Frame) -> None:
        """Bind a target whose names belong to the frame, whatever lies around it."""
        if isinstance(target, form.Name):
            (frame.scope.shared or frame.scope).variables[target.id] = value
        else:
            for name in _names_of(target):
                (frame.scope.shared or frame.scope).variables.setdefault(name, library.NOTHING)
            self.assign(target, value, frame)

    def assign(self, target: form.Expr, value: Val, frame: Frame) -> None:
        """Bind a target."""
        match target:
            case form.Name(id=name):
                self._bind_name(name, value, frame)
            case form.Attribute():
                self._set_member(self.evaluate(target.value, frame), target.name, value)
            case form.Subscript():
                self._set_item(
                    self.evaluate(target.value, frame),
                    Unknown("a slice") if isinstance(target.index, form.Slice) else self.evaluate(target.index, frame),
                    value,
                )
            case form.ListExpr(items=items):
                self._take_apart(items, value, frame)
            case form.DictExpr(entries=entries):
                self._take_out(entries, value, frame)
            case form.Default(target=inner, value=fallback):
                known = isinstance(value, Unknown) or is_none(value)
                other = self.evaluate(fallback, frame)
                if known:
                    value = other
                elif isinstance(value, Event | Response | Alt):
                    value = join(value, other)
                self.assign(inner, value, frame)
            case form.Spread(value=inner):
                self.assign(inner, value, frame)
            case _:
                pass

    def _bind_name(self, name: str, value: Val, frame: Frame) -> None:
        scope = frame.scope
        if frame.module.language == "python":
            if name in scope.outer:
                owner = scope.parent.owner(name) if scope.parent else None
                self._bind_outer(owner or scope.module.scope, name, value)
                return
        else:
            owner = scope.owner(name)
            if owner is not None and owner is not scope:
                self._bind_outer(owner, name, value)
                return
        (scope.shared or scope).variables[name] = value

    def _bind_outer(self, scope: Scope, name: str, value: Val) -> None:
        known = scope.variables.get(name)
        joined = value if known is None else join(known, value)
        if joined != known:
            self.outer_version += 1
            for frame in self.frames[1:]:
                frame.impure = True
        scope.variables[name] = joined

    def _set_member(self, value: Val, name: str, new: Val) -> None:
        match value:
            case Alt():
                for each in value.options:
                    self._set_member(each, name, new)
            case Instance() | Thing():
                known = value.attributes.get(name)
                if isinstance(value, Instance):
                    setter = value.cls.find(f"{name}.setter")
                    if setter is not None:
                        self.call(self.bind(setter[0], value), Args([new]), _NO_CALL)
                        return
                surely = self.touch(value)
                joined = new if known is None or surely else join(known, new)
                if joined != known and value not in self.constructing:
                    self.outer_version += 1
                value.attributes[name] = joined
            case ClassVal():
                known = value.members.get(name)
                joined = new if known is None else join(known, new)
                if joined != known:
                    self.outer_version += 1
                value.members[name] = joined
            case ModuleState():
                self._bind_outer(value.scope, name, new)
            case DictVal():
                self._set_item(value, text(name), new)
            case _:
                pass

    def _set_item(self, value: Val, key: Val, new: Val) -> None:
        match value:
            case Alt():
                for each in value.options:
                    self._set_item(each, key, new)
            case DictVal():
                surely = self.touch(value)
                index = dict_key(key)
                if index is None:
                    value.rest = new if value.rest is None else join(value.rest, new)
                else:
                    known = value.entries.get(index)
                    value.entries[index] = new if known is None or surely else join(known, new)
            case ListVal():
                surely = self.touch(value)
                at = key.value if isinstance(key, Scalar) else None
                if surely and isinstance(at, int) and 0 <= at < len(value.items):
                    value.items[at] = new
                    return
                value.items = [join(each, new) for each in value.items]
                value.rest = new if value.rest is None else join(value.rest, new)
            case Instance():
                setter = value.cls.find("__setitem__")
                if setter is not None:
                    self.call(self.bind(setter[0], value), Args([key, new]), _NO_CALL)
            case _:
                pass

    def _take_apart(self, items: tuple[form.Expr, ...], value: Val, frame: Frame) -> None:
        value = library.as_sequence(self, value)
        if isinstance(value, ListVal) and value.rest is None:
            given = value.items
            star = next((i for i, each in enumerate(items) if isinstance(each, form.Spread)), None)
            for index, each in enumerate(items):
                if star is not None and index == star:
                    end = len(given) - (len(items) - index - 1)
                    self.assign(each, self.new_list(given[index : max(index, end)]), frame)
                    continue
                at = index if star is None or index < star else index - len(items)
                found = given[at] if -len(given) <= at < len(given) else library.NOTHING
                self.assign(each, found, frame)
            return
        if isinstance(value, Alt):
            parts = [library.as_sequence(self, each) for each in value.options]
            lists = [each for each in parts if isinstance(each, ListVal) and each.rest is None]
            if lists and len(lists) == len([each for each in parts if not is_none(each)]):
                for index, each in enumerate(items):
                    self.assign(
                        each,
                        join_all(it.items[index] for it in lists if index < len(it.items))
                        if any(index < len(it.items) for it in lists)
                        else Unknown(),
                        frame,
                    )
                return
        if frame.module.language == "go":
            # Several results: the value, then whether there was an error.
            for index, each in enumerate(items):
                self.assign(each, Unknown("an error") if index else value, frame)
            return
        element = self.element(value)
        for each in items:
            spread = isinstance(each, form.Spread)
            self.assign(each, self.new_list([], element) if spread else element, frame)

    def _take_out(self, entries: tuple[tuple[form.Expr | None, form.Expr], ...], value: Val, frame: Frame) -> None:
        taken: list[Any] = []
        for key, target in entries:
            if key is None:
                rest = value
                if isinstance(value, DictVal):
                    left = {name: it for name, it in value.entries.items() if name not in taken}
                    rest = self.new_dict(left, value.rest)
                self.assign(target, rest, frame)
                continue
            name = self.evaluate(key, frame)
            taken.append(dict_key(name))
            self.assign(target, self.item(value, name), frame)

    def _augment(self, node: form.AugAssign, frame: Frame) -> int:
        value = self.evaluate(node.value, frame)
        known = self.evaluate(node.target, frame)
        if node.op == "or":
            self.assign(node.target, join(known, value), frame)
        elif node.op == "+" and isinstance(known, ListVal):
            library.extend(self, known, value)
        else:
            self.assign(node.target, self.operate(node.op, known, value), frame)
        return 0

    # -- branches --

    def _if(self, node: form.If, frame: Frame) -> int:
        decided = self.truth(node.test, frame)
        if decided is not None:
            return self.run(node.then if decided else node.otherwise, frame)
        start = dict(frame.scope.variables)
        before = self.enter_branch()
        first = self.run(node.then, frame)
        self.leave_branch(before)
        after_then = frame.scope.variables
        frame.scope.variables = start
        if not node.otherwise:
            if not first:
                frame.scope.variables = _merged(after_then, start)
            return 0
        before = self.enter_branch()
        second = self.run(node.otherwise, frame)
        self.leave_branch(before)
        if first and second:
            return min(first, second)
        if first:
            return 0
        if second:
            frame.scope.variables = after_then
            return 0
        frame.scope.variables = _merged(after_then, frame.scope.variables)
        return 0

    def _loop(self, node: form.Loop, frame: Frame) -> int:
        if node.test is not None:
            decided = self.truth(node.test, frame)
            if decided is False:
                return self.run(node.otherwise, frame)
        known: list[Val] | None = None
        value: Val = Unknown()
        if node.iterable is not None:
            iterable = self.evaluate(node.iterable, frame)
            known = self.known_items(iterable)
            if known is not None and node.keys and (isinstance(iterable, ListVal) or frame.module.language == "go"):
                known = None
            value = library.keys(self, iterable) if node.keys else self.element(iterable)
            if known is not None and not known:
                return self.run(node.otherwise, frame)
        frame.exits.append([])
        start = dict(frame.scope.variables)
        before = self.enter_branch()
        for step in known if known is not None else (value, value):
            if node.target is not None:
                self.assign(node.target, step, frame)
            self.run(node.body, frame)
            frame.scope.variables = _merged(start, frame.scope.variables)
            for each in frame.exits[-1]:
                frame.scope.variables = _merged(frame.scope.variables, each)
            frame.exits[-1].clear()
        self.leave_branch(before)
        frame.exits.pop()
        return self.run(node.otherwise, frame)

    def _try(self, node: form.Try, frame: Frame) -> int:
        start = dict(frame.scope.variables)
        before = self.enter_branch()
        ended = self.run(node.body, frame)
        self.leave_branch(before)
        if not ended and node.otherwise:
            ended = self.run(node.otherwise, frame)
        after = frame.scope.variables
        ways = [] if ended else [after]
        ends = [ended]
        for handler in node.handlers:
            frame.scope.variables = _merged(start, after)
            before = self.enter_branch()
            if handler.name:
                frame.scope.variables[handler.name] = Unknown("an error")
            how = self.run(handler.body, frame)
            self.leave_branch(before)
            ends.append(how)
            if not how:
                ways.append(frame.scope.variables)
        merged = ways[0] if ways else _merged(start, after)
        for each in ways[1:]:
            merged = _merged(merged, each)
        frame.scope.variables = dict(merged)
        last = self.run(node.final, frame)
        return last or (0 if ways else min(ends))

    def _with(self, node: form.With, frame: Frame) -> int:
        leaving: list[Val] = []
        for context, target in node.items:
            value = self.evaluate(context, frame)
            entered = library.entered(self, value)
            leaving.append(value)
            if target is not None:
                self.assign(target, entered, frame)
        ended = self.run(node.body, frame)
        for value in leaving:
            library.left(self, value)
        return ended

    def _block(self, node: form.Block, frame: Frame) -> int:
        return self.run(node.body, frame)

    def _return(self, node: form.Return, frame: Frame) -> int:
        value = self.evaluate(node.value, frame) if node.value is not None else library.NOTHING
        frame.returned.append(value)
        return 2

    def _raise(self, node: form.Raise, frame: Frame) -> int:
        if node.value is not None:
            self.evaluate(node.value, frame)
        return 2

    def _jump(self, node: form.Jump, frame: Frame) -> int:
        if frame.exits:
            frame.exits[-1].append(dict(frame.scope.variables))
        return 1

    def _outer(self, node: form.Outer, frame: Frame) -> int:
        frame.scope.outer |= frozenset(node.names)
        return 0

    # -- definitions --

    def _define_function(self, node: form.FunctionDef, frame: Frame) -> int:
        function = node.function
        value: Val = self.closure(function, frame)
        if isinstance(value, FunctionVal) and frame.receiver is not None:
            value.receiver = None if function.receiver else value.receiver
        name = function.name
        for decorator in reversed(function.decorators):
            if isinstance(decorator, form.Attribute) and decorator.name in ("setter", "deleter"):
                name = f"{function.name}.{decorator.name}"
                continue
            value = self.decorate(self.evaluate(decorator, frame), value)
        self._define(name, value, frame)
        return 0

    def _define(self, name: str, value: Val, frame: Frame) -> None:
        """Bind the name of a definition; outside Python it belongs to the scope that it stands in."""
        if frame.module.language == "python":
            self._bind_name(name, value, frame)
        else:
            if frame.module.language == "java" and isinstance(value, FunctionVal):
                known = frame.scope.variables.get(name)
                value = value if known is None else join(known, value)
            (frame.scope.shared or frame.scope).variables[name] = value

    def decorate(self, decorator: Val, value: Val) -> Val:
        """Return a function or class as its decorator leaves it."""
        match decorator:
            case FunctionVal() | Bound() | ClassVal() | Instance():
                made = self.call(decorator, Args([value]), _NO_CALL)
                return value if isinstance(made, Unknown) or is_none(made) else made
            case Alt():
                return join_all(self.decorate(each, value) for each in decorator.options)
            case _:
                return library.decorate(self, decorator, value)

    def _define_class_statement(self, node: form.ClassDef, frame: Frame) -> int:
        self._define(node.cls.name, self.define_class(node.cls, frame), frame)
        return 0

    def define_class(self, cls: form.Class, frame: Frame) -> Val:
        """Return a class, its body gone through."""
        value = ClassVal(cls, frame.scope, frame.module)
        value.bases = tuple(self.evaluate(base, frame) for base in cls.bases)
        scope = Scope(frame.scope, frame.module)
        inner = Frame(scope, frame.module, cls.name, None, value)
        inner.serial = self.serial
        value.fields = tuple(each for each in cls.body if isinstance(each, form.Assign) and each.field)
        value.members = scope.variables
        self.frames.append(inner)
        try:
            self.run(
                tuple(each for each in cls.body if not (isinstance(each, form.Assign) and each.field)),
                inner,
            )
        finally:
            self.frames.pop()
        value.members = scope.variables
        for member in value.members.values():
            for each in member.options if isinstance(member, Alt) else (member,):
                if isinstance(each, FunctionVal) and each.scope is scope:
                    each.cls = value
                    each.scope = frame.scope
                    each.receiver = None
        result: Val = value
        for decorator in reversed(cls.decorators):
            result = self.decorate(self.evaluate(decorator, frame), result)
        for _, keyword in cls.keywords:
            self.evaluate(keyword, frame)
        return result

    # -- modules --

    def _import_statement(self, node: form.Import, frame: Frame) -> int:
        if frame.module.language == "python":
            self._import_python(node, frame)
            return 0
        value = self.load(node.module, frame.module, node.level, node.line)
        if node.bind:
            if frame.module.language == "java" and isinstance(value, ModuleState):
                value = self.member(value, node.bind)
            frame.scope.variables[node.bind] = value
        if node.star and isinstance(value, ModuleState):
            frame.scope.variables.update(value.scope.variables)
        for name, local in node.names:
            frame.scope.variables[local] = library.imported(self, value, name)
        return 0

    def _import_python(self, node: form.Import, frame: Frame) -> None:
        value = self.load(node.module, frame.module, node.level, node.line)
        if node.top:
            value = self.load(node.module.partition(".")[0], frame.module, 0, node.line)
        if node.bind:
            self._bind_name(node.bind, value, frame)
        if node.star and isinstance(value, ModuleState):
            frame.scope.variables.update(
                (name, it) for name, it in value.scope.variables.items() if not name.startswith("_")
            )
        for name, local in node.names:
            found = self.member(value, name, None)
            if isinstance(found, Unknown) and isinstance(value, ModuleState) and value.running:
                found = Lazy(value, name)
            self._bind_name(local, found, frame)

    def load(self, module: str, importer: ModuleState, level: int, line: int) -> Val:
        """Return a module, gone through: of the project or of a library."""
        frontend = self.loader.for_language(importer.language)
        if frontend is None:
            return Unknown(f"module {module}")
        if importer.language == "python" and not level:
            # Packages run before what is in them.
            parts = module.split(".")
            for count in range(1, len(parts)):
                outer = self._load_one(".".join(parts[:count]), importer, 0, line)
                if not isinstance(outer, ModuleState):
                    return library.external(self, External(module))
        return self._load_one(module, importer, level, line)

    def _load_one(self, module: str, importer: ModuleState, level: int, line: int) -> Val:
        frontend = self.loader.for_language(importer.language)
        assert frontend is not None  # noqa: S101  (load asked before)
        request = ImportRequest(module=module, importer=importer.path, roots=self.roots, level=level)
        paths = self.loader.resolve(frontend, request)
        if not paths:
            if level or module.startswith("."):
                self.gap(
                    GapReason.MODULE_NOT_FOUND,
                    "." * level + module,
                    form.Import(module, line=line),
                    () if module.endswith(".json") else None,
                )
                return Unknown(f"module {module}")
            return library.library(self, module, line)
        if frontend.name in _PACKAGES:
            return self.package(paths)
        return self.module(paths[0])

    def package(self, paths: tuple[str, ...]) -> ModuleState:
        """Return a package of many files, gone through: definitions first, then what they begin with."""
        known = self.modules.get(paths[0])
        if known is not None:
            return known
        whole = ModuleState(paths[0], None)
        parts: list[tuple[ModuleState, form.Module]] = []
        for path in paths:
            self.modules.setdefault(path, whole)
            self.files.setdefault(path)
            lowered = self.loader.lower(path)
            if isinstance(lowered, Gap):
                self.gaps.setdefault(lowered)
                continue
            whole.module = whole.module or lowered
            part = ModuleState(path, lowered)
            part.scope.parent = part.scope.shared = whole.scope
            library.prepare(part)
            parts.append((part, lowered))
        whole.running = True
        before, self.branch = self.branch, 0
        for phase in range(3):
            for part, lowered in parts:
                if not phase:
                    for gap in lowered.gaps:
                        self.gaps.setdefault(gap)
                self._run_part(part, tuple(each for each in lowered.body if _phase(each) == phase))
        self.branch = before
        whole.running = False
        return whole

    def _run_part(self, part: ModuleState, body: tuple[form.Stmt, ...]) -> None:
        frame = Frame(part.scope, part, f"<{part.path}>")
        frame.serial = self.serial
        self.frames.append(frame)
        try:
            self.run(body, frame)
        finally:
            self.frames.pop()

    def submodule(self, package: ModuleState, name: str) -> Val | None:
        """Return a module inside a package, None where there is none."""
        if package.path.endswith("/"):
            folder = package.path[:-1]
        elif package.path.endswith("/__init__.py") or package.path == "__init__.py":
            folder = package.path.rpartition("/")[0]
        else:
            return None
        base = f"{folder}/{name}" if folder else name
        files = self.loader.files
        for path in (f"{base}.py", f"{base}/__init__.py"):
            if files.is_file(path):
                return self.module(path)
        return self.module(f"{base}/") if files.is_folder(base) else None

    def module(self, path: str) -> ModuleState:
        """Return a file of the project as a module, gone through once."""
        known = self.modules.get(path)
        if known is not None:
            return known
        if path.endswith("/"):
            state = self.modules[path] = ModuleState(path, None)
            return state
        frontend = self.loader.frontend(path)
        if frontend is not None and frontend.name in _PACKAGES:
            request = ImportRequest(module=".", importer=path, roots=self.roots)
            return self.package(self.loader.resolve(frontend, request) or (path,))
        lowered = self.loader.lower(path)
        self.files.setdefault(path)
        if isinstance(lowered, Gap):
            self.gaps.setdefault(Gap(lowered.reason, lowered.detail, lowered.location, lowered.services))
            state = self.modules[path] = ModuleState(path, None)
            return state
        return self.run_module(path, lowered)

    def run_module(self, path: str, lowered: form.Module) -> ModuleState:
        """Return a module in the common form, gone through."""
        for gap in lowered.gaps:
            self.gaps.setdefault(gap)
        state = self.modules[path] = ModuleState(path, lowered)
        if lowered.language == "javascript":
            state.exports = self.new_dict({})
        library.prepare(state)
        state.running = True
        frame = Frame(state.scope, state, f"<{path}>")
        frame.serial = self.serial
        before, self.branch = self.branch, 0
        self.frames.append(frame)
        try:
            self.run(lowered.body, frame)
        finally:
            self.frames.pop()
            self.branch = before
        state.running = False
        return state

    def _export(self, node: form.Export, frame: Frame) -> int:
        value = self.evaluate(node.value, frame)
        state = frame.module
        if state.exports is None:
            return 0
        if node.name != "=":
            state.exports.entries[node.name] = value
            return 0
        state.exports.entries["="] = value
        if isinstance(value, DictVal):
            state.exports.entries.update(value.entries)
        return 0

    def _export_from(self, node: form.ExportFrom, frame: Frame) -> int:
        value = self.load(node.module, frame.module, 0, node.line)
        exports = frame.module.exports
        if exports is None:
            return 0
        if node.bind:
            exports.entries[node.bind] = value
        elif node.star and isinstance(value, ModuleState) and value.exports is not None:
            for name, each in value.exports.entries.items():
                if name not in ("default", "="):
                    exports.entries.setdefault(name, each)
        for name, own in node.names:
            exports.entries[own] = library.imported(self, value, name)
        return 0


def _phase(node: form.Stmt) -> int:
    """Return when a statement of a package runs: definitions, methods, then the rest."""
    if isinstance(node, form.Import | form.ClassDef | form.FunctionDef):
        return 0
    method = isinstance(node, form.Assign) and isinstance(node.value, form.FunctionExpr)
    return 1 if method else 2


def _merged(left: dict[str, Val], right: dict[str, Val]) -> dict[str, Val]:
    """Return the names of two ways, each with what either of them left in it."""
    if left is right:
        return left
    merged = dict(left)
    for name, value in right.items():
        known = merged.get(name)
        if known is None:
            merged[name] = value
        elif known is not value:
            merged[name] = join(known, value)
    return merged


def _names_of(target: form.Expr) -> tuple[str, ...]:
    match target:
        case form.Name(id=name):
            return (name,)
        case form.ListExpr(items=items):
            return tuple(name for each in items for name in _names_of(each))
        case form.DictExpr(entries=entries):
            return tuple(name for _, each in entries for name in _names_of(each))
        case form.Default(target=inner) | form.Spread(value=inner):
            return _names_of(inner)
        case _:
            return ()


_STATEMENTS: dict[type, Callable[[Program, Any, Frame], int]] = {
    form.ExprStmt: Program._expression,
    form.Assign: Program._assign,
    form.AugAssign: Program._augment,
    form.If: Program._if,
    form.Loop: Program._loop,
    form.Try: Program._try,
    form.With: Program._with,
    form.Block: Program._block,
    form.Return: Program._return,
    form.Raise: Program._raise,
    form.Jump: Program._jump,
    form.FunctionDef: Program._define_function,
    form.ClassDef: Program._define_class_statement,
    form.Import: Program._import_statement,
    form.Export: Program._export,
    form.ExportFrom: Program._export_from,
    form.Outer: Program._outer,
}

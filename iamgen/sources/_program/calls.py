"""What a call gives: functions gone through once per set of arguments, classes made into objects, callbacks.

Results are kept under what the arguments hold, not which objects they are, as long as the function changed nothing
that was there before it. A function that is met with ever new arguments is gone through with all of them joined, so
that every analysis ends.
"""

from dataclasses import dataclass
from typing import Any

from iamgen.model.observation import GapReason
from iamgen.sources._program import form, languages, library, sdk
from iamgen.sources._program.evaluate import Evaluator
from iamgen.sources._program.machine import MAX_CALL_DEPTH, MAX_CONTEXTS, Args, Frame
from iamgen.sources._program.values import (
    Alt,
    Bound,
    ClassVal,
    ClientMember,
    DictVal,
    External,
    FunctionVal,
    Heap,
    Instance,
    ListVal,
    Member,
    Partial,
    ResourceMember,
    Scope,
    SuperVal,
    Thing,
    Unknown,
    Val,
    is_none,
    join,
    join_all,
)

_SIGNATURE_DEPTH = 3
MAX_RECURSION = 3
"""How often a function may be on its way at once before its arguments are joined."""
MAX_RECURSION = 6
"""Times that a function is gone through inside itself, each time with other arguments."""


@dataclass(slots=True)
class _Context:
    """One function with one set of arguments."""

    result: Val | None
    pure: bool
    kept: Any
    """The arguments, so that no other object gets their identity."""


class Caller(Evaluator):
    """Calls."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._contexts: dict[Any, _Context] = {}
        self._count: dict[int, int] = {}
        self._wide: dict[int, tuple[Args, Val | None, Val]] = {}
        self._made: dict[Any, Instance] = {}
        self._active: dict[int, int] = {}

    def call(self, function: Val, args: Args, node: form.Call) -> Val:
        """Return what a call gives."""
        match function:
            case Alt():
                known = [each for each in function.options if not is_none(each)]
                if self.frame.module.language == "java":
                    known = _overloads(known, len(args.places)) or known
                if len(known) == 1:
                    return self.call(known[0], args, node)
                before = self.enter_branch()
                results = [self.call(each, args, node) for each in known]
                self.leave_branch(before)
                return join_all(results)
            case FunctionVal():
                return self.invoke(function, function.receiver, args, node)
            case Bound():
                return self.invoke(function.function, function.receiver, args, node)
            case ClassVal():
                return self.instantiate(function, args, node)
            case ClientMember():
                return sdk.call_client(self, function, args, node)
            case ResourceMember():
                return sdk.call_resource(self, function, args, node)
            case Member():
                return library.call_member(self, function, args, node)
            case External():
                return library.call_external(self, function, args, node)
            case Partial():
                joined = Args(
                    [*function.args, *args.places],
                    {**dict(function.keywords), **args.keywords},
                    args.more,
                    args.open,
                )
                return self.call(function.function, joined, node)
            case Instance():
                found = function.cls.find("__call__")
                if found is not None:
                    return self.call(self.bind(found[0], function), args, node)
                return library.call_unknown(self, function, args, node)
            case SuperVal():
                return self.call(self.member(function, "__init__"), args, node)
            case _:
                return library.call_value(self, function, args, node)

    # -- functions --

    def invoke(self, function: FunctionVal, receiver: Val | None, args: Args, node: form.Call) -> Val:
        """Return what a function of the project gives for these arguments."""
        self.step()
        running = sum(1 for each in self.frames if each.function and each.function.function is function.function)
        if running > MAX_RECURSION:
            return Unknown("recursion")
        if len(self.frames) > MAX_CALL_DEPTH:
            self.gap(GapReason.LIMIT, "calls are nested too deep", node, None)
            return Unknown("nested too deep")
        signature = (id(function), self.outer_version, *self._signature(receiver, args))
        context = self._contexts.get(signature)
        if context is not None and (context.pure or context.result is None):
            return Unknown("recursion") if context.result is None else context.result
        exact = (id(function), *self._identity(receiver, args))
        if context is not None:
            context = self._contexts.get(exact)
            if context is not None:
                return Unknown("recursion") if context.result is None else context.result
        identity = id(function.function)
        count = self._count.get(identity, 0)
        if count >= MAX_CONTEXTS or self._active.get(identity, 0) >= MAX_RECURSION:
            return self._invoke_wide(function, receiver, args)
        self._count[identity] = count + 1
        context = _Context(None, pure=False, kept=(function, receiver, args))
        self._contexts[signature] = context
        result, pure = self._run_function(function, receiver, args)
        context.result = result
        context.pure = pure
        if not pure:
            self._contexts[exact] = _Context(result, pure=False, kept=(function, receiver, args))
        return result

    def _invoke_wide(self, function: FunctionVal, receiver: Val | None, args: Args) -> Val:
        identity = id(function.function)
        known = self._wide.get(identity)
        own = receiver if receiver is not None else Unknown()
        if known is None:
            joined, seen = args, own
        else:
            joined, seen = _join_args(known[0], args), join(known[2], own)
            same = _same_args(joined, known[0]) and seen == known[2]
            if same or known[1] is None:
                if not same:
                    self._wide[identity] = (joined, known[1], seen)
                return known[1] if known[1] is not None else Unknown("recursion")
        self._wide[identity] = (joined, None, seen)
        result, _ = self._run_function(function, seen if receiver is not None else None, joined)
        if known is not None and known[1] is not None:
            result = join(known[1], result)
        self._wide[identity] = (self._wide[identity][0], result, self._wide[identity][2])
        return result

    def _run_function(self, function: FunctionVal, receiver: Val | None, args: Args) -> tuple[Val, bool]:
        definition = function.function
        frame = Frame(
            Scope(function.scope, function.module),
            function.module,
            self._qualified(function),
            function,
            receiver,
        )
        frame.serial = self.serial
        identity = id(definition)
        self._active[identity] = self._active.get(identity, 0) + 1
        self.frames.append(frame)
        try:
            self._bind_parameters(function, receiver, args, frame)
            self.run(definition.body, frame)
        finally:
            self.frames.pop()
            self._active[identity] -= 1
        if definition.is_generator:
            rest = join_all(frame.yielded) if frame.yielded else None
            result: Val = self.new_list([], rest)
        else:
            result = join_all(frame.returned) if frame.returned else library.NOTHING
        return result, not frame.impure

    def _qualified(self, function: FunctionVal) -> str:
        name = function.function.name or "<lambda>"
        return f"{function.cls.cls.name}.{name}" if function.cls else name

    def _bind_parameters(self, function: FunctionVal, receiver: Val | None, args: Args, frame: Frame) -> None:
        definition = function.function
        places = list(args.places)
        if receiver is not None and definition.receiver is None and function.receiver is None:
            places.insert(0, receiver)
        rest_keywords = dict(args.keywords)
        index = 0
        for parameter in definition.params:
            target = parameter.target
            name = target.id if isinstance(target, form.Name) else ""
            if parameter.kind == "rest":
                value: Val = self.new_list(places[index:], args.more)
                index = len(places)
            elif parameter.kind == "kwrest":
                more = Unknown("keywords that nobody saw") if args.open else None
                value = self.new_dict(dict(rest_keywords), more)
            else:
                if parameter.kind == "positional" and index < len(places):
                    given: Val | None = places[index]
                    index += 1
                else:
                    given = rest_keywords.pop(name, None)
                    if given is None and parameter.kind == "positional":
                        given = args.more
                value = self._parameter(parameter, given, frame, vague=args.open)
            self.declare(target, value, frame)

    def _parameter(self, parameter: form.Param, given: Val | None, frame: Frame, *, vague: bool) -> Val:
        if given is None:
            if parameter.default is not None:
                value = library.injected(self, self.evaluate(parameter.default, frame))
                return join(value, Unknown("an argument that nobody saw")) if vague else value
            given = Unknown("an argument that nobody saw")
        if isinstance(given, Unknown) and parameter.annotation is not None:
            made = self.annotated(self.evaluate(parameter.annotation, frame))
            return made if made is not None else given
        if parameter.default is not None and frame.module.language != "python" and is_none(given):
            return self.evaluate(parameter.default, frame)
        return given

    def annotated(self, annotation: Val) -> Val | None:
        """Return what a value that nobody saw is, by its annotation; None where that says nothing."""
        for each in annotation.options if isinstance(annotation, Alt) else (annotation,):
            if isinstance(each, ClassVal):
                return self._vague(each)
            if isinstance(each, ListVal):
                found = [self.annotated(inner) for inner in each.items]
                return next((one for one in found if one is not None), None)
            if isinstance(each, Thing):
                spoken = languages.language(self)
                marked = spoken.injected(self, each) if spoken.injected is not None else None
                if marked is not None:
                    return marked
            if isinstance(each, External):
                made = sdk.annotated(self, each)
                if made is not None:
                    return made
        return None

    def _vague(self, cls: ClassVal) -> Instance:
        known = self._made.get(("vague", cls))
        if known is None:
            known = self._made["vague", cls] = self.new_instance(cls)
            known.vague = True
            if library.is_plain_data(cls):
                return known
            self._initialise(known, cls, Args(open=True), form.Call(form.Const(None)))
        return known

    # -- classes --

    def instantiate(self, cls: ClassVal, args: Args, node: form.Call) -> Val:
        """Return a new object of a class; the same one for the same place and arguments."""
        enumeration = library.enumeration_member(self, cls, args)
        if enumeration is not None:
            return enumeration
        key = (cls, id(node), self.outer_version, *self._signature(None, args))
        known = self._made.get(key)
        if known is not None:
            return known
        maker = cls.find("__new__")
        if maker is not None and isinstance(maker[0], FunctionVal):
            made = self.invoke(maker[0], cls, args, node)
            found = next(
                (each for each in (made.options if isinstance(made, Alt) else (made,)) if isinstance(each, Instance)),
                None,
            )
            instance = found if found is not None else self.new_instance(cls)
        else:
            instance = self.new_instance(cls)
        self._made[key] = instance
        self._initialise(instance, cls, args, node)
        return instance

    def _initialise(self, instance: Instance, cls: ClassVal, args: Args, node: form.Call) -> None:
        self.constructing.append(instance)
        try:
            for each in reversed(tuple(cls.line())):
                self._fields(each, instance)
            maker = cls.find("__init__")
            if maker is not None:
                self.call(self.bind(maker[0], instance), args, node)
            else:
                library.initialise(self, instance, cls, args)
                after = cls.find("__post_init__") or cls.find("model_post_init")
                if after is not None:
                    self.call(self.bind(after[0], instance), Args(), node)
        finally:
            self.constructing.pop()

    def _fields(self, cls: ClassVal, instance: Instance) -> None:
        if not cls.fields:
            return
        frame = Frame(Scope(cls.scope, cls.module), cls.module, cls.cls.name, None, instance)
        frame.serial = self.serial
        self.frames.append(frame)
        try:
            for field in cls.fields:
                if isinstance(field, form.Assign) and isinstance(field.target, form.Name):
                    value: Val = Unknown(f"{cls.cls.name}.{field.target.id}")
                    if field.value is not None:
                        value = self.evaluate(field.value, frame)
                    elif field.annotation is not None:
                        kind = self.evaluate(field.annotation, frame)
                        made = sdk.annotated(self, kind) if isinstance(kind, External) else None
                        value = made if made is not None else value
                    instance.attributes[field.target.id] = value
        finally:
            self.frames.pop()

    # -- callbacks --

    def drain(self) -> None:
        """Go through the functions that libraries may call, with arguments that nobody saw."""
        rounds = 0
        while self.deferred and rounds < 500:
            rounds += 1
            function = self.deferred.pop(0)
            before = self.enter_branch()
            args = Args(open=True)
            if isinstance(function, FunctionVal | Bound):
                definition = function.function if isinstance(function, FunctionVal) else function.function.function
                known = [each for each in definition.params if each.kind == "positional"]
                own = isinstance(function, Bound) and definition.receiver is None
                args = Args([Unknown("an argument that nobody saw")] * (len(known) - own))
                args.places = [
                    self._parameter(each, None, self._frame_of(function), vague=False) for each in known[own:]
                ]
            self.call(function, args, form.Call(form.Const(None)))
            self.leave_branch(before)

    def _frame_of(self, function: FunctionVal | Bound) -> Frame:
        inner = function if isinstance(function, FunctionVal) else function.function
        return Frame(Scope(inner.scope, inner.module), inner.module, "", inner)

    # -- what makes two calls alike --

    def _signature(self, receiver: Val | None, args: Args) -> tuple[Any, ...]:
        return (
            None if receiver is None else self._shape(receiver, 0),
            tuple(self._shape(each, 0) for each in args.places),
            tuple((name, self._shape(each, 0)) for name, each in args.keywords.items()),
            None if args.more is None else self._shape(args.more, 0),
            args.open,
        )

    def _shape(self, value: Val, depth: int) -> Any:
        if isinstance(value, ListVal):
            if depth >= _SIGNATURE_DEPTH:
                return id(value), value.version
            rest = None if value.rest is None else self._shape(value.rest, depth + 1)
            return "list", tuple(self._shape(each, depth + 1) for each in value.items), rest
        if isinstance(value, DictVal):
            if depth >= _SIGNATURE_DEPTH:
                return id(value), value.version
            rest = None if value.rest is None else self._shape(value.rest, depth + 1)
            entries = tuple((key, self._shape(each, depth + 1)) for key, each in value.entries.items())
            return "dict", entries, rest
        if isinstance(value, Heap):
            return id(value), value.version
        return value

    def _identity(self, receiver: Val | None, args: Args) -> tuple[Any, ...]:
        return (
            self.outer_version,
            _named(receiver),
            tuple(_named(each) for each in args.places),
            tuple((name, _named(each)) for name, each in args.keywords.items()),
            _named(args.more),
            args.open,
        )


def _overloads(functions: list[Val], count: int) -> list[Val]:
    """Return the functions of one name that take so many arguments."""
    found: list[Val] = []
    for each in functions:
        inner = each.function if isinstance(each, Bound) else each
        if isinstance(inner, FunctionVal) and len(inner.function.params) == count:
            found.append(each)
    return found


def _named(value: Val | None) -> Any:
    return (id(value), value.version) if isinstance(value, Heap) else value


def _join_args(left: Args, right: Args) -> Args:
    places = [
        join(left.places[i], right.places[i])
        if i < len(left.places) and i < len(right.places)
        else (left.places[i] if i < len(left.places) else right.places[i])
        for i in range(max(len(left.places), len(right.places)))
    ]
    keywords = dict(left.keywords)
    for name, value in right.keywords.items():
        keywords[name] = join(keywords[name], value) if name in keywords else value
    more = left.more if right.more is None else right.more
    return Args(places, keywords, more, left.open or right.open)


def _same_args(left: Args, right: Args) -> bool:
    return left.places == right.places and left.keywords == right.keywords

"""What an expression holds: names, members, items, operators, and the tests that can be decided."""

from collections.abc import Callable
from typing import Any

from iamgen.model.observation import GapReason
from iamgen.model.value import EnvironmentVariable, Literal, PseudoParameter, Text
from iamgen.sources._program import form, library, sdk, texts
from iamgen.sources._program.machine import Args, Frame, Machine
from iamgen.sources._program.values import (
    NONE,
    Alt,
    Bound,
    ClassVal,
    Client,
    Collection,
    Context,
    DictVal,
    Environ,
    Event,
    External,
    FunctionVal,
    Instance,
    Lazy,
    ListVal,
    Member,
    ModuleState,
    Paginator,
    Resource,
    Response,
    Scalar,
    Session,
    SuperVal,
    Thing,
    Unknown,
    Val,
    concatenate,
    describe,
    environment_variable,
    event_item,
    event_member,
    is_none,
    join,
    join_all,
    literal,
    options,
    text,
)

NO_KEY = "no key"
UNROLLED = 16
"""Items of a known list that a loop goes through one by one."""
_TRUTHY = (
    Client,
    Session,
    Resource,
    Instance,
    FunctionVal,
    ClassVal,
    Bound,
    External,
    Thing,
    ModuleState,
)


class Evaluator(Machine):
    """Expressions."""

    def evaluate(self, node: form.Expr, frame: Frame) -> Val:
        """Return the value of an expression."""
        return _EVALUATORS[type(node)](self, node, frame)

    # -- names --

    def name(self, node: form.Name, frame: Frame) -> Val:
        """Return what a name holds."""
        value = frame.scope.find(node.id)
        if value is None:
            return self.unbound(node.id, frame)
        return self.settle(value) if isinstance(value, Lazy) else value

    def unbound(self, name: str, frame: Frame) -> Val:
        """Return what a name that nothing binds stands for in the language."""
        if name == "this":
            return frame.receiver if frame.receiver is not None else Unknown("this")
        if frame.module.language == "java":
            found = self._unqualified(name, frame)
            if found is not None:
                return found
        return library.builtin(name, frame.module)

    def _unqualified(self, name: str, frame: Frame) -> Val | None:
        """A name in Java may be a member of the object, its class or one around it, or a class of the package."""
        receiver = frame.receiver
        cls = receiver.cls if isinstance(receiver, Instance) else receiver
        if isinstance(receiver, Instance) and name in receiver.attributes:
            return receiver.attributes[name]
        if isinstance(cls, ClassVal) and cls.find(name) is not None:
            return self.member(receiver, name) if receiver is not None else None
        module = frame.module.module
        if module is None or not name[:1].isupper():
            return None
        stars = [each for each in module.body if isinstance(each, form.Import) and each.star]
        for package in (module.package, *(each.module for each in stars)):
            full = f"{package}.{name}" if package else name
            found = self.load(full, frame.module, 0, 0)
            if isinstance(found, ModuleState):
                return self.member(found, name)
        aws = [each.module for each in stars if "amazon" in each.module]
        return External(f"{aws[0]}.{name}") if aws else None

    def settle(self, value: Lazy) -> Val:
        """Return what a name of a module holds by now."""
        found = value.module.scope.variables.get(value.name)
        if found is None or isinstance(found, Lazy):
            return Unknown(f"{value.name} of {value.module.path}")
        return found

    # -- members --

    def attribute(self, node: form.Attribute, frame: Frame) -> Val:
        """Return a member by name."""
        value = self.evaluate(node.value, frame)
        self.line = node.line
        return self.member(value, node.name, node)

    def member(self, value: Val, name: str, node: form.Expr | None = None) -> Val:
        """Return a member of a value by name."""
        if isinstance(value, Alt):
            known = [each for each in value.options if not is_none(each)]
            return join_all(self.member(each, name, node) for each in known)
        finder = _MEMBERS.get(type(value))
        if finder is not None:
            return finder(self, value, name)
        if name == "value" and isinstance(value, Text | Scalar):
            return value  # the value of an enumeration's member
        return Member(value, name)

    def _module_member(self, value: ModuleState, name: str) -> Val:
        found = value.scope.variables.get(name)
        if value.exports is not None:
            exported = value.exports.entries.get(name)
            if exported is not None:
                return exported
            if value.language != "python":
                found = None
        if isinstance(found, Lazy):
            return self.settle(found)
        if found is not None:
            return found
        if value.running:
            return Lazy(value, name)
        return self.submodule(value, name) or Unknown(f"{name} of {value.path}")

    def submodule(self, package: ModuleState, name: str) -> Val | None:
        """Return a module inside a package, None where there is none."""
        raise NotImplementedError

    def _external_member(self, value: External, name: str) -> Val:
        return library.external(self, value.member(name))

    def _instance_member(self, value: Instance, name: str) -> Val:
        found = value.attributes.get(name)
        if found is not None:
            return found
        in_class = value.cls.find(name)
        if in_class is not None:
            return self.bind(in_class[0], value)
        outside = value.cls.outside()
        if outside:
            made = library.inherited(self, value, outside, name)
            if made is not None:
                return made
        fallback = value.cls.find("__getattr__")
        if fallback is not None:
            bound = self.bind(fallback[0], value)
            return self.call(bound, Args([text(name)]), _NO_CALL)
        if value.vague:
            return Unknown(f"{name} of an object that nobody saw made")
        return Member(value, name) if outside else Unknown(f"{value.cls.cls.name}.{name}")

    def bind(self, value: Val, receiver: Val) -> Val:
        """Return a member of a class as an object of it sees it."""
        if isinstance(value, Alt):
            return join_all(self.bind(each, receiver) for each in value.options)
        if not isinstance(value, FunctionVal):
            return value
        kind = value.function.kind
        if kind == "property":
            return self.call(Bound(value, receiver), Args(), _NO_CALL)
        if kind == "static":
            return value
        if kind == "class":
            return Bound(value, receiver.cls if isinstance(receiver, Instance) else receiver)
        return Bound(value, receiver)

    def _class_member(self, value: ClassVal, name: str) -> Val:
        found = value.find(name)
        if found is None:
            if name in ("__name__", "name"):
                return text(value.cls.name)
            outside = value.outside()
            made = library.inherited(self, value, outside, name) if outside else None
            return made if made is not None else Member(value, name)
        member = found[0]
        if isinstance(member, FunctionVal) and member.function.kind == "class":
            return Bound(member, value)
        return member

    def _super_member(self, value: SuperVal, name: str) -> Val:
        receiver = value.receiver
        start = receiver.cls if isinstance(receiver, Instance) else receiver
        if not isinstance(start, ClassVal):
            start = value.cls
        passed = False
        for cls in start.line():
            if passed and name in cls.members:
                return self.bind(cls.members[name], receiver)
            passed = passed or cls is value.cls
        return Member(value, name)

    def _event_value(self, value: Event, name: str) -> Val:
        return library.event_attribute(value, name, self.frame.module.language in ("go", "java"))

    def _context_member(self, value: Context, name: str) -> Val:
        if name in ("function_name", "functionName"):
            return environment_variable("AWS_LAMBDA_FUNCTION_NAME")
        if name in ("invoked_function_arn", "invokedFunctionArn"):
            return Text(
                (
                    Literal("arn:"),
                    PseudoParameter("Partition"),
                    Literal(":lambda:"),
                    PseudoParameter("Region"),
                    Literal(":"),
                    PseudoParameter("Account"),
                    Literal(":function:"),
                    EnvironmentVariable("AWS_LAMBDA_FUNCTION_NAME"),
                )
            )
        return Member(value, name)

    def _client_member(self, value: Client, name: str) -> Val:
        return sdk.client_member(value, name)

    def _resource_member(self, value: Resource, name: str) -> Val:
        return sdk.resource_member(self, value, name)

    def _response_member(self, value: Response, name: str) -> Val:
        if self.frame.module.language == "python":
            return Member(value, name)
        return sdk.response_item(value, name)

    def _dict_member(self, value: DictVal, name: str) -> Val:
        if self.frame.module.language != "python":
            found = value.entries.get(name)
            if found is not None:
                return found
            if value.rest is not None and not isinstance(value.rest, Unknown):
                return join(value.rest, Member(value, name))
        return Member(value, name)

    def _thing_member(self, value: Thing, name: str) -> Val:
        found = value.attributes.get(name)
        return found if found is not None else library.thing_member(self, value, name)

    def _function_member(self, value: FunctionVal, name: str) -> Val:
        if name in ("__name__", "name"):
            return text(value.function.name)
        return Member(value, name)

    def _environ_member(self, value: Environ, name: str) -> Val:
        if self.frame.module.language == "python":
            return Member(value, name)
        return environment_variable(name)

    # -- items --

    def subscript(self, node: form.Subscript, frame: Frame) -> Val:
        """Return a member by key."""
        value = self.evaluate(node.value, frame)
        if isinstance(node.index, form.Slice):
            low = self.evaluate(node.index.low, frame) if node.index.low else NONE
            high = self.evaluate(node.index.high, frame) if node.index.high else NONE
            return texts.cut(self, value, low, high)
        return self.item(value, self.evaluate(node.index, frame))

    def item(self, value: Val, key: Val) -> Val:  # noqa: C901  (one case per kind of value)
        """Return a member of a value by key."""
        if isinstance(key, Alt) and len(key.options) <= UNROLLED:
            return join_all(self.item(value, each) for each in key.options)
        name = literal(key)
        match value:
            case Alt():
                return self._item_of_options(value, key, name)
            case Environ():
                if name is None:
                    return Unknown("an environment variable whose name is made at run time")
                return environment_variable(name)
            case DictVal():
                return self._dict_item(value, key)
            case ListVal():
                return _list_item(value, key)
            case Event():
                return event_item(value) if name is None else event_member(value, name)
            case Response():
                return sdk.response_item(value, name or "[]")
            case Instance():
                return self.call(self.member(value, "__getitem__"), Args([key]), _NO_CALL)
            case External():
                return library.external_item(self, value, key)
            case Thing():
                return library.thing_item(self, value, key)
            case ClassVal():
                return self.member(value, name) if name is not None else value
            case Text():
                return texts.character(value, key)
            case Client() if name is None and self.frame.module.language != "python":
                sdk.unresolved_operation(self, value, f"{value.service}[…]", self.here())
                return Unknown("a method of a client")
            case _ if name is not None and self.frame.module.language != "python":
                return self.member(value, name)
            case _:
                return Unknown(describe(value) or "an item of an unknown value")

    def _item_of_options(self, value: Alt, key: Val, name: str | None) -> Val:
        known = [
            each for each in value.options if not is_none(each) and not (name is not None and literal(each) is not None)
        ]
        found = [self.item(each, key) for each in known or value.options]
        there = [each for each in found if not (isinstance(each, Unknown) and each.detail.startswith(NO_KEY))]
        return join_all(there or found)

    def _dict_item(self, value: DictVal, key: Val) -> Val:
        index = dict_key(key)
        if index is None:
            return value.element() if value.entries or value.rest else Unknown("an unknown key")
        found = value.entries.get(index)
        if found is not None:
            return found
        if value.rest is not None:
            return value.rest
        if value.default is not None:
            made = self.call(value.default, Args(), _NO_CALL)
            value.entries[index] = made
            return made
        return Unknown(f"{NO_KEY} {index}")

    def element(self, value: Val) -> Val:
        """Return what any one item of a value can be, when it is gone through."""
        match value:
            case Alt():
                return join_all(self.element(each) for each in value.options if not is_none(each))
            case ListVal():
                return value.element()
            case DictVal():
                keys = [key_value(key) for key in value.entries]
                if value.rest is not None:
                    keys.append(Unknown("a key"))
                return join_all(keys) if keys else Unknown("a key of an empty dict")
            case Event():
                return event_item(value)
            case Response():
                return sdk.response_item(value, "[]")
            case Collection() | Paginator():
                return sdk.iterate(self, value)
            case Instance():
                found = value.cls.find("__iter__") or value.cls.find("__aiter__")
                if found is not None:
                    return self.element(self.call(self.bind(found[0], value), Args(), _NO_CALL))
                return Unknown(f"an item of {value.cls.cls.name}")
            case ClassVal():
                members = [each for each in value.members.values() if isinstance(each, Text | Scalar)]
                return join_all(members) if members else Unknown("an item of a class")
            case Thing():
                return library.thing_element(self, value)
            case _:
                return Unknown(describe(value) or "an item of an unknown value")

    def known_items(self, value: Val) -> list[Val] | None:
        """Return the items of a value when all are known and few, else None."""
        if isinstance(value, ListVal) and value.rest is None and len(value.items) <= UNROLLED:
            return list(value.items)
        if isinstance(value, DictVal) and value.rest is None and len(value.entries) <= UNROLLED:
            return [key_value(key) for key in value.entries]
        return None

    # -- literals --

    def _constant(self, node: form.Const, frame: Frame) -> Val:
        value = node.value
        return text(value) if isinstance(value, str) else Scalar(value)

    def _template(self, node: form.Template, frame: Frame) -> Val:
        return texts.bounded(concatenate(self.evaluate(part, frame) for part in node.parts))

    def _list(self, node: form.ListExpr, frame: Frame) -> Val:
        items: list[Val] = []
        rest: Val | None = None
        for each in node.items:
            if isinstance(each, form.Spread):
                value = self.evaluate(each.value, frame)
                if isinstance(value, ListVal):
                    items.extend(value.items)
                    rest = value.rest if rest is None else rest
                else:
                    rest = self.element(value)
            else:
                items.append(self.evaluate(each, frame))
        return self.new_list(items, rest)

    def _dict(self, node: form.DictExpr, frame: Frame) -> Val:
        entries: dict[Any, Val] = {}
        rest: Val | None = None
        for key, value_node in node.entries:
            if key is None:
                value = self.evaluate(value_node, frame)
                rest = self.spread(value, entries, rest)
                continue
            index = dict_key(self.evaluate(key, frame))
            value = self.evaluate(value_node, frame)
            if index is None:
                rest = value if rest is None else join(rest, value)
            else:
                entries[index] = value
        return self.new_dict(entries, rest)

    def spread(self, value: Val, entries: dict[Any, Val], rest: Val | None) -> Val | None:
        """Put the entries of a mapping into others; return what unknown keys can hold."""
        choices = [each for each in options(value) if not is_none(each)]
        for choice in choices:
            if isinstance(choice, DictVal):
                for key, each in choice.entries.items():
                    known = entries.get(key)
                    entries[key] = each if known is None or len(choices) == 1 else join(known, each)
                if choice.rest is not None:
                    rest = choice.rest if rest is None else join(rest, choice.rest)
            elif isinstance(choice, Instance):
                entries.update(choice.attributes)
            elif isinstance(choice, ModuleState) and choice.exports is not None:
                entries.update((key, each) for key, each in choice.exports.entries.items() if key != "=")
            elif not isinstance(choice, Scalar):
                member = event_member(choice, "*") if isinstance(choice, Event) else None
                rest = member or Unknown(describe(choice) or "a mapping that nobody saw")
        return rest

    def _comprehension(self, node: form.Comprehension, frame: Frame) -> Val:
        items: list[Val] = []
        entries: dict[Any, Val] = {}
        rest = self._clause(node, 0, frame, items, entries)
        if node.key is None:
            return self.new_list(items, rest)
        return self.new_dict(entries, rest)

    def _clause(
        self,
        node: form.Comprehension,
        index: int,
        frame: Frame,
        items: list[Val],
        entries: dict[Any, Val],
    ) -> Val | None:
        if index == len(node.clauses):
            key = self.evaluate(node.key, frame) if node.key is not None else None
            value = self.evaluate(node.element, frame)
            if node.key is None:
                items.append(value)
                return None
            place = dict_key(key) if key is not None else None
            if place is None:
                return value
            entries[place] = value
            return None
        clause = node.clauses[index]
        iterable = self.evaluate(clause.iterable, frame)
        known = self.known_items(iterable)
        exact = known is not None and not clause.tests
        rest: Val | None = None
        for value in known if known is not None else [self.element(iterable)]:
            self.assign(clause.target, value, frame)
            for test in clause.tests:
                self.evaluate(test, frame)
            made: list[Val] = items if exact else []
            more = self._clause(node, index + 1, frame, made, entries)
            for each in ([] if exact else made) + ([] if more is None else [more]):
                rest = each if rest is None else join(rest, each)
        return rest

    def assign(self, target: form.Expr, value: Val, frame: Frame) -> None:
        """Bind a target."""
        raise NotImplementedError

    def declare(self, target: form.Expr, value: Val, frame: Frame) -> None:
        """Bind a target whose names belong to the frame, whatever lies around it."""
        raise NotImplementedError

    # -- operators --

    def _binary(self, node: form.Binary, frame: Frame) -> Val:
        left = self.evaluate(node.left, frame)
        right = self.evaluate(node.right, frame)
        return self.operate(node.op, left, right)

    def operate(self, op: str, left: Val, right: Val) -> Val:
        """Return the result of an operator."""
        if op == "+":
            return self._plus(left, right)
        if op == "%" and isinstance(left, Text):
            return texts.percent(self, left, right)
        if op == "|" and isinstance(left, DictVal):
            entries = dict(left.entries)
            rest = self.spread(right, entries, left.rest)
            return self.new_dict(entries, rest)
        if op == "|":
            return join(left, right)
        if op == "/" and isinstance(left, Thing):
            return left  # a path
        if isinstance(left, Scalar) and isinstance(right, Scalar):
            return library.arithmetic(op, left, right)
        return Unknown("the result of an operator")

    def _plus(self, left: Val, right: Val) -> Val:
        if isinstance(left, ListVal):
            if isinstance(right, ListVal):
                rest = left.rest if right.rest is None else right.rest
                return self.new_list([*left.items, *right.items], rest)
            return self.new_list(list(left.items), self.element(right))
        if isinstance(left, Scalar) and isinstance(right, Scalar):
            return library.arithmetic("+", left, right)
        if any(isinstance(each, Text) for side in (left, right) for each in options(side)):
            return texts.bounded(concatenate((left, right)))
        return Unknown("a sum")

    def _compare(self, node: form.Compare, frame: Frame) -> Val:
        decided = self.truth(node, frame)
        return Unknown("a test") if decided is None else Scalar(decided)

    def _not(self, node: form.Not, frame: Frame) -> Val:
        decided = self.truth(node.value, frame)
        return Unknown("a test") if decided is None else Scalar(not decided)

    def _logical(self, node: form.Logical, frame: Frame) -> Val:
        left = self.evaluate(node.left, frame)
        certain = truthy(left)
        if node.op == "and":
            if certain is False:
                return left
            before = self.enter_branch()
            right = self.evaluate(node.right, frame)
            self.leave_branch(before)
            return right
        if certain is True:
            return left
        if certain is False and not isinstance(node.left, form.Attribute | form.Subscript):
            return self.evaluate(node.right, frame)
        before = self.enter_branch()
        right = self.evaluate(node.right, frame)
        self.leave_branch(before)
        kept = [each for each in options(left) if truthy(each) is not False]
        if len(kept) == 1 and isinstance(kept[0], Text) and len(kept[0].parts) == 1:
            part = kept[0].parts[0]
            if isinstance(part, EnvironmentVariable) and part.default is None:
                return environment_variable(part.name, right)
        return join_all((*kept, right))

    def _conditional(self, node: form.Conditional, frame: Frame) -> Val:
        decided = self.truth(node.test, frame)
        if decided is True:
            return self.evaluate(node.then, frame)
        if decided is False:
            return self.evaluate(node.otherwise, frame)
        before = self.enter_branch()
        then = self.evaluate(node.then, frame)
        self.leave_branch(before)
        before = self.enter_branch()
        otherwise = self.evaluate(node.otherwise, frame)
        self.leave_branch(before)
        return join(then, otherwise)

    # -- tests --

    def truth(self, node: form.Expr, frame: Frame) -> bool | None:
        """Return what a test comes to when that is the same on every call, else None.

        What outlives a call (module variables, attributes) may have changed by the next one, so only literals and the
        function's own names decide.
        """
        match node:
            case form.Not(value=value):
                inner = self.truth(value, frame)
                return None if inner is None else not inner
            case form.Logical(op=op, left=left, right=right) if op in ("and", "or"):
                first = self.truth(left, frame)
                if first is (op == "or"):
                    return first
                second = self.truth(right, frame)
                if first is None:
                    return second if second is (op == "or") else None
                return second
            case form.Compare():
                left_value = self.evaluate(node.left, frame)
                right_value = self.evaluate(node.right, frame)
                if self._lasting(node.left, frame) or self._lasting(node.right, frame):
                    return None
                return library.compare(node.op, left_value, right_value)
            case _:
                value_of = self.evaluate(node, frame)
                if isinstance(value_of, External) and value_of.full.endswith(".TYPE_CHECKING"):
                    return False
                return None if self._lasting(node, frame) else truthy(value_of)

    def _lasting(self, node: form.Expr, frame: Frame) -> bool:
        """Return whether an expression may hold something else at the next call."""
        match node:
            case form.Const():
                return False
            case form.Name(id=name):
                if name == "__name__":
                    return False
                return frame.function is None or name not in frame.scope.variables
            case form.ListExpr(items=items):
                return any(self._lasting(each, frame) for each in items)
            case form.Call(function=form.Attribute(value=value, name="lower" | "upper" | "strip")):
                return self._lasting(value, frame)
            case _:
                return True

    # -- the rest --

    def _function(self, node: form.FunctionExpr, frame: Frame) -> Val:
        return self.closure(node.function, frame)

    def closure(self, function: form.Function, frame: Frame) -> FunctionVal:
        """Return a function with the scope it is made in."""
        value = FunctionVal(function, frame.scope, frame.module)
        if function.receiver is None:
            value.receiver = frame.receiver
        return value

    def _class(self, node: form.ClassExpr, frame: Frame) -> Val:
        return self.define_class(node.cls, frame)

    def define_class(self, cls: form.Class, frame: Frame) -> Val:
        """Return a class, its body gone through."""
        raise NotImplementedError

    def _await(self, node: form.Await, frame: Frame) -> Val:
        return self.evaluate(node.value, frame)

    def _yield(self, node: form.Yield, frame: Frame) -> Val:
        if node.value is not None:
            value = self.evaluate(node.value, frame)
            frame.yielded.append(self.element(value) if node.star else value)
        return Unknown("what a generator is sent")

    def _assign_expression(self, node: form.AssignExpr, frame: Frame) -> Val:
        value = self.evaluate(node.value, frame)
        self.assign(node.target, value, frame)
        return value

    def _import(self, node: form.ImportExpr, frame: Frame) -> Val:
        if node.module is None:
            detail = "a module whose name is made at run time"
            self.gap(GapReason.DYNAMIC_CODE, detail, form.Import("", line=node.line), None)
            return Unknown(detail)
        value = self.load(node.module, frame.module, 0, node.line)
        if isinstance(value, ModuleState) and value.exports is not None:
            whole = value.exports.entries.get("=")
            if whole is not None and not isinstance(whole, DictVal):
                return whole  # `module.exports = class …`
        return value

    def _super(self, node: form.Super, frame: Frame) -> Val:
        if frame.function is not None and frame.function.cls is not None:
            receiver = frame.receiver
            if receiver is not None:
                return SuperVal(frame.function.cls, receiver)
        return Unknown("super")

    def _spread(self, node: form.Spread, frame: Frame) -> Val:
        return self.element(self.evaluate(node.value, frame))

    def _slice(self, node: form.Slice, frame: Frame) -> Val:
        return Unknown("a slice")

    def _default(self, node: form.Default, frame: Frame) -> Val:
        return self.evaluate(node.target, frame)

    def _opaque(self, node: form.Opaque, frame: Frame) -> Val:
        for each in node.children:
            self.evaluate(each, frame)
        return Unknown(node.detail)

    def call_expression(self, node: form.Call, frame: Frame) -> Val:
        """Return what a call gives."""
        self.step()
        function = self.evaluate(node.function, frame)
        args = self.arguments(node, frame)
        self.line = node.line
        return self.call(function, args, node)

    def arguments(self, node: form.Call, frame: Frame) -> Args:
        """Return the arguments of a call."""
        args = Args()
        for each in node.args:
            if isinstance(each, form.Spread):
                value = self.evaluate(each.value, frame)
                if isinstance(value, ListVal) and args.more is None:
                    args.places.extend(value.items)
                    args.more = value.rest
                else:
                    args.more = self.element(value)
            else:
                args.places.append(self.evaluate(each, frame))
        for name, each in node.keywords:
            value = self.evaluate(each, frame)
            if name is not None:
                args.keywords[name] = value
                continue
            entries: dict[Any, Val] = {}
            rest = self.spread(value, entries, None)
            args.keywords.update((key, it) for key, it in entries.items() if isinstance(key, str))
            args.open = args.open or rest is not None
        return args


def _list_item(value: ListVal, key: Val) -> Val:
    if isinstance(key, Scalar) and isinstance(key.value, int):
        if 0 <= key.value < len(value.items):
            return value.items[key.value]
        if value.rest is None and -len(value.items) <= key.value < 0:
            return value.items[key.value]
        return value.rest or Unknown("an item that is not there")
    return value.element()


def dict_key(value: Val) -> Any:
    """Return a value as a key, None when it is not known."""
    match value:
        case Text():
            return value.literal if value.literal is not None else _symbolic_key(value)
        case Scalar(value=int() | float() | bool() as key):
            return key
        case Scalar(value=None):
            return "None"
        case _:
            return None


def key_value(key: Any) -> Val:
    """Return a key as a value."""
    if isinstance(key, Text):
        return key
    return text(key) if isinstance(key, str) else Scalar(key)


def _symbolic_key(value: Text) -> Text | None:
    """A text of environment variables is a key too: it is the same each time."""
    plain = all(isinstance(part, Literal | EnvironmentVariable) for part in value.parts)
    return value if plain else None


def truthy(value: Val) -> bool | None:
    """Return the truth of a value, None when it is not known."""
    if isinstance(value, Scalar):
        return bool(value.value)
    if isinstance(value, _TRUTHY):
        return True
    characters = literal(value)
    if characters is not None:
        return bool(characters)
    if isinstance(value, Alt):
        found = {truthy(each) for each in value.options}
        return found.pop() if len(found) == 1 else None
    return None


_NO_CALL = form.Call(form.Const(None))

_EVALUATORS: dict[type, Callable[[Any, Any, Frame], Val]] = {
    form.Const: Evaluator._constant,
    form.Name: Evaluator.name,
    form.Attribute: Evaluator.attribute,
    form.Subscript: Evaluator.subscript,
    form.Slice: Evaluator._slice,
    form.Spread: Evaluator._spread,
    form.Call: Evaluator.call_expression,
    form.Template: Evaluator._template,
    form.Binary: Evaluator._binary,
    form.Compare: Evaluator._compare,
    form.Logical: Evaluator._logical,
    form.Not: Evaluator._not,
    form.Conditional: Evaluator._conditional,
    form.ListExpr: Evaluator._list,
    form.DictExpr: Evaluator._dict,
    form.Comprehension: Evaluator._comprehension,
    form.FunctionExpr: Evaluator._function,
    form.ClassExpr: Evaluator._class,
    form.Await: Evaluator._await,
    form.Yield: Evaluator._yield,
    form.AssignExpr: Evaluator._assign_expression,
    form.Default: Evaluator._default,
    form.ImportExpr: Evaluator._import,
    form.Super: Evaluator._super,
    form.Opaque: Evaluator._opaque,
}

_MEMBERS: dict[type, Callable[[Any, Any, str], Val]] = {
    ModuleState: Evaluator._module_member,
    External: Evaluator._external_member,
    Instance: Evaluator._instance_member,
    ClassVal: Evaluator._class_member,
    SuperVal: Evaluator._super_member,
    Event: Evaluator._event_value,
    Context: Evaluator._context_member,
    Client: Evaluator._client_member,
    Resource: Evaluator._resource_member,
    Response: Evaluator._response_member,
    DictVal: Evaluator._dict_member,
    Thing: Evaluator._thing_member,
    FunctionVal: Evaluator._function_member,
    Environ: Evaluator._environ_member,
}

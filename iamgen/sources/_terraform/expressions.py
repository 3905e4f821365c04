"""HCL expressions: syntax nodes to values, references through what a module knows."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from iamgen.model.value import Literal, Part, Text
from iamgen.sources._terraform import functions
from iamgen.sources._terraform.hcl import text_of
from iamgen.sources._terraform.values import UNSEEN, Unseen, joined, parts_of

if TYPE_CHECKING:
    from tree_sitter import Node

_MAX_DEPTH = 120
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\"}


class Names(Protocol):
    """What an expression may ask of its module."""

    def look_up(self, name: str, steps: list[Any], scope: Mapping[str, Any]) -> tuple[Any, int]:
        """Return the value of a reference and how many of its steps that took."""

    def member(self, value: Any, step: Any) -> Any:
        """Return an attribute or an element of a value."""

    def read_text(self, name: str) -> Any:
        """Return the content of a file of the project."""


class Evaluator:
    """Works out the expressions of one module."""

    def __init__(self, names: Names) -> None:
        self.names = names

    def value(self, node: "Node", scope: Mapping[str, Any], depth: int = 0) -> Any:
        """Return the value of an expression."""
        if depth > _MAX_DEPTH:
            return UNSEEN
        kind = node.type
        if kind == "expression":
            return self._expression(node, scope, depth + 1)
        if kind == "literal_value":
            return self.value(node.children[0], scope, depth + 1) if node.children else UNSEEN
        if kind == "string_lit":
            inner = [c for c in node.children if c.type == "template_literal"]
            return Text.of(_unescaped("".join(text_of(child) for child in inner)))
        if kind == "numeric_lit":
            return Text.of(text_of(node))
        if kind == "bool_lit":
            return text_of(node) == "true"
        if kind == "null_lit":
            return None
        if kind in ("template_expr", "quoted_template", "heredoc_template"):
            return self._template(node, scope, depth + 1)
        if kind in ("collection_value", "conditional", "function_call", "operation", "for_expr"):
            handler = getattr(self, f"_{kind}")
            return handler(node, scope, depth + 1)
        return UNSEEN

    def _expression(self, node: "Node", scope: Mapping[str, Any], depth: int) -> Any:
        children = [child for child in node.children if child.type not in ("(", ")", "comment")]
        if not children:
            return UNSEEN
        first = children[0]
        steps = [step for child in children[1:] for step in self._steps(child, scope, depth)]
        if first.type == "variable_expr":
            found, used = self.names.look_up(text_of(first), steps, scope)
            steps = steps[used:]
        else:
            found = self.value(first, scope, depth + 1)
        for step in steps:
            found = self.names.member(found, step)
        return found

    def _steps(self, node: "Node", scope: Mapping[str, Any], depth: int) -> list[Any]:
        if node.type == "get_attr":
            return [text_of(node.children[-1])]
        if node.type == "index":
            inner = [c for child in node.children for c in child.children]
            for child in inner:
                if child.type == "expression":
                    found = self.value(child, scope, depth + 1)
                    word = found.literal if isinstance(found, Text) else None
                    return [("index", word)]
                if child.type == "numeric_lit":
                    return [("index", text_of(child))]
            return [("index", None)]
        if node.type == "splat":
            found_steps: list[Any] = ["*"]
            for child in node.children:
                for inner_child in child.children:
                    found_steps.extend(self._steps(inner_child, scope, depth))
            return found_steps
        return []

    def _template(self, node: "Node", scope: Mapping[str, Any], depth: int) -> Any:
        parts: list[Part] = []
        for child in node.children:
            if child.type == "template_literal":
                parts.append(Literal(_unescaped(text_of(child))))
            elif child.type == "template_interpolation":
                inner = [c for c in child.children if c.type == "expression"]
                parts.extend(parts_of(self.value(inner[0], scope, depth + 1)) if inner else ())
            elif child.type in ("quoted_template", "heredoc_template", "template"):
                parts.extend(parts_of(self._template(child, scope, depth + 1)))
            elif child.type == "template_directive":
                parts.extend(parts_of(Unseen("template directive")))
        return joined(parts)

    def _collection_value(self, node: "Node", scope: Mapping[str, Any], depth: int) -> Any:
        inner = node.children[0]
        if inner.type == "tuple":
            items = [child for child in inner.children if child.type == "expression"]
            return [self.value(item, scope, depth + 1) for item in items]
        found: dict[str, Any] = {}
        for element in inner.children:
            pair = [child for child in element.children if child.type == "expression"]
            if element.type != "object_elem" or len(pair) != 2:
                continue
            key = _bare_word(pair[0])
            if key is None:
                known = self.value(pair[0], scope, depth + 1)
                key = known.literal if isinstance(known, Text) else None
            if key is not None:
                found[key] = self.value(pair[1], scope, depth + 1)
        return found

    def _conditional(self, node: "Node", scope: Mapping[str, Any], depth: int) -> Any:
        parts = [child for child in node.children if child.type == "expression"]
        if len(parts) != 3:
            return UNSEEN
        test = self.value(parts[0], scope, depth + 1)
        if isinstance(test, bool):
            return self.value(parts[1 if test else 2], scope, depth + 1)
        then = self.value(parts[1], scope, depth + 1)
        return self.value(parts[2], scope, depth + 1) if isinstance(then, Unseen | None) else then

    def _function_call(self, node: "Node", scope: Mapping[str, Any], depth: int) -> Any:
        name = text_of(node.children[0])
        args: list[Any] = []
        for child in node.children:
            if child.type == "function_arguments":
                for item in child.children:
                    if item.type == "expression":
                        args.append(self.value(item, scope, depth + 1))
                    elif item.type in ("ellipsis", "...") and args and isinstance(args[-1], list):
                        args.extend(args.pop())
        if name in ("file", "templatefile") and args:
            known = args[0].literal if isinstance(args[0], Text) else None
            found = UNSEEN if known is None else self.names.read_text(known)
            return found if name == "file" else self._filled(found, args)
        return functions.call(name, args)

    def _filled(self, text: Any, args: list[Any]) -> Any:
        """A template file with its variables put in; anything but plain variables is unknown."""
        known = text.literal if isinstance(text, Text) else None
        table = args[1] if len(args) > 1 and isinstance(args[1], dict) else {}
        if known is None or "%{" in known:
            return UNSEEN
        parts: list[Part] = []
        at = 0
        for found in re.finditer(r"\$\{\s*([\w.]+)\s*\}", known):
            parts.append(Literal(known[at : found.start()]))
            parts.extend(parts_of(table.get(found[1], Unseen(found[1]))))
            at = found.end()
        parts.append(Literal(known[at:]))
        return joined(parts)

    def _operation(self, node: "Node", scope: Mapping[str, Any], depth: int) -> Any:
        inner = node.children[0]
        if inner.type == "unary_operation":
            found = self._operand(inner.children[1:], scope, depth)
            if text_of(inner.children[0]) == "!" and isinstance(found, bool):
                return not found
            return UNSEEN
        marks = ("==", "!=", "&&", "||", "+", "-", "*", "/", "%", "<", ">", "<=", ">=")
        spot = next((i for i, c in enumerate(inner.children) if c.type in marks), None)
        if spot is None:
            return UNSEEN
        op = inner.children[spot].type
        left = self._operand(inner.children[:spot], scope, depth)
        right = self._operand(inner.children[spot + 1 :], scope, depth)
        return _operated(op, left, right)

    def _operand(self, nodes: list["Node"], scope: Mapping[str, Any], depth: int) -> Any:
        """An operand is a run of nodes: a value with its steps."""
        if not nodes:
            return UNSEEN
        first = nodes[0]
        steps = [step for child in nodes[1:] for step in self._steps(child, scope, depth)]
        if first.type == "variable_expr":
            found, used = self.names.look_up(text_of(first), steps, scope)
            steps = steps[used:]
        else:
            found = self.value(first, scope, depth + 1)
        for step in steps:
            found = self.names.member(found, step)
        return found

    def _for_expr(self, node: "Node", scope: Mapping[str, Any], depth: int) -> Any:
        inner = node.children[0]
        intro = next((child for child in inner.children if child.type == "for_intro"), None)
        if intro is None:
            return UNSEEN
        names = [text_of(child) for child in intro.children if child.type == "identifier"]
        source = next((child for child in intro.children if child.type == "expression"), None)
        items = UNSEEN if source is None else self.value(source, scope, depth + 1)
        pairs: list[tuple[Any, Any]]
        if isinstance(items, list):
            pairs = [(Text.of(str(index)), item) for index, item in enumerate(items)]
        elif isinstance(items, dict):
            pairs = [(Text.of(key), item) for key, item in items.items()]
        else:
            return UNSEEN
        bodies = [child for child in inner.children if child.type == "expression"]
        listed: list[Any] = []
        mapped: dict[str, Any] = {}
        for key, item in pairs[:200]:
            own = dict(scope)
            if len(names) > 1:
                own[names[0]], own[names[1]] = key, item
            elif names:
                own[names[0]] = item
            if inner.type == "for_tuple_expr" and bodies:
                listed.append(self.value(bodies[0], own, depth + 1))
            elif len(bodies) > 1:
                word = self.value(bodies[0], own, depth + 1)
                known = word.literal if isinstance(word, Text) else None
                if known is not None:
                    mapped[known] = self.value(bodies[1], own, depth + 1)
        return listed if inner.type == "for_tuple_expr" else mapped


def _operated(op: str, left: Any, right: Any) -> Any:
    if isinstance(left, bool) and isinstance(right, bool) and op in ("&&", "||"):
        return (left and right) if op == "&&" else (left or right)
    if op == "&&" and False in (left, right):
        return False
    if op == "||" and True in (left, right):
        return True
    if op in ("==", "!="):
        a = left.literal if isinstance(left, Text) else left
        b = right.literal if isinstance(right, Text) else right
        plain = (str, bool, type(None))
        if isinstance(a, plain) and isinstance(b, plain):
            known = (left is None or not isinstance(left, Text) or a is not None) and (
                right is None or not isinstance(right, Text) or b is not None
            )
            if known:
                return (a == b) == (op == "==")
    return UNSEEN


def _bare_word(node: "Node") -> str | None:
    """A key that is written as a plain word."""
    children = node.children
    if len(children) == 1 and children[0].type == "variable_expr":
        return text_of(children[0])
    return None


def _unescaped(text: str) -> str:
    text = re.sub(r"\\([ntr\"\\])", lambda match: _ESCAPES[match[1]], text)
    return text.replace("$${", "${").replace("%%{", "%{")

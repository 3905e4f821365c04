"""One file of JavaScript or TypeScript: bytes in, a module of the common form or a gap out."""

import json
from typing import Any

from iamgen.model.observation import Gap, GapReason, Location
from iamgen.plugins import SourceFile
from iamgen.sources._program import form
from iamgen.sources._treesitter import Parsed, parse
from iamgen.sources.code.javascript._statements import Statements

_MAX_DATA_BYTES = 200_000
_GRAMMARS = {".ts": "typescript", ".mts": "typescript", ".cts": "typescript", ".tsx": "tsx"}


def lower(source: SourceFile) -> form.Module | Gap:
    """Return the module of a file.

    Spots that the grammar does not accept are gaps of the module; what stands around them is used.
    A `.js` file that is no JavaScript is tried as TypeScript: type annotations are met there too.
    """
    path = source.path
    if path.endswith((".d.ts", ".d.mts", ".d.cts")):
        return form.Module(path, "javascript", ())
    if path.endswith(".json"):
        return _data(source)
    grammar = _GRAMMARS.get(path[path.rfind(".") :], "javascript")
    parsed = parse(grammar, path, source.text)
    if isinstance(parsed, Gap):
        return parsed
    if parsed.error_line is not None and grammar == "javascript":
        other = parse("tsx", path, source.text)
        if isinstance(other, Parsed) and other.error_line is None:
            parsed = other
    gaps: list[Gap] = []
    if parsed.error_line is not None:
        place = Location(path, parsed.error_line)
        gaps.append(Gap(GapReason.SYNTAX_ERROR, "not understood from here", place, None))
    lowering = Statements()
    try:
        body = lowering.statements(parsed.tree.root_node)
    except RecursionError:
        return Gap(GapReason.LIMIT, "nested too deeply", Location(path), None)
    if lowering.deep:
        place = Location(path, lowering.deep)
        gaps.append(Gap(GapReason.LIMIT, "nested too deeply", place, None))
    hoisted = lowering.declared(lowering.variables[0])
    return form.Module(path, "javascript", (*hoisted, *body, *lowering.late), tuple(gaps))


def _data(source: SourceFile) -> form.Module | Gap:
    """Return a JSON file as a module that gives out its content."""
    if len(source.text) > _MAX_DATA_BYTES:
        return Gap(GapReason.LIMIT, "data of this size is not read", Location(source.path), ())
    try:
        content = _literal(json.loads(source.text.decode("utf-8-sig", "replace")))
    except (ValueError, RecursionError):
        return Gap(GapReason.SYNTAX_ERROR, "no JSON", Location(source.path), ())
    exports: list[form.Stmt] = [form.Export("=", content)]
    return form.Module(source.path, "javascript", tuple(exports))


def _literal(value: Any) -> form.Expr:
    if isinstance(value, dict):
        return form.DictExpr(tuple((form.Const(key), _literal(each)) for key, each in value.items()))
    if isinstance(value, list):
        return form.ListExpr(tuple(_literal(each) for each in value))
    return form.Const(value)

"""References that would close a dependency cycle, found before a template form is written (design 6)."""

from dataclasses import replace
from pathlib import Path

from iamgen.errors import InputError
from iamgen.model.result import Suggestion, SuggestResult
from iamgen.patch.patch import cyclic_names

TEMPLATE_FORMS = ("cloudformation", "sam", "serverless", "cdk-typescript", "cdk-python", "terraform")
_KINDS = ("sam", "cloudformation")
_MAX_BYTES = 10_000_000


def with_cycles(result: SuggestResult, project: Path) -> SuggestResult:
    """Return the answer with the names that each role must not refer to, read from the functions' templates."""
    texts: dict[str, str] = {}
    return replace(result, functions=tuple(_one(one, project, texts) for one in result.functions))


def _one(one: Suggestion, project: Path, texts: dict[str, str]) -> Suggestion:
    path = one.function.template
    if path is None or one.template_kind not in _KINDS:
        return one
    if path not in texts:
        file = project / path
        small = file.is_file() and file.stat().st_size <= _MAX_BYTES
        texts[path] = file.read_text(encoding="utf-8", errors="replace") if small else ""
    try:
        names = cyclic_names(texts[path], path, one.function.logical_id or one.function.id, one.role.key)
    except InputError:
        return one
    return replace(one, cyclic=names)

"""Which names of a template a role must not refer to, so that no reference closes a cycle."""

from dataclasses import replace
from pathlib import Path

from iamgen.errors import InputError
from iamgen.model.result import Suggestion, SuggestResult
from iamgen.patch.patch import cyclic_names

KINDS = frozenset(("sam", "cloudformation"))
FORMS = frozenset(("cloudformation", "sam", "serverless", "cdk-typescript", "cdk-python"))
"""Forms that write references of CloudFormation."""


def with_cycles(result: SuggestResult, project: Path) -> SuggestResult:
    """Return the answer with `cyclic` filled from the templates; an unreadable one adds none."""
    texts: dict[str, str] = {}
    return replace(
        result,
        functions=tuple(_filled(one, project.resolve(), texts) for one in result.functions),
    )


def _filled(one: Suggestion, root: Path, texts: dict[str, str]) -> Suggestion:
    template = one.function.template
    if template is None or one.template_kind not in KINDS:
        return one
    if template not in texts:
        file = (root / template).resolve()
        try:
            inside = file.is_relative_to(root)
            texts[template] = file.read_bytes().decode("utf-8") if inside else ""
        except (OSError, UnicodeDecodeError):
            texts[template] = ""
    function = one.function.logical_id or one.function.id
    try:
        names = cyclic_names(texts[template], template, function, one.role.key)
    except InputError:
        return one
    return replace(one, cyclic=names)

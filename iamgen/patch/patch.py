"""The suggested role written into the user's template.

In comes the text of one template and the roles that it shall say; out go the edits, in bytes, and
what a person must know of them. Nothing is read or written here. A form that cannot be patched is
an error, and then there is no edit of that role at all.
"""

from collections.abc import Callable
from dataclasses import dataclass

from iamgen.access.maps import AccessMaps
from iamgen.errors import InputError
from iamgen.model.result import Status, Suggestion, TextEdit
from iamgen.patch._edits import Splice, apply, merged, refuse, to_edits
from iamgen.patch._positions import parse, value_of
from iamgen.patch._target import Note, PatchTarget
from iamgen.patch._template import cyclic
from iamgen.patch.cloudformation import patch_template
from iamgen.patch.serverless import patch_serverless
from iamgen.patch.terraform import patch_terraform

INLINE_LIMIT = 10_240
_BOM = "\ufeff"

Patcher = Callable[[str, str, PatchTarget], tuple[list[Splice], tuple[Note, ...]]]
PATCHERS: dict[str, Patcher] = {
    "sam": patch_template,
    "cloudformation": patch_template,
    "serverless": patch_serverless,
    "terraform": patch_terraform,
}
"""Kind of a template -> what writes a role into it. CDK's sources are not patched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Patched:
    """What becomes of one template."""

    path: str
    before: str
    after: str
    edits: tuple[TextEdit, ...]
    notes: tuple[Note, ...]
    refused: tuple[InputError, ...] = ()
    """Roles that stay as they are, and why."""


def patch(path: str, text: str, kind: str, targets: tuple[PatchTarget, ...]) -> Patched:
    """Return a template with its roles patched; each refused role is named and left as it is.

    Raises:
        InputError: the text cannot be read as a template of its kind.
    """
    patcher = PATCHERS.get(kind)
    start = _BOM if text.startswith(_BOM) else ""
    body = text.removeprefix(_BOM)
    splices: list[Splice] = []
    notes: list[Note] = []
    refused: list[InputError] = []
    for target in targets:
        try:
            if patcher is None:
                raise refuse(
                    f"{path} {', '.join(target.functions)}",
                    f"iamgen suggest --function {target.functions[0]} --format cdk-typescript "
                    "(or cdk-python) prints the code",
                )
            if target.policy.size_chars > INLINE_LIMIT:
                raise refuse(f"{path} {target.role}", "the policy is over the inline limit")
            found, said = patcher(body, path, target)
            splices = merged([*splices, *found], path)
        except InputError as error:
            refused.append(error)
            continue
        notes += said
    after = start + apply(body, splices)
    moved = [Splice(s.start + len(start), s.end + len(start), s.text) for s in splices]
    return Patched(
        path=path,
        before=text,
        after=after,
        edits=to_edits(path, text, moved),
        notes=tuple(dict.fromkeys(notes)),
        refused=tuple(refused),
    )


def patch_module(files: tuple[tuple[str, str], ...], targets: tuple[PatchTarget, ...]) -> tuple[Patched, ...]:
    """Return the files of one Terraform module with its roles patched.

    A role, its policies and their documents may stand in several files; `files` are their paths
    and texts. Refusals and notes come with the first file.

    Raises:
        InputError: a file cannot be read as HCL.
    """
    starts: list[int] = []
    joined = ""
    for _, text in files:
        starts.append(len(joined))
        joined += text + _SEAM
    place = files[0][0] if len(files) == 1 else files[0][0].rpartition("/")[0] or "."
    whole = patch(place, joined, "terraform", targets)
    splices = _splices(whole)
    result: list[Patched] = []
    for number, (path, text) in enumerate(files):
        start = starts[number]
        own = [
            Splice(splice.start - start, min(splice.end - start, len(text)), splice.text)
            for splice in splices
            if start <= splice.start <= start + len(text)
        ]
        result.append(
            Patched(
                path=path,
                before=text,
                after=apply(text, own),
                edits=to_edits(path, text, own),
                notes=whole.notes if not number else (),
                refused=whole.refused if not number else (),
            )
        )
    return tuple(result)


_SEAM = "\n\n"
"""Between the files of a module, so that no splice reaches from one into the next."""


def _splices(patched: Patched) -> list[Splice]:
    """Return the edits of a text in characters again."""
    data = patched.before.encode()
    return [
        Splice(len(data[: edit.start].decode()), len(data[: edit.end].decode()), edit.text) for edit in patched.edits
    ]


def targets_of(
    suggestions: tuple[Suggestion, ...],
    maps: AccessMaps,
    *,
    explicit_role: bool = False,
    split: bool = False,
) -> tuple[PatchTarget, ...]:
    """Return one target per role of one template; functions without an answer have none.

    A shared role says what all of its functions need, unless `split` gives each its own.
    """
    types = maps.table("resource_types").get("types", {})
    seen: set[str] = set()
    targets: list[PatchTarget] = []
    for one in suggestions:
        if one.status is Status.INSUFFICIENT or one.policy is None or not one.policies:
            continue
        shared = one.role_policy is not None
        key = one.role.key or one.function.id
        if shared and not split:
            if key in seen or not one.role_policies:
                continue
            seen.add(key)
        policy = one.role_policy if shared and not split else one.policy
        symbolic = one.symbolic_role_policy if shared and not split else one.symbolic_policy
        assert policy is not None  # noqa: S101  INVARIANT: `shared` asked
        functions = one.role.shared_by if shared and not split else ()
        targets.append(
            PatchTarget(
                functions=functions or (one.function.logical_id or one.function.id,),
                role=one.role.key,
                policy=policy,
                symbolic=symbolic,
                explicit_role=explicit_role,
                split=split and shared,
                is_known=lambda name: maps.managed_policy(name) is not None,
                types=types,
            )
        )
    return tuple(targets)


def cyclic_names(text: str, path: str, function: str, role: str | None) -> tuple[str, ...]:
    """Return the names of a CloudFormation or SAM template that the role must not refer to.

    Raises:
        InputError: the text is no template.
    """
    resources = value_of(parse(text.removeprefix(_BOM), path)).get("Resources")
    if not isinstance(resources, dict):
        return ()
    holder = role if role is not None and role in resources else function
    return tuple(sorted(cyclic(resources, holder)))

"""The suggested roles as edits of the head: patches to apply, lines to commit by a click.

A suggestion is made per role, holds the whole edit of that role, and is kept only if the template
with it applied reads back as the proposal: the role allows what the proposal allows and nothing
else but what the framework adds, and every other role and function is as before.
"""

import difflib
import hashlib
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from iamgen.access.maps import AccessMaps
from iamgen.errors import IamgenError
from iamgen.model.function import Role
from iamgen.model.policy import Policy
from iamgen.model.pull_request import PrPatch, PrSuggestion
from iamgen.model.request import SuggestRequest
from iamgen.model.result import Suggestion, SuggestResult
from iamgen.patch._target import PatchTarget
from iamgen.patch.patch import Patched, patch, targets_of
from iamgen.pipeline.functions import Subject, template_subjects
from iamgen.pipeline.scan import naming_for
from iamgen.pipeline.templates import read_templates
from iamgen.semantics.layers import Layers
from iamgen.semantics.subset import subset
from iamgen.semantics.universe import Universe, universe_of

MAX_LINES = 80
"""A suggestion that replaces more lines than this is shown as a patch only."""
MAX_SUGGESTIONS = 30


def propose(
    result: SuggestResult, request: SuggestRequest, prefix: str, maps: AccessMaps
) -> tuple[tuple[PrPatch, ...], tuple[PrSuggestion, ...]]:
    """Return one patch per template, and one suggestion per role whose lines are few.

    `request.project` is a private copy of the head: a template is replaced there while it is read
    back.
    """
    patches: list[PrPatch] = []
    suggestions: list[PrSuggestion] = []
    universe = universe_of(maps)
    for (template, kind), some in _by_template(result):
        text = _text(request.project, template)
        if text is None or "\r" in text:
            continue
        targets = targets_of(tuple(some), maps)
        whole = _patched(template, text, kind, targets)
        if whole is None or whole.before == whole.after:
            continue
        path = f"{prefix}{template}"
        patches.append(PrPatch(path=path, diff=unified(path, text, whole.after)))
        for target in targets:
            one = _patched(template, text, kind, (target,))
            if one is None or one.before == one.after or len(suggestions) >= MAX_SUGGESTIONS:
                continue
            made = one_suggestion(path, text, one.after, ", ".join(target.functions[:3]))
            if made is not None and reads_back(request, template, one.after, target.functions, target.policy, universe):
                suggestions.append(made)
    return tuple(patches), tuple(suggestions)


def one_suggestion(path: str, before: str, after: str, function: str) -> PrSuggestion | None:
    """Return the smallest run of lines that holds the whole edit; None where it is too long.

    A pure insertion or deletion takes a neighbouring line along, for a suggestion replaces lines.
    """
    old, new = before.split("\n"), after.split("\n")
    same = zip(old, new, strict=False)
    start = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], same))
    rest = min(len(old), len(new)) - start
    tail = zip(reversed(old), reversed(new), strict=False)
    end = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], tail))
    end = min(end, rest)
    if start > 0 and (start == len(old) - end or start == len(new) - end):
        start -= 1
    low, high = start, len(old) - end
    text = "\n".join(new[start : len(new) - end])
    if high <= low or high - low > MAX_LINES or not text.strip() or text.count("\n") > MAX_LINES:
        return None
    name = hashlib.sha256(f"{path}\0{low}\0{text}".encode("utf-8", "replace")).hexdigest()[:32]
    return PrSuggestion(
        path=path,
        start_line=low + 1,
        line=high,
        text=text,
        function=function,
        fingerprint=name,
        before="\n".join(old[low:high]),
    )


def reads_back(
    request: SuggestRequest,
    template: str,
    after: str,
    functions: tuple[str, ...],
    proposal: Policy,
    universe: Universe,
) -> bool:
    """Whether the edited template says the proposal for these functions, all else as before."""
    alone = replace(request, template=request.project / template)
    try:
        old = {one.ref.id: one for one in template_subjects(read_templates(alone)[0])}
        with _replaced(request.project / template, after):
            new = {one.ref.id: one for one in template_subjects(read_templates(alone)[0])}
    except IamgenError:
        return False
    if old.keys() != new.keys():
        return False
    for name, subject in new.items():
        if name not in functions:
            if _identity(subject, request) != _identity(old[name], request):
                return False
            continue
        role = subject.role
        if role is None or any(one.policy is None for one in role.policies):
            return False
        written = Layers.of(*_identity(subject, request))
        framework = Layers.of(proposal, *_identity(subject, request, origin="framework"))
        if not subset(written, framework, universe).is_proved:
            return False
        if not subset(Layers.of(proposal), written, universe).is_proved:
            return False
    return True


def unified(path: str, before: str, after: str) -> str:
    """Return the difference of two versions of a file in the form that `git apply` takes."""
    lines = difflib.unified_diff(
        before.splitlines(keepends=True),
        after.splitlines(keepends=True),
        f"a/{path}",
        f"b/{path}",
    )
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _by_template(
    result: SuggestResult,
) -> list[tuple[tuple[str, str], list[Suggestion]]]:
    found: dict[tuple[str, str], list[Suggestion]] = {}
    for one in result.functions:
        if one.policy is not None and one.policies and one.function.template is not None:
            key = (one.function.template, one.template_kind or "")
            found.setdefault(key, []).append(one)
    return sorted(found.items(), key=lambda item: item[0])


def _patched(template: str, text: str, kind: str, targets: tuple[PatchTarget, ...]) -> Patched | None:
    try:
        return patch(template, text, kind, targets)
    except IamgenError:
        return None


def _text(project: Path, template: str) -> str | None:
    file = project / template
    try:
        if not file.resolve().is_relative_to(project.resolve()):
            return None
        return file.read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        return None


@contextmanager
def _replaced(file: Path, text: str) -> Iterator[None]:
    before = file.read_bytes()
    file.write_bytes(text.encode())
    try:
        yield
    finally:
        file.write_bytes(before)


def _identity(subject: Subject, request: SuggestRequest, origin: str | None = None) -> tuple[Policy, ...]:
    role: Role | None = subject.role
    if role is None:
        return ()
    naming = naming_for(subject, request)
    return tuple(
        naming.concrete_policy(one.policy)
        for one in role.policies
        if one.policy is not None and (origin is None or one.origin == origin)
    )

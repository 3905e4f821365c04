"""Which functions a run answers for: those of the templates, those of the log, joined and chosen by name."""

import difflib
import fnmatch
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from iamgen.errors import UsageError
from iamgen.graph.identity import Identities, TemplateName, identify
from iamgen.model.function import Deployment, FunctionRef, LambdaFunction, Role
from iamgen.model.request import SuggestRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """One function that a run answers for."""

    ref: FunctionRef
    spec: LambdaFunction | None = None
    deployment: Deployment | None = None
    log_arns: tuple[str, ...] = ()
    role: Role | None = None
    """The role as its template will deploy it."""

    @property
    def role_key(self) -> str | None:
        """What tells its role from others: template and key; None when no role is known."""
        if self.spec is not None and self.spec.role is not None:
            return f"{self.spec.template}:{self.spec.role}"
        return None


def template_subjects(deployments: tuple[Deployment, ...]) -> tuple[Subject, ...]:
    """Return every function of the templates, sorted by template and id."""
    subjects = []
    for deployment in deployments:
        roles = {role.key: role for role in deployment.roles}
        for spec in deployment.functions:
            name = spec.name.literal if spec.name is not None else None
            ref = FunctionRef(
                id=spec.id,
                name=name or spec.id,
                logical_id=spec.id,
                template=spec.template,
                runtime=spec.runtime,
                handler=spec.handler,
                account=deployment.account,
                region=deployment.region,
            )
            subjects.append(
                Subject(
                    ref=ref,
                    spec=spec,
                    deployment=deployment,
                    role=roles.get(spec.role) if spec.role is not None else None,
                )
            )
    return tuple(sorted(subjects, key=lambda s: (s.ref.template or "", s.ref.id)))


def join_log(
    subjects: tuple[Subject, ...], arns: tuple[str, ...], request: SuggestRequest
) -> tuple[tuple[Subject, ...], Identities]:
    """Return the subjects with the functions of the log joined in, those known from the log alone at the end."""
    names = tuple(
        TemplateName(
            ref=replace(s.ref, id=_key(s)),
            name=_known_name(s.spec) if s.spec is not None else None,
            stacks=tuple(
                name for name in (request.stack_name, s.deployment.stack_name if s.deployment else None) if name
            ),
        )
        for s in subjects
    )
    identities = identify(names, arns, account=request.account)
    joined = dict(identities.joined)
    out = []
    for subject in subjects:
        fits = joined.get(_key(subject), ())
        ref = subject.ref
        if fits:
            fields = fits[0].split(":")
            ref = replace(ref, arn=fits[0], account=fields[4], region=fields[3], name=fields[6].split(":")[0])
        out.append(replace(subject, ref=ref, log_arns=fits))
    for arn in identities.unjoined:
        fields = arn.split(":")
        ref = FunctionRef(
            id=arn,
            name=fields[6] if len(fields) > 6 else arn,
            arn=arn,
            account=fields[4],
            region=fields[3],
        )
        out.append(Subject(ref=ref, log_arns=(arn,)))
    return tuple(out), identities


def choose(subjects: tuple[Subject, ...], request: SuggestRequest) -> tuple[Subject, ...]:
    """Return the functions asked for, in order.

    Raises:
        UsageError: no name is given, a name fits none (near ones are named), or an id is in two templates.
    """
    if request.all_functions:
        return subjects
    if not request.functions:
        if len(subjects) == 1:
            return subjects
        raise UsageError(
            "say which function: --function NAME or --all",
            hint=f"known: {', '.join(_names(subjects)[:20])}" if subjects else "no function was found",
        )
    chosen: dict[str, Subject] = {}
    for wanted in request.functions:
        fits = [s for s in subjects if _asked(s, wanted)]
        if not fits:
            raise UsageError(f"no function `{wanted}`", place="--function", hint=_near(wanted, subjects))
        is_glob = any(sign in wanted for sign in "*?[")
        if len(fits) > 1 and not is_glob:
            exact = [s for s in fits if s.ref.id == wanted]
            fits = exact or fits
        if len(fits) > 1 and not is_glob and len({s.ref.template for s in fits}) > 1:
            spelled = ", ".join(f"{s.ref.template}:{s.ref.id}" for s in fits)
            raise UsageError(f"`{wanted}` is in several templates", place="--function", hint=f"say {spelled}")
        for subject in fits:
            chosen[_key(subject)] = subject
    return tuple(chosen.values())


def _asked(subject: Subject, wanted: str) -> bool:
    template, colon, ident = wanted.rpartition(":")
    if colon and subject.ref.template is not None and not wanted.startswith("arn:"):
        same = PurePosixPath(template) == PurePosixPath(subject.ref.template)
        if same and fnmatch.fnmatchcase(subject.ref.id, ident):
            return True
    aliases = subject.spec.aliases if subject.spec is not None else ()
    path = subject.spec.construct_path if subject.spec is not None else None
    names = (subject.ref.id, subject.ref.name, subject.ref.arn, path, *aliases, *subject.log_arns)
    return any(name is not None and fnmatch.fnmatchcase(name, wanted) for name in names)


def _key(subject: Subject) -> str:
    return f"{subject.ref.template}:{subject.ref.id}" if subject.ref.template else subject.ref.id


def _known_name(spec: LambdaFunction) -> str | None:
    if spec.name is None:
        return None
    return spec.name.literal or None


def _names(subjects: tuple[Subject, ...]) -> list[str]:
    return sorted({s.ref.id if s.spec is not None else s.ref.name for s in subjects})


def _near(wanted: str, subjects: tuple[Subject, ...]) -> str:
    names = _names(subjects)
    if not names:
        return "no function was found; name the template with --template, or a log with --logs"
    near = difflib.get_close_matches(wanted, names, n=5, cutoff=0.4)
    rest = [name for name in names if name not in near]
    return f"known: {', '.join((near + rest)[:20])}"

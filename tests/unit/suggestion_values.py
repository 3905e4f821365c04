"""Small builders of answers for tests that need one without running the pipeline."""

from iamgen.model.decision import Basis, Decision, Verdict
from iamgen.model.diff import Claim, Proof
from iamgen.model.fact import Certainty, Origin, ResourcePattern
from iamgen.model.function import FunctionRef, TemplateResource
from iamgen.model.policy import Policy
from iamgen.model.result import (
    CodeSummary,
    Ledger,
    LogSummary,
    RoleInfo,
    RunLedger,
    Status,
    Suggestion,
    SuggestResult,
)
from iamgen.model.value import Text
from iamgen.synthesis.synthesize import synthesize

ACCOUNT = "111122223333"
REGION = "eu-west-1"


def plain(symbolic, names):
    """Return the ARN of a symbolic text."""
    text = symbolic.replace("${Partition}", "aws").replace("${Region}", REGION)
    text = text.replace("${Account}", ACCOUNT)
    for name, value in names.items():
        text = text.replace("{" + name + "}", value)
    return text


def needed(action, symbolic, names=(), **more):
    """Return a row that the policy must allow."""
    names = dict(names)
    return Decision(
        action=action,
        resource=ResourcePattern(symbolic, plain(symbolic, names)),
        verdict=more.pop("verdict", Verdict.KEEP),
        row=more.pop("row", 2),
        basis=Basis.CODE,
        certainty=Certainty.EXACT,
        origin=Origin.CODE,
        **more,
    )


def unknown(statement):
    """Return a row that keeps a statement."""
    return Decision(
        action=statement.actions[0],
        resource=ResourcePattern("*", "*"),
        verdict=Verdict.REVIEW,
        row=12,
        basis=Basis.NONE,
        kept=statement,
    )


def suggestion(name, rows, *, denies=(), resources=(), role=None, shared=None, **more):
    """Return the answer for one function."""
    proposal = synthesize(tuple(rows), tuple(denies))
    both = shared is not None
    together = synthesize((*rows, *(shared or ())), tuple(denies)) if both else None
    values = {
        "function": FunctionRef(
            id=name, name=name, logical_id=name, template="template.yaml", runtime="python3.13"
        ),
        "status": Status.COMPLETE,
        "reasons": (),
        "role": role or RoleInfo(name=f"{name}Role", arn=None, key=f"{name}Role"),
        "code": CodeSummary(files=1, calls=1, resolved=1, complete_for=("*",)),
        "logs": LogSummary(first=None, last=None, events=0, window_days=0),
        "permissions": tuple(rows),
        "denied": (),
        "gaps": (),
        "assumptions": (),
        "policy": proposal.policy,
        "policies": proposal.policies,
        "role_policy": together.policy if together else None,
        "role_policies": together.policies if together else (),
        "symbolic_role_policy": together.symbolic if together else None,
        "boundary": None,
        "diff": None,
        "proof": Proof(
            sound=Claim(holds=True),
            no_new_access=Claim(holds=None, reason="no current role"),
            within_boundary=Claim(holds=None, reason="no boundary"),
            minimal="optimal",
            minimal_reason=None,
            kept_chars=0,
        ),
        "widenings": (),
        "ledger": Ledger(),
        "symbolic_policy": proposal.symbolic,
        "resources": tuple(resources),
        "cost": proposal.cost,
    }
    return Suggestion(**(values | more))


def result(*suggestions):
    """Return the answer of a run."""
    return SuggestResult(
        as_of=None, sources=(), gaps=(), ledger=RunLedger(), functions=tuple(suggestions)
    )


def resource(logical_id, kind, name=None, reference=None):
    """Return a resource of the template."""
    return TemplateResource(
        logical_id=logical_id,
        type=kind,
        name=Text.of(name) if name else None,
        reference=reference,
    )


def document(*statements):
    """Return a policy of statement documents."""
    return Policy.from_document({"Version": "2012-10-17", "Statement": list(statements)})

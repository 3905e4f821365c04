"""The promises that stand on proof: a suggestion that breaks one is told so, with a request that shows it."""

from dataclasses import replace

from iamgen.access.maps import open_maps
from iamgen.compare.diff import diff
from iamgen.compare.prove import prove
from iamgen.model.decision import Basis, Decision, Granted, Verdict
from iamgen.model.diff import Proof
from iamgen.model.fact import Certainty, Origin, ResourcePattern
from iamgen.model.policy import Policy
from iamgen.semantics.layers import Layers
from iamgen.synthesis.synthesize import synthesize

QUEUE = "arn:aws:sqs:eu-west-1:111122223333:jobs"
OBJECTS = "arn:aws:s3:::orders/*"


def need(action: str, arn: str) -> Decision:
    return Decision(
        action=action, resource=ResourcePattern(arn, arn), verdict=Verdict.ADD, row=3, basis=Basis.CODE,
        certainty=Certainty.BOUND, origin=Origin.CODE, granted=Granted.NOT,
    )  # fmt: skip


def policy(action: object, resource: object) -> Policy:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return Policy.from_document({"Version": "2012-10-17", "Statement": [statement]})


NEEDS = (need("sqs:SendMessage", QUEUE), need("s3:GetObject", OBJECTS))


def proof(suggested: Policy | None = None, current: Policy | None = None, boundary: Policy | None = None) -> Proof:
    maps = open_maps()
    proposal = synthesize(NEEDS)
    if suggested is not None:
        proposal = replace(proposal, policy=suggested)
    now = Layers.of(current) if current is not None else None
    difference = diff(now, Layers.of(proposal.policy), maps) if now is not None else None
    return prove(needed=NEEDS, proposal=proposal, current=now, boundary=boundary, difference=difference, maps=maps)


def test_what_synthesis_makes_is_sound_and_minimal() -> None:
    made = proof()
    assert made.sound.holds is True
    assert made.necessary is not None
    assert made.necessary.holds is True


def test_a_need_that_the_policy_lacks_is_not_sound() -> None:
    made = proof(policy("sqs:SendMessage", QUEUE))
    assert made.sound.holds is False
    assert made.sound.witness is not None
    assert made.sound.witness.action == "s3:GetObject"


def test_a_narrower_resource_is_not_sound() -> None:
    made = proof(policy(["sqs:SendMessage", "s3:GetObject"], [QUEUE, "arn:aws:s3:::orders/in/*"]))
    assert made.sound.holds is not True


def test_new_access_is_told_with_a_request() -> None:
    made = proof(current=policy("sqs:SendMessage", QUEUE))
    assert made.no_new_access.holds is False
    assert made.no_new_access.witness is not None
    assert made.no_new_access.witness.action == "s3:GetObject"


def test_no_new_access_is_proved_against_a_wider_role() -> None:
    assert proof(current=policy(["sqs:*", "s3:*"], "*")).no_new_access.holds is True


def test_without_a_current_role_nothing_is_claimed() -> None:
    made = proof()
    assert made.no_new_access.holds is None
    assert made.no_new_access.reason


def test_a_boundary_that_is_too_tight_is_told() -> None:
    assert proof(boundary=policy("sqs:*", "*")).within_boundary.holds is False
    assert proof(boundary=policy(["sqs:*", "s3:Get*"], "*")).within_boundary.holds is True

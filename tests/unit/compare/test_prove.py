"""The claims about a suggestion: sound, within its boundary, necessary, without escalation; open where not computed."""

from dataclasses import replace

from iamgen.access.maps import open_maps
from iamgen.compare.diff import diff
from iamgen.compare.prove import prove
from iamgen.model.condition import Condition
from iamgen.model.decision import Basis, Decision, Verdict
from iamgen.model.fact import CodeEvidence, ResourcePattern
from iamgen.model.observation import Location
from iamgen.model.policy import Policy, Statement
from iamgen.model.usage import Cost, Proposal
from iamgen.semantics.layers import Layers

MAPS = open_maps()
OBJECTS, TABLE = "arn:aws:s3:::b/*", "arn:aws:dynamodb:us-east-1:111122223333:table/t"
EVIDENCE = (CodeEvidence(location=Location("app.py", 3), service="s3", operation="GetObject"),)


def _need(action, arn, verdict=Verdict.KEEP, row=2, conditions=(), evidence=EVIDENCE):
    return Decision(
        action=action,
        resource=ResourcePattern(arn, arn),
        conditions=conditions,
        verdict=verdict,
        row=row,
        basis=Basis.CODE,
        evidence=evidence,
    )


NEEDED = (_need("s3:GetObject", OBJECTS), _need("dynamodb:GetItem", TABLE))
READS = Statement("Allow", ("s3:GetObject",), resources=(OBJECTS,))
ITEMS = Statement("Allow", ("dynamodb:GetItem",), resources=(TABLE,))


def _proof(*statements, needed=NEEDED, current=None, boundary=None):
    policy = Policy(statements)
    proposal = Proposal(
        policy=policy,
        policies=(),
        widenings=(),
        cost=Cost(chars=10, lower_bound=10, optimal=True),
        kept_chars=0,
    )
    difference = None if current is None else diff(current, Layers.of(policy), MAPS)
    return prove(
        needed=needed,
        proposal=proposal,
        current=current,
        boundary=boundary,
        difference=difference,
        maps=MAPS,
    )


def test_what_is_needed_and_nothing_else_is_sound_and_necessary():
    proof = _proof(READS, ITEMS)

    assert proof.sound.holds is True
    assert proof.necessary.holds is True
    assert proof.escalation.holds is True
    assert proof.minimal == "optimal"


def test_a_missing_permission_is_not_sound_and_the_request_shows_it():
    proof = _proof(READS)

    assert proof.sound.holds is False
    assert proof.sound.witness.action == "dynamodb:GetItem"
    assert proof.sound.witness.resource == TABLE


def test_a_permission_that_is_allowed_in_part_is_not_called_sound():
    narrow = replace(READS, resources=("arn:aws:s3:::b/example", "arn:aws:s3:::b/x*"))

    assert _proof(narrow, ITEMS).sound.holds is None


def test_an_action_that_no_fact_needs_is_not_necessary():
    proof = _proof(replace(READS, actions=("s3:GetObject", "s3:PutObject")), ITEMS)

    assert proof.sound.holds is True
    assert proof.necessary.holds is False
    assert "s3:PutObject" in proof.necessary.reason


def test_a_pair_that_no_request_can_have_is_not_counted_against_it():
    mixed = Statement("Allow", ("s3:GetObject", "s3:ListBucket"), resources=("arn:aws:s3:::b", OBJECTS))
    needed = (*NEEDED, _need("s3:ListBucket", "arn:aws:s3:::b"))

    assert _proof(mixed, ITEMS, needed=needed).necessary.holds is True


def test_statements_that_keep_unknowns_need_no_fact():
    kept = Statement("Allow", ("sqs:*",), resources=("*",), sid="KeptUnknownSqs")

    assert _proof(READS, ITEMS, kept).necessary.holds is True


def test_a_condition_that_the_suggestion_carries_is_met_by_the_fact():
    via = (Condition("StringEquals", "kms:ViaService", ("s3.us-east-1.amazonaws.com",)),)
    key = "arn:aws:kms:us-east-1:111122223333:key/k"
    statement = Statement("Allow", ("kms:Decrypt",), resources=(key,), conditions=via)

    proof = _proof(statement, needed=(_need("kms:Decrypt", key, conditions=via),))

    assert proof.sound.holds is True
    assert proof.necessary.holds is True


def test_an_explicit_deny_does_not_count_for_soundness():
    deny = Statement("Deny", ("s3:*",), resources=("*",))

    assert _proof(READS, ITEMS, deny).sound.holds is True


def test_a_person_s_deny_against_evidence_is_not_sound():
    denied = _need("sqs:SendMessage", "*", verdict=Verdict.REMOVE, row=0)

    assert _proof(READS, ITEMS, needed=(*NEEDED, denied)).sound.holds is False
    assert _proof(READS, ITEMS, needed=(*NEEDED, replace(denied, evidence=()))).sound.holds is True


def test_new_access_is_open_without_a_current_role_and_decided_with_one():
    current = Layers.of(Policy((READS,)))

    assert _proof(READS, ITEMS).no_new_access.holds is None
    assert _proof(READS, ITEMS, current=current).no_new_access.holds is False
    assert _proof(READS, current=current).no_new_access.holds is True


def test_the_boundary_is_decided_by_meaning():
    inside = Policy((Statement("Allow", ("s3:*", "dynamodb:*"), resources=("*",)),))
    outside = Policy((Statement("Allow", ("s3:*",), resources=("*",)),))

    assert _proof(READS, ITEMS).within_boundary.holds is None
    assert _proof(READS, ITEMS, boundary=inside).within_boundary.holds is True
    claim = _proof(READS, ITEMS, boundary=outside).within_boundary
    assert claim.holds is False
    assert claim.witness.action == "dynamodb:GetItem"


def test_an_escalation_set_is_named_with_a_request():
    proof = _proof(READS, Statement("Allow", ("iam:PutRolePolicy",), resources=("*",)))

    assert proof.escalation.holds is False
    assert "iam-005" in proof.escalation.reason
    assert proof.escalation.witness.action == "iam:PutRolePolicy"

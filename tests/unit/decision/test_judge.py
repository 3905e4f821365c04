"""Verdicts of whole roles: needs narrowed, leftovers removed or kept, each statement counted once."""

import pytest

from iamgen.access.maps import open_maps
from iamgen.decision.grants import RoleGrants, role_grants
from iamgen.decision.judge import RoleRuling, Settings, judge
from iamgen.model.config import Listed
from iamgen.model.decision import Granted, Verdict
from iamgen.model.fact import (
    Certainty,
    LogEvidence,
    Origin,
    PlatformEvidence,
    ResourcePattern,
    UsageFact,
    Widening,
)
from iamgen.model.function import FunctionRef, Role, RolePolicy
from iamgen.model.observation import Coverage, Outcome
from iamgen.model.policy import Policy
from iamgen.model.usage import FunctionUsage, RoleUsage

TABLE = "arn:aws:dynamodb:eu-west-1:111122223333:table/orders"
COVERAGE = Coverage(
    account="*", region="*", service="*", category="management", resource="*", first="2026-01-01",
    last="2026-10-01", basis="seen",
)  # fmt: skip


def fact(action: str, arn: str, origin: Origin = Origin.CODE, **fields: object) -> UsageFact:
    certainty = fields.pop("certainty", Certainty.BOUND)
    return UsageFact(
        function="f", role="r", action=action, resource=ResourcePattern(arn, arn), origin=origin,
        certainty=certainty, **fields,
    )  # fmt: skip


def logged(action: str, arn: str, outcome: Outcome = Outcome.ALLOWED, last: str = "2026-10-01T00:00:00Z") -> UsageFact:
    evidence = LogEvidence(
        count=3, first="2026-08-01T00:00:00Z", last=last, outcome=outcome, event="e", resource=arn, attribution="exact"
    )
    return fact(action, arn, Origin.LOG, certainty=Certainty.OBSERVED, outcome=outcome, evidence=(evidence,))


def grants(*statements: dict) -> RoleGrants:
    policy = Policy.from_document({"Version": "2012-10-17", "Statement": list(statements)})
    role = Role(key="r", policies=(RolePolicy(name="p", kind="inline", origin="template", policy=policy),))
    return role_grants(role, lambda text: ResourcePattern(text, text), lambda condition: condition)


def allow(actions: object, resources: object = "*", **more: object) -> dict:
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def ruling(
    role: RoleGrants | None,
    *facts: UsageFact,
    complete: bool = True,
    hidden: tuple[str, ...] = (),
    analysed: bool = True,
    covered: bool = False,
    unknown_users: tuple[str, ...] = (),
    others: tuple[FunctionUsage, ...] = (),
    listed: tuple[Listed, ...] = (),
    **settings: str,
) -> RoleRuling:
    usage = FunctionUsage(
        function=FunctionRef(id="f", name="f"), facts=facts, gaps=(), code_analysed=analysed,
        complete_for_all=complete and not hidden, incomplete_services=frozenset(hidden),
    )  # fmt: skip
    return judge(
        RoleUsage(role=None, functions=(usage, *others), unknown_users=unknown_users),
        role,
        open_maps(),
        covered=lambda _action, _arn: COVERAGE if covered else None,
        settings=Settings(window_days=91, **settings),
        listed={"f": listed},
    )


def needs(made: RoleRuling) -> list[tuple[str, str, str]]:
    return [(d.action, d.verdict.value, d.why) for d in made.functions[0].rows]


def left(made: RoleRuling) -> set[tuple[str, str, int]]:
    return {(d.access_level or "", d.verdict.value, d.row) for d in made.rows}


def test_exact_grant_is_kept_and_nothing_is_left() -> None:
    made = ruling(grants(allow("dynamodb:PutItem", TABLE)), fact("dynamodb:PutItem", TABLE))
    assert needs(made) == [("dynamodb:PutItem", "keep", "needed")]
    assert made.rows == ()
    assert (made.statements.total, made.statements.kept) == (1, 1)


def test_wider_grant_is_narrowed_and_the_rest_removed_by_level() -> None:
    made = ruling(grants(allow("dynamodb:*", TABLE)), fact("dynamodb:PutItem", TABLE))
    assert needs(made) == [("dynamodb:PutItem", "narrow", "needed")]
    assert {verdict for _, verdict, _ in left(made)} == {"remove"}
    assert {row for _, _, row in left(made)} == {10}
    assert all("dynamodb:PutItem" not in d.actions for d in made.rows)
    assert (made.statements.narrowed, made.statements.removed) == (1, 0)


def test_a_resource_wider_than_the_need_leaves_a_row_for_the_same_action() -> None:
    made = ruling(grants(allow("dynamodb:PutItem", "*")), fact("dynamodb:PutItem", TABLE))
    assert needs(made) == [("dynamodb:PutItem", "narrow", "needed")]
    assert [(d.action, d.resource.arn, d.verdict.value) for d in made.rows] == [("dynamodb:PutItem", "*", "remove")]


def test_missing_grant_will_break_and_with_denials_fails_now() -> None:
    assert needs(ruling(grants(), fact("sqs:SendMessage", "arn:aws:sqs:::q"))) == [
        ("sqs:SendMessage", "add", "will-break")
    ]
    denied = logged("sqs:SendMessage", "arn:aws:sqs:::q", Outcome.DENIED)
    assert needs(ruling(grants(), fact("sqs:SendMessage", "arn:aws:sqs:::q"), denied)) == [
        ("sqs:SendMessage", "add", "failing-now")
    ]


def test_only_denied_never_grants() -> None:
    made = ruling(grants(), logged("iam:CreateUser", "*", Outcome.DENIED))
    assert needs(made) == []
    assert [need.action for need in made.functions[0].denied] == ["iam:CreateUser"]


def test_log_fact_inside_a_code_fact_stands_on_its_row() -> None:
    made = ruling(
        grants(allow("s3:GetObject", "arn:aws:s3:::b/*")),
        fact("s3:GetObject", "arn:aws:s3:::b/*"),
        logged("s3:GetObject", "arn:aws:s3:::b/in/*"),
    )
    (row,) = made.functions[0].rows
    assert row.basis.value == "code and log"
    assert made.functions[0].unexplained == frozenset()


def test_unexplained_use_is_kept_and_voids_the_code_claim_for_its_service() -> None:
    made = ruling(grants(allow("sqs:*", "*")), logged("sqs:SendMessage", "arn:aws:sqs:::q"))
    assert needs(made) == [("sqs:SendMessage", "narrow", "unexplained-use")]
    assert made.functions[0].unexplained == {"sqs"}
    assert {verdict for _, verdict, _ in left(made)} == {"review"}


@pytest.mark.parametrize(
    ("covered", "trust", "verdict", "basis"),
    [
        (True, "code", "remove", "code and log"),
        (False, "code", "remove", "code"),
        (True, "both", "remove", "code and log"),
        (False, "both", "review", "code"),
    ],
)
def test_basis_of_a_removal(covered: bool, trust: str, verdict: str, basis: str) -> None:
    made = ruling(grants(allow("sns:Publish", "*")), covered=covered, trust=trust)
    assert [(d.verdict.value, d.basis.value) for d in made.rows] == [(verdict, basis)]


def test_a_gap_of_a_service_keeps_that_service_exactly_as_wide() -> None:
    made = ruling(grants(allow(["sns:*", "sqs:SendMessage"], "*")), hidden=("sns",))
    kept = {d.kept for d in made.rows if d.verdict is Verdict.REVIEW}
    assert [(k.actions, k.resources) for k in kept if k] == [(("sns:*",), ("*",))]
    assert [d.action for d in made.rows if d.verdict is Verdict.REMOVE] == ["sqs:SendMessage"]


def test_no_code_read_removes_by_the_log_alone_and_else_keeps() -> None:
    assert left(ruling(grants(allow("ssm:GetParameter", "*")), analysed=False, covered=True)) == {
        ("Read", "remove", 11)
    }
    assert left(ruling(grants(allow("ssm:GetParameter", "*")), analysed=False)) == {("Read", "review", 12)}


def test_shared_role_takes_the_weakest_of_its_functions() -> None:
    unread = FunctionUsage(
        function=FunctionRef(id="g", name="g"), facts=(), gaps=(), code_analysed=False, complete_for_all=False,
        incomplete_services=frozenset(),
    )  # fmt: skip
    assert left(ruling(grants(allow("sns:Publish", "*")), others=(unread,))) == {("Write", "review", 12)}


def test_unknown_user_of_the_role_makes_removals_reviews() -> None:
    assert left(ruling(grants(allow("sns:Publish", "*")), covered=True, unknown_users=("alice",))) == {
        ("Write", "review", 12)
    }


def test_deny_of_the_role_blocks_and_a_conditional_deny_does_not() -> None:
    stop = {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}
    wide = allow("s3:GetObject", "*")
    need = fact("s3:GetObject", "arn:aws:s3:::b/k")
    (row,) = ruling(grants(wide, stop), need).functions[0].rows
    assert (row.verdict, row.row, row.blocked_by) == (Verdict.REVIEW, 1, "deny:p#1")
    some = {**stop, "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    (row,) = ruling(grants(wide, some), need).functions[0].rows
    assert row.verdict is Verdict.NARROW
    assert row.blocked_by is not None


def test_condition_of_today_is_kept_with_the_needed_permission() -> None:
    role = grants(allow("s3:GetObject", "*", Condition={"StringEquals": {"aws:SourceVpce": "vpce-1"}}))
    (row,) = ruling(role, fact("s3:GetObject", "arn:aws:s3:::b/k")).functions[0].rows
    assert [(c.operator, c.key) for c in row.conditions] == [("StringEquals", "aws:SourceVpce")]


def test_todays_grants_stand_in_for_an_unresolved_resource() -> None:
    unresolved = fact(
        "dynamodb:PutItem", "arn:aws:dynamodb:*:*:table/*", certainty=Certainty.ASSUMED,
        widening=Widening("table", "table/*", "x.py:1"),
    )  # fmt: skip
    made = ruling(grants(allow("dynamodb:PutItem", TABLE)), unresolved)
    assert [(d.resource.arn, d.verdict.value) for d in made.functions[0].rows] == [(TABLE, "keep")]
    assert made.functions[0].widenings == ()
    assert made.functions[0].assumptions
    (row,) = ruling(grants(), unresolved).functions[0].rows
    assert row.verdict is Verdict.ADD


def test_granted_in_part_is_an_add_with_part() -> None:
    need = fact("s3:PutObject", "arn:aws:s3:::b/out/*")
    (row,) = ruling(grants(allow("s3:PutObject", "arn:aws:s3:::b/out/a")), need).functions[0].rows
    assert (row.verdict, row.granted) == (Verdict.ADD, Granted.PART)


def test_optional_platform_rule_counts_only_where_granted() -> None:
    rule = PlatformEvidence(rule="environment-key", why="grant", optional=True)
    need = fact("kms:Decrypt", "arn:aws:kms:::key/k", Origin.PLATFORM, certainty=Certainty.RULE, evidence=(rule,))
    assert needs(ruling(grants(), need)) == []
    assert [v for _, v, _ in needs(ruling(grants(allow("kms:Decrypt", "*")), need))] == ["narrow"]


def test_keep_list_survives_and_deny_is_a_person_s_decision() -> None:
    keep = Listed(table="keep", action="s3:ListBucket", resource="arn:aws:s3:::b", reason="drill", owner="ops")
    made = ruling(grants(allow("s3:ListBucket", "arn:aws:s3:::b")), listed=(keep,))
    assert needs(made) == [("s3:ListBucket", "keep", "listed-keep")]
    assert made.rows == ()


def test_no_current_role_says_nothing_about_breaking_or_removing() -> None:
    made = ruling(None, fact("s3:GetObject", "arn:aws:s3:::b/k"))
    assert needs(made) == [("s3:GetObject", "add", "needed")]
    assert made.rows == ()


def test_each_statement_counts_once() -> None:
    role = grants(
        allow("dynamodb:PutItem", TABLE), allow("dynamodb:*", "*"), allow("sns:Publish", "*"), allow("sqs:*", "*")
    )
    counts = ruling(role, fact("dynamodb:PutItem", TABLE), hidden=("sqs",)).statements
    assert counts.total == counts.kept + counts.narrowed + counts.removed + counts.unknown == 4


def test_shuffled_facts_give_the_same_rows() -> None:
    facts = [
        fact("dynamodb:PutItem", TABLE),
        fact("sqs:SendMessage", "arn:aws:sqs:::a"),
        fact("sqs:SendMessage", "arn:aws:sqs:::b"),
        logged("sqs:SendMessage", "arn:aws:sqs:::b"),
        fact("xray:PutTraceSegments", "*", Origin.PLATFORM, certainty=Certainty.RULE),
    ]
    expected = [(d.action, d.resource.arn) for d in ruling(grants(), *facts).functions[0].rows]
    for turn in range(len(facts)):
        turned = facts[turn:] + facts[:turn]
        assert [(d.action, d.resource.arn) for d in ruling(grants(), *turned).functions[0].rows] == expected

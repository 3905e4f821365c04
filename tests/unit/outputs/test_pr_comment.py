"""The comment: what breaks first, within its budget, with one hidden first line."""

from dataclasses import replace

import pytest

from iamgen.model.pull_request import (
    PrFinding,
    PrFunction,
    PrGrant,
    PrPatch,
    PrResult,
    PrRow,
    PrSuggestion,
)
from iamgen.outputs._pr_comment import comment, marker, resolved, suggestion_body, summary

MISSING = PrRow(
    action="secretsmanager:GetSecretValue",
    resource="arn:aws:secretsmanager:*:*:secret:orders/db-??????",
    verdict="add",
    why="will-break",
    places=("src/db.py:9",),
)
GOING = PrRow(
    action="sns:Publish", resource="*", verdict="keep", why="waiting", last_used="2026-11-20",
    wait_days=90,
)  # fmt: skip
UNUSED = PrRow(
    action="dynamodb:*",
    resource="*",
    verdict="remove",
    why="unused",
    basis="code and log",
    count=61,
)
ORDERS = PrFunction(
    id="OrderIngest",
    name="order-ingest",
    place="template.yaml:41",
    role="OrderRole",
    status="complete",
    needs=9,
    grants=164,
    suggested=9,
    breaks=(MISSING,),
    now_needed=(MISSING,),
    no_longer_needed=(GOING,),
    can_go=(UNUSED,),
    kept=(replace(MISSING, verdict="narrow", log_count=39870),),
    gained=(PrGrant(actions=("s3:*",), actions_count=120, resource="*", witness="s3:DeleteBucket on x"),),
    policy='{\n  "Version": "2012-10-17"\n}',
)
QUIET = replace(ORDERS, breaks=(), now_needed=(), no_longer_needed=(), can_go=(), gained=())
RESULT = PrResult(
    tool_version="0.1.0",
    base_sha="a" * 40,
    head_sha="b" * 40,
    functions=(ORDERS,),
    findings=(PrFinding(id="escalation", level="error", role="OrderRole", action="iam:PassRole"),),
    patches=(PrPatch(path="template.yaml", diff="--- a/template.yaml\n+++ b/template.yaml\n"),),
)


def test_what_breaks_stands_before_what_is_risky_before_what_can_go():
    body = comment(RESULT)
    order = [
        "Will break when reached", "secretsmanager:GetSecretValue` on", "**Risk**",
        "no code needs it", "escalate", "**Can go**", "can go after 90 d without use",
        "Tightened policy", "Patch for",
    ]  # fmt: skip
    places = [body.index(words) for words in order]
    assert places == sorted(places)
    assert body.startswith("<!-- iamgen:report v=1 key=default -->\n### IAM: 1 function touched")


def test_a_change_of_the_rules_stands_first():
    changed = PrFinding(id="rules-changed", level="warning", arguments=(("path", "iamgen.toml"), ("base", "main")))
    body = comment(replace(RESULT, findings=(changed, *RESULT.findings)))
    assert body.index("Rules changed") < body.index("Will break")


def many(count):
    kept = tuple(replace(MISSING, resource=f"arn:aws:s3:::bucket-{number}/*") for number in range(39))
    policy = '{"Action": "' + "x" * 4000 + '"}'
    return replace(
        RESULT,
        functions=tuple(
            replace(ORDERS, id=f"F{number}", name=f"function-{number}", kept=kept, policy=policy)
            for number in range(count)
        ),
    )


@pytest.mark.parametrize("count", [1, 5, 10, 20, 40, 400])
def test_a_comment_keeps_its_budget_and_its_marker(count):
    body = comment(many(count))
    assert len(body) <= 60_000
    assert body.startswith(marker("default") + "\n### IAM: ")
    assert body.count("<details>") == body.count("</details>")
    assert f"{count} permissions missing" in body or count == 1


def test_parts_are_shed_in_fixed_steps_and_named():
    whole = comment(many(3))
    shorter = comment(many(3), len(whole) - 1)
    assert "the evidence per permission" not in whole
    assert "Left out here for length: the evidence per permission." in shorter
    assert "Tightened policy" in shorter
    least = comment(many(3), 1500)
    assert "all lists" in least
    assert comment(many(3), 10).startswith(marker("default"))
    assert len(comment(many(3), 10).splitlines()) == 2


def test_thousands_of_rows_and_mentions_are_capped():
    row = replace(MISSING, action="@everyone" * 500, places=("@acme/all",) * 5000)
    flood = replace(ORDERS, breaks=(row,) * 500, gained=ORDERS.gained * 500)
    body = comment(replace(RESULT, functions=(flood,) * 5))
    assert len(body) <= 60_000


def test_a_clean_change_has_a_short_text():
    clean = replace(RESULT, functions=(QUIET,), findings=(), patches=())
    assert clean.is_clean
    assert not RESULT.is_clean
    assert len(resolved(clean)) < 600
    assert resolved(clean).startswith(marker("default"))
    assert "nothing to do" in summary(clean)
    assert "<!--" not in summary(RESULT)


@pytest.mark.parametrize("key", ["a--b", "x -->", "<b>", "", "ü" * 300, "-->\n@octocat", "services/orders"])
def test_a_key_cannot_leave_the_marker(key):
    line = marker(key)
    assert line.startswith("<!-- iamgen:report v=1 key=")
    assert line.endswith(" -->")
    assert "--" not in line[4:-3]
    assert "\n" not in line


def suggestion(text):
    return PrSuggestion(path="template.yaml", start_line=3, line=4, text=text, function="Orders", fingerprint="ab")


def test_a_suggestion_keeps_its_lines_and_its_fence():
    body = suggestion_body(suggestion("  - Effect: Allow\n    Note: '```'"))
    assert "````suggestion\n  - Effect: Allow\n    Note: '```'\n````" in body


@pytest.mark.parametrize("text", ["a\u202eb", "a\rb", "a\x00", "\u200bx"])
def test_a_suggestion_with_a_hidden_character_is_not_made(text):
    assert suggestion_body(suggestion(text)) is None

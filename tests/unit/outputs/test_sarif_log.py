"""SARIF: the shape of the standard, fingerprints that outlive moves, suppressions carried over."""

import json
from dataclasses import replace

import jsonschema
import pytest
from test_hostile_names import NAMES, check_result

from iamgen.model.check import CheckResult, SuppressedFinding
from iamgen.model.config import Suppression
from iamgen.model.diff import Grant, Request, RoleDiff
from iamgen.model.observation import Location
from iamgen.model.result import Finding, FindingLevel, PolicyDiff, RunLedger, SuggestResult
from iamgen.outputs import github_annotations, sarif
from iamgen.outputs._catalogue import ENGLISH, known_names, say

TEXT = {"type": "string", "minLength": 1}
MESSAGE = {
    "type": "object",
    "required": ["text"],
    "properties": {"text": TEXT, "markdown": TEXT},
    "additionalProperties": False,
}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
REGION = {
    "type": "object",
    "properties": {
        "startLine": {"type": "integer", "minimum": 1},
        "endLine": {"type": "integer", "minimum": 1},
    },
    "additionalProperties": False,
}
PLACE = {
    "type": "object",
    "properties": {
        "physicalLocation": {
            "type": "object",
            "required": ["artifactLocation"],
            "properties": {
                "artifactLocation": {
                    "type": "object",
                    "properties": {"uri": TEXT, "uriBaseId": TEXT},
                    "additionalProperties": False,
                },
                "region": REGION,
            },
            "additionalProperties": False,
        },
        "logicalLocations": {"type": "array", "minItems": 1, "uniqueItems": True},
    },
    "additionalProperties": False,
}
RESULT = {
    "type": "object",
    "required": ["ruleId", "ruleIndex", "level", "message", "partialFingerprints"],
    "properties": {
        "ruleId": TEXT,
        "ruleIndex": {"type": "integer", "minimum": 0},
        "level": LEVEL,
        "message": MESSAGE,
        "locations": {"type": "array", "items": PLACE},
        "partialFingerprints": {"type": "object", "additionalProperties": TEXT},
        "baselineState": {"enum": ["new", "unchanged", "updated", "absent"]},
        "suppressions": {
            "type": "array",
            "uniqueItems": True,
            "items": {
                "type": "object",
                "required": ["kind"],
                "properties": {
                    "kind": {"enum": ["inSource", "external"]},
                    "status": {"enum": ["accepted", "underReview", "rejected"]},
                    "justification": TEXT,
                },
                "additionalProperties": False,
            },
        },
        "properties": {"type": "object"},
    },
    "additionalProperties": False,
}
RULE = {
    "type": "object",
    "required": ["id"],
    "properties": {
        "id": TEXT,
        "name": TEXT,
        "shortDescription": MESSAGE,
        "fullDescription": MESSAGE,
        "help": MESSAGE,
        "defaultConfiguration": {"type": "object", "properties": {"level": LEVEL}},
        "properties": {"type": "object"},
    },
    "additionalProperties": False,
}
LOG = {
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "$schema": TEXT,
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool", "results"],
                "properties": {
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name"],
                                "properties": {
                                    "name": TEXT,
                                    "semanticVersion": TEXT,
                                    "rules": {"type": "array", "items": RULE, "uniqueItems": True},
                                },
                                "additionalProperties": False,
                            }
                        },
                        "additionalProperties": False,
                    },
                    "automationDetails": {"type": "object"},
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "invocations": {"type": "array"},
                    "results": {"type": "array", "items": RESULT},
                    "properties": {"type": "object"},
                },
                "additionalProperties": False,
            },
        },
    },
    "additionalProperties": False,
}
"""The part of SARIF 2.1.0 that iamgen writes, closed, so that a field outside it is seen."""

BREAK = Finding(
    id="will-break",
    level=FindingLevel.ERROR,
    function="Orders",
    role="OrdersRole",
    action="s3:GetObject",
    resource="arn:aws:s3:::orders/*",
    location=Location("src/app.py", 12),
)
EMPTY = SuggestResult(as_of=None, sources=(), gaps=(), ledger=RunLedger(), functions=())


def log_of(*findings, **fields):
    value = CheckResult(result=EMPTY, findings=findings, **fields)
    log = json.loads(sarif.render(value))
    jsonschema.validate(log, LOG)
    return log["runs"][0]


@pytest.mark.parametrize("start", range(0, 100, 10))
def test_the_log_has_the_shape_of_the_standard(start):
    log = json.loads(sarif.render(check_result(NAMES[start : start + 10])))
    jsonschema.validate(log, LOG)


def test_each_result_points_at_its_rule_with_help():
    run = log_of(BREAK, replace(BREAK, id="removable", level=FindingLevel.WARNING))
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        rule = rules[result["ruleIndex"]]
        assert rule["id"] == result["ruleId"]
        assert rule["help"]["text"]
        assert rule["help"]["markdown"]


def test_a_commit_that_only_moves_lines_changes_no_fingerprint():
    before = log_of(BREAK, replace(BREAK, resource="*"))
    moved = replace(BREAK, location=Location("src/app.py", 99))
    after = log_of(replace(moved, resource="*"), moved)
    names = [[entry["partialFingerprints"] for entry in run["results"]] for run in (before, after)]
    assert names[0] == names[1]
    assert before["results"][0]["locations"] != after["results"][0]["locations"]


def test_equal_findings_are_told_apart_by_number():
    run = log_of(BREAK, BREAK)
    names = {entry["partialFingerprints"]["iamgen/v1"] for entry in run["results"]}
    assert len(names) == 2


def test_suppressed_and_known_findings_say_so():
    entry = Suppression(
        id="will-break", function="*", action="*", resource="*", reason="moved next week",
        owner="shop team", expires="2026-12-01",
    )  # fmt: skip
    run = log_of(
        replace(BREAK, new=False),
        suppressed=(SuppressedFinding(finding=BREAK, suppression=entry),),
    )
    known, silenced = run["results"]
    assert known["baselineState"] == "unchanged"
    assert "suppressions" not in known
    assert silenced["suppressions"][0]["justification"] == ("moved next week (shop team, until 2026-12-01)")


def test_a_difference_gives_new_access_with_its_witness():
    grant = Grant(
        actions=("s3:GetObject",),
        actions_count=1,
        resource="*",
        witness=Request(action="s3:GetObject", resource="arn:aws:s3:::x/y"),
    )
    value = PolicyDiff(
        current="now.json",
        suggested="next.json",
        diff=RoleDiff(missing=(grant,)),
        verdict="superset",
    )
    log = json.loads(sarif.render(value))
    jsonschema.validate(log, LOG)
    text = log["runs"][0]["results"][0]["message"]["text"]
    assert "s3:GetObject on arn:aws:s3:::x/y" in text


def test_paths_are_percent_encoded_and_relative():
    run = log_of(replace(BREAK, location=Location("/a b/ü:?#.py", 1)))
    uri = run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri == "a%20b/%C3%BC%3A%3F%23.py"


def test_the_same_findings_in_any_order_give_the_same_bytes():
    other = replace(BREAK, action="s3:PutObject")
    one = CheckResult(result=EMPTY, findings=(BREAK, other))
    two = CheckResult(result=EMPTY, findings=(other, BREAK))
    assert sarif.render(one) == sarif.render(two)


def test_annotations_show_ten_per_level_the_worst_first():
    notes = [replace(BREAK, id="unresolved", level=FindingLevel.NOTE)] * 3
    errors = [replace(BREAK, action=f"s3:A{number}") for number in range(12)]
    old = replace(BREAK, new=False)
    value = CheckResult(result=EMPTY, findings=(*notes, *errors, old))
    lines = github_annotations.render(value).splitlines()
    assert [line.split(" ")[0] for line in lines[:13]] == ["::error"] * 10 + ["::notice"] * 3
    assert lines[0].startswith("::error file=src/app.py,line=12,title=iamgen will-break::`Orders`")
    assert lines[13] == "iamgen: 2 more findings are not annotated; see the summary"


@pytest.mark.parametrize("rule", ENGLISH.rules, ids=lambda rule: rule.id)
def test_each_rule_says_something_with_and_without_arguments(rule):
    bare = Finding(id=rule.id, level=rule.level, function=None)
    full = Finding(
        id=rule.id, level=rule.level, function="F", role="R", action="s3:X", resource="*",
        arguments=tuple((name, "v") for name in ("detail", "count", "service", "rule", "owner")),
    )  # fmt: skip
    assert say(full, lambda text: f"<{text}>")
    assert "{" not in say(full, lambda text: text)
    assert "{" not in say(bare, lambda text: text)
    assert rule.help
    assert rule.remedy
    assert known_names(full)["function"] == "F"


def test_a_rule_that_nobody_stated_is_still_said():
    text = say(Finding(id="new-kind", level=FindingLevel.NOTE, function="F"), lambda name: name)
    assert text == "new kind: F"

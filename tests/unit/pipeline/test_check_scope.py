"""What the gate judges, and when it fails."""

from dataclasses import replace

import pytest

from iamgen.errors import UsageError
from iamgen.model.check import Mode
from iamgen.model.config import Config
from iamgen.model.diff import Grant, Request
from iamgen.model.function import Deployment, FunctionRef, LambdaFunction
from iamgen.model.observation import Location
from iamgen.model.request import SuggestRequest
from iamgen.model.result import Finding, FindingLevel
from iamgen.pipeline.check import (
    Content,
    actions_text,
    affected,
    fail_levels,
    fails,
    may_change_roles,
    request_text,
)
from iamgen.pipeline.functions import Subject
from iamgen.pipeline.proposals import one_suggestion, unified
from iamgen.pipeline.versions import rule_files


def subject(name, template, root, layers=()):
    spec = LambdaFunction(
        id=name, template=template, location=Location(template, 1), code_root=root, layer_roots=layers
    )
    return Subject(ref=FunctionRef(id=name, name=name, template=template), spec=spec)


A = subject("A", "a/template.yaml", "a/src", ("layer/python",))
B = subject("B", "b/template.yaml", "b/src")
C = subject("C", "b/template.yaml", "b/other")
ALL = (A, B, C)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a/src/app.py", (A,)),
        ("a/src/deep/x.json", (A,)),
        ("a/src", (A,)),
        ("a/srcx/app.py", ALL),
        ("layer/python/shared.py", (A,)),
        ("b/template.yaml", (B, C)),
        ("b/other/x.py", (C,)),
        ("README.md", ()),
        ("docs/picture.png", ()),
        ("iamgen.toml", ()),
        (".github/workflows/x.yml", ()),
        ("samconfig.toml", ALL),
        ("infra/nested.yaml", ALL),
        ("lib/shared.py", ALL),
    ],
)
def test_a_change_touches_what_it_can_reach(path, expected):
    assert affected(ALL, (path,)) == expected


def test_code_at_the_top_of_the_project_is_touched_by_everything():
    top = subject("T", "template.yaml", ".")
    assert affected((top,), ("anything.md",)) == (top,)


@pytest.mark.parametrize(
    ("path", "expected"),
    [("a/src/app.py", False), ("a/template.yaml", True), ("README.md", False), ("x.py", True),
     ("a/src/policy.json", True), ("iamgen.toml", False)],
)  # fmt: skip
def test_roles_are_compared_where_the_change_can_alter_one(path, expected):
    content = Content(request=SuggestRequest(project="."), deployments=(), subjects=ALL, gaps=())
    assert may_change_roles(content, (path,)) is expected


def test_sources_that_state_roles_alter_roles():
    deployment = Deployment(template="app.ts", kind="cdk-source", best_effort=True)
    content = Content(request=SuggestRequest(project="."), deployments=(deployment,), subjects=ALL, gaps=())
    assert may_change_roles(content, ("a/src/app.ts",))


@pytest.mark.parametrize(
    ("option", "mode", "expected"),
    [
        (None, None, ("error",)),
        (None, Mode.OBSERVE, ("never",)),
        (None, Mode.SUGGEST, ("never",)),
        (None, Mode.GATE, ("error",)),
        (None, Mode.EVIDENCE, ("error",)),
        ("warning", Mode.OBSERVE, ("warning",)),
        ("will-break, forbidden", None, ("will-break", "forbidden")),
    ],
)
def test_the_phases_differ_in_what_fails(option, mode, expected):
    assert fail_levels(option, Config(mode=mode)) == expected


@pytest.mark.parametrize("option", ["", " , ", "9", "a;b"])
def test_a_level_that_is_none_is_wrong_usage(option):
    with pytest.raises(UsageError):
        fail_levels(option, Config())


FINDING = Finding(id="removable", level=FindingLevel.WARNING, function="A")


@pytest.mark.parametrize(
    ("finding", "fail_on", "expected"),
    [
        (FINDING, ("never",), False),
        (FINDING, ("error",), False),
        (FINDING, ("warning",), True),
        (FINDING, ("note",), True),
        (FINDING, ("removable",), True),
        (FINDING, ("will-break",), False),
        (replace(FINDING, new=False), ("note",), False),
    ],
)
def test_findings_fail_at_or_above_the_level_or_by_id(finding, fail_on, expected):
    assert fails((finding,), fail_on) is expected
    assert not fails((), fail_on)


def test_rule_files_are_those_of_the_project_only():
    config = Config(
        project=(
            ("current", ["roles", "live", "/abs/roles"]),
            ("logs", "./usage.json"),
            ("managed-policies", "../outside"),
            ("region", "eu-west-1"),
        )
    )
    assert rule_files(config) == ("roles", "usage.json")
    assert rule_files(Config(project=(("logs", "s3://bucket/x"),))) == ()


def test_a_request_and_a_group_are_one_line_each():
    request = Request(action="s3:GetObject", resource="*", context=(("aws:SourceIp", ("a", "b")),))
    assert request_text(request) == "s3:GetObject on * with aws:SourceIp=a|b"
    grant = Grant(actions=("a:B", "a:C", "a:D", "a:E"), actions_count=9, resource="*")
    assert actions_text(grant) == "a:B, a:C, a:D and 6 more"


OLD = "a\nb\nc\nd\ne\n"


@pytest.mark.parametrize(
    "new",
    ["a\nB\nc\nd\ne\n", "a\nb\nc\nc2\nd\ne\n", "a\nb\nd\ne\n", "a\nB\nc\nD\ne\n", "x\nb\nc\nd\ne\n",
     "a\nb\nc\nd\ne\nf\n", "a\nb\nc\nd\n"],
)  # fmt: skip
def test_a_suggestion_put_in_place_gives_the_new_file(new):
    made = one_suggestion("t.yaml", OLD, new, "F")
    lines = OLD.split("\n")
    assert made.before == "\n".join(lines[made.start_line - 1 : made.line])
    lines[made.start_line - 1 : made.line] = made.text.split("\n")
    assert "\n".join(lines) == new


def test_no_suggestion_for_no_change_or_a_very_long_one():
    assert one_suggestion("t", OLD, OLD, "F") is None
    long = "".join(f"{number}\n" for number in range(200))
    assert one_suggestion("t", long, long.replace("\n", "x\n"), "F") is None


def test_a_file_without_a_last_line_end_stays_a_valid_patch():
    assert unified("t", "a\nb", "a\nc").endswith("-b\n\\ No newline at end of file\n+c\n\\ No newline at end of file\n")

"""The codec of policies: its own inverse, the whole grammar, errors with the path to the spot."""

import datetime

import pytest

from iamgen.errors import InputError
from iamgen.model.action import action_matches, split_action
from iamgen.model.arn import ArnPattern
from iamgen.model.condition import OPERATORS, Condition
from iamgen.model.policy import Policy, Statement

WHOLE = {
    "Version": "2012-10-17",
    "Id": "one",
    "Statement": [
        {
            "Sid": "A",
            "Effect": "Allow",
            "Principal": {"AWS": ["1", "2"], "Service": "lambda.amazonaws.com"},
            "Action": ["s3:Get*", "s3:PutObject"],
            "Resource": "*",
            "Condition": {
                "StringEquals": {"aws:a": ["x", "y"], "aws:b": "z"},
                "ForAllValues:StringLikeIfExists": {"aws:TagKeys": "a*"},
                "Null": {"aws:c": "true"},
            },
        },
        {"Effect": "Deny", "NotPrincipal": "*", "NotAction": "iam:*", "NotResource": ["a", "b"]},
    ],
}


def test_reading_and_writing_are_inverse():
    policy = Policy.from_document(WHOLE)

    assert policy.to_document() == WHOLE
    assert Policy.from_document(policy.to_document()) == policy


def test_strings_lists_numbers_and_booleans_are_all_read():
    policy = Policy.from_document(
        {
            "Version": datetime.date(2012, 10, 17),
            "Statement": {
                "Effect": "Allow",
                "Action": "s3:*",
                "Resource": ["*"],
                "Condition": {"bool": {"aws:SecureTransport": True}, "NumericLessThan": {"k": 5}},
            },
        }
    )

    (statement,) = policy.statements
    assert policy.version == "2012-10-17"
    assert statement.conditions == (
        Condition("Bool", "aws:SecureTransport", ("true",)),
        Condition("NumericLessThan", "k", ("5",)),
    )


def test_a_policy_without_version_has_no_variables():
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}

    assert not Policy.from_document({"Statement": statement}).has_variables
    assert "Version" not in Policy.from_document({"Statement": statement}).to_document()


def _with(**change):
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "*", **change}
    return {"Version": "2012-10-17", "Statement": [{k: v for k, v in statement.items() if v != "gone"}]}


@pytest.mark.parametrize(
    ("document", "place", "words"),
    [
        ([], "p", "must be an object"),
        ({"Version": "2012-10-17"}, "p", "has no `Statement`"),
        ({"Version": "2011", "Statement": []}, "p.Version", "must be"),
        ({"Statement": 5}, "p.Statement", "must be"),
        ({"Statment": []}, "p", "`Statment` is no element"),
        (_with(Effect="allow"), "p.Statement[0].Effect", "must be `Allow` or `Deny`"),
        (_with(Action="gone"), "p.Statement[0]", "neither `Action` nor `NotAction`"),
        (_with(NotAction="s3:*"), "p.Statement[0]", "both `Action` and `NotAction`"),
        (_with(Action=[]), "p.Statement[0].Action", "must not be empty"),
        (_with(Action=["s3:*", 5]), "p.Statement[0].Action[1]", "must be a string"),
        (_with(Action=["s3:*", "s3"]), "p.Statement[0].Action[1]", "`s3` is no action"),
        (_with(Resource="gone"), "p.Statement[0]", "neither `Resource` nor `NotResource`"),
        (_with(Resource={"Ref": "x"}), "p.Statement[0].Resource", "must be a string"),
        (_with(Resorce="*"), "p.Statement[0]", "`Resorce` is no element"),
        (_with(Condition=[]), "p.Statement[0].Condition", "must be an object"),
        (_with(Condition={"StringEqual": {"a": "b"}}), "p.Statement[0].Condition.StringEqual", "no condition operator"),
        (_with(Condition={"Bool": {"a": {}}}), "p.Statement[0].Condition.Bool.a", "must be a string"),
        (_with(Principal={"Aws": "*"}), "p.Statement[0].Principal", "no kind of principal"),
    ],
)  # fmt: skip
def test_an_error_names_the_spot(document, place, words):
    with pytest.raises(InputError, match=words) as caught:
        Policy.from_document(document, "p")

    assert caught.value.place == place
    assert caught.value.exit_code == 3


def test_an_unknown_operator_comes_with_the_near_one():
    with pytest.raises(InputError) as caught:
        Condition.parse("StringEqual", "k", ("v",))

    assert caught.value.hint == "did you mean `StringEquals`?"


@pytest.mark.parametrize("operator", OPERATORS)
def test_every_operator_is_read_in_any_letter_case_and_written_in_aws_s(operator):
    written = f"forallvalues:{operator.upper()}"
    suffix = "" if operator == "Null" else "IFEXISTS"

    condition = Condition.parse(written + suffix, "k", ("v",))

    assert condition.name == f"ForAllValues:{operator}" + ("IfExists" if suffix else "")


def test_the_size_leaves_out_white_space_between_elements_only():
    policy = Policy((Statement("Allow", ("s3:GetObject",), resources=("arn:aws:s3:::a b/*",)),))

    assert policy.size_chars == len(
        '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject",'
        '"Resource":"arn:aws:s3:::a b/*"}]}'
    )


@pytest.mark.parametrize(
    "text",
    [
        "*",
        "arn:aws:s3:::b/*",
        "arn:${Partition}:dynamodb:${Region}:${Account}:table/{Orders}/index/*",
        "arn:aws:s3:::${aws:PrincipalTag/team}/x:y",
    ],
)
def test_an_arn_is_written_as_it_was_read(text):
    assert str(ArnPattern.parse(text)) == text


def test_a_colon_in_a_variable_separates_nothing():
    assert ArnPattern.parse("arn:aws:s3:::${aws:userid}/x").resource == "${aws:userid}/x"


@pytest.mark.parametrize("text", ["", "arn:aws:s3", "s3:::b", "urn:aws:s3:::b:"])
def test_what_is_no_arn_is_an_error(text):
    with pytest.raises(InputError, match="is no ARN"):
        ArnPattern.parse(text)


def test_actions_are_split_and_matched():
    assert split_action("s3:GetObject") == ("s3", "GetObject")
    assert split_action("*") == ("*", "*")
    assert action_matches("S3:get*", "s3:GetObject")
    assert not action_matches("s*Object", "s3:GetObject")
    with pytest.raises(InputError):
        split_action("GetObject")

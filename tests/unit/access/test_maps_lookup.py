"""The tiny language of conditions: three-valued, and the same in JSON and in words."""

import pytest

from iamgen.access.lookup import Argument, When, when_from_json

ARGUMENTS: dict[str, Argument] = {
    "ACL": "public-read",
    "Tagging": True,
    "VersionId": False,
    "Source": "auto",
    "Arn": "arn:aws:s3-outposts:eu-west-1:111122223333:outpost/op-1",
    "Unseen": None,
}


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"has": "ACL"}, True),
        ({"has": "Tagging"}, True),
        ({"has": "VersionId"}, False),
        ({"has": "Unseen"}, None),
        ({"eq": ["Source", "AUTO"]}, True),
        ({"eq": ["Source", "en", "de"]}, False),
        ({"eq": ["Tagging", "x"]}, None),
        ({"eq": ["VersionId", "x"]}, False),
        ({"begins": ["Source", "au"]}, True),
        ({"contains": ["Source", "ut"]}, True),
        ({"contains": ["Source", "xy"]}, False),
        ({"arn": ["Arn"]}, True),
        ({"arn": ["Arn", ":s3-outposts:"]}, True),
        ({"arn": ["Arn", ":sns:"]}, False),
        ({"arn": ["Source"]}, False),
        ({"not": {"has": "ACL"}}, False),
        ({"not": {"has": "Unseen"}}, None),
        ({"all": [{"has": "ACL"}, {"has": "Tagging"}]}, True),
        ({"all": [{"has": "ACL"}, {"has": "Unseen"}]}, None),
        ({"all": [{"has": "VersionId"}, {"has": "Unseen"}]}, False),
        ({"any": [{"has": "VersionId"}, {"has": "Unseen"}]}, None),
        ({"any": [{"has": "ACL"}, {"has": "Unseen"}]}, True),
        ({"any": [{"has": "VersionId"}]}, False),
        ({"may": {"has": "Unseen"}}, True),
        ({"may": {"has": "VersionId"}}, False),
        ({"may": {"not": {"has": "Unseen"}}}, True),
        ({"key": "sqs/queue"}, None),
        ({"feature": ""}, None),
        ({"fits": ["Source", "bedrock_inference_profile"]}, False),
        ({"fits": ["Unseen", "bedrock_inference_profile"]}, None),
    ],
)
def test_condition_is_decided_by_what_is_seen(data: object, expected: bool | None) -> None:
    when = when_from_json(data)
    assert when is not None
    assert when.decide(lambda path: ARGUMENTS[path]) is expected


def test_no_condition_is_none() -> None:
    assert when_from_json(None) is None


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"has": "ACL"}, "ACL"),
        ({"eq": ["Source", "auto"]}, "Source = auto"),
        ({"not": {"has": "ACL"}}, "not ACL"),
        ({"all": [{"has": "A"}, {"has": "B"}]}, "A and B"),
        ({"any": [{"has": "A"}, {"has": "B"}]}, "A or B"),
        ({"key": "sqs/queue"}, "the sqs/queue has a customer key"),
    ],
)
def test_condition_reads_as_words(data: object, text: str) -> None:
    when = when_from_json(data)
    assert isinstance(when, When)
    assert when.text == text

"""What a log could have shown, by its selectors and by what is in it."""

from typing import Any

import pytest

from iamgen.access.maps import open_maps
from iamgen.decision.coverage import (
    CoverageRules,
    Scope,
    could_show,
    seen_coverage,
    selector_coverage,
    window_days,
)
from iamgen.model.observation import ApiEvent, Coverage, Outcome

RULES = CoverageRules.from_table(open_maps().table("logs")["coverage"])
SCOPE = Scope(account="111122223333", region="eu-west-1", until="2026-04-10T00:00:00Z", min_window_days=90)
TRAIL = "arn:aws:cloudtrail:eu-west-1:111122223333:trail/t"


def selected(**document: Any) -> tuple[Coverage, ...]:
    return selector_coverage(
        {"TrailARN": TRAIL, **document}, RULES, first="2026-01-01T00:00:00Z", last="2026-04-10T00:00:00Z"
    )


MANAGEMENT = selected(EventSelectors=[{"ReadWriteType": "All", "IncludeManagementEvents": True}])
OBJECTS = selected(
    EventSelectors=[
        {
            "ReadWriteType": "All", "IncludeManagementEvents": True,
            "DataResources": [{"Type": "AWS::S3::Object", "Values": ["arn:aws:s3:::files/"]}],
        }
    ]
)  # fmt: skip
ALL_OBJECTS = selected(
    AdvancedEventSelectors=[
        {
            "FieldSelectors": [
                {"Field": "eventCategory", "Equals": ["Data"]},
                {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
            ]
        }
    ]
)


@pytest.mark.parametrize(
    ("action", "arn", "rows", "shown"),
    [
        ("ec2:DescribeInstances", "*", MANAGEMENT, True),
        ("dynamodb:DescribeTable", "arn:aws:dynamodb:eu-west-1:111122223333:table/t", MANAGEMENT, True),
        ("dynamodb:GetItem", "arn:aws:dynamodb:eu-west-1:111122223333:table/t", MANAGEMENT, False),
        ("s3:GetObject", "arn:aws:s3:::files/in/*", MANAGEMENT, False),
        ("s3:GetObject", "arn:aws:s3:::files/in/*", OBJECTS, True),
        ("s3:GetObject", "arn:aws:s3:::files-of-others/*", OBJECTS, False),
        ("s3:GetObject", "*", OBJECTS, False),
        ("s3:GetObject", "*", ALL_OBJECTS, True),
        ("s3:PutBucketPolicy", "arn:aws:s3:::files", MANAGEMENT, True),
        ("sqs:SendMessage", "arn:aws:sqs:eu-west-1:111122223333:q", ALL_OBJECTS, False),
        ("iam:PassRole", "*", MANAGEMENT, False),
        ("logs:PutLogEvents", "*", MANAGEMENT, False),
        ("xray:PutTraceSegments", "*", MANAGEMENT, False),
        ("logs:CreateLogStream", "*", MANAGEMENT, True),
    ],
)
def test_a_call_would_have_been_in_the_log_or_not(
    action: str, arn: str, rows: tuple[Coverage, ...], shown: bool
) -> None:
    assert (could_show(action, arn, rows, RULES, SCOPE) is not None) is shown


@pytest.mark.parametrize(
    "selector",
    [
        {"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True},
        {"ReadWriteType": "All", "IncludeManagementEvents": False},
    ],
)
def test_a_selector_of_some_events_covers_none(selector: dict[str, Any]) -> None:
    assert selected(EventSelectors=[selector]) == ()


def test_an_advanced_selector_with_further_fields_covers_nothing() -> None:
    fields = [
        {"Field": "eventCategory", "Equals": ["Data"]},
        {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
        {"Field": "eventName", "Equals": ["PutObject"]},
    ]
    assert selected(AdvancedEventSelectors=[{"FieldSelectors": fields}]) == ()


def test_excluded_services_are_not_covered() -> None:
    rows = selected(
        EventSelectors=[
            {
                "ReadWriteType": "All",
                "IncludeManagementEvents": True,
                "ExcludeManagementEventSources": ["kms.amazonaws.com"],
            }
        ]
    )
    assert could_show("kms:Decrypt", "*", rows, RULES, SCOPE) is None
    assert could_show("ec2:DescribeInstances", "*", rows, RULES, SCOPE) is not None


def test_another_account_or_region_is_not_covered() -> None:
    rows = selected(
        IsMultiRegionTrail=False, EventSelectors=[{"ReadWriteType": "All", "IncludeManagementEvents": True}]
    )
    other = Scope(account="999999999999", region="eu-west-1", until=SCOPE.until, min_window_days=90)
    assert could_show("ec2:DescribeInstances", "*", rows, RULES, other) is None
    assert could_show("ec2:DescribeInstances", "arn:aws:ec2:us-east-1:1:instance/*", rows, RULES, SCOPE) is None
    organisation = selected(IsOrganizationTrail=True, EventSelectors=[{"IncludeManagementEvents": True}])
    assert could_show("ec2:DescribeInstances", "*", organisation, RULES, other) is not None


def test_a_short_or_a_stale_log_shows_no_absence() -> None:
    (row,) = MANAGEMENT
    short = Coverage(**{**_fields(row), "first": "2026-03-01T00:00:00Z"})
    stale = Coverage(**{**_fields(row), "first": "2025-01-01T00:00:00Z", "last": "2026-01-01T00:00:00Z"})
    for rows in ((short,), (stale,)):
        assert could_show("ec2:DescribeInstances", "*", rows, RULES, SCOPE) is None


def _fields(row: Coverage) -> dict[str, str]:
    return {name: getattr(row, name) for name in Coverage.__slots__}


def event(**more: Any) -> ApiEvent:
    base: dict[str, Any] = {
        "event_source": "s3.amazonaws.com", "event_name": "GetObject", "account": "111122223333",
        "region": "eu-west-1", "role_arn": None, "session": None, "function_arn": None, "invoked_by": None,
        "resources": ("arn:aws:s3:::files", "arn:aws:s3:::files/in/*"), "parameters": (), "error_code": None,
        "denied_by": None, "outcome": Outcome.ALLOWED, "count": 1, "first_seen": "2026-01-01T00:00:00Z",
        "last_seen": "2026-04-09T00:00:00Z", "source": "", "recipient": "111122223333", "category": "data",
    }  # fmt: skip
    return ApiEvent(**{**base, **more})


def test_data_events_of_a_bucket_show_that_it_is_logged_and_no_other() -> None:
    rows = seen_coverage([event()])
    assert could_show("s3:PutObject", "arn:aws:s3:::files/out/*", rows, RULES, SCOPE) is not None
    assert could_show("s3:PutObject", "arn:aws:s3:::files-2/out/*", rows, RULES, SCOPE) is None
    assert could_show("ec2:DescribeInstances", "*", rows, RULES, SCOPE) is None


def test_calls_of_anybody_show_that_management_events_are_logged() -> None:
    rows = seen_coverage([event(category="management", resources=())])
    assert could_show("ec2:DescribeInstances", "*", rows, RULES, SCOPE) is not None
    assert could_show("iam:GetRole", "*", rows, RULES, SCOPE) is None
    home = seen_coverage([event(category="management", resources=(), region="us-east-1")])
    assert could_show("iam:GetRole", "*", home, RULES, SCOPE) is not None


def test_a_window_counts_both_of_its_days() -> None:
    assert window_days("2026-01-01T23:00:00Z", "2026-01-02T01:00:00Z") == 2
    assert window_days(None, None) == 0


def test_actions_of_the_rules_exist() -> None:
    maps = open_maps()
    for each in RULES.data:
        for pattern in each.actions:
            assert maps.expand(pattern.text), pattern.text
    for pattern in RULES.never:
        service = pattern.text.partition(":")[0]
        assert maps.expand(pattern.text) or not maps.actions(service), pattern.text

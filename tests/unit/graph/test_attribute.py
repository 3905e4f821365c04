"""Whose call it was: the record's own word, the session's name, the service, somebody else."""

from typing import Any

from iamgen.graph.attribute import Attributor, Kind, LambdaNames
from iamgen.model.function import FunctionRef
from iamgen.model.observation import ApiEvent, Outcome

NAMES = LambdaNames(
    service="lambda.amazonaws.com", assume=("sts.amazonaws.com", "AssumeRole"), service_sessions=("awslambda_*",)
)
ROLE = "arn:aws:iam::111122223333:role/r"
ORDERS = "arn:aws:lambda:eu-west-1:111122223333:function:orders"


def event(session: str = "orders", role: str | None = ROLE, **more: Any) -> ApiEvent:
    base: dict[str, Any] = {
        "event_source": "s3.amazonaws.com", "event_name": "ListBuckets", "account": "111122223333",
        "region": "eu-west-1", "role_arn": role, "session": session, "function_arn": None, "invoked_by": None,
        "resources": (), "parameters": (), "error_code": None, "denied_by": None, "outcome": Outcome.ALLOWED,
        "count": 1, "first_seen": "", "last_seen": "", "source": "", "principal": "AssumedRole",
    }  # fmt: skip
    return ApiEvent(**{**base, **more})


def taken_on(session: str = "orders", role: str = ROLE, region: str = "eu-west-1") -> ApiEvent:
    return event(
        "", None, event_source="sts.amazonaws.com", event_name="AssumeRole", region=region, principal="AWSService",
        invoked_by="lambda.amazonaws.com", parameters=(("RoleArn", role), ("RoleSessionName", session)),
    )  # fmt: skip


def kind_of(one: ApiEvent, *others: ApiEvent, functions: tuple[FunctionRef, ...] = ()) -> tuple[Kind, str | None]:
    whose = Attributor([one, *others], functions, NAMES).attribute(one)
    return whose.kind, whose.function


def test_the_record_names_its_function() -> None:
    assert kind_of(event(function_arn=ORDERS)) == (Kind.EXACT, ORDERS)


def test_a_session_is_the_function_that_lambda_took_the_role_on_for() -> None:
    assert kind_of(event(), taken_on()) == (Kind.SESSION, ORDERS)


def test_a_session_is_the_function_that_another_record_names() -> None:
    assert kind_of(event(), event(function_arn=ORDERS)) == (Kind.SESSION, ORDERS)


def test_the_region_is_where_lambda_took_the_role_on_not_where_the_call_went() -> None:
    assert kind_of(event(region="us-east-1"), taken_on()) == (Kind.SESSION, ORDERS)


def test_a_person_in_the_role_is_an_unknown_user() -> None:
    assert kind_of(event("alice@acme.example"), taken_on()) == (Kind.UNKNOWN_USER, None)


def test_a_function_of_the_same_name_in_another_role_says_nothing() -> None:
    other = "arn:aws:iam::111122223333:role/other"
    assert kind_of(event(), taken_on(role=other)) == (Kind.OTHER, None)


def test_the_lambda_service_in_the_role() -> None:
    assert kind_of(event("awslambda_100_2026"), taken_on()) == (Kind.SERVICE, None)
    assert kind_of(event("awslambda_100_2026"), taken_on("awslambda_100_2026")) == (Kind.SERVICE, None)


def test_two_functions_that_fit_are_listed_not_chosen() -> None:
    one = event()
    whose = Attributor([one, taken_on(), taken_on(region="us-east-1")], (), NAMES).attribute(one)
    assert whose.kind is Kind.AMBIGUOUS
    assert whose.function is None
    assert len(whose.candidates) == 2


def test_two_functions_that_share_a_role_are_told_apart() -> None:
    others = (taken_on(), taken_on("billing"))
    assert kind_of(event("orders"), *others)[1] == ORDERS
    assert kind_of(event("billing"), *others)[1] == ORDERS.replace("orders", "billing")


def test_the_calls_of_a_role_that_a_function_took_on_are_its_own() -> None:
    partner = "arn:aws:iam::999999999999:role/partner"
    chain = event(
        event_source="sts.amazonaws.com",
        event_name="AssumeRole",
        function_arn=ORDERS,
        parameters=(("RoleArn", partner),),
    )
    assert kind_of(event("chain", partner), chain) == (Kind.CHAINED, None)
    assert kind_of(event("chain", partner)) == (Kind.OTHER, None)


def test_a_function_of_the_project_fits_by_name_and_account() -> None:
    ref = FunctionRef(id="Orders", name="orders", account="111122223333", region="eu-west-1")
    assert kind_of(event(), functions=(ref,)) == (Kind.SESSION, ORDERS)
    elsewhere = FunctionRef(id="Orders", name="orders", account="999999999999", region="eu-west-1")
    assert kind_of(event(), functions=(elsewhere,)) == (Kind.OTHER, None)


def environment(session: str, region: str = "eu-west-1") -> ApiEvent:
    return event(session, count=0, kind="lambda-environment", region=region)


def test_a_session_in_a_lambda_environment_is_its_function() -> None:
    assert kind_of(event(), environment("orders")) == (Kind.SESSION, ORDERS)
    assert kind_of(event("alice@acme.example"), environment("alice@acme.example")) == (Kind.OTHER, None)


def test_its_region_is_the_one_it_called_most_in() -> None:
    calls = (event(region="us-east-1"), event(count=5))
    others = (environment("orders", "us-east-1"), environment("orders"))
    assert kind_of(calls[0], calls[1], *others) == (Kind.SESSION, ORDERS)


def test_functions_seen_only_being_started_are_known() -> None:
    known = Attributor([taken_on()], (), NAMES).functions()
    assert known == {ORDERS: (ROLE,)}

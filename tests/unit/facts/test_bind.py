"""Values of arguments become symbolic text: environment, template, event."""

from dataclasses import replace

from iamgen.facts.bind import Binder
from iamgen.model.fact import Certainty
from iamgen.model.function import EventSource, LambdaFunction
from iamgen.model.observation import Location
from iamgen.model.value import (
    EnvironmentVariable,
    EventField,
    ListValue,
    Literal,
    MapValue,
    OneOf,
    TemplateRef,
    Text,
    Unresolved,
)

FIELDS = {
    "field": [{"kinds": ["S3"], "path": "s3.bucket.name", "gives": "name"}],
    "variables": {"AWS_LAMBDA_FUNCTION_NAME": "function", "AWS_REGION": "region"},
}
FUNCTION = LambdaFunction(
    id="F",
    template="template.yaml",
    location=Location("template.yaml", 3),
    environment=(
        ("TABLE", Text((TemplateRef("Orders"),))),
        ("PREFIX", OneOf((Text.of("a"), Text.of("b")))),
    ),
    event_sources=(EventSource(kind="S3", resource=Text((TemplateRef("Uploads"),))),),
)


def reference(ref: TemplateRef) -> str | None:
    return f"arn:aws:sns:::{{{ref.logical_id}}}" if ref.attribute == "Arn" else f"{{{ref.logical_id}}}"


BINDER = Binder(FUNCTION, reference, FIELDS)


def texts(*parts: object) -> list[tuple[str, str]]:
    return [(b.text, b.certainty.value) for b in BINDER.texts(Text(tuple(parts)))]


def test_literal_is_exact() -> None:
    assert texts(Literal("orders")) == [("orders", "exact")]


def test_environment_variable_takes_the_template_value() -> None:
    assert texts(EnvironmentVariable("TABLE")) == [("{Orders}", "bound")]


def test_default_of_the_code_counts_where_the_template_sets_nothing() -> None:
    assert texts(EnvironmentVariable("OTHER", "fallback")) == [("fallback", "bound")]
    assert texts(EnvironmentVariable("OTHER")) == [("*", "assumed")]


def test_template_value_wins_over_the_default() -> None:
    assert texts(EnvironmentVariable("TABLE", "fallback")) == [("{Orders}", "bound")]


def test_alternatives_are_all_followed() -> None:
    assert texts(EnvironmentVariable("PREFIX"), Literal("/x")) == [("a/x", "bound"), ("b/x", "bound")]


def test_event_field_is_bound_through_its_source() -> None:
    assert texts(EventField("Records[].s3.bucket.name")) == [("{Uploads}", "bound")]
    assert texts(EventField("Records[].body.other")) == [("*", "assumed")]


def test_event_pattern_says_what_a_field_can_be() -> None:
    names = ListValue((Text((TemplateRef("Uploads"),)), MapValue((("prefix", Text.of("in-")),))))
    pattern = MapValue((("detail", MapValue((("bucket", MapValue((("name", names),))),))),))
    rule = EventSource(kind="EventBridgeRule", properties=(("Pattern", pattern),))
    binder = Binder(replace(FUNCTION, event_sources=(rule,)), reference, FIELDS)
    bound = binder.texts(Text((EventField("detail.bucket.name"),)))
    assert [(b.text, b.certainty.value) for b in bound] == [("{Uploads}", "bound"), ("in-*", "assumed")]


def test_variables_that_lambda_sets() -> None:
    assert texts(EnvironmentVariable("AWS_LAMBDA_FUNCTION_NAME")) == [("{F}", "bound")]
    assert texts(EnvironmentVariable("AWS_REGION")) == [("${Region}", "bound")]


def test_unknown_parts_stay_inside_the_text() -> None:
    assert texts(Literal("logs/"), Unresolved("date"), Unresolved(), Literal(".json")) == [("logs/*.json", "assumed")]


def test_member_paths() -> None:
    arguments = MapValue(
        (
            ("Items", ListValue((MapValue((("Name", Text.of("a")),)), MapValue((("Name", Text.of("b")),))))),
            ("Tables", MapValue((("orders", Text.of("x")), ("carts", Text.of("y"))))),
        )
    )
    assert BINDER.member(arguments, "Items[].Name") == (Text.of("a"), Text.of("b"))
    assert BINDER.member(arguments, "Tables{keys}") == (Text.of("orders"), Text.of("carts"))
    assert BINDER.member(arguments, "Missing") == ()


def test_member_of_an_open_map_may_be_there() -> None:
    assert BINDER.member(MapValue((), open=True), "Bucket") is None


def test_certainty_is_that_of_the_weakest_part() -> None:
    (bound,) = BINDER.texts(Text((Literal("x"), TemplateRef("Orders"))))
    assert bound.certainty is Certainty.BOUND

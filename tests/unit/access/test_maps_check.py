"""`maps check` finds nothing, and finds what it should in maps that are wrong."""

import json
import shutil
from pathlib import Path

import pytest

from iamgen.access.check import MapFinding, check, missing_operations
from iamgen.access.maps import AccessMaps


@pytest.mark.usefixtures("sdk_of_the_maps")
def test_the_maps_are_well(maps: AccessMaps) -> None:
    assert check(maps) == ()


def broken(maps: AccessMaps, place: Path, row: dict[str, object]) -> tuple[MapFinding, ...]:
    """Return the findings of maps whose only service has the one operation `PutObject` as given."""
    target = place / "generated"
    target.mkdir()
    index = {
        "schema": 1, "version": "0", "sources": {}, "event_sources": {},
        "services": {"s3": {"prefix": "s3", "operations": 1}},
    }  # fmt: skip
    (target / "index.json").write_text(json.dumps(index))
    (target / "catalogue.json").write_text(json.dumps({"prefixes": {"s3": {"W": "PutObject"}}}))
    types = {"s3/object": "arn:${Partition}:s3:::${BucketName}/${ObjectName}"}
    (target / "s3.json").write_text(
        json.dumps({"types": types, "operations": {"PutObject": {"m": "put_object", **row}}})
    )
    (place / "naming.toml").write_text("[undocumented]\nactions = []\n[budget]\nunknown = 0\n")
    (place / "signed.toml").write_text("[operations]\n")
    for language in ("python", "javascript", "go", "java"):
        (place / f"highlevel-{language}.toml").write_text("[calls]\n[client]\n[resource]\n")
    return check(AccessMaps(place))


def test_unknown_action(maps: AccessMaps, tmp_path: Path) -> None:
    (found,) = broken(maps, tmp_path, {"a": [{"x": "s3:PutObjekt"}]})
    assert (found.place, found.what, found.detail) == (
        "s3:PutObject",
        "unknown-action",
        "s3:PutObjekt",
    )


def test_unknown_member_in_a_binding_and_in_a_condition(maps: AccessMaps, tmp_path: Path) -> None:
    row = {
        "a": [
            {
                "x": "s3:PutObject",
                "w": {"has": "Acl"},
                "r": [["s3/object", {"BucketName": "Buckt"}]],
            }
        ]
    }
    found = broken(maps, tmp_path, row)
    assert {each.detail for each in found} == {"s3:PutObject when Acl", "s3:PutObject Buckt"}
    assert {each.what for each in found} == {"unknown-member"}


def test_unknown_transform_and_placeholder(maps: AccessMaps, tmp_path: Path) -> None:
    row = {"a": [{"x": "s3:PutObject", "r": [["s3/object", {"Bucket": ["Bucket", "upside_down"]}]]}]}
    assert [each.what for each in broken(maps, tmp_path, row)] == ["unbound", "unknown-transform"]


def test_unknown_operations_have_a_budget(maps: AccessMaps, tmp_path: Path) -> None:
    found = broken(maps, tmp_path, {"s": "guess", "a": [{"x": "s3:PutObject"}]})
    assert [each.what for each in found] == ["budget"]


def test_hand_facts_have_reason_and_date(maps: AccessMaps, tmp_path: Path) -> None:
    found = broken(maps, tmp_path, {"s": "hand", "a": [{"x": "s3:PutObject"}]})
    assert [each.what for each in found] == ["no-source"]


def test_calls_of_libraries_are_operations(maps: AccessMaps, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "generated", ignore_errors=True)
    assert broken(maps, tmp_path, {"a": [{"x": "s3:PutObject"}]}) == ()
    (tmp_path / "highlevel-go.toml").write_text('[calls]\n"x.Y.Z" = ["s3:Nothing", "s3:PutObject Bukket=arg:0:"]\n')
    found = check(AccessMaps(tmp_path))
    assert [(each.what, each.detail) for each in found] == [
        ("unknown-call", "s3:Nothing"),
        ("unknown-member", "s3:PutObject Bukket"),
    ]


def test_a_newer_sdk_is_counted_and_no_error(maps: AccessMaps, tmp_path: Path) -> None:
    broken(maps, tmp_path, {"a": [{"x": "s3:PutObject"}]})
    missing = missing_operations(AccessMaps(tmp_path))
    assert "s3:GetObject" in missing
    assert "s3:PutObject" not in missing
    assert "dynamodb:*" in missing

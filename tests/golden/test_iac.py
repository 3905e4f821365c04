"""What template readers see: each case is an input folder beside `expected.json`.

`tests/golden/iac/<kind>/<case>/` is a project. Its `expected.json` holds, for each template, the functions with all
that is known of them, the roles with their policies, the resources, the assumptions and the gaps. Run with
`IAMGEN_ACCEPT=1` to write the files anew, and review them as part of the change.
"""

import json
import os
from pathlib import Path

import pytest

from iamgen.access.resource_types import symbolic_text
from iamgen.model.function import Deployment
from iamgen.model.value import ListValue, MapValue, OneOf, Text
from iamgen.plugins import IacReader, ReadOptions, discover
from iamgen.sources.discover import read_project

IAC = Path(__file__).parent / "iac"
CASES = sorted(path for kind in IAC.iterdir() if kind.is_dir() for path in kind.iterdir() if path.is_dir())


def shown(value, resources):
    match value:
        case Text():
            return symbolic_text(value, resources)
        case ListValue():
            return [shown(item, resources) for item in value.items]
        case MapValue():
            return {key: shown(item, resources) for key, item in value.entries}
        case OneOf():
            return {"one of": [shown(item, resources) for item in value.options]}
        case _:
            return value


def function_of(function, resources):
    def show(value):
        return shown(value, resources)

    facts = {
        "at": str(function.location),
        "name": show(function.name),
        "runtime": function.runtime,
        "handler": function.handler,
        "code": function.code_root,
        "inline": function.inline_code,
        "image": function.image or None,
        "layers": [show(value) for value in function.layers],
        "layer_roots": list(function.layer_roots),
        "environment": {key: show(value) for key, value in function.environment},
        "events": [
            {
                "kind": event.kind,
                "of": show(event.resource),
                **({"on failure": show(event.on_failure)} if event.on_failure is not None else {}),
                **({"with": {key: show(value) for key, value in event.properties}} if event.properties else {}),
            }
            for event in function.event_sources
        ],
        "tracing": function.tracing or None,
        "vpc": function.in_vpc or None,
        "key": show(function.kms_key),
        "dead_letter": show(function.dead_letter),
        "destinations": [show(value) for value in function.destinations],
        "file_systems": [show(value) for value in function.file_systems],
        "log_group": show(function.log_group),
        "owns_log_group": function.owns_log_group or None,
        "edge": function.edge or None,
        "durable": function.durable or None,
        "role": function.role,
        "role_value": show(function.role_value),
        "aliases": list(function.aliases),
    }
    return {key: value for key, value in facts.items() if value not in (None, [], {})}


def role_of(role, data):
    def policy(entry):
        known = entry.policy.to_document()["Statement"] if entry.policy is not None else None
        if entry.kind == "aws" and known is not None:
            known = f"{len(known)} statements of AWS"
        span = None
        if entry.span is not None and entry.location is not None and entry.location.path in data:
            first = data[entry.location.path][slice(*entry.span)].decode().splitlines()[0]
            span = f"{first[:60]} …"
        facts = {"name": entry.name, "kind": entry.kind, "origin": entry.origin, "span": span, "statements": known}
        return {key: value for key, value in facts.items() if value is not None}

    return {
        "implicit": role.implicit,
        "policies": [policy(entry) for entry in role.policies],
        **({"boundary": role.boundary_arn} if role.boundary_arn else {}),
        **({"gaps": [gap.detail for gap in role.gaps]} if role.gaps else {}),
    }


def seen(folder):
    found = {}
    options = ReadOptions(project=folder, region="eu-central-1", account="123456789012")
    data = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "expected.json"
    }
    for item in read_project(options, None, None):
        if not isinstance(item, Deployment):
            found.setdefault("gaps", []).append(f"{item.reason}: {item.detail} at {item.location}")
            continue
        if item.kind == "none" and not item.functions:
            continue
        resources = {resource.logical_id: resource for resource in item.resources}
        found[item.template] = {
            "kind": item.kind,
            "functions": {f.id: function_of(f, resources) for f in item.functions},
            "roles": {role.key: role_of(role, data) for role in item.roles},
            "resources": {
                key: " ".join(
                    [
                        resource.type,
                        *([f"named {symbolic_text(resource.name, resources)}"] if resource.name else []),
                        *([f"key {shown(resource.kms_key, resources)}"] if resource.kms_key else []),
                    ]
                )
                for key, resource in resources.items()
            },
            "parameters": dict(item.parameters),
            "assumptions": list(item.assumptions),
            "gaps": [f"{gap.reason}: {gap.detail}" for gap in item.gaps],
        }
    return found


@pytest.mark.parametrize("folder", CASES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_template_is_read_as_expected(folder):
    answer = json.loads(json.dumps(seen(folder)))
    file = folder / "expected.json"
    if os.environ.get("IAMGEN_ACCEPT"):
        file.write_text(json.dumps(answer, indent=1, ensure_ascii=False) + "\n")
    assert answer == json.loads(file.read_text())


def test_every_kind_of_template_has_a_case():
    kinds = {reader.name for reader in discover("iamgen.sources.iac", IacReader)}

    assert kinds == {path.parent.name for path in CASES}

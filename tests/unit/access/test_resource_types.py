"""The table of resource types says what CloudFormation's own schemas say."""

import json
import re
from pathlib import Path

import pytest

from iamgen.access.resource_types import resource_types, symbolic_text
from iamgen.model.function import TemplateResource
from iamgen.model.value import Literal, ParameterRef, PseudoParameter, TemplateRef, Text, Unresolved

KINDS = {"name", "id", "arn", "url", "other"}


def test_each_row_is_well_formed():
    for kind in resource_types().all():
        assert kind.arn.startswith("arn:${Partition}:"), kind.type
        assert kind.arn.count("{}") <= 1, kind.type
        meanings = {kind.ref, *kind.attributes.values()}
        assert all(m in KINDS or m.startswith("arn:") or "{}" in m for m in meanings), kind.type


def test_attributes_and_names_exist_in_the_schemas():
    cfnlint = pytest.importorskip("cfnlint")
    folder = Path(cfnlint.__file__).parent / "data/schemas/resources"
    wanted = {kind.type for kind in resource_types().all()}
    schemas = {}
    for file in sorted(folder.glob("*.json")):
        text = file.read_text()
        if wanted.intersection(re.findall(r'"typeName":\s*"([\w:]+)"', text)):
            schema = json.loads(text)
            schemas[schema.get("typeName")] = schema
    if not schemas:
        pytest.skip("no schemas in this version")
    missing = []
    for kind in resource_types().all():
        if kind.type not in schemas:
            continue
        schema = schemas[kind.type]
        properties = schema.get("properties", {})
        read_only = {
            name.removeprefix("/properties/").replace("/", ".") for name in schema.get("readOnlyProperties", ())
        }
        known = read_only | set(properties)
        if kind.name is not None and kind.name not in properties:
            missing.append(f"{kind.type} name {kind.name}")
        missing += [
            f"{kind.type} attribute {name}"
            for name in kind.attributes
            if name not in known and name.split(".")[0] not in known
        ]
        if kind.kms is not None and kind.kms.split(".")[0] not in properties:
            missing.append(f"{kind.type} key {kind.kms}")
    assert missing in ([], ["AWS::EC2::Subnet attribute SubnetId"])


def test_every_format_finds_the_same_type():
    types = resource_types()

    assert types.get("AWS::Serverless::Function") is types.of_terraform("aws_lambda_function")
    assert types.of_construct("sqs.Queue") is types.get("AWS::SQS::Queue")
    assert types.of_construct("nodejs.NodejsFunction") is types.get("AWS::Lambda::Function")


def test_a_text_is_spelled_as_policies_spell_it():
    resources = {
        "Q": TemplateResource(logical_id="Q", type="AWS::SQS::Queue"),
        "T": TemplateResource(logical_id="T", type="AWS::SNS::Topic"),
        "P": TemplateResource(logical_id="P", type="AWS::SSM::Parameter"),
        "X": TemplateResource(logical_id="X", type="Custom::Thing"),
    }

    def spelled(*parts):
        return symbolic_text(Text(parts), resources)

    arn = "arn:${Partition}:sqs:${Region}:${Account}:{Q}"
    assert spelled(TemplateRef("Q", "Arn")) == arn
    assert spelled(TemplateRef("Q", "QueueName"), Literal("-x")) == "{Q}-x"
    assert re.fullmatch(r"https://sqs\..*/\{Q\}", spelled(TemplateRef("Q")))
    assert spelled(TemplateRef("T")) == "arn:${Partition}:sns:${Region}:${Account}:{T}"
    assert spelled(TemplateRef("P")) == "{P}"
    assert spelled(TemplateRef("X")) == "{X}"
    assert spelled(TemplateRef("X", "Endpoint")) == "*"
    assert (
        spelled(ParameterRef("Name"), Literal("/"), PseudoParameter("Region"), Unresolved("?")) == "{Name}/${Region}*"
    )

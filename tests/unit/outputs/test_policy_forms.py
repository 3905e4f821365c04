# ruff: noqa: RUF012  templates and policies stand as users write them
"""Each policy form is read back by a reader that is not ours, and says what the JSON form says."""

import ast
import json

import hcl2
import pytest
from ruamel.yaml import YAML
from ruamel.yaml.constructor import SafeConstructor
from suggestion_values import document, needed, resource, result, suggestion, unknown

from iamgen.errors import InputError
from iamgen.model.condition import Condition
from iamgen.model.policy import Statement
from iamgen.model.result import RoleInfo, Status
from iamgen.outputs import (
    cdk_python,
    cdk_typescript,
    cloudformation,
    mermaid,
    policy_json,
    sam,
    serverless,
    terraform,
)

TABLE = "arn:${Partition}:dynamodb:${Region}:${Account}:table/{Orders}"
BUCKET = "arn:${Partition}:s3:::{Uploads}"
NAMES = {"Orders": "orders", "Uploads": "stack-uploads-*", "Jobs": "jobs", "Param": "p"}
RESOURCES = (
    resource("Orders", "AWS::DynamoDB::Table", "orders"),
    resource("Uploads", "AWS::S3::Bucket"),
    resource("Jobs", "AWS::SQS::Queue", "jobs"),
)
HOSTILE = "a'b\"c: #{x}\n- !!python/object:os.system `*&%{ for } ${jndi} */ </script> \u2028 \U0001f600"


def rows(names=NAMES):
    return (
        needed("dynamodb:GetItem", TABLE, names),
        needed("dynamodb:Query", TABLE + "/index/*", names),
        needed("s3:GetObject", BUCKET + "/in/*", names),
        needed("s3:ListBucket", BUCKET, names),
        needed("sqs:SendMessage", "arn:${Partition}:sqs:${Region}:${Account}:{Jobs}", names),
        needed("ssm:GetParameter", "arn:${Partition}:ssm:${Region}:${Account}:parameter/{Param}", names),
        needed("ec2:DescribeVpcs", "*"),
        needed(
            "kms:Decrypt",
            "arn:${Partition}:kms:${Region}:${Account}:key/k",
            conditions=(
                Condition("StringEquals", "kms:ViaService", ("s3.eu-west-1.amazonaws.com",)),
                Condition("Bool", "aws:SecureTransport", ("true",)),
            ),
        ),
        unknown(Statement(actions=("glue:*",), resources=("*",))),
        unknown(Statement(actions=("logs:PutLogEvents",), resources=("arn:aws:logs:*:*:${aws:username}",))),
    )


def answer(**more):
    return result(suggestion("OrderIngest", rows(), resources=RESOURCES, **more))


class Tagged:
    """Turns CloudFormation's tags and functions into the ARNs of the fixed scope."""

    PSEUDO = {"AWS::Partition": "aws", "AWS::Region": "eu-west-1", "AWS::AccountId": "111122223333"}
    ATTRIBUTES = {
        "Orders.Arn": "arn:aws:dynamodb:eu-west-1:111122223333:table/orders",
        "Uploads.Arn": "arn:aws:s3:::stack-uploads-*",
        "Jobs.Arn": "arn:aws:sqs:eu-west-1:111122223333:jobs",
    }

    @classmethod
    def value(cls, name):
        return cls.PSEUDO.get(name) or cls.ATTRIBUTES.get(name) or NAMES[name]

    @classmethod
    def substitute(cls, text):
        import re

        return re.sub(
            r"\$\{(!?)([^}]*)\}",
            lambda found: "${" + found[2] + "}" if found[1] else cls.value(found[2]),
            text,
        )


def read_yaml(text):
    """Read with ruamel, tags resolved."""
    yaml = YAML(typ="safe", pure=True)

    class Reader(SafeConstructor):
        pass

    def scalar(apply):
        return lambda loader, node: apply(loader.construct_scalar(node))

    Reader.add_constructor("!Sub", scalar(Tagged.substitute))
    Reader.add_constructor("!Ref", scalar(Tagged.value))
    Reader.add_constructor("!GetAtt", scalar(Tagged.value))
    yaml.Constructor = Reader
    return yaml.load(text)


def statements(policy):
    """A policy's statements, in a form that compares by meaning of lists."""
    return [canonical(item) for item in policy.to_document()["Statement"]]


def canonical(item):
    item = json.loads(json.dumps(item))
    for key in ("Action", "Resource", "NotAction", "NotResource"):
        if isinstance(item.get(key), list):
            item[key] = sorted(item[key])
    return item


def expected(found):
    return statements(found.functions[0].policy)


def test_policy_is_pure_iam_json():
    assert json.loads(policy_json.render(answer())) == answer().functions[0].policy.to_document()


def test_two_functions_give_a_map_by_place():
    both = result(suggestion("A", rows()), suggestion("B", rows()))
    assert list(json.loads(policy_json.render(both))) == ["template.yaml:A", "template.yaml:B"]


def test_an_insufficient_function_alone_is_an_input_error_and_left_out_of_a_map():
    poor = suggestion("A", (), status=Status.INSUFFICIENT, policy=None)
    with pytest.raises(InputError):
        policy_json.render(result(poor))
    both = json.loads(policy_json.render(result(poor, suggestion("B", rows()))))
    assert list(both) == ["template.yaml:B"]


def test_by_role_prints_the_union_of_a_shared_role():
    role = RoleInfo(name="Shared", arn=None, key="Shared", shared_by=("A", "B"))
    shared = result(suggestion("A", rows()[:1], shared=rows()[4:5], role=role))
    document_ = json.loads(policy_json.render_map(shared, by_role=True))
    assert [item["Action"] for item in document_["Shared"]["Statement"]] == [
        "dynamodb:GetItem",
        "sqs:SendMessage",
    ]


def test_cloudformation_reads_back_equal():
    text = cloudformation.render(answer())
    role = read_yaml(text)["Resources"]["OrderIngestRole"]["Properties"]
    (inline,) = role["Policies"]
    got = [canonical(item) for item in inline["PolicyDocument"]["Statement"]]
    assert got == expected(answer())
    assert "!GetAtt Orders.Arn" in text
    assert "!Sub '${Orders.Arn}/index/*'" in text
    assert "Resource: !GetAtt Jobs.Arn" in text


def test_a_shared_role_is_written_once():
    role = RoleInfo(name="Shared", arn=None, key="SharedRole", shared_by=("A", "B"))
    shared = result(
        suggestion("A", rows()[:1], shared=rows()[4:5], role=role),
        suggestion("B", rows()[4:5], shared=rows()[:1], role=role),
    )
    for form in (cloudformation, sam):
        assert list(read_yaml(form.render(shared))["Resources"]) == ["SharedRole"]


def test_sam_reads_back_equal():
    text = sam.render(answer())
    (policy,) = read_yaml(text)["Resources"]["OrderIngest"]["Properties"]["Policies"]
    assert [canonical(item) for item in policy["Statement"]] == expected(answer())


TOPIC = "arn:${Partition}:sns:${Region}:${Account}:{Alerts}"
SECRET = "arn:${Partition}:secretsmanager:${Region}:${Account}:secret:{Key}"


def test_a_policy_template_stands_where_it_equals_a_statement():
    names = {"Alerts": "stack-Alerts-*", "Key": "Key-*"}
    found = result(
        suggestion(
            "F",
            (
                needed("sns:Publish", TOPIC, names),
                needed("secretsmanager:GetSecretValue", SECRET, names),
                needed("sqs:SendMessage", "arn:${Partition}:sqs:${Region}:${Account}:{Jobs}", NAMES),
            ),
            resources=(
                *RESOURCES,
                resource("Alerts", "AWS::SNS::Topic"),
                resource("Key", "AWS::SecretsManager::Secret"),
            ),
        )
    )
    text = sam.render(found)
    policies = _long_form(text)["Resources"]["F"]["Properties"]["Policies"]
    assert policies[0] == {"AWSSecretsManagerGetSecretValuePolicy": {"SecretArn": {"Ref": "Key"}}}
    assert policies[1] == {"SNSPublishMessagePolicy": {"TopicName": {"Fn::GetAtt": ["Alerts", "TopicName"]}}}
    assert policies[2]["Statement"][0]["Action"] == "sqs:SendMessage"


def test_a_policy_template_that_grants_more_is_not_used():
    arn = "arn:${Partition}:lambda:${Region}:${Account}:function:{Other}"
    found = result(suggestion("F", (needed("lambda:InvokeFunction", arn, {"Other": "o"}),)))
    (policy,) = _long_form(sam.render(found))["Resources"]["F"]["Properties"]["Policies"]
    assert policy["Statement"][0]["Action"] == "lambda:InvokeFunction"


def test_sam_translates_and_lints_without_error(tmp_path):
    from samtranslator.translator.transform import transform

    body = json.loads(json.dumps(_long_form(sam.render(answer()))))
    body["Transform"] = "AWS::Serverless-2016-10-31"
    body["AWSTemplateFormatVersion"] = "2010-09-09"
    body["Parameters"] = {"Param": {"Type": "String"}}
    function = body["Resources"]["OrderIngest"]["Properties"]
    function |= {"Runtime": "python3.13", "Handler": "a.b", "InlineCode": "b = 1"}
    body["Resources"] |= {
        "Orders": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "BillingMode": "PAY_PER_REQUEST",
                "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
                "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
            },
        },
        "Uploads": {"Type": "AWS::S3::Bucket"},
        "Jobs": {"Type": "AWS::SQS::Queue"},
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
        translated = transform(body, {}, _NoManaged())
    place = tmp_path / "t.json"
    place.write_text(json.dumps(translated))
    assert [item for item in _lint(place) if item.rule.id.startswith("E")] == []


def test_cloudformation_lints_without_error(tmp_path):
    body = _long_form(
        cloudformation.render(
            answer(boundary=document({"Effect": "Allow", "Action": "s3:*", "Resource": "arn:*:s3:::b"}))
        )
    )
    body["Parameters"] = {"Param": {"Type": "String"}}
    body["Resources"] |= {
        "Orders": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "BillingMode": "PAY_PER_REQUEST",
                "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
                "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
            },
        },
        "Uploads": {"Type": "AWS::S3::Bucket"},
        "Jobs": {"Type": "AWS::SQS::Queue"},
    }
    place = tmp_path / "t.json"
    place.write_text(json.dumps(body))
    assert [item for item in _lint(place) if item.rule.id.startswith("E")] == []


def _lint(place):
    from cfnlint.api import lint_file

    return lint_file(place)


class _NoManaged:
    def load(self):
        return {"AWSLambdaBasicExecutionRole": "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"}


def _long_form(text):
    """The template with the long names of functions, which need no tags."""
    yaml = YAML(typ="safe", pure=True)

    class Reader(SafeConstructor):
        pass

    Reader.add_constructor("!Sub", lambda loader, node: {"Fn::Sub": loader.construct_scalar(node)})
    Reader.add_constructor("!Ref", lambda loader, node: {"Ref": loader.construct_scalar(node)})
    Reader.add_constructor("!GetAtt", lambda loader, node: {"Fn::GetAtt": loader.construct_scalar(node).split(".")})
    yaml.Constructor = Reader
    return yaml.load(text)


def test_serverless_reads_back_equal():
    text = serverless.render(answer())
    got = read_yaml(text)["functions"]["OrderIngest"]["iamRoleStatements"]
    assert [canonical(item) for item in got] == expected(answer())


def test_serverless_writes_a_shared_role_to_the_provider():
    role = RoleInfo(name="Shared", arn=None, key="IamRoleLambdaExecution", shared_by=("A", "B"))
    shared = result(suggestion("A", rows()[:1], shared=rows()[4:5], role=role))
    read = read_yaml(serverless.render(shared))
    assert len(read["provider"]["iam"]["role"]["statements"]) == 2


TF_RESOURCES = (
    resource("aws_dynamodb_table.orders", "AWS::DynamoDB::Table", reference="aws_dynamodb_table.orders"),
    resource("aws_s3_bucket.uploads", "AWS::S3::Bucket", reference="aws_s3_bucket.uploads"),
)


def terraform_answer():
    names = {"aws_dynamodb_table.orders": "orders", "aws_s3_bucket.uploads": "up", "var.topic": "t"}
    table = TABLE.replace("Orders", "aws_dynamodb_table.orders")
    bucket = BUCKET.replace("Uploads", "aws_s3_bucket.uploads")
    return result(
        suggestion(
            "aws_lambda_function.ingest",
            (
                needed("dynamodb:GetItem", table, names),
                needed("dynamodb:Query", table + "/index/*", names),
                needed("s3:GetObject", bucket + "/*", names),
                needed("s3:PutObject", bucket + "/*", names),
                needed("sns:Publish", "arn:${Partition}:sns:${Region}:${Account}:{var.topic}", names),
                needed(
                    "kms:Decrypt",
                    "*",
                    conditions=(Condition("StringLike", "kms:ViaService", ("s3.*.amazonaws.com",)),),
                ),
                unknown(Statement(actions=("s3:*",), resources=("arn:aws:s3:::h/${aws:username}/*",))),
            ),
            resources=TF_RESOURCES,
            role=RoleInfo(name="r", arn=None, key="aws_iam_role.ingest"),
        )
    )


def test_terraform_reads_back_equal():
    text = terraform.render(terraform_answer())
    read = hcl2.loads(text)
    documents = {
        name.strip('"'): body
        for block in read["data"]
        for kind, named in block.items()
        if kind.strip('"') == "aws_iam_policy_document"
        for name, body in named.items()
    }
    (body,) = documents.values()
    values = {
        "${aws_dynamodb_table.orders.arn}": "arn:aws:dynamodb:eu-west-1:111122223333:table/orders",
        "${aws_s3_bucket.uploads.arn}": "arn:aws:s3:::up",
        "${data.aws_partition.current.partition}": "aws",
        "${data.aws_region.current.name}": "eu-west-1",
        "${data.aws_caller_identity.current.account_id}": "111122223333",
        "${var.topic}": "t",
        "$${": "${",
    }

    def plain(entry):
        entry = entry.strip('"')
        if entry.startswith(("aws_", "var.")):
            entry = "${" + entry + "}"
        for written, meant in values.items():
            entry = entry.replace(written, meant)
        return entry

    got = []
    for item in body["statement"]:
        one = {"Effect": plain(item["effect"])}
        if "sid" in item:
            one = {"Sid": plain(item["sid"]), **one}
        for key, name in (("actions", "Action"), ("resources", "Resource")):
            listed = [plain(entry) for entry in item[key]]
            one[name] = listed[0] if len(listed) == 1 else listed
        for condition in item.get("condition", ()):
            (value,) = condition["values"]
            one["Condition"] = {plain(condition["test"]): {plain(condition["variable"]): plain(value)}}
        got.append(canonical(one))
    assert got == expected(terraform_answer())
    assert "role   = aws_iam_role.ingest.id" in text


def test_python_code_reads_back_equal():
    tree = ast.parse(cdk_python.render(answer()))
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "PolicyStatement"
    ]
    got = [canonical(_python_statement(call)) for call in calls]
    assert got == expected(answer())


def _python_statement(call):
    found = {keyword.arg: _python_value(keyword.value) for keyword in call.keywords}
    names = {"sid": "Sid", "effect": "Effect", "actions": "Action", "resources": "Resource"}
    one = {}
    for key, value in found.items():
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        one[{**names, "conditions": "Condition"}[key]] = value
    return one


def _python_value(node):
    match node:
        case ast.Constant():
            return node.value
        case ast.List():
            return [_python_value(entry) for entry in node.elts]
        case ast.Dict():
            return {_python_value(k): _python_value(v) for k, v in zip(node.keys, node.values, strict=True)}
        case ast.Attribute(attr="ALLOW"):
            return "Allow"
        case ast.Attribute(attr=name):
            return {"PARTITION": "aws", "REGION": "eu-west-1", "ACCOUNT_ID": "111122223333"}[name]
        case ast.Call(func=ast.Attribute(attr="join")):
            return "".join(_python_value(node.args[1]))
        case ast.Call(func=ast.Attribute(attr="to_string", value=inner)):
            return _python_value(inner)
        case ast.Call(func=ast.Attribute(attr="get_att")):
            return Tagged.value(".".join(_python_value(entry) for entry in node.args))
        case ast.Call(func=ast.Attribute(attr="ref")):
            return Tagged.value(_python_value(node.args[0]))
    raise AssertionError(ast.dump(node))


def test_typescript_code_reads_back_equal():
    import tree_sitter
    import tree_sitter_typescript

    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_typescript.language_typescript()))
    root = parser.parse(cdk_typescript.render(answer()).encode()).root_node
    assert not root.has_error
    got = []
    todo = [root]
    while todo:
        node = todo.pop(0)
        if node.type == "new_expression" and b"PolicyStatement" in node.child_by_field_name("constructor").text:
            (body,) = node.child_by_field_name("arguments").named_children
            got.append(canonical(_typescript_statement(body)))
        else:
            todo = [*node.named_children, *todo]
    assert got == expected(answer())


def _typescript_statement(body):
    names = {"sid": "Sid", "effect": "Effect", "actions": "Action", "resources": "Resource"}
    one = {}
    for pair in body.named_children:
        key = pair.child_by_field_name("key").text.decode()
        value = _typescript_value(pair.child_by_field_name("value"))
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        one[{**names, "conditions": "Condition"}[key]] = value
    return one


def _typescript_value(node):
    text = node.text.decode()
    if node.type == "string":
        return json.loads(text)
    if node.type == "array":
        return [_typescript_value(child) for child in node.named_children]
    if node.type == "object":
        return {
            json.loads(pair.child_by_field_name("key").text): _typescript_value(pair.child_by_field_name("value"))
            for pair in node.named_children
        }
    if node.type == "member_expression":
        short = text.rpartition(".")[2]
        known = {"PARTITION": "aws", "REGION": "eu-west-1", "ACCOUNT_ID": "111122223333"}
        return {**known, "ALLOW": "Allow"}[short]
    function = node.child_by_field_name("function").text.decode()
    arguments = node.child_by_field_name("arguments").named_children
    if function.endswith(".toString"):
        return _typescript_value(node.child_by_field_name("function").named_children[0])
    values = [_typescript_value(child) for child in arguments]
    if function == "cdk.Fn.join":
        return "".join(values[1])
    return Tagged.value(".".join(values))


@pytest.mark.parametrize("form", [cloudformation, sam, serverless])
def test_hostile_names_stay_scalars_in_yaml(form):
    arn = f"arn:aws:s3:::{HOSTILE}"
    text = form.render(result(suggestion("F", (needed("s3:GetObject", arn), needed("s3:PutObject", arn + "/*")))))
    listed = []

    def walk(value):
        if isinstance(value, dict):
            if "Resource" in value:
                listed.append(value["Resource"])
            for entry in value.values():
                walk(entry)
        elif isinstance(value, list):
            for entry in value:
                walk(entry)

    walk(read_yaml(text))
    assert sorted(listed) == sorted([arn, arn + "/*"])


def test_hostile_names_stay_strings_in_hcl_and_code():
    arn = f"arn:aws:s3:::{HOSTILE}"
    found = result(suggestion("F", (needed("s3:GetObject", arn),)))
    (call,) = [
        node
        for node in ast.walk(ast.parse(cdk_python.render(found)))
        if isinstance(node, ast.Call) and node.func.attr == "PolicyStatement"
    ]
    assert _python_statement(call)["Resource"] == arn
    assert hcl2.loads(terraform.render(found))["data"]
    assert "${jndi}" not in terraform.render(found).replace("$${jndi}", "")
    assert "\n-" not in cdk_typescript.render(found)


def test_a_hostile_function_name_ends_no_comment():
    from iamgen.model.function import FunctionRef

    bad = "x\n  Evil: {Type: A}"
    found = suggestion("F", rows(), function=FunctionRef(id=bad, name=bad, logical_id=None))
    for form in (cloudformation, sam, terraform, cdk_python, cdk_typescript):
        assert "\n  Evil:" not in form.render(result(found))


def test_the_status_stands_above_each_role():
    poor = answer(status=Status.PARTIAL, reasons=("log only, 2026-01-01 to 2026-02-01",))
    for form in (cloudformation, sam, serverless, terraform, cdk_python, cdk_typescript):
        assert "OrderIngest: partial; log only, 2026-01-01" in form.render(poor)


def test_a_boundary_comes_with_its_deployment():
    boundary = document({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
    found = answer(boundary=boundary)
    read = read_yaml(cloudformation.render(found))["Resources"]
    assert read["OrderIngestRole"]["Properties"]["PermissionsBoundary"] == _Any()
    assert read["OrderIngestBoundary"]["Type"] == "AWS::IAM::ManagedPolicy"
    assert "permissions_boundary = aws_iam_policy.orderingest_boundary.arn" in terraform.render(found)
    assert "new iam.ManagedPolicy" in cdk_typescript.render(found)
    assert "iam.ManagedPolicy(" in cdk_python.render(found)


class _Any:
    def __eq__(self, other):
        return True

    __hash__ = None


NAMES["OrderIngestBoundary"] = "OrderIngestBoundary"


def test_a_reference_that_would_close_a_cycle_is_written_as_a_name():
    found = result(suggestion("OrderIngest", rows(), resources=RESOURCES, cyclic=("Uploads",)))
    text = cloudformation.render(found)
    assert "Uploads.Arn" not in text
    assert "!Sub 'arn:${AWS::Partition}:s3:::stack-uploads-*/in/*'" in text


def test_an_unknown_name_is_a_parameter():
    assert "parameter/${Param}" in cloudformation.render(answer())


def test_mermaid_draws_each_action_once():
    text = mermaid.render(answer())
    assert text.startswith("flowchart LR\n")
    assert text.count("dynamodb#58;GetItem") == 1


def test_all_forms_end_in_one_line_end():
    for form in (
        policy_json,
        cloudformation,
        sam,
        serverless,
        terraform,
        cdk_python,
        cdk_typescript,
        mermaid,
    ):
        text = form.PLUGIN.render(answer())
        assert text.endswith("\n")
        assert not text.endswith("\n\n")


def test_an_empty_answer_is_still_valid():
    for form in (cloudformation, sam, serverless):
        assert isinstance(read_yaml(form.render(result())), dict)

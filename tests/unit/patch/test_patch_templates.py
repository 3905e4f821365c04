
"""A patch changes the policy and nothing else, twice is once, and what it does not know it refuses."""

import json

import pytest
from ruamel.yaml import YAML
from suggestion_values import needed, suggestion, unknown

from iamgen.access.maps import open_maps
from iamgen.errors import InputError
from iamgen.model.policy import Statement
from iamgen.patch._edits import apply, apply_edits
from iamgen.patch._positions import parse, value_of
from iamgen.patch._target import PatchTarget
from iamgen.patch.cloudformation import patch_template
from iamgen.patch.patch import cyclic_names, patch
from iamgen.patch.serverless import patch_serverless
from iamgen.patch.terraform import patch_terraform

TABLE = "arn:${Partition}:dynamodb:${Region}:${Account}:table/{Orders}"
NAMES = {"Orders": "stack-Orders-*", "Uploads": "stack-uploads-*", "Ingest": "stack-Ingest-*"}
HOSTILE = (
    "a\nb",
    "key: value",
    "`x`",
    "*/ --> </script>",
    "&anchor *alias",
    "!Sub ${x}",
    "#{y} %{if} ${z}",
    "'\"\\",
    "\u2028\U0001f600",
    "- [ {",
)


def target(rows=None, *, functions=("Ingest",), role=None, **more):
    rows = rows or (
        needed("dynamodb:GetItem", TABLE, NAMES),
        needed("dynamodb:Query", TABLE + "/index/*", NAMES),
    )
    made = suggestion("Ingest", rows)
    return PatchTarget(
        functions=functions,
        role=role,
        policy=made.policy,
        symbolic=made.symbolic_policy,
        types=open_maps().table("resource_types")["types"],
        **more,
    )


SAM = """\
Transform: AWS::Serverless-2016-10-31   # keep me
Resources:
  Orders:
    Type: AWS::Serverless::SimpleTable
  Ingest:
    Type: AWS::Serverless::Function
    Properties:
      Handler: app.handler   # and me
{policies}      Runtime: python3.13

Outputs:
  X: {{Value: !Ref Orders}}
"""


def run(text, chosen, patcher=patch_template):
    """Return the patched text, after a second run that must change nothing."""
    splices, _ = patcher(text, "t.yaml", chosen)
    after = apply(text, splices)
    assert patcher(after, "t.yaml", chosen)[0] == []
    return after


def changed_lines(before, after):
    """Return the lines of each side outside the common beginning and end."""
    left, right = before.splitlines(), after.splitlines()
    while left and right and left[0] == right[0]:
        left, right = left[1:], right[1:]
    while left and right and left[-1] == right[-1]:
        left, right = left[:-1], right[:-1]
    return left, right


@pytest.mark.parametrize(
    "policies",
    [
        "",
        "      Policies: AmazonDynamoDBFullAccess\n",
        "      Policies: [AmazonDynamoDBFullAccess, {DynamoDBCrudPolicy: {TableName: !Ref Orders}}]\n",
        "      Policies:\n        - AmazonDynamoDBFullAccess\n",
        "      Policies:\n      - AmazonDynamoDBFullAccess # was\n      - DynamoDBReadPolicy:\n          TableName: x\n",
        "      Policies:\n        Statement:\n          - {Effect: Allow, Action: '*', Resource: '*'}\n",
        "      Policies:\n        - Version: '2012-10-17'\n          Statement:\n            - Effect: Allow\n"
        "              Action: '*'\n              Resource: '*'\n        - AWSXrayWriteOnlyAccess\n",
        "      Policies:\n        - Statement:\n            Effect: Allow\n            Action: '*'\n"
        "            Resource: '*'\n        - Statement: []\n",
    ],
)
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_each_form_of_a_sam_functions_policies(policies, line_end):
    before = SAM.format(policies=policies).replace("\n", line_end)
    after = run(before, target())
    assert after.count("\r\n") == (after.count("\n") if line_end == "\r\n" else 0)
    read = value_of(parse(after, "t"))
    written = read["Resources"]["Ingest"]["Properties"]["Policies"]
    documents = written if isinstance(written, list) else [written]
    assert [entry["Statement"] for entry in documents] == [
        [
            {
                "Effect": "Allow",
                "Action": "dynamodb:GetItem",
                "Resource": {"Fn::GetAtt": ["Orders", "Arn"]},
            },
            {
                "Effect": "Allow",
                "Action": "dynamodb:Query",
                "Resource": {"Fn::Sub": "${Orders.Arn}/index/*"},
            },
        ]
    ]
    assert "# keep me" in after
    assert "# and me" in after


def test_only_the_statement_list_changes():
    before = SAM.format(
        policies="      Policies:\n        # why\n        - Version: '2012-10-17' # v\n"
        "          Statement:\n            - Effect: Allow\n              Action: '*'\n"
        "              Resource: '*'\n"
    )
    left, right = changed_lines(before, run(before, target()))
    assert [line.strip() for line in left] == ["Action: '*'", "Resource: '*'"]
    assert len(right) == 5


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("style", ["block", "flow", "json"])
def test_hostile_names_stay_inside_their_scalar(name, style):
    arn = f"arn:aws:s3:::{name}"
    policies = {
        "block": "      Policies:\n        - Statement:\n            - {Effect: Allow, Action: 'a:b', Resource: '*'}\n",
        "flow": "      Policies: [{Statement: [{Effect: Allow, Action: 'a:b', Resource: '*'}]}]\n",
        "json": "",
    }[style]
    before = SAM.format(policies=policies)
    if style == "json":
        before = json.dumps(value_of(parse(before, "t")), indent=2)
    after = run(before, target((needed("s3:GetObject", arn), needed("s3:PutObject", arn))))
    (document,) = value_of(parse(after, "t"))["Resources"]["Ingest"]["Properties"]["Policies"]
    assert document["Statement"][0]["Resource"] == arn
    if style == "json":
        assert json.loads(after)


def test_what_grants_an_unknown_thing_stays():
    before = SAM.format(
        policies="      Policies:\n        - arn:aws:iam::111122223333:policy/own\n        - AmazonSQSFullAccess\n"
    )
    splices, notes = patch_template(before, "t", target())
    after = value_of(parse(apply(before, splices), "t"))
    entries = after["Resources"]["Ingest"]["Properties"]["Policies"]
    assert entries[1:] == ["arn:aws:iam::111122223333:policy/own"]
    assert [note.key for note in notes] == ["managed-kept", "managed-replaced"]


@pytest.mark.parametrize(
    "policies",
    [
        "      Policies: !If [A, [x], [y]]\n",
        "      Policies:\n        - !If [A, x, y]\n",
        "      Policies: &p\n        - Statement: []\n      Tags: *p\n",
        "      Role: !ImportValue other\n",
        "      Role: arn:aws:iam::1:role/x\n",
        "      Role: !Ref RoleParameter\n",
    ],
)
def test_other_forms_are_refused(policies):
    with pytest.raises(InputError, match="cannot patch this form: t"):
        patch_template(SAM.format(policies=policies), "t", target())


def test_an_unreadable_template_is_an_input_error():
    with pytest.raises(InputError):
        patch_template("a: [", "t", target())
    with pytest.raises(InputError):
        patch_template("Resources: {}\n---\nResources: {}\n", "t", target())


def test_an_explicit_role_takes_the_place_of_policies():
    before = SAM.format(policies="      Policies:\n        - AmazonSQSFullAccess\n")
    after = run(before, target(explicit_role=True))
    read = value_of(parse(after, "t"))["Resources"]
    assert read["Ingest"]["Properties"]["Role"] == {"Fn::GetAtt": ["IngestRole", "Arn"]}
    assert "Policies" not in read["Ingest"]["Properties"]
    assert read["IngestRole"]["Type"] == "AWS::IAM::Role"


ROLE = """\
Resources:
  Orders: {Type: AWS::DynamoDB::Table}
  Shared:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {Version: '2012-10-17', Statement: []}
      ManagedPolicyArns:
        - arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole # logs
        - !Sub arn:${AWS::Partition}:iam::aws:policy/AmazonSQSFullAccess
      Policies:
        - PolicyName: first
          PolicyDocument:
            Version: '2012-10-17'
            Statement:
              - Effect: Allow
                Action: '*'
                Resource: '*'
        - PolicyName: second
          PolicyDocument: {Version: '2012-10-17', Statement: []}
      RoleName: shared
  A: {Type: AWS::Lambda::Function, Properties: {Role: !GetAtt Shared.Arn}}
  Ingest:
    Type: AWS::Lambda::Function
    Properties:
      Role: !GetAtt Shared.Arn
"""


def test_a_role_keeps_its_first_policy_and_loses_what_is_replaced():
    after = run(ROLE, target(role="Shared", functions=("A", "Ingest")))
    properties = value_of(parse(after, "t"))["Resources"]["Shared"]["Properties"]
    assert "ManagedPolicyArns" not in properties
    (policy,) = properties["Policies"]
    assert policy["PolicyName"] == "first"
    assert len(policy["PolicyDocument"]["Statement"]) == 2
    assert properties["RoleName"] == "shared"


def test_a_managed_policy_that_is_not_known_stays_attached():
    chosen = target(role="Shared", is_known=lambda name: name != "AmazonSQSFullAccess")
    properties = value_of(parse(run(ROLE, chosen), "t"))["Resources"]["Shared"]["Properties"]
    assert properties["ManagedPolicyArns"] == [{"Fn::Sub": "arn:${AWS::Partition}:iam::aws:policy/AmazonSQSFullAccess"}]


def test_a_function_is_taken_out_of_a_shared_role_with_its_trust():
    after = run(ROLE, target(role="Shared", split=True))
    read = value_of(parse(after, "t"))["Resources"]
    assert read["Ingest"]["Properties"]["Role"] == {"Fn::GetAtt": ["IngestRole", "Arn"]}
    assert read["A"]["Properties"]["Role"] == {"Fn::GetAtt": ["Shared", "Arn"]}
    assert read["Shared"] == value_of(parse(ROLE, "t"))["Resources"]["Shared"]
    trust = read["IngestRole"]["Properties"]["AssumeRolePolicyDocument"]
    assert trust == {"Version": "2012-10-17", "Statement": []}


def test_a_policy_that_other_roles_use_is_refused():
    text = ROLE + (
        "  P:\n    Type: AWS::IAM::Policy\n    Properties:\n      PolicyName: p\n"
        "      Roles: [!Ref Shared, other]\n      PolicyDocument: {Statement: []}\n"
    )
    with pytest.raises(InputError, match="cannot patch this form"):
        patch_template(text, "t", target(role="Shared"))


def test_a_separate_policy_is_patched_where_the_role_has_none():
    text = (
        "Resources:\n  R:\n    Type: AWS::IAM::Role\n    Properties:\n      RoleName: r\n"
        "  P:\n    Type: AWS::IAM::Policy\n    Properties:\n      Roles: [!Ref R]\n"
        "      PolicyDocument:\n        Statement:\n          - {Effect: Allow, Action: '*', Resource: '*'}\n"
    )
    read = value_of(parse(run(text, target(role="R")), "t"))["Resources"]
    assert read["R"]["Properties"] == {"RoleName": "r"}
    assert len(read["P"]["Properties"]["PolicyDocument"]["Statement"]) == 2


CYCLES = """\
Transform: AWS::Serverless-2016-10-31
Parameters:
  Stage: {Type: String}
Resources:
  Uploads:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: !Sub 'uploads-${Stage}'
  Logs:
    Type: AWS::Logs::LogGroup
    Properties:
      LogGroupName: !Sub '/aws/lambda/${Ingest}'
  Key:
    Type: AWS::KMS::Key
    Properties:
      KeyPolicy:
        Statement: [{Effect: Allow, Principal: {AWS: !GetAtt IngestRole.Arn}, Action: 'kms:*', Resource: '*'}]
  Free:
    Type: AWS::S3::Bucket
  IngestRole:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {Version: '2012-10-17', Statement: []}
      Policies:
        - PolicyName: p
          PolicyDocument: {Version: '2012-10-17', Statement: []}
  Ingest:
    Type: AWS::Serverless::Function
    Properties:
      Role: !GetAtt IngestRole.Arn
      Events:
        New: {Type: S3, Properties: {Bucket: !Ref Uploads, Events: 's3:ObjectCreated:*'}}
"""


def test_a_reference_never_closes_a_cycle():
    names = NAMES | {"Free": "stack-free-*", "Key": "*", "Logs": "/aws/lambda/stack-Ingest-*"}
    rows = (
        needed("s3:GetObject", "arn:${Partition}:s3:::{Uploads}/*", names),
        needed("s3:PutObject", "arn:${Partition}:s3:::{Free}/*", names),
        needed(
            "logs:PutLogEvents",
            "arn:${Partition}:logs:${Region}:${Account}:log-group:{Logs}:*",
            names,
        ),
        needed(
            "lambda:InvokeFunction",
            "arn:${Partition}:lambda:${Region}:${Account}:function:{Ingest}",
            names,
        ),
        needed("kms:Decrypt", "arn:${Partition}:kms:${Region}:${Account}:key/{Key}", names),
    )
    after = run(CYCLES, target(rows))
    listed = [
        item["Resource"]
        for item in value_of(parse(after, "t"))["Resources"]["IngestRole"]["Properties"]["Policies"][0][
            "PolicyDocument"
        ]["Statement"]
    ]
    text = json.dumps(listed)
    assert "uploads-${Stage}/*" in text
    assert "${Free.Arn}/*" in text
    assert "/aws/lambda/stack-Ingest-*" in text
    assert "function:stack-Ingest-*" in text
    assert "key/*" in text
    for name in ("Uploads", "Logs", "Key", "Ingest"):
        assert "${" + name not in text
        assert json.dumps(name) not in text
    assert _acyclic(value_of(parse(after, "t"))["Resources"])


def _acyclic(resources):
    """An own check, apart from the one under test: order all resources by what they need."""
    from iamgen.patch._template import names_in

    needs = {name: {found for found in names_in(body) if found in resources} for name, body in resources.items()}
    for logical_id, body in resources.items():
        for event in body.get("Properties", {}).get("Events", {}).values():
            bucket = event["Properties"]["Bucket"]["Ref"]
            needs[bucket].add(logical_id)
            needs[logical_id].discard(bucket)
    while needs:
        free = [name for name, wanted in needs.items() if not wanted & set(needs)]
        if not free:
            return False
        for name in free:
            del needs[name]
    return True


def test_cyclic_names_are_told_to_others():
    assert cyclic_names(CYCLES, "t", "Ingest", "IngestRole") == (
        "Ingest",
        "IngestRole",
        "Key",
        "Logs",
        "Uploads",
    )


SERVERLESS = """\
service: orders
provider:
  name: aws   # here
{statements}
functions:
  ingest:
    handler: a.b
"""


@pytest.mark.parametrize(
    "statements",
    [
        "  iam:\n    role:\n      statements:\n        - Effect: Allow\n          Action: '*'\n          Resource: '*'",
        "  iamRoleStatements:\n  - Effect: Allow\n    Action: '*'\n    Resource: '*'",
        "  iam:\n    role:\n      name: orders",
        "  stage: dev",
        "  iam:\n    deploymentRole: x",
    ],
)
def test_the_statements_of_a_service(statements):
    before = SERVERLESS.format(statements=statements)
    chosen = target((needed("s3:GetObject", "arn:aws:s3:::b/*"),), functions=("ingest", "other"))
    after = run(before, chosen, patch_serverless)
    provider = YAML(typ="safe", pure=True).load(after)["provider"]
    written = provider.get("iamRoleStatements") or provider["iam"]["role"]["statements"]
    assert written == [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}]
    assert "name: aws   # here" in after


def test_the_statements_of_one_function_of_a_service():
    before = SERVERLESS.format(statements="  stage: dev") + (
        "    iamRoleStatements:\n      - {Effect: Allow, Action: '*', Resource: '*'}\n"
    )
    chosen = target((needed("s3:GetObject", "arn:aws:s3:::b/*"),), functions=("ingest",))
    read = YAML(typ="safe", pure=True).load(run(before, chosen, patch_serverless))
    assert read["functions"]["ingest"]["iamRoleStatements"][0]["Action"] == "s3:GetObject"


@pytest.mark.parametrize("statements", ["  role: arn:aws:iam::1:role/x", "  iam: {role: 'arn:aws:iam::1:role/x'}"])
def test_a_service_without_a_role_of_its_own_is_refused(statements):
    with pytest.raises(InputError, match="cannot patch this form"):
        patch_serverless(SERVERLESS.format(statements=statements), "s", target(functions=("a", "b")))


TERRAFORM = """\
# top
resource "aws_dynamodb_table" "orders" {
  name = "orders"
}

resource "aws_iam_role" "ingest" {
  name               = "ingest" # keep
  assume_role_policy = "{}"
}
%s
# bottom é
"""
FORMS = {
    "document": """
data "aws_iam_policy_document" "ingest" {
  # why
  statement {
    actions   = ["*"]
    resources = ["*"]
  }
}

resource "aws_iam_role_policy" "ingest" {
  role   = aws_iam_role.ingest.id
  policy = data.aws_iam_policy_document.ingest.json
}
""",
    "jsonencode": """
resource "aws_iam_role_policy" "ingest" {
  role = aws_iam_role.ingest.name
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "*"
      Resource = "*"
    }]
  })
}
""",
    "heredoc": """
resource "aws_iam_policy" "ingest" {
  policy = <<EOF
{
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": "*", "Resource": "*"}
  ]
}
EOF
}

resource "aws_iam_role_policy_attachment" "ingest" {
  role       = aws_iam_role.ingest.name
  policy_arn = aws_iam_policy.ingest.arn
}
""",
    "managed": """
resource "aws_iam_role_policy_attachment" "logs" {
  role       = aws_iam_role.ingest.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
}
""",
}


@pytest.mark.parametrize("form", FORMS)
def test_each_form_of_terraform(form):
    import hcl2

    names = {"aws_dynamodb_table.orders": "orders"}
    table = TABLE.replace("Orders", "aws_dynamodb_table.orders")
    rows = (
        needed("dynamodb:GetItem", table, names),
        needed("dynamodb:PutItem", table, names),
        *(needed("s3:GetObject", f"arn:aws:s3:::{name}") for name in HOSTILE),
    )
    before = TERRAFORM % FORMS[form]
    after = run(before, target(rows, role="aws_iam_role.ingest"), patch_terraform)
    assert hcl2.loads(after)
    assert after.startswith(before[: before.index("\n}\n\nresource")])
    assert after.endswith("# bottom é\n")
    assert "aws_dynamodb_table.orders.arn" in after
    assert "AWSLambdaBasicExecutionRole" not in after
    assert "dynamodb:PutItem" in after


INSIDE = """resource "aws_iam_role" "ingest" {
  assume_role_policy  = "{}"
  managed_policy_arns = [
    "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
    var.other,
  ]

  inline_policy {
    name   = "first"
    policy = jsonencode({ Version = "2012-10-17", Statement = [] })
  }
  inline_policy {
    name   = "second"
    policy = jsonencode({ Version = "2012-10-17", Statement = [] })
  }
  tags = { a = "b" } # stays
}
"""


def test_policies_inside_a_role_of_terraform():
    chosen = target((needed("s3:GetObject", "arn:aws:s3:::b/k"),), role="aws_iam_role.ingest")
    after = run(INSIDE, chosen, patch_terraform)
    assert "managed_policy_arns = [var.other]" in after
    assert "second" not in after
    assert after.count("s3:GetObject") == 1
    assert after.endswith('  tags = { a = "b" } # stays\n}\n')


def test_a_module_of_several_files_is_patched_in_each():
    from iamgen.patch.patch import patch_module

    document, _, policy = FORMS["document"].partition("\nresource")
    files = (
        ("m/data.tf", document.rstrip("\n")),
        ("m/main.tf", "# é\n" + TERRAFORM % ""),
        ("m/policy.tf", "resource" + policy),
        ("m/zz.tf", FORMS["managed"]),
    )
    chosen = target((needed("s3:GetObject", "arn:aws:s3:::b/k"),), role="aws_iam_role.ingest")
    done = patch_module(files, (chosen,))
    assert [one.before == one.after for one in done] == [False, True, True, False]
    assert "s3:GetObject" in done[0].after
    assert "attachment" not in done[3].after
    for one in done:
        assert apply_edits(one.before.encode(), one.edits).decode() == one.after
    again = patch_module(tuple((one.path, one.after) for one in done), (chosen,))
    assert all(one.before == one.after for one in again)


NO_FILE = """resource "aws_iam_role_policy" "x" {
  role = aws_iam_role.ingest.id
  policy = file("p.json")
}
"""
COUNTED = """resource "aws_iam_role_policy" "x" {
  count = 2
  role = aws_iam_role.ingest.id
  policy = "{}"
}
"""
MERGED = """data "aws_iam_policy_document" "d" {
  source_policy_documents = []
  statement {
    actions = ["*"]
  }
}
resource "aws_iam_role_policy" "x" {
  role = aws_iam_role.ingest.id
  policy = data.aws_iam_policy_document.d.json
}
"""


@pytest.mark.parametrize("extra", [NO_FILE, COUNTED, MERGED])
def test_other_forms_of_terraform_are_refused(extra):
    with pytest.raises(InputError, match="cannot patch this form"):
        patch_terraform(TERRAFORM % extra, "m.tf", target(role="aws_iam_role.ingest"))


def test_a_refused_role_leaves_the_others_patched():
    orders = "Orders: {Type: AWS::DynamoDB::Table}"
    text = ROLE.replace(orders, f"{orders}\n  Odd: {{Type: AWS::IAM::Role}}")
    done = patch("t.yaml", text, "cloudformation", (target(role="Odd"), target(role="Shared")))
    assert len(done.refused) == 1
    assert done.after != text
    assert apply_edits(text.encode(), done.edits).decode() == done.after


def test_sources_of_cdk_are_not_patched():
    done = patch("app.ts", "x", "cdk-source", (target(),))
    assert done.after == "x"
    assert "cannot patch this form" in str(done.refused[0])


def test_kept_unknowns_and_variables_are_written_as_they_are():
    kept = Statement(actions=("s3:*",), resources=("arn:aws:s3:::h/${aws:username}/*",))
    before = SAM.format(policies="")
    after = run(before, target((needed("s3:GetObject", "arn:aws:s3:::b/k"), unknown(kept))))
    (document,) = value_of(parse(after, "t"))["Resources"]["Ingest"]["Properties"]["Policies"]
    assert document["Statement"][1]["Resource"] == "arn:aws:s3:::h/${aws:username}/*"


def test_a_byte_order_mark_stays():
    text = "\ufeff" + SAM.format(policies="")
    done = patch("t.yaml", text, "sam", (target(),))
    assert done.after.startswith("\ufeffTransform")
    assert apply_edits(text.encode(), done.edits).decode() == done.after

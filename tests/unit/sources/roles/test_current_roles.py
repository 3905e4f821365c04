"""Current roles come from every form in which AWS and people write them."""

import json
import threading
from urllib.parse import quote

import pytest

from iamgen.errors import AccessError, InputError, UsageError
from iamgen.model.function import Role
from iamgen.model.observation import Gap, GapReason
from iamgen.sources.current import read_roles

ALLOW = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"}],
}
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
EC2_TRUST = json.loads(json.dumps(TRUST).replace("lambda", "ec2"))
ARN = "arn:aws:iam::111122223333:role/orders"
BASIC = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
OWN = "arn:aws:iam::111122223333:policy/own"


def save(folder, name, document):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return str(path)


def roles(place, **options):
    return [item for item in read_roles(place, **options) if isinstance(item, Role)]


def details(**changes):
    role = {
        "RoleName": "orders",
        "Arn": ARN,
        "AssumeRolePolicyDocument": TRUST,
        "RolePolicyList": [{"PolicyName": "inline", "PolicyDocument": quote(json.dumps(ALLOW))}],
        "AttachedManagedPolicies": [{"PolicyName": "x", "PolicyArn": BASIC}, {"PolicyName": "own", "PolicyArn": OWN}],
        "PermissionsBoundary": {"PermissionsBoundaryArn": OWN},
        **changes,
    }
    other = {"RoleName": "ec2", "Arn": "arn:aws:iam::1:role/ec2", "AssumeRolePolicyDocument": EC2_TRUST}
    versions = [{"IsDefaultVersion": False, "Document": {}}, {"IsDefaultVersion": True, "Document": ALLOW}]
    return {"RoleDetailList": [role, other], "Policies": [{"Arn": OWN, "PolicyVersionList": versions}]}


def test_account_details_give_the_roles_of_lambda_whole(tmp_path):
    (role,) = roles(save(tmp_path, "details.json", details()))

    assert (role.arn, role.name.literal, role.origin) == (ARN, "orders", "file")
    assert [(p.name, p.kind, p.policy is not None) for p in role.policies] == [
        ("inline", "inline", True),
        ("AWSLambdaBasicExecutionRole", "aws", True),
        ("own", "managed", True),
    ]
    assert role.boundary.statements[0].actions == ("s3:GetObject",)
    assert role.gaps == ()


def test_a_managed_policy_without_document_is_a_gap_of_its_role(tmp_path):
    document = details(AttachedManagedPolicies=[{"PolicyArn": "arn:aws:iam::1:policy/far"}])
    place = save(tmp_path, "details.json", document)
    save(tmp_path, "managed/far.json", {"PolicyVersion": {"Document": ALLOW}})

    (without,) = roles(place)
    (role,) = roles(place, managed_policies=tmp_path / "managed")

    assert [gap.reason for gap in without.gaps] == [GapReason.POLICY_UNKNOWN]
    assert role.gaps == ()


@pytest.mark.parametrize(
    ("document", "key", "names"),
    [
        (ALLOW, "file", ["file"]),
        ({"PolicyVersion": {"Document": ALLOW}}, "file", ["file"]),
        ({"RoleName": "orders", "PolicyName": "p", "PolicyDocument": ALLOW}, "file", ["file"]),
        ({ARN: ALLOW}, ARN, ["orders"]),
        (
            {
                "Role": {"RoleName": "orders", "Arn": ARN, "AssumeRolePolicyDocument": TRUST},
                "RolePolicyList": [{"PolicyName": "a", "PolicyDocument": ALLOW}],
            },
            ARN,
            ["a"],
        ),
    ],
)
def test_a_file_is_read_in_each_form(tmp_path, document, key, names):
    (role,) = roles(save(tmp_path, "file.json", document))

    assert role.key == key
    assert [policy.name for policy in role.policies] == names
    assert all(policy.policy is not None for policy in role.policies)


def test_a_folder_holds_a_role_a_file_and_a_role_a_folder(tmp_path):
    save(tmp_path, "orders.json", ALLOW)
    save(tmp_path, "worker/read.json", ALLOW)
    save(tmp_path, "worker/write.json", ALLOW)
    save(tmp_path, "broken.json", "{")

    found = list(read_roles(str(tmp_path)))

    assert {r.name.literal: len(r.policies) for r in found if isinstance(r, Role)} == {"orders": 1, "worker": 2}
    assert [gap.reason for gap in found if isinstance(gap, Gap)] == [GapReason.POLICY_UNKNOWN]


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"a": 1}', '{"Statement": [{"Effect": "Maybe"}]}', '{"RoleDetailList": {}}']
)
def test_a_malformed_file_is_an_input_error(tmp_path, text):
    with pytest.raises(InputError):
        roles(save(tmp_path, "bad.json", text))


def test_a_missing_place_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError):
        roles(str(tmp_path / "none.json"))


@pytest.fixture
def aws(monkeypatch):
    server_module = pytest.importorskip("moto.server")
    from werkzeug.serving import make_server

    server = make_server(
        "127.0.0.1", 0, server_module.DomainDispatcherApplication(server_module.create_backend_app), threaded=True
    )
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    yield
    server.shutdown()
    thread.join(timeout=5)
    server.server_close()


@pytest.mark.e2e
def test_live_roles_are_read_and_nothing_is_written(aws):
    import boto3

    iam = boto3.client("iam")
    iam.create_role(RoleName="orders", AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.put_role_policy(RoleName="orders", PolicyName="inline", PolicyDocument=json.dumps(ALLOW))
    own = iam.create_policy(PolicyName="own", PolicyDocument=json.dumps(ALLOW))["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="orders", PolicyArn=own)
    iam.create_role(RoleName="machines", AssumeRolePolicyDocument=json.dumps(EC2_TRUST))

    (role,) = roles("live", region="eu-west-1")

    assert role.name.literal == "orders"
    assert role.origin == "account"
    assert sorted((p.name, p.kind, p.policy is not None) for p in role.policies) == [
        ("inline", "inline", True),
        ("own", "managed", True),
    ]


@pytest.mark.e2e
def test_an_account_that_cannot_be_reached_is_an_access_error(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")

    with pytest.raises(AccessError) as caught:
        roles("live", region="eu-west-1")

    assert "testing" not in str(caught.value)

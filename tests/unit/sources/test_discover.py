"""Discovery finds the templates of a project, nothing of its build results, and nothing outside of it."""

import os
from pathlib import Path

import pytest

from iamgen.errors import UsageError
from iamgen.model.function import Deployment
from iamgen.model.observation import Gap, GapReason
from iamgen.plugins import ReadOptions
from iamgen.sources._ignore import Ignores
from iamgen.sources._project import Project
from iamgen.sources.discover import read_project

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  {name}:
    Type: AWS::Serverless::Function
    Properties: {{Handler: app.handler, Runtime: python3.13, CodeUri: {code}}}
"""
CANARY = "canary-7f3a"


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def functions(folder: Path, **options) -> dict[str, str]:
    found = read_project(ReadOptions(project=folder, **options), None, None)
    return {f.id: d.template for d in found if isinstance(d, Deployment) for f in d.functions}


def test_build_results_and_ignored_files_never_count(tmp_path):
    own = TEMPLATE.format(name="Own", code=".")
    other = TEMPLATE.format(name="Copy", code=".")
    write(
        tmp_path,
        {
            "template.yaml": own,
            ".gitignore": "/generated/\n*.tmp.yaml\n!keep.tmp.yaml\n",
            ".aws-sam/build/template.yaml": other,
            "node_modules/x/template.yaml": other,
            ".venv/template.yaml": other,
            "tool/pyvenv.cfg": "",
            "tool/template.yaml": other,
            "generated/template.yaml": other,
            "a.tmp.yaml": other,
            "keep.tmp.yaml": TEMPLATE.format(name="Kept", code="."),
            "sub/template.yaml": TEMPLATE.format(name="Sub", code="."),
        },
    )

    assert functions(tmp_path) == {
        "Own": "template.yaml",
        "Kept": "keep.tmp.yaml",
        "Sub": "sub/template.yaml",
    }


def test_cdk_out_wins_over_sources_of_the_same_app(tmp_path):
    write(
        tmp_path,
        {
            "cdk.json": '{"app": "python3 app.py"}',
            "app.py": "import aws_cdk as cdk\n",
            "cdk.out/manifest.json": '{"artifacts": {"S": {"type": "aws:cloudformation:stack",'
            ' "properties": {"templateFile": "S.json"}}}}',
            "cdk.out/S.json": '{"Resources": {"F": {"Type": "AWS::Lambda::Function", "Properties": {}}}}',
        },
    )

    assert functions(tmp_path) == {"F": "cdk.out/S.json"}


def test_the_named_template_alone_is_read(tmp_path):
    write(
        tmp_path,
        {
            "a.yaml": TEMPLATE.format(name="A", code="."),
            "b.yaml": TEMPLATE.format(name="B", code="."),
        },
    )

    (found,) = read_project(ReadOptions(project=tmp_path), tmp_path / "b.yaml", None)

    assert [f.id for f in found.functions] == ["B"]


@pytest.mark.parametrize("name", ["missing.yaml", "../outside.yaml"])
def test_a_template_that_is_not_in_the_project_is_a_usage_error(tmp_path, name):
    (tmp_path / "outside.yaml").write_text("x")
    project = tmp_path / "project"
    project.mkdir()

    with pytest.raises(UsageError):
        read_project(ReadOptions(project=project), project / name, None)


def test_a_broken_template_is_a_gap_beside_the_others(tmp_path):
    write(
        tmp_path,
        {
            "bad.yaml": "Resources:\n  A: [1\nTransform: AWS::Serverless-2016-10-31\n",
            "good.yaml": TEMPLATE.format(name="Good", code="."),
        },
    )

    found = read_project(ReadOptions(project=tmp_path), None, None)

    assert [g.reason for g in found if isinstance(g, Gap)] == [GapReason.SYNTAX_ERROR]
    assert functions(tmp_path) == {"Good": "good.yaml"}


def test_a_folder_without_template_gives_its_handlers(tmp_path):
    write(tmp_path, {"jobs/app.py": "def handler(event, context):\n    pass\n"})

    (found,) = read_project(ReadOptions(project=tmp_path), tmp_path / "jobs", None)

    assert [(f.id, f.handler, f.code_root) for f in found.functions] == [("app", "app.handler", "jobs")]


def test_source_fixes_the_code_folder(tmp_path):
    write(tmp_path, {"t.yaml": TEMPLATE.format(name="A", code="dist/"), "src/app.py": ""})

    (found,) = read_project(ReadOptions(project=tmp_path), tmp_path / "t.yaml", tmp_path / "src")

    assert found.functions[0].code_root == "src"


def test_nothing_comes_from_the_environment_or_from_outside(tmp_path, monkeypatch):
    monkeypatch.setenv("CANARY", CANARY)
    monkeypatch.setenv("TF_VAR_canary", CANARY)
    monkeypatch.setenv("CDK_DEFAULT_ACCOUNT", CANARY)
    outside = tmp_path / "outside"
    project = tmp_path / "project"
    write(
        outside,
        {
            "secret.yml": f"value: {CANARY}\n",
            "secret.json": f'"{CANARY}"',
            "Dockerfile": f'CMD ["{CANARY}.handler"]\n',
            "code/app.py": f"def handler(event, context): '{CANARY}'\n",
        },
    )
    write(
        project,
        {
            "sls/serverless.yml": "service: s\nprovider: {name: aws, environment: {A: '${env:CANARY}'}}\n"
            "functions: {f: {handler: a.b, environment: {B: '${file(../../outside/secret.yml):value}',"
            " C: '${file(link.yml):value}'}}}\n",
            "tf/main.tf": 'variable "canary" {}\nresource "aws_lambda_function" "f" {\n  function_name = var.canary\n'
            '  handler = file("../../outside/secret.json")\n  runtime = file("link.json")\n}\n',
            "cdk/cdk.json": '{"app": "python3 app.py"}',
            "cdk/app.py": "import os\nimport aws_cdk as cdk\nfrom aws_cdk import aws_lambda as l\n"
            "s = cdk.Stack(cdk.App(), 'S')\n"
            "l.Function(s, 'F', handler=os.environ['CANARY'], runtime=l.Runtime.PYTHON_3_13,\n"
            "  code=l.Code.from_inline(open('../../outside/secret.json').read()),\n"
            "  environment={'A': os.environ.get('CANARY', 'x')})\n",
            "sam/template.yaml": TEMPLATE.format(name="Out", code="../../outside/code")
            + "  Image:\n    Type: AWS::Serverless::Function\n    Metadata: {Dockerfile: Dockerfile, DockerContext: "
            "../../outside}\n    Properties: {PackageType: Image}\n",
        },
    )
    (project / "sls/link.yml").symlink_to(outside / "secret.yml")
    (project / "tf/link.json").symlink_to(outside / "secret.json")
    (project / "sam/code").symlink_to(outside / "code")

    found = read_project(ReadOptions(project=project), None, None)

    assert len([d for d in found if isinstance(d, Deployment) and d.functions]) == 4
    assert CANARY not in repr(found)
    assert "outside/" not in repr([f.code_root for d in found if isinstance(d, Deployment) for f in d.functions])


@pytest.mark.parametrize(
    ("patterns", "path", "ignored"),
    [
        ("*.log", "a/b.log", True),
        ("/build", "build", True),
        ("/build", "a/build", False),
        ("build/", "a/build", True),
        ("a/**/z", "a/b/c/z", True),
        ("doc/*.txt", "doc/a/b.txt", False),
        ("*.log\n!keep.log", "keep.log", False),
        ("# note\n\n\\", "x", False),
        ("[ab]c", "bc", True),
    ],
)
def test_gitignore_patterns(tmp_path, patterns, path, ignored):
    (tmp_path / ".gitignore").write_text(patterns)
    project = Project.at(tmp_path)

    rules = Ignores().within(project, project.root)

    assert rules.match(project.root / path, is_folder="." not in path) is ignored


def test_a_file_beyond_the_bounds_is_a_gap(tmp_path):
    project = Project.at(tmp_path)
    (tmp_path / "big").write_bytes(b"x" * 10_000_001)
    os.mkfifo(tmp_path / "pipe")

    assert project.read(project.root / "big").reason is GapReason.LIMIT
    assert project.read(project.root / "pipe").reason is GapReason.UNREADABLE
    assert project.read(project.root / "none").reason is GapReason.UNREADABLE
    assert project.read(project.root / "../x").reason is GapReason.OUTSIDE_PROJECT

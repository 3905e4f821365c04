"""Whatever the code is, an answer comes back, soon, and says what it does not know."""

import random
import time
from pathlib import Path

import pytest

from iamgen.access.maps import open_maps
from iamgen.model.function import LambdaFunction
from iamgen.model.observation import CodeReport, GapReason, Location
from iamgen.plugins import Frontend, discover
from iamgen.sources._program.analyse import analyse

FRONTENDS = discover("iamgen.sources.code", Frontend)
CASES = Path(__file__).parents[3] / "golden" / "code"
START = "import boto3\ns3 = boto3.client('s3')\n"
HANDLER = "\ndef handler(event, context):\n    "


def report(project: Path, files: dict[str, str | bytes], **changes: object) -> CodeReport:
    for name, text in files.items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    settings: dict = {"runtime": "python3.13", "handler": "app.handler", "code_root": ""} | changes
    function = LambdaFunction(id="F", template="t.yaml", location=Location("t.yaml"), **settings)
    return analyse(function, project, FRONTENDS, open_maps())


def fans_out() -> str:
    lines = [
        f"def f{i}(d):\n    f{i + 1}({{'x': d, 'k': 1}})\n    f{i + 1}({{'x': d, 'k': 2}})\n    f{i + 1}({{'y': d}})"
        for i in range(40)
    ]
    return START + "\n".join(lines) + "\ndef f40(d):\n    s3.list_buckets()\n" + HANDLER + "f0({})\n"


def tangle() -> str:
    lines = [
        f"def f{i}(x):\n    if x: return f{(i * 7 + 1) % 60}(x + 'a')\n"
        f"    for q in x: f{(i * 3 + 2) % 60}([x])\n    return f{(i * 5 + 3) % 60}({{'z': x}})"
        for i in range(60)
    ]
    return START + "\n".join(lines) + HANDLER + "f0('')\n    s3.list_buckets()\n"


def nested_loops() -> str:
    lines = ["    " * (i + 1) + f"for i{i} in event:" for i in range(12)]
    return START + HANDLER + "x = 1\n" + "\n".join(lines) + "\n" + "    " * 13 + "s3.list_buckets()\n"


def growing() -> str:
    calls = "".join("    x = g(x, x, x, x, x)\n" for _ in range(60))
    return (
        START
        + "def g(a, b, c, d, e):\n    return [a, b, c, d, e]\n"
        + HANDLER
        + "x = event\n"
        + calls
        + "    s3.put_object(Bucket=x, Key=x)\n    s3.list_buckets()\n"
    )


@pytest.mark.parametrize("make", [fans_out, tangle, nested_loops, growing], ids=lambda make: make.__name__)
def test_code_made_to_be_slow_ends_and_keeps_its_calls(make, tmp_path: Path) -> None:
    before = time.process_time()
    found = report(tmp_path, {"app.py": make()})
    assert time.process_time() - before < 4
    assert "ListBuckets" in {call.operation for call in found.calls}


def test_recursion_without_end_is_gone_through_once(tmp_path: Path) -> None:
    code = START + "def f(n):\n    s3.list_buckets()\n    return f(n + 1)\n" + HANDLER + "f(0)\n"
    found = report(tmp_path, {"app.py": code})
    assert [call.operation for call in found.calls] == ["ListBuckets"]
    assert not found.gaps


def test_modules_that_import_each_other_are_read_once(tmp_path: Path) -> None:
    files = {
        "app.py": "import a" + HANDLER + "a.go()\n",
        "a.py": START + "import b\ndef go():\n    b.there()\n",
        "b.py": "import a\nfrom a import s3\ndef there():\n    s3.list_buckets()\n",
    }
    found = report(tmp_path, files)
    assert [str(call.location) for call in found.calls] == ["b.py:4"]
    assert found.files == ("a.py", "app.py", "b.py")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("def handler(event, context:\n", GapReason.SYNTAX_ERROR),
        ("print 'two'\n", GapReason.SYNTAX_ERROR),
        (b"\xff\xfe\x00", GapReason.SYNTAX_ERROR),
        ("def other():\n    pass\n", GapReason.HANDLER_NOT_FOUND),
        ("handler = None\n", GapReason.HANDLER_NOT_FOUND),
    ],
)
def test_a_handler_that_cannot_be_read_is_a_gap_for_every_service(text, reason, tmp_path: Path) -> None:
    found = report(tmp_path, {"app.py": text})
    assert not found.analysed
    assert [(gap.reason, gap.services, gap.function) for gap in found.gaps] == [(reason, None, "F")]


def test_a_broken_module_leaves_the_rest_readable(tmp_path: Path) -> None:
    files = {"app.py": START + "import broken" + HANDLER + "s3.list_buckets()\n", "broken.py": "def ("}
    found = report(tmp_path, files)
    assert found.analysed
    assert [call.operation for call in found.calls] == ["ListBuckets"]
    assert [(gap.reason, gap.services) for gap in found.gaps] == [(GapReason.SYNTAX_ERROR, None)]


def test_nothing_outside_the_project_is_read(tmp_path: Path) -> None:
    outside = tmp_path / "outside.py"
    outside.write_text(START + "def leak():\n    s3.list_buckets()\n")
    project = tmp_path / "project"
    project.mkdir()
    (project / "linked.py").symlink_to(outside)
    found = report(project, {"app.py": "import linked" + HANDLER + "linked.leak()\n"})
    assert not found.calls
    found = report(project, {"app.py": "from ..outside import leak" + HANDLER + "leak()\n"})
    assert not found.calls
    assert {gap.reason for gap in found.gaps} == {GapReason.MODULE_NOT_FOUND}


def test_images_and_unknown_runtimes_are_not_analysed(tmp_path: Path) -> None:
    image = report(tmp_path, {}, image=True)
    assert (image.analysed, image.gaps[0].reason) == (False, GapReason.UNREAD_CODE)
    ruby = report(tmp_path, {}, runtime="ruby3.3")
    assert (ruby.analysed, ruby.gaps[0].reason) == (False, GapReason.UNSUPPORTED_RUNTIME)


def test_inline_code_and_handlers_found_by_shape(tmp_path: Path) -> None:
    inline = report(tmp_path, {}, inline_code=START + HANDLER + "s3.list_buckets()\n", handler="index.handler")
    assert [str(call.location) for call in inline.calls] == ["t.yaml:5"]
    shaped = report(tmp_path, {"x/deep.py": START + "def go(event, context):\n    s3.list_buckets()\n"}, handler=None)
    assert [call.operation for call in shaped.calls] == ["ListBuckets"]


def test_the_same_code_gives_the_same_report(tmp_path: Path) -> None:
    code = (CASES / "python" / "patterns.py").read_text()
    assert report(tmp_path, {"app.py": code}) == report(tmp_path, {"app.py": code})


def mutated(text: str, chance: random.Random) -> str:
    lines = text.splitlines()
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(lines))
        match chance.randrange(5):
            case 0:
                del lines[at]
            case 1:
                lines.insert(at, lines[chance.randrange(len(lines))])
            case 2:
                lines[at] = lines[at][: chance.randrange(len(lines[at]) + 1)]
            case 3:
                lines[at] = lines[at].replace("(", "", 1) or "}"
            case _:
                lines[at] = lines[at] + chance.choice(["(", "]", " = x", ".y", "{", "'", " if x", "\t"])
        if not lines:
            return ""
    return "\n".join(lines)


SOURCES = sorted(path for suffix in ("py", "go", "java", "js", "ts") for path in CASES.glob(f"*/*.{suffix}"))


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_mutated_sources_never_crash(source: Path, tmp_path: Path) -> None:
    chance = random.Random(source.name)
    runtimes = {"python": "python3.13", "go": "go1.x", "java": "java21"}
    runtime = runtimes.get(source.parent.name, "nodejs22.x")
    handler = f"{source.stem}::handleRequest" if runtime == "java21" else f"{source.stem}.handler"
    for number in range(8):
        project = tmp_path / str(number)
        text = mutated(source.read_text(), chance)
        found = report(project, {source.name: text}, runtime=runtime, handler=handler)
        assert found.analysed or found.gaps

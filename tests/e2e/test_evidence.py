"""The evidence bundle: same answer, same bytes; any changed byte is found."""

import contextlib
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

SAMPLE = Path(__file__).parents[2] / "docs" / "tutorial" / "orders"


def iamgen(*args: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "iamgen", *args], cwd=cwd, capture_output=True, text=True, timeout=120, check=False
    )


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("evidence")
    shutil.copytree(SAMPLE, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(".iamgen"))
    for name in ("a.zip", "b.zip"):
        done = iamgen("evidence", "--logs", "trail", "-o", name, cwd=folder)
        assert done.returncode == 0, done.stderr
    assert (folder / "a.zip").read_bytes() == (folder / "b.zip").read_bytes()
    return folder / "a.zip"


def test_it_holds_what_an_auditor_asks_for(bundle: Path) -> None:
    with zipfile.ZipFile(bundle) as files:
        names = set(files.namelist())
        assert {"manifest.json", "SUMMARY.md", "controls.json", "usage.json", "run.json", "reviews.json"} <= names
        base = "functions/order-ingest"
        assert {f"{base}/answer.json", f"{base}/policy-before.json", f"{base}/policy-after.json"} <= names
        assert json.loads(files.read(f"{base}/answer.json"))["proof"]["sound"] is True
        summary = files.read("SUMMARY.md").decode()
    assert "supports evidence for" in summary
    assert "compliant" not in summary.lower()


def test_an_untouched_bundle_verifies(bundle: Path) -> None:
    assert iamgen("evidence", "--verify", str(bundle), cwd=bundle.parent).returncode == 0


def test_any_changed_byte_is_found(bundle: Path, tmp_path: Path) -> None:
    from iamgen.errors import InputError
    from iamgen.pipeline.evidence import verify_bundle

    data = bundle.read_bytes()
    for position in range(0, len(data), max(1, len(data) // 150)):
        broken = bytearray(data)
        broken[position] ^= 0x41
        path = tmp_path / "broken.zip"
        path.write_bytes(bytes(broken))
        with contextlib.suppress(InputError):
            assert verify_bundle(path), f"byte {position}"


def test_a_file_taken_out_or_put_in_is_named(bundle: Path, tmp_path: Path) -> None:
    from iamgen.pipeline.evidence import packed, verify_bundle

    with zipfile.ZipFile(bundle) as source:
        files = {name: source.read(name) for name in source.namelist()}
    gone = {name: data for name, data in files.items() if name != "usage.json"}
    path = tmp_path / "x.zip"
    path.write_bytes(packed(gone))
    assert verify_bundle(path) == ("usage.json: missing",)
    path.write_bytes(packed({**files, "extra.txt": b"x"}))
    assert verify_bundle(path) == ("extra.txt: not in the manifest",)


def test_no_bundle_is_a_clear_error(tmp_path: Path) -> None:
    done = iamgen("evidence", "--verify", "nothing.zip", cwd=tmp_path)
    assert done.returncode == 3
    assert "nothing.zip" in done.stderr

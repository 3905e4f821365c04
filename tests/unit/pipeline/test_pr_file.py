"""The file between the two jobs: read back as it was, small enough, and never more than data."""

import json

import pytest

from iamgen.errors import InputError
from iamgen.model.pull_request import MAX_ARTIFACT_BYTES, PrFunction, PrPatch, PrResult, PrRow
from iamgen.pipeline.pr import load, save

ROW = PrRow(action="s3:GetObject", resource="*", verdict="add", why="will-break", places=("a.py:1",))
FUNCTION = PrFunction(id="A", name="a", place="t:1", role="R", status="complete", breaks=(ROW,))
RESULT = PrResult(head_sha="a" * 40, functions=(FUNCTION,), patches=(PrPatch(path="t", diff="x"),))


def test_what_is_saved_is_read_back(tmp_path):
    path = tmp_path / "iamgen.json"
    path.write_bytes(save(RESULT))
    assert load(path) == RESULT
    assert save(RESULT) == save(RESULT)


def test_half_characters_of_file_names_do_not_stop_it(tmp_path):
    path = tmp_path / "iamgen.json"
    path.write_bytes(save(PrResult(functions=(PrFunction(id="\udcff", name="a", place="", role="", status=""),))))
    assert load(path).functions[0].id == "?"


def test_a_large_answer_is_cut_to_what_the_second_job_reads(tmp_path):
    wordy = PrFunction(id="A", name="a", place="t:1", role="R", status="complete", breaks=(ROW,), policy="x" * 60_000)
    content = save(PrResult(functions=(wordy,) * 200))
    assert len(content) <= MAX_ARTIFACT_BYTES
    assert len(json.loads(content)["functions"]) == 200
    endless = PrFunction(id="A" * 6_000_000, name="a", place="", role="", status="")
    with pytest.raises(InputError):
        save(PrResult(functions=(endless,)))


def test_a_link_is_not_read(tmp_path):
    (tmp_path / "real.json").write_bytes(save(RESULT))
    (tmp_path / "link.json").symlink_to(tmp_path / "real.json")
    with pytest.raises(InputError):
        load(tmp_path / "link.json")
    with pytest.raises(InputError):
        load(tmp_path)

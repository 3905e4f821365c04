"""`iamgen diff` and `iamgen simulate` as a user runs them."""

import json

import pytest

from iamgen.cli import main


def _run(capsys, *args):
    with pytest.raises(SystemExit) as stopped:
        main(list(args))
    captured = capsys.readouterr()
    return stopped.value.code, captured.out, captured.err


def _policy(path, *statements):
    path.write_text(json.dumps({"Version": "2012-10-17", "Statement": list(statements)}))
    return str(path)


def _allow(action, resource="*"):
    return {"Effect": "Allow", "Action": action, "Resource": resource}


@pytest.fixture
def now(tmp_path):
    return _policy(tmp_path / "now.json", _allow("s3:Get*", "arn:aws:s3:::b/*"))


@pytest.fixture
def after(tmp_path):
    return _policy(tmp_path / "next.json", _allow(["s3:GetObject", "s3:DeleteObject"], "arn:aws:s3:::b/*"))


def test_diff_says_what_is_new_and_what_is_gone(capsys, now, after):
    code, out, _ = _run(capsys, "diff", now, after)

    assert code == 0
    assert "different" in out
    assert "s3:DeleteObject on arn:aws:s3:::b/example" in out
    assert "gone:" in out


def test_prove_no_new_access_answers_by_exit_code(capsys, now, after):
    assert _run(capsys, "diff", now, after, "--prove", "no-new-access")[0] == 1
    assert _run(capsys, "diff", now, now, "--prove", "no-new-access")[0] == 0
    assert _run(capsys, "diff", now, after, "--fail-on", "new-access")[0] == 1
    assert _run(capsys, "diff", after, now, "--fail-on", "undecided")[0] == 0


def test_prove_no_access_to(capsys, now, after):
    claim = "no-access-to s3:DeleteObject/arn:aws:s3:::b/*"

    assert _run(capsys, "diff", now, after, "--prove", claim)[0] == 1
    assert _run(capsys, "diff", after, now, "--prove", claim)[0] == 0
    assert _run(capsys, "diff", now, after, "--prove", "no-access-to", "--action", "iam:*")[0] == 0
    assert _run(capsys, "diff", now, after, "--prove", "no-access-to")[0] == 2
    assert _run(capsys, "diff", now, after, "--prove", "no-new-acess")[0] == 2


def test_json_holds_rows_witnesses_and_the_proof(capsys, now, after):
    _, out, _ = _run(capsys, "diff", now, after, "--prove", "no-new-access", "--format", "json")

    document = json.loads(out)
    (row,) = document["diff"]["missing"]
    assert row["actions"] == ["s3:DeleteObject"]
    assert row["witness"]["resource"] == "arn:aws:s3:::b/example"
    assert document["proof"]["no-new-access"]["holds"] is False


@pytest.mark.parametrize("form", ["text", "json", "markdown", "sarif"])
def test_each_form_is_the_same_twice(capsys, now, after, form):
    first, second = (_run(capsys, "diff", now, after, "--format", form)[1] for _ in range(2))

    assert first == second
    assert "s3:DeleteObject" in first


def test_a_folder_is_the_union_of_its_policies(capsys, tmp_path, now):
    folder = tmp_path / "role"
    folder.mkdir()
    _policy(folder / "a.json", _allow("s3:GetObject", "arn:aws:s3:::b/*"))
    _policy(folder / "b.json", _allow("s3:GetObjectAcl", "arn:aws:s3:::b/*"))
    (folder / "package.json").write_text("{}")

    code, out, _ = _run(capsys, "diff", now, str(folder), "--prove", "no-new-access")

    assert code == 0
    assert "package.json" in out or "is no policy document" in out


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("{", 3, "is no JSON"),
        ('{"Version": "2012-10-17"}', 3, "is no element"),
        ('{"Statement": [], "Statement": []}', 3, "stands twice"),
        ('{"Statement": [{"Effect": "Allow", "Action": "s3:*"}]}', 3, "Statement[0]: has neither"),
    ],
)
def test_a_bad_policy_is_an_input_error_with_the_spot(capsys, tmp_path, now, text, code, words):
    bad = tmp_path / "bad.json"
    bad.write_text(text)

    found, _, err = _run(capsys, "diff", str(bad), now)

    assert found == code
    if words != "is no element":
        assert words in err


def test_a_missing_file_is_wrong_usage(capsys, now):
    assert _run(capsys, "diff", "nothing.json", now)[0] == 2


def test_simulate_one_request(capsys, now):
    args = ("--policy", now, "--action", "s3:GetObject", "--resource", "arn:aws:s3:::b/k")

    code, out, _ = _run(capsys, "simulate", *args)

    assert code == 0
    assert out.startswith("Allowed")
    assert "identity[0].Statement[0]" in out
    assert json.loads(_run(capsys, "simulate", *args, "--format", "json")[1])["decision"] == "Allowed"


def test_simulate_lines_answers_each_and_reports_the_bad_ones(capsys, tmp_path):
    lines = tmp_path / "requests.jsonl"
    policy = {"Version": "2012-10-17", "Statement": [_allow("s3:*")]}
    good = {"id": "one", "action": "s3:GetObject", "resource": "arn:aws:s3:::b/k", "identity": [policy]}
    lines.write_text("\n".join([json.dumps(good), "{bad", json.dumps({"id": 3, "identity": [{}]}), ""]))

    code, out, _ = _run(capsys, "simulate", "--requests", str(lines))

    rows = [json.loads(line) for line in out.splitlines()]
    assert code == 3
    assert rows[0]["id"] == "one"
    assert rows[0]["decision"] == "Allowed"
    assert rows[0]["statement"] == "identity[0].Statement[0]"
    assert [row["decision"] for row in rows[1:]] == [None, None]
    assert all(row["error"].startswith("line ") for row in rows[1:])

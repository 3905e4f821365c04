"""Named cases of IAM's meaning: one request, its policies, what IAM decides. Add a case to a JSON table, no code."""

import json
from pathlib import Path

import pytest

from iamgen.pipeline.simulate import read_case
from iamgen.semantics.evaluate import evaluate

FOLDER = Path(__file__).parent
TOPICS = ("actions", "resources", "decision", "conditions", "sets", "variables", "layers")


def _cases():
    for topic in TOPICS:
        table = json.loads((FOLDER / f"{topic}.json").read_text())
        for case in table["cases"]:
            yield pytest.param(case, id=f"{topic}: {case['name']}")


@pytest.mark.parametrize("case", list(_cases()))
def test_decision(case):
    request, layers = read_case({**case, **case["request"]})

    answer = evaluate(request, layers)

    assert answer.decision == case["expected"]
    assert (answer.statement is None) == (answer.decision == "ImplicitlyDenied")
    if case.get("unclear"):
        assert answer.ambiguous


def test_there_are_many_cases_with_a_source_and_a_name_of_their_own():
    tables = {topic: json.loads((FOLDER / f"{topic}.json").read_text()) for topic in TOPICS}

    names = [(topic, case["name"]) for topic, table in tables.items() for case in table["cases"]]

    assert len(names) >= 250
    assert len(set(names)) == len(names)
    assert all("checked" in table["source"] for table in tables.values())

"""Broken templates of each kind end as an answer or a gap, never as an error of the program."""

import random
import time
from pathlib import Path

import pytest

from iamgen.model.function import Deployment
from iamgen.model.observation import Gap
from iamgen.plugins import ReadOptions
from iamgen.sources.discover import read_project

GOLDEN = Path(__file__).parents[2] / "golden/iac"
SEEDS = sorted(
    path
    for path in GOLDEN.rglob("*")
    if path.is_file()
    and path.name != "expected.json"
    and path.suffix in (".yaml", ".yml", ".tf", ".ts", ".py", ".json")
)
PIECES = (
    b"{",
    b"[",
    b"!Sub ",
    b"*x ",
    b"&x ",
    b"${",
    b"}",
    b"- ",
    b'"',
    b"\t",
    b"<<: *x",
    b"!If [",
    b"\xff",
    b"${self:custom}",
)


def mutated(data: bytes, rnd: random.Random) -> bytes:
    text = bytearray(data)
    for _ in range(rnd.randint(1, 5)):
        start = rnd.randrange(len(text) or 1)
        end = min(len(text), start + rnd.randint(1, 60))
        match rnd.randrange(3):
            case 0:
                del text[start:end]
            case 1:
                text[start:start] = rnd.choice(PIECES)
            case _:
                text[start:start] = text[start:end]
    return bytes(text)


@pytest.mark.parametrize("seed", range(6))
def test_a_broken_template_is_an_answer_or_a_gap(tmp_path, seed):
    rnd = random.Random(seed)
    for number in range(25):
        source = rnd.choice(SEEDS)
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / source.name).write_bytes(mutated(source.read_bytes(), rnd))
        if source.suffix in (".ts", ".py"):
            (folder / "cdk.json").write_text("{}")
        started = time.monotonic()

        found = read_project(ReadOptions(project=folder), None, None)

        assert all(isinstance(item, Deployment | Gap) for item in found)
        assert time.monotonic() - started < 5

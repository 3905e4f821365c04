"""Nodes know where they stand, and no document takes more than its bounds allow."""

import time

import pytest

from iamgen.errors import InputError
from iamgen.sources import _yaml

TEXT = b"""# caf\xc3\xa9
Resources:
  Table: &table
    Type: AWS::DynamoDB::Table
    Name: "\xc3\xbcber"
  Other:
    <<: *table
    Name: other
  Flow: {a: [1, 2], b: !Sub "${X}"}
After: 1
"""


def test_a_span_is_the_bytes_of_the_node():
    root = _yaml.parse(TEXT, "t.yaml")
    table = _yaml.get(root, "Resources", "Table")
    flow = _yaml.get(root, "Resources", "Flow")

    assert TEXT[table.start : table.end].decode().endswith('Name: "über"')
    assert TEXT[flow.start : flow.end] == b'{a: [1, 2], b: !Sub "${X}"}'
    assert (table.line, flow.line) == (3, 9)


def test_merge_keys_lie_under_the_own_keys():
    other = _yaml.get(_yaml.parse(TEXT, "t.yaml"), "Resources", "Other")

    assert _yaml.plain_value(other) == {"Type": "AWS::DynamoDB::Table", "Name": "other"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (b"a: ~", {"a": None}),
        (b"a: 'null'", {"a": "null"}),
        (b"a: 012", {"a": "012"}),
        (b"a: true", {"a": True}),
        (b"a: 'true'", {"a": "true"}),
        (b"", None),
        (b'{"a":\t[1]}', {"a": ["1"]}),
        (b"\xef\xbb\xbfa: b", {"a": "b"}),
    ],
)
def test_scalars_keep_their_characters(text, value):
    assert _yaml.plain_value(_yaml.parse(text, "t.yaml")) == value


@pytest.mark.parametrize(
    "text",
    [
        b"a: [1",
        b"a: *nothing",
        b"\xff\xfe",
        b"[" * 5000,
        b"a: !!python/object/apply:os.system [echo]\nb: [",
    ],
)
def test_broken_text_is_an_error_with_its_place(text):
    with pytest.raises(InputError) as caught:
        _yaml.parse(text, "t.yaml")

    assert "t.yaml" in caught.value.place


def test_a_tag_of_python_makes_nothing():
    root = _yaml.parse(b"a: !!python/object/apply:os.getcwd []", "t.yaml")

    assert _yaml.plain_value(root) == {"a": []}


def test_a_tree_of_aliases_ends_at_the_bound():
    rows = [b"a0: &a0 [x,x,x,x,x,x,x,x,x]"]
    rows += [f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]".encode() for i in range(1, 12)]
    started = time.monotonic()
    root = _yaml.parse(b"\n".join(rows), "bomb.yaml")

    with pytest.raises(InputError, match="unfolds"):
        _yaml.plain_value(root)
    assert time.monotonic() - started < 5

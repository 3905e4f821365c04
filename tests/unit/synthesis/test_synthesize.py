"""What synthesis promises: all that is needed, nothing else, the fewest characters, equal bytes."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from suggestion_values import needed, unknown

from iamgen.model.condition import Condition
from iamgen.model.decision import Verdict
from iamgen.model.glob import Glob
from iamgen.model.policy import Policy, Statement
from iamgen.synthesis.cells import cells_of, kept_sid
from iamgen.synthesis.cover import Block, cover, reduce_twins
from iamgen.synthesis.exact import cover_exactly
from iamgen.synthesis.split import INLINE_LIMIT, MANAGED_LIMIT, Room, split
from iamgen.synthesis.synthesize import SynthesisSettings, synthesize

TABLE = "arn:${Partition}:dynamodb:${Region}:${Account}:table/{%s}"


def pairs(policy):
    """The (action, resource, conditions) triples that a policy lists."""
    return {
        (action, resource, statement.conditions)
        for statement in policy.statements
        if statement.is_allow
        for action in statement.actions
        for resource in statement.resources
    }


def block(matrix, *, free=(), rows=None, columns=None):
    """A block from a matrix of 0 and 1."""
    width = len(matrix[0])
    return Block(
        row_chars=rows or tuple(20 + row for row in range(len(matrix))),
        column_chars=columns or tuple(50 + column for column in range(width)),
        needed=tuple(sum(cell << at for at, cell in enumerate(row)) for row in matrix),
        free=free or (0,) * len(matrix),
        statement_chars=47,
    )


def covered(found, height):
    got = [0] * height
    for rows, columns in found.rectangles:
        for row in rows:
            for column in columns:
                got[row] |= 1 << column
    return tuple(got)


@st.composite
def blocks(draw, height=7, width=7):
    rows = draw(st.integers(1, height))
    columns = draw(st.integers(1, width))
    needed_cells = draw(st.lists(st.integers(0, 2**columns - 1), min_size=rows, max_size=rows))
    free = draw(st.lists(st.integers(0, 2**columns - 1), min_size=rows, max_size=rows))
    return Block(
        row_chars=tuple(draw(st.integers(10, 40)) for _ in range(rows)),
        column_chars=tuple(draw(st.integers(30, 90)) for _ in range(columns)),
        needed=tuple(needed_cells),
        free=tuple(mask & ~need for mask, need in zip(free, needed_cells, strict=True)),
        statement_chars=draw(st.integers(30, 120)),
    )


@given(blocks())
@settings(max_examples=60, deadline=None)
def test_a_cover_holds_each_needed_cell_and_no_forbidden_one(given_block):
    found = cover(given_block)
    got = covered(found, len(given_block.needed))
    for row, mask in enumerate(got):
        assert given_block.needed[row] & ~mask == 0
        assert mask & ~(given_block.needed[row] | given_block.free[row]) == 0
    assert found.lower_bound <= found.chars


@given(blocks(height=4, width=4))
@settings(max_examples=40, deadline=None)
def test_the_bound_and_the_cover_meet_around_the_proved_optimum(given_block):
    found = cover(given_block)
    proved = cover_exactly(given_block)
    assert found.lower_bound <= proved.chars <= found.chars
    if found.optimal:
        assert found.chars == proved.chars


def test_shared_resources_cost_less_than_one_statement_per_resource_set():
    matrix = [[1, 1, 1, 1, 0], [1, 1, 1, 1, 0], [1, 1, 1, 1, 1], [0, 0, 0, 0, 1]]
    found = cover(block(matrix))
    assert len(found.rectangles) == 2


def test_twins_are_taken_as_one():
    reduced = reduce_twins(block([[1, 1, 0], [1, 1, 0], [0, 0, 1]]))
    assert reduced.rows == [(0, 1), (2,)]
    assert reduced.columns == [(0, 1), (2,)]


def test_equal_inputs_in_another_order_give_the_same_bytes():
    rows = [
        needed(f"dynamodb:{action}", TABLE % table, {table: table.lower()})
        for table, actions in {
            "Orders": ("GetItem", "PutItem", "Query"),
            "Users": ("GetItem", "Query"),
            "Stock": ("PutItem", "UpdateItem", "GetItem"),
        }.items()
        for action in actions
    ]
    first = synthesize(tuple(rows))
    random.Random(3).shuffle(rows)
    assert synthesize(tuple(rows)) == first


def test_the_symbolic_policy_mirrors_the_plain_one():
    names = {"Orders": "orders", "Users": "a-users"}
    proposal = synthesize(
        (
            needed("dynamodb:GetItem", TABLE % "Orders", names),
            needed("dynamodb:GetItem", TABLE % "Users", names),
        )
    )
    (plain,) = proposal.policy.statements
    (symbolic,) = proposal.symbolic.statements
    assert [item.rpartition("/")[2] for item in plain.resources] == ["a-users", "orders"]
    assert [item.rpartition("/")[2] for item in symbolic.resources] == ["{Users}", "{Orders}"]


def test_a_cell_that_a_wider_one_allows_is_not_written():
    proposal = synthesize(
        (
            needed("s3:GetObject", "arn:aws:s3:::b/*"),
            needed("s3:GetObject", "arn:aws:s3:::b/x/*"),
            needed("s3:PutObject", "arn:aws:s3:::b/x/*"),
        )
    )
    assert pairs(proposal.policy) == {
        ("s3:GetObject", "arn:aws:s3:::b/*", ()),
        ("s3:PutObject", "arn:aws:s3:::b/x/*", ()),
    }


def test_a_condition_never_reaches_a_row_that_has_none():
    only_s3 = (Condition("StringEquals", "kms:ViaService", ("s3.eu-west-1.amazonaws.com",)),)
    key = "arn:aws:kms:eu-west-1:1:key/k"
    proposal = synthesize(
        (
            needed("kms:Decrypt", key, conditions=only_s3),
            needed("kms:GenerateDataKey", key),
        )
    )
    assert pairs(proposal.policy) == {
        ("kms:Decrypt", key, only_s3),
        ("kms:GenerateDataKey", key, ()),
    }


def test_unknowns_and_denies_keep_their_form_and_stand_last():
    kept = Statement("Allow", not_actions=("iam:*",), resources=("*",), sid="Old")
    deny = Statement("Deny", actions=("s3:*",), not_resources=("arn:aws:s3:::b/*",), sid="Fence")
    row = needed("s3:GetObject", "arn:aws:s3:::b/k")
    held = unknown(Statement("Allow", actions=("x:*",), resources=("*",)))
    from dataclasses import replace

    proposal = synthesize((row, replace(held, kept=kept), replace(held, kept=kept)), (deny,))
    assert [statement.sid for statement in proposal.policy.statements] == [
        None,
        "Fence",
        kept_sid(kept),
    ]
    assert proposal.policy.statements[1] == deny
    assert proposal.policy.statements[2].not_actions == ("iam:*",)
    assert proposal.kept_chars > 0


@pytest.mark.parametrize(
    ("verdict", "row", "granted"),
    [
        (Verdict.KEEP, 2, True),
        (Verdict.NARROW, 7, True),
        (Verdict.ADD, 3, True),
        (Verdict.REVIEW, 1, True),
        (Verdict.REVIEW, 12, False),
        (Verdict.REMOVE, 9, False),
    ],
)
def test_which_rows_are_granted(verdict, row, granted):
    cells = cells_of((needed("sqs:SendMessage", "arn:aws:sqs:::q", verdict=verdict, row=row),))
    assert bool(cells) is granted


def test_compact_merges_over_services_only_where_no_action_gains():
    from iamgen.access.maps import open_maps

    rows = (
        needed("s3:GetObject", "arn:aws:s3:::b/*"),
        needed("s3:ListBucket", "arn:aws:s3:::b"),
        needed("sns:Publish", "arn:aws:sns:eu-west-1:1:t"),
        needed("ec2:DescribeInstances", "*"),
    )
    settings_ = SynthesisSettings(compact=True)
    proposal = synthesize(rows, (), settings_, maps=open_maps())
    assert len(proposal.policy.statements) == 2
    assert proposal.policy.size_chars < synthesize(rows).policy.size_chars
    star = next(item for item in proposal.policy.statements if item.resources == ("*",))
    assert star.actions == ("ec2:DescribeInstances",)


def test_what_fits_inline_stays_one_policy():
    proposal = synthesize((needed("s3:GetObject", "arn:aws:s3:::b/*"),))
    (part,) = proposal.policies
    assert (part.attach, part.limit_chars) == ("inline", INLINE_LIMIT)


def many(count, length=60):
    return Policy(
        tuple(
            Statement(
                actions=(f"s3:Action{number}",),
                resources=(f"arn:aws:s3:::{'b' * length}-{number}",),
            )
            for number in range(count)
        )
    )


def test_a_long_policy_is_split_by_whole_statements_into_managed_policies():
    policy = many(120)
    parts = split(policy, "role", Room())
    assert parts is not None
    assert {part.attach for part in parts} == {"managed"}
    assert all(part.size_chars <= MANAGED_LIMIT for part in parts)
    got = {statement for part in parts for statement in part.document.statements}
    assert got == set(policy.statements)


def test_a_statement_too_long_for_one_policy_is_cut_by_its_resources():
    resources = tuple(f"arn:aws:s3:::{'b' * 80}-{number}/*" for number in range(150))
    policy = Policy((Statement(actions=("s3:GetObject",), resources=resources),))
    parts = split(policy, "role", Room())
    assert parts is not None
    listed = [name for part in parts for item in part.document.statements for name in item.resources]
    assert sorted(listed) == sorted(resources)


def test_a_role_that_takes_no_legal_set_is_over_its_limit_and_says_what_would_fit():
    room = Room(inline_chars=1_000, managed=1)
    rows = tuple(
        needed("dynamodb:GetItem", f"arn:aws:dynamodb:eu-west-1:1:table/orders-{number:04}") for number in range(200)
    )
    proposal = synthesize(rows, (), SynthesisSettings(room=room))
    assert proposal.over_limit
    assert proposal.split_hint == "managed:2"
    assert proposal.widenings == ()


def test_widening_is_asked_for_recorded_and_least_risky_first():
    from iamgen.access.maps import open_maps

    room = Room(inline_chars=1_000, managed=1)
    rows = tuple(
        needed(action, f"arn:aws:dynamodb:eu-west-1:1:table/orders-{number:04}")
        for number in range(200)
        for action in ("dynamodb:GetItem", "dynamodb:PutItem")
    )
    choice = SynthesisSettings(room=room, allow_overgrant=True)
    proposal = synthesize(rows, (), choice, maps=open_maps())
    assert not proposal.over_limit
    assert proposal.widenings[0].after == "arn:aws:dynamodb:eu-west-1:1:table/orders-0*"
    for row in rows:
        assert any(
            row.action in statement.actions
            and any(Glob(wide).covers(Glob(row.resource.arn)) for wide in statement.resources)
            for statement in proposal.policy.statements
        )


def test_permissions_management_is_never_widened():
    from iamgen.access.maps import open_maps

    room = Room(inline_chars=500, managed=1)
    rows = tuple(
        needed("iam:PutRolePolicy", f"arn:aws:iam::111122223333:role/{'r' * 40}-{number:04}") for number in range(120)
    )
    choice = SynthesisSettings(room=room, allow_overgrant=True)
    assert synthesize(rows, (), choice, maps=open_maps()).over_limit


@given(st.integers(0, 10**6))
@settings(max_examples=60, deadline=None)
def test_no_loss_and_no_gain_on_random_needs(seed):
    dice = random.Random(seed)
    services = ("s3:Act", "sqs:Act", "dynamodb:Act")
    rows = tuple(
        needed(
            f"{dice.choice(services)}{dice.randrange(6)}",
            f"arn:aws:svc:eu-west-1:1:thing/{dice.randrange(8)}",
        )
        for _ in range(dice.randrange(1, 60))
    )
    wanted = {(row.action, row.resource.arn, ()) for row in rows}
    assert pairs(synthesize(rows).policy) == wanted


def test_the_exact_solver_prints_nothing(capfd):
    dice = random.Random(1)
    matrix = [[dice.randrange(2) for _ in range(6)] for _ in range(7)]
    cover_exactly(block(matrix))
    assert capfd.readouterr().out == ""


def test_a_large_block_takes_one_quick_pass_and_stays_exact():
    dice = random.Random(1)
    matrix = [[int(dice.random() < 0.5) for _ in range(60)] for _ in range(60)]
    given_block = block(matrix)
    found = cover(given_block)
    assert covered(found, 60) == given_block.needed
